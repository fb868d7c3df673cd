//! `otoscope check --format sarif|junit|github`: each report read back by those who know its format.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BROKEN: &str = "tests/captures/flask-1.29-sigint/capture.jsonl";
const FINE: &str = "tests/captures/flask-1.30/capture.jsonl";

fn check(format: &str, args: &[&str]) -> (String, i32) {
    let out = Command::new(env!("CARGO_BIN_EXE_otoscope"))
        .args(["check", "--format", format])
        .args(args)
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (String::from_utf8(out.stdout).unwrap(), out.status.code().unwrap())
}

fn captures() -> Vec<PathBuf> {
    let dirs = fs::read_dir("tests/captures").unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = dirs.map(|dir| dir.join("capture.jsonl")).filter(|f| f.exists()).collect();
    files.sort();
    assert!(files.len() >= 8);
    files
}

/// Of each finding of the JSON report: rule and severity.
fn findings(args: &[&str]) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&check("json", args).0).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(&finding["rule"]), text(&finding["severity"]))).collect()
}

fn valid_sarif(text: &str) -> Value {
    let schema = fs::read_to_string("tests/schemas/sarif-2.1.0.json").unwrap();
    // Its pattern for a language has a stray bracket, which makes it no regular expression of JavaScript.
    let schema: Value = serde_json::from_str(&schema.replace("{2}]?$\"", "{2}?$\"")).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let report: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, [""; 0]);
    report
}

/// How many rules speak unasked.
fn spoken() -> usize {
    otoscope::diagnosis::RULES.iter().filter(|rule| rule.enabled).count()
}

#[test]
fn sarif_is_valid_and_complete() {
    for file in captures() {
        let file = file.to_str().unwrap();
        let (text, code) = check("sarif", &[file]);
        let report = valid_sarif(&text);
        let run = &report["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), spoken());
        let results = run["results"].as_array().unwrap();
        let expected = findings(&[file]);
        assert_eq!(results.len(), expected.len(), "{file}");
        assert_eq!(i32::from(results.iter().any(|result| result["level"] == "error")), code, "{file}");
        for (result, (rule, severity)) in results.iter().zip(expected) {
            assert_eq!(result["ruleId"], rule, "{file}");
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], rule, "{file}");
            assert_eq!(result["properties"]["severity"], severity, "{file}");
            let location = &result["locations"][0];
            assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], file);
            assert_eq!(location["logicalLocations"][0]["kind"], "service", "{file}");
            assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string(), "{file}");
        }
        assert_eq!(text, check("sarif", &[file]).0, "the same input gives the same bytes");
    }
}

#[test]
fn sarif_says_what_was_not_read() {
    let (text, code) = check("sarif", &["no such file", BROKEN]);
    let report = valid_sarif(&text);
    assert_eq!(code, 2);
    let invocation = &report["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let said = invocation["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert!(said.contains("no such file"), "{said}");
}

#[test]
fn the_same_fault_has_the_same_fingerprint_in_another_run() {
    let marks = |name: &str| {
        let report = valid_sarif(&check("sarif", &[&format!("tests/captures/{name}/capture.jsonl")]).0);
        let results = report["runs"][0]["results"].as_array().unwrap().clone();
        let mark = |result: Value| result["partialFingerprints"]["otoscope/v1"].as_str().unwrap().to_owned();
        results.into_iter().map(mark).collect::<Vec<_>>()
    };
    let (ended, killed) = (marks("flask-1.29-sigint"), marks("flask-1.29-sigkill"));
    assert!(ended.len() >= 2);
    assert_eq!(ended, killed, "in one of them the culprit was never received");
}

#[test]
fn junit_fails_where_the_check_fails() {
    for file in captures() {
        let file = file.to_str().unwrap();
        for fail_on in ["error", "never"] {
            let (text, code) = check("junit", &["--fail-on", fail_on, file]);
            let document = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
            let count = |name| document.descendants().filter(|node| node.has_tag_name(name)).count();
            let root = document.root_element();
            let said = |name| root.attribute(name).unwrap().parse::<usize>().unwrap();
            assert_eq!((said("tests"), said("failures")), (count("testcase"), count("failure")), "{file}");
            assert_eq!((said("errors"), said("skipped")), (count("error"), count("skipped")), "{file}");
            assert_eq!(said("failures") > 0, code == 1, "{file}");
            assert_eq!(said("failures") + said("skipped"), findings(&[file]).len(), "{file}");
            assert!(said("tests") >= spoken(), "{file}");
        }
    }
}

#[test]
fn github_gets_a_line_for_each_headline_and_the_summary() {
    let (text, code) = check("github", &[BROKEN]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(code, 1);
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with("::error title=merged-under-local-span::shop: 24 unrelated requests"),
        "{text}"
    );
    assert!(
        lines[0].contains("%0Afix upgrade to") && lines[0].contains("%0A└ http-entry-not-server"),
        "{text}"
    );
    assert!(lines[1].starts_with("45 spans in 1 trace: 1 error"), "{text}");
    let (text, code) = check("github", &[FINE]);
    assert_eq!((text.lines().count(), code), (1, 0), "{text}");
}

#[test]
fn no_report_hands_control_characters_of_telemetry_on() {
    let text = fs::read_to_string(BROKEN).unwrap();
    let evil = r"\u001b]0;owned\u0007\r\n::error::x\u009b2J\u202e%0A<&##[add-path]\u0000";
    let text = text.replace("\"shop\"", &format!("\"{evil}\"")).replace("\"run\"", &format!("\"{evil}\""));
    assert!(text.contains(evil));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("evil.jsonl");
    fs::write(&file, text).unwrap();
    for report in otoscope::report::REPORTS {
        let (text, code) = check(report.name, &[file.to_str().unwrap()]);
        assert_eq!(code, 1, "{}", report.name);
        let harmful = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(text.chars().find(harmful), None, "{}", report.name);
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::x")), "{}", report.name);
        match report.name {
            "sarif" => drop(valid_sarif(&text)),
            "junit" => drop(roxmltree::Document::parse(&text).unwrap()),
            "json" => {
                let report: Value = serde_json::from_str(&text).unwrap();
                let name = report["findings"][0]["service"].as_str().unwrap();
                assert!(name.starts_with("\u{1b}]0;owned\u{7}\r\n"), "JSON keeps what was sent: {name:?}");
            }
            _ => {}
        }
    }
}

/// The JSON report of a capture, as a file.
fn baseline(dir: &Path, capture: &str) -> String {
    let file = dir.join("baseline.json");
    fs::write(&file, check("json", &[capture]).0).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn with_a_baseline_only_what_is_new_counts() {
    let dir = tempfile::tempdir().unwrap();
    let killed = "tests/captures/flask-1.29-sigkill/capture.jsonl";
    for (before, now, code, summary) in [
        (BROKEN, BROKEN, 0, "1 error, 0 warnings, 0 info; 0 new, 1 still there, 0 gone"),
        (BROKEN, killed, 0, "1 error, 0 warnings, 0 info; 0 new, 1 still there, 0 gone"),
        (killed, BROKEN, 0, "1 error, 0 warnings, 0 info; 0 new, 1 still there, 0 gone"),
        (FINE, BROKEN, 1, "1 error, 0 warnings, 0 info; 1 new, 0 still there, 0 gone"),
        (BROKEN, FINE, 0, "nothing wrong with the instrumentation was found; 0 new, 0 still there, 1 gone"),
    ] {
        let baseline = baseline(dir.path(), before);
        for report in otoscope::report::REPORTS {
            let (text, is) = check(report.name, &["--baseline", &baseline, now]);
            assert_eq!(is, code, "{before} {now} {}", report.name);
            if report.name != "json" {
                assert!(text.contains(summary), "{before} {now} {}: {text}", report.name);
            }
        }
    }
}

#[test]
fn each_report_tells_new_known_and_gone() {
    let dir = tempfile::tempdir().unwrap();
    let known = baseline(dir.path(), BROKEN);
    let report: Value = serde_json::from_str(&check("json", &["--baseline", &known, BROKEN]).0).unwrap();
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["baseline"] == "unchanged"));
    assert_eq!(report["gone"].as_array().unwrap().len(), 0);
    let report: Value = serde_json::from_str(&check("json", &["--baseline", &known, FINE]).0).unwrap();
    assert_eq!(report["gone"][0]["rule"], "merged-under-local-span");
    assert_eq!(report["gone"][0]["culprit"], "run");
    let report = valid_sarif(&check("sarif", &["--baseline", &known, BROKEN]).0);
    assert_eq!(report["runs"][0]["results"][0]["baselineState"], "unchanged");
    let report = valid_sarif(&check("sarif", &["--baseline", &known, FINE]).0);
    assert_eq!(report["runs"][0]["properties"]["gone"][0]["service"], "shop");
    let (text, _) = check("text", &["--baseline", &known, FINE]);
    assert!(text.starts_with("gone: shop: 24 unrelated requests"), "{text}");
    let (text, _) = check("text", &["--baseline", &known, BROKEN]);
    assert!(text.contains("  error merged-under-local-span, confidence 0.99, still there\n"), "{text}");
    let (text, _) = check("github", &["--baseline", &known, BROKEN]);
    assert!(text.starts_with("::notice title=merged-under-local-span (still there)::"), "{text}");
    let (text, _) = check("junit", &["--baseline", &known, BROKEN]);
    assert!(text.contains("<skipped message=\"still there: 24 unrelated"), "{text}");
    let fresh = baseline(dir.path(), FINE);
    let report = valid_sarif(&check("sarif", &["--baseline", &fresh, BROKEN]).0);
    assert_eq!(report["runs"][0]["results"][0]["baselineState"], "new");
    let report: Value = serde_json::from_str(&check("json", &[BROKEN]).0).unwrap();
    assert!(report.get("gone").is_none() && report["findings"][0].get("baseline").is_none());
}

#[test]
fn what_is_suppressed_stays_valid_and_is_not_gone() {
    let dir = tempfile::tempdir().unwrap();
    let known = baseline(dir.path(), BROKEN);
    let config = dir.path().join("otoscope.toml");
    fs::write(&config, "[[suppress]]\nrule = \"*\"\nreason = \"known\u{9b}](x)\"\n").unwrap();
    let args = ["--config", config.to_str().unwrap(), "--baseline", &known, BROKEN];
    let report = valid_sarif(&check("sarif", &args).0);
    for result in report["runs"][0]["results"].as_array().unwrap() {
        assert_eq!(result["suppressions"][0]["status"], "accepted");
    }
    assert_eq!(report["runs"][0]["results"].as_array().unwrap().len(), 2);
    assert_eq!(report["runs"][0]["properties"]["gone"].as_array().unwrap().len(), 0);
    fs::write(&config, "[rules]\nmerged-under-local-span = \"allow\"\nhttp-entry-not-server = \"allow\"\n")
        .unwrap();
    let report = valid_sarif(&check("sarif", &args).0);
    assert_eq!(
        report["runs"][0]["properties"]["gone"].as_array().unwrap().len(),
        0,
        "a silent rule knows nothing"
    );
}

#[test]
fn a_baseline_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("baseline.json");
    let path = file.to_str().unwrap();
    let refused = |says: &str| {
        let out = Command::new(env!("CARGO_BIN_EXE_otoscope"))
            .args(["check", "--baseline", path, BROKEN])
            .output()
            .unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), out.stdout.len(), said.lines().count()), (Some(2), 0, 1), "{said}");
        assert!(said.starts_with(&format!("otoscope: the baseline {path} {says}")), "{said}");
    };
    refused("cannot be read");
    for (text, says) in [
        ("", "is no JSON report of otoscope check"),
        ("[]", "is no JSON report of otoscope check"),
        ("{}", "is no JSON report of otoscope check: it names no schema"),
        ("{\"schema\": \"otoscope.check/v2\"}", "has the schema otoscope.check/v2"),
    ] {
        fs::write(&file, text).unwrap();
        refused(says);
    }
    fs::write(&file, check("sarif", &[BROKEN]).0).unwrap();
    refused("is no JSON report of otoscope check: it names no schema");
}
