//! The README tells the truth: its tables are the program's own, and its commands are accepted.
//! `UPDATE=1 cargo test --test docs` writes the tables anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use clap::Parser;
use otoscope::cli::Cli;
use otoscope::diagnosis::RULES;
use otoscope::query::{Asked, FIELDS, Holds, OPS, Query, Seen};
use otoscope::tui::keymap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

fn rules() -> String {
    let mut out = String::from("| | rule | severity | what is wrong |\n|---|---|---|---|\n");
    for rule in RULES {
        let off = if rule.enabled { "" } else { " (off by default)" };
        let _ =
            writeln!(out, "| {} | `{}` | {}{off} | {} |", rule.code, rule.id, rule.severity, rule.summary);
    }
    out
}

/// The README with a table between its marker and the next end.
fn with_table(readme: &str, marker: &str, table: &str) -> String {
    let from = readme.find(marker).unwrap();
    let from = from + readme[from..].find('\n').unwrap() + 1;
    let to = from + readme[from..].find("<!-- end -->").unwrap();
    format!("{}{table}{}", &readme[..from], &readme[to..])
}

#[test]
fn tables_are_the_programs_own() {
    let readme = fs::read_to_string("README.md").unwrap();
    let expected = with_table(&readme, "<!-- keys", &keymap::markdown());
    let expected = with_table(&expected, "<!-- rules", &rules());
    if std::env::var_os("UPDATE").is_some() {
        fs::write("README.md", &expected).unwrap();
    } else {
        assert!(readme == expected, "README.md is behind: UPDATE=1 cargo test --test docs");
    }
}

fn fields() -> String {
    let mut out = String::from("| field | also | of | what |\n|---|---|---|---|\n");
    for row in FIELDS {
        let also: Vec<String> = row.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let words = match row.holds {
            Holds::Word(words) => format!(": {}", words.join(", ")),
            _ => String::new(),
        };
        let of: Vec<&str> =
            row.of.iter().map(|of| if *of == Asked::Spans { "span" } else { "log" }).collect();
        let (also, of) = (also.join(" "), of.join(", "));
        let _ = writeln!(out, "| `{}` | {also} | {of} | {}{words} |", row.name, row.what);
    }
    out
}

#[test]
fn the_query_language_is_as_it_is_documented() {
    let page = fs::read_to_string("docs/query.md").unwrap();
    let expected = with_table(&page, "<!-- fields", &fields());
    if std::env::var_os("UPDATE").is_some() {
        fs::write("docs/query.md", &expected).unwrap();
    } else {
        assert!(page == expected, "docs/query.md is behind: UPDATE=1 cargo test --test docs");
    }
    let logs = page.split("## Log records").nth(1).unwrap().split("\n## ").next().unwrap();
    let examples = page.split("```text\n").skip(1).flat_map(|rest| rest.split("```").next().unwrap().lines());
    // What an example means stands two blanks behind it.
    let examples: Vec<&str> = examples.map(|line| line.split("  ").next().unwrap()).collect();
    assert!(examples.len() > 20, "{}", examples.len());
    for example in examples {
        let of_logs = logs.contains(example);
        let seen = if of_logs { Seen::of(Asked::Logs) } else { Seen::default() };
        Query::parse_for(example, &seen)
            .map_err(|wrong| format!("{wrong}\n{}", wrong.pointing(example)))
            .unwrap();
    }
    let table = page.split("<!-- operators -->").nth(1).unwrap().split("<!-- end -->").next().unwrap();
    for (sign, _) in OPS {
        assert!(table.contains(&format!("| `{sign}` |")), "{sign}");
    }
}

#[test]
fn commands_are_accepted() {
    let readme = fs::read_to_string("README.md").unwrap();
    let mut tried = 0;
    for block in readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        for line in block.lines() {
            let command = line.split('#').next().unwrap().trim();
            let command =
                command.rsplit(" | ").next().unwrap().replace("cargo run --release -- ", "otoscope ");
            if command.starts_with("otoscope") {
                tried += 1;
                Cli::try_parse_from(command.split_whitespace())
                    .map_err(|e| format!("{command}: {e}"))
                    .unwrap();
            }
        }
    }
    assert!(tried >= 10, "{tried}");
}

/// The blocks of the README in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string("README.md").unwrap();
    let start = format!("```{language}\n");
    readme.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_workflow_calls_what_there_is() {
    let [workflow] = blocks("yaml").try_into().unwrap();
    let calls: Vec<&str> = workflow.lines().filter_map(|line| line.split("run: otoscope ").nth(1)).collect();
    assert_eq!(calls.len(), 2, "{workflow}");
    let capture = "tests/captures/flask-1.29-sigint/capture.jsonl";
    let dir = tempfile::tempdir().unwrap();
    let sarif = dir.path().join("otoscope.sarif");
    let codes = calls.into_iter().map(|call| {
        let call = call.replace("traces.jsonl", capture).replace("otoscope.sarif", sarif.to_str().unwrap());
        let out = Command::new(env!("CARGO_BIN_EXE_otoscope")).args(call.split(' ')).output().unwrap();
        out.status.code().unwrap()
    });
    assert_eq!(codes.collect::<Vec<_>>(), [1, 0], "the first step fails, the second only reports");
    assert!(fs::read_to_string(sarif).unwrap().contains("\"version\": \"2.1.0\""));
}

#[test]
fn the_configuration_is_accepted_and_does_what_it_says() {
    let [config] = blocks("toml").try_into().unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("otoscope.toml"), config).unwrap();
    let capture = fs::canonicalize("tests/captures/flask-1.29-sigint/capture.jsonl").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_otoscope"))
        .arg("check")
        .arg(capture)
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("note: the suppression of http-entry-not-server in otoscope.toml:"), "{said}");
}

#[test]
fn every_report_is_listed() {
    let readme = fs::read_to_string("README.md").unwrap();
    for report in otoscope::report::REPORTS {
        assert!(readme.contains(&format!("| `{}` |", report.name)), "{}", report.name);
    }
}

#[test]
fn links_and_pictures_exist() {
    let readme = fs::read_to_string("README.md").unwrap();
    for target in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let heading = |name: &str| {
            readme.lines().any(|line| {
                line.strip_prefix("## ").is_some_and(|title| title.to_lowercase().replace(' ', "-") == name)
            })
        };
        let there = match target.strip_prefix('#') {
            Some(name) => heading(name),
            None => target.starts_with("https://") || fs::exists(target).unwrap(),
        };
        assert!(there, "{target}");
    }
}
