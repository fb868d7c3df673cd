//! Many requests carry the same incoming trace context, although nothing that happened once can have sent them all.

use crate::diagnosis::evidence::{Circumstances, Weighed, at_least, noisy_or};
use crate::diagnosis::group::Group;
use crate::diagnosis::rule::{On, OnMerge};
use crate::diagnosis::verdict::{Moment, Words};
use crate::diagnosis::{Rule, Severity, State};
use crate::model::time::duration;

/// The rule.
pub const RULE: Rule = Rule {
    id: "fixed-remote-parent",
    code: "B3",
    severity: Severity::Error,
    enabled: true,
    summary: "many requests carry the same incoming trace context",
    explain: "\
Requests that arrive over a long time, from several clients or with pauses in between, all name one and the same span
of another process as their parent. Their `traceparent` was made once and is sent again and again: a header kept in a
client or a test tool, a cached page with a trace in its meta tag, a `TRACEPARENT` in a server's environment, a proxy
that adopts a header.

Why it matters: requests of different users share one trace that never ends, latency and sampling are decided for all
of them at once, and the trace says that one call caused them all.

How it is found: three requests or more with one remote parent that was not received (or that had ended before they
started), not all at the same time, over more than a minute; or five or more over three connections with a silence that
no program needs; or fifty.

What looks alike and is fine: a gateway that makes no CLIENT spans (its calls overlap its own request); messages that
share a PRODUCER; a job that passes its context to the calls it makes, while it runs.",
    fix: "\
Make a new `traceparent` for each request. Pages that are cached must not carry one. At the border to clients that are
not yours, start a new trace and link to the incoming one (Go: `otelhttp.WithPublicEndpoint()`).",
    code_fixes: &[
        ("go", "at a border: `otelhttp.NewHandler(h, \"name\", otelhttp.WithPublicEndpoint())`"),
        ("python", "at a border: `OTEL_PROPAGATORS=none` for the service, or strip `traceparent` in the proxy before it"),
        ("nodejs", "at a border: `OTEL_PROPAGATORS=none` for the service, or strip `traceparent` in the proxy before it"),
    ],
    references: &[
        "https://www.w3.org/TR/trace-context/",
        "dotnet/interactive#3239",
        "getsentry/sentry-javascript#17319",
        "open-telemetry/opentelemetry-ebpf-instrumentation#2551",
        "DEVtheOPS/opencode-plugin-otel#109",
    ],
    symptom_of: &[],
    on: On::Merge(OnMerge { state, weigh, message, remedy }),
};

/// How far clocks of two hosts may disagree (`EPS_REMOTE`), nanoseconds.
const EPSILON_NS: u64 = 50_000_000;
/// Requests of one cause do not come over more than this (`T_LONG`), nanoseconds.
const LONG_NS: u64 = 60_000_000_000;
/// A silence that no program needs, nanoseconds.
const SILENCE_NS: u64 = 1_000_000_000;

/// How many of the entries started after the caller had ended; all of them where the caller was not received.
fn outside(group: &Group) -> u64 {
    match &group.hub {
        None => group.n,
        Some(hub) => {
            let late = |start: u64| start > hub.end_ns + EPSILON_NS;
            group.sample.keys().filter(|(start, ..)| late(*start)).count() as u64
        }
    }
}

fn envelope_ns(group: &Group) -> u64 {
    group.last_end_ns.saturating_sub(group.first_start_ns)
}

/// One program that makes its calls one after the other is quick about it.
fn is_spread(group: &Group) -> bool {
    let widest = group.widest_gap_ns();
    let silent = widest > group.median_duration_ns().saturating_mul(10);
    let many = group.n >= 50 && envelope_ns(group) > LONG_NS / 6;
    let paused =
        group.n >= 5 && group.ports.len() >= 3 && silent && (group.is_of_many() || widest > SILENCE_NS);
    envelope_ns(group) > LONG_NS || many || paused
}

fn state(group: &Group, moment: &Moment) -> Option<State> {
    if outside(group) < 3 || group.in_a_row() < 2 || !is_spread(group) {
        return None;
    }
    // A caller that is still running may yet come and hold them all, unless they are of several clients.
    let settled = moment.ended || group.hub.is_some() || group.is_of_many();
    Some(if settled { State::Firm } else { State::Provisional })
}

fn weigh(group: &Group, _: &Circumstances<'_>) -> Weighed {
    let mut evidence = Vec::new();
    let over = duration(envelope_ns(group));
    let parent = group.culprit_id;
    let (weight, what) = match &group.hub {
        Some(_) => (0.70, "which had ended before them"),
        None => (0.60, "which was not received"),
    };
    evidence.push((weight, format!("{} requests over {over} name the parent {parent}, {what}", group.n)));
    let widest = group.widest_gap_ns();
    if widest > SILENCE_NS {
        evidence.push((0.30, format!("silences of up to {} between them", duration(widest))));
    }
    for (count, weight, what) in [
        (group.addresses.len(), 0.50, "client addresses"),
        (group.agents.len(), 0.50, "user agents"),
        (group.sessions.len(), 0.60, "sessions or users"),
        (group.ports.len(), 0.10, "connections"),
    ] {
        if count >= 2 {
            evidence.push((weight, format!("{} different {what}", at_least(count))));
        }
    }
    // An error only where many requests of several clients share it; tools repeat a context on purpose.
    let proved = group.n >= 50 && group.addresses.len() >= 3;
    if proved {
        evidence.push((0.60, "more requests and clients than one cause can have".to_owned()));
    }
    let mut weighed = noisy_or(evidence, if proved { 0.97 } else { 0.89 });
    if group.tools == group.n {
        weighed.confidence = (weighed.confidence * 40.0).round() / 100.0;
        weighed
            .evidence
            .push("but a load or API tool sent all of them: it may mean to share one trace".to_owned());
    }
    weighed
}

fn message(words: &Words<'_>, _requests: u64) -> String {
    let (group, groups) = (words.group, words.groups);
    let from = match &group.hub {
        Some(_) if groups == 1 => format!("one trace context, that of {}, which had ended", words.named()),
        Some(_) => format!("{groups} trace contexts, those of spans {}, which had ended", words.named()),
        None if groups == 1 => {
            let id = group.culprit_id;
            format!("one trace context, that of a span of another process that was not received ({id})")
        }
        None => {
            format!("{groups} trace contexts, those of spans of other processes that were not received")
        }
    };
    format!("{} requests over {} carry {from}", words.all.n, duration(envelope_ns(words.all)))
}

fn remedy(words: &Words<'_>) -> Vec<String> {
    let group = words.group;
    let who = match () {
        () if group.tools == group.n => {
            "the tool that sends them repeats one traceparent header: let it make a new one per request"
        }
        () if group.services.len() > 1 => {
            "several services are called with it: look at the proxy or agent in between, which adopts one header for all"
        }
        () if group.addresses.len() > 1 => {
            "several clients send it: look for a cached page or asset with a trace in it, and leave it out of what is cached"
        }
        () => {
            "the client keeps one traceparent (a cached header, TRACEPARENT in its environment): make a new one per request"
        }
    };
    vec![
        who.to_owned(),
        "or do not trust the context of clients that are not yours: start a new trace and link to theirs"
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, found};

    /// Requests a `step` apart, under a caller that is `lost` or not.
    fn requests(n: u32, step: u32, words: &str) -> String {
        let lines = (0..n).map(|i| {
            let at = 100 + i * step;
            format!("  GET /{i}  s  server  {at}..{}  get=/{i} remote {words}\n", at + 8)
        });
        format!("page  web  client  0..50  lost\n{}", lines.collect::<String>())
    }

    #[test]
    fn fires_over_a_long_time_and_takes_the_requests_apart() {
        let sketch = requests(4, 25_000, "");
        assert_eq!(found("fixed-remote-parent", &sketch), ["warning fixed-remote-parent firm ×4"]);
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let store = &bench.0.store;
        let trace = store.traces().next().unwrap();
        assert_eq!(crate::diagnosis::requests_of(store, &bench.0.diagnosis, trace).len(), 4);
    }

    #[test]
    fn fires_for_several_connections_with_silences() {
        assert_eq!(
            found("fixed-remote-parent", &requests(6, 1_500, "")),
            ["warning fixed-remote-parent firm ×6"]
        );
        let mut browsers = requests(6, 300, "");
        for i in 0..3 {
            browsers = browsers.replacen("remote \n", &format!("remote http.user_agent=Mozilla/{i}\n"), 1);
        }
        assert_eq!(found("fixed-remote-parent", &browsers), ["warning fixed-remote-parent firm ×6"]);
    }

    #[test]
    fn without_flags_too() {
        let sketch = requests(6, 15_000, "").replace("remote", "noflags");
        assert_eq!(found("fixed-remote-parent", &sketch), ["warning fixed-remote-parent firm ×6"]);
    }

    #[test]
    fn an_error_for_many_clients() {
        let mut sketch = requests(60, 900, "");
        for i in 0..4 {
            sketch = sketch.replacen("remote \n", &format!("remote net.peer.ip=10.0.0.{i}\n"), 1);
        }
        assert_eq!(found("fixed-remote-parent", &sketch), ["error fixed-remote-parent firm ×60"]);
    }

    #[test]
    fn a_hint_where_a_tool_repeats_itself() {
        let sketch = requests(6, 15_000, "http.user_agent=curl/8");
        assert_eq!(found("fixed-remote-parent", &sketch), ["info fixed-remote-parent firm ×6"]);
    }

    #[test]
    fn silent_for_a_gateway_without_client_spans() {
        let gateway = |lost: &str| {
            format!(
                "
                GET /all  web  server  0..900  get=/all {lost}
                  GET /a  s  server  10..200  get=/a
                  GET /b  s  server  20..300  get=/b
                  GET /c  s  server  30..800  get=/c
                  GET /d  s  server  310..890  get=/d
                  GET /e  s  server  820..895  get=/e
                "
            )
        };
        assert_eq!(found("fixed-remote-parent", &gateway("")), [""; 0]);
        assert_eq!(found("fixed-remote-parent", &gateway("lost")), [""; 0]);
    }

    #[test]
    fn silent_for_a_job_that_passes_its_own_context_while_it_runs() {
        let job = requests(8, 15_000, "").replace("client  0..50  lost", "internal  0..150000");
        assert_eq!(found("fixed-remote-parent", &job), [""; 0]);
        // Live its span comes last: nothing is firm before.
        let mut batches = by_end(&job);
        let caller = batches.pop().unwrap();
        let mut bench = Bench::default();
        bench.take(batches).advance(140_000);
        assert!(bench.findings().iter().all(|line| line.contains("provisional")), "{:?}", bench.findings());
        bench.take([caller]).finish();
        assert_eq!(bench.findings(), [""; 0]);
    }

    #[test]
    fn silent_for_messages_that_share_a_producer() {
        let sketch = requests(8, 15_000, "").replace("s  server", "s  consumer").replace("get=/", "x=/");
        assert_eq!(found("fixed-remote-parent", &sketch), [""; 0]);
    }

    #[test]
    fn any_order_and_twice() {
        let sketch = requests(6, 1_500, "");
        let mut rng = fastrand::Rng::with_seed(5);
        for _ in 0..30 {
            let mut batches = by_end(&sketch);
            batches.extend(by_end(&sketch).into_iter().take(3));
            rng.shuffle(&mut batches);
            let mut bench = Bench::default();
            bench.take(batches).finish();
            assert_eq!(bench.findings(), ["warning fixed-remote-parent firm ×6"]);
        }
    }
}
