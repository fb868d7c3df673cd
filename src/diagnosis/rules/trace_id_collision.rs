//! Several roots share one trace id: the generator repeats itself.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::traces::Collision;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::finding::{Culprit, CulpritClass};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::time::duration;
use crate::model::{SpanId, TraceId};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "trace-id-collision",
    code: "B4",
    severity: Severity::Error,
    enabled: true,
    summary: "several requests without a parent share one trace id",
    explain: "\
Two or more spans of one trace have no parent and are requests that have nothing to do with each other. Each root
should have drawn a trace id of its own; the generator repeats its ids. The random number generator was seeded, or
copied into forked workers.

Why it matters: requests of different users, processes and times are shown, sampled and searched as one trace, and
spans with repeated ids overwrite each other in most back ends.

How it is found: several parentless requests in one trace that come from different processes one after the other, or
lie more than a second apart; certain where span ids repeat too. One such trace alone is a warning.

What looks alike and is fine: a span that was delivered twice; roots that lie inside of one another (their parent id was
lost on the way); sessions or builds that put their own id into the trace id on purpose, with spans that are no requests.",
    fix: "\
Do not seed the global random generator of a process that traces (`random.seed`, `Math.random` replacements), or give
the SDK an id generator of its own that reads the operating system's entropy. Seed again after a fork.",
    code_fixes: &[
        ("python", "remove `random.seed(…)`, or seed a `random.Random(…)` of your own; for forked workers create the TracerProvider in a post_fork hook"),
        ("ruby", "create the SDK in the worker after the fork (`on_worker_boot`)"),
    ],
    references: &[
        "open-telemetry/opentelemetry-python#4376",
        "open-telemetry/opentelemetry-python#2974",
        "mlflow/mlflow#21418",
        "open-telemetry/opentelemetry-ruby#611",
        "DataDog/dd-trace-py#1470",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// Roots so far apart have no common cause, nanoseconds.
const APART_NS: u64 = 1_000_000_000;

/// What a trace with several roots shows.
struct Shown {
    /// Requests that no other one contains.
    requests: usize,
    /// The widest time between the end of one and the start of the next.
    apart_ns: u64,
    processes: usize,
    repeats: bool,
}

/// What the roots of a trace show, nothing where they may have a common cause.
fn shown(collision: &Collision) -> Option<Shown> {
    let (mut reached, mut apart_ns, mut requests) = (0, 0, 0);
    let mut processes = Vec::new();
    let mut repeats = false;
    for ((start, ..), root) in collision.roots.iter().filter(|(_, root)| root.entry) {
        repeats |= root.twin;
        // A root inside of another lost its parent's id on the way: the same request.
        if *start >= reached || root.twin {
            apart_ns = apart_ns.max(if reached == 0 { 0 } else { start.saturating_sub(reached) });
            requests += 1;
            if !processes.contains(&root.process) {
                processes.push(root.process);
            }
        }
        reached = reached.max(root.end_ns);
    }
    let unrelated = repeats || processes.len() >= 2 || apart_ns > APART_NS;
    (requests >= 2 && unrelated).then_some(Shown { requests, apart_ns, processes: processes.len(), repeats })
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut by_service: BTreeMap<ServiceIx, Vec<(TraceId, &Collision, Shown)>> = BTreeMap::new();
    for (trace, collision) in &cx.gathered.traces.collisions {
        if let (Some(shown), Some((_, first))) = (shown(collision), collision.roots.first_key_value()) {
            by_service.entry(first.service).or_default().push((*trace, collision, shown));
        }
    }
    for (service, traces) in by_service {
        let requests: u64 = traces.iter().map(|(_, _, shown)| shown.requests as u64).sum();
        let repeats = traces.iter().any(|(_, _, shown)| shown.repeats);
        let processes = traces.iter().map(|(_, _, shown)| shown.processes).max().unwrap_or(0);
        let apart = traces.iter().map(|(_, _, shown)| shown.apart_ns).max().unwrap_or(0);
        let certain = traces.len() >= 2 || repeats;
        let (severity, confidence) = match (certain, repeats) {
            (_, true) => (Severity::Error, 0.99),
            (true, false) => (Severity::Error, 0.95),
            (false, false) => (Severity::Warning, 0.80),
        };
        let message = format!("{requests} unrelated requests share {}: each is a root", ids(traces.len()));
        let mut said = Said::firm(severity, confidence, message);
        if processes >= 2 {
            said = said.because(format!(
                "the requests of one trace come from {}",
                count(processes as u64, "process")
            ));
        }
        if apart > 0 {
            said = said.because(format!("up to {} lie between one and the next", duration(apart)));
        }
        if repeats {
            said = said.because("span ids repeat with other content: the generator starts over");
        }
        let said = said
            .remedy("find what seeds or copies the random generator of the process: a seed in the code, a fork after the SDK was set up")
            .remedy("or give the SDK an id generator that reads the operating system's entropy");
        let roots = traces.iter().flat_map(|(trace, collision, _)| {
            collision.roots.iter().filter(|(_, root)| root.entry).map(|((_, span, _), _)| (*trace, *span))
        });
        let n = traces.iter().map(|(_, collision, _)| collision.entries).sum();
        let mut claim = Claim::about(cx.processes.service(service), said).spans(roots, n);
        claim.language = cx
            .processes
            .iter()
            .find(|(_, p)| p.service_ix == service)
            .map_or_else(String::new, |(_, p)| p.language.clone());
        claim.request_count = Some(requests);
        claim.collided = traces.iter().map(|(trace, ..)| *trace).collect();
        claim.culprit = Some(Culprit {
            span_id: SpanId::NONE,
            name: None,
            kind: None,
            scope: None,
            scope_version: None,
            received: false,
            class: CulpritClass::IdCollision,
            open_at_least_ns: None,
            others: 0,
        });
        out.push(claim);
    }
}

fn ids(n: usize) -> String {
    if n == 1 { "one trace id".to_owned() } else { format!("{n} trace ids") }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::{Finding, Severity};
    use crate::testkit::{Bench, again, batches, by_end, found, spans};

    const TWO: &str = "
        GET /a  s  server  0..10  get=/a
        GET /b  s  server  3000..3010  get=/b
    ";

    #[test]
    fn one_trace_is_a_warning_two_are_an_error() {
        assert_eq!(found("trace-id-collision", TWO), ["warning trace-id-collision firm ×2"]);
        let second = TWO
            .replace("/a\n", "/a trace=2\n")
            .replace("0..10", "7000..7010")
            .replace("3000..3010", "9000..9010");
        let both = format!("{TWO}{second}");
        assert_eq!(found("trace-id-collision", &both), ["error trace-id-collision firm ×4"]);
        let mut bench = Bench::default();
        bench.take(by_end(&both)).finish();
        let store = &bench.0.store;
        for trace in store.traces() {
            assert_eq!(bench.0.diagnosis.requests(store, trace), Some(2));
            assert_eq!(crate::diagnosis::requests_of(store, &bench.0.diagnosis, trace).len(), 2);
        }
    }

    #[test]
    fn who_repeats_whole_requests_is_told_of_nothing_that_follows_from_it() {
        let mut sketch = String::new();
        for n in 0..30 {
            // More traces than a finding lists.
            let price = if n < 10 { "" } else { "GET /price  prices  server  {}  get=/price" };
            let request = format!(
                "
                GET /cart  shop  server  {{}}  get=/cart trace={}
                  GET /cart  shop  internal  {{}}  get=/cart
                    GET  shop  client  {{}}  call=http://prices/price
                      {price}
                ",
                n + 1
            );
            sketch += &request.replace("{}", &format!("{}..{}", n * 20, n * 20 + 9));
        }
        let mut once = spans(&sketch);
        // Children end first.
        once.reverse();
        // Ids of sketches are counted up, their times are whole milliseconds.
        let told = |f: &Finding| !["low-entropy-ids", "coarse-clock"].contains(&f.rule.id);
        assert_eq!(Bench::default().take(batches(&once)).finish().list(told), [""; 0]);
        for apart_ms in [1_000, 100_000] {
            let twice = [once.clone(), again(&once, apart_ms)].concat();
            let mut bench = Bench::default();
            assert_eq!(
                bench.take(batches(&twice)).finish().list(told),
                [
                    "error trace-id-collision firm ×60",
                    "  error span-id-collision firm ×40",
                    "  error span-id-collision firm ×180"
                ]
            );
            let (store, diagnosis) = (&bench.0.store, &bench.0.diagnosis);
            let worst: Vec<_> = store.traces().map(|trace| diagnosis.worst(store, trace)).collect();
            assert_eq!(worst, [Some(Severity::Error); 30], "those that are not listed, too");
        }
    }

    #[test]
    fn different_processes_one_after_the_other() {
        let sketch = TWO.replace("GET /b  s", "GET /b  t").replace("3000..3010", "20..30");
        assert_eq!(found("trace-id-collision", &sketch), ["warning trace-id-collision firm ×2"]);
    }

    #[test]
    fn silent_where_a_parent_id_was_lost_or_nothing_is_a_request() {
        let inside = "
            GET  web  client  0..50  call=http://s/a
            GET /a  s  server  5..45  get=/a
        ";
        assert_eq!(found("trace-id-collision", inside), [""; 0]);
        let nested = TWO.replace("0..10", "0..5000");
        assert_eq!(found("trace-id-collision", &nested), [""; 0]);
        let session = TWO.replace("server", "internal").replace("get=", "x=");
        assert_eq!(found("trace-id-collision", &session), [""; 0]);
        let close = TWO.replace("3000..3010", "20..30");
        assert_eq!(found("trace-id-collision", &close), [""; 0], "retries of one client, perhaps");
    }
}
