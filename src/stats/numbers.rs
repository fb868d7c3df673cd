//! Dense numbers for keys, at most so many.

use hashbrown::HashTable;

/// Numbers by key. The key that was asked for last is found at once: spans come in runs.
#[derive(Debug)]
pub(super) struct Numbers {
    table: HashTable<(u128, u32)>,
    last: (u128, u32),
    most: usize,
}

impl Numbers {
    pub(super) fn new(most: usize) -> Self {
        Self { table: HashTable::new(), last: (u128::MAX, 0), most }
    }

    /// The number of a key.
    #[inline]
    pub(super) fn find(&mut self, key: u128) -> Option<u32> {
        if self.last.0 == key {
            return Some(self.last.1);
        }
        let (_, number) = self.table.find(mix(key), |(known, _)| *known == key)?;
        self.last = (key, *number);
        Some(*number)
    }

    /// Gives a key that has none the next number; nothing where there are as many as may be.
    pub(super) fn add(&mut self, key: u128) -> Option<u32> {
        if self.table.len() >= self.most {
            return None;
        }
        let number = self.table.len() as u32;
        self.table.insert_unique(mix(key), (key, number), |(key, _)| mix(*key));
        Some(number)
    }

    pub(super) fn memory(&self) -> usize {
        self.table.capacity() * (size_of::<(u128, u32)>() + 1)
    }
}

#[inline]
fn mix(key: u128) -> u64 {
    let folded = (key as u64 ^ ((key >> 64) as u64).rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (folded ^ folded >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
