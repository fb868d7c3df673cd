//! What is known of each trace beside the store's own, and the few traces that something is odd about.

use crate::diagnosis::marks::RuleSet;
use crate::diagnosis::process::{ProcessIx, ServiceIx};
use crate::diagnosis::seen::Seen;
use crate::model::{SpanId, TraceId};
use crate::store::segments::Segments;
use crate::store::{SpanIx, Store, TraceIx};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many traces with several roots are remembered.
const COLLISIONS: usize = 1024;
/// How many roots of one of them.
const ROOTS: usize = 64;
/// How many traces that grow without end are remembered.
const GROWING: usize = 256;
/// A trace that lasts longer than this may be one that never ends, nanoseconds.
pub(crate) const GROWING_NS: u64 = 600_000_000_000;
/// How many spans or entries such a trace has at least.
pub(crate) const GROWING_SPANS: u32 = 1000;
pub(crate) const GROWING_ENTRIES: u32 = 10;

/// What is known of one trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TraceNote {
    /// [`Trace::seq`](crate::store::Trace::seq): a number may be another trace's after an eviction.
    seq: u64,
    /// Rules on spans and pairs that have marked something of it, but for spans that ran.
    marked: RuleSet,
    /// The first root that came.
    first_root: SpanIx,
    pub(crate) entries: u32,
    /// The two longest spans, nanoseconds.
    pub(crate) longest_ns: [u64; 2],
}

/// A root of a trace that has several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) end_ns: u64,
    pub(crate) service: ServiceIx,
    pub(crate) process: ProcessIx,
    /// It handles something from outside of its process.
    pub(crate) entry: bool,
    /// Another span with the same id was there before it.
    pub(crate) twin: bool,
}

/// A trace with several roots: how many, and the earliest by start, id and content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collision {
    pub(crate) n: u64,
    pub(crate) entries: u64,
    pub(crate) roots: BTreeMap<(u64, SpanId, u32), Root>,
}

/// A trace some spans of which were sent while they ran, and have not been told to have ended.
#[derive(Clone, Copy, Debug)]
struct Running {
    /// [`Trace::seq`](crate::store::Trace::seq).
    seq: u64,
    spans: u32,
    /// Rules that have marked something of such spans.
    marked: RuleSet,
}

/// Notes on all traces.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    notes: Segments<TraceNote>,
    running: HashMap<TraceIx, Running>,
    pub(crate) collisions: BTreeMap<TraceId, Collision>,
    /// By number and [`Trace::seq`](crate::store::Trace::seq).
    growing: BTreeSet<(TraceIx, u64)>,
}

impl Traces {
    /// The note on a trace, made anew where the number was another trace's.
    pub(crate) fn note(&mut self, store: &Store, trace: TraceIx) -> &mut TraceNote {
        let seq = store.trace(trace).seq;
        let fresh = |seq| TraceNote {
            seq,
            marked: RuleSet::default(),
            first_root: SpanIx::NONE,
            entries: 0,
            longest_ns: [0; 2],
        };
        self.notes.grow(trace.0 as usize + 1, || fresh(u64::MAX));
        let note = &mut self.notes[trace.0];
        if note.seq != seq {
            *note = fresh(seq);
        }
        note
    }

    /// What is known of a trace.
    pub(crate) fn get(&self, store: &Store, trace: TraceIx) -> Option<&TraceNote> {
        self.notes.get(trace.0).filter(|note| note.seq == store.trace(trace).seq)
    }

    /// Notes that a rule has marked a span. What is marked of one that runs holds as long as it does.
    pub(crate) fn mark(&mut self, seen: &Seen<'_>, rule: u8) {
        if !seen.record.is_running() {
            self.note(seen.store, seen.trace).marked.insert(rule);
        } else if let Some(running) = self.running.get_mut(&seen.trace) {
            running.marked.insert(rule);
        }
    }

    /// Notes that a rule has marked a span together with its parent.
    pub(crate) fn mark_pair(&mut self, child: &Seen<'_>, rule: u8) {
        self.note(child.store, child.trace).marked.insert(rule);
    }

    /// Rules on spans and pairs that have marked something of a trace.
    pub(crate) fn marked(&self, store: &Store, trace: TraceIx) -> RuleSet {
        let marked = self.get(store, trace).map(|note| note.marked).unwrap_or_default();
        let running = self.running.get(&trace).filter(|running| running.seq == store.trace(trace).seq);
        running.map_or(marked, |running| marked.or(running.marked))
    }

    /// Notes that a span runs.
    fn run(&mut self, seen: &Seen<'_>) {
        let seq = seen.store.trace(seen.trace).seq;
        let fresh = Running { seq, spans: 0, marked: RuleSet::default() };
        let running = self.running.entry(seen.trace).or_insert(fresh);
        if running.seq != seq {
            *running = fresh;
        }
        running.spans += 1;
    }

    /// Notes that a span has ended that was sent while it ran.
    pub(super) fn ended(&mut self, seen: &Seen<'_>) {
        let seq = seen.store.trace(seen.trace).seq;
        if let Some(running) = self.running.get_mut(&seen.trace).filter(|running| running.seq == seq) {
            running.spans = running.spans.saturating_sub(1);
            if running.spans == 0 {
                self.running.remove(&seen.trace);
            }
        }
    }

    /// Traces that may grow without end, and their notes.
    pub(crate) fn growing<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = (TraceIx, &'a TraceNote)> {
        let held = |(trace, seq): &(TraceIx, u64)| self.get(store, *trace).filter(|note| note.seq == *seq);
        self.growing.iter().filter_map(move |key| Some((key.0, held(key)?)))
    }

    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let (store, record) = (seen.store, seen.record);
        let trace = store.trace(seen.trace);
        if record.is_running() {
            self.run(seen);
        }
        let note = self.note(store, seen.trace);
        note.entries += u32::from(seen.entry);
        let duration = record.duration_ns();
        if duration > note.longest_ns[0] {
            note.longest_ns = [duration, note.longest_ns[0]];
        } else if duration > note.longest_ns[1] {
            note.longest_ns[1] = duration;
        }
        let large = trace.spans >= GROWING_SPANS || note.entries >= GROWING_ENTRIES;
        let seq = note.seq;
        let root = record.parent_id.is_none() && !store.slot(seen.at).cyclic && !is_version(seen);
        let first = note.first_root;
        if root && first == SpanIx::NONE {
            note.first_root = seen.at;
        }
        if large && trace.duration_ns() > GROWING_NS {
            self.growing.insert((seen.trace, seq));
            if self.growing.len() > GROWING {
                self.growing.pop_first();
            }
        }
        if root && first != SpanIx::NONE {
            self.collide(seen, first);
        }
    }

    fn collide(&mut self, seen: &Seen<'_>, first: SpanIx) {
        let store = seen.store;
        let id = store.trace(seen.trace).id;
        let known = self.collisions.contains_key(&id);
        if !known && self.collisions.len() >= COLLISIONS {
            return;
        }
        let collision = self.collisions.entry(id).or_default();
        let slot = store.slot(first);
        if !known && slot.is_held() && slot.trace == seen.trace && slot.record.parent_id.is_none() {
            let record = &slot.record;
            let (process, service) =
                (seen.processes.of(record.resource), seen.processes.service_of(record.resource));
            let entry = seen.chains.is_entry(first);
            let root = Root { end_ns: record.end_ns, service, process, entry, twin: slot.twin };
            collision.add((record.start_ns, record.span_id, record.content_hash), root);
        }
        let record = seen.record;
        let twin = store.slot(seen.at).twin;
        let root = Root {
            end_ns: record.end_ns,
            service: seen.service,
            process: seen.process,
            entry: seen.entry,
            twin,
        };
        collision.add((record.start_ns, record.span_id, record.content_hash), root);
    }

    pub(super) fn memory(&self) -> usize {
        let roots: usize = self.collisions.values().map(|collision| collision.roots.len()).sum();
        self.notes.memory()
            + self.collisions.len() * (size_of::<Collision>() + 24)
            + roots * 64
            + self.growing.len() * 24
            + self.running.capacity() * (size_of::<(TraceIx, Running)>() + 1)
    }
}

/// Whether a span is another version of one that was there before: the same span, sent again with other content.
fn is_version(seen: &Seen<'_>) -> bool {
    let record = seen.record;
    seen.store.slot(seen.at).twin
        && seen.store.find_span(seen.trace, record.span_id).is_some_and(|first| {
            let first = seen.store.record(first);
            first.start_ns == record.start_ns
                && first.name == record.name
                && first.resource == record.resource
        })
}

impl Collision {
    fn add(&mut self, key: (u64, SpanId, u32), root: Root) {
        self.n += 1;
        self.entries += u64::from(root.entry);
        crate::diagnosis::group::insert_bounded(&mut self.roots, ROOTS, key, root);
    }
}
