//! A timer or loop that a request happened to start goes on recording into that request's trace.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::emitters::EmitterIx;
use crate::diagnosis::aggregate::late::Series;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::finding::{Culprit, CulpritClass};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::TraceId;
use crate::model::time::duration;
use crate::store::SpanIx;
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "background-loop-inherits-request",
    code: "B8",
    severity: Severity::Warning,
    enabled: true,
    summary: "a loop in the background records into the trace of the request that started it, long after that has ended",
    explain: "\
Spans of one name go on starting under a request that has ended. The request happened to start a timer, a poller, a
reconnecting stream or a worker, which captured its context and keeps it.

Why it matters: the request's trace never ends and seems to take minutes, and the work of the loop is charged to one
user's request.

How it is found: five spans or more of one scope and name that start after their parent, and the request around it, had
ended: at regular intervals and for more than half a minute, or twenty and more over ten seconds, or after each of
three requests alike.

What looks alike and is fine: work that continues a little after the response; retries with growing pauses; delayed jobs.",
    fix: "Start workers, timers and streams with an empty context, or a root span of their own with a link to the request.",
    code_fixes: &[
        ("python", "`contextvars.Context().run(start)`, or `asyncio.create_task(loop(), context=contextvars.Context())`"),
        ("nodejs", "`context.with(ROOT_CONTEXT, () => setInterval(…))`"),
        ("java", "`try (Scope s = Context.root().makeCurrent()) { executor.schedule(…); }`"),
        ("go", "start the goroutine with `context.Background()` instead of the request's context"),
        ("dotnet", "`using (ExecutionContext.SuppressFlow()) { timer = new Timer(…); }`"),
    ],
    references: &[
        "open-feature/js-sdk-contrib#1522",
        "ogx-ai/ogx#5168",
        "open-telemetry/opentelemetry-specification#3144",
        "open-telemetry/opentelemetry-js#4001",
    ],
    symptom_of: &["merged-under-local-span", "request-inherits-finished-request"],
    on: On::Aggregate(look),
};

const SOME: u64 = 5;
const MANY: u64 = 20;
/// A timer goes on for longer than this after the request, nanoseconds.
const LONG_AFTER_NS: u64 = 30_000_000_000;
const SOME_TIME_NS: u64 = 10_000_000_000;
/// Requests after each of which the same work goes on.
const REQUESTS: usize = 3;
/// How far up the request is looked for.
const STEPS: usize = 64;

/// A series under the request that had ended.
struct Loop<'a> {
    trace: TraceId,
    series: &'a Series,
    request: SpanIx,
    /// From the request's end to the last start.
    after_ns: u64,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut by_work: BTreeMap<(EmitterIx, u32), Vec<Loop<'_>>> = BTreeMap::new();
    for ((trace, emitter, name), series) in &cx.gathered.late.series {
        if series.n >= SOME
            && let Some(found) = under_request(cx, *trace, series)
        {
            by_work.entry((*emitter, *name)).or_default().push(found);
        }
    }
    for ((emitter, name), loops) in by_work {
        let again = loops.iter().filter(|one| {
            let lasted = cx.store.record(one.request).duration_ns();
            one.after_ns > 1_000_000_000.max(lasted.saturating_mul(10))
        });
        let again = again.count() >= REQUESTS;
        let goes_on: Vec<&Loop<'_>> = loops.iter().filter(|one| again || goes_on(one)).collect();
        let Some(first) = goes_on.iter().min_by_key(|one| (one.series.sample.keys().next(), one.trace))
        else {
            continue;
        };
        let emitter = cx.gathered.emitters.get(emitter);
        let scope = cx.store.scope(emitter.scope);
        let work = cx.store.text(name).unwrap_or_default();
        let n: u64 = goes_on.iter().map(|one| one.series.n).sum();
        let request = cx.store.name(first.request);
        let longest = goes_on.iter().map(|one| one.after_ns).max().unwrap_or(0);
        let message = format!(
            "`{work}` goes on in the trace of a request that had ended: {}, the last {} after it",
            count(n, "span"),
            duration(longest)
        );
        let mut said = Said::firm(Severity::Warning, 0.80, message).because(format!(
            "`{request}` took {}, `{work}` has started every {} since",
            duration(cx.store.record(first.request).duration_ns()),
            duration(first.series.period_ns())
        ));
        if goes_on.len() > 1 {
            said = said.because(format!("after {} alike", count(goes_on.len() as u64, "request")));
        }
        let said =
            said.remedy("start the timer, poller or worker with an empty context, not in that of a request");
        let spans = goes_on.iter().flat_map(|one| {
            let trace = one.trace;
            one.series.sample.keys().map(move |(_, span)| (trace, *span))
        });
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(spans, n);
        claim.scope = Some(scope.clone());
        claim.language.clone_from(&emitter.language);
        work.clone_into(&mut claim.subject);
        let record = cx.store.record(first.request);
        let of_request = cx.store.scope(record.scope);
        claim.culprit = Some(Culprit {
            span_id: record.span_id,
            name: Some(request.into_owned()),
            kind: Some(record.kind()),
            scope: Some(of_request.name.clone()),
            scope_version: Some(of_request.version.clone()),
            received: true,
            class: CulpritClass::PreviousRequest,
            open_at_least_ns: None,
            others: 0,
        });
        out.push(claim);
    }
}

/// The request that a series is recorded under, if all of the earliest started after its end.
fn under_request<'a>(cx: &Cx<'_>, trace: TraceId, series: &'a Series) -> Option<Loop<'a>> {
    let ((start, id), at) = series.sample.first_key_value()?;
    // A slot may hold another span after an eviction.
    let held = cx.store.find_trace(trace).and_then(|trace| cx.store.find_span(trace, *id))?;
    if held != *at {
        return None;
    }
    let request = cx.chains.owner(cx.store, cx.processes, held, STEPS)?;
    let ended = cx.store.record(request).end_ns;
    let after_ns = series.last_start_ns.checked_sub(ended)?;
    (*start > ended).then_some(Loop { trace, series, request, after_ns })
}

fn goes_on(one: &Loop<'_>) -> bool {
    let regular = one.series.irregularity() < 0.5;
    regular && one.after_ns > LONG_AFTER_NS || one.series.n >= MANY && one.after_ns > SOME_TIME_NS
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, found};

    fn poller(turns: u64, gap: impl Fn(u64) -> u64) -> String {
        let mut at = 500;
        let lines = (0..turns).map(|i| {
            at += gap(i);
            format!("  poll  s  client  {at}..{}  call=http://flags/stream\n", at + 20)
        });
        format!("GET /a  s  server  0..100  get=/a\n{}", lines.collect::<String>())
    }

    #[test]
    fn fires_for_a_timer_in_any_order() {
        let sketch = poller(12, |_| 3_000);
        assert_eq!(
            found("background-loop-inherits-request", &sketch),
            ["warning background-loop-inherits-request firm ×12"]
        );
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..20 {
            let mut batches = by_end(&sketch);
            rng.shuffle(&mut batches);
            let mut bench = Bench::default();
            bench.take(batches).finish();
            assert_eq!(bench.findings(), ["warning background-loop-inherits-request firm ×12"]);
        }
    }

    #[test]
    fn fires_after_each_of_three_requests() {
        let one = |trace: u64| poller(6, |_| 900).replace("get=/a\n", &format!("get=/a trace={trace}\n"));
        let sketch: String = (1..4).map(one).collect();
        assert_eq!(
            found("background-loop-inherits-request", &sketch),
            ["warning background-loop-inherits-request firm ×18"]
        );
    }

    #[test]
    fn silent_for_retries_with_growing_pauses_and_for_a_little_work_after_the_response() {
        assert_eq!(found("background-loop-inherits-request", &poller(7, |i| 200 << i)), [""; 0]);
        assert_eq!(found("background-loop-inherits-request", &poller(8, |_| 100)), [""; 0]);
    }

    #[test]
    fn silent_as_long_as_the_request_runs() {
        let mut groups = crate::testkit::spans(&poller(12, |_| 3_000));
        groups[0].spans[0].end_ns = 0;
        let mut bench = Bench::default();
        bench.take(crate::testkit::batches(&groups)).finish();
        assert_eq!(bench.list(|finding| finding.rule.id == "background-loop-inherits-request"), [""; 0]);
    }

    #[test]
    fn silent_under_a_loop_of_its_own() {
        let sketch = poller(12, |_| 3_000).replace("server  0..100  get=/a", "internal  0..100");
        assert_eq!(found("background-loop-inherits-request", &sketch), [""; 0]);
    }
}
