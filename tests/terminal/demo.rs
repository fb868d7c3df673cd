use crate::pty::{LARGE, SMALL, Term, contains, tab};
use std::fs;

/// What the screen must say without a key.
const STORY: &[&str] = &["24 requests", "INTERNAL→SERVER", "all under `run`", "1.30.0"];

#[test]
fn the_story_is_told_without_a_key() {
    for size in [SMALL, LARGE] {
        let mut term = Term::otoscope(size, &["demo", "--speed", "max"]);
        term.see(STORY);
        term.see(&["1 Traces", "✖ 1", "read demo.jsonl", "q quit"]);
        assert!(!term.modes_are_as_before(), "raw mode");
        term.keys("q");
        let ended = term.ended();
        assert_eq!(ended.code, 0);
        assert!(ended.text.contains("45 spans in 1 trace\n"), "{}", ended.text);
        assert!(ended.text.contains("error shop: 24 unrelated requests"), "{}", ended.text);
    }
}

#[test]
fn keys_work() {
    let mut term = Term::otoscope(SMALL, &["demo", "--speed", "max"]);
    term.see(STORY);
    term.keys("u");
    term.see(&["24 requests, as recorded"]);
    term.keys("u");
    term.see(&["24 requests, un-merged"]);
    term.keys("?");
    term.see(&["Esc closes", "here: traces"]);
    term.keys("\x1b");
    term.lose("Esc closes");
    term.keys("2");
    term.see(&["1 error ─"]);
    term.keys(&tab("Receiver"));
    term.see(&["demo.jsonl", "q quit"]);
    term.keys("1");
    term.see(&["24 requests, un-merged"]);
    // A click on the title of the second tab.
    term.keys("\x1b[<0;14;1M\x1b[<0;14;1m");
    term.see(&["1 error ─"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn parting_words_go_to_standard_error() {
    let dir = tempfile::tempdir().unwrap();
    let words = dir.path().join("words");
    let script = r#"exec "$OTOSCOPE" demo --speed max 2>"$WORDS""#;
    let mut term = Term::sh(SMALL, script, &[("WORDS", words.to_str().unwrap())]);
    term.see(STORY);
    term.keys("q");
    let ended = term.ended();
    assert_eq!((ended.code, ended.text.trim()), (0, ""));
    let words = fs::read_to_string(words).unwrap();
    assert!(words.starts_with("otoscope: ") && words.contains("45 spans in 1 trace\n"), "{words}");
    assert!(!words.contains('\x1b'), "{words}");
}

#[test]
fn a_replay_at_its_own_pace_can_be_left_at_once() {
    let mut term = Term::otoscope(SMALL, &["demo"]);
    term.see(&["reading demo.jsonl", "q quit"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn the_mouse_is_asked_for_and_given_back() {
    let mut term = Term::otoscope(SMALL, &["demo", "--speed", "max"]);
    term.see(STORY);
    assert!(contains(&term.raw(), "\x1b[?1000h"));
    term.keys("\x03");
    let ended = term.ended();
    assert_eq!(ended.code, 0);
    assert!(contains(&ended.raw, "\x1b[?1000l"));
}
