//! Recent that were seen lately, in tables of a fixed size: whether an id is known under another trace, and whether half
//! of a trace id was lost on the way.
//!
//! A later id takes the place of an earlier one that falls on it. What is found is always true; what is not found may
//! have been forgotten.

use super::pool::mix;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::Distinct;
use crate::model::{SpanId, TraceId, hash64};
use crate::store::{SpanIx, Store, TraceIx};
use std::collections::BTreeMap;

/// Places of a table at its largest size.
const MOST: usize = 1 << 16;
/// Places of a table at its first size.
const FIRST: usize = 1 << 8;
/// How many trace ids in halves are remembered one by one.
const SAMPLE: usize = 16;

/// Items by a hash, each in the one place that its hash gives it. Grows with the store, up to a point.
#[derive(Debug)]
struct Places<T> {
    all: Vec<(u32, T)>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<T: Copy> Places<T> {
    fn get(&self, hash: u32) -> Option<T> {
        let (known, item) = *self.all.get(hash as usize & self.all.len().wrapping_sub(1))?;
        (known == hash).then_some(item)
    }

    /// Puts an item into its place; `vacant` is what stands in the others.
    fn put(&mut self, hash: u32, item: T, vacant: T, slots: usize) {
        if self.all.len() < slots.min(MOST) || self.all.is_empty() {
            let len = slots.next_power_of_two().clamp(FIRST, MOST);
            let old = std::mem::replace(&mut self.all, vec![(0, vacant); len]);
            old.into_iter().for_each(|(hash, item)| self.all[hash as usize & (len - 1)] = (hash, item));
        }
        let place = hash as usize & (self.all.len() - 1);
        self.all[place] = (hash, item);
    }

    fn memory(&self) -> usize {
        self.all.capacity() * size_of::<(u32, T)>()
    }
}

/// A span as a witness of its trace's id.
#[derive(Clone, Copy, Debug)]
struct Witness {
    trace: TraceIx,
    span: SpanIx,
    service: ServiceIx,
}

/// A trace id of which a service knows one half: a span of each trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Halved {
    pub(crate) whole: (TraceId, SpanId),
    pub(crate) half: (TraceId, SpanId),
}

/// Trace ids in halves between two services.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    pub(crate) traces: Distinct,
    /// By the low half.
    pub(crate) sample: BTreeMap<u64, Halved>,
}

/// Recent seen lately.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    spans: Places<SpanIx>,
    traces: Places<Witness>,
    /// By the service that knows the whole id and the one that knows the half.
    halves: BTreeMap<(ServiceIx, ServiceIx), Halves>,
}

impl Recent {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let slots = seen.store.slot_capacity();
        self.spans.put(of_span(seen.record.span_id), seen.at, SpanIx::NONE, slots);
        if seen.entry || seen.record.parent_id.is_none() {
            self.trace(seen, slots);
        }
    }

    fn trace(&mut self, seen: &Seen<'_>, slots: usize) {
        let store = seen.store;
        let id = store.trace(seen.trace).id;
        let hash = mix(id.low());
        let here = Witness { trace: seen.trace, span: seen.at, service: seen.service };
        if let Some(there) = self.traces.get(hash)
            && there.span != SpanIx::NONE
            && there.trace != seen.trace
            && store.slot(there.span).is_held()
            && store.slot(there.span).trace == there.trace
        {
            let known = store.trace(there.trace).id;
            if known.low() == id.low() && is_half(known) != is_half(id) {
                let (whole, half) = if is_half(id) { (there, here) } else { (here, there) };
                let name =
                    |witness: Witness| (store.trace(witness.trace).id, store.record(witness.span).span_id);
                let halves = self.halves.entry((whole.service, half.service)).or_default();
                halves.traces.add(hash64(&id.low().to_le_bytes()));
                let halved = Halved { whole: name(whole), half: name(half) };
                insert_bounded(&mut halves.sample, SAMPLE, id.low(), halved);
                // The first of the two stays, so that the other is met again by its next span.
                return;
            }
        }
        let vacant = Witness { trace: TraceIx(u32::MAX), span: SpanIx::NONE, service: ServiceIx(0) };
        self.traces.put(hash, here, vacant, slots / 4);
    }

    /// A held span with this id in another trace than this, if one is known.
    pub(crate) fn in_another_trace(&self, store: &Store, id: SpanId, trace: TraceIx) -> Option<SpanIx> {
        let at = self.spans.get(of_span(id))?;
        let slot = store.slot(at.some()?);
        (slot.is_held() && slot.record.span_id == id && slot.trace != trace).then_some(at)
    }

    /// Trace ids in halves, by the service that knows the whole and the one that knows the half.
    pub(crate) fn halves(&self) -> impl Iterator<Item = (ServiceIx, ServiceIx, &Halves)> {
        self.halves.iter().map(|((whole, half), halves)| (*whole, *half, halves))
    }

    pub(super) fn memory(&self) -> usize {
        let halves = self.halves.values();
        self.spans.memory()
            + self.traces.memory()
            + halves.map(|h| h.traces.memory() + h.sample.len() * (size_of::<Halved>() + 16)).sum::<usize>()
    }
}

fn of_span(id: SpanId) -> u32 {
    mix(id.0)
}

/// Whether the upper half of a trace id is zero.
fn is_half(id: TraceId) -> bool {
    id.0[..8] == [0; 8]
}
