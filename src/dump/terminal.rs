//! The lines of a terminal: what was printed, without colours, handed to everyone who knows a way of printing spans.
//!
//! One text may hold what several SDKs printed (`docker compose logs`), so every printer sees every line, whichever
//! of them the format was found by.

use super::block::Blocks;
use super::collector_debug::Printout as CollectorDebug;
use super::console_objects::Objects;
use super::dotnet_console::Printout as DotnetConsole;
use super::gather::Gather;
use super::headless::Headless;
use super::input::Input;
use super::java_logging::JavaLines;
use super::outlet::Outlet;
use super::rust_stdout::Printout as RustStdout;
use super::wrapped::Wrapped;
use super::{collector_debug, console, dotnet_console, go_stdout, headless, node_console, rust_stdout};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// A span, or a line of other text, may be as large as this, bytes.
pub(super) const LARGEST: usize = 64 << 20;

/// What a colour begins with.
pub(super) const ESCAPE: u8 = 0x1b;

/// How many processes may print at once, each behind its own prefix.
pub(super) const PRINTERS: usize = 16;

/// The ways of printing that are known by more than the first line of a span.
const HEADLESS: [&headless::Lines; 6] = [
    &console::LINES,
    &node_console::LINES,
    &go_stdout::LINES,
    &dotnet_console::LINES,
    &collector_debug::LINES,
    &rust_stdout::LINES,
];

/// Who knows one way of printing spans.
pub(super) trait Printer {
    /// Looks at a line; one that is somebody else's is left alone.
    fn line(&mut self, line: &[u8], number: u64, sink: &mut Sink<'_, '_>) -> ControlFlow<()>;
    /// Nothing came for a moment: what can be told to be whole is.
    fn pause(&mut self, _: &mut Sink<'_, '_>) {}
    /// Nothing more comes.
    fn end(&mut self, sink: &mut Sink<'_, '_>);
}

/// Where printers put what they read.
pub(super) struct Sink<'a, 'b> {
    /// Spans on their way.
    pub(super) spans: &'a mut Gather,
    /// Rejections, and batches that are whole already.
    pub(super) outlet: &'a mut Outlet<'b>,
}

impl Sink<'_, '_> {
    /// Says that what starts in this line could not be taken.
    pub(super) fn reject(&mut self, line: u64, reason: impl Into<String>) {
        let position = self.outlet.at_line(line);
        self.outlet.reject(position, reason.into());
    }
}

/// The start of a text as it was printed, for the formats that look for their words in it.
pub(super) use super::wrapped::head as text;

/// Reads spans out of the text of a terminal.
pub(super) fn read(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let mut spans = Gather::new();
    let mut printers: Vec<Box<dyn Printer>> = vec![
        Box::new(Objects::default()),
        Box::new(Blocks::<DotnetConsole>::default()),
        Box::new(Blocks::<CollectorDebug>::default()),
        Box::new(Blocks::<RustStdout>::default()),
        Box::new(JavaLines),
    ];
    for lines in HEADLESS {
        printers.push(Box::new(Headless::of(lines)));
    }
    let mut wrapped = Wrapped::default();
    loop {
        if memchr::memchr(b'\n', input.available()).is_none() {
            // Before waiting for more, what there is goes on its way.
            spans.flush(outlet)?;
            if input.available().is_empty() && input.rests() {
                for printer in &mut printers {
                    printer.pause(&mut Sink { spans: &mut spans, outlet });
                }
                spans.flush(outlet)?;
            }
        }
        match input.line_len(LARGEST) {
            Some(0) if input.available().is_empty() => break,
            Some(len) => {
                let line = plain(&input.available()[..len]);
                let number = input.line();
                let mut print = |line: &[u8]| {
                    printers.iter_mut().try_for_each(|printer| {
                        printer.line(line, number, &mut Sink { spans: &mut spans, outlet })
                    })
                };
                match wrapped.lines(&line) {
                    Some(lines) => lines.lines().try_for_each(|line| print(&plain(line.as_bytes())))?,
                    None => print(&line)?,
                }
                input.consume(len + 1);
            }
            None => {
                let reason = format!("a line of more than {} MiB, left out", LARGEST >> 20);
                outlet.reject(outlet.at_line(input.line()), reason);
                input.skip_line();
            }
        }
        if spans.is_full() {
            spans.flush(outlet)?;
        }
        outlet.relieve()?;
    }
    for printer in &mut printers {
        printer.end(&mut Sink { spans: &mut spans, outlet });
    }
    spans.flush(outlet)
}

/// The line as it was printed: without a carriage return, without colours.
pub(super) fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.contains(&ESCAPE) {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::with_capacity(line.len());
    let mut pieces = line.split(|b| *b == ESCAPE);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go() {
        assert_eq!(&*plain(b"\x1b[33mPress CTRL+C\x1b[0m to\x1bquit\r"), b"Press CTRL+C toquit");
        assert_eq!(&*plain(b"cut \x1b[3"), b"cut ");
    }
}
