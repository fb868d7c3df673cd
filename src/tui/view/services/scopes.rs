//! The instrumentation scopes of a service.

use super::facts::ScopeRow;
use super::panes::{Drawn, Listed, Pane, below, draw_rows, more, percent};
use super::sort::{Column, Sort};
use crate::stats::KINDS;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::Cx;
use crate::tui::view::sign;
use crate::tui::widget::heads::Head;
use crate::tui::widget::pen::{Pen, part};
use crate::tui::widget::window::Window;
use ratatui::style::Style;

/// Instrumentation scopes, and what was found of them.
pub fn draw(
    pane: Pane<'_>,
    window: &mut Window<usize>,
    rows: &[(usize, &ScopeRow)],
    sort: Sort,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Drawn {
    let Pane { area, title, focused } = pane;
    let body = below(area, 2);
    let list = Listed(rows, |row: &(usize, &ScopeRow)| row.0);
    let kinds_width = if area.width >= 66 { 24 } else { 0 };
    let spans_at = area.right().saturating_sub(9 + kinds_width);
    let dim = pen.style(Role::Dim);
    let drawn = draw_rows(body, window, &list, focused, pen, cx, |line, (_, item), pen| match item {
        ScopeRow::Scope { name, version, kinds, worst, .. } => {
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
    let name_room = spans_at.saturating_sub(area.x + 4);
    let head = |column, x, width, words, right| Head { column, x, width, words, right };
    let heads = [
        head(Column::Name, area.x + 3, name_room, "scope", false),
        head(Column::Spans, spans_at, 8, "spans", true),
    ];
    let heads = sort.heads(area.y + 1, &heads, pen);
    if kinds_width > 0 {
        pen.put(spans_at + 10, area.y + 1, kinds_width - 2, "kinds", dim);
    }
    Drawn { body, heads }
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
