//! Who calls the selected service, and whom it calls.

use super::facts::{Facts, Neighbour, NeighbourRow};
use super::panes::{Drawn, FIGURES, Listed, Pane, below, draw_rows, figure_heads, figures, more};
use super::sort::{Column, Sort};
use crate::tui::theme::Role;
use crate::tui::view::Cx;
use crate::tui::widget::heads::Head;
use crate::tui::widget::pen::{Pen, part};
use crate::tui::widget::window::Window;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Callers before an arrow, the service itself, then behind an arrow whom it calls.
pub fn draw(
    pane: Pane<'_>,
    window: &mut Window<Neighbour>,
    facts: &Facts,
    sort: Sort,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Drawn {
    let Pane { area, title, focused } = pane;
    let body = below(area, 2);
    let arrow = cx.look.symbols.arrow;
    let x = area.right().saturating_sub(FIGURES + 1);
    let list = Listed(&facts.neighbours, |row: &NeighbourRow| row.place);
    let rows = draw_rows(body, window, &list, focused, pen, cx, |line, item, pen| {
        let rule = pen.style(Role::Dim);
        let service = cx.look.service(&item.name);
        let name = part(item.name.as_str(), service);
        let parts = match item.place {
            Neighbour::Caller(_) => vec![name, part(format!(" {arrow}"), rule)],
            Neighbour::Own => vec![part(item.name.as_str(), service.add_modifier(Modifier::BOLD))],
            Neighbour::Callee(_) => vec![part(format!("  {arrow} "), rule), name],
            Neighbour::Peer(_) => {
                let name = part(item.name.as_str(), Style::new().add_modifier(Modifier::ITALIC));
                vec![part(format!("  {arrow} "), rule), name]
            }
        };
        pen.line(line.x + 3, line.y, x.saturating_sub(line.x + 3), &parts);
        figures(Rect { x, ..line }, &item.calls, pen);
    });
    pen.title(area, focused, title, &more(&rows, facts.neighbours.len(), cx));
    let words = format!("caller {arrow} / {arrow} callee");
    let name = Head {
        column: Column::Name,
        x: area.x + 3,
        width: x.saturating_sub(area.x + 4),
        words: &words,
        right: false,
    };
    let heads: Vec<_> = [name].into_iter().chain(figure_heads(x, "calls")).collect();
    Drawn { body, heads: sort.heads(area.y + 1, &heads, pen) }
}
