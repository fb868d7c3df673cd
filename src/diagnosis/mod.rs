//! What is wrong: verdicts on the instrumentation, span by span as they arrive.

mod finding;
mod rule;
pub mod rules;

pub use finding::{
    Culprit, CulpritClass, Finding, KnownIssueMatch, MAX_SPAN_IDS, MAX_TRACE_IDS, Severity, State,
};
pub use rule::{RULES, Rule};

use crate::model::SpanKind;
use crate::store::{SpanIx, Store, TraceIx};

/// An edge to a parent that diagnosis cuts, or mends again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CutChange {
    /// The span whose edge to its parent it is.
    pub span: SpanIx,
    /// Cut, or mended.
    pub cut: bool,
}

/// The engine.
#[derive(Debug, Default)]
pub struct Diagnosis {
    findings: Vec<Finding>,
    cuts: Vec<CutChange>,
}

impl Diagnosis {
    /// Looks at spans that have just been ingested; `now_ns` is their batch's time of arrival.
    pub fn observe(&mut self, _store: &Store, _arrived: &[SpanIx], _now_ns: u64) {}

    /// Tells the time (nanoseconds since the Unix epoch), so that a silent stream settles too. Call it once a second.
    pub fn advance(&mut self, _store: &Store, _now_ns: u64) {}

    /// Says that nothing more will come: what can settle has settled.
    pub fn finish(&mut self, _store: &Store) {}

    /// Forgets slots that were evicted or freed. What was learned from them stays.
    pub fn forget(&mut self, _gone: &[SpanIx]) {}

    /// The edges to cut or mend since the last call; the owner passes them to [`Store::set_cut`].
    pub fn take_cuts(&mut self) -> Vec<CutChange> {
        std::mem::take(&mut self.cuts)
    }

    /// The verdicts: headlines first, then by severity, rule, service and ids.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// A number that changes whenever the findings do.
    pub fn revision(&self) -> u64 {
        0
    }

    /// The findings that a span is part of or the culprit of, by index in [`Diagnosis::findings`].
    pub fn findings_of(&self, _store: &Store, _at: SpanIx) -> Vec<usize> {
        Vec::new()
    }

    /// The kind that a span should have had, where that differs from what was recorded.
    pub fn expected_kind(&self, _at: SpanIx) -> Option<SpanKind> {
        None
    }

    /// How many real requests a merged trace holds; nothing for a trace that is not merged.
    pub fn requests(&self, _trace: TraceIx) -> Option<u64> {
        None
    }

    /// The worst severity found in a trace.
    pub fn worst(&self, _trace: TraceIx) -> Option<Severity> {
        None
    }

    /// Whether a span (or a placeholder of one) holds merged requests together.
    pub fn is_culprit(&self, _at: SpanIx) -> bool {
        false
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        0
    }
}
