//! Protobuf in, OTLP/JSON out: what [`read_document`](super::read_document) reads, it reads back as the same bytes.
//!
//! One table a message; a member is written where its field first stands, so that the order of the fields is that of
//! the keys. Nothing is decoded in between.

use crate::otlp::decode::MAX_NESTING;
use crate::otlp::wire::{Field, Fields};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::io::Write;

/// A field and how it is written.
struct Member {
    number: u64,
    key: &'static str,
    shape: Shape,
    many: bool,
}

#[derive(Clone, Copy)]
enum Shape {
    Text,
    /// An id.
    Hex,
    Base64,
    Bool,
    /// 64 bits and signed, as text: JSON's own numbers are exact to 53 bits.
    Int,
    /// An enum, by its number.
    Enum,
    Count,
    Double,
    /// Nanoseconds, as text.
    Time,
    Flags,
    Message(&'static [Member]),
    /// A message whose values may lie in each other.
    Value(&'static [Member]),
}

const fn one(number: u64, key: &'static str, shape: Shape) -> Member {
    Member { number, key, shape, many: false }
}

const fn many(number: u64, key: &'static str, shape: Shape) -> Member {
    Member { number, key, shape, many: true }
}

static REQUEST: [Member; 1] = [many(1, "resourceSpans", Shape::Message(&RESOURCE_SPANS))];

static LOGS_REQUEST: [Member; 1] = [many(1, "resourceLogs", Shape::Message(&RESOURCE_LOGS))];

static RESOURCE_SPANS: [Member; 4] = [
    one(1, "resource", Shape::Message(&RESOURCE)),
    many(2, "scopeSpans", Shape::Message(&SCOPE_SPANS)),
    one(3, "schemaUrl", Shape::Text),
    // Before OTLP 0.19.
    many(1000, "instrumentationLibrarySpans", Shape::Message(&LIBRARY_SPANS)),
];

static RESOURCE_LOGS: [Member; 4] = [
    one(1, "resource", Shape::Message(&RESOURCE)),
    many(2, "scopeLogs", Shape::Message(&SCOPE_LOGS)),
    one(3, "schemaUrl", Shape::Text),
    // Before OTLP 0.19.
    many(1000, "instrumentationLibraryLogs", Shape::Message(&LIBRARY_LOGS)),
];

static RESOURCE: [Member; 2] =
    [many(1, "attributes", Shape::Message(&KEY_VALUE)), one(2, "droppedAttributesCount", Shape::Count)];

static SCOPE_SPANS: [Member; 3] = [
    one(1, "scope", Shape::Message(&SCOPE)),
    many(2, "spans", Shape::Message(&SPAN)),
    one(3, "schemaUrl", Shape::Text),
];

static LIBRARY_SPANS: [Member; 3] = [
    one(1, "instrumentationLibrary", Shape::Message(&SCOPE)),
    many(2, "spans", Shape::Message(&SPAN)),
    one(3, "schemaUrl", Shape::Text),
];

static SCOPE_LOGS: [Member; 3] = [
    one(1, "scope", Shape::Message(&SCOPE)),
    many(2, "logRecords", Shape::Message(&LOG_RECORD)),
    one(3, "schemaUrl", Shape::Text),
];

static LIBRARY_LOGS: [Member; 3] = [
    one(1, "instrumentationLibrary", Shape::Message(&SCOPE)),
    many(2, "logRecords", Shape::Message(&LOG_RECORD)),
    one(3, "schemaUrl", Shape::Text),
];

static SCOPE: [Member; 4] = [
    one(1, "name", Shape::Text),
    one(2, "version", Shape::Text),
    many(3, "attributes", Shape::Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Shape::Count),
];

static SPAN: [Member; 16] = [
    one(1, "traceId", Shape::Hex),
    one(2, "spanId", Shape::Hex),
    one(3, "traceState", Shape::Text),
    one(4, "parentSpanId", Shape::Hex),
    one(5, "name", Shape::Text),
    one(6, "kind", Shape::Enum),
    one(7, "startTimeUnixNano", Shape::Time),
    one(8, "endTimeUnixNano", Shape::Time),
    many(9, "attributes", Shape::Message(&KEY_VALUE)),
    one(10, "droppedAttributesCount", Shape::Count),
    many(11, "events", Shape::Message(&EVENT)),
    one(12, "droppedEventsCount", Shape::Count),
    many(13, "links", Shape::Message(&LINK)),
    one(14, "droppedLinksCount", Shape::Count),
    one(15, "status", Shape::Message(&STATUS)),
    one(16, "flags", Shape::Flags),
];

static LOG_RECORD: [Member; 11] = [
    one(1, "timeUnixNano", Shape::Time),
    one(2, "severityNumber", Shape::Enum),
    one(3, "severityText", Shape::Text),
    one(5, "body", Shape::Value(&ANY_VALUE)),
    many(6, "attributes", Shape::Message(&KEY_VALUE)),
    one(7, "droppedAttributesCount", Shape::Count),
    one(8, "flags", Shape::Flags),
    one(9, "traceId", Shape::Hex),
    one(10, "spanId", Shape::Hex),
    one(11, "observedTimeUnixNano", Shape::Time),
    one(12, "eventName", Shape::Text),
];

static EVENT: [Member; 4] = [
    one(1, "timeUnixNano", Shape::Time),
    one(2, "name", Shape::Text),
    many(3, "attributes", Shape::Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Shape::Count),
];

static LINK: [Member; 6] = [
    one(1, "traceId", Shape::Hex),
    one(2, "spanId", Shape::Hex),
    one(3, "traceState", Shape::Text),
    many(4, "attributes", Shape::Message(&KEY_VALUE)),
    one(5, "droppedAttributesCount", Shape::Count),
    one(6, "flags", Shape::Flags),
];

static STATUS: [Member; 2] = [one(2, "message", Shape::Text), one(3, "code", Shape::Enum)];

static KEY_VALUE: [Member; 2] = [one(1, "key", Shape::Text), one(2, "value", Shape::Value(&ANY_VALUE))];

static ANY_VALUE: [Member; 7] = [
    one(1, "stringValue", Shape::Text),
    one(2, "boolValue", Shape::Bool),
    one(3, "intValue", Shape::Int),
    one(4, "doubleValue", Shape::Double),
    one(5, "arrayValue", Shape::Message(&ARRAY_VALUE)),
    one(6, "kvlistValue", Shape::Message(&KVLIST_VALUE)),
    one(7, "bytesValue", Shape::Base64),
];

static ARRAY_VALUE: [Member; 1] = [many(1, "values", Shape::Value(&ANY_VALUE))];

static KVLIST_VALUE: [Member; 1] = [many(1, "values", Shape::Message(&KEY_VALUE))];

/// What a format cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Fields that OTLP/JSON has no name for.
    UnknownFields,
    /// Text that is not UTF-8.
    InvalidUtf8,
    /// Values that lie too deep in each other.
    Nesting,
    /// A span, attribute or other message whose bytes break off.
    Broken,
    /// Log records, in a format that has none.
    Logs,
    /// Spans and log records in one file of a format whose files hold one signal.
    MixedSignals,
    /// Bytes of a span that were odd when it was decoded.
    Odd,
    /// What another format than OTLP cannot carry, as its writer says it.
    Format(&'static str),
}

impl Loss {
    /// A sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::UnknownFields => "fields that OTLP/JSON has no name for were left out; protobuf keeps them",
            Self::InvalidUtf8 => "text that is not UTF-8 was written with U+FFFD; protobuf keeps it as it is",
            Self::Nesting => "values nested deeper than 32 levels were cut off; protobuf keeps them",
            Self::Broken => {
                "what stands behind a break in the bytes of a message was left out; protobuf keeps it"
            }
            Self::Logs => "log records were left out: this format has none; OTLP keeps them",
            Self::MixedSignals => {
                "spans and log records are messages of two types in one file, which otoscope tells apart and other \
                 readers may not; OTLP/JSON lines name them"
            }
            Self::Odd => {
                "spans with broken bytes were written as far as they could be read; protobuf keeps them"
            }
            Self::Format(sentence) => sentence,
        }
    }
}

/// Appends an `ExportTraceServiceRequest` as one line of OTLP/JSON, without its end. What could not be written is
/// handed to `lost`, once or more.
pub fn to_json(request: &[u8], out: &mut Vec<u8>, lost: &mut dyn FnMut(Loss)) {
    Writer { out, lost }.message(&REQUEST, request, 0);
}

/// The same for an `ExportLogsServiceRequest`.
pub fn logs_to_json(request: &[u8], out: &mut Vec<u8>, lost: &mut dyn FnMut(Loss)) {
    Writer { out, lost }.message(&LOGS_REQUEST, request, 0);
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    lost: &'a mut dyn FnMut(Loss),
}

impl Writer<'_> {
    fn message(&mut self, members: &'static [Member], bytes: &[u8], depth: usize) {
        self.out.push(b'{');
        let (mut written, mut fields) = (0_u32, Fields::new(bytes, 0));
        loop {
            let (number, field) = match fields.next() {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(_) => {
                    (self.lost)(Loss::Broken);
                    break;
                }
            };
            let Some(at) = members.iter().position(|member| member.number == number && member.fits(field))
            else {
                (self.lost)(Loss::UnknownFields);
                continue;
            };
            if written & 1 << at == 0 {
                if written != 0 {
                    self.out.push(b',');
                }
                written |= 1 << at;
                self.member(&members[at], field, fields, depth);
            }
        }
        self.out.push(b'}');
    }

    /// Writes a member that stands here for the first time, with what comes of it later.
    fn member(&mut self, member: &'static Member, first: Field<'_>, mut later: Fields<'_>, depth: usize) {
        self.text(member.key);
        self.out.push(b':');
        // Of a field that can be there once, the last one counts.
        let mut last = first;
        if member.many {
            self.out.push(b'[');
            self.value(member.shape, first, depth);
        }
        while let Ok(Some((number, field))) = later.next() {
            if number != member.number || !member.fits(field) {
                continue;
            }
            last = field;
            if member.many {
                self.out.push(b',');
                self.value(member.shape, field, depth);
            }
        }
        if member.many {
            self.out.push(b']');
        } else {
            self.value(member.shape, last, depth);
        }
    }

    fn value(&mut self, shape: Shape, field: Field<'_>, depth: usize) {
        match (shape, field) {
            (Shape::Message(members), Field::Bytes(_, bytes)) => self.message(members, bytes, depth),
            (Shape::Value(members), Field::Bytes(_, bytes)) => {
                if depth < MAX_NESTING {
                    self.message(members, bytes, depth + 1);
                } else {
                    (self.lost)(Loss::Nesting);
                    self.out.extend_from_slice(b"{}");
                }
            }
            (Shape::Hex, Field::Bytes(_, id)) => {
                self.out.push(b'"');
                for byte in id {
                    self.plain(format_args!("{byte:02x}"));
                }
                self.out.push(b'"');
            }
            (Shape::Base64, Field::Bytes(_, bytes)) => self.text(&STANDARD.encode(bytes)),
            (_, Field::Bytes(_, bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                if matches!(text, Cow::Owned(_)) {
                    (self.lost)(Loss::InvalidUtf8);
                }
                self.text(&text);
            }
            (Shape::Bool, Field::Varint(n)) => self.plain(format_args!("{}", n != 0)),
            (Shape::Int, Field::Varint(n)) => self.plain(format_args!("\"{}\"", n as i64)),
            (Shape::Enum, Field::Varint(n)) => self.plain(format_args!("{}", n as i32)),
            (_, Field::Varint(n)) => self.plain(format_args!("{}", n as u32)),
            (Shape::Double, Field::Fixed64(bits)) => {
                let number = f64::from_bits(bits);
                if number.is_finite() {
                    // As few digits as tell it from its neighbours, and always with a point or an exponent.
                    self.plain(format_args!("{number:?}"));
                } else if number.is_nan() {
                    self.text("NaN");
                } else {
                    self.text(if number > 0.0 { "Infinity" } else { "-Infinity" });
                }
            }
            (_, Field::Fixed64(ns)) => self.plain(format_args!("\"{ns}\"")),
            (_, Field::Fixed32(flags)) => self.plain(format_args!("{flags}")),
            // No shape of a field that is known.
            (_, Field::Group) => {}
        }
    }

    fn plain(&mut self, text: std::fmt::Arguments<'_>) {
        // A vector takes everything.
        let _ = self.out.write_fmt(text);
    }

    fn text(&mut self, text: &str) {
        // A text is always JSON, and a vector takes everything.
        let _ = serde_json::to_writer(&mut *self.out, text);
    }
}

impl Member {
    /// Whether a field has the wire type that it should have; any other is a field that nobody knows.
    fn fits(&self, field: Field<'_>) -> bool {
        match self.shape {
            Shape::Bool | Shape::Int | Shape::Enum | Shape::Count => matches!(field, Field::Varint(_)),
            Shape::Double | Shape::Time => matches!(field, Field::Fixed64(_)),
            Shape::Flags => matches!(field, Field::Fixed32(_)),
            Shape::Text | Shape::Hex | Shape::Base64 | Shape::Message(_) | Shape::Value(_) => {
                matches!(field, Field::Bytes(..))
            }
        }
    }
}
