//! `otoscope check`: formats, the JSON contract, exit codes, bad input. Findings by their labels: `evaluation.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn otoscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otoscope")).args(args).output().unwrap()
}

fn json(path: &Path) -> (Value, i32) {
    let out = otoscope(&["check", "--format", "json", path.to_str().unwrap()]);
    let code = out.status.code().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    (serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}: {text}", path.display())), code)
}

#[test]
fn console_text_of_a_server_that_still_runs_names_the_likely_cause() {
    let whole = fs::read_to_string("tests/captures/console/flask-1.29.txt").unwrap();
    let mut spans: Vec<&str> = whole.split_inclusive("\n}\n").collect();
    let all = spans.len();
    spans.retain(|span| !span.contains("\"name\": \"run\""));
    assert_eq!(spans.len(), all - 1, "the span that has not ended is not printed");
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        json(&path).0["findings"][0].clone()
    };
    let (old, new) = (spans.concat(), spans.concat().replace("0.50b0", "0.51b0").replace("1.29.0", "1.30.0"));
    let merged = of("old.txt", &old);
    assert_eq!(
        (&merged["rule"], &merged["known_issue"]["id"]),
        (&"merged-under-local-span".into(), &"G1".into())
    );
    assert_eq!(merged["known_issue"]["fixed_in"], "0.51b0 / 1.30.0");
    let message = merged["message"].as_str().unwrap();
    assert!(message.contains("likely"), "{message}");
    assert!(of("new.txt", &new)["known_issue"].is_null());
    assert!(of("bare.txt", &old.replace("telemetry.auto.version", "x"))["known_issue"].is_null());
}

#[test]
fn the_same_story_is_found_in_every_format() {
    for file in [
        "protobuf/flask-1.29.binpb",
        "protobuf/flask-1.29-one.binpb",
        "zipkin/flask-1.29.json",
        "zipkin/flask-1.29.jsonl",
        "console/flask-1.29.txt",
    ] {
        let (report, code) = json(&Path::new("tests/captures").join(file));
        assert_eq!(code, 1, "{file}");
        assert_eq!(report["findings"][0]["rule"], "merged-under-local-span", "{file}");
        assert_eq!(report["findings"][0]["culprit"]["name"], "run", "{file}");
        assert_eq!(report["findings"][0]["known_issue"]["id"], "G1", "{file}");
        assert_eq!(report["findings"][1]["folded_under"], 0, "{file}");
    }
}

/// The same bug in Node: a span around the start of a server stays current for every request.
#[test]
fn merged_requests_are_found_in_what_node_printed() {
    for file in ["merged-1.30.txt", "merged-2.12.txt"] {
        let (report, code) = json(&Path::new("tests/dumps/node-console").join(file));
        assert_eq!(code, 1, "{file}");
        assert_eq!(report["findings"][0]["rule"], "merged-under-local-span", "{file}");
        assert_eq!(report["findings"][0]["culprit"]["name"], "run", "{file}");
        assert_eq!(report["findings"][0]["request_count"], 6, "{file}");
    }
}

/// Older SDKs print no resource: that says nothing about what the app was given.
#[test]
fn who_printed_no_resource_is_not_accused_of_having_no_name() {
    let whole = fs::read_to_string("tests/dumps/node-console/sdk-1.30.txt").unwrap();
    let (start, end) = ("  resource: {\n", "\n  },\n");
    let mut text = String::new();
    for (number, piece) in whole.split(start).enumerate() {
        text += if number == 0 { piece } else { piece.split_once(end).unwrap().1 };
    }
    assert!(!text.contains("service.name"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.txt");
    let of = |text: &str| {
        fs::write(&path, text).unwrap();
        let out = otoscope(&["check", path.to_str().unwrap()]);
        String::from_utf8(out.stdout).unwrap()
    };
    let said = of(&text);
    assert!(said.contains("some spans are without their resource"), "{said}");
    assert!(!said.contains("unknown-service"), "{said}");
    // The SDK's own default is a name that nobody has set.
    let unnamed = of(&whole.replace("'service.name': '", "'service.name': 'unknown_service:"));
    assert!(unnamed.contains("unknown-service"), "{unnamed}");
    assert!(!unnamed.contains("without their resource"), "{unnamed}");
}

#[test]
fn the_json_report_keeps_its_contract() {
    let (report, _) = json(Path::new("tests/captures/flask-1.29-sigkill/capture.jsonl"));
    assert_eq!(report["schema"], "otoscope.check/v1");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let has = |value: &Value, names: &str| {
        let keys = keys(value);
        for name in names.split(' ') {
            assert!(keys.contains(name), "{name} is missing from {keys:?}");
        }
    };
    has(&report, "schema version input findings requests");
    has(&report["input"], "spans traces logs rejected rejected_count");
    let finding = &report["findings"][0];
    has(
        finding,
        "rule severity confidence state service trace_ids trace_count span_ids span_count request_count culprit \
         known_issue message evidence remedy folded_under",
    );
    has(&finding["culprit"], "span_id name kind scope scope_version received class open_at_least_ms");
    assert_eq!(finding["culprit"]["received"], false);
    assert!(finding["culprit"]["open_at_least_ms"].as_f64().unwrap() > 1_000.0);
    has(&finding["known_issue"], "id fixed_in refs");
    has(&report["requests"][0], "trace_id unit entry_span_id name service span_ids");
    let mut seen = BTreeSet::new();
    for request in report["requests"].as_array().unwrap() {
        for span in request["span_ids"].as_array().unwrap() {
            assert!(seen.insert(span.as_str().unwrap().to_owned()), "{span} is in two requests");
        }
    }
    assert_eq!(
        seen.len() as u64,
        report["input"]["spans"].as_u64().unwrap(),
        "the culprit was never received"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let path = "tests/captures/flask-1.29-sigint/capture.jsonl";
    let once = otoscope(&["check", "--format", "json", path]).stdout;
    assert_eq!(once, otoscope(&["check", "--format", "json", path]).stdout);
}

#[test]
fn exit_codes() {
    let (broken, fine) =
        ("tests/captures/flask-1.29-sigint/capture.jsonl", "tests/captures/flask-1.30/capture.jsonl");
    let code = |args: &[&str]| otoscope(&[&["check"], args].concat()).status.code().unwrap();
    assert_eq!(code(&[fine]), 0);
    assert_eq!(code(&[broken]), 1);
    assert_eq!(code(&["--fail-on", "never", broken]), 0);
    assert_eq!(code(&[broken, "no such file"]), 2);
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&["--format", "xml", fine]), 2);
    assert_eq!(code(&["--from", "avro", fine]), 2);
    assert_eq!(code(&["--max-memory", "much", fine]), 2);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_reported() {
    let broken = "tests/captures/flask-1.29-sigint/capture.jsonl";
    let out = otoscope(&["check", "no such file", broken]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("no such file"));
    assert!(String::from_utf8_lossy(&out.stdout).contains("24 unrelated requests"));
    let out = otoscope(&["check", "no such file"]);
    assert!(out.stdout.is_empty(), "nothing was read");
}

fn check_bytes(name: &str, bytes: &[u8]) -> (String, String, i32) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    fs::write(&file, bytes).unwrap();
    let out = otoscope(&["check", file.to_str().unwrap()]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(out.stdout), text(out.stderr), out.status.code().unwrap())
}

#[test]
fn bad_files_get_one_clear_line() {
    let protobuf = fs::read("tests/captures/protobuf/flask-1.29-one.binpb").unwrap();
    for (name, bytes, says) in [
        ("empty.jsonl", &b""[..], "empty"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
        ("cut.binpb", &protobuf[..100], "ends inside of a record"),
        ("page.html", b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        ("words.txt", b"nothing to see here\n", "words.txt"),
        ("numbers.json", b"{\"a\": 1}", "numbers.json"),
    ] {
        let (stdout, stderr, code) = check_bytes(name, bytes);
        assert_eq!((code, stdout.as_str()), (2, ""), "{name}");
        assert!(stderr.contains(says) && stderr.lines().count() == 1, "{name}: {stderr}");
    }
}

#[test]
fn of_a_cut_protobuf_what_came_before_is_kept() {
    let protobuf = fs::read("tests/captures/protobuf/flask-1.29-one.binpb").unwrap();
    let (stdout, _, code) = check_bytes("cut.binpb", &protobuf[..3_000]);
    assert_eq!(code, 1);
    assert!(
        stdout.contains("cut.binpb: byte 6") && stdout.contains("7 spans in 1 trace, 1 not read"),
        "{stdout}"
    );
}

#[test]
fn one_bad_span_among_good_ones_is_counted_and_named() {
    let text = fs::read_to_string("tests/captures/flask-1.30/capture.jsonl").unwrap();
    let at = text.find("\"spanId\"").unwrap();
    let id = text[at..].split('"').nth(3).unwrap();
    let (stdout, _, code) = check_bytes("bad.jsonl", text.replacen(id, "12", 1).as_bytes());
    assert_eq!(code, 1, "its sender is broken");
    assert!(stdout.contains("bad.jsonl:1") && stdout.contains("1 not read"), "{stdout}");
    assert!(stdout.contains("invalid-id") && stdout.contains("1 span was rejected"), "{stdout}");
}

#[test]
fn standard_input_and_compressed_dumps() {
    let text = fs::read("tests/captures/flask-1.29-sigint/capture.jsonl").unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&text).unwrap();
    let zst = zstd::encode_all(&text[..], 1).unwrap();
    for bytes in [text, gz.finish().unwrap(), zst] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_otoscope"))
            .args(["check", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let out = child.wait_with_output().unwrap();
        assert_eq!(out.status.code(), Some(1));
        assert!(String::from_utf8(out.stdout).unwrap().contains("24 unrelated requests"));
    }
}

#[test]
fn rules_and_explain_print_the_one_table() {
    let listed = String::from_utf8(otoscope(&["rules"]).stdout).unwrap();
    for rule in otoscope::diagnosis::RULES {
        assert!(listed.contains(rule.id), "{}", rule.id);
        let explained = String::from_utf8(otoscope(&["explain", rule.id]).stdout).unwrap();
        assert!(
            ["Why it matters", "looks alike", "How to fix it"].iter().all(|part| explained.contains(part)),
            "{explained}"
        );
    }
    assert_eq!(otoscope(&["explain", "nonsense"]).status.code(), Some(2));
}

#[test]
fn logs_are_counted_and_alone_they_leave_nothing_to_judge() {
    let capture = Path::new("tests/captures/flask-logs/capture.jsonl");
    let (report, code) = json(capture);
    assert_eq!((code, &report["input"]["logs"], &report["input"]["spans"]), (0, &28.into(), &44.into()));
    let text = fs::read_to_string(capture).unwrap();
    let logs = |line: &&str| line.contains("\"resourceLogs\"");
    let alone: Vec<&str> = text.lines().filter(logs).collect();
    let (out, said, code) = check_bytes("logs.jsonl", alone.join("\n").as_bytes());
    assert_eq!((out.as_str(), code), ("", 2));
    assert!(said.contains("holds no span: only logs or metrics are inside (log records: 28,"), "{said}");
    // Beside traces they are welcome.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("logs.jsonl");
    fs::write(&file, alone.join("\n")).unwrap();
    let out = otoscope(&["check", file.to_str().unwrap(), "tests/captures/flask-1.30/capture.jsonl"]);
    assert_eq!((out.status.code(), out.stderr.len()), (Some(0), 0));
}
