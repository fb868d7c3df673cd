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

/// The traces of one service that are counted, by hash, and the largest hash of them once there is no room for more.
#[derive(Debug)]
struct Sample {
    traces: BTreeMap<u64, Counts>,
    limit: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self { traces: BTreeMap::new(), limit: u64::MAX }
    }
}

/// What was counted, by service.
#[derive(Debug, Default)]
pub(crate) struct Spam {
    by_service: Vec<Sample>,
}

impl Spam {
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let number = seen.service.0 as usize;
        if self.by_service.len() <= number {
            self.by_service.resize_with(number + 1, Sample::default);
        }
        let hash = hash64(&seen.store.trace(seen.trace).id.0);
        let sample = &mut self.by_service[number];
        if hash > sample.limit {
            return;
        }
        let counts = sample.traces.entry(hash).or_default();
        counts.internal += u32::from(seen.kind() == SpanKind::Internal);
        counts.short += u32::from(seen.record.duration_ns() < SHORT_NS);
        if sample.traces.len() > TRACES {
            sample.traces.pop_last();
            sample.limit = sample.traces.last_key_value().map_or(u64::MAX, |(hash, _)| *hash);
        }
    }

    /// Of a service: how many traces were counted, the median of INTERNAL spans in each, and of short ones.
    pub(crate) fn medians(&self, service: ServiceIx) -> (usize, u32, u32) {
        let Some(sample) = self.by_service.get(service.0 as usize) else { return (0, 0, 0) };
        let median = |count: fn(&Counts) -> u32| {
            let mut all: Vec<u32> = sample.traces.values().map(count).collect();
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or(0)
        };
        (sample.traces.len(), median(|counts| counts.internal), median(|counts| counts.short))
    }

    pub(super) fn memory(&self) -> usize {
        let counted: usize = self.by_service.iter().map(|sample| sample.traces.len()).sum();
        self.by_service.capacity() * size_of::<Sample>() + counted * 24
    }
}
