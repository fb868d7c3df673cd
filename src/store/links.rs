//! Links followed both ways: from a span to those that it links to, and back.

use super::index::link_key;
use super::{SpanIx, Store};
use crate::model::{Key, SpanId, TraceId};
use crate::otlp::glimpse;

/// How many links of one span are listed under their targets: eight times what an SDK keeps unless told otherwise.
const LISTED: usize = 1024;
/// How many spans that link to one are named.
const NAMED: usize = 256;

impl Store {
    /// The spans that a span links to, whether they are held or not.
    pub fn links_of(&self, at: SpanIx) -> impl Iterator<Item = (TraceId, SpanId)> {
        let linked = self.record(at).keys.has(Key::HasLinks);
        self.span_bytes(at).filter(|_| linked).into_iter().flat_map(glimpse::links)
    }

    /// Spans that link to this one, at most 256 of them, by their own start.
    pub fn linking_to(&self, trace: TraceId, span: SpanId) -> Vec<SpanIx> {
        let listed = self.linking.all(link_key(trace, span)).map(SpanIx).take(NAMED);
        let mut linking: Vec<SpanIx> =
            listed.filter(|at| self.links_of(*at).take(LISTED).any(|to| to == (trace, span))).collect();
        linking.sort_by_key(|at| self.order_key(*at));
        linking.dedup();
        linking
    }

    /// When a span's events were, and whether each is a recorded exception.
    pub fn events_of(&self, at: SpanIx) -> impl Iterator<Item = (u64, bool)> {
        self.span_bytes(at).into_iter().flat_map(glimpse::events)
    }

    /// Lists a span that has just been taken in under the spans that it links to.
    pub(super) fn note_links(&mut self, at: SpanIx, span: &[u8]) {
        for (trace, id) in glimpse::links(span).take(LISTED) {
            self.linking.insert(link_key(trace, id), at.0);
        }
    }

    /// Takes a span that is about to be freed off these lists.
    pub(super) fn forget_links(&mut self, at: SpanIx) {
        if self.record(at).keys.has(Key::HasLinks) {
            let targets: Vec<_> = self.links_of(at).take(LISTED).collect();
            for (trace, id) in targets {
                self.linking.remove(link_key(trace, id), at.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arrived, Store};
    use crate::model::{SpanId, TraceId};
    use crate::testkit::by_end;

    #[test]
    fn links_are_followed_back_until_their_span_is_evicted() {
        let mut store = Store::new();
        for batch in by_end("a  s  internal  0..9  links\nb  s  internal  10..19\n") {
            store.ingest(batch, &mut Arrived::default());
        }
        let target = (TraceId([9; 16]), SpanId(9));
        let linking = store.linking_to(target.0, target.1);
        assert_eq!(linking.len(), 1);
        assert_eq!(store.links_of(linking[0]).collect::<Vec<_>>(), [target]);
        assert_eq!(store.linking_to(target.0, SpanId(10)), []);
        store.evict(usize::MAX, &mut Vec::new());
        assert_eq!(store.linking_to(target.0, target.1), []);
    }
}
