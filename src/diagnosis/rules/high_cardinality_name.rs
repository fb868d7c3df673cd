//! Span names identify instances instead of operations.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::names::{Names, Varied};
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::template::template;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "high-cardinality-name",
    code: "F1",
    severity: Severity::Info,
    enabled: true,
    summary: "span names hold ids, paths or statements",
    explain: "\
The names of a scope's spans contain what belongs to one request: an id in a path, a query string, a literal of SQL,
a hash, a date. A span name says which operation it is; the instance belongs into attributes.

Why it matters: spans cannot be grouped by name any more; back ends that index names or derive metrics from them grow
without bound, and cost.

How it is found: per service, scope and kind, names are counted, and counted again with digits, UUIDs, hashes and
literals taken out. It is told when there are more than 100 names for more than 20 % of the spans and taking out leaves
a fifth of them; when 80 % of 200 or more spans have a name of their own; and at once when three names of one template
hold an id as a segment of a path, a query string or literals of SQL.

What looks alike and is fine: many real routes (taking out changes nothing); versions in paths.",
    fix: "\
Name the span after the route template (`GET /orders/{id}`) or the operation, and move the value to an attribute
(`url.path`, `db.query.text`, one of your own).",
    code_fixes: &[
        ("python", "use the framework's instrumentation, which knows the route; else `span.update_name(f\"{method} {route}\")`"),
        ("nodejs", "use the framework's instrumentation beside instrumentation-http; else `span.updateName(…)` with the route"),
        ("go", "otelhttp: pass `otelhttp.WithSpanNameFormatter`, or use otelgin, otelmux and their kin"),
        ("java", "`span.updateName(…)`, or `HttpServerRoute.update(…)` for a framework of your own"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/trace/api/#span",
        "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#name",
        "open-telemetry/opentelemetry-js#897",
        "open-telemetry/opentelemetry-specification#270",
        "open-telemetry/opentelemetry-go-instrumentation#151",
        "open-telemetry/opentelemetry-python-contrib#4577",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const MANY_NAMES: u64 = 100;
/// Of the spans of a scope, in percent: names that are many, and names that are nearly one a span.
const MANY_PERCENT: u64 = 20;
const OWN_PERCENT: u64 = 80;
/// Spans before it is said that each has a name of its own.
const OWN_SPANS: u64 = 200;
/// How many names one template has to stand for.
const NAMES_A_TEMPLATE: u64 = 5;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (number, emitter) in cx.gathered.emitters.iter() {
        for (kind, names) in cx.gathered.names.of(number) {
            // An estimate: never more than there are spans.
            let different = names.different.count().min(names.spans);
            let templates = names.templates.count();
            let many = different > MANY_NAMES && different * 100 > names.spans * MANY_PERCENT;
            let folds = many && templates * NAMES_A_TEMPLATE <= different;
            let own = names.spans >= OWN_SPANS && different * 100 >= names.spans * OWN_PERCENT;
            let literal: Vec<&Varied> = names.literal().collect();
            if !folds && !own && literal.is_empty() {
                continue;
            }
            let wide = folds || own;
            let n = if own {
                names.spans
            } else if folds {
                names.varied()
            } else {
                literal.iter().map(|v| v.literal).sum()
            };
            let scope = cx.store.scope(emitter.scope);
            let what = format!("{kind} spans");
            let message = if wide {
                format!("about {different} names for {} {what}{}", names.spans, by_scope(scope))
            } else {
                format!("{n} {what} are named after one request each{}", by_scope(scope))
            };
            let said = Said::firm(Severity::Info, if folds { 0.85 } else { 0.6 }, message).remedy(
                "name spans after the operation or the route template; move the value to an attribute",
            );
            let said = evidence(cx, names, &literal, said);
            let mut claim =
                Claim::about(cx.processes.service(emitter.service), said).spans(names.earliest(), n);
            claim.language.clone_from(&emitter.language);
            claim.scope = Some(scope.clone());
            claim.subject = kind.to_string();
            out.push(claim);
        }
    }
}

/// The templates with the most spans, and samples.
fn evidence(cx: &Cx<'_>, names: &Names, literal: &[&Varied], mut said: Said) -> Said {
    let all = names.templates(3);
    let shown = if literal.is_empty() { all.as_slice() } else { literal };
    for varied in shown.iter().take(3) {
        let texts: Vec<&str> = varied.names.values().filter_map(|name| cx.store.text(*name)).collect();
        let Some(first) = texts.first() else { continue };
        let spans = count(varied.spans, "span");
        let pattern = template(first).text;
        said = said.because(format!("`{pattern}` stands for {spans}, such as `{}`", texts.join("`, `")));
    }
    said
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn named(n: usize, name: impl Fn(usize) -> String) -> Vec<String> {
        let line =
            |n: usize| format!("{}  s  server  {}..{}  trace={}\n", name(n), n * 10, n * 10 + 5, 1 + n % 250);
        found("high-cardinality-name", &(0..n).map(line).collect::<String>())
    }

    #[test]
    fn fires_for_ids_in_paths() {
        assert_eq!(
            named(160, |n| format!("GET /letters/{}", 4000 + n)),
            ["info high-cardinality-name firm ×160"]
        );
        assert_eq!(
            named(4, |n| format!("GET /letters/{}", 4000 + n)),
            ["info high-cardinality-name firm ×4"]
        );
        assert_eq!(named(9, |n| format!("GET /find?q={n}")), ["info high-cardinality-name firm ×9"]);
        assert_eq!(
            named(9, |n| format!("SELECT * FROM t WHERE n = {n}")),
            ["info high-cardinality-name firm ×9"]
        );
    }

    #[test]
    fn fires_for_numbers_and_for_names_of_their_own() {
        assert_eq!(named(300, |n| format!("job {n}")), ["info high-cardinality-name firm ×300"]);
        let letters = |n: usize| {
            let letter = |shift: usize| char::from(b'a' + (n >> shift & 15) as u8);
            format!("user {}{}{}", letter(8), letter(4), letter(0))
        };
        assert_eq!(named(300, letters), ["info high-cardinality-name firm ×300"]);
    }

    #[test]
    fn silent_for_routes_versions_and_few_numbers() {
        assert_eq!(named(300, |_| "GET /letters/{number}".to_owned()), [""; 0]);
        assert_eq!(named(600, |n| format!("GET /api/v2/{}", ["a", "b", "c", "d"][n % 4])), [""; 0]);
        assert_eq!(named(90, |n| format!("step {n}")), [""; 0]);
        let routes = |n: usize| format!("GET /r{}/x", char::from(b'a' + (n % 26) as u8));
        assert_eq!(named(300, routes), [""; 0]);
    }
}
