//! What Python's `ConsoleSpanExporter` prints, as it is pasted from a terminal: between other output, indented,
//! behind the prefixes of `docker compose logs`, wrapped at the terminal's width, cut off at the end.

use super::console_object::{Fed, Object, start};
use super::console_span::{Found, find};
use super::gather::Gather;
use super::input::Input;
use super::outlet::Outlet;
use super::{Format, Guess};
use crate::otlp::tree;
use memchr::memmem;
use std::borrow::Cow;
use std::ops::ControlFlow;

/// Text of Python's console exporter.
pub(super) const FORMAT: Format = Format {
    name: "python-console",
    summary: "what Python's ConsoleSpanExporter prints, also between other output of a terminal",
    extensions: &["txt", "log", "out"],
    sniff,
    read,
    write: None,
};

/// A span, or a line of other text, may be as large as this, bytes.
const LARGEST: usize = 64 << 20;

/// How many processes may print at once, each behind its own prefix.
const PRINTERS: usize = 16;

const REMARK: &str =
    "console text carries neither instrumentation scopes nor flags; where they matter, export OTLP";

fn sniff(head: &[u8]) -> Guess {
    let mut ids = memmem::find_iter(head, b"\"trace_id\"");
    let hex = ids.any(|at| {
        let after = head[at + 10..].trim_ascii_start();
        after.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"\"0x"))
    });
    if hex { Guess::Sure } else { Guess::No }
}

fn read(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let mut console = Console { open: Vec::new(), spans: Gather::new(Some(REMARK)) };
    loop {
        if memchr::memchr(b'\n', input.available()).is_none() {
            // Before waiting for more, what there is goes on its way.
            console.spans.flush(outlet)?;
        }
        match input.line_len(LARGEST) {
            Some(0) if input.available().is_empty() => break,
            Some(len) => {
                console.line(&plain(&input.available()[..len]), input.line(), outlet);
                input.consume(len + 1);
            }
            None => {
                let reason = format!("a line of more than {} MiB, left out", LARGEST >> 20);
                outlet.reject(outlet.at_line(input.line()), reason);
                input.skip_line();
            }
        }
        if console.spans.is_full() {
            console.spans.flush(outlet)?;
        }
        outlet.relieve()?;
    }
    for object in std::mem::take(&mut console.open) {
        cut_off(&object, outlet);
    }
    console.spans.flush(outlet)
}

/// The line as it was printed: without a carriage return, without colours.
fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.contains(&0x1b) {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::with_capacity(line.len());
    let mut pieces = line.split(|b| *b == 0x1b);
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        // `ESC [ … letter`; whatever else follows an escape stays.
        let text = match piece.strip_prefix(b"[") {
            Some(sequence) => {
                let end = sequence.iter().position(|b| (0x40..0x7f).contains(b));
                &sequence[end.map_or(sequence.len(), |end| end + 1)..]
            }
            None => piece,
        };
        out.extend_from_slice(text);
    }
    Cow::Owned(out)
}

/// An object that was never finished; other output that merely looked like one is none of ours.
fn cut_off(object: &Object, outlet: &mut Outlet<'_>) {
    if object.is_span() {
        outlet.reject(outlet.at_line(object.line), "the span is cut off".to_owned());
    }
}

struct Console {
    /// Objects whose end was not seen yet, one a prefix.
    open: Vec<Object>,
    spans: Gather,
}

impl Console {
    fn line(&mut self, mut line: &[u8], number: u64, outlet: &mut Outlet<'_>) {
        self.open.retain(|object| !object.is_stale(number));
        loop {
            // The newest first: an older one may never go on.
            let Some(at) = self.open.iter_mut().rposition(|object| object.owns(line)) else {
                let Some(bracket) = start(line) else { return };
                if self.open.len() == PRINTERS {
                    cut_off(&self.open.remove(0), outlet);
                }
                self.open.push(Object::new(line, bracket, number));
                continue;
            };
            match self.open[at].feed(line) {
                Fed::More if self.open[at].len() <= LARGEST => return,
                Fed::More | Fed::Another => cut_off(&self.open.remove(at), outlet),
                Fed::NoObject => {
                    self.open.remove(at);
                }
                Fed::Done { rest } => {
                    let object = self.open.remove(at);
                    self.take(&object, outlet);
                    line = &line[line.len() - rest..];
                }
            }
        }
    }

    fn take(&mut self, object: &Object, outlet: &mut Outlet<'_>) {
        let position = |outlet: &Outlet<'_>| outlet.at_line(object.line);
        match tree(object.text()).map(find) {
            Ok(Found::Span(found)) => {
                let (resource, span) = *found;
                self.spans.add(resource, crate::model::Scope::default(), span);
            }
            Ok(Found::Log) => outlet.count_logs(1),
            Ok(Found::Bad(reason)) => outlet.reject(position(outlet), reason),
            Err(error) if object.is_span() => {
                let reason =
                    format!("not JSON: {} in its line {}, column {}", error.what, error.line, error.column);
                outlet.reject(position(outlet), reason);
            }
            Ok(Found::Other) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go() {
        assert_eq!(&*plain(b"\x1b[33mPress CTRL+C\x1b[0m to\x1bquit\r"), b"Press CTRL+C toquit");
        assert_eq!(&*plain(b"cut \x1b[3"), b"cut ");
    }
}
