//! What to do while no log record has arrived, and what became of metrics.

use super::{Cx, empty};
use crate::tui::keymap::Action;
use crate::tui::output::Output;
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;

const PYTHON: (&str, &str) = ("Python", "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true");
/// How each language's logs reach its SDK.
const BRIDGES: &[(&str, &str)] = &[
    PYTHON,
    ("Java", "the agent sends what Logback and Log4j log by itself"),
    ("Node.js", "instrumentation of pino, winston or bunyan, and NodeSDK"),
    (".NET", "builder.Logging.AddOpenTelemetry(o => o.AddOtlpExporter())"),
    ("Go", "a bridge for slog, zap or logrus, and otlploghttp"),
    ("Rust", "opentelemetry-appender-tracing and opentelemetry-otlp"),
];

/// What became of metrics, where some came.
pub fn metrics(cx: &Cx<'_>) -> Option<String> {
    let metrics = cx.session.store.counters().unshown.metrics;
    (metrics > 0).then(|| {
        format!(
            "{} came, were answered and counted; otoscope does not show metrics",
            text::plural(metrics, "metric")
        )
    })
}

/// Draws what to do.
pub fn draw(area: Rect, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let lines = lines(cx);
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 3;
    let left = area.x + (area.width / 10).clamp(1, 12);
    for (y, line) in (top..area.bottom()).zip(lines) {
        pen.line(left, y, area.right().saturating_sub(left), &line);
    }
}

/// While a command, which was told where to send, has sent no log record.
fn running<'a>(output: &'a Output, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let (plain, dim, key) = (Style::new(), cx.look.style(Role::Dim), cx.look.style(Role::Key));
    let line = |words: String, style: Style| vec![part(words, style)];
    let name = text::fit(output.name(), 30, cx.look.symbols.ellipsis);
    let lead = format!("No log record of `{name}` has arrived.");
    let mut lines = vec![line(lead, cx.look.style(Role::TitleFocused)), Vec::new()];
    let of =
        |(language, _): &&(&str, &str)| output.instrumented().language().is_none_or(|it| it == *language);
    let bridges: Vec<_> = BRIDGES.iter().filter(of).collect();
    if bridges.iter().any(|(language, _)| *language == PYTHON.0) {
        lines.push(line(
            "It was told where to send. Python asks for more: quit, and start with".to_owned(),
            plain,
        ));
        lines.push(line("  export OTEL_LOGS_EXPORTER=otlp".to_owned(), key));
        lines.push(line(format!("  export {}", PYTHON.1), key));
        lines.push(Vec::new());
    }
    if bridges.iter().any(|bridge| **bridge != PYTHON) || bridges.is_empty() {
        lines.push(line("What the app logs reaches its SDK by a bridge:".to_owned(), plain));
        for (language, bridge) in bridges.into_iter().filter(|bridge| **bridge != PYTHON) {
            lines.push(vec![part(format!("  {language:<8} "), plain), part(*bridge, dim)]);
        }
        let again = cx.keys.name_of(Action::Restart, cx.look.symbols);
        lines.push(line(format!("{again} starts the app again, once it has one."), plain));
        lines.push(Vec::new());
    }
    lines.extend(metrics(cx).map(|words| line(words, dim)));
    lines
}

fn lines<'a>(cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let (plain, dim, key) = (Style::new(), cx.look.style(Role::Dim), cx.look.style(Role::Key));
    let line = |words: String, style: Style| vec![part(words, style)];
    let mut lines = Vec::new();
    let evicted = cx.session.store.counters().evicted_logs;
    if evicted > 0 {
        let words = format!("{} evicted at the memory limit", text::plural(evicted, "log record"));
        lines.extend([line(words, cx.look.style(Role::Warning)), Vec::new()]);
    }
    let deleted = cx.session.store.counters().deleted_logs;
    if deleted > 0 {
        let were = if deleted == 1 { "was" } else { "were" };
        let words = format!("{} {were} deleted.", text::plural(deleted, "log record"));
        lines.extend([line(words, plain), Vec::new()]);
    }
    let gone = evicted + deleted > 0;
    match &cx.status.feed {
        Feed::Replay { done: true, .. } if gone => {}
        Feed::Replay { name, done } => {
            // As short as in the header.
            let file = name.rsplit('/').next().unwrap_or(name);
            let words = if *done {
                format!("There is no log record in {file}.")
            } else {
                format!("Reading {file} …")
            };
            lines.push(line(words, plain));
        }
        Feed::Live { grpc, http } => {
            if let Some(output) = cx.output {
                lines.extend(running(output, cx));
                return lines;
            }
            lines.push(line(
                format!(
                    "No log record has arrived{}. In the shell in which your app starts:",
                    if gone { " since" } else { "" }
                ),
                cx.look.style(Role::TitleFocused),
            ));
            lines.push(Vec::new());
            lines.push(line("  export OTEL_LOGS_EXPORTER=otlp".to_owned(), key));
            if let Some(address) = http.or(*grpc) {
                let endpoint = empty::reachable(address);
                lines.push(line(format!("  export OTEL_EXPORTER_OTLP_ENDPOINT=http://{endpoint}"), key));
            }
            lines.push(Vec::new());
            lines.push(line("What the app logs reaches its SDK by a bridge:".to_owned(), plain));
            lines.push(Vec::new());
            for (language, bridge) in BRIDGES {
                lines.push(vec![part(format!("  {language:<8} "), plain), part(*bridge, dim)]);
            }
        }
    }
    lines.push(Vec::new());
    lines.push(line(
        metrics(cx)
            .unwrap_or_else(|| "Metrics are answered and counted; otoscope does not show them.".to_owned()),
        dim,
    ));
    lines
}
