//! A capture under a condition, judged by its label.

use crate::conditions::Condition;
use crate::corpus::{Capture, Culprit, Expected};
use crate::run::{Outcome, check, is_said};
use crate::score::{Partition, Tally, merged, partition};
use crate::truth::{Units, is_merge, section, units};
use fastrand::Rng;
use otoscope::diagnosis::Finding;
use otoscope::model::Batch;
use std::collections::BTreeSet;

/// One run and what was right and wrong about it.
pub(crate) struct Judged<'a> {
    pub(crate) capture: &'a Capture,
    pub(crate) outcome: Outcome,
    /// For each fault of the label, whether it was found.
    pub(crate) found: Vec<bool>,
    /// For each fault of the label, whether its culprit was named; nothing where none is known.
    pub(crate) named: Vec<Option<bool>>,
    /// Headlines that the label does not know.
    pub(crate) wrong: Vec<Finding>,
    /// Requests of traces that hold several.
    pub(crate) merged: Partition,
    /// Requests of traces that hold one.
    pub(crate) single: Partition,
    /// Whether traces that hold several requests were taken apart, and others not.
    pub(crate) traces: Tally,
}

impl<'a> Judged<'a> {
    /// The faults of the label, each with whether it was found and whether its culprit was named.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (&'a Expected, bool, Option<bool>)> {
        let faults = self.capture.expected.iter().zip(&self.found).zip(&self.named);
        faults.map(|((expected, found), named)| (expected, *found, *named))
    }

    /// Counts and known issues that the label tells and a finding tells otherwise.
    pub(crate) fn differences(&self) -> impl Iterator<Item = String> {
        self.capture.expected.iter().flat_map(|expected| {
            let mut all = self.outcome.of(&expected.rule);
            let first = all.next();
            // Of several findings of one rule, none has to tell it all.
            first
                .filter(|_| all.next().is_none())
                .into_iter()
                .flat_map(|finding| differences(expected, finding))
        })
    }
}

/// Runs a capture under a condition as often as that wants to be tried.
pub(crate) fn judge<'a>(capture: &'a Capture, condition: &Condition) -> Vec<Judged<'a>> {
    let units = units(capture);
    let run = |seed| (condition.change)(capture, &mut Rng::with_seed(seed));
    let batches = (1..=condition.times).filter_map(run);
    batches.map(|batches| one(capture, condition, units.clone(), batches)).collect()
}

fn one<'a>(capture: &'a Capture, condition: &Condition, mut units: Units, batches: Vec<Batch>) -> Judged<'a> {
    let held: BTreeSet<_> = (batches.iter())
        .flat_map(|batch| batch.trace_ids.iter().zip(&batch.records).map(|(trace, r)| (*trace, r.span_id)))
        .collect();
    for (trace, spans) in &mut units {
        // A request that lost a span is none that could be found whole.
        let maimed: BTreeSet<u64> = spans
            .iter()
            .filter(|(span, _)| !held.contains(&(*trace, **span)))
            .map(|(_, unit)| *unit)
            .collect();
        spans.retain(|_, unit| !maimed.contains(unit));
    }
    units.retain(|_, spans| !spans.is_empty());
    let outcome = check(batches);
    let stands_for = |finding: &Finding, rule: &str| {
        finding.rule.id == rule || condition.any_merge && is_merge(rule) && is_merge(finding.rule.id)
    };
    let of = |rule| outcome.findings.iter().filter(move |f| is_said(f) && stands_for(f, rule));
    let found = capture.expected.iter().map(|expected| of(&expected.rule).next().is_some()).collect();
    let named = (capture.expected.iter())
        .map(|expected| is_named(expected, condition.any_merge, of(&expected.rule).next()))
        .collect();
    let is_wrong = |finding: &&Finding| {
        let right = || capture.expected.iter().any(|expected| stands_for(finding, &expected.rule));
        !condition.also_right.contains(&section(finding.rule.id)) && !right()
    };
    let wrong = outcome.headlines().filter(is_wrong).cloned().collect();
    let (in_merged, in_single) = partition(&units, &outcome.parts);
    let mut traces = Tally::default();
    let several = merged(&units);
    for id in units.keys() {
        traces.note(several.contains(id), outcome.parts.contains_key(id));
    }
    Judged { capture, found, named, wrong, merged: in_merged, single: in_single, traces, outcome }
}

fn differences(expected: &Expected, finding: &Finding) -> Vec<String> {
    let mut out = Vec::new();
    let mut count = |what: &str, labelled: Option<u64>, said: Option<u64>| {
        if let (Some(labelled), Some(said)) = (labelled, said)
            && labelled != said
        {
            out.push(format!("`{}`: {said} {what}, {labelled} are labelled", expected.rule));
        }
    };
    count("requests", expected.requests, finding.request_count);
    count("spans", expected.spans, Some(finding.span_count));
    let known = finding.known_issue.as_ref().map(|issue| issue.id.as_str());
    if let Some(labelled) = &expected.known_issue
        && known != Some(labelled)
    {
        out.push(format!(
            "`{}`: known issue {}, {labelled} is labelled",
            expected.rule,
            known.unwrap_or("none")
        ));
    }
    out
}

/// Whether the finding names what the label names: the span, or the scope or service where no span is to blame.
fn is_named(expected: &Expected, lost: bool, finding: Option<&Finding>) -> Option<bool> {
    let culprit = finding.and_then(|finding| finding.culprit.as_ref());
    match &expected.culprit {
        Culprit::Untold => None,
        Culprit::Named(_) if lost => finding.map(|_| culprit.is_some_and(|culprit| !culprit.received)),
        Culprit::Lost => finding.map(|_| culprit.is_some_and(|culprit| !culprit.received)),
        Culprit::Named(name) => finding.map(|finding| {
            let scope = finding.scope.as_ref().map(|(name, _)| name);
            let of_culprit =
                culprit.into_iter().flat_map(|culprit| [&culprit.name, &culprit.scope]).flatten();
            let quoted = finding.message.contains(&format!("`{name}`"));
            quoted || of_culprit.chain(scope).chain([&finding.service]).any(|named| named == name)
        }),
    }
}
