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
