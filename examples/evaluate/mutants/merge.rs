//! m1–m6: requests put into one trace that have nothing to do with each other.

use super::base::{Cell, MS, Pool, Trace, end_ns};
use super::{Mutant, strip};
use crate::spans::Sent;
use fastrand::Rng;
use otoscope::model::{Scope, Span, SpanId, SpanKind, TraceId};

/// The traces of a cell, and the same before they were merged.
pub(super) type Make = fn(&Pool, &Cell, &mut Rng) -> Mutant;

/// Picks traces, merges them, and keeps the unmerged ones as a control.
fn merged(
    pool: &Pool,
    cell: &Cell,
    rng: &mut Rng,
    merge: impl Fn(&mut Vec<Trace>, &mut Rng) -> Option<Sent>,
) -> Mutant {
    let mut traces = pool.pick(cell, rng);
    let mut control: Vec<Sent> = traces.iter().flatten().cloned().collect();
    let trace_id = TraceId(rng.u128(1..).to_be_bytes());
    let mut hub = merge(&mut traces, rng);
    let all = traces.iter_mut().flatten().chain(&mut hub);
    all.for_each(|sent| sent.span.trace_id = trace_id);
    let requests = traces.iter().enumerate();
    let unit = |(unit, trace): (usize, &Trace)| -> Vec<(SpanId, u64)> {
        trace.iter().map(|sent| (sent.span.span_id, unit as u64)).collect()
    };
    let units = [(trace_id, requests.flat_map(unit).collect())].into();
    let mut spans: Vec<Sent> = traces.into_iter().flatten().chain(hub).collect();
    if !cell.flags {
        strip(&mut spans);
        strip(&mut control);
    }
    Mutant { spans, units, control }
}

/// Makes an entry the local child of this span, as instrumentations do that find one current: INTERNAL.
fn hang(entry: &mut Sent, parent: SpanId) {
    entry.span.parent_id = parent;
    entry.span.kind = SpanKind::Internal;
    entry.span.flags = entry.span.flags & 0xff | 0x100;
}

fn hub(traces: &mut [Trace], rng: &mut Rng) -> Sent {
    let first = &traces[0][0];
    let span = Span {
        span_id: SpanId(rng.u64(1..)),
        name: "main loop".to_owned(),
        kind: SpanKind::Internal,
        start_ns: first.span.start_ns - 50 * MS,
        end_ns: traces.iter().map(|trace| end_ns(trace)).max().unwrap_or(0) + 50 * MS,
        flags: 0x100,
        ..Span::default()
    };
    let scope = Scope { name: "app".to_owned(), ..Scope::default() };
    let hub = Sent { resource: first.resource.clone(), scope, span };
    traces.iter_mut().for_each(|trace| hang(&mut trace[0], hub.span.span_id));
    hub
}

/// m1: under one span of their process.
pub(super) fn under_hub(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
    merged(pool, cell, rng, |traces, rng| Some(hub(traces, rng)))
}

/// m2: under one span of their process that is never received.
pub(super) fn under_phantom(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
    merged(pool, cell, rng, |traces, rng| {
        hub(traces, rng);
        None
    })
}

/// m3: each but the first under any span of its process of an earlier request: one that had ended, if requests do
/// not overlap.
pub(super) fn under_earlier(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
    merged(pool, cell, rng, |traces, rng| {
        for turn in 1..traces.len() {
            let (earlier, later) = traces.split_at_mut(turn);
            let entry = &mut later[0][0];
            let process = entry.service().to_owned();
            let started =
                |sent: &&Sent| sent.service() == process && sent.span.start_ns < entry.span.start_ns;
            let parents: Vec<SpanId> =
                earlier.iter().flatten().filter(started).map(|sent| sent.span.span_id).collect();
            hang(entry, parents[rng.usize(..parents.len())]);
        }
        None
    })
}

/// m4: each under the one before.
pub(super) fn staircase(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
    merged(pool, cell, rng, |traces, _| {
        for turn in 1..traces.len() {
            let parent = traces[turn - 1][0].span.span_id;
            hang(&mut traces[turn][0], parent);
        }
        None
    })
}

/// m5: all with one and the same context from elsewhere.
pub(super) fn remote_parent(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
    merged(pool, cell, rng, |traces, rng| {
        let parent = SpanId(rng.u64(1..));
        for trace in traces {
            trace[0].span.parent_id = parent;
            trace[0].span.flags = 0x301;
        }
        None
    })
}

/// m6: one trace id, every request still a root.
pub(super) fn equal_ids(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
    merged(pool, cell, rng, |_, _| None)
}
