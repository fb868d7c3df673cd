//! Looking around a marked span when it is time to speak: by then its neighbours are here, or will not come.
//!
//! Only for the few spans that a tally keeps, and only a few steps: what a rule says costs the same whatever is held.

use super::aggregate::Cx;
use super::claim::Case;
use super::role::Role;
use super::tally::Sample;
use crate::model::{Facts, ParentLocality, SpanKind, SpanRecord};
use crate::store::{SpanIx, View};

/// How many spans above one are looked at.
const UP: usize = 16;
/// How many children of one are looked at.
const DOWN: usize = 64;

impl<'a> Case<'a> {
    /// The earliest marked spans, as far as they are still held.
    pub(crate) fn held(&self) -> impl Iterator<Item = (SpanIx, &'a Sample)> + '_ {
        let store = self.cx.store;
        self.tally.sample.iter().filter_map(move |((_, trace, span), sample)| {
            let at = store.find_span(store.find_trace(*trace)?, *span)?;
            store.slot(at).is_held().then_some((at, sample))
        })
    }
}

impl<'a> Cx<'a> {
    pub(crate) fn record(&self, at: SpanIx) -> &'a SpanRecord {
        self.store.record(at)
    }

    pub(crate) fn kind(&self, at: SpanIx) -> SpanKind {
        self.record(at).kind()
    }

    pub(crate) fn role(&self, at: SpanIx) -> Role {
        self.chains.role(at)
    }

    pub(crate) fn facts(&self, at: SpanIx) -> Option<&'a Facts> {
        self.store.facts(at)
    }

    /// The parent, where it was received.
    pub(crate) fn parent(&self, at: SpanIx) -> Option<SpanIx> {
        self.store.slot(at).parent().filter(|parent| self.store.slot(*parent).is_held())
    }

    /// Whether both spans come from one process, as far as resources tell.
    pub(crate) fn same_process(&self, a: SpanIx, b: SpanIx) -> bool {
        let process = |at| self.processes.of(self.record(at).resource);
        process(a) == process(b)
    }

    /// The spans above one in its own process, nearest first.
    pub(crate) fn above(&self, at: SpanIx) -> impl Iterator<Item = SpanIx> + use<'a> {
        let cx = *self;
        let up = move |at: &SpanIx| {
            let local = cx.record(*at).locality() != ParentLocality::Remote;
            cx.parent(*at).filter(|parent| local && cx.same_process(*at, *parent))
        };
        std::iter::successors(up(&at), up).take(UP)
    }

    /// The children of a span, earliest first.
    pub(crate) fn below(&self, at: SpanIx) -> impl Iterator<Item = SpanIx> + use<'a> {
        let store = self.store;
        let next = move |child: &SpanIx| store.next_sibling(*child, View::Recorded);
        std::iter::successors(store.first_child(at, View::Recorded), next).take(DOWN)
    }

    /// Whether what a span called continues its trace: a child that handles something, in another process or over a
    /// carrier.
    pub(crate) fn was_continued(&self, at: SpanIx) -> bool {
        self.below(at).any(|child| {
            let remote =
                self.record(child).locality() == ParentLocality::Remote || !self.same_process(at, child);
            remote && matches!(self.kind(child), SpanKind::Server | SpanKind::Consumer)
        })
    }

    /// The value of the first of these attributes that a span has, as text.
    pub(crate) fn attribute(&self, at: SpanIx, names: &[&str]) -> Option<String> {
        let span = self.store.decode(at)?;
        let value =
            |name: &&str| span.attributes.iter().find(|(key, _)| key == name).map(|(_, v)| v.to_string());
        names.iter().find_map(value)
    }
}
