//! The critical path of a request: the spans that determine when it ends.
//!
//! As Jaeger finds it: from the end of the top backwards, always in the child that finished last before the point that
//! was reached; where there is none, the span itself was what took time. A child that outlives its parent counts as far
//! as the parent goes.

use crate::model::SpanId;
use crate::store::{SpanIx, Store, TraceIx, View};
use std::collections::{BinaryHeap, HashMap};

/// How many spans are looked at for one request: what is found takes some hundred bytes a span as long as it is marked,
/// and a table of more would take a frame's time to grow.
pub const LOOKED_AT: usize = 50_000;
/// How many steps are made in one go, of which there are several between two frames.
const A_SLICE: usize = 512;

/// From when to when, nanoseconds since the Unix epoch.
pub type Stretch = (u64, u64);

/// What of a request's spans determined its end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Path {
    /// By span: when it was what the request waited for, the latest first.
    pub of: HashMap<SpanIx, Vec<Stretch>>,
    /// The same by parent, with the name number of the span: for rows that stand for many spans.
    below: HashMap<SpanIx, Vec<(u32, Stretch)>>,
    /// It was given up for lack of time: its beginning is not known.
    pub cut: bool,
}

#[derive(Debug)]
struct Step {
    at: SpanIx,
    start_ns: u64,
    end_ns: u64,
    /// The child that is to be looked at next, from the last one on.
    unread: Option<SpanIx>,
    /// Children by end: end, start, id, and which. The next to try is the last to end.
    children: BinaryHeap<(u64, u64, u64, SpanIx)>,
}

impl Step {
    fn to(store: &Store, view: View, at: SpanIx, (start_ns, end_ns): Stretch) -> Self {
        let unread = store.last_child(at, view);
        Self { at, start_ns, end_ns, unread, children: BinaryHeap::new() }
    }

    fn read(&mut self, store: &Store, view: View, child: SpanIx) {
        let record = store.record(child);
        let end = record.end_ns.min(self.end_ns);
        // Its parent ended without a child that still runs.
        if record.start_ns < self.end_ns && end > self.start_ns && end >= record.start_ns {
            self.children.push((end, record.start_ns.max(self.start_ns), record.span_id.0, child));
        }
        self.unread = store.prev_sibling(child, view);
    }
}

/// A path that is being looked for, in slices.
#[derive(Debug)]
struct Walk {
    view: View,
    path: Path,
    steps: Vec<Step>,
    /// The point that was reached.
    until: u64,
    /// How many spans may still be looked at.
    left: usize,
}

impl Walk {
    fn from(store: &Store, top: SpanIx, view: View, left: usize) -> Self {
        let record = store.record(top);
        let until = record.end_ns.max(record.start_ns);
        let steps = vec![Step::to(store, view, top, (record.start_ns, until))];
        Self { view, path: Path::default(), steps, until, left }
    }

    /// Goes on for some steps, of which each is counted. Tells whether the path is found.
    fn go_on(&mut self, store: &Store, steps: &mut usize) -> bool {
        while let Some(step) = self.steps.last_mut() {
            if *steps == 0 {
                return false;
            }
            *steps -= 1;
            if let Some(child) = step.unread.filter(|_| self.left > 0) {
                self.left -= 1;
                // Spans come and go between two slices: what hangs elsewhere now is no child.
                if store.parent_row(child, self.view) == Some(step.at) {
                    step.read(store, self.view, child);
                } else {
                    step.unread = None;
                }
                continue;
            }
            let at = step.at;
            match step.children.pop() {
                Some((end, start, _, child)) if end <= self.until => {
                    self.path.add(store, self.view, at, (end, self.until));
                    self.until = end;
                    self.steps.push(Step::to(store, self.view, child, (start, end)));
                }
                Some(_) => {}
                // The last children are the ones that count: what they determined is right, and no more is known.
                None if step.unread.is_some() => break,
                None => {
                    let start = step.start_ns;
                    self.path.add(store, self.view, at, (start, self.until));
                    self.until = start.min(self.until);
                    self.steps.pop();
                }
            }
        }
        self.path.cut = !self.steps.is_empty();
        true
    }
}

impl Path {
    /// When spans of these names under a parent were what the request waited for, within a stretch of time.
    pub fn among(&self, parent: SpanIx, names: &[u32], within: Stretch) -> Vec<Stretch> {
        const SHOWN: usize = 512;
        let below = self.below.get(&parent).map(Vec::as_slice).unwrap_or_default();
        // The latest is the first.
        let later = below.partition_point(|(_, (_, to))| *to > within.1);
        let within = below[later..].iter().take_while(|(_, (from, _))| *from >= within.0);
        within.filter(|(of, _)| names.contains(of)).map(|(_, stretch)| *stretch).take(SHOWN).collect()
    }

    fn add(&mut self, store: &Store, view: View, at: SpanIx, stretch: Stretch) {
        if stretch.0 >= stretch.1 {
            return;
        }
        self.of.entry(at).or_default().push(stretch);
        if let Some(parent) = store.parent_row(at, view) {
            self.below.entry(parent).or_default().push((store.record(at).name, stretch));
        }
    }
}

/// The paths of the requests that are on the screen.
#[derive(Debug, Default)]
pub struct Paths {
    /// They are wanted.
    pub on: bool,
    known: HashMap<SpanIx, (SpanId, Stamp, Path)>,
    /// The one that is being looked for: of which top, and in what.
    looking: Option<(SpanIx, SpanId, Stamp, Walk)>,
}

/// What a path was found in: it is looked for again when the trace has grown enough, or has come to rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// How the trace is drawn.
    pub view: View,
    /// How often it has changed.
    pub changes: u32,
    /// Its evicted spans.
    pub evicted: u32,
    /// Its cut edges, where they are drawn as cut.
    pub cuts: usize,
}

impl Stamp {
    /// What is held of a trace now.
    pub fn of(store: &Store, trace: TraceIx, view: View) -> Self {
        let held = store.trace(trace);
        let cuts = if view == View::Unmerged { held.cut_edges() } else { 0 };
        Self { view, changes: held.changes, evicted: held.evicted, cuts }
    }

    /// Whether what was found in it is to be found anew, as the trace is now.
    pub fn is_outgrown(&self, now: &Self, resting: bool) -> bool {
        let small = now.changes <= LARGE || self.cuts != now.cuts;
        self != now && (small || resting || now.changes.wrapping_sub(self.changes) > self.changes / 16)
    }
}

/// From this many changes on, a path is not looked for again with every one.
const LARGE: u32 = 2_000;

impl Paths {
    /// The path of the request under a top, where it is known.
    pub fn of(&self, top: SpanIx) -> Option<&Path> {
        self.known.get(&top).map(|(_, _, path)| path).filter(|_| self.on)
    }

    /// Looks on for those that are on the screen and not known yet. Tells whether there is more to look for.
    pub fn work(&mut self, store: &Store, tops: &[SpanIx], now: Stamp, resting: bool) -> bool {
        if !self.on {
            self.known.clear();
            self.looking = None;
            return false;
        }
        let holds = |(id, of, _): &(SpanId, Stamp, Path), at: &SpanIx| {
            *id == store.record(*at).span_id && of.view == now.view && of.evicted == now.evicted
        };
        self.known.retain(|at, known| tops.contains(at) && holds(known, at));
        let mut left = A_SLICE;
        for top in tops {
            if self.known.get(top).is_some_and(|(_, of, _)| !of.is_outgrown(&now, resting)) {
                continue;
            }
            let id = store.record(*top).span_id;
            let same = |(at, of, since, _): &(SpanIx, SpanId, Stamp, Walk)| {
                (*at, *of, since.view, since.evicted) == (*top, id, now.view, now.evicted)
            };
            let looking = self.looking.take().filter(same);
            let (.., since, mut walk) =
                looking.unwrap_or_else(|| (*top, id, now, Walk::from(store, *top, now.view, LOOKED_AT)));
            if !walk.go_on(store, &mut left) {
                self.looking = Some((*top, id, since, walk));
                return true;
            }
            self.known.insert(*top, (id, since, walk.path));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Arrived;
    use crate::testkit::{EPOCH_NS, MS, by_end};

    /// The path of a trace's first top, found in one go.
    fn through(store: &Store, trace: TraceIx, left: usize) -> Path {
        let top = store.first_row(trace, View::Recorded).unwrap();
        let mut walk = Walk::from(store, top, View::Recorded, left);
        let mut steps = usize::MAX;
        assert!(walk.go_on(store, &mut steps));
        walk.path
    }

    /// Names of the spans on the path, and the milliseconds of each.
    fn path(sketch: &str) -> Vec<(String, Vec<(u64, u64)>)> {
        let mut store = Store::new();
        for batch in by_end(sketch) {
            store.ingest(batch, &mut Arrived::default());
        }
        let trace = store.traces().next().unwrap();
        let path = through(&store, trace, LOOKED_AT);
        assert!(!path.cut);
        let ms = |ns: u64| (ns - EPOCH_NS) / MS;
        let mut named: Vec<_> = path
            .of
            .iter()
            .map(|(at, stretches)| {
                let stretches = stretches.iter().rev().map(|(from, to)| (ms(*from), ms(*to))).collect();
                (store.name(*at).into_owned(), stretches)
            })
            .collect();
        named.sort();
        named
    }

    #[test]
    fn the_last_to_finish_is_what_was_waited_for() {
        let found = path(
            "a  s  server  0..100\n  b  s  client  10..40\n    x  s  internal  20..30\n  c  s  client  15..60\n  d  s  client  70..90\n",
        );
        let expected =
            [("a", vec![(0, 15), (60, 70), (90, 100)]), ("c", vec![(15, 60)]), ("d", vec![(70, 90)])];
        assert_eq!(found, expected.map(|(name, of)| (name.to_owned(), of)), "b was over before c was");
    }

    #[test]
    fn what_outlives_its_parent_counts_as_far_as_the_parent_goes() {
        let found = path("a  s  server  0..50\n  b  s  internal  10..90\n  c  s  internal  60..70\n");
        assert_eq!(found, [("a".to_owned(), vec![(0, 10)]), ("b".to_owned(), vec![(10, 50)])]);
    }

    #[test]
    fn a_huge_request_is_cut_and_says_so() {
        let children: String = (0..21_000).map(|i| format!("  b  s  client  {i}..{}\n", i + 1)).collect();
        let mut store = Store::new();
        for batch in by_end(&format!("a  s  server  0..21000\n{children}")) {
            store.ingest(batch, &mut Arrived::default());
        }
        let trace = store.traces().next().unwrap();
        let whole = through(&store, trace, LOOKED_AT);
        assert!(!whole.cut, "that many are passed");
        assert_eq!(whole.of.len(), 21_000);
        let path = through(&store, trace, 5_000);
        assert!(path.cut, "its beginning is not known");
        assert_eq!(path.of.len(), 5_000, "but its end is");
        let top = store.first_row(trace, View::Recorded).unwrap();
        let name = store.record(store.first_child(top, View::Recorded).unwrap()).name;
        let within = |from: u64, to: u64| (EPOCH_NS + from * MS, EPOCH_NS + to * MS);
        assert_eq!(
            path.among(top, &[name], within(20_000, 20_002)),
            [within(20_001, 20_002), within(20_000, 20_001)]
        );
        assert_eq!(path.among(top, &[name], within(0, 9_000)), []);
    }

    #[test]
    fn a_path_that_is_looked_for_in_slices_waits_for_the_next() {
        let children: String = (0..1_200).map(|i| format!("  b  s  client  {i}..{}\n", i + 1)).collect();
        let mut store = Store::new();
        for batch in by_end(&format!("a  s  server  0..1200\n{children}")) {
            store.ingest(batch, &mut Arrived::default());
        }
        let trace = store.traces().next().unwrap();
        let top = store.first_row(trace, View::Recorded).unwrap();
        let mut paths = Paths { on: true, ..Paths::default() };
        let now = Stamp { view: View::Recorded, changes: 1_201, evicted: 0, cuts: 0 };
        let mut slices = 1;
        while paths.work(&store, &[top], now, true) {
            assert_eq!(paths.of(top), None, "none is shown by half");
            slices += 1;
        }
        assert!(slices > 2, "{slices}");
        assert_eq!(
            paths.of(top),
            Some(&through(&store, trace, LOOKED_AT)),
            "it is the same however it is cut"
        );
        assert!(!paths.work(&store, &[top], now, true), "it is known");
    }
}
