//! A trace that goes on and on, although nothing in it takes long.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::traces::{GROWING_ENTRIES, GROWING_NS, GROWING_SPANS};
use crate::diagnosis::claim::{Claim, Said};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::time::duration;
use crate::store::TraceIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "ever-growing-trace",
    code: "B5",
    severity: Severity::Warning,
    enabled: false,
    summary: "spans join one trace for more than ten minutes, although none of them takes long",
    explain: "\
The trace has a thousand spans or more, or ten requests or more, over more than ten minutes, while no span in it but the
one around everything takes a tenth of that time. Its length is only the distance between things that have nothing to do
with each other.

Why it matters: back ends refuse or cut traces of this size, tail samplers give up waiting for their end, and the
duration of the trace says nothing.

How it is found: from the first start to the last end of the trace, and the two longest spans in it. It is reported by
itself only where no merge rule explains it.

Off by default: healthy sessions, long jobs and slow queues come near it, and no real recording of the fault was there to
measure it by.

What looks alike and is fine: one long job or session with a root span that was received (then it is a hint: such a
trace is a choice); servers that hang for minutes (their spans are as long as the trace).",
    fix: "Start a new root span for each turn of the loop, message or session step, and link it to what started it.",
    code_fixes: &[],
    references: &[
        "keepsuit/laravel-opentelemetry#57",
        "open-telemetry/opentelemetry-php-contrib#709",
        "open-telemetry/opentelemetry-ebpf-instrumentation#2551",
    ],
    symptom_of: &[
        "merged-under-local-span",
        "request-inherits-finished-request",
        "fixed-remote-parent",
        "trace-id-collision",
        "client-span-adopted-by-many-requests",
        "long-lived-connection-trace",
        "background-loop-inherits-request",
    ],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (at, note) in cx.gathered.traces.growing(cx.store) {
        let trace = cx.store.trace(at);
        let envelope = trace.duration_ns();
        let large = trace.spans >= GROWING_SPANS || note.entries >= GROWING_ENTRIES;
        // The longest may be the span around everything.
        let received = note.longest_ns[0] >= envelope / 10 * 9;
        // Or it is still open: then its place stands empty at the top.
        let around = received || cx.store.roots(at).take(16).any(|root| !cx.store.slot(root).is_held());
        let longest = if received { note.longest_ns[1] } else { note.longest_ns[0] };
        if !large || envelope <= GROWING_NS || longest >= envelope / 10 {
            continue;
        }
        let minutes = envelope as f64 / 60e9;
        let message = format!(
            "one trace has grown for {} to {} spans{}",
            duration(envelope),
            trace.spans + trace.evicted,
            if cx.ended { "" } else { " and goes on" }
        );
        let said = Said::firm(
            if around { Severity::Info } else { Severity::Warning },
            if around { 0.40 } else { 0.75 },
            message,
        )
        .because(format!("the longest span in it takes {}", duration(longest)))
        .because(format!("{:.0} spans a minute", f64::from(trace.spans) / minutes))
        .remedy("start a new root span for each turn of the loop or message, with a link to what started it");
        let service = service(cx, at);
        let mut claim = Claim::about(service, said).spans([], u64::from(trace.spans + trace.evicted));
        claim.subject = trace.id.to_string();
        claim.traces.push(trace.id);
        claim.trace_count = 1;
        out.push(claim);
    }
}

/// The service of the first span that is drawn.
fn service<'a>(cx: &Cx<'a>, trace: TraceIx) -> &'a str {
    let first = cx.store.roots(trace).take(16).find_map(|root| {
        let held = cx.store.slot(root).is_held().then_some(root);
        held.or_else(|| cx.store.children(root).find(|child| cx.store.slot(*child).is_held()))
    });
    first.map_or("", |span| cx.store.service(span))
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn polls(root: &str) -> String {
        let turns = (0..12_u64).map(|i| {
            let at = 1_000 + i * 70_000;
            format!("  job {i}  s  server  {at}..{}  messaging.operation=process links\n", at + 40)
        });
        format!("loop  s  internal  {root}\n{}", turns.collect::<String>())
    }

    #[test]
    fn fires_for_a_loop_that_nothing_else_explains() {
        let apart = polls("0..10").replace("server", "consumer");
        assert_eq!(found("ever-growing-trace", &apart), ["warning ever-growing-trace firm ×13"]);
    }

    #[test]
    fn a_hint_for_one_job_around_everything() {
        let job = polls("0..800000").replace("server", "consumer");
        let found = found("ever-growing-trace", &job);
        assert_eq!(
            found.iter().map(|line| line.trim()).collect::<Vec<_>>(),
            ["info ever-growing-trace firm ×13"]
        );
    }

    #[test]
    fn silent_for_servers_that_hang_and_for_short_traces() {
        let hangs = polls("0..10").replace("server", "consumer").replace("1000..1040", "1000..400000");
        assert_eq!(found("ever-growing-trace", &hangs), [""; 0]);
        let short = "
            GET /a  s  server  0..10  get=/a
              late  s  internal  700000..700001
        ";
        assert_eq!(found("ever-growing-trace", short), [""; 0]);
    }
}
