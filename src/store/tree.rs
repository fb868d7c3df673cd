//! The tree of a trace: sorted lists of siblings, linked through the slots.
//!
//! Siblings are sorted by start, then by id. Most spans arrive nearly in that order, so a place is looked for
//! from both ends; only where that takes too long does an ordered set of the siblings help.

use super::{Cuts, MAX_DEPTH, OrderKey, Presence, SpanIx, Store, TraceIx};
use std::ops::Bound;

/// How many siblings are passed from the end of a list before an ordered set is built for it.
const SCAN: usize = 32;

/// A list of siblings.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) first: SpanIx,
    pub(super) last: SpanIx,
    pub(super) len: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { first: SpanIx::NONE, last: SpanIx::NONE, len: 0 }
    }
}

/// Whose list: the children of a span, or the roots of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Owner {
    Span(SpanIx),
    Trace(TraceIx),
}

impl Store {
    pub(super) fn order_key(&self, at: SpanIx) -> OrderKey {
        let record = self.record(at);
        (record.start_ns, record.span_id.0, at)
    }

    pub(super) fn list(&self, owner: Owner) -> List {
        match owner {
            Owner::Span(at) => self.slots[at.0].children,
            Owner::Trace(trace) => self.traces[trace.0].roots,
        }
    }

    fn list_mut(&mut self, owner: Owner) -> &mut List {
        match owner {
            Owner::Span(at) => &mut self.slots[at.0].children,
            Owner::Trace(trace) => &mut self.traces[trace.0].roots,
        }
    }

    /// The list that a slot is in: its parent's children, or the roots. Cut spans are in neither.
    pub(super) fn owner(&self, at: SpanIx) -> Owner {
        let slot = self.slot(at);
        slot.parent().map_or(Owner::Trace(slot.trace), Owner::Span)
    }

    /// Links a slot into its owner's list.
    pub(super) fn link(&mut self, at: SpanIx) {
        let owner = self.owner(at);
        let key = self.order_key(at);
        let before = self.place(owner, key);
        let after = match before.some() {
            Some(before) => self.slots[before.0].next,
            None => self.list(owner).first,
        };
        self.slots[at.0].prev = before;
        self.slots[at.0].next = after;
        match before.some() {
            Some(before) => self.slots[before.0].next = at,
            None => self.list_mut(owner).first = at,
        }
        match after.some() {
            Some(after) => self.slots[after.0].prev = at,
            None => self.list_mut(owner).last = at,
        }
        self.list_mut(owner).len += 1;
        if let Some(set) = self.wide.get_mut(&owner) {
            set.insert(key);
        }
        if let (Owner::Trace(_), Some(cuts)) = (owner, self.cuts_of(at)) {
            cuts.tops.insert(key);
        }
        if self.list(owner).len as usize > SCAN
            && let Owner::Span(parent) = owner
            && self.has_cut_children(parent)
        {
            self.widen(owner);
        }
    }

    /// Takes a slot out of its owner's list. Its times must not have changed since it was linked.
    pub(super) fn unlink(&mut self, at: SpanIx) {
        let owner = self.owner(at);
        let key = self.order_key(at);
        let (prev, next) = (self.slots[at.0].prev, self.slots[at.0].next);
        match prev.some() {
            Some(prev) => self.slots[prev.0].next = next,
            None => self.list_mut(owner).first = next,
        }
        match next.some() {
            Some(next) => self.slots[next.0].prev = prev,
            None => self.list_mut(owner).last = prev,
        }
        (self.slots[at.0].prev, self.slots[at.0].next) = (SpanIx::NONE, SpanIx::NONE);
        self.list_mut(owner).len -= 1;
        let emptied = self.list(owner).len == 0;
        if let Some(set) = self.wide.get_mut(&owner) {
            set.remove(&key);
            if emptied {
                self.wide.remove(&owner);
            }
        }
        if let (Owner::Trace(_), Some(cuts)) = (owner, self.cuts_of(at)) {
            cuts.tops.remove(&key);
        }
    }

    fn cuts_of(&mut self, at: SpanIx) -> Option<&mut Cuts> {
        let trace = self.slots[at.0].trace;
        self.traces[trace.0].cuts.as_deref_mut()
    }

    /// The sibling after which a key belongs, or none for the front.
    fn place(&mut self, owner: Owner, key: OrderKey) -> SpanIx {
        let list = self.list(owner);
        let mut at = list.last;
        for _ in 0..SCAN {
            match at.some() {
                Some(sibling) if self.order_key(sibling) > key => at = self.slots[sibling.0].prev,
                _ => return at,
            }
        }
        if self.order_key(list.first) > key {
            return SpanIx::NONE;
        }
        self.widen(owner);
        self.wide[&owner].range(..key).next_back().map_or(SpanIx::NONE, |(_, _, at)| *at)
    }

    /// Makes sure that a list has an ordered set beside it.
    fn widen(&mut self, owner: Owner) {
        if !self.wide.contains_key(&owner) {
            let set = self.siblings(self.list(owner).first).map(|s| self.order_key(s)).collect();
            self.wide.insert(owner, set);
        }
    }

    /// The first linked sibling after a key that need not be in the list.
    pub(super) fn linked_after(&self, owner: Owner, key: OrderKey) -> Option<SpanIx> {
        match self.wide.get(&owner) {
            Some(set) => set.range((Bound::Excluded(key), Bound::Unbounded)).next().map(|(_, _, at)| *at),
            None => self.siblings(self.list(owner).first).find(|at| self.order_key(*at) > key),
        }
    }

    /// The last linked sibling before a key that need not be in the list.
    pub(super) fn linked_before(&self, owner: Owner, key: OrderKey) -> Option<SpanIx> {
        match self.wide.get(&owner) {
            Some(set) => set.range(..key).next_back().map(|(_, _, at)| *at),
            None => {
                let last = self.list(owner).last.some();
                std::iter::successors(last, |at| self.slots[at.0].prev.some())
                    .find(|at| self.order_key(*at) < key)
            }
        }
    }

    /// A sibling and those after it.
    pub(super) fn siblings(&self, first: SpanIx) -> impl Iterator<Item = SpanIx> {
        std::iter::successors(first.some(), |at| self.slots[at.0].next.some())
    }

    /// The children that a span was recorded with and that were not cut off, in order.
    pub fn children(&self, at: SpanIx) -> impl Iterator<Item = SpanIx> {
        self.siblings(self.slot(at).children.first)
    }

    /// The roots of a trace, placeholders of missing parents among them, in order.
    pub fn roots(&self, trace: TraceIx) -> impl Iterator<Item = SpanIx> {
        self.siblings(self.trace(trace).roots.first)
    }

    /// Cuts the edge to a span's parent, or mends it: the span then starts a request of its own, or no longer.
    pub fn set_cut(&mut self, at: SpanIx, cut: bool) {
        let slot = self.slot(at);
        if slot.cut == cut || !slot.is_held() || slot.parent().is_none() {
            return;
        }
        let (parent, trace) = (slot.parent, slot.trace);
        let key = self.order_key(at);
        if cut {
            if self.traces[trace.0].cuts.is_none() {
                let tops = self.roots(trace).map(|root| self.order_key(root)).collect();
                self.traces[trace.0].cuts = Some(Box::new(Cuts { tops, ..Cuts::default() }));
            }
            self.unlink(at);
            if self.list(Owner::Span(parent)).len as usize > SCAN {
                self.widen(Owner::Span(parent));
            }
            self.slots[at.0].cut = true;
            self.slots[parent.0].cut_children += 1;
            let duration = self.record(at).duration_ns();
            let trace = &mut self.traces[trace.0];
            trace.longest_request_ns = trace.longest_request_ns.max(duration);
            if let Some(cuts) = &mut trace.cuts {
                cuts.tops.insert(key);
                cuts.by_parent.insert((parent, key));
            }
        } else {
            self.uncut(at);
            self.link(at);
        }
        self.touch_age(trace);
    }

    /// Takes a cut span out of the tops of its trace.
    pub(super) fn uncut(&mut self, at: SpanIx) {
        let (trace, parent, key) = (self.slot(at).trace, self.slot(at).parent, self.order_key(at));
        self.slots[at.0].cut = false;
        self.slots[parent.0].cut_children -= 1;
        let trace = &mut self.traces[trace.0];
        if let Some(cuts) = &mut trace.cuts {
            cuts.tops.remove(&key);
            cuts.by_parent.remove(&(parent, key));
            if cuts.by_parent.is_empty() {
                trace.cuts = None;
            }
        }
    }

    /// Whether any cut span was recorded under this one.
    pub(super) fn has_cut_children(&self, at: SpanIx) -> bool {
        self.slot(at).cut_children > 0
    }

    /// Cut spans recorded under `at`, from `key` on.
    pub(super) fn cut_children(
        &self,
        at: SpanIx,
        key: OrderKey,
    ) -> impl DoubleEndedIterator<Item = OrderKey> {
        let end = (u64::MAX, u64::MAX, SpanIx::NONE);
        let any = self.has_cut_children(at).then(|| self.trace(self.slot(at).trace).cuts.as_deref());
        any.flatten()
            .into_iter()
            .flat_map(move |cuts| cuts.by_parent.range((at, key)..=(at, end)).map(|(_, key)| *key))
    }

    /// The tops of an un-merged trace; nothing when no edge is cut.
    pub(super) fn tops(&self, trace: TraceIx) -> Option<&std::collections::BTreeSet<OrderKey>> {
        self.trace(trace).cuts.as_deref().map(|cuts| &cuts.tops)
    }

    /// Whether `at` is `of` or below it, looking at no more than [`MAX_DEPTH`] ancestors; beyond them the answer is yes,
    /// since what cannot be checked must not become a loop.
    pub(super) fn is_within(&self, at: SpanIx, of: SpanIx) -> bool {
        let mut ancestors = std::iter::successors(Some(at), |at| self.slot(*at).parent());
        ancestors.by_ref().take(MAX_DEPTH).any(|a| a == of) || ancestors.next().is_some()
    }

    /// Widens a placeholder over a child's times, and so its parents that are placeholders.
    pub(super) fn cover(&mut self, placeholder: SpanIx, start_ns: u64, end_ns: u64) {
        let slot = &self.slots[placeholder.0];
        if slot.presence == Presence::Held {
            return;
        }
        // It started before its children, so it is drawn above them.
        let start_ns = start_ns.saturating_sub(1);
        if start_ns < slot.record.start_ns {
            self.unlink(placeholder);
            self.slots[placeholder.0].record.start_ns = start_ns;
            self.link(placeholder);
        }
        let record = &mut self.slots[placeholder.0].record;
        record.end_ns = record.end_ns.max(end_ns);
    }
}
