//! Looks into the bytes of a span or a log record, in place: for whoever asks one thing of many spans.
//!
//! Lenient as [`decode`](super::decode) is: a broken field ends its message, nesting ends at 32 levels.

use super::decode::MAX_NESTING;
use super::wire::{Field, Fields, key_value};
use crate::model::Value;

/// An attribute value where it lies.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// An `AnyValue` with nothing in it.
    Empty,
    /// Text, UTF-8 unless the sender is broken.
    Str(&'a [u8]),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// The message of a list.
    Array(&'a [u8]),
    /// The message of nested attributes.
    Map(&'a [u8]),
    /// A list or nested attributes that were decoded before.
    Decoded(&'a Value),
}

/// A message that has parts to look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// A `Span`.
    Span,
    /// An `Event` of a span.
    Event,
    /// A `Link` of a span.
    Link,
    /// A `LogRecord`.
    Log,
}

/// A part of a message.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// An attribute.
    Attribute(&'a [u8], Raw<'a>),
    /// The message of an event.
    Event(&'a [u8]),
    /// The message of a link.
    Link(&'a [u8]),
    /// The name of an event of a span, or of the event that a log record is.
    Name(&'a [u8]),
    /// The time of an event, nanoseconds since the Unix epoch.
    Time(u64),
    /// The trace that a link leads to.
    TraceId(&'a [u8]),
    /// The span that a link leads to.
    SpanId(&'a [u8]),
    /// The message of a span's status.
    StatusMessage(&'a [u8]),
    /// The body of a log record.
    Body(Raw<'a>),
    /// What the source of a log record calls its severity.
    SeverityText(&'a [u8]),
}

/// The parts of a message, in the order in which they were sent.
pub fn parts(message: Message, bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut fields = Fields::new(bytes, 0);
    std::iter::from_fn(move || {
        while let Ok(Some((number, field))) = fields.next() {
            let part = match (message, number, field) {
                (Message::Span, 9, Field::Bytes(_, bytes))
                | (Message::Event, 3, Field::Bytes(_, bytes))
                | (Message::Link, 4, Field::Bytes(_, bytes))
                | (Message::Log, 6, Field::Bytes(_, bytes)) => attribute(bytes),
                (Message::Span, 11, Field::Bytes(_, event)) => Some(Part::Event(event)),
                (Message::Span, 13, Field::Bytes(_, link)) => Some(Part::Link(link)),
                (Message::Span, 15, Field::Bytes(_, status)) => status_message(status),
                (Message::Event, 1, Field::Fixed64(ns)) => Some(Part::Time(ns)),
                (Message::Event, 2, Field::Bytes(_, name)) | (Message::Log, 12, Field::Bytes(_, name)) => {
                    Some(Part::Name(name))
                }
                (Message::Link, 1, Field::Bytes(_, id)) => Some(Part::TraceId(id)),
                (Message::Link, 2, Field::Bytes(_, id)) => Some(Part::SpanId(id)),
                (Message::Log, 3, Field::Bytes(_, text)) => Some(Part::SeverityText(text)),
                (Message::Log, 5, Field::Bytes(_, body)) => Some(Part::Body(Raw::of(body))),
                _ => None,
            };
            if part.is_some() {
                return part;
            }
        }
        None
    })
}

fn attribute(bytes: &[u8]) -> Option<Part<'_>> {
    let (key, _, value) = key_value(bytes, 0).ok()?;
    Some(Part::Attribute(key, Raw::of(value)))
}

fn status_message(status: &[u8]) -> Option<Part<'_>> {
    let mut fields = Fields::new(status, 0);
    while let Ok(Some(field)) = fields.next() {
        if let (2, Field::Bytes(_, text)) = field {
            return Some(Part::StatusMessage(text));
        }
    }
    None
}

impl<'a> Raw<'a> {
    /// The value in these bytes of an `AnyValue` message.
    #[inline]
    fn of(bytes: &'a [u8]) -> Self {
        match Fields::new(bytes, 0).next() {
            Ok(Some((1, Field::Bytes(_, text)))) => Self::Str(text),
            Ok(Some((2, Field::Varint(b)))) => Self::Bool(b != 0),
            Ok(Some((3, Field::Varint(i)))) => Self::Int(i as i64),
            Ok(Some((4, Field::Fixed64(bits)))) => Self::Double(f64::from_bits(bits)),
            Ok(Some((5, Field::Bytes(_, array)))) => Self::Array(array),
            Ok(Some((6, Field::Bytes(_, map)))) => Self::Map(map),
            Ok(Some((7, Field::Bytes(_, raw)))) => Self::Bytes(raw),
            _ => Self::Empty,
        }
    }

    /// Whether this value, or one within it, passes a test.
    #[inline]
    pub fn any(self, test: &mut dyn FnMut(Raw<'a>) -> bool) -> bool {
        match self {
            Self::Array(_) | Self::Map(_) | Self::Decoded(_) => self.any_within(test, 0),
            leaf => test(leaf),
        }
    }

    fn any_within(self, test: &mut dyn FnMut(Raw<'a>) -> bool, depth: usize) -> bool {
        if depth >= MAX_NESTING {
            return false;
        }
        let mut within = |raw: Raw<'a>| raw.any_within(&mut *test, depth + 1);
        match self {
            Self::Array(bytes) => items(bytes).any(|item| within(Self::of(item))),
            Self::Map(bytes) => items(bytes)
                .filter_map(attribute)
                .any(|part| matches!(part, Part::Attribute(_, raw) if within(raw))),
            Self::Decoded(Value::Array(values)) => values.iter().any(|value| within(value.into())),
            Self::Decoded(Value::Map(entries)) => entries.iter().any(|(_, value)| within(value.into())),
            leaf => test(leaf),
        }
    }
}

/// The messages in field 1: items of a list, entries of a map.
fn items(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut fields = Fields::new(bytes, 0);
    std::iter::from_fn(move || {
        while let Ok(Some((number, field))) = fields.next() {
            if let (1, Field::Bytes(_, item)) = (number, field) {
                return Some(item);
            }
        }
        None
    })
}

impl<'a> From<&'a Value> for Raw<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Empty => Self::Empty,
            Value::Str(text) => Self::Str(text.as_bytes()),
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(i) => Self::Int(*i),
            Value::Double(d) => Self::Double(*d),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            nested @ (Value::Array(_) | Value::Map(_)) => Self::Decoded(nested),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, Link, Span, SpanId, TraceId};
    use crate::otlp::encode::{Group, request};
    use crate::otlp::walk;

    fn bytes_of(span: Span) -> Vec<u8> {
        let group = Group { spans: vec![span], ..Group::default() };
        let (batch, _) = walk(request(&[group]), "t".into(), crate::model::Origin::Grpc, 0);
        let record = &batch.records[0];
        batch.bytes[record.offset as usize..][..record.len as usize].to_vec()
    }

    fn span() -> Span {
        let nested =
            Value::Map(vec![("in".into(), Value::Array(vec![Value::Int(7), Value::Str("x".into())]))]);
        Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(2),
            attributes: vec![("a".into(), Value::Double(1.5)), ("m".into(), nested)],
            events: vec![Event { time_ns: 9, name: "e".into(), ..Event::default() }],
            links: vec![Link { trace_id: TraceId([3; 16]), span_id: SpanId(4), ..Link::default() }],
            status_message: "broke".into(),
            ..Span::default()
        }
    }

    #[test]
    fn every_part_is_met_in_place() {
        let bytes = bytes_of(span());
        let mut said = Vec::new();
        for part in parts(Message::Span, &bytes) {
            match part {
                Part::Attribute(key, raw) => said.push(format!("{} {raw:?}", String::from_utf8_lossy(key))),
                Part::Event(event) => {
                    said.extend(parts(Message::Event, event).map(|part| format!("{part:?}")));
                }
                Part::Link(link) => {
                    said.extend(
                        parts(Message::Link, link).map(|part| format!("{part:?}").chars().take(12).collect()),
                    );
                }
                other => said.push(format!("{other:?}")),
            }
        }
        assert_eq!(said[0], "a Double(1.5)");
        assert!(said[1].starts_with("m Map("));
        assert_eq!(
            said[2..],
            [
                "Time(9)",
                "Name([101])",
                "TraceId([3, ",
                "SpanId([0, 0",
                "StatusMessage([98, 114, 111, 107, 101])"
            ]
        );
    }

    #[test]
    fn the_parts_of_a_log_record_are_met_in_place() {
        let json = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"WARN","body":{"intValue":"7"},
          "attributes":[{"key":"a","value":{"boolValue":true}}],"eventName":"e"}]}]}]}"#;
        let batch =
            crate::otlp::walk_json(json.as_bytes(), "t".into(), crate::model::Origin::HttpJson, 0).unwrap();
        let record = batch.logs.records[0];
        let bytes = &batch.logs.bytes[record.offset as usize..][..record.len as usize];
        let mut said: Vec<String> = parts(Message::Log, bytes).map(|part| format!("{part:?}")).collect();
        said.sort();
        let expected =
            ["Attribute([97], Bool(true))", "Body(Int(7))", "Name([101])", "SeverityText([87, 65, 82, 78])"];
        assert_eq!(said, expected);
        for cut in 0..bytes.len() {
            assert!(parts(Message::Log, &bytes[..cut]).count() <= said.len());
        }
    }

    #[test]
    fn values_within_values_are_met_encoded_and_decoded() {
        let bytes = bytes_of(span());
        let nested = span().attributes[1].1.clone();
        let encoded = parts(Message::Span, &bytes).find_map(|part| match part {
            Part::Attribute(b"m", raw) => Some(raw),
            _ => None,
        });
        for raw in [encoded.unwrap(), Raw::from(&nested)] {
            assert!(raw.any(&mut |leaf| matches!(leaf, Raw::Int(7))));
            assert!(raw.any(&mut |leaf| matches!(leaf, Raw::Str(b"x"))));
            assert!(!raw.any(&mut |leaf| matches!(leaf, Raw::Int(8))));
        }
    }

    #[test]
    fn cut_off_bytes_end_the_parts() {
        let bytes = bytes_of(span());
        let whole = parts(Message::Span, &bytes).count();
        for cut in 0..bytes.len() {
            assert!(parts(Message::Span, &bytes[..cut]).count() <= whole);
        }
    }
}
