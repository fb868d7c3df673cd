//! Requests that have nothing to do with each other share one trace, under a span of their own process.

use crate::diagnosis::evidence::{LONG_NS, weigh};
use crate::diagnosis::group::Group;
use crate::diagnosis::known_issues::Match;
use crate::diagnosis::rule::{On, OnMerge};
use crate::diagnosis::verdict::{Moment, Words};
use crate::diagnosis::{CulpritClass, Rule, Severity, State};
use crate::model::time::duration;

/// The rule.
pub const RULE: Rule = Rule {
    id: "merged-under-local-span",
    code: "B1",
    severity: Severity::Error,
    enabled: true,
    summary: "unrelated requests share one trace, under a span of their own process that stayed current",
    explain: "\
Requests from different users, over different connections, at different times, carry one trace id, because a span
of the process that serves them was current when each of them arrived: the span of a command line, of start-up
code, or of a loop. Every request became its child. Where a server takes each request in a thread of its own, as Python's
`flask run` does, that needs what carries the span into threads: there `opentelemetry-instrumentation-threading`, which
`opentelemetry-bootstrap -a install` installs too; without it every request is a trace of its own.

Why it matters: traces grow without end, latency and error rates per request are lost, callers' traces break off
here because incoming headers are ignored, and samplers keep or drop all requests together.

How it is found: each span that handles something from outside is followed upwards within its process, by the
parent-is-remote bits of the flags and by process identity. Where it ends at a span that is no request, or at a
parent that is still open (or was lost), the edge is cut. Evidence is then weighed: kinds, overlaps, silences,
clients, routes.

What looks alike and is fine: one job that makes many calls (each has a CLIENT span of its own), test runners,
batch consumers with links, framework layers under one request, websockets.",
    fix: "\
A command's span: leave its instrumentation out of servers and workers (Python's click:
`OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=click`). A start-up span: end it before the server or loop starts, or start that
with an empty context. A loop over messages: a root span per message, with a link to the batch. If the culprit was not
received, stop the process with SIGINT or flush on SIGTERM: then its name is known.",
    code_fixes: &[],
    references: &[
        "open-telemetry/opentelemetry-python#4420",
        "open-telemetry/opentelemetry-python-contrib#3171",
        "open-telemetry/opentelemetry-php#1440",
        "open-telemetry/opentelemetry-dotnet#5245",
        "FriendsOfOpenTelemetry/opentelemetry-bundle#172",
    ],
    symptom_of: &[],
    on: On::Merge(OnMerge { state, weigh, message, remedy }),
};

/// How long after its second request a merge under a missing parent is firm without a third, nanoseconds.
const SECOND_NS: u64 = 6_000_000_000;

/// How settled a merge is; nothing where a single request hangs from something that is known to be no wrapper.
fn state(group: &Group, moment: &Moment) -> Option<State> {
    if let Some(hub) = &group.hub {
        // A merge is of two at least; a server's own command says enough with the first request.
        let enough = group.n >= 2 || hub.command_line && hub.command_name && group.http > 0;
        return enough.then_some(State::Firm);
    }
    let in_a_row = group.in_a_row();
    let long = moment.open_ns >= LONG_NS.max(group.median_duration_ns().saturating_mul(20));
    let waited = group.second_arrived_ns.is_some_and(|second| moment.now_ns >= second + SECOND_NS);
    if in_a_row < 2 && !long {
        return None;
    }
    // A request that takes long may dispatch others inside of itself, and a connection that stays open may carry
    // calls and messages: both are one client's.
    let clients = group.http > 0 && group.several_clients();
    // A batch works off its messages without a pause; a loop that stays current waits for the next.
    let paused =
        group.messages == group.n && group.linked < group.n && group.envelope_over_busy() > 3.0 && waited;
    let firm = long || moment.ended || paused || clients && (in_a_row >= 3 || waited);
    Some(if firm { State::Firm } else { State::Provisional })
}

/// The one line.
fn message(words: &Words<'_>, _requests: u64) -> String {
    let (requests, groups, traces) = (words.all.n, words.groups, words.all.traces.len());
    let what = match () {
        () if requests == 1 => "1 request runs inside of a longer-lived span".to_owned(),
        // One each.
        () if requests == traces as u64 => {
            format!("{requests} requests run inside of longer-lived spans")
        }
        () if traces == 1 => format!("{requests} unrelated requests share one trace"),
        () => format!("{requests} unrelated requests share {traces} traces"),
    };
    let all = if requests == 1 { "" } else { "all " };
    let open = duration(words.open_ns);
    match &words.group.hub {
        Some(hub) => {
            let by = [hub.scope.as_str(), hub.scope_version.as_str()].join(" ");
            let by = if hub.scope.is_empty() { String::new() } else { format!("{}, ", by.trim_end()) };
            // What had ended before the first request was not open while they ran.
            let open = if hub.end_ns < words.group.first_start_ns { "which lasted" } else { "open" }
                .to_owned()
                + if groups == 1 { " " } else { " up to " }
                + &open;
            format!("{what}, {all}under {} ({by}{open})", words.named())
        }
        None => {
            let one = groups == 1;
            let state = match (words.ended, words.silent) {
                (true, _) if one => "was never received",
                (true, _) => "were never received",
                (false, true) if one => "has not ended or was lost",
                (false, true) => "have not ended or were lost",
                (false, false) if one => "has not ended",
                (false, false) => "have not ended",
            };
            let (spans, longest) = if one { ("a span", "open") } else { ("spans", "the longest open") };
            let likely = words.known_issue.and_then(|known| {
                let how = if known.is_sure() { "very likely" } else { "perhaps" };
                known.culprit().map(|culprit| format!("{spans}, {how} the {culprit} instrumentation's, that"))
            });
            let span = likely.unwrap_or_else(|| {
                format!("{spans} of {} that", if one { "this process" } else { "their own processes" })
            });
            format!("{what}, {all}under {span} {state} ({longest} ≥ {open})")
        }
    }
}

/// What to do, by the class of the culprit and the language.
fn remedy(words: &Words<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let class = words.culprit.map_or(CulpritClass::Unknown, |culprit| culprit.class);
    // What is known of the very release says more.
    if !words.known_issue.is_some_and(Match::is_sure) {
        let general = match class {
            CulpritClass::Cli => {
                "do not trace the command that starts a server or worker: leave its instrumentation out"
            }
            CulpritClass::Startup => "end the start-up span before the server or loop starts",
            CulpritClass::ConsumerLoop => "start a root span per message, with a link to the batch",
            _ => {
                "find the span that is current when a request arrives, and end it or detach its context before serving"
            }
        };
        out.push(general.to_owned());
        if let Some(code) = detach(words.language) {
            out.push(format!("or start the server or loop with an empty context: {code}"));
        }
    }
    if words.group.hub.is_none() {
        out.push(
            "stop the process with SIGINT, or flush on SIGTERM, to receive the open span and its name"
                .to_owned(),
        );
    }
    out
}

/// How to start something with an empty context.
fn detach(language: &str) -> Option<&'static str> {
    Some(match language {
        "python" => "contextvars.Context().run(serve)",
        "nodejs" | "webjs" => "context.with(ROOT_CONTEXT, serve)",
        "java" => "try (Scope s = Context.root().makeCurrent()) { serve(); }",
        "go" => "serve(context.Background())",
        "dotnet" => "Activity.Current = null, or ExecutionContext.SuppressFlow()",
        "ruby" => "OpenTelemetry::Context.with_current(OpenTelemetry::Context::ROOT) { serve }",
        "php" => "Context::getRoot()->activate()",
        "rust" => "spawn the server outside of any entered span",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, check};

    const SHOP: &str = "
        run  shop  internal  0..6400  scope=opentelemetry.instrumentation.click@0.50b0 process.command_args=flask resource.telemetry.sdk.language=python
          GET /a  shop  internal  100..110  get=/a resource.telemetry.sdk.language=python
            query  shop  client  102..104
          GET /b  shop  internal  1200..1210  get=/b resource.telemetry.sdk.language=python
          GET /c  shop  internal  3300..3310  get=/c resource.telemetry.sdk.language=python
    ";

    #[test]
    fn fires_for_requests_under_a_command() {
        assert_eq!(
            check(SHOP),
            ["error merged-under-local-span firm ×3", "  error http-entry-not-server firm ×3"]
        );
    }

    #[test]
    fn names_the_known_issue_and_the_version_that_fixes_it() {
        let mut bench = Bench::default();
        bench.take(by_end(SHOP)).finish();
        let finding = &bench.0.diagnosis.findings()[0];
        assert_eq!(finding.known_issue.as_ref().map(|k| k.id.as_str()), Some("G1"));
        assert!(
            finding.message.contains("3 unrelated requests share one trace, all under `run`"),
            "{}",
            finding.message
        );
        assert!(finding.remedy[0].contains("1.30.0"));
    }

    #[test]
    fn fires_while_the_command_still_runs() {
        let mut bench = Bench::default();
        let mut batches = by_end(SHOP);
        let run = batches.pop().unwrap();
        let third = batches.pop().unwrap();
        bench.take(batches);
        assert_eq!(
            bench.findings(),
            ["error merged-under-local-span provisional ×2", "  error http-entry-not-server provisional ×2"]
        );
        bench.advance(1_300 + 6_000);
        assert!(bench.findings()[0].contains("firm"), "six seconds after the second");
        bench.take([third]);
        assert_eq!(bench.findings()[0], "error merged-under-local-span firm ×3");
        let open = bench.0.diagnosis.findings()[0].clone();
        assert!(
            open.message.contains(
                "under a span, very likely the click instrumentation's, that has not ended (open ≥ 3.21 s)"
            ),
            "{}",
            open.message
        );
        assert_eq!(open.culprit.and_then(|c| c.name), None, "no name is claimed");
        bench.advance(60_000);
        let killed = bench.0.diagnosis.findings()[0].message.clone();
        assert!(killed.contains("has not ended or was lost (open ≥ 3.21 s)"), "{killed}");
        bench.take([run]);
        assert_eq!(bench.findings()[0], "error merged-under-local-span firm ×3");
        assert!(bench.0.diagnosis.findings()[0].message.contains("under `run`"));
    }

    #[test]
    fn of_a_process_that_has_ended_nothing_is_open_any_longer() {
        let mut bench = Bench::default();
        let mut batches = by_end(SHOP);
        batches.pop();
        let last = batches.pop().unwrap();
        bench.take(batches);
        bench.0.processes_ended();
        // The same app, started again.
        bench.take([last]).advance(20_000);
        let finding = &bench.0.diagnosis.findings()[0];
        assert!(finding.message.contains("was never received (open ≥ 1.11 s)"), "{}", finding.message);
        let open = finding.culprit.as_ref().and_then(|culprit| culprit.open_at_least_ns);
        assert_eq!(open.map(|ns| ns / 1_000_000), Some(1_110));
    }

    #[test]
    fn fires_when_the_command_was_killed() {
        assert_eq!(
            check(&SHOP.replace("0..6400", "0..6400  lost"))[0],
            "error merged-under-local-span firm ×3"
        );
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let say = |bench: &Bench| {
            format!(
                "{:?}",
                bench
                    .0
                    .diagnosis
                    .findings()
                    .iter()
                    // The one rule that is about being delivered again.
                    .filter(|f| f.rule.id != "duplicate-span")
                    .map(|f| { (f.rule.id, &f.message, &f.evidence, f.confidence, &f.span_ids, f.state) })
                    .collect::<Vec<_>>()
            )
        };
        for sketch in [SHOP.to_owned(), SHOP.replace("0..6400", "0..6400  lost")] {
            let expected = {
                let mut b = Bench::default();
                b.take(by_end(&sketch)).finish();
                say(&b)
            };
            let mut rng = fastrand::Rng::with_seed(11);
            for _ in 0..100 {
                let mut batches = by_end(&sketch);
                batches.extend(by_end(&sketch).into_iter().take(2));
                rng.shuffle(&mut batches);
                let mut bench = Bench::default();
                bench.take(batches).finish();
                assert_eq!(say(&bench), expected);
            }
        }
    }

    #[test]
    fn silent_for_a_job_that_makes_many_calls() {
        let silent: [&str; 0] = [];
        assert_eq!(check("
            import  job  internal  0..5000  scope=opentelemetry.instrumentation.click@0.50b0 process.command_args=job
              GET  job  client  10..30  call=http://shop/a
                GET /a  shop  server  12..28  get=/a
              GET  job  client  1010..1030  call=http://shop/b
                GET /b  shop  server  1012..1028  get=/b
              GET  job  client  2010..2030  call=http://shop/c
                GET /c  shop  server  2012..2028  get=/c
        "), silent);
    }

    #[test]
    fn silent_for_framework_layers_of_one_request() {
        let silent: [&str; 0] = [];
        assert_eq!(
            check(
                "
            GET /a  shop  server  0..30  get=/a scope=opentelemetry.instrumentation.wsgi@0.50b0
              GET /a  shop  internal  2..28  get=/a
            GET /b  shop  server  1000..1030  get=/b scope=opentelemetry.instrumentation.wsgi@0.50b0 trace=2
              GET /b  shop  internal  1002..1028  get=/b
        "
            ),
            silent
        );
    }

    #[test]
    fn silent_for_the_parts_of_a_request_that_is_only_cut_off() {
        let page = |n: u64, lost: &str| {
            let at = n * 1_000;
            let part = |i: u64| {
                let from = at + 10 + i * 100;
                format!("  GET /api  web  server  {from}..{}  get=/api/{i} scope=nitro\n", from + 60)
            };
            let parts: String = (0..4).map(part).collect();
            format!("GET /page  web  server  {at}..{}  get=/page trace={} {lost}\n{parts}", at + 450, n + 1)
        };
        let pages: String = (0..5).map(|n| page(n, "")).collect();
        assert_eq!(check(&format!("{pages}{}", page(5, "lost"))), [""; 0]);
        assert_eq!(
            check(&page(5, "lost").replace("1010..", "900..")).len(),
            1,
            "never seen inside of a request"
        );
    }

    #[test]
    fn silent_for_a_batch_that_is_not_here_yet() {
        let process = |n: u64| {
            let at = 10 + n * 20;
            format!(
                "  process  w  consumer  {at}..{}  messaging.system=kafka messaging.operation=process\n",
                at + 18
            )
        };
        let batch: String = (0..15).map(process).collect();
        assert_eq!(check(&format!("receive  w  client  0..900  lost\n{batch}")), [""; 0]);
    }

    #[test]
    fn silent_for_a_batch_of_messages() {
        let batch = "
            receive  worker  consumer  0..900  messaging.system=kafka messaging.operation=receive
              process  worker  consumer  10..20  messaging.system=kafka messaging.operation=process
              process  worker  consumer  30..40  messaging.system=kafka messaging.operation=process
              process  worker  consumer  50..60  messaging.system=kafka messaging.operation=process
        ";
        assert_eq!(check(batch), [""; 0]);
        assert_eq!(
            check(&batch.replace("receive  worker  consumer", "work off  worker  internal").replacen(
                "messaging.operation=receive",
                "",
                1
            )),
            [""; 0]
        );
    }

    #[test]
    fn silent_for_a_single_job_of_a_command_and_for_its_tests() {
        assert_eq!(check("
            rake reports  s  internal  0..120000  scope=OpenTelemetry::Instrumentation::Rake@0.4 rake.task=reports
              ReportJob process  s  consumer  1000..110000  scope=OpenTelemetry::Instrumentation::ActiveJob@0.7
        "), [""; 0]);
        assert_eq!(check("
            test  s  internal  0..120000  scope=opentelemetry.instrumentation.click@0.60b0 process.command_args=flask
              GET /a  s  internal  100..110  get=/a
              GET /b  s  internal  1200..1210  get=/b
        "), [""; 0]);
    }

    #[test]
    fn waits_for_a_request_that_takes_long() {
        // A batch endpoint dispatches others inside of itself: one client, one connection, still open.
        let batch = "
            POST /batch  s  server  0..20000  get=/batch
              GET /a  s  internal  100..110  get=/a
              GET /b  s  internal  5200..5210  get=/b
              GET /c  s  internal  9300..9310  get=/c
        ";
        let mut batches = by_end(batch);
        let outer = batches.pop().unwrap();
        let mut bench = Bench::default();
        bench.take(batches).advance(16_000);
        assert!(bench.findings().iter().all(|f| f.contains("provisional")), "{:?}", bench.findings());
        bench.take([outer]);
        assert_eq!(bench.findings(), [""; 0]);
    }

    #[test]
    fn memory_for_what_is_never_explained_is_given_back() {
        let mut session = crate::session::Session::new(4 << 20, crate::session::Clock::Wall);
        for n in 0..6_000_u64 {
            let sketch = format!(
                "root  s  internal  {n}..{}  trace={}\n  GET /a  s  server  {n}..{n}  get=/a\n",
                n + 9,
                1 + n % 250
            );
            for mut batch in by_end(&sketch) {
                batch.trace_ids.iter_mut().for_each(|id| id.0[..8].copy_from_slice(&n.to_be_bytes()));
                session.take(batch);
            }
        }
        let held = session.store.span_count();
        assert!(
            held > 2_000 && session.diagnosis.memory() < 2 << 20,
            "{held} spans, {}",
            session.diagnosis.memory()
        );
    }

    #[test]
    fn silent_for_a_test_that_calls_the_app_in_its_own_process() {
        let request = |n: u32| {
            let agent = "http.user_agent=Werkzeug/3.1 net.peer.ip=127.0.0.1 scope=opentelemetry.instrumentation.flask@0.51b0";
            format!("  GET /{n}  shop  internal  {n}00..{n}50  http.method=GET http.target=/{n} {agent}\n")
        };
        let checkout: String = (1..9).map(request).collect();
        let sketch = format!("TestCheckout.test_full_flow  shop  internal  0..2000\n{checkout}");
        assert_eq!(check(&sketch), [""; 0]);
        let strangers = sketch.replacen("Werkzeug/3.1", "Mozilla/5.0", 3);
        assert_eq!(
            check(&strangers)[0],
            "error merged-under-local-span firm ×8",
            "several clients are no test"
        );
    }

    #[test]
    fn quieter_for_a_test_runner() {
        let found = check(
            "
            test_shop  shop  internal  0..5000  scope=pytest
              GET /a  shop  internal  100..110  get=/a
              GET /b  shop  internal  1200..1210  get=/b
              GET /c  shop  internal  3300..3310  get=/c
        ",
        );
        assert_eq!(found, [""; 0]);
    }
}
