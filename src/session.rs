//! The one owner: a store, the diagnosis and the statistics that read it, and the memory limit.
//!
//! Everything that comes in passes through [`Session::take`], live, in a replay and in `check` alike. The main task
//! owns the session; there is no lock.

use crate::diagnosis::{Diagnosis, Suppression};
use crate::model::time::LATEST_NS;
use crate::model::{Batch, TraceId};
use crate::stats::Stats;
use crate::store::{Arrived, SpanIx, Store, TraceIx, View};
use std::collections::VecDeque;

/// How many spans and log records are freed at a time: a fraction of a millisecond, so that no step keeps a key waiting.
const EVICTION_STEP: usize = 512;

/// Of the limit, how much is left to the newest where tables and pinned traces take all of it: a sixteenth, and at most
/// so many bytes.
const NEWEST_PART: usize = 16;
const NEWEST_MOST: usize = 4 << 20;

/// How many traces are taken out of the lists at a time.
const DELETION_STEP: usize = 256;
/// How many spans are shown to a new diagnosis at a time.
const LEARNING_STEP: usize = 512;

/// Whose time it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The wall's: spans come from running processes.
    Wall,
    /// The data's own: spans come from a dump, and nothing settles before its end.
    Stream,
}

/// What is held and what is wrong with it.
#[derive(Debug)]
pub struct Session {
    /// The spans.
    pub store: Store,
    /// The verdicts.
    pub diagnosis: Diagnosis,
    /// What was counted.
    pub stats: Stats,
    max_memory: usize,
    cramped: bool,
    clock: Clock,
    arrived: Arrived,
    gone: Vec<SpanIx>,
    /// Traces that are to be deleted.
    unwanted: VecDeque<TraceId>,
    /// Pinned traces that a new diagnosis has not seen yet, and the next row of the first of them.
    unlearned: VecDeque<TraceIx>,
    next_row: Option<SpanIx>,
}

impl Session {
    /// An empty session that holds at most `max_memory` bytes (batches, records, index, diagnosis,
    /// statistics).
    pub fn new(max_memory: usize, clock: Clock) -> Self {
        Self::with(max_memory, clock, Diagnosis::default())
    }

    /// The same with a diagnosis of the caller's own.
    pub fn with(max_memory: usize, clock: Clock, diagnosis: Diagnosis) -> Self {
        Self {
            store: Store::new(),
            diagnosis,
            stats: Stats::default(),
            max_memory,
            cramped: false,
            clock,
            arrived: Arrived::default(),
            gone: Vec::new(),
            unwanted: VecDeque::new(),
            unlearned: VecDeque::new(),
            next_row: None,
        }
    }

    /// Takes a batch in, diagnoses it, and makes room.
    pub fn take(&mut self, batch: Batch) {
        while self.is_learning() {
            self.learn();
        }
        // The time of log records alone is no time of spans: a dump must not settle by it.
        let of_logs = batch.records.is_empty() && !batch.logs.records.is_empty();
        let now_ns = if of_logs { 0 } else { batch.arrived_ns };
        self.store.set_full(self.memory() > self.max_memory);
        self.store.ingest(batch, &mut self.arrived);
        self.stats.observe(&self.store, &self.arrived);
        self.diagnosis.observe(&self.store, &self.arrived, now_ns);
        self.apply_cuts();
        self.make_room();
    }

    /// Tells the time, nanoseconds since the Unix epoch, so that a silent stream settles too. Once a second.
    ///
    /// Without effect on a dump: what its spans waited for is told by their own times.
    pub fn advance(&mut self, now_ns: u64) {
        let now_ns = now_ns.min(LATEST_NS);
        if self.is_learning() {
            return;
        }
        if self.clock == Clock::Stream {
            return self.diagnosis.refresh(&self.store);
        }
        self.diagnosis.advance(&self.store, now_ns);
        self.apply_cuts();
    }

    /// Says that all processes that have sent anything so far have ended, and that others send from now on.
    /// Nothing tells whose they were: a process of somebody else's that goes on is taken for another one from now on.
    pub fn processes_ended(&mut self) {
        self.store.part_resources();
        self.diagnosis.processes_ended();
    }

    /// Accepts findings from now on.
    pub fn suppress(&mut self, suppression: Suppression) {
        self.diagnosis.suppress(&self.store, suppression);
    }

    /// Says that nothing more will come.
    pub fn finish(&mut self) {
        while self.is_learning() {
            self.learn();
        }
        self.stats.finish(&self.store);
        self.diagnosis.finish(&self.store);
        self.apply_cuts();
    }

    /// Keeps a trace from being evicted and cleared, or no longer. Tells whether there is such a trace.
    pub fn pin(&mut self, trace: TraceId, pinned: bool) -> bool {
        self.store.pin(trace, pinned)
    }

    /// Deletes traces, pinned ones too. What was learned from them stays. [`Session::work`] does it bit by bit.
    pub fn delete(&mut self, traces: impl IntoIterator<Item = TraceId>) {
        self.unwanted.extend(traces);
        self.take_out();
    }

    /// Starts anew: every trace that is not pinned is deleted, and so are the findings, but for what is found wrong with
    /// pinned traces. Tells how many traces were deleted. [`Session::work`] does the rest bit by bit.
    pub fn clear(&mut self) -> u64 {
        let cleared = self.store.clear();
        self.diagnosis = std::mem::take(&mut self.diagnosis).anew();
        self.stats = std::mem::take(&mut self.stats).anew();
        self.unwanted.clear();
        self.unlearned = self.store.pinned().collect();
        self.next_row = None;
        cleared
    }

    /// Whether there is something to do for [`Session::work`].
    pub fn is_busy(&self) -> bool {
        self.is_learning() || !self.unwanted.is_empty() || self.store.is_deleting()
    }

    /// Whether pinned traces are being shown to a new diagnosis: what arrives is better left waiting until they are.
    pub fn is_learning(&self) -> bool {
        !self.unlearned.is_empty()
    }

    /// Goes on with what was asked for, for a fraction of a millisecond.
    pub fn work(&mut self) {
        if self.is_learning() {
            self.learn();
        } else if self.unwanted.is_empty() {
            self.free_deleted();
        } else {
            self.take_out();
        }
    }

    fn take_out(&mut self) {
        for _ in 0..DELETION_STEP {
            let Some(trace) = self.unwanted.pop_front() else { return };
            self.store.delete(trace);
        }
    }

    fn free_deleted(&mut self) {
        self.gone.clear();
        self.store.free_deleted(EVICTION_STEP, &mut self.gone);
        self.diagnosis.forget(&self.store, &self.gone);
        self.stats.forget(&self.gone);
    }

    /// Shows some spans of pinned traces to a diagnosis that has not seen them, in the order of their rows: no span
    /// before its parent. Edges that another diagnosis has cut are mended first.
    fn learn(&mut self) {
        let Some(trace) = self.unlearned.front().copied() else { return };
        if self.next_row.is_none() && !self.store.mend(trace, LEARNING_STEP) {
            return;
        }
        let first = self.next_row.or_else(|| self.store.first_row(trace, View::Recorded));
        let mut arrived = std::mem::take(&mut self.arrived);
        arrived.clear();
        let next = |at: &SpanIx| self.store.next_row(*at, View::Recorded, &|_| false);
        let mut rows = std::iter::successors(first, next);
        for at in rows.by_ref().take(LEARNING_STEP) {
            if self.store.slot(at).is_held() {
                arrived.spans.push(at);
            }
        }
        self.next_row = rows.next();
        let now_ns = self.store.trace(trace).last_arrived_ns;
        self.stats.observe(&self.store, &arrived);
        self.diagnosis.observe(&self.store, &arrived, now_ns);
        self.arrived = arrived;
        if self.next_row.is_none() {
            self.unlearned.pop_front();
        }
        if !self.is_learning() {
            self.apply_cuts();
            self.diagnosis.refresh(&self.store);
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        self.store.memory() + self.diagnosis.memory() + self.stats.memory()
    }

    /// The limit, bytes.
    pub fn max_memory(&self) -> usize {
        self.max_memory
    }

    /// Whether the limit is too small for what is pinned and what was learned: eviction does not get below it.
    pub fn is_cramped(&self) -> bool {
        self.cramped
    }

    fn apply_cuts(&mut self) {
        for change in self.diagnosis.take_cuts() {
            self.store.set_cut(change.span, change.cut);
            self.stats.cut(&self.store, change.span, change.cut);
        }
    }

    /// Evicts while memory is beyond the limit. Tables keep what they have grown to, and learn from every trace: where those
    /// and pinned traces fill the limit, evicting all the rest would not help, so the newest stay, beyond the limit.
    fn make_room(&mut self) {
        self.cramped = false;
        let newest = (self.max_memory / NEWEST_PART).min(NEWEST_MOST);
        while self.memory() > self.max_memory {
            if self.store.is_deleting() {
                self.free_deleted();
                continue;
            }
            let (bytes, count) = self.store.evictable();
            if bytes <= newest {
                self.cramped = true;
                return;
            }
            self.gone.clear();
            // The last of them leave few at a time: a step must not take all that is to stay.
            let step = (count as usize / 8).clamp(1, EVICTION_STEP);
            if self.store.evict(step, &mut self.gone) == 0 {
                self.cramped = true;
                return;
            }
            if !self.gone.is_empty() {
                self.diagnosis.forget(&self.store, &self.gone);
                self.stats.forget(&self.gone);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::View;
    use crate::testkit::by_end;

    /// A shop under `run` that never ends: three requests a second, one of them alone in a trace of its own.
    fn second(n: u64) -> String {
        let at = n * 1_000;
        let request = |name: &str, from: u64| {
            format!(
                "  GET /{name}  shop  internal  {}..{}  get=/{name}\n    query  shop  client  {}..{}\n",
                at + from,
                at + from + 20,
                at + from + 5,
                at + from + 9
            )
        };
        format!(
            "run  shop  internal  0..9000000  lost\n{}{}GET /own  shop  server  {}..{}  get=/own trace={}\n",
            request("a", 100),
            request("b", 400),
            at + 700,
            at + 720,
            2 + n % 200,
        )
    }

    #[test]
    fn an_endless_merged_trace_stays_within_its_memory() {
        let limit = 4 << 20;
        let mut session = Session::new(limit, Clock::Wall);
        let mut seen = 0;
        for n in 0..2_500 {
            for batch in by_end(&second(n)) {
                // Ids repeat from second to second in a sketch: make them this second's own.
                let mut batch = batch;
                for record in &mut batch.records {
                    record.span_id.0 += n << 16;
                    if record.parent_id.0 != 0 && record.parent_id.0 != 0x1000 {
                        record.parent_id.0 += n << 16;
                    }
                }
                seen += batch.records.len() as u64;
                session.take(batch);
            }
            assert!(session.memory() <= limit, "second {n}: {}", session.memory());
        }
        let counters = *session.store.counters();
        assert!(counters.evicted_spans > 0, "the limit was reached");
        assert_eq!(counters.received, seen);
        assert_eq!(
            counters.received,
            session.store.span_count() + counters.evicted_spans + counters.repeated
        );
        let mut rows = 0;
        for trace in session.store.traces() {
            let next = |at: &SpanIx| session.store.next_row(*at, View::Unmerged, &|_| false);
            let all = std::iter::successors(session.store.first_row(trace, View::Unmerged), next);
            rows += all.filter(|at| session.store.slot(*at).is_held()).count() as u64;
        }
        assert_eq!(rows, session.store.span_count(), "every span that is held is drawn once");
        let finding = &session.diagnosis.findings()[0];
        assert_eq!(
            (finding.rule.id, finding.span_count),
            ("merged-under-local-span", 5_000),
            "what was learned stays"
        );
    }

    /// A batch of spans of one trace with random parents: late ones, missing parents, chains, twins, cycles.
    fn random_batch(rng: &mut fastrand::Rng, now_ms: u64, trace: u64) -> Batch {
        random_batch_at(rng, trace, |rng, span| {
            span.start_ns = crate::testkit::EPOCH_NS + (now_ms + rng.u64(0..5)) * crate::testkit::MS;
            span.end_ns = crate::testkit::EPOCH_NS + (now_ms + 8) * crate::testkit::MS;
        })
    }

    /// The same with times of the caller's own.
    fn random_batch_at(
        rng: &mut fastrand::Rng,
        trace: u64,
        set_times: impl Fn(&mut fastrand::Rng, &mut crate::model::Span),
    ) -> Batch {
        use crate::model::{Origin, SpanId, SpanKind, TraceId, Value};
        use crate::otlp::encode::{Group, request};
        let attribute = |key: &str, value: &str| (key.to_owned(), Value::Str(value.to_owned()));
        let mut group = Group::default();
        group.resource.attributes.push(attribute("service.name", "s"));
        group.scope.name =
            if rng.bool() { "custom" } else { "opentelemetry.instrumentation.flask" }.to_owned();
        for _ in 0..rng.usize(1..4) {
            let id = 1 + rng.u64(0..900);
            let mut span = crate::model::Span {
                trace_id: TraceId(u128::from(trace + 1).to_be_bytes()),
                span_id: SpanId(id),
                parent_id: SpanId(if rng.u8(0..12) == 0 { 0 } else { 1 + rng.u64(0..900) }),
                kind: if rng.bool() { SpanKind::Internal } else { SpanKind::Server },
                flags: [0, 0x100, 0x300][rng.usize(0..3)],
                attributes: vec![attribute("pad", &"x".repeat(500))],
                ..Default::default()
            };
            set_times(rng, &mut span);
            if rng.u8(0..3) == 0 {
                span.attributes.extend([attribute("http.method", "GET"), attribute("http.target", "/a")]);
            }
            group.spans.push(span);
        }
        let arrived_ns = group.spans.iter().map(|s| s.end_ns).max().unwrap();
        crate::otlp::walk(request(&[group]), "random".into(), Origin::Grpc, arrived_ns).0
    }

    #[test]
    fn nothing_that_arrives_while_room_is_made_breaks_the_trees() {
        for seed in 0..12 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut session = Session::new(1500 << 10, Clock::Wall);
            for n in 0..1_500_u64 {
                let late = rng.u64(0..2);
                let trace = (n / 400).saturating_sub(late);
                session.take(random_batch(&mut rng, n * 10, trace));
                if n % 100 == 0 {
                    session.advance(crate::testkit::EPOCH_NS + n * 10 * crate::testkit::MS);
                }
            }
            session.finish();
            let store = &session.store;
            let mut rows = 0;
            for trace in store.traces() {
                for view in [View::Recorded, View::Unmerged] {
                    let next = |at: &SpanIx| store.next_row(*at, view, &|_| false);
                    let down: Vec<SpanIx> =
                        std::iter::successors(store.first_row(trace, view), next).collect();
                    let previous = |at: &SpanIx| store.prev_row(*at, view, &|_| false);
                    let mut up: Vec<SpanIx> =
                        std::iter::successors(store.last_row(trace, view, &|_| false), previous).collect();
                    up.reverse();
                    assert_eq!(down, up, "seed {seed}");
                    rows += down.iter().filter(|at| store.slot(**at).is_held()).count() as u64;
                }
            }
            assert_eq!(rows, 2 * store.span_count(), "seed {seed}: every span is drawn once in each view");
            assert!(store.counters().evicted_spans > 0, "seed {seed}: room was made");
        }
    }

    #[test]
    fn no_time_that_a_span_can_say_stops_anything() {
        const TIMES: [u64; 9] =
            [0, 1, 1 << 40, crate::testkit::EPOCH_NS, 1 << 61, 1 << 62, 1 << 63, u64::MAX - 1, u64::MAX];
        for seed in 0..20 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut session = Session::new(64 << 20, if seed % 2 == 0 { Clock::Wall } else { Clock::Stream });
            for n in 0..150 {
                let any =
                    |rng: &mut fastrand::Rng| TIMES[rng.usize(0..TIMES.len())].saturating_add(rng.u64(0..5));
                let times = (any(&mut rng), any(&mut rng));
                session.take(random_batch_at(&mut rng, 1 + n / 50, |rng, span| {
                    (span.start_ns, span.end_ns) = if rng.bool() { times } else { (any(rng), any(rng)) };
                }));
                session.advance(any(&mut rng));
            }
            session.finish();
            assert!(session.store.span_count() > 100, "seed {seed}");
        }
    }

    fn rest(session: &mut Session) {
        while session.is_busy() {
            session.work();
        }
    }

    fn of_second(n: u64) -> Vec<Batch> {
        let mut batches = by_end(&second(n));
        for record in batches.iter_mut().flat_map(|batch| &mut batch.records) {
            record.span_id.0 += n << 16;
            if record.parent_id.0 != 0 && record.parent_id.0 != 0x1000 {
                record.parent_id.0 += n << 16;
            }
        }
        batches
    }

    #[test]
    fn pinned_traces_are_held_when_memory_is_full_and_what_they_cannot_take_is_counted() {
        let limit = 2 << 20;
        let mut session = Session::new(limit, Clock::Wall);
        let merged = crate::model::TraceId([1; 16]);
        let mut seen = 0;
        for n in 0..2_500 {
            for batch in of_second(n) {
                seen += batch.records.len() as u64;
                session.take(batch);
                session.pin(merged, true);
            }
            // The newest stay beside what is pinned, with their places in tables, and one request is taken before it is
            // known that nothing can be evicted for it.
            assert!(
                session.memory() <= limit + 2 * limit / NEWEST_PART + (64 << 10),
                "second {n}: {}",
                session.memory()
            );
        }
        let counters = *session.store.counters();
        assert!(counters.unroomed > 0, "the limit was reached by what is pinned");
        let left = counters.evicted_spans + counters.repeated + counters.unroomed;
        assert_eq!((counters.received, session.store.span_count()), (seen, seen - left));
        let trace = session.store.find_trace(merged).unwrap();
        assert_eq!(session.store.trace(trace).evicted, 0);
        session.pin(merged, false);
        of_second(2_500).into_iter().for_each(|batch| session.take(batch));
        assert!(session.memory() <= limit + 2 * limit / NEWEST_PART);
        assert_eq!(session.store.counters().unroomed, counters.unroomed, "there is room again");
    }

    #[test]
    fn where_the_limit_is_too_small_the_newest_stay_beside_what_is_pinned() {
        let mut session = Session::new(1 << 19, Clock::Wall);
        let one = |n: u64| format!("GET /a  shop  server  {n}..{}  get=/a trace={}\n", n + 1, 1 + n % 250);
        let (mut pinned, mut newest) = (None, None);
        for n in 0..8_000_u64 {
            for mut batch in by_end(&one(n)) {
                for record in &mut batch.records {
                    record.span_id.0 += n << 16;
                }
                for trace in &mut batch.trace_ids {
                    trace.0[..8].copy_from_slice(&(n + 1).to_be_bytes());
                    newest = Some(*trace);
                }
                session.take(batch);
                pinned = pinned.or(newest);
            }
            session.pin(pinned.unwrap(), true);
        }
        assert!(session.store.find_trace(pinned.unwrap()).is_some());
        assert!(session.store.find_trace(newest.unwrap()).is_some(), "the newest is kept");
        assert!(session.store.trace_count() > 50, "{} traces", session.store.trace_count());
        assert_eq!(session.is_cramped(), session.memory() > session.max_memory());
        assert!(session.is_cramped(), "{}", session.memory());
    }

    #[test]
    fn clearing_starts_findings_anew_but_for_pinned_traces() {
        let mut session = Session::new(64 << 20, Clock::Wall);
        let merged = crate::model::TraceId([1; 16]);
        let fill = |session: &mut Session, from: u64| {
            (from..from + 100).flat_map(of_second).for_each(|batch| session.take(batch));
        };
        // What rules on counts say comes with the second that passes, or with the end of learning.
        let told = |session: &Session| {
            let of = |f: &crate::diagnosis::Finding| (f.rule.id, f.span_count, f.request_count);
            let merges = session.diagnosis.findings().iter().map(of);
            merges
                .filter(|(id, ..)| ["merged-under-local-span", "http-entry-not-server"].contains(id))
                .collect::<Vec<_>>()
        };
        fill(&mut session, 0);
        let all = told(&session);
        assert_eq!(all[0].0, "merged-under-local-span");
        assert_eq!(session.clear(), 101);
        assert_eq!((session.diagnosis.findings().len(), session.store.trace_count()), (0, 0));
        session.advance(crate::testkit::EPOCH_NS + 200_000 * crate::testkit::MS);
        rest(&mut session);
        assert_eq!((session.diagnosis.findings().len(), session.store.span_count()), (0, 0));
        // The same once more is found once more; what is pinned is found again after clearing.
        fill(&mut session, 0);
        assert_eq!(told(&session), all);
        session.pin(merged, true);
        assert_eq!(session.clear(), 100);
        rest(&mut session);
        assert_eq!(told(&session), all);
        let trace = session.store.find_trace(merged).unwrap();
        assert_eq!(session.diagnosis.requests(&session.store, trace), Some(200));
        assert_eq!(session.store.trace(trace).cut_edges(), 200);
        // What arrives before all of it is shown anew is not judged twice.
        session.clear();
        fill(&mut session, 100);
        rest(&mut session);
        let trace = session.store.find_trace(merged).unwrap();
        assert_eq!(session.diagnosis.requests(&session.store, trace), Some(400));
    }

    #[test]
    fn clearing_forgets_services_and_processes_of_which_nothing_is_pinned() {
        let mut session = Session::new(64 << 20, Clock::Wall);
        let sketch = "
GET /a  shop  server  0..9  get=/a trace=1
  GET /b  price  server  1..8  get=/b
GET /a  unknown_service:python  server  0..9  get=/a trace=2
GET /a  till  server  0..9  get=/a trace=2 resource.http.route=/a
";
        by_end(sketch).into_iter().for_each(|batch| session.take(batch));
        session.advance(crate::testkit::EPOCH_NS + 200_000 * crate::testkit::MS);
        let found = |session: &Session| {
            let of_resources = ["unknown-service", "attribute-at-wrong-level"];
            session.diagnosis.findings().iter().filter(|f| of_resources.contains(&f.rule.id)).count()
        };
        let services = |session: &Session| {
            session.stats.services().map(|(_, service)| service.name.clone().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!((found(&session), services(&session).len()), (2, 4));
        let pinned = session.store.traces().map(|at| session.store.trace(at).id);
        let pinned = pinned.min().unwrap();
        session.pin(pinned, true);
        assert_eq!(session.clear(), 1);
        rest(&mut session);
        session.finish();
        assert_eq!((found(&session), services(&session)), (0, vec!["shop".to_owned(), "price".to_owned()]));
        // They count again from their next span.
        by_end(sketch).into_iter().for_each(|batch| session.take(batch));
        session.finish();
        assert_eq!((found(&session), services(&session).len()), (2, 4));
    }

    #[test]
    fn what_is_pinned_is_counted_once_however_much_it_is() {
        let mut session = Session::new(64 << 20, Clock::Wall);
        let calls = (0..LEARNING_STEP).map(|n| format!("  GET /b  price  server  {n}..{}  remote\n", n + 9));
        let sketch = format!("GET /a  shop  server  0..9000\n{}", calls.collect::<String>());
        by_end(&sketch).into_iter().for_each(|batch| session.take(batch));
        let counted = |session: &Session| {
            let edges: u64 = session.stats.edges().map(|(_, edge)| edge.calls.count()).sum();
            let services = session.stats.services();
            (edges, services.map(|(_, service)| (service.spans, service.entries.count())).collect::<Vec<_>>())
        };
        session.finish();
        let mut before = counted(&session);
        let trace = session.store.traces().next().unwrap();
        session.pin(session.store.trace(trace).id, true);
        session.clear();
        rest(&mut session);
        session.finish();
        let mut after = counted(&session);
        before.1.sort_unstable();
        after.1.sort_unstable();
        assert_eq!(after, before);
    }

    #[test]
    fn what_deleted_traces_taught_stays() {
        let mut session = Session::new(64 << 20, Clock::Wall);
        (0..100).flat_map(of_second).for_each(|batch| session.take(batch));
        let before = session.diagnosis.findings()[0].span_count;
        let all: Vec<_> = session.store.traces().map(|at| session.store.trace(at).id).collect();
        session.delete(all);
        rest(&mut session);
        assert_eq!((session.store.trace_count(), session.store.span_count()), (0, 0));
        let finding = &session.diagnosis.findings()[0];
        assert_eq!((finding.rule.id, finding.span_count), ("merged-under-local-span", before));
        (100..200).flat_map(of_second).for_each(|batch| session.take(batch));
        session.finish();
        assert!(session.store.span_count() > 0);
    }
}
