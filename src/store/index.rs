//! Numbers by id, in shards: no single insertion ever rehashes everything.

use super::TraceIx;
use crate::model::{SpanId, TraceId};
use hashbrown::HashTable;

const SHARDS: usize = 256;

/// Numbers of slots or traces by a key. Holds only the numbers; what they stand for knows its id.
#[derive(Debug)]
pub(super) struct Index {
    shards: Vec<HashTable<u32>>,
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

impl Index {
    fn shard(key: u64) -> usize {
        // hashbrown takes its control byte from the top bits and the bucket from the bottom ones.
        (key >> 40) as usize % SHARDS
    }

    #[inline]
    pub(super) fn find(&self, key: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.shards[Self::shard(key)].find(key, |i| same(*i)).copied()
    }

    #[inline]
    pub(super) fn insert(&mut self, key: u64, number: u32, rehash: impl Fn(u32) -> u64) {
        self.shards[Self::shard(key)].insert_unique(key, number, |i| rehash(*i));
    }

    pub(super) fn remove(&mut self, key: u64, number: u32) {
        if let Ok(entry) = self.shards[Self::shard(key)].find_entry(key, |i| *i == number) {
            entry.remove();
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }
}
