//! A span ends before it starts: two clocks were mixed.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::time::{EARLIEST_NS, duration};

/// The rule.
pub const RULE: Rule = Rule {
    id: "negative-duration",
    code: "D1",
    severity: Severity::Error,
    enabled: true,
    summary: "a span ends before it starts",
    explain: "\
The end of the span lies before its start. Its two times come from different clocks, most often a monotonic clock
that was anchored to the wall clock once, and a wall clock read.

Why it matters: durations, percentiles and critical paths that contain the span are wrong, and many back ends drop it
or show it as centuries long.

How it is found: end before start.

What looks alike and is fine: nothing does.",
    fix: "\
Take start and end from one clock: give the SDK neither, or both. The JavaScript SDK had the bug itself in 1.7.0
(browsers; 1.8.0 has the fix).",
    code_fixes: &[],
    references: &[
        "open-telemetry/opentelemetry-js#3355",
        "open-telemetry/opentelemetry-js#3279",
        "open-telemetry/opentelemetry-js-contrib#1209",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None, watch: Watch::EVERY, check, excused_by: None, say }),
};

fn check(span: &Seen<'_>) -> Option<Mark> {
    // An end that is missing, or in another unit, is another rule's.
    (EARLIEST_NS..span.record.start_ns).contains(&span.record.end_ns).then(|| span.mark())
}

fn say(case: &Case<'_>) -> Option<Said> {
    let n = case.n();
    let verb = if n == 1 { "ends before it starts" } else { "end before they start" };
    let message = format!("{} {verb}{}", count(n, "span"), case.by());
    let mut said = Said::firm(Severity::Error, 0.99, message)
        .remedy("take start and end from one clock: pass neither to the SDK, or both");
    let (at, first) = case.first()?;
    let record = case.cx.store.find_trace(at.1).and_then(|trace| case.cx.store.find_span(trace, at.2));
    if let Some(record) = record.map(|span| case.cx.store.record(span)) {
        let name = case.cx.store.text(first.name).unwrap_or_default();
        let by = duration(record.start_ns.saturating_sub(record.end_ns));
        said = said.because(format!("`{name}` ends {by} before its start"));
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    #[test]
    fn fires_when_the_end_lies_before_the_start() {
        let sketch = "
            GET /a  s  server  0..30  get=/a
              render  s  internal  20..12
        ";
        assert_eq!(found("negative-duration", sketch), ["error negative-duration firm ×1"]);
    }

    #[test]
    fn silent_for_no_duration_at_all() {
        assert_eq!(found("negative-duration", "GET /a  s  server  7..7  get=/a"), [""; 0]);
    }
}
