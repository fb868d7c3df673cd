//! What Python's `ConsoleSpanExporter` prints, as it is pasted from a terminal: between other output, indented,
//! behind the prefixes of `docker compose logs`, wrapped at the terminal's width, cut off at the end.

use super::{Format, Guess, headless, terminal};
use memchr::memmem;

/// Text of Python's console exporter.
pub(super) const FORMAT: Format = Format {
    name: "python-console",
    summary: "what Python's ConsoleSpanExporter prints, also between other output of a terminal",
    extensions: &["txt", "log", "out"],
    sniff,
    read: terminal::read,
    write: None,
};

/// What this way of printing spans leaves out.
pub(super) const REMARK: &str =
    "console text carries neither instrumentation scopes nor flags; where they matter, export OTLP";

fn sniff(head: &[u8]) -> Guess {
    let head = terminal::text(head);
    if has_spans(&head) { Guess::Sure } else { headless::guess(&head, &LINES) }
}

/// What is left of a span without its beginning; records of logs have nothing of it.
pub(super) const LINES: headless::Lines = headless::Lines {
    begins: headless::bracket,
    members: &[
        "    \"kind\": \"SpanKind.",
        "    \"parent_id\": ",
        "    \"start_time\": \"",
        "    \"end_time\": \"",
        "    \"status\": {",
        "    \"events\": [",
        "    \"links\": [",
        "    \"resource\": {",
    ],
};

/// Whether this text has an id as nobody else prints it.
pub(super) fn has_spans(text: &[u8]) -> bool {
    memmem::find_iter(text, b"\"trace_id\"").any(|at| {
        let after = text[at + 10..].trim_ascii_start();
        after.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"\"0x"))
    })
}
