//! Inner layers emit spans, the request above them does not.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::emitters::Emitter;
use crate::diagnosis::aggregate::roots::Sort;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::Key;
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "partially-instrumented",
    code: "C5",
    severity: Severity::Warning,
    enabled: true,
    summary: "layers inside of requests emit spans, the requests do not, or the other way round",
    explain: "\
Middleware, handlers or database calls begin traces: what they are part of has no span. The instrumentation of the
server was loaded too late, or is missing.

Why it matters: nothing says which request was slow or failed, and every piece of it is a trace of its own.

How it is found: at least 20 % of a service's roots are spans that only exist inside of something: layers of a web
framework, or database calls. It is a warning where layers are roots and the service has no request at all. A Node.js
server whose requests know neither route nor framework gets a hint too.

What looks alike and is fine: URLs that the HTTP instrumentation is told to ignore and the framework's is not; workers
and scripts that query a database; servers without a framework.",
    fix: "\
Load the SDK before anything else, and instrument the server (HTTP) itself, not only the framework.",
    code_fixes: &[
        ("nodejs", "`node --import ./instrumentation.mjs app.js` before the app is loaded; enable @opentelemetry/instrumentation-http; for ESM register the loader hook; leave instrumented modules out of bundles; HTTP/2 servers need spans of their own"),
        ("python", "start by `opentelemetry-instrument`, or call `FlaskInstrumentor().instrument_app(app)` right after the app is made"),
    ],
    references: &[
        "open-telemetry/opentelemetry-js#3966",
        "open-telemetry/opentelemetry-js#5024",
        "open-telemetry/opentelemetry-js#6212",
        "open-telemetry/opentelemetry-js#2667",
        "open-telemetry/opentelemetry-js#935",
        "open-telemetry/opentelemetry-js-contrib#875",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// Fewer roots say little.
const ROOTS: u64 = 5;
const SHARE: f64 = 0.20;
/// Fewer requests than this may all be to a path without a route.
const REQUESTS: u64 = 50;

/// What a service consists of.
#[derive(Default)]
struct Service<'a> {
    roots: u64,
    entries: u64,
    scopes: Vec<&'a str>,
    language: &'a str,
    layers: Vec<&'a Sort>,
    database: Vec<&'a Sort>,
    /// Whether its requests know their route.
    routes: bool,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut services: BTreeMap<ServiceIx, Service<'_>> = BTreeMap::new();
    for (_, emitter) in cx.gathered.emitters.iter() {
        add(cx, services.entry(emitter.service).or_default(), emitter);
    }
    for (number, roots) in cx.gathered.roots.emitters() {
        let of = services.entry(cx.gathered.emitters.get(number).service).or_default();
        of.layers.push(&roots.layers);
        of.database.push(&roots.database);
    }
    for (service, of) in &services {
        let name = cx.processes.service(*service);
        let layers: u64 = of.layers.iter().map(|sort| sort.n).sum();
        let database: u64 = of.database.iter().map(|sort| sort.n).sum();
        let many = |n: u64| n >= ROOTS && n as f64 >= SHARE * of.roots as f64;
        if many(layers) {
            out.push(layered(cx, name, of, layers));
        } else if many(database) && of.entries == 0 {
            out.push(queried(cx, name, of, database));
        } else if is_bare(of) {
            out.push(bare(name, of));
        }
    }
}

fn add<'a>(cx: &Cx<'a>, of: &mut Service<'a>, emitter: &'a Emitter) {
    of.roots += emitter.roots;
    of.entries += emitter.entries;
    of.scopes.push(&cx.store.scope(emitter.scope).name);
    of.language = &emitter.language;
    of.routes |= emitter.entries > 0 && emitter.keys.has(Key::HttpRoute);
}

fn layered(cx: &Cx<'_>, service: &str, of: &Service<'_>, n: u64) -> Claim {
    let begin = if n == 1 { "begins a trace" } else { "begin traces" };
    let message = format!("{} of a web framework {begin}: nothing is above them", count(n, "layer"));
    let said = if of.entries == 0 {
        Said::firm(Severity::Warning, 0.85, message)
            .because("no request of this service has a span of its own")
            .remedy(
                "load the SDK before the server, with the instrumentation of HTTP as well as the framework's",
            )
    } else {
        Said::firm(Severity::Info, 0.50, message)
            .because(format!(
                "{} do have a span: these may be of URLs that are ignored",
                count(of.entries, "request")
            ))
            .remedy("ignore the same URLs in the framework's instrumentation as in that of HTTP")
    };
    finish(cx, service, of, said, &of.layers, n)
}

fn queried(cx: &Cx<'_>, service: &str, of: &Service<'_>, n: u64) -> Claim {
    let begin = if n == 1 { "begins a trace" } else { "begin traces" };
    let message = format!("{} {begin}: what makes them has no span", count(n, "database call"));
    let said = Said::firm(Severity::Info, 0.40, message)
        .because("the service has no request, message or job of its own")
        .remedy(
            "instrument what makes these calls: a server, a consumer; a script can have one span of its own",
        );
    finish(cx, service, of, said, &of.database, n)
}

fn finish(cx: &Cx<'_>, service: &str, of: &Service<'_>, said: Said, sorts: &[&Sort], n: u64) -> Claim {
    let sample: BTreeMap<_, _> = sorts.iter().flat_map(|sort| sort.sample.iter()).collect();
    let mut names: Vec<&str> = sample.values().filter_map(|name| cx.store.text(**name)).collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let said = said
        .because(format!("{n} of {} are such: {}", count(of.roots, "root"), names.join(", ")))
        .because(inventory(of));
    let spans = sample.keys().map(|(_, trace, span)| (*trace, *span));
    let mut claim = Claim::about(service, said).spans(spans, n);
    claim.trace_count = claim.trace_count.max(n);
    of.language.clone_into(&mut claim.language);
    claim
}

/// What instruments a service.
fn inventory(of: &Service<'_>) -> String {
    let mut scopes: Vec<&str> = of.scopes.iter().copied().filter(|scope| !scope.is_empty()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes.truncate(8);
    format!("its spans come from: {}", scopes.join(", "))
}

/// A Node.js server of which only the HTTP instrumentation speaks.
fn is_bare(of: &Service<'_>) -> bool {
    let transport =
        ["http", "undici", "net", "dns"].map(|name| format!("@opentelemetry/instrumentation-{name}"));
    of.language == "nodejs"
        && of.entries >= REQUESTS
        && !of.routes
        && of.scopes.contains(&transport[0].as_str())
        && of.scopes.iter().all(|scope| transport.iter().any(|known| known == scope))
}

fn bare(service: &str, of: &Service<'_>) -> Claim {
    let message = format!("{} know neither route nor framework nor database", count(of.entries, "request"));
    let said = Said::firm(Severity::Info, 0.30, message)
        .because(inventory(of))
        .remedy("nothing for a server without a framework")
        .remedy("else load the SDK before the framework: node --import, the loader hook for ESM, no bundling of instrumented modules");
    let mut claim = Claim::about(service, said);
    of.language.clone_into(&mut claim.language);
    "bare".clone_into(&mut claim.subject);
    claim
}

#[cfg(test)]
mod tests {
    use crate::testkit::{found, found_in, spans};
    use std::fmt::Write;

    fn roots(n: u32, words: &str) -> String {
        (0..n).fold(String::new(), |mut all, i| {
            let at = i * 100;
            let _ = writeln!(all, "x  shop  {words} trace={}", 1 + i);
            all.replace("AT", &format!("{at}..{}", at + 10))
        })
    }

    #[test]
    fn fires_for_layers_that_are_roots() {
        assert_eq!(
            found("partially-instrumented", &roots(6, "internal  AT  express.type=middleware")),
            ["warning partially-instrumented firm ×6"]
        );
    }

    #[test]
    fn a_hint_where_requests_have_spans_too() {
        let mut sketch = roots(6, "internal  AT  express.type=middleware");
        sketch.push_str("GET /a  shop  server  0..9  get=/a trace=99\n");
        assert_eq!(found("partially-instrumented", &sketch), ["info partially-instrumented firm ×6"]);
    }

    #[test]
    fn a_hint_for_database_calls_of_a_service_without_requests() {
        let sketch = roots(6, "client  AT  db.system=mysql");
        assert_eq!(found("partially-instrumented", &sketch), ["info partially-instrumented firm ×6"]);
    }

    #[test]
    fn a_hint_for_a_node_server_without_routes() {
        let server = |words: &str| {
            let words = format!("server  AT  get=/a resource.telemetry.sdk.language=nodejs {words}");
            let mut groups = spans(&roots(60, &words));
            for group in &mut groups {
                group.scope.name = "@opentelemetry/instrumentation-http".to_owned();
            }
            groups
        };
        assert_eq!(found_in("partially-instrumented", &server("")), ["info partially-instrumented firm ×0"]);
        assert_eq!(found_in("partially-instrumented", &server("http.route=/a")), [""; 0]);
        let mut with_database = server("");
        with_database[7].scope.name = "@opentelemetry/instrumentation-pg".to_owned();
        assert_eq!(found_in("partially-instrumented", &with_database), [""; 0]);
    }

    #[test]
    fn silent_for_few_and_for_a_small_share() {
        assert_eq!(
            found("partially-instrumented", &roots(4, "internal  AT  express.type=middleware")),
            [""; 0]
        );
        let mut sketch = roots(6, "internal  AT  express.type=middleware");
        for i in 0..40 {
            let _ = writeln!(sketch, "GET /a  shop  server  0..9  get=/a trace={}", 100 + i);
        }
        assert_eq!(found("partially-instrumented", &sketch), [""; 0]);
    }
}
