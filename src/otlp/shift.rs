//! Moves a request in time, in its bytes: every time by as much, everything else stays as it was.

use super::retrace::{Edit, edited};
use super::wire::Field;
use bytes::Bytes;

/// The request with all times moved by so many nanoseconds; a time that is not known (0) stays so.
pub fn shift(request: &Bytes, by_ns: i64) -> Bytes {
    container(request, 0, by_ns, SPAN).map_or_else(|| request.clone(), Bytes::from)
}

/// The same for an `ExportLogsServiceRequest`.
pub fn shift_logs(request: &Bytes, by_ns: i64) -> Bytes {
    container(request, 0, by_ns, LOG).map_or_else(|| request.clone(), Bytes::from)
}

/// Where times stand in an item, and the field of its events, which have one each in their first field.
#[derive(Clone, Copy)]
struct Times {
    of: [u64; 2],
    events: Option<u64>,
}

const SPAN: Times = Times { of: [7, 8], events: Some(11) };
const LOG: Times = Times { of: [1, 11], events: None };
const EVENT: Times = Times { of: [1, 1], events: None };

/// A request (level 0), its resources (1) or scopes (2); nothing where nothing in it changes.
fn container(bytes: &[u8], level: u8, by_ns: i64, times: Times) -> Option<Vec<u8>> {
    edited(bytes, |number, field| match (level, number, field) {
        (0, 1, Field::Bytes(_, inner)) | (1, 2 | 1000, Field::Bytes(_, inner)) => {
            container(inner, level + 1, by_ns, times).map(Edit::Content)
        }
        (2, 2, Field::Bytes(_, inner)) => item(inner, by_ns, times).map(Edit::Content),
        _ => None,
    })
}

fn item(bytes: &[u8], by_ns: i64, times: Times) -> Option<Vec<u8>> {
    edited(bytes, |number, field| match field {
        Field::Fixed64(at @ 1..) if times.of.contains(&number) => {
            Some(Edit::Fixed64(at.saturating_add_signed(by_ns)))
        }
        Field::Bytes(_, event) if times.events == Some(number) => {
            item(event, by_ns, EVENT).map(Edit::Content)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, Origin, Span, SpanId, TraceId};
    use crate::otlp::encode::{Group, request};
    use crate::otlp::{decode, walk};

    fn span(start_ns: u64, end_ns: u64, event_ns: u64) -> Span {
        Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(2),
            start_ns,
            end_ns,
            name: "a".into(),
            events: vec![Event { time_ns: event_ns, name: "e".into(), ..Event::default() }],
            ..Span::default()
        }
    }

    fn shifted(span: Span, by_ns: i64) -> Span {
        let all = shift(&request(&[Group { spans: vec![span], ..Group::default() }]), by_ns);
        let (batch, malformed) = walk(all, "t".into(), Origin::Grpc, 0);
        assert_eq!(malformed, None);
        let record = &batch.records[0];
        decode::span(&batch.bytes[record.offset as usize..][..record.len as usize])
    }

    #[test]
    fn every_time_moves_by_as_much_and_nothing_else_changes() {
        assert_eq!(shifted(span(1_000, 3_000, 2_000), 500), span(1_500, 3_500, 2_500));
        assert_eq!(shifted(span(1_000, 3_000, 2_000), -700), span(300, 2_300, 1_300));
        assert_eq!(shifted(span(0, 3_000, 0), 500), span(0, 3_500, 0), "what is not known stays so");
    }

    #[test]
    fn broken_bytes_stay_readable_up_to_the_break() {
        let good = request(&[Group { spans: vec![span(1_000, 3_000, 2_000)], ..Group::default() }]);
        for cut in 0..good.len() {
            assert_eq!(shift(&good.slice(..cut), 500).len(), cut);
        }
    }
}
