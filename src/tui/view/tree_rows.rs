//! The rows of one trace as they are shown: in which view, with what folded away, how deep.

use super::Cx;
use super::row::Placed;
use crate::model::{SpanId, TraceId};
use crate::store::{SpanIx, Store, TraceIx, View};
use crate::tui::widget::window::Rows;
use std::collections::HashSet;

/// How deep a row is looked up: as deep as the store does.
const MAX_DEPTH: usize = 4_096;

/// What is remembered of a row. Spans with the id of another are told apart by their slot, for as long as they hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Id {
    span: SpanId,
    at: SpanIx,
}

/// Which trace is shown, and how.
#[derive(Debug, Default)]
pub struct Shown {
    /// The trace.
    pub open: Option<TraceId>,
    /// Rows whose children are folded away, of all traces: few, since each took a key.
    pub folded: HashSet<(TraceId, SpanId)>,
    /// Merged traces are shown as they were recorded.
    pub raw: bool,
}

impl Shown {
    /// The rows of the trace that is shown.
    pub fn tree<'a>(&'a self, cx: &Cx<'a>) -> Option<Tree<'a>> {
        let store = &cx.session.store;
        let trace = self.open.and_then(|id| store.find_trace(id))?;
        let merged = cx.session.diagnosis.requests(store, trace);
        let view = if self.raw || merged.is_none() { View::Recorded } else { View::Unmerged };
        Some(Tree { store, trace, view, requests: merged, folded: &self.folded })
    }

    /// Unfolds everything that a row hangs under.
    pub fn unfold_to(&mut self, at: SpanIx, view: View, store: &Store) {
        if self.folded.is_empty() {
            return;
        }
        let id = store.trace(store.slot(at).trace).id;
        for above in std::iter::successors(store.parent_row(at, view), |at| store.parent_row(*at, view)) {
            self.folded.remove(&(id, store.record(above).span_id));
        }
    }
}

/// The rows of one trace.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    store: &'a Store,
    /// The trace.
    pub trace: TraceIx,
    /// How it is drawn.
    pub view: View,
    /// How many requests it holds, where it is merged.
    pub requests: Option<u64>,
    folded: &'a HashSet<(TraceId, SpanId)>,
}

impl Tree<'_> {
    /// By what a folded row is known.
    pub fn fold_key(&self, at: SpanIx) -> (TraceId, SpanId) {
        (self.store.trace(self.trace).id, self.store.record(at).span_id)
    }

    /// Whether the rows below are folded away.
    pub fn is_folded(&self, at: SpanIx) -> bool {
        !self.folded.is_empty() && self.folded.contains(&self.fold_key(at))
    }

    /// Depth and top of each of these rows, which follow one another. Only the first climbs to its top; the others are
    /// counted from the row above them.
    pub fn place(&self, rows: &[SpanIx]) -> Vec<Placed> {
        let (store, view) = (self.store, self.view);
        let mut placed: Vec<Placed> = Vec::with_capacity(rows.len());
        for at in rows.iter().copied() {
            let folded = self.is_folded(at);
            let parent = store.parent_row(at, view);
            let above = placed.last().copied();
            let (depth, top) = match (parent, above) {
                (None, _) => (0, at),
                (Some(parent), Some(above)) if parent == above.at => (above.depth + 1, above.top),
                (Some(parent), Some(above)) => {
                    // The row above is below a sibling: as many levels up as lie between.
                    let mut sibling = above.at;
                    let mut depth = above.depth;
                    while store.parent_row(sibling, view) != Some(parent)
                        && let Some(up) = store.parent_row(sibling, view)
                    {
                        sibling = up;
                        depth = depth.saturating_sub(1);
                    }
                    (depth, above.top)
                }
                (Some(_), None) => {
                    let up = std::iter::successors(Some(at), |at| store.parent_row(*at, view));
                    up.take(MAX_DEPTH + 1).enumerate().last().unwrap_or((0, at))
                }
            };
            placed.push(Placed { at, depth, top, folded });
        }
        placed
    }
}

impl Rows for Tree<'_> {
    type Id = Id;
    type At = SpanIx;

    fn find(&self, id: Id) -> Option<SpanIx> {
        let first = self.store.find_span(self.trace, id.span);
        if first == Some(id.at) || (id.at.0 as usize) >= self.store.slot_capacity() {
            return first;
        }
        let slot = self.store.slot(id.at);
        let twin = slot.is_held() && slot.trace == self.trace && slot.record.span_id == id.span;
        if twin { Some(id.at) } else { first }
    }

    fn id(&self, at: SpanIx) -> Id {
        Id { span: self.store.record(at).span_id, at }
    }

    fn first(&self) -> Option<SpanIx> {
        self.store.first_row(self.trace, self.view)
    }

    fn last(&self) -> Option<SpanIx> {
        self.store.last_row(self.trace, self.view, &|at| self.is_folded(at))
    }

    fn next(&self, at: SpanIx) -> Option<SpanIx> {
        self.store.next_row(at, self.view, &|at| self.is_folded(at))
    }

    fn previous(&self, at: SpanIx) -> Option<SpanIx> {
        self.store.prev_row(at, self.view, &|at| self.is_folded(at))
    }

    /// The oldest requests are evicted first: what is left nearest is what comes first now.
    fn near(&self, _gone: Id) -> Option<SpanIx> {
        self.first()
    }
}
