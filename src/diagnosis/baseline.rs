//! Before and after: what is new since an earlier look, what is still there, and what is gone.

use super::{Finding, Severity, Subject};
use std::collections::BTreeSet;

/// A finding by names that outlive a run.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Key {
    /// The rule.
    pub rule: String,
    /// The service.
    pub service: String,
    /// The instrumentation scope of its spans, where it is one.
    pub scope: Option<String>,
    /// The culprit's name, where it was received.
    pub culprit: Option<String>,
}

impl Key {
    /// The key of what a finding is about.
    pub fn of(subject: &Subject) -> Self {
        Self {
            rule: subject.rule.to_owned(),
            service: subject.service.clone(),
            scope: subject.scope().map(|(name, _)| name.to_owned()),
            culprit: subject.culprit.as_ref().map(|(name, _)| name.clone()),
        }
    }

    /// Whether both are one fault. What one of them does not know tells nothing: a culprit is often received in one
    /// run and not in the next.
    pub fn same(&self, other: &Self) -> bool {
        let fits = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        self.rule == other.rule
            && self.service == other.service
            && fits(&self.scope, &other.scope)
            && fits(&self.culprit, &other.culprit)
    }
}

/// A finding of an earlier look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// What it is told by.
    pub key: Key,
    /// How bad it was.
    pub severity: Severity,
    /// What was said of it.
    pub message: String,
    /// Whether another explained it.
    pub is_symptom: bool,
}

/// All findings of an earlier look.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Baseline {
    /// Each of them.
    pub known: Vec<Known>,
}

/// How findings stand to a baseline.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The keys ([`Finding::key`]) of those that the baseline does not have.
    pub new: BTreeSet<u64>,
    /// What the baseline has and is not there any more.
    pub gone: Vec<Known>,
}

impl Baseline {
    /// The baseline of what is there now. `subject` tells what a finding is about.
    pub fn of(findings: &[Finding], subject: &dyn Fn(&Finding) -> Subject) -> Self {
        let known = |finding: &Finding| Known {
            key: Key::of(&subject(finding)),
            severity: finding.severity,
            message: finding.message.clone(),
            is_symptom: finding.folded_under.is_some(),
        };
        Self { known: findings.iter().map(known).collect() }
    }

    /// Compares findings with it; a fault that is there several times is there.
    pub fn compare<'a>(
        &self,
        findings: impl IntoIterator<Item = &'a Finding>,
        subject: &dyn Fn(&Finding) -> Subject,
    ) -> Comparison {
        let now: Vec<(u64, Key)> =
            findings.into_iter().map(|finding| (finding.key, Key::of(&subject(finding)))).collect();
        let is_new = |key: &Key| !self.known.iter().any(|known| known.key.same(key));
        let is_gone = |known: &&Known| !now.iter().any(|(_, key)| known.key.same(key));
        Comparison {
            new: now.iter().filter(|(_, key)| is_new(key)).map(|(finding, _)| *finding).collect(),
            gone: self.known.iter().filter(is_gone).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Bench, by_end};

    const MERGED: &str = "
        run  shop  internal  0..90000
          GET /a  shop  internal  100..110  get=/a
          GET /b  shop  internal  20000..20010  get=/b
          GET /c  shop  internal  30000..30010  get=/c
    ";

    fn bench(sketch: &str) -> Bench {
        let mut bench = Bench::default();
        bench.take(by_end(sketch)).finish();
        bench
    }

    fn baseline(bench: &Bench) -> Baseline {
        Baseline::of(bench.0.diagnosis.findings(), &|f| Subject::of(f, &bench.0.store))
    }

    /// Rules of what is new, still there and gone, when a sketch follows another.
    fn compare(before: &str, after: &str) -> [Vec<String>; 3] {
        let (before, after) = (baseline(&bench(before)), bench(after));
        let findings = after.0.diagnosis.findings();
        let Comparison { new, gone } = before.compare(findings, &|f| Subject::of(f, &after.0.store));
        let (new, old): (Vec<_>, Vec<_>) = findings.iter().partition(|f| new.contains(&f.key));
        let rules = |findings: Vec<&Finding>| findings.iter().map(|f| f.rule.id.to_owned()).collect();
        [rules(new), rules(old), gone.into_iter().map(|known| known.key.rule).collect()]
    }

    const BOTH: [&str; 2] = ["merged-under-local-span", "http-entry-not-server"];
    const NONE: [&str; 0] = [];

    #[test]
    fn new_still_there_and_gone() {
        let fine = "GET /a  shop  server  0..9  get=/a";
        assert_eq!(compare(fine, MERGED), [BOTH.to_vec(), NONE.to_vec(), NONE.to_vec()]);
        assert_eq!(compare(MERGED, MERGED), [NONE.to_vec(), BOTH.to_vec(), NONE.to_vec()]);
        assert_eq!(compare(MERGED, fine), [NONE.to_vec(), NONE.to_vec(), BOTH.to_vec()]);
    }

    #[test]
    fn ids_and_counts_do_not_matter_names_do() {
        let later = MERGED.replace("  0..90000", "  0..90000  trace=7").replace("GET /c", "POST /d");
        let more = format!("{later}      GET /e  shop  internal  40000..40010  get=/e\n");
        assert_eq!(compare(MERGED, &more), [NONE.to_vec(), BOTH.to_vec(), NONE.to_vec()]);
        let lost = MERGED.replace("  0..90000", "  0..90000  lost");
        for (before, after) in [(MERGED, lost.as_str()), (&lost, MERGED)] {
            assert_eq!(compare(before, after), [NONE.to_vec(), BOTH.to_vec(), NONE.to_vec()], "{after}");
        }
        let other = MERGED.replace("run  shop", "serve  shop");
        let [new, old, gone] = compare(MERGED, &other);
        assert_eq!(
            (new, old, gone),
            (vec![BOTH[0].to_owned()], vec![BOTH[1].to_owned()], vec![BOTH[0].to_owned()])
        );
        let service = MERGED.replace("shop", "store");
        assert_eq!(compare(MERGED, &service), [BOTH.to_vec(), NONE.to_vec(), BOTH.to_vec()]);
    }

    #[test]
    fn a_wrong_kind_of_another_scope_is_new() {
        let one = "GET /a  shop  internal  0..9  get=/a scope=one@1";
        let two = "GET /a  shop  internal  0..9  get=/a scope=two@1";
        let kind = vec![BOTH[1].to_owned()];
        assert_eq!(compare(one, two), [kind.clone(), vec![], kind.clone()]);
        assert_eq!(
            compare(one, &one.replace("@1", "@2")),
            [vec![], kind, vec![]],
            "a version is not a scope"
        );
    }
}
