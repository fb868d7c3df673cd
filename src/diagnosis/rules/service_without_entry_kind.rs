//! A service that serves others never marks an entry.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::time::duration;
use crate::model::{KeySet, SpanKind};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "service-without-entry-kind",
    code: "A9",
    severity: Severity::Warning,
    enabled: false,
    summary: "a service that serves others sends no SERVER or CONSUMER span at all",
    explain: "\
The service sends INTERNAL spans (nearly) only, although it evidently handles requests of others. Most often a bridge
between two tracing APIs drops the kind.

Why it matters: back ends compute request rates, error rates and latencies from SERVER and CONSUMER spans; for them the
service does not do anything.

How it is found: at least a hundred spans over at least a minute, more than 95 % of them INTERNAL and none SERVER or
CONSUMER, and three or more that describe an inbound request or hang from a CLIENT span of another service.

Off by default: no real recording of it was there to measure it by.

What looks alike and is fine: batch jobs, commands, browsers, agents: nobody calls them.",
    fix: "Let the bridge pass the kind on, or set it where requests come in.",
    code_fixes: &[
        ("rust", "tracing-opentelemetry reads the field `otel.kind`: `#[instrument(fields(otel.kind = \"server\"))]`, or `axum-tracing-opentelemetry` and its like"),
    ],
    references: &["https://opentelemetry.io/docs/specs/otel/trace/api/#spankind"],
    symptom_of: &["merged-under-local-span", "request-inherits-finished-request", "http-entry-not-server"],
    on: On::Aggregate(look),
};

const SPANS: u64 = 100;
const LASTED_NS: u64 = 60_000_000_000;
const SERVED: u64 = 3;

/// All scopes of one service.
#[derive(Default)]
struct Sum {
    spans: u64,
    without_side: u64,
    entries: u64,
    first_ns: u64,
    last_ns: u64,
    keys: KeySet,
    language: String,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut sums: BTreeMap<ServiceIx, Sum> = BTreeMap::new();
    for (_, emitter) in cx.gathered.emitters.iter() {
        let sum = sums.entry(emitter.service).or_insert_with(|| Sum { first_ns: u64::MAX, ..Sum::default() });
        sum.spans += emitter.spans;
        sum.without_side += emitter.of_kind(SpanKind::Internal) + emitter.of_kind(SpanKind::Unspecified);
        sum.entries += emitter.of_kind(SpanKind::Server) + emitter.of_kind(SpanKind::Consumer);
        sum.first_ns = sum.first_ns.min(emitter.first_start_ns);
        sum.last_ns = sum.last_ns.max(emitter.last_end_ns);
        sum.keys = sum.keys.or(emitter.keys);
        sum.language.clone_from(&emitter.language);
    }
    for (service, sum) in &sums {
        let lasted_ns = sum.last_ns.saturating_sub(sum.first_ns);
        let Some(served) = cx.gathered.served.get(*service) else { continue };
        let silent = sum.entries > 0
            || sum.spans < SPANS
            || lasted_ns < LASTED_NS
            || sum.without_side * 100 <= sum.spans * 95
            || served.described + served.called < SERVED
            || sum.language == "webjs";
        if silent {
            continue;
        }
        let name = cx.processes.service(*service);
        let message = format!(
            "none of {} in {} is SERVER or CONSUMER, although the service serves others",
            count(sum.spans, "span"),
            duration(lasted_ns)
        );
        let mut names: Vec<String> = Vec::new();
        for number in served.sample.values() {
            let name = format!("`{}`", cx.store.text(*number).unwrap_or_default());
            if names.len() < 4 && !names.contains(&name) {
                names.push(name);
            }
        }
        let mut said = Said::firm(Severity::Warning, 0.85, message)
            .because(format!("{} of {} are INTERNAL or have no kind", sum.without_side, sum.spans));
        if served.described > 0 {
            said = said.because(format!("{} describe an inbound request", count(served.described, "span")));
        }
        if served.called > 0 {
            said = said.because(format!(
                "{} hang from a CLIENT span of another service",
                count(served.called, "span")
            ));
        }
        said = said.because(format!("requests are probably: {}", names.join(", ")));
        let said = said
            .remedy("set the kind where requests come in, or let the bridge between tracing APIs pass it on");
        let spans = served.sample.keys().map(|(_, trace, span)| (*trace, *span));
        let mut claim = Claim::about(name, said).spans(spans, served.described + served.called);
        claim.language.clone_from(&sum.language);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "service-without-entry-kind";

    /// Fifty calls of a service, a second apart or as given, each handled in two spans.
    fn fifty(every_ms: u64, entry: &str, caller: &str) -> String {
        let one = |n: u64| {
            let at = n * every_ms;
            format!(
                "call  web  {caller}  {at}..{}  trace={}\n  handle  shop  {entry}  {}..{}  scope=bridge noflags\n    work  shop  internal  {}..{}  scope=bridge\n",
                at + 20,
                n + 1,
                at + 2,
                at + 19,
                at + 3,
                at + 18
            )
        };
        (0..50).map(one).collect()
    }

    #[test]
    fn fires_for_a_bridge_that_drops_the_kind() {
        assert_eq!(
            found(RULE, &fifty(1_300, "internal", "client")),
            ["warning service-without-entry-kind firm ×50"]
        );
    }

    #[test]
    fn silent_for_entries_for_a_short_time_and_for_what_nobody_calls() {
        assert_eq!(found(RULE, &fifty(1_300, "server", "client")), [""; 0]);
        assert_eq!(found(RULE, &fifty(1_000, "internal", "client")), [""; 0], "49 s");
        assert_eq!(found(RULE, &fifty(1_300, "internal", "internal")), [""; 0], "a batch job");
    }

    #[test]
    fn is_folded_under_what_says_it_better() {
        let sketch =
            fifty(1_300, "internal", "client").replace("scope=bridge noflags", "get=/a scope=bridge");
        assert_eq!(
            found("service-without-entry-kind", &sketch),
            ["  warning service-without-entry-kind firm ×50"],
            "under http-entry-not-server"
        );
    }
}
