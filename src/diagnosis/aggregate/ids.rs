//! How random ids are: bits and order by process, and span ids that come back in other traces.

use super::super::process::{ProcessIx, ServiceIx};
use super::super::seen::Seen;
use crate::model::{SpanId, TraceId, hash64};
use std::collections::{BTreeMap, BTreeSet};

/// The bits of a trace id that are random in every scheme: those of W3C's `random` flag.
pub(crate) const RANDOM_BITS: u64 = (1 << 56) - 1;
/// How many ids have to differ before anything is said of them.
const ENOUGH: u32 = 64;
/// How many of the earliest ids are looked at one by one.
const EARLIEST: usize = 64;
/// How many span ids are followed through all traces: those with the smallest hashes, whatever came first.
const FOLLOWED: usize = 1024;

/// Which of 256 places the hashes of some values fell on: as many values as places at least.
#[derive(Clone, Copy, Debug, Default)]
struct Places([u64; 4]);

impl Places {
    fn add(&mut self, hash: u64) {
        self.0[(hash >> 62) as usize] |= 1 << (hash >> 56 & 63);
    }

    fn at_least(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

/// The earliest ids by start.
#[derive(Clone, Debug)]
struct Earliest {
    kept: BTreeSet<(u64, u64)>,
    /// Nothing that starts later is kept.
    limit_ns: u64,
}

impl Default for Earliest {
    fn default() -> Self {
        Self { kept: BTreeSet::new(), limit_ns: u64::MAX }
    }
}

impl Earliest {
    #[inline]
    fn add(&mut self, start_ns: u64, id: u64) {
        if start_ns > self.limit_ns {
            return;
        }
        self.kept.insert((start_ns, id));
        if self.kept.len() > EARLIEST {
            self.kept.pop_last();
        }
        if self.kept.len() == EARLIEST {
            self.limit_ns = self.kept.last().map_or(u64::MAX, |(start_ns, _)| *start_ns);
        }
    }
}

/// The ids that one process has made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Trace ids of its roots.
    traces: Places,
    ones: u64,
    zeros: u64,
    spans: Places,
    pub(crate) largest_span: u64,
    /// Spans.
    earliest: Earliest,
    /// Roots, by the random bits of their trace ids.
    earliest_roots: Earliest,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            traces: Places::default(),
            ones: u64::MAX,
            zeros: u64::MAX,
            spans: Places::default(),
            largest_span: 0,
            earliest: Earliest::default(),
            earliest_roots: Earliest::default(),
        }
    }
}

impl Made {
    fn span(&mut self, seen: &Seen<'_>, hash: u64) {
        let record = seen.record;
        let id = record.span_id.0;
        self.spans.add(hash);
        self.largest_span = self.largest_span.max(id);
        self.earliest.add(record.start_ns, id);
        if record.parent_id.is_none() {
            let trace = seen.store.trace(seen.trace).id;
            self.traces.add(hash64(&trace.0));
            self.ones &= trace.low();
            self.zeros &= !trace.low();
            self.earliest_roots.add(record.start_ns, trace.low() & RANDOM_BITS);
        }
    }

    /// The random bits of its trace ids that never changed, once there are enough ids.
    pub(crate) fn constant_bits(&self) -> Option<u64> {
        let constant = (self.ones | self.zeros) & RANDOM_BITS;
        (self.traces.at_least() >= ENOUGH && constant != 0).then_some(constant)
    }

    /// The largest span id, when all of them fit 32 bits.
    pub(crate) fn small_spans(&self) -> Option<u64> {
        (self.spans.at_least() >= ENOUGH && self.largest_span < 1 << 32).then_some(self.largest_span)
    }

    /// The earliest span ids, when they grow with time.
    pub(crate) fn growing_spans(&self) -> Option<Vec<u64>> {
        growing(&self.earliest.kept)
    }

    /// The random bits of the earliest trace ids, when they grow with time.
    pub(crate) fn growing_traces(&self) -> Option<Vec<u64>> {
        growing(&self.earliest_roots.kept)
    }
}

/// The ids in the order of their starts, when (nearly) all are larger than the one before. Those that started together
/// tell nothing; threads that race may swap two.
fn growing(earliest: &BTreeSet<(u64, u64)>) -> Option<Vec<u64>> {
    let (mut pairs, mut up) = (0, 0);
    let mut keys = earliest.iter();
    let &(mut start, mut id) = keys.next()?;
    for (next_start, next) in keys {
        if *next_start > start {
            pairs += 1;
            up += u32::from(*next > id);
        }
        (start, id) = (*next_start, *next);
    }
    (pairs >= 48 && up * 20 >= pairs * 19).then(|| earliest.iter().map(|(_, id)| *id).collect())
}

/// A span id that is followed: the smallest and the largest trace that it came in.
#[derive(Clone, Copy, Debug)]
struct Followed {
    id: SpanId,
    service: ServiceIx,
    /// Hash of the service's name: numbers depend on who came first.
    service_hash: u64,
    least: TraceId,
    most: TraceId,
}

/// The ids of all processes.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// By process.
    made: Vec<Made>,
    followed: BTreeMap<u64, Followed>,
    /// The largest hash that is followed, once there is no room for more.
    limit: Option<u64>,
}

impl Ids {
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let number = seen.process.0 as usize;
        if self.made.len() <= number {
            self.made.resize_with(number + 1, Made::default);
        }
        let id = seen.record.span_id;
        let hash = hash64(&id.0.to_le_bytes());
        self.made[number].span(seen, hash);
        if self.limit.is_none_or(|limit| hash <= limit) {
            self.follow(seen, id, hash);
        }
    }

    fn follow(&mut self, seen: &Seen<'_>, id: SpanId, hash: u64) {
        let trace = seen.store.trace(seen.trace).id;
        let service_hash = hash64(seen.of_process.service.as_bytes());
        let new = Followed { id, service: seen.service, service_hash, least: trace, most: trace };
        let followed = self.followed.entry(hash).or_insert(new);
        if (trace, service_hash) < (followed.least, followed.service_hash) {
            *followed = Followed { most: followed.most, ..new };
        }
        followed.most = followed.most.max(trace);
        if self.followed.len() > FOLLOWED {
            self.followed.pop_last();
            self.limit = self.followed.last_key_value().map(|(hash, _)| *hash);
        }
    }

    /// The ids that each process has made.
    pub(crate) fn made(&self) -> impl Iterator<Item = (ProcessIx, &Made)> {
        self.made.iter().enumerate().map(|(number, made)| (ProcessIx(number as u32), made))
    }

    /// Span ids that came in several traces: the service that sent it in the smallest, two of the traces. A trace id
    /// that was cut to its lower half makes no other trace; ids that are counted up repeat by their nature.
    pub(crate) fn in_several_traces(&self) -> impl Iterator<Item = (ServiceIx, SpanId, [TraceId; 2])> {
        let several =
            |followed: &&Followed| followed.least.low() != followed.most.low() && followed.id.0 >= 1 << 32;
        let told = |followed: &Followed| (followed.service, followed.id, [followed.least, followed.most]);
        self.followed.values().filter(several).map(told)
    }

    /// How many span ids are followed.
    pub(crate) fn followed(&self) -> usize {
        self.followed.len()
    }

    pub(super) fn memory(&self) -> usize {
        let kept: usize =
            self.made.iter().map(|made| made.earliest.kept.len() + made.earliest_roots.kept.len()).sum();
        self.made.capacity() * size_of::<Made>()
            + kept * 24
            + self.followed.len() * (size_of::<Followed>() + 16)
    }
}
