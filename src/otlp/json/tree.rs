//! Plain JSON as a value, for the readers of formats that are JSON but not OTLP.

use super::JsonError;
use super::pull::{Kind, Leaf, Pull, Syntax};
use super::scalar::Number;
use crate::model::Value;
use crate::otlp::decode::MAX_NESTING;
use std::ops::Range;

/// The first value in this text. Objects become [`Value::Map`] in the order of their members, `null` becomes
/// [`Value::Empty`], what lies deeper than 32 levels is cut off.
pub(crate) fn tree(text: &[u8]) -> Result<Value, JsonError> {
    value(&mut Pull::new(text), 0).map_err(|syntax| JsonError::new(text, syntax))
}

/// The first keys, up to so many, of the object in this text, or of the first one in a list; fewer where the text
/// breaks off. Nothing where it breaks off before the first key.
pub(crate) fn first_keys(text: &[u8], up_to: usize) -> Option<Vec<String>> {
    let mut json = Pull::new(text);
    let mut first;
    while json.peek().ok()? == Kind::Array {
        json.enter();
        first = true;
        if !json.item(&mut first).ok()? {
            return Some(Vec::new());
        }
    }
    let mut keys = Vec::new();
    if json.peek().ok()? == Kind::Object {
        json.enter();
        first = true;
        while keys.len() < up_to {
            match json.key(&mut first) {
                Ok(Some(key)) => keys.push(String::from_utf8_lossy(&key).into_owned()),
                Err(_) if keys.is_empty() => return None,
                Ok(None) | Err(_) => break,
            }
            if json.skip().is_err() {
                break;
            }
        }
    }
    Some(keys)
}

/// Where parts of a text lie, with why the text breaks off before the end of the last one.
pub(crate) struct Parts<K> {
    /// What stands before each part, and its bytes. The last one reaches to the break.
    pub(crate) list: Vec<(K, Range<usize>)>,
    /// The break.
    pub(crate) broken: Option<JsonError>,
}

/// The members of the object in this text, without reading their values.
pub(crate) fn members(text: &[u8]) -> Parts<String> {
    parts(text, Kind::Object, |json, first| {
        Ok(json.key(first)?.map(|key| String::from_utf8_lossy(&key).into_owned()))
    })
}

/// The items of the list in this text, without reading them.
pub(crate) fn items(text: &[u8]) -> Parts<()> {
    parts(text, Kind::Array, |json, first| Ok(json.item(first)?.then_some(())))
}

fn parts<K>(
    text: &[u8],
    kind: Kind,
    next: impl Fn(&mut Pull<'_>, &mut bool) -> Result<Option<K>, Syntax>,
) -> Parts<K> {
    let (mut json, mut list) = (Pull::new(text), Vec::new());
    let mut all = || -> Result<(), Syntax> {
        if json.peek()? != kind {
            return Ok(());
        }
        json.enter();
        let mut first = true;
        while let Some(key) = next(&mut json, &mut first)? {
            json.peek()?;
            let from = json.offset();
            list.push((key, from..text.len()));
            json.skip()?;
            if let Some((_, range)) = list.last_mut() {
                range.end = json.offset();
            }
        }
        Ok(())
    };
    let broken = all().err().map(|syntax| JsonError::new(text, syntax));
    Parts { list, broken }
}

fn value(json: &mut Pull<'_>, depth: usize) -> Result<Value, Syntax> {
    let kind = json.peek()?;
    if depth >= MAX_NESTING && matches!(kind, Kind::Object | Kind::Array) {
        json.skip()?;
        return Ok(Value::Empty);
    }
    let mut first = true;
    Ok(match kind {
        Kind::Object => {
            json.enter();
            let mut members = Vec::new();
            while let Some(key) = json.key(&mut first)? {
                members.push((String::from_utf8_lossy(&key).into_owned(), value(json, depth + 1)?));
            }
            Value::Map(members)
        }
        Kind::Array => {
            json.enter();
            let mut items = Vec::new();
            while json.item(&mut first)? {
                items.push(value(json, depth + 1)?);
            }
            Value::Array(items)
        }
        Kind::Text | Kind::Number | Kind::Literal => match json.leaf()? {
            Leaf::Null | Leaf::Nested => Value::Empty,
            Leaf::Bool(b) => Value::Bool(b),
            Leaf::Text(text) => Value::Str(String::from_utf8_lossy(&text).into_owned()),
            Leaf::Number(digits) => match Number::parse(digits) {
                Some(Number::Float(f)) => Value::Double(f),
                Some(number) => match number.as_i64() {
                    Some(int) => Value::Int(int),
                    None => Value::Double(number.as_f64()),
                },
                None => Value::Str(String::from_utf8_lossy(digits).into_owned()),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_becomes_a_value() {
        let parsed = tree(br#"{"a":[1,-2.5,null,true],"b":{"c":"x"},"n":NaN}"#).unwrap();
        assert_eq!(parsed.to_string(), "{a: [1, -2.5, (empty), true], b: {c: x}, n: NaN}");
        assert!(tree(&b"[".repeat(100_000)).is_err());
        let error = tree(b"{\n  \"\xc3\xa9\": x}").unwrap_err();
        assert_eq!((error.line, error.column), (2, 8));
    }
}
