//! What may be typed next.

use super::field::{FIELDS, Holds, Intrinsic, Row};
use super::lex::{Cursor, OPS, Place, is_plain, is_plain_key, quoted};
use super::literal::severities;
use super::named::{Field, Level};
use super::seen::Seen;
use crate::diagnosis::RULES;
use std::ops::Range;

/// How many are offered.
const OFFERED: usize = 50;

/// Something that may be typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// The bytes of the query that it replaces.
    pub replaces: Range<usize>,
    /// What stands there then.
    pub text: String,
    /// What it is, in a few words; may be empty.
    pub what: &'static str,
}

/// Where the cursor is.
#[derive(Debug, PartialEq)]
enum Position<'a> {
    /// In or before a field or a text that occurs.
    Field(usize),
    /// Behind a field.
    Op(&'a str),
    /// In or before the value of a field.
    Value(&'a str, usize),
    /// In a text whose quotes are open, or nowhere.
    Nowhere,
}

/// What may be typed at a cursor (a byte position), the likeliest first.
pub fn complete(text: &str, cursor: usize, seen: &Seen) -> Vec<Completion> {
    let Some(before) = text.get(..cursor) else { return Vec::new() };
    let mut offered = Vec::new();
    match position(before, seen) {
        Position::Field(from) => {
            let typed = &before[from..];
            fields(typed, seen, &mut |text, what| offer(&mut offered, from..cursor, text, what));
            if Field::named(typed, seen).is_ok()
                && !typed.is_empty()
                && offered.iter().any(|known| known.text == typed)
            {
                // Whoever has written a whole name goes on with it.
                let others: Vec<Completion> = offered.drain(..).filter(|known| known.text != typed).collect();
                ops(typed, cursor, seen, &mut offered);
                offered.extend(others);
            }
        }
        Position::Op(field) => ops(field, cursor, seen, &mut offered),
        Position::Value(field, from) => {
            let Ok(field) = Field::named(field, seen) else { return offered };
            values(&field, &before[from..], seen, &mut |text, what| {
                offer(&mut offered, from..cursor, text, what);
            });
        }
        Position::Nowhere => {}
    }
    offered.truncate(OFFERED);
    offered
}

fn offer(offered: &mut Vec<Completion>, replaces: Range<usize>, text: String, what: &'static str) {
    if !offered.iter().any(|known| known.text == text) {
        offered.push(Completion { replaces, text, what });
    }
}

/// Reads up to the cursor as the parser does, forgiving.
fn position<'a>(before: &'a str, seen: &Seen) -> Position<'a> {
    let mut cursor = Cursor { text: before, at: 0 };
    loop {
        cursor.skip_blanks();
        while cursor.rest().starts_with(['(', ')', '{', '}', '&', '|', '!', '-', '>', '~']) {
            cursor.at += 1;
            cursor.skip_blanks();
        }
        let from = cursor.at;
        if cursor.rest().is_empty() {
            return Position::Field(from);
        }
        match cursor.quoted() {
            Some(Ok(_)) => continue,
            Some(Err(())) => return Position::Nowhere,
            None => {}
        }
        let field = cursor.word(Place::Key);
        if cursor.rest().is_empty() {
            return Position::Field(from);
        }
        if let Some(Err(())) = cursor.quoted() {
            return Position::Nowhere;
        }
        let after = cursor.at;
        cursor.skip_blanks();
        if cursor.pass_op().is_none() {
            let is_field = fields_of(seen).any(|row| row.is_called(field));
            if cursor.rest().is_empty() && cursor.at > after && is_field {
                return Position::Op(field);
            }
            if cursor.at == from {
                cursor.at += cursor.peek().map_or(1, char::len_utf8);
            }
            continue;
        }
        cursor.skip_blanks();
        let from = cursor.at;
        let whole = match cursor.quoted() {
            Some(Err(())) => return Position::Value(field, from),
            Some(Ok(_)) => true,
            None => {
                cursor.word(Place::Value);
                false
            }
        };
        if cursor.rest().is_empty() && !whole {
            return Position::Value(field, from);
        }
    }
}

/// Fields that begin with what was typed, then attributes that do, then those that contain it.
fn fields(typed: &str, seen: &Seen, each: &mut dyn FnMut(String, &'static str)) {
    let prefixes = || Level::PREFIXES.iter().filter(|(_, level)| level.is_of(seen.asked()));
    let scope = prefixes().find_map(|(prefix, level)| Some((*prefix, *level, typed.strip_prefix(prefix)?)));
    let (prefix, level, part) = scope.unwrap_or(("", Level::Any, typed));
    if scope.is_none() {
        for row in fields_of(seen) {
            if let Some(name) = row.names().find(|name| begins(name, typed)) {
                each(name.to_owned(), row.what);
            }
        }
    }
    let whole = |key: &str| {
        let is_plain = is_plain_key(key);
        // Without its dot such a key would be read as something else.
        let is_own = is_plain && Field::named(key, seen) == Ok(Field::attribute(Level::Any, key));
        let dot = if prefix.is_empty() && !is_own { "." } else { "" };
        let key = if is_plain { key.to_owned() } else { quoted(key) };
        format!("{prefix}{dot}{key}")
    };
    for key in seen.keys(level).filter(|key| begins(key, part)) {
        each(whole(key), "attribute");
    }
    if scope.is_none() && !typed.is_empty() {
        for (prefix, _) in prefixes().filter(|(prefix, _)| begins(prefix, typed)) {
            each((*prefix).to_owned(), "attributes there");
        }
    }
    if part.len() > 1 {
        for key in seen.keys(level).filter(|key| contains(key, part)) {
            each(whole(key), "attribute");
        }
    }
}

/// Those fields that there are where this was seen.
fn fields_of(seen: &Seen) -> impl Iterator<Item = &'static Row> {
    let asked = seen.asked();
    FIELDS.iter().filter(move |row| row.is_of(asked))
}

fn ops(field: &str, at: usize, seen: &Seen, offered: &mut Vec<Completion>) {
    let holds = Field::named(field, seen).ok().and_then(|field| field.holds());
    let fits = |sign: &str| match holds {
        Some(Holds::Word(_) | Holds::Id) => matches!(sign, "=" | "!="),
        Some(Holds::Duration | Holds::Count | Holds::Severity) => !sign.contains('~'),
        Some(Holds::Text | Holds::Rule) => !sign.contains(['<', '>']),
        Some(Holds::Anything) | None => true,
    };
    let order = ["=", "!=", ">", ">=", "<", "<=", "~", "=~", "!~"];
    let known = order.into_iter().filter(|sign| OPS.iter().any(|(own, _)| own == sign) && fits(sign));
    offered.extend(known.map(|sign| Completion { replaces: at..at, text: sign.to_owned(), what: "" }));
}

/// Values that begin with what was typed, then those that contain it.
fn values(field: &Field, typed: &str, seen: &Seen, each: &mut dyn FnMut(String, &'static str)) {
    let typed = typed.strip_prefix(['"', '`']).unwrap_or(typed);
    let severities = severities();
    let known: Vec<&str> = match field {
        Field::Attribute { level, key, .. } => seen.values(*level, key).collect(),
        Field::Intrinsic(intrinsic) => match (intrinsic, intrinsic.row().holds) {
            (_, Holds::Word(words)) => words.to_vec(),
            (_, Holds::Rule) => RULES.iter().map(|rule| rule.id).collect(),
            // The most severe are looked for most.
            (_, Holds::Severity) => severities.iter().rev().map(String::as_str).collect(),
            (_, Holds::Duration) => vec!["1ms", "10ms", "100ms", "1s", "10s", "1m"],
            (Intrinsic::Name | Intrinsic::RootName, _) => seen.names().collect(),
            (Intrinsic::Service | Intrinsic::RootService, _) => seen.services().collect(),
            (Intrinsic::ScopeName, _) => seen.scopes().collect(),
            (Intrinsic::ScopeVersion, _) => seen.versions().collect(),
            (Intrinsic::EventName, _) => seen.events().collect(),
            (Intrinsic::SeverityText, _) => seen.severity_texts().collect(),
            _ => Vec::new(),
        },
    };
    let whole = |value: &str| {
        let bare = is_plain(value, Place::Value) && !value.contains('*') && !matches!(value, "nil");
        if bare { value.to_owned() } else { quoted(value) }
    };
    let what = |value: &str| match field.holds() {
        Some(Holds::Rule) => crate::diagnosis::find(value).map_or("", |rule| rule.summary),
        _ => "",
    };
    known.iter().filter(|value| begins(value, typed)).for_each(|value| each(whole(value), what(value)));
    if !typed.is_empty() {
        known.iter().filter(|value| contains(value, typed)).for_each(|value| each(whole(value), what(value)));
    }
}

fn begins(name: &str, typed: &str) -> bool {
    name.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

fn contains(name: &str, typed: &str) -> bool {
    name.to_lowercase().contains(&typed.to_lowercase())
}
