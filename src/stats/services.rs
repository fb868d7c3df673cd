//! What each service sent: spans by kind and by where their parents live, operations, instrumentation scopes.

use super::calls::{Calls, Example, keep};
use super::numbers::Numbers;
use crate::model::{ParentLocality, SpanKind, SpanRecord, StatusCode};
use crate::store::{SpanIx, Store};
use std::collections::HashMap;

/// How many services are told apart.
const MOST_SERVICES: usize = 1_000;
/// How many operations of one service are told apart, and how many of all.
const MOST_OF_ONE: usize = 1_000;
const MOST_OPERATIONS: usize = 8_000;
/// After so many spans of an operation it is looked whether its examples are still held.
const LOOK_EVERY: u64 = 64;
/// How many scopes of services are told apart.
const MOST_SCOPES: usize = 4_000;

/// Kinds in the order of the matrix; the last stands for numbers that the specification does not define.
pub const KINDS: [SpanKind; 7] = [
    SpanKind::Server,
    SpanKind::Client,
    SpanKind::Producer,
    SpanKind::Consumer,
    SpanKind::Internal,
    SpanKind::Unspecified,
    SpanKind::Other(u8::MAX),
];

/// Where parents live, in the order of the matrix.
pub const LOCALITIES: [ParentLocality; 4] =
    [ParentLocality::Root, ParentLocality::Local, ParentLocality::Remote, ParentLocality::Unknown];

/// The place of a kind among [`KINDS`].
#[inline]
pub fn kind_place(kind: SpanKind) -> usize {
    match kind {
        SpanKind::Server => 0,
        SpanKind::Client => 1,
        SpanKind::Producer => 2,
        SpanKind::Consumer => 3,
        SpanKind::Internal => 4,
        SpanKind::Unspecified => 5,
        SpanKind::Other(_) => 6,
    }
}

/// The place of a locality among [`LOCALITIES`].
#[inline]
pub fn locality_place(locality: ParentLocality) -> usize {
    match locality {
        ParentLocality::Root => 0,
        ParentLocality::Local => 1,
        ParentLocality::Remote => 2,
        ParentLocality::Unknown => 3,
    }
}

/// The number of a service. Never used again for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceIx(pub u16);

/// The number of an operation. Never used again for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OperationIx(pub u32);

/// What a service sent.
#[derive(Debug)]
pub struct Service {
    /// `service.namespace`, empty where it has none.
    pub namespace: String,
    /// `service.name`; nothing for those that are not told apart, because there are too many.
    pub name: Option<String>,
    /// Spans.
    pub spans: u64,
    /// Spans whose status is an error.
    pub errors: u64,
    /// Spans by kind and by where their parents live.
    pub matrix: [[u64; LOCALITIES.len()]; KINDS.len()],
    /// Spans that start what it does for somebody: see [`super::Stats`].
    pub entries: Calls,
    /// What it does, in the order of arrival.
    pub operations: Vec<OperationIx>,
    /// What instruments it.
    pub scopes: Vec<ScopeCount>,
}

/// An instrumentation scope of a service.
#[derive(Clone, Debug)]
pub struct ScopeCount {
    /// Its name and version; nothing for those that are not told apart.
    pub scope: Option<(String, String)>,
    /// Spans by kind.
    pub kinds: [u64; KINDS.len()],
}

impl ScopeCount {
    /// All spans.
    pub fn spans(&self) -> u64 {
        self.kinds.iter().sum()
    }
}

/// Spans of one service with one name and kind.
#[derive(Debug)]
pub struct Operation {
    /// Whose.
    pub service: ServiceIx,
    /// The number of its name, see [`Store::text`]; nothing for those that are not told apart.
    pub name: Option<u32>,
    /// Its kind as recorded.
    pub kind: SpanKind,
    /// How often, and how long.
    pub calls: Calls,
    /// The slowest span. Where it was evicted and others have come since, the slowest of these.
    pub slowest: Option<Example>,
    /// The latest span whose status is an error; the same holds.
    pub latest_error: Option<Example>,
}

/// What is counted of services.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) all: Vec<Service>,
    by_name: HashMap<(String, String), ServiceIx>,
    /// By number of the store's resources, from the first span that came with one.
    of_resource: Vec<Option<ServiceIx>>,
    /// Stands for all services that are not told apart.
    others: Option<ServiceIx>,
    pub(super) operations: Vec<Operation>,
    operation_numbers: Numbers,
    /// By number of the store's scopes: of the scopes that are told apart by name and version.
    of_scope: Vec<u32>,
    by_scope: HashMap<(String, String), u32>,
    scope_numbers: Numbers,
    /// Places of scopes in their services.
    scope_places: Vec<(ServiceIx, u32)>,
    bytes: usize,
}

impl Default for Services {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            by_name: HashMap::new(),
            of_resource: Vec::new(),
            others: None,
            operations: Vec::new(),
            // Beside these, one for the others of each service.
            operation_numbers: Numbers::new(MOST_OPERATIONS + 7 * (MOST_SERVICES + 1)),
            of_scope: Vec::new(),
            by_scope: HashMap::new(),
            scope_numbers: Numbers::new(MOST_SCOPES + MOST_SERVICES + 1),
            scope_places: Vec::new(),
            bytes: 0,
        }
    }
}

/// A key of something that is not told apart.
const OTHERS: u32 = u32::MAX;

impl Services {
    /// Learns the scopes that the store has seen since the last call.
    pub(super) fn learn(&mut self, store: &Store) {
        for number in self.of_scope.len()..store.scope_count() {
            let scope = store.scope(number as u32);
            let next = self.by_scope.len() as u32;
            let key = (scope.name.clone(), scope.version.clone());
            let known = match self.by_scope.get(&key) {
                Some(known) => *known,
                None if self.by_scope.len() >= MOST_SCOPES => OTHERS,
                None => *self.by_scope.entry(key).or_insert(next),
            };
            self.of_scope.push(known);
        }
    }

    /// The service behind a resource of which a span came for the first time.
    fn meet(&mut self, store: &Store, number: u32) -> ServiceIx {
        let place = number as usize;
        if place >= store.resource_count() {
            // The store keeps no more resources apart.
            return self.others();
        }
        let resource = store.resource(number);
        let name = (resource.text("service.namespace").to_owned(), resource.service_name().to_owned());
        let service = match self.by_name.get(&name) {
            Some(service) => *service,
            None if self.by_name.len() >= MOST_SERVICES => self.others(),
            None => {
                let service = self.push(name.0.clone(), Some(name.1.clone()));
                self.by_name.insert(name, service);
                service
            }
        };
        if self.of_resource.len() <= place {
            self.of_resource.resize(place + 1, None);
        }
        self.of_resource[place] = Some(service);
        service
    }

    /// The service that stands for all that are not told apart.
    fn others(&mut self) -> ServiceIx {
        let others = self.others.unwrap_or_else(|| self.push(String::new(), None));
        self.others = Some(others);
        others
    }

    fn push(&mut self, namespace: String, name: Option<String>) -> ServiceIx {
        self.bytes +=
            size_of::<Service>() + 4 * (namespace.len() + name.as_ref().map_or(0, String::len)) + 160;
        self.all.push(Service {
            namespace,
            name,
            spans: 0,
            errors: 0,
            matrix: Default::default(),
            entries: Calls::default(),
            operations: Vec::new(),
            scopes: Vec::new(),
        });
        ServiceIx(self.all.len() as u16 - 1)
    }

    /// The service behind a resource number, where a span came with it.
    #[inline]
    pub(super) fn of(&self, resource: u32) -> Option<ServiceIx> {
        self.of_resource.get(resource as usize).copied().flatten()
    }

    /// Counts a span. Its service, or nothing where that is beyond what can be told apart.
    #[inline]
    pub(super) fn span(&mut self, store: &Store, at: SpanIx) -> ServiceIx {
        let record = store.record(at);
        let service = match self.of(record.resource) {
            Some(service) => service,
            None => self.meet(store, record.resource),
        };
        let counted = &mut self.all[service.0 as usize];
        counted.spans += 1;
        counted.errors += u64::from(record.status() == StatusCode::Error);
        counted.matrix[kind_place(record.kind())][locality_place(record.locality())] += 1;
        let operation = self.operation(service, record);
        let counted = &mut self.operations[operation];
        self.bytes += counted.calls.add(record);
        if counted.calls.count().is_multiple_of(LOOK_EVERY) {
            for example in [&mut counted.slowest, &mut counted.latest_error] {
                *example = example.filter(|example| example.is_held(store));
            }
        }
        let trace = || store.trace(store.slot(at).trace).id;
        keep(&mut counted.slowest, record.duration_ns(), record.span_id, trace);
        if record.status() == StatusCode::Error {
            keep(&mut counted.latest_error, record.end_ns, record.span_id, trace);
        }
        let place = self.scope(service, record.scope);
        let (service_of, at) = self.scope_places[place];
        self.all[service_of.0 as usize].scopes[at as usize].kinds[kind_place(record.kind())] += 1;
        service
    }

    /// Takes back what was counted of a span. Examples of it stay, as those of evicted spans do.
    pub(super) fn take_back(&mut self, record: &SpanRecord) {
        let Some(service) = self.of(record.resource).or(self.others) else { return };
        let counted = &mut self.all[service.0 as usize];
        counted.spans -= 1;
        counted.errors -= u64::from(record.status() == StatusCode::Error);
        counted.matrix[kind_place(record.kind())][locality_place(record.locality())] -= 1;
        let operation = self.operation(service, record);
        self.operations[operation].calls.remove(record);
        let place = self.scope(service, record.scope);
        let (service_of, at) = self.scope_places[place];
        self.all[service_of.0 as usize].scopes[at as usize].kinds[kind_place(record.kind())] -= 1;
    }

    #[inline]
    fn operation(&mut self, service: ServiceIx, record: &SpanRecord) -> usize {
        let kind = record.kind();
        let key =
            |name: u32| u128::from(service.0) << 40 | (kind_place(kind) as u128) << 32 | u128::from(name);
        if record.name != OTHERS
            && let Some(number) = self.operation_numbers.find(key(record.name))
        {
            return number as usize;
        }
        let of_one = self.all[service.0 as usize].operations.len();
        let room = of_one < MOST_OF_ONE && self.operations.len() < MOST_OPERATIONS;
        let name = Some(record.name).filter(|name| room && *name != OTHERS);
        let key = key(name.unwrap_or(OTHERS));
        if let Some(number) = self.operation_numbers.find(key) {
            return number as usize;
        }
        // There are as many numbers as there can be rows for the others.
        let Some(number) = self.operation_numbers.add(key) else { return 0 };
        self.all[service.0 as usize].operations.push(OperationIx(number));
        self.bytes += size_of::<Operation>() + 8;
        let calls = Calls::default();
        self.operations.push(Operation { service, name, kind, calls, slowest: None, latest_error: None });
        number as usize
    }

    #[inline]
    fn scope(&mut self, service: ServiceIx, scope: u32) -> usize {
        let known = self.of_scope.get(scope as usize).copied().unwrap_or(OTHERS);
        let key = |scope: u32| u128::from(service.0) << 32 | u128::from(scope);
        if known != OTHERS
            && let Some(number) = self.scope_numbers.find(key(known))
        {
            return number as usize;
        }
        let known = if self.scope_places.len() < MOST_SCOPES { known } else { OTHERS };
        let key = key(known);
        if let Some(number) = self.scope_numbers.find(key) {
            return number as usize;
        }
        let Some(number) = self.scope_numbers.add(key) else { return 0 };
        let named = self.by_scope.iter().find(|(_, number)| **number == known).map(|(name, _)| name.clone());
        let scopes = &mut self.all[service.0 as usize].scopes;
        self.scope_places.push((service, scopes.len() as u32));
        scopes.push(ScopeCount { scope: named, kinds: [0; KINDS.len()] });
        self.bytes += size_of::<ScopeCount>() + 96;
        number as usize
    }

    /// Counts an entry of a service, or takes it back.
    pub(super) fn entry(&mut self, service: ServiceIx, record: &SpanRecord, counts: bool) {
        let entries = &mut self.all[service.0 as usize].entries;
        if counts {
            self.bytes += entries.add(record);
        } else {
            entries.remove(record);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes
            + self.of_resource.capacity() * size_of::<Option<ServiceIx>>()
            + self.of_scope.capacity() * size_of::<u32>()
            + self.operation_numbers.memory()
            + self.scope_numbers.memory()
            + self.scope_places.capacity() * size_of::<(ServiceIx, u32)>()
            + self.by_scope.len() * 128
    }
}
