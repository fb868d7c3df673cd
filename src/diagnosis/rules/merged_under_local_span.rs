//! stub
use crate::diagnosis::{Rule, Severity};
/// The rule.
pub const RULE: Rule = Rule {
    id: "merged-under-local-span",
    severity: Severity::Error,
    summary: "stub",
    explain: "",
    references: &[],
};
