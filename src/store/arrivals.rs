//! The latest arrivals: whoever looks at spans bit by bit learns here what has come since.

use super::{SpanIx, Store};
use std::collections::VecDeque;

/// How many are kept: more than arrive between two frames.
const KEPT: usize = 1 << 17;

/// Slots in the order in which their spans arrived, the latest of them.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    latest: VecDeque<SpanIx>,
    total: u64,
}

impl Arrivals {
    #[inline]
    pub(super) fn note(&mut self, at: SpanIx) {
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(at);
        self.total += 1;
    }

    pub(super) fn memory(&self) -> usize {
        self.latest.capacity() * size_of::<SpanIx>()
    }
}

impl Store {
    /// How many spans have arrived, or were told to have ended; other repeated deliveries are left out: what to ask [`Store::arrivals_since`] with later.
    pub fn arrivals(&self) -> u64 {
        self.arrivals.total
    }

    /// The slots of the spans that arrived after `seen` had; nothing where these are too many to be known. Spans that
    /// were evicted since are among them: their slots are vacant, or hold others that arrived later.
    pub fn arrivals_since(&self, seen: u64) -> Option<impl Iterator<Item = SpanIx>> {
        let new = self.arrivals.total.saturating_sub(seen);
        let from = self.arrivals.latest.len().checked_sub(usize::try_from(new).ok()?)?;
        Some(self.arrivals.latest.range(from..).copied())
    }
}
