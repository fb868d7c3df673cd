//! Masks what is secret or personal in a request, in its bytes: attributes by their keys, and in every text what looks
//! like a credential. Ids, names, times and everything else stay, unknown fields too.
//!
//! A mask is the same wherever the same text stood, so that what was equal stays equal; it is keyed, so that nobody
//! can find out by trying what stood there.

use super::decode::MAX_NESTING;
use super::retrace::{Edit, edited};
use super::secret_fields::option;
use super::secret_keys::is_secret_key;
use super::secrets::{literals, merged, secrets};
use super::signs::is_masked;
use super::wire::{Field, Fields, key_value};
use bytes::Bytes;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

/// A key whose value is secret: that of what follows an option that wants a secret.
const OPTION: &str = "secret";

/// Masks requests, and counts what it masked.
#[derive(Debug, Default)]
pub struct Redactor {
    /// Further keys; `*` stands for anything.
    keys: Vec<String>,
    hash: RandomState,
    masked: Cell<u64>,
}

impl Redactor {
    /// With keys beyond those that are always masked; `*` in them stands for anything.
    pub fn new(keys: Vec<String>) -> Self {
        Self { keys, ..Self::default() }
    }

    /// How many values were masked.
    pub fn masked(&self) -> u64 {
        self.masked.get()
    }

    /// The request without its secrets. Where there are none, the same bytes.
    pub fn redact(&self, request: &Bytes) -> Bytes {
        self.message(request, Kind::Request, 0).map_or_else(|| request.clone(), Bytes::from)
    }

    /// The same for an `ExportLogsServiceRequest`.
    pub fn redact_logs(&self, request: &Bytes) -> Bytes {
        self.message(request, Kind::Logs, 0).map_or_else(|| request.clone(), Bytes::from)
    }

    /// A message with what is in it masked; nothing where nothing changes.
    fn message(&self, bytes: &[u8], kind: Kind, depth: usize) -> Option<Vec<u8>> {
        // What stands behind a break cannot be told apart, so it cannot be handed on.
        let whole = whole(bytes);
        let changed = edited(whole, |number, field| {
            let Field::Bytes(_, inner) = field else { return None };
            let (_, _, part) = PARTS.iter().find(|(of, at, _)| *of == kind && *at == number)?;
            match part {
                Part::Text => self.text(inner).map(Edit::Content),
                Part::Value => self.value("", inner, depth).map(Edit::Content),
                Part::Attribute => self.attribute(inner, depth),
                Part::Message(kind) => self.message(inner, *kind, depth).map(Edit::Content),
            }
        });
        changed.or_else(|| (whole.len() < bytes.len()).then(|| whole.to_vec()))
    }

    fn attribute(&self, bytes: &[u8], depth: usize) -> Option<Edit> {
        let Ok((key, _, _)) = key_value(bytes, 0) else { return Some(Edit::Nothing) };
        let key = String::from_utf8_lossy(key);
        let changed = edited(bytes, |number, field| match (number, field) {
            (2, Field::Bytes(_, value)) => self.value(&key, value, depth).map(Edit::Content),
            _ => None,
        });
        changed.map(Edit::Content)
    }

    fn value(&self, key: &str, bytes: &[u8], depth: usize) -> Option<Vec<u8>> {
        if depth >= MAX_NESTING {
            return Some(Vec::new());
        }
        let by_key = is_secret_key(key) || self.keys.iter().any(|pattern| fits(pattern, key));
        let whole = whole(bytes);
        let changed = edited(whole, |number, field| match (number, field) {
            (1 | 7, Field::Bytes(_, text)) if by_key => {
                (!text.is_empty() && !is_masked(text)).then(|| Edit::Field(1, self.mask(text)))
            }
            (1, Field::Bytes(_, text)) if matches!(key, "db.statement" | "db.query.text") => {
                self.statement(text).map(Edit::Content)
            }
            (1, Field::Bytes(_, text)) => self.text(text).map(Edit::Content),
            (3, Field::Varint(number)) if by_key => {
                Some(Edit::Field(1, self.mask((number as i64).to_string().as_bytes())))
            }
            (5, Field::Bytes(_, list)) => self.list(key, list, depth).map(Edit::Content),
            (6, Field::Bytes(_, map)) => edited(map, |number, field| match (number, field) {
                // What a secret consists of is as secret, whatever its parts are called.
                (1, Field::Bytes(_, entry)) if by_key => {
                    edited(entry, |number, field| match (number, field) {
                        (2, Field::Bytes(_, value)) => self.value(key, value, depth + 1).map(Edit::Content),
                        _ => None,
                    })
                    .map(Edit::Content)
                }
                (1, Field::Bytes(_, entry)) => self.attribute(entry, depth + 1),
                _ => None,
            })
            .map(Edit::Content),
            _ => None,
        });
        changed.or_else(|| (whole.len() < bytes.len()).then(|| whole.to_vec()))
    }

    /// A list: in the arguments of a command, what follows an option that wants a secret is one.
    fn list(&self, key: &str, bytes: &[u8], depth: usize) -> Option<Vec<u8>> {
        let wanted = Cell::new(false);
        edited(bytes, |number, field| match (number, field) {
            (1, Field::Bytes(_, item)) => {
                let text = text_of(item);
                let is_secret = wanted.get() && text.is_some_and(|text| !text.starts_with(b"-"));
                wanted.set(text.is_some_and(|text| option(text).is_some()));
                // As what has a secret key.
                let key = if is_secret { OPTION } else { key };
                self.value(key, item, depth + 1).map(Edit::Content)
            }
            _ => None,
        })
    }

    /// A text with what looks like a credential in it masked.
    fn text(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.without(bytes, &secrets(bytes))
    }

    /// A statement: its literals are masked too.
    fn statement(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut found = literals(bytes);
        found.extend(secrets(bytes));
        self.without(bytes, &merged(found))
    }

    fn without(&self, bytes: &[u8], found: &[Range<usize>]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut copied = 0;
        for range in found {
            out.extend_from_slice(&bytes[copied..range.start]);
            out.extend_from_slice(&self.mask(&bytes[range.clone()]));
            copied = range.end;
        }
        out.extend_from_slice(&bytes[copied..]);
        (!found.is_empty()).then_some(out)
    }

    fn mask(&self, secret: &[u8]) -> Vec<u8> {
        self.masked.set(self.masked.get() + 1);
        format!("[redacted:{:08x}]", self.hash.hash_one(secret) as u32).into_bytes()
    }
}

/// Messages in which texts or attributes lie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Event,
    Link,
    Status,
    Logs,
    ResourceLogs,
    ScopeLogs,
    LogRecord,
}

#[derive(Clone, Copy)]
enum Part {
    Text,
    Value,
    Attribute,
    Message(Kind),
}

/// Which field of which message is what.
const PARTS: &[(Kind, u64, Part)] = &[
    (Kind::Request, 1, Part::Message(Kind::ResourceSpans)),
    (Kind::ResourceSpans, 1, Part::Message(Kind::Resource)),
    (Kind::ResourceSpans, 2, Part::Message(Kind::ScopeSpans)),
    // Before OTLP 0.19.
    (Kind::ResourceSpans, 1000, Part::Message(Kind::ScopeSpans)),
    (Kind::Resource, 1, Part::Attribute),
    (Kind::ScopeSpans, 1, Part::Message(Kind::Scope)),
    (Kind::ScopeSpans, 2, Part::Message(Kind::Span)),
    (Kind::Scope, 3, Part::Attribute),
    (Kind::Span, 5, Part::Text),
    (Kind::Span, 9, Part::Attribute),
    (Kind::Span, 11, Part::Message(Kind::Event)),
    (Kind::Span, 13, Part::Message(Kind::Link)),
    (Kind::Span, 15, Part::Message(Kind::Status)),
    (Kind::Event, 2, Part::Text),
    (Kind::Event, 3, Part::Attribute),
    (Kind::Link, 4, Part::Attribute),
    (Kind::Status, 2, Part::Text),
    (Kind::Logs, 1, Part::Message(Kind::ResourceLogs)),
    (Kind::ResourceLogs, 1, Part::Message(Kind::Resource)),
    (Kind::ResourceLogs, 2, Part::Message(Kind::ScopeLogs)),
    (Kind::ResourceLogs, 1000, Part::Message(Kind::ScopeLogs)),
    (Kind::ScopeLogs, 1, Part::Message(Kind::Scope)),
    (Kind::ScopeLogs, 2, Part::Message(Kind::LogRecord)),
    (Kind::LogRecord, 5, Part::Value),
    (Kind::LogRecord, 6, Part::Attribute),
];

/// The text that a value is.
fn text_of(value: &[u8]) -> Option<&[u8]> {
    match Fields::new(value, 0).next() {
        Ok(Some((1, Field::Bytes(_, text)))) => Some(text),
        _ => None,
    }
}

/// What stands before the first break.
fn whole(bytes: &[u8]) -> &[u8] {
    let mut fields = Fields::new(bytes, 0);
    loop {
        let at = fields.at();
        match fields.next() {
            Ok(Some(_)) => {}
            Ok(None) => return bytes,
            Err(_) => return &bytes[..at],
        }
    }
}

/// Whether a key is one of a pattern, in which `*` stands for anything.
fn fits(pattern: &str, key: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| key.strip_prefix(start)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, Event, Origin, Resource, Span, SpanId, TraceId, Value};
    use crate::otlp::encode::{Group, request};
    use crate::otlp::{decode, walk};

    fn of(span: Span, resource: Resource) -> Bytes {
        request(&[Group { resource, spans: vec![span], ..Group::default() }])
    }

    fn span(bytes: Bytes) -> Span {
        let (batch, malformed) = walk(bytes, "t".into(), Origin::Grpc, 0);
        assert_eq!(malformed, None);
        let r = batch.records[0];
        decode::span(&batch.bytes[r.offset as usize..][..r.len as usize])
    }

    fn base(attributes: Attributes) -> Span {
        Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(2),
            name: "GET".into(),
            attributes,
            ..Span::default()
        }
    }

    fn text(text: &str) -> Value {
        Value::Str(text.to_owned())
    }

    #[test]
    fn what_is_equal_stays_equal_and_ids_stay() {
        let attributes = vec![
            ("session.id".to_owned(), text("abc")),
            ("http.request.header.cookie".to_owned(), Value::Array(vec![text("abc"), text("other")])),
            (
                "app.conf".to_owned(),
                Value::Map(vec![("password".to_owned(), Value::Int(7)), ("n".to_owned(), Value::Int(7))]),
            ),
            ("url.full".to_owned(), text("http://ann:abc@shop/a?x=1&token=abc#f")),
            ("http.request.method".to_owned(), text("GET")),
            ("http.request.header.authorization".to_owned(), text("[REDACTED]")),
        ];
        let mut written = base(attributes);
        written.events.push(Event {
            name: "exception".into(),
            attributes: vec![("exception.message".into(), text("no mail to ann@example.com"))],
            ..Event::default()
        });
        written.status_message = "Bearer abcdefgh12345678 is refused".into();
        let redactor = Redactor::new(vec![]);
        let read = span(redactor.redact(&of(written.clone(), Resource::default())));
        let Value::Str(mask) = read.attributes[0].1.clone() else { panic!() };
        assert!(mask.starts_with("[redacted:") && mask.len() == 19, "{mask}");
        assert_eq!(read.attributes[1].1.to_string().split(',').next().unwrap(), format!("[{mask}"));
        let Value::Map(inner) = &read.attributes[2].1 else { panic!() };
        assert!(inner[0].1.to_string().starts_with("[redacted:") && inner[1].1 == Value::Int(7));
        let url = read.attributes[3].1.to_string();
        assert!(
            url.starts_with("http://[redacted:")
                && url.ends_with(&format!(":{mask}@shop/a?x=1&token={mask}#f")),
            "{url}"
        );
        assert_eq!(read.attributes[4..], written.attributes[4..]);
        let message = read.events[0].attributes[0].1.to_string();
        assert!(message.starts_with("no mail to [redacted:"), "{message}");
        assert!(
            read.status_message.starts_with("Bearer [redacted:")
                && read.status_message.ends_with("] is refused")
        );
        assert_eq!(
            (read.trace_id, read.span_id, read.name.as_str()),
            (written.trace_id, written.span_id, "GET")
        );
        assert_eq!(redactor.masked(), 9);
    }

    #[test]
    fn what_holds_no_secret_stays_byte_for_byte() {
        let span = base(vec![
            ("gen_ai.usage.input_tokens".into(), Value::Int(12)),
            ("db.query.text".into(), text("SELECT a FROM t WHERE token=$1 AND b = ?")),
            ("url.full".into(), text("https://shop/a?page=2&sort=price")),
        ]);
        let bytes = of(span, Resource::default());
        let redactor = Redactor::new(vec![]);
        assert_eq!((redactor.redact(&bytes), redactor.masked()), (bytes, 0));
    }

    #[test]
    fn arguments_of_commands() {
        let list = |items: &[&str]| Value::Array(items.iter().map(|item| text(item)).collect());
        let attributes = vec![
            (
                "process.command_args".to_owned(),
                list(&["app", "--token", "abc", "--api-key", "-v", "--secret=[redacted:0]", "x", "--n", "1"]),
            ),
            ("process.command_line".to_owned(), text("app --token abc --n 1")),
        ];
        let redactor = Redactor::new(vec![]);
        let read = span(redactor.redact(&of(base(attributes), Resource::default())));
        let Value::Array(items) = &read.attributes[0].1 else { panic!() };
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let mask = items[2].as_str();
        assert!(mask.starts_with("[redacted:"), "{items:?}");
        assert_eq!(
            items,
            ["app", "--token", mask, "--api-key", "-v", "--secret=[redacted:0]", "x", "--n", "1"]
        );
        assert_eq!(read.attributes[1].1.to_string(), format!("app --token {mask} --n 1"));
        assert_eq!(redactor.masked(), 2);
    }

    #[test]
    fn keys_of_ones_own_and_literals() {
        let redactor = Redactor::new(vec!["app.*.id".into()]);
        let read = span(redactor.redact(&of(
            base(vec![
                ("app.order.id".into(), text("7")),
                ("app.order.size".into(), text("7")),
                (
                    "db.query.text".into(),
                    text(
                        "SELECT 'Ann' FROM t WHERE x = 'O''Neil' AND id=31415926 AND t2.c3 = $4 AND y = '?'",
                    ),
                ),
            ]),
            Resource::default(),
        )));
        let shown: Vec<String> = read.attributes.iter().map(|(_, value)| value.to_string()).collect();
        assert!(shown[0].starts_with("[redacted:") && shown[1] == "7", "{shown:?}");
        assert!(
            !shown[2].contains("31415926")
                && shown[2].contains("t2.c3 = $4")
                && !shown[2].contains("Ann")
                && !shown[2].contains("Neil")
                && shown[2].ends_with("y = '?'"),
            "{shown:?}"
        );
        assert!(
            fits("a*b*c", "a1b2c")
                && fits("*", "x")
                && fits("a", "a")
                && !fits("a", "ab")
                && !fits("a*b", "acbd")
        );
    }

    #[test]
    fn a_literal_in_a_secret_leaves_nothing_of_it() {
        let redactor = Redactor::default();
        let statement = redactor.statement(br#"SELECT 1 WHERE password="hunter2 'x' and more"#).unwrap();
        let statement = String::from_utf8(statement).unwrap();
        assert!(!statement.contains("hunter2") && !statement.contains("more"), "{statement}");
    }

    #[test]
    fn log_records_are_masked_too() {
        let field = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
        let text = field(0x0a, b"login by ann@example.com");
        let attribute = [field(0x0a, b"session.id"), field(0x12, &field(0x0a, b"abc"))].concat();
        let record = [field(0x2a, &text), field(0x32, &attribute), field(0x1a, b"INFO")].concat();
        let request = Bytes::from(field(0x0a, &field(0x12, &field(0x12, &record))));
        let redactor = Redactor::default();
        let redacted = redactor.redact_logs(&request);
        let has = |part: &[u8]| memchr::memmem::find(&redacted, part).is_some();
        assert!(has(b"login by [redacted:") && has(b"INFO") && has(b"session.id"));
        assert!(!has(b"ann@") && !has(b"abc") && redactor.masked() == 2);
    }

    #[test]
    fn broken_bytes_hide_nothing() {
        let good = of(base(vec![("password".into(), text("hunter2-hunter2"))]), Resource::default());
        for cut in 0..good.len() {
            let redacted = Redactor::default().redact(&good.slice(..cut));
            assert!(memchr::memmem::find(&redacted, b"hunter2").is_none(), "{cut}");
        }
    }
}
