//! A call made for one request is recorded under another that ran beside it.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{SpanId, TraceId};

/// The rule.
pub const RULE: Rule = Rule {
    id: "cross-talk",
    code: "B9",
    severity: Severity::Warning,
    enabled: false,
    summary: "database calls of one request are recorded under another that ran beside it",
    explain: "\
Of two requests to one route that overlapped, one has several times the usual number of database calls and the other
none. A connection pool ran queued callbacks in the context of whoever returned a connection.

Why it matters: the slow request looks innocent, and an innocent one slow.

How it is found: per service and route, over thirty requests or more: a request with three times the median number of
calls beside one without any that takes as long as the others, three times or more. Off by default: there is no real
recording of it to measure the rule by.

What looks alike and is fine: caches (a request without calls is fast then), errors that end early, requests with
different amounts of work.",
    fix: "Upgrade the instrumentation of the driver; bind callbacks of a pool to the context that queued them.",
    code_fixes: &[("nodejs", "`AsyncResource.bind(callback)` where the pool queues it; instrumentation-mongodb 0.37.2 or later")],
    references: &[
        "open-telemetry/opentelemetry-js-contrib#1688",
        "open-telemetry/opentelemetry-js-contrib#561",
        "DataDog/dd-trace-js#3733",
        "elastic/apm-agent-nodejs#3161",
    ],
    symptom_of: &["merged-under-local-span", "request-inherits-finished-request"],
    on: On::Aggregate(look),
};

/// Requests of a route that say something about the usual.
const REQUESTS: usize = 30;
const TIMES: usize = 3;
/// How many children of a request are looked at.
const CHILDREN: usize = 64;

/// One request of a route.
struct Request {
    start_ns: u64,
    end_ns: u64,
    calls: usize,
    id: (TraceId, SpanId),
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for ((emitter, name), sample) in cx.gathered.routes.iter() {
        let mut requests: Vec<Request> = sample
            .iter()
            .filter_map(|((start_ns, trace, span), at)| {
                let held = cx.store.find_trace(*trace).and_then(|t| cx.store.find_span(t, *span))?;
                let fits = held == *at && cx.store.slot(held).is_held();
                let calls = || {
                    let children = cx.store.children(held).take(CHILDREN);
                    children.filter(|child| cx.chains.role(*child) == Role::DatabaseOut).count()
                };
                let end_ns = cx.store.record(held).end_ns;
                fits.then(|| Request { start_ns: *start_ns, end_ns, calls: calls(), id: (*trace, *span) })
            })
            .collect();
        if requests.len() < REQUESTS {
            continue;
        }
        let mut calls: Vec<usize> = requests.iter().map(|request| request.calls).collect();
        calls.sort_unstable();
        let usual = calls[calls.len() / 2];
        let mut lasting: Vec<u64> = requests.iter().map(|r| r.end_ns.saturating_sub(r.start_ns)).collect();
        lasting.sort_unstable();
        let median = lasting[lasting.len() / 2];
        if usual == 0 {
            continue;
        }
        requests.sort_by_key(|request| (request.start_ns, request.id));
        let robbed = |taker: &Request| {
            requests.iter().find(|other| {
                let beside = other.start_ns < taker.end_ns && taker.start_ns < other.end_ns;
                other.calls == 0 && beside && other.end_ns.saturating_sub(other.start_ns) >= median / 2
            })
        };
        let takers: Vec<(TraceId, SpanId)> = requests
            .iter()
            .filter(|taker| taker.calls >= 3 * usual && robbed(taker).is_some())
            .map(|taker| taker.id)
            .collect();
        if takers.len() < TIMES {
            continue;
        }
        let emitter = cx.gathered.emitters.get(*emitter);
        let route = cx.store.text(*name).unwrap_or_default();
        let n = takers.len() as u64;
        let message =
            format!("{} of `{route}` carry the database calls of requests beside them", count(n, "request"));
        let said = Said::firm(Severity::Warning, 0.60, message)
            .because(format!("the usual number of calls is {usual}; these have three times that, beside one with none"))
            .remedy("upgrade the driver's instrumentation, or bind the pool's callbacks to the context that queued them");
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(takers, n);
        claim.scope = Some(cx.store.scope(emitter.scope).clone());
        claim.language.clone_from(&emitter.language);
        route.clone_into(&mut claim.subject);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    /// Forty pairs of overlapping requests; in the first `wrong` of them one has the calls of both and more.
    fn shop(wrong: u64) -> String {
        let mut sketch = String::new();
        for i in 0..40_u64 {
            let at = i * 1_000;
            let (mine, theirs) = if i < wrong { (3, 0) } else { (1, 1) };
            for (n, calls, from) in [(2 * i, mine, at), (2 * i + 1, theirs, at + 10)] {
                sketch += &format!("GET /a  s  server  {from}..{}  get=/a trace={}\n", from + 100, 1 + n);
                for call in 0..calls {
                    sketch += &format!(
                        "  query  s  client  {}..{}  db.system=mongodb\n",
                        from + 20 + call,
                        from + 60
                    );
                }
            }
        }
        sketch
    }

    #[test]
    fn fires_when_neighbours_lose_their_calls() {
        assert_eq!(found("cross-talk", &shop(4)), ["warning cross-talk firm ×4"]);
    }

    #[test]
    fn silent_for_the_usual_and_for_caches() {
        assert_eq!(found("cross-talk", &shop(0)), [""; 0]);
        assert_eq!(found("cross-talk", &shop(2)), [""; 0], "twice is chance");
    }
}
