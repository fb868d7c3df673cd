//! `otoscope rules` and `otoscope explain RULE`: the catalogue, and the known issues.

use super::{Failure, print};
use crate::diagnosis::known_issues::{KnownIssue, Versions, named, shipped};
use crate::diagnosis::nearest::{listed, rule};
use crate::diagnosis::{Certainty, Pattern, RULES, Rule};
use std::fmt::Write;
use std::process::ExitCode;

pub(super) fn list() -> Result<ExitCode, Failure> {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in RULES {
        let off = if rule.enabled { "" } else { " (off)" };
        let _ =
            writeln!(out, "{:3}  {:width$}  {:7}  {}{off}", rule.code, rule.id, rule.severity, rule.summary);
    }
    let _ = writeln!(out, "\n(off): silent unless asked for with -W RULE. `otoscope explain RULE` says why.");
    let _ = writeln!(out, "\nKnown issues, each told only of what a rule has found:");
    let width = shipped().iter().map(|row| row.id.len()).max().unwrap_or(0);
    for row in shipped() {
        let _ = writeln!(out, "{:width$}  {}", row.id, row.summary);
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn explain(name: &str) -> Result<ExitCode, Failure> {
    let rows = named(shipped(), name);
    if rows.is_empty() {
        print(&about_rule(rule(name).map_err(Failure)?))?;
    } else {
        print(&rows.into_iter().map(about_issue).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn about_rule(rule: &Rule) -> String {
    let Rule { id, code, severity, summary, explain, fix, .. } = rule;
    let off = if rule.enabled { String::new() } else { format!(", off unless asked for with -W {id}") };
    let mut out =
        format!("{id} ({code}, {severity} at most{off})\n{summary}\n\n{explain}\n\nHow to fix it:\n{fix}\n");
    for (language, code) in rule.code_fixes {
        let _ = writeln!(out, "  {language}: {code}");
    }
    out.push_str("\nSources\n");
    for reference in rule.references {
        let _ = writeln!(out, "  {reference}");
    }
    out
}

fn about_issue(row: &KnownIssue) -> String {
    let mut out = format!("{} (known issue)\n{}\n\n", row.id, row.summary);
    let _ = writeln!(out, "Explains       {}", row.requires.join(", "));
    let languages = row.languages.iter().map(String::as_str);
    let of = if row.languages.is_empty() { "any language".to_owned() } else { listed(languages) };
    let _ = writeln!(out, "Where          {of}{}", versions(", SDK", &row.sdk));
    if !row.scopes.is_empty() {
        let whose = if row.entries { " (of the requests themselves)" } else { "" };
        let _ =
            writeln!(out, "  scope        {}{}{whose}", patterns(&row.scopes), versions("", &row.versions));
    }
    for (label, list) in [("  named", &row.names), ("  beside", &row.needs_scope)] {
        if !list.is_empty() {
            let _ = writeln!(out, "{label:13}  {}", patterns(list));
        }
    }
    let _ = writeln!(out, "How sure       {}", sure(row.certainty));
    if let Some(open) = row.while_open {
        let auto = if row.needs_auto { ", where telemetry.auto.version is set" } else { "" };
        let _ = writeln!(out, "  not arrived  {}{auto}", open.id());
    }
    let fixed = if row.fixed_in.is_empty() { "no release known" } else { &row.fixed_in };
    let _ = writeln!(out, "Fixed in       {fixed}");
    let how = row.verified.split(',').map(|letter| match letter.trim() {
        "R" => "reproduced",
        "S" => "read in source or changelog",
        _ => "issue threads",
    });
    let _ = writeln!(out, "Verified       {}", how.collect::<Vec<_>>().join(", "));
    for (title, lines) in [("How to fix it", &row.remedy), ("Sources", &row.refs)] {
        let _ = writeln!(out, "\n{title}");
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}

fn sure(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain, where all of it fits",
        Certainty::Likely => "likely: nothing else is known that looks like it",
        Certainty::Perhaps => "perhaps: other causes look the same",
    }
}

fn versions(of: &str, versions: &Versions) -> String {
    if versions.is_all() { String::new() } else { format!("{of} {versions}") }
}

fn patterns(patterns: &[Pattern]) -> String {
    listed(patterns.iter().map(|pattern| pattern.0.as_str()))
}
