//! Single things of one encoded span, read without decoding the rest.

use super::wire::{Field, Fields};
use crate::model::{SpanId, TraceId};

/// The spans that a span links to, in the order in which they were sent, without those that name none.
pub fn links(span: &[u8]) -> impl Iterator<Item = (TraceId, SpanId)> {
    messages(span, 13).filter_map(|link| {
        let (mut trace, mut id) = (None, None);
        for (number, field) in fields(link) {
            match (number, field) {
                (1, Field::Bytes(_, bytes)) => trace = TraceId::from_wire(bytes),
                (2, Field::Bytes(_, bytes)) => id = SpanId::from_wire(bytes),
                _ => {}
            }
        }
        trace.zip(id)
    })
}

/// When a span's events were, nanoseconds since the Unix epoch, and whether each is a recorded exception.
pub fn events(span: &[u8]) -> impl Iterator<Item = (u64, bool)> {
    messages(span, 11).map(|event| {
        let (mut time_ns, mut exception) = (0, false);
        for (number, field) in fields(event) {
            match (number, field) {
                (1, Field::Fixed64(ns)) => time_ns = ns,
                (2, Field::Bytes(_, name)) => exception = name == b"exception",
                _ => {}
            }
        }
        (time_ns, exception)
    })
}

fn messages(span: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(span).filter_map(move |(number, field)| match field {
        Field::Bytes(_, message) if number == wanted => Some(message),
        _ => None,
    })
}

/// The fields of a message, up to where it is broken.
fn fields(message: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    let mut fields = Fields::new(message, 0);
    std::iter::from_fn(move || fields.next().ok().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, Link, Origin, Span};
    use crate::otlp::encode::{Group, request};

    #[test]
    fn links_and_events_are_found_among_everything_else() {
        let link = |trace: u8, span| Link {
            trace_id: TraceId([trace; 16]),
            span_id: SpanId(span),
            ..Link::default()
        };
        let event = |time_ns, name: &str| Event { time_ns, name: name.to_owned(), ..Event::default() };
        let span = Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(1),
            name: "a".to_owned(),
            links: vec![link(7, 70), link(0, 71), link(8, 80)],
            events: vec![event(5, "exception"), event(9, "retry")],
            ..Span::default()
        };
        let bytes = request(&[Group { spans: vec![span], ..Group::default() }]);
        let (batch, _) = crate::otlp::walk(bytes, "test".into(), Origin::Grpc, 0);
        let record = batch.records[0];
        let span = &batch.bytes[record.offset as usize..][..record.len as usize];
        let found: Vec<_> = links(span).collect();
        assert_eq!(found, [(TraceId([7; 16]), SpanId(70)), (TraceId([8; 16]), SpanId(80))]);
        assert_eq!(events(span).collect::<Vec<_>>(), [(5, true), (9, false)]);
        assert_eq!(links(&span[..span.len() - 3]).count(), 1, "what comes before a break is found");
    }
}
