//! The one owner: a store, the diagnosis that reads it, and the memory limit.
//!
//! Everything that comes in passes through [`Session::take`], live, in a replay and in `check` alike. The main task
//! owns the session; there is no lock.

use crate::diagnosis::Diagnosis;
use crate::model::Batch;
use crate::store::{SpanIx, Store};

/// How many spans are freed at a time: a fraction of a millisecond, so that no step keeps a key waiting.
const EVICTION_STEP: usize = 512;

/// Whose time it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The wall's: spans come from running processes.
    Wall,
    /// The data's own: spans come from a dump, and nothing settles before its end.
    Stream,
}

/// What is held and what is wrong with it.
#[derive(Debug)]
pub struct Session {
    /// The spans.
    pub store: Store,
    /// The verdicts.
    pub diagnosis: Diagnosis,
    max_memory: usize,
    clock: Clock,
    arrived: Vec<SpanIx>,
    gone: Vec<SpanIx>,
}

impl Session {
    /// An empty session that holds at most `max_memory` bytes (batches, records, index, diagnosis).
    pub fn new(max_memory: usize, clock: Clock) -> Self {
        Self {
            store: Store::new(),
            diagnosis: Diagnosis::default(),
            max_memory,
            clock,
            arrived: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Takes a batch in, diagnoses it, and makes room.
    pub fn take(&mut self, batch: Batch) {
        let now_ns = batch.arrived_ns;
        self.arrived.clear();
        self.store.ingest(batch, &mut self.arrived);
        self.diagnosis.observe(&self.store, &self.arrived, now_ns);
        self.apply_cuts();
        self.make_room();
    }

    /// Tells the time, nanoseconds since the Unix epoch, so that a silent stream settles too. Once a second.
    ///
    /// Without effect on a dump: what its spans waited for is told by their own times.
    pub fn advance(&mut self, now_ns: u64) {
        if self.clock == Clock::Stream {
            return;
        }
        self.diagnosis.advance(&self.store, now_ns);
        self.apply_cuts();
    }

    /// Says that nothing more will come.
    pub fn finish(&mut self) {
        self.diagnosis.finish(&self.store);
        self.apply_cuts();
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        self.store.memory() + self.diagnosis.memory()
    }

    /// The limit, bytes.
    pub fn max_memory(&self) -> usize {
        self.max_memory
    }

    fn apply_cuts(&mut self) {
        for change in self.diagnosis.take_cuts() {
            self.store.set_cut(change.span, change.cut);
        }
    }

    fn make_room(&mut self) {
        while self.memory() > self.max_memory {
            self.gone.clear();
            self.store.evict(EVICTION_STEP, &mut self.gone);
            if self.gone.is_empty() {
                return;
            }
            self.diagnosis.forget(&self.store, &self.gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::View;
    use crate::testkit::by_end;

    /// A shop under `run` that never ends: three requests a second, one of them alone in a trace of its own.
    fn second(n: u64) -> String {
        let at = n * 1_000;
        let request = |name: &str, from: u64| {
            format!(
                "  GET /{name}  shop  internal  {}..{}  get=/{name}\n    query  shop  client  {}..{}\n",
                at + from,
                at + from + 20,
                at + from + 5,
                at + from + 9
            )
        };
        format!(
            "run  shop  internal  0..9000000  lost\n{}{}GET /own  shop  server  {}..{}  get=/own trace={}\n",
            request("a", 100),
            request("b", 400),
            at + 700,
            at + 720,
            2 + n % 200,
        )
    }

    #[test]
    fn an_endless_merged_trace_stays_within_its_memory() {
        let limit = 2 << 20;
        let mut session = Session::new(limit, Clock::Wall);
        let mut seen = 0;
        for n in 0..2_500 {
            for batch in by_end(&second(n)) {
                // Ids repeat from second to second in a sketch: make them this second's own.
                let mut batch = batch;
                for record in &mut batch.records {
                    record.span_id.0 += n << 16;
                    if record.parent_id.0 != 0 && record.parent_id.0 != 0x1000 {
                        record.parent_id.0 += n << 16;
                    }
                }
                seen += batch.records.len() as u64;
                session.take(batch);
            }
            assert!(session.memory() <= limit, "second {n}: {}", session.memory());
        }
        let counters = *session.store.counters();
        assert!(counters.evicted_spans > 0, "the limit was reached");
        assert_eq!(counters.received, seen);
        assert_eq!(
            counters.received,
            session.store.span_count() + counters.evicted_spans + counters.repeated
        );
        let mut rows = 0;
        for trace in session.store.traces() {
            let next = |at: &SpanIx| session.store.next_row(*at, View::Unmerged, &|_| false);
            let all = std::iter::successors(session.store.first_row(trace, View::Unmerged), next);
            rows += all.filter(|at| session.store.slot(*at).is_held()).count() as u64;
        }
        assert_eq!(rows, session.store.span_count(), "every span that is held is drawn once");
        let finding = &session.diagnosis.findings()[0];
        assert_eq!(
            (finding.rule.id, finding.span_count),
            ("merged-under-local-span", 5_000),
            "what was learned stays"
        );
    }
}
