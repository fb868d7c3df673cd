//! Messages are handled without parent and link although their senders are here.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "consumer-unlinked",
    code: "C6",
    severity: Severity::Info,
    enabled: true,
    summary: "messages are handled without parent or link although their senders are here",
    explain: "\
The handling of a message is a trace of its own, with neither a parent nor a link to what sent it, although spans that
send to the same destination were received.

Why it matters: nobody can follow a message from its sender to its effect.

How it is found: at least ten spans that process messages or jobs are roots without links, and a span that sends to
the same destination was seen up to an hour before.

What looks alike and is fine: other senders that carry no context; brokers without headers; a propagation style that
was set to none.",
    fix: "\
Turn propagation on in the instrumentation of both sides, so that the context travels in the message's headers, and
let the consumer add it as a link or as the parent.",
    code_fixes: &[
        ("python", "instrument the client library on both sides (celery: `CeleryInstrumentor().instrument()` in worker_process_init as well as in the sender)"),
        ("ruby", "`propagation_style: :link` (or `:child`) for Sidekiq, ActiveJob, Resque; `:none` cuts it"),
        ("java", "-Dotel.instrumentation.messaging.experimental.receive-telemetry.enabled=true makes links; without it the parent is the sender"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/",
        "open-telemetry/opentelemetry-python-contrib#1732",
        "open-telemetry/opentelemetry-python-contrib#609",
        "open-telemetry/opentelemetry-python-contrib#1674",
    ],
    symptom_of: &["merged-under-local-span"],
    on: On::Aggregate(look),
};

/// Fewer may have been sent by somebody else.
const MESSAGES: u64 = 10;
/// How long a message may wait, nanoseconds.
const WAIT_NS: u64 = 3_600_000_000_000;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (destination, number, orphans) in cx.gathered.messages.orphans() {
        let Some(senders) = cx.gathered.messages.senders(destination) else { continue };
        let apart = orphans.last_ns < senders.first_ns || orphans.first_ns > senders.last_ns + WAIT_NS;
        if orphans.n < MESSAGES || apart {
            continue;
        }
        let (handles, sends) = (cx.gathered.emitters.get(number), cx.gathered.emitters.get(senders.emitter));
        let scope = cx.store.scope(handles.scope);
        let to = cx.store.text(destination - 1).unwrap_or_default();
        let n = orphans.n;
        let message =
            format!("{} of `{to}` handled without parent or link{}", count(n, "message"), by_scope(scope));
        let said = Said::firm(Severity::Info, 0.50, message)
            .because(format!(
                "{} {} to `{to}`{}",
                cx.processes.service(sends.service),
                if senders.n == 1 { "sent once".to_owned() } else { format!("sent {} times", senders.n) },
                by_scope(cx.store.scope(sends.scope))
            ))
            .remedy("turn propagation on in both instrumentations: the sender injects, the consumer links");
        let spans = orphans.sample.keys().map(|(_, trace, span)| (*trace, *span));
        let mut claim = Claim::about(cx.processes.service(handles.service), said).spans(spans, n);
        claim.trace_count = claim.trace_count.max(n);
        claim.language.clone_from(&handles.language);
        claim.scope = Some(scope.clone());
        to.clone_into(&mut claim.subject);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;
    use std::fmt::Write;

    fn queue(n: u32, sends: &str, handles: &str) -> String {
        (0..n).fold(String::new(), |mut all, i| {
            let at = i * 100;
            let _ = write!(
                all,
                "send  web  producer  {at}..{}  messaging.system=kafka messaging.operation=publish {sends} trace={}\n\
                 process  worker  consumer  {}..{}  messaging.system=kafka messaging.operation=process {handles} trace={}\n",
                at + 5,
                1 + 2 * i,
                at + 20,
                at + 30,
                2 + 2 * i
            );
            all
        })
    }

    const ORDERS: &str = "messaging.destination.name=orders";

    #[test]
    fn hints_at_messages_from_nowhere() {
        assert_eq!(
            found("consumer-unlinked", &queue(10, ORDERS, ORDERS)),
            ["info consumer-unlinked firm ×10"]
        );
    }

    #[test]
    fn silent_for_links_for_few_and_for_other_destinations() {
        assert_eq!(found("consumer-unlinked", &queue(9, ORDERS, ORDERS)), [""; 0]);
        assert_eq!(found("consumer-unlinked", &queue(12, ORDERS, &format!("{ORDERS} links"))), [""; 0]);
        assert_eq!(
            found("consumer-unlinked", &queue(12, "messaging.destination.name=bills", ORDERS)),
            [""; 0]
        );
        let parented = queue(12, ORDERS, ORDERS).replace("process  worker", "  process  worker");
        let parented: String = parented
            .lines()
            .map(|line| match line.strip_prefix("  ") {
                Some(_) => format!("{}\n", &line[..line.rfind(" trace=").unwrap()]),
                None => format!("{line}\n"),
            })
            .collect();
        assert_eq!(found("consumer-unlinked", &parented), [""; 0]);
    }

    #[test]
    fn silent_when_the_sender_came_hours_later_or_before() {
        let mut sketch = String::new();
        for i in 0..12 {
            let _ = writeln!(
                sketch,
                "process  worker  consumer  {i}00..{i}50  messaging.system=kafka messaging.operation=process {ORDERS} trace={}",
                1 + i
            );
        }
        let _ = writeln!(
            sketch,
            "send  web  producer  9000000..9000001  messaging.system=kafka messaging.operation=publish {ORDERS} trace=99"
        );
        assert_eq!(found("consumer-unlinked", &sketch), [""; 0]);
    }
}
