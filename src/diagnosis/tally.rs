//! Tallies: what a rule has marked in one service and scope. Counts, bounds and the earliest few, so that any order of
//! the same spans gives the same tally.

use super::finding::MAX_SPAN_IDS;
use super::group::insert_bounded;
use crate::model::{SpanId, SpanKind, TraceId, hash64};
use std::collections::BTreeMap;

/// How many of a rule's ways are counted apart.
const DETAILS: usize = 64;
/// How many traces are told apart; past that their number is estimated.
const TRACES: usize = 1024;

/// One marked span, as far as words need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Name, a string number of the store.
    pub(crate) name: u32,
    pub(crate) kind: SpanKind,
    pub(crate) duration_ns: u64,
    pub(crate) detail: u32,
}

/// When it started, its trace and its id: the order in which samples are kept.
pub(crate) type SampleKey = (u64, TraceId, SpanId);

/// What was marked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// How many spans.
    pub(crate) n: u64,
    /// By the rule's own ways.
    pub(crate) details: BTreeMap<u32, u64>,
    /// The earliest of them.
    pub(crate) sample: BTreeMap<SampleKey, Sample>,
    pub(crate) traces: Distinct,
}

impl Tally {
    pub(crate) fn add(&mut self, key: SampleKey, sample: Sample) {
        self.n += 1;
        self.traces.add(hash64(&key.1.0));
        if self.details.len() < DETAILS || self.details.contains_key(&sample.detail) {
            *self.details.entry(sample.detail).or_default() += 1;
        }
        insert_bounded(&mut self.sample, MAX_SPAN_IDS, key, sample);
    }

    /// Takes a mark back.
    pub(crate) fn retract(&mut self, key: &SampleKey, detail: u32) {
        self.n = self.n.saturating_sub(1);
        self.traces.remove(hash64(&key.1.0));
        if let Some(count) = self.details.get_mut(&detail) {
            *count -= 1;
            if *count == 0 {
                self.details.remove(&detail);
            }
        }
        self.sample.remove(key);
    }

    /// The rule's ways, the most frequent first.
    pub(crate) fn by_count(&self) -> Vec<(u32, u64)> {
        let mut list: Vec<(u32, u64)> =
            self.details.iter().map(|(detail, count)| (*detail, *count)).collect();
        list.sort_by_key(|(detail, count)| (std::cmp::Reverse(*count), *detail));
        list
    }

    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>()
            + self.details.len() * 24
            + self.sample.len() * (size_of::<SampleKey>() + size_of::<Sample>() + 8)
            + self.traces.memory()
    }
}

/// How many different values there were: exact for the first thousand, an estimate from the smallest hashes after.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distinct {
    smallest: BTreeMap<u64, u32>,
    full: bool,
}

impl Distinct {
    /// Notes a value by its hash.
    pub(crate) fn add(&mut self, hash: u64) {
        if self.full && self.smallest.last_key_value().is_some_and(|(last, _)| *last < hash) {
            return;
        }
        *self.smallest.entry(hash).or_default() += 1;
        if self.smallest.len() > TRACES {
            self.full = true;
            self.smallest.pop_last();
        }
    }

    fn remove(&mut self, hash: u64) {
        if let Some(count) = self.smallest.get_mut(&hash) {
            *count -= 1;
            if *count == 0 {
                self.smallest.remove(&hash);
            }
        }
    }

    pub(crate) fn count(&self) -> u64 {
        match self.smallest.last_key_value() {
            Some((last, _)) if self.full => {
                let share = (*last as f64 / u64::MAX as f64).max(f64::MIN_POSITIVE);
                (self.smallest.len() as f64 / share) as u64
            }
            _ => self.smallest.len() as u64,
        }
    }

    pub(crate) fn memory(&self) -> usize {
        self.smallest.len() * 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_estimated_and_few_are_counted() {
        let count = |n: u64| {
            let mut distinct = Distinct::default();
            for i in (0..n).chain(0..n) {
                distinct.add(hash64(&i.to_le_bytes()));
            }
            distinct.count()
        };
        assert_eq!(count(1000), 1000);
        assert!((42_500..57_500).contains(&count(50_000)), "{}", count(50_000));
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let sample = Sample { name: 0, kind: SpanKind::Internal, duration_ns: 1, detail: 3 };
        let key = |n: u8| (u64::from(n), TraceId([n; 16]), SpanId(1));
        let mut tally = Tally::default();
        tally.add(key(1), sample);
        tally.add(key(2), sample);
        tally.retract(&key(1), 3);
        assert_eq!((tally.n, tally.traces.count(), tally.by_count()), (1, 1, vec![(3, 1)]));
        assert_eq!(tally.sample.keys().collect::<Vec<_>>(), [&key(2)]);
    }
}
