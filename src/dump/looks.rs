//! What a file that is no dump looks like, for the error that says so.

use crate::otlp::first_keys;
use memchr::memmem;

/// Starts of files of other kinds.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive inside of another: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xfd7zXZ", "xz inside of another archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\x1f\x8b", "gzip inside of gzip"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "UTF-16 text: save it as UTF-8 first"),
    (b"\xfe\xff", "UTF-16 text: save it as UTF-8 first"),
];

/// Texts that tell a kind of text, in the order in which they are looked for.
const MARKS: &[(&str, &str)] =
    &[("\"binaryAnnotations\"", "Zipkin JSON of version 1: only version 2 is read")];

/// What the start of a file looks like, with what it was compressed with.
pub(super) fn like(head: &[u8], compression: &str) -> String {
    let looks = content(head);
    if compression.is_empty() { looks } else { format!("{compression} of {looks}") }
}

fn content(head: &[u8]) -> String {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*what).to_owned();
    }
    if head.get(257..262) == Some(b"ustar") {
        return "a tar archive: unpack it first".to_owned();
    }
    if let Some((_, what)) = MARKS.iter().find(|(mark, _)| memmem::find(head, mark.as_bytes()).is_some()) {
        return (*what).to_owned();
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii();
    if text.is_empty() {
        return "nothing but white space".to_owned();
    }
    // A character may be cut at the end of what is looked at.
    let cut_only = std::str::from_utf8(head).is_err_and(|e| e.error_len().is_some());
    if cut_only || head.contains(&0) {
        return "binary data that is not OTLP protobuf of traces".to_owned();
    }
    if text[0] == b'<' {
        let start = text[..text.len().min(512)].to_ascii_lowercase();
        let html = [&b"<!doctype html"[..], b"<html"].iter().any(|mark| memmem::find(&start, mark).is_some());
        return if html { "an HTML page" } else { "XML" }.to_owned();
    }
    if matches!(text[0], b'{' | b'[') {
        return json(text);
    }
    let commas = |line: &[u8]| memchr::memchr_iter(b',', line).count();
    let mut lines = text.split(|b| *b == b'\n');
    match (lines.next().map(commas), lines.next().map(commas)) {
        (Some(a @ 1..), Some(b)) if a == b => "CSV".to_owned(),
        _ => "plain text without spans in it".to_owned(),
    }
}

fn json(text: &[u8]) -> String {
    match first_keys(text, 4) {
        Some(keys) if !keys.is_empty() => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{}`", key.escape_debug())).collect();
            format!("JSON, but not of spans: its keys are {}", keys.join(", "))
        }
        Some(_) => "JSON without anything in it".to_owned(),
        None => "JSON that is broken before the first span".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_named() {
        for (head, looks) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "a PNG picture"),
            (b"<!DOCTYPE html><html>", "an HTML page"),
            (b"<?xml version='1.0'?><a/>", "XML"),
            (b"a,b,c\n1,2,3\n", "CSV"),
            (b"hello\nworld", "plain text without spans in it"),
            (b" \n\n", "nothing but white space"),
            (b"\0\x01\x02\xff", "binary data that is not OTLP protobuf of traces"),
            (b"{\"level\":\"info\"}\n{}", "JSON, but not of spans: its keys are `level`"),
            (b"[\n{\"a\":1,\n\"b\":2}]", "JSON, but not of spans: its keys are `a`, `b`"),
            (b"[]", "JSON without anything in it"),
            ("{\"é".as_bytes(), "JSON that is broken before the first span"),
        ] {
            assert_eq!(like(head, ""), looks);
        }
        assert_eq!(like(b"%PDF-1.7", "gzip"), "gzip of a PDF document");
    }
}
