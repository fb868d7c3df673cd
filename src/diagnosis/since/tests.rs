//! A shop before and after, second by second.

use super::*;
use crate::diagnosis::Severity;
use crate::testkit::{Bench, EPOCH_NS, MS, by_end};

const SECOND: u64 = 1_000 * MS;

/// A session that is told the time and looked at once a second.
struct World {
    bench: Bench,
    since: Option<Since>,
    /// Seconds after the epoch of sketches.
    second: u64,
}

impl World {
    fn new() -> Self {
        Self { bench: Bench::default(), since: None, second: 0 }
    }

    fn look(&mut self) {
        let session = &self.bench.0;
        if let Some(since) = &mut self.since {
            since.look(&session.diagnosis, &session.store, EPOCH_NS + self.second * SECOND);
        }
    }

    fn until(&mut self, second: u64) -> &mut Self {
        while self.second < second {
            self.second += 1;
            self.bench.advance(self.second * 1_000);
            self.look();
        }
        self
    }

    /// Lets a sketch happen, and the second in which its last span arrives go by.
    fn play(&mut self, sketch: &str) -> &mut Self {
        for batch in by_end(sketch) {
            let second = (batch.arrived_ns - EPOCH_NS) / SECOND;
            self.until(second);
            self.bench.take([batch]);
        }
        let end = self.second + 1;
        self.until(end)
    }

    fn baseline(&mut self) -> &mut Self {
        self.since = Some(Since::now(EPOCH_NS + self.second * SECOND));
        self.look();
        self
    }

    /// How each finding of these stands: warnings and errors, headlines first.
    fn standings(&self) -> Vec<(&'static str, Option<Standing>)> {
        let since = self.since.as_ref().unwrap();
        let findings = self.bench.0.diagnosis.findings().iter().filter(|f| f.severity > Severity::Info);
        findings.map(|finding| (finding.rule.id, since.standing(finding.key))).collect()
    }

    /// How the first finding stands.
    fn first(&self) -> Standing {
        self.standings()[0].1.unwrap()
    }
}

/// A shop under a command that never ends, a request a second.
fn merged(trace: u8, from_s: u64, requests: u64) -> String {
    let request = |n: u64| {
        let at = (from_s + n) * 1_000;
        format!("  GET /{n}  shop  internal  {at}..{}  get=/{n}\n", at + 20)
    };
    let requests: String = (0..requests).map(request).collect();
    format!("run  shop  internal  {}..9000000  lost trace={trace}\n{requests}", from_s * 1_000)
}

/// The same, mended: each request is a trace of its own, `apart_ms` after the one before.
fn mended(from_s: u64, requests: u64, apart_ms: u64) -> String {
    let request = |n: u64| {
        let at = from_s * 1_000 + n * apart_ms;
        format!("GET /{n}  shop  server  {at}..{}  get=/{n} trace={}\n", at + 20, 100 + n)
    };
    (0..requests).map(request).collect()
}

fn sent(requests: u64) -> Sent {
    Sent { entries: requests, spans: requests }
}

#[test]
fn what_is_mended_is_gone_once_it_should_have_shown_itself() {
    let mut world = World::new();
    world.play(&merged(1, 0, 5)).baseline();
    let both = |standing| {
        vec![("merged-under-local-span", Some(standing)), ("http-entry-not-server", Some(standing))]
    };
    assert_eq!(world.standings(), both(Standing::NotSeen(sent(0))));
    world.play(&mended(20, 19, 1_000));
    assert_eq!(world.standings(), both(Standing::NotSeen(sent(19))));
    world.until(60);
    assert_eq!(world.standings(), both(Standing::Gone(sent(19))), "ten over half a minute will do");
}

#[test]
fn a_burst_proves_nothing_before_rules_could_speak() {
    let mut world = World::new();
    world.play(&merged(1, 0, 5)).baseline().until(100);
    world.play(&mended(100, 40, 10));
    assert_eq!(world.first(), Standing::NotSeen(sent(40)));
    world.until(115);
    assert_eq!(world.first(), Standing::Gone(sent(40)));
}

#[test]
fn a_restart_without_a_fix_is_still_there() {
    let mut world = World::new();
    world.play(&merged(1, 0, 5)).baseline().play(&merged(2, 20, 5));
    let merges = |world: &World| {
        let all = world.standings().into_iter();
        all.filter(|(rule, _)| *rule == "merged-under-local-span").collect::<Vec<_>>()
    };
    // What the run before shows and what this one shows is one fault.
    assert_eq!(merges(&world), [("merged-under-local-span", Some(Standing::StillThere))]);
    world.play(&merged(3, 40, 30));
    assert_eq!(merges(&world), [("merged-under-local-span", Some(Standing::StillThere))]);
}

#[test]
fn spans_that_were_under_way_start_the_wait_over() {
    let mut world = World::new();
    world.play(&merged(1, 0, 5)).baseline();
    // The old process flushes at its end.
    world.play(&merged(1, 0, 6));
    assert_eq!(world.first(), Standing::StillThere);
    world.play(&mended(20, 15, 1_000));
    assert_eq!(world.first(), Standing::StillThere);
    world.until(60);
    assert!(matches!(world.first(), Standing::Gone(_)));
}

#[test]
fn a_fault_that_comes_after_is_new_and_may_go_again() {
    let mut world = World::new();
    world.play(&mended(0, 5, 1_000)).baseline().play(&merged(1, 10, 3));
    assert_eq!(world.first(), Standing::New);
    world.play(&mended(20, 40, 1_000)).until(80);
    assert!(matches!(world.first(), Standing::Gone(_)));
    world.play(&merged(2, 90, 3));
    assert_eq!(world.first(), Standing::New);
}

#[test]
fn a_rare_fault_takes_longer_to_be_gone() {
    // One request in ten is recorded as INTERNAL.
    let rare = |from_s: u64, requests: u64, every: u64| -> String {
        let request = |n: u64| {
            let (at, kind) =
                ((from_s + n) * 1_000, if n % every == every - 1 { "internal" } else { "server" });
            format!("GET /a  shop  {kind}  {at}..{}  get=/a trace={}\n", at + 20, (from_s + n) % 250 + 1)
        };
        (0..requests).map(request).collect()
    };
    let mut world = World::new();
    world.play(&rare(0, 40, 10)).baseline();
    world.play(&rare(40, 28, 1_000)).until(100);
    assert_eq!(world.first(), Standing::NotSeen(sent(28)));
    world.play(&rare(100, 5, 1_000)).until(120);
    assert_eq!(world.first(), Standing::Gone(sent(33)));
}

#[test]
fn nothing_is_gone_while_its_service_says_nothing() {
    let mut world = World::new();
    world.play(&merged(1, 0, 5)).baseline();
    world.play(&mended(20, 60, 1_000).replace("shop", "other")).until(200);
    assert_eq!(world.first(), Standing::NotSeen(Sent::default()));
}

#[test]
fn what_is_told_late_of_spans_that_were_there_is_not_new() {
    let mut world = World::new();
    let waits =
        "lost  web  client  0..900  lost\n  GET /a  shop  internal  100..110  get=/a scope=custom noflags";
    world.play(waits).baseline();
    assert_eq!(world.standings(), []);
    world.until(60);
    assert_eq!(world.standings(), [("http-entry-not-server", Some(Standing::NotSeen(sent(0))))]);
}

#[test]
fn nothing_is_compared_before_the_findings_are_current() {
    let mut world = World::new();
    world.play(&mended(0, 5, 1_000));
    world.bench.take(by_end("odd  shop  internal  9000..8000  trace=7"));
    world.baseline();
    world.look();
    assert_eq!(world.since.as_ref().unwrap().followed.len(), 0);
    world.until(10);
    assert_eq!(world.standings(), [("negative-duration", Some(Standing::NotSeen(sent(0))))]);
}

#[test]
fn against_a_report_a_dump_that_was_read_says_all() {
    let report = |sketch: &str| {
        let mut bench = Bench::default();
        let session = &bench.take(by_end(sketch)).finish().0;
        Baseline::of(session.diagnosis.findings(), &|f| Subject::of(f, &session.store))
    };
    let read = |baseline: Baseline, sketch: &str| {
        let mut since = Since::report("report.json".to_owned(), baseline);
        let mut bench = Bench::default();
        let session = &bench.take(by_end(sketch)).finish().0;
        since.look(&session.diagnosis, &session.store, EPOCH_NS);
        let findings = session.diagnosis.findings().iter().map(|f| since.standing(f.key).unwrap());
        let missing = since.missing().map(|missing| (missing.known.key.rule.clone(), missing.standing));
        (findings.collect::<Vec<_>>(), missing.collect::<Vec<_>>())
    };
    let (before, after) = (merged(1, 0, 5), mended(0, 5, 1_000));
    assert_eq!(read(report(&before), &merged(2, 9, 4)), (vec![Standing::StillThere; 2], vec![]));
    let gone = ("merged-under-local-span".to_owned(), Standing::Gone(sent(5)));
    assert_eq!(read(report(&before), &after), (vec![], vec![gone]));
    let other = ("merged-under-local-span".to_owned(), Standing::NotSeen(sent(0)));
    assert_eq!(read(report(&before), &after.replace("shop", "other")), (vec![], vec![other]));
    assert_eq!(read(report(&after), &before), (vec![Standing::New; 2], vec![]));
}

#[test]
fn of_a_rule_that_is_silent_nothing_is_known() {
    let mut bench = Bench::default();
    let session = &bench.take(by_end(&merged(1, 0, 5))).finish().0;
    let baseline = Baseline::of(session.diagnosis.findings(), &|f| Subject::of(f, &session.store));
    let mut since = Since::report("report.json".to_owned(), baseline);
    let mut policy = crate::diagnosis::Policy::default();
    policy.set("merged-under-local-span", crate::diagnosis::Level::Allow);
    let silent = Diagnosis::with_policy(policy);
    since.look(&silent, &session.store, EPOCH_NS);
    assert_eq!(since.missing().count(), 0);
}

/// What explains a finding away is no proof that its cause was mended.
#[test]
fn what_is_withdrawn_is_gone_no_sooner_than_any_other() {
    let mut world = World::new();
    let page = |n: u64| {
        let at = n * 1_000;
        format!(
            "load  kiosk  internal  {at}..{}  trace={} lost\n  read  kiosk  internal  {at}..{}\n",
            at + 500,
            n + 1,
            at + 10
        )
    };
    let pages: String = (0..12).map(page).collect();
    world.play(&pages).until(60).baseline();
    assert_eq!(world.standings(), [("missing-local-parent", Some(Standing::NotSeen(sent(0))))]);
    // The parents come late, and nothing else.
    world.play(&pages.replace(" lost", "")).until(70);
    let missing = |world: &World| {
        let since = world.since.as_ref().unwrap();
        since.missing().map(|m| (m.known.key.rule.clone(), m.standing)).collect::<Vec<_>>()
    };
    let of = missing(&world);
    assert!(
        matches!(of.as_slice(), [(rule, Standing::NotSeen(_))] if rule == "missing-local-parent"),
        "{of:?}"
    );
}
