//! Writes OTLP protobuf from decoded spans, for readers of formats that are not OTLP.

use crate::model::{Attributes, Event, Link, Resource, Scope, Span, SpanId, TraceId, Value};
use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

/// Spans of one scope of one resource.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What produced them.
    pub resource: Resource,
    /// Which library made them.
    pub scope: Scope,
    /// The spans.
    pub spans: Vec<Span>,
}

/// The `ExportTraceServiceRequest` with these groups, one `ResourceSpans` each.
pub fn request(groups: &[Group]) -> Bytes {
    let mut out = Vec::new();
    for group in groups {
        resource_spans(&mut out, &group.resource, &group.scope, |scope_spans| {
            for s in &group.spans {
                message(scope_spans, 2, |m| span(m, s));
            }
        });
    }
    out.into()
}

/// Encoded spans, or log records, of one scope of one resource.
#[derive(Clone, Debug)]
pub struct Encoded<'a> {
    /// What produced them.
    pub resource: &'a Resource,
    /// Which library made them.
    pub scope: &'a Scope,
    /// Their `Span` or `LogRecord` messages, which are written as they are.
    pub items: Vec<&'a [u8]>,
}

/// The `ExportTraceServiceRequest` with spans that are encoded already, one `ResourceSpans` for each group. With log
/// records it is an `ExportLogsServiceRequest`, whose fields have the same numbers.
pub fn request_of(groups: &[Encoded<'_>]) -> Bytes {
    let mut out = Vec::new();
    for group in groups {
        resource_spans(&mut out, group.resource, group.scope, |scope_spans| {
            group.items.iter().for_each(|item| bytes(scope_spans, 2, item));
        });
    }
    out.into()
}

fn resource_spans(out: &mut Vec<u8>, of: &Resource, by: &Scope, spans: impl FnOnce(&mut Vec<u8>)) {
    message(out, 1, |resource_spans| {
        message(resource_spans, 1, |m| resource(m, of));
        message(resource_spans, 2, |scope_spans| {
            message(scope_spans, 1, |m| scope(m, by));
            spans(scope_spans);
            text(scope_spans, 3, &by.schema_url);
        });
        text(resource_spans, 3, &of.schema_url);
    });
}

fn resource(m: &mut Vec<u8>, resource: &Resource) {
    attributes(m, 1, &resource.attributes);
    number(m, 2, u64::from(resource.dropped_attributes));
}

fn scope(m: &mut Vec<u8>, scope: &Scope) {
    text(m, 1, &scope.name);
    text(m, 2, &scope.version);
    attributes(m, 3, &scope.attributes);
    number(m, 4, u64::from(scope.dropped_attributes));
}

fn span(m: &mut Vec<u8>, span: &Span) {
    trace_id(m, 1, span.trace_id);
    span_id(m, 2, span.span_id);
    text(m, 3, &span.trace_state);
    span_id(m, 4, span.parent_id);
    text(m, 5, &span.name);
    number(m, 6, span.kind.to_wire() as u64);
    fixed64(m, 7, span.start_ns);
    fixed64(m, 8, span.end_ns);
    attributes(m, 9, &span.attributes);
    number(m, 10, u64::from(span.dropped_attributes));
    for e in &span.events {
        message(m, 11, |m| event(m, e));
    }
    number(m, 12, u64::from(span.dropped_events));
    for l in &span.links {
        message(m, 13, |m| link(m, l));
    }
    number(m, 14, u64::from(span.dropped_links));
    message(m, 15, |m| {
        text(m, 2, &span.status_message);
        number(m, 3, span.status.to_wire() as u64);
    });
    fixed32(m, 16, span.flags);
}

fn event(m: &mut Vec<u8>, event: &Event) {
    fixed64(m, 1, event.time_ns);
    text(m, 2, &event.name);
    attributes(m, 3, &event.attributes);
    number(m, 4, u64::from(event.dropped_attributes));
}

fn link(m: &mut Vec<u8>, link: &Link) {
    trace_id(m, 1, link.trace_id);
    span_id(m, 2, link.span_id);
    text(m, 3, &link.trace_state);
    attributes(m, 4, &link.attributes);
    number(m, 5, u64::from(link.dropped_attributes));
    fixed32(m, 6, u32::from(link.flags.0));
}

fn attributes(m: &mut Vec<u8>, field: u32, list: &Attributes) {
    for (key, v) in list {
        message(m, field, |m| {
            text(m, 1, key);
            message(m, 2, |m| value(m, v));
        });
    }
}

fn value(m: &mut Vec<u8>, v: &Value) {
    match v {
        Value::Empty => {}
        // Oneof members are written even when they hold their default: an empty text is not "no value".
        Value::Str(text) => bytes(m, 1, text.as_bytes()),
        Value::Bool(b) => varint(m, 2, u64::from(*b)),
        Value::Int(i) => varint(m, 3, *i as u64),
        Value::Double(d) => {
            encode_key(4, WireType::SixtyFourBit, m);
            m.extend_from_slice(&d.to_bits().to_le_bytes());
        }
        Value::Array(items) => {
            message(m, 5, |m| items.iter().for_each(|item| message(m, 1, |m| value(m, item))));
        }
        Value::Map(entries) => message(m, 6, |m| attributes(m, 1, entries)),
        Value::Bytes(raw) => bytes(m, 7, raw),
    }
}

fn message(m: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes(m, field, &inner);
}

fn bytes(m: &mut Vec<u8>, field: u32, content: &[u8]) {
    encode_key(field, WireType::LengthDelimited, m);
    encode_varint(content.len() as u64, m);
    m.extend_from_slice(content);
}

fn varint(m: &mut Vec<u8>, field: u32, value: u64) {
    encode_key(field, WireType::Varint, m);
    encode_varint(value, m);
}

fn text(m: &mut Vec<u8>, field: u32, content: &str) {
    if !content.is_empty() {
        bytes(m, field, content.as_bytes());
    }
}

fn number(m: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        varint(m, field, value);
    }
}

fn fixed64(m: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        encode_key(field, WireType::SixtyFourBit, m);
        m.extend_from_slice(&value.to_le_bytes());
    }
}

fn fixed32(m: &mut Vec<u8>, field: u32, value: u32) {
    if value != 0 {
        encode_key(field, WireType::ThirtyTwoBit, m);
        m.extend_from_slice(&value.to_le_bytes());
    }
}

fn trace_id(m: &mut Vec<u8>, field: u32, id: TraceId) {
    if id != TraceId::default() {
        bytes(m, field, &id.0);
    }
}

fn span_id(m: &mut Vec<u8>, field: u32, id: SpanId) {
    if !id.is_none() {
        bytes(m, field, &id.0.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, SpanFlags, SpanKind, StatusCode};
    use crate::otlp::{decode, walk};

    #[test]
    fn what_is_written_reads_back() {
        let nested =
            Value::Map(vec![("a".into(), Value::Array(vec![Value::Int(-1), Value::Str(String::new())]))]);
        let written = Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(2),
            parent_id: SpanId(3),
            trace_state: "ot=th:8".into(),
            flags: 0x301,
            name: "GET".into(),
            kind: SpanKind::Client,
            start_ns: 10,
            end_ns: 20,
            attributes: vec![
                ("n".into(), nested),
                ("d".into(), Value::Double(0.0)),
                ("b".into(), Value::Bool(false)),
                ("x".into(), Value::Bytes(vec![0, 255])),
                ("e".into(), Value::Empty),
            ],
            dropped_attributes: 1,
            events: vec![Event { time_ns: 11, name: "exception".into(), ..Event::default() }],
            dropped_events: 2,
            links: vec![Link {
                trace_id: TraceId([5; 16]),
                span_id: SpanId(6),
                flags: SpanFlags(0x100),
                ..Link::default()
            }],
            dropped_links: 3,
            status: StatusCode::Error,
            status_message: "no".into(),
            remarks: vec![],
        };
        let scope = Scope { name: "s".into(), version: "1".into(), ..Scope::default() };
        let resource = Resource { schema_url: "u".into(), ..Resource::default() };
        let bytes = request(&[Group {
            resource: resource.clone(),
            scope: scope.clone(),
            spans: vec![written.clone()],
        }]);
        let (batch, malformed) = walk(bytes, "t".into(), Origin::Grpc, 0);
        assert_eq!((malformed, &batch.rejections[..]), (None, &[][..]));
        let r = batch.records[0];
        assert_eq!(decode::span(&batch.bytes[r.offset as usize..][..r.len as usize]), written);
        let (message, schema) = batch.scopes[0];
        assert_eq!(decode::scope(message.of(&batch.bytes), schema.of(&batch.bytes)), scope);
        let (message, schema) = batch.resources[0];
        assert_eq!(decode::resource(message.of(&batch.bytes), schema.of(&batch.bytes)), resource);
    }
}
