//! Tables of what repeats: names, resources, scopes. The owner maps a batch's numbers to these once a batch.

use crate::model::hash64;
use hashbrown::HashTable;

/// Names beyond this many bytes are not kept apart any more; a span's own bytes still have its name.
/// A sender that puts ids into names would otherwise fill the memory with them.
const MAX_BYTES: usize = 32 << 20;

/// What a string number beyond the limit means.
pub(super) const UNKEPT: u32 = u32::MAX;

/// Byte strings, each once, with something made of each at first sight.
#[derive(Debug)]
pub(super) struct Interner<T> {
    table: HashTable<u32>,
    items: Vec<(Box<[u8]>, T)>,
    bytes: usize,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { table: HashTable::new(), items: Vec::new(), bytes: 0 }
    }
}

impl<T> Interner<T> {
    /// The number of these bytes; `make` is called when they are new.
    pub(super) fn number(&mut self, bytes: &[u8], make: impl FnOnce(&[u8]) -> T) -> u32 {
        let hash = hash64(bytes);
        if let Some(number) = self.table.find(hash, |i| *self.items[*i as usize].0 == *bytes) {
            return *number;
        }
        if self.bytes > MAX_BYTES {
            return UNKEPT;
        }
        let number = self.items.len() as u32;
        self.items.push((bytes.into(), make(bytes)));
        self.bytes += 2 * bytes.len() + size_of::<(Box<[u8]>, T)>() + 8;
        self.table.insert_unique(hash, number, |i| hash64(&self.items[*i as usize].0));
        number
    }

    /// From now on the same bytes get another number: they are of something else.
    pub(super) fn part(&mut self) {
        self.table.clear();
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.items.get(number as usize).map(|(_, item)| item)
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes
    }
}
