//! Taking merged traces apart: every entry's edge to its parent is kept or cut.
//!
//! A *request unit* is the set of spans caused by one operation from outside. An edge is cut where an entry hangs
//! from something of its own process that cannot have caused it. Each entry is judged when it arrives and again when
//! what it waited for arrives; nothing here walks a trace.

use super::group::{Cut, GroupKey};
use super::process::Processes;
use super::role::{NameTraits, Role, ScopeTraits, is_entry, role};
use crate::model::{Key, Method, ParentLocality, SpanKind, SpanRecord};
use crate::store::segments::Segments;
use crate::store::{SpanIx, Store};

/// How far after its call a callee may start or end: clocks of two hosts, nanoseconds.
pub(super) const EPSILON_REMOTE_NS: u64 = 50_000_000;

/// Where an entry stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// In a group.
    Group(u32),
    /// Not judged: its parent is not here and may live anywhere.
    Waiting(SpanIx),
    /// Its kind is wrong and no merge explains it.
    WrongKind,
}

/// What the engine knows of each slot, beside the store's own.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The next span towards the top of its local chain, itself when it is the top. Shortened as it is walked.
    up: SpanIx,
    place: Option<Place>,
    role: Role,
    is: Traits,
}

impl Node {
    const NONE: Self = Self { up: SpanIx::NONE, place: None, role: Role::Other, is: Traits(0) };
}

const _: () = assert!(size_of::<Node>() <= 16, "a node is a fixed cost of every span");

/// What is known of a slot, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Traits(u8);

impl Traits {
    /// It handles something from outside of its process.
    pub(super) const ENTRY: Self = Self(1);
    /// It describes an inbound HTTP request and is not SERVER.
    pub(super) const WRONG_KIND: Self = Self(2);
    /// Something may have to be judged again when it arrives.
    pub(super) const AWAITED: Self = Self(4);
    /// Rules have seen it.
    pub(super) const SEEN: Self = Self(8);
    /// Rules have seen it together with its parent.
    pub(super) const PAIRED: Self = Self(16);
    /// A child excuses what rules had marked it for.
    pub(super) const EXCUSED: Self = Self(32);
    /// An entry of another process, or over a carrier, hangs from it.
    pub(super) const CALLS: Self = Self(64);
    /// It waits to be looked for when it is overdue.
    pub(super) const MISSED: Self = Self(128);

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn set(&mut self, other: Self, on: bool) {
        if on { self.0 |= other.0 } else { self.0 &= !other.0 }
    }
}

/// Where a span's local chain ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Top {
    /// At an entry: the request that the span is part of.
    Entry(SpanIx),
    /// At a root, or at a span whose parent lives in another process.
    Local(SpanIx),
    /// At a span whose parent, of the same process as far as known, is not here.
    Missing(SpanIx),
}

/// What was decided about an entry's edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Edge {
    /// It is a root.
    Root,
    /// It continues what called it from another process, or over a carrier.
    Remote(SpanIx),
    /// A local call without header extraction, or an in-memory queue.
    LocalCall,
    /// Its parent is not here and nothing says where that lives.
    Unknown(SpanIx),
    /// It is a part of this request.
    Nested(SpanIx),
    /// It starts a request of its own.
    Cut(Cut, GroupKey),
}

/// Roles and local chains of all held spans.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    nodes: Segments<Node>,
    scopes: Vec<ScopeTraits>,
    names: Vec<NameTraits>,
    /// How many entries have a place.
    placed: usize,
}

impl Chains {
    /// Notes a span that has just arrived.
    pub(super) fn note(&mut self, store: &Store, at: SpanIx) {
        let slot = store.slot(at);
        for number in self.scopes.len()..store.scope_count() {
            self.scopes.push(ScopeTraits::of(&store.scope(number as u32).name));
        }
        let role = role(&slot.record, store.facts(at), self.scope(slot.record.scope));
        self.nodes.grow(store.slot_capacity(), || Node::NONE);
        let node = &mut self.nodes[at.0];
        let kind = slot.record.kind();
        (node.up, node.role) = (at, role);
        node.is.set(Traits::ENTRY, is_entry(role, kind));
        node.is.set(Traits::WRONG_KIND, role == Role::HttpIn && kind != SpanKind::Server);
    }

    /// Forgets a slot that was evicted or freed. What waits for an evicted span to be sent again goes on waiting.
    pub(super) fn forget(&mut self, store: &Store, at: SpanIx) {
        if (at.0 as usize) < self.nodes.len() {
            self.set_place(at, None);
            let mut kept = Node::NONE;
            kept.is.set(Traits::AWAITED, self.is(at, Traits::AWAITED) && !store.slot(at).is_vacant());
            self.nodes[at.0] = kept;
        }
    }

    /// Where an entry stands; nothing for any other span.
    pub(super) fn place(&self, at: SpanIx) -> Option<Place> {
        self.nodes.get(at.0)?.place
    }

    pub(super) fn set_place(&mut self, at: SpanIx, place: Option<Place>) {
        let before = std::mem::replace(&mut self.nodes[at.0].place, place);
        self.placed = self.placed + usize::from(place.is_some()) - usize::from(before.is_some());
    }

    /// How many entries have a place.
    pub(super) fn placed(&self) -> usize {
        self.placed
    }

    /// Whether any of these is known of a slot.
    #[inline]
    pub(super) fn is(&self, at: SpanIx, traits: Traits) -> bool {
        self.nodes.get(at.0).is_some_and(|node| node.is.has(traits))
    }

    /// Notes this of a slot.
    #[inline]
    pub(super) fn set(&mut self, at: SpanIx, traits: Traits) {
        self.nodes[at.0].is.set(traits, true);
    }

    /// Notes that this is no longer so.
    #[inline]
    pub(super) fn unset(&mut self, at: SpanIx, traits: Traits) {
        self.nodes[at.0].is.set(traits, false);
    }

    /// Notes that something may have to be judged again when a span arrives in this slot.
    pub(super) fn set_awaited(&mut self, at: SpanIx) {
        self.set(at, Traits::AWAITED);
    }

    pub(crate) fn role(&self, at: SpanIx) -> Role {
        self.nodes[at.0].role
    }

    /// Whether a span describes an inbound HTTP request and is not SERVER.
    pub(super) fn has_wrong_kind(&self, at: SpanIx) -> bool {
        self.is(at, Traits::WRONG_KIND)
    }

    pub(crate) fn is_entry(&self, at: SpanIx) -> bool {
        self.is(at, Traits::ENTRY)
    }

    pub(super) fn scope(&self, number: u32) -> ScopeTraits {
        self.scopes.get(number as usize).copied().unwrap_or_default()
    }

    pub(super) fn name(&mut self, store: &Store, number: u32) -> NameTraits {
        while self.names.len() <= number as usize {
            match store.text(self.names.len() as u32) {
                Some(name) => self.names.push(NameTraits::of(name)),
                None => return NameTraits::default(),
            }
        }
        self.names[number as usize]
    }

    pub(super) fn memory(&self) -> usize {
        self.nodes.memory() + self.names.capacity() * size_of::<NameTraits>()
    }

    /// Where the local chain of a held span ends. Amortised constant: walked paths are halved.
    pub(super) fn top(&mut self, store: &Store, processes: &Processes, at: SpanIx) -> Top {
        let mut at = at;
        loop {
            let up = self.nodes[at.0].up;
            if up != at && up != SpanIx::NONE {
                self.nodes[at.0].up = match self.nodes[up.0].up {
                    SpanIx::NONE => up,
                    further => further,
                };
                at = up;
                continue;
            }
            let slot = store.slot(at);
            if self.nodes[at.0].is.has(Traits::ENTRY) {
                return Top::Entry(at);
            }
            let Some(parent) = slot.parent() else { return Top::Local(at) };
            if slot.record.locality() == ParentLocality::Remote {
                return Top::Local(at);
            }
            let above = store.slot(parent);
            if !above.is_held() {
                return Top::Missing(parent);
            }
            if processes.of(above.record.resource) != processes.of(slot.record.resource) {
                return Top::Local(at);
            }
            self.nodes[at.0].up = parent;
            at = parent;
        }
    }

    /// The request that a held span is part of, by a walk of at most so many steps within its process.
    pub(crate) fn owner(
        &self,
        store: &Store,
        processes: &Processes,
        at: SpanIx,
        most: usize,
    ) -> Option<SpanIx> {
        let mut at = at;
        for _ in 0..most {
            let slot = store.slot(at);
            if !slot.is_held() {
                return None;
            }
            if self.is_entry(at) {
                return Some(at);
            }
            let parent = slot.parent().filter(|_| slot.record.locality() != ParentLocality::Remote)?;
            if processes.of(store.record(parent).resource) != processes.of(slot.record.resource) {
                return None;
            }
            at = parent;
        }
        None
    }

    /// Judges the edge of a held entry.
    pub(super) fn judge(&mut self, store: &Store, processes: &Processes, at: SpanIx) -> Edge {
        let entry = store.slot(at);
        let e = &entry.record;
        let Some(parent) = entry.parent() else { return Edge::Root };
        let process = processes.of(e.resource);
        let above = store.slot(parent);
        if !above.is_held() {
            return match e.locality() {
                ParentLocality::Local => Edge::Cut(Cut::Phantom, GroupKey::Span(parent)),
                ParentLocality::Unknown if self.is_conditional(store, processes, at) => {
                    Edge::Cut(Cut::Phantom, GroupKey::Span(parent))
                }
                ParentLocality::Unknown => Edge::Unknown(parent),
                ParentLocality::Remote | ParentLocality::Root => Edge::Remote(parent),
            };
        }
        let p = &above.record;
        if processes.of(p.resource) != process || e.locality() == ParentLocality::Remote {
            return Edge::Remote(parent);
        }
        // What calls a database carries nothing that comes back as a request.
        if may_be_carried(e, p.kind()) && self.role(parent) != Role::DatabaseOut {
            return Edge::Remote(parent);
        }
        let epsilon = processes.get(process).epsilon_ns;
        match p.kind() {
            SpanKind::Producer => return Edge::LocalCall,
            SpanKind::Client => {
                let tail = EPSILON_REMOTE_NS.max(p.duration_ns() / 10);
                let within = e.start_ns + EPSILON_REMOTE_NS >= p.start_ns && e.end_ns <= p.end_ns + tail;
                let known_local = e.locality() == ParentLocality::Local;
                if within && (!known_local || fits_call(store, parent, at)) {
                    return Edge::LocalCall;
                }
            }
            _ => {}
        }
        let owner = match self.top(store, processes, parent) {
            Top::Entry(owner) => owner,
            Top::Local(hub) => return Edge::Cut(Cut::Hub, GroupKey::Span(hub)),
            Top::Missing(placeholder) => return Edge::Cut(Cut::Phantom, GroupKey::Span(placeholder)),
        };
        if self.is_expected_inside(e, at, owner) {
            return Edge::Nested(owner);
        }
        let a = store.record(owner);
        if e.start_ns > p.end_ns + epsilon && e.start_ns > a.end_ns + epsilon {
            return Edge::Cut(Cut::EndedParent, GroupKey::Requests(process));
        }
        if other_connection(store, at, owner) {
            return Edge::Cut(Cut::OtherConnection, GroupKey::Requests(process));
        }
        let inside = e.start_ns + epsilon >= a.start_ns
            && e.end_ns <= a.end_ns + 5_000_000_u64.max(a.duration_ns() / 10);
        if inside || self.same_request(store, at, owner) {
            return Edge::Nested(owner);
        }
        Edge::Cut(Cut::Overlap, GroupKey::Requests(process))
    }

    /// Whether an entry is INTERNAL from an instrumentation that chooses INTERNAL when a span is current. Console
    /// output has no scopes: there a Python span that describes an inbound request counts.
    pub(super) fn is_conditional(&self, store: &Store, processes: &Processes, at: SpanIx) -> bool {
        let record = store.record(at);
        let unnamed = || {
            let python = processes.get(processes.of(record.resource)).language == "python";
            python && self.role(at) == Role::HttpIn && store.scope(record.scope).name.is_empty()
        };
        record.kind() == SpanKind::Internal && (self.scope(record.scope).conditional_kind || unnamed())
    }

    /// Messages and jobs under a request or a batch: the ambient context is the default structure there, and they
    /// may run long after what enqueued them has ended.
    fn is_expected_inside(&self, entry: &SpanRecord, at: SpanIx, owner: SpanIx) -> bool {
        let work = |at: SpanIx| matches!(self.role(at), Role::JobIn | Role::MessageIn);
        let message = work(at) || entry.kind() == SpanKind::Consumer;
        let job_in_job = self.role(at) == Role::JobIn && self.role(owner) == Role::JobIn;
        message && (entry.keys.has(Key::HasLinks) || !job_in_job)
    }

    /// Whether two entries describe one request.
    fn same_request(&self, store: &Store, at: SpanIx, owner: SpanIx) -> bool {
        if self.role(at).of_request() != self.role(owner).of_request() {
            return false;
        }
        let (Some(e), Some(a)) = (store.facts(at), store.facts(owner)) else { return true };
        let methods = e.method == a.method || e.method == Method::None || a.method == Method::None;
        let path_unknown = e.path[0] == 0 || a.path[0] == 0;
        methods && (path_unknown || e.path_matches(a) || e.route != 0 && e.route == a.route)
    }
}

/// Whether a context may have travelled with a client, back to the process that it came from: a redirect, a page
/// that carries its trace. Without flags nothing else tells, and a resource without an instance id may stand for
/// many processes. What chooses INTERNAL has ignored the headers, and an INTERNAL parent is in no header.
fn may_be_carried(entry: &SpanRecord, parent: SpanKind) -> bool {
    let carrier = matches!(parent, SpanKind::Server | SpanKind::Consumer | SpanKind::Client);
    let extracts = matches!(entry.kind(), SpanKind::Server | SpanKind::Consumer);
    entry.locality() == ParentLocality::Unknown && extracts && carrier
}

/// Whether a called span's method, host and path fit the entry below it.
fn fits_call(store: &Store, call: SpanIx, entry: SpanIx) -> bool {
    let (Some(c), Some(e)) = (store.facts(call), store.facts(entry)) else { return false };
    c.method == e.method && (c.path[0] == 0 || e.path[0] == 0 || c.path_matches(e))
}

/// Whether two entries came over different sockets. Ports decide where both are known: addresses differ behind a
/// proxy when one layer saw `X-Forwarded-For` and the other the socket.
fn other_connection(store: &Store, at: SpanIx, owner: SpanIx) -> bool {
    let (Some(e), Some(a)) = (store.facts(at), store.facts(owner)) else { return false };
    if e.peer_port != 0 && a.peer_port != 0 {
        return e.peer_port != a.peer_port;
    }
    let contained = e.path_matches(a);
    e.peer_address != 0 && a.peer_address != 0 && e.peer_address != a.peer_address && !contained
}
