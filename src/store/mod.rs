//! What we hold: request bytes as they came, one slot a span, traces by id, trees.
//!
//! Every received span is drawn exactly once. A parent that is referred to and not (yet) here has a slot too, a
//! *placeholder*: when the span arrives it fills the slot, so its children need not be touched. Knows
//! [`model`](crate::model) and [`otlp`](crate::otlp); knows no diagnosis (which edges are cut is told to it), no
//! screen, no clock.

mod arrivals;
mod delete;
mod evict;
mod export;
mod index;
mod ingest;
mod intern;
mod links;
mod logs;
mod outline;
mod secrets;
pub mod segments;
mod tree;
mod twins;

pub use logs::{HeldLog, LogKey};
pub use outline::{MAX_DEPTH, View};

use crate::model::{
    Facts, NO_FACTS, Origin, Peer, Rejection, Resource, Scope, Source, Span, SpanRecord, TraceId, Unshown,
};
use crate::otlp::decode;
use bytes::Bytes;
use intern::Interner;
use segments::Pool;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use tree::List;

/// The number of a span's slot. Valid until the span is evicted: views remember ids, not numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SpanIx(pub u32);

impl SpanIx {
    /// No slot.
    pub const NONE: Self = Self(u32::MAX);

    /// The slot, unless this is [`SpanIx::NONE`].
    pub fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// The number of a trace. Valid until the trace is evicted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TraceIx(pub u32);

/// What a slot stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// A span that was received.
    Held,
    /// A parent that was referred to and has not been received.
    Missing,
    /// A span that was received and evicted; spans that refer to it are still held.
    Evicted,
}

/// A span, or the placeholder of one, and its place in the tree of its trace.
#[derive(Debug)]
pub struct Slot {
    /// Ids, times, kind: all zero but the id and the children's times in a placeholder.
    pub record: SpanRecord,
    /// Its trace.
    pub trace: TraceIx,
    batch: u32,
    parent: SpanIx,
    children: List,
    /// How many spans were recorded under it and cut off.
    cut_children: u32,
    next: SpanIx,
    prev: SpanIx,
    /// What it stands for.
    pub presence: Presence,
    /// A second span with an id that was already taken by another.
    pub twin: bool,
    /// The first of several spans with one id.
    twinned: bool,
    /// The edge to its parent was cut by diagnosis: it starts a request of its own.
    pub cut: bool,
    /// Its ids contradict a tree (its own ancestor), so it is drawn as a root.
    pub cyclic: bool,
}

impl Slot {
    /// The parent's slot, which may be a placeholder.
    pub fn parent(&self) -> Option<SpanIx> {
        self.parent.some()
    }

    /// Whether another span of the trace was received with its id.
    pub fn shares_its_id(&self) -> bool {
        self.twin || self.twinned
    }

    /// Whether the place is free, and may soon hold another span.
    pub fn is_vacant(&self) -> bool {
        self.trace.0 == u32::MAX
    }

    /// Whether the span itself is held.
    pub fn is_held(&self) -> bool {
        self.presence == Presence::Held
    }
}

/// A trace: what is known of it without looking at its spans.
#[derive(Debug)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// Its place in the order of arrival, never used again.
    pub seq: u64,
    /// Spans held.
    pub spans: u32,
    /// Spans held whose status is an error.
    pub errors: u32,
    /// Spans that were evicted.
    pub evicted: u32,
    /// Goes up with each span that comes, is told anew or is evicted: whoever keeps something about the trace compares
    /// it. Starts over past its end.
    pub changes: u32,
    /// Earliest start, nanoseconds since the Unix epoch.
    pub start_ns: u64,
    /// Latest end, nanoseconds since the Unix epoch.
    pub end_ns: u64,
    /// When its last span arrived, nanoseconds since the Unix epoch.
    pub last_arrived_ns: u64,
    /// The longest request that diagnosis has cut out of it, nanoseconds.
    pub longest_request_ns: u64,
    /// It is neither evicted nor cleared.
    pub pinned: bool,
    roots: List,
    cuts: Option<Box<Cuts>>,
    age_key: u64,
}

impl Trace {
    /// From the earliest start to the latest end, nanoseconds.
    pub fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// Its place in the order of eviction.
    fn age(&self) -> (u64, u64) {
        (self.age_key, self.seq)
    }

    /// How many edges diagnosis has cut in it.
    pub fn cut_edges(&self) -> usize {
        self.cuts.as_ref().map_or(0, |cuts| cuts.by_parent.len())
    }
}

/// Sorts siblings: by start, then by id, so that the order of arrival does not show.
type OrderKey = (u64, u64, SpanIx);

/// The tops of an un-merged trace.
#[derive(Debug, Default)]
struct Cuts {
    /// Roots and cut spans, in the order in which they are drawn.
    tops: BTreeSet<OrderKey>,
    /// Cut spans under the parents that they were recorded with.
    by_parent: BTreeSet<(SpanIx, OrderKey)>,
}

#[derive(Debug)]
struct HeldBatch {
    bytes: Bytes,
    spans: Vec<SpanIx>,
    live: u32,
    source: Source,
    origin: Origin,
    arrived_ns: u64,
}

/// Numbers for the screen. Nothing is dropped without one of these going up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Spans taken in, repeated deliveries included.
    pub received: u64,
    /// Of these, deliveries of a span that was already held, an earlier or later word on it included.
    pub repeated: u64,
    /// Log records taken in.
    pub logs: u64,
    /// Log records evicted at the memory limit.
    pub evicted_logs: u64,
    /// Spans and log records that could not be taken.
    pub rejected: u64,
    /// Requests of which nothing could be read, as far as they were told.
    pub bad_requests: u64,
    /// Spans evicted at the memory limit.
    pub evicted_spans: u64,
    /// Requests evicted at the memory limit.
    pub evicted_requests: u64,
    /// Spans deleted at the user's word.
    pub deleted_spans: u64,
    /// Log records deleted with them, or cleared.
    pub deleted_logs: u64,
    /// Traces deleted at the user's word; their spans may still be being freed.
    pub deleted_traces: u64,
    /// Spans of pinned traces that were not taken: memory was full, and nothing could be evicted.
    pub unroomed: u64,
    /// Traces, evicted ones too.
    pub traces: u64,
    /// Batches.
    pub batches: u64,
    /// Metrics, and log records of consoles, accepted and not shown.
    pub unshown: Unshown,
}

impl Counters {
    /// Spans, log records and whole requests that could not be read.
    pub fn not_read(&self) -> u64 {
        self.rejected + self.bad_requests
    }
}

/// What was in a batch, for whoever looks at it next.
#[derive(Debug, Default)]
pub struct Arrived {
    /// The slots of spans that are new, in the order of the batch.
    pub spans: Vec<SpanIx>,
    /// Spans that were delivered once more with the same content, but for those of dumps that overlap.
    pub repeated: Vec<SpanIx>,
    /// Spans that were held while they ran, and of which another word came: mostly that they have ended.
    pub retold: Vec<Retold>,
    /// Spans that were given another parent, with the one that they had: an id is repeated, and their own has come.
    pub moved: Vec<(SpanIx, SpanIx)>,
    /// Whom new spans call that say so, in their order; names are those of [`Store::text`], plus one.
    pub peers: Vec<Peer>,
    /// How many spans were rejected because their ids violate the format.
    pub bad_ids: u64,
}

impl Arrived {
    /// Nothing has arrived.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.repeated.clear();
        self.retold.clear();
        self.moved.clear();
        self.peers.clear();
        self.bad_ids = 0;
    }
}

/// A span that is told otherwise now: its slot and its place in the tree are the same, its record is the new one.
#[derive(Clone, Copy, Debug)]
pub struct Retold {
    /// Its slot.
    pub at: SpanIx,
    /// What was told of it before.
    pub before: SpanRecord,
    /// Its facts before, where it had a role that needs some.
    pub facts: Option<Facts>,
}

static UNKNOWN_RESOURCE: Resource =
    Resource { attributes: Vec::new(), dropped_attributes: 0, schema_url: String::new(), is_lost: true };

static UNKNOWN_SCOPE: Scope = Scope {
    name: String::new(),
    version: String::new(),
    attributes: Vec::new(),
    dropped_attributes: 0,
    schema_url: String::new(),
};

/// How many rejections and remarks are kept to be read; all are counted.
const KEPT_COMPLAINTS: usize = 100;

/// All spans and log records that are held.
#[derive(Debug, Default)]
pub struct Store {
    slots: Pool<Slot>,
    facts: Pool<Facts>,
    /// Slots by trace and span id, but for twins.
    index: index::Index,
    twins: twins::Twins,
    traces: Pool<Trace>,
    trace_index: index::Index,
    /// Spans with links, by the spans that they link to.
    linking: index::Index,
    by_arrival: BTreeMap<u64, TraceIx>,
    /// By age and, where one request brought many, by their place in the order of arrival.
    by_age: BTreeMap<(u64, u64), TraceIx>,
    /// Sorted children of spans with many of them, where a list alone would be searched too long.
    wide: HashMap<tree::Owner, BTreeSet<OrderKey>>,
    batches: Pool<Option<HeldBatch>>,
    logs: logs::LogBook,
    names: Interner<Box<str>>,
    resources: Interner<Resource>,
    scopes: Interner<Scope>,
    payload: usize,
    counters: Counters,
    rejections: VecDeque<Rejection>,
    remarks: VecDeque<String>,
    arrivals: arrivals::Arrivals,
    deletion: delete::Deletion,
    /// Pinned traces by their place in the order of arrival.
    pinned: BTreeMap<u64, TraceIx>,
    /// There is no room for more spans of pinned traces.
    full: bool,
}

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The slot with this number.
    #[inline]
    pub fn slot(&self, at: SpanIx) -> &Slot {
        &self.slots[at.0]
    }

    /// The record of a slot.
    #[inline]
    pub fn record(&self, at: SpanIx) -> &SpanRecord {
        &self.slots[at.0].record
    }

    /// The facts of a span, where it has a role that needs some.
    #[inline]
    pub fn facts(&self, at: SpanIx) -> Option<&Facts> {
        let number = self.record(at).facts;
        (number != NO_FACTS).then(|| &self.facts[number])
    }

    /// One more than the highest slot number in use: for tables beside this one.
    pub fn slot_capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// The trace with this number.
    #[inline]
    pub fn trace(&self, at: TraceIx) -> &Trace {
        &self.traces[at.0]
    }

    /// The trace with this id.
    pub fn find_trace(&self, id: TraceId) -> Option<TraceIx> {
        self.trace_index.find(index::trace_key(id), |i| self.traces[i].id == id).map(TraceIx)
    }

    /// The slot of a span of a trace, a placeholder too.
    pub fn find_span(&self, trace: TraceIx, id: crate::model::SpanId) -> Option<SpanIx> {
        let found = self.index.find(index::span_key(trace, id), |i| {
            let slot = &self.slots[i];
            slot.trace == trace && slot.record.span_id == id && !slot.twin
        });
        found.map(SpanIx)
    }

    /// Traces in the order in which their first spans arrived.
    pub fn traces(&self) -> impl DoubleEndedIterator<Item = TraceIx> {
        self.by_arrival.values().copied()
    }

    /// Traces that arrived at `seq` or later.
    pub fn traces_from(&self, seq: u64) -> impl DoubleEndedIterator<Item = TraceIx> {
        self.by_arrival.range(seq..).map(|(_, trace)| *trace)
    }

    /// Traces that arrived before `seq`.
    pub fn traces_before(&self, seq: u64) -> impl DoubleEndedIterator<Item = TraceIx> {
        self.by_arrival.range(..seq).map(|(_, trace)| *trace)
    }

    /// The trace with this place in the order of arrival, while it is held.
    pub fn trace_by_seq(&self, seq: u64) -> Option<TraceIx> {
        self.by_arrival.get(&seq).copied()
    }

    /// How many traces are held.
    pub fn trace_count(&self) -> usize {
        self.by_arrival.len()
    }

    /// How many spans are held.
    pub fn span_count(&self) -> u64 {
        let Counters { received, repeated, evicted_spans, deleted_spans, unroomed, .. } = self.counters;
        received - repeated - evicted_spans - deleted_spans - unroomed
    }

    /// Counts of what came, went and was refused.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The latest rejections, oldest first.
    pub fn rejections(&self) -> impl DoubleEndedIterator<Item = &Rejection> {
        self.rejections.iter()
    }

    /// Oddities that were accepted, each once.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        self.remarks.iter().map(String::as_str)
    }

    /// The interned text behind a name or route number; nothing where it was not kept.
    pub fn text(&self, number: u32) -> Option<&str> {
        self.names.get(number).map(AsRef::as_ref)
    }

    /// A span's name. A placeholder has none.
    pub fn name(&self, at: SpanIx) -> Cow<'_, str> {
        let slot = self.slot(at);
        if !slot.is_held() {
            return Cow::Borrowed("");
        }
        match self.text(slot.record.name) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(self.decode(at).map(|span| span.name).unwrap_or_default()),
        }
    }

    /// The resource with this number.
    pub fn resource(&self, number: u32) -> &Resource {
        self.resources.get(number).unwrap_or(&UNKNOWN_RESOURCE)
    }

    /// What sends from now on is told apart from what has sent so far, whatever its resource says.
    pub fn part_resources(&mut self) {
        self.resources.part();
    }

    /// How many different resources were seen.
    pub fn resource_count(&self) -> usize {
        self.resources.len()
    }

    /// The instrumentation scope with this number.
    pub fn scope(&self, number: u32) -> &Scope {
        self.scopes.get(number).unwrap_or(&UNKNOWN_SCOPE)
    }

    /// How many different scopes were seen.
    pub fn scope_count(&self) -> usize {
        self.scopes.len()
    }

    /// The service of a held span.
    pub fn service(&self, at: SpanIx) -> &str {
        self.resource(self.record(at).resource).service_name()
    }

    /// The encoded `Span` message, nothing for a placeholder.
    pub fn span_bytes(&self, at: SpanIx) -> Option<&[u8]> {
        let slot = self.slot(at);
        let batch = self.batches[if slot.is_held() { slot.batch } else { return None }].as_ref()?;
        batch.bytes.get(slot.record.offset as usize..)?.get(..slot.record.len as usize)
    }

    /// The span with everything that was sent, nothing for a placeholder.
    pub fn decode(&self, at: SpanIx) -> Option<Span> {
        self.span_bytes(at).map(decode::span)
    }

    /// Who sent a held span, how, and when it arrived (nanoseconds since the Unix epoch).
    pub fn arrival(&self, at: SpanIx) -> Option<(&str, Origin, u64)> {
        let slot = self.slot(at);
        let batch = self.batches[if slot.is_held() { slot.batch } else { return None }].as_ref()?;
        Some((&batch.source, batch.origin, batch.arrived_ns))
    }

    /// Bytes held: requests, slots, facts, tables. An estimate from below of what the allocator holds for them.
    pub fn memory(&self) -> usize {
        const BTREE_ENTRY: usize = 40;
        self.payload
            + self.slots.memory()
            + self.facts.memory()
            + self.index.memory()
            + self.twins.memory()
            + self.traces.memory()
            + self.trace_index.memory()
            + self.linking.memory()
            + (self.by_arrival.len() + self.by_age.len()) * BTREE_ENTRY
            + self.names.memory()
            + self.resources.memory()
            + self.scopes.memory()
            + self.arrivals.memory()
            + self.logs.memory()
    }
}

#[cfg(test)]
mod tests;

const _: () = assert!(size_of::<Slot>() <= 128, "a slot is a fixed cost of every span");

impl Default for Slot {
    fn default() -> Self {
        Self {
            record: SpanRecord::new(crate::model::SpanId::NONE, crate::model::SpanId::NONE),
            trace: TraceIx(u32::MAX),
            batch: u32::MAX,
            parent: SpanIx::NONE,
            children: List::default(),
            cut_children: 0,
            next: SpanIx::NONE,
            prev: SpanIx::NONE,
            presence: Presence::Missing,
            twin: false,
            twinned: false,
            cut: false,
            cyclic: false,
        }
    }
}
