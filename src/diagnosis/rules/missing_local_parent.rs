//! A parent of the same process was never delivered: still open, never ended, or lost on the way.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::lost::{GONE_NS, LocalLoss};
use crate::diagnosis::aggregate::missing::{LOOKED_AT, Missing, MissingKey, Why};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::finding::MAX_SPAN_IDS;
use crate::diagnosis::process::{Process, ProcessIx, ServiceIx};
use crate::diagnosis::rule::On;
use crate::diagnosis::verdict::QUIET_NS;
use crate::diagnosis::{Absence, Rule, Severity};
use crate::model::time::duration;
use crate::model::{SpanId, TraceId};
use crate::store::{Presence, View};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "missing-local-parent",
    code: "C1",
    severity: Severity::Warning,
    enabled: true,
    summary: "a parent that was created in the same process was never delivered",
    explain: "\
Spans name a parent of their own process, and that span never came, although the process has long delivered spans
that ended later. It is still open, was never ended, or was lost: dropped by a full queue, a filter or a processor, or
with the process itself.

Why it matters: the trace falls into pieces without a top. The request's duration, status and attributes are missing,
and nothing on the screen says what the pieces belonged to.

How it is found: the flags of the children say that their parent is local, and their process has delivered spans that
ended 10 s later, was silent for 30 s, or its recording has ended. Without flags it is supposed of spans that are no
entries, and no more than a hint: the parent may as well be of another process whose spans are not here. While the
process runs it stays provisional: an open span looks the same. It is firm when the process has been silent for five minutes or the recording is over.

What looks alike and is fine: a span that is still running, such as a long job or a connection; the end of a recording,
within 10 s of which parents may just be cut off; tail sampling that has not decided yet. Requests that share one
missing parent are merged, and told as such.",
    fix: "\
End the span on every path: `finally`, `defer`, `with`, try-with-resources; also where the request is cancelled or
the generator is not read to its end. Flush when the process is told to stop: handle SIGTERM and shut the tracer
provider down. Do not drop single spans in a processor or a sampler: decide by trace.",
    code_fixes: &[
        ("python", "`with tracer.start_as_current_span(…):` instead of `start_span` and `attach`; in a worker, `signal.signal(SIGTERM, lambda *_: sys.exit(0))` lets the exit handler flush"),
        ("nodejs", "end the span in `finally`; `process.once('SIGTERM', () => sdk.shutdown().finally(() => process.exit()))`"),
        ("java", "`try (Scope s = span.makeCurrent()) { … } finally { span.end(); }`"),
        ("go", "`ctx, span := tracer.Start(ctx, …)` and at once `defer span.End()`; `defer provider.Shutdown(ctx)` in main, and no `os.Exit` past it"),
        ("dotnet", "`using var activity = source.StartActivity(…);`; dispose the TracerProvider when the host stops"),
        ("rust", "keep no clone of the `Span` alive in a task or a static; call `provider.shutdown()` before main returns"),
        ("ruby", "`tracer.in_span(…) { }`; `at_exit { OpenTelemetry.tracer_provider.shutdown }`"),
        ("php", "`$scope->detach(); $span->end();` in `finally`; the provider's `shutdown()` in a shutdown function"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/trace/api/#end",
        "open-telemetry/opentelemetry-python-contrib#4916",
        "open-telemetry/opentelemetry-java-instrumentation#17222",
        "open-telemetry/opentelemetry-specification#373",
        "FriendsOfOpenTelemetry/opentelemetry-bundle#172",
        "stackabletech/operator-rs#811",
    ],
    symptom_of: &["merged-under-local-span", "background-loop-inherits-request"],
    on: On::Aggregate(look),
};

/// What the processes of one service miss.
#[derive(Default)]
struct Loss<'a> {
    firm: Counts,
    provisional: Counts,
    sample: BTreeMap<MissingKey, &'a Missing>,
    first: Option<(ProcessIx, &'a Process)>,
}

#[derive(Default)]
struct Counts {
    parents: u64,
    spans: u64,
    assumed: u64,
    long: u64,
}

impl Counts {
    fn add(&mut self, parents: u64, spans: u64, assumed: u64, long: u64) {
        self.parents += parents;
        self.spans += spans;
        self.assumed += assumed;
        self.long += long;
    }
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut services: BTreeMap<ServiceIx, Loss<'_>> = BTreeMap::new();
    for (process, loss) in cx.gathered.lost.local() {
        let of = cx.processes.get(process);
        add(cx, services.entry(of.service_ix).or_default(), process, of, loss);
    }
    // What a merge is told of is not told twice.
    for at in cx.merged {
        if let Some(missing) = cx.gathered.lost.judged(*at)
            && let Why::Local { tail, .. } = missing.why
            && let Some(loss) = services.get_mut(&cx.processes.get(missing.process).service_ix)
        {
            let is_firm = is_over(cx, cx.processes.get(missing.process)) && !tail;
            let counts = if is_firm { &mut loss.firm } else { &mut loss.provisional };
            counts.parents = counts.parents.saturating_sub(1);
            counts.spans = counts.spans.saturating_sub(u64::from(missing.spans));
            counts.long = counts.long.saturating_sub(u64::from(missing.is_long()));
            loss.sample.retain(|_, sampled| sampled.at != *at);
        }
    }
    out.extend(services.values().filter_map(|loss| claim(cx, loss)));
}

/// Whether a process will deliver nothing more.
fn is_over(cx: &Cx<'_>, process: &Process) -> bool {
    cx.ended || process.is_gone(cx.now_ns)
}

fn add<'a>(cx: &Cx<'a>, into: &mut Loss<'a>, process: ProcessIx, of: &'a Process, loss: &'a LocalLoss) {
    let settled = (loss.parents - loss.tail_parents, loss.spans - loss.tail_spans);
    if is_over(cx, of) {
        into.firm.add(settled.0, settled.1, loss.assumed.min(settled.0), loss.long.min(settled.0));
        let tail = (loss.tail_parents, loss.tail_spans);
        into.provisional.add(tail.0, tail.1, loss.assumed.min(tail.0), loss.long.min(tail.0));
    } else {
        into.provisional.add(loss.parents, loss.spans, loss.assumed, loss.long);
    }
    into.sample.extend(loss.sample.iter().map(|(key, missing)| (*key, missing)));
    into.first = into.first.or(Some((process, of)));
}

fn claim(cx: &Cx<'_>, loss: &Loss<'_>) -> Option<Claim> {
    let is_firm = loss.firm.parents > 0;
    let counts = if is_firm { &loss.firm } else { &loss.provisional };
    let (_, process) = loss.first.filter(|_| counts.parents > 0)?;
    let spoken = |missing: &Missing| {
        let firm = matches!(missing.why, Why::Local { tail: false, .. });
        !is_firm || firm && is_over(cx, cx.processes.get(missing.process))
    };
    let sample: Vec<(&MissingKey, &Missing)> =
        loss.sample.iter().map(|(key, missing)| (key, *missing)).filter(|(_, m)| spoken(m)).collect();
    let (hang, own) = if counts.spans == 1 { ("hangs", "its") } else { ("hang", "their") };
    let supposed = counts.assumed.min(counts.parents);
    let parents = match (counts.parents, counts.parents - supposed) {
        (1, 0) => format!("a parent that was never delivered, of {own} own process or another"),
        (1, _) => format!("a parent of {own} own process that was never delivered"),
        (n, 0) => format!("{n} parents that were never delivered, of their own process or another"),
        (n, known) if known < n => {
            format!("{n} parents that were never delivered, {known} of them of their own process")
        }
        (n, _) => format!("{n} parents of their own process that were never delivered"),
    };
    let message = format!("{} {hang} from {parents}", count(counts.spans, "span"));
    // One may be a job that still runs or a connection that is still open; without flags nothing says "local".
    let doubtful = counts.parents - counts.long.min(counts.parents) < 2 || counts.assumed == counts.parents;
    let (severity, confidence) = match (doubtful, is_firm) {
        (true, _) => (Severity::Info, 0.50),
        (false, false) => (Severity::Warning, 0.60),
        (false, true) => (Severity::Warning, 0.80),
    };
    let mut said = Said::firm(severity, confidence, message);
    said.evidence = evidence(cx, &sample, counts);
    if !is_firm {
        said = said.provisional();
    }
    let gone = sample.iter().any(|(_, missing)| absence(cx, missing) == Absence::ProcessGone);
    for sentence in remedy(gone, supposed > 0, is_firm) {
        said = said.remedy(sentence);
    }
    let spans = sample.iter().flat_map(|(key, missing)| children(cx, key, missing)).take(MAX_SPAN_IDS);
    let mut claim = Claim::about(process.service.clone(), said)
        .spans(spans, counts.spans)
        .traces_of(sample.iter().map(|(key, _)| key.1), counts.parents);
    claim.language.clone_from(&process.language);
    Some(claim)
}

/// The spans that hang from a missing parent, as far as they are still held.
fn children(cx: &Cx<'_>, key: &MissingKey, missing: &Missing) -> Vec<(TraceId, SpanId)> {
    let slot = cx.store.slot(missing.at);
    let first = if slot.presence == Presence::Missing && slot.record.span_id == key.2 {
        cx.store.first_child(missing.at, View::Recorded)
    } else {
        None
    };
    let all = std::iter::successors(first, |child| cx.store.next_sibling(*child, View::Recorded));
    let mut ids: Vec<_> = all.take(LOOKED_AT).map(|at| (key.1, cx.store.record(at).span_id)).collect();
    if ids.is_empty() {
        ids.push((key.1, missing.child));
    }
    ids
}

/// Why it is not here.
fn absence(cx: &Cx<'_>, missing: &Missing) -> Absence<'static> {
    Absence::of_local(missing, cx.processes.get(missing.process), cx.ended, cx.now_ns)
}

/// The causes of those in the sample, each once, in the order of the sample.
fn causes(cx: &Cx<'_>, sample: &[(&MissingKey, &Missing)], parents: u64) -> Vec<String> {
    let mut causes: Vec<(Absence<'_>, usize)> = Vec::new();
    for (_, missing) in sample {
        let absence = absence(cx, missing);
        match causes.iter_mut().find(|(cause, _)| *cause == absence) {
            Some((_, n)) => *n += 1,
            None => causes.push((absence, 1)),
        }
    }
    let of = |n: usize| match sample.len() {
        1 => String::new(),
        all if all == n && parents == n as u64 => format!(" (all {n})"),
        all => format!(" ({n} of {all})"),
    };
    causes.into_iter().map(|(cause, n)| format!("{}{}", cause.cause(), of(n))).collect()
}

fn evidence(cx: &Cx<'_>, sample: &[(&MissingKey, &Missing)], counts: &Counts) -> Vec<String> {
    let mut out = Vec::new();
    let Some((key, first)) = sample.first() else { return out };
    let process = cx.processes.get(first.process);
    let name = cx.store.text(first.name).unwrap_or_default();
    let open = duration(process.watermark_ns.saturating_sub(first.first_start_ns));
    out.push(format!(
        "the first: parent {} of `{name}`, needed since {open} before the last span of its process",
        key.2
    ));
    let alike = sample.iter().filter(|(_, missing)| missing.name == first.name).count();
    if alike > 1 {
        out.push(format!(
            "the first span under {alike} of {} missing parents is `{name}`",
            if sample.len() as u64 == counts.parents { "the".to_owned() } else { sample.len().to_string() }
        ));
    }
    out.extend(causes(cx, sample, counts.parents));
    if matches!(first.why, Why::Local { tail: true, .. }) {
        out.push("but the recording ends within 10 s of them: they may just be cut off".to_owned());
    }
    match absence(cx, first) {
        Absence::Lost | Absence::OpenOrLost => {
            let later = duration(process.watermark_ns.saturating_sub(first.last_end_ns));
            out.push(format!(
                "their process has delivered spans that ended up to {later} later, so exporting did not stop"
            ));
        }
        _ => {}
    }
    if counts.assumed == counts.parents {
        out.push("no flags say whether a parent is local: old SDKs and converters drop them".to_owned());
    }
    if counts.long > 0 {
        out.push(format!(
            "but {} of them may just be long: spans under them are more than a minute apart",
            counts.long
        ));
    }
    out
}

fn remedy(gone: bool, supposed: bool, is_firm: bool) -> Vec<&'static str> {
    let mut out = Vec::new();
    if gone {
        out.push("flush before the process ends: handle SIGTERM, and shut the tracer provider down on every way out");
    }
    out.push("find who starts a span around these, and end it on every path: finally, defer, with");
    if !gone {
        out.push(
            "or find what drops single spans: a full queue (OTEL_BSP_MAX_QUEUE_SIZE), a filter, a processor",
        );
    }
    if supposed {
        out.push("or receive what the other processes of these traces send: the parents may be theirs");
    }
    if !is_firm {
        out.push("or wait: a span that is still open looks the same");
    }
    out
}

const _: () = assert!(GONE_NS > QUIET_NS, "a process is gone long after it is silent");

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, EPOCH_NS, MS, by_end, found};
    use std::fmt::Write;

    /// `n` requests with a piece of work that is never ended, and a server that goes on for `after` seconds.
    fn shop(n: u32, after: u32) -> String {
        let mut out = String::new();
        for i in 0..n {
            let (at, trace) = (i * 100, 1 + i);
            let _ = writeln!(
                out,
                "POST /checkout  shop  server  {at}..{}  get=/checkout trace={trace}\n\
                 checkout  shop  internal  {at}..{}  lost\n  price  shop  internal  {}..{}\n  \
                 GET  shop  client  {}..{}  call=http://bank/pay",
                at + 60,
                at + 50,
                at + 10,
                at + 20,
                at + 30,
                at + 40,
            );
        }
        let end = (n - 1) * 100 + after * 1_000;
        let _ = writeln!(out, "GET /health  shop  server  {end}..{}  get=/health trace=200", end + 2);
        out
    }

    #[test]
    fn fires_for_spans_that_are_never_ended() {
        assert_eq!(found("missing-local-parent", &shop(5, 20)), ["warning missing-local-parent firm ×10"]);
    }

    #[test]
    fn says_of_whose_process_the_parents_are_only_where_flags_do() {
        let said = |sketch: &str| {
            let mut bench = Bench::default();
            bench.take(by_end(sketch)).finish();
            let finding = bench.0.diagnosis.findings().iter().find(|f| f.rule.id == "missing-local-parent");
            let finding = finding.unwrap();
            let words = [&finding.evidence[..], &finding.remedy[..]].concat().join("\n");
            (finding.severity, finding.message.clone(), words)
        };
        // A database that sends spans of its own, whose caller was not received.
        let database =
            "UPDATE  ledger  client  0..900  lost\n  UPDATE  db  client  10..550  noflags\n".to_owned();
        let health = "health  db  internal  30000..30002  trace=200\n";
        let (severity, message, words) = said(&format!("{database}{health}"));
        assert_eq!(severity, crate::diagnosis::Severity::Info);
        assert_eq!(
            message,
            "1 span hangs from a parent that was never delivered, of its own process or another"
        );
        assert!(words.contains("no flags say") && words.contains("other processes"), "{words}");
        assert!(!words.contains("its process went on"), "{words}");
        let known = database.replace("noflags", "local");
        let (_, message, words) = said(&format!("{known}{health}"));
        assert_eq!(message, "1 span hangs from a parent of its own process that was never delivered");
        assert!(words.contains("its process went on") && !words.contains("other processes"), "{words}");
        let second = "UPDATE  ledger  client  0..900  lost trace=3\n  UPDATE  db  client  10..550  noflags\n";
        let (_, message, _) = said(&format!("{known}{second}{health}"));
        assert_eq!(
            message,
            "2 spans hang from 2 parents that were never delivered, 1 of them of their own process"
        );
    }

    #[test]
    fn one_may_still_be_open() {
        assert_eq!(found("missing-local-parent", &shop(1, 20)), ["info missing-local-parent firm ×2"]);
    }

    #[test]
    fn the_end_of_a_recording_proves_nothing() {
        assert_eq!(
            found("missing-local-parent", &shop(5, 3)),
            ["warning missing-local-parent provisional ×10"]
        );
    }

    #[test]
    fn fires_when_a_process_was_replaced() {
        let killed = shop(3, 1);
        let (dead, health) = killed.split_once("GET /health").unwrap();
        let next = format!("{dead}\nGET /health{} resource.service.instance.id=b\n", health.trim_end());
        assert_eq!(found("missing-local-parent", &next), ["warning missing-local-parent firm ×6"]);
    }

    #[test]
    fn live_it_waits_for_the_process_to_move_on_and_takes_back_what_arrives() {
        let sketch = shop(3, 20);
        let all = by_end(&sketch.replace("  lost", ""));
        let is_checkout =
            |batch: &crate::model::Batch| batch.records.iter().any(|record| record.duration_ns() == 50 * MS);
        let (late, early): (Vec<_>, Vec<_>) = all.into_iter().partition(is_checkout);
        let mut early = early;
        let health = early.pop().unwrap();
        let mut bench = Bench::default();
        let said = |bench: &Bench| bench.list(|f| f.rule.id == "missing-local-parent");
        bench.take(early).advance(1_000);
        assert_eq!(said(&bench), [""; 0], "exports take their time");
        bench.take([health]).advance(20_500);
        assert_eq!(said(&bench), ["warning missing-local-parent provisional ×6"]);
        bench.advance(20_500 + 299_000);
        assert_eq!(said(&bench), ["warning missing-local-parent provisional ×6"]);
        bench.advance(20_500 + 301_000);
        assert_eq!(said(&bench), ["warning missing-local-parent firm ×6"]);
        bench.take(late).advance(20_500 + 302_000);
        assert_eq!(said(&bench), [""; 0]);
    }

    #[test]
    fn live_a_silent_process_is_overdue_after_thirty_seconds() {
        let mut batches = by_end(&shop(3, 20));
        batches.pop();
        let mut bench = Bench::default();
        let said = |bench: &Bench| bench.list(|f| f.rule.id == "missing-local-parent");
        bench.take(batches).advance(29_000);
        assert_eq!(said(&bench), [""; 0]);
        bench.advance(31_000);
        assert_eq!(said(&bench), ["warning missing-local-parent provisional ×6"]);
    }

    #[test]
    fn silent_where_a_merge_is_told() {
        let run = "
            run  shop  internal  0..60000  lost
              GET /a  shop  internal  100..110  get=/a
              GET /b  shop  internal  1200..1210  get=/b
              GET /c  shop  internal  3300..3310  get=/c
            GET /health  shop  server  30000..30002  get=/health trace=2
        ";
        assert_eq!(found("missing-local-parent", run), [""; 0]);
        assert_eq!(found("merged-under-local-span", run), ["error merged-under-local-span firm ×3"]);
    }

    #[test]
    fn quiet_for_connections_and_jobs_that_are_still_open() {
        let mut sketch = String::new();
        for trace in 1..4 {
            let _ = write!(
                sketch,
                "socket  shop  internal  0..200000  lost trace={trace}\n  message  shop  internal  100..110\n  message  shop  internal  90000..90010\n"
            );
        }
        sketch.push_str("GET /health  shop  server  120000..120002  get=/health trace=9\n");
        assert_eq!(found("missing-local-parent", &sketch), ["info missing-local-parent firm ×6"]);
    }

    #[test]
    fn silent_for_callers() {
        let sketch = "
            GET  web  client  0..40  lost call=http://shop/a
              GET /a  shop  server  10..20  get=/a
            GET /health  shop  server  30000..30002  get=/health trace=2
        ";
        assert_eq!(found("missing-local-parent", sketch), [""; 0]);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let sketch = shop(5, 20);
        let say = |bench: &Bench| {
            let all = bench.0.diagnosis.findings().iter().filter(|f| f.rule.id == "missing-local-parent");
            format!("{:?}", all.map(|f| (&f.message, &f.evidence, &f.span_ids, f.state)).collect::<Vec<_>>())
        };
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let expected = say(&bench);
        let mut rng = fastrand::Rng::with_seed(5);
        for _ in 0..30 {
            let mut batches = by_end(&sketch);
            batches.extend(by_end(&sketch).into_iter().take(3));
            rng.shuffle(&mut batches);
            let mut bench = Bench::default();
            for (n, batch) in batches.into_iter().enumerate() {
                bench.take([batch]);
                if n % 5 == 0 {
                    bench.0.advance(EPOCH_NS + n as u64 * MS);
                }
            }
            bench.finish();
            assert_eq!(say(&bench), expected);
        }
    }
}
