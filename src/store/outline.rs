//! The rows of a tree, one after the other, from any row: nothing is built, however large the trace.
//!
//! A view holds the span at its top and asks for the next rows. Rows above may come and go without moving what is
//! seen; no row number exists that could go stale.

use super::tree::Owner;
use super::{OrderKey, SpanIx, Store, TraceIx};
use std::ops::Bound;

/// How a trace is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// As recorded.
    Recorded,
    /// As it should have been: spans that diagnosis has cut off start requests of their own.
    Unmerged,
}

/// How deep a row is looked up; deeper rows are drawn at this depth. A job that hangs under the one before it makes some
/// thousands of levels in a day (quartznet/quartznet#3797).
pub const MAX_DEPTH: usize = 16_384;

impl Store {
    /// The row above which nothing is.
    pub fn first_row(&self, trace: TraceIx, view: View) -> Option<SpanIx> {
        match (view, self.tops(trace)) {
            (View::Unmerged, Some(tops)) => tops.first().map(|(_, _, at)| *at),
            _ => self.trace(trace).roots.first.some(),
        }
    }

    /// The row below which nothing is.
    pub fn last_row(&self, trace: TraceIx, view: View, folded: &dyn Fn(SpanIx) -> bool) -> Option<SpanIx> {
        let top = match (view, self.tops(trace)) {
            (View::Unmerged, Some(tops)) => tops.last().map(|(_, _, at)| *at),
            _ => self.trace(trace).roots.last.some(),
        };
        top.map(|top| self.last_within(top, view, folded))
    }

    /// The row below `at`.
    pub fn next_row(&self, at: SpanIx, view: View, folded: &dyn Fn(SpanIx) -> bool) -> Option<SpanIx> {
        if !folded(at)
            && let Some(child) = self.first_child(at, view)
        {
            return Some(child);
        }
        let mut at = at;
        loop {
            if let Some(next) = self.next_sibling(at, view) {
                return Some(next);
            }
            at = self.parent_row(at, view)?;
        }
    }

    /// The row above `at`.
    pub fn prev_row(&self, at: SpanIx, view: View, folded: &dyn Fn(SpanIx) -> bool) -> Option<SpanIx> {
        match self.prev_sibling(at, view) {
            Some(sibling) => Some(self.last_within(sibling, view, folded)),
            None => self.parent_row(at, view),
        }
    }

    /// The row that `at` hangs under, nothing for a top.
    pub fn parent_row(&self, at: SpanIx, view: View) -> Option<SpanIx> {
        let slot = self.slot(at);
        if view == View::Unmerged && slot.cut { None } else { slot.parent() }
    }

    /// How deep a row is, at most [`MAX_DEPTH`].
    pub fn depth(&self, at: SpanIx, view: View) -> usize {
        std::iter::successors(self.parent_row(at, view), |at| self.parent_row(*at, view))
            .take(MAX_DEPTH)
            .count()
    }

    /// Whether a row has rows below it to fold.
    pub fn has_children(&self, at: SpanIx, view: View) -> bool {
        self.first_child(at, view).is_some()
    }

    /// The first child of a row.
    pub fn first_child(&self, at: SpanIx, view: View) -> Option<SpanIx> {
        let linked = self.slot(at).children.first.some();
        let cut = match view {
            View::Unmerged => None,
            View::Recorded => self.cut_children(at, (0, 0, SpanIx(0))).next(),
        };
        self.earlier(linked, cut)
    }

    /// The last child of a row.
    pub fn last_child(&self, at: SpanIx, view: View) -> Option<SpanIx> {
        let linked = self.slot(at).children.last.some();
        let cut = match view {
            View::Unmerged => None,
            View::Recorded => self.cut_children(at, (0, 0, SpanIx(0))).next_back(),
        };
        self.later(linked, cut)
    }

    /// How many rows are directly under a row.
    pub fn rows_under(&self, at: SpanIx, view: View) -> usize {
        let slot = self.slot(at);
        let cut = if view == View::Recorded { slot.cut_children } else { 0 };
        slot.children.len as usize + cut as usize
    }

    /// How many rows hang under none.
    pub fn top_rows(&self, trace: TraceIx, view: View) -> usize {
        match (view, self.tops(trace)) {
            (View::Unmerged, Some(tops)) => tops.len(),
            _ => self.trace(trace).roots.len as usize,
        }
    }

    /// How many spans name a slot as their parent.
    pub fn child_count(&self, at: SpanIx) -> u32 {
        self.slot(at).children.len + self.slot(at).cut_children
    }

    fn last_within(&self, at: SpanIx, view: View, folded: &dyn Fn(SpanIx) -> bool) -> SpanIx {
        let mut at = at;
        while !folded(at)
            && let Some(child) = self.last_child(at, view)
        {
            at = child;
        }
        at
    }

    /// The next row under the same parent.
    pub fn next_sibling(&self, at: SpanIx, view: View) -> Option<SpanIx> {
        let key = self.order_key(at);
        let slot = self.slot(at);
        if self.parent_row(at, view).is_none() {
            return match (view, self.tops(slot.trace)) {
                (View::Unmerged, Some(tops)) => {
                    tops.range((Bound::Excluded(key), Bound::Unbounded)).next().map(|(_, _, at)| *at)
                }
                _ => slot.next.some(),
            };
        }
        if view == View::Unmerged {
            return slot.next.some();
        }
        let linked =
            if slot.cut { self.linked_after(Owner::Span(slot.parent), key) } else { slot.next.some() };
        let after = (key.0, key.1, SpanIx(key.2.0.saturating_add(1)));
        self.earlier(linked, self.cut_children(slot.parent, after).next())
    }

    /// The previous row under the same parent.
    pub fn prev_sibling(&self, at: SpanIx, view: View) -> Option<SpanIx> {
        let key = self.order_key(at);
        let slot = self.slot(at);
        if self.parent_row(at, view).is_none() {
            return match (view, self.tops(slot.trace)) {
                (View::Unmerged, Some(tops)) => tops.range(..key).next_back().map(|(_, _, at)| *at),
                _ => slot.prev.some(),
            };
        }
        if view == View::Unmerged {
            return slot.prev.some();
        }
        let linked =
            if slot.cut { self.linked_before(Owner::Span(slot.parent), key) } else { slot.prev.some() };
        self.later(linked, self.cut_children_before(slot.parent, key).next_back())
    }

    fn cut_children_before(&self, at: SpanIx, key: OrderKey) -> impl DoubleEndedIterator<Item = OrderKey> {
        let cuts = self.trace(self.slot(at).trace).cuts.as_deref();
        let first = (0, 0, SpanIx(0));
        cuts.into_iter()
            .flat_map(move |cuts| cuts.by_parent.range((at, first)..(at, key)).map(|(_, key)| *key))
    }

    fn earlier(&self, linked: Option<SpanIx>, cut: Option<OrderKey>) -> Option<SpanIx> {
        match (linked, cut) {
            (Some(at), Some(key)) => Some(if self.order_key(at) < key { at } else { key.2 }),
            (linked, cut) => linked.or(cut.map(|(_, _, at)| at)),
        }
    }

    fn later(&self, linked: Option<SpanIx>, cut: Option<OrderKey>) -> Option<SpanIx> {
        match (linked, cut) {
            (Some(at), Some(key)) => Some(if self.order_key(at) > key { at } else { key.2 }),
            (linked, cut) => linked.or(cut.map(|(_, _, at)| at)),
        }
    }
}
