//! One row of the tree: marks, name, kind as recorded and as it should be, bar, duration, status.

use super::{Cx, short_id, sign};
use crate::model::{ParentLocality, StatusCode, time};
use crate::store::{Presence, SpanIx, View};
use crate::tui::theme::Role;
use crate::tui::widget::bar::{self, Axis};
use crate::tui::widget::pen::{Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A row and where it hangs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The span.
    pub at: SpanIx,
    /// How deep it hangs.
    pub depth: usize,
    /// The top that it hangs under.
    pub top: SpanIx,
    /// Whether rows below it are folded away.
    pub folded: bool,
}

/// Where the columns of a tree are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Columns {
    /// Marks and name.
    pub name: Rect,
    /// The kind.
    pub kind: Rect,
    /// The bars.
    pub bar: Rect,
    /// The duration.
    pub duration: Rect,
    /// HTTP status and error.
    pub status: Rect,
}

impl Columns {
    /// The columns of rows in this area. `wrong_kinds` makes room for two kinds.
    pub fn of(area: Rect, wrong_kinds: bool, arrow: u16) -> Self {
        let kind = match (wrong_kinds, area.width) {
            (true, 100..) => 16 + arrow,
            (true, 52..) => 14 + arrow,
            (false, 52..) => 11,
            _ => 8,
        };
        let fixed = 3 + kind + 1 + 9 + 8;
        let left = area.width.saturating_sub(fixed);
        // Below some width bars say nothing any more, and the name needs the room.
        let name = if left < 32 { left } else { (left * 58 / 100).max(24) };
        let bar = (left - name).saturating_sub(1);
        let mut x = area.x + 3;
        let mut column = |width: u16, gap: u16| {
            let column = Rect { x, width: width.min(area.right().saturating_sub(x)), ..area };
            x = (x + width + gap).min(area.right());
            column
        };
        Self {
            name: column(name, 1),
            kind: column(kind, 1),
            bar: column(bar, u16::from(bar > 0)),
            duration: column(8, 1),
            status: column(7, 0),
        }
    }
}

/// A name, or words that say that there is none.
pub fn name_or_none(name: &str) -> &str {
    if name.is_empty() { "(no name)" } else { name }
}

/// Marks a row as selected.
pub fn select(row: Rect, selected: bool, focused: bool, pen: &mut Pen<'_>) {
    match (selected, focused) {
        (true, true) => pen.restyle(row, pen.style(Role::Selected)),
        (true, false) => {
            pen.put(row.x, row.y, 1, pen.look.symbols.selected, pen.style(Role::Key));
            pen.add_style(row, pen.style(Role::SelectedElsewhere));
        }
        (false, _) => {}
    }
}

/// Draws one row.
pub fn draw(
    row: Rect,
    placed: Placed,
    view: View,
    columns: &Columns,
    axis: Axis,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) {
    let Placed { at, .. } = placed;
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let (slot, y) = (store.slot(at), row.y);
    let culprit = diagnosis.is_culprit(at);
    match (culprit, diagnosis.mark(store, at)) {
        (true, _) => {
            pen.put(row.x + 1, y, 1, cx.look.symbols.culprit, pen.style(Role::Culprit));
        }
        (false, Some(severity)) => {
            let (symbol, role) = sign(severity, cx.look);
            pen.put(row.x + 1, y, 1, symbol, pen.style(role));
        }
        (false, None) => {}
    }
    let x = indent(placed, view, columns.name, y, pen, cx);
    let room = columns.name.right().saturating_sub(x);
    if !slot.is_held() {
        let role = if culprit { Role::Culprit } else { Role::Missing };
        pen.put(x, y, row.right().saturating_sub(x), &missing(at, cx), pen.style(role));
        return;
    }
    let name = store.name(at);
    let style = if culprit { pen.style(Role::Culprit) } else { Style::new() };
    let service = store.service(at);
    let mut parts = Vec::with_capacity(3);
    if service != service_around(placed, view, cx) {
        parts.push(part(service, cx.look.service(service)));
        parts.push(part(" ", style));
    }
    parts.push(part(name_or_none(&name), style));
    pen.line(x, y, room, &parts);

    let record = slot.record;
    let kind = record.kind().to_string();
    match diagnosis.expected_kind(store, at) {
        Some(expected) => {
            let was = pen.style(Role::Kind);
            let parts = [
                part(kind, was),
                part(cx.look.symbols.arrow, was),
                part(expected.to_string(), pen.style(Role::KindExpected)),
            ];
            pen.line(columns.kind.x, y, columns.kind.width, &parts)
        }
        None => pen.put(columns.kind.x, y, columns.kind.width, &kind, pen.style(Role::Kind)),
    };
    let style = if culprit { pen.style(Role::Culprit) } else { cx.look.service(service) };
    let span = (record.start_ns, record.end_ns);
    bar::draw(pen, Rect { y, height: 1, ..columns.bar }, axis, span, style);
    let duration = time::duration(record.duration_ns());
    pen.put_right(columns.duration.x, y, columns.duration.width, &duration, Style::new());
    status(at, columns.status, y, pen, cx);
}

/// `200 ERR`
fn status(at: SpanIx, column: Rect, y: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let store = &cx.session.store;
    let http = store.facts(at).map_or(0, |facts| facts.http_status);
    if http > 0 {
        let role = match http {
            500.. => Role::Error,
            400..500 => Role::Warning,
            _ => Role::Dim,
        };
        pen.put(column.x, y, 3.min(column.width), &http.to_string(), pen.style(role));
    }
    if store.record(at).status() == StatusCode::Error {
        pen.put(column.x + 4, y, column.width.saturating_sub(4), "ERR", pen.style(Role::Error));
    }
}

/// Indentation and fold marker. Tells where the name starts.
fn indent(placed: Placed, view: View, column: Rect, y: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) -> u16 {
    let most = column.width / 2;
    let wanted = placed.depth.saturating_mul(2);
    let mut x = column.x;
    if wanted <= usize::from(most) {
        x += wanted as u16;
    } else {
        // Deeper than there is room for: the depth is said instead of drawn.
        let depth = format!("{}{}", cx.look.symbols.ellipsis, placed.depth);
        pen.put_right(x, y, most.saturating_sub(1), &depth, pen.style(Role::Dim));
        x += most;
    }
    if cx.session.store.has_children(placed.at, view) {
        let symbol = if placed.folded { cx.look.symbols.closed } else { cx.look.symbols.open };
        pen.put(x, y, 1, symbol, pen.style(Role::Dim));
    }
    x + 2
}

/// The service that need not be said again: that of the parent, or of the trace's first span for a top.
fn service_around<'a>(placed: Placed, view: View, cx: &Cx<'a>) -> &'a str {
    let store = &cx.session.store;
    let trace = store.slot(placed.at).trace;
    let held = |at: &SpanIx| store.slot(*at).is_held();
    let parent = store.parent_row(placed.at, view).filter(held);
    parent.map_or_else(|| main_service(trace, cx), |at| store.service(at))
}

/// The service of a trace: that of its first span which was received.
pub fn main_service<'a>(trace: crate::store::TraceIx, cx: &Cx<'a>) -> &'a str {
    let store = &cx.session.store;
    let first = store.first_row(trace, View::Recorded);
    let below = first.and_then(|at| store.first_child(at, View::Recorded));
    let held = [first, below].into_iter().flatten().find(|at| store.slot(*at).is_held());
    held.map_or("", |at| store.service(at))
}

/// What is to be said of a parent that is not there.
fn missing(at: SpanIx, cx: &Cx<'_>) -> String {
    let slot = cx.session.store.slot(at);
    let id = short_id(slot.record.span_id, cx.look);
    if slot.presence == Presence::Evicted {
        return format!("({id} evicted)");
    }
    let lasted = time::duration(slot.record.duration_ns());
    if is_elsewhere(at, cx) {
        return format!("(parent {id} in another process, not received: named for {lasted})");
    }
    let open = format!("{} {lasted}", cx.look.symbols.at_least);
    format!("(missing parent {id} not received: still open or lost, open {open})")
}

/// Whether the spans under a placeholder say that their parent is in another process.
pub fn is_elsewhere(at: SpanIx, cx: &Cx<'_>) -> bool {
    let store = &cx.session.store;
    let first = store.first_child(at, View::Recorded);
    first.is_some_and(|child| store.record(child).locality() == ParentLocality::Remote)
}
