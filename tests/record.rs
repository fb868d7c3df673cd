//! `otoscope record`: real processes on real sockets, killed and cut off. What sends is this test binary itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BROKEN: &str = "tests/captures/flask-1.29-sigint/capture.jsonl";
/// What the sender sends, line by line.
const SENDS: &str = "OTOSCOPE_TEST_SENDS";

/// Not a test but the command that tests run: sends what it is told to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
#[test]
fn sender() {
    let Ok(sends) = std::env::var(SENDS) else { return };
    let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap();
    for line in fs::read_to_string(sends).unwrap().lines() {
        post(endpoint.strip_prefix("http://").unwrap(), line);
    }
}

/// Posts a line of a dump as OTLP/JSON.
fn post(addr: &str, line: &str) {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(
        stream,
        "POST /v1/traces HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{line}",
        line.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

fn otoscope(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otoscope"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] {
        command.env_remove(name);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Shell words that send this dump.
fn send(dump: &str) -> String {
    let me = std::env::current_exe().unwrap();
    format!("{SENDS}={dump} {} --exact sender >/dev/null", me.display())
}

/// Span ids of a dump, sorted, as our own reader reads it.
fn ids(dump: &Path) -> Vec<String> {
    let output = otoscope(&["convert", dump.to_str().unwrap(), "-o", "-"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut ids: Vec<String> =
        text.split("\"spanId\":\"").skip(1).map(|rest| rest[..16].to_owned()).collect();
    ids.sort();
    ids
}

/// A recording that listens, and where.
struct Listening {
    child: Child,
    addr: String,
    said: BufReader<std::process::ChildStderr>,
}

impl Listening {
    fn start(output: &Path, options: &[&str]) -> Self {
        let base = ["record", "-o", output.to_str().unwrap(), "--grpc", "0", "--http", "0"];
        let mut child = otoscope(&[&base, options].concat()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let addr = line.split(' ').find(|word| word.starts_with("127.0.0.1:")).unwrap().to_owned();
        Self { child, addr, said }
    }

    fn signal(&self, name: &str) {
        let kill = ["-s", name, &self.child.id().to_string()].map(str::to_owned);
        assert!(Command::new("kill").args(kill).status().unwrap().success());
    }

    /// Its exit code, none where a signal ended it, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn lines() -> Vec<String> {
    fs::read_to_string(BROKEN).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn everything_that_arrives_is_in_the_file_and_the_summary_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "a.binpb.zst"] {
        let path = dir.path().join(name);
        let recording = Listening::start(&path, &[]);
        lines().iter().for_each(|line| post(&recording.addr, line));
        recording.signal("INT");
        let (code, said) = recording.end();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(ids(&path), ids(Path::new(BROKEN)), "{name}");
        let spans = ids(Path::new(BROKEN)).len();
        assert!(said.contains(&format!("{spans} spans of 1 trace and 0 log records recorded in")), "{said}");
    }
}

#[test]
fn a_recording_that_is_killed_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "a.jsonl.gz", "a.binpb.zst"] {
        let path = dir.path().join(name);
        let recording = Listening::start(&path, &[]);
        post(&recording.addr, &lines()[0]);
        // Compressed, it is written within a second or so.
        until("the file to grow", || fs::metadata(&path).is_ok_and(|about| about.len() > 0));
        recording.signal("KILL");
        assert_eq!(recording.end().0, None);
        let sent = lines()[0].matches("\"spanId\"").count();
        assert_eq!(ids(&path).len(), sent, "{name}");
    }
}

#[test]
fn a_command_is_recorded_and_its_status_is_ours() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    let file = path.to_str().unwrap();
    let script = format!("{}; exit 3", send(BROKEN));
    let output = otoscope(&["record", "-o", file, "--", "sh", "-c", &script]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{}", said(&output));
    assert_eq!(ids(&path), ids(Path::new(BROKEN)));
    let nothing = dir.path().join("b.jsonl");
    let output = otoscope(&["record", "-o", nothing.to_str().unwrap(), "--", "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("`true` sent nothing to record"), "{}", said(&output));
    assert!(!nothing.exists());
}

#[test]
fn a_full_disk_is_said_and_what_was_written_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    // A file may grow to 8 or 16 KiB, by the shell; the signal that says so is left out, so the write fails.
    let record = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} record -o {} -- sh -c '{}'",
        env!("CARGO_BIN_EXE_otoscope"),
        path.display(),
        send(BROKEN)
    );
    let output = Command::new("sh").args(["-c", &record]).output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("cannot be written: File too large"), "{text}");
    assert!(text.contains("lost: "), "{text}");
    let written = fs::read_to_string(&path).unwrap();
    assert!(!written.is_empty() && written.ends_with("}\n"), "{}", written.len());
    assert_eq!(ids(&path).len(), written.matches("\"spanId\"").count());
}

#[test]
fn a_disk_that_is_full_ends_a_recording_that_listens() {
    let dir = tempfile::tempdir().unwrap();
    let full = dir.path().join("full.jsonl");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let recording = Listening::start(&full, &[]);
    post(&recording.addr, &lines()[0]);
    let (code, said) = recording.end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
}

#[test]
fn files_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("traces.jsonl");
    let options = ["--max-size", "1", "--keep", "2"];
    let recording = Listening::start(&path, &options);
    for _ in 0..4 {
        post(&recording.addr, &lines()[0]);
    }
    recording.signal("TERM");
    let (code, said) = recording.end();
    assert_eq!(code, Some(0), "{said}");
    let mut names: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
    names.sort();
    let expected = ["traces.1.jsonl", "traces.2.jsonl", "traces.jsonl"].map(|name| dir.path().join(name));
    assert_eq!(names, expected);
    assert!(said.contains("deleted: 1 file with"), "{said}");
    assert!(said.contains("traces.jsonl and 2 before it, the oldest in"), "{said}");
}

#[test]
fn what_makes_no_sense_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (arguments, says) in [
        (vec!["-o".to_owned(), at("a.txt")], "no extension that otoscope writes"),
        (vec!["-o".to_owned(), at("a.zipkin.json")], "is one document"),
        (vec!["-o".to_owned(), at("no/a.jsonl")], "cannot be written: No such file"),
        (vec!["-o".to_owned(), at("a.jsonl"), "--max-size".to_owned(), "much".to_owned()], "not a size"),
        (
            vec!["-o".to_owned(), "-".to_owned(), "--max-size".to_owned(), "1MiB".to_owned()],
            "leave --max-size",
        ),
    ] {
        let arguments: Vec<&str> =
            std::iter::once("record").chain(arguments.iter().map(String::as_str)).collect();
        let output = otoscope(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(says), "{}", said(&output));
    }
}
