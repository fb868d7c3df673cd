//! JSON, token by token, borrowed from the bytes that it lies in.
//!
//! Not `serde_json`: that refuses a whole document for half a surrogate pair (what JavaScript writes for text cut
//! in the middle of an emoji), for invalid UTF-8 and for Python's bare `NaN`; and after a syntax error it does not
//! hand over what it had read. Here text stays bytes, and whoever reads keeps what lies before the break.

use std::borrow::Cow;

/// Text that is not JSON: where, in bytes from the start, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
}

/// What the next value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    Number,
    Literal,
}

/// A value without members.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Leaf<'a> {
    Null,
    Bool(bool),
    /// As it stands there; `NaN` and `Infinity` among them.
    Number(&'a [u8]),
    Text(Cow<'a, [u8]>),
    /// An object or an array, passed over.
    Nested,
}

/// Reads the values of one text in order.
#[derive(Clone, Copy)]
pub(crate) struct Pull<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, Syntax>;

impl<'a> Pull<'a> {
    /// At the start of this text; a byte order mark is passed over.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 } }
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// What the next value is; white space before it is passed over.
    #[inline]
    pub(crate) fn peek(&mut self) -> Read<Kind> {
        self.space();
        Ok(match self.bytes.get(self.at) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Kind::Number,
            Some(b't' | b'f' | b'n') => Kind::Literal,
            _ => return Err(self.wrong("something that is not a value")),
        })
    }

    /// Whether nothing but white space is left.
    pub(crate) fn done(&mut self) -> bool {
        self.space();
        self.at == self.bytes.len()
    }

    /// Steps into the object or array that [`peek`](Self::peek) saw.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.at += 1;
    }

    /// The key of the next member, with the reader at its value; nothing at the object's end.
    #[inline]
    pub(crate) fn key(&mut self, first: &mut bool) -> Read<Option<Cow<'a, [u8]>>> {
        if !self.another(first, b'}')? {
            return Ok(None);
        }
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.wrong("a key without quotes"));
        }
        let key = self.text()?;
        self.space();
        if self.bytes.get(self.at) != Some(&b':') {
            return Err(self.wrong("no colon after a key"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether the array has another item.
    #[inline]
    pub(crate) fn item(&mut self, first: &mut bool) -> Read<bool> {
        self.another(first, b']')
    }

    fn another(&mut self, first: &mut bool, end: u8) -> Read<bool> {
        self.space();
        let mut byte = self.bytes.get(self.at).copied();
        if !std::mem::take(first) && byte != Some(end) {
            if byte != Some(b',') {
                return Err(self.wrong("no comma between two values"));
            }
            self.at += 1;
            self.space();
            byte = self.bytes.get(self.at).copied();
        }
        match byte {
            Some(b) if b == end => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Ok(true),
            None => Err(self.wrong("")),
        }
    }

    /// The next value, if it has no members.
    #[inline]
    pub(crate) fn leaf(&mut self) -> Read<Leaf<'a>> {
        Ok(match self.peek()? {
            Kind::Text => Leaf::Text(self.text()?),
            Kind::Number => Leaf::Number(self.number()?),
            Kind::Literal => self.literal()?,
            Kind::Object | Kind::Array => {
                self.skip()?;
                Leaf::Nested
            }
        })
    }

    /// The text that [`peek`](Self::peek) saw, without its escapes.
    #[inline]
    pub(crate) fn text(&mut self) -> Read<Cow<'a, [u8]>> {
        let from = self.at + 1;
        let at = self.stop(from)?;
        if self.bytes[at] == b'"' {
            self.at = at + 1;
            return Ok(Cow::Borrowed(&self.bytes[from..at]));
        }
        let mut out = Vec::new();
        self.text_into(&mut out)?;
        Ok(Cow::Owned(out))
    }

    /// Writes the text that [`peek`](Self::peek) saw, without its escapes.
    pub(crate) fn text_into(&mut self, out: &mut Vec<u8>) -> Read<()> {
        let mut from = self.at + 1;
        loop {
            let at = self.stop(from)?;
            out.extend_from_slice(&self.bytes[from..at]);
            if self.bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(());
            }
            from = self.escape(at + 1, out)?;
        }
    }

    /// Passes over the next value, however deep. Which bracket closes which is not looked at.
    pub(crate) fn skip(&mut self) -> Read<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.bytes.get(self.at) {
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(b'"') => {
                    let mut at = self.stop(self.at + 1)?;
                    while self.bytes[at] == b'\\' {
                        at = self.stop(at + 2)?;
                    }
                    self.at = at + 1;
                }
                _ => {
                    self.leaf()?;
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn wrong(&self, what: &'static str) -> Syntax {
        if self.at >= self.bytes.len() {
            return Syntax { at: self.bytes.len(), what: "the text ends in the middle" };
        }
        Syntax { at: self.at, what }
    }

    /// Where the text goes on otherwise: its closing quote or an escape. Eight bytes a step.
    #[inline]
    fn stop(&self, from: usize) -> Read<usize> {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGH: u64 = ONES << 7;
        // The lowest set bit marks the first zero byte; bits above it may lie.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let mut at = from;
        let mut rest = self.bytes.get(from..).unwrap_or_default();
        while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let hits = zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64));
            if hits != 0 {
                return Ok(at + (hits.trailing_zeros() / 8) as usize);
            }
            (at, rest) = (at + 8, tail);
        }
        match rest.iter().position(|b| matches!(b, b'"' | b'\\')) {
            Some(more) => Ok(at + more),
            None => Err(Syntax { at: self.bytes.len(), what: "the text ends in the middle" }),
        }
    }

    /// Writes the escape whose letter is at `at`; returns what comes after it.
    fn escape(&self, at: usize, out: &mut Vec<u8>) -> Read<usize> {
        let letter = *self.bytes.get(at).ok_or(Syntax { at, what: "the text ends in the middle" })?;
        out.push(match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => return self.code_point(at + 1, out),
            // `"`, `\`, `/`; any other letter stands for itself.
            other => other,
        });
        Ok(at + 1)
    }

    fn code_point(&self, at: usize, out: &mut Vec<u8>) -> Read<usize> {
        let Some(high) = self.hex4(at) else {
            if at + 4 > self.bytes.len() {
                return Err(Syntax { at: self.bytes.len(), what: "the text ends in the middle" });
            }
            return Err(Syntax { at, what: "an escape that is not \\u and four hex digits" });
        };
        let (code, next) = match high {
            0xd800..0xdc00 => match self.bytes.get(at + 4..at + 6).and_then(|_| self.hex4(at + 6)) {
                Some(low @ 0xdc00..0xe000) if self.bytes[at + 4..].starts_with(b"\\u") => {
                    (0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), at + 10)
                }
                _ => (high, at + 4),
            },
            _ => (high, at + 4),
        };
        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(next)
    }

    fn hex4(&self, at: usize) -> Option<u32> {
        self.bytes.get(at..at + 4)?.iter().try_fold(0, |n, b| Some(n << 4 | (*b as char).to_digit(16)?))
    }

    #[inline]
    fn number(&mut self) -> Read<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"');
        let number = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        let digits = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        if !number.iter().all(digits) && !matches!(number, b"NaN" | b"Infinity" | b"-Infinity") {
            return Err(self.wrong("something that is not a value"));
        }
        self.at += number.len();
        Ok(number)
    }

    fn literal(&mut self) -> Read<Leaf<'a>> {
        for (word, leaf) in [("null", Leaf::Null), ("true", Leaf::Bool(true)), ("false", Leaf::Bool(false))] {
            let rest = &self.bytes[self.at..];
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(leaf);
            }
            if word.as_bytes().starts_with(rest) {
                self.at = self.bytes.len();
            }
        }
        Err(self.wrong("something that is not a value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &[u8]) -> Result<Vec<u8>, Syntax> {
        let mut pull = Pull::new(json);
        pull.peek()?;
        Ok(pull.text()?.into_owned())
    }

    #[test]
    fn text_loses_its_escapes() {
        assert_eq!(
            text(br#" "a\"b\\c\/\n\u00e9\ud83d\ude00 long enough""#).unwrap(),
            "a\"b\\c/\né😀 long enough".as_bytes()
        );
        assert_eq!(text(br#""cut \ud83d""#).unwrap(), "cut \u{fffd}".as_bytes());
        assert_eq!(text(br#""\ud83dx\udc00""#).unwrap(), "\u{fffd}x\u{fffd}".as_bytes());
        assert_eq!(text(b"\"\xff\xfe\"").unwrap(), b"\xff\xfe");
        assert!(text(br#""\u12g4""#).is_err());
    }

    #[test]
    fn numbers_and_words() {
        let mut pull = Pull::new(b"[-1.5e3,NaN, -Infinity,true,null,1x]");
        let mut first = true;
        pull.peek().unwrap();
        pull.enter();
        let mut leaves = Vec::new();
        let error = loop {
            pull.item(&mut first).unwrap();
            match pull.leaf() {
                Ok(leaf) => leaves.push(leaf),
                Err(error) => break error,
            }
        };
        assert_eq!(
            leaves,
            [
                Leaf::Number(b"-1.5e3"),
                Leaf::Number(b"NaN"),
                Leaf::Number(b"-Infinity"),
                Leaf::Bool(true),
                Leaf::Null
            ]
        );
        assert_eq!(error, Syntax { at: 33, what: "something that is not a value" });
    }

    #[test]
    fn skipping_ends_where_the_value_ends() {
        let json = br#"{"a":[1,{"b\"]":"}\\"}],"c":null} 7"#;
        let mut pull = Pull::new(json);
        pull.skip().unwrap();
        assert_eq!(pull.leaf(), Ok(Leaf::Number(b"7")));
        assert!(pull.done());
        let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
        Pull::new(&deep).skip().unwrap();
    }

    /// Every cut is an error at the cut, never a panic and never a value.
    #[test]
    fn cut_anywhere() {
        let json = br#"{"a":[1.5,true,null,"x\u00e9y\n",{"b":false}],"cc":"d"}"#;
        for cut in 0..json.len() {
            let error = Pull::new(&json[..cut]).skip().unwrap_err();
            assert_eq!((error.at, error.what), (cut, "the text ends in the middle"), "{cut}");
        }
        Pull::new(json).skip().unwrap();
    }
}
