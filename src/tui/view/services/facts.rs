//! What the tab of services shows, looked up when it has changed: at once while there is little of it, else once a
//! second, so that no frame pays for what is held and no row jumps while it is read.

use super::outline;
use super::sort::{Column, Sort};
use crate::diagnosis::{Finding, Severity, Subject};
use crate::model::PeerSort;
use crate::stats::{
    Called, Calls, KINDS, LOCALITIES, OperationIx, PeerIx, Service, ServiceIx, Stats, kind_place,
    locality_place,
};
use crate::tui::view::Cx;
use std::collections::HashMap;

/// As many operations are looked up with each frame; where there are more, once a second.
const PROMPT: usize = 256;

/// How many, how many failed, how long.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// How many.
    pub count: u64,
    /// How many failed.
    pub errors: u64,
    /// The median duration, nanoseconds.
    pub p50: u64,
    /// Of all but one in twenty.
    pub p95: u64,
    /// Of all but one in a hundred.
    pub p99: u64,
}

impl Figures {
    /// Those of calls.
    pub fn of(calls: &Calls) -> Self {
        let [p50, p95, p99] = calls.durations.quantiles([0.5, 0.95, 0.99]).unwrap_or_default();
        Self { count: calls.count(), errors: calls.errors, p50, p95, p99 }
    }
}

impl Figures {
    /// What they are sorted by.
    pub fn number(&self, column: Column) -> u64 {
        match column {
            Column::Count => self.count,
            Column::Errors => share(self.errors, self.count),
            Column::P50 => self.p50,
            Column::P95 => self.p95,
            Column::P99 => self.p99,
            _ => 0,
        }
    }
}

/// What calls are sorted by. A histogram is looked through only where that is asked for.
pub fn figure(calls: &Calls, column: Column) -> u64 {
    let quantile = |share| calls.durations.quantile(share).unwrap_or_default();
    match column {
        Column::Count => calls.count(),
        Column::Errors => share(calls.errors, calls.count()),
        Column::P50 => quantile(0.5),
        Column::P95 => quantile(0.95),
        Column::P99 => quantile(0.99),
        _ => 0,
    }
}

/// A share as a number to sort by; of the same shares the one of more.
fn share(part: u64, whole: u64) -> u64 {
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    (millionths as u64) << 32 | part.min(u64::from(u32::MAX))
}

/// A service in the list.
#[derive(Clone, Debug)]
pub struct ServiceRow {
    /// Which.
    pub at: ServiceIx,
    /// Its name.
    pub name: String,
    /// Spans.
    pub spans: u64,
    /// Its entries.
    pub entries: Figures,
    /// The worst that was found in it, where that is more than a hint.
    pub worst: Option<Severity>,
}

/// One of those whom a service calls, or who call it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Neighbour {
    /// A service that calls.
    Caller(ServiceIx),
    /// The service itself.
    Own,
    /// A service that is called.
    Callee(ServiceIx),
    /// Something that is known only from its callers.
    Peer(Option<PeerIx>),
}

/// A row of neighbours and what is told of it.
#[derive(Clone, Debug)]
pub struct NeighbourRow {
    /// Which.
    pub place: Neighbour,
    /// Its name.
    pub name: String,
    /// Its calls.
    pub calls: Figures,
}

/// A row of operations.
#[derive(Clone, Debug)]
pub struct OperationRow {
    /// Which.
    pub at: OperationIx,
    /// Its name.
    pub name: String,
    /// Its calls.
    pub calls: Figures,
    /// The longest, nanoseconds.
    pub max: u64,
}

/// A row of scopes: a scope, or what was found of it.
#[derive(Clone, Debug)]
pub enum ScopeRow {
    /// A scope.
    Scope {
        /// Its name and version as they were sent; nothing for those that are not told apart.
        key: Option<(String, String)>,
        /// Its name as it is shown.
        name: String,
        /// Its version as it is shown.
        version: String,
        /// Spans by kind.
        kinds: [u64; KINDS.len()],
        /// The worst that was found of it.
        worst: Option<Severity>,
    },
    /// A known issue that explains what was found.
    Known(Severity, String),
}

/// What each table is sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sorts {
    /// All services.
    pub services: Sort,
    /// The map: calls of one service.
    pub map: Sort,
    /// Callers, and those that are called.
    pub neighbours: Sort,
    /// Instrumentation scopes.
    pub scopes: Sort,
    /// Operations.
    pub operations: Sort,
}

impl Default for Sorts {
    fn default() -> Self {
        let count = Sort::by(Column::Count);
        Self {
            services: Sort::by(Column::Name),
            map: count,
            neighbours: count,
            scopes: Sort::by(Column::Spans),
            operations: count,
        }
    }
}

/// What was looked up.
#[derive(Debug, Default)]
pub struct Facts {
    seen: Option<Seen>,
    /// All services.
    pub services: Vec<ServiceRow>,
    /// Who calls whom, of all services.
    pub map: Vec<outline::Row>,
    /// Who calls the selected service, and whom it calls.
    pub neighbours: Vec<NeighbourRow>,
    /// Its operations.
    pub operations: Vec<OperationRow>,
    /// The shortest and the longest call of any of them, nanoseconds.
    pub axis: (u64, u64),
    /// What was found wrong of spans of a kind with parents of a locality.
    pub wrong: [[Option<Severity>; LOCALITIES.len()]; KINDS.len()],
    /// Its scopes.
    pub scopes: Vec<ScopeRow>,
}

/// What it was looked up for, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seen {
    of: Option<ServiceIx>,
    sorts: Sorts,
    /// How often statistics have started anew, and counted.
    counted: (u64, u64),
    findings: u64,
    /// The second in which all of it was looked up, by the user's clock: that of a dump stands still.
    tick: u64,
}

impl Facts {
    /// The service to look at as long as the user has chosen none: the first with the worst finding, else the one that
    /// sent most.
    pub fn suggested(&self) -> Option<ServiceIx> {
        let best = |row: &&ServiceRow| (row.worst, row.spans);
        // Of equals the first: `max_by_key` takes the last.
        self.services.iter().rev().max_by_key(best).map(|row| row.at)
    }

    /// Whether the numbers in it stand for something else by now: statistics have started anew.
    pub fn is_void(&self, cx: &Cx<'_>) -> bool {
        self.seen.is_some_and(|seen| seen.counted.0 != cx.session.stats.begun())
    }

    /// Looks up what has changed.
    pub fn look(&mut self, of: Option<ServiceIx>, sorts: Sorts, cx: &Cx<'_>) {
        let stats = &cx.session.stats;
        let findings = (cx.session.diagnosis.findings().iter()).fold(0_u64, |sum, finding| {
            sum.rotate_left(5) ^ finding.key ^ finding.span_count ^ (finding.severity as u64) << 60
        });
        let counted = (stats.begun(), stats.counted());
        let mut now = Seen { of, sorts, counted, findings, tick: cx.traffic.ticks() };
        let mut all = true;
        if let Some(seen) = self.seen.filter(|seen| seen.sorts == sorts) {
            let same = (seen.counted, seen.findings) == (now.counted, now.findings);
            let few = self.operations.len().max(self.services.len()).max(self.map.len()) <= PROMPT;
            let keep = same || !few && now.tick == seen.tick && now.counted.0 == seen.counted.0;
            if keep && seen.of == of {
                return;
            }
            if keep {
                // What is kept is as old as it was.
                now = Seen { of, ..seen };
                all = false;
            }
        }
        self.seen = Some(now);
        if all {
            self.services = services(sorts.services, cx);
            self.map = outline::rows(sorts.map, cx);
        }
        let Some((of, service)) = of.and_then(|of| Some((of, stats.service(of)?))) else {
            (self.neighbours, self.operations, self.scopes) = Default::default();
            self.wrong = Default::default();
            return;
        };
        self.neighbours = neighbours(of, service, sorts.neighbours, cx);
        (self.operations, self.axis) = operations(service, sorts.operations, cx);
        (self.wrong, self.scopes) = found(service, sorts.scopes, cx);
    }
}

/// The name of a service.
pub fn name_of(service: ServiceIx, stats: &Stats) -> &str {
    match stats.service(service).map(|service| service.name.as_deref()) {
        Some(Some("")) => "(no name)",
        Some(Some(name)) => name,
        _ => "(other)",
    }
}

/// The name of a peer, as its callers call it.
pub fn peer_name(peer: Option<&Called>, cx: &Cx<'_>) -> String {
    let text =
        |number: Option<u32>| number.and_then(|number| cx.session.store.text(number)).unwrap_or_default();
    let Some(peer) = peer else { return "not named".to_owned() };
    let name = match (text(peer.system), text(peer.name)) {
        ("", "") => "not named".to_owned(),
        (one, "") | ("", one) => one.to_owned(),
        (system, name) => format!("{system} {name}"),
    };
    match (peer.sort, peer.port) {
        (PeerSort::Host, 1..) => format!("{name}:{}", peer.port),
        _ => name,
    }
}

fn services(sort: Sort, cx: &Cx<'_>) -> Vec<ServiceRow> {
    let mut worst: HashMap<&str, Severity> = HashMap::new();
    for (_, finding) in cx.headlines().filter(|(_, finding)| finding.severity > Severity::Info) {
        let of = worst.entry(&finding.service).or_insert(finding.severity);
        *of = (*of).max(finding.severity);
    }
    let stats = &cx.session.stats;
    let row = |(at, service): (ServiceIx, &Service)| ServiceRow {
        at,
        name: name_of(at, stats).to_owned(),
        spans: service.spans,
        entries: Figures::of(&service.entries),
        worst: service.name.as_deref().and_then(|name| worst.get(name).copied()),
    };
    let mut rows: Vec<ServiceRow> = stats.services().map(row).collect();
    let number = |row: &ServiceRow, column| match column {
        Column::Finding => row.worst.map_or(0, |worst| worst as u64 + 1),
        Column::Spans => row.spans,
        column => stats.service(row.at).map_or(0, |service| figure(&service.entries, column)),
    };
    sort.rows(&mut rows, number, |row| (row.name.clone(), row.at));
    rows
}

/// Callers, the service itself, then whom it calls.
fn neighbours(of: ServiceIx, service: &Service, sort: Sort, cx: &Cx<'_>) -> Vec<NeighbourRow> {
    let stats = &cx.session.stats;
    let named = |service: ServiceIx| name_of(service, stats).to_owned();
    let (mut callers, mut called) = (Vec::new(), Vec::new());
    let row = |place, name, calls: &Calls| NeighbourRow { place, name, calls: Figures::of(calls) };
    for (_, edge) in stats.edges() {
        if edge.callee == of {
            callers.push(row(Neighbour::Caller(edge.caller), named(edge.caller), &edge.calls));
        }
        if edge.caller == of {
            called.push(row(Neighbour::Callee(edge.callee), named(edge.callee), &edge.calls));
        }
    }
    for (_, edge, peer) in stats.unanswered().filter(|(_, edge, _)| edge.caller == of) {
        called.push(row(Neighbour::Peer(edge.peer), format!("[{}]", peer_name(peer, cx)), &edge.calls));
    }
    for rows in [&mut callers, &mut called] {
        sort.rows(rows, |row, column| row.calls.number(column), |row| row.name.clone());
    }
    let own = row(Neighbour::Own, named(of), &service.entries);
    callers.into_iter().chain([own]).chain(called).collect()
}

fn operations(service: &Service, sort: Sort, cx: &Cx<'_>) -> (Vec<OperationRow>, (u64, u64)) {
    let (stats, store) = (&cx.session.stats, &cx.session.store);
    let mut axis = (u64::MAX, 0);
    let mut rows = Vec::with_capacity(service.operations.len());
    for (at, operation) in service.operations.iter().filter_map(|at| Some((*at, stats.operation(*at)?))) {
        if let Some((least, most)) = operation.calls.durations.bounds() {
            axis = (axis.0.min(least), axis.1.max(most));
        }
        let name = match operation.name.map(|name| store.text(name)) {
            Some(Some(name)) => crate::tui::view::row::name_or_none(name).to_owned(),
            _ => "(other)".to_owned(),
        };
        let (calls, max) = (Figures::of(&operation.calls), operation.calls.durations.longest_ns());
        rows.push(OperationRow { at, name, calls, max });
    }
    let number = |row: &OperationRow, column| match column {
        Column::Max => row.max,
        column => row.calls.number(column),
    };
    sort.rows(&mut rows, number, |row| (row.name.clone(), row.at));
    (rows, (axis.0.min(axis.1), axis.1))
}

type Wrong = [[Option<Severity>; LOCALITIES.len()]; KINDS.len()];

/// What was found of the kinds and parents of a service's spans, and of its scopes.
fn found(service: &Service, sort: Sort, cx: &Cx<'_>) -> (Wrong, Vec<ScopeRow>) {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let mut wrong = Wrong::default();
    // Findings, and whether it is the scope that did it.
    let mut of_scope: HashMap<(String, String), Vec<(&Finding, bool)>> = HashMap::new();
    let gone = |finding: &Finding| cx.since.is_some_and(|since| since.is_gone(finding.key));
    let own = |finding: &&Finding| service.name.as_deref() == Some(&finding.service) && !gone(finding);
    for finding in diagnosis.findings().iter().filter(own).filter(|f| f.severity > Severity::Info) {
        // Sections A and B: the kinds of spans, and what they hang under.
        if finding.rule.code.starts_with(['A', 'B']) {
            for (trace, span) in &finding.span_ids {
                let at = store.find_trace(*trace).and_then(|trace| store.find_span(trace, *span));
                let Some(at) = at.filter(|at| store.slot(*at).is_held()) else { continue };
                if store.service(at) == finding.service {
                    let record = store.record(at);
                    let cell = &mut wrong[kind_place(record.kind())][locality_place(record.locality())];
                    *cell = (*cell).max(Some(finding.severity));
                }
            }
        }
        let mut scopes = Subject::of(finding, store).scopes;
        scopes.extend(finding.scope.clone());
        // The issue is one of what did it, where that is known, and not of what suffered from it; that of a symptom is
        // that of its headline.
        let culprit = finding.culprit.as_ref().and_then(|culprit| {
            Some((culprit.scope.clone()?, culprit.scope_version.clone().unwrap_or_default()))
        });
        for scope in scopes.into_iter().filter(|scope| Some(scope) != culprit.as_ref()) {
            let did_it = culprit.is_none() && finding.folded_under.is_none();
            of_scope.entry(scope).or_default().push((finding, did_it));
        }
        if let Some(culprit) = culprit {
            of_scope.entry(culprit).or_default().push((finding, true));
        }
    }
    let mut scopes: Vec<_> = service.scopes.iter().collect();
    sort.rows(&mut scopes, |scope, _| scope.spans(), |scope| scope.scope.clone());
    let mut rows = Vec::new();
    for scope in scopes {
        let (name, version) = match &scope.scope {
            Some((name, version)) if name.is_empty() => ("(no scope)".to_owned(), version.clone()),
            Some(named) => named.clone(),
            None => ("(other)".to_owned(), String::new()),
        };
        let findings = scope.scope.as_ref().and_then(|key| of_scope.get(key)).map_or(&[][..], Vec::as_slice);
        let worst = findings.iter().map(|(finding, _)| finding.severity).max();
        rows.push(ScopeRow::Scope { key: scope.scope.clone(), name, version, kinds: scope.kinds, worst });
        let mut known: Vec<(Severity, String)> = (findings.iter())
            .filter(|(_, did_it)| *did_it)
            .filter_map(|(finding, _)| Some((finding.severity, finding.known_issue.as_ref()?.label())))
            .collect();
        known.sort_by(|a, b| b.cmp(a));
        known.dedup_by(|a, b| a.1 == b.1);
        rows.extend(known.into_iter().map(|(severity, label)| ScopeRow::Known(severity, label)));
    }
    (wrong, rows)
}
