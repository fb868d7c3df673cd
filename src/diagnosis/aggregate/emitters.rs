//! Who emits: one instrumentation scope of one service.

use crate::diagnosis::process::{Processes, ServiceIx};
use crate::diagnosis::seen::Seen;
use crate::model::{KeySet, SpanId, SpanKind, SpanRecord, TraceId};
use crate::store::Store;
use std::collections::HashMap;

/// The number of an emitter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct EmitterIx(pub(crate) u32);

/// One instrumentation scope of one service, as far as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Emitter {
    pub(crate) service: ServiceIx,
    /// Scope number of the store: the first of this name and version. Those of other attributes or another schema URL
    /// are the same instrumentation.
    pub(crate) scope: u32,
    /// `telemetry.sdk.language` of the process that was seen first.
    pub(crate) language: String,
    pub(crate) spans: u64,
    /// Spans by the wire number of their kind; the last counts all others.
    pub(crate) kinds: [u64; 7],
    /// Spans without a parent.
    pub(crate) roots: u64,
    pub(crate) entries: u64,
    /// Every watched key that any of its spans had.
    pub(crate) keys: KeySet,
    pub(crate) first_start_ns: u64,
    pub(crate) last_end_ns: u64,
    /// The span that started last: of all it is evicted last.
    pub(crate) latest: (u64, TraceId, SpanId),
}

impl Emitter {
    /// How many of its spans have this kind.
    pub(crate) fn of_kind(&self, kind: SpanKind) -> u64 {
        self.kinds[slot(kind)]
    }
}

fn slot(kind: SpanKind) -> usize {
    usize::try_from(kind.to_wire()).unwrap_or(6).min(6)
}

/// All emitters.
#[derive(Debug, Default)]
pub(crate) struct Emitters {
    all: Vec<Emitter>,
    by_key: HashMap<(ServiceIx, u32), EmitterIx>,
    /// By name and version of the scope.
    by_name: HashMap<(ServiceIx, String, String), EmitterIx>,
    /// The one that was asked for last: spans come in runs.
    last: Option<(ServiceIx, u32, EmitterIx)>,
}

impl Emitters {
    /// The number of a scope of a service, new or known.
    pub(crate) fn number(&mut self, store: &Store, processes: &Processes, record: &SpanRecord) -> EmitterIx {
        let scope = record.scope;
        let process = processes.get(processes.of(record.resource));
        let service = process.service_ix;
        if let Some((last_service, last_scope, emitter)) = self.last
            && (last_service, last_scope) == (service, scope)
        {
            return emitter;
        }
        let next = EmitterIx(self.all.len() as u32);
        let emitter = *self.by_key.entry((service, scope)).or_insert_with(|| {
            let scope = store.scope(scope);
            let name = (service, scope.name.clone(), scope.version.clone());
            *self.by_name.entry(name).or_insert(next)
        });
        if emitter == next {
            self.all.push(Emitter {
                service,
                scope,
                language: process.language.clone(),
                spans: 0,
                kinds: [0; 7],
                roots: 0,
                entries: 0,
                keys: KeySet::default(),
                first_start_ns: u64::MAX,
                last_end_ns: 0,
                latest: (0, TraceId([0; 16]), SpanId::NONE),
            });
        }
        self.last = Some((service, scope, emitter));
        emitter
    }

    /// The number of a scope of a service that was seen.
    pub(crate) fn find(&self, service: ServiceIx, scope: u32) -> Option<EmitterIx> {
        self.by_key.get(&(service, scope)).copied()
    }

    pub(crate) fn get(&self, emitter: EmitterIx) -> &Emitter {
        &self.all[emitter.0 as usize]
    }

    /// All of them, with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EmitterIx, &Emitter)> {
        self.all.iter().enumerate().map(|(i, emitter)| (EmitterIx(i as u32), emitter))
    }

    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let emitter = &mut self.all[seen.emitter.0 as usize];
        emitter.spans += 1;
        emitter.kinds[slot(seen.kind())] += 1;
        emitter.roots += u64::from(seen.record.parent_id.is_none());
        emitter.entries += u64::from(seen.entry);
        emitter.first_start_ns = emitter.first_start_ns.min(seen.record.start_ns);
        self.ended(seen);
        let emitter = &mut self.all[seen.emitter.0 as usize];
        if seen.record.start_ns >= emitter.latest.0 {
            let key = (seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id);
            emitter.latest = key.max(emitter.latest);
        }
    }

    /// What the end of a span tells of it.
    pub(super) fn ended(&mut self, seen: &Seen<'_>) {
        let emitter = &mut self.all[seen.emitter.0 as usize];
        emitter.keys = emitter.keys.or(seen.record.keys);
        emitter.last_end_ns = emitter.last_end_ns.max(seen.record.end_ns);
    }

    pub(super) fn memory(&self) -> usize {
        self.all.capacity() * (size_of::<Emitter>() + 128) + self.by_key.capacity() * 24
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, batches, spans};

    #[test]
    fn a_scope_of_another_schema_url_is_the_same_instrumentation() {
        let line = |n: u32| {
            format!(
                "GET /{n}  s  internal  {n}000..{n}010  get=/{n} trace={n} scope=flask@1\nGET  s  client  {n}020..{n}030  call=http://b/ trace=1{n} scope=urllib@1\n"
            )
        };
        let mut groups = spans(&(1..7).map(line).collect::<String>());
        for group in groups.iter_mut().skip(6) {
            group.scope.schema_url = "https://opentelemetry.io/schemas/1.30.0".to_owned();
        }
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        let said = bench.list(|finding| matches!(finding.rule.id, "client-root" | "http-entry-not-server"));
        assert_eq!(said, ["error http-entry-not-server firm ×6", "info client-root firm ×6"]);
        for group in groups.iter_mut().skip(6) {
            group.scope.version = "2".to_owned();
        }
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        let said = bench.list(|finding| finding.rule.id == "http-entry-not-server");
        assert_eq!(said, ["error http-entry-not-server firm ×3"; 2]);
    }
}
