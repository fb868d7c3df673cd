//! Answers: what views and reports ask of the diagnosis. Nothing in here changes anything.

use super::Diagnosis;
use super::claim::Claim;
use super::engine::seen;
use super::finding::{Finding, Severity};
use super::group::GroupKey;
use super::marks::RuleSet;
use super::policy::{Policy, Suppressed};
use super::rule::{On, RULES, Rule};
use super::unmerge::{Place, Traits};
use crate::model::{SpanKind, TraceId};
use crate::store::{SpanIx, Store, TraceIx, View};
use std::collections::HashSet;

/// Spans of a trace of which it is looked up whose finding a mark is.
const NEAR: u32 = 64;
/// How many tops of a trace are looked at for requests that were not cut.
const TOPS: usize = 256;

impl Diagnosis {
    /// The verdicts: headlines first, then by severity, rule, service and ids.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was found and is accepted.
    pub fn suppressed(&self) -> &[Suppressed] {
        &self.suppressed
    }

    /// What is to be said of suppressions, a sentence each.
    pub fn policy_remarks(&self) -> &[String] {
        &self.policy_remarks
    }

    /// What the user wants said.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The findings that a span is part of or the culprit of, by index in [`Diagnosis::findings`].
    pub fn findings_of(&self, store: &Store, at: SpanIx) -> Vec<usize> {
        let group = self.groups_under(at).find_map(|g| self.finding_of_group.get(&g)).map(|(f, _)| *f);
        let member = match self.chains.place(at) {
            Some(Place::Group(number)) if self.is_alone(number, at) => {
                [self.finding_of_wrong_kinds(store, at), None]
            }
            Some(Place::Group(number)) => {
                let (headline, symptom) = self.finding_of_group.get(&number).copied().unzip();
                [headline, symptom.flatten()]
            }
            Some(Place::WrongKind) => [self.finding_of_wrong_kinds(store, at), None],
            Some(Place::Waiting(_)) | None => [None, None],
        };
        let merged = group.into_iter().chain(member.into_iter().flatten());
        let mut all: Vec<usize> = merged.chain(self.claims_on(store, at)).collect();
        all.dedup();
        all
    }

    /// The finding of wrong kinds without a merge that a span would be part of.
    fn finding_of_wrong_kinds(&self, store: &Store, at: SpanIx) -> Option<usize> {
        self.finding_of_wrong_kinds.get(&self.emitter(store, at)?).copied()
    }

    /// The findings of rules on spans, pairs and aggregates that a span is part of.
    fn claims_on(&self, store: &Store, at: SpanIx) -> Vec<usize> {
        let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, at) else {
            return Vec::new();
        };
        let scope = store.scope(seen.record.scope);
        let marked: Vec<&Rule> = self.marks.of_span(&seen, self.chains.is(at, Traits::EXCUSED)).collect();
        let id = (store.trace(seen.trace).id, seen.record.span_id);
        let concerns = |finding: &Finding| match finding.rule.on {
            On::Merge(_) | On::Entry => false,
            On::Span(_) => {
                marked.iter().any(|rule| rule.id == finding.rule.id)
                    && finding.service == seen.of_process.service
                    && finding.scope.as_ref().map_or(("", ""), |(n, v)| (n, v))
                        == (&scope.name, &scope.version)
            }
            On::Pair(_) | On::Aggregate(_) => finding.span_ids.contains(&id),
        };
        (0..self.findings.len()).filter(|i| concerns(&self.findings[*i])).collect()
    }

    /// How bad the worst finding is that a span is part of, where that is more than a hint: lists mark what is wrong.
    pub fn mark(&self, store: &Store, at: SpanIx) -> Option<Severity> {
        let findings = self.findings_of(store, at).into_iter().filter_map(|i| self.findings.get(i));
        findings.map(|finding| finding.severity).max().filter(|severity| *severity > Severity::Info)
    }

    /// Whether an entry of a group was judged by itself.
    fn is_alone(&self, number: u32, at: SpanIx) -> bool {
        self.groups[number as usize].as_ref().is_some_and(|group| group.alone.contains_key(&at))
    }

    /// The kind that a span should have had, where that differs from what was recorded.
    pub fn expected_kind(&self, store: &Store, at: SpanIx) -> Option<SpanKind> {
        let of_rule = |finding: usize| match &self.findings.get(finding)?.rule.on {
            On::Span(on) => on.expects,
            _ => None,
        };
        self.expected_entry(at).or_else(|| self.claims_on(store, at).into_iter().find_map(of_rule))
    }

    /// SERVER for an entry whose kind is wrong, where that is told.
    fn expected_entry(&self, at: SpanIx) -> Option<SpanKind> {
        let wrong = match self.chains.place(at)? {
            Place::Group(number) => {
                let group = self.groups[number as usize].as_ref()?;
                (group.spoken || group.alone.contains_key(&at)) && self.chains.has_wrong_kind(at)
            }
            Place::WrongKind => true,
            Place::Waiting(_) => false,
        };
        wrong.then_some(SpanKind::Server)
    }

    /// How many real requests a merged trace holds; nothing for a trace that is not merged.
    pub fn requests(&self, store: &Store, trace: TraceIx) -> Option<u64> {
        let id = store.trace(trace).id;
        let collided = self.collided.contains(&id).then_some(0);
        let cut = self.merged.get(&id).copied().or(collided)?;
        // The tops that were not cut hold a request when an entry is at or near them.
        let tops = store.roots(trace).take(TOPS).filter(|top| self.holds_entry(store, *top));
        Some(cut + tops.count() as u64)
    }

    fn holds_entry(&self, store: &Store, top: SpanIx) -> bool {
        // Edges that the owner has not cut yet count as cut.
        let cut = |at: SpanIx| match self.chains.place(at) {
            Some(Place::Group(number)) => {
                self.groups[number as usize].as_ref().is_some_and(|group| group.spoken)
            }
            _ => false,
        };
        let next = |at: &SpanIx| store.next_row(*at, View::Unmerged, &cut);
        let rows = std::iter::successors(Some(top), next).take(256);
        let mut rows = rows.take_while(|at| *at == top || store.parent_row(*at, View::Unmerged).is_some());
        rows.any(|at| self.chains.is_entry(at) && !cut(at))
    }

    /// Whether some span of a trace may be of another kind than it should be, accepted or not.
    pub fn may_have_wrong_kinds(&self, store: &Store, trace: TraceIx) -> bool {
        let id = store.trace(trace).id;
        self.wrong_kinds.values().any(|kinds| kinds.traces.contains_key(&id))
            // What a merge explains is told, unless it is accepted: to look through all groups costs a frame its time.
            || !self.suppressed.is_empty()
                && self.groups.iter().flatten().any(|group| group.wrong_kinds > 0 && group.traces.contains(&id))
    }

    /// The worst severity found in a trace, where that is more than a hint.
    pub fn worst(&self, store: &Store, trace: TraceIx) -> Option<Severity> {
        let id = store.trace(trace).id;
        let groups = self.finding_of_group.iter().filter(|(number, _)| {
            self.groups[**number as usize].as_ref().is_some_and(|group| group.traces.contains(&id))
        });
        let kinds = self
            .finding_of_wrong_kinds
            .iter()
            .filter(|(key, _)| self.wrong_kinds.get(key).is_some_and(|kinds| kinds.traces.contains_key(&id)));
        let findings = groups.map(|(_, (finding, _))| *finding).chain(kinds.map(|(_, finding)| *finding));
        let merged = findings.filter_map(|finding| self.findings.get(finding)).map(|f| f.severity).max();
        let marked = self.gathered.traces.marked(store, trace);
        // Most traces have nothing marked, and none of them collided: rows are drawn thirty times a second.
        let collided = self.collided.contains(&id);
        let claimed = |finding: &&Finding| match finding.rule.on {
            On::Merge(_) | On::Entry | On::Span(_) | On::Pair(_) => false,
            On::Aggregate(_) => {
                finding.trace_ids.contains(&id) || collided && self.is_of_collided(finding, id)
            }
        };
        let claimed = self.findings.iter().filter(claimed).map(|f| f.severity).max();
        let of_marks = if marked.is_empty() { None } else { self.worst_mark(store, trace, marked) };
        merged.max(claimed).max(of_marks).filter(|severity| *severity > Severity::Info)
    }

    /// The worst severity of what rules have marked in a trace: where findings differ, of those about its services. Of a
    /// large trace that is not looked up.
    fn worst_mark(&self, store: &Store, trace: TraceIx, marked: RuleSet) -> Option<Severity> {
        let is_told = |finding: &&Finding| {
            matches!(finding.rule.on, On::Span(_) | On::Pair(_))
                && (0..).zip(RULES).any(|(i, r)| r.id == finding.rule.id && marked.has(i))
        };
        let told: Vec<&Finding> = self.findings.iter().filter(is_told).collect();
        let severities = || told.iter().map(|f| f.severity);
        let (least, most) = (severities().min(), severities().max());
        if least == most || store.trace(trace).spans > NEAR {
            return most;
        }
        let next = |at: &SpanIx| store.next_row(*at, View::Recorded, &|_| false);
        let rows = std::iter::successors(store.first_row(trace, View::Recorded), next);
        let services: HashSet<&str> =
            rows.filter(|at| store.slot(*at).is_held()).map(|at| store.service(at)).collect();
        let own = told.iter().filter(|finding| services.contains(finding.service.as_str()));
        own.map(|f| f.severity).max().or(most)
    }

    /// Whether a finding is about a trace whose roots are requests of their own: it lists some of these only.
    fn is_of_collided(&self, finding: &Finding, trace: TraceId) -> bool {
        let is_it = |claim: &Claim| claim.service == finding.service && claim.collided.contains(&trace);
        self.claims.iter().any(|(rule, claim)| rule.id == finding.rule.id && is_it(claim))
    }

    /// Whether a request starts at a span.
    pub fn is_entry(&self, at: SpanIx) -> bool {
        self.chains.is_entry(at)
    }

    /// Whether a span (or a placeholder of one) holds merged requests together.
    pub fn is_culprit(&self, at: SpanIx) -> bool {
        let mut groups = self.groups_under(at).filter_map(|number| self.groups[number as usize].as_ref());
        groups.any(|group| group.spoken)
    }

    /// The groups that hang from a span.
    pub(super) fn groups_under(&self, at: SpanIx) -> impl Iterator<Item = u32> {
        let keys = [GroupKey::Span(at), GroupKey::Caller(at)];
        keys.into_iter().filter_map(|key| self.by_key.get(&key).copied())
    }
}
