//! The critical path of a request: the spans that determine when it ends.
//!
//! As Jaeger finds it: from the end of the top backwards, always in the child that finished last before the point that
//! was reached; where there is none, the span itself was what took time. A child that outlives its parent counts as far
//! as the parent goes.

use crate::model::SpanId;
use crate::store::{SpanIx, Store, View};
use std::collections::HashMap;

/// How many spans are looked at for one request.
pub const LOOKED_AT: usize = 10_000;

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
    /// How many spans were looked at.
    pub looked_at: usize,
}

struct Step {
    at: SpanIx,
    start_ns: u64,
    /// Children by end: end, start, and which. The next to try is the last.
    children: Vec<(u64, u64, SpanIx)>,
}

impl Path {
    /// The path through the request under `top`.
    pub fn through(store: &Store, top: SpanIx, view: View) -> Self {
        let mut path = Self::default();
        let record = store.record(top);
        let mut until = record.end_ns.max(record.start_ns);
        let mut steps = vec![path.step(store, view, top, (record.start_ns, until))];
        while let Some(step) = steps.last_mut() {
            let found = loop {
                match step.children.pop() {
                    Some((end, start, child)) if end <= until => break Some((end, start, child)),
                    Some(_) => {}
                    None => break None,
                }
            };
            let at = step.at;
            match found {
                Some((end, start, child)) => {
                    path.add(store, view, at, (end, until));
                    until = end;
                    let next = path.step(store, view, child, (start, end));
                    steps.push(next);
                }
                None => {
                    let start = step.start_ns;
                    path.add(store, view, at, (start, until));
                    until = start.min(until);
                    steps.pop();
                }
            }
            if path.cut {
                break;
            }
        }
        path
    }

    /// When spans of this name under a parent were what the request waited for, within a stretch of time.
    pub fn among(&self, parent: SpanIx, name: u32, within: Stretch) -> Vec<Stretch> {
        const SHOWN: usize = 512;
        let below = self.below.get(&parent).map(Vec::as_slice).unwrap_or_default();
        let wanted = |(of, (from, to)): &&(u32, Stretch)| *of == name && *from >= within.0 && *to <= within.1;
        below.iter().filter(wanted).map(|(_, stretch)| *stretch).take(SHOWN).collect()
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

    fn step(&mut self, store: &Store, view: View, at: SpanIx, (start_ns, end_ns): Stretch) -> Step {
        let last = store.last_child(at, view);
        let mut children = Vec::new();
        for child in std::iter::successors(last, |child| store.prev_sibling(*child, view)) {
            if self.looked_at == LOOKED_AT {
                // The last children are the ones that count: what they determined is still right.
                self.cut = true;
                break;
            }
            self.looked_at += 1;
            let record = store.record(child);
            let end = record.end_ns.min(end_ns);
            // Its parent ended without a child that still runs.
            if record.start_ns < end_ns && end > start_ns && end >= record.start_ns {
                children.push((end, record.start_ns.max(start_ns), child));
            }
        }
        children.sort_unstable_by_key(|(end, start, child)| (*end, *start, store.record(*child).span_id.0));
        Step { at, start_ns, children }
    }
}

/// The paths of the requests that are on the screen.
#[derive(Debug, Default)]
pub struct Paths {
    /// They are wanted.
    pub on: bool,
    known: HashMap<SpanIx, (SpanId, Stamp, Path)>,
}

/// What a path was found in: it is looked for again when the trace has grown enough, or has come to rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// How the trace is drawn.
    pub view: View,
    /// Its spans.
    pub spans: u32,
    /// Its evicted spans.
    pub evicted: u32,
    /// Its cut edges.
    pub cuts: usize,
}

/// From this many spans on, a path is not looked for again with every span that arrives.
const LARGE: u32 = 2_000;

impl Paths {
    /// The path of the request under a top, where it is known.
    pub fn of(&self, top: SpanIx) -> Option<&Path> {
        self.known.get(&top).map(|(_, _, path)| path).filter(|_| self.on)
    }

    /// Looks for those that are on the screen and not known yet, as many as there is time for. Tells whether some are
    /// left.
    pub fn work(&mut self, store: &Store, tops: &[SpanIx], now: Stamp, resting: bool) -> bool {
        if !self.on {
            self.known.clear();
            return false;
        }
        let holds = |(id, of, _): &(SpanId, Stamp, Path), at: &SpanIx| {
            *id == store.record(*at).span_id && of.view == now.view && of.evicted == now.evicted
        };
        self.known.retain(|at, known| tops.contains(at) && holds(known, at));
        let mut left = LOOKED_AT;
        for top in tops {
            let grown = |of: &Stamp| {
                let small = now.spans <= LARGE || of.cuts != now.cuts;
                *of != now && (small || resting || now.spans > of.spans + of.spans / 16)
            };
            if self.known.get(top).is_some_and(|(_, of, _)| !grown(of)) {
                continue;
            }
            if left == 0 {
                return true;
            }
            let path = Path::through(store, *top, now.view);
            left = left.saturating_sub(path.looked_at + 1);
            self.known.insert(*top, (store.record(*top).span_id, now, path));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Arrived;
    use crate::testkit::{EPOCH_NS, MS, by_end};

    /// Names of the spans on the path, and the milliseconds of each.
    fn path(sketch: &str) -> Vec<(String, Vec<(u64, u64)>)> {
        let mut store = Store::new();
        for batch in by_end(sketch) {
            store.ingest(batch, &mut Arrived::default());
        }
        let trace = store.traces().next().unwrap();
        let path = Path::through(&store, store.first_row(trace, View::Recorded).unwrap(), View::Recorded);
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
        let path = Path::through(&store, store.first_row(trace, View::Recorded).unwrap(), View::Recorded);
        assert!(path.cut && path.looked_at <= LOOKED_AT);
    }
}
