//! Leaves spans out of a request, in its bytes: what stays is the same byte for byte.

use super::retrace::{Edit, edited, ids};
use super::wire::Field;
use crate::model::{SpanId, TraceId};
use bytes::Bytes;
use std::cell::Cell;

/// The request with only the spans that are to be kept, and how many these are; nothing where none is. A span whose
/// ids cannot be read goes.
pub fn retain(request: &Bytes, keep: &dyn Fn(TraceId, SpanId) -> bool) -> Option<(Bytes, u64)> {
    retained(request, SPAN, keep)
}

/// The same for an `ExportLogsServiceRequest`: log records that name a span to be kept.
pub fn retain_logs(request: &Bytes, keep: &dyn Fn(TraceId, SpanId) -> bool) -> Option<(Bytes, u64)> {
    retained(request, LOG, keep)
}

/// Where trace id and span id stand in a message.
type IdFields = [u64; 2];

const SPAN: IdFields = [1, 2];
const LOG: IdFields = [9, 10];

fn retained(
    request: &Bytes,
    fields: IdFields,
    keep: &dyn Fn(TraceId, SpanId) -> bool,
) -> Option<(Bytes, u64)> {
    let kept = Cell::new(0);
    let after = container(request, 0, fields, keep, &kept);
    let after = match after {
        Some(Left::Changed(bytes)) => Bytes::from(bytes),
        Some(Left::Same) | None => request.clone(),
    };
    (kept.get() > 0).then(|| (after, kept.get()))
}

enum Left {
    Same,
    Changed(Vec<u8>),
}

/// A request (level 0), `ResourceSpans` (1) or `ScopeSpans` (2); nothing where no span in it is left.
fn container(
    bytes: &[u8],
    level: u8,
    fields: IdFields,
    keep: &dyn Fn(TraceId, SpanId) -> bool,
    kept: &Cell<u64>,
) -> Option<Left> {
    let before = kept.get();
    let after = edited(bytes, |number, field| match (level, number, field) {
        (0, 1, Field::Bytes(_, inner)) | (1, 2 | 1000, Field::Bytes(_, inner)) => {
            match container(inner, level + 1, fields, keep, kept) {
                Some(Left::Same) => None,
                Some(Left::Changed(content)) => Some(Edit::Content(content)),
                None => Some(Edit::Nothing),
            }
        }
        (2, 2, Field::Bytes(_, span)) => {
            let stays = ids(span, fields).is_some_and(|(trace, span)| keep(trace, span));
            kept.set(kept.get() + u64::from(stays));
            (!stays).then_some(Edit::Nothing)
        }
        _ => None,
    });
    (kept.get() > before).then(|| after.map_or(Left::Same, Left::Changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Span};
    use crate::otlp::encode::{Group, request};
    use crate::otlp::walk;

    fn group(ids: &[u64]) -> Group {
        let span = |id: &u64| Span { trace_id: TraceId([1; 16]), span_id: SpanId(*id), ..Span::default() };
        Group { spans: ids.iter().map(span).collect(), ..Group::default() }
    }

    #[test]
    fn what_is_not_kept_goes_with_what_held_only_that() {
        let all = request(&[group(&[1, 2]), group(&[3]), group(&[4])]);
        let (left, count) = retain(&all, &|_, span| span.0 != 2 && span.0 != 3).unwrap();
        assert_eq!((left, count), (request(&[group(&[1]), group(&[4])]), 2));
        assert_eq!(retain(&all, &|_, _| true), Some((all.clone(), 4)));
        assert_eq!(retain(&all, &|_, _| false), None);
    }

    #[test]
    fn broken_bytes_lose_nothing_that_can_be_read() {
        let good = request(&[group(&[1, 2]), group(&[3])]);
        for cut in 0..good.len() {
            let broken = good.slice(..cut);
            let readable = walk(broken.clone(), "t".into(), Origin::Grpc, 0).0.records.len() as u64;
            let left = retain(&broken, &|_, _| true).map_or(0, |(_, count)| count);
            assert_eq!(left, readable, "{cut}");
        }
    }
}
