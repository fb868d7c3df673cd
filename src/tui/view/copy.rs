//! What can be copied: of a span, of a trace, of a log record, of a finding. What is under the cursor comes first.

use super::menu::{Choice, Menu};
use super::{Cx, Outcome, log_row};
use crate::diagnosis::{Finding, Subject};
use crate::harmless;
use crate::model::{Link, Span, Value};
use crate::otlp;
use crate::store::{HeldLog, SpanIx, Store, TraceIx, View};
use crate::tui::request::Request;
use crate::tui::text;
use std::fmt::Write;

/// How many bytes of spans are written as text within a key press.
const MAX_BYTES: usize = 256 << 10;
/// How many columns of a text are shown at most: as many as a menu has.
const SHOWN: usize = 100;

/// Something to copy, and what of it is shown in the menu.
pub(super) fn choice(what: &str, text: String) -> Choice {
    let shown = text::fit(text.lines().next().unwrap_or_default(), SHOWN, "~").into_owned();
    let request = Request::Copy { text, what: what.to_owned() };
    Choice::new(what, shown, Outcome::Ask(request))
}

/// The menu, or the notice that there is nothing.
pub fn menu(choices: Vec<Choice>) -> Outcome {
    if choices.is_empty() {
        return Outcome::Notice("there is nothing to copy here".to_owned());
    }
    Outcome::Over(Box::new(Menu::new("Copy", choices)))
}

/// The first of them at once.
pub fn at_once(choices: Vec<Choice>) -> Outcome {
    match choices.into_iter().next() {
        Some(choice) => choice.outcome,
        None => menu(Vec::new()),
    }
}

/// An attribute, its value first.
pub fn value(key: &str, value: &Value) -> Vec<Choice> {
    let whole = format!("{key}={value}");
    vec![choice("value", value.to_string()), choice("key=value", whole), choice("key", key.to_owned())]
}

/// Where a link leads.
pub fn link(link: &Link) -> Vec<Choice> {
    vec![
        choice("linked span id", link.span_id.to_string()),
        choice("linked trace id", link.trace_id.to_string()),
    ]
}

/// A line as it is written.
pub fn line(words: &str) -> Vec<Choice> {
    vec![choice("this line", words.trim().to_owned())]
}

/// A span, or the placeholder of one.
pub fn span(at: SpanIx, cx: &Cx<'_>) -> Vec<Choice> {
    let store = &cx.session.store;
    let slot = store.slot(at);
    let (trace_id, span_id) = (store.trace(slot.trace).id, slot.record.span_id);
    let mut choices = vec![choice("span id", span_id.to_string())];
    if let Some(span) = store.decode(at) {
        choices.push(choice("span name", span.name.clone()));
        choices.push(choice("service", store.service(at).to_owned()));
        choices.push(choice("traceparent header", traceparent(&span)));
        choices.push(choice("span as OTLP/JSON", json(store, [at])));
    }
    choices.push(choice("trace id", trace_id.to_string()));
    choices.push(whole_trace(slot.trace, cx));
    choices
}

/// A trace.
pub fn trace(at: TraceIx, cx: &Cx<'_>) -> Vec<Choice> {
    let store = &cx.session.store;
    let mut choices = vec![choice("trace id", store.trace(at).id.to_string())];
    if let Some(root) = store.first_row(at, View::Recorded).filter(|root| store.slot(*root).is_held()) {
        choices.push(choice("root span name", store.name(root).into_owned()));
        choices.push(choice("service", store.service(root).to_owned()));
    }
    choices.push(whole_trace(at, cx));
    choices
}

/// A log record, what it says first.
pub fn log(held: &HeldLog<'_>, cx: &Cx<'_>) -> Vec<Choice> {
    let log = held.decode();
    let mut choices = Vec::new();
    if log.body != Value::Empty {
        choices.push(choice("body", log.body.to_string()));
    }
    if !log.event_name.is_empty() {
        choices.push(choice("event name", log.event_name));
    }
    choices.push(choice("the line as shown", log_row::words(held, cx)));
    if !log.attributes.is_empty() {
        let lines: Vec<String> = log.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        choices.push(choice("all attributes", lines.join("\n")));
    }
    if held.record.has_trace() {
        choices.push(choice("trace id", log.trace_id.to_string()));
    }
    if !log.span_id.is_none() {
        choices.push(choice("span id", log.span_id.to_string()));
    }
    choices.push(choice("log record as OTLP/JSON", log_json(held)));
    choices
}

/// A log record as one line of OTLP/JSON, with its resource and scope.
pub fn log_json(held: &HeldLog<'_>) -> String {
    let mut out = Vec::new();
    otlp::logs_to_json(&held.request(), &mut out, &mut |_| {});
    String::from_utf8(out).unwrap_or_default()
}

fn whole_trace(at: TraceIx, cx: &Cx<'_>) -> Choice {
    let trace = cx.session.store.trace(at);
    let note = text::plural(u64::from(trace.spans), "span");
    Choice::new("trace as OTLP/JSON", note, Outcome::Ask(Request::CopyTrace(trace.id)))
}

/// The context that a call made by this span sends.
fn traceparent(span: &Span) -> String {
    format!("00-{}-{}-{:02x}", span.trace_id, span.span_id, span.flags & 0xff)
}

/// Spans as one line of OTLP/JSON.
pub fn json(store: &Store, spans: impl IntoIterator<Item = SpanIx>) -> String {
    let mut out = Vec::new();
    otlp::to_json(&store.request_of(spans), &mut out, &mut |_| {});
    String::from_utf8(out).unwrap_or_default()
}

/// A whole trace as one line of OTLP/JSON; where it is too large for a clipboard, a sentence.
pub fn trace_json(store: &Store, trace: TraceIx) -> Result<String, String> {
    let next = |at: &SpanIx| store.next_row(*at, View::Recorded, &|_| false);
    let mut bytes = 0;
    let mut spans = Vec::new();
    for at in std::iter::successors(store.first_row(trace, View::Recorded), next) {
        bytes += store.record(at).len as usize;
        if bytes > MAX_BYTES {
            return Err(format!(
                "its spans take more than {} KiB: Ctrl-s saves it to a file",
                MAX_BYTES >> 10
            ));
        }
        spans.push(at);
    }
    Ok(json(store, spans))
}

/// A finding: as text, and as Markdown for a report to whoever maintains the instrumentation.
pub fn finding(finding: &Finding, cx: &Cx<'_>) -> Vec<Choice> {
    vec![
        choice("finding as text", plain(finding)),
        choice("finding as Markdown, for a bug report", markdown(finding, &cx.session.store)),
        choice("message", finding.message.clone()),
        choice("fix", finding.remedy.join("\n")),
        choice("rule", finding.rule.id.to_owned()),
    ]
}

fn plain(finding: &Finding) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {}: {}", finding.severity, finding.rule.id, super::nodes::message(finding));
    for (label, lines) in [("fix", &finding.remedy), ("why", &finding.evidence)] {
        list(&mut out, &format!("{label}: "), lines);
    }
    for trace in finding.trace_ids.iter().take(3) {
        let _ = writeln!(out, "trace: {trace}");
    }
    out.trim_end().to_owned()
}

fn list<T: AsRef<str>>(out: &mut String, start: &str, lines: &[T]) {
    for line in lines {
        let _ = writeln!(out, "{start}{}", harmless::clean(line.as_ref()));
    }
}

/// Telemetry quoted in Markdown: as it is, in one line.
fn quoted(words: &str) -> String {
    format!("`{}`", harmless::clean(words).replace('`', "'"))
}

fn markdown(finding: &Finding, store: &Store) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {}\n", harmless::clean(&super::nodes::message(finding)));
    let _ = writeln!(
        out,
        "`{}` ({}), found by otoscope {}\n",
        finding.rule.id,
        finding.severity,
        env!("CARGO_PKG_VERSION")
    );
    if let Some(culprit) = &finding.culprit {
        let name = culprit.name.as_deref().map_or_else(|| "a span that was not received".to_owned(), quoted);
        let kind = culprit.kind.map_or_else(String::new, |kind| format!(", {kind}"));
        let scope = [culprit.scope.as_deref(), culprit.scope_version.as_deref()];
        let scope: Vec<&str> = scope.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let scope = if scope.is_empty() { String::new() } else { format!(", {}", quoted(&scope.join(" "))) };
        let _ = writeln!(out, "**Culprit**: {name}{kind}{scope}\n");
    }
    for (title, lines) in [("Evidence", &finding.evidence), ("Fix", &finding.remedy)] {
        if !lines.is_empty() {
            let _ = writeln!(out, "**{title}**\n");
            list(&mut out, "- ", lines);
            out.push('\n');
        }
    }
    let versions = versions(finding, store);
    if !versions.is_empty() {
        let _ = writeln!(out, "**Versions**\n");
        list(&mut out, "- ", &versions);
        out.push('\n');
    }
    let refs = finding.known_issue.iter().flat_map(|issue| issue.refs.iter().map(String::as_str));
    let refs: Vec<&str> = refs.chain(finding.rule.references.iter().copied()).collect();
    if !refs.is_empty() {
        let _ = writeln!(out, "**References**\n");
        list(&mut out, "- ", &refs);
    }
    out.trim_end().to_owned()
}

/// The SDK and the scopes of the spans that show it.
fn versions(finding: &Finding, store: &Store) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let held =
        finding.span_ids.iter().find_map(|(trace, span)| store.find_span(store.find_trace(*trace)?, *span));
    if let Some(at) = held.filter(|at| store.slot(*at).is_held()) {
        let resource = store.resource(store.record(at).resource);
        let keys = ["telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"];
        let sdk: Vec<&str> =
            keys.iter().map(|key| resource.text(key)).filter(|part| !part.is_empty()).collect();
        if !sdk.is_empty() {
            lines.push(format!("SDK {}", quoted(&sdk.join(" "))));
        }
    }
    let scopes = Subject::of(finding, store).scopes;
    lines.extend(scopes.iter().map(|(name, version)| quoted(format!("{name} {version}").trim_end())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SpanId, TraceId};
    use crate::testkit::{Bench, by_end};

    const SHOP: &str = "
        run  shop  internal  0..90000  scope=opentelemetry.instrumentation.click@0.50b0
          GET /a  shop  internal  100..110  get=/a
          GET /b  shop  internal  20000..20010  get=/b
          GET /c  shop  internal  30000..30010  get=/c
    ";

    #[test]
    fn a_traceparent_is_what_a_call_would_send() {
        let span = Span { trace_id: TraceId([7; 16]), span_id: SpanId(10), flags: 0x301, ..Span::default() };
        assert_eq!(traceparent(&span), "00-07070707070707070707070707070707-000000000000000a-01");
    }

    #[test]
    fn a_finding_is_told_in_full() {
        let mut bench = Bench::default();
        bench.take(by_end(SHOP));
        bench.finish();
        let session = &bench.0;
        let finding = &session.diagnosis.findings()[0];
        let (plain, markdown) = (plain(finding), markdown(finding, &session.store));
        for text in [&plain, &markdown] {
            assert!(text.contains(&finding.message) && text.contains(finding.rule.id), "{text}");
            assert!(finding.remedy.iter().chain(&finding.evidence).all(|line| text.contains(line)), "{text}");
        }
        assert!(
            markdown.contains("**Culprit**: `run`, INTERNAL, `opentelemetry.instrumentation.click 0.50b0`"),
            "{markdown}"
        );
        assert!(markdown.contains("**References**"), "{markdown}");
        assert_eq!(quoted("a`b\n"), "`a'b␊`");
    }

    #[test]
    fn a_trace_is_copied_whole_or_not_at_all() {
        let mut bench = Bench::default();
        bench.take(by_end(SHOP));
        let store = &bench.0.store;
        let trace = store.traces().next().unwrap();
        let json = trace_json(store, trace).unwrap();
        let batch = otlp::walk_json(json.as_bytes(), "t".into(), crate::model::Origin::HttpJson, 0).unwrap();
        assert_eq!((batch.records.len(), json.lines().count()), (4, 1));
        let long = format!(
            "{}\n{}",
            SHOP.trim_end(),
            "          GET /d  shop  internal  40000..40010  get=/d\n".repeat(4_000)
        );
        let mut bench = Bench::default();
        bench.take(by_end(&long));
        let store = &bench.0.store;
        let refused = trace_json(store, store.traces().next().unwrap());
        assert!(refused.is_err_and(|why| why.contains("Ctrl-s")));
    }
}
