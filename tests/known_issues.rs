//! Known issues through the real binary: rows of the user's own, what is said of wrong ones, the catalogue.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const OWN: &str = "[[issue]]
id = \"SHOP-1\"
requires = [\"merged-under-local-span\"]
language = \"python\"
scope = \"opentelemetry.instrumentation.click*\"
before = \"0.51b0\"
summary = \"Our base image pins the click instrumentation.\"
fixed_in = \"image 12\"
remedy = [\"take base image 12 or later\"]
refs = [\"https://example.com/wiki/SHOP-1\"]
verified = \"R\"
";

/// A directory with files, which no other configuration reaches.
fn place(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn otoscope(dir: &Path, args: &[&str]) -> Output {
    let home = dir.join("home");
    Command::new(env!("CARGO_BIN_EXE_otoscope"))
        .args(args)
        .current_dir(dir)
        .env("XDG_CONFIG_HOME", home)
        .output()
        .unwrap()
}

/// What `check --format json` says of a capture.
fn check(dir: &Path, capture: &str, more: &[&str]) -> (Value, Option<i32>) {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(capture).join("capture.jsonl");
    let args = [&["check", "--format", "json", file.to_str().unwrap()], more].concat();
    let out = otoscope(dir, &args);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    (serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {said}")), out.status.code())
}

#[test]
fn rows_of_ones_own_come_first_and_are_told_like_the_others() {
    let dir = place(&[("issues.toml", OWN), ("otoscope.toml", "known-issues = \"issues.toml\"\n")]);
    let plain = place(&[("issues.toml", OWN)]);
    for (dir, more) in [(&dir, &[][..]), (&plain, &["--known-issues", "issues.toml"][..])] {
        let (report, code) = check(dir.path(), "flask-1.29-sigint", more);
        let finding = &report["findings"][0];
        assert_eq!(code, Some(1));
        assert_eq!(finding["known_issue"]["id"], "SHOP-1");
        assert_eq!(finding["known_issue"]["fixed_in"], "image 12");
        assert_eq!(finding["known_issue"]["certainty"], "certain");
        assert_eq!(finding["remedy"][0], "take base image 12 or later");
    }
    let (report, _) = check(plain.path(), "flask-1.29-sigint", &[]);
    assert_eq!(report["findings"][0]["known_issue"]["id"], "G1", "without the file");
}

#[test]
fn a_row_alone_finds_nothing() {
    let row = OWN.replace("before = \"0.51b0\"\n", "").replace("instrumentation.click*", "*");
    let dir = place(&[("issues.toml", &row)]);
    let (report, code) = check(dir.path(), "flask-1.30", &["--known-issues", "issues.toml"]);
    assert_eq!((report["findings"].as_array().map(Vec::len), code), (Some(0), Some(0)));
}

#[test]
fn what_is_wrong_with_a_file_is_one_line_that_names_its_place() {
    for (text, says) in [
        (
            OWN.replace("merged-under", "merged-udner"),
            "issues.toml:3: requires: there is no rule merged-udner-local-span; did you mean merged-under-local-span?",
        ),
        (OWN.replace("scope", "scpe"), "issues.toml:5: scpe: there is no such field; did you mean scope?"),
        (OWN.replace("verified = \"R\"\n", ""), "issues.toml:1: verified: is needed"),
        (OWN.replace("0.51b0\"", "0.51b0"), "issues.toml:6: "),
    ] {
        let dir = place(&[("issues.toml", &text)]);
        let out = otoscope(dir.path(), &["check", "--known-issues", "issues.toml", "-"]);
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(said.starts_with(&format!("otoscope: {says}")) && said.lines().count() == 1, "{said}");
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    }
    let dir = place(&[]);
    let out = otoscope(dir.path(), &["--known-issues", "nowhere.toml", "-"]);
    assert_eq!(out.status.code(), Some(2));
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("nowhere.toml cannot be read"), "{said}");
}

#[test]
fn a_row_is_explained_by_its_number() {
    let dir = place(&[]);
    let said = |name| String::from_utf8(otoscope(dir.path(), &["explain", name]).stdout).unwrap();
    let click = said("G1");
    for part in
        ["stays current", "merged-under-local-span", "0.50b0 and later, before 0.51b0", "0.51b0 / 1.30.0"]
    {
        assert!(click.contains(part), "{part}: {click}");
    }
    for part in ["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=click", "opentelemetry-python#4420", "reproduced"] {
        assert!(click.contains(part), "{part}: {click}");
    }
    let lambda = said("g16");
    assert!(lambda.contains("nodejs") && lambda.contains("java") && lambda.contains("G16b"), "{lambda}");
    let listed = String::from_utf8(otoscope(dir.path(), &["rules"]).stdout).unwrap();
    assert!(["G1 ", "G16b", "G35c"].iter().all(|id| listed.contains(&format!("\n{id}"))), "{listed}");
    assert_eq!(otoscope(dir.path(), &["explain", "G99"]).status.code(), Some(2));
}
