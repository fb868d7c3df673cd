//! What a rule says: words, how sure, and about whom. The engine makes findings of it.

use super::aggregate::Cx;
use super::aggregate::emitters::Emitter;
use super::finding::{Culprit, Finding, KnownIssueMatch, MAX_SPAN_IDS, MAX_TRACE_IDS, Severity, State};
use super::rule::Rule;
use super::tally::{Sample, SampleKey, Tally};
use crate::model::{Scope, SpanId, TraceId, hash64};
use std::collections::HashSet;

/// The words of a finding.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// At most the rule's own is passed on.
    pub(crate) severity: Severity,
    /// 0 to 1, two digits.
    pub(crate) confidence: f64,
    pub(crate) state: State,
    /// One line: what is wrong, how many times.
    pub(crate) message: String,
    /// What was observed, a sentence each, strongest first.
    pub(crate) evidence: Vec<String>,
    /// What to do, first things first. The code of the rule's fix in the finding's language is added.
    pub(crate) remedy: Vec<String>,
}

impl Said {
    /// A firm statement without evidence and remedy.
    pub(crate) fn firm(severity: Severity, confidence: f64, message: String) -> Self {
        Self { severity, confidence, state: State::Firm, message, evidence: Vec::new(), remedy: Vec::new() }
    }

    /// With one more observation.
    #[must_use]
    pub(crate) fn because(mut self, sentence: impl Into<String>) -> Self {
        self.evidence.push(sentence.into());
        self
    }

    /// With one more thing to do.
    #[must_use]
    pub(crate) fn remedy(mut self, sentence: impl Into<String>) -> Self {
        self.remedy.push(sentence.into());
        self
    }

    /// Not proved yet: what is missing may still explain it.
    #[must_use]
    pub(crate) fn provisional(mut self) -> Self {
        self.state = State::Provisional;
        self
    }
}

/// What a rule on spans or pairs has marked in one service and scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) cx: Cx<'a>,
    pub(crate) tally: &'a Tally,
    /// All that this scope of this service has sent.
    pub(crate) emitter: &'a Emitter,
    pub(crate) scope: &'a Scope,
    pub(crate) service: &'a str,
}

impl Case<'_> {
    pub(crate) fn n(&self) -> u64 {
        self.tally.n
    }

    /// `scope version` in parentheses with a space before, for the end of a message; nothing where there is no scope.
    pub(crate) fn by(&self) -> String {
        by_scope(self.scope)
    }

    /// The earliest marked span.
    pub(crate) fn first(&self) -> Option<(&SampleKey, &Sample)> {
        self.tally.sample.first_key_value()
    }

    /// Names of the earliest marked spans, each once, at most `most`.
    pub(crate) fn names(&self, most: usize) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for sample in self.tally.sample.values() {
            let name = self.cx.store.text(sample.name).unwrap_or_default();
            if names.len() < most && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// ` (scope version)`, or nothing for a scope without a name.
pub(crate) fn by_scope(scope: &Scope) -> String {
    let by = format!("{} {}", scope.name, scope.version);
    if scope.name.is_empty() { String::new() } else { format!(" ({})", by.trim_end()) }
}

/// `1 span`, `24 spans`.
pub(crate) fn count(n: u64, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        _ if one.ends_with('y') => format!("{n} {}ies", &one[..one.len() - 1]),
        _ if one.ends_with('s') => format!("{n} {one}es"),
        _ => format!("{n} {one}s"),
    }
}

/// What a rule on aggregates says about somebody.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) said: Said,
    pub(crate) service: String,
    pub(crate) scope: Option<Scope>,
    /// `telemetry.sdk.language`, for the fix in code.
    pub(crate) language: String,
    /// What tells it from the rule's other claims about the same service and scope; stays while more arrives.
    pub(crate) subject: String,
    /// The spans that are wrong, earliest first; those past the limit are only counted.
    pub(crate) spans: Vec<(TraceId, SpanId)>,
    pub(crate) span_count: u64,
    /// Traces that show it; those past the limit are only counted.
    pub(crate) traces: Vec<TraceId>,
    pub(crate) trace_count: u64,
    pub(crate) culprit: Option<Culprit>,
    pub(crate) known_issue: Option<KnownIssueMatch>,
    /// Merge rules only: how many real requests the traces hold.
    pub(crate) request_count: Option<u64>,
    /// Traces whose roots are requests of their own.
    pub(crate) collided: Vec<TraceId>,
}

impl Claim {
    /// A claim about a service, without spans.
    pub(crate) fn about(service: impl Into<String>, said: Said) -> Self {
        Self {
            said,
            service: service.into(),
            scope: None,
            language: String::new(),
            subject: String::new(),
            spans: Vec::new(),
            span_count: 0,
            traces: Vec::new(),
            trace_count: 0,
            culprit: None,
            known_issue: None,
            request_count: None,
            collided: Vec::new(),
        }
    }

    /// With these spans, earliest first, and how many there are in all.
    #[must_use]
    pub(crate) fn spans(mut self, spans: impl IntoIterator<Item = (TraceId, SpanId)>, count: u64) -> Self {
        let mut counted: HashSet<TraceId> = self.traces.iter().copied().collect();
        for (trace, span) in spans {
            if counted.insert(trace) {
                self.trace_count += 1;
                if self.traces.len() < MAX_TRACE_IDS {
                    self.traces.push(trace);
                }
            }
            if self.spans.len() < MAX_SPAN_IDS {
                self.spans.push((trace, span));
            }
        }
        self.span_count = count;
        self
    }

    /// With as many traces as these sampled ones of `all` tell: where each is of a trace of its own, so are the others.
    #[must_use]
    pub(crate) fn traces_of(mut self, sampled: impl Iterator<Item = TraceId>, all: u64) -> Self {
        let sampled: Vec<TraceId> = sampled.collect();
        let traces = sampled.iter().collect::<HashSet<_>>().len();
        let count = if traces == sampled.len() { all } else { traces as u64 };
        self.trace_count = count.max(self.traces.len() as u64);
        self
    }

    /// The finding.
    pub(crate) fn into_finding(self, rule: &'static Rule) -> Finding {
        let scope = self.scope.as_ref().map_or("", |scope| scope.name.as_str());
        let version = self.scope.as_ref().map_or("", |scope| scope.version.as_str());
        let key = [rule.id, &self.service, scope, version, &self.subject].join("\u{0}");
        let Said { severity, confidence, state, message, evidence, mut remedy } = self.said;
        let code = rule.code_fixes.iter().find(|(language, _)| *language == self.language);
        remedy.extend(code.map(|(_, code)| (*code).to_owned()));
        Finding {
            // Findings of groups have numbers of their own below.
            key: hash64(key.as_bytes()) | 1 << 63,
            rule,
            severity: severity.min(rule.severity),
            confidence,
            state,
            service: self.service,
            scope: self.scope.map(|scope| (scope.name, scope.version)).filter(|(name, _)| !name.is_empty()),
            trace_ids: self.traces,
            trace_count: self.trace_count,
            span_ids: self.spans,
            span_count: self.span_count,
            request_count: self.request_count,
            culprit: self.culprit,
            known_issue: self.known_issue,
            message,
            evidence,
            remedy,
            folded_under: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, Said, Severity};
    use crate::model::{SpanId, TraceId};

    fn claim() -> Claim {
        Claim::about("shop", Said::firm(Severity::Error, 0.9, String::new()))
    }

    #[test]
    fn each_trace_is_counted_once() {
        // Two spans of each of forty traces, in turns.
        let spans = (0..80).map(|n| (TraceId([n % 40; 16]), SpanId(u64::from(n) + 1)));
        let claim = claim().spans(spans, 80);
        assert_eq!((claim.trace_count, claim.traces.len(), claim.span_count), (40, 16, 80));
    }

    #[test]
    fn past_the_sample_traces_are_counted_as_the_sample_tells() {
        let in_traces =
            |of: u8, all| claim().traces_of((0..of * 2).map(|n| TraceId([n / 2; 16])), all).trace_count;
        assert_eq!(in_traces(5, 100), 5, "several of one trace: no more is known");
        assert_eq!(claim().traces_of((0..10).map(|n| TraceId([n; 16])), 100).trace_count, 100);
    }
}
