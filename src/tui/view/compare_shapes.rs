//! What is below the spans of a trace, as numbers that are the same where the same names are.

use super::compare_rows::{MOST, key};
use crate::model::hash64;
use crate::store::{SpanIx, Store, View};
use std::collections::HashMap;

/// What is below a span, in whichever order: siblings that start in the same moment have none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Shape {
    /// The names of its children.
    pub children: u64,
    /// Those of all below it.
    pub all: u64,
}

/// The shapes of spans, of no more than are compared.
#[derive(Debug, Default)]
pub(super) struct Shapes(HashMap<SpanIx, Shape>);

impl Shapes {
    /// Those of these spans and of what is below them.
    pub(super) fn below(store: &Store, view: View, tops: &[SpanIx]) -> Self {
        let mut spans: Vec<(SpanIx, Option<usize>)> = tops.iter().map(|at| (*at, None)).take(MOST).collect();
        let mut parent = 0;
        while let Some((at, _)) = spans.get(parent).copied() {
            let first = store.first_child(at, view);
            let children = std::iter::successors(first, |at| store.next_sibling(*at, view));
            let room = MOST.saturating_sub(spans.len());
            spans.extend(children.take(room).map(|child| (child, Some(parent))));
            parent += 1;
        }
        // A parent comes before its children: from the end, what is below a span is known before the span's turn.
        let mut shapes = vec![Shape::default(); spans.len()];
        for number in (0..spans.len()).rev() {
            let (at, Some(parent)) = spans[number] else { continue };
            let (name, service, held) = key(store, at);
            let own = mixed([hash64(name.as_bytes()), hash64(service.as_bytes()), u64::from(held)]);
            let all = mixed([own, shapes[number].all, 1]);
            let above = &mut shapes[parent];
            // A sum does not depend on the order.
            above.children = above.children.wrapping_add(own);
            above.all = above.all.wrapping_add(all);
        }
        Self(spans.into_iter().map(|(at, _)| at).zip(shapes).collect())
    }

    /// That of a span; of one beyond those as if nothing was below it.
    pub(super) fn of(&self, at: SpanIx) -> Shape {
        self.0.get(&at).copied().unwrap_or_default()
    }
}

fn mixed(parts: [u64; 3]) -> u64 {
    hash64(parts.map(u64::to_le_bytes).as_flattened())
}
