//! A trace of its own for every real request of a merged trace: what `convert --unmerge` writes.
//!
//! Which spans make a request is the diagnosis' word ([`requests_of`]); here it becomes moves of spans, in the bytes of
//! the requests that brought them. What belongs to no request keeps its trace. No kind is changed: what is recorded
//! wrong stays for all to see.

use crate::diagnosis::{Diagnosis, requests_of};
use crate::model::{SpanId, TraceId, hash64};
use crate::otlp::{Move, Plan};
use crate::store::{SpanIx, Store};
use std::collections::{HashMap, HashSet};

/// The trace id of a request that was taken out of a trace: FNV-1a of 128 bits over the 16 bytes of the old trace id and
/// the 8 of its entry's span id, as they are on the wire; 1 where that is zero. The same input always gives the same.
pub fn own_trace_id(trace: TraceId, entry: SpanId) -> TraceId {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = trace.0.into_iter().chain(entry.0.to_be_bytes());
    let hash = bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    TraceId(hash.max(1).to_be_bytes())
}

/// The trace ids that requests have been given.
#[derive(Debug, Default)]
pub struct OwnIds(HashSet<TraceId>);

impl OwnIds {
    /// [`own_trace_id`] of the next request. Entries of one trace can share an id: where another request has it already,
    /// it takes the place of the old trace id.
    pub fn next(&mut self, trace: TraceId, entry: SpanId) -> TraceId {
        let mut id = own_trace_id(trace, entry);
        while !self.0.insert(id) {
            id = own_trace_id(id, entry);
        }
        id
    }
}

/// Which span goes where.
#[derive(Debug)]
pub struct OwnTraces<'a> {
    store: &'a Store,
    /// The number of the request of each slot, in `ids`.
    request_of: Vec<u32>,
    /// The new trace of each request.
    ids: Vec<TraceId>,
    /// Spans whose ids another span has too, by what they hold.
    twins: HashMap<(TraceId, SpanId, u64), SpanIx>,
    traces: usize,
}

/// A slot of no request.
const NONE: u32 = u32::MAX;

impl<'a> OwnTraces<'a> {
    /// Plans moves for all that is held. Merges are those that the diagnosis has spoken of, at the end of all input.
    pub fn plan(store: &'a Store, diagnosis: &Diagnosis) -> Self {
        let request_of = vec![NONE; store.slot_capacity()];
        let mut plan = Self { store, request_of, ids: Vec::new(), twins: HashMap::new(), traces: 0 };
        let mut own_ids = OwnIds::default();
        for trace in store.traces().filter(|trace| diagnosis.requests(store, *trace).is_some()) {
            let id = store.trace(trace).id;
            for request in requests_of(store, diagnosis, trace) {
                for at in request.spans {
                    plan.request_of[at.0 as usize] = plan.ids.len() as u32;
                    plan.note_twin(id, at);
                }
                plan.ids.push(own_ids.next(id, store.record(request.entry).span_id));
            }
            plan.traces += 1;
        }
        plan
    }

    fn note_twin(&mut self, trace: TraceId, at: SpanIx) {
        if self.store.slot(at).twin
            && let Some(bytes) = self.store.span_bytes(at)
        {
            self.twins.insert((trace, self.store.record(at).span_id, hash64(bytes)), at);
        }
    }

    /// How many traces are taken apart.
    pub fn traces(&self) -> usize {
        self.traces
    }

    /// How many requests get a trace of their own.
    pub fn requests(&self) -> usize {
        self.ids.len()
    }

    fn find(&self, trace: TraceId, span: SpanId) -> Option<SpanIx> {
        self.store.find_span(self.store.find_trace(trace)?, span)
    }

    fn new_trace(&self, at: SpanIx) -> Option<TraceId> {
        self.ids.get(*self.request_of.get(at.0 as usize)? as usize).copied()
    }
}

impl Plan for OwnTraces<'_> {
    fn span(&self, trace: TraceId, span: SpanId, bytes: &[u8]) -> Option<Move> {
        let twin =
            if self.twins.is_empty() { None } else { self.twins.get(&(trace, span, hash64(bytes))).copied() };
        let at = twin.or_else(|| self.find(trace, span))?;
        Some(Move { trace_id: self.new_trace(at)?, is_root: self.store.slot(at).cut })
    }

    fn link(&self, trace: TraceId, span: SpanId) -> Option<TraceId> {
        self.new_trace(self.find(trace, span)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Batch;
    use crate::otlp::{decode, retrace, walk};
    use crate::session::{Clock, Session};
    use crate::testkit::{batches, spans};

    /// Three requests under a command. Two of them have a call in them with the same id.
    const SHOP: &str = "
        run  shop  internal  0..6400  scope=opentelemetry.instrumentation.click@0.50b0
          GET /a  shop  internal  100..120  get=/a
            query  shop  client  105..109
          GET /b  shop  internal  1300..1320  get=/b
            query  shop  client  1305..1309
          GET /c  shop  internal  3200..3210  get=/c
            render  shop  internal  3205..3209  lost
              inner  shop  internal  3206..3207
    ";

    fn spans_of(batch: &Batch) -> impl Iterator<Item = crate::model::Span> {
        let of =
            |r: &crate::model::SpanRecord| decode::span(&batch.bytes[r.offset as usize..][..r.len as usize]);
        batch.records.iter().map(of).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn spans_with_one_id_go_each_with_its_own_request() {
        let mut groups = spans(SHOP);
        groups[4].spans[0].span_id = groups[2].spans[0].span_id;
        let all = batches(&groups);
        let mut session = Session::new(1 << 30, Clock::Stream);
        // Delivered twice, as senders do that got no answer.
        all.iter().chain(&all).for_each(|batch| session.take(batch.clone()));
        session.finish();
        let plan = OwnTraces::plan(&session.store, &session.diagnosis);
        assert_eq!((plan.traces(), plan.requests()), (1, 3));
        let moved = |batch: &Batch| {
            let (after, malformed) = walk(retrace(&batch.bytes, &plan), "t".into(), batch.origin, 0);
            assert_eq!(malformed, None);
            spans_of(&after).collect::<Vec<_>>()
        };
        let after: Vec<crate::model::Span> = all.iter().flat_map(moved).collect();
        let old = groups[0].spans[0].trace_id;
        let entry = |n: usize| own_trace_id(old, groups[n].spans[0].span_id);
        // Where `inner` belongs, only its lost parent could tell.
        let expected = [old, entry(1), entry(1), entry(3), entry(3), entry(5), old];
        assert_eq!(after.iter().map(|span| span.trace_id).collect::<Vec<_>>(), expected);
        for (n, (group, after)) in groups.iter().zip(after).enumerate() {
            let mut before = group.spans[0].clone();
            before.trace_id = after.trace_id;
            if [1, 3, 5].contains(&n) {
                before.parent_id = SpanId::NONE;
            }
            assert_eq!(after, before);
        }
    }

    #[test]
    fn an_own_trace_id_is_the_documented_hash() {
        // Computed with a few lines of Python.
        let trace: TraceId = "841af2000000000000000000000000ff".parse().unwrap();
        let entry: SpanId = "933fa60000000001".parse().unwrap();
        assert_eq!(own_trace_id(trace, entry).to_string(), "72df42c1bc5d615ee76aac7d5a2cb283");
        assert_ne!(own_trace_id(trace, SpanId(1)), own_trace_id(trace, SpanId(2)));
    }
}
