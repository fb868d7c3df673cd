//! stub
use crate::diagnosis::{Rule, Severity};
/// The rule.
pub const RULE: Rule = Rule {
    id: "http-entry-not-server",
    severity: Severity::Error,
    summary: "stub",
    explain: "",
    references: &[],
};
