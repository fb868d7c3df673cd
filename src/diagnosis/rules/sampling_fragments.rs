//! Parts of a trace were sampled by different decisions.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::sampling::Decisions;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "sampling-fragments",
    code: "C7",
    severity: Severity::Info,
    enabled: true,
    summary: "parts of a trace were sampled by different decisions",
    explain: "\
Spans are kept by another decision than their parents: some keep more of a trace than what is above them, or were
exported although they are marked as not sampled.

Why it matters: traces have holes that look like broken instrumentation, and counts that are made of spans are wrong.

How it is found: `tracestate` tells with which probability a span is kept (`ot=th:`), and at least five children are
kept more often than their parents; or at least twenty spans were exported with the sampled flag off, in a service
that sets it on others.

What looks alike and is fine: SDKs that never write that flag, such as Python's and older Go's; callers that are not
received at all, which missing-remote-parent tells.",
    fix: "\
Decide once per trace: a parent-based sampler everywhere (OTEL_TRACES_SAMPLER=parentbased_…), or consistent
probability sampling; a tail sampler must see whole traces, so route by trace id.",
    code_fixes: &[],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/",
        "https://opentelemetry.io/docs/specs/otel/trace/sdk/#parentbased",
        "open-telemetry/opentelemetry.io#3332",
        "groundsada/siterm#9",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const CHILDREN: u64 = 5;
const UNSAMPLED: u64 = 20;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (service, decisions) in cx.gathered.sampling.services() {
        if decisions.kept_more >= CHILDREN {
            out.push(kept_more(cx, service, decisions));
        }
        if decisions.unsampled >= UNSAMPLED && decisions.writes_flag {
            out.push(unsampled(cx, service, decisions));
        }
    }
}

/// Which share is kept at a rejection threshold, percent.
fn kept(threshold: u32) -> f64 {
    100.0 * (1.0 - f64::from(threshold) / (f64::from(u32::MAX) + 1.0))
}

fn kept_more(cx: &Cx<'_>, service: ServiceIx, decisions: &Decisions) -> Claim {
    let n = decisions.kept_more;
    let message = format!("{} are kept more often than their parents", count(n, "span"));
    let mut said = Said::firm(Severity::Info, 0.60, message)
        .remedy("sample by one decision per trace: parent-based, or consistent probabilities");
    if let Some((parent, child)) = decisions.kept_more_sample.values().next() {
        let sentence =
            format!("{:.3} % of such spans are kept, {:.3} % of their parents", kept(*child), kept(*parent));
        said = said.because(sentence);
    }
    let spans = decisions.kept_more_sample.keys().map(|(_, trace, span)| (*trace, *span));
    let mut claim = Claim::about(cx.processes.service(service), said).spans(spans, n);
    "thresholds".clone_into(&mut claim.subject);
    claim
}

fn unsampled(cx: &Cx<'_>, service: ServiceIx, decisions: &Decisions) -> Claim {
    let n = decisions.unsampled;
    let message =
        format!("{} were exported although their flags say that they are not sampled", count(n, "span"));
    let said = Said::firm(Severity::Info, 0.50, message)
        .because("other spans of the service have the sampled flag, so its SDK writes it")
        .remedy("look for a processor that exports what is only recorded, and for samplers that answer RECORD_ONLY");
    let spans = decisions.unsampled_sample.keys().map(|(_, trace, span)| (*trace, *span));
    let mut claim = Claim::about(cx.processes.service(service), said).spans(spans, n);
    "flags".clone_into(&mut claim.subject);
    claim
}

#[cfg(test)]
mod tests {
    use crate::otlp::encode::Group;
    use crate::testkit::{found_in, spans};

    fn calls(n: u32) -> Vec<Group> {
        let sketch = (0..n).fold(String::new(), |all, i| {
            format!(
                "{all}GET  web  client  0..40  call=http://shop/a trace={}\n  GET /a  shop  server  10..20  get=/a\n",
                1 + i
            )
        });
        spans(&sketch)
    }

    #[test]
    fn hints_at_children_that_are_kept_more_often() {
        let thresholds = |n: u32, parent: &str, child: &str| {
            let mut groups = calls(n);
            for (i, group) in groups.iter_mut().enumerate() {
                group.spans[0].trace_state = if i % 2 == 0 { parent.into() } else { child.into() };
            }
            groups
        };
        let wrong = thresholds(5, "ot=th:c", "ot=th:8");
        assert_eq!(found_in("sampling-fragments", &wrong), ["info sampling-fragments firm ×5"]);
        for groups in [
            thresholds(4, "ot=th:c", "ot=th:8"),
            thresholds(9, "ot=th:8", "ot=th:8"),
            thresholds(9, "ot=th:8", "ot=th:c"),
            thresholds(9, "", "ot=th:8"),
        ] {
            assert_eq!(found_in("sampling-fragments", &groups), [""; 0]);
        }
    }

    #[test]
    fn hints_at_spans_that_are_marked_as_not_sampled() {
        let mut mixed = calls(21);
        mixed[0].spans[0].flags |= 1;
        assert_eq!(found_in("sampling-fragments", &mixed), ["info sampling-fragments firm ×20"]);
        assert_eq!(found_in("sampling-fragments", &calls(30)), [""; 0], "an SDK that writes no such flag");
        mixed.iter_mut().for_each(|group| group.spans[0].flags |= 1);
        assert_eq!(found_in("sampling-fragments", &mixed), [""; 0]);
    }
}
