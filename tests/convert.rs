//! `otoscope convert`: between formats without a loss, and merged traces apart.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use otoscope::dump;
use prost::Message;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn otoscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otoscope")).args(args).output().unwrap()
}

/// Converts one file; the last line of what was said.
fn convert(from: &Path, to: &Path, options: &[&str]) -> String {
    let out = otoscope(&[&["convert", from.to_str().unwrap(), "-o", to.to_str().unwrap()], options].concat());
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!((out.status.code(), out.stdout.len()), (Some(0), 0), "{}: {said}", from.display());
    said.lines().last().unwrap().to_owned()
}

/// The export requests in a dump.
fn requests(path: &Path) -> Vec<Bytes> {
    let mut requests = Vec::new();
    let read = dump::read(File::open(path).unwrap(), path.to_str().unwrap(), None, &mut |batch| {
        assert_eq!(batch.rejections, [], "{}", path.display());
        if !batch.records.is_empty() {
            requests.push(batch.bytes);
        }
        ControlFlow::Continue(())
    });
    assert!(read.unwrap().spans > 0);
    requests
}

fn spans(path: &Path) -> Vec<Span> {
    let requests = requests(path).into_iter().map(|bytes| ExportTraceServiceRequest::decode(bytes).unwrap());
    let resources = requests.flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// Every dump among the captures, of whatever format that is read; those of `other-exporters` are only named.
fn captures() -> Vec<PathBuf> {
    let dirs = fs::read_dir("tests/captures").unwrap().map(|dir| dir.unwrap().path());
    let dirs = dirs.filter(|dir| !dir.ends_with("other-exporters"));
    let files = dirs.flat_map(|dir| fs::read_dir(dir).unwrap()).map(|file| file.unwrap().path());
    let about = |path: &Path| ["label.json", "counts.json"].iter().any(|name| path.ends_with(name));
    let mut found: Vec<PathBuf> = files.filter(|path| !about(path)).collect();
    found.sort();
    found
}

/// The findings of `check`, by rule, and how many requests it took apart.
fn check(path: &Path) -> (BTreeSet<String>, usize) {
    let out = otoscope(&["check", "--format", "json", path.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let rules = findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect();
    (rules, report["requests"].as_array().unwrap().len())
}

#[test]
fn every_capture_goes_round_to_the_byte() {
    let dir = tempfile::tempdir().unwrap();
    let captures = captures();
    assert!(captures.len() >= 14, "{captures:?}");
    for capture in captures {
        let expected = requests(&capture);
        let mut from = capture.clone();
        for name in ["a.binpb", "b.jsonl", "c.pb.zst", "d.json.gz", "e.binpb.gz"] {
            let to = dir.path().join(name);
            let said = convert(&from, &to, &[]);
            assert!(said.contains(" written to ") && said.ends_with(name), "{said}");
            assert!(requests(&to) == expected, "{} by way of {name}", capture.display());
            from = to;
        }
        for line in fs::read_to_string(dir.path().join("b.jsonl")).unwrap().lines() {
            if line.starts_with("{\"resourceLogs\"") {
                continue;
            }
            // A strict reader takes every line for the same request.
            let theirs: ExportTraceServiceRequest = serde_json::from_str(line).unwrap();
            let ours = expected.iter().map(|bytes| ExportTraceServiceRequest::decode(bytes.clone()).unwrap());
            assert!(ours.into_iter().any(|ours| ours == theirs), "{line}");
        }
    }
}

#[test]
fn what_json_cannot_carry_stays_in_protobuf_and_is_told_of_json() {
    let dir = tempfile::tempdir().unwrap();
    // A span with a field that nobody knows.
    let mut span = [&[0x0a, 16][..], &[1; 16], &[0x12, 8], &[2; 8], &[0xfa, 0x07, 2, 0xff, 0xfe]].concat();
    for tag in [0x12, 0x12, 0x0a] {
        span = [&[tag, span.len() as u8], &span[..]].concat();
    }
    let (from, binpb, json) =
        (dir.path().join("a.binpb"), dir.path().join("b.binpb"), dir.path().join("b.jsonl"));
    fs::write(&from, &span).unwrap();
    convert(&from, &binpb, &[]);
    assert_eq!(requests(&binpb), [Bytes::from(span)]);
    let out = otoscope(&["convert", from.to_str().unwrap(), "-o", json.to_str().unwrap()]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("note: fields that OTLP/JSON has no name for were left out"), "{said}");
}

#[test]
fn merged_requests_get_traces_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    for capture in ["flask-1.29-sigint", "flask-1.29-sigkill", "click-server-today"] {
        let from = Path::new("tests/captures").join(capture).join("capture.jsonl");
        let (_, merged) = check(&from);
        assert!(merged >= 20, "{capture}: {merged}");
        let (once, twice) = (dir.path().join("once.jsonl"), dir.path().join("twice.jsonl"));
        let said = convert(&from, &once, &["--unmerge"]);
        assert!(said.contains(&format!("; {merged} requests of ")), "{said}");
        let (mut found, requests) = check(&once);
        // No kind was changed.
        found.remove("http-entry-not-server");
        assert_eq!((found, requests), (BTreeSet::new(), 0), "{capture}");
        let said = convert(&once, &twice, &["--unmerge"]);
        assert!(said.ends_with("; no trace holds requests to take apart"), "{said}");
        assert!(
            fs::read(&once).unwrap() == fs::read(&twice).unwrap(),
            "{capture}: once more changes nothing"
        );
    }
}

/// Field by field: what may change, and how.
#[test]
fn only_ids_parents_flags_and_links_change() {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new("tests/captures/flask-1.29-sigint/capture.jsonl");
    let report = otoscope(&["check", "--format", "json", from.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let units = report["requests"].as_array().unwrap();
    assert_eq!(units.len(), 24);
    let (to, repeated) = (dir.path().join("apart.binpb"), dir.path().join("again.binpb"));
    convert(from, &to, &["--unmerge"]);
    let (before, after) = (spans(from), spans(&to));
    assert_eq!(before.len(), after.len());
    let mut traces: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let id = |span: &Span| hex(&span.span_id);
    let mut kept = 0;
    for (old, new) in before.iter().zip(&after) {
        let unit = units.iter().find(|unit| unit["span_ids"].as_array().unwrap().contains(&id(old).into()));
        let mut expected = old.clone();
        if let Some(unit) = unit {
            let entry = unit["entry_span_id"].as_str().unwrap();
            expected.trace_id =
                traces.entry(entry.to_owned()).or_insert_with(|| new.trace_id.clone()).clone();
            assert_ne!((&new.trace_id, &new.trace_id), (&old.trace_id, &vec![0; 16]));
            if entry == id(old) {
                expected.parent_span_id.clear();
                expected.flags &= !0x200;
            }
        } else {
            kept += 1;
        }
        assert_eq!(*new, expected);
    }
    assert_eq!(traces.values().collect::<BTreeSet<_>>().len(), 24, "no two requests share a trace");
    assert!(kept >= 1, "the culprit keeps its trace");
    convert(from, &repeated, &["--unmerge"]);
    assert!(fs::read(&to).unwrap() == fs::read(&repeated).unwrap(), "the same input gives the same bytes");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn links_follow_the_spans_that_they_point_to() {
    let dir = tempfile::tempdir().unwrap();
    let capture = fs::read_to_string("tests/captures/flask-1.29-sigint/capture.jsonl").unwrap();
    let merged = spans(Path::new("tests/captures/flask-1.29-sigint/capture.jsonl"));
    let trace = hex(&merged[0].trace_id);
    let culprit = merged.iter().find(|span| span.name == "run").unwrap();
    let targets = [hex(&merged[0].span_id), hex(&culprit.span_id), "00000000000000ee".to_owned()];
    let links: Vec<String> =
        targets.iter().map(|span| format!(r#"{{"traceId":"{trace}","spanId":"{span}"}}"#)).collect();
    let (from, to) = (dir.path().join("with-links.jsonl"), dir.path().join("apart.jsonl"));
    let worker = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"000000000000000000000000000000aa","spanId":"00000000000000bb","kind":5,"startTimeUnixNano":"1","endTimeUnixNano":"2","links":[{}]}}]}}]}}]}}"#,
        links.join(",")
    );
    // The links come before the spans that they point to.
    fs::write(&from, format!("{worker}\n{capture}")).unwrap();
    convert(&from, &to, &["--unmerge"]);
    let after = spans(&to);
    assert_eq!(hex(&after[0].trace_id), "000000000000000000000000000000aa");
    let moved = after.iter().find(|span| span.span_id == merged[0].span_id).unwrap();
    let led: Vec<&Vec<u8>> = after[0].links.iter().map(|link| &link.trace_id).collect();
    assert_eq!(led, [&moved.trace_id, &culprit.trace_id, &culprit.trace_id]);
    assert_ne!(moved.trace_id, culprit.trace_id);
}

#[test]
fn what_does_not_fit_into_memory_is_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("apart.jsonl");
    let from = "tests/captures/flask-1.29-sigint/capture.jsonl";
    let small = ["convert", from, "-o", to.to_str().unwrap(), "--max-memory", "20k"];
    let out = otoscope(&[&small[..], &["--unmerge"]].concat());
    assert_eq!(out.status.code(), Some(2));
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("--max-memory") && said.lines().count() == 1, "{said}");
    assert!(!to.exists());
    assert_eq!(otoscope(&small).status.code(), Some(0), "without --unmerge nothing is held");
}

#[test]
fn standard_input_and_output() {
    let text = fs::read("tests/captures/flask-1.30/capture.jsonl").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_otoscope"))
        .args(["convert", "-", "-o", "-", "--unmerge"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(out.stdout, text, "what is healthy is left alone");
}

#[test]
fn what_cannot_be_done_is_one_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let from = "tests/captures/flask-1.30/capture.jsonl";
    fs::copy(from, at("in.jsonl")).unwrap();
    fs::write(at("old.jsonl"), "precious").unwrap();
    let input = at("in.jsonl");
    for (args, says) in [
        (vec![from, "-o", "out.parquet"], ".jsonl"),
        (vec![from, "-o", "out"], ".binpb"),
        (vec![from, "-o", "out.gz"], ".binpb"),
        (vec![&*input, "-o", &*input], "is read from"),
        (vec!["no such file", "-o", &*at("old.jsonl")], "no such file"),
        (vec![from, "-o", &*at("no/such/directory.jsonl")], "cannot be written"),
    ] {
        let out = otoscope(&[&["convert"], &args[..]].concat());
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(said.contains(says) && said.lines().count() == 1, "{args:?}: {said}");
    }
    assert_eq!(fs::read(at("in.jsonl")).unwrap(), fs::read(from).unwrap());
    assert_eq!(
        fs::read(at("old.jsonl")).unwrap(),
        b"precious",
        "nothing is emptied before there is something"
    );
    let out = otoscope(&["convert", "no such file", from, "-o", &at("out.jsonl")]);
    assert_eq!(out.status.code(), Some(2), "the others are still written");
    assert_eq!(requests(Path::new(&at("out.jsonl"))), requests(Path::new(from)));
}

#[test]
fn what_is_left_out_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("mixed.jsonl"), dir.path().join("out.binpb"));
    let ids = r#""traceId":"841af2000000000000000000000000ff","spanId":"933fa600000000ff""#;
    fs::write(
        &from,
        format!(
            "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{{ids}}},{{\"traceId\":\"7\"}}]}}]}}]}}\n\
             {{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{}},{{\"severityNumber\":9}}]}}]}}]}}\n\
             {{\"resourceMetrics\":[{{\"scopeMetrics\":[{{\"metrics\":[{{}},{{}},{{}}]}}]}}]}}\n"
        ),
    )
    .unwrap();
    let out = otoscope(&["convert", from.to_str().unwrap(), "-o", to.to_str().unwrap()]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(0));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("not read: ") && lines[0].contains("mixed.jsonl:1: "), "{said}");
    assert!(lines[1].ends_with("left out: 3 metrics"), "{said}");
    assert!(lines[2].contains("note: spans and log records are messages of two types in one file"), "{said}");
    assert!(lines[3].contains("1 span and 2 log records of 2 export requests written to "), "{said}");
}

/// The `ExportLogsServiceRequest`s in a dump.
fn log_requests(path: &Path) -> Vec<Bytes> {
    let mut requests = Vec::new();
    let read = dump::read(File::open(path).unwrap(), path.to_str().unwrap(), None, &mut |batch| {
        assert_eq!(batch.rejections, [], "{}", path.display());
        requests.extend(Some(batch.logs.bytes).filter(|bytes| !bytes.is_empty()));
        ControlFlow::Continue(())
    });
    assert!(read.unwrap().logs > 0);
    requests
}

#[test]
fn log_records_go_round_to_the_byte_with_their_spans_and_alone() {
    let dir = tempfile::tempdir().unwrap();
    let capture = Path::new("tests/captures/flask-logs/capture.jsonl");
    let alone = dir.path().join("logs.jsonl");
    let text = fs::read_to_string(capture).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("\"resourceLogs\"")).collect();
    fs::write(&alone, lines.join("\n")).unwrap();
    let expected = log_requests(capture);
    assert_eq!(expected.len(), lines.len());
    for start in [capture, &alone] {
        let mut from = start.to_owned();
        for name in ["a.binpb", "b.jsonl", "c.pb.zst", "d.json.gz", "e.jsonl"] {
            let to = dir.path().join(name);
            let said = convert(&from, &to, &[]);
            assert!(said.contains("28 log records"), "{said}");
            assert!(log_requests(&to) == expected, "{} by way of {name}", start.display());
            from = to;
        }
        for line in fs::read_to_string(&from).unwrap().lines() {
            let strict: Value = serde_json::from_str(line).unwrap();
            assert!(strict["resourceLogs"].is_array() || start == capture, "{line}");
        }
    }
    let strict = |line: &&str| serde_json::from_str::<ExportLogsServiceRequest>(line).unwrap();
    let theirs: Vec<_> = lines.iter().map(strict).collect();
    let ours: Vec<_> =
        expected.iter().map(|bytes| ExportLogsServiceRequest::decode(bytes.clone()).unwrap()).collect();
    assert!(theirs == ours, "a strict reader takes every line for the same request");
}

#[test]
fn log_records_follow_their_spans_into_traces_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from.jsonl"), dir.path().join("to.jsonl"));
    let mut text = fs::read_to_string("tests/captures/flask-1.29-sigint/capture.jsonl").unwrap();
    let of_trace = spans(Path::new("tests/captures/flask-1.29-sigint/capture.jsonl"));
    let entry = of_trace.iter().find(|span| span.name == "GET /cart").unwrap();
    text += &format!(
        "{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"severityNumber\":9,\"traceId\":\"{}\",\
         \"spanId\":\"{}\"}}]}}]}}]}}\n",
        hex(&entry.trace_id),
        hex(&entry.span_id)
    );
    fs::write(&from, text).unwrap();
    convert(&from, &to, &["--unmerge"]);
    let moved = spans(&to).into_iter().find(|span| span.span_id == entry.span_id).unwrap();
    assert_ne!(moved.trace_id, entry.trace_id);
    let log = ExportLogsServiceRequest::decode(log_requests(&to)[0].clone()).unwrap();
    let log = &log.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!((&log.trace_id, &log.span_id), (&moved.trace_id, &entry.span_id));
}

/// The findings of a report: all that they say but for times, ids and values.
fn said(path: &Path) -> Vec<String> {
    let out = otoscope(&["check", "--format", "json", path.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let line = |finding: &Value| {
        [
            "rule",
            "severity",
            "confidence",
            "state",
            "service",
            "scope",
            "trace_ids",
            "span_count",
            "request_count",
            "known_issue",
        ]
        .map(|key| finding[key].to_string())
        .join(" ")
    };
    let mut lines: Vec<String> = findings.map(line).collect();
    lines.sort();
    lines
}

#[test]
fn a_redacted_capture_is_diagnosed_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let mut masked = 0;
    for capture in captures() {
        let to = dir.path().join("redacted.binpb");
        let out = otoscope(&["convert", capture.to_str().unwrap(), "-o", to.to_str().unwrap(), "--redact"]);
        let told = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(0), "{told}");
        let (line, _) = told.split_once(" masked; ").unwrap();
        let count: u64 =
            line.rsplit(": ").next().unwrap().split(' ').next().unwrap().replace(',', "").parse().unwrap();
        masked += count;
        let (mut before, after) = (said(&capture), said(&to));
        // What leaked is gone, and with it the finding that says so.
        before.retain(|line| !line.starts_with("\"leaked-secret\""));
        assert_eq!(before, after, "{}", capture.display());
        for (old, new) in spans(&capture).iter().zip(spans(&to)) {
            let same = |a: &Span, b: &Span| {
                a.trace_id == b.trace_id && a.span_id == b.span_id && a.parent_span_id == b.parent_span_id
            };
            assert!(same(old, &new));
        }
    }
    assert!(masked > 0, "no capture holds anything to mask");
}

#[test]
fn jaeger_and_zipkin_are_written_for_every_capture_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    for capture in captures() {
        let expected = spans(&capture);
        for name in ["a.jaeger.json", "a.zipkin.json", "b.jaeger.json.gz", "b.zipkin.json.zst"] {
            let to = dir.path().join(name);
            convert(&capture, &to, &["--unmerge"]);
            let mut ids: Vec<_> =
                expected.iter().map(|span| (span.span_id.clone(), span.name.clone())).collect();
            let mut read: Vec<_> = spans(&to).into_iter().map(|span| (span.span_id, span.name)).collect();
            ids.sort();
            read.sort();
            assert_eq!(read, ids, "{} by way of {name}", capture.display());
        }
        // What a format has carried once, it carries again.
        for (once, twice) in [("a.jaeger.json", "c.jaeger.json"), ("a.zipkin.json", "c.zipkin.json")] {
            let (once, twice) = (dir.path().join(once), dir.path().join(twice));
            convert(&once, &twice, &[]);
            let sorted = |path: &Path| {
                let mut all = spans(path);
                all.sort_by(|a, b| {
                    (&a.trace_id, &a.span_id, a.start_time_unix_nano).cmp(&(
                        &b.trace_id,
                        &b.span_id,
                        b.start_time_unix_nano,
                    ))
                });
                all
            };
            assert_eq!(sorted(&once), sorted(&twice), "{}", capture.display());
        }
    }
}

#[test]
fn directories_patterns_and_what_lies_between_dumps() {
    let dir = tempfile::tempdir().unwrap();
    let from = "tests/captures/flask-1.30/capture.jsonl";
    fs::create_dir(dir.path().join("in")).unwrap();
    for name in ["in/b.jsonl", "in/a.png"] {
        fs::copy(from, dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("in/readme.md"), "no dump").unwrap();
    let to = dir.path().join("in/out.jsonl");
    let (inside, pattern) = (dir.path().join("in"), dir.path().join("in/*.jsonl"));
    let run = |what: &Path| {
        let out = otoscope(&["convert", what.to_str().unwrap(), "-o", to.to_str().unwrap()]);
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, told) = run(&inside);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("passed over: ") && told.contains("readme.md is not in a format"), "{told}");
    assert_eq!(requests(&to).len(), 2 * requests(Path::new(from)).len());
    for n in 0..6 {
        fs::write(dir.path().join(format!("in/{n}.txt")), "no dump").unwrap();
    }
    let (_, told) = run(&inside);
    assert_eq!(told.matches("is not in a format").count(), 3, "{told}");
    assert_eq!(told.matches("passed over: 4 more files").count(), 1, "{told}");
    let (code, told) = run(&pattern);
    assert_eq!(code, Some(0), "the output fits the pattern and is not read: {told}");
    assert_eq!(requests(&to), requests(Path::new(from)));
    let (code, told) = run(&dir.path().join("*.nothing"));
    assert!(code == Some(2) && told.contains("no file fits this pattern"), "{told}");
    let checked = otoscope(&["check", "--fail-on", "never", "--format", "json", inside.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(report["input"]["spans"], 3 * spans(Path::new(from)).len(), "{}", report["input"]);
}
