//! Templates: a name with everything that stands for one instance taken out.

use std::ops::Range;

/// What a name would be without ids in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Template {
    /// The name with `{n}`, `{hex}`, `{uuid}`, `{id}`, `{text}` for its variable parts.
    pub(crate) text: String,
    /// How many parts were taken out.
    pub(crate) parts: usize,
    /// Whether one of them is more than a number: a hash, a UUID, letters and digits mixed.
    pub(crate) hashes: bool,
    /// Whether a variable part cannot be meant: an id in a path, a query, a literal of a query language.
    pub(crate) literal: bool,
}

/// The template of a name.
pub(crate) fn template(name: &str) -> Template {
    let mut out = Template::default();
    let sql = is_query(name);
    let query = query_string(name);
    let mut rest = 0;
    while rest < name.len() {
        let (range, what) = next(name, rest, sql);
        out.text.push_str(&name[rest..range.start]);
        let Some(what) = what else {
            out.text.push_str(&name[range.clone()]);
            rest = range.end;
            continue;
        };
        out.parts += 1;
        out.hashes |= matches!(what, "{hex}" | "{uuid}" | "{id}");
        out.literal |= sql || is_path_segment(name, &range, what) || query.is_some_and(|at| range.start > at);
        out.text.push_str(what);
        rest = range.end;
    }
    out.literal |= query.is_some();
    out
}

/// The next word from `from` on, and what stands for it if it is variable.
fn next(name: &str, from: usize, sql: bool) -> (Range<usize>, Option<&'static str>) {
    let bytes = name.as_bytes();
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80 || *b == b'_';
    let mut start = from;
    while start < bytes.len() && !is_word(&bytes[start]) {
        if sql
            && bytes[start] == b'\''
            && let Some(len) = name[start + 1..].find('\'')
        {
            return (start..start + len + 2, Some("{text}"));
        }
        start += 1;
    }
    if let Some(end) = uuid(bytes, start) {
        return (start..end, Some("{uuid}"));
    }
    let end = bytes[start..].iter().position(|b| !is_word(b)).map_or(bytes.len(), |len| start + len);
    (start..end, variable(&bytes[start..end]))
}

/// What stands for a word, if it is variable.
fn variable(word: &[u8]) -> Option<&'static str> {
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    if digits == word.len() {
        return Some("{n}");
    }
    if word.len() >= 8 && word.iter().all(u8::is_ascii_hexdigit) {
        return Some("{hex}");
    }
    // Letters and digits in turns: `x2x4z`, but neither `v1`, `sha256` nor `s3`.
    let turns = word.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    (word.len() >= 5 && turns >= 3 && word.iter().all(u8::is_ascii_alphanumeric)).then_some("{id}")
}

fn uuid(bytes: &[u8], start: usize) -> Option<usize> {
    let uuid = bytes.get(start..start + 36)?;
    let fits = uuid.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    fits.then_some(start + 36)
}

/// Whether a variable part is a whole segment of a path. `/api/2/x` is more likely a version than an id.
fn is_path_segment(name: &str, part: &Range<usize>, what: &str) -> bool {
    let before = name[..part.start].ends_with('/');
    let after = name[part.end..].chars().next().is_none_or(|c| matches!(c, '/' | '?' | ' '));
    before && after && (what != "{n}" || part.len() >= 3)
}

/// Where the query of a URL begins.
fn query_string(name: &str) -> Option<usize> {
    let path = name.find('/')?;
    let at = path + name[path..].find('?')?;
    let (key, value) = name[at + 1..].split_once('=')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    (!key.is_empty() && key.chars().all(is_name) && !value.starts_with(['{', ':'])).then_some(at)
}

/// Whether a name is a statement of SQL, not only its operation and table.
fn is_query(name: &str) -> bool {
    let upper: String = name.chars().take(16).collect::<String>().to_ascii_uppercase();
    let starts =
        ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().any(|verb| upper.starts_with(verb));
    starts && (name.contains('=') || name.contains('\'') || name.contains('('))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_taken_out() {
        for (name, text, literal) in [
            ("GET /letters/4001", "GET /letters/{n}", true),
            ("GET /letters/{number}", "GET /letters/{number}", false),
            ("GET /api/v1/users", "GET /api/v1/users", false),
            ("GET /api/2/users", "GET /api/{n}/users", false),
            ("GET /a?x=7", "GET /a?x={n}", true),
            ("GET /search?q=shoes", "GET /search?q=shoes", true),
            ("order 123e4567-e89b-12d3-a456-426614174000", "order {uuid}", false),
            ("GET /o/123e4567-e89b-12d3-a456-426614174000", "GET /o/{uuid}", true),
            ("blob deadbeef01", "blob {hex}", false),
            ("checkout-7d9f8b6c5-x2x4z", "checkout-{hex}-{id}", false),
            ("SELECT * FROM t WHERE a = 'b' AND n = 7", "SELECT * FROM t WHERE a = {text} AND n = {n}", true),
            ("SELECT orders", "SELECT orders", false),
            ("report 2024-01-31", "report {n}-{n}-{n}", false),
            ("sha256 of s3 over http2", "sha256 of s3 over http2", false),
            ("Ünïcode 5 ñ", "Ünïcode {n} ñ", false),
            ("", "", false),
        ] {
            let made = template(name);
            assert_eq!((made.text.as_str(), made.literal), (text, literal), "{name}");
        }
    }
}
