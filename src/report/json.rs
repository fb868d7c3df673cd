//! Findings for machines: schema `otoscope.check/v1`. Keys are never renamed or removed within `v1`.

use super::{Checked, Report};
use crate::diagnosis::{Baseline, Finding, Key, Known, Severity, Suppressed, requests_of};
use crate::harmless;
use crate::model::Rejection;
use crate::store::TraceIx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The report.
pub(super) const REPORT: Report =
    Report { name: "json", summary: "for scripts, schema otoscope.check/v1", write };

const SCHEMA: &str = "otoscope.check/v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    version: &'static str,
    input: Input<'a>,
    findings: Vec<FindingRow<'a>>,
    suppressed: Vec<SuppressedRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<Vec<GoneRow<'a>>>,
    remarks: Vec<&'a str>,
    requests: Vec<RequestRow>,
}

/// A finding that is accepted, why, and where that was written.
#[derive(Serialize)]
struct SuppressedRow<'a> {
    reason: &'a str,
    origin: &'a str,
    finding: FindingRow<'a>,
}

#[derive(Serialize)]
struct Input<'a> {
    spans: u64,
    traces: u64,
    logs: u64,
    metrics: u64,
    repeated: u64,
    rejected: Vec<RejectedRow<'a>>,
    rejected_count: u64,
    unreadable: &'a [String],
}

#[derive(Serialize)]
struct RejectedRow<'a> {
    source: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    rule: &'a str,
    severity: String,
    confidence: f64,
    state: String,
    service: &'a str,
    scope: Option<String>,
    scope_version: Option<String>,
    trace_ids: Vec<String>,
    trace_count: u64,
    span_ids: Vec<String>,
    span_count: u64,
    request_count: Option<u64>,
    culprit: Option<CulpritRow<'a>>,
    known_issue: Option<IssueRow<'a>>,
    message: &'a str,
    evidence: &'a [String],
    remedy: &'a [String],
    folded_under: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'static str>,
}

/// A finding of the baseline that is not there any more.
#[derive(Serialize)]
struct GoneRow<'a> {
    rule: &'a str,
    severity: String,
    service: &'a str,
    scope: Option<&'a str>,
    culprit: Option<&'a str>,
    message: &'a str,
}

#[derive(Serialize)]
struct CulpritRow<'a> {
    span_id: String,
    name: Option<&'a str>,
    kind: Option<String>,
    scope: Option<&'a str>,
    scope_version: Option<&'a str>,
    received: bool,
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_at_least_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inferred: Option<bool>,
}

#[derive(Serialize)]
struct IssueRow<'a> {
    id: &'a str,
    fixed_in: Option<&'a str>,
    refs: &'a [String],
    certainty: &'static str,
}

#[derive(Serialize)]
struct RequestRow {
    trace_id: String,
    unit: usize,
    entry_span_id: String,
    name: String,
    service: String,
    span_ids: Vec<String>,
}

fn write(checked: &Checked<'_>) -> String {
    let counters = checked.session.store.counters();
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        input: Input {
            spans: counters.received,
            traces: counters.traces,
            logs: counters.logs + counters.unshown.log_records,
            metrics: counters.unshown.metrics,
            repeated: counters.repeated,
            rejected: checked.rejected.listed.iter().map(RejectedRow::of).collect(),
            rejected_count: counters.not_read(),
            unreadable: &checked.unreadable,
        },
        findings: checked.findings.iter().map(|finding| finding_row(finding, checked)).collect(),
        suppressed: checked.suppressed.iter().map(|one| suppressed_row(one, checked)).collect(),
        gone: checked.compared.as_ref().map(|compared| compared.gone.iter().map(gone_row).collect()),
        remarks: checked.remarks().collect(),
        requests: requests(checked),
    };
    // Serialising strings, numbers and lists cannot fail.
    let mut text = harmless::json(&serde_json::to_string_pretty(&document).unwrap_or_default());
    text.push('\n');
    text
}

impl<'a> RejectedRow<'a> {
    fn of(rejection: &'a Rejection) -> Self {
        Self { source: &rejection.position, reason: &rejection.reason }
    }
}

fn suppressed_row<'a>(one: &'a Suppressed, checked: &Checked<'_>) -> SuppressedRow<'a> {
    SuppressedRow { reason: &one.reason, origin: &one.origin, finding: finding_row(&one.finding, checked) }
}

fn finding_row<'a>(finding: &'a Finding, checked: &Checked<'_>) -> FindingRow<'a> {
    let (scope, scope_version) =
        checked.subject(finding).scope().map(|(name, version)| (name.to_owned(), version.to_owned())).unzip();
    FindingRow {
        rule: finding.rule.id,
        severity: finding.severity.to_string(),
        confidence: finding.confidence,
        state: finding.state.to_string(),
        service: &finding.service,
        scope,
        scope_version,
        trace_ids: finding.trace_ids.iter().map(ToString::to_string).collect(),
        trace_count: finding.trace_count,
        span_ids: finding.span_ids.iter().map(|(_, span)| span.to_string()).collect(),
        span_count: finding.span_count,
        request_count: finding.request_count,
        culprit: finding.culprit.as_ref().map(|culprit| CulpritRow {
            span_id: culprit.span_id.to_string(),
            name: culprit.name.as_deref(),
            kind: culprit.kind.map(|kind| kind.to_string()),
            scope: culprit.scope.as_deref(),
            scope_version: culprit.scope_version.as_deref(),
            received: culprit.received,
            class: culprit.class.id(),
            open_at_least_ms: culprit.open_at_least_ns.map(|ns| ns as f64 / 1e6),
            inferred: (!culprit.received).then_some(false),
        }),
        known_issue: finding.known_issue.as_ref().map(|issue| IssueRow {
            id: &issue.id,
            fixed_in: (!issue.fixed_in.is_empty()).then_some(issue.fixed_in.as_str()),
            refs: &issue.refs,
            certainty: issue.certainty.id(),
        }),
        message: &finding.message,
        evidence: &finding.evidence,
        remedy: &finding.remedy,
        folded_under: finding.folded_under,
        baseline: (checked.compared.as_ref())
            .map(|_| if checked.is_known(finding) { "unchanged" } else { "new" }),
    }
}

fn gone_row(known: &Known) -> GoneRow<'_> {
    GoneRow {
        rule: &known.key.rule,
        severity: known.severity.to_string(),
        service: &known.key.service,
        scope: known.key.scope.as_deref(),
        culprit: known.key.culprit.as_deref(),
        message: &known.message,
    }
}

/// The units of every trace that was cut apart.
fn requests(checked: &Checked<'_>) -> Vec<RequestRow> {
    let session = checked.session;
    let store = &session.store;
    let merged: BTreeSet<(crate::model::TraceId, TraceIx)> = (store.traces())
        .filter(|trace| session.diagnosis.requests(store, *trace).is_some())
        .map(|trace| (store.trace(trace).id, trace))
        .collect();
    let mut rows = Vec::new();
    for (id, trace) in merged {
        for (unit, request) in requests_of(store, &session.diagnosis, trace).into_iter().enumerate() {
            rows.push(RequestRow {
                trace_id: id.to_string(),
                unit,
                entry_span_id: store.record(request.entry).span_id.to_string(),
                name: store.name(request.entry).into_owned(),
                service: store.service(request.entry).to_owned(),
                span_ids: request.spans.iter().map(|at| store.record(*at).span_id.to_string()).collect(),
            });
        }
    }
    rows
}

/// The findings of an earlier report, to compare with; a sentence where it is none.
pub fn read(text: &str) -> Result<Baseline, String> {
    #[derive(Deserialize)]
    struct Report {
        schema: Option<String>,
        #[serde(default)]
        findings: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        rule: String,
        severity: String,
        service: String,
        scope: Option<String>,
        culprit: Option<CulpritName>,
        message: String,
        folded_under: Option<usize>,
    }
    #[derive(Deserialize)]
    struct CulpritName {
        name: Option<String>,
    }
    let report: Report = serde_json::from_str(text)
        .map_err(|error| format!("is no JSON report of otoscope check: {error}"))?;
    match report.schema.as_deref() {
        Some(SCHEMA) => {}
        Some(other) => return Err(format!("has the schema {other}; {SCHEMA} can be compared with")),
        None => return Err(format!("is no JSON report of otoscope check: it names no schema ({SCHEMA})")),
    }
    let severity = |name: &str| {
        [Severity::Info, Severity::Warning, Severity::Error].into_iter().find(|s| s.to_string() == name)
    };
    let known = |row: Row| {
        Ok(Known {
            severity: severity(&row.severity).ok_or_else(|| format!("has a severity {}", row.severity))?,
            key: Key {
                rule: row.rule,
                service: row.service,
                scope: row.scope,
                culprit: row.culprit.and_then(|culprit| culprit.name),
            },
            message: row.message,
            is_symptom: row.folded_under.is_some(),
        })
    };
    Ok(Baseline { known: report.findings.into_iter().map(known).collect::<Result<_, String>>()? })
}
