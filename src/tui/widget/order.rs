//! An order that is kept while what it sorts changes: each item has a key, and moves when its key is set anew.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds};

/// Items by number, sorted by a key; those with the same key by number.
#[derive(Clone, Debug)]
pub struct Order<K> {
    sorted: BTreeSet<(K, u64)>,
    keys: BTreeMap<u64, K>,
}

impl<K> Default for Order<K> {
    fn default() -> Self {
        Self { sorted: BTreeSet::new(), keys: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Order<K> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of an item, if it is there.
    pub fn key(&self, item: u64) -> Option<&K> {
        self.keys.get(&item)
    }

    /// Puts an item where its key belongs, wherever it was.
    pub fn set(&mut self, item: u64, key: K) {
        match self.keys.insert(item, key.clone()) {
            Some(before) if before == key => {}
            Some(before) => {
                self.sorted.remove(&(before, item));
                self.sorted.insert((key, item));
            }
            None => {
                self.sorted.insert((key, item));
            }
        }
    }

    /// Takes an item out.
    pub fn remove(&mut self, item: u64) {
        if let Some(key) = self.keys.remove(&item) {
            self.sorted.remove(&(key, item));
        }
    }

    /// Takes any item out. Tells whether there was one.
    pub fn shrink(&mut self) -> bool {
        let last = self.keys.pop_last();
        last.is_some_and(|(item, key)| self.sorted.remove(&(key, item)))
    }

    /// The numbers of items within a range, in order of their numbers.
    pub fn items(&self, range: impl RangeBounds<u64>) -> impl Iterator<Item = u64> {
        self.keys.range(range).map(|(item, _)| *item)
    }

    /// All items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.sorted.iter().map(|(_, item)| *item)
    }

    /// The items behind this place, which need not be taken, in order.
    pub fn after(&self, key: K, item: u64) -> impl DoubleEndedIterator<Item = u64> {
        self.sorted.range((Bound::Excluded((key, item)), Bound::Unbounded)).map(|(_, item)| *item)
    }

    /// The items before this place, which need not be taken, in order.
    pub fn before(&self, key: K, item: u64) -> impl DoubleEndedIterator<Item = u64> {
        self.sorted.range(..(key, item)).map(|(_, item)| *item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changes_leave_what_sorting_anew_would_give() {
        for seed in 0..20 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut order, mut naive) = (Order::default(), BTreeMap::new());
            for _ in 0..600 {
                let (item, key) = (rng.u64(0..80), rng.u8(0..10));
                if rng.u8(0..4) == 0 {
                    order.remove(item);
                    naive.remove(&item);
                } else {
                    order.set(item, key);
                    naive.insert(item, key);
                }
                let mut sorted: Vec<(u8, u64)> = naive.iter().map(|(item, key)| (*key, *item)).collect();
                sorted.sort_unstable();
                let items = |part: &[(u8, u64)]| part.iter().map(|(_, item)| *item).collect::<Vec<_>>();
                assert_eq!(order.iter().collect::<Vec<_>>(), items(&sorted), "seed {seed}");
                let cut = sorted.partition_point(|entry| *entry < (key, item));
                assert_eq!(order.before(key, item).collect::<Vec<_>>(), items(&sorted[..cut]));
                let cut = sorted.partition_point(|entry| *entry <= (key, item));
                assert_eq!(order.after(key, item).collect::<Vec<_>>(), items(&sorted[cut..]));
                assert_eq!(
                    order.items(10..20).collect::<Vec<_>>(),
                    naive.range(10..20).map(|(i, _)| *i).collect::<Vec<_>>()
                );
            }
            let len = order.len();
            assert!((0..len).all(|_| order.shrink()) && !order.shrink());
            assert!(order.is_empty() && order.iter().next().is_none());
        }
    }
}
