//! Who sent spans: each resource and when, each scope of each process and when, and names of services.

use super::super::process::{ProcessIx, Processes, ServiceIx};
use super::super::seen::Seen;
use super::super::template::template;
use crate::model::{Resource, hash64};
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many resources of one process, and versions of one scope, are compared.
const COMPARED: usize = 32;
/// How many names of services that follow one template are kept.
const NAMES: usize = 64;

/// From the earliest start to the latest end, nanoseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) first_ns: u64,
    pub(crate) last_ns: u64,
    pub(crate) spans: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { first_ns: u64::MAX, last_ns: 0, spans: 0 }
    }
}

impl Times {
    fn add(&mut self, seen: &Seen<'_>) {
        self.first_ns = self.first_ns.min(seen.record.start_ns);
        self.last_ns = self.last_ns.max(seen.record.end_ns);
        self.spans += 1;
    }

    /// Whether both were alive at a time.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.first_ns < other.last_ns && other.first_ns < self.last_ns
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    /// By resource number.
    times: Vec<Times>,
    /// The resources of each process that has an id to tell it by, where there are several.
    of_process: BTreeMap<ProcessIx, BTreeSet<u32>>,
    /// Resources that carry facts of spans.
    misplaced: BTreeSet<u32>,
    /// Scopes by process and scope number, and the one that was asked for last.
    scopes: HashMap<(ProcessIx, u32), Times>,
    run: Option<((ProcessIx, u32), Times)>,
    /// Services whose names something varies in: by template and scope.
    varied: BTreeMap<(u64, u64), BTreeSet<ServiceIx>>,
    /// Emitters that were looked at for their service's name.
    named: usize,
}

impl Resources {
    pub(super) fn span(&mut self, seen: &Seen<'_>, processes: &Processes) {
        self.times.resize_with(seen.store.resource_count(), Times::default);
        let number = seen.record.resource;
        if let Some(times) = self.times.get_mut(number as usize) {
            let first = times.spans == 0;
            times.add(seen);
            if first {
                self.learn(number, seen.store, processes);
            }
        }
        let key = (seen.process, seen.record.scope);
        match &mut self.run {
            Some((of, times)) if *of == key => times.add(seen),
            _ => {
                self.end_run();
                let mut times = Times::default();
                times.add(seen);
                self.run = Some((key, times));
            }
        }
        if seen.emitter.0 as usize >= self.named {
            self.name(seen);
        }
    }

    fn end_run(&mut self) {
        let Some((key, run)) = self.run.take() else { return };
        let times = self.scopes.entry(key).or_default();
        times.first_ns = times.first_ns.min(run.first_ns);
        times.last_ns = times.last_ns.max(run.last_ns);
        times.spans += run.spans;
    }

    /// Looks at a resource of which a span was shown for the first time.
    fn learn(&mut self, number: u32, store: &Store, processes: &Processes) {
        let resource = store.resource(number);
        if is_certain(resource) {
            let of = self.of_process.entry(processes.of(number)).or_default();
            if of.len() < COMPARED {
                of.insert(number);
            }
        }
        if self.misplaced.len() < COMPARED && misplaced(resource).next().is_some() {
            self.misplaced.insert(number);
        }
    }

    /// Notes the name of a service that is new, or has a new scope.
    fn name(&mut self, seen: &Seen<'_>) {
        self.named = seen.emitter.0 as usize + 1;
        let made = template(&seen.of_process.service);
        if made.parts > 0 {
            let scope = &seen.store.scope(seen.record.scope).name;
            let key = (hash64(made.text.as_bytes()), hash64(scope.as_bytes()));
            let names = self.varied.entry(key).or_default();
            if names.len() < NAMES {
                names.insert(seen.service);
            }
        }
    }

    /// Processes that sent several resources though one id tells them to be one.
    pub(crate) fn of_processes(&self) -> impl Iterator<Item = (ProcessIx, &BTreeSet<u32>)> {
        self.of_process.iter().filter(|(_, resources)| resources.len() > 1).map(|(at, all)| (*at, all))
    }

    /// When a resource sent spans.
    pub(crate) fn times(&self, resource: u32) -> Times {
        self.times.get(resource as usize).copied().unwrap_or_default()
    }

    /// Resources that carry facts of spans.
    pub(crate) fn misplaced(&self) -> impl Iterator<Item = u32> {
        self.misplaced.iter().copied()
    }

    /// Scopes of processes that an id tells apart, and when they sent spans.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = (ProcessIx, u32, Times)> {
        let run = self.run.iter().copied();
        let all = self.scopes.iter().map(|(key, times)| (*key, *times)).chain(run);
        all.filter(|((process, _), _)| self.of_process.contains_key(process))
            .map(|((process, scope), times)| (process, scope, times))
    }

    /// Services whose names follow one template and that have a scope in common.
    pub(crate) fn varied(&self) -> impl Iterator<Item = &BTreeSet<ServiceIx>> {
        self.varied.values()
    }

    pub(super) fn memory(&self) -> usize {
        let sets: usize = self.of_process.values().map(BTreeSet::len).sum();
        let names: usize = self.varied.values().map(BTreeSet::len).sum();
        self.times.capacity() * size_of::<Times>()
            + self.scopes.capacity() * (size_of::<Times>() + 16)
            + (self.of_process.len() + self.varied.len()) * 48
            + (sets + names) * 8
    }
}

/// Whether an id tells the process from every other: then two resources with it ought to be one. A process id alone
/// does not: in containers it is 1 everywhere.
fn is_certain(resource: &Resource) -> bool {
    let has = |key: &&str| !resource.text(key).is_empty();
    let host = ["k8s.pod.uid", "container.id", "host.id", "host.name"].iter().any(has);
    has(&"service.instance.id") || host && resource.get("process.pid").is_some()
}

/// The keys of a resource that describe single operations.
pub(crate) fn misplaced(resource: &Resource) -> impl Iterator<Item = &str> {
    const OF_SPANS: &[&str] =
        &["http.", "db.", "rpc.", "messaging.", "url.", "client.", "exception.", "graphql."];
    let keys = resource.attributes.iter().map(|(key, _)| key.as_str());
    keys.filter(|key| OF_SPANS.iter().any(|prefix| key.starts_with(prefix)))
}
