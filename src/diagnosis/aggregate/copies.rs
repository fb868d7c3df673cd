//! Spans that came more than once, and different spans with one id.

use super::super::process::{Processes, ServiceIx};
use super::super::seen::Seen;
use super::super::tally::{Sample, SampleKey};
use crate::diagnosis::finding::MAX_SPAN_IDS;
use crate::diagnosis::group::insert_bounded;
use crate::model::{SpanId, SpanKind, TraceId};
use crate::store::{SpanIx, Store};
use std::collections::BTreeMap;

/// How many ids that several spans share are told apart.
const SHARED: usize = 4096;
/// Of many spans with one id, how many of the earliest and of the latest are compared with each other.
const COMPARED: usize = 32;
/// How far two hosts' clocks may disagree about one call, nanoseconds.
const SKEW_NS: u64 = 50_000_000;
/// What two pipelines may round a start to, nanoseconds.
const GRAIN_NS: u64 = 1_000;

/// What spans with the same ids are to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum SameIds {
    /// Versions of one span: same name, kind and start.
    Versions,
    /// Both sides of a call, or the many that took a message: Zipkin's model.
    BothSides,
    /// Different operations.
    Collision,
}

/// An id that several spans have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedId {
    are: SameIds,
    /// How many spans have it.
    pub(crate) spans: u32,
    /// Of the earliest and the latest of them: service, name (string number of the store), kind, start.
    pub(crate) first: Holder,
    pub(crate) last: Holder,
}

/// One of those that have an id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) service: ServiceIx,
    pub(crate) resource: u32,
    pub(crate) name: u32,
    pub(crate) kind: SpanKind,
    pub(crate) start_ns: u64,
    end_ns: u64,
    parent_id: SpanId,
}

/// Repeated deliveries of one service and scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeats {
    /// Deliveries beyond the first.
    pub(crate) copies: u64,
    /// The longest time between the first delivery and another, nanoseconds.
    pub(crate) longest_ns: u64,
    /// The earliest of the spans.
    pub(crate) sample: BTreeMap<SampleKey, Sample>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// By emitter.
    repeats: Vec<Repeats>,
    shared: BTreeMap<(TraceId, SpanId), SharedId>,
}

impl Copies {
    /// Notes a span that was delivered once more.
    pub(super) fn repeated(&mut self, seen: &Seen<'_>, now_ns: u64) {
        let number = seen.emitter.0 as usize;
        if self.repeats.len() <= number {
            self.repeats.resize_with(number + 1, Repeats::default);
        }
        let repeats = &mut self.repeats[number];
        repeats.copies += 1;
        let before = seen.store.arrival(seen.at).map_or(now_ns, |(.., arrived_ns)| arrived_ns);
        repeats.longest_ns = repeats.longest_ns.max(now_ns.abs_diff(before));
        let record = seen.record;
        let key = (record.start_ns, seen.store.trace(seen.trace).id, record.span_id);
        let sample =
            Sample { name: record.name, kind: record.kind(), duration_ns: record.duration_ns(), detail: 0 };
        insert_bounded(&mut repeats.sample, MAX_SPAN_IDS, key, sample);
    }

    /// Notes a span whose ids another has.
    pub(super) fn span(&mut self, seen: &Seen<'_>, processes: &Processes) {
        if !seen.store.slot(seen.at).twin {
            return;
        }
        let key = (seen.store.trace(seen.trace).id, seen.record.span_id);
        let Some(shared) = SharedId::of(seen.store, processes, seen.at) else { return };
        insert_bounded(&mut self.shared, SHARED, key, shared);
    }

    /// What was delivered repeatedly by a service and scope.
    pub(crate) fn repeats(&self, emitter: super::emitters::EmitterIx) -> Option<&Repeats> {
        self.repeats.get(emitter.0 as usize).filter(|repeats| repeats.copies > 0)
    }

    /// The ids that several spans have which are this to each other.
    pub(crate) fn shared(&self, are: SameIds) -> impl Iterator<Item = (&(TraceId, SpanId), &SharedId)> {
        self.shared.iter().filter(move |(ids, shared)| self.are(ids.0, shared) == are)
    }

    /// What spans with the same ids are to each other, as far as what they hang from tells, too: those that took one
    /// message or call hang from one span. Where that one's id came back, whole requests did.
    fn are(&self, trace: TraceId, shared: &SharedId) -> SameIds {
        let took = [shared.first, shared.last].iter().all(Holder::is_taker);
        let above = took.then(|| self.shared.get(&(trace, shared.first.parent_id))).flatten();
        match above {
            Some(above) if above.are == SameIds::Collision => SameIds::Collision,
            _ => shared.are,
        }
    }

    /// Whether there are more than are told apart.
    pub(crate) fn overflows(&self) -> bool {
        self.shared.len() >= SHARED
    }

    pub(super) fn memory(&self) -> usize {
        let sampled: usize = self.repeats.iter().map(|repeats| repeats.sample.len()).sum();
        self.repeats.capacity() * size_of::<Repeats>()
            + sampled * (size_of::<SampleKey>() + size_of::<Sample>() + 8)
            + self.shared.len() * (size_of::<SharedId>() + 32)
    }
}

impl SharedId {
    fn of(store: &Store, processes: &Processes, at: SpanIx) -> Option<Self> {
        let spans = store.count_same_ids(at);
        let (earliest, latest) = (store.same_ids(at).take(COMPARED), store.same_ids(at).rev().take(COMPARED));
        let latest = latest.take(spans.saturating_sub(COMPARED));
        let mut holders: Vec<Holder> =
            earliest.chain(latest).map(|at| Holder::of(store, processes, at)).collect();
        // What is the same whatever came first.
        holders.sort_by_key(|h| {
            (h.start_ns, h.end_ns, store.text(h.name), h.kind, processes.service(h.service))
        });
        let (first, last) = (*holders.first()?, *holders.last()?);
        holders.dedup_by(|b, a| a.is_version_of(b));
        let are = match holders.as_slice() {
            [_] => SameIds::Versions,
            [a, b] if a.calls(b) || b.calls(a) => SameIds::BothSides,
            all if received_by_many(all) => SameIds::BothSides,
            _ => SameIds::Collision,
        };
        (spans > 1).then_some(Self { are, spans: spans as u32, first, last })
    }
}

/// One message or call that several took: at most one sent it, all others hang from one parent.
fn received_by_many(holders: &[Holder]) -> bool {
    let received = |h: &&Holder| h.is_taker();
    let sent = |h: &&Holder| matches!(h.kind, SpanKind::Client | SpanKind::Producer);
    let mut takers = holders.iter().filter(received);
    let Some(first) = takers.next() else { return false };
    let rest = holders.len() - 1 - takers.clone().count();
    !first.parent_id.is_none()
        && takers.all(|taker| taker.parent_id == first.parent_id)
        && rest <= 1
        && rest == holders.iter().filter(sent).count()
}

impl Holder {
    fn of(store: &Store, processes: &Processes, at: SpanIx) -> Self {
        let record = store.record(at);
        Self {
            service: processes.get(processes.of(record.resource)).service_ix,
            resource: record.resource,
            name: record.name,
            kind: record.kind(),
            start_ns: record.start_ns,
            end_ns: record.end_ns,
            parent_id: record.parent_id,
        }
    }

    /// Whether it is of the side that is called, or that takes a message.
    fn is_taker(&self) -> bool {
        matches!(self.kind, SpanKind::Server | SpanKind::Consumer)
    }

    /// One operation, told twice: with other attributes, or before its end. Another pipeline may have rounded times.
    fn is_version_of(&self, other: &Self) -> bool {
        (self.name, self.kind, self.service) == (other.name, other.kind, other.service)
            && self.start_ns.abs_diff(other.start_ns) <= GRAIN_NS
    }

    /// Whether this is the client's half of a call and the other the server's.
    fn calls(&self, other: &Self) -> bool {
        let sides = matches!(
            (self.kind, other.kind),
            (SpanKind::Client, SpanKind::Server) | (SpanKind::Producer, SpanKind::Consumer)
        );
        // Within one service a collision could look like it: the call has to hold what it called.
        let holds = self.start_ns <= other.start_ns + SKEW_NS && other.start_ns <= self.end_ns + SKEW_NS;
        sides && (self.service != other.service || holds)
    }
}
