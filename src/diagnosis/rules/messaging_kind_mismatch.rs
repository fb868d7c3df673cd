//! The kind of a span contradicts the messaging operation that it describes.

use crate::diagnosis::claim::{Case, Said};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::verdict::QUIET_NS;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, MessagingOperation, SpanKind};
use crate::store::SpanIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "messaging-kind-mismatch",
    code: "A6",
    severity: Severity::Error,
    enabled: true,
    summary: "a span's kind contradicts the messaging operation that it describes",
    explain: "\
Semantic conventions demand PRODUCER where a message is created, PRODUCER or CLIENT where it is sent, CLIENT where
messages are received or settled, CONSUMER where they are processed. The span says something else.

Why it matters: back ends pair PRODUCER and CONSUMER spans to draw the edge through the queue, and measure the time a
message waited between them. Swapped kinds turn the edge round; INTERNAL ones remove it.

How it is found: by `messaging.operation.type`, or by `messaging.operation` of the old conventions. An error where
producer and consumer are swapped, a warning where the kind is INTERNAL, SERVER or missing. A message sent by a CLIENT
span is wrong only if its receivers continue that very span.

What looks alike and is fine: brokers that push over HTTP or RPC (SERVER is right); functions that a queue invokes; a
receive of kind CONSUMER under the old conventions; spans inside of a PRODUCER or CONSUMER span of the same operation,
or around one.",
    fix: "Upgrade the instrumentation, or start the span with the kind that the operation demands.",
    code_fixes: &[
        ("python", "`tracer.start_as_current_span(name, kind=SpanKind.PRODUCER)` to send, `SpanKind.CONSUMER` to process"),
        ("nodejs", "`tracer.startActiveSpan(name, { kind: SpanKind.PRODUCER }, …)` to send, `SpanKind.CONSUMER` to process"),
        ("java", "`tracer.spanBuilder(name).setSpanKind(SpanKind.PRODUCER)` to send, `SpanKind.CONSUMER` to process"),
        ("go", "`trace.WithSpanKind(trace.SpanKindProducer)` to send, `trace.SpanKindConsumer` to process"),
        ("dotnet", "`source.StartActivity(name, ActivityKind.Producer)` to send, `ActivityKind.Consumer` to process"),
        ("rust", "with `tracing`: a field `otel.kind = \"producer\"` to send, `\"consumer\"` to process"),
        ("ruby", "`tracer.in_span(name, kind: :producer)` to send, `kind: :consumer` to process"),
        ("php", "`->setSpanKind(SpanKind::KIND_PRODUCER)` to send, `KIND_CONSUMER` to process"),
    ],
    references: &["https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#span-kind"],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None,
        watch: Watch::keys(KeySet::of(&[Key::MessagingOperationOld, Key::MessagingOperationType])),
        check,
        excused_by: Some(carries_out),
        say,
    }),
};

/// A way of being wrong: what is done, and how it is said.
struct Way {
    operation: MessagingOperation,
    /// What it is called in a sentence.
    word: &'static str,
    kinds: &'static [SpanKind],
    demanded: &'static str,
    severity: Severity,
    confidence: f64,
}

const NO_SIDE: &[SpanKind] = &[SpanKind::Internal, SpanKind::Server, SpanKind::Unspecified];

/// Ordered by how grave they are; a mark's detail is a place in here.
const WAYS: &[Way] = &[
    way(MessagingOperation::Send, "send", &[SpanKind::Consumer], "PRODUCER", Severity::Error, 0.90),
    way(MessagingOperation::Create, "create", &[SpanKind::Consumer], "PRODUCER", Severity::Error, 0.90),
    way(MessagingOperation::Process, "process", &[SpanKind::Producer], "CONSUMER", Severity::Error, 0.90),
    way(MessagingOperation::Receive, "receive", &[SpanKind::Producer], "CLIENT", Severity::Error, 0.90),
    way(MessagingOperation::Send, "send", NO_SIDE, "PRODUCER", Severity::Warning, 0.85),
    way(MessagingOperation::Create, "create", NO_SIDE, "PRODUCER", Severity::Warning, 0.85),
    way(MessagingOperation::Process, "process", NO_SIDE, "CONSUMER", Severity::Warning, 0.85),
    way(MessagingOperation::Process, "process", &[SpanKind::Client], "CONSUMER", Severity::Warning, 0.80),
    way(MessagingOperation::Receive, "receive", NO_SIDE, "CLIENT", Severity::Warning, 0.75),
    way(MessagingOperation::Send, "send", &[SpanKind::Client], "PRODUCER", Severity::Warning, 0.80),
    way(MessagingOperation::Create, "create", &[SpanKind::Client], "PRODUCER", Severity::Info, 0.60),
    way(MessagingOperation::Receive, "receive", &[SpanKind::Consumer], "CLIENT", Severity::Info, 0.60),
    way(
        MessagingOperation::Settle,
        "settle",
        &[
            SpanKind::Internal,
            SpanKind::Producer,
            SpanKind::Consumer,
            SpanKind::Server,
            SpanKind::Unspecified,
        ],
        "CLIENT",
        Severity::Info,
        0.60,
    ),
];

const fn way(
    operation: MessagingOperation,
    word: &'static str,
    kinds: &'static [SpanKind],
    demanded: &'static str,
    severity: Severity,
    confidence: f64,
) -> Way {
    Way { operation, word, kinds, demanded, severity, confidence }
}

fn check(span: &Seen<'_>) -> Option<Mark> {
    let operation = span.facts?.messaging;
    let plain = matches!(span.role, Role::MessageIn | Role::MessageReceive | Role::MessageOut)
        || operation == MessagingOperation::Settle && span.role == Role::Other;
    // A broker that pushes over RPC is answered by a server.
    let pushed = span.kind() == SpanKind::Server && span.has(Key::RpcSystem);
    // CONSUMER was what old conventions demanded of a receive, and an old create had no name of its own.
    let old = span.has(Key::MessagingOperationOld) && !span.has(Key::MessagingOperationType);
    if !plain
        || pushed
        || old && span.kind() == SpanKind::Consumer && operation == MessagingOperation::Receive
    {
        return None;
    }
    let kind = span.kind();
    let number = WAYS.iter().position(|way| way.operation == operation && way.kinds.contains(&kind))?;
    (!(is_sent_by_client(&WAYS[number]) && span.has(Key::HasLinks))).then(|| span.mark_as(number as u32))
}

/// Right wherever the context of the message is that of another span.
fn is_sent_by_client(way: &Way) -> bool {
    way.operation == MessagingOperation::Send && way.kinds.contains(&SpanKind::Client)
}

/// A span of the right kind inside of one that has none: the outer one is a wrapper.
fn carries_out(child: &Seen<'_>, parent: &Seen<'_>) -> bool {
    let side = |role: Role| match role {
        Role::MessageOut => Some(true),
        Role::MessageIn | Role::MessageReceive => Some(false),
        _ => None,
    };
    let right = matches!(child.kind(), SpanKind::Producer | SpanKind::Consumer | SpanKind::Client);
    right
        && matches!(parent.kind(), SpanKind::Internal | SpanKind::Unspecified | SpanKind::Client)
        && child.process == parent.process
        && side(child.role).is_some_and(|own| side(parent.role) == Some(own))
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    let mut told: Vec<(usize, u64)> = Vec::new();
    for (number, count) in &case.tally.details {
        let number = *number as usize;
        let held = case.held().filter(|(_, sample)| sample.detail as usize == number);
        let spans: Vec<SpanIx> = held.map(|(at, _)| at).collect();
        let way = WAYS.get(number)?;
        let wrong = if is_sent_by_client(way) {
            spans.iter().any(|at| is_continued(case, *at))
        } else {
            // A part of a span of the same operation is no operation of its own.
            let part = |at: SpanIx| {
                cx.above(at).take_while(|above| cx.role(*above) != Role::HttpIn).any(|above| {
                    cx.role(above) == cx.role(at)
                        && matches!(cx.kind(above), SpanKind::Producer | SpanKind::Consumer)
                })
            };
            spans.is_empty() || spans.iter().any(|at| !part(*at))
        };
        if wrong {
            told.push((number, *count));
        }
    }
    let gravest = WAYS.get(told.iter().map(|(number, _)| *number).min()?)?;
    let name = |count: u64| if count == 1 { ("operation", "is") } else { ("operations", "are") };
    let mut parts = Vec::new();
    for (number, count) in &told {
        let way = &WAYS[*number];
        let of_way = |sample: &&crate::diagnosis::tally::Sample| sample.detail as usize == *number;
        let kind = case.tally.sample.values().find(of_way).map_or(way.kinds[0], |sample| sample.kind);
        let (noun, verb) = name(*count);
        parts.push(format!("{count} `{}` {noun} {verb} {kind} and should be {}", way.word, way.demanded));
    }
    let mut said =
        Said::firm(gravest.severity, gravest.confidence, format!("{}{}", parts.join(", "), case.by()));
    if let Some((at, _)) =
        case.held().find(|(_, s)| told.iter().any(|(number, _)| *number == s.detail as usize))
    {
        let attribute = |names: &[&str]| cx.attribute(at, names).unwrap_or_default();
        let destination = attribute(&["messaging.destination.name", "messaging.destination"]);
        let system = attribute(&["messaging.system"]);
        said =
            said.because(format!("`{}`: destination {destination:?}, system {system:?}", cx.store.name(at)));
    }
    if is_sent_by_client(gravest) {
        said = said.because(
            "what processes the message is a child of the span that sent it: its context is the message's",
        );
    }
    Some(
        said.remedy(
            "upgrade the instrumentation, or start these spans with the kind that the operation demands",
        ),
    )
}

/// Whether receivers continue the very span that sent a message, and no span of the message itself.
fn is_continued(case: &Case<'_>, at: SpanIx) -> bool {
    let cx = &case.cx;
    let process = cx.processes.get(cx.processes.of(cx.record(at).resource));
    let settled = cx.ended || process.watermark_ns >= cx.record(at).end_ns + QUIET_NS;
    settled
        && cx.below(at).any(|child| cx.role(child) == Role::MessageIn || cx.kind(child) == SpanKind::Consumer)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "messaging-kind-mismatch";

    fn one(kind: &str, words: &str) -> Vec<String> {
        found(RULE, &format!("m  shop  {kind}  2..9  messaging.system=kafka {words}"))
    }

    #[test]
    fn fires_by_operation_and_kind() {
        for (kind, words, severity) in [
            ("consumer", "messaging.operation.type=send", "error"),
            ("producer", "messaging.operation=process", "error"),
            ("internal", "messaging.operation.type=send", "warning"),
            ("unspecified", "messaging.operation.type=create", "warning"),
            ("internal", "messaging.operation.type=process", "warning"),
            ("server", "messaging.operation.type=process", "warning"),
            ("client", "messaging.operation=deliver", "warning"),
            ("internal", "messaging.operation.type=receive", "warning"),
            ("consumer", "messaging.operation.type=receive", "info"),
            ("internal", "messaging.operation.type=settle", "info"),
        ] {
            let expected = format!("{severity} messaging-kind-mismatch firm ×1");
            assert_eq!(one(kind, words), [expected], "{kind} {words}");
        }
    }

    #[test]
    fn silent_for_what_the_conventions_demand() {
        for (kind, words) in [
            ("producer", "messaging.operation=publish"),
            ("producer", "messaging.operation.type=send"),
            ("client", "messaging.operation.type=send"),
            ("client", "messaging.operation.type=send links"),
            ("consumer", "messaging.operation.type=process"),
            ("client", "messaging.operation.type=receive"),
            ("consumer", "messaging.operation=receive"),
            ("client", "messaging.operation.type=settle"),
            (
                "server",
                "messaging.operation.type=process http.request.method=POST url.path=/push url.scheme=http",
            ),
            ("server", "messaging.operation.type=process faas.trigger=pubsub"),
            ("server", "messaging.operation.type=process rpc.system=grpc"),
            ("internal", "messaging.destination.name=orders"),
        ] {
            assert_eq!(one(kind, words), [""; 0], "{kind} {words}");
        }
    }

    #[test]
    fn a_client_that_sends_is_wrong_if_its_own_span_is_continued() {
        let sketch = "
            send  shop  client  2..9  messaging.system=x messaging.operation.type=send
              process  worker  consumer  12..19  messaging.system=x messaging.operation.type=process
        ";
        assert_eq!(found(RULE, sketch), ["warning messaging-kind-mismatch firm ×1"]);
        let created = "
            send  shop  client  2..9  messaging.system=x messaging.operation.type=send
              create  shop  producer  2..3  messaging.system=x messaging.operation.type=create
                process  worker  consumer  12..19  messaging.system=x messaging.operation.type=process
        ";
        assert_eq!(found(RULE, created), [""; 0]);
    }

    #[test]
    fn silent_for_wrappers_and_parts() {
        let wrapper = "
            publish order  shop  internal  2..19  messaging.system=x messaging.operation.type=send
              send  shop  producer  3..18  messaging.system=x messaging.operation.type=send
        ";
        assert_eq!(found(RULE, wrapper), [""; 0]);
        let part = "
            process  shop  consumer  2..19  messaging.system=x messaging.operation.type=process
              handler  shop  internal  3..18  messaging.system=x messaging.operation.type=process
        ";
        assert_eq!(found(RULE, part), [""; 0]);
    }
}
