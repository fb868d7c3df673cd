//! Two layers of a process each recorded a CLIENT span for one call.

use super::nested_server_spans::called;
use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::SpanKind;

/// The rule.
pub const RULE: Rule = Rule {
    id: "nested-client-spans",
    code: "A4",
    severity: Severity::Info,
    enabled: true,
    summary: "one outgoing call has two CLIENT spans of one process",
    explain: "\
Two instrumentations of one process each recorded a CLIENT span for the same outgoing call.

Why it matters: calls of a dependency count twice.

How it is found: a CLIENT span lies in another one, its parent in the same process; both describe one call of one
protocol (method, host and path; RPC method; name of a database span), at least five times for two scopes.

What looks alike and is fine: a database or cloud call around the HTTP request that carries it (two protocols);
retries and redirects (they are numbered, or differ in their URL); calls side by side, which may be equal by chance
and are not compared.",
    fix: "Turn one of the two instrumentations off.",
    code_fixes: &[
        ("python", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names those to leave out, such as `urllib3` below `requests`"),
        ("java", "`-Dotel.instrumentation.<name>.enabled=false` turns one instrumentation off"),
        ("nodejs", "`getNodeAutoInstrumentations({ '@opentelemetry/instrumentation-…': { enabled: false } })`"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/trace/api/#spankind",
        "open-telemetry/opentelemetry-java-instrumentation#11401",
        "open-telemetry/opentelemetry-specification#1767",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// Two calls of one resource inside of each other may happen by chance.
const ENOUGH: u64 = 5;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let nested = cx.gathered.repeats.iter().filter(|(key, _)| key.kind == SpanKind::Client);
    for (key, repeat) in nested.filter(|(_, repeat)| repeat.n >= ENOUGH) {
        let [outer, inner] = [key.outer, key.inner].map(|emitter| cx.gathered.emitters.get(emitter));
        let [outer_scope, inner_scope] = [outer, inner].map(|emitter| cx.store.scope(emitter.scope));
        let message = format!(
            "{} have two CLIENT spans, by {} inside of {}",
            count(repeat.n, "outgoing call"),
            called(inner_scope),
            called(outer_scope)
        );
        let mut said = Said::firm(Severity::Info, 0.60, message);
        if let Some((_, around)) = repeat.sample.first_key_value() {
            let around = cx.store.text(*around).unwrap_or_default();
            said = said.because(format!("`{around}` holds a span of the same call"));
        }
        let said = said.remedy("turn one of the two instrumentations off");
        let spans = repeat.sample.keys().map(|(_, trace, span)| (*trace, *span));
        let mut claim = Claim::about(cx.processes.service(inner.service), said).spans(spans, repeat.n);
        claim.trace_count = repeat.traces.count().max(claim.traces.len() as u64);
        claim.scope = Some(inner_scope.clone());
        claim.language.clone_from(&inner.language);
        claim.subject = format!("inside of {} {}", outer_scope.name, outer_scope.version);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "nested-client-spans";

    fn five(outer: &str, inner: &str) -> String {
        let one = |n: u64| {
            let at = n * 100;
            format!(
                "{outer}  shop  client  {at}..{}  scope=a\n  {inner}  shop  client  {}..{}  scope=b\n",
                at + 9,
                at + 1,
                at + 8
            )
            .replace("scope=a", &format!("scope=a trace={}", n + 1))
        };
        (0..5).map(one).collect()
    }

    fn http(url: &str) -> String {
        format!("http.request.method=GET url.full={url}")
    }

    fn calls(outer: &str, inner: &str) -> String {
        five("GET", "GET")
            .replace("scope=a", &format!("{outer} scope=a"))
            .replace("scope=b", &format!("{inner} scope=b"))
    }

    #[test]
    fn fires_for_one_call_of_two_layers() {
        let one = http("http://price/7");
        assert_eq!(found(RULE, &calls(&one, &one)), ["info nested-client-spans firm ×5"]);
        let grpc = "rpc.system=grpc rpc.method=Get";
        assert_eq!(found(RULE, &calls(grpc, grpc)), ["info nested-client-spans firm ×5"]);
        let sql = "db.system=postgresql";
        assert_eq!(found(RULE, &calls(sql, sql)), ["info nested-client-spans firm ×5"]);
    }

    #[test]
    fn silent_for_other_protocols_retries_and_redirects() {
        let one = http("http://price/7");
        let retry = format!("{one} http.request.resend_count=1");
        assert_eq!(found(RULE, &calls(&one, &retry)), [""; 0]);
        assert_eq!(found(RULE, &calls(&one, &http("http://price/8"))), [""; 0]);
        assert_eq!(found(RULE, &calls("rpc.system=aws-api rpc.method=PutItem", &one)), [""; 0]);
        assert_eq!(found(RULE, &calls("db.system=elasticsearch", &one)), [""; 0]);
    }

    #[test]
    fn silent_for_a_few() {
        let few: Vec<String> = calls(&http("http://price/7"), &http("http://price/7"))
            .lines()
            .take(8)
            .map(str::to_owned)
            .collect();
        assert_eq!(found(RULE, &few.join("\n")), [""; 0]);
    }
}
