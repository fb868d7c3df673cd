//! The kind of a span contradicts what it describes: RPC, functions, GraphQL, generative AI, MCP, commands, pipelines,
//! AWS.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, ParentLocality, SpanKind};
use crate::store::SpanIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "kind-mismatch-other",
    code: "A8",
    severity: Severity::Error,
    enabled: true,
    summary: "a span's kind contradicts what it describes (RPC, functions, GraphQL, AI, MCP, commands, pipelines, AWS)",
    explain: "\
Semantic conventions say which kind a span of an RPC, a function's invocation, a GraphQL operation, an operation of
generative AI, a request of MCP, a command, a pipeline or an AWS call has. This one has another.

Why it matters: back ends compute request rates from SERVER spans and dependencies from CLIENT spans; a span of another
kind is missing from both.

How it is found: by a table of attributes and kinds. An error only for an INTERNAL RPC whose side is certain: its
parent came from another process (it serves), or what it called continued the trace (it calls). All else is a hint.

What looks alike and is fine: models and agents that run inside of the process (INTERNAL); an INTERNAL span around, or
inside of, one of the right kind; most of these conventions are still in development.",
    fix: "Upgrade the instrumentation, or start the span with the kind that the convention names.",
    code_fixes: &[
        ("python", "`tracer.start_as_current_span(name, kind=SpanKind.SERVER)`, or CLIENT on the calling side"),
        ("nodejs", "`tracer.startActiveSpan(name, { kind: SpanKind.SERVER }, …)`, or CLIENT on the calling side"),
        ("java", "`tracer.spanBuilder(name).setSpanKind(SpanKind.SERVER)`, or CLIENT on the calling side"),
        ("go", "`trace.WithSpanKind(trace.SpanKindServer)`, or SpanKindClient on the calling side"),
        ("dotnet", "`source.StartActivity(name, ActivityKind.Server)`, or Client on the calling side"),
        ("rust", "with `tracing`: a field `otel.kind = \"server\"`, or `\"client\"` on the calling side"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/",
        "https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/",
        "https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/",
        "https://opentelemetry.io/docs/specs/semconv/cli/cli-spans/",
        "https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/",
        "open-telemetry/opentelemetry-java-instrumentation#7342",
    ],
    symptom_of: &["merged-under-local-span", "request-inherits-finished-request"],
    on: On::Span(OnSpan { expects: None, watch: Watch::keys(KEYS), check, excused_by: Some(carries_out), say }),
};

const KEYS: KeySet = KeySet::of(&[
    Key::RpcSystem,
    Key::FaasTrigger,
    Key::FaasInvocation,
    Key::FaasInvoked,
    Key::GraphqlOperation,
    Key::GenAiOperation,
    Key::McpMethod,
    Key::RakeTask,
    Key::ProcessCommand,
    Key::Cicd,
]);

/// A row of the table.
struct Row {
    /// What it is called in a sentence, in the singular.
    what: &'static str,
    is: fn(&Seen<'_>) -> bool,
    wrong: &'static [SpanKind],
    demanded: &'static str,
    confidence: f64,
}

const NO_SIDE: &[SpanKind] = &[SpanKind::Internal, SpanKind::Unspecified];
/// The row of RPCs: the only one whose side is looked for.
const RPC: u32 = 0;

/// A mark's detail is a place in here.
const ROWS: &[Row] = &[
    Row {
        what: "RPC",
        is: |span| span.role == Role::RpcEither && !span.has(Key::AwsApi),
        wrong: NO_SIDE,
        demanded: "SERVER or CLIENT",
        confidence: 0.90,
    },
    Row {
        what: "AWS call",
        is: |span| span.role == Role::RpcEither && span.has(Key::AwsApi),
        wrong: NO_SIDE,
        demanded: "CLIENT",
        confidence: 0.60,
    },
    Row {
        what: "function invocation",
        is: |span| span.role == Role::FaasIn,
        wrong: &[SpanKind::Internal, SpanKind::Unspecified, SpanKind::Client, SpanKind::Producer],
        demanded: "SERVER",
        confidence: 0.60,
    },
    Row {
        what: "call of a function",
        is: |span| span.role == Role::Other && span.has(Key::FaasInvoked),
        wrong: &[SpanKind::Internal, SpanKind::Unspecified, SpanKind::Server, SpanKind::Consumer],
        demanded: "CLIENT",
        confidence: 0.60,
    },
    Row {
        what: "GraphQL operation",
        is: |span| span.role == Role::GraphQl,
        wrong: NO_SIDE,
        demanded: "SERVER",
        confidence: 0.40,
    },
    Row {
        what: "AI operation",
        is: |span| span.role == Role::GenAi,
        wrong: &[SpanKind::Server, SpanKind::Producer, SpanKind::Consumer],
        demanded: "CLIENT, or INTERNAL inside of the process",
        confidence: 0.50,
    },
    Row {
        what: "MCP request",
        is: |span| span.role == Role::Mcp,
        wrong: &[SpanKind::Internal, SpanKind::Unspecified, SpanKind::Producer, SpanKind::Consumer],
        demanded: "SERVER or CLIENT",
        confidence: 0.40,
    },
    Row {
        what: "command",
        is: |span| span.role == Role::Cli && (span.scope.command_line || span.has(Key::RakeTask)),
        wrong: &[SpanKind::Server, SpanKind::Producer, SpanKind::Consumer],
        demanded: "INTERNAL, or CLIENT where another program is started",
        confidence: 0.50,
    },
    Row {
        what: "pipeline run or task",
        is: |span| span.role == Role::Pipeline,
        wrong: &[SpanKind::Client, SpanKind::Producer, SpanKind::Consumer],
        demanded: "SERVER for a run, INTERNAL for a task",
        confidence: 0.50,
    },
];

fn check(span: &Seen<'_>) -> Option<Mark> {
    let kind = span.kind();
    let row = ROWS.iter().position(|row| row.wrong.contains(&kind) && (row.is)(span))?;
    Some(span.mark_as(row as u32))
}

/// A span of the right kind inside of one of the same sort: the outer one is a wrapper.
fn carries_out(child: &Seen<'_>, parent: &Seen<'_>) -> bool {
    let right = matches!(child.kind(), SpanKind::Client | SpanKind::Server);
    right
        && child.process == parent.process
        && child.locality() != ParentLocality::Remote
        && child.record.keys.any(parent.record.keys.and(KEYS))
}

/// Which side of an RPC a span is on, as far as its neighbours tell.
fn side(cx: &Cx<'_>, at: SpanIx) -> Option<&'static str> {
    let elsewhere = cx.parent(at).is_none_or(|parent| !cx.same_process(at, parent));
    if cx.record(at).locality() == ParentLocality::Remote && elsewhere {
        return Some("SERVER");
    }
    cx.was_continued(at).then_some("CLIENT")
}

/// Whether a span is a part of one of the same sort and of the right kind.
fn is_part(cx: &Cx<'_>, at: SpanIx) -> bool {
    let sort = cx.record(at).keys.and(KEYS);
    cx.above(at).any(|above| {
        matches!(cx.kind(above), SpanKind::Client | SpanKind::Server) && cx.record(above).keys.any(sort)
    })
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    let mut parts: Vec<String> = Vec::new();
    let mut evidence = Vec::new();
    let (mut severity, mut confidence) = (Severity::Info, 0.0_f64);
    for (number, marked) in &case.tally.details {
        let Some(row) = ROWS.get(*number as usize) else { continue };
        let held: Vec<SpanIx> = case.held().filter(|(_, s)| s.detail == *number).map(|(at, _)| at).collect();
        let wrong: Vec<SpanIx> = held.iter().copied().filter(|at| !is_part(cx, *at)).collect();
        let mut demanded = row.demanded;
        let mut proof = None;
        if *number == RPC {
            proof = wrong.iter().find_map(|at| side(cx, *at).map(|side| (*at, side)));
            let Some((at, side)) = proof else { continue };
            demanded = side;
            severity = Severity::Error;
            evidence.push(match side {
                "SERVER" => {
                    format!("the parent of `{}` came from another process: it serves", cx.store.name(at))
                }
                _ => format!("what `{}` called continued the trace: it calls", cx.store.name(at)),
            });
        }
        if !held.is_empty() && wrong.is_empty() {
            continue;
        }
        let kind = wrong.first().map_or(row.wrong[0], |at| cx.kind(*at));
        let verb = if *marked == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} {kind} and should be {demanded}", count(*marked, row.what)));
        if let (Some(at), None) = (wrong.first(), proof) {
            evidence.push(format!("`{}` describes {} {}", cx.store.name(*at), article(row.what), row.what));
        }
        confidence = confidence.max(row.confidence);
    }
    if parts.is_empty() {
        return None;
    }
    let mut said = Said::firm(severity, confidence, format!("{}{}", parts.join(", "), case.by()));
    said.evidence = evidence;
    Some(
        said.remedy(
            "upgrade the instrumentation, or start these spans with the kind that the convention names",
        ),
    )
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['A', 'M', 'R']) && what.chars().nth(1).is_some_and(char::is_uppercase) {
        "an"
    } else {
        "a"
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "kind-mismatch-other";

    #[test]
    fn fires_for_an_rpc_whose_side_is_certain() {
        let serves = "
            Rate/Get  shop  client  0..20  rpc.system=grpc rpc.method=Get
              Rate/Get  rate  internal  2..19  rpc.system=grpc rpc.method=Get
        ";
        assert_eq!(found(RULE, serves), ["error kind-mismatch-other firm ×1"]);
        let calls = "
            Rate/Get  shop  internal  0..20  rpc.system=grpc rpc.method=Get
              Rate/Get  rate  server  2..19  rpc.system=grpc rpc.method=Get
        ";
        assert_eq!(found(RULE, calls), ["error kind-mismatch-other firm ×1"]);
    }

    #[test]
    fn silent_for_an_rpc_whose_side_is_not_and_for_parts_and_wrappers() {
        assert_eq!(found(RULE, "Rate/Get  shop  internal  0..20  rpc.system=grpc"), [""; 0]);
        let part = "
            Rate/Get  shop  client  0..20  rpc.system=grpc
              attempt  shop  internal  1..19  rpc.system=grpc
                Rate/Get  rate  server  2..18  rpc.system=grpc
        ";
        assert_eq!(found(RULE, part), [""; 0]);
        let wrapper = "
            getRate  shop  internal  0..20  rpc.system=grpc
              Rate/Get  shop  client  1..19  rpc.system=grpc
                Rate/Get  rate  server  2..18  rpc.system=grpc
        ";
        assert_eq!(found(RULE, wrapper), [""; 0]);
        let queue = "
            handle  rate  server  0..20  rpc.system=grpc
              inner  rate  internal  2..19  rpc.system=grpc remote
        ";
        assert_eq!(found(RULE, queue), [""; 0], "handed on inside of the process");
    }

    #[test]
    fn hints_by_the_table() {
        for (kind, words) in [
            ("internal", "rpc.system=aws-api"),
            ("internal", "faas.trigger=http"),
            ("internal", "faas.invoked_name=f"),
            ("internal", "graphql.operation.type=query"),
            ("server", "gen_ai.operation.name=chat"),
            ("internal", "mcp.method.name=tools/call"),
            ("server", "rake.task=jobs:work"),
            ("client", "cicd.pipeline.name=build"),
        ] {
            let sketch = format!("x  shop  {kind}  0..9  {words}");
            assert_eq!(found(RULE, &sketch), ["info kind-mismatch-other firm ×1"], "{kind} {words}");
        }
    }

    #[test]
    fn silent_for_what_the_conventions_say() {
        for (kind, words) in [
            ("client", "rpc.system=aws-api"),
            ("server", "faas.trigger=http"),
            ("consumer", "faas.trigger=pubsub"),
            ("client", "faas.invoked_name=f"),
            ("server", "graphql.operation.type=query"),
            ("client", "gen_ai.operation.name=chat"),
            ("internal", "gen_ai.operation.name=chat"),
            ("internal", "gen_ai.operation.name=execute_tool"),
            ("server", "mcp.method.name=tools/call"),
            ("internal", "rake.task=jobs:work"),
            ("server", "process.command_args=serve"),
            ("internal", "cicd.pipeline.task.name=test"),
            ("server", "cicd.pipeline.name=build"),
        ] {
            assert_eq!(found(RULE, &format!("x  shop  {kind}  0..9  {words}")), [""; 0], "{kind} {words}");
        }
    }
}
