//! Spans on their way out: as a request of their own, or as bytes for a worker to write.

use super::{SpanIx, Store};
use crate::otlp::encode::{Encoded, request_of};
use bytes::Bytes;
use std::collections::HashMap;

impl Store {
    /// An `ExportTraceServiceRequest` with these spans, each as it came, under its resource and scope. Placeholders are
    /// left out.
    pub fn request_of(&self, spans: impl IntoIterator<Item = SpanIx>) -> Bytes {
        let mut groups: Vec<Encoded<'_>> = Vec::new();
        let mut place: HashMap<(u32, u32), usize> = HashMap::new();
        for at in spans {
            let Some(bytes) = self.span_bytes(at) else { continue };
            let record = self.record(at);
            let group = *place.entry((record.resource, record.scope)).or_insert_with(|| {
                let (resource, scope) = (self.resource(record.resource), self.scope(record.scope));
                groups.push(Encoded { resource, scope, items: Vec::new() });
                groups.len() - 1
            });
            groups[group].items.push(bytes);
        }
        request_of(&groups)
    }

    /// The encoded `Span` message as a share of the request that it came with: it stays when the span is evicted.
    pub fn shared_bytes(&self, at: SpanIx) -> Option<Bytes> {
        let slot = self.slot(at);
        let batch = self.batches[if slot.is_held() { slot.batch } else { return None }].as_ref()?;
        let (from, len) = (slot.record.offset as usize, slot.record.len as usize);
        (from + len <= batch.bytes.len()).then(|| batch.bytes.slice(from..from + len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;
    use crate::otlp::walk;
    use crate::store::{Arrived, View};
    use crate::testkit::by_end;

    #[test]
    fn what_goes_out_is_what_came_in() {
        let mut store = Store::new();
        for batch in by_end(
            "a  shop  server  0..90  get=/a\n  b  price  server  10..40  get=/b\n  c  shop  client  5..9\n",
        ) {
            store.ingest(batch, &mut Arrived::default());
        }
        let trace = store.traces().next().unwrap();
        let next = |at: &SpanIx| store.next_row(*at, View::Recorded, &|_| false);
        let all: Vec<SpanIx> = std::iter::successors(store.first_row(trace, View::Recorded), next).collect();
        let (batch, malformed) = walk(store.request_of(all.iter().copied()), "t".into(), Origin::Grpc, 0);
        assert_eq!((malformed, batch.rejections.len(), batch.records.len()), (None, 0, 3));
        assert!(batch.resources.len() >= 2, "each under its own resource");
        for at in all {
            let record = store.record(at);
            let out = batch.records.iter().find(|out| out.span_id == record.span_id).unwrap();
            let bytes = &batch.bytes[out.offset as usize..][..out.len as usize];
            assert_eq!(Some(bytes), store.span_bytes(at));
            assert_eq!(store.shared_bytes(at).as_deref(), store.span_bytes(at));
        }
    }
}
