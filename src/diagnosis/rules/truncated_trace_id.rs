//! Half of a trace id was lost on a hop.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::recent::Halves;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "truncated-trace-id",
    code: "C10",
    severity: Severity::Warning,
    enabled: true,
    summary: "half of the trace id was lost between two services",
    explain: "\
Two services handle one request under trace ids that agree in their lower 64 bits; in one of them the upper 64 bits
are zeros.

Why it matters: the request is in two traces, one for each half of the system.

How it is found: two traces with the same lower half, one of them with nothing above it. By chance that happens once
in 18 quintillion pairs.

What looks alike and is fine: systems with ids of 64 bits end to end, which agree with themselves.",
    fix: "\
Use a format with 128 bits on both sides: W3C trace context, or B3 with 32 digits. Old B3 senders and Jaeger clients
can be told to write all of them; gateways must not cut the header.",
    code_fixes: &[
        ("java", "Brave: `Tracing.newBuilder().traceId128Bit(true)`; or OTEL_PROPAGATORS=tracecontext"),
    ],
    references: &[
        "https://www.w3.org/TR/trace-context/#trace-id",
        "open-telemetry/opentelemetry-js#3783",
        "open-telemetry/opentelemetry-java#4707",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    out.extend(cx.gathered.recent.halves().map(|(whole, half, halves)| claim(cx, whole, half, halves)));
}

fn claim(cx: &Cx<'_>, whole: ServiceIx, half: ServiceIx, halves: &Halves) -> Claim {
    let (keeps, cuts) = (cx.processes.service(whole), cx.processes.service(half));
    let n = halves.traces.count();
    let message = format!("the upper half of {} is lost between {keeps} and {cuts}", count(n, "trace id"));
    let mut said = Said::firm(Severity::Warning, 0.97, message);
    for halved in halves.sample.values().take(2) {
        said = said.because(format!("{} in {keeps} is {} in {cuts}", halved.whole.0, halved.half.0));
    }
    said = said.remedy(format!(
        "use W3C trace context (or B3 with 32 digits) between {keeps} and {cuts}, on both sides and in between"
    ));
    let spans = halves.sample.values().flat_map(|halved| [halved.half, halved.whole]);
    let mut claim = Claim::about(cuts, said).spans(spans, n);
    keeps.clone_into(&mut claim.subject);
    claim
}

#[cfg(test)]
mod tests {
    use crate::model::TraceId;
    use crate::testkit::{found_in, spans};

    const HOP: &str = "
        GET /  web  server  0..30  get=/ trace=1
        GET /a  shop  server  10..20  get=/a trace=2
    ";

    #[test]
    fn fires_for_two_halves_of_one_id() {
        let mut groups = spans(HOP);
        groups[1].spans[0].trace_id = TraceId([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        for _ in 0..2 {
            assert_eq!(found_in("truncated-trace-id", &groups), ["warning truncated-trace-id firm ×1"]);
            groups.reverse();
        }
    }

    #[test]
    fn silent_for_ids_of_64_bits_end_to_end() {
        let mut groups = spans(HOP);
        for group in &mut groups {
            group.spans[0].trace_id = TraceId([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        }
        assert_eq!(found_in("truncated-trace-id", &groups), [""; 0]);
        assert_eq!(found_in("truncated-trace-id", &spans(HOP)), [""; 0]);
    }
}
