//! Caller and callee of one call were recorded in two traces.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::hops::{Call, Edge, EdgeKey, Root, What};
use crate::diagnosis::aggregate::pool::{Pool, SampleKey};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::unmerge::EPSILON_REMOTE_NS;
use crate::diagnosis::{Rule, Severity};
use crate::model::hash32;
use crate::model::time::duration;
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// Fewer pairs than this may be chance.
const PAIRS: usize = 5;
/// Which share of an edge's unanswered calls must have a pair.
const SHARE: f64 = 0.80;
/// The same where the host says nothing.
const PAIRS_WITHOUT_HOST: usize = 20;
const SHARE_WITHOUT_HOST: f64 = 0.95;
/// How many requests around a call's start are looked at.
const LOOKED_AT: usize = 64;

/// A call and the request that is its other side.
#[derive(Clone, Copy)]
struct Pair<'a> {
    call: (&'a SampleKey, &'a Call),
    root: (&'a SampleKey, &'a Root),
}

/// Requests from nowhere by service and by what was asked, in order of start.
type Roots<'a> = BTreeMap<ServiceIx, HashMap<What, Vec<(&'a SampleKey, &'a Root)>>>;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let hops = &cx.gathered.hops;
    let open = |edge: &Edge| edge.calls.kept.values().filter(|call| !call.settled).count() >= PAIRS;
    let edges: Vec<(&EdgeKey, &Edge)> = hops.edges().filter(|(_, edge)| open(edge)).collect();
    if edges.is_empty() {
        return;
    }
    let calls = edges.iter().flat_map(|(_, edge)| edge.calls.kept.values());
    let asked: HashSet<What> = calls.filter(|call| !call.settled).map(|call| call.what).collect();
    let roots = roots_of(cx, &asked);
    for (key, edge) in edges {
        let best = roots
            .iter()
            .filter_map(|(callee, by_what)| {
                let pool = hops.roots().find(|(service, _)| service == callee)?.1;
                let hop = Hop::of(cx, key, edge, *callee, pool, by_what)?;
                Some((hop.pairs.len(), hop))
            })
            .max_by_key(|(n, _)| *n);
        out.extend(best.map(|(_, hop)| claim(cx, key, &hop)));
    }
}

fn roots_of<'a>(cx: &Cx<'a>, asked: &HashSet<What>) -> Roots<'a> {
    let mut out: Roots<'a> = BTreeMap::new();
    for (service, pool) in cx.gathered.hops.roots() {
        let mut by_what: HashMap<What, Vec<(&SampleKey, &Root)>> = HashMap::new();
        for (key, root) in pool.kept.iter().filter(|(_, root)| asked.contains(&root.what)) {
            by_what.entry(root.what).or_default().push((key, root));
        }
        for roots in by_what.values_mut() {
            roots.sort_by_key(|(key, _)| (key.1, key.3));
        }
        if !by_what.is_empty() {
            out.insert(service, by_what);
        }
    }
    out
}

/// A hop that is broken, as far as the samples tell.
struct Hop<'a> {
    callee: ServiceIx,
    pairs: Vec<Pair<'a>>,
    /// Unanswered calls that have a counterpart if the hop is broken.
    calls: usize,
    /// What ties the host that was called to the callee; nothing where only time and path do.
    tie: Option<&'static str>,
}

impl<'a> Hop<'a> {
    fn of(
        cx: &Cx<'a>,
        key: &EdgeKey,
        edge: &'a Edge,
        callee: ServiceIx,
        pool: &Pool<Root>,
        by_what: &HashMap<What, Vec<(&'a SampleKey, &'a Root)>>,
    ) -> Option<Self> {
        let unanswered = edge.calls.kept.iter().filter(|(key, call)| !call.settled && pool.covers(key));
        let mut calls: Vec<(&SampleKey, &Call)> = unanswered.collect();
        calls.sort_by_key(|(key, _)| (key.1, key.3));
        let mut taken = HashSet::new();
        let mut pairs = Vec::new();
        for call in &calls {
            let Some(roots) = by_what.get(&call.1.what) else { continue };
            if let Some(root) = nearest(*call, roots, &taken) {
                taken.insert(root.0);
                pairs.push(Pair { call: *call, root });
            }
        }
        let share = pairs.len() as f64 / calls.len().max(1) as f64;
        if pairs.len() < PAIRS || share < SHARE {
            return None;
        }
        let known: Vec<ServiceIx> = behind(cx, key);
        if !known.is_empty() && !known.contains(&callee) {
            return None;
        }
        let tie = tie(cx, key, callee, &known, &pairs);
        if tie.is_none() {
            let of_kind = by_what.values().flatten().filter(|(key, _)| edge.calls.covers(key)).count();
            let fits = pairs.len() >= PAIRS_WITHOUT_HOST
                && share >= SHARE_WITHOUT_HOST
                && pairs.len() as f64 >= SHARE_WITHOUT_HOST * of_kind as f64;
            if !fits {
                return None;
            }
        }
        Some(Self { callee, pairs, calls: calls.len(), tie })
    }
}

/// The request whose start is nearest, of those that lie inside of a call and are no other's.
fn nearest<'a>(
    call: (&SampleKey, &Call),
    roots: &[(&'a SampleKey, &'a Root)],
    taken: &HashSet<&SampleKey>,
) -> Option<(&'a SampleKey, &'a Root)> {
    let (start_ns, end_ns) = (call.0.1, call.1.end_ns);
    let from = roots.partition_point(|(key, _)| key.1 + EPSILON_REMOTE_NS < start_ns);
    let fits = |(key, root): &&(&'a SampleKey, &'a Root)| {
        root.end_ns <= end_ns + EPSILON_REMOTE_NS && root.process != call.1.process && !taken.contains(key)
    };
    let inside = roots[from..].iter().take_while(|(key, _)| key.1 <= end_ns).take(LOOKED_AT);
    inside.filter(fits).min_by_key(|(key, _)| key.1.abs_diff(start_ns)).copied()
}

/// The services that answered calls to this host, whoever called.
fn behind(cx: &Cx<'_>, key: &EdgeKey) -> Vec<ServiceIx> {
    let same = cx.gathered.hops.edges().filter(|(other, _)| (other.host, other.port) == (key.host, key.port));
    same.flat_map(|(_, edge)| edge.behind.iter().copied()).collect()
}

fn tie(
    cx: &Cx<'_>,
    key: &EdgeKey,
    callee: ServiceIx,
    known: &[ServiceIx],
    pairs: &[Pair<'_>],
) -> Option<&'static str> {
    if known.contains(&callee) {
        return Some("other calls to this host do continue in that service");
    }
    let same_host = |pair: &&Pair<'_>| {
        let root = pair.root.1;
        let ports_known = root.port != 0 && key.port != 0;
        let here = ["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0"].map(|host| hash32(host.as_bytes()));
        root.host != 0
            && root.host == key.host
            && if ports_known { root.port == key.port } else { !here.contains(&key.host) }
    };
    if pairs.iter().filter(same_host).count() * 2 >= pairs.len() {
        return Some("the host and port that were called are those that it serves");
    }
    if key.host == hash32(cx.processes.service(callee).as_bytes()) {
        return Some("the host that was called has its name");
    }
    None
}

fn claim(cx: &Cx<'_>, key: &EdgeKey, hop: &Hop<'_>) -> Claim {
    let hops = &cx.gathered.hops;
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
        said = said.because(format!(
            "`{}` of {caller} in trace {} is `{}` of {callee} in trace {}: it starts {} {when} the call and lies inside of it",
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
    let mut claim = if merged { claim.spans(roots, n as u64) } else { claim.spans(both, n as u64) };
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
        assert_eq!(found("broken-hop", &sketch), ["error broken-hop firm ×6"]);
        let by_name = calls(6, "http://shop", "10.0.0.7", "");
        assert_eq!(found("broken-hop", &by_name), ["error broken-hop firm ×6"]);
        let same_machine = calls(6, "http://localhost:8080", "localhost:8080", "");
        assert_eq!(found("broken-hop", &same_machine), ["error broken-hop firm ×6"]);
    }

    #[test]
    fn a_gateway_in_between_takes_more_pairs() {
        let few = calls(10, "http://gateway", "10.0.0.7", "");
        assert_eq!(found("broken-hop", &few), [""; 0]);
        let many = calls(24, "http://gateway", "10.0.0.7", "");
        assert_eq!(found("broken-hop", &many), ["warning broken-hop firm ×24"]);
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
    fn a_hint_for_public_endpoints() {
        let sketch = calls(6, "http://shop", "shop", "links");
        assert_eq!(found("broken-hop", &sketch), ["info broken-hop firm ×6"]);
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
