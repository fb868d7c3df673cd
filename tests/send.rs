//! `otoscope send`: real processes on real sockets. What receives is our own receiver, or a server that is not well.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod process;

use process::{Listening, otoscope, read, said, values};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DUMP: &str = "tests/captures/express/capture.jsonl";

fn send(arguments: &[&str]) -> Output {
    otoscope(&[&["send"], arguments].concat()).output().unwrap()
}

/// Ends a recording in peace.
fn end(recording: Listening) {
    recording.signal("INT");
    let (code, said) = recording.end();
    assert_eq!(code, Some(0), "{said}");
}

/// Answers each connection's only request with the next of these; hands back what was asked.
fn server(replies: Vec<String>) -> (String, std::thread::JoinHandle<Vec<(String, Instant)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let serving = std::thread::spawn(move || {
        let answer = |reply: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let came = Instant::now();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                head += &std::mem::take(&mut line);
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            reader.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
            (head, came)
        };
        replies.into_iter().map(answer).collect()
    });
    (addr, serving)
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// A dump of one request.
fn one_request(dir: &Path) -> String {
    let path = dir.join("one.jsonl");
    fs::write(&path, fs::read_to_string(DUMP).unwrap().lines().next().unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_is_sent_arrives_over_every_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let before = read(Path::new(DUMP));
    for (n, protocol) in ["grpc", "http/protobuf", "http/json"].iter().enumerate() {
        for gzip in [&[][..], &["--gzip"]] {
            let path = dir.path().join(format!("{n}{}.jsonl", gzip.len()));
            let recording = Listening::record(&path, &[]);
            let base = [DUMP, "--to", &recording.addresses[usize::from(n > 0)], "--protocol", protocol];
            let output = send(&[&base, gzip].concat());
            assert_eq!(output.status.code(), Some(0), "{protocol}: {}", said(&output));
            end(recording);
            let after = read(&path);
            for key in ["spanId", "traceId", "startTimeUnixNano", "parentSpanId"] {
                assert_eq!(values(&after, key), values(&before, key), "{protocol} {gzip:?} {key}");
            }
        }
    }
}

#[test]
fn times_are_moved_to_now_and_distances_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    let recording = Listening::record(&path, &[]);
    let output = send(&[DUMP, "--to", &recording.addresses[1], "--shift-time", "now"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    end(recording);
    let ends = |text: &str| -> Vec<u64> {
        values(text, "endTimeUnixNano").iter().map(|end| end.parse().unwrap()).collect()
    };
    let (before, after) = (ends(&read(Path::new(DUMP))), ends(&read(&path)));
    let by: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    let first = by[0];
    assert!(by.iter().all(|by| *by == first), "{by:?}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let age = now - after.iter().max().unwrap();
    assert!(age < 60_000_000_000, "the last span ended {age} ns ago");
}

#[test]
fn at_no_pace_is_a_time_moved_into_the_future() {
    let dir = tempfile::tempdir().unwrap();
    let (backwards, path) = (dir.path().join("backwards.jsonl"), dir.path().join("a.jsonl"));
    let dump = read(Path::new(DUMP));
    let lines: Vec<&str> = dump.lines().rev().collect();
    fs::write(&backwards, lines.join("\n")).unwrap();
    let recording = Listening::record(&path, &[]);
    let to = &*recording.addresses[1];
    let output = send(&[backwards.to_str().unwrap(), "--to", to, "--shift-time", "now", "--speed", "1x"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    end(recording);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let ends = values(&read(&path), "endTimeUnixNano");
    let last: u128 = ends.iter().map(|end| end.parse().unwrap()).max().unwrap();
    assert!(last <= now, "the last span ends in {} ms", (last - now) / 1_000_000);
}

#[test]
fn what_is_asked_for_later_is_sent_again_when_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let dump = one_request(dir.path());
    let later = reply("503 Service Unavailable", "retry-after: 1\r\n", "busy");
    let (addr, serving) = server(vec![later, reply("200 OK", "", "")]);
    let header = "x-tenant: blue";
    let output = send(&[&dump, "--to", &addr, "--header", header]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("HTTP 503 Service Unavailable: busy; trying again"), "{}", said(&output));
    let asked = serving.join().unwrap();
    assert!(asked[1].1 - asked[0].1 >= Duration::from_secs(1), "not before Retry-After");
    assert!(asked.iter().all(|(head, _)| head.starts_with("POST /v1/traces ") && head.contains(header)));
}

#[test]
fn what_is_rejected_for_good_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let dump = one_request(dir.path());
    let (addr, serving) =
        server(vec![reply("400 Bad Request", "content-type: text/plain\r\n", "no such tenant")]);
    let output = send(&[&dump, "--to", &addr]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("rejected: HTTP 400 Bad Request: no such tenant"), "{}", said(&output));
    serving.join().unwrap();

    let partial = r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}"#;
    let (addr, serving) = server(vec![reply("200 OK", "content-type: application/json\r\n", partial)]);
    let output = send(&[&dump, "--to", &addr, "--protocol", "http/json"]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    assert!(text.contains("rejected: too old") && text.contains("rejected: 1, 0 requests"), "{text}");
    serving.join().unwrap();
}

#[test]
fn who_does_not_answer_is_given_up() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for protocol in ["grpc", "http/protobuf"] {
        let output = send(&[DUMP, "--to", &nobody, "--protocol", protocol, "--retry-for", "1ms"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("Connection refused"), "{}", said(&output));
        assert!(said(&output).contains("given up after 0.001 s"), "{}", said(&output));
    }
}

#[test]
fn who_asks_for_it_later_until_it_is_given_up_has_rejected_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dump = one_request(dir.path());
    let (addr, serving) = server(vec![reply("503 Service Unavailable", "", "busy")]);
    let output = send(&[&dump, "--to", &addr, "--retry-for", "1ms"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not sent: HTTP 503 Service Unavailable: busy (given up after 0.001 s)"), "{text}");
    assert!(text.contains("; not sent: ") && !text.contains("rejected"), "{text}");
    serving.join().unwrap();
}

#[test]
fn where_nobody_is_there_all_the_rest_is_given_up_at_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let dump = dir.path().join("many.jsonl");
    fs::write(&dump, read(Path::new(DUMP)).repeat(4)).unwrap();
    let began = Instant::now();
    let output = send(&[dump.to_str().unwrap(), "--to", &nobody, "--retry-for", "2s"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    // Four requests are under way at once: 28 of them, each for itself, would take seven times as long.
    assert!(began.elapsed() < Duration::from_secs(10), "it waited again: {text}");
    let spans = values(&read(&dump), "traceId").len();
    assert!(text.contains(&format!("0 requests accepted by {nobody}; not sent: {spans}")), "{text}");
    assert!(!text.contains("rejected"), "{text}");
}

#[test]
fn what_makes_no_sense_is_said() {
    for (arguments, says) in [
        (&[DUMP, "--to", "a:1", "--header", "x"][..], "is no header"),
        (&[DUMP, "--to", "a:1", "--speed", "warp"], "is no speed"),
        (&["-", "--to", "a:1", "--shift-time", "now"], "read only once"),
        (&["Cargo.toml", "--to", "a:1"], "not in a format that otoscope reads"),
        (&["/nonexistent", "--to", "a:1"], "cannot be read"),
    ] {
        let output = send(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(says), "{arguments:?}: {}", said(&output));
    }
}
