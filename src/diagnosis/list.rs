//! The list of findings: from verdicts and claims, in order, symptoms folded under what explains them.

use super::Diagnosis;
use super::Subject;
use super::aggregate::emitters::EmitterIx;
use super::cause::Cause;
use super::finding::Finding;
use super::rules::http_entry_not_server;
use crate::model::TraceId;
use crate::store::Store;
use std::collections::HashMap;

/// What a finding was made from.
#[derive(Clone, Copy)]
enum From {
    /// Groups of entries that hang from one culprit each, of one root cause: its place in the list of those.
    Cause(usize),
    /// The wrong kinds of a root cause.
    Symptom(usize),
    /// Wrong kinds that no merge explains.
    WrongKinds(EmitterIx),
    /// A rule on spans, pairs or aggregates: the place of its claim.
    Claim(usize),
}

struct Draft {
    from: From,
    finding: Finding,
}

impl Diagnosis {
    /// Writes the list of findings anew.
    pub(super) fn write_findings(&mut self, store: &Store) {
        let causes = self.causes(store);
        let mut drafts = self.drafts(store, &causes);
        drafts.sort_by(|a, b| a.finding.order().cmp(&b.finding.order()));
        let mut under: Vec<Option<usize>> =
            (0..drafts.len()).map(|i| self.explanation(&drafts, &causes, i)).collect();
        for index in 0..under.len() {
            // What explains it may itself be a symptom: the top of all is the headline. Bounded against a circle.
            for _ in 0..under.len() {
                match under[index].and_then(|above| under[above]) {
                    Some(further) if further != index => under[index] = Some(further),
                    _ => break,
                }
            }
        }
        // Headlines first; the order within both parts stays.
        let mut order: Vec<usize> = (0..drafts.len()).collect();
        order.sort_by_key(|index| under[*index].is_some());
        let mut place = vec![0; drafts.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old] = new;
        }
        let mut of_group: HashMap<u32, (usize, Option<usize>)> = HashMap::new();
        let mut of_wrong_kinds = HashMap::new();
        for (old, draft) in drafts.iter_mut().enumerate() {
            draft.finding.folded_under = under[old].map(|above| place[above]);
            match draft.from {
                From::Cause(cause) => {
                    for number in &causes[cause].numbers {
                        of_group.entry(*number).or_default().0 = place[old];
                    }
                }
                From::Symptom(cause) => {
                    for number in &causes[cause].numbers {
                        of_group.entry(*number).or_default().1 = Some(place[old]);
                    }
                }
                From::WrongKinds(key) => {
                    of_wrong_kinds.insert(key, place[old]);
                }
                From::Claim(_) => {}
            }
        }
        (self.finding_of_group, self.finding_of_wrong_kinds) = (of_group, of_wrong_kinds);
        let mut findings: Vec<(usize, Finding)> =
            drafts.into_iter().enumerate().map(|(old, draft)| (place[old], draft.finding)).collect();
        findings.sort_by_key(|(new, _)| *new);
        let findings: Vec<Finding> = findings.into_iter().map(|(_, finding)| finding).collect();
        self.judge_findings(store, findings);
    }

    /// Lets the user's policy judge the findings, and finds them again in what is left.
    fn judge_findings(&mut self, store: &Store, findings: Vec<Finding>) {
        let keys: Vec<u64> = findings.iter().map(|finding| finding.key).collect();
        let judged = self.policy().apply(findings, &|finding| Subject::of(finding, store));
        let unmoved = judged.findings.iter().map(|finding| finding.key).eq(keys.iter().copied());
        if !unmoved {
            let place: HashMap<u64, usize> =
                judged.findings.iter().enumerate().map(|(now, finding)| (finding.key, now)).collect();
            let moved = |before: usize| keys.get(before).and_then(|key| place.get(key)).copied();
            self.finding_of_wrong_kinds.retain(|_, at| moved(*at).map(|now| *at = now).is_some());
            self.finding_of_group.retain(|_, (headline, symptom)| {
                *symptom = symptom.and_then(moved);
                // A symptom whose headline is not told stands for itself.
                match moved(*headline).or(*symptom) {
                    Some(now) => *headline = now,
                    None => return false,
                }
                true
            });
        }
        self.findings = judged.findings;
        self.suppressed = judged.suppressed;
        self.policy_remarks = judged.remarks;
    }

    fn drafts(&self, store: &Store, causes: &[Cause<'_>]) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        for (number, cause) in causes.iter().enumerate() {
            let finding = self.merge_finding(store, cause);
            drafts.push(Draft { from: From::Cause(number), finding });
            if cause.has_wrong_kinds() {
                let finding = self.symptom_finding(store, cause);
                drafts.push(Draft { from: From::Symptom(number), finding });
            }
        }
        for (emitter, kinds) in &self.wrong_kinds {
            let of = self.gathered.emitters.get(*emitter);
            let (service, scope) = (self.processes.service(of.service), store.scope(of.scope));
            let mut finding = http_entry_not_server::alone(store, service, scope, kinds, self.ended);
            finding.key = 1 << 63 | u64::from(emitter.0);
            self.add_known_issue(store, &mut finding, "", "");
            drafts.push(Draft { from: From::WrongKinds(*emitter), finding });
        }
        drafts.retain(|draft| self.is_on(draft.finding.rule));
        drafts.extend(self.claims.iter().enumerate().map(|(number, (rule, claim))| {
            let mut finding = claim.clone().into_finding(rule);
            self.add_known_issue(store, &mut finding, &claim.language, &claim.subject);
            Draft { from: From::Claim(number), finding }
        }));
        drafts
    }

    /// What explains a finding: for the wrong kinds of a merge the merge, else a finding of one of the rules that its own
    /// rule names, about all of its traces.
    fn explanation(&self, drafts: &[Draft], causes: &[Cause<'_>], index: usize) -> Option<usize> {
        let Draft { from, finding } = &drafts[index];
        if let From::Symptom(cause) = from {
            return drafts.iter().position(|other| matches!(other.from, From::Cause(n) if n == *cause));
        }
        let is_about = |draft: &Draft, trace: &TraceId| match draft.from {
            From::Cause(cause) => causes[cause].is_about(*trace),
            // A finding lists some of its traces.
            From::Claim(claim) if self.claims[claim].1.collided.contains(trace) => true,
            _ => draft.finding.trace_ids.contains(trace),
        };
        let explains = |(other, draft): &(usize, &Draft)| {
            *other != index
                && finding.rule.symptom_of.contains(&draft.finding.rule.id)
                && !finding.trace_ids.is_empty()
                && finding.trace_ids.iter().all(|trace| is_about(draft, trace))
        };
        drafts.iter().enumerate().find(explains).map(|(other, _)| other)
    }
}
