//! OTLP/JSON: one document, pretty-printed or not, or many of them, one a line or one behind the other.

use super::console;
use super::input::Input;
use super::otlp_parts::Parts;
use super::outlet::{Outlet, kept};
use super::scan::{Extent, extent};
use super::writing::Alone;
use super::{Format, Guess, Lost};
use crate::model::Unshown;
use crate::otlp::{Reading, logs_to_json, read_document, to_json};
use memchr::memmem;
use std::ops::ControlFlow;

/// OTLP/JSON.
pub(super) const FORMAT: Format = Format {
    name: "otlp-json",
    summary: "OTLP/JSON: one document or JSON lines, as the collector's file exporter and `otoscope record` write them",
    extensions: &["json", "jsonl", "ndjson"],
    sniff,
    read,
    write: Some(|| Box::new(Alone { spans: write, logs: write_logs })),
};

/// A document may be as large as this, bytes, if it cannot be read in parts; so may be what these are made of.
pub(super) const LARGEST: usize = 64 << 20;

/// A document that is larger than this, bytes, is read in parts.
const AT_ONCE: usize = 16 << 20;

fn sniff(head: &[u8]) -> Guess {
    const KEYS: [&[u8]; 8] = [
        b"\"resourceSpans\"",
        b"\"resource_spans\"",
        b"\"resourceLogs\"",
        b"\"resource_logs\"",
        b"\"resourceMetrics\"",
        b"\"scopeSpans\"",
        b"\"scope_spans\"",
        b"\"instrumentationLibrarySpans\"",
    ];
    let has = |key: &[u8]| memmem::find(head, key).is_some();
    let ours = KEYS.iter().any(|key| has(key));
    // Python's console exporter of metrics writes this too, and its spans may come later.
    if !ours && (!has(b"\"resource_metrics\"") || console::has_spans(head)) {
        return Guess::No;
    }
    // A log that was rotated starts in the middle of a line.
    let later = || memmem::find_iter(head, b"\n{").any(|at| starts(&head[at + 1..]));
    let at_once = if ours { Guess::Sure } else { Guess::Perhaps };
    match first(head) {
        Some(b'{') => at_once,
        // A line of a log may start with a bracket too: `[main] INFO …`.
        Some(b'[') if !is_log_line(head) => at_once,
        _ if later() => Guess::Perhaps,
        _ => Guess::No,
    }
}

/// Whether the bracket that comes first is that of a log line, not that of a list of documents.
fn is_log_line(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let inner = text.get(1..).unwrap_or_default().trim_ascii_start();
    inner.first().is_some_and(|b| !matches!(b, b'{' | b'[' | b']'))
}

/// The first byte that is no white space.
pub(super) fn first(head: &[u8]) -> Option<u8> {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().first().copied()
}

/// Whether a document starts with these bytes of a line.
pub(super) fn starts(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"{") else { return false };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"resource") else { return false };
    matches!(rest.first(), Some(b'S' | b'L' | b'M' | b'_' | b'"'))
}

fn read(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    loop {
        skip_separators(input);
        let Some(byte) = input.available().first() else { return ControlFlow::Continue(()) };
        if !matches!(byte, b'{' | 0xef) {
            reject_other_text(input, outlet);
            outlet.relieve()?;
            continue;
        }
        let Some(line) = input.line_len(AT_ONCE) else {
            large(input, outlet)?;
            continue;
        };
        // Mostly a line is a document, which saves looking for its end. An opening bracket alone never is.
        let record = &input.available()[..line];
        let alone = record.trim_ascii_end().len() < 3 && !input.has_ended();
        let reading =
            if alone { None } else { Some(read_document(record, outlet.source(), outlet.origin(), 0)) };
        match reading {
            Some(reading) if !reading.is_cut(record) => {
                // After a document comes perhaps another one, after broken text only the next line.
                let len = if reading.broken.is_some() { line } else { reading.end };
                send(reading, len, input, outlet)?;
            }
            _ => match extent(input, AT_ONCE, starts) {
                Extent::TooLong => large(input, outlet)?,
                Extent::Whole(len) | Extent::Cut(len) => whole(len, input, outlet)?,
            },
        }
    }
}

/// Reads the document of this length.
fn whole(len: usize, input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    // The break is where the text ends, not on the line after it.
    let record = input.available()[..len].trim_ascii_end();
    let reading = read_document(record, outlet.source(), outlet.origin(), 0);
    send(reading, len, input, outlet)
}

/// A document of many megabytes, or a line that never ends: in parts, if it is made of such.
fn large(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    if let Some(parts) = Parts::of(input, outlet) {
        return parts.read();
    }
    match extent(input, LARGEST, starts) {
        Extent::Whole(len) | Extent::Cut(len) => whole(len, input, outlet),
        Extent::TooLong => {
            let position = outlet.at_line(input.line());
            outlet.reject(position, format!("a record of more than {} MiB, left out", LARGEST >> 20));
            input.skip_line();
            outlet.relieve()
        }
    }
}

/// Turns paths into lines, says what broke the document, and hands on what there is.
fn send(reading: Reading, len: usize, input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let is_cut = reading.is_cut(input.available()[..len].trim_ascii_end());
    let Reading { mut batch, rejected_at, broken, unknown_keys, .. } = reading;
    let (mut line, mut from) = (input.line(), 0);
    for (rejection, at) in batch.rejections.iter_mut().zip(rejected_at) {
        line += memchr::memchr_iter(b'\n', &input.available()[from..at]).count() as u64;
        from = at;
        let path = std::mem::replace(&mut rejection.position, outlet.at_line(line));
        rejection.reason = format!("{path}: {}", rejection.reason);
    }
    let nothing = batch.records.is_empty()
        && batch.logs.records.is_empty()
        && batch.rejections.is_empty()
        && batch.unshown == Unshown::default();
    if let Some(error) = broken {
        let kept = kept(&batch);
        let position = outlet.at_line(input.line() + error.line as u64 - 1);
        let failed = is_cut && len == input.available().len() && input.has_failed();
        outlet.cut(failed, position, format!("{} at column {}{kept}", error.what, error.column));
    } else if nothing && !unknown_keys.is_empty() {
        let keys = unknown_keys.join("`, `");
        outlet.reject(
            outlet.at_line(input.line()),
            format!("an object without `resourceSpans`; its keys are `{keys}`"),
        );
    }
    input.consume(len);
    outlet.relieve()?;
    outlet.send(batch)
}

/// White space and commas between documents, and the brackets of a list of them.
fn skip_separators(input: &mut Input<'_>) {
    loop {
        let available = input.available();
        let until =
            available.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']'));
        input.consume(until.unwrap_or(available.len()));
        if until.is_some() || !input.more() {
            return;
        }
    }
}

/// Lines that cannot be documents are one rejection together.
fn reject_other_text(input: &mut Input<'_>, outlet: &mut Outlet<'_>) {
    let (position, first_line) = (outlet.at_line(input.line()), input.line());
    loop {
        input.skip_line();
        if !input.at_least(1) || matches!(input.available()[0], b'{' | b'[') {
            break;
        }
    }
    let reason = match input.line() - first_line {
        0 | 1 => "a line that is not JSON".to_owned(),
        lines => format!("{lines} lines that are not JSON"),
    };
    outlet.reject(position, reason);
}

/// One line a request, as the collector's file exporter writes them.
fn write(request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>) {
    to_json(request, out, lost);
    out.push(b'\n');
}

fn write_logs(request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>) {
    logs_to_json(request, out, lost);
    out.push(b'\n');
}
