//! The panes of the tab of services: the list, the map, the matrix, the operations, the scopes.

use super::service_facts::{Column, Facts, Figures, MapRow, OperationRow, Place, ScopeRow, ServiceRow};
use super::{Cx, row, sign};
use crate::model::{ParentLocality, SpanKind, time};
use crate::stats::{KINDS, LOCALITIES, Service};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::{Rows, Window};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

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
fn more(rows: &[usize], all: usize, cx: &Cx<'_>) -> String {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return String::new() };
    let show = |symbol: &str, count: usize| (count > 0).then(|| format!("{symbol} {count} more"));
    let parts = [show(cx.look.symbols.up, *first), show(cx.look.symbols.down, all - last - 1)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// Draws the rows of a window below a title and, where there is one, a line of column heads.
fn draw_rows<T, I: Copy + PartialEq>(
    area: Rect,
    window: &mut Window<I>,
    list: &Listed<'_, T, I>,
    focused: bool,
    pen: &mut Pen<'_>,
    mut draw: impl FnMut(Rect, &T, &mut Pen<'_>),
) -> Vec<usize> {
    let rows = window.rows(list, area.height as usize);
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
    let mut unit = 1;
    while ns / unit >= 100 {
        unit *= 10;
    }
    // Minutes and hours are told in whole seconds and minutes anyway.
    let rounded = if ns < 60_000_000_000 { (ns + unit / 2) / unit * unit } else { ns };
    time::duration(rounded)
}

/// A share in at most four columns.
pub fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return if whole == 0 { String::new() } else { "0%".to_owned() };
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        s if s < 0.1 => "<.1%".to_owned(),
        s if s < 9.95 => format!("{s:.1}%"),
        s => format!("{s:.0}%"),
    }
}

/// `1.2k  2.1%   8.1 ms   120 ms`, right-aligned; what is nothing is dim.
fn figures(area: Rect, of: &Figures, pen: &mut Pen<'_>) {
    let dim = pen.style(Role::Dim);
    let y = area.y;
    pen.put_right(area.x, y, 6, &text::short_count(of.count), if of.count == 0 { dim } else { Style::new() });
    if of.count == 0 {
        return;
    }
    let errors = if of.errors == 0 { dim } else { pen.style(Role::Error) };
    pen.put_right(area.x + 6, y, 7, &percent(of.errors, of.count), errors);
    pen.put_right(area.x + 13, y, 9, &about(of.p50), Style::new());
    pen.put_right(area.x + 22, y, 9, &about(of.p99), Style::new());
}

/// How many columns that takes.
const FIGURES: u16 = 31;

fn figure_heads(x: u16, y: u16, what: &str, pen: &mut Pen<'_>) {
    let dim = pen.style(Role::Dim);
    for (at, width, head) in [(0, 6, what), (6, 7, "errors"), (13, 9, "p50"), (22, 9, "p99")] {
        pen.put_right(x + at, y, width, head, dim);
    }
}

/// The list of services.
pub fn services<I: Copy + PartialEq>(
    area: Rect,
    window: &mut Window<I>,
    list: &Listed<'_, ServiceRow, I>,
    focused: bool,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Rect {
    let counters = cx.session.store.counters();
    let mut title = vec![part(text::plural(list.0.len() as u64, "service"), Style::new())];
    if counters.evicted_spans > 0 {
        let evicted = format!(" {} evicted spans stay counted", cx.look.symbols.dot);
        title.push(part(evicted, pen.style(Role::Dim)));
    }
    let body = below(area, 2);
    let wide = area.width >= 52;
    let spans = if wide { 8 } else { 0 };
    let x = (area.right()).saturating_sub(FIGURES + 1);
    let rows = draw_rows(body, window, list, focused, pen, |line, item, pen| {
        if let Some(severity) = item.worst {
            let (symbol, role) = sign(severity, cx.look);
            pen.put(line.x + 1, line.y, 1, symbol, pen.style(role));
        }
        let room = x.saturating_sub(line.x + 3 + spans);
        pen.put(line.x + 3, line.y, room, &item.name, cx.look.service(&item.name));
        if wide {
            pen.put_right(x - spans, line.y, spans, &text::short_count(item.spans), pen.style(Role::Dim));
        }
        figures(Rect { x, ..line }, &item.entries, pen);
    });
    pen.title(area, focused, &title, &more(&rows, list.0.len(), cx));
    if wide {
        pen.put_right(x - spans, area.y + 1, spans, "spans", pen.style(Role::Dim));
    }
    figure_heads(x, area.y + 1, "reqs", pen);
    body
}

fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// Who calls a service, and whom it calls: callers to the left of a line, whom it calls to the right of it.
pub fn map(
    area: Rect,
    window: &mut Window<Place>,
    facts: &Facts,
    title: &[Part<'_>],
    focused: bool,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Rect {
    let body = below(area, 2);
    let symbols = cx.look.symbols;
    let figures_at = area.right().saturating_sub(FIGURES + 1);
    let trunk = area.x + (figures_at.saturating_sub(area.x) * 2 / 5).clamp(8, 34);
    let own = facts.map.iter().position(|row| row.place == Place::Own).unwrap_or(0);
    let last = facts.map.len().saturating_sub(1);
    let list = Listed(&facts.map, |row: &MapRow| row.place);
    let index = |row: &MapRow| facts.map.iter().position(|other| other.place == row.place).unwrap_or(0);
    let rows = draw_rows(body, window, &list, focused, pen, |line, item, pen| {
        let (y, at) = (line.y, index(item));
        let rule = pen.style(Role::Rule);
        let (left, right) = (trunk.saturating_sub(line.x + 4), figures_at.saturating_sub(trunk + 3));
        match item.place {
            Place::Caller(_) | Place::Own => {
                let bold = if item.place == Place::Own { Modifier::BOLD } else { Modifier::empty() };
                let style = cx.look.service(&item.name).add_modifier(bold);
                pen.put_right(line.x + 1, y, left, &item.name, style);
                pen.put(trunk - 2, y, 2, &symbols.horizontal.repeat(2), rule);
                // The line begins at the first caller and ends at the last one that is called.
                let joint = match (at, last) {
                    (0, 0) => symbols.horizontal,
                    (0, _) => symbols.corners[1],
                    (at, last) if at == last => symbols.corners[3],
                    _ => symbols.left_tee,
                };
                pen.put(trunk, y, 1, joint, rule);
            }
            Place::Callee(_) | Place::Peer(_) => {
                let joint = if at == last { symbols.corners[2] } else { symbols.right_tee };
                pen.put(trunk, y, 1, joint, rule);
                pen.put(trunk + 1, y, 1, symbols.horizontal, rule);
                let style = match item.place {
                    Place::Peer(_) => Style::new().add_modifier(Modifier::ITALIC),
                    _ => cx.look.service(&item.name),
                };
                pen.put(trunk + 3, y, right, &item.name, style);
            }
        }
        figures(Rect { x: figures_at, ..line }, &item.calls, pen);
    });
    pen.title(area, focused, title, &more(&rows, facts.map.len(), cx));
    let dim = pen.style(Role::Dim);
    if own > 0 {
        pen.put_right(area.x + 1, area.y + 1, trunk.saturating_sub(area.x + 4), "called by", dim);
    }
    if own < last {
        let room = figures_at.saturating_sub(trunk + 3);
        let only = facts.map.iter().any(|row| matches!(row.place, Place::Peer(_)));
        let words = if only && room >= 32 { "calls  [known from calls only]" } else { "calls" };
        pen.put(trunk + 3, area.y + 1, room, words, dim);
    }
    figure_heads(figures_at, area.y + 1, "calls", pen);
    body
}

/// Whether spans of a kind usually have parents there. Nothing is wrong with others by itself.
fn is_usual(kind: SpanKind, locality: ParentLocality) -> bool {
    use ParentLocality::{Local, Remote, Root, Unknown};
    match (kind, locality) {
        (SpanKind::Unspecified | SpanKind::Other(_), _) => false,
        (_, Unknown) => true,
        (SpanKind::Server, Root | Remote) | (SpanKind::Consumer, _) => true,
        (SpanKind::Client, Local) | (SpanKind::Producer | SpanKind::Internal, Root | Local) => true,
        _ => false,
    }
}

/// Kinds and where parents live.
pub fn matrix(
    area: Rect,
    service: &Service,
    facts: &Facts,
    title: &[Part<'_>],
    focused: bool,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) {
    pen.title(area, focused, title, "");
    let (dim, symbols) = (pen.style(Role::Dim), cx.look.symbols);
    let column = (area.width.saturating_sub(14) / 4).clamp(7, 10);
    let x = |at: usize| area.x + 13 + at as u16 * column;
    for (at, locality) in LOCALITIES.iter().enumerate() {
        let name = match locality {
            ParentLocality::Root => "no",
            ParentLocality::Local => "local",
            ParentLocality::Remote => "remote",
            ParentLocality::Unknown => "unsaid",
        };
        pen.put_right(x(at), area.y + 1, column, name, dim);
    }
    pen.put(area.x + 2, area.y + 1, 11, "parent", dim);
    let mut signs: Vec<(&str, Style, &str)> = Vec::new();
    let mut y = area.y + 2;
    for (of_kind, (kind, row)) in KINDS.iter().zip(&service.matrix).enumerate() {
        let known = !matches!(kind, SpanKind::Other(_));
        if y >= area.bottom() || !known && row.iter().all(|count| *count == 0) {
            continue;
        }
        let name = if known { kind.to_string() } else { "(undefined)".to_owned() };
        let none = row.iter().all(|count| *count == 0);
        pen.put(area.x + 2, y, 11, &name, if none { dim } else { Style::new() });
        for (at, (count, locality)) in row.iter().zip(&LOCALITIES).enumerate() {
            if *count == 0 {
                pen.put_right(x(at), y, column, symbols.dot, dim);
                continue;
            }
            let mark = match facts.wrong[of_kind][at] {
                Some(severity) => {
                    let (symbol, role) = sign(severity, cx.look);
                    Some((symbol, pen.style(role), "found wrong"))
                }
                None if !is_usual(*kind, *locality) => Some(("?", dim, "unusual, nothing found")),
                None => None,
            };
            let count = text::short_count(*count);
            let style =
                mark.filter(|(symbol, ..)| *symbol != "?").map_or(Style::new(), |(_, style, _)| style);
            pen.put_right(x(at), y, column, &count, style);
            if let Some(mark) = mark {
                let left = column.saturating_sub(count.len() as u16 + 2);
                pen.put(x(at) + left, y, 1, mark.0, mark.1);
                if !signs.iter().any(|(symbol, ..)| *symbol == mark.0) {
                    signs.push(mark);
                }
            }
        }
        y += 1;
    }
    if y < area.bottom() && !signs.is_empty() {
        let mut legend = Vec::new();
        for (symbol, style, words) in signs {
            legend.push(part(symbol, style));
            legend.push(part(format!(" {words}   "), dim));
        }
        pen.line(area.x + 2, area.bottom() - 1, area.width.saturating_sub(2), &legend);
    }
}

/// Instrumentation scopes, and what was found of them.
pub fn scopes(
    area: Rect,
    window: &mut Window<usize>,
    rows: &[(usize, &ScopeRow)],
    title: &[Part<'_>],
    focused: bool,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Rect {
    let body = below(area, 2);
    let list = Listed(rows, |row: &(usize, &ScopeRow)| row.0);
    let kinds_width = if area.width >= 66 { 24 } else { 0 };
    let spans_at = area.right().saturating_sub(9 + kinds_width);
    let dim = pen.style(Role::Dim);
    let drawn = draw_rows(body, window, &list, focused, pen, |line, (_, item), pen| match item {
        ScopeRow::Scope(name, version, kinds, worst) => {
            if let Some(severity) = worst {
                let (symbol, role) = sign(*severity, cx.look);
                pen.put(line.x + 1, line.y, 1, symbol, pen.style(role));
            }
            let room = spans_at.saturating_sub(line.x + 4);
            // The end of a scope's name tells it from others.
            let version_room = text::width(&text::clean(version)) as u16;
            let name_room = room.saturating_sub(version_room + 1).max(room / 2);
            let name = tail(name, name_room as usize, cx);
            let used = pen.put(line.x + 3, line.y, name_room, &name, Style::new());
            pen.put(line.x + 4 + used, line.y, room.saturating_sub(used + 1), version, dim);
            let spans = kinds.iter().sum();
            pen.put_right(spans_at, line.y, 8, &text::short_count(spans), Style::new());
            if kinds_width > 0 {
                let mut sorted: Vec<_> = KINDS.iter().zip(kinds).filter(|(_, count)| **count > 0).collect();
                sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
                let words = sorted.iter().map(|(kind, count)| match sorted.len() {
                    1 => kind.to_string(),
                    _ => format!("{kind} {}", percent(**count, spans)),
                });
                let words = words.collect::<Vec<_>>().join(", ");
                pen.put(spans_at + 10, line.y, kinds_width - 2, &words, dim);
            }
        }
        ScopeRow::Known(severity, label) => {
            let role = sign(*severity, cx.look).1;
            let parts =
                [part(cx.look.symbols.under, dim), part(" ", dim), part(label.as_str(), pen.style(role))];
            pen.line(line.x + 3, line.y, line.width.saturating_sub(4), &parts);
        }
    });
    pen.title(area, focused, title, &more(&drawn, rows.len(), cx));
    pen.put(area.x + 3, area.y + 1, 20, "scope", dim);
    pen.put_right(spans_at, area.y + 1, 8, "spans", dim);
    if kinds_width > 0 {
        pen.put(spans_at + 10, area.y + 1, kinds_width - 2, "kinds", dim);
    }
    body
}

/// The end of a name, where the whole has no room.
fn tail(name: &str, columns: usize, cx: &Cx<'_>) -> String {
    let clean = text::clean(name);
    let mut excess = text::width(&clean).saturating_sub(columns);
    if excess == 0 || columns == 0 {
        return clean.into_owned();
    }
    // Room for the mark too.
    excess += 1;
    let mut rest = clean.chars();
    while excess > 0
        && let Some(c) = rest.next()
    {
        excess = excess.saturating_sub(text::width(c.encode_utf8(&mut [0; 4])));
    }
    format!("{}{}", cx.look.symbols.ellipsis, rest.as_str())
}

/// Which columns of the table of operations there is room for, and where.
struct Columns {
    kind: u16,
    name: u16,
    shown: &'static [Column],
    spark: u16,
}

impl Columns {
    const FULL: &[Column] =
        &[Column::Count, Column::Errors, Column::P50, Column::P95, Column::P99, Column::Max];
    const SOME: &[Column] = &[Column::Count, Column::Errors, Column::P50, Column::P95, Column::P99];

    fn of(width: u16) -> Self {
        let shown = if width >= 92 { Self::FULL } else { Self::SOME };
        let numbers = shown.iter().map(|column| column_width(*column)).sum::<u16>();
        let kind = if width >= 70 { 9 } else { 0 };
        let left = width.saturating_sub(3 + kind + numbers + 2);
        let spark = if left >= 28 { (left - 18).min(32) } else { 0 };
        Self { kind, name: left.saturating_sub(spark), shown, spark: spark.saturating_sub(2) }
    }
}

fn column_width(column: Column) -> u16 {
    match column {
        Column::Count => 7,
        Column::Errors => 8,
        Column::Name => 0,
        _ => 9,
    }
}

/// The table of operations.
pub fn operations<I: Copy + PartialEq>(
    area: Rect,
    window: &mut Window<I>,
    list: &Listed<'_, OperationRow, I>,
    facts: &Facts,
    (sort, inverted): (Column, bool),
    title: &[Part<'_>],
    focused: bool,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Rect {
    let body = below(area, 2);
    let columns = Columns::of(area.width);
    let (dim, symbols, stats) = (pen.style(Role::Dim), cx.look.symbols, &cx.session.stats);
    let numbers_at = area.x + 3 + columns.kind + columns.name;
    let rows = draw_rows(body, window, list, focused, pen, |line, item, pen| {
        let Some(operation) = stats.operation(item.at) else { return };
        if columns.kind > 0 {
            pen.put(line.x + 3, line.y, columns.kind - 1, &operation.kind.to_string(), dim);
        }
        pen.put(line.x + 3 + columns.kind, line.y, columns.name, &item.name, Style::new());
        let mut x = numbers_at;
        for column in columns.shown {
            let error = item.calls.errors > 0;
            let (words, style) = match column {
                Column::Count => (text::short_count(item.calls.count), Style::new()),
                Column::Errors if error => {
                    (percent(item.calls.errors, item.calls.count), pen.style(Role::Error))
                }
                Column::Errors => ("0%".to_owned(), dim),
                Column::P50 => (about(item.calls.p50), Style::new()),
                Column::P95 => (about(item.calls.p95), dim),
                Column::P99 => (about(item.calls.p99), Style::new()),
                Column::Max => (about(item.max), dim),
                Column::Name => continue,
            };
            pen.put_right(x, line.y, column_width(*column), &words, style);
            x += column_width(*column);
        }
        let counts = operation.calls.durations.columns(facts.axis, columns.spark as usize);
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        for (x, count) in (x + 2..).zip(counts).filter(|(_, count)| *count > 0) {
            let level = (count * 8).div_ceil(most).clamp(1, 8) as usize - 1;
            pen.put(x, line.y, 1, symbols.levels[level], pen.style(Role::Info));
        }
    });
    pen.title(area, focused, title, &more(&rows, list.0.len(), cx));
    let y = area.y + 1;
    let head = |column: Column| {
        let down = (column == Column::Name) == inverted;
        let arrow = if down { symbols.down } else { symbols.up };
        if column == sort { format!("{arrow} {}", column.title()) } else { column.title().to_owned() }
    };
    let style = |column: Column| if column == sort { pen.style(Role::TitleFocused) } else { dim };
    let styles = Column::ALL.map(|column| (column, head(column), style(column)));
    let find = |wanted: Column| styles.iter().find(|(column, ..)| *column == wanted);
    if let Some((_, words, style)) = find(Column::Name) {
        pen.put(area.x + 3 + columns.kind, y, columns.name, words, *style);
    }
    let mut x = numbers_at;
    for column in columns.shown {
        if let Some((_, words, style)) = find(*column) {
            pen.put_right(x, y, column_width(*column), words, *style);
        }
        x += column_width(*column);
    }
    if columns.spark >= 12 && !list.0.is_empty() {
        pen.put(x + 2, y, columns.spark / 2, &about(facts.axis.0), dim);
        pen.put_right(
            x + 2 + columns.spark / 2,
            y,
            columns.spark - columns.spark / 2,
            &about(facts.axis.1),
            dim,
        );
    }
    body
}
