//! Which traces are listed, and in which order, while they come, grow and go.
//!
//! *Sorted* means: every trace stands where its key put it when it was last looked at. A trace that has received spans
//! is looked at with the next frame; all of them are, some with each frame, as long as anything changes, since findings
//! and evictions change keys too. So the order lags behind by no more than a pass over all traces. A trace that moves
//! does so around the selected one, which stays on its line as long as there are rows to fill the window above it.
//!
//! In the order of arrival and without a filter the store's own order is shown, and none is kept.

use super::Cx;
use super::columns::{Column, Key};
use super::filter::Filter;
use crate::diagnosis::{Finding, Severity};
use crate::model::TraceId;
use crate::store::{Counters, TraceIx};
use crate::tui::widget::order::Order;
use crate::tui::widget::window::Rows;
use std::time::{Duration, Instant};

/// How many traces are looked at between two looks at the clock.
const CHUNK: usize = 64;
/// How many spans a filter looks at between two looks at the clock.
const SPANS: usize = 256;
/// How many traces are passed over that have gone and are still in the order.
const GONE: usize = 20_000;
/// How many rows beyond the window are counted.
pub const COUNT: usize = 1_000;
/// What a change of the order or of the filter may do at once.
const AT_ONCE: Duration = Duration::from_millis(2);

/// A trace that outlives changes.
pub type Id = (u64, TraceId);

/// How soon there is something to do again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Busy {
    /// Not before something changes.
    #[default]
    Rest,
    /// With the next frame.
    Soon,
    /// At once, if there is nothing better to do: somebody waits for it.
    Now,
}

#[derive(Debug, Default)]
struct Shown {
    column: Column,
    /// Nothing for the store's own order.
    order: Option<Order<Key>>,
}

/// What a pass over all traces would find changed.
type State = (Counters, u64, Option<(usize, usize)>);

/// The order of the list, and what is in it.
#[derive(Debug, Default)]
pub struct Listing {
    shown: Shown,
    /// The order that is being made, to be shown once it is whole.
    next: Option<Shown>,
    inverted: bool,
    filter: Option<Filter>,
    /// Traces from this one on have not been looked at in this pass.
    cursor: u64,
    /// How many of them have.
    passed: usize,
    /// No pass has been made since the filter was set.
    fresh: bool,
    arrivals: u64,
    /// How everything was when this pass began, and the last that was completed.
    began: Option<State>,
    completed: Option<State>,
    /// Traces from this one on are not listed yet: the list is held.
    held: Option<u64>,
    /// Orders that are no longer shown: they are given up bit by bit.
    retired: Vec<Order<Key>>,
}

impl Listing {
    /// What it is sorted by, or soon will be.
    pub fn column(&self) -> Column {
        self.next.as_ref().unwrap_or(&self.shown).column
    }

    /// Whether what usually comes first comes last.
    pub fn is_inverted(&self) -> bool {
        self.inverted
    }

    /// The filter.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Begins sorted by a column, before there is anything to sort.
    pub fn begin_with(&mut self, column: Column, inverted: bool) {
        self.inverted = inverted;
        self.shown = Shown { column, order: (column != Column::Arrival).then(Order::default) };
    }

    /// Lists nothing that arrives from now on, and keeps every trace in its place, while the views are held.
    pub fn hold(&mut self, cx: &Cx<'_>) {
        if cx.held == self.held.is_some() {
            return;
        }
        let store = &cx.session.store;
        let end = || store.traces().next_back().map_or(0, |at| store.trace(at).seq + 1);
        self.held = cx.held.then(end);
        if !cx.held {
            self.start_over();
        }
    }

    /// How many traces are not listed yet because the list is held, up to [`COUNT`]; nothing where it is not.
    pub fn held_back(&self, cx: &Cx<'_>) -> Option<usize> {
        self.held.map(|end| cx.session.store.traces_from(end).take(COUNT).count())
    }

    /// Sorts by a column.
    pub fn sort(&mut self, column: Column, inverted: bool, cx: &Cx<'_>) {
        self.inverted = inverted;
        if column != self.column() {
            let order = (column != Column::Arrival || self.filter.is_some()).then(Order::default);
            let waits = order.is_some();
            let before = self.next.replace(Shown { column, order });
            self.retired.extend(before.and_then(|shown| shown.order));
            if !waits {
                self.show_next();
            }
            self.start_over();
            self.work(cx, Instant::now() + AT_ONCE);
        }
    }

    /// Lists what a filter lets through; nothing for everything.
    pub fn set_filter(&mut self, filter: Option<Filter>, cx: &Cx<'_>) {
        if self.filter.as_ref().map(Filter::text) == filter.as_ref().map(Filter::text) {
            return;
        }
        let column = self.column();
        let order = (column != Column::Arrival || filter.is_some()).then(Order::default);
        self.filter = filter;
        self.fresh = true;
        // Matches are shown as they are found.
        let before = self.next.replace(Shown { column, order });
        self.retired.extend(before.and_then(|shown| shown.order));
        self.show_next();
        self.start_over();
        self.work(cx, Instant::now() + AT_ONCE);
    }

    fn show_next(&mut self) {
        if let Some(next) = self.next.take() {
            let before = std::mem::replace(&mut self.shown, next);
            self.retired.extend(before.order);
        }
    }

    fn start_over(&mut self) {
        (self.cursor, self.passed) = (0, 0);
        (self.began, self.completed) = (None, None);
    }

    /// Looks at what has changed, until then. It looks at some of it in any case.
    pub fn work(&mut self, cx: &Cx<'_>, until: Instant) -> Busy {
        let mut filtering = false;
        if let Some(filter) = &mut self.filter {
            filtering = filter.step(cx, SPANS);
            while filtering && Instant::now() < until {
                filtering = filter.step(cx, SPANS);
            }
        }
        if let Some(order) = self.retired.last_mut()
            && !(0..CHUNK * 4).all(|_| order.shrink())
        {
            self.retired.pop();
        }
        if self.order().is_none() {
            self.arrivals = cx.session.store.arrivals();
            self.fresh = false;
            return Busy::Rest;
        }
        if self.held.is_some() && self.next.is_none() && !self.fresh && !filtering {
            return Busy::Rest;
        }
        let behind = self.note_arrivals(cx, until);
        while self.is_due(cx) {
            self.pass(cx);
            if Instant::now() >= until {
                break;
            }
        }
        match () {
            () if self.next.is_some() || self.fresh || filtering || behind => Busy::Now,
            () if self.is_due(cx) || !self.retired.is_empty() => Busy::Soon,
            () => Busy::Rest,
        }
    }

    /// How many of the traces are in the list, and how many of a hundred have been looked at, where there is a filter.
    pub fn progress(&self, cx: &Cx<'_>) -> Option<(usize, usize)> {
        let filter = self.filter.as_ref()?;
        let all = cx.session.store.trace_count().max(1);
        let passed = if self.fresh { self.passed } else { all };
        let looked_at = filter.known().0.min(passed).min(all);
        Some((self.shown.order.as_ref().map_or(0, Order::len), looked_at * 100 / all))
    }

    fn order(&mut self) -> Option<&mut Order<Key>> {
        self.next.as_mut().unwrap_or(&mut self.shown).order.as_mut()
    }

    /// Looks at traces that have received spans. Tells whether there are more.
    fn note_arrivals(&mut self, cx: &Cx<'_>, until: Instant) -> bool {
        let store = &cx.session.store;
        let Some(new) = store.arrivals_since(self.arrivals) else {
            // More than is known of: a pass over all of them finds these too.
            self.arrivals = store.arrivals();
            return false;
        };
        let mut last = None;
        for (count, at) in new.enumerate() {
            if count % CHUNK == CHUNK - 1 && Instant::now() >= until {
                return true;
            }
            self.arrivals += 1;
            let slot = store.slot(at);
            if slot.is_vacant() || last == Some(slot.trace) {
                continue;
            }
            last = Some(slot.trace);
            let seq = store.trace(slot.trace).seq;
            if store.trace_by_seq(seq) == Some(slot.trace) {
                self.look(slot.trace, seq, cx);
            }
        }
        false
    }

    /// Whether a pass is to be made, or to be ended.
    fn is_due(&self, cx: &Cx<'_>) -> bool {
        self.began.is_some() || self.completed != Some(self.state(cx))
    }

    fn state(&self, cx: &Cx<'_>) -> State {
        let findings = cx.session.diagnosis.findings().iter().fold(0_u64, |hash, finding| {
            let news = finding.key ^ (finding.severity as u64) ^ finding.span_count.rotate_left(32);
            hash.wrapping_mul(0x0100_0000_01b3) ^ news
        });
        (*cx.session.store.counters(), findings, self.filter.as_ref().map(Filter::known))
    }

    /// Looks at the next few traces of a pass over all of them.
    fn pass(&mut self, cx: &Cx<'_>) {
        let store = &cx.session.store;
        if self.began.is_none() {
            (self.cursor, self.passed) = (0, 0);
            self.began = Some(self.state(cx));
        }
        let traces: Vec<TraceIx> = store.traces_from(self.cursor).take(CHUNK).collect();
        for at in &traces {
            self.look(*at, store.trace(*at).seq, cx);
        }
        let ended = traces.len() < CHUNK;
        let last = traces.last().map_or(self.cursor, |at| store.trace(*at).seq);
        let end = if ended { u64::MAX } else { last };
        let cursor = self.cursor;
        let Some(order) = self.order() else { return };
        let gone: Vec<u64> = (order.items(cursor..=end))
            .filter(|seq| store.trace_by_seq(*seq).is_none())
            .take(CHUNK * 4)
            .collect();
        for seq in &gone {
            order.remove(*seq);
        }
        if gone.len() == CHUNK * 4 {
            // There may be more of them: this part once more.
            return;
        }
        self.passed += traces.len();
        self.cursor = last.saturating_add(1);
        if ended {
            self.completed = self.began.take();
            self.fresh = false;
            self.show_next();
        }
    }

    /// Puts a trace where it belongs now.
    fn look(&mut self, at: TraceIx, seq: u64, cx: &Cx<'_>) {
        if self.held.is_some_and(|end| seq >= end) {
            return;
        }
        let verdict = self.filter.as_ref().map_or(Some(true), |filter| filter.verdict(at, cx));
        let column = self.column();
        let Some(order) = self.order() else { return };
        match verdict {
            Some(true) => order.set(seq, column.key(at, cx)),
            Some(false) => order.remove(seq),
            None => {}
        }
    }

    /// The rows of the list.
    pub fn rows<'a>(&'a self, cx: &'a Cx<'a>) -> Listed<'a> {
        Listed { listing: self, cx }
    }
}

/// The rows of the list, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    listing: &'a Listing,
    cx: &'a Cx<'a>,
}

impl Listed<'_> {
    fn seq(&self, at: TraceIx) -> u64 {
        self.cx.session.store.trace(at).seq
    }

    /// Whether rows are shown from the last of their order to the first.
    fn is_reversed(&self) -> bool {
        self.listing.shown.column.descends() != self.listing.inverted
    }

    /// Where the list ends in the order of arrival.
    fn end_seq(&self) -> u64 {
        self.listing.held.unwrap_or(u64::MAX)
    }

    /// What arrived after a trace and is listed.
    fn after(&self, seq: u64) -> impl Iterator<Item = TraceIx> {
        let (store, end) = (&self.cx.session.store, self.end_seq());
        store.traces_from(seq + 1).take_while(move |at| store.trace(*at).seq < end)
    }

    /// The rows from an end of the list.
    fn end(&self, last: bool) -> Option<TraceIx> {
        let store = &self.cx.session.store;
        let back = last != self.is_reversed();
        match &self.listing.shown.order {
            None if back => store.traces_before(self.end_seq()).next_back(),
            None => store.traces().next(),
            Some(order) if back => self.held(order.iter().rev()),
            Some(order) => self.held(order.iter()),
        }
    }

    /// The row beside one.
    fn beside(&self, at: TraceIx, below: bool) -> Option<TraceIx> {
        let (store, seq) = (&self.cx.session.store, self.seq(at));
        let on = below != self.is_reversed();
        match &self.listing.shown.order {
            None if on => self.after(seq).next(),
            None => store.traces_before(seq).next_back(),
            Some(order) if on => self.held(order.after(self.key(at, order), seq)),
            Some(order) => self.held(order.before(self.key(at, order), seq).rev()),
        }
    }

    fn key(&self, at: TraceIx, order: &Order<Key>) -> Key {
        let known = order.key(self.seq(at)).cloned();
        known.unwrap_or_else(|| self.listing.shown.column.key(at, self.cx))
    }

    fn held(&self, seqs: impl Iterator<Item = u64>) -> Option<TraceIx> {
        seqs.take(GONE).find_map(|seq| self.cx.session.store.trace_by_seq(seq))
    }

    /// How many rows there are above one, or below, up to [`COUNT`].
    pub fn count(&self, at: TraceIx, below: bool) -> usize {
        let (store, seq) = (&self.cx.session.store, self.seq(at));
        let on = below != self.is_reversed();
        match &self.listing.shown.order {
            None if on => self.after(seq).take(COUNT).count(),
            None => store.traces_before(seq).take(COUNT).count(),
            Some(order) if on => order.after(self.key(at, order), seq).take(COUNT).count(),
            Some(order) => order.before(self.key(at, order), seq).take(COUNT).count(),
        }
    }

    /// Whether a trace is known to be kept out by the filter.
    fn is_out(&self, at: TraceIx) -> bool {
        let listed = |order: &Order<Key>| order.key(self.seq(at)).is_some();
        let filter = self.listing.filter.as_ref();
        filter.is_some_and(|filter| {
            !self.listing.shown.order.as_ref().is_some_and(listed)
                && filter.verdict(at, self.cx) == Some(false)
        })
    }
}

impl Rows for Listed<'_> {
    type Id = Id;
    type At = TraceIx;

    fn find(&self, (seq, _): Id) -> Option<TraceIx> {
        // An id that was evicted and came again is another row.
        self.cx.session.store.trace_by_seq(seq).filter(|at| !self.is_out(*at))
    }

    fn id(&self, at: TraceIx) -> Id {
        (self.seq(at), self.cx.session.store.trace(at).id)
    }

    fn first(&self) -> Option<TraceIx> {
        self.end(false)
    }

    fn last(&self) -> Option<TraceIx> {
        self.end(true)
    }

    fn next(&self, at: TraceIx) -> Option<TraceIx> {
        self.beside(at, true)
    }

    fn previous(&self, at: TraceIx) -> Option<TraceIx> {
        self.beside(at, false)
    }

    fn near(&self, (seq, _): Id) -> Option<TraceIx> {
        let store = &self.cx.session.store;
        if self.listing.shown.order.is_none() {
            return store.traces_from(seq).next().or_else(|| store.traces_before(seq).next_back());
        }
        let at = store.trace_by_seq(seq)?;
        self.next(at).or_else(|| self.previous(at))
    }

    /// The newest where that is at an end of the list, else what is last.
    fn followed(&self) -> Option<TraceIx> {
        let newest_first = self.listing.shown.column == Column::Arrival && self.listing.inverted;
        if newest_first { self.first() } else { self.last() }
    }

    /// The first trace with the worst finding: the story that otoscope exists for.
    fn suggested(&self) -> Option<TraceIx> {
        let session = self.cx.session;
        // A hint is no reason to show another trace than the one that is looked at.
        let faults = |f: &&Finding| f.folded_under.is_none() && f.severity > Severity::Info;
        let headlines = session.diagnosis.findings().iter().filter(faults);
        let traces = headlines.take(16).flat_map(|f| &f.trace_ids).take(64);
        traces
            .filter_map(|id| session.store.find_trace(*id))
            .find(|at| !self.is_out(*at))
            .or_else(|| self.first())
    }
}
