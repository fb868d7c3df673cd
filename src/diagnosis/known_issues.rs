//! Known issues: which released version of what explains a finding. Data in `assets/known-issues.toml`.
//!
//! None speaks without an observed symptom: a row only ever decorates a finding that a rule has made.

use super::finding::KnownIssueMatch;
use serde::Deserialize;

/// One row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownIssue {
    /// `G1`, …
    pub(crate) id: String,
    /// Rules that must have fired.
    pub(crate) requires: Vec<String>,
    /// `telemetry.sdk.language`.
    pub(crate) language: String,
    /// Instrumentation scope of the culprit.
    pub(crate) scope: String,
    /// First version with the issue.
    pub(crate) from: String,
    /// First version without it; missing where there is none.
    #[serde(default)]
    pub(crate) before: String,
    /// Names of the culprit; empty where any will do.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Also told, as very likely, while the culprit has not arrived and the entries' version is in the range.
    #[serde(default)]
    pub(crate) while_open: bool,
    /// What happens, one sentence.
    pub(crate) summary: String,
    /// The first release without it, as its users write it.
    #[serde(default)]
    pub(crate) fixed_in: String,
    /// What to do, first things first.
    pub(crate) remedy: Vec<String>,
    /// Issues, pull requests, changelogs.
    pub(crate) refs: Vec<String>,
    /// How it was verified: R reproduced, S source, I issue thread.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "provenance for readers of the table; a test demands it")
    )]
    pub(crate) verified: String,
}

#[derive(Debug, Deserialize)]
struct Table {
    issue: Vec<KnownIssue>,
}

/// The shipped table. Empty if it does not parse, which a test rules out.
pub(crate) fn shipped() -> Vec<KnownIssue> {
    let table = toml::from_str::<Table>(include_str!("../../assets/known-issues.toml"));
    table.map(|table| table.issue).unwrap_or_default()
}

/// What is known of a culprit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspect<'a> {
    pub(crate) rule: &'a str,
    pub(crate) language: &'a str,
    /// Scope and name, where it was received.
    pub(crate) received: Option<(&'a str, &'a str)>,
    /// The culprit's scope version, or while it is open that of the entries' instrumentation, which is released
    /// together with it.
    pub(crate) version: &'a str,
}

/// The first row that explains a culprit.
pub(crate) fn find<'a>(table: &'a [KnownIssue], suspect: &Suspect<'_>) -> Option<&'a KnownIssue> {
    table.iter().find(|issue| {
        let culprit = match suspect.received {
            // Console output names no scope; the name and the version must do there.
            Some((scope, name)) => {
                (scope == issue.scope || scope.is_empty() && !issue.names.is_empty())
                    && (issue.names.is_empty() || issue.names.iter().any(|n| n == name))
            }
            None => issue.while_open,
        };
        culprit
            && issue.language == suspect.language
            && issue.requires.iter().any(|rule| rule == suspect.rule)
            && in_range(suspect.version, &issue.from, &issue.before)
    })
}

impl KnownIssue {
    /// How a finding refers to it.
    pub(crate) fn matched(&self) -> KnownIssueMatch {
        KnownIssueMatch { id: self.id.clone(), fixed_in: self.fixed_in.clone(), refs: self.refs.clone() }
    }
}

/// Whether a version lies in `from..before`; an empty `before` is no end.
fn in_range(version: &str, from: &str, before: &str) -> bool {
    let version = numbers(version);
    !version.is_empty() && version >= numbers(from) && (before.is_empty() || version < numbers(before))
}

/// The numbers of a version in order: `0.50b0` is 0, 50, 0.
fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_trusted() {
        let table: Table = toml::from_str(include_str!("../../assets/known-issues.toml")).unwrap();
        assert!(!table.issue.is_empty());
        for issue in table.issue {
            let id = &issue.id;
            assert!(!issue.refs.is_empty() && !issue.remedy.is_empty() && !issue.summary.is_empty(), "{id}");
            assert!(!issue.verified.is_empty() && issue.verified.chars().all(|c| "RSI,".contains(c)), "{id}");
            assert!(!issue.requires.is_empty(), "{id} must not fire without a symptom");
            for rule in &issue.requires {
                assert!(crate::diagnosis::RULES.iter().any(|r| r.id == rule), "{id}: {rule}");
            }
        }
    }

    #[test]
    fn the_click_issue_and_its_half_fix() {
        let table = shipped();
        let suspect = |received, version| {
            let suspect = Suspect { rule: "merged-under-local-span", language: "python", received, version };
            find(&table, &suspect).map(|issue| issue.id.as_str())
        };
        let click = "opentelemetry.instrumentation.click";
        assert_eq!(suspect(Some((click, "run")), "0.50b0"), Some("G1"));
        assert_eq!(suspect(Some((click, "serve.py")), "0.50b0"), Some("G2"), "the upgrade would not help");
        assert_eq!(suspect(Some((click, "serve.py")), "0.65b0"), Some("G2"));
        assert_eq!(suspect(Some((click, "run")), "0.49b2"), None);
        assert_eq!(suspect(None, "0.50b0"), Some("G1"), "very likely, while it is open");
        assert_eq!(suspect(None, "0.51b0"), None, "not likely enough to name");
        assert_eq!(suspect(Some(("", "run")), "0.50b0"), Some("G1"), "console output");
        assert_eq!(suspect(Some(("my.scope", "run")), "0.50b0"), None);
    }
}
