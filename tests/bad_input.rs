//! What is no dump, or only half of one, or cannot be opened: said in words with a place, and the rest is read on.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const GOOD: &str = "tests/captures/flask-1.30/capture.jsonl";

/// A directory that anybody may look into.
fn place() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    dir
}

fn check(files: &[&Path]) -> (String, String, i32) {
    said(Command::new(env!("CARGO_BIN_EXE_otoscope")).arg("check").args(files).output().unwrap())
}

fn said(out: Output) -> (String, String, i32) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(out.stdout), text(out.stderr), out.status.code().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One line a span, as little as can be taken and is no error.
fn line(id: u8) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"841af2000000000000000000000000ff","spanId":"00000000000000{id:02x}","name":"s","startTimeUnixNano":"1795416822083692000","endTimeUnixNano":"1795416822083693000"}}]}}]}}]}}"#
    )
}

/// Every file alone: one sentence, nothing on standard output, exit code 2.
#[test]
fn what_holds_no_span_gets_one_sentence() {
    let noise: Vec<u8> = (0..4_096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let blank = vec![b' '; 1 << 20];
    let start = b"{\"resourceSpans\":[";
    let mut best = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    best.write_all(&blank).unwrap();
    let bomb = [gzip(start), best.finish().unwrap().repeat(300)].concat();
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Zstd);
    let mut zip_bomb = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip_bomb.start_file("bomb.json", options).unwrap();
    zip_bomb.write_all(start).unwrap();
    (0..300).for_each(|_| zip_bomb.write_all(&blank).unwrap());
    let zip_bomb = zip_bomb.finish().unwrap().into_inner();
    let endless = format!("{{\"{}", "x".repeat(70 << 20));
    let capture = fs::read(GOOD).unwrap();
    let dir = place();
    for (name, bytes, says) in [
        ("empty.jsonl", vec![], "is empty."),
        ("noise.bin", noise, "binary data that is not OTLP protobuf of traces"),
        ("words.jsonl", b"nothing to see here\n".to_vec(), "plain text without spans in it"),
        ("cut.zip", zipped(&[("a.jsonl", &capture)])[..900].to_vec(), "zip archive is broken or cut off"),
        ("nothing.zip", zipped(&[]), "is empty."),
        ("cut.gz", gzip(&capture)[..5].to_vec(), "cannot be read: "),
        ("bomb.gz", bomb, "it inflates to more than 500 times its size"),
        ("bomb.zip", zip_bomb, "it inflates to more than 500 times its size"),
        ("endless.json", endless.into_bytes(), "JSON"),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (stdout, stderr, code) = check(&[&path]);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{name}: {stderr}");
        assert!(stderr.contains(says) && stderr.contains(name), "{name}: {stderr}");
        fs::remove_file(&path).unwrap();
    }
    for (path, says) in [
        ("/dev/null", "/dev/null is empty."),
        ("no such file", "no such file cannot be read: No such file or directory"),
    ] {
        let (stdout, stderr, code) = check(&[Path::new(path)]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{path}");
        assert!(stderr.contains(says), "{path}: {stderr}");
    }
}

/// What a dump is called says nothing: every format is found by its content.
#[test]
fn a_wrong_extension_misleads_nobody() {
    let dir = place();
    for (file, name) in [
        (GOOD, "a.zip"),
        (GOOD, "a.pb"),
        ("tests/captures/protobuf/flask-1.29.binpb", "b.json"),
        ("tests/captures/zipkin/flask-1.29.json", "c.gz"),
        ("tests/captures/console/flask-1.29.txt", "d.binpb"),
    ] {
        let path = dir.path().join(name);
        fs::copy(file, &path).unwrap();
        let (stdout, stderr, code) = check(&[&path]);
        assert!(code < 2 && stderr.is_empty() && !stdout.contains("not read"), "{name}: {stderr}{stdout}");
    }
}

/// Cut at any byte: the exit code is that of what came before, and a cut in the middle is told with its place.
#[test]
fn a_dump_that_is_cut_anywhere_is_read_up_to_there() {
    let dir = place();
    let whole = format!("{}\n{}\n", line(1), line(2)).into_bytes();
    let path = dir.path().join("cut.jsonl");
    for cut in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..cut]).unwrap();
        let (stdout, stderr, code) = check(&[&path]);
        // The brackets behind a span say nothing more of it.
        let (len, behind) = (line(1).len(), "]}]}]}".len());
        let spans = usize::from(cut >= len - behind) + usize::from(cut > 2 * len - behind);
        assert_eq!(code, if spans == 0 { 2 } else { 0 }, "{cut}: {stderr}{stdout}");
        let (said, what) =
            if spans == 0 { (&stderr, "cut.jsonl".into()) } else { (&stdout, format!("{spans} span")) };
        assert!(said.contains(&what), "{cut}: {said}");
        let inside = cut > len + 1 && cut <= 2 * len;
        assert_eq!(stdout.contains("cut.jsonl:2: the text ends in the middle"), inside, "{cut}: {stdout}");
    }
}

#[test]
fn bad_records_among_good_ones_are_told_with_their_places() {
    let dir = place();
    let path = dir.path().join("mixed.jsonl");
    let long = format!("{{\"{}\":1}}", "x".repeat(65 << 20));
    let bad = line(3).replace("841af2000000000000000000000000ff", "no id");
    let text = [&line(1), "not JSON", &bad, &long, "{\"resourceSpans\":", &line(2)]
        .map(|line| line.to_owned() + "\n");
    fs::write(&path, text.concat()).unwrap();
    let (stdout, stderr, code) = check(&[&path]);
    // Ids that cannot be are a finding of their own, an error; the other lines are only told.
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    for said in [
        "✖ 1 span was rejected: their ids violate the format",
        "mixed.jsonl:2: a line that is not JSON",
        "mixed.jsonl:3: ",
        "mixed.jsonl:4: a record of more than 64 MiB, left out",
        "mixed.jsonl:5: ",
        "2 spans in 1 trace, 4 not read",
    ] {
        assert!(stdout.contains(said), "{said}: {stdout}");
    }
}

/// As somebody who may not read everything: as root the program is run by another user.
fn as_anybody(dir: &Path) -> Option<Command> {
    let probe = dir.join("probe");
    fs::write(&probe, "x").unwrap();
    fs::set_permissions(&probe, Permissions::from_mode(0o0)).unwrap();
    if fs::read(&probe).is_err() {
        return Some(Command::new(env!("CARGO_BIN_EXE_otoscope")));
    }
    // The way to the built program may be closed to others.
    let program = dir.join("otoscope");
    fs::copy(env!("CARGO_BIN_EXE_otoscope"), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program);
    let works = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "true"])
        .status()
        .is_ok_and(|status| status.success());
    works.then_some(command)
}

#[test]
fn what_may_not_be_read_is_said_and_the_rest_is_read() {
    let dir = place();
    let inside = dir.path().join("dumps");
    fs::create_dir(&inside).unwrap();
    fs::copy(GOOD, inside.join("good.jsonl")).unwrap();
    fs::copy(GOOD, inside.join("locked.jsonl")).unwrap();
    fs::set_permissions(inside.join("good.jsonl"), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(inside.join("locked.jsonl"), Permissions::from_mode(0o0)).unwrap();
    // Where root has no `setpriv`, nobody is there who may not read everything.
    let Some(mut command) = as_anybody(dir.path()) else { return };
    let (stdout, stderr, code) = said(command.arg("check").arg(&inside).output().unwrap());
    assert_eq!(code, 2, "{stderr}{stdout}");
    assert!(stderr.contains("locked.jsonl cannot be read: Permission denied"), "{stderr}");
    assert!(stdout.contains(" spans in "), "{stdout}");
}

/// A pipe with a name is read like any other; nobody waits for one that merely lies in a directory.
#[test]
fn pipes_with_names() {
    let dir = place();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::copy(GOOD, dir.path().join("good.jsonl")).unwrap();
    let (stdout, _, code) = check(&[dir.path()]);
    assert!(code == 0 && stdout.contains(" spans in "), "{stdout}");
    for bytes in [fs::read(GOOD).unwrap(), zipped(&[("a.jsonl", &fs::read(GOOD).unwrap())])] {
        let into = pipe.clone();
        let writer = std::thread::spawn(move || fs::write(into, bytes));
        let (stdout, stderr, code) = check(&[&pipe]);
        writer.join().unwrap().unwrap();
        assert!(code == 0 && stdout.contains(" spans in "), "{stderr}{stdout}");
    }
}

#[test]
fn links_that_lead_nowhere_and_links_that_lead_back() {
    let dir = place();
    let at = |name: &str| -> PathBuf { dir.path().join(name) };
    symlink(at("gone.jsonl"), at("broken.jsonl")).unwrap();
    symlink(dir.path(), at("round")).unwrap();
    let (stdout, stderr, code) = check(&[&at("broken.jsonl")]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("broken.jsonl cannot be read: No such file"), "{stderr}");
    let (_, stderr, code) = check(&[dir.path()]);
    assert!(code == 2 && stderr.contains("a directory without a file in it"), "{stderr}");
    fs::copy(GOOD, at("good.jsonl")).unwrap();
    let (once, _, code) = check(&[&at("good.jsonl")]);
    assert_eq!(code, 0);
    let (stdout, _, code) = check(&[dir.path()]);
    assert_eq!(code, 0);
    let sum = |text: &str| text.lines().last().unwrap().to_owned();
    assert_eq!(sum(&stdout), sum(&once), "the link is not followed round and round");
}

/// A file that is taken away, or cut short, while it is read: what was read counts.
#[test]
fn a_file_that_is_removed_while_it_is_read() {
    let dir = place();
    let path = dir.path().join("going.jsonl");
    let lines: String = (1..200).map(|id| line(id) + "\n").collect();
    fs::write(&path, lines.repeat(500)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_otoscope"));
    let child = command.arg("check").arg(&path).stdout(std::process::Stdio::piped());
    let child = child.stderr(std::process::Stdio::piped()).spawn().unwrap();
    // Too early, it was never there; too late, it was read; in between, its bytes stay until it is closed.
    fs::remove_file(&path).unwrap();
    let (stdout, stderr, code) = said(child.wait_with_output().unwrap());
    match code {
        2 => assert!(stderr.contains("going.jsonl cannot be read: No such file"), "{stderr}"),
        _ => assert!(stdout.contains("199 spans in 1 trace"), "{stdout}"),
    }
}

/// What lies in a zip archive is spoken of as what lies in a directory.
#[test]
fn an_archive_is_spoken_of_like_a_directory() {
    let (dir, good) = (place(), fs::read(GOOD).unwrap());
    let members: [(&str, &[u8]); 3] = [("a.jsonl", &good), ("empty.json", b""), ("notes.txt", b"hello\n")];
    let (inside, archive) = (dir.path().join("dumps"), dir.path().join("dumps.zip"));
    fs::create_dir(&inside).unwrap();
    for (name, bytes) in members {
        fs::write(inside.join(name), bytes).unwrap();
    }
    fs::write(&archive, zipped(&members)).unwrap();
    let (stdout, stderr, code) = check(&[&inside]);
    let (of_zip, in_zip, code_of_zip) = check(&[&archive]);
    assert_eq!((code, code_of_zip), (0, 0), "{stderr}{in_zip}");
    assert_eq!(in_zip.replace("dumps.zip!", "dumps/"), stderr);
    assert_eq!(of_zip.lines().last(), stdout.lines().last());
    // One that is broken is no stranger, but a dump that cannot be read.
    let mut broken = zipped(&members[..1]);
    let at = broken.len() / 3;
    broken[at..at + 64].fill(0xff);
    fs::write(&archive, broken).unwrap();
    let (stdout, stderr, code) = check(&[&archive]);
    assert!(code == 2 || stdout.contains("cannot be read further"), "{stderr}{stdout}");
}

#[test]
fn a_directory_without_dumps() {
    let dir = place();
    fs::write(dir.path().join("readme.txt"), "hello\n").unwrap();
    let (stdout, stderr, code) = check(&[dir.path()]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("readme.txt is not in a format"), "{stderr}");
}

/// Thousands of bad lines of one kind are one line that counts them.
#[test]
fn what_is_wrong_in_the_same_way_is_said_once() {
    let dir = place();
    let path = dir.path().join("many.jsonl");
    let bad = line(9).replace("841af2000000000000000000000000ff", "no id");
    let text: String = (0..3_000).map(|_| format!("{bad}\n{}\n", line(1))).collect();
    fs::write(&path, text).unwrap();
    let (stdout, stderr, code) = check(&[&path]);
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    let lines: Vec<&str> = stdout.lines().filter(|line| line.starts_with("not read")).collect();
    assert_eq!(lines.len(), 1, "{stdout}");
    assert!(lines[0].contains("many.jsonl:1: ") && lines[0].contains("and 2999 more like it"), "{lines:?}");
}
