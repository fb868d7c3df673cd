//! What to do while no log record has arrived, and what became of metrics.

use super::{Cx, empty};
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How each language's logs reach its SDK.
const BRIDGES: &[(&str, &str)] = &[
    ("Python", "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true"),
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

fn lines<'a>(cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let (plain, dim, key) = (Style::new(), cx.look.style(Role::Dim), cx.look.style(Role::Key));
    let line = |words: String, style: Style| vec![part(words, style)];
    let mut lines = Vec::new();
    let evicted = cx.session.store.counters().evicted_logs;
    if evicted > 0 {
        let words = format!("{} evicted at the memory limit", text::plural(evicted, "log record"));
        lines.extend([line(words, cx.look.style(Role::Warning)), Vec::new()]);
    }
    match &cx.status.feed {
        Feed::Replay { name, done } => {
            let words =
                if *done { format!("{name} holds no log record") } else { format!("reading {name} …") };
            lines.push(line(words, plain));
        }
        Feed::Live { grpc, http } => {
            lines.push(line(
                "No log record has arrived. In the shell in which your app starts:".to_owned(),
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
