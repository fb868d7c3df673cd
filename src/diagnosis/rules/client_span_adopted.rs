//! One outgoing call is named as parent by many requests.

use crate::diagnosis::evidence::{Circumstances, Weighed, at_least, noisy_or};
use crate::diagnosis::group::{Group, Hub};
use crate::diagnosis::rule::{On, OnMerge};
use crate::diagnosis::verdict::{Moment, Words};
use crate::diagnosis::{Rule, Severity, State};
use crate::model::time::duration;

/// The rule.
pub const RULE: Rule = Rule {
    id: "client-span-adopted-by-many-requests",
    code: "B6",
    severity: Severity::Error,
    enabled: true,
    summary: "one outgoing call is the parent of many requests",
    explain: "\
A CLIENT span is one call and has one SERVER span below it, a few where the call was retried or redirected. This one
has many, to different paths or services, or they started long after the call had ended: an agent, proxy or
connection pool keeps the context of one call and stamps later requests with it.

Why it matters: requests of other callers hang in this caller's trace, and the trace grows as long as the connection or
goroutine lives.

How it is found: requests below one CLIENT span that started after it had ended, further apart than it lasted; or six or
more to different paths; or requests on three services. In 14,000 synchronous calls of public traces the number is
1, every time.

What looks alike and is fine: retries, redirects and hedged calls under one logical CLIENT span; mirrored traffic;
a server that takes a request up late, once.",
    fix: "\
Let whatever adds the header take it from the request at hand: for eBPF agents switch header propagation off for that
service; in a proxy or pool, do not keep headers with the connection.",
    code_fixes: &[],
    references: &[
        "open-telemetry/opentelemetry-ebpf-instrumentation#2551",
        "open-telemetry/opentelemetry-ebpf-instrumentation#2577",
        "open-telemetry/opentelemetry-ebpf-instrumentation#2948",
    ],
    symptom_of: &[],
    on: On::Merge(OnMerge { state, weigh, message, remedy }),
};

/// How far clocks of two hosts may disagree (`EPS_REMOTE`), nanoseconds.
const EPSILON_NS: u64 = 50_000_000;
/// More than any client retries.
const MANY: u64 = 6;

/// How many requests started after the call had ended, where no difference of clocks explains it: that would shift all
/// of them alike, so they could not lie further apart than the call lasted.
fn late(group: &Group, hub: &Hub) -> u64 {
    let late: Vec<u64> = group
        .sample
        .keys()
        .map(|(start, ..)| *start)
        .filter(|start| *start > hub.end_ns + EPSILON_NS)
        .collect();
    let apart = late.last().unwrap_or(&0) - late.first().unwrap_or(&0);
    let lasted = hub.end_ns.saturating_sub(hub.start_ns);
    if late.len() >= 2 && apart > lasted + EPSILON_NS { late.len() as u64 } else { 0 }
}

fn state(group: &Group, _: &Moment) -> Option<State> {
    let hub = group.hub.as_ref()?;
    let different = group.paths.len() >= 2;
    let retried = group.resent > 0 && !different;
    let many = different && (group.n >= MANY || group.services.len() >= 3 && group.n >= 3);
    (!retried && (late(group, hub) > 0 || many)).then_some(State::Firm)
}

fn weigh(group: &Group, _: &Circumstances<'_>) -> Weighed {
    let mut evidence = Vec::new();
    if let Some(hub) = &group.hub {
        let late = late(group, hub);
        if late > 0 {
            let last =
                group.sample.keys().next_back().map_or(0, |(start, ..)| start.saturating_sub(hub.end_ns));
            evidence.push((
                0.92,
                format!("{late} of them started after the call had ended, the last {} later", duration(last)),
            ));
        }
    }
    if group.paths.len() >= 2 && group.n >= MANY {
        evidence.push((
            0.90,
            format!("{} requests to {} different paths below one call", group.n, at_least(group.paths.len())),
        ));
    }
    if group.services.len() >= 3 {
        evidence.push((0.60, format!("on {} services", at_least(group.services.len()))));
    }
    noisy_or(evidence, 0.97)
}

fn message(words: &Words<'_>, _requests: u64) -> String {
    let name = if words.culprits.is_empty() { String::new() } else { format!(" {}", words.named()) };
    let calls = match words.groups {
        1 => "one outgoing call".to_owned(),
        groups => format!("{groups} outgoing calls"),
    };
    format!("{} requests hang from {calls}{name}", words.all.n)
}

fn remedy(words: &Words<'_>) -> Vec<String> {
    let agent =
        words.group.hub.as_ref().is_some_and(|hub| hub.scope.is_empty() || hub.scope.contains("ebpf"));
    let first = if agent {
        "if an eBPF agent made the call's span: switch its header propagation off for this service"
    } else {
        "find what keeps the call's headers (a pool, a proxy, a cached request object) and let each call make its own"
    };
    vec![first.to_owned()]
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn call(children: &[(u32, u32, &str, &str)]) -> String {
        let line = |(start, end, service, path): &(u32, u32, &str, &str)| {
            format!("    GET {path}  {service}  server  {start}..{end}  get={path} remote\n")
        };
        let children: String = children.iter().map(line).collect();
        format!(
            "GET /  web  server  0..300  get=/\n  CONNECT  web  client  10..60  call=http://p/\n{children}"
        )
    }

    #[test]
    fn fires_for_requests_long_after_the_call() {
        let sketch = call(&[(20, 40, "a", "/x"), (900, 930, "a", "/y"), (4_000, 4_020, "a", "/x")]);
        assert_eq!(
            found("client-span-adopted-by-many-requests", &sketch),
            ["error client-span-adopted-by-many-requests firm ×4"]
        );
    }

    #[test]
    fn fires_for_many_paths_and_for_many_services() {
        let many: Vec<_> = ["/1", "/2", "/3", "/4", "/5", "/6"].map(|path| (20, 40, "a", path)).to_vec();
        assert_eq!(
            found("client-span-adopted-by-many-requests", &call(&many)),
            ["error client-span-adopted-by-many-requests firm ×7"]
        );
        let services = call(&[(20, 30, "a", "/1"), (20, 30, "b", "/2"), (22, 30, "c", "/3")]);
        assert_eq!(
            found("client-span-adopted-by-many-requests", &services),
            ["warning client-span-adopted-by-many-requests firm ×4"]
        );
    }

    #[test]
    fn silent_for_retries_redirects_and_late_servers() {
        let silent: [&str; 0] = [];
        for children in [
            &[(12, 20, "a", "/x"), (24, 30, "a", "/x"), (40, 58, "a", "/x")][..],
            &[(12, 20, "a", "/old"), (24, 30, "a", "/new")],
            &[(20_000, 20_030, "a", "/x")],
            &[(12, 20, "a", "/x"), (13, 20, "b", "/x"), (14, 20, "c", "/x")],
        ] {
            assert_eq!(found("client-span-adopted-by-many-requests", &call(children)), silent);
        }
    }

    #[test]
    fn silent_where_a_clock_is_ahead() {
        // Three tries of one call, seen by a host whose clock is two seconds ahead.
        let sketch = call(&[(2_012, 2_020, "a", "/x"), (2_024, 2_030, "a", "/x"), (2_040, 2_058, "a", "/x")]);
        assert_eq!(found("client-span-adopted-by-many-requests", &sketch), [""; 0]);
    }
}
