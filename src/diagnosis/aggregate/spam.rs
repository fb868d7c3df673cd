//! How many trivial spans a service makes for one trace: counted in a sample of its traces.

use super::super::process::ServiceIx;
use super::super::seen::Seen;
use crate::model::{SpanKind, hash64};
use std::collections::BTreeMap;

/// How many traces of each service are counted: those with the smallest hashes, whatever came first.
const TRACES: usize = 128;
/// A span shorter than this is short, nanoseconds.
const SHORT_NS: u64 = 5_000_000;

/// What one service sent of one trace.
#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    internal: u32,
    short: u32,
}

/// What was counted, by service.
#[derive(Debug, Default)]
pub(crate) struct Spam {
    by_service: Vec<BTreeMap<u64, Counts>>,
}

impl Spam {
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let number = seen.service.0 as usize;
        if self.by_service.len() <= number {
            self.by_service.resize_with(number + 1, BTreeMap::new);
        }
        let id = seen.store.trace(seen.trace).id;
        let hash = hash64(&id.0);
        let sample = &mut self.by_service[number];
        let full = sample.len() >= TRACES;
        if full && sample.last_key_value().is_some_and(|(last, _)| *last < hash) {
            return;
        }
        let counts = sample.entry(hash).or_default();
        let internal = seen.kind() == SpanKind::Internal;
        counts.internal += u32::from(internal);
        counts.short += u32::from(seen.record.duration_ns() < SHORT_NS);
        if sample.len() > TRACES {
            sample.pop_last();
        }
    }

    /// Of a service: how many traces were counted, the median of INTERNAL spans in each, and of short ones.
    pub(crate) fn medians(&self, service: ServiceIx) -> (usize, u32, u32) {
        let Some(sample) = self.by_service.get(service.0 as usize) else { return (0, 0, 0) };
        let median = |count: fn(&Counts) -> u32| {
            let mut all: Vec<u32> = sample.values().map(count).collect();
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or(0)
        };
        (sample.len(), median(|counts| counts.internal), median(|counts| counts.short))
    }

    pub(super) fn memory(&self) -> usize {
        let counted: usize = self.by_service.iter().map(BTreeMap::len).sum();
        self.by_service.capacity() * 24 + counted * 24
    }
}
