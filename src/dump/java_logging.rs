//! What Java's exporters write to the log. `logging-otlp` and `experimental-otlp/stdout` print OTLP/JSON, a document a
//! line, which [`console_objects`](super::console_objects) reads. `logging` and `console` print
//! `'name' : traceid spanid KIND [tracer: scope:version] attributes` (opentelemetry-java, `LoggingSpanExporter`):
//! neither parents nor times. Taken as spans, every one of them would be a root without a duration, and be accused of
//! it; so they are counted, and it is said what to set instead.

use super::console_objects::is_otlp;
use super::terminal::{self, Printer, Sink};
use super::{Format, Guess};
use memchr::memmem;
use std::ops::ControlFlow;

/// Text of Java's logging exporters.
pub(super) const FORMAT: Format = Format {
    name: "java-logging",
    summary: "what Java's `logging-otlp` exporter logs, also between other lines of a log",
    extensions: &["txt", "log", "out"],
    sniff,
    read: terminal::read,
    write: None,
};

const REASON: &str = "a span of Java's `logging` exporter, printed without its parent and its times: \
     set OTEL_TRACES_EXPORTER=logging-otlp";

fn sniff(head: &[u8]) -> Guess {
    let head = &*terminal::text(head);
    let mut lines = head.split(|b| *b == b'\n');
    let documents =
        || is_otlp(head) && head.split(|b| *b == b'\n').any(|line| is_otlp(line) && has_prefix(line));
    if lines.any(is_span) || documents() { Guess::Sure } else { Guess::No }
}

/// Whether other text stands before the document of this line.
fn has_prefix(line: &[u8]) -> bool {
    let Some(bracket) = memchr::memchr(b'{', line) else { return false };
    let before = line[..bracket].trim_ascii();
    before.iter().any(|b| !matches!(b, b'[' | b',' | b'{' | 0xef | 0xbb | 0xbf)) && !before.contains(&b'"')
}

/// Whether this line is a span of the `logging` exporter.
fn is_span(line: &[u8]) -> bool {
    let Some(tracer) = memmem::find(line, b" [tracer: ") else { return false };
    let mut words = line[..tracer].rsplit(|b| *b == b' ');
    let (kind, span, trace) = (words.next(), words.next(), words.next());
    let hex = |word: Option<&[u8]>, digits| {
        word.is_some_and(|word| word.len() == digits && word.iter().all(u8::is_ascii_hexdigit))
    };
    hex(trace, 32) && hex(span, 16) && kind.is_some_and(|kind| kind.iter().all(u8::is_ascii_uppercase))
}

/// Counts the spans of the `logging` exporter.
pub(super) struct JavaLines;

impl Printer for JavaLines {
    fn line(&mut self, line: &[u8], number: u64, sink: &mut Sink<'_, '_>) -> ControlFlow<()> {
        if is_span(line) {
            sink.reject(number, REASON);
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: &mut Sink<'_, '_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_logging_exporter_are_known() {
        let span = "INFO: 'GET /cart' : 7665db79fe37190cd760141ae821eb49 6d04c2831f31cdd8 SERVER [tracer: shop.http:0.1.0] {}";
        assert!(is_span(span.as_bytes()));
        assert!(!is_span(b"[main] INFO x [tracer: shop]"));
        assert!(has_prefix(b"INFO: {\"resource\":{},\"scopeSpans\":[]}"));
        assert!(!has_prefix(b"[{\"resourceSpans\":[]}") && !has_prefix(b"\"resourceSpans\": ["));
    }
}
