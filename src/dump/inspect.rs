//! Objects as Node's `util.inspect` writes them: bare keys, three kinds of quotes, `undefined`, classes, what was
//! too deep or too long.
//!
//! Its shapes: Node.js, "Util", `util.inspect(object[, options])`.

use crate::model::{Attributes, Value};

/// How deep objects may lie in each other.
const DEEPEST: usize = 64;

/// Whether a printed span starts with this member: `resource` since version 1.13 of Node's SDK, `traceId` before.
pub(super) fn starts_span(member: &[u8]) -> bool {
    member.starts_with(b"resource: {") || member.starts_with(b"traceId: '")
}

/// Whether `util.inspect` can have written this line of an object.
pub(super) fn is_line(line: &[u8]) -> bool {
    let Some(first) = line.first() else { return true };
    match first {
        b'\'' | b'"' | b'`' | b'{' | b'}' | b']' | b'<' => true,
        b'.' => line.starts_with(b"... "),
        b'[' => line.get(1).is_none_or(|b| matches!(b, b' ' | b']' | b'[' | b'A'..=b'Z')),
        b'0'..=b'9' | b'-' => {
            line.iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'n' | b',' | b' '))
        }
        _ => {
            let key =
                line.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')).count();
            match line[key..].strip_prefix(b": ") {
                Some(value) => is_value(value),
                None => is_word(line.strip_suffix(b",").unwrap_or(line)) || line.ends_with(b"{"),
            }
        }
    }
}

/// Whether a value may start like this.
fn is_value(value: &[u8]) -> bool {
    let word = value.split(|b| matches!(b, b',' | b' ')).next().unwrap_or_default();
    let class =
        value.iter().any(|b| matches!(b, b'{' | b'[')) && value.first().is_some_and(u8::is_ascii_uppercase);
    is_word(word)
        || class
        || matches!(value.first(), Some(b'\'' | b'"' | b'`' | b'{' | b'[' | b'<' | b'-' | b'0'..=b'9'))
}

fn is_word(word: &[u8]) -> bool {
    matches!(word, b"true" | b"false" | b"null" | b"undefined" | b"NaN" | b"Infinity" | b"-Infinity")
}

/// The members of an object.
pub(super) fn object(text: &[u8]) -> Result<Attributes, String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    match reader.value()? {
        Value::Map(members) => Ok(members),
        _ => Err(reader.error("no object")),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn error(&self, what: &str) -> String {
        let line = memchr::memchr_iter(b'\n', &self.text[..self.at.min(self.text.len())]).count() + 1;
        format!("not what Node prints: {what} in its line {line}")
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, also: &[u8]) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace() || also.contains(&b)) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        self.skip(b"");
        match self.peek() {
            None => Err(self.error("the text ends")),
            Some(b'{') => self.within(Self::members),
            Some(b'[') if self.text.get(self.at + 1).is_some_and(u8::is_ascii_alphabetic) => {
                // `[Object]`, `[Circular *1]`, `[Getter]`; or the class of what follows: `[Object: null prototype] {`.
                let end = self.text[self.at..].iter().position(|b| *b == b']');
                let end = self.at + end.ok_or_else(|| self.error("no closing bracket"))? + 1;
                let tag = String::from_utf8_lossy(&self.text[self.at..end]).into_owned();
                self.at = end;
                if self.text[end..].starts_with(b" {") { self.value() } else { Ok(Value::Str(tag)) }
            }
            Some(b'[') => self.within(Self::list),
            Some(b'\'' | b'"' | b'`') => self.texts(),
            Some(_) => self.word(),
        }
    }

    fn within(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("objects too deep in each other"));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn members(&mut self) -> Result<Value, String> {
        let mut members = Attributes::new();
        loop {
            self.skip(b",");
            match self.peek() {
                None => return Err(self.error("the text ends")),
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(members));
                }
                // `... 2 more items`
                Some(b'.') => self.line(),
                Some(_) => {
                    let key = self.key()?;
                    members.push((key, self.value()?));
                }
            }
        }
    }

    fn key(&mut self) -> Result<String, String> {
        let key = match self.peek() {
            Some(b'\'' | b'"' | b'`') => self.quoted()?,
            _ => {
                let rest = &self.text[self.at..];
                let len = rest
                    .iter()
                    .position(|b| matches!(b, b':' | b'\n' | b'{' | b'}' | b','))
                    .unwrap_or(rest.len());
                self.at += len;
                String::from_utf8_lossy(&rest[..len]).trim().to_owned()
            }
        };
        self.skip(b"");
        let rest = &self.text[self.at..];
        match rest {
            [b':', ..] => self.at += 1,
            [b'=', b'>', ..] => self.at += 2,
            _ => return Err(self.error("no colon after a key")),
        }
        Ok(key)
    }

    fn list(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            self.skip(b",");
            match self.peek() {
                None => return Err(self.error("the text ends")),
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                Some(b'.') => self.line(),
                Some(_) => {
                    let before = self.at;
                    items.push(self.value()?);
                    if self.at == before {
                        return Err(self.error("a bracket that closes nothing"));
                    }
                }
            }
        }
    }

    /// Gives up the rest of a line, up to a closing bracket in it.
    fn line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|b| matches!(b, b'\n' | b'}' | b']')).unwrap_or(rest.len());
    }

    /// One text, or the lines of one: `'first\n' +`.
    fn texts(&mut self) -> Result<Value, String> {
        let mut text = self.quoted()?;
        loop {
            let before = self.at;
            self.skip(b"");
            if self.peek() != Some(b'+') {
                self.at = before;
                break;
            }
            self.at += 1;
            self.skip(b"");
            text.push_str(&self.quoted()?);
        }
        if self.text[self.at..].starts_with(b"... ") {
            // `... 10 more characters`
            self.line();
            text.push('…');
        }
        Ok(Value::Str(text))
    }

    fn quoted(&mut self) -> Result<String, String> {
        let Some(quote @ (b'\'' | b'"' | b'`')) = self.peek() else { return Err(self.error("no text")) };
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let Some(byte) = self.peek() else { return Err(self.error("a text that does not end")) };
            self.at += 1;
            match byte {
                b if b == quote => return Ok(String::from_utf8_lossy(&out).into_owned()),
                b'\\' => self.escape(&mut out),
                // A terminal's wrapping was undone; anything else never writes one.
                b'\n' => {}
                b => out.push(b),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        let hex = match byte {
            b'n' => return out.push(b'\n'),
            b't' => return out.push(b'\t'),
            b'r' => return out.push(b'\r'),
            b'b' => return out.push(8),
            b'f' => return out.push(12),
            b'v' => return out.push(11),
            b'x' => 2,
            b'u' => 4,
            other => return out.push(other),
        };
        let digits =
            self.text.get(self.at..self.at + hex).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += if code.is_some() { hex } else { 0 };
        // Lone halves of surrogates are all that Node escapes so.
        let character = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// A number, a word, a date; or the class of what follows: `Map(2) {`.
    fn word(&mut self) -> Result<Value, String> {
        let rest = &self.text[self.at..];
        let len = rest
            .iter()
            .position(|b| matches!(b, b',' | b'\n' | b'{' | b'}' | b'[' | b']'))
            .unwrap_or(rest.len());
        let word = String::from_utf8_lossy(&rest[..len]).trim().to_owned();
        self.at += len;
        if !word.is_empty() && matches!(self.peek(), Some(b'{' | b'[')) {
            return self.value();
        }
        if let Ok(number) = word.strip_suffix('n').unwrap_or(&word).parse::<i64>() {
            return Ok(Value::Int(number));
        }
        Ok(match word.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "undefined" | "null" | "" => Value::Empty,
            _ => word.parse::<f64>().map_or(Value::Str(word), Value::Double),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        object(text.as_bytes()).map_or_else(|error| error, |members| Value::Map(members).to_string())
    }

    #[test]
    fn values_of_every_kind_are_read() {
        for (text, read) in [
            (
                "{ a: 1, 'b.c': -0.5, d: true, e: undefined, f: 7n }",
                "{a: 1, b.c: -0.5, d: true, e: (empty), f: 7}",
            ),
            (r#"{ a: 'it\'s\n' + 'two', b: "it's", c: `"'` }"#, "{a: it's\ntwo, b: it's, c: \"'}"),
            ("{ a: [ 1, 2,\n 3 ], b: [Object], c: [], d: {} }", "{a: [1, 2, 3], b: [Object], c: [], d: {}}"),
            (
                "{ a: Map(2) { 'b' => 'c', 'd' => 1 }, e: [Object: null prototype] { f: 1 } }",
                "{a: {b: c, d: 1}, e: {f: 1}}",
            ),
            ("{ a: 'x'... 10 more characters,\n b: [ 1,\n ... 2 more items\n ] }", "{a: x…, b: [1]}"),
            ("{ a: '\\x1B[1m\\u{' }", "{a: \u{1b}[1m\u{fffd}{}"),
            ("{ a: 2026-11-23T06:53:42.083Z }", "{a: 2026-11-23T06:53:42.083Z}"),
            ("{ a: <ref *1> { b: [Circular *1] } }", "{a: {b: [Circular *1]}}"),
            ("{ a: 1\n b }", "not what Node prints: no colon after a key in its line 2"),
            ("{ a: [ } ] }", "not what Node prints: a bracket that closes nothing in its line 1"),
            ("{ a: 'b", "not what Node prints: a text that does not end in its line 1"),
        ] {
            assert_eq!(shown(text), read, "{text}");
        }
        assert!(shown(&"{a:".repeat(100)).contains("too deep"));
    }

    #[test]
    fn other_output_is_told_apart() {
        for line in [
            "resource: {",
            "'a.b': 'c',",
            "},",
            "1, 2, 3,",
            "parentId: undefined,",
            "traceState: TraceState {",
            "[Object]",
            "undefined,",
        ] {
            assert!(is_line(line.as_bytes()), "{line}");
        }
        for line in
            ["Listening on port 80", "info: request done", "[2026-11-23] x", "127.0.0.1 - - GET", "GET / 200"]
        {
            assert!(!is_line(line.as_bytes()), "{line}");
        }
    }
}
