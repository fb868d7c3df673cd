//! Dumps that are held and stepped, and dumps that grow.

use crate::MERGED;
use crate::pty::{SMALL, Term, tab};
use std::fs::{self, File};
use std::io::Write;

#[test]
fn a_replay_is_stepped_and_goes_on() {
    let mut term = Term::otoscope(SMALL, &["--step", MERGED]);
    term.see(&["is paused.", ". brings the next batch, Space goes on."]);
    term.keys(".");
    term.see(&["paused", "capture.jsonl  max  +0.0 s", "1 trace"]);
    term.keys(" ");
    term.see(&["24 requests", "read "]);
    term.keys(".");
    term.see(&["the replay is over"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn a_replay_pauses_at_its_pace() {
    let mut term = Term::otoscope(SMALL, &["demo", "--speed", "1x"]);
    term.see(&["reading demo.jsonl  1x  +"]);
    term.keys(" ");
    term.see(&["paused demo.jsonl  1x  +"]);
    term.keys(" ");
    term.see(&["reading demo.jsonl  1x  +"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn what_is_live_has_no_steps() {
    let mut term = Term::otoscope(SMALL, &["--grpc", "0", "--http", "0"]);
    term.see(&["live"]);
    term.keys(".");
    term.see(&["nothing is replayed here"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn a_file_is_followed_as_it_grows_is_truncated_and_rotated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.jsonl");
    let merged = fs::read(MERGED).unwrap();
    // Up to the middle of a record, as a writer leaves it.
    let half = merged.len() / 2;
    let mut file = File::create(&path).unwrap();
    file.write_all(&merged[..half]).unwrap();
    let mut term = Term::otoscope((200, 50), &["--follow", path.to_str().unwrap()]);
    term.see(&["following", "app.jsonl", "1 trace"]);
    file.write_all(&merged[half..]).unwrap();
    term.see(&["24 requests"]);
    let express = fs::read("tests/captures/express/capture.jsonl").unwrap();
    term.keys(&tab("Receiver"));
    // Shorter than what was read: a writer that starts over.
    let one = express.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    fs::write(&path, one).unwrap();
    term.see(&["was truncated: read anew from its start"]);
    // Until it has been opened anew, another file of its name would be just what is read next.
    term.keys("1");
    term.see(&["gateway"]);
    term.keys(&tab("Receiver"));
    term.see(&["was truncated: read anew from its start"]);
    fs::rename(&path, dir.path().join("app.1.jsonl")).unwrap();
    fs::write(&path, &express).unwrap();
    term.see(&["was rotated: read anew from its start"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn delimited_protobuf_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.binpb");
    let file = path.to_str().unwrap();
    let convert = ["convert", MERGED, "-o", file];
    assert!(std::process::Command::new(crate::pty::OTOSCOPE).args(convert).status().unwrap().success());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, b"").unwrap();
    let mut term = Term::otoscope(SMALL, &["--follow", file]);
    term.see(&["following"]);
    File::options().append(true).open(&path).unwrap().write_all(&whole).unwrap();
    term.see(&["24 requests"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}
