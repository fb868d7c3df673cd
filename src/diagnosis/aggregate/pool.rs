//! A bounded sample: those with the smallest keys. Whoever samples by the same hash keeps the same.

use crate::model::{SpanId, TraceId};
use std::collections::BTreeMap;

/// What is kept first: by hash, start and id.
pub(crate) type SampleKey = (u32, u64, TraceId, SpanId);

/// A hash of a number: what hashes of bytes cost more for.
#[inline]
pub(super) fn mix(number: u64) -> u32 {
    let mixed = (number ^ number >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as u32
}

/// The smallest so many by key.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    pub(crate) kept: BTreeMap<SampleKey, T>,
    /// The smallest key that was turned away.
    bound: Option<SampleKey>,
    most: usize,
}

impl<T> Pool<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { kept: BTreeMap::new(), bound: None, most }
    }

    /// Whether everything with this key was kept.
    pub(crate) fn covers(&self, key: &SampleKey) -> bool {
        self.bound.is_none_or(|bound| *key < bound)
    }

    /// Whether nothing was turned away.
    pub(crate) fn is_whole(&self) -> bool {
        self.bound.is_none()
    }

    pub(super) fn insert(&mut self, key: SampleKey, item: T) {
        if !self.covers(&key) {
            return;
        }
        self.kept.insert(key, item);
        if self.kept.len() > self.most {
            self.bound = self.kept.pop_last().map(|(key, _)| key);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.kept.len() * (size_of::<SampleKey>() + size_of::<T>() + 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_same_in_any_order() {
        let keys: Vec<SampleKey> =
            (0..100).map(|n| (n * 7 % 100, u64::from(n), TraceId([1; 16]), SpanId(1))).collect();
        let kept = |keys: &[SampleKey]| {
            let mut pool = Pool::new(10);
            keys.iter().for_each(|key| pool.insert(*key, ()));
            (pool.kept.keys().copied().collect::<Vec<_>>(), pool.bound)
        };
        let expected = kept(&keys);
        assert_eq!((expected.0.len(), expected.1.map(|key| key.0)), (10, Some(10)));
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..20 {
            let mut shuffled = keys.clone();
            rng.shuffle(&mut shuffled);
            assert_eq!(kept(&shuffled), expected);
        }
    }
}
