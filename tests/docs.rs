//! The README tells the truth: its tables are the program's own, and its commands are accepted.
//! `UPDATE=1 cargo test --test docs` writes the tables anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use clap::Parser;
use otoscope::cli::Cli;
use otoscope::diagnosis::RULES;
use otoscope::tui::keymap;
use std::fmt::Write;
use std::fs;

fn rules() -> String {
    let mut out = String::from("| rule | severity | what is wrong |\n|---|---|---|\n");
    for rule in RULES {
        let _ = writeln!(out, "| `{}` | {} | {} |", rule.id, rule.severity, rule.summary);
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

#[test]
fn links_and_pictures_exist() {
    let readme = fs::read_to_string("README.md").unwrap();
    for target in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(target.starts_with("https://") || fs::exists(target).unwrap(), "{target}");
    }
}
