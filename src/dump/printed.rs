//! What every printed span needs: ids, times, kinds and values out of text, and whether it can be taken.

use crate::model::{Attributes, Span, SpanId, SpanKind, StatusCode, TraceId, Value, time};

/// Up to so many hex digits, `0x` before them or not.
fn hex(name: &str, text: &str, digits: usize) -> Result<u128, String> {
    let bare = text.strip_prefix("0x").unwrap_or(text);
    let fits = bare.len() <= digits && bare.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| u128::from_str_radix(bare, 16).ok())
        .flatten()
        .ok_or_else(|| format!("{name} is not {digits} hex digits: \"{}\"", shown(text)))
}

fn shown(text: &str) -> String {
    text.chars().take(48).collect::<String>().escape_default().to_string()
}

/// The trace id that this text writes.
pub(super) fn trace_id(name: &str, text: &str) -> Result<TraceId, String> {
    Ok(TraceId(hex(name, text, 32)?.to_be_bytes()))
}

/// The span id that this text writes.
pub(super) fn span_id(name: &str, text: &str) -> Result<SpanId, String> {
    Ok(SpanId(hex(name, text, 16)? as u64))
}

/// Nanoseconds since the Unix epoch of a printed time; zero for `null`.
pub(super) fn instant(name: &str, value: &Value) -> Result<u64, String> {
    match value {
        Value::Empty => Ok(0),
        Value::Str(text) => time_of(name, text),
        other => Err(format!("{name} is not a time: {other}")),
    }
}

/// Nanoseconds since the Unix epoch of a time as ISO 8601 writes it.
pub(super) fn time_of(name: &str, text: &str) -> Result<u64, String> {
    time::parse_date_time(text.as_bytes()).ok_or_else(|| format!("{name} is not a time: \"{}\"", shown(text)))
}

/// The kind with this name, as languages spell it: `SpanKind.SERVER`, `Server`, `SPAN_KIND_SERVER`.
pub(super) fn kind_named(name: &str) -> SpanKind {
    let bare = name.strip_prefix("SpanKind.").or_else(|| name.strip_prefix("SPAN_KIND_")).unwrap_or(name);
    match bare.to_ascii_uppercase().as_str() {
        "INTERNAL" => SpanKind::Internal,
        "SERVER" => SpanKind::Server,
        "CLIENT" => SpanKind::Client,
        "PRODUCER" => SpanKind::Producer,
        "CONSUMER" => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

/// The status code with this name: `StatusCode.ERROR`, `Error`, `STATUS_CODE_ERROR`.
pub(super) fn status_named(name: &str) -> StatusCode {
    let bare = name.strip_prefix("StatusCode.").or_else(|| name.strip_prefix("STATUS_CODE_")).unwrap_or(name);
    match bare.to_ascii_uppercase().as_str() {
        "OK" => StatusCode::Ok,
        "ERROR" => StatusCode::Error,
        _ => StatusCode::Unset,
    }
}

/// The span, if it has what a span cannot be without. One without an end ends where it starts.
pub(super) fn checked(span: Span) -> Result<Span, String> {
    match () {
        () if span.trace_id == TraceId::default() => Err("trace_id is missing or all zeros".to_owned()),
        () if span.span_id.is_none() => Err("span_id is missing or all zeros".to_owned()),
        () if span.start_ns == 0 => Err("start_time is missing".to_owned()),
        () => {
            let end_ns = if span.end_ns == 0 { span.start_ns } else { span.end_ns };
            Ok(Span { end_ns, ..span })
        }
    }
}

/// Takes a member out; [`Value::Empty`] where there is none.
pub(super) fn take(members: &mut Attributes, name: &str) -> Value {
    match members.iter().position(|(key, _)| key == name) {
        Some(at) => std::mem::replace(&mut members[at].1, Value::Empty),
        None => Value::Empty,
    }
}

/// The text of a value; empty for everything else.
pub(super) fn text(value: Value) -> String {
    if let Value::Str(text) = value { text } else { String::new() }
}

/// The members of an object; none for everything else.
pub(super) fn members(value: Value) -> Attributes {
    if let Value::Map(members) = value { members } else { Attributes::new() }
}

/// The items of a list; none for everything else.
pub(super) fn items(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value { items } else { Vec::new() }
}

/// A count; zero for everything else.
pub(super) fn count(value: &Value) -> u32 {
    if let Value::Int(n) = value { u32::try_from(*n).unwrap_or(0) } else { 0 }
}

/// A number that a printer wrote without its type, or the text itself.
pub(super) fn guessed(text: &str) -> Value {
    if let Ok(n) = text.parse::<i64>()
        && n.to_string() == text
    {
        return Value::Int(n);
    }
    match text {
        "true" | "True" => Value::Bool(true),
        "false" | "False" => Value::Bool(false),
        _ => Value::Str(text.to_owned()),
    }
}

/// `SpanFlags` of trace flags and what the printer knew of the parent.
pub(super) fn flags(trace_flags: u8, parent_is_remote: Option<bool>) -> u32 {
    let parent = match parent_is_remote {
        None => 0,
        Some(false) => 0x100,
        Some(true) => 0x300,
    };
    u32::from(trace_flags) | parent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_every_language_are_known() {
        for name in ["SpanKind.SERVER", "Server", "SPAN_KIND_SERVER"] {
            assert_eq!(kind_named(name), SpanKind::Server);
        }
        for name in ["StatusCode.ERROR", "Error", "STATUS_CODE_ERROR"] {
            assert_eq!(status_named(name), StatusCode::Error);
        }
    }

    #[test]
    fn only_what_writes_back_the_same_is_a_number() {
        assert_eq!(guessed("8080"), Value::Int(8080));
        assert_eq!(guessed("True"), Value::Bool(true));
        for text in ["007", "1.10", "+1", "", "12 s"] {
            assert_eq!(guessed(text), Value::Str(text.to_owned()));
        }
    }
}
