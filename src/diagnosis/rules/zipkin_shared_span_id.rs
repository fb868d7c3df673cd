//! Client and server of a call share an id, as Zipkin's model has it.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::copies::{Holder, SameIds};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "zipkin-shared-span-id",
    code: "E2",
    severity: Severity::Info,
    enabled: true,
    summary: "client and server of a call share a span id",
    explain: "\
The CLIENT span and the SERVER span of one call have the same id. In Zipkin's model they are two halves of one span;
in OpenTelemetry every span has an id of its own.

Why it matters: back ends keep one of both, or hang the server's children from the client.

How it is found: exactly two spans with one id, a CLIENT and a SERVER (or a PRODUCER and a CONSUMER), of two services
or one inside of the other. Or any number of SERVER or CONSUMER spans with one parent, whose own id did not come back:
a message that many took.

What looks alike and is fine: a Zipkin dump that is read here gets an id of its own for each server's half.",
    fix: "\
Where such spans are translated, give the SERVER span a new id and make the shared one its parent, as Jaeger does
(`ZipkinSpanIDUniquifier`). In Zipkin's own tracers, turn `supportsJoin` off.",
    code_fixes: &[("java", "Brave: `Tracing.newBuilder().supportsJoin(false)`; Spring Boot: `management.brave.span-joining-supported=false`")],
    references: &[
        "https://zipkin.io/pages/instrumenting.html",
        "https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut by_services: BTreeMap<[&str; 2], (Vec<_>, u64, String)> = BTreeMap::new();
    for (ids, shared) in cx.gathered.copies.shared(SameIds::BothSides) {
        let services = [shared.first, shared.last].map(|holder| cx.processes.service(holder.service));
        let (all, spans, _) = by_services
            .entry(services)
            .or_insert_with(|| (Vec::new(), 0, told_apart(cx, services, [shared.first, shared.last])));
        all.push(*ids);
        *spans += u64::from(shared.spans);
    }
    for ([one, other], (ids, spans, told_apart)) in by_services {
        let n = ids.len() as u64;
        let least = if cx.gathered.copies.overflows() { "at least " } else { "" };
        let verb = if n == 1 { "is" } else { "are" };
        let ids_of = count(n, "span id");
        let message = format!("{least}{ids_of} {verb} shared by both sides of a call or message");
        let said = Said::firm(Severity::Info, 0.9, message)
            .because(told_apart)
            .remedy("give the server's span an id of its own, with the shared one as its parent");
        let mut claim = Claim::about(one, said).spans(ids, spans);
        other.clone_into(&mut claim.subject);
        out.push(claim);
    }
}

/// What tells two spans with one id apart: their services; within one service their machines, or what they are.
fn told_apart(cx: &Cx<'_>, [one, other]: [&str; 2], both: [Holder; 2]) -> String {
    if one != other {
        return format!("one span with the id is from {one}, another from {other}");
    }
    let [first, last] = both.map(|holder| {
        let name = cx.store.text(holder.name).unwrap_or_default();
        format!("{} `{name}`", holder.kind)
    });
    let hosts = both.map(|holder| cx.processes.get(cx.processes.of(holder.resource)).machine.as_str());
    let [here, there] = match hosts {
        [here, there] if here != there && !here.is_empty() && !there.is_empty() => {
            [format!(" on {here}"), format!(" on {there}")]
        }
        _ => [String::new(), String::new()],
    };
    if first == last && here == there {
        return format!("several spans of {one} have the id, each {first}");
    }
    format!("within {one}, one span with the id is {first}{here}, another {last}{there}")
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, batches, found, spans};

    #[test]
    fn fires_for_both_sides_of_a_call() {
        let sketch = "
            GET  web  client  0..30  call=http://s/a
            GET /a  s  server  4..22  get=/a same=0
        ";
        assert_eq!(found("zipkin-shared-span-id", sketch), ["info zipkin-shared-span-id firm ×2"]);
        let within = sketch.replace("  web  ", "  s  ");
        assert_eq!(found("zipkin-shared-span-id", &within), ["info zipkin-shared-span-id firm ×2"]);
    }

    #[test]
    fn within_one_service_it_says_what_tells_the_spans_apart() {
        let sketch = "
            GET  s  client  0..30  call=http://s/a
            GET /a  s  server  4..22  get=/a same=0
        ";
        let mut bench = Bench::default();
        bench.take(batches(&spans(sketch))).finish();
        let why = &bench.list(|f| f.rule.id == "zipkin-shared-span-id");
        assert_eq!(why.len(), 1);
        let said: Vec<String> =
            bench.0.diagnosis.findings().iter().flat_map(|f| f.evidence.clone()).collect();
        let apart = "within s, one span with the id is CLIENT `GET`, another SERVER `GET /a`";
        assert!(said.iter().any(|said| said == apart), "{said:?}");
    }

    #[test]
    fn fires_for_a_message_that_many_took() {
        let sketch = "
            send  web  producer  0..3
              take  s  consumer  4..22
              take  s  consumer  5..25  same=1
              take  s  consumer  6..21  same=1
        ";
        assert_eq!(found("zipkin-shared-span-id", sketch), ["info zipkin-shared-span-id firm ×3"]);
        assert_eq!(found("span-id-collision", sketch), [""; 0]);
    }

    #[test]
    fn silent_for_ids_of_their_own_and_for_a_collision() {
        let own = "
            GET  web  client  0..30  call=http://s/a
              GET /a  s  server  4..22  get=/a
        ";
        assert_eq!(found("zipkin-shared-span-id", own), [""; 0]);
        let later = "
            GET  s  client  0..30  call=http://s/a
            GET /a  s  server  400..422  get=/a same=0
        ";
        assert_eq!(found("zipkin-shared-span-id", later), [""; 0]);
    }
}
