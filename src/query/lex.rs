//! Reading a query character by character: blanks, words, quotes, signs.

/// A place in the text of a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    /// The next byte, always at a character.
    pub(super) at: usize,
}

/// How a condition compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`: there is a value, and none is equal.
    NotEqual,
    /// `=~`: a regular expression fits the whole value.
    Fits,
    /// `!~`: there is a value, and it fits none.
    FitsNot,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Over,
    /// `<`
    Under,
    /// `~`: the value contains a text, in letters of either case.
    Contains,
}

/// Signs of the operators; one that begins with another stands before it.
pub const OPS: &[(&str, Op)] = &[
    ("!=", Op::NotEqual),
    ("!~", Op::FitsNot),
    ("=~", Op::Fits),
    (">=", Op::AtLeast),
    ("<=", Op::AtMost),
    ("=", Op::Equal),
    (">", Op::Over),
    ("<", Op::Under),
    ("~", Op::Contains),
];

impl Op {
    /// How it is written.
    pub fn sign(self) -> &'static str {
        OPS.iter().find(|(_, op)| *op == self).map_or("=", |(sign, _)| sign)
    }
}

/// Where a word stands: a value may hold signs that end a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Key,
    Value,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Passes a sign, if it stands here.
    pub(super) fn pass(&mut self, sign: &str) -> bool {
        let here = self.rest().starts_with(sign);
        if here {
            self.at += sign.len();
        }
        here
    }

    /// Passes an operator, if one stands here.
    pub(super) fn pass_op(&mut self) -> Option<Op> {
        OPS.iter().find(|(sign, _)| self.pass(sign)).map(|(_, op)| *op)
    }

    /// Passes a word; empty where none begins here. Brackets within a word close within it: one that does not ends it.
    pub(super) fn word(&mut self, place: Place) -> &'a str {
        let from = self.at;
        let mut open: Vec<(char, usize)> = Vec::new();
        while let Some(c) = self.peek() {
            let rest = self.rest();
            let ends = match c {
                c if c.is_whitespace() => true,
                '"' | '`' => true,
                '(' | '{' if self.at == from => true,
                ')' => open.pop().map(|(c, _)| c) != Some('('),
                '}' => open.pop().map(|(c, _)| c) != Some('{'),
                '&' => rest.starts_with("&&"),
                '|' => rest.starts_with("||") || place == Place::Key,
                '=' | '~' | '<' | '>' => place == Place::Key,
                '!' => place == Place::Key && (rest.starts_with("!=") || rest.starts_with("!~")),
                _ => false,
            };
            if ends {
                break;
            }
            if matches!(c, '(' | '{') {
                open.push((c, self.at));
            }
            self.at += c.len_utf8();
        }
        if let Some((_, at)) = open.first() {
            self.at = *at;
        }
        &self.text[from..self.at]
    }

    /// Passes a text in quotes; as an error where it does not end. Within double quotes, `\` makes the next
    /// character mean itself, `\n` and `\t` a line's end and a tab; within backquotes nothing does.
    pub(super) fn quoted(&mut self) -> Option<Result<String, ()>> {
        let quote = self.peek().filter(|c| matches!(c, '"' | '`'))?;
        let mut said = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.at += at + 1;
                    return Some(Ok(said));
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, 'n')) => said.push('\n'),
                    Some((_, 't')) => said.push('\t'),
                    Some((_, 'r')) => said.push('\r'),
                    // What a regular expression means by it stays its own: `\d` need not be doubled.
                    Some((_, c @ ('"' | '\\'))) => said.push(c),
                    Some((_, c)) => said.extend(['\\', c]),
                    None => return Some(Err(())),
                },
                c => said.push(c),
            }
        }
        Some(Err(()))
    }
}

/// Text in quotes, so that it is read back as it is.
pub fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a word is read back as it is.
pub(super) fn is_plain(text: &str, place: Place) -> bool {
    let mut cursor = Cursor { text, at: 0 };
    !text.is_empty() && cursor.word(place) == text
}

/// Whether a key needs no quotes after its scope.
pub(super) fn is_plain_key(key: &str) -> bool {
    is_plain(key, Place::Key) && is_plain(&format!("x{key}"), Place::Key) && !key.starts_with(['(', '{'])
}
