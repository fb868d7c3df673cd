//! Which traces match: all that are held, some spans at a time, while others arrive and leave.

use super::span::Around;
use super::{Progress, Query, Walk};
use crate::diagnosis::Diagnosis;
use crate::model::{SpanId, hash64};
use crate::store::{SpanIx, Store, TraceIx};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

/// How many traces a step looks after: whether they and their matching spans are still held.
const LOOKED_AFTER: usize = 256;

/// What is known of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Not all of its spans have been looked at.
    Unknown,
    /// No match in it.
    No,
    /// It matches; the first matching span that was met.
    Yes(SpanId),
}

/// Asks a query of all traces. A trace that is looked at anew keeps its verdict until there is another.
#[derive(Debug)]
pub struct Scan {
    query: Query,
    /// Traces from this one on have not been looked at in this pass ([`Trace::seq`](crate::store::Trace::seq)).
    next: u64,
    current: Option<Current>,
    /// Traces to be looked at anew.
    again: VecDeque<u64>,
    queued: BTreeSet<u64>,
    known: BTreeMap<u64, Known>,
    matches: usize,
    /// How many arrivals have been noted.
    arrivals: u64,
    /// Another pass is due.
    redo: bool,
    findings: u64,
    /// Where the look after traces goes on; nothing while none has left since it ended.
    look_after: Option<u64>,
    /// How many spans had left when it began.
    gone: u64,
    /// Takes turns between traces that are new and those to be looked at anew.
    turn: bool,
}

#[derive(Debug)]
struct Current {
    seq: u64,
    walk: Walk,
    found: Known,
}

#[derive(Clone, Copy, Default, Debug)]
struct Known {
    bits: u32,
    first: SpanId,
    matches: bool,
}

impl Known {
    fn add(&mut self, query: &Query, span: SpanId, bits: u32) {
        if self.first.is_none() {
            self.first = span;
        }
        self.bits |= bits;
        self.matches = query.is_met(self.bits);
    }
}

impl Scan {
    /// A scan that has looked at nothing.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            next: 0,
            current: None,
            again: VecDeque::new(),
            queued: BTreeSet::new(),
            known: BTreeMap::new(),
            matches: 0,
            arrivals: 0,
            redo: false,
            findings: 0,
            look_after: None,
            gone: 0,
            turn: false,
        }
    }

    /// What is asked.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// What is known of a trace.
    pub fn verdict(&self, store: &Store, trace: TraceIx) -> Verdict {
        match self.known.get(&store.trace(trace).seq) {
            Some(known) if known.matches => Verdict::Yes(known.first),
            Some(_) => Verdict::No,
            None => Verdict::Unknown,
        }
    }

    /// How many traces match, as far as is known.
    pub fn matches(&self) -> usize {
        self.matches
    }

    /// How many traces are known to match or not to.
    pub fn looked_at(&self) -> usize {
        self.known.len()
    }

    /// Has a trace looked at next: one that is on the screen.
    pub fn prefer(&mut self, store: &Store, trace: TraceIx) {
        let seq = store.trace(trace).seq;
        let is_current = self.current.as_ref().is_some_and(|current| current.seq == seq);
        if !is_current && !self.known.contains_key(&seq) && self.queued.insert(seq) {
            self.again.push_front(seq);
            self.turn = true;
        }
    }

    /// Looks at spans until the budget is spent: about one a span. Call it with each frame.
    pub fn step(&mut self, store: &Store, diagnosis: &Diagnosis, budget: usize) -> Progress {
        let around = Around { store, diagnosis };
        let mut budget = budget;
        self.note_arrivals(around, &mut budget);
        self.look_after(store);
        while budget > 0 {
            let Some(mut current) = self.current.take().or_else(|| self.take_next(around)) else {
                return Progress::Done;
            };
            let query = &self.query;
            let found = &mut current.found;
            let walked = current.walk.step_with_bits(query, around, &mut budget, &mut |at, bits| {
                found.add(query, store.record(at).span_id, bits);
                if found.matches { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if walked == Progress::Done || current.found.matches {
                self.settle(current.seq, current.found);
            } else {
                self.current = Some(current);
            }
        }
        Progress::Unfinished
    }

    /// Spans that came since the last step: each is asked by itself, or its trace anew where others have a say.
    fn note_arrivals(&mut self, around: Around<'_>, budget: &mut usize) {
        let store = around.store;
        let Some(new) = store.arrivals_since(self.arrivals) else {
            self.arrivals = store.arrivals();
            self.redo = true;
            return;
        };
        for at in new {
            if *budget == 0 {
                return;
            }
            self.arrivals += 1;
            if !store.slot(at).is_held() {
                continue;
            }
            let seq = store.trace(store.slot(at).trace).seq;
            let current =
                self.current.as_mut().filter(|current| current.seq == seq).map(|current| &mut current.found);
            let is_current = current.is_some();
            let Some(known) = current.or_else(|| self.known.get_mut(&seq)) else { continue };
            if self.query.looks_around {
                // The walk may have passed what it would now answer otherwise.
                if self.queued.insert(seq) {
                    self.again.push_back(seq);
                }
                continue;
            }
            if known.matches {
                continue;
            }
            *budget -= 1;
            let bits = self.query.bits(around, at, budget);
            if bits != 0 {
                known.add(&self.query, store.record(at).span_id, bits);
                self.matches += usize::from(known.matches && !is_current);
            }
        }
    }

    fn settle(&mut self, seq: u64, found: Known) {
        let before = self.known.insert(seq, found);
        self.matches += usize::from(found.matches);
        self.matches -= usize::from(before.is_some_and(|before| before.matches));
    }

    /// The trace to look at now.
    fn take_next(&mut self, around: Around<'_>) -> Option<Current> {
        let store = around.store;
        self.turn = !self.turn;
        if self.turn
            && let Some(current) = self.take_next_new(store)
        {
            return Some(current);
        }
        while let Some(seq) = self.again.pop_front() {
            self.queued.remove(&seq);
            if let Some(trace) = store.traces_from(seq).next().filter(|trace| store.trace(*trace).seq == seq)
            {
                return Some(Current {
                    seq,
                    walk: Walk::new(store.trace(trace).id),
                    found: Known::default(),
                });
            }
        }
        if let Some(current) = self.take_next_new(store) {
            return Some(current);
        }
        if self.query.reads_findings {
            let findings = fingerprint(around.diagnosis);
            self.redo |= findings != self.findings;
            self.findings = findings;
        }
        if std::mem::take(&mut self.redo) {
            self.next = 0;
            return self.take_next_new(store);
        }
        None
    }

    fn take_next_new(&mut self, store: &Store) -> Option<Current> {
        let trace = store.trace(store.traces_from(self.next).next()?);
        self.next = trace.seq + 1;
        Some(Current { seq: trace.seq, walk: Walk::new(trace.id), found: Known::default() })
    }

    /// Forgets traces that were evicted, and looks again where the span that matched was.
    fn look_after(&mut self, store: &Store) {
        let counters = store.counters();
        let gone = counters.evicted_spans + counters.deleted_spans;
        let from = match self.look_after {
            Some(from) => from,
            None if gone == self.gone => return,
            None => {
                self.gone = gone;
                0
            }
        };
        let some: Vec<(u64, Known)> =
            self.known.range(from..).take(LOOKED_AFTER).map(|(seq, known)| (*seq, *known)).collect();
        self.look_after = some.last().filter(|_| some.len() == LOOKED_AFTER).map(|(seq, _)| seq + 1);
        for (seq, known) in some {
            let held = store.traces_from(seq).next().filter(|trace| store.trace(*trace).seq == seq);
            let Some(trace) = held else {
                self.known.remove(&seq);
                self.matches -= usize::from(known.matches);
                continue;
            };
            let is_held = |at: SpanIx| store.slot(at).is_held();
            let lost = known.matches && !store.find_span(trace, known.first).is_some_and(is_held);
            if lost && self.queued.insert(seq) {
                self.again.push_back(seq);
            }
        }
    }
}

/// A number that changes when the findings do.
fn fingerprint(diagnosis: &Diagnosis) -> u64 {
    diagnosis.findings().iter().fold(1, |hash, finding| {
        let parts = [hash, finding.key, finding.span_count, finding.severity as u64];
        hash64(parts.map(u64::to_le_bytes).as_flattened())
    })
}

#[cfg(test)]
mod tests;
