//! What the tables of services are sorted by: by the same keys and clicks as the list of traces.

use crate::tui::widget::heads::{Head, Heads};
use crate::tui::widget::pen::Pen;
use std::cmp::{Ordering, Reverse};

/// A column to sort by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// The worst finding.
    Finding,
    /// Names.
    Name,
    /// Spans.
    Spans,
    /// How many calls.
    Count,
    /// The share of calls that failed.
    Errors,
    /// The median duration.
    P50,
    /// The duration of all but one in twenty.
    P95,
    /// The duration of all but one in a hundred.
    P99,
    /// The longest duration.
    Max,
}

/// By what, and whether the other way around.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// What comes first by itself comes last.
    pub inverted: bool,
}

impl Sort {
    /// By a column, what one looks for first: the largest numbers, and names from A on.
    pub const fn by(column: Column) -> Self {
        Self { column, inverted: false }
    }

    /// Whether the largest comes first.
    pub fn descends(self) -> bool {
        (self.column == Column::Name) == self.inverted
    }

    /// After a click on the head of a column: by it, and the other way around where it is by it already.
    #[must_use]
    pub fn clicked(self, column: Column) -> Self {
        Self { column, inverted: column == self.column && !self.inverted }
    }

    /// By the next of these columns.
    #[must_use]
    pub fn next(self, columns: &[Column]) -> Self {
        let at = columns.iter().position(|column| *column == self.column).map_or(0, |at| at + 1);
        Self::by(columns.get(at).or(columns.first()).copied().unwrap_or(self.column))
    }

    /// In a sentence: `calls, most first`. `count` is what the table counts.
    pub fn words(self, count: &str) -> String {
        let (name, first, last) = match self.column {
            Column::Finding => ("worst finding", "worst first", "worst last"),
            Column::Name => ("name", "A to Z", "Z to A"),
            Column::Spans => ("spans", "most first", "fewest first"),
            Column::Count => (count, "most first", "fewest first"),
            Column::Errors => ("errors", "the largest share first", "the smallest share first"),
            Column::P50 => ("p50", "longest first", "shortest first"),
            Column::P95 => ("p95", "longest first", "shortest first"),
            Column::P99 => ("p99", "longest first", "shortest first"),
            Column::Max => ("max", "longest first", "shortest first"),
        };
        format!("sorted by {name}, {}", if self.inverted { last } else { first })
    }

    /// Sorts rows by a number and, where that is the same, by name.
    pub fn rows<T, N: Ord>(self, rows: &mut [T], number: impl Fn(&T, Column) -> u64, name: impl Fn(&T) -> N) {
        // A number may take a look at a whole histogram: once a row.
        let key = |row: &T| match self.column {
            Column::Name => Reverse(0),
            column => Reverse(number(row, column)),
        };
        let mut keyed: Vec<(Reverse<u64>, N, usize)> =
            rows.iter().enumerate().map(|(at, row)| (key(row), name(row), at)).collect();
        keyed.sort_by(|a, b| {
            let by_name = a.1.cmp(&b.1);
            let order = if self.column == Column::Name { by_name } else { a.0.cmp(&b.0) };
            let order = if self.inverted { order.reverse() } else { order };
            if order == Ordering::Equal { by_name } else { order }
        });
        let mut places = vec![0; rows.len()];
        for (to, (.., from)) in keyed.into_iter().enumerate() {
            places[from] = to;
        }
        permute(rows, places);
    }

    /// Draws the heads of a table.
    pub fn heads(self, y: u16, heads: &[Head<'_, Column>], pen: &mut Pen<'_>) -> Heads<Column> {
        Heads::draw(y, heads, (self.column, self.descends()), pen)
    }
}

/// Moves each row to its place.
fn permute<T>(rows: &mut [T], mut places: Vec<usize>) {
    for at in 0..rows.len() {
        while places[at] != at {
            let to = places[at];
            rows.swap(at, to);
            places.swap(at, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(sort: Sort) -> String {
        let mut rows = [("b", 2), ("d", 7), ("a", 2), ("c", 1)];
        sort.rows(&mut rows, |row, _| row.1, |row| row.0);
        rows.iter().map(|row| row.0).collect()
    }

    #[test]
    fn what_is_the_same_is_sorted_by_name_either_way() {
        let by = Sort::by(Column::Count);
        assert_eq!(sorted(by), "dabc");
        assert_eq!(sorted(by.clicked(Column::Count)), "cabd");
        let by = by.clicked(Column::Name);
        assert_eq!(sorted(by), "abcd");
        assert_eq!(sorted(by.clicked(Column::Name)), "dcba");
        assert_eq!(by.clicked(Column::Name).clicked(Column::Name), by);
    }

    #[test]
    fn a_key_goes_through_all_columns() {
        let columns = [Column::Name, Column::Count, Column::P99];
        let mut sort = Sort::by(Column::Name);
        for expected in [Column::Count, Column::P99, Column::Name] {
            sort = sort.next(&columns);
            assert_eq!(sort, Sort::by(expected));
        }
        assert_eq!(Sort::by(Column::Max).next(&columns).column, Column::Name);
    }
}
