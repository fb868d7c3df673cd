//! Spans that are printed over several lines without brackets around them, told from other output by their words; the
//! prefix of a log collector or of `docker compose` may stand before every line.

use super::prefix::Prefix;
use super::terminal::{LARGEST, PRINTERS, Printer, Sink};
use std::ops::ControlFlow;

/// One process's printing.
pub(super) trait Block: Default {
    /// Where a printout starts in a line, if this is its first.
    fn first(line: &[u8]) -> Option<usize>;
    /// Where the second line of a printout starts in this line, if it is one.
    fn second(line: &[u8]) -> Option<usize>;
    /// Whether these two, each from its start, belong together.
    fn belong(first: &[u8], second: &[u8]) -> bool;
    /// The first line that was there, if this second one is found without it: a text may begin anywhere.
    fn first_of(_second: &[u8]) -> Option<&'static str> {
        None
    }
    /// Takes a line in, without its prefix; it may be somebody else's.
    fn line(&mut self, line: &str, number: u64, sink: &mut Sink<'_, '_>);
    /// Nothing came for a moment: what can be told to be whole is.
    fn pause(&mut self, sink: &mut Sink<'_, '_>);
    /// Nothing more comes.
    fn end(&mut self, sink: &mut Sink<'_, '_>);
}

/// A line that may be the first of a printout.
struct Start {
    number: u64,
    before: Vec<u8>,
    line: Vec<u8>,
}

/// Finds printouts among the lines of a terminal, one a prefix at a time.
pub(super) struct Blocks<B> {
    starts: Vec<Start>,
    open: Vec<(Prefix, B)>,
}

impl<B> Default for Blocks<B> {
    fn default() -> Self {
        Self { starts: Vec::new(), open: Vec::new() }
    }
}

/// How many lines after the first the second one may come: other processes print too.
const NEAR: u64 = 16;

impl<B: Block> Printer for Blocks<B> {
    fn line(&mut self, line: &[u8], number: u64, sink: &mut Sink<'_, '_>) -> ControlFlow<()> {
        self.starts.retain(|start| number - start.number <= NEAR);
        if let Some(at) = B::first(line) {
            if self.starts.len() == PRINTERS {
                self.starts.remove(0);
            }
            self.starts.push(Start { number, before: line[..at].to_vec(), line: line[at..].to_vec() });
            return ControlFlow::Continue(());
        }
        if let Some(at) = B::second(line) {
            self.resolve(&line[..at], &line[at..], number, sink);
        }
        let owner = |prefixed: bool| {
            move |(prefix, _): &(Prefix, B)| prefix.0.is_empty() != prefixed && prefix.strip(line).is_some()
        };
        let at = self.open.iter().rposition(owner(true)).or_else(|| self.open.iter().rposition(owner(false)));
        if let Some((prefix, block)) = at.map(|at| &mut self.open[at])
            && let Some(content) = prefix.strip(line)
        {
            block.line(&String::from_utf8_lossy(content), number, sink);
        }
        ControlFlow::Continue(())
    }

    fn pause(&mut self, sink: &mut Sink<'_, '_>) {
        for (_, block) in &mut self.open {
            block.pause(sink);
        }
    }

    fn end(&mut self, sink: &mut Sink<'_, '_>) {
        for (_, mut block) in self.open.drain(..) {
            block.end(sink);
        }
    }
}

impl<B: Block> Blocks<B> {
    /// A second line, behind `prefix`, says which of the first lines was one.
    fn resolve(&mut self, prefix: &[u8], second: &[u8], number: u64, sink: &mut Sink<'_, '_>) {
        let prefix = Prefix(prefix.to_vec());
        // The first line may have had more before it: the collector's log entry starts with a time.
        let is_first =
            |start: &Start| prefix.strip(&start.before).is_some() && B::belong(&start.line, second);
        let start = self.starts.iter().rposition(is_first).map(|at| self.starts.remove(at));
        let known =
            self.open.iter().position(|(known, _)| known.strip(&prefix.0).is_some_and(<[u8]>::is_empty));
        let (line, number) = match (start, known) {
            (Some(start), _) => (String::from_utf8_lossy(&start.line).into_owned(), start.number),
            (None, Some(_)) => return,
            (None, None) => match B::first_of(second) {
                Some(first) => (first.to_owned(), number),
                None => return,
            },
        };
        let known = known.unwrap_or_else(|| {
            if self.open.len() == PRINTERS {
                self.open.remove(0).1.end(sink);
            }
            self.open.push((prefix, B::default()));
            self.open.len() - 1
        });
        self.open[known].1.line(&line, number, sink);
    }
}

/// Lines of an attribute's text that has several, of which only what follows tells where it ends.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
}

impl Lines {
    pub(super) fn push(&mut self, line: &str) {
        if self.text.len() + line.len() < LARGEST {
            self.text.push('\n');
            self.text.push_str(line);
        }
    }

    /// All of them, each behind a line break.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }
}
