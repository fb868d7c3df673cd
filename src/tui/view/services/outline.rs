//! Who calls whom, of all services, as an outline: what nobody here calls stands at the left, and below each service what
//! it calls. What a service calls is told once, where it comes first; each call between two of them has one row.

use super::facts::{Figures, figure, name_of, peer_name};
use super::sort::{Column, Sort};
use crate::stats::{Calls, PeerIx, ServiceIx};
use crate::tui::view::Cx;
use std::collections::{HashMap, HashSet};

/// A row of the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A service that no other one is known to call; where services call each other in a ring, that with the most
    /// entry spans.
    Entry(ServiceIx),
    /// Calls from a service to another, or to itself.
    Edge(ServiceIx, ServiceIx),
    /// Calls from a service to something that is known only from its callers.
    Peer(ServiceIx, Option<PeerIx>),
}

impl Place {
    /// The service that it is about: that which is called, where it is one.
    pub fn service(self) -> ServiceIx {
        match self {
            Self::Entry(service) | Self::Edge(_, service) | Self::Peer(service, _) => service,
        }
    }

    /// The service that is called, where it is one.
    fn callee(self) -> Option<ServiceIx> {
        match self {
            Self::Entry(service) | Self::Edge(_, service) => Some(service),
            Self::Peer(..) => None,
        }
    }

    /// Whether a service calls itself.
    pub fn is_own(self) -> bool {
        matches!(self, Self::Edge(caller, callee) if caller == callee)
    }
}

/// A row of the map and what is told of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub place: Place,
    /// The name of what is called.
    pub name: String,
    /// For itself and each row that it hangs under, from the left: whether another follows below.
    pub rails: Vec<bool>,
    /// What it calls has been told above.
    pub told: bool,
    /// The number of the edge among those of its sort.
    number: usize,
}

impl Row {
    /// The figures of its calls; of a service that nobody calls, of its entry spans.
    pub fn figures(&self, cx: &Cx<'_>) -> Figures {
        calls(self.place, self.number, cx).map(Figures::of).unwrap_or_default()
    }
}

fn calls<'a>(place: Place, number: usize, cx: &Cx<'a>) -> Option<&'a Calls> {
    let stats = &cx.session.stats;
    match place {
        Place::Entry(service) => stats.service(service).map(|service| &service.entries),
        Place::Edge(..) => stats.edge(number).map(|edge| &edge.calls),
        Place::Peer(..) => stats.peer_edge(number).map(|edge| &edge.calls),
    }
}

struct Link {
    place: Place,
    name: String,
    number: usize,
}

/// The rows, those that hang under one sorted.
pub fn rows(sort: Sort, cx: &Cx<'_>) -> Vec<Row> {
    let stats = &cx.session.stats;
    let mut calls_of: HashMap<ServiceIx, Vec<Link>> = HashMap::new();
    let mut called = HashSet::new();
    let mut link = |place: Place, name: String, number: usize, caller: ServiceIx| {
        calls_of.entry(caller).or_default().push(Link { place, name, number });
    };
    for (number, edge) in stats.edges() {
        let name = name_of(edge.callee, stats).to_owned();
        link(Place::Edge(edge.caller, edge.callee), name, number, edge.caller);
        if edge.caller != edge.callee {
            called.insert(edge.callee);
        }
    }
    for (number, edge, peer) in stats.unanswered() {
        let name = format!("[{}]", peer_name(peer, cx));
        link(Place::Peer(edge.caller, edge.peer), name, number, edge.caller);
    }
    let sorted = |links: &mut Vec<Link>| {
        let number =
            |link: &Link, column| calls(link.place, link.number, cx).map_or(0, |calls| figure(calls, column));
        // Services come before what is known only from their calls.
        sort.rows(links, number, |link| (matches!(link.place, Place::Peer(..)), link.name.clone()));
    };
    calls_of.values_mut().for_each(sorted);
    let entry = |service: ServiceIx| Link {
        place: Place::Entry(service),
        name: name_of(service, stats).to_owned(),
        number: 0,
    };
    let mut tops: Vec<Link> =
        stats.services().map(|(at, _)| at).filter(|at| !called.contains(at)).map(entry).collect();
    sorted(&mut tops);
    // Those that neither call nor are called stand at the end: they are no part of the map.
    tops.sort_by_key(|link| !calls_of.contains_key(&link.place.service()));
    // Where services call each other in a ring, none of them has come by then.
    let mut rings: Vec<Link> = called.iter().copied().map(entry).collect();
    Sort::by(Column::Count).rows(
        &mut rings,
        |link, _| calls(link.place, 0, cx).map_or(0, Calls::count),
        |link| (link.name.clone(), link.place.service()),
    );
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    let mut told = HashSet::new();
    for top in tops.into_iter().chain(rings) {
        if seen.contains(&top.place.service()) {
            continue;
        }
        let mut waiting = vec![(top, Vec::new())];
        while let Some((Link { place, name, number }, rails)) = waiting.pop() {
            let callee = place.callee();
            seen.extend(callee);
            let below = callee.and_then(|callee| calls_of.remove(&callee));
            let again = callee.is_some_and(|callee| told.contains(&callee) && !place.is_own());
            told.extend(callee.filter(|_| below.is_some()));
            for (from_last, link) in below.into_iter().flatten().rev().enumerate() {
                let mut rails: Vec<bool> = rails.clone();
                rails.push(from_last > 0);
                waiting.push((link, rails));
            }
            out.push(Row { place, name, rails, told: again, number });
        }
    }
    out
}
