//! How many spans begin when, depth by depth: made once for a trace or a request, bit by bit between frames. It tells
//! how many spans a column stands for, which of them failed, and how many spans are not drawn.

use super::critical::Stamp;
use super::icicle_index::times;
use crate::model::TraceId;
use crate::store::{SpanIx, Store, TraceIx, View};

/// How many spans are passed in one go.
const AT_ONCE: usize = 256;
/// How many are put in order in one go, of several depths.
const SORTED: usize = 16_384;
/// How many starts or ends are in order together: to sort a million takes longer than a frame.
const PIECE: usize = 32_768;
/// How many of these are put in order in one go, before all of them are merged.
const RUN: usize = 2_048;
/// How many pieces that are no longer wanted are freed in one go: that takes its time, too.
const FREED: usize = 2;
/// How many of those that are to be seen for themselves are looked at in a column.
const LOOKED_AT: usize = 64;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ground {
    /// The trace.
    pub trace: (TraceIx, TraceId),
    /// Only the request under this top.
    pub top: Option<SpanIx>,
    /// As which rows.
    pub view: View,
}

/// When a span begins, and which it is.
type Start = (u64, SpanIx);

/// The spans of one depth.
#[derive(Debug, Default)]
struct Depth {
    starts: Pieces<Start>,
    ends: Pieces<u64>,
    /// Those that are to be seen for themselves.
    signed: Pieces<Start>,
    signed_ends: Pieces<u64>,
}

/// Times in pieces of which each is in order.
#[derive(Debug)]
struct Pieces<T>(Vec<Vec<T>>);

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> Pieces<T> {
    fn push(&mut self, item: T) {
        match self.0.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => {
                if piece.len() % RUN == 0 {
                    let from = piece.len() - RUN;
                    piece[from..].sort();
                }
                piece.push(item);
            }
            None => {
                self.settle();
                self.0.push(vec![item]);
            }
        }
    }

    /// Puts the last piece in order: when it is full, and when nothing more is pushed. Answers with how many these are.
    fn settle(&mut self) -> usize {
        let Some(piece) = self.0.last_mut() else { return 0 };
        // Runs that are in order already are only merged.
        piece.sort();
        piece.len()
    }

    /// Frees some. Tells whether there are more.
    fn free(&mut self) -> bool {
        self.0.truncate(self.0.len().saturating_sub(FREED));
        !self.0.is_empty()
    }

    /// How many are before something.
    fn before(&self, is_before: impl Fn(&T) -> bool) -> usize {
        self.0.iter().map(|piece| piece.partition_point(&is_before)).sum()
    }

    /// Goes on in each piece, from the places `at`, past all that is before something: that is put into `passed`.
    fn pass<'a>(&'a self, at: &mut [usize], is_before: impl Fn(&T) -> bool, passed: &mut Vec<&'a [T]>) {
        passed.clear();
        for (piece, at) in self.0.iter().zip(at) {
            let rest = &piece[*at..];
            // Most columns hold a few of a piece at most.
            let mut far = 1;
            while rest.get(far - 1).is_some_and(&is_before) {
                far *= 2;
            }
            let near = far / 2;
            let found = near + rest[near..rest.len().min(far)].partition_point(&is_before);
            if found > 0 {
                passed.push(&rest[..found]);
                *at += found;
            }
        }
    }
}

/// What begins in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InColumn {
    /// How many spans.
    pub spans: u64,
    /// The first of them; of those that began before the first column one that reaches into it, where one was found.
    pub first: Option<SpanIx>,
    /// One of those that are to be seen for themselves.
    pub signed: Option<SpanIx>,
}

/// All spans by their depth.
#[derive(Debug)]
pub struct Depths {
    ground: Ground,
    stamp: (Stamp, usize),
    by_depth: Vec<Depth>,
    /// The span that was passed last, and its depth; nothing at the end.
    last: Option<(SpanIx, usize)>,
    passed: usize,
    /// How many depths are in order.
    sorted: usize,
}

impl Depths {
    fn new(ground: Ground, stamp: (Stamp, usize)) -> Self {
        Self { ground, stamp, by_depth: Vec::new(), last: None, passed: 0, sorted: 0 }
    }

    /// Passes some more spans. `signed` are those to be seen for themselves. Tells whether there are more.
    fn work(&mut self, store: &Store, signed: &dyn Fn(SpanIx) -> bool) -> bool {
        let Ground { trace: (trace, _), top, view } = self.ground;
        if self.sorted > 0 || self.passed > 0 && self.last.is_none() {
            let mut left = SORTED;
            while left > 0
                && let Some(depth) = self.by_depth.get_mut(self.sorted)
            {
                depth.ends.settle();
                depth.signed.settle();
                depth.signed_ends.settle();
                left = left.saturating_sub(depth.starts.settle());
                self.sorted += 1;
            }
            return self.sorted < self.by_depth.len();
        }
        for _ in 0..AT_ONCE {
            let next = match self.last {
                None => top.or_else(|| store.first_row(trace, view)).map(|first| (first, 0)),
                Some((at, depth)) => match store.first_child(at, view) {
                    Some(child) => Some((child, depth + 1)),
                    None => beside((at, depth), view, store),
                },
            };
            self.last = next.filter(|(_, depth)| *depth > 0 || top.is_none() || self.passed == 0);
            let Some((at, depth)) = self.last else { break };
            if depth >= self.by_depth.len() {
                self.by_depth.resize_with(depth + 1, Depth::default);
            }
            let (start_ns, end_ns) = times(at, store);
            let of = &mut self.by_depth[depth];
            of.starts.push((start_ns, at));
            of.ends.push(end_ns);
            if signed(at) {
                of.signed.push((start_ns, at));
                of.signed_ends.push(end_ns);
            }
            self.passed += 1;
        }
        true
    }

    /// Frees some of it. Tells whether there is more.
    fn free(&mut self) -> bool {
        let Some(depth) = self.by_depth.last_mut() else { return false };
        let more = [depth.starts.free(), depth.signed.free(), depth.ends.free(), depth.signed_ends.free()];
        if !more.contains(&true) {
            self.by_depth.pop();
        }
        true
    }

    fn is_of(&self, ground: Ground, now: Stamp) -> bool {
        let then = self.stamp.0;
        self.ground == ground && (then.evicted, then.cuts) == (now.evicted, now.cuts)
    }

    /// How many spans there are in a stretch of time, and how many of them are to be seen for themselves.
    pub fn within(&self, (from_ns, to_ns): (u64, u64)) -> (u64, u64) {
        let of = |starts: &Pieces<Start>, ends: &Pieces<u64>| {
            let begun = starts.before(|(start_ns, _)| *start_ns <= to_ns);
            begun.saturating_sub(ends.before(|end_ns| *end_ns < from_ns)) as u64
        };
        let all = self.by_depth.iter().map(|depth| of(&depth.starts, &depth.ends)).sum();
        (all, self.by_depth.iter().map(|depth| of(&depth.signed, &depth.signed_ends)).sum())
    }

    /// What begins in each column, from left to right; what began before the first and reaches into it is in the first.
    /// `begins` are the times at which columns begin, and after them the first that is in none.
    pub fn columns(&self, depth: usize, begins: &[u64], store: &Store) -> Vec<Option<InColumn>> {
        let (Some(of), Some(from_ns)) = (self.by_depth.get(depth), begins.first()) else { return Vec::new() };
        let over = of.ends.before(|end_ns| end_ns < from_ns) as u64;
        let mut found = Vec::with_capacity(begins.len());
        let (mut at, mut begun) = (vec![0; of.starts.0.len()], Vec::new());
        let (mut signed_at, mut signed_begun) = (vec![0; of.signed.0.len()], Vec::new());
        for (column, end) in begins.iter().skip(1).enumerate() {
            let before = |(start_ns, _): &Start| start_ns < end;
            of.starts.pass(&mut at, before, &mut begun);
            of.signed.pass(&mut signed_at, before, &mut signed_begun);
            let gone = if column == 0 { over } else { 0 };
            let reaches = |(_, at): &&Start| column > 0 || times(*at, store).1 >= *from_ns;
            // Most that began long before the first column were over then.
            let near = LOOKED_AT / begun.len().max(1) + 1;
            let last = |piece: &&[Start]| piece.iter().rev().take(near).find(reaches).copied();
            let signed = signed_begun.iter().filter_map(last).max();
            let first = match column {
                0 => begun.iter().filter_map(last).max(),
                _ => begun.iter().filter_map(|piece| piece.first().copied()).min(),
            };
            let spans = begun.iter().map(|piece| piece.len() as u64).sum::<u64>().saturating_sub(gone);
            let [first, signed] = [first, signed].map(|of| of.map(|(_, at)| at));
            found.push((spans > 0).then_some(InColumn { spans, first, signed }));
        }
        found
    }
}

/// The depths of what is drawn, as far as they are counted.
#[derive(Debug, Default)]
pub struct Counted {
    wanted: Option<Ground>,
    whole: Option<Depths>,
    underway: Option<Depths>,
    /// What was counted before, which is freed bit by bit.
    before: Option<Depths>,
}

impl Counted {
    /// This is drawn: it is counted with the next work.
    pub fn want(&mut self, ground: Ground) {
        self.wanted = Some(ground);
    }

    /// What was counted of what is drawn, and whether nothing has arrived since.
    pub fn whole(&self, store: &Store) -> Option<(&Depths, bool)> {
        let (ground, whole) = (self.wanted?, self.whole.as_ref()?);
        let now = Stamp::of(store, ground.trace.0, ground.view);
        whole.is_of(ground, now).then_some((whole, whole.stamp.0 == now))
    }

    /// Counts on. `findings` are how many there are, `signed` the spans to be seen for themselves. Tells whether there
    /// is more to count.
    pub fn work(
        &mut self,
        store: &Store,
        resting: bool,
        findings: usize,
        signed: &dyn Fn(SpanIx) -> bool,
    ) -> bool {
        let Some(ground) = self.wanted.filter(|of| store.find_trace(of.trace.1) == Some(of.trace.0)) else {
            *self = Self::default();
            return false;
        };
        let now = Stamp::of(store, ground.trace.0, ground.view);
        // Slots are used again: what was counted before any went means nothing.
        self.whole = self.whole.take().filter(|of| of.is_of(ground, now));
        let underway = self.underway.take().filter(|of| of.is_of(ground, now));
        let known = |of: &Depths| of.stamp.1 == findings && !of.stamp.0.is_outgrown(&now, resting);
        if self.before.as_mut().is_some_and(Depths::free) {
            self.underway = underway;
            return true;
        }
        self.before = None;
        if underway.is_none() && self.whole.as_ref().is_some_and(known) {
            return false;
        }
        let mut depths = underway.unwrap_or_else(|| Depths::new(ground, (now, findings)));
        let more = depths.work(store, signed);
        if more {
            self.underway = Some(depths);
        } else {
            self.before = self.whole.replace(depths);
        }
        more || self.before.is_some()
    }
}

/// The next row beside a span or what it hangs under, and its depth.
fn beside((mut at, mut depth): (SpanIx, usize), view: View, store: &Store) -> Option<(SpanIx, usize)> {
    loop {
        if depth == 0 {
            return store.next_sibling(at, view).map(|next| (next, 0));
        }
        if let Some(next) = store.next_sibling(at, view) {
            return Some((next, depth));
        }
        at = store.parent_row(at, view)?;
        depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Bench, EPOCH_NS, MS, by_end};

    fn through(counted: &mut Counted, store: &Store) {
        while counted.work(store, true, 0, &|at| store.name(at) == "bad") {}
    }

    fn within(counted: &Counted, store: &Store, (from, to): (u64, u64)) -> ((u64, u64), bool) {
        let (depths, exact) = counted.whole(store).unwrap();
        (depths.within((EPOCH_NS + from * MS, EPOCH_NS + to * MS)), exact)
    }

    #[test]
    fn what_is_sorted_piece_by_piece_is_counted_as_one() {
        let mut ends = Pieces::default();
        let many = 2 * PIECE as u64 + 10;
        (0..many).rev().for_each(|end_ns| ends.push(end_ns));
        let pieces: Vec<_> = ends.0.iter().map(|piece| (piece.len(), piece.is_sorted())).collect();
        assert_eq!(pieces, [(PIECE, true), (PIECE, true), (10, false)], "little is left for the end");
        ends.settle();
        for ns in [0, 5, 70_000, many, u64::MAX] {
            assert_eq!(ends.before(|end_ns| *end_ns < ns) as u64, ns.min(many));
        }
        let (mut at, mut passed) = (vec![0; 3], Vec::new());
        let mut before = 0;
        for ns in [0, 1, 3, 5, 70_000, 70_001, many, u64::MAX] {
            ends.pass(&mut at, |end_ns| *end_ns < ns, &mut passed);
            assert_eq!(passed.iter().map(|piece| piece.len() as u64).sum::<u64>(), ns.min(many) - before);
            assert!(passed.iter().flat_map(|piece| piece.iter()).all(|end_ns| (before..ns).contains(end_ns)));
            before = ns.min(many);
        }
    }

    #[test]
    fn what_is_in_a_part_of_the_time_is_counted_and_counted_anew_when_more_arrives() {
        let mut bench = Bench::default();
        bench.take(by_end("a  s  server  0..100\n  b  s  client  10..20\n    bad  s  client  12..15\n"));
        let store = &bench.0.store;
        let trace = store.traces().next().unwrap();
        let top = store.first_row(trace, View::Recorded);
        let ground = Ground { trace: (trace, store.trace(trace).id), top: None, view: View::Recorded };
        let mut counted = Counted::default();
        counted.want(ground);
        assert!(counted.whole(store).is_none(), "nothing is said before it is counted");
        through(&mut counted, store);
        assert_eq!(within(&counted, store, (0, 100)), ((3, 1), true));
        assert_eq!(within(&counted, store, (16, 100)), ((2, 0), true));
        assert_eq!(within(&counted, store, (21, 100)), ((1, 0), true));

        bench.take(by_end("c  s  client  200..210\n"));
        let store = &bench.0.store;
        assert_eq!(within(&counted, store, (0, 300)), ((3, 1), false), "at least");
        through(&mut counted, store);
        assert_eq!(within(&counted, store, (0, 300)), ((4, 1), true));
        counted.want(Ground { top, ..ground });
        assert!(counted.whole(store).is_none(), "of a request alone nothing is known yet");
        through(&mut counted, store);
        assert_eq!(within(&counted, store, (0, 300)), ((3, 1), true), "and no other is counted");
    }
}
