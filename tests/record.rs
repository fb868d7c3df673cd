//! `otoscope record`: real processes on real sockets, killed and cut off. What sends is this test binary itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "live/app.rs"]
#[allow(dead_code, reason = "apps are started by the program that is tested")]
mod app;
mod process;

use process::{BROKEN, Listening, ids, lines, otoscope, post_to, said, send, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn everything_that_arrives_is_in_the_file_and_the_summary_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "a.binpb.zst"] {
        let path = dir.path().join(name);
        let recording = Listening::record(&path, &[]);
        lines(BROKEN).iter().for_each(|line| recording.post(line));
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
        let recording = Listening::record(&path, &[]);
        recording.post(&lines(BROKEN)[0]);
        // Compressed, it is written within a second or so.
        until("the file to grow", || fs::metadata(&path).is_ok_and(|about| about.len() > 0));
        recording.signal("KILL");
        assert_eq!(recording.end().0, None);
        let sent = lines(BROKEN)[0].matches("\"spanId\"").count();
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
    assert!(
        said(&output).contains("`true` ended with status 0 and sent nothing to record"),
        "{}",
        said(&output)
    );
    assert!(!nothing.exists());
}

#[test]
fn a_full_disk_is_said_and_what_was_written_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let sent = ids(Path::new(BROKEN)).len();
    // A file may grow to half a KiB or one for each unit, by the shell; the signal that says so is left out, so the write
    // fails. Compressed, all goes into one write where nothing came in a second before: then nothing of it is there.
    for (name, units) in [("a.jsonl", 16), ("a.binpb", 4), ("a.jsonl.gz", 1), ("a.binpb.zst", 1)] {
        let path = dir.path().join(name);
        let record = format!(
            "trap '' XFSZ; ulimit -f {units}; exec {} record -o {} -- sh -c '{}'",
            env!("CARGO_BIN_EXE_otoscope"),
            path.display(),
            send(BROKEN)
        );
        let output = Command::new("sh").args(["-c", &record]).output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(text.contains("cannot be written: File too large"), "{name}: {text}");
        let whole = if path.exists() { ids(&path).len() } else { 0 };
        assert!(text.contains(&format!("lost: {} spans and 0 log records", sent - whole)), "{name}: {text}");
        assert!(text.contains(&format!("{whole} spans of ")), "{name}: {text}");
        if name == "a.jsonl" {
            assert!(whole > 0 && fs::read_to_string(&path).unwrap().ends_with("}\n"), "{text}");
        }
    }
}

#[test]
fn logs_are_kept_and_what_is_secret_is_masked() {
    let dir = tempfile::tempdir().unwrap();
    let secret = r#"{"key":"db.password","value":{"stringValue":"hunter2"}},{"key":"plan","value":{"stringValue":"gold"}}"#;
    let ids = r#""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174""#;
    let span = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids},"name":"a","attributes":[{secret}]}}]}}]}}]}}"#
    );
    let log = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{ids},"body":{{"stringValue":"mail ann@example.org"}},"attributes":[{secret}]}}]}}]}}]}}"#
    );
    for (options, masked) in [(&[][..], false), (&["--redact", "--redact-key", "plan"], true)] {
        let path = dir.path().join("a.jsonl");
        let recording = Listening::record(&path, options);
        recording.post(&span);
        for signal in [
            ("logs", &*log),
            (
                "metrics",
                r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{}]}}]}]}]}"#,
            ),
        ] {
            let reply = post_to(&recording.addresses[0], &format!("/v1/{}", signal.0), signal.1);
            assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        }
        recording.signal("INT");
        let (code, said) = recording.end();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("1 span of 1 trace and 1 log record recorded in"), "{said}");
        assert!(said.contains("left out: 1 metric"), "{said}");
        assert_eq!(said.contains("5 values masked"), masked, "{said}");
        let written = fs::read_to_string(&path).unwrap();
        for word in ["hunter2", "ann@example.org", "gold"] {
            assert_eq!(written.contains(word), !masked, "{word}: {written}");
        }
        assert_eq!(written.matches("eee19b7ec3c1b174").count(), 2, "{written}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_disk_that_is_full_ends_a_recording_that_listens() {
    let dir = tempfile::tempdir().unwrap();
    let full = dir.path().join("full.jsonl");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let recording = Listening::record(&full, &[]);
    recording.post(&lines(BROKEN)[0]);
    let (code, said) = recording.end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
}

#[test]
fn files_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("traces.jsonl");
    let options = ["--max-size", "1", "--keep", "2"];
    let recording = Listening::record(&path, &options);
    for _ in 0..4 {
        recording.post(&lines(BROKEN)[0]);
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

#[test]
fn logs_of_a_real_flask_are_recorded_with_its_spans() {
    if !std::env::var_os("OTOSCOPE_LIVE").is_some_and(|v| !v.is_empty() && v != "0") {
        eprintln!("skipped: set OTOSCOPE_LIVE=1 after tests/apps/setup.sh");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl.gz");
    let (port, prices) = (app::free_port(), app::free_port().to_string());
    let flask = app::command("flask-1.30", "flask", &[]);
    let script =
        format!("(exec python prices.py {prices}) & exec opentelemetry-instrument flask run -p {port}");
    let mut record = otoscope(&["record", "-o", path.to_str().unwrap(), "--", "sh", "-c", &script]);
    record.current_dir(flask.get_current_dir().unwrap());
    record.envs(flask.get_envs().filter_map(|(name, value)| Some((name, value?))));
    record.envs([("FLASK_APP", "shop"), ("PRICES_PORT", &prices), ("OTEL_LOGS_EXPORTER", "otlp")]);
    record.env("OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED", "true");
    let recording = record.spawn().unwrap();
    until("the shop", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    app::visit(port, app::SHOP_PATHS, 8, 1.0);
    // As Ctrl-C in a terminal would.
    process::signal("INT", recording.id());
    let output = recording.wait_with_output().unwrap();
    let written = process::read(&path);
    assert!(
        written.contains("POST /cart HTTP/1.1") && written.contains("\"resourceLogs\""),
        "{}",
        said(&output)
    );
    let of = |key| process::values(&written, key).len();
    assert!(of("spanId") > 8 && of("observedTimeUnixNano") >= 8, "{}", said(&output));
}
