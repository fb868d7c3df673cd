//! A span continues the trace of another process, but is INTERNAL.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{ParentLocality, SpanKind};
use crate::store::SpanIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "internal-with-remote-parent",
    code: "A10",
    severity: Severity::Info,
    enabled: true,
    summary: "a span continues the trace of another process and is INTERNAL",
    explain: "\
The span's parent came out of a propagator, so the span is where a process takes up the work of another one. The
receiving end of such an edge is SERVER or CONSUMER; this one is INTERNAL.

Why it matters: what a service was asked to do is counted by SERVER and CONSUMER spans.

How it is found: the flags say that the parent is remote. Spans that other rules judge by their attributes (HTTP, RPC,
messages, functions) are left to those.

What looks alike and is fine: a context that is handed on inside of one process in a carrier; a program that takes its
parent from the environment (TRACEPARENT) once; tasks of a workflow engine.",
    fix: "Start the span that takes the context in with kind SERVER, or CONSUMER where it comes out of a queue.",
    code_fixes: &[
        ("python", "`tracer.start_as_current_span(name, context=extract(carrier), kind=SpanKind.SERVER)`"),
        ("nodejs", "`tracer.startActiveSpan(name, { kind: SpanKind.SERVER }, propagation.extract(ROOT_CONTEXT, carrier), …)`"),
        ("java", "`spanBuilder(name).setParent(context).setSpanKind(SpanKind.SERVER)`"),
        ("go", "`tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))`"),
        ("dotnet", "`source.StartActivity(name, ActivityKind.Server, parentContext)`"),
        ("rust", "with `tracing`: a field `otel.kind = \"server\"` on the span whose parent is set"),
    ],
    references: &["https://opentelemetry.io/docs/specs/otel/trace/api/#spankind"],
    symptom_of: &["merged-under-local-span", "service-without-entry-kind"],
    on: On::Span(OnSpan { expects: None, watch: Watch::EVERY.kinds(&[SpanKind::Internal]), check, excused_by: None, say }),
};

/// A hand-off now and then is nobody's interface.
const ENOUGH: u64 = 5;

fn check(span: &Seen<'_>) -> Option<Mark> {
    let remote = span.locality() == ParentLocality::Remote;
    let own = matches!(span.role, Role::Other | Role::DatabaseOut | Role::GraphQl | Role::GenAi);
    let engine = span.scope.conditional_kind || span.scope.tasks || span.scope.command_line;
    (remote && own && !engine).then(|| span.mark())
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    // Programs that take their parent from the environment do so once each.
    let service = case.emitter.service;
    let processes = cx.processes.iter().filter(|(_, process)| process.service_ix == service).count() as u64;
    if case.n() < ENOUGH || case.n() <= 2 * processes {
        return None;
    }
    let handed_on = |at: SpanIx| cx.parent(at).is_some_and(|parent| cx.same_process(at, parent));
    let held: Vec<SpanIx> = case.held().map(|(at, _)| at).collect();
    let taken: Vec<SpanIx> = held.iter().copied().filter(|at| !handed_on(*at)).collect();
    if !held.is_empty() && taken.len() * 2 <= held.len() {
        return None;
    }
    let message = format!(
        "{} continue the trace of another process and are INTERNAL{}",
        count(case.n(), "span"),
        case.by()
    );
    let mut said = Said::firm(Severity::Info, 0.50, message);
    if let Some(at) = taken.first() {
        let name = cx.store.name(*at);
        said = said.because(match cx.parent(*at) {
            Some(parent) => {
                format!("`{name}` continues `{}` of {}", cx.store.name(parent), cx.store.service(parent))
            }
            None => format!("the flags of `{name}` say that its parent, which was not received, is remote"),
        });
    }
    Some(said.remedy("start the span that takes the context in with kind SERVER, or CONSUMER for a queue"))
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "internal-with-remote-parent";

    fn times(n: usize, sketch: &str) -> String {
        let one = |i: usize| sketch.replace('@', &(i + 1).to_string());
        (0..n).map(one).collect()
    }

    const TAKEN: &str = "call  web  client  0..20  trace=@\n  handle  shop  internal  2..19  scope=own\n";

    #[test]
    fn fires_for_what_takes_a_context_in() {
        assert_eq!(found(RULE, &times(5, TAKEN)), ["info internal-with-remote-parent firm ×5"]);
        let lost = TAKEN.replace("trace=@", "lost trace=@");
        assert_eq!(found(RULE, &times(5, &lost)), ["info internal-with-remote-parent firm ×5"]);
    }

    #[test]
    fn silent_for_a_few_and_for_what_other_rules_judge() {
        assert_eq!(found(RULE, &times(4, TAKEN)), [""; 0]);
        for words in [
            "scope=opentelemetry.instrumentation.flask",
            "scope=temporal-sdk-go",
            "get=/a scope=own",
            "rpc.system=grpc",
            "messaging.operation.type=process",
            "process.command_args=x",
        ] {
            assert_eq!(found(RULE, &times(5, &TAKEN.replace("scope=own", words))), [""; 0], "{words}");
        }
    }

    #[test]
    fn silent_inside_of_a_process_and_for_children_of_a_script() {
        let inside = "POST  shop  server  0..20  trace=@\n  work  shop  internal  2..19  remote\n";
        assert_eq!(found(RULE, &times(5, inside)), [""; 0]);
        let script = TAKEN.replace("scope=own", "scope=own resource.service.instance.id=@");
        assert_eq!(found(RULE, &times(5, &script)), [""; 0]);
    }
}
