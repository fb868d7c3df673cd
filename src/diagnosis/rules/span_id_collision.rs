//! Different spans have one id.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::copies::{Holder, SameIds};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{SpanId, TraceId};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "span-id-collision",
    code: "E2",
    severity: Severity::Error,
    enabled: true,
    summary: "different spans have the same id",
    explain: "\
Two spans of one trace carry the same span id, and are not versions of one span: name, kind or start differ. Or span
ids come back in other traces. Ids of 64 random bits do neither.

Why it matters: back ends keep one of both, children hang from the wrong one, and traces of strangers are mixed.

How it is found: by a hash of the content of spans with equal ids. Across traces, a thousand span ids are followed
through everything that is received; two that come back are enough.

What looks alike and is fine: a span that was delivered twice (`duplicate-span`); client and server of one call that
share an id, as Zipkin has it (`zipkin-shared-span-id`); ids that are counted up (`low-entropy-ids`).",
    fix: "\
Take ids from the operating system's randomness. Do not seed the random numbers that the id generator draws from, and
seed again after a fork: workers that start as copies of one process draw the same numbers.",
    code_fixes: &[
        ("python", "`random.seed(…)` also seeds RandomIdGenerator: pass `id_generator=` one that uses `random.SystemRandom()` to TracerProvider, or seed a `random.Random` of your own"),
        ("ruby", "create the tracer provider after the fork (`on_worker_boot` of Puma)"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/trace/sdk/#id-generators",
        "open-telemetry/opentelemetry-python#4376",
        "open-telemetry/opentelemetry-ruby#611",
        "opentracing-contrib/nginx-opentracing#52",
    ],
    symptom_of: &["trace-id-collision"],
    on: On::Aggregate(look),
};

/// Span ids that come back in other traces, before it is said.
const BACK: usize = 2;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut by_service: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (ids, shared) in cx.gathered.copies.shared(SameIds::Collision) {
        by_service.entry(cx.processes.service(shared.first.service)).or_default().push((ids, shared));
    }
    let mut told: Vec<&str> = Vec::new();
    for (service, ids) in by_service {
        told.push(service);
        let spans: u64 = ids.iter().map(|(_, shared)| u64::from(shared.spans)).sum();
        let least = if cx.gathered.copies.overflows() { "at least " } else { "" };
        let different = count(ids.len() as u64, "span id");
        let message = format!("{least}{spans} different spans have only {different}");
        let mut said = Said::firm(Severity::Error, 0.95, message).remedy(
            "take ids from the operating system's randomness, and never seed what they are drawn from",
        );
        for ((_, id), shared) in ids.iter().take(3) {
            let [first, last] = [shared.first, shared.last].map(|holder| named(cx, &holder));
            said = said.because(format!("{id} is the id of {first} and of {last}"));
        }
        let first = ids.first().map(|(_, shared)| shared.first.resource);
        let claim = Claim::about(service, said).spans(ids.iter().map(|(ids, _)| **ids), spans);
        out.push(with_language(cx, claim, first));
    }
    in_several_traces(cx, &told, out);
}

fn named(cx: &Cx<'_>, holder: &Holder) -> String {
    let name = cx.store.text(holder.name).unwrap_or_default();
    format!("{} `{name}` of {}", holder.kind, cx.processes.service(holder.service))
}

fn with_language(cx: &Cx<'_>, mut claim: Claim, resource: Option<u32>) -> Claim {
    if let Some(resource) = resource {
        claim.language.clone_from(&cx.processes.get(cx.processes.of(resource)).language);
    }
    claim
}

/// Span ids that came in several traces. A service whose ids meet within a trace was told already.
fn in_several_traces(cx: &Cx<'_>, told: &[&str], out: &mut Vec<Claim>) {
    let mut by_service: BTreeMap<&str, Vec<(SpanId, [TraceId; 2])>> = BTreeMap::new();
    for (service, id, traces) in cx.gathered.ids.in_several_traces() {
        by_service.entry(cx.processes.service(service)).or_default().push((id, traces));
    }
    by_service.retain(|service, back| back.len() >= BACK && !told.contains(service));
    for (service, mut back) in by_service {
        back.sort_unstable_by_key(|(id, traces)| (*traces, *id));
        let n = back.len() as u64;
        let followed = count(cx.gathered.ids.followed() as u64, "span id");
        let message = format!("{} came back in other traces", count(n, "span id"));
        let mut said = Said::firm(Severity::Warning, 0.9, message)
            .because(format!("{followed} were followed through all traces"))
            .remedy(
                "take ids from the operating system's randomness, and never seed what they are drawn from",
            );
        for (id, [one, other]) in back.iter().take(2) {
            said = said.because(format!("{id} is in trace {one} and in {other}"));
        }
        let spans = back.iter().flat_map(|(id, [one, other])| [(*one, *id), (*other, *id)]);
        let mut claim = Claim::about(service, said).spans(spans, 2 * n);
        "traces".clone_into(&mut claim.subject);
        let process = cx.processes.iter().find(|(_, process)| process.service == service);
        claim.language = process.map(|(_, process)| process.language.clone()).unwrap_or_default();
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, batches, found, spans};

    #[test]
    fn fires_for_two_operations_with_one_id() {
        let sketch = "
            GET /a  s  server  0..9  get=/a
              query  s  client  1..3
              render  s  internal  5..8  same=1
        ";
        assert_eq!(found("span-id-collision", sketch), ["error span-id-collision firm ×2"]);
    }

    #[test]
    fn silent_for_a_repeated_delivery_another_version_and_both_sides_of_a_call() {
        let both_sides = "
            GET  web  client  0..30  call=http://s/a
            GET /a  s  server  4..22  get=/a same=0
        ";
        assert_eq!(found("span-id-collision", both_sides), [""; 0]);
        let groups = spans("GET /a  s  server  0..9  get=/a\n  query  s  client  1..3");
        let mut other = groups.clone();
        other.remove(0);
        other[0].spans[0].end_ns += 1;
        let mut bench = Bench::default();
        bench.take(batches(&[groups.clone(), groups, other].concat())).finish();
        assert_eq!(bench.findings(), [""; 0]);
    }

    /// The same ids, made large, in two traces.
    fn restarted(ids: u64, traces: [u8; 2]) -> Vec<String> {
        let line = |trace: u8, n: u64| {
            format!("GET /a  s  server  {0}..{1}  get=/a trace={trace}\n", n * 10, n * 10 + 5)
        };
        let mut groups = Vec::new();
        for trace in traces {
            let sketch: String = (0..ids).map(|n| line(trace, n)).collect();
            groups.extend(spans(&sketch));
        }
        for group in &mut groups {
            group.spans[0].span_id.0 |= 0xfeed << 32;
        }
        Bench::default().take(batches(&groups)).finish().list(|f| f.rule.id == "span-id-collision")
    }

    #[test]
    fn fires_for_ids_that_come_back_in_other_traces() {
        assert_eq!(restarted(4, [1, 2]), ["warning span-id-collision firm ×8"]);
        assert_eq!(restarted(1, [1, 2]), [""; 0], "one may be chance");
        assert_eq!(restarted(4, [2, 2]), [""; 0]);
    }
}
