//! Zipkin v2 JSON: an array of spans, arrays of arrays, one array or one span a line.

use super::gather::Gather;
use super::input::Input;
use super::node_console::is_json_span;
use super::otlp_json::first;
use super::outlet::Outlet;
use super::scan::{Extent, extent};
use super::zipkin_shared::Shared;
use super::zipkin_span::span;
use super::{Format, Guess};
use crate::otlp::tree;
use memchr::memmem;
use std::ops::ControlFlow;

/// Zipkin v2 JSON.
pub(super) const FORMAT: Format = Format {
    name: "zipkin-v2",
    summary: "Zipkin v2 JSON: an array of spans, or an array a line, as Zipkin exporters post it",
    extensions: &["json", "jsonl", "zipkin.json"],
    sniff,
    read,
    write: Some(super::zipkin_write::start),
};

/// A span may be as large as this, bytes.
const LARGEST: usize = 64 << 20;

fn sniff(head: &[u8]) -> Guess {
    let has = |key: &str| memmem::find(head, key.as_bytes()).is_some();
    let spans = matches!(first(head), Some(b'{' | b'[')) && has("\"traceId\"") && has("\"id\"");
    let of_others =
        has("\"spanId\"") || has("\"binaryAnnotations\"") || is_json_span(head) && !has("\"localEndpoint\"");
    if !spans || of_others {
        return Guess::No;
    }
    if has("\"localEndpoint\"") || has("\"timestamp\"") { Guess::Sure } else { Guess::Perhaps }
}

/// Whether a span, or an array of spans, starts with these bytes of a line.
fn starts(line: &[u8]) -> bool {
    let array = line.strip_prefix(b"[");
    let Some(members) = array.unwrap_or(line).trim_ascii_start().strip_prefix(b"{") else { return false };
    let members = members.trim_ascii_start();
    [&b"\"traceId\""[..], b"\"id\"", b"\"parentId\""].iter().any(|key| members.starts_with(key))
}

fn read(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let (mut spans, mut shared, mut arrays) = (Gather::new(), Shared::default(), 0_usize);
    loop {
        let Some(byte) = input.available().first().copied() else {
            // Before waiting for more, what there is goes on its way.
            send(&mut spans, &mut shared, outlet)?;
            if !input.more() {
                return ControlFlow::Continue(());
            }
            continue;
        };
        match byte {
            b'{' => {
                one(input, &mut spans, outlet);
                if spans.is_full() {
                    send(&mut spans, &mut shared, outlet)?;
                }
                continue;
            }
            b'[' => arrays += 1,
            // What was posted together stays together.
            b']' => {
                arrays = arrays.saturating_sub(1);
                if arrays == 0 {
                    send(&mut spans, &mut shared, outlet)?;
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xef | 0xbb | 0xbf => {}
            _ => {
                outlet.reject(
                    outlet.at_line(input.line()),
                    "text that is not JSON, left out to the line's end".into(),
                );
                outlet.relieve()?;
                input.skip_line();
                continue;
            }
        }
        input.consume(1);
    }
}

fn send(spans: &mut Gather, shared: &mut Shared, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    shared.tell_apart(spans);
    spans.flush(outlet)
}

/// Reads the span that starts with what is available.
fn one(input: &mut Input<'_>, spans: &mut Gather, outlet: &mut Outlet<'_>) {
    let position = outlet.at_line(input.line());
    let (len, whole) = match extent(input, LARGEST, starts) {
        Extent::Whole(len) => (len, true),
        Extent::Cut(len) => (len, false),
        Extent::TooLong => {
            outlet.reject(position, format!("a span of more than {} MiB, left out", LARGEST >> 20));
            return input.skip_line();
        }
    };
    let text = &input.available()[..len];
    let read = match tree(text) {
        Ok(value) => span(value),
        Err(_) if !whole => Err("the span is cut off".to_owned()),
        Err(error) => {
            let line = input.line() + error.line as u64 - 1;
            Err(format!("not JSON: {} at line {line}, column {}", error.what, error.column))
        }
    };
    match read {
        Ok((resource, scope, span)) => spans.add(resource, scope, span),
        Err(reason) => outlet.reject(position, reason),
    }
    input.consume(len);
}
