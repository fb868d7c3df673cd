//! The rows of one trace as they are shown: in which view, with what folded away, what is left when the rest is hidden.

use super::Cx;
use super::narrow::Narrow;
use super::row::Placed;
use super::runs::{self, Kin, Run, Runs};
use crate::model::{SpanId, TraceId};
use crate::store::{MAX_DEPTH, SpanIx, Store, TraceIx, View};
use crate::tui::widget::window::Rows;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// What is remembered of a row. Spans with the id of another are told apart by their slot, for as long as they hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Id {
    pub(super) span: SpanId,
    at: SpanIx,
}

/// Which trace is shown, and how.
#[derive(Debug, Default)]
pub struct Shown {
    /// The trace.
    pub open: Option<TraceId>,
    /// Rows whose children are folded away, of all traces: few, since each took a key.
    pub folded: HashSet<(TraceId, SpanId)>,
    /// Rows that are unfolded though their level is folded.
    pub unfolded: HashSet<(TraceId, SpanId)>,
    /// From which level on everything is folded, in traces where something is.
    pub levels: HashMap<TraceId, usize>,
    /// Merged traces are shown as they were recorded.
    pub raw: bool,
    /// As an icicle, in which every span is for itself and nothing is folded or hidden.
    pub icicle: bool,
    /// Repeated siblings are shown one by one, everywhere.
    pub all_repeats: bool,
    /// Repeated siblings that are shown one by one.
    pub repeats: HashSet<runs::Key>,
    /// What matches what is looked for.
    pub narrow: Option<Narrow>,
    /// Everything else is hidden.
    pub hidden: bool,
    /// Something is wrong in the trace: only then is it looked for in each span of a run.
    pub marked: bool,
    /// Runs of repeated siblings, as far as they were met: a memory of what the store says.
    pub runs: RefCell<Runs>,
}

impl Shown {
    /// The rows of the trace that is shown.
    pub fn tree<'a>(&'a self, cx: &Cx<'a>) -> Option<Tree<'a>> {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        let trace = self.open.and_then(|id| store.find_trace(id))?;
        let merged = diagnosis.requests(store, trace);
        let view = if self.raw || merged.is_none() { View::Recorded } else { View::Unmerged };
        let kin = Kin { store, diagnosis, view, marked: self.marked, unfolded: &self.repeats };
        let tree = Tree { store, trace, view, requests: merged, shown: self, kin };
        self.runs.borrow_mut().settle(tree.ground(), tree.stamp());
        Some(tree)
    }

    /// Unfolds everything that hides a row.
    pub fn unfold_to(&mut self, at: SpanIx, cx: &Cx<'_>) {
        let Some(tree) = self.tree(cx) else { return };
        if tree.is_plain() {
            return;
        }
        let up = |at: &SpanIx| tree.store.parent_row(*at, tree.view);
        let above: Vec<SpanIx> = std::iter::successors(up(&at), up).take(MAX_DEPTH).collect();
        let keys: Vec<_> =
            above.iter().filter(|at| tree.is_folded(**at)).map(|at| tree.fold_key(*at)).collect();
        let of_row = |at: &SpanIx| {
            // Its own key too, wherever in a long run it is.
            let keys = |run| tree.kin.keys(&run).into_iter().chain(tree.kin.key(*at)).collect::<Vec<_>>();
            tree.run(*at).map(keys).unwrap_or_default()
        };
        let repeats: Vec<runs::Key> = [at].iter().chain(&above).flat_map(of_row).collect();
        for key in keys {
            if !self.folded.remove(&key) || self.levels.contains_key(&key.0) {
                self.unfolded.insert(key);
            }
        }
        if !repeats.is_empty() {
            self.repeats.extend(repeats);
            self.runs.borrow_mut().clear();
        }
    }
}

/// The rows of one trace.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    store: &'a Store,
    /// The trace.
    pub trace: TraceIx,
    /// How it is drawn.
    pub view: View,
    /// How many requests it holds, where it is merged.
    pub requests: Option<u64>,
    shown: &'a Shown,
    /// What makes siblings alike.
    pub kin: Kin<'a>,
}

impl<'a> Tree<'a> {
    /// What makes its slots mean something else.
    pub fn ground(&self) -> (TraceIx, TraceId, View, u32, usize) {
        let held = self.store.trace(self.trace);
        (self.trace, held.id, self.view, held.evicted, held.cut_edges())
    }

    /// What was counted in it depends on this.
    pub fn stamp(&self) -> runs::Stamp {
        let held = self.store.trace(self.trace);
        let findings = (self.kin.diagnosis.findings().len(), self.kin.marked);
        runs::Stamp { changes: held.changes, findings }
    }

    /// What is left, where everything but what is looked for is hidden.
    pub fn narrow(&self) -> Option<&'a Narrow> {
        let narrow = self.shown.narrow.as_ref().filter(|_| self.shown.hidden && !self.shown.icicle);
        narrow.filter(|narrow| narrow.holds(self.ground()))
    }

    /// Nothing is folded.
    fn is_plain(&self) -> bool {
        let shown = self.shown;
        shown.folded.is_empty() && shown.levels.is_empty() && shown.all_repeats
    }

    /// By what a folded row is known.
    pub fn fold_key(&self, at: SpanIx) -> (TraceId, SpanId) {
        (self.store.trace(self.trace).id, self.store.record(at).span_id)
    }

    /// Whether the rows below are folded away.
    pub fn is_folded(&self, at: SpanIx) -> bool {
        let shown = self.shown;
        if shown.icicle || (shown.folded.is_empty() && shown.levels.is_empty()) {
            return false;
        }
        let key = self.fold_key(at);
        if shown.folded.contains(&key) {
            return true;
        }
        let Some(level) = shown.levels.get(&key.0) else { return false };
        // What lies deeper is folded too: no need to know how deep.
        let up = std::iter::successors(Some(at), |at| self.store.parent_row(*at, self.view));
        up.take(level + 1).count() > *level && !shown.unfolded.contains(&key)
    }

    /// The run that a row stands for.
    pub fn run(&self, at: SpanIx) -> Option<Run> {
        if self.shown.all_repeats || self.shown.icicle || self.narrow().is_some() {
            return None;
        }
        self.shown.runs.borrow_mut().find(at, &self.kin)
    }

    /// The row in which a span is shown: that of its run, or its own.
    fn row_of(&self, at: SpanIx) -> SpanIx {
        self.run(at).map_or(at, |run| run.first)
    }

    fn last_within(&self, top: SpanIx) -> SpanIx {
        let mut at = top;
        while !self.is_folded(at)
            && let Some(child) = self.store.last_child(at, self.view)
        {
            if let Some(run) = self.run(child) {
                return run.first;
            }
            at = child;
        }
        at
    }

    /// Depth and top of each of these rows, which follow one another. Only the first climbs to its top; the others are
    /// counted from the row above them.
    pub fn place(&self, rows: &[SpanIx]) -> Vec<Placed> {
        let (store, view) = (self.store, self.view);
        let mut placed: Vec<Placed> = Vec::with_capacity(rows.len());
        for at in rows.iter().copied() {
            let folded = self.is_folded(at) && self.narrow().is_none();
            let run = self.run(at);
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
            let names = run.map(|run| self.kin.names(&run)).unwrap_or_default();
            let mut others = [None; runs::LONGEST_CYCLE - 1];
            others.iter_mut().zip(names.into_iter().skip(1)).for_each(|(slot, at)| *slot = Some(at));
            placed.push(Placed { at, depth, top, folded, run, others });
        }
        placed
    }
}

impl std::fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("trace", &self.trace).field("view", &self.view).finish_non_exhaustive()
    }
}

impl Rows for Tree<'_> {
    type Id = Id;
    type At = SpanIx;

    fn find(&self, id: Id) -> Option<SpanIx> {
        let first = self.store.find_span(self.trace, id.span);
        let at = if first == Some(id.at) || (id.at.0 as usize) >= self.store.slot_capacity() {
            first?
        } else {
            let slot = self.store.slot(id.at);
            let twin = slot.is_held() && slot.trace == self.trace && slot.record.span_id == id.span;
            if twin { id.at } else { first? }
        };
        match self.narrow() {
            Some(narrow) => narrow.has(at).then_some(at),
            None => Some(self.row_of(at)),
        }
    }

    fn id(&self, at: SpanIx) -> Id {
        Id { span: self.store.record(at).span_id, at }
    }

    fn first(&self) -> Option<SpanIx> {
        match self.narrow() {
            Some(narrow) => narrow.first(),
            None => self.store.first_row(self.trace, self.view),
        }
    }

    fn last(&self) -> Option<SpanIx> {
        match self.narrow() {
            Some(narrow) => narrow.last(),
            // No top is part of a run.
            None => self.store.last_row(self.trace, self.view, &|_| true).map(|top| self.last_within(top)),
        }
    }

    fn next(&self, at: SpanIx) -> Option<SpanIx> {
        if let Some(narrow) = self.narrow() {
            return narrow.beside(at, false);
        }
        let run = self.run(at);
        if run.is_none()
            && !self.is_folded(at)
            && let Some(child) = self.store.first_child(at, self.view)
        {
            return Some(self.row_of(child));
        }
        let mut at = run.map_or(at, |run| run.last);
        // Where a run ends is not known before it is counted: what comes after its parent is.
        let mut known = run.is_none_or(|run| run.ends[1]);
        loop {
            if known && let Some(next) = self.store.next_sibling(at, self.view) {
                let row = self.row_of(next);
                // It has just turned out to belong to the same run: what comes after that is asked for.
                let same = run.is_some_and(|run| run.first == row);
                return if same { self.next(row) } else { Some(row) };
            }
            known = true;
            at = self.store.parent_row(at, self.view)?;
        }
    }

    fn previous(&self, at: SpanIx) -> Option<SpanIx> {
        if let Some(narrow) = self.narrow() {
            return narrow.beside(at, true);
        }
        let run = self.run(at);
        let known = run.is_none_or(|run| run.ends[0]);
        match self.store.prev_sibling(run.map_or(at, |run| run.first), self.view).filter(|_| known) {
            Some(sibling) => match self.run(sibling) {
                Some(met) if run.is_some_and(|run| run.last == met.last) => self.previous(met.first),
                Some(met) => Some(met.first),
                None => Some(self.last_within(sibling)),
            },
            None => self.store.parent_row(at, self.view),
        }
    }

    /// The oldest requests are evicted first: what is left nearest is what comes first now.
    fn near(&self, _gone: Id) -> Option<SpanIx> {
        self.first()
    }
}
