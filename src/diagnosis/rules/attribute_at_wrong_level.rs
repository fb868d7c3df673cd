//! Facts of a resource on spans, or of spans on a resource.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::resources::misplaced;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::Key;
use std::collections::BTreeSet;

/// The rule.
pub const RULE: Rule = Rule {
    id: "attribute-at-wrong-level",
    code: "E6",
    severity: Severity::Info,
    enabled: true,
    summary: "facts of a resource are on spans, or the other way round",
    explain: "\
Spans carry what describes their process (`service.name`, `host.name`, `telemetry.sdk.*`, `k8s.*`), or a resource
carries what describes one operation (`http.*`, `db.*`, `rpc.*`, `messaging.*`).

Why it matters: back ends look for each at its own level: a service that is named on spans only has no name. On a
resource, a fact of one operation is said of all.

How it is found: by the keys, on 20 spans of a scope at least, or on a resource. Instrumentation Score calls it RES-004.

What looks alike and is fine: transforms in a Collector that copy on purpose. Values that contradict the resource's own
are told.",
    fix: "Set them where the SDK is set up (`OTEL_RESOURCE_ATTRIBUTES`, `Resource`), and nothing but that there.",
    code_fixes: &[],
    references: &["https://opentelemetry.io/docs/specs/semconv/resource/"],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const MANY: u64 = 20;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (number, emitter) in cx.gathered.emitters.iter().filter(|(_, e)| e.keys.has(Key::ResourceFact)) {
        let (n, earliest) = cx.gathered.shapes.count(number, |shape| shape.keys.has(Key::ResourceFact));
        if n < MANY {
            continue;
        }
        let scope = cx.store.scope(emitter.scope);
        let message = format!("{} carry facts of their resource{}", count(n, "span"), by_scope(scope));
        let mut said = Said::firm(Severity::Info, 0.6, message)
            .remedy("set them on the resource, where the SDK is set up, and leave them out of spans");
        let mut told: BTreeSet<String> = BTreeSet::new();
        for at in earliest.iter().take(8).filter_map(|span| cx.span(*span)) {
            let resource = cx.store.resource(cx.store.record(at).resource);
            let attributes = cx.store.decode(at).map(|span| span.attributes).unwrap_or_default();
            let facts = |key: &String| Key::from_name(key.as_bytes()) == Some(Key::ResourceFact);
            for (key, value) in attributes.into_iter().filter(|(key, _)| facts(key)) {
                told.insert(match resource.get(&key) {
                    Some(own) if *own != value => {
                        format!("`{key}` is {value} here and {own} on the resource")
                    }
                    Some(_) => format!("`{key}` repeats the resource's"),
                    None => format!("`{key}` is on spans and not on the resource"),
                });
            }
        }
        said = told.into_iter().take(4).fold(said, Said::because);
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, n);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
    on_resources(cx, out);
}

fn on_resources(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for number in cx.gathered.resources.misplaced() {
        let resource = cx.store.resource(number);
        if !told.insert(resource.service_name()) {
            continue;
        }
        let keys: Vec<&str> = misplaced(resource).collect();
        let message = format!("the resource carries facts of single operations: {}", keys.join(", "));
        let said = Said::firm(Severity::Info, 0.6, message)
            .because("what is on a resource is said of all of its spans")
            .remedy("set them on the spans that they describe");
        let mut claim =
            Claim::about(resource.service_name(), said).spans([], cx.gathered.resources.times(number).spans);
        "resource".clone_into(&mut claim.subject);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn sent(n: usize, words: &str) -> Vec<String> {
        let line = |n: usize| format!("work  s  internal  {}..{}  {words}\n", n * 10, n * 10 + 5);
        found("attribute-at-wrong-level", &(0..n).map(line).collect::<String>())
    }

    #[test]
    fn fires_both_ways() {
        assert_eq!(sent(30, "service.name=other"), ["info attribute-at-wrong-level firm ×30"]);
        assert_eq!(sent(30, "k8s.pod.name=p"), ["info attribute-at-wrong-level firm ×30"]);
        assert_eq!(sent(3, "resource.http.route=/a"), ["info attribute-at-wrong-level firm ×3"]);
    }

    #[test]
    fn silent_where_they_belong_and_for_few() {
        assert_eq!(sent(30, "resource.host.name=h http.route=/a"), [""; 0]);
        assert_eq!(sent(3, "service.name=other"), [""; 0]);
    }
}
