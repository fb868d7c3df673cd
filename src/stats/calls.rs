//! Calls of one sort: how many, how many failed, how long they took, and which to look at.

use super::histogram::Histogram;
use crate::model::{SpanId, SpanRecord, StatusCode, TraceId};
use crate::store::Store;

/// Counted calls.
#[derive(Clone, Default, Debug)]
pub struct Calls {
    /// Those whose status is an error.
    pub errors: u64,
    /// How long they took.
    pub durations: Histogram,
}

impl Calls {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.durations.total()
    }

    /// Adds one. Tells by how many bytes it has grown.
    #[inline]
    pub(super) fn add(&mut self, record: &SpanRecord) -> usize {
        self.errors += u64::from(record.status() == StatusCode::Error);
        self.durations.add(record.duration_ns())
    }

    /// Takes one back that was added.
    pub(super) fn remove(&mut self, record: &SpanRecord) {
        self.errors = self.errors.saturating_sub(u64::from(record.status() == StatusCode::Error));
        self.durations.remove(record.duration_ns());
    }
}

/// A span that shows something. Of two the greater is kept, so that the order of arrival does not show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Example {
    /// By what it was chosen: its duration, or its end; nanoseconds.
    pub by_ns: u64,
    /// Its trace.
    pub trace: TraceId,
    /// Its id.
    pub span: SpanId,
}

impl Example {
    /// Whether the span is still held.
    pub fn is_held(&self, store: &Store) -> bool {
        let at = store.find_trace(self.trace).and_then(|trace| store.find_span(trace, self.span));
        at.is_some_and(|at| store.slot(at).is_held())
    }
}

/// Keeps the greater of two.
#[inline]
pub(super) fn keep(place: &mut Option<Example>, by_ns: u64, span: SpanId, trace: impl FnOnce() -> TraceId) {
    // The trace is looked up for the few that may be kept.
    if place.is_none_or(|kept| by_ns >= kept.by_ns) {
        *place = (*place).max(Some(Example { by_ns, trace: trace(), span }));
    }
}
