//! Runs of repeated siblings under one parent, shown as one row: many spans with one name, or the same few names in turn
//! (`SELECT order`, `SELECT customer`, `SELECT order`, …).
//!
//! A run is found from any of its rows by looking at its neighbours, grows in both directions in slices, and is counted
//! anew in slices when its trace has changed. A run of a million is never walked at once: until it is counted, its
//! numbers are lower bounds, and rows beyond its unknown end are reached by way of its parent.

use crate::diagnosis::Diagnosis;
use crate::model::{SpanId, SpanKind, StatusCode, TraceId};
use crate::store::{SpanIx, Store, TraceIx, View};
use std::collections::{HashMap, HashSet};

/// From so many on, siblings are a run.
const LEAST: usize = 5;
/// How far a run is followed when it is met.
const AT_ONCE: usize = 256;
/// How many spans are counted between two frames.
const A_SLICE: usize = 4_096;
/// What it costs more to ask for the findings of each.
const MARKED: usize = 16;
/// How many children of a repeated span are looked at: one with more is of interest.
const CHILDREN: u32 = 8;
/// How many names may follow one another in turn.
pub(super) const LONGEST_CYCLE: usize = 4;
/// How many spans of a run are asked for their names: a cycle may come behind repeats of one of its names.
const NAMED: usize = 16;
/// What it costs more to see that they do.
const IN_TURN: usize = 16;
/// How many runs are remembered.
const KEPT: usize = 4_096;

/// Repeated spans: their trace, parent, name, kind and resource.
pub type Key = (TraceId, SpanId, u32, SpanKind, u32);

/// Some repeated siblings, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// The first of them.
    pub first: SpanIx,
    /// The last of them.
    pub last: SpanIx,
    /// How many.
    pub count: u64,
    /// The sum of their durations, nanoseconds.
    pub sum_ns: u64,
    /// The longest of them, nanoseconds.
    pub longest_ns: u64,
    /// The latest end.
    pub end_ns: u64,
    /// Whether its first and its last span are really those.
    pub ends: [bool; 2],
}

impl Run {
    fn of(at: SpanIx, store: &Store) -> Self {
        let record = store.record(at);
        let (sum_ns, end_ns) = (record.duration_ns(), record.end_ns);
        Self { first: at, last: at, count: 1, sum_ns, longest_ns: sum_ns, end_ns, ends: [false; 2] }
    }

    /// Whether all of it is counted.
    pub fn is_whole(&self) -> bool {
        self.ends == [true; 2]
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.longest_ns = self.longest_ns.max(other.longest_ns);
        self.end_ns = self.end_ns.max(other.end_ns);
    }
}

/// What decides which siblings are alike.
#[derive(Clone, Copy)]
pub struct Kin<'a> {
    /// The spans.
    pub store: &'a Store,
    /// What is wrong with them.
    pub diagnosis: &'a Diagnosis,
    /// How their trace is drawn.
    pub view: View,
    /// Something is wrong with spans of this trace.
    pub marked: bool,
    /// Runs that the user has unfolded.
    pub unfolded: &'a HashSet<Key>,
}

impl Kin<'_> {
    /// By what the run of a span is known; nothing for a top, which is a request of its own.
    pub fn key(&self, at: SpanIx) -> Option<Key> {
        let parent = self.store.parent_row(at, self.view)?;
        let (slot, parent) = (self.store.slot(at), self.store.record(parent).span_id);
        let trace = self.store.trace(slot.trace).id;
        Some((trace, parent, slot.record.name, slot.record.kind(), slot.record.resource))
    }

    fn share(&self, steps: usize) -> usize {
        if self.marked { steps / MARKED } else { steps }
    }

    fn next(&self, at: SpanIx, back: bool) -> Option<SpanIx> {
        if back { self.store.prev_sibling(at, self.view) } else { self.store.next_sibling(at, self.view) }
    }

    /// The first spans of each name of a run, in their order.
    pub fn names(&self, run: &Run) -> Vec<SpanIx> {
        let mut found = vec![run.first];
        let next = |at: &SpanIx| if *at == run.last { None } else { self.neighbour(*at, false) };
        for at in std::iter::successors(Some(run.first), next).take(NAMED) {
            if !found.iter().any(|known| self.store.record(*known).name == self.store.record(at).name) {
                found.push(at);
            }
        }
        found
    }

    /// By what the spans of a run are known, whichever of them is asked for.
    pub fn keys(&self, run: &Run) -> Vec<Key> {
        self.names(run).into_iter().filter_map(|at| self.key(at)).collect()
    }

    /// The run that a span would be in, if nothing were unfolded.
    pub fn folded(&self, at: SpanIx) -> Option<Run> {
        let none = HashSet::new();
        Runs::default().find(at, &Kin { unfolded: &none, ..*self })
    }

    fn is_unfolded(&self, at: SpanIx) -> bool {
        !self.unfolded.is_empty() && self.key(at).is_some_and(|key| self.unfolded.contains(&key))
    }

    /// What makes a span like another one.
    fn sort(&self, at: SpanIx) -> (u32, SpanKind, u32) {
        let record = self.store.record(at);
        (record.resource, record.kind(), record.name)
    }

    /// Whether two siblings, the one next to the other, belong to the same run. That depends on what is around them and
    /// not on who asks: so a run is the same from whichever of its spans it is met.
    fn alike(&self, a: SpanIx, b: SpanIx) -> bool {
        let (first, second) = (self.sort(a), self.sort(b));
        first == second
            || ((first.0, first.1) == (second.0, second.1)
                && self.are_in_turn(a, b)
                && ![a, b].iter().any(|at| self.is_unfolded(*at)))
    }

    /// Whether two siblings with different names are part of a few names that come again and again.
    fn are_in_turn(&self, a: SpanIx, b: SpanIx) -> bool {
        let side = |back| {
            let all = std::iter::successors(Some(a), move |at| self.next(*at, back));
            all.take(LONGEST_CYCLE + 1).collect::<Vec<_>>()
        };
        let (before, after) = (side(true), side(false));
        let again = |side: &[SpanIx], cycle: usize| {
            side.get(cycle).is_some_and(|other| self.store.record(*other).name == self.store.record(a).name)
        };
        debug_assert_eq!(after.get(1), Some(&b));
        (2..=LONGEST_CYCLE).filter(|cycle| again(&before, *cycle) || again(&after, *cycle)).any(|cycle| {
            // Where in the cycle they stand is not known: any place will do that fits what is around them.
            before.iter().take(cycle - 1).any(|first| self.comes_again(*first, cycle))
        })
    }

    /// Whether the `cycle` siblings from `first` on come often enough in turn, before and after.
    fn comes_again(&self, first: SpanIx, cycle: usize) -> bool {
        let fits = |at: &SpanIx, sort: (u32, SpanKind)| {
            let other = self.sort(*at);
            (other.0, other.1) == sort && self.is_dull(*at)
        };
        let sort = self.sort(first);
        let next = |at: &SpanIx| self.next(*at, false);
        let turn: Vec<SpanIx> = std::iter::successors(Some(first), next).take(cycle).collect();
        if turn.len() < cycle || !turn.iter().all(|at| fits(at, (sort.0, sort.1))) {
            return false;
        }
        let mut seen = cycle;
        for back in [false, true] {
            let mut at = turn[if back { 0 } else { cycle - 1 }];
            for step in 0..LEAST * cycle - seen {
                let like = turn[if back { cycle - 1 - step % cycle } else { step % cycle }];
                match self.next(at, back) {
                    Some(next) if self.sort(next) == self.sort(like) && self.is_dull(next) => at = next,
                    _ => break,
                }
                seen += 1;
            }
        }
        seen >= LEAST * cycle
    }

    /// Whether there is nothing to see in a span and below it.
    fn is_dull(&self, at: SpanIx) -> bool {
        let quiet = |at: SpanIx| {
            let slot = self.store.slot(at);
            slot.is_held()
                && slot.record.status() != StatusCode::Error
                && !(self.marked
                    && (self.diagnosis.is_culprit(at) || self.diagnosis.mark(self.store, at).is_some()))
        };
        let below = self.store.child_count(at);
        if below > CHILDREN || !quiet(at) {
            return false;
        }
        let first = self.store.first_child(at, self.view);
        let mut children = std::iter::successors(first, |child| self.store.next_sibling(*child, self.view));
        below == 0 || children.all(|child| self.store.child_count(child) == 0 && quiet(child))
    }

    /// The sibling of `at` on one side, if it belongs to the same run.
    fn neighbour(&self, at: SpanIx, back: bool) -> Option<SpanIx> {
        let next = self.next(at, back)?;
        let (first, second) = if back { (next, at) } else { (at, next) };
        (self.alike(first, second) && self.is_dull(next)).then_some(next)
    }
}

/// When a run was counted, and how far it was counted anew.
#[derive(Clone, Copy, Debug)]
struct Known {
    run: Run,
    counted: Stamp,
    again: Option<(Run, Stamp)>,
}

/// What a count depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    /// How often the trace has changed.
    pub changes: u32,
    /// Findings, and whether any is of this trace.
    pub findings: (usize, bool),
}

/// What makes slots mean something else.
type Ground = (TraceIx, TraceId, View, u32, usize);

/// The runs that were met in one trace.
#[derive(Debug, Default)]
pub struct Runs {
    ground: Option<Ground>,
    stamp: Stamp,
    known: HashMap<u32, Known>,
    /// By first and last span, and by those that were first or last before.
    edges: HashMap<SpanIx, u32>,
    made: u32,
}

impl Runs {
    /// Forgets what no longer holds: another trace, spans evicted, edges cut.
    pub fn settle(&mut self, ground: Ground, stamp: Stamp) {
        if self.ground != Some(ground) || self.known.len() > KEPT {
            self.known.clear();
            self.edges.clear();
            self.ground = Some(ground);
        }
        self.stamp = stamp;
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.ground = None;
    }

    /// The run that a span is in, if it is in one that is folded.
    pub fn find(&mut self, at: SpanIx, kin: &Kin<'_>) -> Option<Run> {
        if let Some(known) = self.edges.get(&at).and_then(|number| self.known.get(number)) {
            return Some(known.run);
        }
        kin.store.parent_row(at, kin.view)?;
        if kin.is_unfolded(at) || !kin.is_dull(at) {
            return None;
        }
        let side = |back| {
            let all = std::iter::successors(Some(at), |at| kin.neighbour(*at, back));
            all.skip(1).take(LEAST - 1).count()
        };
        if 1 + side(true) + side(false) < LEAST {
            return None;
        }
        let number = self.made;
        self.made = self.made.wrapping_add(1);
        let run = Run::of(at, kin.store);
        self.known.insert(number, Known { run, counted: self.stamp, again: None });
        self.edges.insert(at, number);
        self.grow(number, kin.share(AT_ONCE), kin);
        self.known.get(&number).map(|known| known.run)
    }

    /// Follows a run to both sides. Answers with the steps that are left.
    fn grow(&mut self, number: u32, mut left: usize, kin: &Kin<'_>) -> usize {
        let Some(Known { mut run, mut counted, .. }) = self.known.get(&number).copied() else { return left };
        for (side, back) in [(0, true), (1, false)] {
            while !run.ends[side] && left > 0 {
                left -= 1;
                let edge = if back { run.first } else { run.last };
                let Some(next) = kin.neighbour(edge, back) else {
                    run.ends[side] = true;
                    break;
                };
                if kin.store.record(edge).name != kin.store.record(next).name {
                    left = left.saturating_sub(IN_TURN);
                }
                let met = self.edges.get(&next).copied().filter(|other| *other != number);
                let met = met.and_then(|other| Some((other, self.known.remove(&other)?)));
                let (part, end) = match met {
                    Some((other, Known { run: met, counted: before, .. })) => {
                        // What is taken over was perhaps counted before the trace has changed.
                        if before != self.stamp {
                            counted = before;
                        }
                        self.edges.values_mut().filter(|n| **n == other).for_each(|n| *n = number);
                        if next != if back { met.last } else { met.first } {
                            // Not its near end: this run began in the midst of that one, which has all of it.
                            run = met;
                            continue;
                        }
                        (met, met.ends[side])
                    }
                    None => (Run::of(next, kin.store), false),
                };
                run.add(&part);
                run.ends[side] = end;
                if back {
                    run.first = part.first;
                } else {
                    run.last = part.last;
                }
            }
        }
        self.edges.insert(run.first, number);
        self.edges.insert(run.last, number);
        if let Some(known) = self.known.get_mut(&number) {
            (known.run, known.counted) = (run, counted);
        }
        left
    }

    /// Counts on in the runs that are on the screen. Tells whether there is more to do.
    pub fn work(&mut self, seen: &[SpanIx], kin: &Kin<'_>) -> bool {
        let mut left = kin.share(A_SLICE);
        let mut numbers: Vec<u32> = seen.iter().filter_map(|at| self.edges.get(at).copied()).collect();
        numbers.dedup();
        let mut more = false;
        for number in numbers {
            let Some(known) = self.known.get(&number).copied() else { continue };
            if !known.run.is_whole() {
                left = self.grow(number, left, kin);
                more |= self.known.get(&number).is_some_and(|known| !known.run.is_whole());
            } else if known.counted != self.stamp || known.again.is_some() {
                left = self.count_again(number, left, kin);
                more |= self.known.get(&number).is_some_and(|known| known.again.is_some());
            }
            if left == 0 {
                return true;
            }
        }
        more
    }

    /// Counts a run anew, since its trace has changed: what it is shown with stays until that is done.
    fn count_again(&mut self, number: u32, mut left: usize, kin: &Kin<'_>) -> usize {
        let Some(known) = self.known.get(&number).copied() else { return left };
        let (mut again, since) =
            known.again.unwrap_or_else(|| (Run::of(known.run.first, kin.store), self.stamp));
        // Spans may have come before its first.
        let broken = !kin.is_dull(again.first)
            || (known.again.is_none() && kin.neighbour(again.first, true).is_some());
        let mut done = broken;
        while !done && left > 0 {
            left -= 1;
            match kin.neighbour(again.last, false) {
                Some(next) => {
                    if kin.store.record(again.last).name != kin.store.record(next).name {
                        left = left.saturating_sub(IN_TURN);
                    }
                    again.add(&Run::of(next, kin.store));
                    again.last = next;
                }
                None => done = true,
            }
        }
        if broken || (done && again.count < LEAST as u64) {
            self.drop_run(number);
        } else if done {
            // Something of interest may have come into its midst: what follows it is another run.
            self.edges.retain(|_, of| *of != number);
            again.ends = [true; 2];
            self.edges.insert(again.first, number);
            self.edges.insert(again.last, number);
            self.known.insert(number, Known { run: again, counted: since, again: None });
        } else if let Some(known) = self.known.get_mut(&number) {
            known.again = Some((again, since));
        }
        left
    }

    fn drop_run(&mut self, number: u32) {
        self.known.remove(&number);
        self.edges.retain(|_, of| *of != number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Clock, Session};
    use crate::testkit::{MS, by_end};

    fn session(sketch: &str) -> (Session, Vec<SpanIx>) {
        let mut session = Session::new(1 << 30, Clock::Stream);
        by_end(sketch).into_iter().for_each(|batch| session.take(batch));
        session.finish();
        let store = &session.store;
        let trace = store.traces().next().unwrap();
        let top = store.first_row(trace, View::Recorded).unwrap();
        let first = store.first_child(top, View::Recorded);
        let all = std::iter::successors(first, |at| store.next_sibling(*at, View::Recorded)).collect();
        (session, all)
    }

    fn many(name: &str, range: std::ops::Range<usize>, word: &str) -> String {
        range.map(|i| format!("  {name}  s  internal  {}..{}  {word}\n", i * 2, i * 2 + 1)).collect()
    }

    fn kin<'a>(session: &'a Session, unfolded: &'a HashSet<Key>) -> Kin<'a> {
        let (store, diagnosis) = (&session.store, &session.diagnosis);
        Kin { store, diagnosis, view: View::Recorded, marked: false, unfolded }
    }

    #[test]
    fn a_run_that_is_met_again_in_its_midst_is_the_same_run() {
        let sketch = format!("a  s  server  0..9999\n{}", many("q", 0..240, ""));
        let (session, all) = session(&sketch);
        let none = HashSet::new();
        let kin = kin(&session, &none);
        for order in [[100, 30, 200], [0, 239, 120], [239, 5, 5], [7, 8, 9]] {
            let mut runs = Runs::default();
            for at in order {
                assert_eq!(runs.find(all[at], &kin).unwrap().count, 240, "{order:?}");
            }
        }
    }

    #[test]
    fn a_run_is_the_same_from_whichever_row_it_is_met() {
        let sketch = format!(
            "a  s  server  0..9999\n{}{}{}",
            many("q", 0..240, ""),
            many("q", 240..241, "error"),
            many("q", 241..250, "")
        );
        let (session, all) = session(&sketch);
        let unfolded = HashSet::new();
        for met in [0, 100, 239] {
            let run = Runs::default().find(all[met], &kin(&session, &unfolded)).unwrap();
            assert_eq!((run.first, run.last, run.count), (all[0], all[239], 240));
            assert_eq!((run.sum_ns, run.longest_ns, run.is_whole()), (240 * MS, MS, true));
        }
        let mut runs = Runs::default();
        assert_eq!(runs.find(all[240], &kin(&session, &unfolded)), None, "an error is never folded away");
        assert_eq!(runs.find(all[245], &kin(&session, &unfolded)).unwrap().count, 9);
        let key = kin(&session, &unfolded).key(all[0]).unwrap();
        let unfolded = HashSet::from([key]);
        assert_eq!(Runs::default().find(all[0], &kin(&session, &unfolded)), None);
    }

    /// A few names in turn, the first of them at `from`.
    fn in_turn(names: &[&str], range: std::ops::Range<usize>) -> String {
        let line = |i: usize| many(names[i % names.len()], i..i + 1, "");
        range.map(line).collect()
    }

    #[test]
    fn names_that_come_in_turn_are_a_run() {
        for names in [&["q", "u"][..], &["q", "q", "u"], &["a", "b", "c"], &["a", "b", "a", "c"]] {
            let lines = names.len() * 20;
            let sketch =
                format!("a  s  server  0..9999\n{}{}", many("z", 0..1, ""), in_turn(names, 1..1 + lines));
            let (session, all) = session(&sketch);
            let none = HashSet::new();
            let kin = kin(&session, &none);
            assert_eq!(Runs::default().find(all[0], &kin), None, "{names:?}");
            for met in [1, 2, 30, lines - 1, lines] {
                let mut runs = Runs::default();
                assert!(runs.find(all[met], &kin).unwrap().count >= 8, "{names:?}");
                while runs.work(&[all[met]], &kin) {}
                let run = runs.find(all[met], &kin).unwrap();
                assert_eq!((run.first, run.last, run.count), (all[1], all[lines], lines as u64), "{names:?}");
            }
            let run = kin.folded(all[1]).unwrap();
            let shown: Vec<_> = kin.names(&run).iter().map(|at| session.store.name(*at)).collect();
            let mut distinct = names.to_vec();
            distinct.rotate_left(1);
            let mut seen = HashSet::new();
            distinct.retain(|name| seen.insert(*name));
            assert_eq!(shown, distinct);
            // Unfolded by any of its spans, it is no run for any of them.
            let unfolded: HashSet<Key> = kin.keys(&run).into_iter().collect();
            for at in &all {
                assert_eq!(Runs::default().find(*at, &self::kin(&session, &unfolded)), None, "{names:?}");
            }
        }
    }

    #[test]
    fn names_without_a_turn_are_no_run() {
        let none = HashSet::new();
        // Too few turns; one out of turn in the midst; different kinds; an error in the midst.
        let short = in_turn(&["q", "u"], 0..9);
        let broken = [in_turn(&["q", "u"], 0..8), many("x", 8..9, ""), in_turn(&["q", "u"], 9..17)].concat();
        let kinds: String = (0..40)
            .map(|i| {
                format!("  {}  s  {}  {i}..{}\n", ["q", "u"][i % 2], ["client", "internal"][i % 2], i + 1)
            })
            .collect();
        let failed =
            [in_turn(&["q", "u"], 0..8), many("q", 8..9, "error"), in_turn(&["q", "u"], 9..17)].concat();
        let mixed: String = (0..40).map(|i| many(&format!("n{}", (i * i) % 11), i..i + 1, "")).collect();
        for sketch in [short, broken, kinds, failed, mixed] {
            let (session, all) = session(&format!("a  s  server  0..9999\n{sketch}"));
            for at in all {
                assert_eq!(Runs::default().find(at, &kin(&session, &none)), None, "{sketch}");
            }
        }
    }

    #[test]
    fn four_are_no_run_and_children_of_interest_prevent_one() {
        let (session_of_four, all) = session(&format!("a  s  server  0..99\n{}", many("q", 0..4, "")));
        let unfolded = HashSet::new();
        assert_eq!(Runs::default().find(all[0], &kin(&session_of_four, &unfolded)), None);
        let child = |i: usize| {
            format!(
                "  q  s  internal  {}..{}\n    x  s  internal  {}..{}  error\n",
                i * 9,
                i * 9 + 8,
                i * 9 + 1,
                i * 9 + 2
            )
        };
        let (with_errors, all) =
            session(&format!("a  s  server  0..99\n{}", (0..8).map(child).collect::<String>()));
        assert_eq!(Runs::default().find(all[0], &kin(&with_errors, &unfolded)), None);
    }

    #[test]
    fn a_long_run_is_counted_in_slices_from_both_ends() {
        let (session, all) = session(&format!("a  s  server  0..99999\n{}", many("q", 0..20_000, "")));
        let unfolded = HashSet::new();
        let kin = kin(&session, &unfolded);
        let mut runs = Runs::default();
        let top = runs.find(all[0], &kin).unwrap();
        let end = runs.find(all[19_999], &kin).unwrap();
        assert!(!top.is_whole() && !end.is_whole() && top.count < 1_000 && end.count < 1_000);
        assert!(runs.work(&[top.first, end.last], &kin), "one slice does not count all of it");
        while runs.work(&[all[0]], &kin) {}
        let run = runs.find(all[0], &kin).unwrap();
        assert_eq!((run.count, run.first, run.last, run.is_whole()), (20_000, all[0], all[19_999], true));
        assert_eq!(runs.find(all[19_999], &kin), Some(run));
        // The trace changes: it is counted anew, and is the same.
        runs.stamp.changes += 1;
        while runs.work(&[all[0]], &kin) {}
        assert_eq!(runs.find(all[0], &kin), Some(run));
    }
}
