//! Paper: findings for people and for machines, for `check`.
//!
//! One file a report, one word in [`REPORTS`]. A report is a function of what was read and found; it knows no file
//! and no terminal. Text of telemetry is made harmless in each of them: logs of a build are read in terminals too.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

use crate::diagnosis::{Finding, RULES, Rule, Severity, State, Subject, Suppressed};
use crate::model::Rejection;
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
    /// The first hundred spans or records that could not be read; all of them are counted by the store.
    pub rejected: Vec<Rejection>,
    /// The rules that spoke or could have.
    pub rules: Vec<&'static Rule>,
    /// What was found, ordered as [`Diagnosis::findings`](crate::diagnosis::Diagnosis::findings) are.
    pub findings: Vec<Finding>,
    /// What was found and is accepted.
    pub suppressed: Vec<Suppressed>,
    /// What is to be said of the configuration, a sentence each.
    pub remarks: Vec<String>,
    /// The lowest severity that fails the check; nothing where none does.
    pub fail_on: Option<Severity>,
}

impl<'a> Checked<'a> {
    /// All that a session found, by all rules; errors fail.
    pub fn new(session: &'a Session) -> Self {
        Self {
            session,
            files: Vec::new(),
            unreadable: Vec::new(),
            rejected: Vec::new(),
            rules: RULES.to_vec(),
            findings: session.diagnosis.findings().to_vec(),
            suppressed: Vec::new(),
            remarks: Vec::new(),
            fail_on: Some(Severity::Error),
        }
    }

    /// Whether the check fails.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| self.counts(finding))
    }

    /// Whether a finding makes the check fail. A provisional one never does.
    fn counts(&self, finding: &Finding) -> bool {
        finding.state == State::Firm && self.fail_on.is_some_and(|least| finding.severity >= least)
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

/// How loudly other tools are told: a provisional finding is no error to them.
fn loudness(finding: &Finding) -> Severity {
    match finding.state {
        State::Firm => finding.severity,
        State::Provisional => finding.severity.min(Severity::Warning),
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
