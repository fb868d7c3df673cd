//! A span was delivered more than once.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::copies::SameIds;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::finding::MAX_SPAN_IDS;
use crate::diagnosis::rule::On;
use crate::diagnosis::tally::SampleKey;
use crate::diagnosis::{Rule, Severity};
use crate::model::share;
use crate::model::time::duration;
use std::collections::{BTreeMap, BTreeSet};

/// The rule.
pub const RULE: Rule = Rule {
    id: "duplicate-span",
    code: "E2",
    severity: Severity::Warning,
    enabled: true,
    summary: "spans were delivered more than once",
    explain: "\
A span with the same trace id, span id and content arrived again, or a second version of it: same name, kind and
start, other attributes or another end.

Why it matters: whoever counts spans counts twice; rates, error rates and bills are wrong. Back ends that keep one
of both versions keep the wrong one at times.

How it is found: by ids and a hash of the content. More than 5 % of a service's deliveries (and 20 of them) is a
warning; below that it is only told, because an exporter that got no answer in time sends a batch again.

What looks alike and is fine: a retry after a lost answer; two pipelines into one place on purpose. Dumps that
overlap are no fault of the app: that they do is remarked, and nothing is said of the spans.",
    fix: "\
Register one span processor per destination: a second `BatchSpanProcessor`, or an auto-instrumentation agent beside
an SDK that is set up by hand, exports everything twice. In a Collector, see that no two pipelines end in the same
exporter.",
    code_fixes: &[
        ("python", "call `add_span_processor` once; `opentelemetry-instrument` already adds one for OTEL_TRACES_EXPORTER"),
        ("nodejs", "pass `spanProcessors` or `traceExporter` to NodeSDK, not both, and start it once"),
        ("java", "leave out the SDK set-up in code where the Java agent runs"),
    ],
    references: &[
        "open-telemetry/opentelemetry-python#1043",
        "absmach/magistrala#1782",
        "open-telemetry/opentelemetry-collector#11056",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// Repeated deliveries that are more than a retry.
const MANY: u64 = 20;

/// What was delivered repeatedly by a service. Processors and pipelines are a process's, whatever the scope.
#[derive(Default)]
struct Service<'a> {
    copies: u64,
    spans: u64,
    longest_ns: u64,
    language: &'a str,
    scopes: BTreeSet<String>,
    sample: BTreeSet<SampleKey>,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut services: BTreeMap<&str, Service<'_>> = BTreeMap::new();
    for (number, emitter) in cx.gathered.emitters.iter() {
        let service = services.entry(cx.processes.service(emitter.service)).or_default();
        service.spans += emitter.spans;
        let Some(repeats) = cx.gathered.copies.repeats(number) else { continue };
        service.copies += repeats.copies;
        service.longest_ns = service.longest_ns.max(repeats.longest_ns);
        service.language = service.language.max(&emitter.language);
        service.scopes.insert(by_scope(cx.store.scope(emitter.scope)));
        service.sample.extend(repeats.sample.keys());
    }
    for (name, service) in services.into_iter().filter(|(_, service)| service.copies > 0) {
        let copies = service.copies;
        let share = copies as f64 / (copies + service.spans) as f64;
        let many = copies >= MANY && share > 0.05;
        let severity = if many { Severity::Warning } else { Severity::Info };
        let verb = if copies == 1 { "was" } else { "were" };
        let scope = if service.scopes.len() == 1 { service.scopes.first() } else { None };
        let by = scope.cloned().unwrap_or_default();
        let spans = count(copies, "span");
        let message = format!("{spans} {verb} delivered again with the same content{by}");
        let mut said = Said::firm(severity, if many { 0.9 } else { 0.6 }, message)
            .because(format!("{} of what the service delivered came before", share::of_one(share)))
            .remedy(
                "see that one span processor exports to one destination, and that one pipeline leads there",
            );
        if service.longest_ns > 0 {
            let gap = duration(service.longest_ns);
            said = said.because(format!("a copy came up to {gap} apart from the span that is held"));
        }
        let ids = service.sample.iter().take(MAX_SPAN_IDS).map(|(_, trace, span)| (*trace, *span));
        let mut claim = Claim::about(name, said).spans(ids, copies);
        service.language.clone_into(&mut claim.language);
        out.push(claim);
    }
    versions(cx, out);
}

/// Spans that came again with other content.
fn versions(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut by_service: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (ids, shared) in cx.gathered.copies.shared(SameIds::Versions) {
        by_service.entry(cx.processes.service(shared.first.service)).or_default().push((ids, shared));
    }
    for (service, ids) in by_service {
        let n = ids.len() as u64;
        let verb = if n == 1 { "was" } else { "were" };
        let least = if cx.gathered.copies.overflows() { "at least " } else { "" };
        let message = format!("{least}{} {verb} delivered in two versions", count(n, "span"));
        let said = Said::firm(Severity::Info, 0.6, message)
            .because("name, kind and start are the same; attributes, events or the end differ")
            .remedy("see whether spans are sent before they end, or pass two pipelines that change them differently");
        let mut claim = Claim::about(service, said).spans(ids.iter().map(|(ids, _)| **ids), n);
        "versions".clone_into(&mut claim.subject);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Batch, Origin};
    use crate::testkit::{Bench, batches, found, spans};

    fn delivered(spans_sent: usize, again: usize) -> Vec<String> {
        let line =
            |n: usize| format!("GET /a  s  server  {}..{}  get=/a trace={}\n", n * 10, n * 10 + 5, 1 + n);
        let groups = spans(&(0..spans_sent).map(line).collect::<String>());
        let repeated = groups[..again].to_vec();
        let mut bench = Bench::default();
        bench.take(batches(&[groups, repeated].concat())).finish();
        bench.list(|finding| finding.rule.id == "duplicate-span")
    }

    #[test]
    fn warns_when_everything_came_twice_and_tells_of_a_retry() {
        assert_eq!(delivered(30, 30), ["warning duplicate-span firm ×30"]);
        assert_eq!(delivered(100, 4), ["info duplicate-span firm ×4"]);
        assert_eq!(delivered(30, 0), [""; 0]);
    }

    /// Whoever opens two dumps that overlap has delivered their spans twice, and no process.
    #[test]
    fn silent_for_dumps_that_overlap() {
        let sketch: String =
            (0..30).map(|n| format!("GET /a  s  server  {n}..{n}  trace={}\n", n + 1)).collect();
        let from = |name: &str| {
            let of_dump = |batch| Batch { source: name.into(), origin: Origin::Dump("otlp-json"), ..batch };
            batches(&spans(&sketch)).into_iter().map(of_dump).collect::<Vec<_>>()
        };
        let mut bench = Bench::default();
        bench.take([from("a"), from("b")].concat()).finish();
        assert_eq!(bench.list(|finding| finding.rule.id == "duplicate-span"), [""; 0]);
        let remarks: Vec<_> = bench.0.store.remarks().collect();
        assert_eq!(remarks, ["b has spans that a has too: each is there once"]);
        bench.take(from("a")).finish();
        assert_eq!(
            bench.list(|finding| finding.rule.id == "duplicate-span"),
            ["warning duplicate-span firm ×30"]
        );
    }

    #[test]
    fn a_second_version_is_told_and_is_no_collision() {
        let mut groups = spans("GET /a  s  server  0..9  get=/a\n  query  s  client  1..3");
        let mut second = groups[1].clone();
        second.spans[0].end_ns += 7;
        groups.push(second);
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        assert_eq!(bench.list(|_| true), ["info duplicate-span firm ×1"]);
    }

    #[test]
    fn silent_for_spans_of_one_name() {
        let sketch = "
            GET /a  s  server  0..9  get=/a
              query  s  client  1..2
              query  s  client  3..4
        ";
        assert_eq!(found("duplicate-span", sketch), [""; 0]);
    }
}
