//! What a rule is, and the one table of them.

use super::finding::Severity;
use super::rules;

/// A rule: one file in `rules/`, one word in [`RULES`]. Reports, help and `otoscope rules` print from here.
#[derive(Debug)]
pub struct Rule {
    /// Its name in reports and on the command line.
    pub id: &'static str,
    /// The highest severity that it may say.
    pub severity: Severity,
    /// What is wrong, in one line without a full stop.
    pub summary: &'static str,
    /// What it means, why it matters, how it is found, what looks alike and is fine.
    pub explain: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Where it was seen, and what defines it.
    pub references: &'static [&'static str],
}

/// Every rule, headlines first.
pub const RULES: &[&Rule] = &[
    &rules::merged_under_local_span::RULE,
    &rules::request_inherits_finished_request::RULE,
    &rules::http_entry_not_server::RULE,
];
