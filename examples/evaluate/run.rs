//! One run: batches in, findings and the traces that were taken apart out.

use otoscope::diagnosis::{Diagnosis, Finding, Level, Policy, RULES, Severity, requests_of};
use otoscope::model::{Batch, SpanId, TraceId};
use otoscope::session::{Clock, Session};
use std::collections::{BTreeMap, BTreeSet};

/// Room for every capture, bytes.
pub(crate) const MEMORY: usize = 1 << 30;

/// The requests of each trace that was taken apart.
pub(crate) type Parts = BTreeMap<TraceId, Vec<BTreeSet<SpanId>>>;

/// What a run found.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) findings: Vec<Finding>,
    pub(crate) parts: Parts,
}

impl Outcome {
    /// What this rule said as loud as it may: warnings and errors, folded ones too, and hints of one that only hints.
    pub(crate) fn of<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.rule.id == rule && is_said(finding))
    }

    /// The warnings and errors that stand by themselves.
    pub(crate) fn headlines(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| is_headline(finding))
    }
}

/// Whether a finding says that something is wrong, as far as its rule ever does.
pub(crate) fn is_said(finding: &Finding) -> bool {
    finding.severity > Severity::Info || finding.rule.severity == Severity::Info
}

/// Whether a finding is a warning or an error that no other explains.
pub(crate) fn is_headline(finding: &Finding) -> bool {
    finding.severity > Severity::Info && finding.folded_under.is_none()
}

/// A file read to its end, by the rules that are on.
pub(crate) fn check(batches: impl IntoIterator<Item = Batch>) -> Outcome {
    check_with(&[], batches)
}

/// The same, with these rules switched on too, each at its own severity.
pub(crate) fn check_with(rules: &[&str], batches: impl IntoIterator<Item = Batch>) -> Outcome {
    let mut policy = Policy::default();
    for rule in RULES.iter().filter(|rule| !rule.enabled && rules.contains(&rule.id)) {
        let level = match rule.severity {
            Severity::Info => Level::Info,
            Severity::Warning => Level::Warn,
            Severity::Error => Level::Deny,
        };
        policy.set(rule.id, level);
    }
    let mut session = Session::with(MEMORY, Clock::Stream, Diagnosis::with_policy(policy));
    batches.into_iter().for_each(|batch| session.take(batch));
    session.finish();
    Outcome { findings: session.diagnosis.findings().to_vec(), parts: parts(&session) }
}

fn parts(session: &Session) -> Parts {
    let store = &session.store;
    let merged = store.traces().filter(|trace| session.diagnosis.requests(store, *trace).is_some());
    let spans = |spans: &[_]| spans.iter().map(|at| store.record(*at).span_id).collect();
    let part =
        |trace| requests_of(store, &session.diagnosis, trace).iter().map(|r| spans(&r.spans)).collect();
    merged.map(|trace| (store.trace(trace).id, part(trace))).collect()
}
