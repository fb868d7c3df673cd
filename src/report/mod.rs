//! Paper: findings for people and for machines, for `check`.
//!
//! One file a report, one word in [`REPORTS`]. A report is a function of what was read and found; it knows no file
//! and no terminal. Text of telemetry is made harmless in each of them: logs of a build are read in terminals too.

mod github;
mod json;
mod junit;
mod rejected;
mod sarif;
mod text;

pub use json::read as read_baseline;
pub use rejected::Rejected;

use crate::diagnosis::{
    Baseline, Comparison, Finding, Known, RULES, Rule, Severity, State, Subject, Suppressed,
};
use crate::session::Session;

/// What a report is written from.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Everything that was read.
    pub session: &'a Session,
    /// The files that were read, as they were named.
    pub files: Vec<String>,
    /// What could not be read at all, a sentence each.
    pub unreadable: Vec<String>,
    /// Spans and records that could not be read; all of them are counted by the store.
    pub rejected: Rejected,
    /// The rules that spoke or could have.
    pub rules: Vec<&'static Rule>,
    /// What was found, ordered as [`Diagnosis::findings`](crate::diagnosis::Diagnosis::findings) are.
    pub findings: Vec<Finding>,
    /// What was found and is accepted.
    pub suppressed: Vec<Suppressed>,
    /// What is to be said of the configuration, a sentence each.
    pub remarks: Vec<String>,
    /// Findings were left out that have nothing to do with what is asked about.
    pub narrowed: bool,
    /// How that stands to an earlier report.
    pub compared: Option<Comparison>,
    /// The lowest severity that fails the check; nothing where none does.
    pub fail_on: Option<Severity>,
}

impl<'a> Checked<'a> {
    /// What a session found; errors fail.
    pub fn new(session: &'a Session) -> Self {
        let diagnosis = &session.diagnosis;
        let speaks = |rule: &&Rule| diagnosis.policy().speaks(rule.id, rule.enabled);
        Self {
            session,
            files: Vec::new(),
            unreadable: Vec::new(),
            rejected: Rejected::default(),
            rules: RULES.iter().copied().filter(speaks).collect(),
            findings: diagnosis.findings().to_vec(),
            suppressed: diagnosis.suppressed().to_vec(),
            remarks: diagnosis.policy_remarks().to_vec(),
            narrowed: false,
            compared: None,
            fail_on: Some(Severity::Error),
        }
    }

    /// Compares what was found with an earlier report: from now on only what is new counts.
    pub fn compare(&mut self, baseline: &Baseline) {
        // What is accepted is still there, and of a rule that is silent nothing is known.
        let accepted = self.suppressed.iter().map(|one| &one.finding);
        let about = |finding: &Finding| self.subject(finding);
        let mut compared = baseline.compare(self.findings.iter().chain(accepted), &about);
        compared.gone.retain(|known| self.rules.iter().any(|rule| rule.id == known.key.rule));
        self.compared = Some(compared);
    }

    /// Leaves out findings, by a word for each, and those that are accepted and not wanted; `remark` says so. A symptom
    /// whose headline goes stands for itself. To be called after [`Checked::compare`]: what is left out is not gone.
    pub fn narrow(&mut self, kept: &[bool], wanted: &dyn Fn(&Finding) -> bool, remark: String) {
        let is_kept = |index: usize| kept.get(index).is_none_or(|kept| *kept);
        let place = |index: usize| is_kept(index).then(|| (0..index).filter(|i| is_kept(*i)).count());
        for finding in &mut self.findings {
            finding.folded_under = finding.folded_under.and_then(place);
        }
        let mut index = 0..;
        self.findings.retain(|_| index.next().is_some_and(is_kept));
        self.suppressed.retain(|one| wanted(&one.finding));
        self.remarks.push(remark);
        self.narrowed = true;
    }

    /// Whether the check fails.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| self.counts(finding))
    }

    /// Whether a finding makes the check fail. A provisional one never does, nor one that was there before.
    fn counts(&self, finding: &Finding) -> bool {
        let severe = self.fail_on.is_some_and(|least| finding.severity >= least);
        severe && finding.state == State::Firm && !self.is_known(finding)
    }

    /// Whether a finding was there in the earlier report.
    fn is_known(&self, finding: &Finding) -> bool {
        self.compared.as_ref().is_some_and(|compared| !compared.new.contains(&finding.key))
    }

    /// What an earlier report makes of a finding, nothing without one.
    fn standing(&self, finding: &Finding) -> Option<&'static str> {
        self.compared.as_ref().map(|_| if self.is_known(finding) { "still there" } else { "new" })
    }

    /// What was there in the earlier report and is not there any more.
    fn gone(&self) -> &[Known] {
        self.compared.as_ref().map_or(&[], |compared| &compared.gone)
    }

    /// How loudly other tools are told: a provisional finding is no error to them.
    fn loudness(finding: &Finding) -> Severity {
        match finding.state {
            State::Firm => finding.severity,
            State::Provisional => finding.severity.min(Severity::Warning),
        }
    }

    /// Index and finding of each headline.
    fn headlines(&self) -> impl Iterator<Item = (usize, &Finding)> {
        self.findings.iter().enumerate().filter(|(_, finding)| finding.folded_under.is_none())
    }

    /// What is folded under a headline.
    fn symptoms(&self, headline: usize) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.folded_under == Some(headline))
    }

    /// What a finding is about.
    fn subject(&self, finding: &Finding) -> Subject {
        Subject::of(finding, &self.session.store)
    }

    /// What is worth a remark, a sentence each.
    fn remarks(&self) -> impl Iterator<Item = &str> {
        self.session.store.remarks().chain(self.remarks.iter().map(String::as_str))
    }
}

/// A report: its name on the command line, and how it is written.
#[derive(Debug)]
pub struct Report {
    /// What `--format` calls it.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// Writes it.
    pub write: fn(&Checked<'_>) -> String,
}

/// Every report; the first is the default.
pub const REPORTS: &[&Report] =
    &[&text::REPORT, &json::REPORT, &sarif::REPORT, &junit::REPORT, &github::REPORT];
