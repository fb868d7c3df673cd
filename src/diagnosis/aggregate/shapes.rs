//! The shapes of spans: which watched keys, role, kind and outcome, and how many of each. Most scopes make spans of a
//! few shapes only, so that every question about which attributes go together costs one count a span.

use super::super::role::Role;
use super::super::seen::Seen;
use super::emitters::EmitterIx;
use crate::model::{KeySet, SpanId, SpanKind, TraceId};
use std::collections::BTreeMap;

/// How many shapes of one scope are told apart: those that are smallest in order, whatever came first.
const SHAPES: usize = 256;

/// What spans of one shape have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Shape {
    pub(crate) keys: KeySet,
    pub(crate) kind: SpanKind,
    pub(crate) role: Role,
    /// The hundreds of the HTTP status, 0 where there is none.
    pub(crate) status_class: u8,
}

/// Spans of one shape.
#[derive(Clone, Copy, Debug)]
struct Count {
    n: u64,
    /// The earliest of them: start, trace, id.
    earliest: (u64, TraceId, SpanId),
}

/// All shapes, by emitter.
#[derive(Debug, Default)]
pub(crate) struct Shapes(Vec<BTreeMap<Shape, Count>>);

impl Shapes {
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let number = seen.emitter.0 as usize;
        if self.0.len() <= number {
            self.0.resize_with(number + 1, BTreeMap::new);
        }
        let shapes = &mut self.0[number];
        let record = seen.record;
        let status = seen.facts.map_or(0, |facts| facts.http_status);
        let shape = Shape {
            keys: record.keys,
            kind: record.kind(),
            role: seen.role,
            status_class: u8::try_from(status / 100).unwrap_or(0),
        };
        if let Some(count) = shapes.get_mut(&shape) {
            count.n += 1;
            if record.start_ns <= count.earliest.0 {
                count.earliest = count.earliest.min(identity(seen));
            }
            return;
        }
        if shapes.len() >= SHAPES && shapes.last_key_value().is_some_and(|(last, _)| *last < shape) {
            return;
        }
        shapes.insert(shape, Count { n: 1, earliest: identity(seen) });
        if shapes.len() > SHAPES {
            shapes.pop_last();
        }
    }

    /// How many spans of a scope have a shape like that, and the earliest of each such shape, earliest first.
    pub(crate) fn count(
        &self,
        emitter: EmitterIx,
        like: impl Fn(&Shape) -> bool,
    ) -> (u64, Vec<(TraceId, SpanId)>) {
        let (mut n, mut earliest) = (0, Vec::new());
        for (_, count) in self.0.get(emitter.0 as usize).into_iter().flatten().filter(|(s, _)| like(s)) {
            n += count.n;
            earliest.push(count.earliest);
        }
        earliest.sort_unstable();
        (n, earliest.into_iter().map(|(_, trace, span)| (trace, span)).collect())
    }

    pub(super) fn memory(&self) -> usize {
        let shapes: usize = self.0.iter().map(BTreeMap::len).sum();
        self.0.capacity() * size_of::<BTreeMap<Shape, Count>>()
            + shapes * (size_of::<Shape>() + size_of::<Count>())
    }
}

fn identity(seen: &Seen<'_>) -> (u64, TraceId, SpanId) {
    (seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id)
}
