//! What the inspector leaves behind: files that were saved, findings that were accepted.

use crate::MERGED;
use crate::pty::{SMALL, Term};
use std::fs;

#[test]
fn spans_are_saved_and_findings_accepted_where_the_user_is() {
    let dir = tempfile::tempdir().unwrap();
    let merged = fs::canonicalize(MERGED).unwrap();
    let variables = [("DIR", dir.path().to_str().unwrap()), ("FILE", merged.to_str().unwrap())];
    let mut term = Term::sh(SMALL, r#"cd "$DIR" && exec "$OTOSCOPE" "$FILE""#, &variables);
    term.see(&["24 requests", "read "]);
    term.keys("\u{13}");
    term.see(&["the trace, as recorded", "un-merged"]);
    term.keys("\r");
    term.see(&["save as", "the ending decides the format"]);
    term.keys("\r");
    term.see(&["saved: ", " spans to trace-"]);
    term.keys("2a");
    term.see(&["Accept this finding", "everywhere"]);
    term.keys("\r");
    term.see(&["why it is accepted"]);
    term.keys("it is known\r");
    term.see(&["accepted: written to otoscope.toml:1"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
    let config = fs::read_to_string(dir.path().join("otoscope.toml")).unwrap();
    assert_eq!(
        config,
        "[[suppress]]\nrule = \"merged-under-local-span\"\nservice = \"shop\"\nreason = \"it is known\"\n"
    );
    let mut saved = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let saved = saved.find(|path| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    // What was accepted holds for the next run, and what was saved says the same as what it was saved from.
    let mut term = Term::sh(
        SMALL,
        r#"cd "$DIR" && exec "$OTOSCOPE" "$FILE""#,
        &[("DIR", variables[0].1), ("FILE", saved.to_str().unwrap())],
    );
    term.see(&["24 requests", "suppressed: press 2"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}
