//! Eviction: the oldest request goes first, whole, and is counted. Pinned traces stay.
//!
//! A request is a unit of a merged trace where diagnosis has cut edges, else the trace.

use super::index::{span_key, trace_key};
use super::tree::Owner;
use super::{OrderKey, Presence, SpanIx, Store, TraceIx};
use crate::model::{NO_FACTS, SpanRecord, StatusCode};

impl Store {
    /// Frees at least `budget` spans and log records if there are as many, the oldest requests first, each with its log
    /// records; log records without a trace stand in the same line. Appends the spans' slots to `gone`: whoever holds
    /// tables beside the slots must forget them before the next ingest. Answers how many were freed; nothing is left
    /// when that is none. A request leaves whole: half of one must not be met by an ingest or a cut.
    pub fn evict(&mut self, budget: usize, gone: &mut Vec<SpanIx>) -> usize {
        let (start, logs) = (gone.len(), self.counters.evicted_logs);
        let mut leaving = Vec::new();
        loop {
            let freed = gone.len() - start + (self.counters.evicted_logs - logs) as usize;
            if freed >= budget {
                return freed;
            }
            let oldest_request = self.by_age.first_key_value().map(|((age, _), _)| *age);
            if self.evict_loose_log(oldest_request) {
                continue;
            }
            if !self.pick_oldest(&mut leaving, gone) {
                return gone.len() - start + (self.counters.evicted_logs - logs) as usize;
            }
            while let Some(at) = leaving.pop() {
                leaving.extend(self.children(at));
                self.free(at, gone);
            }
        }
    }

    /// Moves the tops of the oldest request to `leaving`.
    fn pick_oldest(&mut self, leaving: &mut Vec<SpanIx>, gone: &mut Vec<SpanIx>) -> bool {
        let Some((age, trace)) = self.by_age.first_key_value() else { return false };
        let (age, trace) = (*age, *trace);
        self.counters.evicted_requests += 1;
        let unit = self.tops(trace).and_then(|tops| self.oldest_held(tops.iter()));
        let tops = unit.map_or_else(|| self.roots(trace).collect(), |top| vec![top]);
        if tops.is_empty() {
            self.by_age.remove(&age);
        }
        for top in tops {
            self.detach(top, gone);
            leaving.push(top);
        }
        self.touch_age(trace);
        true
    }

    /// Bytes of requests that can be evicted, by their share of the spans, and how many spans and log records those are.
    pub fn evictable(&self) -> (usize, u64) {
        let all = self.span_count();
        let pinned: u64 = self.pinned().map(|trace| u64::from(self.trace(trace).spans)).sum();
        let free = all.saturating_sub(pinned);
        let spans = self.payload as u128 * u128::from(free) / u128::from(all.max(1));
        let logs = self.log_count() as u64;
        (spans as usize + self.logs.payload(), free + logs)
    }

    fn oldest_held<'a>(&self, mut tops: impl Iterator<Item = &'a OrderKey>) -> Option<SpanIx> {
        tops.find(|(_, _, at)| self.slot(*at).is_held()).map(|(_, _, at)| *at)
    }

    /// Takes a top out of its trace; a parent that was only a placeholder for it goes with it.
    fn detach(&mut self, top: SpanIx, gone: &mut Vec<SpanIx>) {
        let parent = self.slot(top).parent;
        if self.slot(top).cut {
            self.uncut(top);
        } else {
            self.unlink(top);
        }
        self.slots[top.0].parent = SpanIx::NONE;
        if let Some(parent) = parent.some() {
            self.free_if_childless(parent, gone);
        }
    }

    fn free_if_childless(&mut self, at: SpanIx, gone: &mut Vec<SpanIx>) {
        let slot = self.slot(at);
        if !slot.is_held() && slot.children.len == 0 && !self.has_cut_children(at) {
            self.unlink(at);
            self.vacate(at, gone);
        }
    }

    /// Frees what leaves. A span that others were cut from stays as a placeholder that says so.
    fn free(&mut self, at: SpanIx, gone: &mut Vec<SpanIx>) {
        let (trace, held) = (self.slot(at).trace, self.slot(at).is_held());
        self.wide.remove(&Owner::Span(at));
        if held {
            let record = *self.record(at);
            if record.facts != NO_FACTS {
                self.facts.remove(record.facts);
            }
            self.counters.evicted_spans += 1;
            self.counters.evicted_logs += self.remove_logs_of(self.traces[trace.0].id, Some(record.span_id));
            let of = &mut self.traces[trace.0];
            of.spans -= 1;
            of.evicted += 1;
            of.changes = of.changes.wrapping_add(1);
            of.errors -= u32::from(record.status() == StatusCode::Error);
            self.forget_links(at);
            self.retell_twin(at, None);
            self.release_bytes(at);
        }
        let first_cut = self.cut_children(at, (0, 0, SpanIx(0))).next();
        match first_cut {
            Some((start_ns, ..)) => {
                gone.push(at);
                let slot = &mut self.slots[at.0];
                let mut record = SpanRecord::new(slot.record.span_id, crate::model::SpanId::NONE);
                (record.start_ns, record.end_ns) = (start_ns.saturating_sub(1), start_ns);
                slot.record = record;
                slot.presence = Presence::Evicted;
                slot.parent = SpanIx::NONE;
                slot.children = super::List::default();
                self.link(at);
            }
            None => self.vacate(at, gone),
        }
        if held && self.traces[trace.0].spans == 0 {
            self.free_trace(trace, gone);
        }
    }

    pub(super) fn vacate(&mut self, at: SpanIx, gone: &mut Vec<SpanIx>) {
        let slot = self.slot(at);
        let key = span_key(slot.trace, slot.record.span_id);
        self.index.remove(key, at.0);
        self.slots[at.0] = super::Slot::default();
        self.slots.remove(at.0);
        gone.push(at);
    }

    fn free_trace(&mut self, trace: TraceIx, gone: &mut Vec<SpanIx>) {
        let rest: Vec<SpanIx> = self.roots(trace).collect();
        for placeholder in rest {
            self.unlink(placeholder);
            self.vacate(placeholder, gone);
        }
        let held = &self.traces[trace.0];
        let (id, key, seq, age) = (held.id, trace_key(held.id), held.seq, held.age());
        self.counters.evicted_logs += self.remove_logs_of(id, None);
        self.trace_index.remove(key, trace.0);
        self.by_arrival.remove(&seq);
        self.by_age.remove(&age);
        self.pinned.remove(&seq);
        self.traces.remove(trace.0);
    }

    pub(super) fn release_bytes(&mut self, at: SpanIx) {
        let number = self.slots[at.0].batch;
        self.slots[at.0].batch = u32::MAX;
        let Some(batch) = &mut self.batches[number] else { return };
        batch.live -= 1;
        if batch.live == 0 {
            self.payload -= batch.memory();
            self.batches[number] = None;
            self.batches.remove(number);
        } else if (batch.live as usize) * 2 < batch.spans.len() {
            self.payload -= batch.memory();
            let slots = &self.slots;
            let moved = batch.repack(|at| {
                let slot = &slots[at.0];
                let here = slot.is_held() && slot.batch == number;
                here.then_some((slot.record.offset, slot.record.len))
            });
            self.payload += batch.memory();
            for (at, offset) in moved {
                self.slots[at.0].record.offset = offset;
            }
        }
    }

    /// Brings a trace's place in the order of eviction up to date after its cuts have changed.
    pub(super) fn touch_age(&mut self, trace: TraceIx) {
        let Some(tops) = self.tops(trace) else { return };
        let Some(oldest) = self.oldest_held(tops.iter()) else { return };
        let key = self.record(oldest).start_ns;
        let held = &mut self.traces[trace.0];
        let old = held.age();
        held.age_key = key;
        let (new, pinned) = (held.age(), held.pinned);
        if old != new {
            self.by_age.remove(&old);
        }
        if !pinned {
            self.by_age.insert(new, trace);
        }
    }
}
