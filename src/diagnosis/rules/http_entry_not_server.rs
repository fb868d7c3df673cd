//! An inbound HTTP request was handled, but its span is not SERVER.

use crate::diagnosis::alone::{WrongKind, WrongKinds};
use crate::diagnosis::role::inbound_proof;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Finding, MAX_TRACE_IDS, Rule, Severity, State};
use crate::model::{ParentLocality, Scope, SpanKind};
use crate::store::Store;

/// The rule.
pub const RULE: Rule = Rule {
    id: "http-entry-not-server",
    code: "A1",
    severity: Severity::Error,
    enabled: true,
    summary: "a span describes an inbound HTTP request and its kind is not SERVER",
    explain: "\
The span has attributes that only the server of an HTTP request knows (its path as received, the client's
address), and no SERVER span of the same request covers it. Semantic conventions demand SERVER.

Why it matters: request rates, latencies and service maps are computed from SERVER spans; these requests do not
exist for them.

How it is found: by attributes, old and new names. The span's ancestors in its process are looked at first: a
framework's INTERNAL layer under the SERVER span of the same request is right.

What looks alike and is fine: WSGI, ASGI or Node http spans above a framework's INTERNAL span; ASGI send and
receive spans; Express middleware.",
    fix: "\
Where the span is made by hand, set its kind: `kind=SpanKind.SERVER` in Python, `{ kind: SpanKind.SERVER }` in
JavaScript, `setSpanKind(SpanKind.SERVER)` in Java, `trace.WithSpanKind(trace.SpanKindServer)` in Go.
Else find the span that was current when the request arrived: some instrumentations choose INTERNAL then.",
    code_fixes: &[],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span",
        "open-telemetry/opentelemetry-python#4420",
        "open-telemetry/opentelemetry-python-contrib#3171",
        "open-telemetry/opentelemetry-java-instrumentation#7342",
    ],
    symptom_of: &[],
    on: On::Entry,
};

/// The one line.
pub(crate) fn message(count: u64, kind: Option<SpanKind>, scope: &Scope) -> String {
    let kind = kind.unwrap_or(SpanKind::Internal);
    let subject =
        if count == 1 { "1 HTTP request is".to_owned() } else { format!("{count} HTTP requests are") };
    let by = format!("{} {}", scope.name, scope.version);
    let by = if scope.name.is_empty() { String::new() } else { format!(" ({})", by.trim_end()) };
    format!("{subject} {kind} and should be SERVER{by}")
}

/// The finding for entries that no merge explains. Its key is left to the caller.
pub(crate) fn alone(store: &Store, service: &str, scope: &Scope, kinds: &WrongKinds, ended: bool) -> Finding {
    let mut trace_ids = Vec::new();
    for (_, trace, _) in kinds.sample.keys() {
        if trace_ids.len() < MAX_TRACE_IDS && !trace_ids.contains(trace) {
            trace_ids.push(*trace);
        }
    }
    let first = kinds.sample.values().next();
    // A SERVER span above may have been left out of the recording, or dropped on its way.
    let unseen = kinds.not_received == kinds.n;
    let mut evidence = Vec::new();
    if let Some(one) = first {
        let proof = proof(store, kinds, one);
        let name = store.text(one.name).unwrap_or_default();
        evidence.push(format!("`{name}` has {}: an inbound request", proof.join(", ")));
        evidence.push(match one.locality {
            ParentLocality::Root => "it has no parent that could be the SERVER span".to_owned(),
            ParentLocality::Remote => "its parent is in another process: the caller's CLIENT span".to_owned(),
            ParentLocality::Local | ParentLocality::Unknown => {
                "no SERVER span of its process covers it".to_owned()
            }
        });
    }
    // INTERNAL below a parent of its own process is right where that is the SERVER span of the same request.
    let maybe_covered = unseen && kinds.sample.values().all(|one| one.locality == ParentLocality::Local);
    let (severity, confidence) = match (unseen, maybe_covered) {
        (true, true) => (Severity::Info, 0.40),
        (true, false) => (Severity::Warning, 0.60),
        (false, _) => (Severity::Error, 0.95),
    };
    // While spans may still come, the span that covers them may be open.
    let open = unseen && !ended || kinds.provisional >= kinds.n;
    let state = if open { State::Provisional } else { State::Firm };
    if kinds.not_received > 0 {
        evidence.push(format!("{} hang from a parent that was not received", kinds.not_received));
    }
    Finding {
        key: 0,
        rule: &RULE,
        severity,
        confidence,
        state,
        service: service.to_owned(),
        scope: Some((scope.name.clone(), scope.version.clone())).filter(|(name, _)| !name.is_empty()),
        trace_ids,
        trace_count: kinds.traces.len() as u64,
        span_ids: kinds.sample.keys().map(|(_, trace, span)| (*trace, *span)).collect(),
        span_count: kinds.n,
        request_count: None,
        culprit: None,
        known_issue: None,
        message: message(kinds.n, first.map(|one| one.kind), scope),
        evidence,
        remedy: vec![
            "set the kind to SERVER where the span is started, if it is made by hand".to_owned(),
            "else find the span that was current when the request arrived: some instrumentations then choose INTERNAL".to_owned(),
        ],
        folded_under: None,
    }
}

/// The attributes of the earliest span that prove an inbound request, as they were sent. Of a span that is not held any
/// more the first name of each.
fn proof(store: &Store, kinds: &WrongKinds, one: &WrongKind) -> Vec<&'static str> {
    let keys = inbound_proof(one.keys);
    let first = kinds.sample.keys().next();
    let held = first.and_then(|(_, trace, span)| store.find_span(store.find_trace(*trace)?, *span));
    let sent = held.and_then(|at| store.decode(at)).map(|span| span.attributes);
    let was_sent = |name: &str| sent.as_ref().is_none_or(|sent| sent.iter().any(|(key, _)| key == name));
    keys.names().filter(|name| was_sent(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testkit::{Bench, by_end, check, found};

    #[test]
    fn fires_for_a_root_and_for_a_remote_parent() {
        assert_eq!(check("GET /a  s  internal  0..9  get=/a"), ["error http-entry-not-server firm ×1"]);
        let remote = "
            GET  web  client  0..20  call=http://s/a
              GET /a  s  internal  2..9  get=/a
        ";
        assert_eq!(check(remote), ["error http-entry-not-server firm ×1"]);
        assert_eq!(check(&remote.replace("0..20", "0..20  lost")), ["error http-entry-not-server firm ×1"]);
    }

    /// What it says, hints too.
    fn all(bench: &Bench) -> Vec<String> {
        bench.list(|finding| finding.rule.id == RULE.id)
    }

    #[test]
    fn fires_once_the_missing_parent_is_overdue() {
        let lost = "
            outer  s  server  0..30  lost
              GET /a  s  internal  2..9  get=/a
            GET /later  s  server  400..409  get=/later trace=2
        ";
        let mut bench = Bench::default();
        bench.take(by_end(lost));
        assert_eq!(all(&bench), [""; 0], "the parent may be in the next batch");
        bench.advance(31_000);
        assert_eq!(all(&bench), ["info http-entry-not-server provisional ×1"], "it may be open");
        assert_eq!(
            found(RULE.id, lost),
            ["info http-entry-not-server provisional ×1"],
            "the recording may be cut off"
        );
        let long_ago = lost.replace("400..409", "40000..40009");
        assert_eq!(found(RULE.id, &long_ago), ["info http-entry-not-server firm ×1"]);
    }

    #[test]
    fn is_taken_back_when_the_covering_span_arrives() {
        let covered = "
            GET /a  s  server  0..60000  get=/a
              GET /a  s  internal  2..9  get=/a
        ";
        let mut batches = by_end(covered);
        let outer = batches.pop().unwrap();
        let mut bench = Bench::default();
        bench.take(batches).advance(31_000);
        assert_eq!(all(&bench), ["info http-entry-not-server provisional ×1"]);
        bench.take([outer]);
        assert_eq!(all(&bench), [""; 0]);
    }

    #[test]
    fn is_folded_once_a_merge_explains_it() {
        let sketch = "
            run  s  internal  0..90000  lost
              setup  s  internal  10..40000
                GET /a  s  internal  100..110  get=/a
              GET /b  s  internal  20000..20010  get=/b
              GET /c  s  internal  30000..30010  get=/c
        ";
        let mut batches = by_end(sketch);
        let setup = batches.pop().unwrap();
        let mut bench = Bench::default();
        bench.take(batches).advance(61_000).take([setup]).finish();
        assert_eq!(bench.findings(), check(sketch));
        assert_eq!(check(sketch)[1], "  error http-entry-not-server firm ×3");
    }

    #[test]
    fn a_second_one_does_not_silence_the_first() {
        let job = "
            job  s  internal  0..100
              GET /a  s  internal  1..40  get=/a scope=custom
              GET /b  s  internal  50..90  get=/b scope=custom
        ";
        assert_eq!(check(job), ["error http-entry-not-server firm ×2"]);
        let mut bench = Bench::default();
        bench.take(by_end(job));
        let (store, diagnosis) = (&bench.0.store, &bench.0.diagnosis);
        let marked =
            (0..3).map(crate::store::SpanIx).filter(|at| !diagnosis.findings_of(store, *at).is_empty());
        assert_eq!(marked.count(), 2, "both spans lead to the finding");
    }

    #[test]
    fn without_flags_it_settles_live_as_in_a_file() {
        let lost = "
            GET  web  client  0..20  call=http://s/a noflags lost
              GET /a  s  internal  2..9  get=/a scope=custom noflags
        ";
        let mut bench = Bench::default();
        bench.take(by_end(lost)).advance(5_000);
        assert_eq!(bench.findings(), [""; 0]);
        bench.advance(31_000);
        assert_eq!(bench.findings(), ["warning http-entry-not-server provisional ×1"]);
        let caller = by_end(&lost.replace(" lost", "")).pop().unwrap();
        bench.take([caller]).finish();
        assert_eq!(
            bench.findings(),
            ["error http-entry-not-server firm ×1"],
            "its caller came, and it counts once"
        );
    }

    #[test]
    fn silent_for_layers_below_a_server_span() {
        assert_eq!(check("
            GET /a  s  server  0..30  get=/a
              middleware  s  internal  1..29  http.route=/a express.type=middleware
                GET /a  s  internal  2..28  get=/a
              GET /a http send  s  internal  3..4  http.method=GET http.target=/a asgi.event.type=http.response.start
        "), [""; 0]);
    }

    #[test]
    fn silent_for_calls_out() {
        assert_eq!(
            check(
                "
            GET /a  s  server  0..30  get=/a
              GET  s  client  1..9  http.method=GET http.url=http://x/y http.target=/y net.peer.name=x
              GET  s  client  11..19  http.request.method=GET url.full=http://x/y url.path=/y server.address=x
        "
            ),
            [""; 0]
        );
    }
}
