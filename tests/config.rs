//! Configuration through the real binary: files that are wrong, what a file, the environment and the command line set,
//! suppressions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).join("capture.jsonl")
}

struct Said {
    out: String,
    err: String,
    code: i32,
}

impl Said {
    /// Rule and severity of each finding of the JSON report.
    fn findings(&self) -> Vec<String> {
        let report: Value = serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.err));
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|f| format!("{} {}", f["rule"], f["severity"]).replace('"', "")).collect()
    }
}

/// A directory to run in, which no configuration reaches but what is put there.
struct Place(TempDir);

impl Place {
    fn with(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".git")).unwrap();
        if !config.is_empty() {
            fs::write(dir.path().join("otoscope.toml"), config).unwrap();
        }
        Self(dir)
    }

    fn run(&self, variables: &[(&str, &str)], args: &[&str]) -> Said {
        let out = Command::new(env!("CARGO_BIN_EXE_otoscope"))
            .args(args)
            .current_dir(self.0.path())
            .env("XDG_CONFIG_HOME", self.0.path().join("home"))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { out: text(out.stdout), err: text(out.stderr), code: out.status.code().unwrap() }
    }

    fn check(&self, variables: &[(&str, &str)], args: &[&str]) -> Said {
        let file = capture("flask-1.29-sigint");
        self.run(variables, &[&["check", "--format", "json", file.to_str().unwrap()], args].concat())
    }
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_line() {
    let mut tried = 0;
    for entry in fs::read_dir("tests/configs/invalid").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let said = Place::with(&text).check(&[], &[]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", path.display());
        let start = format!("otoscope: otoscope.toml:{expected}");
        assert!(said.err.starts_with(&start), "{}: {}", path.display(), said.err);
        assert_eq!(said.err.lines().count(), 1, "{}: {}", path.display(), said.err);
        tried += 1;
    }
    assert!(tried >= 20, "{tried}");
}

#[test]
fn what_is_said_of_a_file_cannot_harm_the_terminal() {
    let said = Place::with("\"\\u001b[2J\\n\" = 1").check(&[], &[]);
    assert!(said.err.starts_with("otoscope: otoscope.toml:1: there is no key ␛[2J␊ here"), "{:?}", said.err);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let said = Place::with("").check(&[], &["--config", "nowhere.toml"]);
    assert_eq!(said.code, 2);
    assert!(said.err.starts_with("otoscope: nowhere.toml cannot be read"), "{}", said.err);
}

#[test]
fn the_nearest_file_counts_then_the_users_own() {
    let allow = "[rules]\nmerged-under-local-span = \"allow\"\nhttp-entry-not-server = \"allow\"\n";
    let place = Place::with(allow);
    assert_eq!(place.check(&[], &[]).code, 0);
    fs::write(place.0.path().join("other.toml"), "").unwrap();
    assert_eq!(place.check(&[], &["--config", "other.toml"]).code, 1, "the one that is named counts");
    assert_eq!(place.check(&[("OTOSCOPE_CONFIG", "other.toml")], &[]).code, 1);
    let place = Place::with("");
    assert_eq!(place.check(&[], &[]).code, 1);
    fs::create_dir_all(place.0.path().join("home/otoscope")).unwrap();
    fs::write(place.0.path().join("home/otoscope/config.toml"), allow).unwrap();
    assert_eq!(place.check(&[], &[]).code, 0);
    fs::write(place.0.path().join("otoscope.toml"), "fail-on = \"info\"\n").unwrap();
    assert_eq!(place.check(&[], &[]).code, 1, "the project's own counts alone");
}

#[test]
fn the_command_line_wins_then_the_environment_then_the_file() {
    let place = Place::with("fail-on = \"never\"\n[rules]\nhttp-entry-not-server = \"allow\"\n");
    let merged = |severity| format!("merged-under-local-span {severity}");
    let kind = |severity| format!("http-entry-not-server {severity}");
    let said = place.check(&[], &[]);
    assert_eq!((said.findings(), said.code), (vec![merged("error")], 0));
    assert_eq!(place.check(&[("OTOSCOPE_FAIL_ON", "error")], &[]).code, 1);
    assert_eq!(place.check(&[("OTOSCOPE_FAIL_ON", "error")], &["--fail-on", "never"]).code, 0);
    let environment = [("OTOSCOPE_WARN", "http-entry-not-server, merged-under-local-span")];
    assert_eq!(place.check(&environment, &[]).findings(), [merged("warning"), kind("warning")]);
    let said = place.check(&environment, &["-D", "http-entry-not-server", "--fail-on", "error"]);
    assert_eq!((said.findings(), said.code), (vec![kind("error"), merged("warning")], 1));
    let said = place.check(&environment, &["-A", "http-entry-not-server,merged-under-local-span"]);
    assert_eq!(said.findings(), [""; 0]);
}

#[test]
fn a_rule_that_is_not_known_is_an_error_wherever_it_is_named() {
    let place = Place::with("");
    let near = "there is no rule mergd-under-local-span; did you mean merged-under-local-span?";
    for (variables, args, place_of_it) in [
        (&[][..], &["check", "-A", "mergd-under-local-span", "x"][..], "-A: "),
        (&[], &["--deny", "mergd-under-local-span", "x"], "-D: "),
        (&[("OTOSCOPE_WARN", "mergd-under-local-span")], &["check", "x"], "OTOSCOPE_WARN: "),
        (&[], &["explain", "mergd-under-local-span"], ""),
    ] {
        let said = place.run(variables, args);
        assert_eq!((said.code, said.err), (2, format!("otoscope: {place_of_it}{near}\n")), "{args:?}");
    }
}

#[test]
fn the_catalogue_is_to_be_had_whatever_the_file_says() {
    let place = Place::with("nonsense");
    assert_eq!(place.run(&[], &["rules"]).code, 0);
    assert_eq!(place.run(&[], &["explain", "http-entry-not-server"]).code, 0);
}

const SUPPRESSED: &str = "
[[suppress]]
rule = \"merged-under-local-span\"
service = \"sh*\"
span = \"run\"
reason = \"we upgrade in spring\"
until = \"2999-12-31\"
";

#[test]
fn what_is_suppressed_is_counted_and_does_not_fail() {
    let place = Place::with(SUPPRESSED);
    let file = capture("flask-1.29-sigint");
    for (format, says) in [
        ("text", "nothing wrong with the instrumentation was found, 2 suppressed"),
        ("github", "nothing wrong with the instrumentation was found, 2 suppressed"),
        ("json", "\"reason\": \"we upgrade in spring\""),
        ("sarif", "\"justification\": \"we upgrade in spring (otoscope.toml:2)\""),
        ("junit", "<skipped message=\"suppressed, we upgrade in spring (otoscope.toml:2): 24 unrelated"),
    ] {
        let args = ["check", "--fail-on", "info", "--format", format, file.to_str().unwrap()];
        let said = place.run(&[], &args);
        assert_eq!(said.code, 0, "{format}");
        assert!(said.out.contains(says), "{format}: {}", said.out);
        assert!(!said.out.contains("<failure") && !said.out.contains("::error"), "{format}: {}", said.out);
    }
    let said = place.check(&[], &[]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.findings(), [""; 0]);
    let suppressed: Vec<&str> = report["suppressed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["finding"]["rule"].as_str().unwrap())
        .collect();
    assert_eq!(suppressed, ["merged-under-local-span", "http-entry-not-server"]);
}

#[test]
fn a_suppression_that_ended_or_meets_nothing_says_so() {
    let said = Place::with(&SUPPRESSED.replace("2999", "2020")).check(&[], &[]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, said.findings().len()), (1, 2));
    assert_eq!(
        report["remarks"][0],
        "the suppression of merged-under-local-span in otoscope.toml:2 ended on 2020-12-31; it would meet 1 of the findings"
    );
    let place = Place::with(&SUPPRESSED.replace("sh*", "other"));
    let file = capture("flask-1.29-sigint");
    for format in ["text", "json", "sarif", "junit", "github"] {
        let said = place.run(&[], &["check", "--format", format, file.to_str().unwrap()]);
        assert_eq!(said.code, 1, "{format}");
        let remark = "the suppression of merged-under-local-span in otoscope.toml:2 meets nothing here";
        assert!(said.out.contains(remark), "{format}: {}", said.out);
    }
}
