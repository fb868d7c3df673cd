//! A parent in another process is marked as local: its context was made by hand.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::rule::{On, OnPair, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::ParentLocality;

/// The rule.
pub const RULE: Rule = Rule {
    id: "hand-made-remote-context",
    code: "C11",
    severity: Severity::Info,
    enabled: true,
    summary: "a parent in another service is marked as local",
    explain: "\
The flags of a span say that its parent was created in the same process, and the parent came from another service. Its
context was rebuilt by hand, without the mark that it is remote.

Why it matters: samplers decide differently for remote parents, and whoever reads the flags (this inspector too) takes
the two for one process.

How it is found: at least three spans of a scope whose parent was received from another service.

What looks alike and is fine: one process that sends under the names of several services.",
    fix: "Let a propagator extract the context, or set is_remote when a span context is made by hand.",
    code_fixes: &[
        ("python", "`SpanContext(trace_id, span_id, is_remote=True, …)`, or `TraceContextTextMapPropagator().extract(carrier)`"),
        ("nodejs", "`{ traceId, spanId, traceFlags, isRemote: true }`, or `propagation.extract(ROOT_CONTEXT, carrier)`"),
        ("java", "`SpanContext.createFromRemoteParent(…)` instead of `SpanContext.create(…)`"),
        ("go", "`trace.NewSpanContext(trace.SpanContextConfig{…, Remote: true})`, or `trace.ContextWithRemoteSpanContext`"),
        ("dotnet", "`new ActivityContext(traceId, spanId, flags, state, isRemote: true)`"),
        ("rust", "`SpanContext::new(trace_id, span_id, flags, true, state)`"),
    ],
    references: &["https://opentelemetry.io/docs/specs/otel/trace/api/#isremote"],
    symptom_of: &[],
    on: On::Pair(OnPair { watch: Watch::EVERY, check, say }),
};

const SPANS: u64 = 3;

fn check(child: &Seen<'_>, parent: &Seen<'_>) -> Option<Mark> {
    let says_local = child.locality() == ParentLocality::Local;
    (says_local && child.service != parent.service).then(|| child.mark_as(parent.service.0))
}

fn say(case: &Case<'_>) -> Option<Said> {
    let n = case.n();
    if n < SPANS {
        return None;
    }
    let message =
        format!("{} name a parent in another service and call it local{}", count(n, "span"), case.by());
    let mut said = Said::firm(Severity::Info, 0.60, message)
        .remedy("let a propagator extract the context, or mark it as remote where it is made by hand")
        .remedy("nothing, if one process sends under both names");
    for (parent, of) in case.tally.by_count().into_iter().take(3) {
        let name = case.cx.processes.service(crate::diagnosis::process::ServiceIx(parent));
        said = said.because(format!("{of} have their parent in {name}, they are of {}", case.service));
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn calls(n: u32, words: &str, callee: &str) -> String {
        (0..n).fold(String::new(), |all, i| {
            let at = i * 100;
            format!(
                "{all}GET  web  client  {at}..{}  call=http://shop/a trace={}\n  GET /a  {callee}  server  {}..{}  get=/a {words}\n",
                at + 40,
                1 + i,
                at + 10,
                at + 20
            )
        })
    }

    #[test]
    fn hints_at_remote_parents_that_are_marked_local() {
        assert_eq!(
            found("hand-made-remote-context", &calls(3, "local", "shop")),
            ["info hand-made-remote-context firm ×3"]
        );
    }

    #[test]
    fn silent_for_few_for_right_flags_for_none_and_within_a_service() {
        assert_eq!(found("hand-made-remote-context", &calls(2, "local", "shop")), [""; 0]);
        assert_eq!(found("hand-made-remote-context", &calls(5, "", "shop")), [""; 0]);
        assert_eq!(found("hand-made-remote-context", &calls(5, "noflags", "shop")), [""; 0]);
        let own = calls(5, "local resource.service.instance.id=b", "web");
        assert_eq!(found("hand-made-remote-context", &own), [""; 0], "a key may be too fine");
    }
}
