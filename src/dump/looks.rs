//! What a file that is no dump looks like, for the error that says so.

use crate::model::Value;
use crate::otlp::{first_keys, tree};
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

/// Starts of what the exporters and clients of other systems send.
const SENT: &[(&[u8], &str)] = &[
    (b"\x80\x01\0\x04\0\0\0\x09emitBatch", JAEGER),
    (b"\x82\x81", JAEGER),
    (b"\x0c\0\x01\x0b\0\x01", JAEGER),
    (
        b"\x0c\0\0\0",
        "what Zipkin clients of version 1 send in Thrift: have the app send OTLP, or Zipkin JSON of version 2",
    ),
];

const JAEGER: &str = "what Jaeger's clients send in Thrift: have the app send OTLP, or download the trace from Jaeger's UI as JSON";

const ZIPKIN_PROTOBUF: &str =
    "what Zipkin exporters send as protobuf: have the app send OTLP, or Zipkin JSON of version 2";

/// Texts that tell a kind of text, in the order in which they are looked for: one of them, or both.
const MARKS: &[(&[&str], &str)] = &[
    (
        &["\"binaryAnnotations\""],
        "Zipkin JSON of version 1, of which only version 2 is read: have the app send that, or OTLP",
    ),
    (
        &["OpenTelemetry::SDK::Trace::SpanData"],
        "what Ruby's console exporter prints, whose ids are no longer text: have the app send OTLP",
    ),
    (
        &["SpanData{", "startEpochNanos="],
        "what Java's logging exporter printed before version 1.0: set OTEL_TRACES_EXPORTER=logging-otlp",
    ),
    (
        &["parent_span_id:", "instr-lib "],
        "what C++'s ostream exporter prints, which is not read: have the app send OTLP",
    ),
    (
        &["\"scopes\"", "\"parent_span_id\""],
        "what PHP's console exporter prints, which is not read: have the app send OTLP",
    ),
    (
        &["SpanContext(trace_id=0x"],
        "what Python's console exporter printed before version 0.6: have the app send OTLP",
    ),
    (
        &["spans\": ", "TracesExporter"],
        "a log of the collector without spans in it: set `verbosity: detailed` of its debug exporter",
    ),
    (
        &["spans\": ", "\"data_type\": \"traces\""],
        "a log of the collector without spans in it: set `verbosity: detailed` of its debug exporter",
    ),
    (
        // What `verbosity: normal` prints, of which the line before may be missing.
        &["ResourceSpans #", "ScopeSpans #"],
        "a log of the collector without whole spans in it: set `verbosity: detailed` of its debug exporter",
    ),
    (
        &["spans\": ", "\"otelcol.signal\": \"traces\""],
        "a log of the collector without spans in it: set `verbosity: detailed` of its debug exporter",
    ),
];

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
    if let Some((_, what)) = SENT.iter().find(|(start, _)| head.starts_with(start)) {
        return (*what).to_owned();
    }
    if is_zipkin_protobuf(head) {
        return ZIPKIN_PROTOBUF.to_owned();
    }
    let has = |mark: &&str| memmem::find(head, mark.as_bytes()).is_some();
    if let Some((_, what)) = MARKS.iter().find(|(marks, _)| marks.iter().all(has)) {
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
    if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() {
        return "JSON, but not of spans: a single value".to_owned();
    }
    let commas = |line: &[u8]| memchr::memchr_iter(b',', line).count();
    let mut lines = text.split(|b| *b == b'\n');
    match (lines.next().map(commas), lines.next().map(commas)) {
        (Some(a @ 1..), Some(b)) if a == b => "CSV".to_owned(),
        _ => "plain text without spans in it".to_owned(),
    }
}

/// Whether this is a `ListOfSpans` of `zipkin.proto3`: a first span with a trace id of 8 or 16 bytes, and an id or a
/// parent's of 8.
fn is_zipkin_protobuf(head: &[u8]) -> bool {
    let [0x0a, rest @ ..] = head else { return false };
    let length = rest.iter().take(4).take_while(|b| **b >= 0x80).count() + 1;
    match rest.get(length..) {
        Some([0x0a, 16, span @ ..]) if span.len() > 26 => matches!(span[16..18], [0x12 | 0x1a, 8]),
        Some([0x0a, 8, span @ ..]) if span.len() > 18 => matches!(span[8..10], [0x12 | 0x1a, 8]),
        _ => false,
    }
}

/// What Jaeger's API answers where it has found nothing, and why.
pub(super) fn empty_answer(head: &[u8]) -> Option<String> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii();
    let Ok(Value::Map(members)) = tree(text) else { return None };
    let is_its = |key: &str| ["data", "total", "limit", "offset", "errors"].contains(&key);
    let nothing = |value: &Value| match value {
        Value::Empty => true,
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    if !members.iter().all(|(key, _)| is_its(key)) {
        return None;
    }
    members.iter().find(|(key, value)| key == "data" && nothing(value))?;
    let errors = members.iter().find(|(key, value)| key == "errors" && !nothing(value));
    let said = errors.map(|(_, errors)| format!(": {}", messages(errors))).unwrap_or_default();
    Some(format!("Jaeger's answer without a trace{said}"))
}

/// The messages of a list of errors, or all of it.
fn messages(errors: &Value) -> String {
    let Value::Array(list) = errors else { return errors.to_string() };
    let message = |error: &Value| match error {
        Value::Map(members) => {
            let found = members.iter().find(|(key, _)| key == "msg");
            found.map_or_else(|| error.to_string(), |(_, text)| text.to_string())
        }
        other => other.to_string(),
    };
    list.iter().map(message).collect::<Vec<_>>().join(", ")
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
            (br#"{"data":[],"status":"success"}"#, "JSON, but not of spans: its keys are `data`, `status`"),
            (b"null", "JSON, but not of spans: a single value"),
            (b"true\n", "JSON, but not of spans: a single value"),
            (b"1", "JSON, but not of spans: a single value"),
            (b"nullable", "plain text without spans in it"),
            (b"[]", "JSON without anything in it"),
            ("{\"é".as_bytes(), "JSON that is broken before the first span"),
        ] {
            assert_eq!(like(head, ""), looks);
        }
        assert_eq!(like(b"%PDF-1.7", "gzip"), "gzip of a PDF document");
    }

    #[test]
    fn an_answer_without_a_trace_is_told_from_other_objects() {
        for (head, what) in [
            (&br#"{"data":[]}"#[..], Some("Jaeger's answer without a trace")),
            (
                br#"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#,
                Some("Jaeger's answer without a trace: trace not found"),
            ),
            (br#"{"data":[],"status":"success"}"#, None),
            (b"{}", None),
        ] {
            assert_eq!(empty_answer(head).as_deref(), what);
        }
    }
}
