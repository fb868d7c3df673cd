//! Findings for people: a paragraph each, symptoms under their headline.

use super::{Checked, Report};
use crate::diagnosis::{Certainty, Finding, Key, Severity, State, about};
use crate::harmless::clean;
use std::fmt::Write;

/// The report.
pub(super) const REPORT: Report = Report { name: "text", summary: "for people", write };

fn write(checked: &Checked<'_>) -> String {
    let mut out = String::new();
    for (index, headline) in checked.headlines() {
        headline_paragraph(&mut out, checked, headline);
        for symptom in checked.symptoms(index) {
            let new = if checked.standing(symptom) == Some("new") { "new " } else { "" };
            let _ = writeln!(out, "  └ {new}{}: {}", symptom.rule.id, clean(&symptom.message));
        }
        out.push('\n');
    }
    closing(&mut out, checked);
    out
}

/// What follows the findings: what is gone, what was not read, remarks, and the one line that sums up.
pub(super) fn closing(out: &mut String, checked: &Checked<'_>) {
    for known in checked.gone().iter().filter(|known| !known.is_symptom) {
        let Key { rule, service, .. } = &known.key;
        let _ = writeln!(out, "gone: {} ({})", clean(&about(service, &known.message)), clean(rule));
    }
    let mut told = 0;
    for (first, count) in checked.rejected.kinds(10) {
        let alike = if count == 1 { String::new() } else { format!(" (and {} more like it)", count - 1) };
        let _ = writeln!(out, "not read: {}: {}{alike}", clean(&first.position), clean(&first.reason));
        told += count;
    }
    let more = checked.session.store.counters().not_read().saturating_sub(told);
    if more > 0 {
        let _ = writeln!(out, "not read: {more} more");
    }
    for remark in checked.remarks() {
        let _ = writeln!(out, "note: {}", clean(remark));
    }
    let _ = writeln!(out, "{}", summary(checked));
}

/// What to do about a finding, then why it is believed, a line each.
pub(super) fn reasons(finding: &Finding) -> impl Iterator<Item = String> {
    [("fix", &finding.remedy), ("why", &finding.evidence)].into_iter().flat_map(|(label, lines)| {
        let labels = std::iter::once(label).chain(std::iter::repeat("   "));
        labels.zip(lines).map(|(label, line)| format!("{label} {}", clean(line)))
    })
}

fn headline_paragraph(out: &mut String, checked: &Checked<'_>, finding: &Finding) {
    let sign = match finding.severity {
        Severity::Error => '✖',
        Severity::Warning => '▲',
        Severity::Info => '·',
    };
    let _ = writeln!(out, "{sign} {}", clean(&about(&finding.service, &finding.message)));
    let state = if finding.state == State::Provisional { ", provisional" } else { "" };
    let _ = write!(
        out,
        "  {} {}, confidence {:.2}{state}",
        finding.severity, finding.rule.id, finding.confidence
    );
    if let Some(standing) = checked.standing(finding) {
        let _ = write!(out, ", {standing}");
    }
    out.push('\n');
    for line in reasons(finding) {
        let _ = writeln!(out, "  {line}");
    }
    if let Some(issue) = &finding.known_issue {
        let fixed = match issue.fixed_in.as_str() {
            "" => "no release known to fix it".to_owned(),
            version => format!("fixed in {version}"),
        };
        let perhaps = if issue.certainty == Certainty::Perhaps { "perhaps " } else { "" };
        let (id, refs) = (clean(&issue.id), issue.refs.join(", "));
        let _ = writeln!(out, "  ref {perhaps}known issue {id}: {fixed} ({})", clean(&refs));
    }
    let traces: Vec<String> = finding.trace_ids.iter().take(3).map(ToString::to_string).collect();
    let more = finding.trace_count.saturating_sub(traces.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if !traces.is_empty() {
        let _ = writeln!(out, "  in  {}{more}", traces.join(" "));
    }
}

/// What was read and found, in one line.
pub(super) fn summary(checked: &Checked<'_>) -> String {
    let headlines = || checked.headlines().map(|(_, headline)| headline);
    let count = |severity| headlines().filter(|f| f.severity == severity).count();
    let plural = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let verdict = match (count(Severity::Error), count(Severity::Warning), count(Severity::Info)) {
        (0, 0, 0) if checked.narrowed => "nothing wrong was found with what the query matches".to_owned(),
        (0, 0, 0) => "nothing wrong with the instrumentation was found".to_owned(),
        (errors, warnings, infos) => format!(
            "{}, {}, {infos} info",
            plural(errors as u64, "error", "errors"),
            plural(warnings as u64, "warning", "warnings")
        ),
    };
    let provisional = match headlines().filter(|f| f.state == State::Provisional).count() {
        0 => String::new(),
        n => {
            format!(" ({n} provisional: what is missing may explain it, so it does not change the exit code)")
        }
    };
    let counters = checked.session.store.counters();
    let rejected =
        if counters.not_read() == 0 { String::new() } else { format!(", {} not read", counters.not_read()) };
    let spans = plural(counters.received, "span", "spans");
    let traces = plural(counters.traces, "trace", "traces");
    let suppressed = match checked.suppressed.len() {
        0 => String::new(),
        n => format!(", {n} suppressed"),
    };
    let compared = match &checked.compared {
        Some(compared) => {
            let known = headlines().filter(|f| checked.is_known(f)).count();
            let gone = compared.gone.iter().filter(|known| !known.is_symptom).count();
            format!("; {} new, {known} still there, {gone} gone", headlines().count() - known)
        }
        None => String::new(),
    };
    format!("{spans} in {traces}{rejected}: {verdict}{provisional}{suppressed}{compared}")
}
