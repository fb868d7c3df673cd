use crate::MERGED;
use crate::pty::{OTOSCOPE, SMALL, Term, tab};
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn files_are_opened() {
    let mut term = Term::otoscope(SMALL, &[MERGED, "tests/captures/express/capture.jsonl"]);
    term.see(&["24 requests", "INTERNAL→SERVER", "gateway", "read ", "capture.jsonl and 1 more"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn a_good_file_is_shown_beside_a_bad_one() {
    let mut bad = tempfile::NamedTempFile::new().unwrap();
    bad.write_all(b"Dear Sir or Madam,\n").unwrap();
    let bad = bad.path().to_str().unwrap();
    for files in [[bad, MERGED], [MERGED, bad]] {
        let mut term = Term::otoscope((200, 24), &files);
        term.see(&["24 requests", "read "]);
        term.keys(&tab("Receiver"));
        term.see(&["not in a format that otoscope reads"]);
        term.keys("q");
        let ended = term.ended();
        assert_eq!(ended.code, 2);
        assert!(ended.text.contains("not in a format that otoscope reads"), "{}", ended.text);
    }
    // Named twice, a file is read once.
    let mut worse = tempfile::NamedTempFile::new().unwrap();
    worse.write_all(b"yours sincerely\n").unwrap();
    let ended = Term::otoscope((200, 24), &[bad, worse.path().to_str().unwrap(), bad]).ended();
    assert_eq!((ended.code, ended.text.matches("not in a format").count()), (2, 2));
    assert!(!ended.raw.contains(&b'\x1b'));
}

#[test]
fn standard_input_is_read_while_keys_come_from_the_terminal() {
    let mut term = Term::sh(SMALL, r#"cat "$FILE" | "$OTOSCOPE" -"#, &[("FILE", MERGED)]);
    term.see(&["24 requests", "read standard input"]);
    term.keys("u");
    term.see(&["24 requests, as recorded"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn standard_input_that_does_not_end_is_shown_as_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut term = Term::sh(SMALL, r#"exec "$OTOSCOPE" - <"$PIPE""#, &[("PIPE", pipe.to_str().unwrap())]);
    let mut into = File::options().write(true).open(&pipe).unwrap();
    term.see(&["reading standard input …"]);
    into.write_all(&fs::read(MERGED).unwrap()).unwrap();
    // How much has been read is said on the way.
    term.see(&["24 requests", "reading", "standard input"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
    drop(into);
}

#[test]
fn what_cannot_be_read_is_one_line_and_no_screen() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let nothing_in_it = dir.path().join("directory");
    fs::create_dir(&nothing_in_it).unwrap();
    let cases = [
        (file("nothing.json", b""), "is empty"),
        (file("photo.jsonl", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00"), "PNG"),
        (file("letter.txt", b"Dear Sir or Madam,\n"), "not in a format that otoscope reads"),
        (dir.path().join("missing.json").to_str().unwrap().to_owned(), "cannot be read"),
        (nothing_in_it.to_str().unwrap().to_owned(), "it is a directory without a file in it"),
    ];
    for (path, says) in cases {
        let ended = Term::otoscope((200, 24), &[&path]).ended();
        assert_eq!(ended.code, 2, "{path}");
        ended.is_one_line_with(&[&path, says]);
    }
}

#[test]
fn standard_input_is_not_read_where_keys_come_from() {
    let ended = Term::otoscope((200, 24), &["-"]).ended();
    assert_eq!(ended.code, 2);
    ended.is_one_line_with(&["standard input is the terminal"]);
}

#[test]
fn options_that_make_no_sense_are_one_line_and_no_screen() {
    let cases: [(&[&str], &str); 2] =
        [(&["--max-memory", "lots"], "lots is not a size"), (&["demo", "--speed", "warp"], "warp")];
    for (args, says) in cases {
        let ended = Term::otoscope((200, 24), args).ended();
        assert_eq!(ended.code, 2, "{args:?}");
        ended.is_one_line_with(&[says]);
    }
}

#[test]
fn without_a_terminal_check_is_named() {
    for args in [&["demo"][..], &[MERGED], &["--grpc", "0", "--http", "0"]] {
        let out = Command::new(OTOSCOPE).args(args).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{said}");
        assert!(said.contains("otoscope check") && said.matches('\n').count() == 1, "{said}");
    }
}

#[test]
fn a_dump_is_held_against_an_earlier_report() {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report.json");
    let path = report.to_str().unwrap();
    let written = Command::new(OTOSCOPE)
        .args(["check", "--format", "json", "-o", path, MERGED])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(written.code(), Some(1));
    let fixed = "tests/captures/flask-1.30/capture.jsonl";
    for (dump, said) in
        [(MERGED, "0 new · 1 still there · 0 gone"), (fixed, "0 new · 0 still there · 1 gone")]
    {
        let mut term = Term::otoscope(SMALL, &["--baseline", path, dump]);
        term.see(&["baseline report.json: ", said]);
        term.keys("q");
        assert_eq!(term.ended().code, 0);
    }
    let ended = Term::otoscope(SMALL, &["--baseline", "/nonexistent", fixed]).ended();
    assert_eq!(ended.code, 2);
    assert!(ended.text.contains("the baseline /nonexistent cannot be read"), "{}", ended.text);
    assert!(!ended.raw.contains(&b'\x1b'));
}
