//! A span on a time axis: when it ran, what its children cover of it, what determined the end of its request, and what
//! happened meanwhile.

use super::pen::Pen;
use crate::model::time;
use crate::tui::theme::Role;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// What a column of bars spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis {
    /// The time at its left end, nanoseconds.
    pub start_ns: u64,
    /// How much time it shows, nanoseconds.
    pub length_ns: u64,
}

impl Axis {
    /// The time at its right end.
    pub fn end_ns(self) -> u64 {
        self.start_ns.saturating_add(self.length_ns)
    }

    /// How many eighths of a column a time is from the left end of an axis `columns` wide.
    fn eighths(self, ns: u64, columns: u16) -> u64 {
        let whole = u128::from(columns) * 8;
        let ns = u128::from(ns.saturating_sub(self.start_ns));
        (ns * whole / u128::from(self.length_ns.max(1))).min(u128::from(u64::MAX)) as u64
    }

    /// The column in which a time lies, if it is one of these.
    pub fn column(self, ns: u64, columns: u16) -> Option<u16> {
        if ns < self.start_ns || columns == 0 || ns > self.end_ns() {
            return None;
        }
        Some(((self.eighths(ns, columns) / 8) as u16).min(columns - 1))
    }

    /// The time at the left end of a column: the first that lies in it.
    pub fn time(self, column: u16, columns: u16) -> u64 {
        let along = (u128::from(self.length_ns) * u128::from(column)).div_ceil(u128::from(columns.max(1)));
        self.start_ns.saturating_add(along.min(u128::from(u64::MAX)) as u64)
    }

    /// The columns of an axis that lie wholly within a stretch of time.
    fn within(self, (from, to): (u64, u64), columns: u16) -> std::ops::Range<u16> {
        let first = self.eighths(from, columns).div_ceil(8).min(u64::from(columns));
        let end = (self.eighths(to, columns) / 8).min(u64::from(columns));
        first as u16..end as u16
    }

    /// Round times within it, at least `apart` columns from one another: the column of each, and its distance from
    /// `zero_ns` in words.
    pub fn ticks(self, zero_ns: u64, columns: u16, apart: u16) -> Vec<(u16, String)> {
        let most = u64::from(columns / apart.max(1)).max(1);
        let least = self.length_ns / most;
        // 1, 2, 5, 10, 20, 50, …
        let steps = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
        let Some(step) = steps.into_iter().find(|step| *step >= least) else { return Vec::new() };
        let from = self.start_ns.saturating_sub(zero_ns);
        let first = from.div_ceil(step);
        let ticks = (first..=first + most).map(|number| number.saturating_mul(step));
        let placed = ticks.filter_map(|ns| Some((self.column(ns.checked_add(zero_ns)?, columns)?, ns)));
        placed
            .map(|(column, ns)| (column, if ns == 0 { "0".to_owned() } else { time::duration(ns) }))
            .collect()
    }
}

/// What is drawn of a span.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bar<'a> {
    /// When it started, nanoseconds.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// It has not ended, as far as is known.
    pub open: bool,
    /// Stretches that are drawn lighter.
    pub light: &'a [(u64, u64)],
    /// Stretches that determined the end of its request.
    pub critical: &'a [(u64, u64)],
    /// Its colour.
    pub style: Style,
}

/// Draws a bar into one line. Even the shortest span leaves a mark, and one out of sight says on which side it is.
pub fn draw(pen: &mut Pen<'_>, area: Rect, axis: Axis, bar: Bar<'_>) {
    let (symbols, columns) = (pen.look.symbols, area.width);
    if columns == 0 {
        return;
    }
    let end_ns = bar.end_ns.max(bar.start_ns);
    let dim = pen.style(Role::Dim);
    if end_ns < axis.start_ns && !bar.open {
        pen.put(area.x, area.y, 1, symbols.before, dim);
        return;
    }
    if bar.start_ns > axis.end_ns() {
        pen.put(area.right() - 1, area.y, 1, symbols.beyond, dim);
        return;
    }
    let whole = u64::from(columns) * 8;
    let (from, to) = (axis.eighths(bar.start_ns, columns), axis.eighths(end_ns, columns));
    let (before, beyond) = (bar.start_ns < axis.start_ns, to > whole || bar.open);
    let from = from.min(whole - 1);
    let known = to.min(whole);
    let to = if bar.open { whole } else { known };
    let first = (from / 8) as u16;
    let last = (to.saturating_sub(1).max(from) / 8) as u16;
    for column in first..=last {
        let (cell, x) = (u64::from(column) * 8, area.x + column);
        let left = from.saturating_sub(cell);
        let right = (to.saturating_sub(cell)).min(8).max(left + 1);
        let symbol = if column == last && beyond {
            symbols.beyond
        } else if column == 0 && before && last > 0 {
            symbols.before
        } else if bar.open && cell >= known {
            symbols.light
        } else if first == last {
            // Within one cell the width is the duration; where in the cell it lies cannot be shown as well.
            symbols.eighths[(right - left).clamp(1, 8) as usize - 1]
        } else if left >= 4 {
            symbols.right_half
        } else {
            // A bar that starts within a cell is drawn from its left: there are no right eighths.
            symbols.eighths[right.clamp(1, 8) as usize - 1]
        };
        pen.put(x, area.y, 1, symbol, bar.style);
    }
    for column in bar.light.iter().flat_map(|stretch| axis.within(*stretch, columns)) {
        if column > first && column < last {
            pen.put(area.x + column, area.y, 1, symbols.light, bar.style);
        }
    }
    let mut free = vec![true; if bar.critical.is_empty() { 0 } else { usize::from(columns) }];
    for (from, to) in bar.critical.iter().filter(|(from, to)| *to >= axis.start_ns && *from <= axis.end_ns())
    {
        let start = axis.column((*from).max(axis.start_ns), columns).unwrap_or(0);
        let within = axis.within((*from, *to), columns);
        // A stretch shorter than a cell is still seen; many of them in one cell are drawn once.
        let cells = if within.is_empty() { start..start + 1 } else { within };
        for column in cells {
            if let Some(free) = free.get_mut(usize::from(column)).filter(|free| **free) {
                *free = false;
                let style = bar.style.add_modifier(Modifier::REVERSED);
                pen.put(area.x + column, area.y, 1, symbols.critical, style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Look;
    use ratatui::buffer::Buffer;

    fn bar(width: u16, axis: (u64, u64), bar: Bar<'_>) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        let axis = Axis { start_ns: axis.0, length_ns: axis.1 };
        draw(&mut Pen::new(&mut buffer, Look::default()), area, axis, bar);
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    fn drawn(width: u16, axis: (u64, u64), (start_ns, end_ns): (u64, u64)) -> String {
        bar(width, axis, Bar { start_ns, end_ns, ..Bar::default() })
    }

    #[test]
    fn bars_lie_where_their_spans_were() {
        assert_eq!(drawn(8, (100, 80), (100, 180)), "████████");
        assert_eq!(drawn(8, (100, 80), (110, 130)), " ██     ");
        assert_eq!(drawn(8, (100, 80), (115, 130)), " ▐█     ");
        assert_eq!(drawn(8, (100, 80), (100, 125)), "██▌     ");
        assert_eq!(drawn(8, (100, 80), (150, 150)), "     ▏  ", "a moment is still seen");
        assert_eq!(drawn(8, (100, 80), (180, 180)), "       ▏", "at the very end too");
        assert_eq!(drawn(8, (100, 80), (145, 147)), "    ▏   ", "short is short wherever it lies");
        assert_eq!(drawn(8, (100, 80), (90, 120)), "‹█      ", "from before the axis");
        assert_eq!(drawn(8, (100, 80), (80, 90)), "‹       ", "all of it before the axis");
        assert_eq!(drawn(8, (100, 80), (170, 900)), "       ›", "past the axis");
        assert_eq!(drawn(8, (100, 80), (800, 900)), "       ›", "all of it past the axis");
        assert_eq!(drawn(8, (100, 80), (160, 150)), "      ▏ ", "an end before the start");
        assert_eq!(drawn(3, (0, 0), (0, u64::MAX)), "██›", "no length at all");
        assert_eq!(drawn(0, (0, 1), (0, 1)), "");
    }

    #[test]
    fn what_has_not_ended_has_no_right_end() {
        let open = Bar { start_ns: 110, end_ns: 130, open: true, ..Bar::default() };
        assert_eq!(bar(8, (100, 80), open), " ██▒▒▒▒›");
        assert_eq!(bar(8, (200, 80), open), "‹▒▒▒▒▒▒›");
    }

    #[test]
    fn holes_are_lighter_and_the_critical_path_is_a_line() {
        let light = [(120, 140)];
        assert_eq!(
            bar(8, (100, 80), Bar { start_ns: 100, end_ns: 180, light: &light, ..Bar::default() }),
            "██▒▒████"
        );
        let critical = [(100, 120), (171, 173)];
        let bar =
            bar(8, (100, 80), Bar { start_ns: 100, end_ns: 180, critical: &critical, ..Bar::default() });
        assert_eq!(bar, "━━█████━");
    }

    #[test]
    fn ticks_are_round_and_not_too_close() {
        const MS: u64 = 1_000_000;
        let axis = Axis { start_ns: 500 * MS, length_ns: 24 * MS };
        let words = |ticks: Vec<(u16, String)>| {
            ticks.into_iter().map(|(column, what)| format!("{column} {what}")).collect::<Vec<_>>()
        };
        assert_eq!(words(axis.ticks(500 * MS, 48, 16)), ["0 0", "20 10 ms", "40 20 ms"]);
        let zoomed = Axis { start_ns: 507 * MS, length_ns: 2 * MS };
        assert_eq!(words(zoomed.ticks(500 * MS, 40, 12)), ["0 7 ms", "20 8 ms", "39 9 ms"]);
        assert_eq!(words(Axis { start_ns: 0, length_ns: 0 }.ticks(0, 40, 12)), ["0 0"]);
    }

    #[test]
    fn a_column_has_its_time_and_a_time_its_column() {
        let axis = Axis { start_ns: 1_000, length_ns: 800 };
        for column in 0..40 {
            assert_eq!(axis.column(axis.time(column, 40), 40), Some(column));
        }
        assert_eq!(axis.column(999, 40), None);
        assert_eq!(axis.column(1_801, 40), None);
    }
}
