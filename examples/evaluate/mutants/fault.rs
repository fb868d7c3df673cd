//! m7–m11: requests that stay apart, with something else wrong with them.

use super::Mutant;
use super::base::{Cell, MS, Pool, Trace, generated, move_to};
use crate::spans::{Sent, renew};
use crate::truth::Units;
use fastrand::Rng;
use otoscope::model::{SpanId, SpanKind};
use std::collections::{HashMap, HashSet};

/// How many requests one mutant holds.
const REQUESTS: usize = 40;

fn mutant(traces: Vec<Trace>, control: Vec<Sent>) -> Mutant {
    let mut units = Units::new();
    for sent in traces.iter().flatten() {
        units.entry(sent.span.trace_id).or_default().insert(sent.span.span_id, 0);
    }
    Mutant { spans: traces.into_iter().flatten().collect(), units, control }
}

fn requests(pool: &Pool, rng: &mut Rng) -> Vec<Trace> {
    pool.pick(&Cell { requests: REQUESTS, gap_ms: Some(100), flags: true, ports: true }, rng)
}

fn flat(traces: &[Trace]) -> Vec<Sent> {
    traces.iter().flatten().cloned().collect()
}

/// m7: so many database spans of a hundred went to another request that ran at the same time.
pub(super) fn cross_talk(_: &Pool, percent: u64, rng: &mut Rng) -> Mutant {
    let group = 3 * rng.usize(..20);
    let mut traces: Vec<Trace> = (0..REQUESTS).map(|_| generated(group, rng)).collect();
    let start = traces[0][0].span.start_ns;
    for (turn, trace) in traces.iter_mut().enumerate() {
        renew(trace, rng);
        move_to(trace, start + turn as u64 * 10 * MS);
    }
    let control = flat(&traces);
    let entries: Vec<Sent> = traces.iter().map(|trace| trace[0].clone()).collect();
    for sent in traces.iter_mut().flatten().filter(|sent| sent.text("db.system").is_some()) {
        if rng.u64(..100) < percent {
            let span = &mut sent.span;
            let running = |other: &&Sent| {
                let other = &other.span;
                other.trace_id != span.trace_id
                    && other.start_ns <= span.start_ns
                    && span.end_ns <= other.end_ns
            };
            if let Some(other) = entries.iter().find(running) {
                (span.trace_id, span.parent_id) = (other.span.trace_id, other.span.span_id);
            }
        }
    }
    mutant(traces, control)
}

/// m8: so many spans of a hundred that have children never arrive.
pub(super) fn lost_parents(pool: &Pool, percent: u64, rng: &mut Rng) -> Mutant {
    let mut traces = requests(pool, rng);
    let control = flat(&traces);
    for trace in &mut traces {
        let parents: HashSet<SpanId> = trace.iter().map(|sent| sent.span.parent_id).collect();
        trace.retain(|sent| !parents.contains(&sent.span.span_id) || rng.u64(..100) >= percent);
    }
    mutant(traces, control)
}

/// m9: the clock of every service but the first is so many milliseconds fast or slow.
pub(super) fn skew(_: &Pool, ms: u64, rng: &mut Rng) -> Mutant {
    let group = 3 * rng.usize(..20) + 1;
    let mut traces: Vec<Trace> = (0..REQUESTS).map(|_| generated(group, rng)).collect();
    let start = traces[0][0].span.start_ns;
    for (turn, trace) in traces.iter_mut().enumerate() {
        renew(trace, rng);
        move_to(trace, start + turn as u64 * 300 * MS);
    }
    let control = flat(&traces);
    let fast = rng.bool();
    for trace in &mut traces {
        let first = trace[0].service().to_owned();
        for sent in trace.iter_mut().filter(|sent| sent.service() != first) {
            let moved = |ns: u64| if fast { ns + ms * MS } else { ns - ms * MS };
            (sent.span.start_ns, sent.span.end_ns) = (moved(sent.span.start_ns), moved(sent.span.end_ns));
        }
    }
    mutant(traces, control)
}

/// m10: so many entries and calls of a hundred are INTERNAL.
pub(super) fn kinds(pool: &Pool, percent: u64, rng: &mut Rng) -> Mutant {
    let mut traces = requests(pool, rng);
    let control = flat(&traces);
    for sent in traces.iter_mut().flatten() {
        let edge = matches!(sent.span.kind, SpanKind::Server | SpanKind::Client);
        if edge && rng.u64(..100) < percent {
            sent.span.kind = SpanKind::Internal;
        }
    }
    mutant(traces, control)
}

/// m11: so many spans of a hundred come twice.
pub(super) fn twice(pool: &Pool, percent: u64, rng: &mut Rng) -> Mutant {
    let traces = requests(pool, rng);
    let control = flat(&traces);
    let again: HashMap<usize, Sent> =
        control.iter().cloned().enumerate().filter(|_| rng.u64(..100) < percent).collect();
    let mut mutant = mutant(traces, control);
    let mut again: Vec<(usize, Sent)> = again.into_iter().collect();
    again.sort_by_key(|(number, _)| *number);
    mutant.spans.extend(again.into_iter().map(|(_, sent)| sent));
    mutant
}
