//! Calls and the requests that may be their other side, sampled alike on both sides.
//!
//! Of each edge (a service and the host that it calls) and of each service that is called, those with the smallest
//! hash of method, path and time are kept: what is kept of one side has its counterpart among what is kept of the
//! other, however many there are, and the order of arrival does not matter.

use super::pool::{Pool, SampleKey, mix};
use crate::diagnosis::process::{ProcessIx, ServiceIx};
use crate::diagnosis::role::Role;
use crate::diagnosis::seen::Seen;
use crate::model::{Facts, Key, KeySet, ParentLocality, SpanKind, StatusCode};
use crate::store::SpanIx;
use std::collections::{BTreeMap, BTreeSet};

/// How many calls of an edge are kept.
const CALLS: usize = 256;
/// How many requests of a service are kept.
const ROOTS: usize = 512;
/// How many edges are kept.
const EDGES: usize = 64;
/// How many services are kept that are called.
const CALLED: usize = 64;
/// How many services behind one host are told apart.
const BEHIND: usize = 4;
/// A call and its other side start within the same of these nearly always: 17 s.
const WINDOW_BITS: u32 = 34;
/// Calls of which nothing is to be learned.
const ASIDE: KeySet = KeySet::of(&[Key::ProbePath, Key::TelemetryCall, Key::Websocket]);

/// Method and path, or the method of an RPC: what both sides of a call know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct What(u64);

impl What {
    /// Nothing where the path is not known.
    pub(crate) fn of(facts: &Facts) -> Option<Self> {
        (facts.path[0] != 0).then_some(Self(u64::from(facts.path[0]) << 8 | facts.method as u64))
    }
}

/// A call to another process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Its slot. May be another span's after an eviction: compare the id.
    pub(crate) at: SpanIx,
    pub(crate) process: ProcessIx,
    pub(crate) what: What,
    pub(crate) end_ns: u64,
    pub(crate) name: u32,
    /// Its other side is in its own trace, or an inner span stands for the call, or nobody answered.
    pub(crate) settled: bool,
}

/// A request that came from nowhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) process: ProcessIx,
    pub(crate) what: What,
    pub(crate) end_ns: u64,
    pub(crate) name: u32,
    pub(crate) host: u32,
    pub(crate) port: u16,
    /// It has a link: a public endpoint, which starts a trace of its own by intent.
    pub(crate) linked: bool,
    /// It hangs from something of its own process.
    pub(crate) merged: bool,
}

/// The calls of a service to a host.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) calls: Pool<Call>,
    /// How many calls found their other side in their own trace.
    pub(crate) answered: u64,
    /// The services that answered.
    pub(crate) behind: BTreeSet<ServiceIx>,
}

/// Who calls whom: a hash that decides which are kept, the service, the host and the port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct EdgeKey {
    hash: u32,
    pub(crate) service: ServiceIx,
    pub(crate) host: u32,
    pub(crate) port: u16,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Hops {
    edges: BTreeMap<EdgeKey, Edge>,
    edge_bound: Option<EdgeKey>,
    roots: BTreeMap<ServiceIx, Pool<Root>>,
    /// Requests of each service that continue a caller's trace.
    continued: Vec<u64>,
}

impl Hops {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        match (seen.kind(), seen.role) {
            (SpanKind::Client, Role::HttpOut | Role::RpcOut) => self.call(seen),
            (SpanKind::Server | SpanKind::Internal, Role::HttpIn | Role::RpcIn) => self.root(seen),
            _ => {}
        }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let Some((edge, what)) = edge_of(seen) else { return };
        let failed =
            seen.record.status() == StatusCode::Error && seen.facts.is_none_or(|f| f.http_status == 0);
        let call = Call {
            at: seen.at,
            process: seen.process,
            what,
            end_ns: seen.record.end_ns,
            name: seen.record.name,
            settled: failed,
        };
        if let Some(edge) = self.edge(edge) {
            edge.calls.insert(sample_key(seen, what), call);
        }
    }

    fn edge(&mut self, key: EdgeKey) -> Option<&mut Edge> {
        if self.edge_bound.is_some_and(|bound| bound <= key) {
            return None;
        }
        if self.edges.len() == EDGES && !self.edges.contains_key(&key) {
            let last = *self.edges.last_key_value()?.0;
            self.edge_bound = Some(last.max(key));
            if last < key {
                return None;
            }
            self.edges.remove(&last);
        }
        let new = || Edge { calls: Pool::new(CALLS), answered: 0, behind: BTreeSet::new() };
        Some(self.edges.entry(key).or_insert_with(new))
    }

    fn root(&mut self, seen: &Seen<'_>) {
        let locality = seen.locality();
        if locality == ParentLocality::Remote {
            let number = seen.service.0 as usize;
            if self.continued.len() <= number {
                self.continued.resize(number + 1, 0);
            }
            self.continued[number] += 1;
            return;
        }
        let merged = locality == ParentLocality::Local && seen.kind() == SpanKind::Internal;
        if locality != ParentLocality::Root && !merged {
            return;
        }
        let (Some(facts), Some(what)) = (seen.facts, what(seen)) else { return };
        if self.roots.len() >= CALLED && !self.roots.contains_key(&seen.service) {
            return;
        }
        let root = Root {
            process: seen.process,
            what,
            end_ns: seen.record.end_ns,
            name: seen.record.name,
            host: facts.host,
            port: facts.server_port,
            linked: seen.has(Key::HasLinks),
            merged,
        };
        let pool = self.roots.entry(seen.service).or_insert_with(|| Pool::new(ROOTS));
        pool.insert(sample_key(seen, what), root);
    }

    /// Notes a call and what was recorded under it.
    pub(super) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        if parent.kind() != SpanKind::Client {
            return;
        }
        let answers =
            child.entry && (child.process != parent.process || child.locality() == ParentLocality::Remote);
        let inner = child.kind() == SpanKind::Client && child.process == parent.process;
        if !answers && !inner {
            return;
        }
        let Some((key, what)) = edge_of(parent) else { return };
        let Some(edge) = self.edge(key) else { return };
        if answers {
            edge.answered += 1;
            edge.behind.insert(child.service);
            if edge.behind.len() > BEHIND {
                edge.behind.pop_last();
            }
        }
        if let Some(call) = edge.calls.kept.get_mut(&sample_key(parent, what)) {
            call.settled = true;
        }
    }

    /// Who calls whom.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (&EdgeKey, &Edge)> {
        self.edges.iter()
    }

    /// Requests that came from nowhere, by service.
    pub(crate) fn roots(&self) -> impl Iterator<Item = (ServiceIx, &Pool<Root>)> {
        self.roots.iter().map(|(service, pool)| (*service, pool))
    }

    /// How many requests of a service continue a caller's trace.
    pub(crate) fn continued(&self, service: ServiceIx) -> u64 {
        self.continued.get(service.0 as usize).copied().unwrap_or(0)
    }

    pub(super) fn memory(&self) -> usize {
        self.edges.values().map(|edge| edge.calls.memory() + size_of::<Edge>() + 32).sum::<usize>()
            + self.roots.values().map(Pool::memory).sum::<usize>()
    }
}

/// What both sides of a call know, nothing where they know too little or it is a probe.
fn what(seen: &Seen<'_>) -> Option<What> {
    if seen.record.keys.any(ASIDE) { None } else { What::of(seen.facts?) }
}

fn edge_of(seen: &Seen<'_>) -> Option<(EdgeKey, What)> {
    let (what, facts) = (what(seen)?, seen.facts?);
    let (host, port) = (facts.host, facts.server_port);
    let word = u64::from(seen.service.0) << 48 | u64::from(host) << 16 | u64::from(port);
    let hash = mix(word);
    Some((EdgeKey { hash, service: seen.service, host, port }, what))
}

fn sample_key(seen: &Seen<'_>, what: What) -> SampleKey {
    let window = seen.record.start_ns >> WINDOW_BITS;
    let hash = mix(what.0 ^ window.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (hash, seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id)
}
