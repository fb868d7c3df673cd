//! The requests of a merged trace: the partition that reports list and `convert --unmerge` writes.

use super::Diagnosis;
use crate::store::{SpanIx, Store, TraceIx, View};

/// One request unit of a trace that was taken apart.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its topmost entry.
    pub entry: SpanIx,
    /// All its spans, in the order in which they are drawn.
    pub spans: Vec<SpanIx>,
}

/// The requests of a trace, by start. What belongs to none (the culprit, its start-up work) is left out.
pub fn requests_of(store: &Store, diagnosis: &Diagnosis, trace: TraceIx) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    let mut unit: Vec<SpanIx> = Vec::new();
    let mut finish = |unit: &mut Vec<SpanIx>| {
        let spans = std::mem::take(unit);
        if let Some(entry) = spans.iter().copied().find(|at| diagnosis.chains.is_entry(*at)) {
            requests.push(Request { entry, spans });
        }
    };
    let next = |at: &SpanIx| store.next_row(*at, View::Unmerged, &|_| false);
    for at in std::iter::successors(store.first_row(trace, View::Unmerged), next) {
        if store.parent_row(at, View::Unmerged).is_none() {
            finish(&mut unit);
        }
        if store.slot(at).is_held() {
            unit.push(at);
        }
    }
    finish(&mut unit);
    let start =
        |request: &Request| (store.record(request.entry).start_ns, store.record(request.entry).span_id);
    requests.sort_by_key(start);
    requests
}
