//! A request hangs under an earlier request of its process that had ended, or came over another connection.

use crate::diagnosis::evidence::weigh;
use crate::diagnosis::group::Group;
use crate::diagnosis::rule::{On, OnMerge};
use crate::diagnosis::verdict::{Moment, Words};
use crate::diagnosis::{Rule, Severity, State};

/// The rule.
pub const RULE: Rule = Rule {
    id: "request-inherits-finished-request",
    code: "B2",
    severity: Severity::Error,
    enabled: true,
    summary: "a request continues the trace of an earlier request of the same process",
    explain: "\
A request was recorded as a child of another request of its own process, although that one had already ended, or
came over another connection. The context of the first request was left behind in a thread, a connection or an
event loop, and the next request picked it up.

Why it matters: requests of different users share a trace, and each further one prolongs it.

How it is found: the request above, in the same process, had ended before this one started. In 53,962 healthy
public traces with 1.9 million edges inside of a process no child starts after its parent has ended. Or both
requests name different client ports, so they cannot be one.

What looks alike and is fine: work that continues after the response (it is no request), queues inside of a
process (their parent is a PRODUCER), redirects and includes inside of one request.",
    fix: "\
uvicorn: `--reset-contextvars` (0.45 or later) or `--loop uvloop`. Elsewhere find what keeps the context after the
response: a scope that is not closed (close it in `finally`, `with`, try-with-resources), a task per connection that
captured the first request's context, a pool that restores the wrong one.",
    code_fixes: &[],
    references: &[
        "Kludex/uvicorn#2167",
        "open-telemetry/opentelemetry-python-contrib#2852",
        "open-telemetry/opentelemetry-java-instrumentation#16430",
        "dotnet/runtime#91265",
    ],
    symptom_of: &[],
    on: On::Merge(OnMerge { state, weigh, message, remedy }),
};

/// One is enough when the sender itself says that the parent is local, and no tail merely overlaps.
fn state(group: &Group, _moment: &Moment) -> Option<State> {
    let certain = group.local_by_flags == group.n && group.ended + group.other_connection > 0;
    (group.n >= 2 || certain).then_some(State::Firm)
}

/// The one line.
fn message(words: &Words<'_>, requests: u64) -> String {
    let group = words.all;
    let n = group.n;
    let start = if n == 1 { "1 request continues".to_owned() } else { format!("{n} requests continue") };
    let why = match (group.ended, group.other_connection) {
        (0, 0) => "an unrelated request that was still running",
        (0, _) => "a request of another connection",
        _ => "an earlier request that had already ended",
    };
    let traces = group.traces.len();
    let where_ = if traces == 1 { "one trace".to_owned() } else { format!("{traces} traces") };
    format!("{start} the trace of {why} ({requests} requests in {where_})")
}

/// What to do, by what the requests have in common.
fn remedy(words: &Words<'_>) -> Vec<String> {
    let group = words.group;
    vec![match () {
        () if group.ports.len() == 1 => {
            "all came over one connection: the server keeps the context of a connection's first request; upgrade it or reset the context per request".to_owned()
        }
        () if group.threads.len() == 1 => {
            "all ran on one thread: a scope was not closed; close it in finally, with or try-with-resources".to_owned()
        }
        () => "find what keeps the context after the response: unclosed scopes, per-connection tasks, captured async contexts".to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use crate::model::SpanKind;
    use crate::store::{SpanIx, Store};
    use crate::testkit::{Bench, by_end, check};

    #[test]
    fn fires_for_a_request_under_a_finished_one() {
        let found = check(
            "
            POST /up  api  server  0..100  get=/up
              GET /item/0  api  internal  600..610  get=/item/0
                GET /item/1  api  internal  1600..1610  get=/item/1
        ",
        );
        assert_eq!(found[0], "error request-inherits-finished-request firm ×3");
    }

    #[test]
    fn names_the_request_that_was_inherited_from_and_a_staircase_of_jobs() {
        let class = |sketch: &str| {
            let mut bench = Bench::default();
            bench.take(by_end(sketch)).finish();
            let culprit = bench.0.diagnosis.findings()[0].culprit.clone().unwrap();
            (culprit.name.unwrap(), culprit.class.id())
        };
        let upload = "
            POST /up  api  server  0..100  get=/up
              GET /a  api  server  600..610  get=/a
        ";
        assert_eq!(class(upload), ("POST /up".to_owned(), "previous-request"));
        let jobs: String = (0..8)
            .map(|i| {
                let (indent, at) = ("  ".repeat(i), i * 1_000);
                format!(
                    "{indent}Tick  q  consumer  {at}..{}  scope=OpenTelemetry.Instrumentation.Quartz@1\n",
                    at + 20
                )
            })
            .collect();
        assert_eq!(class(&jobs), ("Tick".to_owned(), "staircase"));
    }

    #[test]
    fn a_kind_that_is_right_is_left_alone() {
        let mut bench = Bench::default();
        bench.take(by_end(
            "
            POST /up  api  server  0..100  get=/up
              GET /a  api  server  600..610  get=/a
              GET /b  api  internal  1600..1610  get=/b
        ",
        ));
        let (store, diagnosis) = (&bench.0.store, &bench.0.diagnosis);
        let named =
            |store: &Store, name: &str| (0..3).map(SpanIx).find(|at| store.name(*at) == name).unwrap();
        assert_eq!(diagnosis.expected_kind(store, named(store, "GET /a")), None);
        assert_eq!(diagnosis.expected_kind(store, named(store, "GET /b")), Some(SpanKind::Server));
    }

    #[test]
    fn fires_under_a_finished_part_of_it_without_flags() {
        let found = check(
            "
            POST /up  api  server  0..100  get=/up noflags
              http receive  api  internal  5..6  noflags
                GET /item/0  api  server  600..610  get=/item/0 noflags
                GET /item/1  api  server  1600..1610  get=/item/1 noflags
        ",
        );
        assert_eq!(found[0], "error request-inherits-finished-request firm ×3");
    }

    #[test]
    fn fires_under_a_finished_query_without_flags() {
        let found = check(
            "
            GET /a  api  server  0..100  get=/a noflags
              SELECT  api  client  5..20  db.system=mysql noflags
                GET /b  api  server  600..610  get=/b noflags
                GET /c  api  server  1600..1610  get=/c noflags
        ",
        );
        assert_eq!(found[0], "error request-inherits-finished-request firm ×3");
    }

    #[test]
    fn silent_where_a_client_may_have_carried_the_context() {
        // A login flow over redirects (the OAuth example of openzipkin), whose spans have no flags.
        assert_eq!(
            check(
                "
            get /authorize  oauth  server  0..2  get=/authorize noflags
              redirect  oauth  client  2..2  noflags
                get /login  oauth  server  100..105  get=/login noflags
                  get /style.css  oauth  server  763..764  get=/style.css noflags
                  get /app.js  oauth  server  842..843  get=/app.js noflags
        "
            ),
            [""; 0]
        );
    }

    #[test]
    fn silent_for_work_after_the_response_and_for_dispatch_inside() {
        assert_eq!(
            check(
                "
            POST /up  api  server  0..100  get=/up
              background  api  internal  600..610
              GET /inner  api  server  20..40  get=/inner
              GET  api  client  150..190  call=http://other/x
                GET /x  other  server  151..189  get=/x
        "
            ),
            [""; 0]
        );
    }

    #[test]
    fn requests_of_different_traces_are_no_evidence_for_each_other() {
        let mut bench = Bench::default();
        bench
            .take(by_end(
                "
            GET /a  s  server  0..100  get=/a scope=x
              GET /b  s  internal  50..190  get=/b scope=x
            GET /c  s  server  3600000..3600100  get=/c scope=x trace=2
              GET /d  s  internal  3600050..3600190  get=/d scope=x
        ",
            ))
            .finish();
        assert_eq!(bench.findings()[0], "warning request-inherits-finished-request firm ×4");
        let evidence = &bench.0.diagnosis.findings()[0].evidence;
        assert_eq!(evidence.len(), 1, "{evidence:?}");
    }

    #[test]
    fn silent_behind_a_proxy_that_names_the_client() {
        assert_eq!(
            check(
                "
            GET /a  s  server  0..50  get=/a scope=outer client.port=51000
              GET /a  s  internal  1..49  http.method=GET http.target=/a scope=inner client.port=51000
        "
            ),
            [""; 0]
        );
    }

    #[test]
    fn silent_for_jobs_that_a_request_left_behind() {
        assert_eq!(
            check(
                "
            POST /up  web  server  0..100  get=/up
              enqueue  web  internal  20..21
                resize  web  consumer  5000..5010
                mail  web  consumer  6000..6010
        "
            ),
            [""; 0]
        );
    }

    #[test]
    fn silent_for_messages_processed_after_they_were_sent() {
        assert_eq!(
            check(
                "
            POST /up  web  server  0..100  get=/up
              send  web  producer  20..21  messaging.system=kafka messaging.operation=publish
                process  web  consumer  5000..5010  messaging.system=kafka messaging.operation=process local
                process  worker  consumer  9000..9010  messaging.system=kafka messaging.operation=process
        "
            ),
            [""; 0]
        );
    }
}
