//! Findings: what a verdict says, to a person and to a script.

use super::rule::Rule;
use crate::model::{SpanId, SpanKind, TraceId};
use std::cmp::Reverse;
use std::fmt;

/// How bad a finding is. `rules` calls the lowest a hint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably wrong.
    Warning,
    /// Wrong.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// How settled a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// More spans may still explain it away. Never changes an exit code.
    Provisional,
    /// What is held proves it.
    Firm,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Provisional => "provisional",
            Self::Firm => "firm",
        })
    }
}

/// What kind of span holds the merged requests together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CulpritClass {
    /// A command line or server-start wrapper.
    Cli,
    /// A start-up, host or lifecycle span.
    Startup,
    /// A loop that polls or schedules.
    ConsumerLoop,
    /// A request that had ended.
    PreviousRequest,
    /// A request that was still running, on another connection.
    ConcurrentRequest,
    /// The previous turn of a loop: each job hangs from the one before.
    Staircase,
    /// A span of another process whose context many requests carry.
    FixedRemoteParent,
    /// A call that many requests name as their own.
    FanOutClient,
    /// No span: ids that repeat.
    IdCollision,
    /// Not known.
    Unknown,
}

impl CulpritClass {
    /// Its name in reports (design, contracts of `check --format json`).
    pub fn id(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Startup => "startup",
            Self::ConsumerLoop => "consumer-loop",
            Self::PreviousRequest => "previous-request",
            Self::ConcurrentRequest => "concurrent-request",
            Self::Staircase => "staircase",
            Self::FixedRemoteParent => "fixed-remote-parent",
            Self::FanOutClient => "fan-out-client",
            Self::IdCollision => "id-collision",
            Self::Unknown => "unknown",
        }
    }
}

/// The span that should not have been current.
#[derive(Clone, Debug, PartialEq)]
pub struct Culprit {
    /// Its id; of a span that was never received, the id that its children refer to.
    pub span_id: SpanId,
    /// Its name, where it was received.
    pub name: Option<String>,
    /// Its kind, where it was received.
    pub kind: Option<SpanKind>,
    /// Its instrumentation scope, where it was received.
    pub scope: Option<String>,
    /// Version of its instrumentation scope, where it was received.
    pub scope_version: Option<String>,
    /// Whether it was received.
    pub received: bool,
    /// What kind of span it is.
    pub class: CulpritClass,
    /// How long it has been open at least, nanoseconds. Only where it was not received.
    pub open_at_least_ns: Option<u64>,
    /// How many other spans did the same: in other runs, workers or callers.
    pub others: u64,
}

/// How sure it is that an issue is behind a finding that fits it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certainty {
    /// What was observed fits it, and other causes too: told as a possibility, behind the rule's own advice.
    Perhaps,
    /// Nothing else is known that looks like it.
    Likely,
    /// What did it was observed, in a version that is known to.
    Certain,
}

impl Certainty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Perhaps, Self::Likely, Self::Certain];

    /// Its name in tables and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Perhaps => "perhaps",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// A known issue that explains a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownIssueMatch {
    /// Its id in `assets/known-issues.toml`.
    pub id: String,
    /// The first version without it, empty where there is none.
    pub fixed_in: String,
    /// Issues, pull requests, changelogs.
    pub refs: Vec<String>,
    /// How sure it is.
    pub certainty: Certainty,
}

impl KnownIssueMatch {
    /// Whether it is more than a possibility.
    pub fn is_sure(&self) -> bool {
        self.certainty > Certainty::Perhaps
    }

    /// `known issue G1, fixed in 0.51b0`
    pub fn label(&self) -> String {
        let perhaps = if self.certainty == Certainty::Perhaps { "perhaps " } else { "" };
        match self.fixed_in.as_str() {
            "" => format!("{perhaps}known issue {}", self.id),
            version => format!("{perhaps}known issue {}, fixed in {version}", self.id),
        }
    }
}

/// How many trace ids a finding lists.
pub const MAX_TRACE_IDS: usize = 16;
/// How many span ids a finding lists.
pub const MAX_SPAN_IDS: usize = 64;

/// One verdict.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Tells it from every other finding, and stays the same while more spans arrive.
    pub key: u64,
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is; at most the rule's own severity.
    pub severity: Severity,
    /// 0 to 1.
    pub confidence: f64,
    /// How settled it is.
    pub state: State,
    /// The service whose instrumentation it is about.
    pub service: String,
    /// Name and version of the instrumentation scope that it is about, where it is about one.
    pub scope: Option<(String, String)>,
    /// Traces that show it, at most [`MAX_TRACE_IDS`].
    pub trace_ids: Vec<TraceId>,
    /// All of them.
    pub trace_count: u64,
    /// The spans that are wrong (for a merge: the entry spans), earliest first, at most [`MAX_SPAN_IDS`].
    pub span_ids: Vec<(TraceId, SpanId)>,
    /// All of them.
    pub span_count: u64,
    /// How many real requests the trace holds. Merge rules only.
    pub request_count: Option<u64>,
    /// The span that should not have been current.
    pub culprit: Option<Culprit>,
    /// The known issue behind it.
    pub known_issue: Option<KnownIssueMatch>,
    /// One line.
    pub message: String,
    /// What was observed, a sentence each, strongest first.
    pub evidence: Vec<String>,
    /// What to do, first things first.
    pub remedy: Vec<String>,
    /// The index in [`Diagnosis::findings`](super::Diagnosis::findings) of the headline that explains this one.
    pub folded_under: Option<usize>,
}

/// A message with the service that it is about, if it is about one and does not begin with it.
pub fn about(service: &str, message: &str) -> String {
    // A word that only begins with the letters of a short name does not name it.
    let named = message.strip_prefix(service).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    if service.is_empty() || named { message.to_owned() } else { format!("{service}: {message}") }
}

impl Finding {
    /// The order of the list within headlines and within symptoms: by severity, rule, service, scope and ids.
    pub(super) fn order(&self) -> impl Ord + '_ {
        (
            Reverse(self.severity),
            self.rule.id,
            &self.service,
            &self.scope,
            &self.trace_ids,
            &self.span_ids,
            &self.message,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn a_message_is_told_of_its_service_once() {
        for (service, message, told) in [
            ("shop", "2 spans are wrong", "shop: 2 spans are wrong"),
            ("shop", "shop: 2 spans are wrong", "shop: 2 spans are wrong"),
            ("s", "spans are wrong", "s: spans are wrong"),
            ("", "spans are wrong", "spans are wrong"),
        ] {
            assert_eq!(about(service, message), told);
        }
    }
}
