//! What is counted of everything that has arrived: services, their operations and scopes, and who calls whom.
//!
//! Each span is counted once, however often it is delivered, and stays counted when it is evicted. The order of arrival
//! does not show, as long as nothing has to be counted as `(other)`: numbers of services, operations, scopes and edges
//! are bounded. Work per span is constant; what hangs under a span that arrives after its children is looked at a part
//! at a time. Knows no diagnosis: which edges are cut is told by the owner.
//!
//! An **entry** is a span that starts what a service does for somebody: it has no parent, or a remote one, or its
//! parent is of another service, or it is SERVER or CONSUMER and nothing says that its parent is local, or diagnosis
//! has cut it from a parent that was none.

mod calls;
mod histogram;
mod map;
mod numbers;
mod services;

pub use calls::{Calls, Example};
pub use histogram::{Histogram, two_digits};
pub use map::{Called, Edge, PeerEdge, PeerIx};
pub use services::{
    KINDS, LOCALITIES, Operation, OperationIx, ScopeCount, Service, ServiceIx, kind_place, locality_place,
};

use crate::model::{ParentLocality, Peer, PeerSort, SpanKind, SpanRecord};
use crate::store::segments::Segments;
use crate::store::{Arrived, Retold, SpanIx, Store, View};
use map::Map;
use services::Services;
use std::collections::VecDeque;

/// How many children are looked at at once for a parent that arrived after them, and of how many parents with more
/// with each batch that follows.
const CHILDREN_AT_ONCE: usize = 256;
const HUBS_AT_ONCE: usize = 4;

/// What has been counted of a span: one of these beside each slot.
#[derive(Clone, Copy, Default, Debug)]
struct Mark {
    bits: u8,
    /// Whom it calls: the number of the peer plus one.
    peer: u16,
}

impl Mark {
    /// It is an entry by itself, by its caller, because it was cut: counted as long as one of them holds.
    const ENTRY_BY_ITSELF: u8 = 1;
    const ENTRY_BY_CALLER: u8 = 1 << 1;
    const ENTRY_BY_CUT: u8 = 1 << 2;
    const ENTRY: u8 = Self::ENTRY_BY_ITSELF | Self::ENTRY_BY_CALLER | Self::ENTRY_BY_CUT;
    /// It is counted as the answer to a call between services.
    const EDGE: u8 = 1 << 3;
    /// It is counted as a call that nobody has answered.
    const UNANSWERED: u8 = 1 << 4;
    /// Another span speaks for the call: an answer, or a call within it that names its peer.
    const SPOKEN_FOR: u8 = 1 << 5;
    /// A service has answered it.
    const ANSWERED: u8 = 1 << 6;

    fn has(self, bits: u8) -> bool {
        self.bits & bits != 0
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Stats {
    services: Services,
    map: Map,
    marks: Segments<Mark>,
    /// Parents, and their next child that is to be looked at.
    waiting: VecDeque<(SpanIx, SpanIx)>,
    counted: u64,
    begun: u64,
}

/// What views ask.
impl Stats {
    /// Grows whenever something is counted, or counted otherwise. What is told changes with nothing else.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// How often all of it has started anew: numbers of services and operations stand for others since.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// Calls that are in no row of the map, because there are too many rows.
    pub fn uncharted(&self) -> u64 {
        self.map.uncharted
    }

    /// All services, in the order of arrival.
    pub fn services(&self) -> impl Iterator<Item = (ServiceIx, &Service)> {
        (0..).map(ServiceIx).zip(&self.services.all)
    }

    /// A service.
    pub fn service(&self, service: ServiceIx) -> Option<&Service> {
        self.services.all.get(service.0 as usize)
    }

    /// An operation.
    pub fn operation(&self, operation: OperationIx) -> Option<&Operation> {
        self.services.operations.get(operation.0 as usize)
    }

    /// Calls between services; of itself too, where a service calls itself from outside.
    /// Each with its number.
    pub fn edges(&self) -> impl Iterator<Item = (usize, &Edge)> {
        self.map.edges.iter().enumerate().filter(|(_, edge)| edge.calls.count() > 0)
    }

    /// Calls between services by number.
    pub fn edge(&self, number: usize) -> Option<&Edge> {
        self.map.edges.get(number)
    }

    /// Calls of peers that were never seen to answer, and calls that name nobody and were not answered.
    /// Each with its number.
    pub fn unanswered(&self) -> impl Iterator<Item = (usize, &PeerEdge, Option<&Called>)> {
        let all = self.map.peer_edges.iter().enumerate().filter(|(_, edge)| edge.calls.count() > 0);
        all.map(move |(number, edge)| (number, edge, edge.peer.and_then(|peer| self.peer(peer))))
            .filter(|(.., peer)| peer.is_none_or(|peer| peer.answers == 0))
    }

    /// Calls of peers by number.
    pub fn peer_edge(&self, number: usize) -> Option<&PeerEdge> {
        self.map.peer_edges.get(number)
    }

    /// Something that is called.
    pub fn peer(&self, peer: PeerIx) -> Option<&Called> {
        self.map.peers.get(peer.0 as usize)
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        self.services.memory()
            + self.map.memory()
            + self.marks.memory()
            + self.waiting.capacity() * size_of::<(SpanIx, SpanIx)>()
    }
}

/// What the owner tells.
impl Stats {
    /// One in which nothing is counted.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { begun: self.begun + 1, ..Self::default() }
    }

    /// Counts what has just been ingested.
    pub fn observe(&mut self, store: &Store, arrived: &Arrived) {
        self.services.learn(store);
        self.marks.grow(store.slot_capacity(), Mark::default);
        // What is counted of these was told before; all that follows reads what is told now.
        for (child, from) in &arrived.moved {
            let retold = arrived.retold.iter().find(|retold| retold.at == *child);
            self.part(store, *child, *from, retold.map_or(store.record(*child), |retold| &retold.before));
        }
        for retold in &arrived.retold {
            self.retell(store, retold);
        }
        for _ in 0..HUBS_AT_ONCE {
            self.show_waiting(store, CHILDREN_AT_ONCE);
        }
        // All of a batch is counted before any of it is paired: a parent may stand behind its child.
        let mut peers = arrived.peers.iter().peekable();
        for (number, at) in (0..).zip(&arrived.spans) {
            let service = self.services.span(store, *at);
            let record = store.record(*at);
            if is_entry(record) {
                // Its parent may have been shown before, and has paired it with itself.
                if !self.marks[at.0].has(Mark::ENTRY) {
                    self.services.entry(service, record, true);
                }
                self.marks[at.0].bits |= Mark::ENTRY_BY_ITSELF;
            }
            if let Some(peer) = peers.next_if(|peer| peer.span == number) {
                self.marks[at.0].peer = self.map.peer(peer).map_or(0, |peer| peer.0 + 1);
            }
            if record.kind() == SpanKind::Consumer {
                self.consumed(store, *at);
            }
        }
        self.counted += arrived.spans.len() as u64;
        for at in &arrived.spans {
            let slot = store.slot(*at);
            if slot.shares_its_id() {
                self.meet_twin(store, *at);
            }
            if let Some(parent) = slot.parent() {
                self.pair(store, *at, parent);
            }
            if let Some(first) = store.first_child(*at, View::Recorded) {
                self.pair_children(store, *at, first, CHILDREN_AT_ONCE);
            }
            self.unanswered_yet(store, *at);
        }
        self.counted += arrived.retold.len() as u64;
    }

    /// Counts a span as it is told now, and no longer as it was told before.
    fn retell(&mut self, store: &Store, retold: &Retold) {
        let (at, before, now) = (retold.at, &retold.before, store.record(retold.at));
        self.services.take_back(before);
        let service = self.services.span(store, at);
        let was = self.marks[at.0];
        self.marks[at.0].bits &= !Mark::ENTRY_BY_ITSELF;
        self.marks[at.0].bits |= u8::from(is_entry(now)) * Mark::ENTRY_BY_ITSELF;
        if was.has(Mark::ENTRY) {
            self.services.entry(service, before, false);
        }
        if self.marks[at.0].has(Mark::ENTRY) {
            self.services.entry(service, now, true);
        }
        let of = |at: SpanIx| self.services.of(store.record(at).resource);
        if was.has(Mark::EDGE)
            && let Some(caller) = store.slot(at).parent().and_then(of)
        {
            self.map.edge(caller, service, before, false);
            self.map.edge(caller, service, now, true);
        }
        if was.has(Mark::UNANSWERED) {
            let peer = was.peer.checked_sub(1).map(PeerIx);
            self.map.peer_edge(service, peer, before, false);
            self.map.peer_edge(service, peer, now, true);
        }
    }

    /// Notes that diagnosis has cut the edge between a span and its parent, or mended it.
    pub fn cut(&mut self, store: &Store, at: SpanIx, cut: bool) {
        if !store.slot(at).is_held() {
            return;
        }
        self.counted += 1;
        self.set_entry(store.record(at), at, Mark::ENTRY_BY_CUT, cut);
        if let Some(parent) = store.slot(at).parent() {
            self.pair(store, at, parent);
        }
    }

    /// Says that nothing more will come.
    pub fn finish(&mut self, store: &Store) {
        while !self.waiting.is_empty() {
            self.show_waiting(store, usize::MAX);
        }
    }

    /// Forgets the slots of spans that were evicted. What was counted of them stays.
    pub fn forget(&mut self, gone: &[SpanIx]) {
        for at in gone {
            if (at.0 as usize) < self.marks.len() {
                self.marks[at.0] = Mark::default();
            }
        }
    }
}

impl Stats {
    fn show_waiting(&mut self, store: &Store, most: usize) {
        if let Some((parent, child)) = self.waiting.pop_front()
            && store.slot(parent).is_held()
            && store.slot(child).parent() == Some(parent)
        {
            self.counted += 1;
            self.pair_children(store, parent, child, most);
        }
    }

    fn pair_children(&mut self, store: &Store, parent: SpanIx, first: SpanIx, most: usize) {
        let mut next = Some(first);
        for _ in 0..most {
            let Some(child) = next else { return };
            self.pair(store, child, parent);
            next = store.next_sibling(child, View::Recorded);
        }
        if let Some(child) = next {
            self.waiting.push_back((parent, child));
        }
    }

    /// Looks at a span and its parent. However often that is done, the same is counted.
    #[inline]
    fn pair(&mut self, store: &Store, child: SpanIx, parent: SpanIx) {
        let (below, above) = (store.slot(child), store.slot(parent));
        if !below.is_held() || !above.is_held() {
            return;
        }
        let Some((callee, caller)) =
            self.services.of(below.record.resource).zip(self.services.of(above.record.resource))
        else {
            return;
        };
        if !is_answer(&below.record, &above.record, callee == caller) {
            let within = above.record.is_call() && below.record.is_call() && self.marks[child.0].peer != 0;
            if within && !below.cut {
                self.spoken_for(store, parent);
            }
            return;
        }
        let counted = self.marks[child.0].has(Mark::EDGE);
        if counted == below.cut {
            self.map.edge(caller, callee, &below.record, !below.cut);
            self.marks[child.0].bits ^= Mark::EDGE;
        }
        self.set_entry(&below.record, child, Mark::ENTRY_BY_CALLER, true);
        if above.record.is_call() && !below.cut {
            self.answered(store, parent);
        }
    }

    /// A second span with an id that was taken: both may be the sides of one call, which share an id in some systems
    /// (Zipkin).
    fn meet_twin(&mut self, store: &Store, twin: SpanIx) {
        for other in store.nearest_same_ids(twin) {
            for (call, answer) in [(twin, other), (other, twin)] {
                let (call_record, answer) = (store.record(call), store.record(answer));
                if call_record.is_call() && matches!(answer.kind(), SpanKind::Server | SpanKind::Consumer) {
                    self.answered(store, call);
                }
            }
        }
    }

    /// Takes back what was counted of a span and the parent that it had: it is about to be paired with another.
    fn part(&mut self, store: &Store, child: SpanIx, from: SpanIx, record: &SpanRecord) {
        if !self.marks[child.0].has(Mark::EDGE) {
            return;
        }
        let services = [from, child].map(|at| self.services.of(store.record(at).resource));
        if let [Some(caller), Some(callee)] = services {
            self.map.edge(caller, callee, record, false);
            self.marks[child.0].bits ^= Mark::EDGE;
            self.set_entry(record, child, Mark::ENTRY_BY_CALLER, false);
        }
    }

    fn set_entry(&mut self, record: &SpanRecord, at: SpanIx, why: u8, holds: bool) {
        let before = self.marks[at.0];
        let now = if holds { before.bits | why } else { before.bits & !why };
        self.marks[at.0].bits = now;
        let is = now & Mark::ENTRY != 0;
        if before.has(Mark::ENTRY) != is
            && let Some(service) = self.services.of(record.resource)
        {
            self.services.entry(service, record, is);
        }
    }

    /// Counts a call for which no other span speaks so far.
    fn unanswered_yet(&mut self, store: &Store, at: SpanIx) {
        let mark = self.marks[at.0];
        if store.record(at).is_call() && !mark.has(Mark::SPOKEN_FOR | Mark::UNANSWERED) {
            self.count_unanswered(store, at, true);
        }
    }

    /// A service has answered a call: its peer is instrumented.
    fn answered(&mut self, store: &Store, call: SpanIx) {
        let mark = self.marks[call.0];
        if !mark.has(Mark::ANSWERED)
            && let Some(peer) = mark.peer.checked_sub(1)
        {
            self.map.answered(PeerIx(peer));
        }
        self.marks[call.0].bits |= Mark::ANSWERED;
        self.spoken_for(store, call);
    }

    fn spoken_for(&mut self, store: &Store, at: SpanIx) {
        if self.marks[at.0].has(Mark::UNANSWERED) {
            self.count_unanswered(store, at, false);
        }
        self.marks[at.0].bits |= Mark::SPOKEN_FOR;
    }

    fn count_unanswered(&mut self, store: &Store, at: SpanIx, counts: bool) {
        let record = store.record(at);
        if let Some(caller) = self.services.of(record.resource) {
            let peer = self.marks[at.0].peer.checked_sub(1).map(PeerIx);
            self.map.peer_edge(caller, peer, record, counts);
            self.marks[at.0].bits ^= Mark::UNANSWERED;
        }
    }

    /// A message was received: its destination is more than a name that senders use, whether or not the receiver
    /// continues their traces.
    fn consumed(&mut self, store: &Store, at: SpanIx) {
        let Some(name) = store.facts(at).map(|facts| facts.destination).filter(|name| *name != 0) else {
            return;
        };
        let peer = Peer { sort: PeerSort::Destination, name, ..Peer::default() };
        if let Some(peer) = self.map.peer(&peer) {
            self.map.answered(peer);
        }
    }
}

fn is_entry(record: &SpanRecord) -> bool {
    match record.locality() {
        ParentLocality::Root | ParentLocality::Remote => true,
        ParentLocality::Local => false,
        ParentLocality::Unknown => matches!(record.kind(), SpanKind::Server | SpanKind::Consumer),
    }
}

/// Whether a span answers a call of its parent. Within one service only where what is known of both says so.
fn is_answer(below: &SpanRecord, above: &SpanRecord, same_service: bool) -> bool {
    !same_service
        || match below.locality() {
            ParentLocality::Remote => true,
            ParentLocality::Unknown => {
                above.is_call() && matches!(below.kind(), SpanKind::Server | SpanKind::Consumer)
            }
            ParentLocality::Root | ParentLocality::Local => false,
        }
}

#[cfg(test)]
mod tests;
