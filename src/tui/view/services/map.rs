//! The map: who calls a service, and whom it calls.

use super::facts::{Facts, MapRow, Place};
use super::panes::{FIGURES, Listed, Pane, below, draw_rows, figure_heads, figures, more};
use crate::tui::theme::Role;
use crate::tui::view::Cx;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::window::Window;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Who calls a service, and whom it calls: callers to the left of a line, whom it calls to the right of it.
pub fn draw(
    pane: Pane<'_>,
    window: &mut Window<Place>,
    facts: &Facts,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Rect {
    let Pane { area, title, focused } = pane;
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
