//! The status contradicts the outcome of the protocol.

use crate::diagnosis::claim::{Case, Said, by_scope, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, SpanKind, StatusCode};

/// The rule.
pub const RULE: Rule = Rule {
    id: "status-misuse",
    code: "F5",
    severity: Severity::Info,
    enabled: true,
    summary: "span status contradicts the HTTP status",
    explain: "\
A SERVER span answered 4xx and is marked as an error; or it answered 5xx and is not; or a CLIENT span got 4xx and is
not marked; or an instrumentation library sets OK itself.

Why it matters: a 4xx is the client's fault: error rates and alerts of the server count what it did right, or miss
what it did wrong. OK is final and belongs to the application.

How it is found: by kind, status code and HTTP status. OK is told only when an instrumentation scope sets it on nearly
all of 20 or more spans of one kind.

What looks alike and is fine: an exception that was recorded on the span and that the framework turned into a 4xx, such
as Django's Http404; an application that sets the status on purpose; gRPC, whose own codes decide.",
    fix: "\
Upgrade the instrumentation. In code of your own, leave the status of a SERVER span unset for 4xx and set ERROR for 5xx;
on CLIENT spans set ERROR for both; leave OK to the application.",
    code_fixes: &[
        ("python", "see whether an error handler or `record_exception` hook calls `set_status` for HTTP errors; fixed in the instrumentations after 1.7.0"),
        ("go", "otelecho and otelmux have it right from contrib 1.8 on"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status",
        "https://opentelemetry.io/docs/specs/otel/trace/api/#set-status",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None, watch: Watch::EVERY, check, excused_by: None, say }),
};

/// What is wrong, above the HTTP status in a mark's detail.
const REFUSED: u32 = 1 << 16;
const FAILED: u32 = 2 << 16;
const UNSEEN: u32 = 3 << 16;
const OK: u32 = 4 << 16;

/// Spans of an instrumentation scope with OK before it is said, and their share in percent.
const MANY: u64 = 20;
const PERCENT: u64 = 95;

fn check(span: &Seen<'_>) -> Option<Mark> {
    let status = span.record.status();
    let (kind, role) = (span.kind(), span.role);
    if status == StatusCode::Ok {
        return is_instrumentation(span).then(|| span.mark_as(OK));
    }
    let http = span.facts.map_or(0, |facts| facts.http_status);
    let what = match (kind, http, status) {
        // An exception that left the handler made it an error, whatever the framework answered then.
        (SpanKind::Server, 400..500, StatusCode::Error)
            if role == Role::HttpIn && !span.has(Key::HasException) =>
        {
            REFUSED
        }
        (SpanKind::Server, 500..600, StatusCode::Unset) if role == Role::HttpIn => FAILED,
        (SpanKind::Client, 400..600, StatusCode::Unset) if role == Role::HttpOut => UNSEEN,
        _ => return None,
    };
    Some(span.mark_as(what | u32::from(http)))
}

fn is_instrumentation(span: &Seen<'_>) -> bool {
    const NAMES: &[&str] = &[
        "opentelemetry.instrumentation.",
        "@opentelemetry/instrumentation-",
        "go.opentelemetry.io/contrib/instrumentation/",
        "io.opentelemetry.",
        "OpenTelemetry.Instrumentation.",
        "OpenTelemetry::Instrumentation::",
    ];
    let scope = &span.store.scope(span.record.scope).name;
    NAMES.iter().any(|name| scope.starts_with(name))
}

fn say(case: &Case<'_>) -> Option<Said> {
    let ways = case.tally.by_count();
    let of = |what: u32| ways.iter().filter(move |(detail, _)| detail & !0xffff == what);
    let sum = |what: u32| of(what).map(|(_, n)| n).sum::<u64>();
    let ok = sum(OK);
    // The application may set OK on some; a library that does so does it always.
    let ok_counts = ok >= MANY && ok * 100 >= case.emitter.spans * PERCENT;
    let wrong = sum(REFUSED) + sum(FAILED) + sum(UNSEEN) + if ok_counts { ok } else { 0 };
    if wrong == 0 {
        return None;
    }
    let message =
        format!("the status of {} contradicts what happened{}", count(wrong, "span"), by_scope(case.scope));
    let mut said = Said::firm(Severity::Info, 0.6, message);
    for (what, told) in
        [(REFUSED, "SERVER, ERROR"), (FAILED, "SERVER, not ERROR"), (UNSEEN, "CLIENT, not ERROR")]
    {
        let codes: Vec<String> = of(what).map(|(detail, n)| format!("{} ×{n}", detail & 0xffff)).collect();
        if !codes.is_empty() {
            said = said.because(format!("{told}: HTTP status {}", codes.join(", ")));
        }
    }
    if ok_counts {
        said = said.because(format!("the library sets OK on {ok} spans, which is for the application to do"));
    }
    Some(said.remedy("leave SERVER spans unset for 4xx, set ERROR for 5xx and on CLIENT spans for both"))
}

#[cfg(test)]
mod tests {
    use crate::model::Event;
    use crate::testkit::{Bench, batches, found, spans};

    const TOLD: [&str; 1] = ["info status-misuse firm ×1"];

    #[test]
    fn fires_for_each_contradiction() {
        for line in [
            "GET /a  s  server  0..9  get=/a error http.status_code=404",
            "GET /a  s  server  0..9  get=/a http.status_code=503",
            "GET  s  client  0..9  call=http://b/a http.status_code=404",
        ] {
            assert_eq!(found("status-misuse", line), TOLD, "{line}");
        }
        let ok = |n: usize| {
            format!("GET  s  client  {}..{}  ok scope=io.opentelemetry.jdbc\n", n * 10, n * 10 + 5)
        };
        let sketch: String = (0..20).map(ok).collect();
        assert_eq!(found("status-misuse", &sketch), ["info status-misuse firm ×20"]);
    }

    #[test]
    fn silent_for_an_exception_that_became_a_404() {
        let mut groups = spans("GET /a  s  server  0..9  get=/a error http.status_code=404");
        groups[0].spans[0].events.push(Event { name: "exception".to_owned(), ..Event::default() });
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        assert_eq!(bench.list(|finding| finding.rule.id == "status-misuse"), [""; 0]);
    }

    #[test]
    fn silent_for_what_conventions_say_and_what_an_application_sets() {
        for line in [
            "GET /a  s  server  0..9  get=/a http.status_code=404",
            "GET /a  s  server  0..9  get=/a error http.status_code=500",
            "GET /a  s  server  0..9  get=/a http.status_code=302",
            "GET  s  client  0..9  call=http://b/a error http.status_code=404",
            "GET /a  s  server  0..9  get=/a ok http.status_code=200",
            "pay  s  server  0..9  ok rpc.system=grpc rpc.grpc.status_code=5",
        ] {
            assert_eq!(found("status-misuse", line), [""; 0], "{line}");
        }
    }
}
