//! Server spans say no route.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::shapes::Shape;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, SpanKind};

/// The rule.
pub const RULE: Rule = Rule {
    id: "missing-http-route",
    code: "F2",
    severity: Severity::Info,
    enabled: false,
    summary: "HTTP server spans have no http.route",
    explain: "\
SERVER spans of successful HTTP requests lack `http.route`, the template that the path was matched by.

Why it matters: without it requests can be grouped only by path, one group for each id.

How it is found: at least 20 spans of a scope that answered 2xx or 3xx, 90 % of them without the attribute. Off unless
asked for: servers without a router have no route to tell, and are common among healthy ones.

What looks alike and is fine: static files, proxies and gateways, raw servers, probes; answers of 404.",
    fix: "Use the framework's instrumentation, which knows the route, beside or instead of the HTTP server's.",
    code_fixes: &[
        ("nodejs", "add the framework's instrumentation (express, fastify, koa, …): it tells the HTTP span its route"),
        ("python", "use the flask, django, fastapi … instrumentation instead of plain wsgi or asgi"),
        ("go", "use otelgin, otelmux, otelecho, or name the pattern in `otelhttp.NewHandler`"),
    ],
    references: &["https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span"],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const MANY: u64 = 20;
const PERCENT: u64 = 90;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (number, emitter) in cx.gathered.emitters.iter() {
        let answered = |shape: &Shape| {
            (shape.kind, shape.role) == (SpanKind::Server, Role::HttpIn)
                && matches!(shape.status_class, 2 | 3)
                && !shape.keys.has(Key::ProbePath)
        };
        let lacking = |shape: &Shape| answered(shape) && !shape.keys.has(Key::HttpRoute);
        let (without, earliest) = cx.gathered.shapes.count(number, lacking);
        let (all, _) = cx.gathered.shapes.count(number, answered);
        if without < MANY || without * 100 < all * PERCENT {
            continue;
        }
        let scope = cx.store.scope(emitter.scope);
        let requests = count(without, "request");
        let message = format!("{requests} of {all} say no http.route{}", by_scope(scope));
        let mut said = Said::firm(Severity::Info, 0.5, message)
            .remedy("use the framework's instrumentation: it knows the route template");
        let names: Vec<String> = (earliest.iter().take(3))
            .filter_map(|span| cx.span(*span))
            .map(|at| cx.store.name(at).into_owned())
            .collect();
        if !names.is_empty() {
            said = said.because(format!("on spans such as `{}`", names.join("`, `")));
        }
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, without);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn served(n: usize, words: &str) -> Vec<String> {
        let line = |n: usize| format!("GET  s  server  {}..{}  get=/a {words}\n", n * 10, n * 10 + 5);
        found("missing-http-route", &(0..n).map(line).collect::<String>())
    }

    #[test]
    fn fires_when_nearly_all_lack_it() {
        assert_eq!(served(30, "http.status_code=200"), ["info missing-http-route firm ×30"]);
    }

    #[test]
    fn silent_for_routes_misses_probes_and_few() {
        assert_eq!(served(30, "http.status_code=200 http.route=/a"), [""; 0]);
        assert_eq!(served(30, "http.status_code=404"), [""; 0]);
        assert_eq!(served(30, "http.status_code=200 url.path=/healthz"), [""; 0]);
        assert_eq!(served(9, "http.status_code=200"), [""; 0]);
    }
}
