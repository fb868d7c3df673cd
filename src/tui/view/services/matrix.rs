//! The matrix: kinds of spans by where their parents live.

use super::facts::Facts;
use super::panes::Pane;
use crate::model::{ParentLocality, SpanKind};
use crate::stats::{KINDS, LOCALITIES, Service};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::Cx;
use crate::tui::view::sign;
use crate::tui::widget::pen::{Pen, part};
use ratatui::style::Style;

/// Whether spans of a kind usually have parents there. Nothing is wrong with others by itself.
fn is_usual(kind: SpanKind, locality: ParentLocality) -> bool {
    use ParentLocality::{Local, Remote, Root, Unknown};
    match (kind, locality) {
        (SpanKind::Unspecified | SpanKind::Other(_), _) => false,
        (_, Unknown)
        | (SpanKind::Consumer, _)
        | (SpanKind::Server, Root | Remote)
        | (SpanKind::Client, Local)
        | (SpanKind::Producer | SpanKind::Internal, Root | Local) => true,
        _ => false,
    }
}

/// Kinds and where parents live.
pub fn draw(pane: Pane<'_>, service: &Service, facts: &Facts, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let Pane { area, title, focused } = pane;
    pen.title(area, focused, title, "");
    let (dim, symbols) = (pen.style(Role::Dim), cx.look.symbols);
    let column = (area.width.saturating_sub(13) / 4).min(10);
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
                    Some((symbol, pen.style(role), "spans among them were found wrong"))
                }
                None if !is_usual(*kind, *locality) => Some(("?", dim, "unusual, and nothing was found")),
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
