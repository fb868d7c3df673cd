//! Numbers by id, in shards: no single insertion ever rehashes everything.

use super::TraceIx;
use crate::model::{SpanId, TraceId};
use hashbrown::HashTable;

const SHARDS: usize = 256;

/// Numbers of slots or traces by a key. What they stand for knows its id.
#[derive(Debug)]
pub(super) struct Index {
    shards: Vec<HashTable<Entry>>,
}

/// A number, and half of its key: a shard that grows need not ask what the numbers stand for, which would be one
/// cache miss each, and what differs in its key is not looked at.
#[derive(Debug)]
struct Entry {
    half: u32,
    number: u32,
}

impl Entry {
    /// What hashbrown places it by: control byte from the top bits, bucket from the bottom ones.
    #[inline]
    fn place(half: u32) -> u64 {
        u64::from(half) << 32 | u64::from(half)
    }
}

impl Default for Index {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| HashTable::new()).collect() }
    }
}

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// Where a span's slot is looked for. The trace's number takes part: span ids repeat across traces.
#[inline]
pub(super) fn span_key(trace: TraceIx, span: SpanId) -> u64 {
    let mixed = (span.0 ^ u64::from(trace.0).wrapping_mul(0xd6e8_feb8_6659_fd93)).wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

/// Where a trace is looked for. Ids need not be random: generators in the field are seeded or count.
#[inline]
pub(super) fn trace_key(id: TraceId) -> u64 {
    let [high @ .., _, _, _, _, _, _, _, _] = id.0;
    let mixed = (id.low() ^ u64::from_be_bytes(high).rotate_left(31)).wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

/// Where spans are looked for that link to a span.
pub(super) fn link_key(trace: TraceId, span: SpanId) -> u64 {
    let mixed = (trace_key(trace) ^ span.0.rotate_left(17)).wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

impl Index {
    fn shard(key: u64) -> usize {
        // Bits that no entry holds, so that a shard's entries differ in all that they hold.
        (key >> 40) as usize % SHARDS
    }

    #[inline]
    pub(super) fn find(&self, key: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let half = key as u32;
        let found = self.shards[Self::shard(key)]
            .find(Entry::place(half), |entry| entry.half == half && same(entry.number));
        found.map(|entry| entry.number)
    }

    /// Every number with this key.
    pub(super) fn all(&self, key: u64) -> impl Iterator<Item = u32> {
        let half = key as u32;
        let shard = self.shards[Self::shard(key)].iter_hash(Entry::place(half));
        shard.filter(move |entry| entry.half == half).map(|entry| entry.number)
    }

    #[inline]
    pub(super) fn insert(&mut self, key: u64, number: u32) {
        let entry = Entry { half: key as u32, number };
        let place = Entry::place(entry.half);
        self.shards[Self::shard(key)].insert_unique(place, entry, |entry| Entry::place(entry.half));
    }

    pub(super) fn remove(&mut self, key: u64, number: u32) {
        let place = Entry::place(key as u32);
        if let Ok(entry) = self.shards[Self::shard(key)].find_entry(place, |entry| entry.number == number) {
            entry.remove();
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }
}
