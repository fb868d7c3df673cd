//! The export of telemetry is traced like a call of the application.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, Method, SpanKind};
use crate::store::SpanIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "exporter-traces-itself",
    code: "C8",
    severity: Severity::Error,
    enabled: true,
    summary: "the export of telemetry is recorded as spans, which are exported in turn",
    explain: "\
The calls by which an SDK delivers its telemetry are themselves recorded as spans. Where it delivers spans, each export
makes a span, that span makes the next export, and so for ever: an idle service sends traces all day.

Why it matters: it costs money, hides quiet services among the noise, and traces that consist of an export alone mean
nothing to anybody.

How it is found: a span that calls an endpoint of telemetry (`/v1/traces`, `/v1/metrics`, `/v1/logs` by POST, Zipkin's
and Jaeger's, `opentelemetry.proto.collector.*`). An error once three exports of spans followed each other, each of
which delivered the one before.

What looks alike and is fine: a Collector that is traced on purpose; an application or a proxy that passes on the
telemetry of others (the call lies below the request that brought it); queries of a tracing back end.",
    fix: "\
Suppress instrumentation while exporting (the SDKs' own exporters do, in current releases), or leave the exporter's
endpoint out: most HTTP instrumentations have a list of URLs to ignore.",
    code_fixes: &[
        ("python", "OTEL_PYTHON_REQUESTS_EXCLUDED_URLS (or _URLLIB3_, _HTTPX_) = the endpoint; an exporter of one's own exports inside of `with suppress_instrumentation():` of opentelemetry.instrumentation.utils"),
        ("nodejs", "`ignoreOutgoingRequestHook` of @opentelemetry/instrumentation-http; an exporter of one's own exports inside of `context.with(suppressTracing(context.active()), …)` of @opentelemetry/core"),
        ("webjs", "`ignoreUrls` of @opentelemetry/instrumentation-fetch and -xml-http-request, or OTLP exporters 0.212.0 or later"),
        ("go", "give the exporter an http.Client or gRPC connection without otelhttp, otelgrpc"),
        ("rust", "a `tracing` filter for the exporter's own crates: `EnvFilter::new(\"info,hyper=off,tonic=off,h2=off,reqwest=off\")`"),
        ("dotnet", "`FilterHttpRequestMessage` of OpenTelemetry.Instrumentation.Http"),
        ("java", "export with the agent's or the SDK's own exporter, which is not instrumented"),
    ],
    references: &[
        "open-telemetry/opentelemetry-js#332",
        "open-telemetry/opentelemetry-js#6339",
        "open-telemetry/opentelemetry-rust#1171",
        "open-telemetry/opentelemetry-go#1928",
        "open-telemetry/opentelemetry-java-instrumentation#8757",
        "GoogleCloudPlatform/opentelemetry-operations-python#230",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None,
        watch: Watch::keys(KeySet::of(&[Key::TelemetryCall])).kinds(&[
            SpanKind::Client,
            SpanKind::Internal,
            SpanKind::Unspecified,
        ]),
        check,
        excused_by: None,
        say,
    }),
};

/// Exports that follow each other make a loop of it.
const LOOP: usize = 3;

fn check(span: &Seen<'_>) -> Option<Mark> {
    // `GET /api/traces` asks Jaeger for traces.
    let posts = span.facts.is_some_and(|facts| matches!(facts.method, Method::Post | Method::None));
    let exports = match span.role {
        Role::HttpOut => posts,
        Role::RpcOut | Role::RpcEither => true,
        _ => false,
    };
    (exports && !is_collector(&span.of_process.service)).then(|| span.mark())
}

/// Collectors trace themselves on purpose.
fn is_collector(service: &str) -> bool {
    service.starts_with("otelcol")
        || service.contains("otel-collector")
        || service.contains("opentelemetry-collector")
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    let target = |at: SpanIx| cx.attribute(at, &["url.full", "http.url", "rpc.service", "rpc.method"]);
    // Passed on for others: the request that brought it lies above.
    let passed_on = |at: SpanIx| cx.above(at).any(|above| cx.record(above).keys.has(Key::TelemetryCall));
    let mut exports: Vec<(SpanIx, String)> = Vec::new();
    for (at, _) in case.held().filter(|(at, _)| !passed_on(*at)) {
        let target = target(at).unwrap_or_default();
        // Paths of other signals are less peculiar: an application may have a `/v1/logs` to call in a request.
        if takes_spans(&target)
            || target.contains("opentelemetry.proto.collector")
            || cx.record(at).parent_id.is_none()
        {
            exports.push((at, target));
        }
    }
    let (first, target) = exports.first()?;
    let n = case.n();
    let message = match n {
        1 => format!("1 export of telemetry is recorded as a span{}", case.by()),
        _ => format!("{} of telemetry are recorded as spans{}", count(n, "export"), case.by()),
    };
    let looping = in_a_row(cx, &exports) >= LOOP;
    let (severity, confidence) = if looping { (Severity::Error, 0.95) } else { (Severity::Warning, 0.85) };
    let mut said = Said::firm(severity, confidence, message)
        .because(format!("`{}` calls {target}", cx.store.name(*first)));
    if looping {
        said = said.because("each export delivers the span of the one before, so they never end");
    }
    if let Some((last, _)) = exports.last().filter(|_| exports.len() >= LOOP) {
        let ns = cx.record(*last).start_ns.saturating_sub(cx.record(*first).start_ns);
        let per_minute = (exports.len() - 1) as f64 * 60e9 / ns.max(1) as f64;
        said = said
            .because(format!("they come {per_minute:.0} times a minute, whether anything happens or not"));
    }
    Some(said.remedy("suppress instrumentation while exporting, or put the endpoint on the HTTP instrumentation's list of URLs to ignore"))
}

fn takes_spans(target: &str) -> bool {
    ["/v1/traces", "/api/v2/spans", "/api/traces", "opentelemetry.proto.collector.trace."]
        .iter()
        .any(|t| target.contains(t))
}

/// How many exports of spans came one after the other.
fn in_a_row(cx: &crate::diagnosis::aggregate::Cx<'_>, exports: &[(SpanIx, String)]) -> usize {
    let mut ended_ns = 0;
    let mut in_a_row = 0;
    for record in exports.iter().filter(|(_, target)| takes_spans(target)).map(|(at, _)| cx.record(*at)) {
        if record.start_ns >= ended_ns {
            in_a_row += 1;
            ended_ns = record.end_ns;
        }
    }
    in_a_row
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "exporter-traces-itself";

    #[test]
    fn fires_for_a_loop() {
        let sketch = "
            POST  shop  client  5000..5010  http.method=POST http.url=http://localhost:4318/v1/traces
            POST  shop  client  10000..10010  http.method=POST http.url=http://localhost:4318/v1/traces trace=2
            POST  shop  client  15000..15010  http.method=POST http.url=http://localhost:4318/v1/traces trace=3
        ";
        assert_eq!(found(RULE, sketch), ["error exporter-traces-itself firm ×3"]);
        let fewer: Vec<&str> = sketch.lines().take(3).collect();
        assert_eq!(found(RULE, &fewer.join("\n")), ["warning exporter-traces-itself firm ×2"]);
    }

    #[test]
    fn fires_for_grpc_and_without_a_kind() {
        let grpc = "Export  shop  client  5..9  rpc.system=grpc rpc.service=opentelemetry.proto.collector.trace.v1.TraceService";
        assert_eq!(found(RULE, grpc), ["warning exporter-traces-itself firm ×1"]);
        assert_eq!(
            found(RULE, &grpc.replace("client", "internal")),
            ["warning exporter-traces-itself firm ×1"]
        );
        let zipkin =
            "POST  shop  client  5..9  http.request.method=POST url.full=http://zipkin:9411/api/v2/spans";
        assert_eq!(found(RULE, zipkin), ["warning exporter-traces-itself firm ×1"]);
    }

    #[test]
    fn exports_at_once_and_of_other_signals_are_no_loop() {
        let at_once = "
            POST  shop  client  5000..5010  http.method=POST http.url=http://localhost:4318/v1/traces
            POST  shop  client  5001..5011  http.method=POST http.url=http://localhost:4318/v1/traces trace=2
            POST  shop  client  5002..5012  http.method=POST http.url=http://localhost:4318/v1/traces trace=3
        ";
        assert_eq!(found(RULE, at_once), ["warning exporter-traces-itself firm ×3"]);
        let metrics = "
            POST  shop  client  5000..5010  http.method=POST http.url=http://localhost:4318/v1/metrics
            POST  shop  client  65000..65010  http.method=POST http.url=http://localhost:4318/v1/metrics trace=2
            POST  shop  client  125000..125010  http.method=POST http.url=http://localhost:4318/v1/metrics trace=3
        ";
        assert_eq!(found(RULE, metrics), ["warning exporter-traces-itself firm ×3"]);
    }

    #[test]
    fn silent_for_collectors_proxies_queries_and_applications() {
        let collector =
            "POST  otelcol-contrib  client  5..9  http.method=POST http.url=http://backend/v1/traces";
        assert_eq!(found(RULE, collector), [""; 0]);
        let proxy = "
            POST /v1/traces  edge  server  5..20  http.request.method=POST url.path=/otlp/v1/traces url.scheme=http
              egress  edge  client  6..19  http.request.method=POST url.full=http://collector:4318/v1/traces
        ";
        assert_eq!(found(RULE, proxy), [""; 0]);
        let query = "GET  grafana  client  5..9  http.method=GET http.url=http://jaeger/api/traces?service=x";
        assert_eq!(found(RULE, query), [""; 0]);
        let logs = "
            POST /a  shop  server  5..20  get=/a
              POST  shop  client  6..19  http.request.method=POST url.full=http://audit/v1/logs
        ";
        assert_eq!(found(RULE, logs), [""; 0]);
    }
}
