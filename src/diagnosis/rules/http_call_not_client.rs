//! An outbound HTTP request was recorded, but its span is not CLIENT.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, ParentLocality, SpanKind};
use crate::store::SpanIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "http-call-not-client",
    code: "A2",
    severity: Severity::Error,
    enabled: true,
    summary: "a span describes an outbound HTTP request and its kind is not CLIENT",
    explain: "\
The span has attributes that only the caller of an HTTP request knows (the full URL, the number of a repeated try),
and its kind is INTERNAL or was left open. Semantic conventions demand CLIENT. The other way round, a CLIENT span that
describes an inbound request, is http-entry-not-server.

Why it matters: service maps draw an edge from a CLIENT span to the SERVER span that it caused; without it the callee
looks as if nobody called it, and the time spent waiting for others counts as the service's own.

How it is found: by attributes, old and new names. Certain where the callee continued the trace, or where the URL is
another than that of the request above; a warning where neither tells.

What looks alike and is fine: a wrapper around a CLIENT span of the same call; a layer inside of the handling of a
request that repeats the request's own URL (Remix, SvelteKit, NestJS); page loads of a browser; proxies that describe
both sides in one SERVER span.",
    fix: "Start the span of a call with kind CLIENT, or let the HTTP library's instrumentation do it.",
    code_fixes: &[
        ("python", "`tracer.start_as_current_span(name, kind=SpanKind.CLIENT)`, or instrument the library: opentelemetry-instrumentation-requests, -httpx, -aiohttp-client"),
        ("nodejs", "`tracer.startActiveSpan(name, { kind: SpanKind.CLIENT }, …)`, or @opentelemetry/instrumentation-http and -undici"),
        ("java", "`tracer.spanBuilder(name).setSpanKind(SpanKind.CLIENT)`"),
        ("go", "`tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))`, or `otelhttp.NewTransport`"),
        ("dotnet", "`source.StartActivity(name, ActivityKind.Client)`"),
        ("rust", "with `tracing`: a field `otel.kind = \"client\"`; else `tracer.span_builder(name).with_kind(SpanKind::Client)`"),
        ("ruby", "`tracer.in_span(name, kind: :client)`"),
        ("php", "`->setSpanKind(SpanKind::KIND_CLIENT)`"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span",
        "open-telemetry/opentelemetry-js#1002",
        "open-telemetry/opentelemetry-js-contrib#1177",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: Some(SpanKind::Client),
        watch: Watch::keys(PROOF).kinds(&[SpanKind::Unspecified, SpanKind::Internal, SpanKind::Server]),
        check,
        excused_by: Some(wraps),
        say,
    }),
};

const URL: KeySet = KeySet::of(&[Key::UrlFull, Key::HttpUrl]);
/// What servers do not know of a request that they handle.
const CALLERS_ONLY: KeySet = KeySet::of(&[Key::UrlFull, Key::UrlTemplate, Key::HttpResendCount]);
const PROOF: KeySet = CALLERS_ONLY.or(URL);
/// What a server span, or a layer below it, has and a call has not.
const SERVED: KeySet = KeySet::of(&[
    Key::HttpRoute,
    Key::UserAgent,
    Key::HttpUserAgent,
    Key::HttpTarget,
    Key::HttpServerName,
    Key::ClientAddress,
    Key::HttpClientIp,
]);

fn check(span: &Seen<'_>) -> Option<Mark> {
    let keys = span.record.keys;
    if span.role != Role::HttpOut || keys.any(SERVED) {
        return None;
    }
    let wrong = match span.kind() {
        // Old conventions let a server send its absolute URL, and a proxy describes both sides in one span: only what
        // no server knows counts, and only under a parent of the same process.
        SpanKind::Server => keys.any(CALLERS_ONLY) && span.locality() == ParentLocality::Local,
        // The SDK of browsers measures page loads after the fact.
        _ => span.of_process.language != "webjs",
    };
    wrong.then(|| span.mark())
}

/// A CLIENT span of the same call below it: the INTERNAL one is a wrapper, which may be any kind.
fn wraps(child: &Seen<'_>, parent: &Seen<'_>) -> bool {
    let (Some(c), Some(p)) = (child.facts, parent.facts) else { return false };
    child.kind() == SpanKind::Client
        && child.role == Role::HttpOut
        && c.method == p.method
        && (c.host == p.host || c.host == 0 || p.host == 0)
}

/// What the surroundings of a span tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The callee continued the trace.
    Continued,
    /// The URL is another than that of the request that is handled.
    ElsewhereCalled,
    /// It repeats the request that it is a part of.
    Layer,
    /// Nothing above it tells.
    Unknown,
}

fn side(cx: &Cx<'_>, at: SpanIx) -> Side {
    if cx.was_continued(at) {
        return Side::Continued;
    }
    let covering = cx.above(at).find(|above| {
        cx.chains.is_entry(*above) || cx.kind(*above) == SpanKind::Client && cx.role(*above) == Role::HttpOut
    });
    let Some(covering) = covering else { return Side::Unknown };
    if !cx.chains.is_entry(covering) {
        return Side::Layer;
    }
    let (Some(call), Some(request)) = (cx.facts(at), cx.facts(covering)) else { return Side::Unknown };
    let same_host = call.host == 0 || request.host == 0 || call.host == request.host;
    let unknown_path = request.path[0] == 0 || call.path[0] == 0;
    let same = call.method == request.method && (unknown_path || call.path_matches(request)) && same_host;
    if same { Side::Layer } else { Side::ElsewhereCalled }
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    let sides: Vec<(SpanIx, Side)> = case.held().map(|(at, _)| (at, side(cx, at))).collect();
    let number = |wanted: Side| sides.iter().filter(|(_, side)| *side == wanted).count();
    let (continued, elsewhere) = (number(Side::Continued), number(Side::ElsewhereCalled));
    let (layers, unknown) = (number(Side::Layer), number(Side::Unknown));
    if layers > 0 && layers >= continued + elsewhere + unknown {
        return None;
    }
    let certain = continued + elsewhere > 0;
    let (severity, confidence) = if certain { (Severity::Error, 0.95) } else { (Severity::Warning, 0.70) };
    let n = case.n();
    let verb = if n == 1 { "is" } else { "are" };
    let kind = case.first()?.1.kind;
    let message =
        format!("{} {verb} {kind} and should be CLIENT{}", count(n, "outbound HTTP request"), case.by());
    let mut said = Said::firm(severity, confidence, message);
    let first = sides.iter().find(|(_, side)| matches!(side, Side::Continued | Side::ElsewhereCalled));
    let first = first.or_else(|| sides.iter().find(|(_, side)| *side == Side::Unknown));
    if let Some((at, _)) = first {
        let name = cx.store.name(*at);
        let url = cx.attribute(*at, &["url.full", "http.url", "url.template"]).unwrap_or_default();
        said = said.because(format!("`{name}` calls {url}"));
    }
    if continued > 0 {
        said = said.because("what was called continued the trace in another process".to_owned());
    } else if elsewhere > 0 {
        said = said.because("its URL is not that of the request that its process was handling".to_owned());
    } else {
        said = said.because(
            "the full URL is what a caller knows; nothing around the spans tells the side for certain",
        );
    }
    Some(
        said.remedy(
            "start these spans with kind CLIENT, or let the HTTP library's instrumentation make them",
        ),
    )
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "http-call-not-client";

    #[test]
    fn fires_for_a_call_that_another_service_continued() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a
              GET  shop  internal  2..20  http.request.method=GET url.full=http://price:8080/price/7
                GET /price/7  price  server  3..19  get=/price/7
        ";
        assert_eq!(found(RULE, sketch), ["error http-call-not-client firm ×1"]);
        assert_eq!(
            found(RULE, &sketch.replace("internal", "unspecified")),
            ["error http-call-not-client firm ×1"]
        );
    }

    #[test]
    fn fires_for_a_call_of_something_else_than_the_request() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a http.host=shop.example
              fetch  shop  internal  2..20  http.method=GET http.url=http://price:8080/price/7
        ";
        assert_eq!(found(RULE, sketch), ["error http-call-not-client firm ×1"]);
    }

    #[test]
    fn fires_for_a_forwarded_path_of_another_host() {
        let sketch = "
            GET /price/7  gate  server  0..30  get=/price/7 http.host=gate.example
              fetch  gate  internal  2..20  http.method=GET http.url=http://price/price/7
        ";
        assert_eq!(found(RULE, sketch), ["error http-call-not-client firm ×1"]);
    }

    #[test]
    fn warns_where_nothing_tells_the_side() {
        let sketch = "sync  job  internal  2..20  http.method=GET http.url=http://price/price/7";
        assert_eq!(found(RULE, sketch), ["warning http-call-not-client firm ×1"]);
    }

    #[test]
    fn fires_for_a_call_below_that_says_server() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a
              GET  shop  server  2..20  http.request.method=GET url.full=http://price/b
        ";
        assert_eq!(found(RULE, sketch), ["error http-call-not-client firm ×1"]);
    }

    #[test]
    fn silent_for_client_spans_and_for_what_wraps_them() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a
              getPrice  shop  internal  2..20  http.request.method=GET url.full=http://price/7
                GET  shop  client  3..19  http.request.method=GET url.full=http://price/7
        ";
        assert_eq!(found(RULE, sketch), [""; 0]);
    }

    #[test]
    fn silent_for_parts_of_a_call() {
        let sketch = "
            GET  shop  client  3..19  http.request.method=GET url.full=http://price/7
              try  shop  internal  4..18  http.request.method=GET url.full=http://price/7
        ";
        assert_eq!(found(RULE, sketch), [""; 0]);
    }

    #[test]
    fn silent_for_layers_that_repeat_the_request() {
        let remix = "
            GET /a  shop  server  0..30  get=/a http.host=shop:3000
              remix.request  shop  internal  1..29  http.method=GET http.url=http://shop:3000/a
                loader  shop  internal  2..28  http.method=GET http.url=http://shop:3000/a
        ";
        assert_eq!(found(RULE, remix), [""; 0]);
        let nest = "
            GET /a  shop  server  0..30  get=/a
              ctl  shop  internal  1..29  http.method=GET http.url=/a http.route=/a nestjs.type=handler
              ctl  shop  internal  1..29  http.method=GET url.full=http://shop/a http.route=/a
        ";
        assert_eq!(found(RULE, nest), [""; 0]);
    }

    #[test]
    fn silent_for_browsers_and_proxies() {
        let page = "
            documentLoad  web  internal  0..300  scope=@opentelemetry/instrumentation-document-load
              resourceFetch  web  internal  9..60  http.method=GET http.url=http://x/a.js scope=@opentelemetry/instrumentation-document-load
              other  web  internal  9..60  http.method=GET url.full=http://x/b resource.telemetry.sdk.language=webjs
        ";
        assert_eq!(found(RULE, page), [""; 0]);
        let envoy = "
            ingress  edge  server  0..30  http.method=GET http.url=http://shop/a upstream_cluster=shop
              egress  edge  server  1..29  http.method=GET http.url=http://shop/a remote
        ";
        assert_eq!(found(RULE, envoy), [""; 0]);
    }
}
