//! Entries whose kind is wrong and that no merge explains: counted by scope of a service.
//!
//! What an entry waits for may yet explain it, and a merge may be found later: every count can be taken back.

use super::Diagnosis;
use super::aggregate::emitters::EmitterIx;
use super::finding::MAX_SPAN_IDS;
use super::group::{Settled, insert_bounded};
use super::unmerge::Place;
use super::verdict::{QUIET_NS, SILENT_NS};
use crate::model::{KeySet, ParentLocality, SpanId, SpanKind, TraceId};
use crate::store::{SpanIx, Store};
use std::collections::BTreeMap;

/// How many entries of a group of which nothing is said are judged at a time.
const UNSPOKEN: usize = 256;

/// Entries of one scope of one service whose kind is wrong without a merge.
#[derive(Debug, Default)]
pub(crate) struct WrongKinds {
    pub(super) n: u64,
    pub(super) sample: BTreeMap<(u64, TraceId, SpanId), WrongKind>,
    /// Traces that show it, and how many spans of each.
    pub(super) traces: BTreeMap<TraceId, u32>,
    /// Of these, how many hang from a parent that was not received.
    pub(super) not_received: u64,
    /// Of these, how many may still be explained by what has not arrived.
    pub(super) provisional: u64,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongKind {
    pub(super) kind: SpanKind,
    pub(super) name: u32,
    pub(super) keys: KeySet,
    pub(super) locality: ParentLocality,
}

impl Diagnosis {
    /// Who sent a span that was observed.
    pub(super) fn emitter(&self, store: &Store, at: SpanIx) -> Option<EmitterIx> {
        let record = store.record(at);
        self.gathered.emitters.find(self.processes.service_of(record.resource), record.scope)
    }

    /// Counts a waiting entry whose kind is wrong: what it waits for will hardly come.
    pub(super) fn settle_waiting(&mut self, store: &Store, at: SpanIx, tail: bool) {
        if let Some(Place::Waiting(parent)) = self.chains.place(at)
            && self.chains.has_wrong_kind(at)
        {
            let settled = Settled { received: false, tail };
            self.note_wrong_kind(store, at, settled);
            self.overdue.insert(at, (parent, settled));
        }
    }

    /// Counts an entry whose kind is wrong although no merge explains it.
    pub(super) fn note_wrong_kind(&mut self, store: &Store, at: SpanIx, settled: Settled) {
        let slot = store.slot(at);
        let record = &slot.record;
        let Some(emitter) = self.emitter(store, at).filter(|_| self.chains.has_wrong_kind(at)) else {
            return;
        };
        let kinds = self.wrong_kinds.entry(emitter).or_default();
        let trace = store.trace(slot.trace).id;
        kinds.n += 1;
        kinds.not_received += u64::from(!settled.received);
        kinds.provisional += u64::from(settled.tail);
        *kinds.traces.entry(trace).or_default() += 1;
        let one = WrongKind {
            kind: record.kind(),
            name: record.name,
            keys: record.keys,
            locality: record.locality(),
        };
        insert_bounded(&mut kinds.sample, MAX_SPAN_IDS, (record.start_ns, trace, record.span_id), one);
        self.chains.set_place(at, Some(Place::WrongKind));
        self.wrong_kinds_changed = true;
    }

    /// Takes back a count: a merge explains the entry after all.
    pub(super) fn retract_wrong_kind(&mut self, store: &Store, at: SpanIx, settled: Settled) {
        let record = *store.record(at);
        let trace = store.trace(store.slot(at).trace).id;
        let Some(emitter) = self.emitter(store, at) else { return };
        let Some(kinds) = self.wrong_kinds.get_mut(&emitter) else { return };
        kinds.n -= 1;
        kinds.not_received -= u64::from(!settled.received);
        kinds.provisional -= u64::from(settled.tail);
        if let Some(spans) = kinds.traces.get_mut(&trace) {
            *spans -= 1;
            if *spans == 0 {
                kinds.traces.remove(&trace);
            }
        }
        kinds.sample.remove(&(record.start_ns, trace, record.span_id));
        if kinds.n == 0 {
            self.wrong_kinds.remove(&emitter);
            self.news = true;
        }
        self.wrong_kinds_changed = true;
    }

    /// Whether a span is so near the end of what its process has sent that its parent may just be missing from the
    /// recording.
    pub(super) fn is_tail(&self, store: &Store, at: SpanIx) -> bool {
        let record = store.record(at);
        let process = self.processes.get(self.processes.of(record.resource));
        process.watermark_ns.saturating_sub(record.end_ns) < QUIET_NS
    }

    /// Entries of a group of which nothing is said are no merge. Once they have settled, the kind of each is judged by
    /// itself. Tells whether time alone can change nothing more.
    pub(super) fn settle_unspoken(&mut self, store: &Store, number: u32) -> bool {
        let Some(group) = &self.groups[number as usize] else { return true };
        if group.spoken {
            return false;
        }
        let received = group.hub.is_some();
        let silent = self.now_ns.saturating_sub(group.last_arrived_ns) >= SILENT_NS;
        let legitimate = group.hub.as_ref().is_some_and(|hub| hub.legitimate.is_some());
        let tests = self.processes.get(group.process).tests;
        if group.wrong_kinds == 0 || legitimate || tests || group.is_like_a_test() {
            return received || silent || self.ended;
        }
        let mut all = true;
        let mut ripe = Vec::new();
        let wrong = group.members.iter().filter(|at| self.chains.has_wrong_kind(**at));
        for at in wrong.filter(|at| !group.alone.contains_key(at)).take(UNSPOKEN) {
            let tail = !received && self.is_tail(store, *at);
            if received || !tail || silent || self.ended {
                ripe.push((*at, Settled { received, tail: tail && !silent }));
            } else {
                all = false;
            }
        }
        for (at, settled) in ripe {
            self.note_wrong_kind(store, at, settled);
            self.chains.set_place(at, Some(Place::Group(number)));
            if let Some(group) = &mut self.groups[number as usize] {
                group.alone.insert(at, settled);
            }
        }
        all
    }
}
