//! What a query has to do with findings, for `check --query`; and what is said where it matches nothing at all.
//!
//! A finding is wanted when a span that it is about, or its culprit, matches. One about whole traces (a merge, or one
//! that lists no spans) is wanted when any span of its traces does, one about a service when a span of that service does.

use super::Failure;
use crate::diagnosis::Finding;
use crate::model::{SpanId, TraceId};
use crate::query::{Query, Seen};
use crate::session::Session;
use crate::store::{SpanIx, TraceIx, View};
use crate::tui::text::plural;
use std::collections::{BTreeSet, HashSet};

/// The spans and traces that match a query, and whose they are.
pub(super) struct Touched<'a> {
    session: &'a Session,
    spans: HashSet<SpanIx>,
    traces: HashSet<TraceId>,
    services: BTreeSet<&'a str>,
}

/// What is said where no span matches: it may be a slip, and must not pass for a good end.
/// `done` is what did not happen.
pub(super) fn nothing_matches(query: &Query, session: &Session, done: &str) -> Failure {
    let store = &session.store;
    let (spans, traces) =
        (plural(store.counters().received, "span"), plural(store.trace_count() as u64, "trace"));
    let hints: String = query.hints(&seen(session)).iter().map(|hint| format!("; {hint}")).collect();
    Failure(format!("nothing of {spans} in {traces} matches the query: nothing was {done}{hints}"))
}

/// All that a query may have meant.
fn seen(session: &Session) -> Seen {
    let (store, mut seen) = (&session.store, Seen::default());
    seen.look(store, store.slot_capacity() + store.resource_count() + store.scope_count());
    seen
}

impl<'a> Touched<'a> {
    /// Asks a query of everything that is held. A failure where nothing matches, unless that is an answer: a query may
    /// ask for findings, and there are none of them.
    pub(super) fn by(query: &Query, session: &'a Session) -> Result<Self, Failure> {
        let touched = Self::asked(query, session);
        let is_answer = || query.asks_about_findings() && !query.wants_unseen_service(&seen(session));
        if touched.spans.is_empty() && !is_answer() {
            return Err(nothing_matches(query, session, "checked"));
        }
        Ok(touched)
    }

    fn asked(query: &Query, session: &'a Session) -> Self {
        let store = &session.store;
        let mut touched =
            Self { session, spans: HashSet::new(), traces: HashSet::new(), services: BTreeSet::new() };
        for trace in store.traces() {
            let spans = query.spans_of(store, &session.diagnosis, trace);
            if !spans.is_empty() {
                touched.traces.insert(store.trace(trace).id);
            }
            touched.services.extend(spans.iter().map(|at| store.service(*at)));
            touched.spans.extend(spans);
        }
        touched
    }

    /// Whether each finding of the diagnosis is wanted.
    pub(super) fn kept(&self, findings: &[Finding]) -> Vec<bool> {
        let mut kept: Vec<bool> = findings.iter().map(|finding| self.touches(finding)).collect();
        // A finding lists some of its spans and traces; where these do not settle it, all that match are asked.
        let is_longer = |finding: &Finding| {
            finding.span_count > finding.span_ids.len() as u64
                || finding.trace_count > finding.trace_ids.len() as u64
        };
        if !findings.iter().zip(&kept).any(|(finding, kept)| !kept && is_longer(finding)) {
            return kept;
        }
        let Session { store, diagnosis, .. } = self.session;
        for trace in self.traces.iter().filter_map(|id| store.find_trace(*id)) {
            for at in self.spans_in(trace) {
                let matches = self.spans.contains(&at);
                for index in diagnosis.findings_of(store, at) {
                    let is_about_traces = findings.get(index).is_some_and(|f| f.request_count.is_some());
                    if (matches || is_about_traces)
                        && let Some(kept) = kept.get_mut(index)
                    {
                        *kept = true;
                    }
                }
            }
        }
        kept
    }

    fn spans_in(&self, trace: TraceIx) -> impl Iterator<Item = SpanIx> {
        let store = &self.session.store;
        let next = |at: &SpanIx| store.next_row(*at, View::Recorded, &|_| false);
        std::iter::successors(store.first_row(trace, View::Recorded), next)
    }

    /// Whether a finding is wanted, by the spans and traces that it lists.
    pub(super) fn touches(&self, finding: &Finding) -> bool {
        let culprit = finding.culprit.as_ref().map(|culprit| culprit.span_id);
        let culprits = finding.trace_ids.iter().filter_map(|trace| Some((*trace, culprit?)));
        let of_traces = finding.request_count.is_some() || finding.span_ids.is_empty();
        finding.span_ids.iter().copied().chain(culprits).any(|(trace, span)| self.has(trace, span))
            || of_traces && finding.trace_ids.iter().any(|trace| self.traces.contains(trace))
            || of_traces && finding.trace_ids.is_empty() && self.services.contains(finding.service.as_str())
    }

    fn has(&self, trace: TraceId, span: SpanId) -> bool {
        let store = &self.session.store;
        let at = store.find_trace(trace).and_then(|trace| store.find_span(trace, span));
        at.is_some_and(|at| store.same_ids(at).any(|at| self.spans.contains(&at)))
    }

    /// What the query left out.
    pub(super) fn remark(&self, left_out: usize) -> String {
        let (spans, traces) =
            (plural(self.spans.len() as u64, "span"), plural(self.traces.len() as u64, "trace"));
        let left_out = plural(left_out as u64, "finding");
        format!("the query matches {spans} in {traces}; left out: {left_out} about others")
    }
}
