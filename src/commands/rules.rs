//! `otoscope rules` and `otoscope explain RULE`: the catalogue.

use super::{Failure, print};
use crate::config;
use crate::diagnosis::{RULES, Rule};
use std::fmt::Write;
use std::process::ExitCode;

pub(super) fn list() -> Result<ExitCode, Failure> {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in RULES {
        let _ = writeln!(out, "{:width$}  {:7}  {}", rule.id, rule.severity, rule.summary);
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn explain(id: &str) -> Result<ExitCode, Failure> {
    let rule = config::rule(id).map_err(Failure)?;
    let Rule { id, severity, summary, explain, fix, .. } = rule;
    let mut out =
        format!("{id} ({severity} at most)\n{summary}\n\n{explain}\n\nHow to fix it:\n{fix}\n\nSources\n");
    for reference in rule.references {
        let _ = writeln!(out, "  {reference}");
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}
