//! The map: who calls whom, of all services, in layers from the left.

use super::facts::{Facts, name_of};
use super::outline::{Place, Row};
use super::panes::{Drawn, FIGURES, Listed, Pane, below, draw_rows, figure_heads, figures, more};
use super::sort::{Column, Sort};
use crate::stats::ServiceIx;
use crate::tui::theme::Role;
use crate::tui::view::Cx;
use crate::tui::widget::heads::Head;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::Window;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Columns of a layer.
const STEP: usize = 3;
/// Columns that a name keeps, however deep it stands.
const NAME: usize = 22;

/// What is told of a peer in the head, where there is one and room.
const PEERS: &str = "service and whom it calls  [known from calls only]";
const NO_PEERS: &str = "service and whom it calls";

/// Draws it. Rows about the selected service are bold.
pub fn draw(
    pane: Pane<'_>,
    window: &mut Window<Place>,
    facts: &Facts,
    of: Option<ServiceIx>,
    sort: Sort,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) -> Drawn {
    let Pane { area, title, focused } = pane;
    let body = below(area, 2);
    let x = area.right().saturating_sub(FIGURES + 1);
    let room = x.saturating_sub(area.x + 4);
    let layers = (usize::from(room).saturating_sub(NAME) / STEP).max(1);
    let list = Listed(&facts.map, |row: &Row| row.place);
    let rows = draw_rows(body, window, &list, focused, pen, cx, |line, row, pen| {
        let parts = parts(row, of, layers, cx);
        pen.line(line.x + 3, line.y, room, &parts);
        figures(Rect { x, ..line }, &row.figures(cx), pen);
    });
    pen.title(area, focused, title, &more(&rows, facts.map.len(), cx));
    let peers = facts.map.iter().any(|row| matches!(row.place, Place::Peer(..)));
    let words = if peers && usize::from(room) > PEERS.len() { PEERS } else { NO_PEERS };
    let name = Head { column: Column::Name, x: area.x + 3, width: room, words, right: false };
    let heads: Vec<_> = [name].into_iter().chain(figure_heads(x, "calls")).collect();
    Drawn { body, heads: sort.heads(area.y + 1, &heads, pen) }
}

/// `│  ├─ name (above)`
fn parts<'a>(row: &'a Row, of: Option<ServiceIx>, layers: usize, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let symbols = cx.look.symbols;
    let (rule, dim) = (cx.look.style(Role::Rule), cx.look.style(Role::Dim));
    let mut lines = String::new();
    // What is too deep for the screen stands at its deepest place, behind a mark.
    let skipped = row.rails.len().saturating_sub(layers);
    if skipped > 0 {
        lines.push_str(symbols.ellipsis);
    }
    if let Some((last, above)) = row.rails.split_last() {
        for goes_on in above.iter().skip(skipped) {
            lines.push_str(if *goes_on { symbols.vertical } else { " " });
            lines.push_str("  ");
        }
        lines.push_str(if *last { symbols.right_tee } else { symbols.corners[2] });
        lines.push_str(symbols.horizontal);
        lines.push(' ');
    }
    let mut style = match row.place {
        Place::Peer(..) => Style::new().add_modifier(Modifier::ITALIC),
        _ => cx.look.service(&row.name),
    };
    if !matches!(row.place, Place::Peer(..)) && Some(row.place.service()) == of {
        style = style.add_modifier(Modifier::BOLD);
    }
    let mut parts = vec![part(lines, rule), part(row.name.as_str(), style)];
    if row.place.is_own() {
        parts.push(part(" (itself)", dim));
    } else if row.told {
        parts.push(part(" (its calls: above)", dim));
    }
    parts
}

/// `Map · front → shop`: from whom to whom the selected calls are.
pub fn title<'a>(facts: &Facts, selected: Option<Place>, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let stats = &cx.session.stats;
    let mut parts = vec![part("Map", Style::new())];
    let Some(Place::Edge(caller, callee)) = selected else { return parts };
    let (dim, arrow) = (cx.look.style(Role::Dim), cx.look.symbols.arrow);
    let name = |service| {
        let name = name_of(service, stats);
        part(name, cx.look.service(name))
    };
    if facts.map.len() > 1 {
        parts.extend([part(format!(" {} ", cx.look.symbols.dot), dim), name(caller)]);
        parts.extend([part(format!(" {arrow} "), dim), name(callee)]);
    }
    parts
}
