//! Findings as SARIF 2.1.0, which code scanning services read.

use super::{Checked, Report, text};
use crate::diagnosis::{Finding, Known, Rule, Severity, Subject, about};
use crate::harmless::{self, clean};
use crate::model::hash64;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The report.
pub(super) const REPORT: Report = Report { name: "sarif", summary: "SARIF 2.1.0 for code scanning", write };

/// How many span names a result lists.
const NAMES: usize = 16;

fn write(checked: &Checked<'_>) -> String {
    let mut seen = BTreeMap::new();
    let mut results: Vec<Value> = checked.findings.iter().map(|f| result(checked, f, &mut seen)).collect();
    results.extend(checked.suppressed.iter().map(|one| {
        let mut result = result(checked, &one.finding, &mut seen);
        let justification = message_text(&format!("{} ({})", one.reason, one.origin));
        result["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": justification }]);
        result
    }));
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "otoscope",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": checked.rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": "otoscope/" },
            "invocations": [invocation(checked)],
            "artifacts": checked.files.iter().map(|file| json!({ "location": { "uri": uri(file) } })).collect::<Vec<_>>(),
            "results": results,
            // Services take an absent result for an open one, so what is gone is no result.
            "properties": {
                "summary": text::summary(checked),
                "gone": checked.gone().iter().map(gone).collect::<Vec<_>>(),
            },
        }],
    });
    let mut out = harmless::json(&serde_json::to_string_pretty(&document).unwrap_or_default());
    out.push('\n');
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn descriptor(rule: &Rule) -> Value {
    let links: Vec<String> = rule.references.iter().map(|reference| link(reference)).collect();
    let markdown: Vec<String> = rule
        .references
        .iter()
        .zip(&links)
        .map(|(reference, link)| format!("- [{reference}]({link})"))
        .collect();
    let mut descriptor = json!({
        "id": rule.id,
        "shortDescription": { "text": sentence(rule.summary) },
        "fullDescription": { "text": rule.explain },
        "help": {
            "text": format!("{}\n\nHow to fix it:\n{}\n\nSources:\n{}", rule.explain, rule.fix, links.join("\n")),
            "markdown": format!(
                "{}\n\n**How to fix it**\n\n{}\n\n**Sources**\n\n{}", rule.explain, rule.fix, markdown.join("\n")
            ),
        },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": ["opentelemetry", "instrumentation"] },
    });
    if let Some(link) = links.first() {
        descriptor["helpUri"] = json!(link);
    }
    descriptor
}

/// The address of a reference: `owner/repository#number` is an issue on GitHub.
fn link(reference: &str) -> String {
    match reference.split_once('#') {
        Some((repository, number)) if !reference.contains("://") => {
            format!("https://github.com/{repository}/issues/{number}")
        }
        _ => reference.to_owned(),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// What happened beside the findings.
fn invocation(checked: &Checked<'_>) -> Value {
    let notification =
        |level: &str, text: &str| json!({ "level": level, "message": { "text": message_text(text) } });
    let unreadable = checked.unreadable.iter().map(|error| notification("error", error));
    let rejected = (checked.rejected.listed.iter())
        .map(|rejection| notification("warning", &format!("{}: {}", rejection.position, rejection.reason)));
    let remarks = checked.remarks().map(|remark| notification("note", remark));
    json!({
        "executionSuccessful": checked.unreadable.is_empty(),
        "toolExecutionNotifications": unreadable.chain(rejected).chain(remarks).collect::<Vec<_>>(),
    })
}

fn result(checked: &Checked<'_>, finding: &Finding, seen: &mut BTreeMap<u64, u32>) -> Value {
    let subject = checked.subject(finding);
    let mark = fingerprint(&subject);
    let occurrence = seen.entry(mark).and_modify(|n| *n += 1).or_insert(1);
    let mut result = json!({
        "ruleId": finding.rule.id,
        "level": level(Checked::loudness(finding)),
        "message": { "text": message_text(&message(finding)) },
        "locations": [location(checked, &subject)],
        "partialFingerprints": {
            "otoscope/v1": format!("{mark:016x}"),
            // The one that GitHub compares.
            "primaryLocationLineHash": format!("{mark:016x}:{occurrence}"),
        },
        "rank": (finding.confidence * 1_000.0).round() / 10.0,
        "properties": properties(finding),
    });
    if checked.compared.is_some() {
        result["baselineState"] = json!(if checked.is_known(finding) { "unchanged" } else { "new" });
    }
    if let Some(index) = checked.rules.iter().position(|rule| rule.id == finding.rule.id) {
        result["ruleIndex"] = json!(index);
    }
    result
}

fn gone(known: &Known) -> Value {
    json!({ "ruleId": known.key.rule, "service": known.key.service, "message": known.message })
}

/// What is wrong, and what to do about it.
fn message(finding: &Finding) -> String {
    let mut lines = vec![clean(&about(&finding.service, &finding.message)).into_owned()];
    lines.extend(finding.remedy.iter().map(|line| format!("fix: {}", clean(line))));
    lines.join("\n")
}

/// Text that is no link, whatever it quotes.
fn message_text(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n").replace("](", "] (")
}

fn properties(finding: &Finding) -> Value {
    let mut properties = json!({
        "severity": finding.severity.to_string(),
        "confidence": finding.confidence,
        "state": finding.state.to_string(),
        "trace_ids": finding.trace_ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "trace_count": finding.trace_count,
        "span_ids": finding.span_ids.iter().map(|(_, span)| span.to_string()).collect::<Vec<_>>(),
        "span_count": finding.span_count,
        "evidence": finding.evidence,
    });
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            properties[name] = value;
        }
    };
    add("request_count", finding.request_count.map(Value::from));
    add("known_issue", finding.known_issue.as_ref().map(|issue| json!(issue.id)));
    add("folded_under", finding.folded_under.map(Value::from));
    add(
        "culprit",
        finding.culprit.as_ref().map(|culprit| {
            json!({
                "span_id": culprit.span_id.to_string(),
                "name": culprit.name,
                "kind": culprit.kind.map(|kind| kind.to_string()),
                "class": culprit.class.id(),
            })
        }),
    );
    properties
}

/// Where it is: in which file that was read, and in which service, scope and spans.
fn location(checked: &Checked<'_>, subject: &Subject) -> Value {
    let service = &subject.service;
    let mut logical = vec![json!({ "name": service, "fullyQualifiedName": service, "kind": "service" })];
    for (name, version) in subject.scopes.iter().take(NAMES) {
        let full = if version.is_empty() { name.clone() } else { format!("{name}@{version}") };
        logical.push(json!({
            "name": name, "fullyQualifiedName": format!("{service}/{full}"), "kind": "scope"
        }));
    }
    let within = subject.scope().map_or_else(|| service.clone(), |(scope, _)| format!("{service}/{scope}"));
    for name in subject.spans.iter().take(NAMES) {
        logical
            .push(json!({ "name": name, "fullyQualifiedName": format!("{within}/{name}"), "kind": "span" }));
    }
    let mut location = json!({ "logicalLocations": logical });
    // What was learned of spans that had to go is in no file any more, unless there was only one.
    let only = if let [only] = checked.files.as_slice() { Some(only) } else { None };
    let source = (checked.files.iter()).find(|file| Some(*file) == subject.source.as_ref()).or(only);
    if let Some(file) = source {
        location["physicalLocation"] = json!({ "artifactLocation": { "uri": uri(file) } });
    }
    location
}

/// A path as a URI: relative as it was given, so that a service finds it in the repository that it was given in.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut uri = if Path::new(path).is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(byte as char);
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Tells a finding from others across runs: rule, service and scope. Services keep what was said of a finding under
/// it, so other bytes here, or another hash, open every finding of every user anew.
fn fingerprint(subject: &Subject) -> u64 {
    let scope = subject.scope().map_or("", |(name, _)| name);
    hash64([subject.rule, &subject.service, scope].join("\0").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::State;
    use crate::testkit::{Bench, by_end};

    #[test]
    fn paths_are_uris() {
        for (path, expected) in [
            ("dumps/a.jsonl", "dumps/a.jsonl"),
            ("./a b.json", "a%20b.json"),
            ("c:d#e?.json", "c%3Ad%23e%3F.json"),
            ("/tmp/ü.json", "file:///tmp/%C3%BC.json"),
            ("../x", "../x"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn references_are_links() {
        assert_eq!(link("a/b#12"), "https://github.com/a/b/issues/12");
        assert_eq!(link("https://x/y#z"), "https://x/y#z");
    }

    #[test]
    fn a_fingerprint_outlives_runs_and_releases() {
        let subject = |span: &str, version: &str| Subject {
            rule: "http-entry-not-server",
            service: "shop".to_owned(),
            scopes: [("flask".to_owned(), version.to_owned())].into(),
            spans: [span.to_owned()].into(),
            ..Subject::default()
        };
        assert_eq!(fingerprint(&subject("GET /a", "1")), fingerprint(&subject("GET /b", "2")));
        assert_eq!(format!("{:016x}", fingerprint(&subject("GET /a", "1"))), "aaa8363bc4fb2297");
    }

    #[test]
    fn quoted_text_is_no_link_and_no_control_sequence() {
        assert_eq!(message_text("GET /[id](1)\u{1b}[2J\nfix"), "GET /[id] (1)␛[2J\nfix");
    }

    #[test]
    fn a_provisional_finding_is_no_error() {
        let mut bench = Bench::default();
        bench.take(by_end("GET /a  s  internal  0..9  get=/a"));
        let mut checked = Checked::new(&bench.0);
        assert!(write(&checked).contains("\"level\": \"error\",\n          \"locations\""));
        checked.findings[0].state = State::Provisional;
        let report = write(&checked);
        assert!(report.contains("\"level\": \"warning\",\n          \"locations\""), "{report}");
        assert!(report.contains("\"state\": \"provisional\""));
    }
}
