//! Verdicts on groups: when one may be spoken, how sure it is, who did it and what to do.

use super::evidence::{Circumstances, severity};
use super::finding::{Culprit, CulpritClass, KnownIssueMatch, Severity, State};
use super::group::{Group, GroupKey, Hub, Sampled};
use super::known_issues::Match;
use super::rule::On;
use super::rules::{
    client_span_adopted, fixed_remote_parent, merged_under_local_span, request_inherits_finished_request,
};
use super::unmerge::Place;
use super::{Diagnosis, Rule};
use crate::model::SpanKind;
use crate::store::{Presence, SpanIx, Store};

/// What a missing parent may lag behind the last span of its process (`T_QUIET`), nanoseconds.
pub(crate) const QUIET_NS: u64 = 10_000_000_000;
/// Wall clock after which a silent process has said all it will (`T_QUIET`, silent case), nanoseconds.
pub(super) const SILENT_NS: u64 = 30_000_000_000;
/// What is said of a group.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(super) rule: &'static Rule,
    pub(super) severity: Severity,
    pub(super) confidence: f64,
    pub(super) state: State,
    pub(super) evidence: Vec<String>,
    pub(super) culprit: Option<Culprit>,
    pub(super) known_issue: Option<KnownIssueMatch>,
    pub(super) remedy: Vec<String>,
}

impl Verdict {
    /// What changes seldom, and is told at once when it does.
    pub(super) fn headline(&self) -> (&'static str, Severity, State) {
        (self.rule.id, self.severity, self.state)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.state == State::Firm
    }
}

/// What a rule needs to find its words.
pub(crate) struct Words<'a> {
    /// The group that shows it best.
    pub(crate) group: &'a Group,
    /// All groups of the same root cause together: what is counted. The same group where there is one.
    pub(crate) all: &'a Group,
    /// How many groups these are.
    pub(crate) groups: usize,
    /// What their culprits are called that were received, the first first.
    pub(crate) culprits: Vec<&'a str>,
    pub(crate) language: &'a str,
    pub(crate) culprit: Option<&'a Culprit>,
    /// The culprit's duration, or how long it has been open at least, nanoseconds.
    pub(crate) open_ns: u64,
    pub(crate) known_issue: Option<Match<'a>>,
    /// Nothing more will come.
    pub(crate) ended: bool,
    /// Its process has been silent for long.
    pub(crate) silent: bool,
}

impl Words<'_> {
    /// `` `run` ``, `` `run` or `worker` ``: at most three, and that there are more.
    pub(crate) fn named(&self) -> String {
        const NAMED: usize = 3;
        let mut names: Vec<String> =
            self.culprits.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        if self.culprits.len() > NAMED {
            names.push("others".to_owned());
        }
        names.join(" or ")
    }
}

/// What a rule may ask of the moment at which it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The time that the engine was told, nanoseconds since the Unix epoch.
    pub(crate) now_ns: u64,
    /// Nothing more will come.
    pub(crate) ended: bool,
    /// How long the culprit was open, or has been at least, nanoseconds.
    pub(crate) open_ns: u64,
}

/// The rule on this group.
fn rule_of(group: &Group) -> &'static Rule {
    let calls = group.hub.as_ref().is_some_and(|hub| hub.kind == SpanKind::Client);
    match group.key {
        GroupKey::Span(_) => &merged_under_local_span::RULE,
        GroupKey::Requests(_) => &request_inherits_finished_request::RULE,
        GroupKey::Caller(_) if calls => &client_span_adopted::RULE,
        GroupKey::Caller(_) => &fixed_remote_parent::RULE,
    }
}

impl Diagnosis {
    /// The verdict on a group, nothing while it is better to keep silent.
    pub(super) fn verdict(&self, store: &Store, group: &Group) -> Option<Verdict> {
        let rule = rule_of(group);
        let On::Merge(on) = &rule.on else { return None };
        if !self.is_on(rule) {
            return None;
        }
        let process = self.processes.get(group.process);
        // Elsewhere the same requests are parts of a SERVER span's request: here that one is only missing.
        let inside =
            |sampled: &Sampled| self.nested.contains(&(process.service_ix, sampled.scope, sampled.name));
        let part = matches!(group.key, GroupKey::Span(_)) && group.hub.is_none();
        if part && group.sample.values().all(inside) {
            return None;
        }
        let open_ns = self.open_ns(store, group);
        let state =
            (on.state)(group, &Moment { now_ns: self.now_ns, ended: self.ended || process.ended, open_ns })?;
        let known_issue = self.known_issue(store, group, rule);
        let class = culprit_class(group, known_issue, process.first_start_ns);
        let mut weighed =
            (on.weigh)(group, &Circumstances { open_ns, class, tests: process.tests, known_issue });
        let severity = severity(weighed.confidence)?.min(rule.severity);
        let culprit = self.culprit(store, group, class, open_ns);
        let mut remedy = (on.remedy)(&self.words(group, culprit.as_ref(), open_ns, known_issue));
        if let Some(known) = known_issue {
            let sentence = known.sentence();
            if !weighed.evidence.contains(&sentence) {
                weighed.evidence.push(sentence);
            }
            remedy = known.advise(remedy);
        }
        Some(Verdict {
            rule,
            severity,
            confidence: weighed.confidence,
            state,
            evidence: weighed.evidence,
            culprit,
            known_issue: known_issue.map(Match::matched),
            remedy,
        })
    }

    pub(super) fn words<'a>(
        &'a self,
        group: &'a Group,
        culprit: Option<&'a Culprit>,
        open_ns: u64,
        known_issue: Option<Match<'a>>,
    ) -> Words<'a> {
        let process = self.processes.get(group.process);
        Words {
            group,
            all: group,
            groups: 1,
            culprits: group.hub.iter().map(|hub| hub.name.as_str()).collect(),
            language: &process.language,
            culprit,
            open_ns,
            known_issue,
            ended: self.ended || process.ended,
            silent: process.is_silent(self.now_ns),
        }
    }

    /// How long the culprit was open, or at least has been, nanoseconds.
    pub(super) fn open_ns(&self, store: &Store, group: &Group) -> u64 {
        let process = self.processes.get(group.process);
        match (group.key, &group.hub) {
            (_, Some(hub)) => hub.end_ns.saturating_sub(hub.start_ns),
            (GroupKey::Span(at) | GroupKey::Caller(at), None) => {
                let slot = store.slot(at);
                // Spans other than entries may hang from the missing parent too, and have started earlier.
                let known = slot.presence == Presence::Missing && slot.record.span_id == group.culprit_id;
                let first = if known { slot.record.start_ns } else { group.first_start_ns };
                process.watermark_ns.saturating_sub(first)
            }
            (GroupKey::Requests(_), None) => 0,
        }
    }

    fn culprit(&self, store: &Store, group: &Group, class: CulpritClass, open_ns: u64) -> Option<Culprit> {
        if matches!(group.key, GroupKey::Requests(_)) {
            return self.earlier_request(store, group, class);
        }
        let hub = group.hub.as_ref();
        Some(Culprit {
            span_id: group.culprit_id,
            name: hub.map(|hub| hub.name.clone()),
            kind: hub.map(|hub| hub.kind),
            scope: hub.map(|hub| hub.scope.clone()),
            scope_version: hub.map(|hub| hub.scope_version.clone()),
            received: hub.is_some(),
            class,
            open_at_least_ns: hub.is_none().then_some(open_ns),
            others: 0,
        })
    }

    /// The request that the earliest entry was recorded under. Where each job of a loop hangs from the one before, that
    /// is a staircase.
    fn earlier_request(&self, store: &Store, group: &Group, class: CulpritClass) -> Option<Culprit> {
        const LOOKED_AT: usize = 16;
        const STEPS: usize = 64;
        const STAIRS: usize = 5;
        let owners = group.sample.keys().take(LOOKED_AT).filter_map(|(_, span, trace)| {
            let at = store.find_trace(*trace).and_then(|trace| store.find_span(trace, *span))?;
            self.chains.owner(store, &self.processes, store.slot(at).parent()?, STEPS)
        });
        let owners: Vec<SpanIx> = owners.collect();
        let earliest = *owners.first()?;
        let cut = |at: &&SpanIx| matches!(self.chains.place(**at), Some(Place::Group(_)));
        let stairs = group.messages == group.n && owners.iter().filter(cut).count() >= STAIRS;
        let record = store.record(earliest);
        let scope = store.scope(record.scope);
        Some(Culprit {
            span_id: record.span_id,
            name: Some(store.name(earliest).into_owned()),
            kind: Some(record.kind()),
            scope: Some(scope.name.clone()),
            scope_version: Some(scope.version.clone()),
            received: true,
            class: if stairs { CulpritClass::Staircase } else { class },
            open_at_least_ns: None,
            others: 0,
        })
    }
}

fn culprit_class(group: &Group, known_issue: Option<Match<'_>>, process_start_ns: u64) -> CulpritClass {
    // A start-up span opens within ten seconds of the process's first span.
    let early = |hub: &Hub| hub.start_ns.saturating_sub(process_start_ns) < 10_000_000_000;
    match (group.key, &group.hub) {
        (GroupKey::Requests(_), _) if group.ended > 0 => CulpritClass::PreviousRequest,
        (GroupKey::Requests(_), _) => CulpritClass::ConcurrentRequest,
        (GroupKey::Span(_), Some(hub))
            if hub.class == CulpritClass::Unknown && hub.startup_name && early(hub) =>
        {
            CulpritClass::Startup
        }
        (GroupKey::Span(_), Some(hub)) => hub.class,
        (GroupKey::Span(_), None) if known_issue.is_some_and(Match::is_sure) => CulpritClass::Cli,
        (GroupKey::Span(_), None) => CulpritClass::Unknown,
        (GroupKey::Caller(_), Some(hub)) if hub.kind == SpanKind::Client => CulpritClass::FanOutClient,
        (GroupKey::Caller(_), _) => CulpritClass::FixedRemoteParent,
    }
}
