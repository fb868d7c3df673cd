//! The callee hangs under the caller's request instead of under the call.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::hops::{Call, Edge, What};
use crate::diagnosis::aggregate::pool::SampleKey;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::unmerge::EPSILON_REMOTE_NS;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Facts, SpanId, SpanKind, TraceId};
use crate::store::{SpanIx, View};

/// The rule.
pub const RULE: Rule = Rule {
    id: "callee-parented-beside-call",
    code: "C13",
    severity: Severity::Info,
    enabled: true,
    summary: "the callee hangs beside the call, not under it",
    explain: "\
A call and the request that it caused are siblings: both hang from the span that made the call. The context was
injected before the call's own span began, or passed on from the incoming headers.

Why it matters: the time on the wire cannot be told, the call seems to have no answer, and maps draw the edge from the
wrong span.

How it is found: at least five calls of an edge without an answer have exactly one sibling from another process, with
the same method and path, inside of the call.

What looks alike and is fine: calls made in parallel to the same path, which have several such siblings.",
    fix: "\
Inject the context inside of the call's span. Where headers are forwarded by hand, leave traceparent out: the client
instrumentation writes it.",
    code_fixes: &[],
    references: &["open-telemetry/opentelemetry-demo#1318", "open-telemetry/opentelemetry-dotnet#3562"],
    symptom_of: &["broken-hop"],
    on: On::Aggregate(look),
};

const CALLS: usize = 5;
/// How many calls of an edge are looked at, and how many siblings of each.
const LOOKED_AT: usize = 16;
const SIBLINGS: usize = 32;

/// A call, the request beside it, and what both hang from.
struct Triple<'a> {
    call: (&'a SampleKey, &'a Call),
    request: SpanIx,
    parent: SpanId,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (key, edge) in cx.gathered.hops.edges() {
        let triples = triples(cx, edge);
        if triples.len() >= CALLS {
            out.push(claim(cx, key.service, &triples));
        }
    }
}

fn triples<'a>(cx: &Cx<'_>, edge: &'a Edge) -> Vec<Triple<'a>> {
    let open = edge.calls.kept.iter().filter(|(_, call)| !call.settled).take(LOOKED_AT);
    open.filter_map(|(key, call)| beside(cx, key, call)).collect()
}

/// The one request beside a call that fits it.
fn beside<'a>(cx: &Cx<'_>, key: &'a SampleKey, call: &'a Call) -> Option<Triple<'a>> {
    let store = cx.store;
    let slot = store.slot(call.at);
    if !slot.is_held() || slot.record.span_id != key.3 {
        return None;
    }
    let parent = slot.parent()?;
    let next = |at: &SpanIx| store.next_sibling(*at, View::Recorded);
    let siblings = std::iter::successors(store.first_child(parent, View::Recorded), next).take(SIBLINGS);
    let (mut requests, mut calls) = (Vec::new(), 0);
    for at in siblings {
        let record = store.record(at);
        let same = store.facts(at).is_some_and(|facts| fits(facts, call.what));
        let process = cx.processes.of(record.resource);
        if same && record.kind() == SpanKind::Client && process == call.process {
            calls += 1;
        }
        let inside =
            record.start_ns + EPSILON_REMOTE_NS >= key.1 && record.end_ns <= call.end_ns + EPSILON_REMOTE_NS;
        if same && inside && cx.chains.is_entry(at) && process != call.process {
            requests.push(at);
        }
    }
    match requests.as_slice() {
        [request] if calls == 1 => {
            Some(Triple { call: (key, call), request: *request, parent: store.record(parent).span_id })
        }
        _ => None,
    }
}

fn fits(facts: &Facts, what: What) -> bool {
    What::of(facts) == Some(what)
}

fn claim(cx: &Cx<'_>, service: ServiceIx, triples: &[Triple<'_>]) -> Claim {
    let name = |at: SpanIx| cx.store.name(at).into_owned();
    let n = triples.len() as u64;
    let message = format!("{} have their callee beside them instead of below", count(n, "call"));
    let mut said = Said::firm(Severity::Info, 0.60, message);
    for triple in triples.iter().take(1) {
        said = said.because(format!(
            "`{}` and `{}` of {} both hang from {}, in trace {}",
            name(triple.call.1.at),
            name(triple.request),
            cx.store.service(triple.request),
            triple.parent,
            triple.call.0.2
        ));
    }
    let said = said
        .remedy("inject the context inside of the call's span, not before it begins")
        .remedy("if headers are forwarded by hand, leave traceparent out");
    let spans: Vec<(TraceId, SpanId)> = triples
        .iter()
        .flat_map(|t| [(t.call.0.2, t.call.0.3), (t.call.0.2, cx.store.record(t.request).span_id)])
        .collect();
    let mut claim = Claim::about(cx.processes.service(service), said).spans(spans, n);
    if let Some(triple) = triples.first() {
        claim.language.clone_from(&cx.processes.get(triple.call.1.process).language);
        cx.store.service(triple.request).clone_into(&mut claim.subject);
    }
    claim
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn shop(n: u32, callee: &str) -> String {
        (0..n).fold(String::new(), |all, i| {
            let at = i * 100;
            format!(
                "{all}GET /  web  server  {at}..{}  get=/ trace={}\n  GET  web  client  {}..{}  call=http://shop/a\n{callee}",
                at + 50,
                1 + i,
                at + 5,
                at + 45
            )
            .replace("AT", &format!("{}..{}", at + 10, at + 20))
        })
    }

    #[test]
    fn hints_at_callees_beside_calls() {
        let beside = "  GET /a  shop  server  AT  get=/a\n";
        assert_eq!(
            found("callee-parented-beside-call", &shop(5, beside)),
            ["info callee-parented-beside-call firm ×5"]
        );
        assert_eq!(found("callee-parented-beside-call", &shop(4, beside)), [""; 0]);
    }

    #[test]
    fn silent_for_callees_below_and_for_parallel_calls() {
        let below = "    GET /a  shop  server  AT  get=/a\n";
        assert_eq!(found("callee-parented-beside-call", &shop(8, below)), [""; 0]);
        let parallel = "  GET  web  client  AT  call=http://shop/a\n  GET /a  shop  server  AT  get=/a\n";
        assert_eq!(found("callee-parented-beside-call", &shop(8, parallel)), [""; 0]);
        let other = "  GET /b  shop  server  AT  get=/b\n";
        assert_eq!(found("callee-parented-beside-call", &shop(8, other)), [""; 0]);
    }
}
