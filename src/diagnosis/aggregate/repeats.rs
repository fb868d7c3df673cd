//! Spans that repeat the span around them: one request, or one call, recorded by two layers of a process.

use super::emitters::{EmitterIx, Emitters};
use crate::diagnosis::MAX_SPAN_IDS;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::role::{Role, ScopeTraits, role};
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::{Distinct, SampleKey};
use crate::model::{Facts, Key, Method, ParentLocality, SpanId, SpanKind, SpanRecord, hash64};
use crate::store::{SpanIx, Store};
use std::collections::{BTreeMap, HashMap};

/// How many INTERNAL spans may lie between two SERVER spans of one request.
const BETWEEN: usize = 16;
/// How many spans may wait for what is above them.
const WAITING: usize = 1 << 16;
/// How far a span may reach out of the one around it, nanoseconds.
const EPSILON_NS: u64 = 2_000_000;

/// Who records around whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct RepeatKey {
    pub(crate) kind: SpanKind,
    pub(crate) outer: EmitterIx,
    pub(crate) inner: EmitterIx,
}

/// What one layer repeats of another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeat {
    /// How many inner spans.
    pub(crate) n: u64,
    /// Of these, of how many the sender says that the parent is local.
    pub(crate) local: u64,
    /// The earliest inner spans, and the name of the span around each, a string number.
    pub(crate) sample: BTreeMap<SampleKey, u32>,
    pub(crate) traces: Distinct,
}

/// All repeated spans, by who repeats whom.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    all: BTreeMap<RepeatKey, Repeat>,
    /// SERVER spans whose chain of INTERNAL spans ends here, under a parent that has not arrived.
    waiting: HashMap<SpanIx, Vec<(SpanIx, SpanId)>>,
    waiting_count: usize,
}

impl Repeats {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RepeatKey, &Repeat)> {
        self.all.iter()
    }

    pub(super) fn pair(&mut self, emitters: &Emitters, child: &Seen<'_>, parent: &Seen<'_>) {
        match (child.kind(), parent.kind()) {
            (SpanKind::Server, SpanKind::Server | SpanKind::Internal) => {
                self.climb(emitters, child, child.at, parent.at);
            }
            (SpanKind::Client, SpanKind::Client) if is_same_call(child, parent) => {
                self.note(child.store, child.emitter, parent.emitter, child.at, parent.record);
            }
            (SpanKind::Internal, _) if !self.waiting.is_empty() => {
                for (inner, id) in self.waiting.remove(&child.at).unwrap_or_default() {
                    self.waiting_count -= 1;
                    let slot = child.store.slot(inner);
                    if slot.is_held() && slot.record.span_id == id {
                        self.climb(emitters, child, inner, parent.at);
                    }
                }
            }
            _ => {}
        }
    }

    /// Looks for the SERVER span around `inner`, from `at` upwards. `any` is any span of its process.
    fn climb(&mut self, emitters: &Emitters, any: &Seen<'_>, inner: SpanIx, at: SpanIx) {
        let store = any.store;
        let own = store.record(inner);
        if own.locality() == ParentLocality::Remote {
            return;
        }
        let mut at = at;
        for _ in 0..BETWEEN {
            let slot = store.slot(at);
            if slot.record.resource != own.resource {
                return;
            }
            match slot.record.kind() {
                SpanKind::Server => {
                    let scope = |record: &SpanRecord| emitters.find(any.service, record.scope);
                    if is_same_request(store, inner, at)
                        && let (Some(from), Some(around)) = (scope(own), scope(&slot.record))
                    {
                        self.note(store, from, around, inner, &slot.record);
                    }
                    return;
                }
                SpanKind::Internal if slot.record.locality() != ParentLocality::Remote => {}
                _ => return,
            }
            let Some(parent) = slot.parent() else { return };
            if !store.slot(parent).is_held() {
                if self.waiting_count < WAITING {
                    self.waiting_count += 1;
                    self.waiting.entry(at).or_default().push((inner, own.span_id));
                }
                return;
            }
            at = parent;
        }
    }

    fn note(&mut self, store: &Store, inner: EmitterIx, outer: EmitterIx, at: SpanIx, around: &SpanRecord) {
        let record = store.record(at);
        let trace = store.trace(store.slot(at).trace).id;
        let repeat = self.all.entry(RepeatKey { kind: record.kind(), outer, inner }).or_default();
        repeat.n += 1;
        repeat.local += u64::from(record.locality() == ParentLocality::Local);
        repeat.traces.add(hash64(&trace.0));
        let key = (record.start_ns, trace, record.span_id);
        insert_bounded(&mut repeat.sample, MAX_SPAN_IDS, key, around.name);
    }

    pub(super) fn forget(&mut self, at: SpanIx) {
        if let Some(gone) = self.waiting.remove(&at) {
            self.waiting_count -= gone.len();
        }
    }

    pub(super) fn memory(&self) -> usize {
        let one = |repeat: &Repeat| {
            size_of::<(RepeatKey, Repeat)>() + repeat.sample.len() * 40 + repeat.traces.memory()
        };
        self.all.values().map(one).sum::<usize>()
            + self.waiting.capacity() * size_of::<(SpanIx, Vec<(SpanIx, SpanId)>)>()
            + self.waiting_count * size_of::<(SpanIx, SpanId)>()
    }
}

fn lies_in(inner: &SpanRecord, outer: &SpanRecord) -> bool {
    inner.start_ns + EPSILON_NS >= outer.start_ns && inner.end_ns <= outer.end_ns + EPSILON_NS
}

/// Whether two SERVER spans of one process describe one request of one protocol.
fn is_same_request(store: &Store, inner: SpanIx, outer: SpanIx) -> bool {
    let (i, o) = (store.record(inner), store.record(outer));
    let (Some(inner_facts), Some(outer_facts)) = (store.facts(inner), store.facts(outer)) else {
        return false;
    };
    let plain = ScopeTraits::default();
    let family = role(i, Some(inner_facts), plain);
    if family != role(o, Some(outer_facts), plain) || !matches!(family, Role::HttpIn | Role::RpcIn) {
        return false;
    }
    // Without flags a resource may stand for several processes, whose calls of each other look the same.
    let named = |record: &SpanRecord| !store.scope(record.scope).name.is_empty();
    if i.locality() == ParentLocality::Unknown && !(named(i) && named(o) && i.scope != o.scope) {
        return false;
    }
    let overlap = i.start_ns <= o.end_ns + EPSILON_NS && o.start_ns <= i.end_ns + EPSILON_NS;
    overlap && describe_one_request(inner_facts, outer_facts)
}

fn describe_one_request(a: &Facts, b: &Facts) -> bool {
    let methods = a.method == b.method || a.method == Method::None || b.method == Method::None;
    let connection = a.peer_port == b.peer_port || a.peer_port == 0 || b.peer_port == 0;
    methods && connection && (a.path_matches(b) || a.route != 0 && a.route == b.route)
}

/// Whether a CLIENT span and the one around it describe one call of one protocol.
fn is_same_call(inner: &Seen<'_>, outer: &Seen<'_>) -> bool {
    if inner.role != outer.role || inner.process != outer.process || !lies_in(inner.record, outer.record) {
        return false;
    }
    if inner.role == Role::DatabaseOut {
        return inner.record.name == outer.record.name;
    }
    let (Some(i), Some(o)) = (inner.facts, outer.facts) else { return false };
    let same_path = i.path[0] != 0 && i.path[0] == o.path[0];
    match inner.role {
        Role::RpcOut => same_path,
        Role::HttpOut => {
            !inner.has(Key::HttpResendCount)
                && same_path
                && i.method == o.method
                && i.host != 0
                && i.host == o.host
        }
        _ => false,
    }
}
