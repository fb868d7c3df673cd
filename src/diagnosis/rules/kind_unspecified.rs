//! The exporter left the kind at zero.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::SpanKind;

/// The rule.
pub const RULE: Rule = Rule {
    id: "kind-unspecified",
    code: "A7",
    severity: Severity::Info,
    enabled: true,
    summary: "spans are sent without a kind",
    explain: "\
The kind on the wire is zero, `SPAN_KIND_UNSPECIFIED`. Every SDK sends a kind, INTERNAL if nobody chose one; a zero
comes from an exporter or a bridge of somebody's own.

Why it matters: receivers may read it as INTERNAL, and then nothing tells which spans are requests and calls.

How it is found: by count, at least twenty spans of one scope.

What looks alike and is fine: old data that was converted from a format without kinds; it names neither an SDK nor a
scope, and is left alone.",
    fix: "Write the kind when converting spans: INTERNAL (1) where no other is known.",
    code_fixes: &[],
    references: &[
        "https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto",
    ],
    symptom_of: &["service-without-entry-kind"],
    on: On::Aggregate(look),
};

const ENOUGH: u64 = 20;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (_, emitter) in cx.gathered.emitters.iter() {
        let n = emitter.of_kind(SpanKind::Unspecified);
        let scope = cx.store.scope(emitter.scope);
        // Converted data knows neither.
        let converted = emitter.language.is_empty() && scope.name.is_empty();
        if n < ENOUGH || converted {
            continue;
        }
        let message = format!("{} have no kind{}", count(n, "span"), by_scope(scope));
        let said = Said::firm(Severity::Info, 0.95, message)
            .because(format!(
                "{n} of {} of this scope carry SPAN_KIND_UNSPECIFIED",
                count(emitter.spans, "span")
            ))
            .remedy("let the exporter or bridge write a kind: INTERNAL where no other is known");
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans([], n);
        claim.scope = Some(scope.clone());
        claim.language.clone_from(&emitter.language);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "kind-unspecified";

    fn spans(n: u64, kind: &str, words: &str) -> String {
        (0..n).map(|i| format!("work  shop  {kind}  {i}..{}  {words}\n", i + 1)).collect()
    }

    #[test]
    fn fires_for_many() {
        assert_eq!(
            found(RULE, &spans(20, "unspecified", "scope=bridge")),
            ["info kind-unspecified firm ×20"]
        );
    }

    #[test]
    fn silent_for_few_for_kinds_and_for_converted_data() {
        assert_eq!(found(RULE, &spans(19, "unspecified", "scope=bridge")), [""; 0]);
        assert_eq!(found(RULE, &spans(20, "internal", "scope=bridge")), [""; 0]);
        assert_eq!(found(RULE, &spans(20, "unspecified", "x=y")), [""; 0]);
    }
}
