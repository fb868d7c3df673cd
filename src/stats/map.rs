//! Who calls whom: edges between services, and peers that are known only from their callers.

use super::calls::Calls;
use super::numbers::Numbers;
use super::services::ServiceIx;
use crate::model::{Peer, PeerSort, SpanRecord};

/// How many edges between services are kept apart.
const MOST_EDGES: usize = 4_000;
/// How many peers are told apart.
const MOST_PEERS: usize = 4_000;
/// How many edges to peers are told apart.
const MOST_PEER_EDGES: usize = 8_000;

/// Calls from one service to another, by the spans with which the callee answers.
#[derive(Debug)]
pub struct Edge {
    /// Who calls.
    pub caller: ServiceIx,
    /// Who answers.
    pub callee: ServiceIx,
    /// The calls.
    pub calls: Calls,
}

/// The number of a peer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PeerIx(pub u16);

/// Something that is called, as its callers name it.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// What kind of thing it is.
    pub sort: PeerSort,
    /// Its system, a number of the store's texts.
    pub system: Option<u32>,
    /// Its name, a number of the store's texts.
    pub name: Option<u32>,
    /// Its port, zero where that says nothing.
    pub port: u16,
    /// Spans that were its own: calls that a service answered, and messages that one received. Of one that has any,
    /// calls without an answer say nothing about its instrumentation.
    pub answers: u64,
}

/// Calls from a service to a peer, by the spans of the caller.
#[derive(Debug)]
pub struct PeerEdge {
    /// Who calls.
    pub caller: ServiceIx,
    /// Whom; nothing where the calls name nobody.
    pub peer: Option<PeerIx>,
    /// The calls that no span answers.
    pub calls: Calls,
}

/// The map.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) edges: Vec<Edge>,
    edge_numbers: Numbers,
    pub(super) peers: Vec<Called>,
    peer_numbers: Numbers,
    pub(super) peer_edges: Vec<PeerEdge>,
    peer_edge_numbers: Numbers,
    /// Calls that were counted nowhere else, because there are too many edges.
    pub(super) uncharted: u64,
    bytes: usize,
}

impl Default for Map {
    fn default() -> Self {
        Self {
            edges: Vec::new(),
            edge_numbers: Numbers::new(MOST_EDGES),
            peers: Vec::new(),
            peer_numbers: Numbers::new(MOST_PEERS),
            peer_edges: Vec::new(),
            peer_edge_numbers: Numbers::new(MOST_PEER_EDGES),
            uncharted: 0,
            bytes: 0,
        }
    }
}

impl Map {
    /// Counts a call between services, or takes it back.
    pub(super) fn edge(&mut self, caller: ServiceIx, callee: ServiceIx, record: &SpanRecord, counts: bool) {
        let key = u128::from(caller.0) << 16 | u128::from(callee.0);
        let mut number = self.edge_numbers.find(key);
        if number.is_none() && counts {
            number = self.edge_numbers.add(key);
            self.edges.extend(number.map(|_| Edge { caller, callee, calls: Calls::default() }));
        }
        match number.and_then(|number| self.edges.get_mut(number as usize)) {
            Some(edge) => self.bytes += turn(&mut edge.calls, record, counts),
            None => self.count_uncharted(counts),
        }
    }

    /// Counts a call of a peer that nobody has answered, or takes it back.
    pub(super) fn peer_edge(
        &mut self,
        caller: ServiceIx,
        peer: Option<PeerIx>,
        record: &SpanRecord,
        counts: bool,
    ) {
        let key = u128::from(caller.0) << 17 | peer.map_or(1 << 16, |peer| u128::from(peer.0));
        let mut number = self.peer_edge_numbers.find(key);
        if number.is_none() && counts {
            number = self.peer_edge_numbers.add(key);
            self.peer_edges.extend(number.map(|_| PeerEdge { caller, peer, calls: Calls::default() }));
        }
        match number.and_then(|number| self.peer_edges.get_mut(number as usize)) {
            Some(edge) => self.bytes += turn(&mut edge.calls, record, counts),
            None => self.count_uncharted(counts),
        }
    }

    fn count_uncharted(&mut self, counts: bool) {
        self.uncharted = if counts { self.uncharted + 1 } else { self.uncharted.saturating_sub(1) };
    }

    /// The number of a peer; nothing beyond what can be told apart.
    pub(super) fn peer(&mut self, peer: &Peer) -> Option<PeerIx> {
        let key = (peer.sort as u128) << 96
            | u128::from(peer.system) << 64
            | u128::from(peer.name) << 32
            | u128::from(peer.port);
        if let Some(number) = self.peer_numbers.find(key) {
            return Some(PeerIx(number as u16));
        }
        let number = self.peer_numbers.add(key)?;
        self.peers.push(Called {
            sort: peer.sort,
            system: peer.system.checked_sub(1),
            name: peer.name.checked_sub(1),
            port: peer.port,
            answers: 0,
        });
        Some(PeerIx(number as u16))
    }

    /// Notes that a peer has shown itself.
    pub(super) fn answered(&mut self, peer: PeerIx) {
        if let Some(peer) = self.peers.get_mut(peer.0 as usize) {
            peer.answers += 1;
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes
            + self.edges.capacity() * size_of::<Edge>()
            + self.peers.capacity() * size_of::<Called>()
            + self.peer_edges.capacity() * size_of::<PeerEdge>()
            + self.edge_numbers.memory()
            + self.peer_numbers.memory()
            + self.peer_edge_numbers.memory()
    }
}

fn turn(calls: &mut Calls, record: &SpanRecord, counts: bool) -> usize {
    if counts {
        return calls.add(record);
    }
    calls.remove(record);
    0
}
