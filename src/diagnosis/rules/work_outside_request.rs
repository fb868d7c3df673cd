//! Work done for a request is recorded in a trace of its own: its context was lost on the way.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::detached::{Busy, STRETCH_BITS};
use crate::diagnosis::aggregate::pool::SampleKey;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::finding::MAX_SPAN_IDS;
use crate::diagnosis::process::Process;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::share;
use std::collections::BTreeSet;

/// The rule.
pub const RULE: Rule = Rule {
    id: "work-outside-request",
    code: "C14",
    severity: Severity::Warning,
    enabled: true,
    summary: "work done for requests is recorded in traces of its own",
    explain: "\
Spans without a parent run while their own process handles requests, and hardly ever otherwise: they are work for
those requests, and their context was lost on the way to a thread pool, an executor, a spawned task or a queue inside
of the process.

Why it matters: the request's trace has a hole where its work was, and the work cannot be told by request.

How it is found: at least 80 % of the roots of one name start inside of a request of their process, inside of five
different ones at least, and that often by no chance: twice as often as the process is busy at all, and less likely
than one in ten thousand if they started at any time.

What looks alike and is fine: timers, pollers and start-up work that run beside requests (hence the comparison with
chance); roots that link to what caused them; a process that is always busy, where nothing can be told.",
    fix: "\
Carry the context to where the work is done: wrap the pool or the task, or start the span with the request's context
as its parent. If the work is meant to be apart, link its span to the request's.",
    code_fixes: &[
        ("python", "opentelemetry-instrumentation-threading, or `pool.submit(contextvars.copy_context().run, work)`; asyncio.create_task keeps it, run_in_executor does not"),
        ("nodejs", "`AsyncResource.bind(work)`, or `context.bind(context.active(), work)` before it is put into a queue or pool"),
        ("java", "`Context.taskWrapping(executor)`, or `Context.current().wrap(runnable)`"),
        ("go", "pass ctx to the goroutine; `context.WithoutCancel(ctx)` if it may outlive the request"),
        ("dotnet", "no `ExecutionContext.SuppressFlow` around the start; or `StartActivity(name, kind, parentContext)`"),
        ("rust", "`spawn(work.instrument(Span::current()))`, or `FutureExt::with_current_context`"),
        ("ruby", "`context = OpenTelemetry::Context.current`, and `OpenTelemetry::Context.with_current(context) { work }` in the thread"),
        ("php", "`$parent = Context::getCurrent()` before, `->setParent($parent)` on the span builder"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/context/",
        "open-telemetry/opentelemetry-python-contrib#1397",
        "open-telemetry/opentelemetry-js-contrib#213",
    ],
    symptom_of: &["merged-under-local-span"],
    on: On::Aggregate(look),
};

/// Fewer requests than this may be chance.
const REQUESTS: usize = 5;
const SHARE: f64 = 0.80;
/// Than the process is busy at all.
const TIMES_CHANCE: f64 = 2.0;
/// How likely it may be at most that it is chance.
const CHANCE: f64 = 1e-4;
/// How many requests that started before are looked at.
const LOOKED_BACK: usize = 64;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (process, busy) in cx.gathered.detached.processes() {
        let many = |(n, _): &(u64, _)| *n >= REQUESTS as u64;
        if busy.roots.values().any(many) && busy.entries.kept.len() >= REQUESTS {
            let process = cx.processes.get(process);
            let requests = Requests::of(busy, process);
            for ((scope, name), (n, pool)) in busy.roots.iter().filter(|(_, of_name)| many(of_name)) {
                let roots: Vec<(&SampleKey, u64)> =
                    pool.kept.iter().map(|(key, end_ns)| (key, *end_ns)).collect();
                let Some(inside) = requests.inside(busy, &roots) else { continue };
                out.push(claim(cx, process, (*scope, *name), *n, &inside));
            }
        }
    }
}

/// The requests of a process that are known, in order of start.
struct Requests<'a> {
    all: Vec<(&'a SampleKey, u64)>,
    /// Which share of the time at least one of them ran.
    busy: f64,
}

/// Roots that start inside of requests.
struct Inside<'a> {
    roots: Vec<&'a SampleKey>,
    /// Of these, those that end inside of it too.
    ended: usize,
    looked_at: usize,
    requests: usize,
    busy: f64,
}

impl<'a> Requests<'a> {
    fn of(busy: &'a Busy, process: &Process) -> Self {
        let mut all: Vec<(&SampleKey, u64)> =
            busy.entries.kept.iter().map(|(key, end_ns)| (key, *end_ns)).collect();
        all.sort_by_key(|(key, _)| (key.1, key.3));
        // Where all are known, the process's whole time counts, else only the stretches that are.
        let stretches: Vec<&[(&SampleKey, u64)]> = if busy.entries.is_whole() {
            vec![&all]
        } else {
            all.chunk_by(|(a, _), (b, _)| a.0 == b.0).collect()
        };
        let (mut ran_ns, mut whole_ns) = (0_u64, 0_u64);
        for stretch in stretches {
            let (Some((first, _)), Some((last, _))) = (stretch.first(), stretch.last()) else { continue };
            let (from_ns, to_ns) = if busy.entries.is_whole() {
                (process.first_start_ns, process.watermark_ns)
            } else {
                (first.1, last.1)
            };
            whole_ns = whole_ns.saturating_add(to_ns.saturating_sub(from_ns));
            let mut done_ns = from_ns;
            for (key, end_ns) in stretch {
                let end_ns = (*end_ns).min(to_ns);
                ran_ns = ran_ns.saturating_add(end_ns.saturating_sub(done_ns.max(key.1)));
                done_ns = done_ns.max(end_ns);
            }
        }
        Self { all, busy: ran_ns as f64 / whole_ns.max(1) as f64 }
    }

    /// Those of the roots that start inside of requests, if they do so too often for chance.
    fn inside(&self, busy: &Busy, roots: &[(&'a SampleKey, u64)]) -> Option<Inside<'a>> {
        let known = |(key, _): &&(&SampleKey, u64)| {
            // A request that began in the stretch before may not have been kept.
            let into_ns = key.1 & ((1 << STRETCH_BITS) - 1);
            busy.entries.is_whole() || busy.entries.covers(key) && into_ns > busy.longest_ns
        };
        let mut inside = Inside { roots: Vec::new(), ended: 0, looked_at: 0, requests: 0, busy: self.busy };
        let mut requests = BTreeSet::new();
        for (key, end_ns) in roots.iter().filter(known) {
            inside.looked_at += 1;
            let before = self.all.partition_point(|(entry, _)| entry.1 <= key.1);
            let open = self.all[..before].iter().rev().take(LOOKED_BACK);
            let Some((entry, entry_end_ns)) = open.into_iter().find(|(_, end_ns)| *end_ns >= key.1) else {
                continue;
            };
            requests.insert(*entry);
            inside.roots.push(key);
            inside.ended += usize::from(end_ns <= entry_end_ns);
        }
        inside.requests = requests.len();
        let share = inside.roots.len() as f64 / inside.looked_at.max(1) as f64;
        let told = inside.requests >= REQUESTS
            && share >= SHARE
            && share >= TIMES_CHANCE * self.busy
            && by_chance(inside.looked_at, share, self.busy) <= CHANCE;
        told.then_some(inside)
    }
}

/// How likely it is at most that such a share of `n` falls where only `chance` of them would (Chernoff's bound).
fn by_chance(n: usize, share: f64, chance: f64) -> f64 {
    let chance = chance.clamp(1e-9, 1.0 - 1e-9);
    let part = |of: f64, than: f64| if of <= 0.0 { 0.0 } else { of * (of / than).ln() };
    (-(n as f64) * (part(share, chance) + part(1.0 - share, 1.0 - chance))).exp()
}

fn claim(cx: &Cx<'_>, process: &Process, of: (u32, u32), n: u64, inside: &Inside<'_>) -> Claim {
    let scope = cx.store.scope(of.0);
    let name = cx.store.text(of.1).unwrap_or_default();
    let share = inside.roots.len() as f64 / inside.looked_at.max(1) as f64;
    let all =
        if n as usize == inside.looked_at { inside.roots.len() as u64 } else { (n as f64 * share) as u64 };
    let message = format!(
        "{} `{name}` {} in no request's trace although {} done inside of requests{}",
        count(all, "span"),
        if all == 1 { "is" } else { "are" },
        if all == 1 { "it is" } else { "they are" },
        by_scope(scope)
    );
    let ends = inside.ended as f64 >= SHARE * inside.roots.len() as f64;
    let said = Said::firm(Severity::Warning, if ends { 0.85 } else { 0.70 }, message)
        .because(format!(
            "{} of {} roots `{name}` start while a request of their process is open, in {} different requests; it is busy {} of the time",
            inside.roots.len(),
            inside.looked_at,
            inside.requests,
            share::of_one(inside.busy)
        ))
        .because(if ends { "they end inside of these requests too" } else { "some outlive these requests" })
        .remedy(format!("carry the request's context to where `{name}` is started: a pool, a task, a queue"))
        .remedy("or link its span to the request's, if it is meant to be apart");
    let mut spans: Vec<&SampleKey> = inside.roots.clone();
    spans.sort_by_key(|key| (key.1, key.3));
    let ids = spans.iter().take(MAX_SPAN_IDS).map(|key| (key.2, key.3));
    let mut claim = Claim::about(process.service.clone(), said).spans(ids, all);
    claim.trace_count = claim.trace_count.max(all);
    claim.language.clone_from(&process.language);
    claim.scope = Some(scope.clone());
    name.clone_into(&mut claim.subject);
    claim
}

#[cfg(test)]
mod tests {
    use super::by_chance;
    use crate::testkit::found;
    use std::fmt::Write;

    /// `n` requests of 30 ms, one a second, each with a root of its own process that starts so long after it began.
    fn shop(n: u32, after: u32, words: &str) -> String {
        let mut out = String::new();
        for i in 0..n {
            let at = i * 1_000;
            let _ = write!(
                out,
                "GET /a  shop  server  {at}..{}  get=/a trace={}\nprice  shop  internal  {}..{}  {words} trace={}\n",
                at + 30,
                1 + 2 * i,
                at + after,
                at + after + 10,
                2 + 2 * i
            );
        }
        out
    }

    #[test]
    fn fires_for_roots_inside_of_requests() {
        assert_eq!(found("work-outside-request", &shop(6, 5, "")), ["warning work-outside-request firm ×6"]);
        assert_eq!(
            found("work-outside-request", &shop(6, 25, "")),
            ["warning work-outside-request firm ×6"],
            "what outlives its request was started by it all the same"
        );
    }

    #[test]
    fn silent_for_too_few_and_for_work_between_requests() {
        assert_eq!(found("work-outside-request", &shop(4, 5, "")), [""; 0]);
        assert_eq!(found("work-outside-request", &shop(12, 500, "")), [""; 0]);
    }

    #[test]
    fn silent_for_roots_with_links_commands_and_polls() {
        for words in [
            "links",
            "process.command_args=x",
            "messaging.system=kafka messaging.operation=receive",
            "test.name=x",
        ] {
            assert_eq!(found("work-outside-request", &shop(8, 5, words)), [""; 0], "{words}");
        }
    }

    #[test]
    fn silent_for_a_timer_beside_a_busy_server() {
        for open_for in [45, 60] {
            let mut sketch = String::new();
            for i in 0..40 {
                let at = i * 100;
                let _ =
                    writeln!(sketch, "GET /a  shop  server  {at}..{}  get=/a trace={}", at + open_for, 1 + i);
            }
            for i in 0..28 {
                let at = i * 137;
                let _ = writeln!(sketch, "refresh  shop  internal  {at}..{}  trace={}", at + 5, 100 + i);
            }
            assert_eq!(found("work-outside-request", &sketch), [""; 0]);
        }
    }

    #[test]
    fn silent_where_chance_explains_it() {
        // Six of six inside, beside a server that is busy two fifths of the time.
        let mut sketch = shop(6, 5, "");
        for i in 0..6 {
            let at = i * 1_000 + 500;
            let _ = writeln!(sketch, "GET /b  shop  server  {at}..{}  get=/b trace={}", at + 400, 100 + i);
        }
        assert_eq!(found("work-outside-request", &sketch), [""; 0]);
    }

    #[test]
    fn silent_for_other_processes() {
        let sketch = shop(8, 5, "").replace("price  shop", "price  worker");
        assert_eq!(found("work-outside-request", &sketch), [""; 0]);
    }

    #[test]
    fn chance_grows_small_with_number() {
        assert!(by_chance(5, 1.0, 0.1) < 2e-5);
        assert!(by_chance(5, 1.0, 0.4) > 1e-3);
        assert!(by_chance(20, 1.0, 0.4) < 1e-7);
        assert!(by_chance(20, 0.5, 0.5) > 0.9);
    }
}
