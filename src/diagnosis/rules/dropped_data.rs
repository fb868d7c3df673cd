//! The SDK, or something on the way, discarded parts of spans.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet};

/// The rule.
pub const RULE: Rule = Rule {
    id: "dropped-data",
    code: "C9",
    severity: Severity::Info,
    enabled: true,
    summary: "attributes, events or links of spans were discarded",
    explain: "\
The span says itself that attributes, events or links were discarded before it was sent: it had more than the SDK's
limits allow.

Why it matters: what is missing cannot be searched for, and the span tells only the beginning of its story.

How it is found: the span's own counts of what was dropped.

What looks alike and is fine: limits that were set on purpose.",
    fix: "\
Raise the limit (OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_SPAN_EVENT_COUNT_LIMIT, OTEL_SPAN_LINK_COUNT_LIMIT; 128 each
unless set), or write less into one span: an event for every row or message belongs into a log.",
    code_fixes: &[],
    references: &["https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#span-limits"],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None,
        watch: Watch::keys(KeySet::of(&[Key::Dropped])),
        check: |span| Some(span.mark()),
        excused_by: None,
        say,
    }),
};

fn say(case: &Case<'_>) -> Option<Said> {
    let store = case.cx.store;
    case.first()?;
    let n = case.n();
    let verb = if n == 1 { "has" } else { "have" };
    let message = format!("{} {verb} lost attributes, events or links{}", count(n, "span"), case.by());
    let mut said = Said::firm(Severity::Info, 0.95, message);
    let dropped = |at| {
        let span = store.decode(at)?;
        Some([span.dropped_attributes, span.dropped_events, span.dropped_links].map(u64::from))
    };
    let held: Vec<_> = case.held().filter_map(|(at, _)| Some((at, dropped(at)?))).collect();
    let sum = held.iter().fold([0; 3], |sum, (_, lost)| std::array::from_fn(|i| sum[i] + lost[i]));
    let largest = held
        .iter()
        .max_by_key(|(at, lost)| (lost.iter().sum::<u64>(), std::cmp::Reverse(case.cx.record(*at).start_ns)));
    if let Some((at, lost)) = largest {
        said = said.because(format!("`{}` lost {}", store.name(*at), list(*lost)));
        if held.len() > 1 {
            said = said.because(format!("the first {} lost {} in all", held.len(), list(sum)));
        }
    }
    Some(said.remedy("raise the SDK's limits, or write less into one span"))
}

fn list(lost: [u64; 3]) -> String {
    let parts = ["attribute", "event", "link"].iter().zip(lost).filter(|(_, n)| *n > 0);
    parts.map(|(what, n)| count(n, what)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, batches, spans};

    fn said(attributes: u32, events: u32) -> Vec<String> {
        let mut groups = spans(
            "
            import  s  internal  0..9
              row  s  internal  1..2
        ",
        );
        groups[0].spans[0].dropped_attributes = attributes;
        groups[0].spans[0].dropped_events = events;
        groups[1].spans[0].dropped_events = events / 10;
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        let findings = bench.0.diagnosis.findings().iter().filter(|f| f.rule.id == "dropped-data");
        findings.map(|f| format!("{} {} | {}", f.severity, f.message, f.evidence.join(" | "))).collect()
    }

    #[test]
    fn tells_what_was_lost() {
        assert_eq!(
            said(2, 40),
            [
                "info 2 spans have lost attributes, events or links | `import` lost 2 attributes, 40 events | the first 2 lost 2 attributes, 44 events in all"
            ]
        );
    }

    #[test]
    fn silent_where_nothing_was() {
        assert_eq!(said(0, 0), [""; 0]);
    }
}
