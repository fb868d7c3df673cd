//! The policy: which rules may speak and how loudly, and which of their findings are accepted.

use super::suppression::Suppression;
use super::{Finding, Severity, Subject};
use crate::model::Day;
use std::collections::BTreeMap;

/// What is wanted of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// It does not report.
    Allow,
    /// It reports, and what it finds is info.
    Info,
    /// It reports, and what it finds is a warning.
    Warn,
    /// It reports, and what it finds is an error.
    Deny,
}

impl Level {
    /// Their names in a configuration.
    pub const NAMES: [&'static str; 4] = ["allow", "info", "warn", "deny"];

    /// The level with this name.
    pub fn named(name: &str) -> Option<Self> {
        let levels = [Self::Allow, Self::Info, Self::Warn, Self::Deny];
        Self::NAMES.iter().zip(levels).find(|(known, _)| **known == name).map(|(_, level)| level)
    }

    /// How bad its findings are; nothing where it has none.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Allow => None,
            Self::Info => Some(Severity::Info),
            Self::Warn => Some(Severity::Warning),
            Self::Deny => Some(Severity::Error),
        }
    }
}

/// What the user wants said.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Policy {
    /// The day on which suppressions are held against their end; nothing where no day is known, and none ends.
    today: Option<Day>,
    levels: BTreeMap<&'static str, Level>,
    suppressions: Vec<Suppression>,
}

/// A finding that is accepted.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// What was found.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Where that was written, `file:line`.
    pub origin: String,
}

/// Findings after a policy was applied.
#[derive(Clone, Default, Debug)]
pub struct Judged {
    /// What is told, in the order of [`Diagnosis::findings`](super::Diagnosis::findings).
    pub findings: Vec<Finding>,
    /// What is accepted.
    pub suppressed: Vec<Suppressed>,
    /// Suppressions that have ended or meet nothing, a sentence each.
    pub remarks: Vec<String>,
}

impl Policy {
    /// Sets what is wanted of a rule; a later word counts.
    pub fn set(&mut self, rule: &'static str, level: Level) {
        self.levels.insert(rule, level);
    }

    /// Sets the day on which suppressions are held against their end.
    pub fn on(&mut self, today: Day) {
        self.today = Some(today);
    }

    /// That day.
    pub fn today(&self) -> Option<Day> {
        self.today
    }

    /// Whether nothing is wanted but what rules say by themselves.
    fn is_plain(&self) -> bool {
        self.levels.is_empty() && self.suppressions.is_empty()
    }

    /// Accepts findings.
    pub fn suppress(&mut self, suppression: Suppression) {
        self.suppressions.push(suppression);
    }

    /// What is wanted of a rule; nothing where nobody said, and the rule does as it is made.
    pub fn level(&self, rule: &str) -> Option<Level> {
        self.levels.get(rule).copied()
    }

    /// Whether a rule speaks, where it does so unasked or not.
    pub fn speaks(&self, rule: &str, unasked: bool) -> bool {
        self.level(rule).map_or(unasked, |level| level != Level::Allow)
    }

    /// Whether levels make a symptom worse than its headline: it would fail a check that shows no reason to.
    fn louder(&self, symptom: &Finding, headline: &Finding) -> bool {
        let level = self.level(headline.rule.id);
        let severity = level.and_then(Level::severity).unwrap_or(headline.severity);
        (level.is_some() || self.level(symptom.rule.id).is_some()) && symptom.severity > severity
    }

    /// Applies levels and suppressions. `subject` tells what a finding is about.
    pub fn apply(&self, findings: Vec<Finding>, subject: &dyn Fn(&Finding) -> Subject) -> Judged {
        if self.is_plain() {
            return Judged { findings, ..Judged::default() };
        }
        let about = if self.suppressions.is_empty() { &[][..] } else { &findings[..] };
        let subjects: Vec<Subject> = about.iter().map(subject).collect();
        let accepted_by = |index: usize| {
            let holds = |s: &&Suppression| !self.has_ended(s) && s.matches(&subjects[index]);
            self.suppressions.iter().find(holds)
        };
        let mut judged = Judged::default();
        let mut kept: Vec<(Finding, usize)> = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            let mut finding = finding.clone();
            let level = self.level(finding.rule.id);
            if !self.speaks(finding.rule.id, finding.rule.enabled) {
                continue;
            }
            finding.severity = level.and_then(Level::severity).unwrap_or(finding.severity);
            let headline = finding.folded_under.filter(|headline| *headline < findings.len());
            let silent = headline.filter(|h| !self.speaks(findings[*h].rule.id, findings[*h].rule.enabled));
            // Who accepts a cause accepts what comes of it.
            let cause = headline.filter(|_| silent.is_none()).and_then(accepted_by);
            if let Some(by) = cause.or_else(|| accepted_by(index)) {
                finding.folded_under = None;
                let (reason, origin) = (by.reason.clone(), by.origin.clone());
                judged.suppressed.push(Suppressed { finding, reason, origin });
                continue;
            }
            if let Some(headline) =
                silent.or_else(|| headline.filter(|h| self.louder(&finding, &findings[*h])))
            {
                stand_alone(&mut finding, &findings[headline]);
            }
            kept.push((finding, index));
        }
        let place = |finding: &Finding| finding.folded_under.is_some();
        kept.sort_by(|(a, _), (b, _)| place(a).cmp(&place(b)).then_with(|| a.order().cmp(&b.order())));
        let place: BTreeMap<usize, usize> =
            kept.iter().enumerate().map(|(now, (_, before))| (*before, now)).collect();
        judged.findings = (kept.into_iter())
            .map(|(mut finding, _)| {
                finding.folded_under =
                    finding.folded_under.and_then(|headline| place.get(&headline).copied());
                finding
            })
            .collect();
        judged.remarks = self.suppressions.iter().filter_map(|s| self.remark(s, &subjects)).collect();
        judged
    }

    fn has_ended(&self, suppression: &Suppression) -> bool {
        self.today.is_some_and(|today| suppression.ended(today))
    }

    fn remark(&self, suppression: &Suppression, subjects: &[Subject]) -> Option<String> {
        let met = subjects.iter().filter(|subject| suppression.matches(subject)).count();
        match suppression.until {
            Some(until) if self.has_ended(suppression) => {
                let met = if met > 0 { format!("{met} of the findings") } else { "nothing here".to_owned() };
                Some(format!("{suppression} ended on {until}; it would meet {met}"))
            }
            _ if met == 0 => Some(format!("{suppression} meets nothing here")),
            _ => None,
        }
    }
}

/// A symptom whose headline does not speak, or speaks lower, says itself why, and what to do.
fn stand_alone(symptom: &mut Finding, headline: &Finding) {
    symptom.folded_under = None;
    symptom.evidence.clone_from(&headline.evidence);
    symptom.remedy.clone_from(&headline.remedy);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::State;
    use crate::diagnosis::rules::{http_entry_not_server, merged_under_local_span};
    use crate::diagnosis::suppression::Pattern;
    use crate::testkit::{Bench, by_end};

    const MERGE: &str = merged_under_local_span::RULE.id;
    const KIND: &str = http_entry_not_server::RULE.id;

    /// A merge with its symptom in one service, a wrong kind alone in another.
    fn bench() -> Bench {
        let mut bench = Bench::default();
        bench.take(by_end(
            "
            run  shop  internal  0..90000
              GET /a  shop  internal  100..110  get=/a
              GET /b  shop  internal  20000..20010  get=/b
              GET /c  shop  internal  30000..30010  get=/c
            GET /x  other  internal  40000..40010  get=/x trace=2
        ",
        ));
        bench.finish();
        bench
    }

    /// Service, severity and rule of what is told, and what each is folded under.
    fn told(judged: &Judged) -> Vec<String> {
        let line = |f: &Finding| {
            let under = f.folded_under.map_or(String::new(), |headline| format!(" under {headline}"));
            format!("{} {} {}{under}", f.service, f.severity, f.rule.id)
        };
        judged.findings.iter().map(line).collect()
    }

    fn apply(policy: &Policy) -> Judged {
        let bench = bench();
        let store = &bench.0.store;
        let mut policy = policy.clone();
        policy.on(Day::parse("2027-02-01").unwrap());
        policy.apply(bench.0.diagnosis.findings().to_vec(), &|f| Subject::of(f, store))
    }

    fn levels(levels: &[(&'static str, Level)]) -> Vec<String> {
        let mut policy = Policy::default();
        levels.iter().for_each(|(rule, level)| policy.set(rule, *level));
        told(&apply(&policy))
    }

    fn suppression(rule: &'static str, service: &str, until: &str) -> Suppression {
        Suppression {
            rule: Some(rule),
            service: Some(Pattern(service.to_owned())),
            scope: None,
            span: None,
            reason: "known".to_owned(),
            until: Day::parse(until),
            origin: "otoscope.toml:3".to_owned(),
        }
    }

    #[test]
    fn without_words_nothing_changes() {
        let expected = [
            "other error http-entry-not-server",
            "shop error merged-under-local-span",
            "shop error http-entry-not-server under 1",
        ];
        assert_eq!(levels(&[]), expected);
        let judged = apply(&Policy::default());
        let bench = bench();
        for (judged, found) in judged.findings.iter().zip(bench.0.diagnosis.findings()) {
            assert_eq!(format!("{judged:?}"), format!("{found:?}"));
        }
    }

    #[test]
    fn levels_are_exact_and_order_follows() {
        assert_eq!(
            levels(&[(KIND, Level::Warn)]),
            [
                "shop error merged-under-local-span",
                "other warning http-entry-not-server",
                "shop warning http-entry-not-server under 0",
            ]
        );
        assert_eq!(levels(&[(KIND, Level::Info)])[1], "other info http-entry-not-server");
        assert_eq!(
            levels(&[(MERGE, Level::Warn)]),
            [
                "other error http-entry-not-server",
                "shop error http-entry-not-server",
                "shop warning merged-under-local-span",
            ],
            "nothing is hidden under what is told lower"
        );
        let mut info = bench().0.diagnosis.findings().to_vec();
        info.iter_mut().for_each(|finding| finding.severity = Severity::Info);
        for (level, severity) in [(Level::Warn, Severity::Warning), (Level::Deny, Severity::Error)] {
            let mut policy = Policy::default();
            policy.set(KIND, level);
            let subject = |f: &Finding| Subject { rule: f.rule.id, ..Subject::default() };
            let judged = policy.apply(info.clone(), &subject);
            assert!(judged.findings.iter().filter(|f| f.rule.id == KIND).all(|f| f.severity == severity));
            assert!(judged.findings.iter().all(|f| f.state == State::Firm), "only the severity changes");
        }
    }

    #[test]
    fn an_allowed_rule_is_silent_and_its_symptoms_speak_for_themselves() {
        assert_eq!(levels(&[(KIND, Level::Allow)]), ["shop error merged-under-local-span"]);
        assert_eq!(
            levels(&[(KIND, Level::Allow), (KIND, Level::Warn)])[1],
            "other warning http-entry-not-server"
        );
        let mut policy = Policy::default();
        policy.set(MERGE, Level::Allow);
        let judged = apply(&policy);
        assert_eq!(told(&judged), ["other error http-entry-not-server", "shop error http-entry-not-server"]);
        assert!(judged.findings[1].evidence.len() > 1, "{:?}", judged.findings[1].evidence);
        assert!(!judged.findings[1].remedy[0].contains("headline"), "{:?}", judged.findings[1].remedy);
    }

    #[test]
    fn who_accepts_a_cause_accepts_what_comes_of_it() {
        let mut policy = Policy::default();
        policy.suppress(suppression(MERGE, "sh*", "2027-02-01"));
        let judged = apply(&policy);
        assert_eq!(told(&judged), ["other error http-entry-not-server"]);
        let accepted: Vec<_> = judged
            .suppressed
            .iter()
            .map(|s| (s.finding.rule.id, s.reason.as_str(), s.origin.as_str()))
            .collect();
        assert_eq!(accepted, [(MERGE, "known", "otoscope.toml:3"), (KIND, "known", "otoscope.toml:3")]);
        assert_eq!(judged.remarks, [""; 0]);
        let mut policy = Policy::default();
        policy.suppress(suppression(KIND, "*", ""));
        assert_eq!(told(&apply(&policy)), ["shop error merged-under-local-span"], "a symptom alone");
    }

    #[test]
    fn what_has_ended_or_meets_nothing_is_remarked() {
        let mut policy = Policy::default();
        policy.suppress(suppression(KIND, "*", "2027-01-31"));
        policy.suppress(suppression(MERGE, "nobody", ""));
        let judged = apply(&policy);
        assert_eq!((judged.findings.len(), judged.suppressed.len()), (3, 0));
        assert_eq!(
            judged.remarks,
            [
                "the suppression of http-entry-not-server in otoscope.toml:3 ended on 2027-01-31; \
                 it would meet 2 of the findings",
                "the suppression of merged-under-local-span in otoscope.toml:3 meets nothing here",
            ]
        );
    }
}
