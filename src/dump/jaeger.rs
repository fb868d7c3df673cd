//! Jaeger JSON: what its API answers and its UI downloads, one trace or many; also single spans, as Elasticsearch
//! keeps them.
//!
//! A trace is one object, and the processes that its spans name may stand behind them: so a trace is held as text, and
//! its spans are read one by one.

use super::gather::Gather;
use super::input::Input;
use super::jaeger_span::{process, span};
use super::otlp_json::first;
use super::outlet::Outlet;
use super::scan::{Extent, Scan, Step, extent};
use super::{Format, Guess};
use crate::model::{Resource, Value};
use crate::otlp::{items, members, tree};
use memchr::memmem;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

/// Jaeger JSON.
pub(super) const FORMAT: Format = Format {
    name: "jaeger",
    summary: "Jaeger JSON: what the UI downloads and `/api/traces` answers, one trace or many",
    extensions: &["jaeger.json"],
    sniff,
    read,
    write: Some(super::jaeger_write::start),
};

/// A trace may be as large as this, bytes.
const LARGEST: usize = 1 << 30;

/// How deep traces may lie in other objects and lists: search results of Elasticsearch have three around theirs.
const WRAPPERS: u8 = 8;

fn sniff(head: &[u8]) -> Guess {
    let has = |key: &str| memmem::find(head, key.as_bytes()).is_some();
    let jaeger = matches!(first(head), Some(b'{' | b'[')) && has("\"traceID\"");
    if jaeger && (has("\"spanID\"") || has("\"spans\"")) { Guess::Sure } else { Guess::No }
}

/// Whether a trace, or a list of them, starts with these bytes of a line.
fn starts(line: &[u8]) -> bool {
    let Some(start) = line.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else { return false };
    start.starts_with(b"\"data\"")
        || start.starts_with(b"\"traceID\"") && memmem::find(start, b"\"spans\"").is_some()
}

fn read(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let mut spans = Gather::new();
    let mut answer = false;
    loop {
        let Some(byte) = input.available().first().copied() else {
            // Before waiting for more, what there is goes on its way.
            spans.flush(outlet)?;
            if !input.more() {
                return ControlFlow::Continue(());
            }
            continue;
        };
        match byte {
            b'{' => match answer_head(input) {
                Some(len) => {
                    answer = true;
                    input.consume(len);
                }
                None => {
                    object(input, &mut spans, outlet)?;
                    outlet.relieve()?;
                }
            },
            b']' if std::mem::take(&mut answer) => {
                input.consume(1);
                answer_tail(input, outlet);
            }
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | 0xef | 0xbb | 0xbf => input.consume(1),
            _ => {
                let reason = "text that is not JSON, left out to the line's end".to_owned();
                outlet.reject(outlet.at_line(input.line()), reason);
                outlet.relieve()?;
                input.skip_line();
            }
        }
    }
}

/// The length of `{"data":[`, if an answer of the API starts here: so its traces need not be held all at once.
fn answer_head(input: &mut Input<'_>) -> Option<usize> {
    loop {
        let available = input.available();
        let mut rest = &available[1..];
        let whole = [&b"\"data\""[..], b":", b"["].iter().all(|token| {
            rest = rest.trim_ascii_start();
            let found = rest.strip_prefix(*token);
            rest = found.unwrap_or(rest);
            found.is_some()
        });
        if whole {
            return Some(available.len() - rest.len());
        }
        if rest.len() > 6 || !input.more() {
            return None;
        }
    }
}

/// What stands behind the traces of an answer: counts, which say nothing, and what failed.
fn answer_tail(input: &mut Input<'_>, outlet: &mut Outlet<'_>) {
    let mut scan = Scan::inside();
    let end = loop {
        match scan.step(input.available()) {
            Step::Done(end) => break end,
            Step::Line(_) => {}
            // A file that ends in the list of traces has lost nothing that is known here.
            Step::More => {
                if input.available().len() > 1 << 20 || !input.more() {
                    break 0;
                }
            }
        }
    };
    let tail = &input.available()[..end];
    let text = [b"{", tail.trim_ascii_start().strip_prefix(b",").unwrap_or(tail)].concat();
    if let Ok(Value::Map(members)) = tree(&text)
        && let Some((_, errors)) = members.iter().find(|(key, _)| key == "errors")
        && !matches!(errors, Value::Empty)
        && *errors != Value::Array(Vec::new())
    {
        let position = outlet.at_line(input.line());
        outlet.reject(position, format!("Jaeger could not answer in full: {errors}"));
    }
    input.consume(end);
}

/// Reads the object that starts with what is available.
fn object(input: &mut Input<'_>, spans: &mut Gather, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let (len, whole) = match extent(input, LARGEST, starts) {
        Extent::Whole(len) => (len, true),
        Extent::Cut(len) => (len, false),
        Extent::TooLong => {
            let reason = format!("a trace of more than {} MiB, left out", LARGEST >> 20);
            outlet.reject(outlet.at_line(input.line()), reason);
            input.skip_line();
            return ControlFlow::Continue(());
        }
    };
    let text = &input.available()[..len];
    let mut reader = Reader { text, whole, line: input.line(), counted: 0, spans, outlet };
    let flow = reader.value(0..len, 0);
    input.consume(len);
    flow
}

/// Reads the text of an object.
struct Reader<'a, 'o> {
    text: &'a [u8],
    /// Whether it ends where its brackets do.
    whole: bool,
    /// The number of the line at `counted`.
    line: u64,
    counted: usize,
    spans: &'a mut Gather,
    outlet: &'a mut Outlet<'o>,
}

impl Reader<'_, '_> {
    /// A trace, a span, or something around them.
    fn value(&mut self, at: Range<usize>, depth: u8) -> ControlFlow<()> {
        let text = &self.text[at.clone()];
        if text.first() == Some(&b'[') && depth < WRAPPERS {
            for ((), item) in items(text).list {
                self.value(at.start + item.start..at.start + item.end, depth + 1)?;
            }
            return ControlFlow::Continue(());
        }
        let parts = members(text);
        let member = |name: &str| {
            let found = parts.list.iter().find(|(key, _)| key == name);
            found.map(|(_, range)| at.start + range.start..at.start + range.end)
        };
        if let Some(spans) = member("spans") {
            return self.trace(spans, member("processes"));
        }
        if member("spanID").is_some() || member("traceID").is_some() {
            self.span(at, &HashMap::new());
            return self.send();
        }
        let inside = ["data", "hits", "_source"].iter().find_map(|name| member(name));
        match inside {
            Some(inside) if depth < WRAPPERS && matches!(self.text[inside.start], b'{' | b'[') => {
                self.value(inside, depth + 1)
            }
            _ => {
                let keys: Vec<&str> = parts.list.iter().take(4).map(|(key, _)| key.as_str()).collect();
                let reason = match (&parts.broken, self.whole) {
                    _ if depth >= WRAPPERS => "lists and objects too deep in each other".to_owned(),
                    (Some(error), true) => format!("not JSON: {}", error.what),
                    (_, false) => "the text is cut off before a span".to_owned(),
                    _ => format!("an object without `spans`; its keys are `{}`", keys.join("`, `")),
                };
                self.reject(at.start, reason);
                ControlFlow::Continue(())
            }
        }
    }

    fn trace(&mut self, spans: Range<usize>, processes: Option<Range<usize>>) -> ControlFlow<()> {
        let found = match processes.map(|at| tree(&self.text[at])) {
            Some(Ok(Value::Map(found))) => {
                found.into_iter().map(|(id, value)| (id, process(value))).collect()
            }
            _ => HashMap::new(),
        };
        let parts = items(&self.text[spans.clone()]);
        let (broken, count) = (parts.broken.is_some(), parts.list.len());
        for (number, ((), item)) in parts.list.into_iter().enumerate() {
            if broken && number + 1 == count {
                // The one that the text breaks off in.
                let what =
                    if self.whole { "the list of spans is broken here" } else { "the trace is cut off here" };
                self.reject(spans.start + item.start, format!("{what}{}", kept(number)));
                break;
            }
            self.span(spans.start + item.start..spans.start + item.end, &found);
            self.send()?;
        }
        if broken && count == 0 || !broken && !self.whole {
            self.reject(spans.end.min(self.text.len()), format!("the trace is cut off here{}", kept(count)));
        }
        ControlFlow::Continue(())
    }

    fn span(&mut self, at: Range<usize>, processes: &HashMap<String, Resource>) {
        let read = match tree(&self.text[at.clone()]) {
            Ok(value) => span(value, processes),
            Err(error) => {
                Err(format!("not JSON: {} in its line {}, column {}", error.what, error.line, error.column))
            }
        };
        match read {
            Ok((resource, scope, span)) => self.spans.add(resource, scope, span),
            Err(reason) => self.reject(at.start, reason),
        }
    }

    fn send(&mut self) -> ControlFlow<()> {
        if self.spans.is_full() { self.spans.flush(self.outlet) } else { self.outlet.relieve() }
    }

    fn reject(&mut self, at: usize, reason: String) {
        // Counted on from the last one, so that many bad spans do not count the same lines again.
        self.line += memchr::memchr_iter(b'\n', &self.text[self.counted.min(at)..at]).count() as u64;
        self.counted = at;
        self.outlet.reject(self.outlet.at_line(self.line), reason);
    }
}

/// What a rejection says of the spans before a break.
fn kept(spans: usize) -> String {
    match spans {
        0 => String::new(),
        1 => "; the span before it was kept".to_owned(),
        n => format!("; the {n} spans before it were kept"),
    }
}
