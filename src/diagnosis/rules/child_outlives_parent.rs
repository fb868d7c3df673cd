//! A local child ends after its parent.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::rule::{On, OnPair, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::ParentLocality;
use crate::model::time::{EARLIEST_NS, duration};

/// The rule.
pub const RULE: Rule = Rule {
    id: "child-outlives-parent",
    code: "D4",
    severity: Severity::Info,
    enabled: false,
    summary: "a span ends after its parent of the same process",
    explain: "\
The span goes on after its parent of the same process has ended. Off unless asked for: it is how work that nobody waits
for looks, and in public traces of healthy systems 8 % of all edges inside of a process are like that.

Why it matters: the parent's duration is not the time until everything was done; if somebody did wait for the child,
the parent was ended too early.

How it is found: both spans are of one process, and the child ends later by more than the grain of the clock (1 ms; 2 ms
for JavaScript).

What looks alike and is fine: work in the background, streamed answers, connections that are closed afterwards.",
    fix: "End the parent after the work that it waits for; link work that it does not wait for instead.",
    code_fixes: &[
        ("nodejs", "`await` the work before `span.end()`"),
        ("python", "`await` or `join` the work inside of the `with` block of the parent"),
    ],
    references: &["https://opentelemetry.io/docs/specs/otel/trace/api/#span"],
    symptom_of: &[
        "merged-under-local-span",
        "request-inherits-finished-request",
        "background-loop-inherits-request",
        "implausible-time",
    ],
    on: On::Pair(OnPair { watch: Watch::EVERY, check, say }),
};

fn check(child: &Seen<'_>, parent: &Seen<'_>) -> Option<Mark> {
    let local = child.process == parent.process && child.locality() != ParentLocality::Remote;
    let late = child.record.end_ns > parent.record.end_ns + child.of_process.epsilon_ns;
    (local && late && parent.record.end_ns >= EARLIEST_NS).then(|| child.mark())
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    case.first()?;
    let n = case.n();
    let whose = if n == 1 { "ends after its parent" } else { "end after their parents" };
    let mut said = Said::firm(Severity::Info, 0.40, format!("{} {whose}{}", count(n, "span"), case.by()))
        .remedy("end the parent after the work that it waits for, or link the work instead");
    let overshoot = |(at, _)| {
        let parent = cx.parent(at)?;
        Some((cx.record(at).end_ns.saturating_sub(cx.record(parent).end_ns), at, parent))
    };
    if let Some((by, at, parent)) =
        case.held().filter_map(overshoot).max_by_key(|(by, at, _)| (*by, std::cmp::Reverse(at.0)))
    {
        let (name, above) = (cx.store.name(at), cx.store.name(parent));
        said = said.because(format!("`{name}` ends {} after `{above}`", duration(by)));
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "child-outlives-parent";

    #[test]
    fn hints_at_a_child_that_goes_on() {
        let sketch = "
            GET /a  s  server  10..30  get=/a
              mail  s  internal  20..90
        ";
        assert_eq!(found(RULE, sketch), ["info child-outlives-parent firm ×1"], "as asked for");
    }

    #[test]
    fn silent_within_the_grain_and_across_processes() {
        let sketch = "
            GET /a  s  server  10..30  get=/a
              write  s  internal  20..30.5
              GET  s  client  12..29  call=http://t/b
                GET /b  t  server  13..300  get=/b
        ";
        assert_eq!(found(RULE, sketch), [""; 0]);
    }
}
