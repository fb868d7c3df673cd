//! Spans are used as log lines.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "zero-duration-flood",
    code: "D8",
    severity: Severity::Info,
    enabled: true,
    summary: "many spans of one name take no time at all",
    explain: "\
More than half of the spans of a name start and end at the same nanosecond and have no children: they record that
something happened, not that something took time.

Why it matters: a span costs an id, a parent and a place in the tree; an event or a log record says the same for less.

How it is found: at least 200 spans of one name, service and scope.

What looks alike and is fine: short spans of a process whose clock has a coarse grain (coarse-clock).",
    fix: "Write a log record, which carries the trace context anyway, or an event on the span that is current.",
    code_fixes: &[
        ("python", "`logger.info(…)` with the logging instrumentation, or `trace.get_current_span().add_event(name, attributes)`"),
        ("nodejs", "`trace.getActiveSpan()?.addEvent(name, attributes)`"),
        ("java", "`Span.current().addEvent(name, attributes)`"),
        ("go", "`trace.SpanFromContext(ctx).AddEvent(name)`"),
        ("dotnet", "`Activity.Current?.AddEvent(new ActivityEvent(name))`"),
        ("rust", "`tracing::info!(…)` inside of the span, not a span of its own"),
    ],
    references: &["https://opentelemetry.io/docs/specs/otel/trace/api/#add-events"],
    symptom_of: &["coarse-clock"],
    on: On::Aggregate(look),
};

const ENOUGH: u64 = 200;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for name in cx.gathered.durations.iter() {
        if name.spans < ENOUGH || name.zero * 2 <= name.spans || name.zero_children > 0 {
            continue;
        }
        let emitter = cx.gathered.emitters.get(name.emitter);
        let own = |process: &crate::diagnosis::process::Process| process.service_ix == emitter.service;
        let coarse = cx
            .processes
            .iter()
            .any(|(number, process)| own(process) && cx.gathered.clocks.grain(number).is_coarse());
        // Browsers blur their clocks on purpose.
        if coarse || emitter.language == "webjs" {
            continue;
        }
        let scope = cx.store.scope(emitter.scope);
        let text = cx.store.text(name.name).unwrap_or_default();
        let message = format!("{} `{text}` take no time at all{}", count(name.zero, "span"), by_scope(scope));
        let said = Said::firm(Severity::Info, 0.60, message)
            .because(format!("{} of {} of this name, none with a child", name.zero, name.spans))
            .remedy("write a log record or an event on the current span instead");
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans([], name.zero);
        claim.scope = Some(scope.clone());
        claim.language.clone_from(&emitter.language);
        text.clone_into(&mut claim.subject);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "zero-duration-flood";

    fn lines(n: u64, more: &str) -> String {
        (0..n).map(|i| format!("line  s  internal  {i}.5..{i}.5  scope=x\n{more}")).collect()
    }

    #[test]
    fn fires_for_spans_that_are_log_lines() {
        assert_eq!(found(RULE, &lines(200, "")), ["info zero-duration-flood firm ×200"]);
    }

    #[test]
    fn silent_for_few_for_parents_and_for_coarse_clocks() {
        assert_eq!(found(RULE, &lines(199, "")), [""; 0]);
        assert_eq!(found(RULE, &lines(200, "  part  s  internal  1..2  scope=x\n")), [""; 0]);
        assert_eq!(found(RULE, &lines(200, "").replace(".5..", "..").replace(".5  ", "  ")), [""; 0]);
        let real: String = (0..400)
            .map(|i| format!("q  s  internal  {i}.5..{i}.{}  scope=x\n", if i % 2 == 0 { 5 } else { 6 }))
            .collect();
        assert_eq!(found(RULE, &real), [""; 0], "half of them take time");
    }
}
