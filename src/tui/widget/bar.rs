//! A span on a time axis.

use super::pen::Pen;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What a column of bars spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis {
    /// The time at its left end, nanoseconds.
    pub start_ns: u64,
    /// How much time it shows, nanoseconds.
    pub length_ns: u64,
}

impl Axis {
    /// From column `from` to column `to`, in eighths of a column, of a span on an axis `columns` wide; and whether it
    /// goes on past the right end.
    fn place(self, start_ns: u64, end_ns: u64, columns: u16) -> (u64, u64, bool) {
        let whole = u64::from(columns) * 8;
        let scale = |ns: u64| {
            let ns = u128::from(ns.saturating_sub(self.start_ns));
            (ns * u128::from(whole) / u128::from(self.length_ns.max(1))).min(u128::from(u64::MAX)) as u64
        };
        let (from, to) = (scale(start_ns), scale(end_ns.max(start_ns)));
        (from.min(whole.saturating_sub(1)), to.min(whole), to > whole)
    }
}

/// Draws a bar into one line. Even the shortest span leaves a mark.
pub fn draw(pen: &mut Pen<'_>, area: Rect, axis: Axis, span: (u64, u64), style: Style) {
    if area.width == 0 {
        return;
    }
    let symbols = pen.look.symbols;
    let (from, to, beyond) = axis.place(span.0, span.1, area.width);
    let first = (from / 8) as u16;
    let last = (to.saturating_sub(1).max(from) / 8) as u16;
    for column in first..=last {
        let (cell, x) = (u64::from(column) * 8, area.x + column);
        let left = from.saturating_sub(cell);
        let right = (to.saturating_sub(cell)).min(8).max(left + 1);
        let symbol = if column == last && beyond {
            symbols.beyond
        } else if first == last {
            // Within one cell the width is the duration; where in the cell it lies cannot be shown as well.
            symbols.eighths[(right - left).clamp(1, 8) as usize - 1]
        } else if left >= 4 {
            symbols.right_half
        } else {
            // A bar that starts within a cell is drawn from its left: there are no right eighths.
            symbols.eighths[right.clamp(1, 8) as usize - 1]
        };
        pen.put(x, area.y, 1, symbol, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Look;
    use ratatui::buffer::Buffer;

    fn drawn(width: u16, axis: (u64, u64), span: (u64, u64)) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        let axis = Axis { start_ns: axis.0, length_ns: axis.1 };
        draw(&mut Pen::new(&mut buffer, Look::default()), area, axis, span, Style::new());
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
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
        assert_eq!(drawn(8, (100, 80), (90, 110)), "█       ", "before the axis");
        assert_eq!(drawn(8, (100, 80), (170, 900)), "       ›", "past the axis");
        assert_eq!(drawn(8, (100, 80), (160, 150)), "      ▏ ", "an end before the start");
        assert_eq!(drawn(3, (0, 0), (0, u64::MAX)), "██›", "no length at all");
        assert_eq!(drawn(0, (0, 1), (0, 1)), "");
    }
}
