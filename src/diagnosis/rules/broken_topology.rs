//! Ids contradict a tree: a span is its own ancestor, or its parent lives in another trace.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::lost::Elsewhere;
use crate::diagnosis::aggregate::missing::{Missing, MissingKey};
use crate::diagnosis::aggregate::topology::Oddities;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "broken-topology",
    code: "C12",
    severity: Severity::Error,
    enabled: true,
    summary: "ids contradict a tree: a span above itself, or a parent in another trace",
    explain: "\
A trace is a tree: each span has one parent, in the same trace, and none is its own ancestor. Here the ids say
otherwise: a span is its own parent, parents form a circle, the parent's id belongs to a span of another trace, or a
link leads to a trace id of zeros.

Why it matters: no back end can draw this. Some hang in the circle, some drop the spans, some show a trace in pieces.

How it is found: by the ids. A parent in another trace is told when it happened at least three times between two
services, the parent is missing in its own trace, and the span with that id was open at that time.

What looks alike and is fine: two spans with one id, which is another disease (ids that are not random enough): then
the wrong one of the two may be taken for the parent.",
    fix: "\
Look at the code that carries ids by hand: a custom propagator, a gateway that writes `traceparent` itself, a queue
that stores the span id without its trace id. Let a propagator carry both.",
    code_fixes: &[],
    references: &[
        "https://www.w3.org/TR/trace-context/#traceparent-header",
        "https://opentelemetry.io/docs/specs/otel/trace/api/#spancontext",
    ],
    symptom_of: &["span-id-collision", "trace-id-collision"],
    on: On::Aggregate(look),
};

/// So often between two services is no accident.
const HOP: u64 = 3;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (service, odd) in cx.gathered.topology.of_services() {
        out.extend(circle(cx, service, odd));
        out.extend(links(cx, service, odd));
    }
    for (holds, asks, elsewhere) in cx.gathered.lost.elsewhere().filter(|(.., e)| e.n >= HOP) {
        out.push(another_trace(cx, holds, asks, elsewhere));
    }
}

fn circles_of(n: u64) -> String {
    format!("{} {}", if n == 1 { "is" } else { "are" }, count(n, "circle"))
}

fn circle(cx: &Cx<'_>, service: ServiceIx, odd: &Oddities) -> Option<Claim> {
    let n = odd.own_parents + odd.circles;
    let message = match (odd.own_parents, odd.circles) {
        (0, 0) => return None,
        (1, 0) => "1 span is its own parent".to_owned(),
        (own, 0) => format!("{own} spans are their own parents"),
        (0, 1) => "1 circle of parents".to_owned(),
        (0, circles) => format!("{circles} circles of parents"),
        (own, circles) => {
            let are = if own == 1 { "is its own parent" } else { "are their own parents" };
            format!("{} {are}, and there {} of parents", count(own, "span"), circles_of(circles))
        }
    };
    let mut said = Said::firm(Severity::Error, 0.97, message)
        .remedy("find the code that sets parent ids by hand, and let the SDK or a propagator do it");
    if let Some((trace, span)) = odd.sample.first() {
        said = said.because(format!("span {span} of trace {trace} is above itself"));
    }
    let mut claim = Claim::about(cx.processes.service(service), said).spans(odd.sample.iter().copied(), n);
    "circle".clone_into(&mut claim.subject);
    Some(claim)
}

fn links(cx: &Cx<'_>, service: ServiceIx, odd: &Oddities) -> Option<Claim> {
    let n = odd.zero_links;
    if n == 0 {
        return None;
    }
    let message = format!("links of {} lead to a trace id of zeros", count(n, "span"));
    let said = Said::firm(Severity::Warning, 0.95, message)
        .because("an id of zeros is invalid: the context was empty when the link was made")
        .remedy("add a link only if its span context is valid");
    let spans = odd.zero_link_sample.iter().copied();
    let mut claim = Claim::about(cx.processes.service(service), said).spans(spans, n);
    "links".clone_into(&mut claim.subject);
    Some(claim)
}

fn another_trace(cx: &Cx<'_>, holds: ServiceIx, asks: ServiceIx, elsewhere: &Elsewhere) -> Claim {
    let (holder, asker) = (cx.processes.service(holds), cx.processes.service(asks));
    let message = format!("the parents of {} are in another trace", count(elsewhere.n, "span"));
    let mut said = Said::firm(Severity::Error, 0.90, message);
    for (key, missing) in elsewhere.sample.iter().take(3) {
        said = said.because(pair(cx, holder, asker, key, missing));
    }
    said = said.remedy(format!(
        "look at what carries the context from {holder} to {asker}: the span id arrives, the trace id does not"
    ));
    let spans = elsewhere.sample.iter().map(|(key, missing)| (key.1, missing.child));
    let mut claim = Claim::about(asker, said).spans(spans, elsewhere.n);
    claim.subject = format!("another trace {holder}");
    if let Some(missing) = elsewhere.sample.values().next() {
        claim.language.clone_from(&cx.processes.get(missing.process).language);
    }
    claim
}

fn pair(cx: &Cx<'_>, holder: &str, asker: &str, key: &MissingKey, missing: &Missing) -> String {
    let name = cx.store.text(missing.name).unwrap_or_default();
    let slot = cx.store.find_trace(key.1).and_then(|trace| {
        let other = cx.gathered.recent.in_another_trace(cx.store, key.2, trace)?;
        Some(cx.store.trace(cx.store.slot(other).trace).id)
    });
    let there = slot.map_or_else(String::new, |trace| format!(" {trace}"));
    format!("`{name}` of {asker} is in trace {}, its parent {} of {holder} in trace{there}", key.1, key.2)
}

#[cfg(test)]
mod tests {
    use crate::model::SpanId;
    use crate::testkit::{EPOCH_NS, MS, found, found_in, spans};

    #[test]
    fn fires_for_a_span_that_is_its_own_parent() {
        let mut groups = spans("GET /a  shop  server  0..30  get=/a");
        groups[0].spans[0].parent_id = groups[0].spans[0].span_id;
        assert_eq!(found_in("broken-topology", &groups), ["error broken-topology firm ×1"]);
    }

    #[test]
    fn fires_for_a_circle_in_any_order() {
        let mut groups =
            spans("a  shop  internal  0..30\n  b  shop  internal  1..29\n    c  shop  internal  2..28");
        groups[0].spans[0].parent_id = groups[2].spans[0].span_id;
        assert_eq!(found_in("broken-topology", &groups), ["error broken-topology firm ×1"]);
        groups.reverse();
        assert_eq!(found_in("broken-topology", &groups), ["error broken-topology firm ×1"]);
    }

    #[test]
    fn fires_for_parents_in_another_trace() {
        let calls = |n: u32| {
            (0..n).fold(String::new(), |all, i| {
                let at = i * 100;
                format!(
                    "{all}GET  web  client  {at}..{}  trace={}\nGET /a  shop  server  {}..{}  get=/a trace={}\n",
                    at + 40,
                    1 + 2 * i,
                    at + 10,
                    at + 20,
                    2 + 2 * i
                )
            })
        };
        let hop = |n: u32| {
            let mut groups = spans(&calls(n));
            for i in 0..n as usize {
                groups[2 * i + 1].spans[0].parent_id = groups[2 * i].spans[0].span_id;
                groups[2 * i + 1].spans[0].flags = 0x300;
            }
            groups
        };
        assert_eq!(found_in("broken-topology", &hop(3)), ["error broken-topology firm ×3"]);
        assert_eq!(found_in("broken-topology", &hop(2)), [""; 0], "twice may be an accident");
        let mut long_over = hop(3);
        for group in long_over.iter_mut().step_by(2) {
            group.spans[0].start_ns = EPOCH_NS + 90_000 * MS;
            group.spans[0].end_ns = EPOCH_NS + 90_001 * MS;
        }
        assert_eq!(found_in("broken-topology", &long_over), [""; 0], "ids that repeat by chance");
    }

    #[test]
    fn fires_for_links_to_nowhere() {
        let mut groups = spans("GET /a  shop  server  0..30  get=/a links");
        groups[0].spans[0].links[0].trace_id = crate::model::TraceId([0; 16]);
        groups[0].spans[0].links[0].span_id = SpanId(0);
        assert_eq!(found_in("broken-topology", &groups), ["warning broken-topology firm ×1"]);
    }

    #[test]
    fn silent_for_trees() {
        let sketch = "
            GET  web  client  10..30  call=http://s/a
              GET /a  s  server  14..22  get=/a links
        ";
        assert_eq!(found("broken-topology", sketch), [""; 0]);
    }
}
