//! What can be saved of a request whose bytes break off.

use super::wire::{Field, Fields};
use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

/// The request up to the break: every message around it is closed where it breaks off, and the span that it goes
/// through is left out. Bytes that are whole come back the same.
pub fn mend(bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len());
    mend_into(&mut out, bytes, 0);
    out.into()
}

/// `ResourceSpans` lie at depth 0, `ScopeSpans` at 1, spans at 2. Answers whether the message was whole, down to what
/// lies in it: then `out` has got its bytes as they are.
fn mend_into(out: &mut Vec<u8>, bytes: &[u8], depth: u8) -> bool {
    let mut fields = Fields::new(bytes, 0);
    let mut copied = 0;
    let mut whole = true;
    loop {
        let start = fields;
        match fields.next() {
            Ok(None) => {
                out.extend_from_slice(&bytes[copied..]);
                return whole;
            }
            // The break may lie inside of a field that is itself whole.
            Ok(Some((number, Field::Bytes(at, content)))) if is_container(number, depth) => {
                let mut inner = Vec::new();
                if !mend_into(&mut inner, content, depth + 1) {
                    out.extend_from_slice(&bytes[copied..start.at()]);
                    push(out, number, &inner);
                    copied = at + content.len();
                    whole = false;
                }
            }
            Ok(Some(_)) => {}
            Err(_) => {
                out.extend_from_slice(&bytes[copied..start.at()]);
                if let Some((number, content)) = start.overlong()
                    && is_container(number, depth)
                {
                    let mut inner = Vec::new();
                    mend_into(&mut inner, content, depth + 1);
                    push(out, number, &inner);
                }
                return false;
            }
        }
    }
}

fn is_container(number: u64, depth: u8) -> bool {
    matches!((depth, number), (0, 1) | (1, 2 | 1000))
}

fn push(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    encode_key(number as u32, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Span, SpanId, TraceId};
    use crate::otlp::encode::{Group, request};
    use crate::otlp::walk;

    #[test]
    fn cut_anywhere_the_spans_before_the_cut_are_saved() {
        let span = |id| Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(id),
            name: "x".into(),
            ..Span::default()
        };
        let group = Group { spans: vec![span(1), span(2)], ..Group::default() };
        let whole = request(&[group.clone(), group]);
        assert_eq!(mend(&whole), whole);
        let (batch, _) = walk(whole.clone(), "t".into(), Origin::Grpc, 0);
        let ends: Vec<_> = batch.records.iter().map(|r| (r.offset + r.len) as usize).collect();
        for cut in 0..whole.len() {
            let (batch, malformed) = walk(mend(&whole[..cut]), "t".into(), Origin::Grpc, 0);
            assert_eq!(malformed, None, "{cut}");
            assert_eq!(batch.records.len(), ends.iter().filter(|end| **end <= cut).count(), "{cut}");
        }
    }

    /// Every length is right, and what lies below the scope is broken: what comes after it is saved, too.
    #[test]
    fn a_break_in_a_message_whose_length_is_right_is_mended() {
        let span =
            Span { trace_id: TraceId([1; 16]), span_id: SpanId(1), name: "x".into(), ..Span::default() };
        let good = request(&[Group { spans: vec![span], ..Group::default() }]);
        for broken in [
            &b"\x0a\x05\x12\x03\x12\x63\x61"[..], // a span longer than its scope
            b"\x0a\x05\x12\x03\x80\x80\x80",      // a key without an end
            b"\x0a\x04\x12\x02\x02\x00",          // field number 0
            b"\x0a\x06\x23\x24\x12\x03\x12\x63",  // a group before it
            b"\x0a\x02\xff\xff",                  // the same, one level up
        ] {
            let mended = mend(&[broken, &good].concat());
            let (batch, malformed) = walk(mended, "t".into(), Origin::Grpc, 0);
            assert_eq!((malformed, batch.records.len()), (None, 1), "{broken:x?}");
        }
    }
}
