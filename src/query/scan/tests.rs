//! Scans in steps, while spans arrive, are evicted, and findings are made.

use super::*;
use crate::model::TraceId;
use crate::testkit::{Bench, batches, spans};

/// A scan in steps of `budget` until nothing is left to do.
fn run_out(scan: &mut Scan, bench: &Bench, budget: usize) {
    for _ in 0..1_000_000 {
        if scan.step(&bench.0.store, &bench.0.diagnosis, budget) == Progress::Done {
            return;
        }
    }
    panic!("the scan does not end");
}

/// The traces that match, by their ids' last bytes.
fn matching(scan: &Scan, bench: &Bench) -> Vec<u8> {
    let store = &bench.0.store;
    let yes = store.traces().filter(|trace| matches!(scan.verdict(store, *trace), Verdict::Yes(_)));
    let yes: Vec<u8> = yes.map(|trace| store.trace(trace).id.0[15]).collect();
    assert_eq!(scan.matches(), yes.len());
    yes
}

const QUERIES: &[&str] = &[
    "name=b",
    "status=error",
    "x>5",
    "trace:spans>7",
    "{ name=a } > { name=b }",
    "{ name=c } >> { name=c }",
    "{ name=a } ~ { x=3 }",
    "{ name=a } && { name=b && status=error }",
    "parent=missing kind=server",
];

#[test]
fn a_scan_in_steps_while_spans_arrive_ends_where_asking_all_at_once_does() {
    for seed in 0..6 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut lines = String::new();
        for trace in 1..=12 {
            let mut depth = 0;
            for n in 0..rng.usize(1..14) {
                depth = if n == 0 { 0 } else { rng.usize(1..=depth + 1) };
                let name = ["a", "b", "c"][rng.usize(..3)];
                let kind = ["server", "internal"][rng.usize(..2)];
                let word = ["", "error", "lost", "x=3", "x=9"][rng.usize(..5)];
                let (from, to) = (n * 10 + trace, 500 - n * 3);
                lines +=
                    &format!("{}{name}  s  {kind}  {from}..{to}  trace={trace} {word}\n", "  ".repeat(depth));
            }
        }
        let mut batches = batches(&spans(&lines));
        rng.shuffle(&mut batches);
        let mut bench = Bench::default();
        let mut scans: Vec<Scan> = QUERIES.iter().map(|query| Scan::new(query.parse().unwrap())).collect();
        for batch in batches {
            bench.take([batch]);
            let budget = rng.usize(0..4);
            scans.iter_mut().for_each(|scan| {
                scan.step(&bench.0.store, &bench.0.diagnosis, budget);
            });
        }
        for scan in &mut scans {
            run_out(scan, &bench, 3);
            let (store, diagnosis) = (&bench.0.store, &bench.0.diagnosis);
            let expected =
                store.traces().filter(|trace| !scan.query().spans_of(store, diagnosis, *trace).is_empty());
            let expected: Vec<u8> = expected.map(|trace| store.trace(trace).id.0[15]).collect();
            assert_eq!(matching(scan, &bench), expected, "seed {seed}: {}", scan.query());
            assert_eq!(scan.looked_at(), store.trace_count());
        }
    }
}

#[test]
fn a_step_looks_at_no_more_than_its_budget() {
    let mut lines = String::from("root  s  server  0..9000000\n");
    (0..3_000).for_each(|n| lines += &format!("  leaf  s  internal  {n}..{}  n={n}\n", n + 1));
    let mut bench = Bench::default();
    bench.take(batches(&spans(&lines))).finish();
    let mut scan = Scan::new("n=2999".parse().unwrap());
    let mut steps = 0;
    while scan.step(&bench.0.store, &bench.0.diagnosis, 100) == Progress::Unfinished {
        steps += 1;
        assert!(steps < 1_000);
    }
    assert!(steps > 50, "{steps}");
    assert_eq!(matching(&scan, &bench), [1]);
}

#[test]
fn what_is_evicted_is_forgotten_and_the_verdict_with_it() {
    let mut session = crate::session::Session::new(3 << 20, crate::session::Clock::Wall);
    let mut scan = Scan::new("name=a".parse().unwrap());
    for n in 0..6_000_u64 {
        let mut batch =
            batches(&spans("a  s  server  0..5  pad=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")).remove(0);
        batch.trace_ids[0] = TraceId(u128::from(n + 1).to_be_bytes());
        batch.records[0].span_id = SpanId(n + 1);
        batch.arrived_ns += n * 1_000;
        session.take(batch);
        scan.step(&session.store, &session.diagnosis, 50);
    }
    assert!(session.store.counters().evicted_spans > 0, "the limit was reached");
    for _ in 0..200 {
        scan.step(&session.store, &session.diagnosis, 10_000);
    }
    assert_eq!(
        (scan.matches(), scan.looked_at()),
        (session.store.trace_count(), session.store.trace_count())
    );
}

#[test]
fn a_finding_that_is_made_later_is_met() {
    let merged = "
        run  shop  internal  0..900  lost
          GET /a  shop  internal  100..120  get=/a
          GET /b  shop  internal  200..220  get=/b
          GET /c  shop  internal  300..320  get=/c";
    let mut bench = Bench::default();
    let mut scan = Scan::new("finding=merged*".parse().unwrap());
    for batch in crate::testkit::by_end(merged) {
        bench.take([batch]);
        run_out(&mut scan, &bench, 10);
    }
    bench.finish();
    run_out(&mut scan, &bench, 10);
    assert_eq!(matching(&scan, &bench), [1]);
}
