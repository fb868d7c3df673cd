//! Reads one span, log record, resource or scope from its bytes, to be shown.
//!
//! Lenient: invalid UTF-8 becomes U+FFFD, nesting ends at 32 levels, a broken field ends the message; each
//! leaves a remark. The bytes stay as they came.

use super::wire::{Broken, Field, Fields, key_value};
use crate::model::{
    Attributes, Event, Link, Log, Resource, Scope, SeverityNumber, Span, SpanFlags, SpanId, SpanKind,
    StatusCode, TraceId, Value,
};

/// How deep attribute values are followed.
pub const MAX_NESTING: usize = 32;

/// The span in these bytes of a `Span` message.
pub fn span(bytes: &[u8]) -> Span {
    let mut reader = Reader::default();
    let mut span = Span::default();
    reader.fields(bytes, |reader, number, field| match (number, field) {
        (1, Field::Bytes(_, id)) => span.trace_id = TraceId::from_wire(id).unwrap_or_default(),
        (2, Field::Bytes(_, id)) => span.span_id = SpanId::from_wire(id).unwrap_or_default(),
        (3, Field::Bytes(_, text)) => span.trace_state = reader.text(text),
        (4, Field::Bytes(_, id)) => span.parent_id = SpanId::from_wire(id).unwrap_or_default(),
        (5, Field::Bytes(_, text)) => span.name = reader.text(text),
        (6, Field::Varint(kind)) => span.kind = SpanKind::from_wire(kind as i32),
        (7, Field::Fixed64(ns)) => span.start_ns = ns,
        (8, Field::Fixed64(ns)) => span.end_ns = ns,
        (9, Field::Bytes(_, attribute)) => reader.attribute(attribute, &mut span.attributes, 0),
        (10, Field::Varint(count)) => span.dropped_attributes = count as u32,
        (11, Field::Bytes(_, event)) => span.events.push(reader.event(event)),
        (12, Field::Varint(count)) => span.dropped_events = count as u32,
        (13, Field::Bytes(_, link)) => span.links.push(reader.link(link)),
        (14, Field::Varint(count)) => span.dropped_links = count as u32,
        (15, Field::Bytes(_, status)) => {
            reader.fields(status, |reader, number, field| match (number, field) {
                (2, Field::Bytes(_, text)) => span.status_message = reader.text(text),
                (3, Field::Varint(code)) => span.status = StatusCode::from_wire(code as i32),
                _ => {}
            });
        }
        (16, Field::Fixed32(flags)) => span.flags = flags,
        _ => {}
    });
    span.remarks = reader.remarks;
    span
}

/// The log record in these bytes of a `LogRecord` message.
pub fn log(bytes: &[u8]) -> Log {
    let mut reader = Reader::default();
    let mut log = Log::default();
    reader.fields(bytes, |reader, number, field| match (number, field) {
        (1, Field::Fixed64(ns)) => log.time_ns = ns,
        (2, Field::Varint(number)) => log.severity = SeverityNumber::from_wire(number as i32),
        (3, Field::Bytes(_, text)) => log.severity_text = reader.text(text),
        (5, Field::Bytes(_, body)) => log.body = reader.value(body, 0),
        (6, Field::Bytes(_, attribute)) => reader.attribute(attribute, &mut log.attributes, 0),
        (7, Field::Varint(count)) => log.dropped_attributes = count as u32,
        (8, Field::Fixed32(flags)) => log.flags = flags,
        (9, Field::Bytes(_, id)) => log.trace_id = TraceId::from_wire(id).unwrap_or_default(),
        (10, Field::Bytes(_, id)) => log.span_id = SpanId::from_wire(id).unwrap_or_default(),
        (11, Field::Fixed64(ns)) => log.observed_ns = ns,
        (12, Field::Bytes(_, text)) => log.event_name = reader.text(text),
        _ => {}
    });
    log.remarks = reader.remarks;
    log
}

/// The value in these bytes of an `AnyValue` message.
pub fn value(bytes: &[u8]) -> Value {
    Reader::default().value(bytes, 0)
}

/// The text in these bytes of an `AnyValue` message, as it was sent; nothing where it is no text.
pub fn text_value(bytes: &[u8]) -> Option<&[u8]> {
    match Fields::new(bytes, 0).next() {
        Ok(Some((1, Field::Bytes(_, text)))) => Some(text),
        _ => None,
    }
}

/// The resource in these bytes of a `Resource` message, with its schema URL.
pub fn resource(bytes: &[u8], schema_url: &[u8]) -> Resource {
    let mut reader = Reader::default();
    let mut resource = Resource { schema_url: reader.text(schema_url), ..Resource::default() };
    reader.fields(bytes, |reader, number, field| match (number, field) {
        (1, Field::Bytes(_, attribute)) => reader.attribute(attribute, &mut resource.attributes, 0),
        (2, Field::Varint(count)) => resource.dropped_attributes = count as u32,
        _ => {}
    });
    resource
}

/// The scope in these bytes of an `InstrumentationScope` message, with its schema URL.
pub fn scope(bytes: &[u8], schema_url: &[u8]) -> Scope {
    let mut reader = Reader::default();
    let mut scope = Scope { schema_url: reader.text(schema_url), ..Scope::default() };
    reader.fields(bytes, |reader, number, field| match (number, field) {
        (1, Field::Bytes(_, text)) => scope.name = reader.text(text),
        (2, Field::Bytes(_, text)) => scope.version = reader.text(text),
        (3, Field::Bytes(_, attribute)) => reader.attribute(attribute, &mut scope.attributes, 0),
        (4, Field::Varint(count)) => scope.dropped_attributes = count as u32,
        _ => {}
    });
    scope
}

#[derive(Default)]
struct Reader {
    remarks: Vec<String>,
}

impl Reader {
    fn remark(&mut self, remark: &str) {
        if !self.remarks.iter().any(|r| r == remark) {
            self.remarks.push(remark.to_owned());
        }
    }

    fn fields(&mut self, bytes: &[u8], mut each: impl FnMut(&mut Self, u64, Field<'_>)) {
        let mut fields = Fields::new(bytes, 0);
        loop {
            match fields.next() {
                Ok(Some((number, field))) => each(self, number, field),
                Ok(None) => return,
                Err(Broken { what, .. }) => return self.remark(&format!("broken bytes: {what}")),
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.remark("invalid UTF-8, shown as U+FFFD");
                String::from_utf8_lossy(bytes).into_owned()
            }
        }
    }

    fn attribute(&mut self, bytes: &[u8], into: &mut Attributes, depth: usize) {
        match key_value(bytes, 0) {
            Ok((key, _, value)) => {
                let key = self.text(key);
                let value = self.value(value, depth);
                into.push((key, value));
            }
            Err(Broken { what, .. }) => self.remark(&format!("broken attribute: {what}")),
        }
    }

    fn value(&mut self, bytes: &[u8], depth: usize) -> Value {
        if depth >= MAX_NESTING {
            self.remark("values nested deeper than 32 levels, cut off");
            return Value::Empty;
        }
        let mut value = Value::Empty;
        self.fields(bytes, |reader, number, field| match (number, field) {
            (1, Field::Bytes(_, text)) => value = Value::Str(reader.text(text)),
            (2, Field::Varint(b)) => value = Value::Bool(b != 0),
            (3, Field::Varint(i)) => value = Value::Int(i as i64),
            (4, Field::Fixed64(bits)) => value = Value::Double(f64::from_bits(bits)),
            (5, Field::Bytes(_, array)) => {
                let mut items = Vec::new();
                reader.fields(array, |reader, number, field| {
                    if let (1, Field::Bytes(_, item)) = (number, field) {
                        items.push(reader.value(item, depth + 1));
                    }
                });
                value = Value::Array(items);
            }
            (6, Field::Bytes(_, map)) => {
                let mut entries = Attributes::new();
                reader.fields(map, |reader, number, field| {
                    if let (1, Field::Bytes(_, entry)) = (number, field) {
                        reader.attribute(entry, &mut entries, depth + 1);
                    }
                });
                value = Value::Map(entries);
            }
            (7, Field::Bytes(_, raw)) => value = Value::Bytes(raw.to_vec()),
            _ => {}
        });
        value
    }

    fn event(&mut self, bytes: &[u8]) -> Event {
        let mut event = Event::default();
        self.fields(bytes, |reader, number, field| match (number, field) {
            (1, Field::Fixed64(ns)) => event.time_ns = ns,
            (2, Field::Bytes(_, text)) => event.name = reader.text(text),
            (3, Field::Bytes(_, attribute)) => reader.attribute(attribute, &mut event.attributes, 0),
            (4, Field::Varint(count)) => event.dropped_attributes = count as u32,
            _ => {}
        });
        event
    }

    fn link(&mut self, bytes: &[u8]) -> Link {
        let mut link = Link::default();
        self.fields(bytes, |reader, number, field| match (number, field) {
            (1, Field::Bytes(_, id)) => link.trace_id = TraceId::from_wire(id).unwrap_or_default(),
            (2, Field::Bytes(_, id)) => link.span_id = SpanId::from_wire(id).unwrap_or_default(),
            (3, Field::Bytes(_, text)) => link.trace_state = reader.text(text),
            (4, Field::Bytes(_, attribute)) => reader.attribute(attribute, &mut link.attributes, 0),
            (5, Field::Varint(count)) => link.dropped_attributes = count as u32,
            (6, Field::Fixed32(flags)) => link.flags = SpanFlags::from_wire(flags),
            _ => {}
        });
        link
    }
}
