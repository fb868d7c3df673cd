//! A local child starts before its parent: two clocks, or times that were set by hand.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::rule::{On, OnPair, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::ParentLocality;
use crate::model::time::{EARLIEST_NS, duration};

/// The rule.
pub const RULE: Rule = Rule {
    id: "child-before-parent",
    code: "D5",
    severity: Severity::Warning,
    enabled: true,
    summary: "a span starts before its parent of the same process",
    explain: "\
The span names a parent of its own process that started after it. No code can run inside of something that has not
begun, so one of the two start times is wrong, or the wrong parent was taken.

Why it matters: waterfalls show it outside of its parent, and self times become negative.

How it is found: both spans are of one process, hence of one clock, and the child starts earlier by more than the
grain of that clock (1 ms; 2 ms for JavaScript). In 53,962 healthy public traces none of 1.9 million edges inside of a
process does.

What looks alike and is fine: a span whose start is given by hand, such as the time that a message waited in a queue;
parents in another process, whose clock may differ.",
    fix: "Pass start times to both spans or to neither. If the parent is another request's, see the merge rules first.",
    code_fixes: &[],
    references: &["open-telemetry/opentelemetry-js-contrib#1210", "open-telemetry/opentelemetry-js#5804"],
    symptom_of: &[
        "merged-under-local-span",
        "request-inherits-finished-request",
        "trace-id-collision",
        "implausible-time",
        "negative-duration",
    ],
    on: On::Pair(OnPair { watch: Watch::EVERY, check, say }),
};

fn check(child: &Seen<'_>, parent: &Seen<'_>) -> Option<Mark> {
    let local = child.process == parent.process
        && match child.locality() {
            ParentLocality::Local => true,
            // Of a service on many machines nothing tells that two spans share a clock.
            ParentLocality::Unknown => child.of_process.told_apart,
            ParentLocality::Remote | ParentLocality::Root => false,
        };
    let early = child.record.start_ns + child.of_process.epsilon_ns < parent.record.start_ns;
    // A start in another unit is another rule's.
    (local && early && child.record.start_ns >= EARLIEST_NS).then(|| child.mark())
}

fn say(case: &Case<'_>) -> Option<Said> {
    let n = case.n();
    let verb = if n == 1 { "starts before its parent" } else { "start before their parents" };
    let message = format!("{} {verb} in the same process{}", count(n, "span"), case.by());
    let (key, first) = case.first()?;
    let name = case.cx.store.text(first.name).unwrap_or_default();
    let mut said = Said::firm(Severity::Warning, 0.80, message)
        .remedy("pass start times to both spans or to neither, and take them from one clock");
    let store = case.cx.store;
    let span = store.find_trace(key.1).and_then(|trace| store.find_span(trace, key.2));
    if let Some(parent) = span.and_then(|span| store.slot(span).parent()) {
        let lead = store.record(parent).start_ns.saturating_sub(key.0);
        said = said.because(format!("`{name}` starts {} before `{}`", duration(lead), store.name(parent)));
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    #[test]
    fn fires_for_a_child_of_the_same_process() {
        let sketch = "
            GET /a  s  server  10..30  get=/a
              query  s  client  4..12
        ";
        assert_eq!(found("child-before-parent", sketch), ["warning child-before-parent firm ×1"]);
    }

    #[test]
    fn silent_within_the_grain_of_the_clock_and_across_processes() {
        let grain = "
            GET /a  s  server  10..30  get=/a
              query  s  client  9.5..12
        ";
        assert_eq!(found("child-before-parent", grain), [""; 0]);
        let skewed = "
            GET  web  client  10..30  call=http://s/a
              GET /a  s  server  4..22  get=/a
        ";
        assert_eq!(found("child-before-parent", skewed), [""; 0]);
        let pods = "
            GET /a  s  server  10..30  get=/a noflags
              query  s  client  4..12  noflags
        ";
        assert_eq!(found("child-before-parent", pods), [""; 0], "perhaps on two machines");
        let one = pods.replace("noflags", "noflags resource.service.instance.id=a");
        assert_eq!(found("child-before-parent", &one), ["warning child-before-parent firm ×1"]);
    }
}
