//! A connection that stays open holds everything that comes over it in one trace.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::NameTraits;
use crate::diagnosis::rule::{On, OnPair, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, SpanKind};

/// The rule.
pub const RULE: Rule = Rule {
    id: "long-lived-connection-trace",
    code: "B7",
    severity: Severity::Warning,
    enabled: true,
    summary: "a websocket or stream that stays open holds everything that comes over it in one trace",
    explain: "\
The span of a websocket, an event stream or a streaming call was open for a minute or more, and everything that came
over it is recorded below it.

Why it matters: the trace lasts as long as the user stays, its duration says nothing, and single messages cannot be
found or sampled.

How it is found: a SERVER or CLIENT span of a connection (status 101, `network.protocol.name`, websocket URLs, names of
circuits and hubs, streaming RPC) that is open for a minute with ten or more children. A hint; a warning from a hundred
messages or an hour.

What looks alike and is fine: short streams; one slow request with many queries.",
    fix: "\
Give each message a trace of its own with a link to the connection's span, or end the connection's span once it is
established.",
    code_fixes: &[
        ("python", "for ASGI leave out the message spans: `FastAPIInstrumentor.instrument_app(app, exclude_spans=[\"receive\", \"send\"])`"),
    ],
    references: &[
        "open-telemetry/opentelemetry-python-contrib#505",
        "dotnet/aspnetcore#29846",
        "open-telemetry/opentelemetry-go-contrib#436",
        "open-telemetry/semantic-conventions#3703",
        "DataDog/dd-trace-py#14388",
    ],
    symptom_of: &[],
    on: On::Pair(OnPair { watch: Watch::EVERY, check, say }),
};

/// A connection is long from here on (`T_LONG`), nanoseconds.
const LONG_NS: u64 = 60_000_000_000;
const VERY_LONG_NS: u64 = 3_600_000_000_000;
/// Messages of a connection.
const SOME: u64 = 10;
const MANY: u64 = 100;

fn check(_child: &Seen<'_>, parent: &Seen<'_>) -> Option<Mark> {
    if parent.record.duration_ns() < LONG_NS || !matches!(parent.kind(), SpanKind::Server | SpanKind::Client)
    {
        return None;
    }
    let named = || NameTraits::of(parent.name()).stream;
    let stream = parent.has(Key::Websocket) || parent.has(Key::RpcSystem) || named();
    stream.then(|| parent.mark())
}

/// The tally counts the messages; its sample holds each connection once.
fn say(case: &Case<'_>) -> Option<Said> {
    let connections = case.tally.sample.len() as u64;
    let each = case.n() / connections.max(1);
    if each < SOME {
        return None;
    }
    let longest = case.tally.sample.values().map(|sample| sample.duration_ns).max().unwrap_or(0);
    let much = each > MANY || longest > VERY_LONG_NS;
    let message = format!(
        "{} {} {} in one trace each{}",
        count(connections, "connection"),
        if connections == 1 { "holds" } else { "hold" },
        count(case.n(), "span"),
        case.by()
    );
    let severity = if much { Severity::Warning } else { Severity::Info };
    let said = Said::firm(severity, if much { 0.75 } else { 0.50 }, message);
    Some(
        said.because(format!(
            "`{}` was open for {}",
            case.names(1).join(""),
            crate::model::time::duration(longest)
        ))
        .remedy("give each message a trace of its own, with a link to the span of the connection"),
    )
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn chat(messages: u64, open_ms: u64, words: &str) -> String {
        let lines =
            (0..messages).map(|i| format!("  message  s  internal  {}..{}\n", 100 + i * 100, 120 + i * 100));
        format!("/chat  s  server  0..{open_ms}  {words}\n{}", lines.collect::<String>())
    }

    #[test]
    fn a_hint_for_some_messages_a_warning_for_many() {
        let websocket = "network.protocol.name=websocket";
        assert_eq!(
            found("long-lived-connection-trace", &chat(12, 70_000, websocket)),
            ["info long-lived-connection-trace firm ×12"]
        );
        assert_eq!(
            found("long-lived-connection-trace", &chat(120, 70_000, websocket)),
            ["warning long-lived-connection-trace firm ×120"]
        );
    }

    #[test]
    fn a_status_of_101_is_a_connection_too() {
        let upgraded = "http.request.method=GET url.path=/ws http.response.status_code=101";
        assert_eq!(
            found("long-lived-connection-trace", &chat(12, 70_000, upgraded)),
            ["info long-lived-connection-trace firm ×12"]
        );
    }

    #[test]
    fn silent_for_short_ones_and_for_slow_requests() {
        assert_eq!(
            found("long-lived-connection-trace", &chat(12, 9_000, "network.protocol.name=websocket")),
            [""; 0]
        );
        assert_eq!(found("long-lived-connection-trace", &chat(12, 70_000, "get=/report")), [""; 0]);
        assert_eq!(
            found("long-lived-connection-trace", &chat(3, 70_000, "network.protocol.name=websocket")),
            [""; 0]
        );
    }
}
