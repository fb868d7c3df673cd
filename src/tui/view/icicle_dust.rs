//! Spans of an icicle that are no wider than a column and lie side by side: together they have room for words.

use super::icicle_cells::Cell;
use crate::store::SpanIx;
use std::collections::HashMap;

/// How many columns are wide enough for a count and the start of a name.
const WIDE: usize = 8;

/// Cells side by side, each of which stands for several spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dust {
    /// The first cell.
    pub first: Cell,
    /// The column after the last.
    pub to: u16,
    /// How many spans they stand for.
    pub spans: u64,
    /// A span of the name that most of the cells have.
    pub named: SpanIx,
}

/// Finds them. Cells of which `sort` is the same go together, those of which there is none stay for themselves; `name`
/// tells names apart.
pub fn together<S: PartialEq>(
    cells: &[Cell],
    sort: impl Fn(SpanIx) -> Option<S>,
    name: impl Fn(SpanIx) -> u32,
) -> Vec<Dust> {
    // Each is asked once: there are thousands, thirty times a second.
    let sort = |cell: &Cell| if cell.narrow && cell.more > 0 { sort(cell.at) } else { None };
    let mut sorted: Vec<(Cell, Option<S>)> = cells.iter().map(|cell| (*cell, sort(cell))).collect();
    sorted.sort_by_key(|(cell, _)| (cell.level, cell.lane, cell.from));
    let beside = |(a, of_a): &(Cell, Option<S>), (b, of_b): &(Cell, Option<S>)| {
        let next = (a.level, a.lane, a.to) == (b.level, b.lane, b.from);
        next && of_a.is_some() && of_a == of_b
    };
    sorted.chunk_by(beside).filter(|run| run.len() >= WIDE).filter_map(|run| dust(run, &name)).collect()
}

fn dust<S>(run: &[(Cell, S)], name: impl Fn(SpanIx) -> u32) -> Option<Dust> {
    let mut names: HashMap<u32, usize> = HashMap::new();
    for (cell, _) in run {
        *names.entry(name(cell.at)).or_default() += 1;
    }
    let ((first, _), (last, _)) = (run.first()?, run.last()?);
    // Of two that are as frequent, the one that comes first.
    let named = run.iter().rev().max_by_key(|(cell, _)| names.get(&name(cell.at)))?.0.at;
    let spans = run.iter().map(|(cell, _)| cell.more + 1).sum();
    Some(Dust { first: *first, to: last.to, spans, named })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(at: u32, lane: usize, from: u16, more: u64) -> Cell {
        Cell { at: SpanIx(at), level: 1, lane, from, to: from + 1, narrow: true, more }
    }

    #[test]
    fn cells_side_by_side_are_counted_together() {
        let mut cells: Vec<Cell> = (0..20).map(|n| cell(n, 0, n as u16, 9)).collect();
        let found = together(&cells, |_| Some(()), |at| u32::from(at.0 % 3 == 0));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first.from, found[0].to, found[0].spans), (0, 20, 200));
        assert_eq!(found[0].named, SpanIx(1), "the more frequent name");
        let found = together(&cells, |at| (at != SpanIx(10)).then_some(()), |_| 0);
        let places: Vec<_> = found.iter().map(|dust| (dust.first.from, dust.to)).collect();
        assert_eq!(places, [(0, 10), (11, 20)], "one is to be seen for itself");
        let found = together(&cells, |at| Some(at.0 < 9), |_| 0);
        let places: Vec<_> = found.iter().map(|dust| (dust.first.from, dust.to)).collect();
        assert_eq!(places, [(0, 9), (9, 20)], "of one sort");
        cells.iter_mut().skip(5).step_by(6).for_each(|cell| cell.more = 0);
        assert_eq!(together(&cells, |_| Some(()), |_| 0), [], "too narrow for words");
    }
}
