//! Spans that share their id with others of their trace: both sides of a call, in some systems; else a generator that was
//! seeded or is broken, or a dump that was sent again with other times. However many there are, one more costs the same.

use super::ingest::Place;
use super::{SpanIx, Store, TraceIx};
use crate::model::{SpanId, SpanRecord};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// How many of the spans with one id are looked at on either side of a time.
const NEAR: usize = 8;
/// How many children of spans with one id are looked at when another one with it comes.
const CHILDREN: usize = 1024;

/// All held spans with ids that more than one span has, or had.
#[derive(Debug, Default)]
pub(super) struct Twins {
    of: HashMap<(TraceIx, SpanId), Sharing>,
    spans: usize,
}

/// Held spans with one id; never none.
#[derive(Debug, Default)]
struct Sharing {
    by_start: BTreeSet<(u64, SpanIx)>,
    by_content: HashMap<Content, SpanIx>,
}

/// What tells a span that is sent again from another: its hash, and its start, nanoseconds since the Unix epoch. Of a
/// hundred thousand spans with one id, two have the same hash of 32 bits.
type Content = (u32, u64);

fn content(record: &SpanRecord) -> Content {
    (record.content_hash, record.start_ns)
}

impl Sharing {
    /// Those that start nearest to a time, on either side.
    fn near(&self, ns: u64) -> impl Iterator<Item = SpanIx> {
        let before = self.by_start.range(..=(ns, SpanIx::NONE)).rev().take(NEAR);
        let after = self.by_start.range((ns, SpanIx::NONE)..).take(NEAR);
        before.chain(after).map(|(_, at)| *at)
    }
}

impl Twins {
    fn of(&self, trace: TraceIx, id: SpanId) -> Option<&Sharing> {
        // Nearly always there are none.
        if self.of.is_empty() { None } else { self.of.get(&(trace, id)) }
    }

    /// Whether held spans have this id that is, or was, of more than one.
    pub(super) fn has(&self, trace: TraceIx, id: SpanId) -> bool {
        self.of(trace, id).is_some()
    }

    fn insert(&mut self, trace: TraceIx, record: &SpanRecord, at: SpanIx) {
        let sharing = self.of.entry((trace, record.span_id)).or_default();
        self.spans += usize::from(sharing.by_start.insert((record.start_ns, at)));
        sharing.by_content.insert(content(record), at);
    }

    fn remove(&mut self, trace: TraceIx, record: &SpanRecord, at: SpanIx) {
        let key = (trace, record.span_id);
        let Some(sharing) = self.of.get_mut(&key) else { return };
        self.spans -= usize::from(sharing.by_start.remove(&(record.start_ns, at)));
        if sharing.by_content.get(&content(record)) == Some(&at) {
            sharing.by_content.remove(&content(record));
        }
        if sharing.by_start.is_empty() {
            self.of.remove(&key);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty() && self.spans == 0
    }

    pub(super) fn memory(&self) -> usize {
        let entry = size_of::<(u64, SpanIx)>() + size_of::<(Content, SpanIx)>() + 16;
        self.spans * entry + self.of.capacity() * size_of::<((TraceIx, SpanId), Sharing)>()
    }
}

impl Store {
    /// All held spans with the ids of this one, itself among them, in the order of their starts: more than one where a
    /// sender is broken.
    pub fn same_ids(&self, at: SpanIx) -> impl DoubleEndedIterator<Item = SpanIx> {
        let sharing = self.sharing(at);
        let alone = (sharing.is_none() && self.slot(at).is_held()).then_some(at);
        sharing.into_iter().flat_map(|sharing| sharing.by_start.iter().map(|(_, at)| *at)).chain(alone)
    }

    /// How many those are.
    pub fn count_same_ids(&self, at: SpanIx) -> usize {
        self.sharing(at).map_or(usize::from(self.slot(at).is_held()), |sharing| sharing.by_start.len())
    }

    /// Of those, the ones that start nearest to this one, without itself: eight on either side at most.
    pub fn nearest_same_ids(&self, at: SpanIx) -> impl Iterator<Item = SpanIx> {
        let near = self.sharing(at).map(|sharing| sharing.near(self.record(at).start_ns));
        near.into_iter().flatten().filter(move |other| *other != at)
    }

    /// Whether a span's own parent may be another one than it has: ids are repeated, and the one that it has did not
    /// run when it started. When its own comes, it takes the span.
    pub fn may_lie_elsewhere(&self, at: SpanIx) -> bool {
        let Some(parent) = self.slot(at).parent().filter(|parent| self.slot(*parent).is_held()) else {
            return false;
        };
        let shares = self.slot(at).shares_its_id() || self.slot(parent).shares_its_id();
        shares && !self.record(parent).ran_at(self.record(at).start_ns)
    }

    fn sharing(&self, at: SpanIx) -> Option<&Sharing> {
        let slot = self.slot(at);
        if slot.shares_its_id() { self.twins.of(slot.trace, slot.record.span_id) } else { None }
    }

    /// The place of a span that has been delivered, where its id is taken: `first` is the slot that is found by it.
    pub(super) fn place_among(
        &mut self,
        trace: TraceIx,
        record: &SpanRecord,
        first: Option<SpanIx>,
    ) -> Place {
        let (id, sharing) = (record.span_id, self.twins.of(trace, record.span_id));
        let first_held = first.filter(|at| self.slot(*at).is_held());
        let same = |at: &SpanIx| content(self.record(*at)) == content(record);
        let again = match sharing {
            Some(sharing) => sharing.by_content.get(&content(record)).copied(),
            None => first_held.filter(same),
        };
        if let Some(held) = again {
            return Place::Again(held);
        }
        let start_ns = record.start_ns;
        let at_once =
            sharing.map(|sharing| sharing.by_start.range((start_ns, SpanIx(0))..=(start_ns, SpanIx::NONE)));
        let told: Vec<SpanIx> = match at_once {
            Some(at_once) => at_once.take(NEAR).map(|(_, at)| *at).collect(),
            None => first_held.into_iter().collect(),
        };
        let mut told = told.into_iter().filter(|at| self.is_same_span(self.record(*at), record));
        let ended = |at: &SpanIx| !self.record(*at).is_running();
        if record.is_running() {
            if told.any(|at| ended(&at)) {
                return Place::Late;
            }
        } else if let Some(held) = told.find(|at| !ended(at)) {
            return Place::Instead(held);
        }
        let at = match first {
            None => self.new_slot(trace, id, false),
            Some(at) if first_held.is_none() => {
                self.unlink(at);
                at
            }
            Some(first) => {
                if !self.slot(first).twinned {
                    self.slots[first.0].twinned = true;
                    let record = *self.record(first);
                    self.twins.insert(trace, &record, first);
                }
                self.new_slot(trace, id, true)
            }
        };
        let slot = &mut self.slots[at.0];
        slot.twinned = !slot.twin;
        self.twins.insert(trace, record, at);
        Place::New(at)
    }

    /// Notes that a held span is told otherwise now, or no longer held.
    pub(super) fn retell_twin(&mut self, at: SpanIx, now: Option<&SpanRecord>) {
        let slot = self.slot(at);
        if !slot.shares_its_id() {
            return;
        }
        let (trace, before) = (slot.trace, slot.record);
        self.twins.remove(trace, &before, at);
        if let Some(now) = now {
            self.twins.insert(trace, now, at);
        }
    }

    /// The parent of a child among the spans with the id that it names; none where no span has it.
    pub(super) fn parent_among(&self, trace: TraceIx, child: &SpanRecord) -> Option<SpanIx> {
        let first = self.find_span(trace, child.parent_id);
        if first.is_some_and(|first| !self.slot(first).twinned) {
            return first;
        }
        let sharing = self.twins.of(trace, child.parent_id);
        let near = sharing.into_iter().flat_map(|sharing| sharing.near(child.start_ns));
        near.max_by_key(|twin| (self.belonging(child, *twin), Reverse(*twin))).or(first)
    }

    /// How well a span fits one of several parents with the id that it names: that of its own process before all
    /// others, whichever came first, then one that ran when it started, then the one that started nearest to it. Who
    /// repeats ids repeats those of whole requests.
    fn belonging(&self, child: &SpanRecord, parent: SpanIx) -> (bool, bool, Reverse<u64>) {
        let parent = self.record(parent);
        let apart = Reverse(parent.start_ns.abs_diff(child.start_ns));
        (parent.resource == child.resource, parent.ran_at(child.start_ns), apart)
    }

    /// Gives a span with a taken id the children that fit it better than those with its id that came before it. Tells
    /// which children, and what they hung from.
    pub(super) fn take_own_children(&mut self, twin: SpanIx, moved: &mut Vec<(SpanIx, SpanIx)>) {
        let others: Vec<SpanIx> = self.nearest_same_ids(twin).collect();
        let children = others.iter().flat_map(|other| self.children(*other).map(|child| (child, *other)));
        let own: Vec<(SpanIx, SpanIx)> = children
            .take(CHILDREN)
            .filter(|(child, other)| {
                let record = self.record(*child);
                self.belonging(record, twin) > self.belonging(record, *other)
            })
            .collect();
        for (child, other) in own {
            if !self.is_within(twin, child) {
                self.unlink(child);
                self.slots[child.0].parent = twin;
                self.link(child);
                moved.push((child, other));
            }
        }
    }

    /// Whether two records with the same ids tell of one span, though not the same: not so where ids collide, or where
    /// two sides of a call share one. What a process sends after another one has ended has a resource number of its own.
    fn is_same_span(&self, a: &SpanRecord, b: &SpanRecord) -> bool {
        (a.start_ns, a.parent_id, a.kind(), a.scope) == (b.start_ns, b.parent_id, b.kind(), b.scope)
            && (a.resource == b.resource || self.resource(a.resource) == self.resource(b.resource))
    }
}
