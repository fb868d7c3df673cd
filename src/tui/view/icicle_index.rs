//! Siblings in stretches: for spans with very many children, where the next column begins is found without passing
//! them one by one.
//!
//! A stretch says which sibling it starts with, when, how many it has and when the last of them ended. Stretches are
//! made bit by bit between frames; what is not yet in one is not drawn, and that is said.

use crate::model::{SpanId, TraceId};
use crate::store::{SpanIx, Store, TraceIx, View};
use std::collections::HashMap;

/// From so many children on they are put in stretches.
pub const MANY: usize = 128;
/// How many siblings are in one stretch.
const LENGTH: u32 = 32;
/// How many siblings are passed in one go.
const AT_ONCE: usize = 1_024;
/// How many spans with many children are remembered.
const KEPT: usize = 64;

/// The spans directly under one span, or the tops of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Under {
    /// The trace.
    pub trace: TraceIx,
    /// The span; none for the tops.
    pub parent: Option<SpanIx>,
    /// As which rows.
    pub view: View,
}

type Key = (TraceId, Option<(SpanIx, SpanId)>, bool);

impl Under {
    fn key(self, store: &Store) -> Key {
        let parent = self.parent.map(|at| (at, store.record(at).span_id));
        (store.trace(self.trace).id, parent, self.view == View::Unmerged)
    }

    /// The first of them.
    pub fn first(self, store: &Store) -> Option<SpanIx> {
        match self.parent {
            Some(parent) => store.first_child(parent, self.view),
            None => store.first_row(self.trace, self.view),
        }
    }

    /// How many they are.
    pub fn count(self, store: &Store) -> usize {
        match self.parent {
            Some(parent) => store.rows_under(parent, self.view),
            None => store.top_rows(self.trace, self.view),
        }
    }

    /// Whether what it hangs under is still there: slots are used again.
    fn is_held(self, store: &Store) -> bool {
        self.parent
            .is_none_or(|at| (at.0 as usize) < store.slot_capacity() && store.slot(at).trace == self.trace)
    }

    /// Whether a span is one of them.
    pub fn has(self, at: SpanIx, store: &Store) -> bool {
        (at.0 as usize) < store.slot_capacity()
            && store.slot(at).trace == self.trace
            && store.parent_row(at, self.view) == self.parent
    }
}

/// Some siblings, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The first of them.
    pub first: SpanIx,
    /// When it started, nanoseconds.
    pub start_ns: u64,
    /// When the last of them ended; never, where one still runs: its trace may go on for long.
    pub end_ns: u64,
    /// How many they are.
    pub spans: u32,
}

/// The stretches of one family, as far as it was passed.
#[derive(Debug)]
struct Family {
    under: Under,
    stretches: Vec<Stretch>,
    last: Option<SpanIx>,
    passed: usize,
    /// It was passed to its end when it had so many.
    ended_at: Option<usize>,
}

impl Family {
    fn new(under: Under) -> Self {
        Self { under, stretches: Vec::new(), last: None, passed: 0, ended_at: None }
    }

    fn is_done(&self, store: &Store) -> bool {
        let now = self.under.count(store);
        // Where some came in between, a few more or less do not matter; those at the end do.
        self.ended_at == Some(now)
    }

    /// Passes some more of them. Tells whether there are still more.
    fn work(&mut self, store: &Store) -> bool {
        let under = self.under;
        let now = under.count(store);
        if self.ended_at.is_some_and(|then| now < then || now - self.passed > self.passed / 16)
            || self.last.is_some_and(|last| !under.has(last, store))
        {
            *self = Self::new(under);
        }
        let mut at = match self.last {
            Some(last) => store.next_sibling(last, under.view),
            None => under.first(store),
        };
        for _ in 0..AT_ONCE {
            let Some(next) = at else {
                self.ended_at = Some(now);
                return false;
            };
            let (start_ns, end_ns) = times(next, store);
            let end_ns = if store.record(next).is_running() { u64::MAX } else { end_ns };
            match self.stretches.last_mut().filter(|stretch| stretch.spans < LENGTH) {
                Some(stretch) => {
                    stretch.spans += 1;
                    stretch.end_ns = stretch.end_ns.max(end_ns);
                }
                None => self.stretches.push(Stretch { first: next, start_ns, end_ns, spans: 1 }),
            }
            self.passed += 1;
            self.last = Some(next);
            at = store.next_sibling(next, under.view);
        }
        true
    }
}

/// When a span was; one that has not ended lasts as long as its trace.
pub fn times(at: SpanIx, store: &Store) -> (u64, u64) {
    let slot = store.slot(at);
    let record = &slot.record;
    let end_ns = if record.is_running() { store.trace(slot.trace).end_ns } else { record.end_ns };
    (record.start_ns, end_ns.max(record.start_ns))
}

/// The families that were met.
#[derive(Debug, Default)]
pub struct Families {
    known: HashMap<Key, Family>,
    wanted: Vec<Under>,
}

impl Families {
    /// The stretches of a family, as far as they are known, and whether that is all.
    pub fn of(&self, under: Under, store: &Store) -> (&[Stretch], bool) {
        match self.known.get(&under.key(store)) {
            Some(family) if family.under == under => (&family.stretches, family.is_done(store)),
            _ => (&[], false),
        }
    }

    /// These were drawn last: their stretches are made with the next work. Those that led astray are made anew.
    pub fn want(&mut self, wanted: Vec<Under>, astray: &[Under], store: &Store) {
        self.wanted = wanted;
        self.wanted.truncate(KEPT);
        astray.iter().for_each(|under| drop(self.known.remove(&under.key(store))));
    }

    /// Makes some of the stretches that were asked for. Tells whether there are more to make.
    pub fn work(&mut self, store: &Store) -> bool {
        self.wanted.retain(|under| under.is_held(store));
        let wanted: Vec<Key> = self.wanted.iter().map(|under| under.key(store)).collect();
        if self.known.len() > KEPT {
            self.known.retain(|key, _| wanted.contains(key));
        }
        for (under, key) in self.wanted.iter().zip(wanted) {
            let family = self.known.entry(key).or_insert_with(|| Family::new(*under));
            if family.under != *under {
                *family = Family::new(*under);
            }
            if !family.is_done(store) && family.work(store) {
                return true;
            }
        }
        false
    }
}
