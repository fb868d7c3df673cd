//! Pinning and deletion, at the user's word. What is deleted is out of every list at once, and freed bit by bit.

use super::index::{Index, trace_key};
use super::tree::Owner;
use super::{SpanIx, Store, TraceIx, View};
use crate::model::{NO_FACTS, StatusCode, TraceId};
use std::collections::BTreeMap;

/// Deleted traces whose spans are still to be freed.
#[derive(Debug, Default)]
pub(super) struct Deletion {
    /// By place in the order of arrival; one table for each time that everything was cleared.
    traces: Vec<BTreeMap<u64, TraceIx>>,
    /// The row to free next, when it is still the last of its trace.
    next: Option<SpanIx>,
    /// Log records before this one are freed with it, but for those that belong to what is held.
    logs_end: u64,
}

impl Store {
    /// Keeps a trace from being evicted and cleared, or no longer. Tells whether there is such a trace.
    pub fn pin(&mut self, id: TraceId, pinned: bool) -> bool {
        let Some(trace) = self.find_trace(id) else { return false };
        let held = &mut self.traces[trace.0];
        held.pinned = pinned;
        let (seq, age) = (held.seq, held.age());
        if pinned {
            self.by_age.remove(&age);
            self.pinned.insert(seq, trace);
        } else {
            self.pinned.remove(&seq);
            self.by_age.insert(age, trace);
        }
        true
    }

    /// Pinned traces in the order of their arrival.
    pub fn pinned(&self) -> impl ExactSizeIterator<Item = TraceIx> {
        self.pinned.values().copied()
    }

    /// Says whether memory is full of what cannot be evicted: spans of pinned traces are then not taken, and counted.
    pub fn set_full(&mut self, full: bool) {
        self.full = full;
    }

    /// Takes a trace out of every list; [`Store::free_deleted`] frees it. Tells whether there was one.
    pub fn delete(&mut self, id: TraceId) -> bool {
        let Some(trace) = self.find_trace(id) else { return false };
        let held = &self.traces[trace.0];
        let (seq, age) = (held.seq, held.age());
        self.trace_index.remove(trace_key(id), trace.0);
        self.by_arrival.remove(&seq);
        self.by_age.remove(&age);
        self.pinned.remove(&seq);
        self.counters.deleted_traces += 1;
        match self.deletion.traces.last_mut() {
            Some(traces) => traces.extend([(seq, trace)]),
            None => self.deletion.traces.push(BTreeMap::from([(seq, trace)])),
        }
        true
    }

    /// Deletes every trace that is not pinned, and the log records that belong to none that is, in a time that depends on
    /// the pinned ones only. Tells how many traces.
    pub fn clear(&mut self) -> u64 {
        let mut all = std::mem::take(&mut self.by_arrival);
        self.trace_index = Index::default();
        for (seq, trace) in &self.pinned {
            all.remove(seq);
            self.by_arrival.insert(*seq, *trace);
            self.trace_index.insert(trace_key(self.traces[trace.0].id), trace.0);
        }
        let cleared = all.len() as u64;
        self.counters.deleted_traces += cleared;
        // Their places in the order of eviction are given up one by one: nothing is evicted before they are freed.
        self.deletion.traces.push(all);
        self.deletion.logs_end = self.next_log_seq();
        cleared
    }

    /// Whether spans or log records of deleted traces are still held.
    pub fn is_deleting(&self) -> bool {
        self.deletion.traces.iter().any(|traces| !traces.is_empty())
            || self.has_logs_before(self.deletion.logs_end)
    }

    /// Frees about `budget` spans of deleted traces if there are as many, and appends their slots to `gone`: whoever
    /// holds tables beside the slots must forget them before the next ingest. Each is the last row of its trace, so that
    /// what is left is a tree at any time.
    pub fn free_deleted(&mut self, budget: usize, gone: &mut Vec<SpanIx>) {
        let whole = |_: SpanIx| false;
        for _ in 0..budget {
            let Some(traces) = self.deletion.traces.last_mut() else {
                if self.free_log_before(self.deletion.logs_end) {
                    continue;
                }
                return;
            };
            let Some((_, trace)) = traces.first_key_value() else {
                self.deletion.traces.pop();
                continue;
            };
            let trace = *trace;
            let next = self.deletion.next.take();
            let next =
                next.filter(|at| self.slot(*at).trace == trace && !self.has_children(*at, View::Recorded));
            match next.or_else(|| self.last_row(trace, View::Recorded, &whole)) {
                Some(at) => {
                    self.deletion.next = self.prev_row(at, View::Recorded, &whole);
                    self.free_row(at, gone);
                }
                None => self.free_deleted_trace(trace),
            }
        }
    }

    /// Frees a row without rows below it.
    fn free_row(&mut self, at: SpanIx, gone: &mut Vec<SpanIx>) {
        if self.slot(at).is_held() {
            let (record, trace) = (*self.record(at), self.slot(at).trace);
            if record.facts != NO_FACTS {
                self.facts.remove(record.facts);
            }
            self.counters.deleted_spans += 1;
            let id = self.traces[trace.0].id;
            // Log records of a trace that has come again are that one's.
            if self.find_trace(id).is_none() {
                self.counters.deleted_logs += self.remove_logs_of(id, Some(record.span_id));
            }
            let of = &mut self.traces[trace.0];
            of.spans -= 1;
            of.errors -= u32::from(record.status() == StatusCode::Error);
            self.forget_links(at);
            self.retell_twin(at, None);
            self.release_bytes(at);
        }
        self.wide.remove(&Owner::Span(at));
        if self.slot(at).cut {
            self.uncut(at);
        } else {
            self.unlink(at);
        }
        self.vacate(at, gone);
    }

    fn free_deleted_trace(&mut self, trace: TraceIx) {
        let held = &self.traces[trace.0];
        let (id, seq, age) = (held.id, held.seq, held.age());
        if self.find_trace(id).is_none() {
            self.counters.deleted_logs += self.remove_logs_of(id, None);
        }
        self.by_age.remove(&age);
        self.wide.remove(&Owner::Trace(trace));
        self.traces.remove(trace.0);
        if let Some(traces) = self.deletion.traces.last_mut() {
            traces.remove(&seq);
        }
    }

    /// Mends cut edges of a trace, at most so many. Tells whether all are mended.
    pub fn mend(&mut self, trace: TraceIx, budget: usize) -> bool {
        for _ in 0..budget {
            let cut = self.traces[trace.0].cuts.as_ref().and_then(|cuts| cuts.by_parent.first());
            let Some((_, (_, _, at))) = cut.copied() else {
                self.traces[trace.0].longest_request_ns = 0;
                return true;
            };
            self.set_cut(at, false);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Batch;
    use crate::store::Arrived;
    use crate::testkit::by_end;

    const TRACES: &str = "
        run  shop  internal  0..900  lost
          GET /a  shop  internal  10..20
            query  shop  client  12..14
          GET /b  shop  internal  15..40
          GET /c  shop  internal  50..60
        other  shop  server  5..9  trace=2
          below  shop  internal  6..8  trace=2
        third  shop  server  5..9  trace=3
    ";

    fn filled(batches: Vec<Batch>) -> Store {
        let mut store = Store::new();
        for batch in batches {
            store.ingest(batch, &mut Arrived::default());
        }
        store
    }

    fn drain(store: &mut Store, step: usize) -> usize {
        let mut gone = Vec::new();
        while store.is_deleting() {
            store.free_deleted(step, &mut gone);
        }
        gone.len()
    }

    #[test]
    fn a_deleted_trace_is_out_of_every_list_at_once_and_its_id_may_come_again() {
        let id = TraceId([1; 16]);
        for cut in [false, true] {
            for step in 1..4 {
                let mut store = filled(by_end(TRACES));
                let trace = store.find_trace(id).unwrap();
                let requests: Vec<SpanIx> =
                    store.children(store.first_row(trace, View::Recorded).unwrap()).collect();
                requests.iter().for_each(|at| store.set_cut(*at, cut));
                assert!(store.delete(id) && !store.delete(id));
                assert_eq!((store.trace_count(), store.find_trace(id)), (2, None));
                // The same id again, while the old spans are being freed, and a cut that comes late.
                store.free_deleted(step, &mut Vec::new());
                for batch in by_end(TRACES) {
                    store.ingest(batch, &mut Arrived::default());
                }
                drain(&mut store, step);
                let again = store.find_trace(id).unwrap();
                assert_eq!((store.trace(again).spans, store.trace_count()), (4, 3));
                let rows = std::iter::successors(store.first_row(again, View::Recorded), |at| {
                    store.next_row(*at, View::Recorded, &|_| false)
                });
                assert_eq!(rows.count(), 5);
                let counters = store.counters();
                assert_eq!((counters.deleted_spans, counters.deleted_traces, counters.repeated), (4, 1, 3));
                assert_eq!(store.span_count(), 7);
            }
        }
    }

    #[test]
    fn what_is_cleared_is_freed_and_counted_and_what_is_pinned_stays() {
        let mut store = filled(by_end(TRACES));
        let (kept, gone) = (TraceId([2; 16]), TraceId([1; 16]));
        assert!(store.pin(kept, true) && !store.pin(TraceId([9; 16]), true));
        store.delete(TraceId([3; 16]));
        assert_eq!(store.clear(), 1);
        assert_eq!((store.trace_count(), store.find_trace(gone)), (1, None));
        assert_eq!(store.clear(), 0);
        drain(&mut store, 2);
        assert_eq!((store.span_count(), store.counters().deleted_spans), (2, 5));
        let trace = store.find_trace(kept).unwrap();
        assert_eq!(store.decode(store.first_row(trace, View::Recorded).unwrap()).unwrap().name, "other");
        assert!(store.pin(kept, false));
        assert_eq!(store.clear(), 1);
        let freed = drain(&mut store, 100);
        assert_eq!((freed, store.span_count(), store.trace_count()), (2, 0, 0));
        let empty = Store::new().memory();
        assert!(store.memory() < empty + (4 << 20), "bytes of deleted spans are given back");
    }

    #[test]
    fn eviction_goes_round_pinned_traces() {
        let mut store = filled(by_end(TRACES));
        store.pin(TraceId([1; 16]), true);
        store.evict(100, &mut Vec::new());
        assert_eq!((store.trace_count(), store.span_count()), (1, 4));
        let trace = store.find_trace(TraceId([1; 16])).unwrap();
        let below = store.last_row(trace, View::Recorded, &|_| false).unwrap();
        store.set_cut(below, true);
        store.evict(100, &mut Vec::new());
        assert_eq!(store.span_count(), 4, "a cut does not put it in line again");
        store.pin(TraceId([1; 16]), false);
        store.evict(100, &mut Vec::new());
        assert_eq!((store.trace_count(), store.span_count()), (0, 0));
    }
}
