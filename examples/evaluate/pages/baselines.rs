//! Simple checks that anyone could write in a query: a rule that does not beat its own is not worth having.

use crate::corpus::Capture;
use crate::md::{interval, share, table};
use crate::results::Results;
use crate::score::Tally;
use crate::spans::{Sent, apart};
use crate::truth::is_merge;
use otoscope::model::{SpanId, SpanKind, TraceId};
use std::collections::{BTreeMap, HashSet};

/// A simple check of a trace, and the faults that it stands for.
struct Baseline {
    name: &'static str,
    is_wrong: fn(&[Sent]) -> bool,
    faults: &'static str,
    is_fault: fn(&str) -> bool,
}

const BASELINES: &[Baseline] = &[
    Baseline {
        name: "b1: an INTERNAL span with an HTTP method",
        is_wrong: |trace| {
            let method =
                |sent: &Sent| sent.text("http.method").or(sent.text("http.request.method")).is_some();
            trace.iter().any(|sent| sent.span.kind == SpanKind::Internal && method(sent))
        },
        faults: "wrong kinds of HTTP spans",
        is_fault: |rule| matches!(rule, "http-entry-not-server" | "http-call-not-client"),
    },
    Baseline {
        name: "b2: a trace longer than ten minutes",
        is_wrong: |trace| {
            let start = trace.iter().map(|sent| sent.span.start_ns).min().unwrap_or(0);
            let end = trace.iter().map(|sent| sent.span.end_ns).max().unwrap_or(0);
            end.saturating_sub(start) > 600_000_000_000
        },
        faults: "merges",
        is_fault: is_merge,
    },
    Baseline {
        name: "b3: a span whose parent is not there",
        is_wrong: |trace| {
            let ids: HashSet<SpanId> = trace.iter().map(|sent| sent.span.span_id).collect();
            trace.iter().any(|sent| !sent.span.parent_id.is_none() && !ids.contains(&sent.span.parent_id))
        },
        faults: "lost parents",
        is_fault: |rule| rule == "missing-local-parent",
    },
];

pub(super) fn page(results: &Results<'_>) -> String {
    let mut rows = Vec::new();
    for baseline in BASELINES {
        let (mut simple, mut rules) = (Tally::default(), Tally::default());
        for judged in results.recorded() {
            let is = judged.capture.expected.iter().any(|fault| (baseline.is_fault)(&fault.rule));
            simple.note(is, traces(judged.capture).values().any(|trace| (baseline.is_wrong)(trace)));
            let said = judged.outcome.findings.iter().filter(|f| (baseline.is_fault)(f.rule.id));
            rules.note(
                is,
                said.filter(|f| judged.outcome.of(f.rule.id).next().is_some())
                    .any(|f| is || f.folded_under.is_none()),
            );
        }
        rows.push(row(baseline.name, baseline.faults, simple));
        rows.push(row("the rules", baseline.faults, rules));
    }
    format!(
        "## Baselines\n\nChecks that anyone could write as a query, on the same captures as recorded, beside the rules for the same faults.\n\n{}",
        table(&["check", "faults", "found", "false alarms", "precision", "recall"], &rows)
    )
}

fn row(name: &str, faults: &str, tally: Tally) -> Vec<String> {
    vec![
        name.to_owned(),
        faults.to_owned(),
        share(tally.hit, tally.real()),
        share(tally.false_alarm, tally.false_alarm + tally.silent),
        interval(tally.hit, tally.said()),
        interval(tally.hit, tally.real()),
    ]
}

fn traces(capture: &Capture) -> BTreeMap<TraceId, Vec<Sent>> {
    let mut traces: BTreeMap<TraceId, Vec<Sent>> = BTreeMap::new();
    for sent in apart(&capture.exports()) {
        traces.entry(sent.span.trace_id).or_default().push(sent);
    }
    traces
}
