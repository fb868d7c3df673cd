//! Roots that are no requests, and the requests that their process was busy with at that time.
//!
//! Both are sampled by the stretch of time that they start in, so that what is kept of one can be laid beside what is
//! kept of the other.

use super::pool::{Pool, SampleKey, mix};
use crate::diagnosis::process::ProcessIx;
use crate::diagnosis::role::Role;
use crate::diagnosis::seen::Seen;
use crate::model::{Key, KeySet, SpanKind};
use std::collections::BTreeMap;

/// How many requests of a process are kept.
const ENTRIES: usize = 1024;
/// How many roots of a name are kept.
const ROOTS: usize = 64;
/// How many names of roots are told apart in a process.
const NAMES: usize = 64;
/// How many processes are looked at.
const PROCESSES: usize = 64;
/// A stretch of time: 69 s.
pub(crate) const STRETCH_BITS: u32 = 36;
/// Roots that are meant to be roots: with links to what caused them, or of the telemetry itself.
const INTENDED: KeySet = KeySet::of(&[Key::HasLinks, Key::TelemetryCall, Key::ProbePath, Key::Test]);

/// What a process was busy with.
#[derive(Debug)]
pub(crate) struct Busy {
    /// Ends of requests, nanoseconds since the Unix epoch.
    pub(crate) entries: Pool<u64>,
    /// The longest request, nanoseconds.
    pub(crate) longest_ns: u64,
    /// Roots by scope and name (numbers of the store): how many, and the ends of some.
    pub(crate) roots: BTreeMap<(u32, u32), (u64, Pool<u64>)>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Detached {
    /// By the number of the process.
    processes: Vec<Option<Box<Busy>>>,
    /// How many of them there are.
    known: usize,
}

impl Detached {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        if seen.entry || seen.record.parent_id.is_none() {
            self.note(seen);
        }
    }

    fn note(&mut self, seen: &Seen<'_>) {
        let record = seen.record;
        if !seen.entry && (record.keys.any(INTENDED) || is_own_master(seen)) {
            return;
        }
        let Some(busy) = self.of(seen.process) else { return };
        let hash = mix(record.start_ns >> STRETCH_BITS);
        let key: SampleKey = (hash, record.start_ns, seen.store.trace(seen.trace).id, record.span_id);
        if seen.entry {
            busy.longest_ns = busy.longest_ns.max(record.duration_ns());
            busy.entries.insert(key, record.end_ns);
            return;
        }
        let name = (record.scope, record.name);
        if busy.roots.len() < NAMES || busy.roots.contains_key(&name) {
            let (n, pool) = busy.roots.entry(name).or_insert_with(|| (0, Pool::new(ROOTS)));
            *n += 1;
            pool.insert(key, record.end_ns);
        }
    }

    fn of(&mut self, process: ProcessIx) -> Option<&mut Busy> {
        let number = process.0 as usize;
        if self.processes.len() <= number {
            self.processes.resize_with(number + 1, || None);
        }
        let place = &mut self.processes[number];
        if place.is_none() {
            if self.known >= PROCESSES {
                return None;
            }
            self.known += 1;
            let busy = Busy { entries: Pool::new(ENTRIES), longest_ns: 0, roots: BTreeMap::new() };
            *place = Some(Box::new(busy));
        }
        place.as_deref_mut()
    }

    /// What each process was busy with.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (ProcessIx, &Busy)> {
        let numbered = self.processes.iter().enumerate();
        numbered.filter_map(|(number, busy)| Some((ProcessIx(number as u32), busy.as_deref()?)))
    }

    pub(super) fn memory(&self) -> usize {
        let busy = |busy: &Busy| {
            let roots = busy.roots.values().map(|(_, pool)| pool.memory() + size_of::<Pool<u64>>() + 24);
            busy.entries.memory() + size_of::<Busy>() + roots.sum::<usize>()
        };
        let all = self.processes.iter().flatten().map(|of_process| busy(of_process));
        self.processes.capacity() * size_of::<usize>() + all.sum::<usize>()
    }
}

/// Roots that nothing is expected above: commands, polls, what a browser or a message starts.
fn is_own_master(seen: &Seen<'_>) -> bool {
    matches!(seen.role, Role::Cli | Role::MessageReceive)
        || matches!(seen.kind(), SpanKind::Server | SpanKind::Consumer)
        || seen.of_process.language == "webjs"
}
