//! Processes: who shares memory with whom, and how far each has come.

use crate::model::{Resource, Value};
use crate::store::Store;
use std::collections::HashMap;

/// The number of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ProcessIx(pub(crate) u32);

/// The number of a service: a name in a namespace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ServiceIx(pub(crate) u32);

/// One process, as far as its resource tells it from others.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// `service.name`.
    pub(crate) service: String,
    pub(crate) service_ix: ServiceIx,
    /// Its spans came without their resource: it may have a name.
    pub(crate) is_lost: bool,
    /// `telemetry.sdk.language`.
    pub(crate) language: String,
    /// `telemetry.sdk.version`.
    pub(crate) sdk_version: String,
    /// `telemetry.auto.version`: the version of an auto-instrumentation distribution.
    pub(crate) auto_version: String,
    /// The machine whose clock it reads, as far as its resource tells; empty where it does not.
    pub(crate) machine: String,
    /// Its resource tells it from every other process; else it may stand for many, on many machines.
    pub(crate) told_apart: bool,
    /// A span of it was shown: others are known to the store only, from what was cleared or from log records.
    sent: bool,
    /// It has run a test: a scope or name of a test runner was seen.
    pub(crate) tests: bool,
    /// It is known to have ended.
    pub(crate) ended: bool,
    /// The latest end that it has delivered, nanoseconds since the Unix epoch: the export watermark.
    pub(crate) watermark_ns: u64,
    /// When its last span arrived, nanoseconds since the Unix epoch.
    pub(crate) last_arrived_ns: u64,
    /// The earliest start that it has delivered.
    pub(crate) first_start_ns: u64,
    /// How far clocks of one process may disagree, nanoseconds.
    pub(crate) epsilon_ns: u64,
}

/// Every process that was seen, by resource.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    of_resource: Vec<ProcessIx>,
    by_key: HashMap<String, ProcessIx>,
    all: Vec<Process>,
    /// Namespace and name of each service.
    services: Vec<(String, String)>,
    by_service: HashMap<(String, String), ServiceIx>,
}

impl Processes {
    /// Learns the resources that the store has seen since the last call.
    pub(crate) fn learn(&mut self, store: &Store) {
        for number in self.of_resource.len()..store.resource_count() {
            let resource = store.resource(number as u32);
            let next = ProcessIx(self.all.len() as u32);
            let process = *self.by_key.entry(key(resource)).or_insert(next);
            if process == next {
                let name =
                    (resource.text("service.namespace").to_owned(), resource.service_name().to_owned());
                let next = ServiceIx(self.services.len() as u32);
                let service = *self.by_service.entry(name.clone()).or_insert(next);
                if service == next {
                    self.services.push(name);
                }
                self.all.push(Process::new(resource, service));
            }
            self.of_resource.push(process);
        }
    }

    /// The process behind a resource number.
    #[inline]
    pub(crate) fn of(&self, resource: u32) -> ProcessIx {
        self.of_resource.get(resource as usize).copied().unwrap_or(ProcessIx(0))
    }

    pub(crate) fn get(&self, process: ProcessIx) -> &Process {
        &self.all[process.0 as usize]
    }

    /// The name of a service.
    pub(crate) fn service(&self, service: ServiceIx) -> &str {
        self.services.get(service.0 as usize).map_or("", |(_, name)| name)
    }

    /// The service behind a resource number.
    pub(crate) fn service_of(&self, resource: u32) -> ServiceIx {
        self.get(self.of(resource)).service_ix
    }

    /// How many services there are.
    pub(crate) fn service_count(&self) -> usize {
        self.services.len()
    }

    /// All processes that have sent a span.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ProcessIx, &Process)> {
        let numbered = self.all.iter().enumerate().filter(|(_, process)| process.sent);
        numbered.map(|(i, process)| (ProcessIx(i as u32), process))
    }

    /// Notes that a process runs tests.
    pub(crate) fn note_test(&mut self, process: ProcessIx) {
        self.all[process.0 as usize].tests = true;
    }

    /// Notes that all have ended: who sends under the same resource is another process.
    pub(crate) fn all_ended(&mut self) {
        self.by_key.clear();
        self.all.iter_mut().for_each(|process| process.ended = true);
    }

    /// Notes a span that was delivered.
    #[inline]
    pub(crate) fn note(&mut self, process: ProcessIx, start_ns: u64, end_ns: u64, now_ns: u64) {
        let process = &mut self.all[process.0 as usize];
        process.sent = true;
        process.watermark_ns = process.watermark_ns.max(end_ns);
        process.first_start_ns = process.first_start_ns.min(start_ns);
        process.last_arrived_ns = process.last_arrived_ns.max(now_ns);
    }

    /// How many are silent.
    pub(crate) fn silent(&self, now_ns: u64) -> usize {
        self.all.iter().filter(|process| process.is_silent(now_ns)).count()
    }

    pub(crate) fn memory(&self) -> usize {
        self.of_resource.capacity() * size_of::<ProcessIx>() + self.all.len() * (size_of::<Process>() + 256)
    }
}

impl Process {
    /// Whether it has ended, or has delivered nothing for so long that it may be gone.
    pub(crate) fn is_silent(&self, now_ns: u64) -> bool {
        self.ended || now_ns.saturating_sub(self.last_arrived_ns) >= super::verdict::SILENT_NS
    }

    /// Whether it has ended, or has delivered nothing for so long that what it still owes will not come.
    pub(crate) fn is_gone(&self, now_ns: u64) -> bool {
        self.ended || now_ns.saturating_sub(self.last_arrived_ns) >= super::aggregate::lost::GONE_NS
    }

    fn new(resource: &Resource, service_ix: ServiceIx) -> Self {
        let language = resource.text("telemetry.sdk.language").to_owned();
        // JavaScript's start times have a grain of a millisecond (opentelemetry-js#5804).
        let epsilon_ns = if matches!(language.as_str(), "nodejs" | "webjs") { 2_000_000 } else { 1_000_000 };
        Self {
            service: resource.service_name().to_owned(),
            service_ix,
            is_lost: resource.is_lost,
            language,
            sdk_version: resource.text("telemetry.sdk.version").to_owned(),
            auto_version: resource.text("telemetry.auto.version").to_owned(),
            // A pod's host name is the pod's: the node comes first.
            machine: ["k8s.node.name", "host.id", "host.name"]
                .map(|key| resource.text(key))
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default()
                .to_owned(),
            told_apart: !key(resource).contains(COARSE),
            sent: false,
            tests: false,
            ended: false,
            watermark_ns: 0,
            last_arrived_ns: 0,
            first_start_ns: u64::MAX,
            epsilon_ns,
        }
    }
}

/// What a key says in which nothing tells processes apart.
const COARSE: &str = " resource ";

/// What tells processes apart: the first of instance id, container and pid, pod; else the whole resource. Always
/// with the service, so that a coarse key never mixes services.
fn key(resource: &Resource) -> String {
    let service = format!("{}/{}", resource.text("service.namespace"), resource.service_name());
    let instance = resource.text("service.instance.id");
    if !instance.is_empty() {
        return format!("{service} instance {instance}");
    }
    let host = ["k8s.pod.uid", "container.id", "host.id", "host.name"].map(|key| resource.text(key));
    if let (Some(host), Some(pid)) = (host.iter().find(|h| !h.is_empty()), resource.get("process.pid")) {
        return format!("{service} host {host} pid {pid}");
    }
    let pod = resource.text("k8s.pod.name");
    if !pod.is_empty() {
        return format!("{service} pod {pod}");
    }
    if resource.is_lost {
        return format!("{service} lost{COARSE}");
    }
    let all = Value::Map(resource.attributes.clone());
    format!("{service}{COARSE}{all}")
}
