//! Caller and callee of one call were recorded in two traces.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::pairs::{self, Hop};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::time::duration;

/// The rule.
pub const RULE: Rule = Rule {
    id: "broken-hop",
    code: "C3",
    severity: Severity::Error,
    enabled: true,
    summary: "caller and callee of one call were recorded in two traces",
    explain: "\
A service calls another; both record the call, and the callee's span starts a trace of its own. The context did not
get across: the caller does not inject it, the callee does not extract it, they speak different formats, or a proxy
in between removes the header.

Why it matters: no trace shows the whole request. Which caller is slow because of which callee cannot be told.

How it is found: calls without an answer in their own trace are laid beside requests of other processes that came from
nowhere: same method, same path, one inside of the other in time, one for one; and the host that was called is the
callee's. It takes five such pairs and 80 % of the unanswered calls between the two. Without the host, nearly all calls
and nearly all such requests must fit each other.

What looks alike and is fine: health checks (left aside); public endpoints that start a new trace with a link to the
caller's, which is said as a hint; services that are not instrumented, which have no requests that would fit.",
    fix: "\
Let both sides use the same propagators (OTEL_PROPAGATORS, default `tracecontext,baggage`), instrument the HTTP or RPC
library on the side that is silent, and let gateways and proxies pass `traceparent` and `tracestate` on.",
    code_fixes: &[
        ("python", "`opentelemetry-bootstrap -a requirements` names the instrumentation of the HTTP library that is missing; a propagator that is named in OTEL_PROPAGATORS and not installed switches more off than itself"),
        ("nodejs", "load the SDK first: `node --import ./instrumentation.mjs`, with `--experimental-loader=@opentelemetry/instrumentation/hook.mjs` for ESM; undici and fetch need instrumentation-undici"),
        ("java", "-Dotel.propagators=tracecontext,baggage on both sides"),
        ("go", "`otel.SetTextMapPropagator(propagation.TraceContext{})`: the default propagates nothing; wrap clients with `otelhttp.NewTransport`, and pass the request's ctx on"),
        ("dotnet", "`AddHttpClientInstrumentation()`; a hand-written client must copy `Activity.Current.Id` into traceparent"),
        ("rust", "`global::set_text_map_propagator(TraceContextPropagator::new())`: the default propagates nothing; inject and extract by opentelemetry-http"),
        ("php", "inject with `Globals::propagator()->inject($headers)`, or install the auto-instrumentation of the client"),
        ("ruby", "`c.use_all` covers Net::HTTP and Faraday; check OTEL_PROPAGATORS"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/context/api-propagators/",
        "https://www.w3.org/TR/trace-context/",
        "open-telemetry/opentelemetry-js#3495",
        "open-telemetry/opentelemetry-js#5024",
        "istio/istio#7730",
        "epam/ai-dial-sdk#450",
        "open-telemetry/opentelemetry-java#4707",
        "BerriAI/litellm#39533",
    ],
    symptom_of: &["merged-under-local-span", "request-inherits-finished-request", "truncated-trace-id"],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    out.extend(pairs::broken(cx).iter().map(|hop| claim(cx, hop)));
}

fn claim(cx: &Cx<'_>, hop: &Hop<'_>) -> Claim {
    let (hops, key) = (&cx.gathered.hops, hop.edge);
    let (caller, callee) = (cx.processes.service(key.service), cx.processes.service(hop.callee));
    let n = hop.pairs.len();
    let linked = hop.pairs.iter().filter(|pair| pair.root.1.linked).count() * 2 > n;
    let merged = hop.pairs.iter().filter(|pair| pair.root.1.merged).count() * 2 > n;
    let calls = count(n as u64, "call");
    let message = format!("{calls} from {caller} to {callee} were recorded in two traces each");
    let (severity, confidence) = match (linked, hop.tie) {
        (true, _) => (Severity::Info, 0.50),
        (false, Some(_)) => (Severity::Error, 0.93),
        (false, None) => (Severity::Warning, 0.75),
    };
    let mut said = Said::firm(severity, confidence, message);
    for pair in hop.pairs.iter().take(3) {
        let name = |number| cx.store.text(number).unwrap_or_default();
        let (call, root) = (pair.call, pair.root);
        let lag = root.0.1 as i128 - call.0.1 as i128;
        let when = if lag >= 0 { "after" } else { "before" };
        let over = root.1.end_ns.saturating_sub(call.1.end_ns);
        let until = match over {
            0 if lag >= 0 => "lies inside of it".to_owned(),
            0 => "ends before it".to_owned(),
            // The answer was read before the callee's span was ended.
            _ => format!("ends {} after it", duration(over)),
        };
        said = said.because(format!(
            "`{}` of {caller} in trace {} is `{}` of {callee} in trace {}: it starts {} {when} the call and {until}",
            name(call.1.name),
            call.0.2,
            name(root.1.name),
            root.0.2,
            duration(lag.unsigned_abs() as u64),
        ));
    }
    said = said.because(format!(
        "{n} of {} unanswered calls fit a request of {callee} that came from nowhere: method, path, time, one for one",
        hop.calls
    ));
    said = said.because(
        hop.tie.unwrap_or("the host that was called says nothing, but nearly every such request fits a call"),
    );
    let others = hops.edges().filter(|(other, _)| *other != key && other.service == key.service);
    let injects = others.map(|(_, edge)| edge.answered).sum::<u64>() > 0;
    let extracts = hops.continued(hop.callee) > 0;
    let (guilty, why, what_to_do) = match (injects, extracts) {
        _ if merged => (callee, "the callee takes another span for its parent and ignores the headers".to_owned(), "mend the merge in the callee first: then it reads the headers".to_owned()),
        _ if linked => (callee, "the callee's spans carry links: a public endpoint, if that is meant".to_owned(), "nothing, if the callee is meant to trust no caller".to_owned()),
        (false, true) => (caller, format!("{callee} continues the traces of others, so {caller} sends no context, or in another format"), format!("let {caller} inject the context: instrument its client library, and check OTEL_PROPAGATORS")),
        (true, false) => (callee, format!("{caller} is continued by others, so {callee} does not read the context, or a proxy before it removes it"), format!("let {callee} extract the context: check OTEL_PROPAGATORS and its server instrumentation, then what is in between")),
        (true, true) => (caller, "both do it right with others: they speak different formats, or something in between removes the header".to_owned(), format!("compare OTEL_PROPAGATORS of {caller} and {callee}, and look at what is in between")),
        (false, false) => (caller, "neither side was seen to pass or to take a context with anybody".to_owned(), format!("set OTEL_PROPAGATORS=tracecontext,baggage for {caller} and {callee}; check that {caller}'s client library is instrumented")),
    };
    said = said.because(why).remedy(what_to_do);
    let roots = hop.pairs.iter().map(|pair| (pair.root.0.2, pair.root.0.3));
    let both = hop.pairs.iter().flat_map(|p| [(p.call.0.2, p.call.0.3), (p.root.0.2, p.root.0.3)]);
    // Where a merge explains it, it is told of the merged traces.
    let claim = Claim::about(guilty, said);
    let mut claim = if merged { claim.spans(roots, n as u64) } else { claim.spans(both, 2 * n as u64) };
    let process = if guilty == callee {
        hop.pairs.first().map(|pair| pair.root.1.process)
    } else {
        hop.pairs.first().map(|pair| pair.call.1.process)
    };
    if let Some(process) = process {
        claim.language.clone_from(&cx.processes.get(process).language);
    }
    claim.subject = format!("{caller} {callee} {} {}", key.host, key.port);
    claim
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, found};
    use std::fmt::Write;

    /// `n` calls of web to shop, each a trace of its own on both sides.
    fn calls(n: u32, url: &str, host: &str, words: &str) -> String {
        let mut out = String::new();
        for i in 0..n {
            let at = i * 100;
            let _ = write!(
                out,
                "GET  web  client  {at}..{}  call={url}/{} trace={}\nGET /x  shop  server  {}..{}  get=/{} http.host={host} {words} trace={}\n",
                at + 40,
                i % 3,
                1 + 2 * i,
                at + 10,
                at + 20,
                i % 3,
                2 + 2 * i
            );
        }
        out
    }

    #[test]
    fn fires_for_calls_and_requests_that_fit() {
        let sketch = calls(6, "http://shop.local:8080", "shop.local:8080", "");
        assert_eq!(found("broken-hop", &sketch), ["error broken-hop firm ×12"]);
        let by_name = calls(6, "http://shop", "10.0.0.7", "");
        assert_eq!(found("broken-hop", &by_name), ["error broken-hop firm ×12"]);
        let same_machine = calls(6, "http://localhost:8080", "localhost:8080", "");
        assert_eq!(found("broken-hop", &same_machine), ["error broken-hop firm ×12"]);
    }

    #[test]
    fn a_gateway_in_between_takes_more_pairs() {
        let few = calls(10, "http://gateway", "10.0.0.7", "");
        assert_eq!(found("broken-hop", &few), [""; 0]);
        let many = calls(24, "http://gateway", "10.0.0.7", "");
        assert_eq!(found("broken-hop", &many), ["warning broken-hop firm ×48"]);
    }

    #[test]
    fn silent_for_too_few_and_for_too_small_a_share() {
        assert_eq!(found("broken-hop", &calls(4, "http://shop", "shop", "")), [""; 0]);
        let mut half = calls(6, "http://shop", "shop", "");
        for i in 0..6 {
            let at = 5_000 + i * 100;
            let _ =
                writeln!(half, "GET  web  client  {at}..{}  call=http://shop/1 trace={}", at + 40, 100 + i);
        }
        assert_eq!(found("broken-hop", &half), [""; 0], "half of the calls have no counterpart");
    }

    #[test]
    fn silent_for_another_port_of_the_same_machine() {
        let sketch = calls(12, "http://localhost:9000", "localhost:8080", "");
        assert_eq!(found("broken-hop", &sketch), [""; 0]);
    }

    #[test]
    fn silent_for_requests_that_are_not_inside_of_the_calls() {
        let sketch = calls(8, "http://shop", "shop", "").replace("shop  server  ", "shop  server  9");
        assert_eq!(found("broken-hop", &sketch), [""; 0]);
        let other_path = calls(8, "http://shop", "shop", "").replace("get=/", "get=/other/");
        assert_eq!(found("broken-hop", &other_path), [""; 0]);
    }

    #[test]
    fn silent_for_probes_and_for_calls_that_are_continued() {
        let probes = calls(8, "http://shop", "shop", "");
        let probes = ["0", "1", "2"].iter().fold(probes, |sketch, n| {
            sketch
                .replace(&format!("shop/{n} "), "shop/healthz ")
                .replace(&format!("get=/{n} "), "get=/healthz ")
        });
        assert_eq!(found("broken-hop", &probes), [""; 0]);
        let good = (0..8).fold(String::new(), |all, i| {
            let at = i * 100;
            format!(
                "{all}GET  web  client  {at}..{}  call=http://shop/1 trace={}\n  GET /x  shop  server  {}..{}  get=/1 http.host=shop\n",
                at + 40,
                1 + i,
                at + 10,
                at + 20
            )
        });
        assert_eq!(found("broken-hop", &good), [""; 0]);
    }

    #[test]
    fn silent_where_the_host_is_known_to_be_another_service() {
        // Calls to `api` are answered by api; shop happens to be asked for the same things at the same times.
        let mut sketch = calls(24, "http://api", "10.0.0.7", "");
        for i in 0..3 {
            let _ = write!(
                sketch,
                "GET  web  client  {}..{}  call=http://api/1 trace={}\n  GET /x  api  server  {}..{}  get=/1\n",
                9_000 + i * 100,
                9_040 + i * 100,
                100 + i,
                9_010 + i * 100,
                9_020 + i * 100
            );
        }
        assert_eq!(found("broken-hop", &sketch), [""; 0]);
    }

    #[test]
    fn fires_where_another_service_answered_at_the_same_host_and_port() {
        // Another pair of programs on the same port of a developer's machine, before or after.
        let others = (0..3).fold(String::new(), |all, i| {
            let (at, n) = (900_000 + i * 100, 100 + i);
            format!("{all}GET  app  client  {at}..{}  call=http://127.0.0.1:8081/x trace={n}\n  GET /x  api  server  {}..{}  get=/x http.host=127.0.0.1:8081\n", at + 40, at + 10, at + 20)
        });
        let sketch = calls(6, "http://127.0.0.1:8081", "127.0.0.1:8081", "");
        assert_eq!(found("broken-hop", &format!("{sketch}{others}")), ["error broken-hop firm ×12"]);
        assert_eq!(found("broken-hop", &others), [""; 0]);
    }

    #[test]
    fn a_pair_is_told_as_it_lies() {
        let sketch = calls(6, "http://shop", "shop", "").replacen("10..20  get=/0", "10..44  get=/0", 1);
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let finding = bench.0.diagnosis.findings().iter().find(|f| f.rule.id == "broken-hop").unwrap();
        assert!(
            finding.evidence[0].ends_with("it starts 10 ms after the call and ends 4 ms after it"),
            "{:?}",
            finding.evidence
        );
        assert!(
            finding.evidence[1].ends_with("it starts 10 ms after the call and lies inside of it"),
            "{:?}",
            finding.evidence
        );
    }

    #[test]
    fn a_hint_for_public_endpoints() {
        let sketch = calls(6, "http://shop", "shop", "links");
        assert_eq!(found("broken-hop", &sketch), ["info broken-hop firm ×12"]);
    }

    #[test]
    fn folded_under_the_merge_that_causes_it() {
        let mut sketch = "run  shop  internal  0..6400  trace=99\n".to_owned();
        for i in 0..6 {
            let at = i * 100;
            let _ =
                writeln!(sketch, "  GET /x  shop  internal  {}..{}  get=/1 http.host=shop", at + 10, at + 20);
        }
        for i in 0..6 {
            let at = i * 100;
            let _ =
                writeln!(sketch, "GET  web  client  {at}..{}  call=http://shop/1 trace={}", at + 40, 1 + i);
        }
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        assert_eq!(
            bench.list(|f| f.rule.id != "http-entry-not-server" && f.rule.id != "client-root"),
            ["error merged-under-local-span firm ×6", "  error broken-hop firm ×6"]
        );
    }

    #[test]
    fn says_which_side_is_likely_guilty() {
        let mut sketch = calls(6, "http://shop", "shop", "");
        let _ = write!(
            sketch,
            "GET  app  client  9000..9040  call=http://shop/1 trace=90\n  GET /x  shop  server  9010..9020  get=/1\n"
        );
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let finding = bench.0.diagnosis.findings().iter().find(|f| f.rule.id == "broken-hop").unwrap();
        assert_eq!(finding.service, "web");
        assert!(finding.remedy[0].contains("let web inject"), "{:?}", finding.remedy);
        assert!(finding.evidence[0].contains("trace 0101"), "{:?}", finding.evidence);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let sketch = calls(8, "http://shop", "shop", "");
        let say = |bench: &Bench| {
            let all = bench.0.diagnosis.findings().iter().filter(|f| f.rule.id == "broken-hop");
            format!("{:?}", all.map(|f| (&f.message, &f.evidence, &f.span_ids)).collect::<Vec<_>>())
        };
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let expected = say(&bench);
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..20 {
            let mut batches = by_end(&sketch);
            rng.shuffle(&mut batches);
            let mut bench = Bench::default();
            bench.take(batches).finish();
            assert_eq!(say(&bench), expected);
        }
    }
}
