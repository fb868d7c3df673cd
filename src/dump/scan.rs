//! Where a JSON value ends, without reading it; and where the next one starts when this one never ends.

use super::input::Input;

/// Follows brackets and quotes.
#[derive(Default)]
pub(super) struct Scan {
    /// Where it is; may lie one byte past the end, behind an escape.
    at: usize,
    depth: usize,
    /// The quote that ends the text that it is in.
    quote: Option<u8>,
    /// Whether texts may stand in any of JavaScript's quotes.
    every_quote: bool,
}

/// What a scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value ends here.
    Done(usize),
    /// A line starts here.
    Line(usize),
    /// Nothing is left to look at.
    More,
}

impl Scan {
    /// Within an object or list whose opening bracket was passed.
    pub(super) fn inside() -> Self {
        Self { depth: 1, ..Self::default() }
    }

    /// Whether it is inside of a text.
    pub(super) fn in_text(&self) -> bool {
        self.quote.is_some()
    }

    /// From here on texts may stand in any of JavaScript's quotes.
    pub(super) fn with_every_quote(&mut self) {
        self.every_quote = true;
    }

    /// Goes on over `bytes`, which are those of before and perhaps more.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        loop {
            let Some(rest) = bytes.get(self.at..) else { return Step::More };
            let found = match self.quote {
                Some(quote) => memchr::memchr3(quote, b'\\', b'\n', rest),
                None if self.every_quote => rest
                    .iter()
                    .position(|b| matches!(b, b'"' | b'\'' | b'`' | b'{' | b'[' | b'}' | b']' | b'\n')),
                None => rest.iter().position(|b| matches!(b, b'"' | b'{' | b'[' | b'}' | b']' | b'\n')),
            };
            let Some(more) = found else {
                self.at = bytes.len();
                return Step::More;
            };
            self.at += more + 1;
            match rest[more] {
                quote @ (b'"' | b'\'' | b'`') => {
                    self.quote = if self.quote.is_some() { None } else { Some(quote) };
                }
                b'\\' => self.at += 1,
                b'\n' => return Step::Line(self.at),
                b'{' | b'[' => self.depth += 1,
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Step::Done(self.at);
                    }
                }
            }
        }
    }
}

/// How far a value reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// To here.
    Whole(usize),
    /// It never ends: another one starts here, or the input ends.
    Cut(usize),
    /// Further than it may.
    TooLong,
}

/// How many bytes of a line tell whether a record starts there.
const MARK: usize = 64;

/// How far the value reaches that starts with what is available. `starts` tells whether a record starts with these
/// bytes of a line's start: so a record that was cut off takes only its own lines with it.
pub(super) fn extent(input: &mut Input<'_>, cap: usize, starts: fn(&[u8]) -> bool) -> Extent {
    let mut scan = Scan::default();
    loop {
        match scan.step(input.available()) {
            Step::Done(end) => return Extent::Whole(end),
            Step::Line(at) => {
                // Looking ahead may wait, so only where a record can start.
                if input.at_least(at + 1) && matches!(input.available()[at], b'{' | b'[') {
                    input.at_least(at + MARK);
                }
                let line = &input.available()[at..];
                if starts(&line[..line.len().min(MARK)]) {
                    return Extent::Cut(at);
                }
            }
            Step::More => {
                if input.available().len() > cap {
                    return Extent::TooLong;
                }
                if !input.more() {
                    return Extent::Cut(input.available().len());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Extent {
        extent(&mut Input::open(text.as_bytes()).unwrap(), 1_000, |line| line.starts_with(b"{\"new"))
    }

    #[test]
    fn a_value_ends_where_its_brackets_do() {
        assert_eq!(of(r#"{"a":["}\"]",{}]} {"#), Extent::Whole(17));
        assert_eq!(of("{\n[]\n}\n{\"new"), Extent::Whole(6));
        assert_eq!(of("{\"a\":[\n{\"new\": 1}"), Extent::Cut(7));
        assert_eq!(of("{\"a\":\"cut in text\n{\"new\": 1}"), Extent::Cut(18));
        assert_eq!(of("{\"a\\"), Extent::Cut(4));
        assert_eq!(of(&"[".repeat(2_000)), Extent::TooLong);
    }
}
