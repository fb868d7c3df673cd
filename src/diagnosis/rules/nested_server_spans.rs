//! Two layers of a process each recorded a SERVER span for one request.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::repeats::{Repeat, RepeatKey};
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Scope, SpanKind};

/// The rule.
pub const RULE: Rule = Rule {
    id: "nested-server-spans",
    code: "A3",
    severity: Severity::Warning,
    enabled: true,
    summary: "one request has two SERVER spans of one process",
    explain: "\
Two instrumentations of one process, or one that was installed twice, each recorded a SERVER span for the same request.

Why it matters: rates, error rates and latencies are computed from SERVER spans: every request counts twice.

How it is found: a SERVER span lies in another one of its process with nothing but INTERNAL spans between; both
describe one request (protocol, method, path, connection) at least three times for two scopes.

What looks alike and is fine: layers of different protocols (GraphQL, MCP, FaaS or gRPC-Web inside of HTTP), an
INTERNAL span of a framework below the server's, calls of the process to itself, forwards and batches (other paths),
proxies in processes of their own.",
    fix: "Let one layer record requests: turn the other one off, or let it make INTERNAL spans.",
    code_fixes: &[
        ("nodejs", "@fastify/otel 0.19 and 0.20 make SERVER spans inside of those of @opentelemetry/instrumentation-http: take a release after them, or turn one of the two off"),
        ("python", "do not call `instrument_app` on an application that is instrumented already, and add a middleware once; a middleware of one's own inside of it makes INTERNAL spans"),
        ("java", "`-Dotel.instrumentation.<name>.enabled=false` turns one instrumentation off"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span",
        "fastify/otel#172",
        "quarkusio/quarkus#37140",
        "open-telemetry/opentelemetry-ruby#205",
        "open-telemetry/opentelemetry-java-instrumentation#465",
        "openzipkin/brave#396",
        "open-telemetry/opentelemetry-python-contrib#3529",
        "huang-julien/nitro-applicationinsights#296",
    ],
    symptom_of: &["merged-under-local-span", "request-inherits-finished-request"],
    on: On::Aggregate(look),
};

/// A handful of requests may be dispatched inside on purpose.
const ENOUGH: u64 = 3;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let nested = cx.gathered.repeats.iter().filter(|(key, _)| key.kind == SpanKind::Server);
    out.extend(nested.filter(|(_, repeat)| repeat.n >= ENOUGH).map(|(key, repeat)| claim(cx, key, repeat)));
}

fn claim(cx: &Cx<'_>, key: &RepeatKey, repeat: &Repeat) -> Claim {
    let [outer, inner] = [key.outer, key.inner].map(|emitter| cx.gathered.emitters.get(emitter));
    let [outer_scope, inner_scope] = [outer, inner].map(|emitter| cx.store.scope(emitter.scope));
    let twice = if key.outer == key.inner {
        format!("twice by one instrumentation{}", by_scope(inner_scope))
    } else {
        format!("by {} inside of {}", called(inner_scope), called(outer_scope))
    };
    let verb = if repeat.n == 1 { "is" } else { "are" };
    let message = format!("{} {verb} recorded twice as SERVER, {twice}", count(repeat.n, "request"));
    let confidence = if repeat.local > 0 { 0.90 } else { 0.70 };
    let mut said = Said::firm(Severity::Warning, confidence, message);
    if let Some(((_, trace, span), around)) = repeat.sample.first_key_value() {
        let held = cx.store.find_trace(*trace).and_then(|trace| cx.store.find_span(trace, *span));
        let name = held.map_or_else(String::new, |at| format!("`{}` ", cx.store.name(at)));
        let around = cx.store.text(*around).unwrap_or_default();
        said = said.because(format!("{name}lies in `{around}`: same process, method and path"));
    }
    if outer_scope.name == inner_scope.name && outer_scope.version != inner_scope.version {
        let versions = format!("{} and {}", outer_scope.version, inner_scope.version);
        said = said.because(format!("the instrumentation is installed twice: {versions}"));
    }
    let said = said.remedy(match (key.outer == key.inner, inner_scope.name.as_str()) {
        (true, _) => "install the instrumentation once".to_owned(),
        (false, "") => "let the inner layer make INTERNAL spans".to_owned(),
        (false, name) => format!("turn one of the two off, or let {name} make INTERNAL spans"),
    });
    let spans = repeat.sample.keys().map(|(_, trace, span)| (*trace, *span));
    let mut claim = Claim::about(cx.processes.service(inner.service), said).spans(spans, repeat.n);
    claim.trace_count = repeat.traces.count().max(claim.traces.len() as u64);
    claim.scope = Some(inner_scope.clone());
    claim.language.clone_from(&inner.language);
    claim.subject = format!("inside of {} {}", outer_scope.name, outer_scope.version);
    claim
}

/// A scope in a sentence.
pub(super) fn called(scope: &Scope) -> String {
    let name = format!("{} {}", scope.name, scope.version);
    if scope.name.is_empty() { "a scope without a name".to_owned() } else { name.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, found};

    const RULE: &str = "nested-server-spans";

    /// Three requests, a second apart, each as this sketch with `@` for the number.
    fn thrice(sketch: &str) -> String {
        let times = |text: &str, n: u64| {
            let mut out = String::new();
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let (head, rest) = line.split_once("..").unwrap();
                let (head, start) = head.rsplit_once(' ').unwrap();
                let (end, words) = rest.split_once(' ').unwrap_or((rest, ""));
                let [start, end] = [start, end].map(|ms| ms.parse::<u64>().unwrap() + n * 1_000);
                out += &format!("{head} {start}..{end} {words}\n").replace('@', &(n + 1).to_string());
            }
            out
        };
        (0..3).map(|n| times(sketch, n)).collect()
    }

    const DOUBLE: &str = "
        GET  shop  server  0..30  get=/a scope=http trace=@
          GET /a  shop  server  2..29  http.request.method=GET url.path=/a scope=fastify
    ";

    #[test]
    fn fires_for_two_layers() {
        assert_eq!(found(RULE, &thrice(DOUBLE)), ["warning nested-server-spans firm ×3"]);
        let twice: Vec<String> = thrice(DOUBLE).lines().take(4).map(str::to_owned).collect();
        assert_eq!(found(RULE, &twice.join("\n")), [""; 0], "too few to tell");
    }

    #[test]
    fn fires_with_internal_spans_between_in_any_order_and_delivered_twice() {
        let sketch = thrice(
            "
            GET  shop  server  0..30  get=/a scope=http trace=@
              middleware  shop  internal  1..30  scope=mid
                router  shop  internal  1..30  scope=mid
                  GET /a  shop  server  2..29  http.request.method=GET url.path=/a scope=fastify
        ",
        );
        assert_eq!(found(RULE, &sketch), ["warning nested-server-spans firm ×3"]);
        let batches = || by_end(&sketch);
        let mut reversed = batches();
        reversed.reverse();
        let mut bench = Bench::default();
        bench.take(reversed).take(batches()).finish();
        assert_eq!(bench.list(|f| f.rule.id == RULE), ["warning nested-server-spans firm ×3"]);
    }

    #[test]
    fn fires_for_one_that_is_installed_twice() {
        let sketch =
            thrice(DOUBLE).replace("scope=http", "scope=h@1.2").replace("scope=fastify", "scope=h@1.1");
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let findings = bench.0.diagnosis.findings();
        let finding = findings.iter().find(|finding| finding.rule.id == RULE).unwrap();
        assert_eq!(finding.evidence[1], "the instrumentation is installed twice: 1.2 and 1.1");
    }

    #[test]
    fn silent_for_other_protocols_inside_and_for_internal_layers() {
        for inside in [
            "query  shop  server  2..29  graphql.operation.type=query scope=gql",
            "tools/call  shop  server  2..29  mcp.method.name=tools/call scope=mcp",
            "Rate/Get  shop  server  2..29  rpc.system=grpc rpc.method=Get scope=grpc",
            "GET /a  shop  internal  2..29  get=/a",
            "GET /inner  shop  server  2..29  get=/inner scope=dispatch",
        ] {
            let sketch = thrice(&format!("GET  shop  server  0..30  get=/a scope=http trace=@\n  {inside}"));
            assert_eq!(found(RULE, &sketch), [""; 0], "{inside}");
        }
    }

    #[test]
    fn silent_for_calls_to_oneself_and_for_proxies() {
        let call = "
            GET /a  shop  server  0..30  get=/a trace=@
              GET  shop  client  1..29  call=http://shop/a
                GET /a  shop  server  2..28  get=/a remote
        ";
        assert_eq!(found(RULE, &thrice(call)), [""; 0]);
        let remote = DOUBLE.replace("scope=fastify", "scope=fastify remote");
        assert_eq!(found(RULE, &thrice(&remote)), [""; 0]);
        let proxy = DOUBLE.replace("GET /a  shop", "GET /a  proxy");
        assert_eq!(found(RULE, &thrice(&proxy)), [""; 0]);
    }
}
