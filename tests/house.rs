//! The house keeps its walls: imports go only where the table in `src/lib.rs` says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Room → rooms that it may use, from the table in the crate's documentation.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let lib = fs::read_to_string("src/lib.rs").unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    let row = |row: &str| {
        let columns: Vec<&str> = row.split('|').collect();
        let room = columns[0].split('`').next().unwrap().to_owned();
        let used = columns[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (room, used)
    };
    rows.map(row).collect()
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The rooms that a file names outside of its tests and comments.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = |line: &str| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>();
    let name =
        |rest: String| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    lines.flat_map(after).map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn imports_point_one_way() {
    let table = table();
    assert!(table.len() >= 8, "the table in src/lib.rs was not understood: {table:?}");
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix("src").unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let is_test = inside.file_stem().is_some_and(|stem| stem == "tests") || room == "testkit";
        if is_test || matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(allowed) = table.get(&room) else {
            wrong.push(format!("{} is in no room of the table", file.display()));
            continue;
        };
        for used in named(&fs::read_to_string(&file).unwrap()) {
            if used != room && !allowed.contains(&used) && !allowed.contains("*") {
                wrong.push(format!("{} uses {used}; {room} may use {allowed:?}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_knows_no_clock_no_file_and_no_socket() {
    let mut files = Vec::new();
    for room in ["model", "otlp", "store", "diagnosis", "query", "stats"] {
        sources(&Path::new("src").join(room), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for word in ["SystemTime", "Instant::", "std::fs", "std::net", "tokio", "ratatui"] {
            assert!(!code.contains(word), "{} names {word}", file.display());
        }
    }
}
