//! stub
use crate::diagnosis::{Rule, Severity};
/// The rule.
pub const RULE: Rule = Rule {
    id: "request-inherits-finished-request",
    severity: Severity::Error,
    summary: "stub",
    explain: "",
    references: &[],
};
