//! A trace begins with a call although its process serves requests.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::SpanKind;

/// The rule.
pub const RULE: Rule = Rule {
    id: "client-root",
    code: "C4",
    severity: Severity::Info,
    enabled: true,
    summary: "calls begin traces of their own in a service that serves requests",
    explain: "\
A trace begins with an outgoing call, although the service handles requests. Either the call is nobody's (a timer, a
poller), or the request that made it lost its context before.

Why it matters: calls that belong to a request are missing from its trace.

How it is found: CLIENT and PRODUCER spans without a parent, in a service that has entries. Instrumentation Score
calls it SPA-004.

What looks alike and is fine: browsers and apps, where calls do begin traces; timers, pollers, start-up work and probes.
Whether these calls fall into requests is another rule's question, work-outside-request.",
    fix: "\
Pass the context through pools, promises, spawned tasks and goroutines; start the request's span before the first
call. Give timers and start-up work a span of their own.",
    code_fixes: &[
        ("go", "pass the request's ctx to the call: `http.NewRequestWithContext(ctx, …)`, `client.Get(ctx, key)`"),
        ("rust", "`spawn(work.instrument(Span::current()))`"),
        ("python", "opentelemetry-instrumentation-threading, or `contextvars.copy_context().run`"),
        ("nodejs", "`context.bind(context.active(), callback)` where callbacks wait in a queue or pool"),
        ("java", "`Context.taskWrapping(executor)`"),
    ],
    references: &[
        "open-telemetry/opentelemetry-python-contrib#1397",
        "redis/go-redis#3073",
        "mezmo/aura#110",
        "open-telemetry/opentelemetry-js-contrib#213",
    ],
    symptom_of: &["work-outside-request", "partially-instrumented", "broken-hop"],
    on: On::Aggregate(look),
};

/// Fewer are a start-up's or a timer's.
const CALLS: u64 = 5;
/// Devices, where a call begins the user's trace.
const DEVICES: &[&str] = &["webjs", "swift", "android", "kotlin"];

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let emitters = &cx.gathered.emitters;
    for (number, roots) in cx.gathered.roots.emitters().filter(|(_, roots)| roots.calls.n >= CALLS) {
        let emitter = emitters.get(number);
        let entries: u64 =
            emitters.iter().filter(|(_, e)| e.service == emitter.service).map(|(_, e)| e.entries).sum();
        if entries == 0 || DEVICES.contains(&emitter.language.as_str()) {
            continue;
        }
        let calls = emitter.of_kind(SpanKind::Client) + emitter.of_kind(SpanKind::Producer);
        let n = roots.calls.n;
        let scope = cx.store.scope(emitter.scope);
        let message = format!(
            "{} of {calls} begin traces of their own, in a service that handled {}{}",
            count(n, "call"),
            count(entries, "request"),
            by_scope(scope)
        );
        let mut names: Vec<&str> =
            roots.calls.sample.values().filter_map(|name| cx.store.text(*name)).collect();
        names.dedup();
        let names: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
        let said = Said::firm(Severity::Info, 0.50, message)
            .because(format!("the first of them: {}", names.join(", ")))
            .remedy("nothing for timers, pollers and start-up work; a span of their own tells them apart")
            .remedy("else pass the request's context to where the call is made");
        let spans = roots.calls.sample.keys().map(|(_, trace, span)| (*trace, *span));
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(spans, n);
        claim.trace_count = claim.trace_count.max(n);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;
    use std::fmt::Write;

    fn calls(n: u32, words: &str) -> String {
        let mut out = "GET /a  shop  server  0..10  get=/a trace=250\n".to_owned();
        for i in 0..n {
            let at = 1_000 + i * 100;
            let _ = writeln!(out, "GET  shop  client  {at}..{}  {words} trace={}", at + 10, 1 + i);
        }
        out
    }

    #[test]
    fn hints_at_calls_that_are_roots() {
        assert_eq!(found("client-root", &calls(6, "call=http://bank/a")), ["info client-root firm ×6"]);
    }

    #[test]
    fn silent_for_few_for_links_for_telemetry_and_for_browsers() {
        assert_eq!(found("client-root", &calls(4, "call=http://bank/a")), [""; 0]);
        for words in [
            "call=http://bank/a links",
            "call=http://collector:4318/v1/traces",
            "call=http://bank/a resource.telemetry.sdk.language=webjs",
        ] {
            assert_eq!(found("client-root", &calls(6, words)), [""; 0], "{words}");
        }
    }

    #[test]
    fn silent_for_a_client_that_serves_nothing() {
        let sketch = calls(6, "call=http://bank/a").replace("GET /a  shop", "GET /a  other");
        assert_eq!(found("client-root", &sketch), [""; 0]);
    }
}
