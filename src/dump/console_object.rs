//! One object in the lines of a terminal, JSON or as Node's `util.inspect` writes it, gathered until it is whole.

use super::console_objects::OTLP;
use super::inspect;
use super::prefix::Prefix;
use super::scan::{Scan, Step};
use memchr::memmem;

/// Where an object starts in a line of other output: a bracket with nothing behind it (pretty-printed), or one with
/// the members of a span behind it.
pub(super) fn start(line: &[u8]) -> Option<usize> {
    let mut last = None;
    memchr::memchr_iter(b'{', line).find(|at| {
        let members = line[at + 1..].trim_ascii();
        // Looked for once, not behind each of the thousands of brackets that a line may have.
        members.is_empty()
            || (members.starts_with(b"\"")
                && last.get_or_insert_with(|| last_member(line)).is_some_and(|last| last > *at))
    })
}

/// The members that only printed spans have.
const MEMBERS: [&[u8]; 2] = [b"\"context\"", b"\"SpanContext\""];

/// The member that only printed metrics have.
const METRICS: &[u8] = b"\"resource_metrics\"";

/// Where the last member stands that only printed spans or metrics have.
fn last_member(text: &[u8]) -> Option<usize> {
    MEMBERS.iter().chain(&OTLP).chain([&METRICS]).filter_map(|key| memmem::rfind(text, key)).max()
}

/// An object of which some lines were read.
pub(super) struct Object {
    /// Number of its first line.
    pub(super) line: u64,
    text: Vec<u8>,
    scan: Scan,
    /// What may stand before every line of it.
    prefix: Prefix,
    /// Whether lines without the prefix are somebody else's; known from the second line on.
    prefixed: Option<bool>,
    /// Columns before its bracket, the prefix counted.
    indent: usize,
    pretty: bool,
    /// Whether it is Node's, known from its first member on.
    inspected: bool,
    lines: u64,
}

/// What a line did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// It goes on.
    More,
    /// It is whole; so many bytes of the line come after it.
    Done {
        /// Bytes of the line that come after it.
        rest: usize,
    },
    /// Another one starts here instead.
    Another,
}

impl Object {
    /// An object whose bracket stands in this line, which is still to be fed.
    pub(super) fn new(line: &[u8], bracket: usize, number: u64) -> Self {
        let before = &line[..bracket];
        let blank = before.trim_ascii().is_empty();
        Self {
            line: number,
            text: Vec::new(),
            scan: Scan::default(),
            prefix: Prefix(if blank { Vec::new() } else { before.to_vec() }),
            prefixed: if blank { Some(false) } else { None },
            indent: bracket,
            pretty: line[bracket + 1..].trim_ascii().is_empty(),
            inspected: false,
            lines: 0,
        }
    }

    /// Whether Node wrote it.
    pub(super) fn is_inspected(&self) -> bool {
        self.inspected
    }

    /// What was gathered.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it looks like a span; a cut-off one that does not is other output.
    pub(super) fn is_span(&self) -> bool {
        let start = self.text.get(1..).unwrap_or_default().trim_ascii_start();
        if self.inspected {
            return inspect::starts_span(start);
        }
        start.starts_with(b"\"name\"")
            || start.starts_with(b"\"Name\"")
            || last_member(&self.text).is_some() && !start.starts_with(METRICS)
    }

    /// Whether a line may be the next of this object, and not of another process that prints beside it.
    pub(super) fn owns(&mut self, line: &[u8]) -> bool {
        let has_prefix = self.without_prefix(line).is_some();
        match self.prefixed {
            _ if self.lines == 0 => true,
            Some(prefixed) => has_prefix || !prefixed,
            // What stood before the bracket stands before the first member too, or never again.
            None if has_prefix || is_first_member(line.trim_ascii_start()) => {
                self.prefixed = Some(has_prefix);
                true
            }
            None => false,
        }
    }

    /// Whether it is only a bracket that other output ended with, so many lines ago.
    pub(super) fn is_stale(&self, number: u64) -> bool {
        self.lines <= 1 && self.pretty && number > self.line + 16
    }

    /// Takes a line in.
    pub(super) fn feed(&mut self, line: &[u8]) -> Fed {
        let content = match self.lines {
            0 => &line[self.indent..],
            _ if self.prefixed == Some(true) => self.without_prefix(line).unwrap_or(line),
            _ => line,
        };
        if self.lines > 0 {
            let blank = content.len() - content.trim_ascii_start().len();
            if start(content) == Some(blank) && line.len() - content.len() + blank <= self.indent {
                return Fed::Another;
            }
            let trimmed = content.trim_ascii();
            if self.lines == 1 && self.pretty && inspect::starts_span(trimmed) {
                self.inspected = true;
                self.scan.with_every_quote();
            }
            let is_line = match self.lines {
                1 => |line: &[u8]| is_first_member(line) || line.starts_with(b"}"),
                _ if self.inspected => inspect::is_line,
                _ => is_json_line,
            };
            if self.pretty && !self.scan.in_text() && !is_line(trimmed) {
                // Somebody else's output got in between.
                return Fed::More;
            }
        }
        self.lines += 1;
        self.text.extend_from_slice(content);
        if let Step::Done(end) = self.scan.step(&self.text) {
            let rest = self.text.len() - end;
            self.text.truncate(end);
            return Fed::Done { rest };
        }
        // A line that ends within a text was wrapped by the terminal.
        if !self.scan.in_text() {
            self.text.push(b'\n');
            self.scan.step(&self.text);
        }
        Fed::More
    }

    /// The line behind the prefix.
    fn without_prefix<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        if self.prefix.0.is_empty() { None } else { self.prefix.strip(line) }
    }
}

/// Whether the first member of a span may start like this.
fn is_first_member(line: &[u8]) -> bool {
    line.starts_with(b"\"") || inspect::starts_span(line)
}

/// Whether a pretty-printer can have written this line.
fn is_json_line(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b'"') => true,
        Some(b'{' | b'}' | b'[' | b']') => {
            line.iter().all(|b| matches!(b, b'{' | b'}' | b'[' | b']' | b',' | b' '))
        }
        Some(_) => {
            let item = line.strip_suffix(b",").unwrap_or(line);
            matches!(item, b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity")
                || item.iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_found_in_other_output() {
        assert_eq!(start(b"{"), Some(0));
        assert_eq!(start(b"web-1  | {  "), Some(9));
        assert_eq!(start(b"  {\"name\": \"x\", \"context\": {"), Some(2));
        assert_eq!(start(b"{\"level\": \"info\"}"), None);
        assert_eq!(start(b"say {hello}"), None);
    }

    #[test]
    fn log_lines_are_not_json() {
        for json in ["\"a\": 1,", "}, {", "[]", "-1.5e3,", "true", "", "],"] {
            assert!(is_json_line(json.as_bytes()), "{json}");
        }
        for log in
            ["127.0.0.1 - - [23/Nov/2026 06:53:42]", "[2026-11-23] [7] [INFO] x", "Press CTRL+C", "{x}"]
        {
            assert!(!is_json_line(log.as_bytes()), "{log}");
        }
    }
}
