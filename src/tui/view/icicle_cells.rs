//! Which spans an icicle shows, and where: at most one a column and line, found without looking at all of them.
//!
//! ```text
//! ▏POST /checkout                                    ▏   level 0
//! ▏load basket   ▏▏POST /pay  ▏      ▏render      ▏      level 1
//!                 ▏retry ▏           ▏template   ▏       level 2
//!                   ▏audit   ▏                           level 2, a second lane: it ran at the same time
//! ```

use super::icicle_depths::Depths;
use super::icicle_index::{Families, MANY, Stretch, Under, times};
use crate::store::{SpanIx, Store, TraceIx, View};
use crate::tui::widget::bar::Axis;

/// How many lines one level takes at most, for spans that ran at the same time.
const LANES: usize = 8;
/// How many spans are looked at for one picture.
const BUDGET: usize = 20_000;
/// How many children are looked at under a span that is no wider than a column.
const UNDER_NARROW: usize = 4;

/// What is to be drawn, and where.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What is held.
    pub store: &'a Store,
    /// The trace.
    pub trace: TraceIx,
    /// How it is drawn.
    pub view: View,
    /// The times that the columns span.
    pub axis: Axis,
    /// How many columns there are.
    pub columns: u16,
    /// How many lines.
    pub lines: usize,
    /// From the first level that is looked at to the selected span: each of these is drawn.
    pub chain: &'a [SpanIx],
    /// How many levels are above the first that is looked at.
    pub above: usize,
    /// Of the tops only the one in the chain is drawn: other requests are not on this axis.
    pub alone: bool,
}

/// A span in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The span.
    pub at: SpanIx,
    /// How many levels below the first.
    pub level: usize,
    /// On which line of its level.
    pub lane: usize,
    /// Its first column.
    pub from: u16,
    /// The column after its last.
    pub to: u16,
    /// It is no wider than a column.
    pub narrow: bool,
    /// How many others start in its column and have no room; until they are counted, one where there are any.
    pub more: u64,
}

/// All cells, level by level.
#[derive(Debug, Default)]
pub struct Plan {
    /// The cells; of two in one place the later is seen.
    pub cells: Vec<Cell>,
    /// How many lines each level takes.
    pub lanes: Vec<usize>,
    /// Not everything was looked at.
    pub unfinished: bool,
    /// Families with many spans.
    pub wanted: Vec<Under>,
    /// Those whose stretches are no longer right.
    pub astray: Vec<Under>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    Free,
    /// By this cell, which is no wider than a column.
    Narrow(usize),
    Wide,
}

/// Finds the cells of a picture.
pub fn plan(picture: Picture<'_>, families: &Families, depths: Option<&Depths>) -> Plan {
    let columns = usize::from(picture.columns);
    let begins = begins(picture.axis, picture.columns);
    let (plan, taken) = (Plan::default(), Vec::new());
    let mut layout = Layout { picture, families, depths, begins, plan, taken, level: 0, left: BUDGET };
    if columns == 0 {
        return layout.plan;
    }
    let mut above: Vec<Cell> = Vec::new();
    // What is below the selected span needs no more lines than there are.
    let mut below = 0;
    while below < picture.lines {
        let begin = layout.plan.cells.len();
        layout.taken = vec![vec![Taken::Free; columns]];
        if layout.level == 0 {
            let first = picture.chain.first().copied();
            match first {
                Some(top) if picture.alone && picture.store.parent_row(top, picture.view).is_none() => {
                    layout.consider(top);
                }
                _ => {
                    let parent = first.and_then(|at| picture.store.parent_row(at, picture.view));
                    layout.family(parent, false);
                }
            }
        }
        for cell in &above {
            layout.family(Some(cell.at), cell.narrow);
        }
        layout.count(begin);
        if let Some(at) = picture.chain.get(layout.level) {
            layout.force(*at, begin);
        }
        if layout.plan.cells.len() == begin {
            break;
        }
        above = layout.plan.cells[begin..].to_vec();
        let lanes = above.iter().map(|cell| cell.lane + 1).max().unwrap_or(1);
        layout.plan.lanes.push(lanes);
        below += if layout.level + 1 > picture.chain.len() { lanes } else { 0 };
        layout.level += 1;
    }
    layout.plan
}

/// When the columns of an axis begin, and the first moment after it.
fn begins(axis: Axis, columns: u16) -> Vec<u64> {
    // Without length, all of it is in the first column.
    let long = Axis { length_ns: axis.length_ns.max(1), ..axis };
    (0..columns).map(|column| long.time(column, columns)).chain([axis.end_ns().saturating_add(1)]).collect()
}

struct Layout<'a> {
    picture: Picture<'a>,
    families: &'a Families,
    depths: Option<&'a Depths>,
    begins: Vec<u64>,
    plan: Plan,
    /// What is in each column of each lane of this level.
    taken: Vec<Vec<Taken>>,
    level: usize,
    left: usize,
}

impl<'a> Layout<'a> {
    fn column(&self, ns: u64) -> u16 {
        let axis = self.picture.axis;
        axis.column(ns.clamp(axis.start_ns, axis.end_ns()), self.picture.columns).unwrap_or(0)
    }

    /// Goes through the spans directly under one.
    fn family(&mut self, parent: Option<SpanIx>, narrow: bool) {
        let Picture { store, trace, view, axis, .. } = self.picture;
        let under = Under { trace, parent, view };
        let count = under.count(store);
        if count > MANY && !narrow {
            self.plan.wanted.push(under);
            let families: &'a Families = self.families;
            let (stretches, done) = families.of(under, store);
            if !stretches.is_empty() {
                self.plan.unfinished |= !done;
                self.stretches(under, stretches);
                return;
            }
            self.plan.unfinished = true;
        }
        let most = if narrow { UNDER_NARROW } else { 2 * MANY };
        let mut at = under.first(store);
        for _ in 0..most {
            let Some(child) = at.filter(|_| self.may_go_on()) else { return };
            if store.record(child).start_ns > axis.end_ns() {
                return;
            }
            self.consider(child);
            at = store.next_sibling(child, view);
        }
        // Under a span that is no wider than a column they begin where it does.
        let column = parent.filter(|_| narrow).map(|at| self.column(times(at, store).0));
        if count > most
            && let Some(cell) = column.and_then(|column| self.narrow_in(column))
        {
            self.plan.cells[cell].more = 1;
        }
    }

    fn may_go_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.plan.unfinished |= self.left == 0;
        self.left > 0
    }

    fn stretches(&mut self, under: Under, stretches: &[Stretch]) {
        let Picture { store, axis, .. } = self.picture;
        for (number, stretch) in stretches.iter().enumerate() {
            if stretch.start_ns > axis.end_ns() {
                return;
            }
            if stretch.end_ns < axis.start_ns {
                continue;
            }
            let next_ns = stretches.get(number + 1).map_or(stretch.end_ns, |next| next.start_ns);
            let (from, next, end) =
                (self.column(stretch.start_ns), self.column(next_ns), self.column(stretch.end_ns));
            // Nothing in it is wider than what starts in its first column and ends in the next; and if any of it starts
            // in the next column, the stretch after it has others that do.
            let dust =
                stretch.start_ns >= axis.start_ns && end <= from + 1 && (end == from || next <= from + 1);
            if dust && let Some(cell) = self.narrow_in(from) {
                self.plan.cells[cell].more = 1;
                continue;
            }
            if !under.has(stretch.first, store) || store.record(stretch.first).start_ns != stretch.start_ns {
                self.plan.astray.push(under);
                self.plan.unfinished = true;
                return;
            }
            let most = if dust { 1 } else { stretch.spans };
            let mut at = Some(stretch.first);
            for _ in 0..most {
                let Some(child) = at.filter(|_| self.may_go_on()) else { return };
                self.consider(child);
                at = store.next_sibling(child, under.view);
            }
            if most < stretch.spans
                && let Some(cell) = self.narrow_in(from)
            {
                self.plan.cells[cell].more = 1;
            }
        }
    }

    /// The cell in a column that is no wider.
    fn narrow_in(&self, column: u16) -> Option<usize> {
        self.taken.iter().find_map(|lane| match lane[usize::from(column)] {
            Taken::Narrow(cell) => Some(cell),
            _ => None,
        })
    }

    /// Draws a span where there is room for it.
    fn consider(&mut self, at: SpanIx) {
        let axis = self.picture.axis;
        let (start_ns, end_ns) = times(at, self.picture.store);
        if end_ns < axis.start_ns || start_ns > axis.end_ns() {
            return;
        }
        let from = self.column(start_ns);
        let end = if end_ns >= axis.end_ns() { self.picture.columns } else { self.column(end_ns) };
        let narrow = end <= from + 1;
        let to = end.max(from + 1);
        if narrow && let Some(cell) = self.narrow_in(from) {
            self.plan.cells[cell].more = 1;
            return;
        }
        for lane in 0..LANES {
            if lane == self.taken.len() {
                self.taken.push(vec![Taken::Free; usize::from(self.picture.columns)]);
            }
            // A short span may have taken the column in which a long one after it begins.
            let after = matches!(self.taken[lane][usize::from(from)], Taken::Narrow(_));
            let from = if after && !narrow { from + 1 } else { from };
            if self.taken[lane][usize::from(from)..usize::from(to)].iter().all(|t| *t == Taken::Free) {
                self.put(at, lane, (from, to), narrow);
                return;
            }
        }
    }

    /// Counts what has no room on this level, under whichever parent, and shows of the spans that share a column one
    /// that is to be seen for itself.
    fn count(&mut self, begin: usize) {
        let (Some(depths), Picture { store, .. }) = (self.depths, self.picture) else { return };
        let found = depths.columns(self.picture.above + self.level, &self.begins, store);
        // Of a depth that was reached since they were counted nothing is known yet.
        if found.is_empty() {
            return;
        }
        let mut drawn: Vec<u64> = vec![0; found.len()];
        for cell in &self.plan.cells[begin..] {
            drawn[usize::from(self.column(times(cell.at, store).0))] += 1;
        }
        for (column, found) in found.into_iter().enumerate() {
            let Some(found) = found else { continue };
            let is_drawn = |at: &SpanIx| self.plan.cells[begin..].iter().any(|cell| cell.at == *at);
            let signed = found.signed.filter(|at| !is_drawn(at));
            let rest = found.spans.saturating_sub(drawn[column]);
            if let Some(cell) = self.narrow_in(column as u16) {
                let cell = &mut self.plan.cells[cell];
                (cell.at, cell.more) = (signed.unwrap_or(cell.at), rest);
                continue;
            }
            let Some(at) = signed.or(found.first.filter(|at| !is_drawn(at))).filter(|_| rest > 0) else {
                continue;
            };
            // Over a wide one only what must not be missed.
            let free = self.taken.iter().position(|lane| lane[column] == Taken::Free);
            if let Some(lane) = free.or(signed.map(|_| 0)) {
                self.put(at, lane, (column as u16, column as u16 + 1), true);
                if let Some(cell) = self.plan.cells.last_mut() {
                    cell.more = rest - 1;
                }
            }
        }
    }

    fn put(&mut self, at: SpanIx, lane: usize, (from, to): (u16, u16), narrow: bool) {
        let taken = if narrow { Taken::Narrow(self.plan.cells.len()) } else { Taken::Wide };
        self.taken[lane][usize::from(from)..usize::from(to)].fill(taken);
        self.plan.cells.push(Cell { at, level: self.level, lane, from, to, narrow, more: 0 });
    }

    /// Draws a span of the chain, over others if need be.
    fn force(&mut self, at: SpanIx, begin: usize) {
        let axis = self.picture.axis;
        let (start_ns, end_ns) = times(at, self.picture.store);
        let out = end_ns < axis.start_ns || start_ns > axis.end_ns();
        if out || self.plan.cells[begin..].iter().any(|cell| cell.at == at) {
            return;
        }
        let from = self.column(start_ns);
        let end = if end_ns >= axis.end_ns() { self.picture.columns } else { self.column(end_ns) };
        let to = end.max(from + 1);
        let narrow = to == from + 1;
        if let Some(cell) = self.narrow_in(from).filter(|_| narrow) {
            // It takes the place of the one that stood for the column.
            self.plan.cells[cell].at = at;
            return;
        }
        let lane = self.taken.iter().position(|lane| matches!(lane[usize::from(from)], Taken::Narrow(_)));
        let lane = lane.unwrap_or(0);
        self.plan.cells.push(Cell { at, level: self.level, lane, from, to, narrow, more: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TraceId;
    use crate::testkit::{Bench, EPOCH_NS, MS, batches, by_end, spans};
    use crate::tui::view::icicle_depths::{Counted, Ground};

    fn held(sketch: &str) -> Bench {
        let mut bench = Bench::default();
        bench.take(by_end(sketch));
        bench
    }

    fn counted(store: &Store, trace: TraceIx) -> Counted {
        let mut counted = Counted::default();
        let trace = (trace, store.trace(trace).id);
        counted.want(Ground { trace, top: None, view: View::Recorded });
        while counted.work(store, true, 0, &|at| store.name(at) == "bad") {}
        counted
    }

    /// The lines of a picture of so many columns: each cell as `name from..to`, `+` where it stands for more.
    fn drawn(
        bench: &Bench,
        families: &Families,
        axis: (u64, u64),
        columns: u16,
        chain: &[&str],
    ) -> (Vec<String>, Plan) {
        let store = &bench.0.store;
        let depths = counted(store, store.find_trace(TraceId([1; 16])).unwrap());
        drawn_as_counted(bench, families, &depths, axis, columns, chain)
    }

    /// The same by what was counted before.
    fn drawn_as_counted(
        bench: &Bench,
        families: &Families,
        depths: &Counted,
        axis: (u64, u64),
        columns: u16,
        chain: &[&str],
    ) -> (Vec<String>, Plan) {
        let store = &bench.0.store;
        let trace = store.find_trace(TraceId([1; 16])).unwrap();
        let rows = || {
            let first = store.first_row(trace, View::Recorded);
            std::iter::successors(first, |at| store.next_row(*at, View::Recorded, &|_| false))
        };
        let chain: Vec<SpanIx> =
            chain.iter().map(|name| rows().find(|at| store.name(*at) == *name).unwrap()).collect();
        let axis = Axis { start_ns: EPOCH_NS + axis.0 * MS, length_ns: (axis.1 - axis.0) * MS };
        let picture = Picture {
            store,
            trace,
            view: View::Recorded,
            axis,
            columns,
            lines: 10,
            chain: &chain,
            above: 0,
            alone: false,
        };
        let plan = plan(picture, families, depths.whole(store).map(|(depths, _)| depths));
        let mut lines: Vec<String> = Vec::new();
        for cell in &plan.cells {
            let line = plan.lanes[..cell.level].iter().sum::<usize>() + cell.lane;
            lines.resize(lines.len().max(line + 1), String::new());
            let more = if cell.more > 0 { "+" } else { "" };
            lines[line] += &format!("{}{more} {}..{} ", store.name(cell.at), cell.from, cell.to);
        }
        (lines.iter().map(|line| line.trim_end().to_owned()).collect(), plan)
    }

    const SHOP: &str = "
        POST /checkout  shop  server  0..100
          load  shop  internal  0..20
            a  shop  client  1..1.5
            b  shop  client  2..2.5
            c  shop  client  11..12
          pay  shop  client  20..60
          audit  shop  client  50..100
          send  shop  client  60..90
    ";

    #[test]
    fn a_column_begins_at_the_first_moment_that_is_drawn_in_it() {
        for length_ns in [0, 1, 7, 79, 80, 1_000, 12_345] {
            let axis = Axis { start_ns: EPOCH_NS, length_ns };
            let begins = begins(axis, 80);
            assert_eq!((begins.len(), begins[80]), (81, axis.end_ns() + 1));
            for ns in axis.start_ns..=axis.end_ns() {
                let last = begins.iter().rposition(|begin| *begin <= ns);
                assert_eq!(last, axis.column(ns, 80).map(usize::from), "{length_ns} {ns}");
            }
        }
    }

    #[test]
    fn spans_lie_under_their_parents_and_beside_what_ran_at_the_same_time() {
        let shop = held(SHOP);
        let (lines, plan) = drawn(&shop, &Families::default(), (0, 100), 20, &["POST /checkout"]);
        assert_eq!(
            lines,
            ["POST /checkout 0..20", "load 0..4 pay 4..12 send 12..18", "audit 10..20", "a+ 0..1 c 2..3"]
        );
        let more: u64 = plan.cells.iter().map(|cell| cell.more).sum();
        assert_eq!((more, plan.unfinished), (1, false), "b is within the column of a");
    }

    #[test]
    fn a_zoomed_picture_has_what_reaches_into_it() {
        let shop = held(SHOP);
        let (lines, _) = drawn(&shop, &Families::default(), (0, 10), 20, &["POST /checkout", "load"]);
        assert_eq!(lines, ["POST /checkout 0..20", "load 0..20", "a 2..3 b 4..5"]);
    }

    #[test]
    fn the_selected_span_is_drawn_over_others() {
        let shop = held(SHOP);
        let chain = ["POST /checkout", "load", "b"];
        let (lines, _) = drawn(&shop, &Families::default(), (0, 100), 20, &chain);
        assert_eq!(lines[3], "b+ 0..1 c 2..3");
    }

    #[test]
    fn among_very_many_none_that_is_wide_is_missed() {
        let mut sketch = "run  shop  internal  0..1000\n".to_owned();
        for n in 0..2_000 {
            let (name, end) = if n == 777 { ("slow", 700.0) } else { ("tick", f64::from(n) * 0.5 + 0.1) };
            sketch += &format!("  {name}  shop  client  {}..{end}\n", f64::from(n) * 0.5);
        }
        let bench = held(&sketch);
        let mut families = Families::default();
        let (_, plan) = drawn(&bench, &families, (0, 1_000), 100, &["run"]);
        assert!(plan.unfinished && plan.wanted.len() == 1, "they are not passed within a frame");
        families.want(plan.wanted, &plan.astray, &bench.0.store);
        let mut goes = 0;
        while families.work(&bench.0.store) {
            goes += 1;
        }
        assert!((1..4).contains(&goes), "{goes}");
        let (lines, plan) = drawn(&bench, &families, (0, 1_000), 100, &["run"]);
        assert!(!plan.unfinished);
        assert_eq!(lines[1..].concat().matches("tick").count(), 100, "each column has one: {lines:?}");
        assert!(lines[1].contains("slow 39..70"), "{lines:?}");
        let all: u64 = plan.cells.iter().map(|cell| cell.more + 1).sum();
        assert_eq!(all, 2_001, "none is left out without being counted, and none counted twice");
        let (zoomed, plan) = drawn(&bench, &families, (600, 601), 100, &["run"]);
        assert!(zoomed.iter().any(|line| line.contains("slow 0..100")), "it began long before: {zoomed:?}");
        assert_eq!(plan.cells.iter().filter(|cell| cell.level == 1).count(), 4, "{zoomed:?}");
    }

    #[test]
    fn among_very_many_one_that_still_runs_is_drawn_when_its_trace_has_gone_on() {
        let mut sketch = "run  shop  internal  0..1000\n".to_owned();
        for n in 0..1_000 {
            let name = if n == 77 { "slow" } else { "tick" };
            sketch += &format!("  {name}  shop  client  {n}..{n}.5\n");
        }
        sketch += "goes on  shop  internal  5000..6000\n";
        let mut groups = spans(&sketch);
        let on = groups.split_off(groups.len() - 1);
        let spans = groups.iter_mut().flat_map(|group| &mut group.spans);
        spans.filter(|span| ["run", "slow"].contains(&span.name.as_str())).for_each(|span| span.end_ns = 0);
        let mut bench = Bench::default();
        bench.take(batches(&groups));
        let mut families = Families::default();
        let (_, plan) = drawn(&bench, &families, (0, 1_000), 100, &["run"]);
        families.want(plan.wanted, &plan.astray, &bench.0.store);
        while families.work(&bench.0.store) {}
        bench.take(batches(&on));
        let (lines, _) = drawn(&bench, &families, (4_000, 4_500), 100, &["run"]);
        assert_eq!(lines, ["run 0..100", "slow 0..100"]);
    }

    #[test]
    fn what_arrives_deeper_than_was_counted_is_drawn_and_what_has_no_room_beside_it_marked() {
        let mut sketch = "run  shop  internal  0..3000\n  tick  shop  internal  0..1\n".to_owned();
        sketch += &"    late  shop  client  0..0.1\n".repeat(3);
        for n in 1..2_500 {
            sketch += &format!("  tick  shop  internal  {n}..{n}.5\n");
        }
        let mut groups = spans(&sketch);
        let late: Vec<_> = groups.drain(2..5).collect();
        let mut bench = Bench::default();
        bench.take(batches(&groups));
        let trace = bench.0.store.find_trace(TraceId([1; 16])).unwrap();
        let mut depths = counted(&bench.0.store, trace);
        bench.take(batches(&late));
        let store = &bench.0.store;
        assert!(!depths.work(store, false, 0, &|_| false), "it grew too little to be counted anew");
        assert!(depths.whole(store).is_some_and(|(_, exact)| !exact));
        let picture =
            |depths| drawn_as_counted(&bench, &Families::default(), depths, (0, 3_000), 100, &["run"]);
        let (lines, plan) = picture(&depths);
        assert_eq!(lines.last().map(String::as_str), Some("late+ 0..1"), "{lines:?}");
        assert_eq!(
            plan.cells.last().map(|cell| cell.more),
            Some(1),
            "some, as long as nobody knows how many"
        );
        let (_, plan) = picture(&counted(store, trace));
        assert_eq!(plan.cells.last().map(|cell| cell.more), Some(2));
    }

    #[test]
    fn what_was_over_before_a_part_of_the_time_does_not_stand_for_what_reaches_into_it() {
        for (over, expected) in [(1, Some("late 0..1")), (100, None)] {
            let mut sketch = "run  s  internal  0..1000\n  asks  s  internal  0..10\n".to_owned();
            sketch += "    late  s  internal  5..600\n  asks  s  internal  20..30\n";
            sketch += &"    over  s  internal  21..22\n".repeat(over);
            sketch += "  waits  s  internal  90..200\n";
            let (lines, _) = drawn(&held(&sketch), &Families::default(), (100, 200), 10, &["run"]);
            assert_eq!(lines[..2], ["run 0..10", "waits 0..10"]);
            assert_eq!(lines.get(2).map(String::as_str), expected, "{over}: rather nothing than a wrong one");
        }
    }

    #[test]
    fn what_shares_a_column_is_counted_whichever_its_parent_is_and_what_is_wrong_is_shown() {
        let mut sketch = "run  shop  internal  0..1000\n".to_owned();
        for n in 0..200 {
            sketch += &format!("  batch  shop  internal  {}..{}\n", n * 5, n * 5 + 5);
            for leaf in 0..5 {
                let name = if (n, leaf) == (77, 3) { "bad" } else { "leaf" };
                sketch += &format!("    {name}  shop  client  {0}..{0}.5\n", n * 5 + leaf);
            }
        }
        let bench = held(&sketch);
        let mut families = Families::default();
        let (_, plan) = drawn(&bench, &families, (0, 1_000), 50, &["run"]);
        families.want(plan.wanted, &plan.astray, &bench.0.store);
        while families.work(&bench.0.store) {}
        for axis in [(0, 1_000), (300, 500)] {
            let (lines, plan) = drawn(&bench, &families, axis, 50, &["run"]);
            let of = |level| plan.cells.iter().filter(move |cell| cell.level == level);
            let all: u64 = of(2).map(|cell| cell.more + 1).sum();
            let expected = if axis.0 == 0 { 1_000 } else { 201 };
            assert_eq!(all, expected, "{lines:?}");
            let name = |cell: &&Cell| bench.0.store.name(cell.at) == "bad";
            assert_eq!(of(2).filter(name).count(), 1, "{lines:?}");
        }
    }
}
