//! Two trees matched by their structure: children by service, name, what is below them and kind, in their order, under
//! parents that match.

use super::compare_shapes::Shapes;
use crate::model::{SpanId, SpanKind, StatusCode};
use crate::store::{SpanIx, Store, View};
use crate::tui::widget::window::Rows;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

/// How many spans of each side are looked at.
pub const MOST: usize = 5_000;
/// How deep.
const DEEPEST: usize = 500;
/// Durations that are closer than this are not told apart, nanoseconds; in what took less than ten times that, a tenth of
/// it.
const SAME_NS: u64 = 1_000_000;

/// What is compared of a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Half {
    /// Its id.
    pub span: SpanId,
    /// Its kind; none where it was not received.
    pub kind: Option<SpanKind>,
    /// How long it took, nanoseconds.
    pub duration_ns: u64,
    /// It failed.
    pub failed: bool,
}

/// A row: a span of each side, or of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// Of the first and of the second.
    pub halves: [Option<Half>; 2],
    /// They are called differently: single tops are compared nevertheless.
    pub renamed: bool,
    /// One took at least twice as long as the other, and not by a hair.
    pub took_another_time: bool,
    /// How deep.
    pub depth: usize,
    /// The row that it hangs under.
    parent: Option<usize>,
    /// The row after all that hang under it.
    end: usize,
}

impl Pair {
    /// Both are there.
    pub fn both(&self) -> Option<(Half, Half)> {
        Some((self.halves[0]?, self.halves[1]?))
    }

    /// They are of different kinds.
    pub fn kinds_differ(&self) -> bool {
        self.both().is_some_and(|(left, right)| left.kind != right.kind)
    }

    /// One failed, and the other did not.
    pub fn fails_differ(&self) -> bool {
        self.both().is_some_and(|(left, right)| left.failed != right.failed)
    }

    /// One is missing, name, kind or status differ, or one took twice as long.
    pub fn differs(&self) -> bool {
        self.both().is_none()
            || self.renamed
            || self.kinds_differ()
            || self.fails_differ()
            || self.took_another_time
    }

    /// Rows hang under it.
    pub fn has_children(&self, own: usize) -> bool {
        self.end > own + 1
    }
}

/// One side: rows that hang under none, or one request.
#[derive(Clone, Debug)]
pub struct Tops {
    /// They.
    pub tops: Vec<SpanIx>,
    /// As which rows.
    pub view: View,
}

/// What came of comparing.
#[derive(Debug, Default)]
pub struct Matched {
    /// The rows, from the top.
    pub pairs: Vec<Pair>,
    /// How many spans of each side were looked at.
    pub spans: [usize; 2],
    /// Not all of each side was looked at.
    pub cut: [bool; 2],
    /// Rows whose children are folded away.
    pub folded: HashSet<usize>,
}

/// What spans must have in common to be compared: name, service, and whether they were received.
pub(super) type Key<'a> = (Cow<'a, str>, &'a str, bool);

/// That of a span.
pub(super) fn key(store: &Store, at: SpanIx) -> Key<'_> {
    let held = store.slot(at).is_held();
    (store.name(at), if held { store.service(at) } else { "" }, held)
}

struct Matcher<'a> {
    store: &'a Store,
    views: [View; 2],
    /// Durations of the request that it is in, closer than this, are not told apart, nanoseconds.
    same_ns: u64,
    /// What is below the spans of each side.
    shapes: [Shapes; 2],
    out: Matched,
}

/// Matches two sides.
pub fn matched(store: &Store, sides: [Tops; 2]) -> Matched {
    let views = [sides[0].view, sides[1].view];
    // One request on each side: they are to be compared whatever they are called.
    let alone = sides.iter().all(|side| side.tops.len() == 1);
    let tops = sides.map(|side| side.tops.into_iter().take(MOST).collect::<Vec<_>>());
    let shapes = [0, 1].map(|side| Shapes::below(store, views[side], &tops[side]));
    let mut matcher = Matcher { store, views, same_ns: SAME_NS, shapes, out: Matched::default() };
    if alone {
        let pair = [Some(tops[0][0]), Some(tops[1][0])];
        matcher.walk(vec![(pair, None)]);
    } else {
        let pairs = matcher.pairs(&tops[0], &tops[1]);
        matcher.walk(pairs.into_iter().map(|pair| (pair, None)).collect());
    }
    matcher.out
}

type Two = [Option<SpanIx>; 2];

impl Matcher<'_> {
    /// Pairs siblings of one key, in their order: each with the first that has not been taken of those that are most like
    /// it. Siblings may start in the same moment of a coarse clock: what is below them tells them apart.
    fn pairs(&self, left: &[SpanIx], right: &[SpanIx]) -> Vec<Two> {
        // From what must be alike first: all names below, or those of the children, and the kind.
        let (all, children, nothing) = (2, 1, 0);
        let steps = [
            (all, true),
            (all, false),
            (children, true),
            (children, false),
            (nothing, true),
            (nothing, false),
        ];
        let keys = [left, right].map(|side| {
            side.iter().map(|at| (key(self.store, *at), self.store.record(*at).kind())).collect::<Vec<_>>()
        });
        let mut of_left: Vec<Option<usize>> = vec![None; left.len()];
        let mut taken = vec![false; right.len()];
        for (below, kinds) in steps {
            let alike = |side: usize, at: SpanIx, number: usize| {
                let (key, kind) = &keys[side][number];
                let shape = self.shapes[side].of(at);
                let shape = [None, Some(shape.children), Some(shape.all)][below];
                (key, shape, kinds.then_some(*kind))
            };
            let mut free: HashMap<_, VecDeque<usize>> = HashMap::new();
            for (number, at) in right.iter().enumerate().filter(|(number, _)| !taken[*number]) {
                free.entry(alike(1, *at, number)).or_default().push_back(number);
            }
            for (number, at) in left.iter().enumerate() {
                if of_left[number].is_none()
                    && let Some(found) = free.get_mut(&alike(0, *at, number)).and_then(VecDeque::pop_front)
                {
                    of_left[number] = Some(found);
                    taken[found] = true;
                }
            }
        }
        let mut out = Vec::with_capacity(left.len().max(right.len()));
        let mut passed = 0;
        for (at, found) in left.iter().zip(of_left) {
            if let Some(found) = found {
                // What is only on the right comes where it was.
                while passed < found {
                    if !taken[passed] {
                        out.push([None, Some(right[passed])]);
                    }
                    passed += 1;
                }
            }
            out.push([Some(*at), found.map(|found| right[found])]);
        }
        let rest = (passed..right.len()).filter(|number| !taken[*number]);
        out.extend(rest.map(|number| [None, Some(right[number])]));
        out
    }

    /// Goes down both trees at once, row by row.
    fn walk(&mut self, tops: Vec<(Two, Option<usize>)>) {
        let mut open: Vec<(Two, Option<usize>)> = tops.into_iter().rev().collect();
        while let Some((two, parent)) = open.pop() {
            let depth = parent.map_or(0, |parent| self.out.pairs[parent].depth + 1);
            let own = self.out.pairs.len();
            let room = [0, 1].map(|side| self.out.spans[side] < MOST && depth < DEEPEST);
            let mut children: [Vec<SpanIx>; 2] = Default::default();
            let mut halves = [None; 2];
            for side in [0, 1] {
                let Some(at) = two[side] else { continue };
                if !room[side] {
                    self.out.cut[side] = true;
                    continue;
                }
                self.out.spans[side] += 1;
                halves[side] = Some(self.half(at));
                let view = self.views[side];
                let left = MOST - self.out.spans[side];
                let first = self.store.first_child(at, view);
                let all = std::iter::successors(first, |at| self.store.next_sibling(*at, view));
                children[side] = all.take(left + 1).collect();
                if children[side].len() > left {
                    children[side].pop();
                    self.out.cut[side] = true;
                }
            }
            if halves == [None; 2] {
                continue;
            }
            if let (None, [Some(left), Some(right)]) = (parent, halves) {
                self.same_ns = SAME_NS.min(left.duration_ns.max(right.duration_ns) / 10);
            }
            self.out.pairs.push(Pair {
                halves,
                renamed: matches!(two, [Some(left), Some(right)] if key(self.store, left).0 != key(self.store, right).0),
                took_another_time: self.took_another_time(halves),
                depth,
                parent,
                end: own + 1,
            });
            if children.iter().all(Vec::is_empty) {
                continue;
            }
            let pairs = self.pairs(&children[0], &children[1]);
            open.extend(pairs.into_iter().rev().map(|pair| (pair, Some(own))));
        }
        // The last row under a row is known once all are there.
        for at in (0..self.out.pairs.len()).rev() {
            let Pair { parent, end, .. } = self.out.pairs[at];
            if let Some(parent) = parent {
                let above = &mut self.out.pairs[parent];
                above.end = above.end.max(end);
            }
        }
    }

    fn took_another_time(&self, halves: [Option<Half>; 2]) -> bool {
        let [Some(left), Some(right)] = halves else { return false };
        let (less, more) = (left.duration_ns.min(right.duration_ns), left.duration_ns.max(right.duration_ns));
        more - less >= self.same_ns && more / 2 >= less && more > less
    }

    fn half(&self, at: SpanIx) -> Half {
        let slot = self.store.slot(at);
        Half {
            span: slot.record.span_id,
            kind: slot.is_held().then(|| slot.record.kind()),
            duration_ns: slot.record.duration_ns(),
            failed: slot.is_held() && slot.record.status() == StatusCode::Error,
        }
    }
}

impl Matched {
    /// The next row that differs, folded away or not.
    pub fn difference(&self, from: usize, back: bool) -> Option<usize> {
        let differs = |at: &usize| self.pairs.get(*at).is_some_and(Pair::differs);
        if back { (0..from).rev().find(differs) } else { (from + 1..self.pairs.len()).find(differs) }
    }

    /// Unfolds what hides a row.
    pub fn reveal(&mut self, at: usize) {
        let mut above = self.pairs.get(at).and_then(|pair| pair.parent);
        while let Some(parent) = above {
            self.folded.remove(&parent);
            above = self.pairs[parent].parent;
        }
    }

    /// The row that a row hangs under.
    pub fn parent(&self, at: usize) -> Option<usize> {
        self.pairs.get(at)?.parent
    }

    /// The row itself, or the topmost folded one that hides it.
    fn shown(&self, at: usize) -> usize {
        let up = std::iter::successors(Some(at), |at| self.pairs[*at].parent);
        up.skip(1).filter(|at| self.folded.contains(at)).last().unwrap_or(at)
    }
}

impl Rows for Matched {
    type Id = usize;
    type At = usize;

    fn find(&self, id: usize) -> Option<usize> {
        (id < self.pairs.len()).then(|| self.shown(id))
    }

    fn id(&self, at: usize) -> usize {
        at
    }

    fn first(&self) -> Option<usize> {
        (!self.pairs.is_empty()).then_some(0)
    }

    fn last(&self) -> Option<usize> {
        self.pairs.len().checked_sub(1).map(|last| self.shown(last))
    }

    fn next(&self, at: usize) -> Option<usize> {
        let next = if self.folded.contains(&at) { self.pairs[at].end } else { at + 1 };
        (next < self.pairs.len()).then_some(next)
    }

    fn previous(&self, at: usize) -> Option<usize> {
        at.checked_sub(1).map(|before| self.shown(before))
    }

    fn near(&self, _gone: usize) -> Option<usize> {
        self.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TraceId;
    use crate::testkit::{Bench, by_end};

    /// Each row as sign, indent, name of either.
    fn rows(sketch: &str) -> Vec<String> {
        let mut bench = Bench::default();
        bench.take(by_end(sketch));
        let store = &bench.0.store;
        let side = |id: u8| {
            let trace = store.find_trace(TraceId([id; 16])).unwrap();
            Tops { tops: store.roots(trace).collect(), view: View::Recorded }
        };
        let matched = matched(store, [side(1), side(2)]);
        let name = |side: usize, half: Half| {
            let trace = store.find_trace(TraceId([side as u8 + 1; 16])).unwrap();
            store.name(store.find_span(trace, half.span).unwrap()).into_owned()
        };
        let row = |pair: &Pair| {
            let sign = match pair.halves {
                [Some(_), None] => "-",
                [None, Some(_)] => "+",
                _ if pair.differs() => "#",
                _ => "=",
            };
            let names: Vec<String> =
                [0, 1].into_iter().filter_map(|side| Some(name(side, pair.halves[side]?))).collect();
            let name =
                if names.len() == 2 && names[0] != names[1] { names.join("/") } else { names[0].clone() };
            format!("{sign}{}{name}", " ".repeat(pair.depth))
        };
        matched.pairs.iter().map(row).collect()
    }

    #[test]
    fn children_are_matched_in_their_order() {
        let sketch = "
            GET /  shop  server  0..100
              auth  shop  internal  1..5
              SELECT  shop  client  6..10
              SELECT  shop  client  11..20
              render  shop  internal  30..40
            GET /  shop  server  0..100  trace=2
              SELECT  shop  client  6..10
              cache  shop  internal  11..13
              SELECT  shop  internal  14..20
                retry  shop  client  15..18
              render  shop  internal  30..90
        ";
        assert_eq!(
            rows(sketch),
            ["=GET /", "- auth", "= SELECT", "+ cache", "# SELECT", "+  retry", "# render"]
        );
    }

    #[test]
    fn the_same_kind_is_preferred_and_one_root_is_compared_with_one() {
        let sketch = "
            GET /old  shop  server  0..100
              call  shop  client  1..5
              call  shop  internal  6..9
            GET /new  shop  server  0..100  trace=2
              call  shop  internal  1..5
              call  shop  client  6..9
        ";
        assert_eq!(rows(sketch), ["#GET /old/GET /new", "= call", "= call"]);
    }

    #[test]
    fn what_is_below_tells_siblings_apart_before_their_order_does() {
        let sketch = "
            GET /  shop  server  0..100
              use  shop  internal  1..5
                parse  shop  internal  2..3
                  read  shop  internal  2..3
              use  shop  internal  1..6
                handle  shop  internal  2..3
              use  shop  internal  1..7
            GET /  shop  server  0..100  trace=2
              use  shop  internal  1..5
              use  shop  client  1..6
                handle  shop  internal  2..3
              use  shop  internal  1..7
                parse  shop  internal  2..3
        ";
        assert_eq!(rows(sketch), ["=GET /", "= use", "=  parse", "-   read", "# use", "=  handle", "= use"]);
    }

    #[test]
    fn what_is_a_hair_depends_on_the_request() {
        let half = |duration_ns| {
            Some(Half { span: SpanId(1), kind: Some(SpanKind::Client), duration_ns, failed: false })
        };
        let bench = Bench::default();
        let matcher = |same_ns| Matcher {
            store: &bench.0.store,
            views: [View::Recorded; 2],
            same_ns,
            shapes: Default::default(),
            out: Matched::default(),
        };
        let (short, long) = (matcher(SAME_NS / 20), matcher(SAME_NS));
        assert!(short.took_another_time([half(529_000), half(33_900)]));
        assert!(!long.took_another_time([half(529_000), half(33_900)]));
        assert!(long.took_another_time([half(1_000_000), half(2_000_000)]));
        assert!(
            !long.took_another_time([half(0), half(0)]) && !matcher(0).took_another_time([half(0), half(0)])
        );
    }

    #[test]
    fn errors_of_one_side_differ() {
        let sketch = "
            GET /  shop  server  0..100
              query  shop  client  0..5
            GET /  shop  server  0..100  trace=2
              query  shop  client  0..5  error
        ";
        assert_eq!(rows(sketch), ["=GET /", "# query"]);
    }

    #[test]
    fn folded_rows_are_passed_over() {
        let pair = |depth, parent, end| Pair {
            halves: [None; 2],
            renamed: false,
            took_another_time: false,
            depth,
            parent,
            end,
        };
        let pairs = vec![pair(0, None, 4), pair(1, Some(0), 3), pair(2, Some(1), 3), pair(1, Some(0), 4)];
        let mut matched = Matched { pairs, ..Matched::default() };
        matched.folded.insert(1);
        assert_eq!((matched.next(1), matched.previous(3), matched.find(2)), (Some(3), Some(1), Some(1)));
        matched.reveal(2);
        assert_eq!((matched.next(1), matched.previous(3)), (Some(2), Some(2)));
    }
}
