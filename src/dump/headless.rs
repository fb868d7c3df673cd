//! Spans of which a text has not the beginning: it was cut there (`tail`, a log that was rotated, a terminal that keeps
//! so many lines). Nothing of such a span can be read, but it is said.

use super::Guess;
use super::prefix::Prefix;
use super::terminal::{PRINTERS, Printer, Sink};
use memchr::memmem;
use std::ops::ControlFlow;

/// The lines by which a way of printing is known without the beginning of the span.
pub(super) struct Lines {
    /// Where a span, or what it belongs to, begins in this line.
    pub(super) begins: fn(&[u8]) -> Option<usize>,
    /// Starts of lines, with their indent, in the order in which they are printed.
    pub(super) members: &'static [&'static str],
}

/// So many of them, in order, are no chance.
const ENOUGH: usize = 3;

/// A text begins once for every process that prints in it: after so many lines it has.
const BEGINNING: u64 = 10_000;

/// How much of a text tells what it is when nothing else does, bytes.
const HEAD: usize = 64 << 10;

/// How much may stand before what a process prints, bytes: more is no prefix.
const PREFIX: usize = 1 << 10;

/// Where an object begins that is printed over several lines, and is not the value of a member.
pub(super) fn bracket(line: &[u8]) -> Option<usize> {
    let before = line.trim_ascii_end().strip_suffix(b"{")?;
    let is_member = before.trim_ascii_end().strip_suffix(b":").is_some_and(|before| {
        let key = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
        matches!(before.last(), Some(b'"' | b'\''))
            || key > 0 && before[..before.len() - key].ends_with(b"  ")
    });
    (!is_member).then_some(before.len())
}

/// One process's lines so far.
struct Seen {
    prefix: Prefix,
    /// The line of the first member.
    number: u64,
    members: usize,
    /// The next of them must come after this one.
    last: usize,
}

/// Looks for one way of printing.
pub(super) struct Headless {
    lines: &'static Lines,
    seen: Vec<Seen>,
    /// What stood before each beginning.
    begun: Vec<Vec<u8>>,
}

impl Headless {
    pub(super) fn of(lines: &'static Lines) -> Self {
        Self { lines, seen: Vec::new(), begun: Vec::new() }
    }

    /// The line of the first member, once it is certain that there was a span.
    fn found(&mut self, line: &[u8], number: u64) -> Option<u64> {
        // Where so many print, nothing is certain.
        if self.seen.len() > PRINTERS || self.begun.len() > 4 * PRINTERS {
            return None;
        }
        if let Some(at) = (self.lines.begins)(line) {
            if at <= PREFIX && !self.begun.iter().any(|before| **before == line[..at]) {
                self.begun.push(line[..at].to_vec());
            }
            return None;
        }
        let members = self.lines.members.iter().enumerate();
        let found = |(n, member): (usize, &&str)| Some((n, memmem::find(line, member.as_bytes())?));
        let (n, at) = members.filter_map(found).min_by_key(|(_, at)| *at).filter(|(_, at)| *at <= PREFIX)?;
        let process = self.process(&line[..at], number);
        let seen = &mut self.seen[process];
        if seen.members > 0 && n <= seen.last {
            return None;
        }
        (seen.members, seen.last) = (seen.members + 1, n);
        let (is_enough, first, prefix) = (seen.members == ENOUGH, seen.number, &seen.prefix);
        // Other output may stand before a beginning; what is only indented more is a part of a span.
        let own = |before: &Vec<u8>| {
            prefix.strip(before).is_some_and(|rest| rest.is_empty() || !rest.trim_ascii().is_empty())
        };
        (is_enough && !self.begun.iter().any(own)).then_some(first)
    }

    /// Which one prints behind this prefix.
    fn process(&mut self, prefix: &[u8], number: u64) -> usize {
        let is = |seen: &Seen| seen.prefix.strip(prefix).is_some_and(<[u8]>::is_empty);
        self.seen.iter().position(is).unwrap_or_else(|| {
            self.seen.push(Seen { prefix: Prefix(prefix.to_vec()), number, members: 0, last: 0 });
            self.seen.len() - 1
        })
    }
}

impl Printer for Headless {
    fn line(&mut self, line: &[u8], number: u64, sink: &mut Sink<'_, '_>) -> ControlFlow<()> {
        if number <= BEGINNING
            && let Some(first) = self.found(line, number)
        {
            sink.reject(first, "the span is cut off: the text begins after its first line");
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: &mut Sink<'_, '_>) {}
}

/// Whether a text in which no whole span is was printed like this.
pub(super) fn guess(head: &[u8], lines: &'static Lines) -> Guess {
    let mut headless = Headless::of(lines);
    let mut of_head = head[..head.len().min(HEAD)].split(|b| *b == b'\n');
    if of_head.any(|line| headless.found(line, 1).is_some()) { Guess::Perhaps } else { Guess::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_members_are_no_beginnings() {
        for (line, at) in [
            ("{", Some(0)),
            ("web-1  | {", Some(9)),
            ("host app[77]: { ", Some(14)),
            ("started {", Some(8)),
            ("    \"resource\": {", None),
            ("  status: {", None),
            ("      'a.b': {", None),
            ("{}", None),
        ] {
            assert_eq!(bracket(line.as_bytes()), at, "{line}");
        }
    }
}
