//! All spans of one trace, some at a time, while others arrive and leave.

use super::Query;
use super::span::Around;
use crate::diagnosis::Diagnosis;
use crate::model::{SpanId, TraceId};
use crate::store::{SpanIx, Store, TraceIx, View};
use std::ops::ControlFlow;

/// How far a walk has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// To the end.
    Done,
    /// There is more to look at.
    Unfinished,
}

/// Goes through the spans of a trace in the order in which they are drawn as recorded.
///
/// It remembers one place, by ids. Spans that arrive behind it are not met ([`Store::arrivals_since`] tells of them); if
/// the span at its place is evicted, it starts anew, and meets spans again.
#[derive(Clone, Debug)]
pub struct Walk {
    trace: TraceId,
    at: Option<(SpanIx, SpanId)>,
    /// The span at its place has been looked at, and so has all below it.
    leaving: bool,
    started: bool,
}

impl Walk {
    /// At the beginning of a trace.
    pub fn new(trace: TraceId) -> Self {
        Self { trace, at: None, leaving: false, started: false }
    }

    /// Looks at spans until the budget is spent (one a span; more where other spans or findings must be looked at) or
    /// `each` breaks off. It is handed every span that the query matches.
    pub fn step(
        &mut self,
        query: &Query,
        store: &Store,
        diagnosis: &Diagnosis,
        budget: &mut usize,
        each: &mut dyn FnMut(SpanIx) -> ControlFlow<()>,
    ) -> Progress {
        self.step_with_bits(query, Around { store, diagnosis }, budget, &mut |at, _| each(at))
    }

    /// The same with the bits of the spansets that a span is in.
    pub(super) fn step_with_bits(
        &mut self,
        query: &Query,
        around: Around<'_>,
        budget: &mut usize,
        each: &mut dyn FnMut(SpanIx, u32) -> ControlFlow<()>,
    ) -> Progress {
        let store = around.store;
        let Some(trace) = store.find_trace(self.trace) else { return Progress::Done };
        let Some(mut at) = self.resume(store, trace) else { return Progress::Done };
        loop {
            if *budget == 0 {
                self.stay(store, at);
                return Progress::Unfinished;
            }
            *budget -= 1;
            if !self.leaving {
                let bits = query.bits(around, at, budget);
                let flow = if bits == 0 { ControlFlow::Continue(()) } else { each(at, bits) };
                match store.first_child(at, View::Recorded) {
                    Some(child) => at = child,
                    None => self.leaving = true,
                }
                if flow.is_break() {
                    self.stay(store, at);
                    return Progress::Unfinished;
                }
                continue;
            }
            if let Some(next) = store.next_sibling(at, View::Recorded) {
                (at, self.leaving) = (next, false);
            } else if let Some(parent) = store.parent_row(at, View::Recorded) {
                // One level at a time: from the end of a deep chain the way back is as long.
                at = parent;
            } else {
                self.stay(store, at);
                return Progress::Done;
            }
        }
    }

    /// Where to go on.
    fn resume(&mut self, store: &Store, trace: TraceIx) -> Option<SpanIx> {
        let here = |(at, id): (SpanIx, SpanId)| {
            let slot = store.slot(at);
            (slot.trace == trace && slot.record.span_id == id).then_some(at)
        };
        if let Some(at) = self.at.and_then(here) {
            return Some(at);
        }
        if self.started && self.at.is_none() {
            return None;
        }
        (self.leaving, self.started) = (false, true);
        store.first_row(trace, View::Recorded)
    }

    fn stay(&mut self, store: &Store, at: SpanIx) {
        self.at = Some((at, store.record(at).span_id));
    }
}
