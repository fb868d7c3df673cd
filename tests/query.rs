//! `--query` of `check` and `convert`: what is kept, what is left out and said so, and queries that are none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

const MERGED: &str = "tests/captures/flask-1.29-sigint/capture.jsonl";

fn otoscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otoscope")).args(args).output().unwrap()
}

fn checked(query: &str) -> (Value, i32) {
    let out = otoscope(&["check", "--format", "json", "--query", query, MERGED]);
    let report = serde_json::from_slice(&out.stdout).unwrap();
    (report, out.status.code().unwrap())
}

fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn findings_about_matching_spans_are_kept() {
    let (all, code) = checked("");
    assert_eq!(code, 1);
    let (same, _) = checked("kind=internal");
    assert_eq!(rules(&same), rules(&all), "the entries and the culprit are INTERNAL");
    let (none, code) = checked("finding=exporter-*");
    assert_eq!((rules(&none).len(), code), (0, 0), "no such findings is an answer");
    assert_eq!(none["input"]["spans"], all["input"]["spans"]);
    let remarks = none["remarks"].as_array().unwrap();
    let left_out = format!(
        "the query matches 0 spans in 0 traces; left out: {} findings about others",
        rules(&all).len()
    );
    assert!(remarks.iter().any(|remark| remark == left_out.as_str()), "{remarks:?}");
    let out = otoscope(&["check", "--query", "finding=exporter-*", MERGED]);
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(said.ends_with("nothing wrong was found with what the query matches\n"), "{said}");
    // A call below an entry: the merge is about the whole trace, the wrong kinds are about the entries.
    let (call, _) = checked("kind=client");
    assert!(rules(&call).contains(&"merged-under-local-span"));
    assert!(!rules(&call).contains(&"http-entry-not-server"), "{:?}", rules(&call));
    let (by_rule, _) = checked("finding=http-entry*");
    assert!(rules(&by_rule).contains(&"http-entry-not-server"));
}

#[test]
fn a_query_that_matches_nothing_is_a_slip_and_no_good_end() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("none.jsonl");
    let convert = ["convert", MERGED, "-o", to.to_str().unwrap()];
    for (query, hint) in [
        ("kind=producer", None),
        ("service=shp", Some("; no service is called shp; did you mean shop?")),
        ("{ service = \"zzzzzzzz\" }", Some("; no service is called zzzzzzzz; there is shop")),
        ("service=nosuch finding=merged*", Some("; no service is called nosuch; there is shop")),
        ("span.http.methd=GET", Some("; did you mean the attribute http.method instead of http.methd?")),
        ("name=chekout", None),
    ] {
        for (command, done) in [(&["check", MERGED][..], "checked"), (&convert, "written")] {
            let out = otoscope(&[command, &["--query", query]].concat());
            let said = String::from_utf8(out.stderr).unwrap();
            assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{query}: {said}");
            assert!(said.contains(&format!("matches the query: nothing was {done}")), "{query}: {said}");
            assert!(hint.is_none_or(|hint| said.contains(hint)), "{query}: {said}");
        }
        assert!(!to.exists());
    }
}

#[test]
fn a_symptom_without_its_headline_stands_for_itself() {
    let (all, _) = checked("");
    let symptom =
        all["findings"].as_array().unwrap().iter().position(|f| f["folded_under"].is_u64()).unwrap();
    for query in ["kind=client", "kind=internal", "name=~\"GET.*\"", "status=error"] {
        let (report, _) = checked(query);
        let findings = report["findings"].as_array().unwrap();
        for finding in findings.iter().filter(|finding| finding["folded_under"].is_u64()) {
            let under = finding["folded_under"].as_u64().unwrap() as usize;
            assert!(findings[under]["folded_under"].is_null(), "{query}");
            assert_eq!(findings[under]["rule"], all["findings"][0]["rule"], "{query}");
        }
    }
    assert!(symptom > 0);
}

#[test]
fn a_bad_query_is_shown_with_a_sign_under_the_character() {
    for command in [&["check", MERGED][..], &["convert", MERGED, "-o", "-"]] {
        let out = otoscope(&[command, &["--query", "dur>1s kind=servr"]].concat());
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(out.stdout.is_empty());
        assert!(said.contains("kind is never servr; did you mean server?"), "{said}");
        assert!(said.contains("\n    dur>1s kind=servr\n                ^\n"), "{said}");
        let out = otoscope(&[command, &["--query", "dur>1s sttaus=error"]].concat());
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(
            said.contains("no field \"sttaus\"; did you mean status? write .sttaus for an attribute"),
            "{said}"
        );
        assert!(said.contains("\n    dur>1s sttaus=error\n           ^\n"), "{said}");
    }
}

#[test]
fn traces_that_hold_a_match_are_written_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let dump = path("all.jsonl");
    let span = |trace: u8, id: u8, name: &str, service: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},"scopeSpans":[{{"spans":[{{"traceId":"{}","spanId":"{}","name":"{name}","kind":2,"startTimeUnixNano":"1795000000000000000","endTimeUnixNano":"1795000000005000000"}}]}}]}}]}}"#,
            format!("{trace:02x}").repeat(16),
            format!("{id:02x}").repeat(8)
        )
    };
    let lines =
        [span(1, 1, "a", "shop"), span(1, 2, "b", "cart"), span(2, 3, "a", "cart"), span(3, 4, "c", "shop")];
    fs::write(&dump, lines.join("\n")).unwrap();
    let convert = |query: &str, to: &str, more: &[&str]| {
        let out = otoscope(&[&["convert", &dump, "-o", to, "--query", query], more].concat());
        (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let ids = |file: &str| -> BTreeSet<String> {
        let text = fs::read_to_string(file).unwrap();
        text.split("\"spanId\":\"").skip(1).map(|rest| rest[..2].to_owned()).collect()
    };
    let to = path("shop.jsonl");
    let (code, said) = convert("service=shop name=a", &to, &[]);
    assert_eq!((code, ids(&to)), (0, ["01", "02"].map(String::from).into()), "{said}");
    assert!(said.contains("2 spans of 2 export requests written to"), "{said}");
    assert!(said.contains("; a match in 1 of 3 traces"), "{said}");
    let (code, _) = convert("{ name = a } && { name = b }", &to, &["--unmerge"]);
    assert_eq!((code, ids(&to)), (0, ["01", "02"].map(String::from).into()));
    let nothing = path("nothing.jsonl");
    let (code, said) = convert("name=z", &nothing, &[]);
    assert_eq!((code, fs::exists(&nothing).unwrap()), (2, false), "{said}");
    assert!(said.contains("nothing of 4 spans in 3 traces matches the query: nothing was written"), "{said}");
}
