//! Too many trivial spans.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::emitters::{Emitter, EmitterIx};
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, SpanKind, share};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "span-spam",
    code: "F8",
    severity: Severity::Info,
    enabled: true,
    summary: "many spans say little",
    explain: "\
A service makes more than 10 INTERNAL spans, or more than 20 spans below 5 ms, for the usual trace; or a consumer makes
a span each time that it polls and gets nothing.

Why it matters: they cost as much as spans that say something, and hide those.

How it is found: by the median over at least 50 traces of the service (Instrumentation Score: SPA-001, SPA-005). Polls:
at least 50 receive spans of a scope without destination, size of a batch or links, more than half of its spans.

What looks alike and is fine: fine tracing on purpose, for a time.",
    fix: "\
Turn off the layer that makes most of them: ASGI send and receive spans, fs, dns and net instrumentations, middleware
layers. For polls, upgrade the instrumentation or leave spans of empty polls out.",
    code_fixes: &[
        ("python", "`exclude_spans=[\"send\", \"receive\"]` of the ASGI and FastAPI instrumentation, or OTEL_PYTHON_FASTAPI_EXCLUDE_SPANS"),
        ("nodejs", "`getNodeAutoInstrumentations({ '@opentelemetry/instrumentation-fs': { enabled: false } })`, likewise net and dns"),
    ],
    references: &["open-telemetry/opentelemetry-python-contrib#1674"],
    symptom_of: &["background-loop-inherits-request", "merged-under-local-span"],
    on: On::Aggregate(look),
};

const TRACES: usize = 50;
const INTERNAL: u32 = 10;
const SHORT: u32 = 20;
const POLLS: u64 = 50;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut services: BTreeMap<ServiceIx, Vec<&Emitter>> = BTreeMap::new();
    for (number, emitter) in cx.gathered.emitters.iter() {
        services.entry(emitter.service).or_default().push(emitter);
        polls(cx, number, emitter, out);
    }
    for (service, emitters) in services {
        let (traces, internal, short) = cx.gathered.spam.medians(service);
        if traces < TRACES || internal <= INTERNAL && short <= SHORT {
            continue;
        }
        let what =
            if internal > INTERNAL { (internal, "INTERNAL spans") } else { (short, "spans below 5 ms") };
        let message = format!("the usual trace holds {} {} of this service", what.0, what.1);
        let mut said = Said::firm(Severity::Info, 0.5, message)
            .because(format!(
                "the median of {traces} traces: {internal} INTERNAL spans, {short} spans below 5 ms"
            ))
            .remedy("turn off the layer that makes most of them, or keep it for the time of a search");
        let of = |emitter: &Emitter| emitter.of_kind(SpanKind::Internal);
        let all: u64 = emitters.iter().map(|emitter| of(emitter)).sum();
        let top =
            emitters.iter().max_by_key(|emitter| (of(emitter), by_scope(cx.store.scope(emitter.scope))));
        if let Some(top) = top.filter(|_| all > 0) {
            let share = share::percent(of(top), all);
            let scope = &cx.store.scope(top.scope).name;
            said = said.because(format!("{share} of its INTERNAL spans come from scope `{scope}`"));
        }
        let spans = emitters.iter().map(|emitter| emitter.spans).sum();
        let mut claim = Claim::about(cx.processes.service(service), said).spans([], spans);
        claim.language = top.map(|top| top.language.clone()).unwrap_or_default();
        out.push(claim);
    }
}

/// Polls that got nothing.
fn polls(cx: &Cx<'_>, number: EmitterIx, emitter: &Emitter, out: &mut Vec<Claim>) {
    const GOT: KeySet = KeySet::of(&[Key::MessagingDestination, Key::MessagingBatch, Key::HasLinks]);
    let (idle, earliest) =
        cx.gathered.shapes.count(number, |shape| shape.role == Role::MessageReceive && !shape.keys.any(GOT));
    if idle < POLLS || idle * 2 <= emitter.spans {
        return;
    }
    let scope = cx.store.scope(emitter.scope);
    let message = format!("{} of polls that got nothing{}", count(idle, "span"), by_scope(scope));
    let said = Said::firm(Severity::Info, 0.5, message)
        .because("they name no destination, no batch and no message")
        .remedy("upgrade the instrumentation, or leave spans of empty polls out");
    let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, idle);
    claim.language.clone_from(&emitter.language);
    claim.scope = Some(scope.clone());
    out.push(claim);
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    /// So many traces with a request and so many children of a kind and a duration.
    fn traces(n: usize, children: usize, kind: &str, ms: usize) -> Vec<String> {
        let mut sketch = String::new();
        for trace in 0..n {
            sketch += &format!("GET /a  s  server  0..900  get=/a trace={}\n", trace + 1);
            for child in 0..children {
                sketch += &format!("  step  s  {kind}  {}..{}\n", child * 20, child * 20 + ms);
            }
        }
        found("span-spam", &sketch)
    }

    #[test]
    fn fires_for_many_internal_spans_and_many_short_ones() {
        assert_eq!(traces(60, 12, "internal", 9), ["info span-spam firm ×780"]);
        assert_eq!(traces(60, 22, "client", 2), ["info span-spam firm ×1380"]);
    }

    #[test]
    fn fires_for_polls_that_get_nothing() {
        let poll = |n: usize| {
            format!(
                "poll  s  client  {}..{}  messaging.system=kafka messaging.operation=receive trace={}\n",
                n * 10,
                n * 10 + 5,
                n + 1
            )
        };
        let sketch: String = (0..60).map(poll).collect();
        assert_eq!(found("span-spam", &sketch), ["info span-spam firm ×60"]);
        let named =
            sketch.replace("operation=receive", "operation=receive messaging.destination.name=orders");
        assert_eq!(found("span-spam", &named), [""; 0]);
    }

    #[test]
    fn silent_for_a_few_spans_and_few_traces() {
        assert_eq!(traces(60, 8, "internal", 9), [""; 0]);
        assert_eq!(traces(60, 15, "client", 9), [""; 0]);
        assert_eq!(traces(20, 12, "internal", 9), [""; 0]);
    }
}
