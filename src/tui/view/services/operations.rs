//! The operations of a service.

use super::facts::{Facts, OperationRow};
use super::panes::{Drawn, Listed, Pane, about, below, draw_rows, more, percent};
use super::sort::{Column, Sort};
use crate::stats::OperationIx;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::Cx;
use crate::tui::widget::heads::Head;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::window::Window;
use ratatui::style::Style;

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
        let shown = if width >= 100 { Self::FULL } else { Self::SOME };
        let numbers = shown.iter().map(|column| column_width(*column)).sum::<u16>();
        let kind = if width >= 70 { 9 } else { 0 };
        let left = width.saturating_sub(3 + kind + numbers + 2);
        let spark = if left >= 36 { (left - 24).min(34) } else { 0 };
        Self { kind, name: left.saturating_sub(spark), shown, spark: spark.saturating_sub(2) }
    }
}

fn column_width(column: Column) -> u16 {
    if column == Column::Count { 7 } else { 8 }
}

fn title_of(column: Column) -> &'static str {
    match column {
        Column::Count => "spans",
        Column::Errors => "errors",
        Column::P50 => "p50",
        Column::P95 => "p95",
        Column::P99 => "p99",
        Column::Max => "max",
        _ => "",
    }
}

/// The table of operations.
pub fn draw(
    pane: Pane<'_>,
    window: &mut Window<OperationIx>,
    facts: &Facts,
    sort: Sort,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Drawn {
    let Pane { area, title, focused } = pane;
    let list = &Listed(&facts.operations, |row: &OperationRow| row.at);
    let body = below(area, 2);
    let columns = Columns::of(area.width);
    let (dim, symbols, stats) = (pen.style(Role::Dim), cx.look.symbols, &cx.session.stats);
    let numbers_at = area.x + 3 + columns.kind + columns.name;
    let rows = draw_rows(body, window, list, focused, pen, cx, |line, item, pen| {
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
                _ => continue,
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
    let mut heads = vec![Head {
        column: Column::Name,
        x: area.x + 3 + columns.kind,
        width: columns.name,
        words: "operation",
        right: false,
    }];
    let mut x = numbers_at;
    for column in columns.shown {
        let width = column_width(*column);
        heads.push(Head { column: *column, x, width, words: title_of(*column), right: true });
        x += width;
    }
    let heads = sort.heads(y, &heads, pen);
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
    Drawn { body, heads }
}
