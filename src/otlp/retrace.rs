//! Moves spans of a request to other traces, in its bytes: what does not change stays byte for byte, unknown fields and
//! the order of the fields too.

use super::wire::{Field, Fields};
use crate::model::{SpanFlags, SpanId, TraceId};
use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

/// Where a span goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Its trace from now on.
    pub trace_id: TraceId,
    /// It becomes a root: it loses its `parent_span_id`, and of its flags the bit that says that its parent is remote.
    pub is_root: bool,
}

/// Says where spans go.
pub trait Plan {
    /// Where this span goes, if anywhere; `bytes` are those of its message.
    fn span(&self, trace: TraceId, span: SpanId, bytes: &[u8]) -> Option<Move>;

    /// The trace that the span at the end of a link goes to, if anywhere.
    fn link(&self, trace: TraceId, span: SpanId) -> Option<TraceId>;
}

/// The request after the moves. Where nothing moves, the same bytes.
pub fn retrace(request: &Bytes, plan: &dyn Plan) -> Bytes {
    container(request, 0, plan, span).map_or_else(|| request.clone(), Bytes::from)
}

/// The same for an `ExportLogsServiceRequest`: log records go where their spans go.
pub fn retrace_logs(request: &Bytes, plan: &dyn Plan) -> Bytes {
    container(request, 0, plan, log).map_or_else(|| request.clone(), Bytes::from)
}

/// What becomes of a span or log record; nothing where nothing in it changes.
type Item = fn(&[u8], &dyn Plan) -> Option<Vec<u8>>;

/// A request (level 0), its resources (1) or scopes (2); nothing where nothing in it changes.
fn container(bytes: &[u8], level: u8, plan: &dyn Plan, item: Item) -> Option<Vec<u8>> {
    edited(bytes, |number, field| match (level, number, field) {
        (0, 1, Field::Bytes(_, inner)) | (1, 2 | 1000, Field::Bytes(_, inner)) => {
            container(inner, level + 1, plan, item).map(Edit::Content)
        }
        (2, 2, Field::Bytes(_, inner)) => item(inner, plan).map(Edit::Content),
        _ => None,
    })
}

fn span(bytes: &[u8], plan: &dyn Plan) -> Option<Vec<u8>> {
    let (trace_id, span_id) = ids(bytes, [1, 2])?;
    let moved = plan.span(trace_id, span_id, bytes);
    edited(bytes, |number, field| match (number, field, moved) {
        (1, Field::Bytes(..), Some(moved)) => Some(Edit::Content(moved.trace_id.0.to_vec())),
        (4, Field::Bytes(..), Some(Move { is_root: true, .. })) => Some(Edit::Nothing),
        (16, Field::Fixed32(flags), Some(Move { is_root: true, .. })) => {
            Some(Edit::Fixed32(SpanFlags::without_remote_parent(flags)))
        }
        (13, Field::Bytes(_, inner), _) => link(inner, plan).map(Edit::Content),
        _ => None,
    })
}

fn link(bytes: &[u8], plan: &dyn Plan) -> Option<Vec<u8>> {
    referring(bytes, [1, 2], plan)
}

fn log(bytes: &[u8], plan: &dyn Plan) -> Option<Vec<u8>> {
    referring(bytes, [9, 10], plan)
}

/// A message that names a span by a trace id and a span id in these fields.
fn referring(bytes: &[u8], fields: [u64; 2], plan: &dyn Plan) -> Option<Vec<u8>> {
    let (trace_id, span_id) = ids(bytes, fields)?;
    let to = plan.link(trace_id, span_id)?;
    edited(bytes, |number, field| match field {
        Field::Bytes(..) if number == fields[0] => Some(Edit::Content(to.0.to_vec())),
        _ => None,
    })
}

/// The trace and span id in these fields; nothing where it has none or its bytes are broken.
pub(super) fn ids(bytes: &[u8], [trace, span]: [u64; 2]) -> Option<(TraceId, SpanId)> {
    let (mut trace_id, mut span_id): (&[u8], &[u8]) = (&[], &[]);
    let mut fields = Fields::new(bytes, 0);
    while let Some(field) = fields.next().ok()? {
        match field {
            (number, Field::Bytes(_, id)) if number == trace => trace_id = id,
            (number, Field::Bytes(_, id)) if number == span => span_id = id,
            _ => {}
        }
    }
    Some((TraceId::from_wire(trace_id)?, SpanId::from_wire(span_id)?))
}

/// What becomes of a field.
pub(super) enum Edit {
    /// It goes.
    Nothing,
    Content(Vec<u8>),
    /// Another field stands in its place.
    Field(u32, Vec<u8>),
    Fixed32(u32),
    Fixed64(u64),
}

/// A message with some of its fields changed, each where it stood; nothing where none is.
pub(super) fn edited(bytes: &[u8], edit: impl Fn(u64, Field<'_>) -> Option<Edit>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut copied, mut changed) = (0, false);
    let mut fields = Fields::new(bytes, 0);
    loop {
        let from = fields.at();
        // What stands behind a break is nobody's to change.
        let Ok(Some((number, field))) = fields.next() else { break };
        let Some(edit) = edit(number, field) else { continue };
        out.extend_from_slice(&bytes[copied..from]);
        match edit {
            Edit::Nothing => {}
            Edit::Content(content) => with_length(number as u32, &content, &mut out),
            Edit::Field(number, content) => with_length(number, &content, &mut out),
            Edit::Fixed32(value) => {
                encode_key(number as u32, WireType::ThirtyTwoBit, &mut out);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Edit::Fixed64(value) => {
                encode_key(number as u32, WireType::SixtyFourBit, &mut out);
                out.extend_from_slice(&value.to_le_bytes());
            }
        }
        (copied, changed) = (fields.at(), true);
    }
    out.extend_from_slice(&bytes[copied..]);
    changed.then_some(out)
}

fn with_length(number: u32, content: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Link, Origin, Span};
    use crate::otlp::encode::{Group, request};
    use crate::otlp::{decode, walk};

    struct One;

    impl Plan for One {
        fn span(&self, trace: TraceId, span: SpanId, _: &[u8]) -> Option<Move> {
            (trace == TraceId([1; 16]) && span == SpanId(2))
                .then_some(Move { trace_id: TraceId([9; 16]), is_root: true })
        }

        fn link(&self, trace: TraceId, span: SpanId) -> Option<TraceId> {
            self.span(trace, span, &[]).map(|moved| moved.trace_id)
        }
    }

    fn span(id: u64, link: u64) -> Span {
        Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(id),
            parent_id: SpanId(1),
            flags: 0x301,
            name: "a".into(),
            links: vec![Link { trace_id: TraceId([1; 16]), span_id: SpanId(link), ..Link::default() }],
            ..Span::default()
        }
    }

    fn spans(bytes: Bytes) -> Vec<Span> {
        let (batch, malformed) = walk(bytes, "t".into(), Origin::Grpc, 0);
        assert_eq!(malformed, None);
        let of =
            |r: &crate::model::SpanRecord| decode::span(&batch.bytes[r.offset as usize..][..r.len as usize]);
        batch.records.iter().map(of).collect()
    }

    #[test]
    fn a_moved_span_becomes_a_root_and_links_follow_it() {
        let group = Group { spans: vec![span(2, 3), span(3, 2), span(4, 5)], ..Group::default() };
        let after = spans(retrace(&request(&[group]), &One));
        let mut moved = span(2, 3);
        (moved.trace_id, moved.parent_id, moved.flags) = (TraceId([9; 16]), SpanId::NONE, 0x101);
        let mut links = span(3, 2);
        links.links[0].trace_id = TraceId([9; 16]);
        assert_eq!(after, [moved, links, span(4, 5)]);
    }

    #[test]
    fn what_does_not_move_stays_byte_for_byte() {
        let still = request(&[Group { spans: vec![span(3, 4), span(5, 6)], ..Group::default() }]);
        assert_eq!(retrace(&still, &One), still);
        // Fields that nobody knows, before, between and behind those that change, in an order of their own.
        let mut odd = vec![0xfa, 0x07, 2, 0xff, 0xfe];
        odd.extend_from_slice(&[0x12, 8, 0, 0, 0, 0, 0, 0, 0, 2, 0x22, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
        odd.extend_from_slice(&[0x98, 0x06, 5, 0x0a, 16]);
        odd.extend_from_slice(&[1; 16]);
        odd.extend_from_slice(&[0x85, 1, 1, 3, 0, 0x40, 0x9d, 6, 1, 2, 3, 4]);
        let wrap = |inner: &[u8], tag: u8| [&[tag, inner.len() as u8], inner, &[0x98, 0x06, 7]].concat();
        let whole = |span: &[u8]| Bytes::from(wrap(&wrap(&wrap(span, 0x12), 0x12), 0x0a));
        let mut expected = odd.clone();
        expected.splice(15..25, []);
        let trace = expected.windows(16).position(|bytes| bytes == [1; 16]).unwrap();
        expected[trace..trace + 16].fill(9);
        let flags = trace + 18;
        assert_eq!(expected[flags..flags + 4], [1, 3, 0, 0x40]);
        expected[flags + 1] = 1;
        assert_eq!(retrace(&whole(&odd), &One), whole(&expected));
    }

    #[test]
    fn broken_bytes_stay_as_they_are() {
        let good = request(&[Group { spans: vec![span(2, 3)], ..Group::default() }]);
        for cut in 0..good.len() {
            let broken = good.slice(..cut);
            assert_eq!(retrace(&broken, &One), broken, "{cut}");
        }
    }
}
