//! What the panes of the tab of services have in common, and the list of services.

use super::facts::{Figures, ServiceRow};
use super::sort::{Column, Sort};
use crate::model::time;
use crate::stats::{ServiceIx, two_digits};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::{Cx, row, sign};
use crate::tui::widget::heads::{Head, Heads};
use crate::tui::widget::pen::{Part, Pen, part, title_fits};
use crate::tui::widget::window::{Rows, Window};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Where a pane is, what stands over it, and whether it has the keys.
#[derive(Clone, Copy, Debug)]
pub struct Pane<'a> {
    /// Where.
    pub area: Rect,
    /// What stands over it.
    pub title: &'a [Part<'a>],
    /// Whether it has the keys.
    pub focused: bool,
}

/// Where the rows of a table and the heads of its columns were drawn.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// The rows.
    pub body: Rect,
    /// The heads.
    pub heads: Heads<Column>,
}

/// A list that is at hand: a row's place in it is its number.
pub struct Listed<'a, T, I>(pub &'a [T], pub fn(&T) -> I);

impl<T, I: Copy + PartialEq> Rows for Listed<'_, T, I> {
    type Id = I;
    type At = usize;

    fn find(&self, id: I) -> Option<usize> {
        self.0.iter().position(|item| (self.1)(item) == id)
    }

    fn id(&self, at: usize) -> I {
        (self.1)(&self.0[at])
    }

    fn first(&self) -> Option<usize> {
        (!self.0.is_empty()).then_some(0)
    }

    fn last(&self) -> Option<usize> {
        self.0.len().checked_sub(1)
    }

    fn next(&self, at: usize) -> Option<usize> {
        (at + 1 < self.0.len()).then_some(at + 1)
    }

    fn previous(&self, at: usize) -> Option<usize> {
        at.checked_sub(1)
    }

    fn near(&self, _gone: I) -> Option<usize> {
        self.first()
    }
}

/// `↑ 3  ↓ 12`: how many rows there are beyond the window.
pub(super) fn more(rows: &[usize], all: usize, cx: &Cx<'_>) -> String {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return String::new() };
    let show = |symbol: &str, count: usize| (count > 0).then(|| format!("{symbol} {count} more"));
    let parts = [show(cx.look.symbols.up, *first), show(cx.look.symbols.down, all - last - 1)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// Draws the rows of a window below a title and, where there is one, a line of column heads.
pub(super) fn draw_rows<T, I: Copy + PartialEq>(
    area: Rect,
    window: &mut Window<I>,
    list: &Listed<'_, T, I>,
    focused: bool,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
    mut draw: impl FnMut(Rect, &T, &mut Pen<'_>),
) -> Vec<usize> {
    let rows = window.rows(list, area.height as usize, cx.acted);
    for (y, at) in (area.y..).zip(&rows) {
        let line = Rect { y, height: 1, ..area };
        draw(line, &list.0[*at], pen);
        let selected = window.selected() == Some(list.id(*at));
        row::select(line, selected, focused, pen);
    }
    rows
}

/// A duration in two digits: what is read back from a histogram is not righter than that.
pub fn about(ns: u64) -> String {
    const MINUTE: u64 = 60_000_000_000;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 31_556_952_000_000_000;
    let ns = two_digits(ns);
    let (unit, name) = match ns {
        0..MINUTE => return time::duration(ns),
        MINUTE..HOUR => (MINUTE, "m"),
        HOUR..172_800_000_000_000 => (HOUR, "h"),
        172_800_000_000_000..63_113_904_000_000_000 => (DAY, "d"),
        _ => (YEAR, "y"),
    };
    match (ns / unit, ns % unit / (unit / 10)) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, tenths) => format!("{whole}.{tenths} {name}"),
    }
}

/// A share in at most four columns, halves rounded up.
pub fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return if whole == 0 { String::new() } else { "0%".to_owned() };
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        s if s < 0.1 => "<.1%".to_owned(),
        s if s < 9.95 => format!("{:.1}%", (s * 10.0).round() / 10.0),
        s if s >= 99.5 && part < whole => ">99%".to_owned(),
        s => format!("{:.0}%", s.round()),
    }
}

/// `1.2k  2.1%   8.1 ms   120 ms`, right-aligned; what is nothing is dim.
pub(super) fn figures(area: Rect, of: &Figures, pen: &mut Pen<'_>) {
    let dim = pen.style(Role::Dim);
    let y = area.y;
    pen.put_right(area.x, y, 8, &text::short_count(of.count), if of.count == 0 { dim } else { Style::new() });
    if of.count == 0 {
        return;
    }
    let errors = if of.errors == 0 { dim } else { pen.style(Role::Error) };
    pen.put_right(area.x + 8, y, 7, &percent(of.errors, of.count), errors);
    pen.put_right(area.x + 15, y, 7, &about(of.p50), Style::new());
    pen.put_right(area.x + 22, y, 7, &about(of.p99), Style::new());
}

/// How many columns that takes.
pub(super) const FIGURES: u16 = 29;

pub(super) fn figure_heads(x: u16, count: &'static str) -> [Head<'static, Column>; 4] {
    let head = |column, at, width, words| Head { column, x: x + at, width, words, right: true };
    [
        head(Column::Count, 0, 8, count),
        // With the arrow of the order, too, there is a blank before it.
        head(Column::Errors, 8, 7, "err"),
        head(Column::P50, 15, 7, "p50"),
        head(Column::P99, 22, 7, "p99"),
    ]
}

/// Whether the list of services has room to tell how many spans each has.
pub(super) fn tells_spans(area: Rect) -> bool {
    area.width >= 60
}

/// The list of services.
pub fn services(
    area: Rect,
    window: &mut Window<ServiceIx>,
    list: &Listed<'_, ServiceRow, ServiceIx>,
    (focused, sort): (bool, Sort),
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Drawn {
    let counters = cx.session.store.counters();
    let dot = cx.look.symbols.dot;
    let of_many = |row: &&ServiceRow| cx.session.stats.service(row.at).is_some_and(|of| of.name.is_none());
    let told_apart = list.0.len() - list.0.iter().filter(of_many).count();
    let mut title = vec![part(text::plural(told_apart as u64, "service"), Style::new())];
    let mut say = |words: String| title.push(part(format!(" {dot} {words}"), pen.style(Role::Dim)));
    if told_apart < list.0.len() {
        say("all others in (other)".to_owned());
    }
    if counters.evicted_spans > 0 {
        say("evicted spans stay counted".to_owned());
    }
    let uncharted = cx.session.stats.uncharted();
    if uncharted > 0 {
        say(format!("{} too many for the map", text::plural(uncharted, "call")));
    }
    let body = below(area, 2);
    // With a blank before `entries`, the arrow of the order in it too.
    let spans = if tells_spans(area) { 9 } else { 0 };
    let x = (area.right()).saturating_sub(FIGURES + 1);
    let room = x.saturating_sub(area.x + 3 + spans);
    let rows = draw_rows(body, window, list, focused, pen, cx, |line, item, pen| {
        if let Some(severity) = item.worst {
            let (symbol, role) = sign(severity, cx.look);
            pen.put(line.x + 1, line.y, 1, symbol, pen.style(role));
        }
        pen.put(line.x + 3, line.y, room, &item.name, cx.look.service(&item.name));
        if spans > 0 {
            pen.put_right(x - spans, line.y, spans - 1, &text::short_count(item.spans), pen.style(Role::Dim));
        }
        figures(Rect { x, ..line }, &item.entries, pen);
    });
    let more = more(&rows, list.0.len(), cx);
    // What a word in the head of the table means, where there is room for all of it.
    let meaning = format!(" {dot} entries: roots, remote parents");
    let said: usize = title.iter().map(|(words, _)| text::width(words)).sum();
    if title_fits(area, said + text::width(&meaning), &more) {
        title.push(part(meaning, pen.style(Role::Dim)));
    }
    pen.title(area, focused, &title, &more);
    let head = |column, x, width, words, right| Head { column, x, width, words, right };
    let mut heads = vec![
        head(Column::Finding, area.x + 1, 2, "", false),
        head(Column::Name, area.x + 3, room, "service", false),
        head(Column::Spans, x.saturating_sub(spans), spans.saturating_sub(1), "spans", true),
    ];
    heads.extend(figure_heads(x, "entries"));
    Drawn { body, heads: sort.heads(area.y + 1, &heads, pen) }
}

pub(super) fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_two_digits() {
        for (ns, words) in [
            (0, "0 ns"),
            (7, "7 ns"),
            (1_234, "1.2 µs"),
            (84_999, "85 µs"),
            (999_999, "1 ms"),
            (123_456_789, "120 ms"),
            (1_250_000_000, "1.3 s"),
            (59_600_000_000, "1 m"),
            (200_000_000_000, "3.3 m"),
            (40 * 60_000_000_000, "40 m"),
            (9_000 * 1_000_000_000, "2.5 h"),
            (59 * 60_000_000_000 + 50_000_000_000, "1 h"),
            (40 * 3_600_000_000_000, "40 h"),
            (480 * 3_600_000_000_000, "20 d"),
            (365 * 86_400_000_000_000, "370 d"),
            (2 * 31_556_952_000_000_000, "2 y"),
            (55 * 31_556_952_000_000_000 + 1, "55 y"),
            (u64::MAX, "580 y"),
        ] {
            assert_eq!(about(ns), words, "{ns}");
        }
    }

    #[test]
    fn shares_fit_their_column() {
        let shown = [(0, 9), (1, 9_000), (1, 400), (1, 100), (1, 8), (995, 1_000), (9, 9), (0, 0)]
            .map(|(n, of)| percent(n, of));
        assert_eq!(shown, ["0%", "<.1%", "0.3%", "1.0%", "13%", ">99%", "100%", ""]);
    }
}
