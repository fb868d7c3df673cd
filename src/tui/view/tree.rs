//! The waterfall of one trace: as recorded, or as the requests that really happened.

use super::row::{self, Columns, Placed};
use super::{Cx, Outcome, short_id};
use crate::model::{SpanId, StatusCode, TraceId, time};
use crate::store::{SpanIx, Store, TraceIx, View};
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::{Kept, Rows, Window};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::HashSet;

/// How many rows a key looks at in search of the next error or finding: some milliseconds.
const SEARCH: usize = 20_000;

/// What is remembered of a row. Spans with the id of another are told apart by their slot, for as long as they hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Id {
    span: SpanId,
    at: SpanIx,
}

struct Tree<'a> {
    store: &'a Store,
    trace: TraceIx,
    view: View,
    folded: &'a HashSet<(TraceId, SpanId)>,
}

impl Tree<'_> {
    fn is_folded(&self, at: SpanIx) -> bool {
        !self.folded.is_empty()
            && self.folded.contains(&(self.store.trace(self.trace).id, self.store.record(at).span_id))
    }
}

impl Rows for Tree<'_> {
    type Id = Id;
    type At = SpanIx;

    fn find(&self, id: Id) -> Option<SpanIx> {
        let first = self.store.find_span(self.trace, id.span);
        if first == Some(id.at) || (id.at.0 as usize) >= self.store.slot_capacity() {
            return first;
        }
        let slot = self.store.slot(id.at);
        let twin = slot.is_held() && slot.trace == self.trace && slot.record.span_id == id.span;
        if twin { Some(id.at) } else { first }
    }

    fn id(&self, at: SpanIx) -> Id {
        Id { span: self.store.record(at).span_id, at }
    }

    fn first(&self) -> Option<SpanIx> {
        self.store.first_row(self.trace, self.view)
    }

    fn last(&self) -> Option<SpanIx> {
        self.store.last_row(self.trace, self.view, &|at| self.is_folded(at))
    }

    fn next(&self, at: SpanIx) -> Option<SpanIx> {
        self.store.next_row(at, self.view, &|at| self.is_folded(at))
    }

    fn previous(&self, at: SpanIx) -> Option<SpanIx> {
        self.store.prev_row(at, self.view, &|at| self.is_folded(at))
    }

    /// The oldest requests are evicted first: what is left nearest is what comes first now.
    fn near(&self, _gone: Id) -> Option<SpanIx> {
        self.first()
    }
}

/// The waterfall.
#[derive(Debug, Default)]
pub struct Waterfall {
    open: Option<TraceId>,
    window: Window<Id>,
    folded: HashSet<(TraceId, SpanId)>,
    /// Merged traces are shown as they were recorded.
    raw: bool,
    rows: Rect,
}

impl Waterfall {
    /// Opens a trace, from its top; nothing happens where it is open already.
    pub fn open(&mut self, trace: Option<TraceId>) {
        if self.open != trace {
            self.open = trace;
            self.window = Window::default();
        }
    }

    fn trace(&self, cx: &Cx<'_>) -> Option<TraceIx> {
        self.open.and_then(|id| cx.session.store.find_trace(id))
    }

    fn view(&self, trace: TraceIx, cx: &Cx<'_>) -> View {
        if self.raw || cx.session.diagnosis.requests(&cx.session.store, trace).is_none() {
            View::Recorded
        } else {
            View::Unmerged
        }
    }

    fn tree<'a>(&'a self, cx: &Cx<'a>) -> Option<Tree<'a>> {
        let trace = self.trace(cx)?;
        let view = self.view(trace, cx);
        Some(Tree { store: &cx.session.store, trace, view, folded: &self.folded })
    }

    /// The selected span, or the placeholder of one.
    pub fn selected(&self, cx: &Cx<'_>) -> Option<SpanIx> {
        self.tree(cx).and_then(|tree| tree.find(self.window.selected()?))
    }

    /// Keeps what is selected from now on.
    pub fn choose(&mut self) {
        self.window.choose();
    }

    /// Selects a span of the open trace, unfolding what it hangs under.
    pub fn select(&mut self, span: SpanId, cx: &Cx<'_>) {
        let Some(at) = self.trace(cx).and_then(|trace| cx.session.store.find_span(trace, span)) else {
            return;
        };
        self.reveal(at, cx);
    }

    fn reveal(&mut self, at: SpanIx, cx: &Cx<'_>) {
        let (store, trace) = (&cx.session.store, cx.session.store.slot(at).trace);
        let view = self.view(trace, cx);
        let id = store.trace(trace).id;
        if !self.folded.is_empty() {
            let mut above = store.parent_row(at, view);
            while let Some(parent) = above {
                self.folded.remove(&(id, store.record(parent).span_id));
                above = store.parent_row(parent, view);
            }
        }
        self.window.select(Id { span: store.record(at).span_id, at });
        self.window.choose();
    }

    /// Keeps the selection where there is one.
    pub fn reconcile(&mut self, cx: &Cx<'_>) -> Option<String> {
        let mut window = std::mem::take(&mut self.window);
        let kept = self.tree(cx).map_or(Kept::Same, |tree| window.reconcile(&tree));
        self.window = window;
        match kept {
            Kept::Same => None,
            Kept::Lost => Some("the selected span was evicted at the memory limit".to_owned()),
        }
    }

    /// Moves, folds, un-merges, searches.
    pub fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Unmerge => return self.toggle(cx),
            Action::Fold => return self.fold(cx),
            Action::Unfold => return self.unfold(cx),
            Action::Follow => {
                self.window.follow(true);
                return Outcome::Done;
            }
            Action::NextError | Action::PreviousError => {
                return self.search_errors(action == Action::NextError, cx);
            }
            Action::NextFinding | Action::PreviousFinding => {
                return self.search_findings(action == Action::NextFinding, cx);
            }
            _ => {}
        }
        let mut window = std::mem::take(&mut self.window);
        let moved = self.tree(cx).is_some_and(|tree| window.apply(action, &tree));
        self.window = window;
        if moved { Outcome::Done } else { Outcome::Ignored }
    }

    fn toggle(&mut self, cx: &Cx<'_>) -> Outcome {
        let Some(trace) = self.trace(cx) else { return Outcome::Ignored };
        if cx.session.diagnosis.requests(&cx.session.store, trace).is_none() {
            return Outcome::Notice("this trace is one request: there is nothing to un-merge".to_owned());
        }
        let selected = self.selected(cx);
        self.raw = !self.raw;
        if let Some(at) = selected {
            self.reveal(at, cx);
        }
        Outcome::Done
    }

    fn fold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.tree(cx)) else { return Outcome::Ignored };
        let (store, view) = (tree.store, tree.view);
        let key = (store.trace(tree.trace).id, store.record(at).span_id);
        if store.has_children(at, view) && !tree.is_folded(at) {
            self.folded.insert(key);
            self.window.choose();
        } else if let Some(parent) = store.parent_row(at, view) {
            let id = tree.id(parent);
            self.window.select(id);
            self.window.choose();
        }
        Outcome::Done
    }

    fn unfold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.tree(cx)) else { return Outcome::Ignored };
        let key = (tree.store.trace(tree.trace).id, tree.store.record(at).span_id);
        let child = tree.store.first_child(at, tree.view).map(|child| tree.id(child));
        // As in file managers: on an unfolded row, the same key goes on to the first child.
        if !self.folded.remove(&key)
            && let Some(child) = child
        {
            self.window.select(child);
        }
        self.window.choose();
        Outcome::Done
    }

    fn search_errors(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        if self.trace(cx).is_none_or(|trace| store.trace(trace).errors == 0) {
            return Outcome::Notice("no span of this trace has an error status".to_owned());
        }
        self.search(cx, down, "an error status", |at| store.record(at).status() == StatusCode::Error)
    }

    fn search_findings(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let session = cx.session;
        if self.trace(cx).is_none_or(|trace| session.diagnosis.worst(&cx.session.store, trace).is_none()) {
            return Outcome::Notice("nothing was found wrong in this trace".to_owned());
        }
        let wanted = |at| {
            session.diagnosis.is_culprit(at) || !session.diagnosis.findings_of(&session.store, at).is_empty()
        };
        self.search(cx, down, "a finding", wanted)
    }

    /// Looks for a row, folded ones too, and starts over at the end.
    fn search(&mut self, cx: &Cx<'_>, down: bool, what: &str, wanted: impl Fn(SpanIx) -> bool) -> Outcome {
        let (Some(from), Some(trace)) = (self.selected(cx), self.trace(cx)) else { return Outcome::Ignored };
        let (store, view) = (&cx.session.store, self.view(trace, cx));
        let unfolded = |_| false;
        let (mut at, mut wrapped) = (from, false);
        for _ in 0..SEARCH {
            let next =
                if down { store.next_row(at, view, &unfolded) } else { store.prev_row(at, view, &unfolded) };
            wrapped |= next.is_none();
            let start = || {
                if down { store.first_row(trace, view) } else { store.last_row(trace, view, &unfolded) }
            };
            let Some(row) = next.or_else(start) else { break };
            at = row;
            if wanted(at) {
                self.reveal(at, cx);
                return match (at == from, wrapped) {
                    (true, _) => Outcome::Notice(format!("no other row with {what}")),
                    (_, true) => Outcome::Notice("search started over".to_owned()),
                    _ => Outcome::Done,
                };
            }
            if at == from {
                return Outcome::Notice(format!("no row with {what}"));
            }
        }
        self.reveal(at, cx);
        Outcome::Notice(format!("no row with {what} among {}; again to go on", text::count(SEARCH as u64)))
    }

    /// Selects what was drawn on a line of the screen.
    pub fn click(&mut self, y: u16) -> bool {
        y >= self.rows.y && self.window.click((y - self.rows.y) as usize)
    }

    /// Draws title, axis and rows.
    pub fn draw(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let Some(trace) = self.trace(cx) else {
            pen.title(area, focused, &[part("Trace", Style::new())], "");
            return;
        };
        let view = self.view(trace, cx);
        let head = u16::from(area.height >= 8);
        self.rows = Rect { y: area.y + 1 + head, height: area.height.saturating_sub(1 + head), ..area };
        let mut window = std::mem::take(&mut self.window);
        let mut rows = Vec::new();
        let mut note = String::new();
        if let Some(tree) = self.tree(cx) {
            rows = window.rows(&tree, self.rows.height as usize);
            note = more(&tree, &rows, window.is_following(), cx);
        }
        self.window = window;
        pen.title(area, focused, &title(trace, view, cx), &note);

        let wrong_kinds = cx.session.diagnosis.worst(&cx.session.store, trace).is_some();
        let arrow = text::width(cx.look.symbols.arrow) as u16;
        let columns = Columns::of(self.rows, wrong_kinds, arrow);
        let scale = scale(trace, view, cx);
        if head > 0 {
            draw_head(Rect { y: area.y + 1, height: 1, ..area }, &columns, scale, pen);
        }
        let selected = self.selected(cx);
        let is_folded = |at| self.tree(cx).is_some_and(|tree| tree.is_folded(at));
        for (line, placed) in place(&cx.session.store, &rows, view, is_folded).into_iter().enumerate() {
            let row = Rect { y: self.rows.y + line as u16, height: 1, ..self.rows };
            let axis = match view {
                View::Recorded => scale,
                View::Unmerged => Axis { start_ns: cx.session.store.record(placed.top).start_ns, ..scale },
            };
            row::draw(row, placed, view, &columns, axis, pen, cx);
            row::select(row, selected == Some(placed.at), focused, pen);
        }
    }
}

/// Depth and top of each row. Only the first climbs to its top; the others are counted from the row above them.
fn place(store: &Store, rows: &[SpanIx], view: View, is_folded: impl Fn(SpanIx) -> bool) -> Vec<Placed> {
    /// As deep as the store looks rows up.
    const MAX_DEPTH: usize = 4_096;
    let mut placed: Vec<Placed> = Vec::with_capacity(rows.len());
    for at in rows.iter().copied() {
        let folded = is_folded(at);
        let parent = store.parent_row(at, view);
        let above = placed.last().copied();
        let (depth, top) = match (parent, above) {
            (None, _) => (0, at),
            (Some(parent), Some(above)) if parent == above.at => (above.depth + 1, above.top),
            (Some(parent), Some(above)) => {
                // The row above is below a sibling: as many levels up as lie between.
                let mut sibling = above.at;
                let mut depth = above.depth;
                while store.parent_row(sibling, view) != Some(parent)
                    && let Some(up) = store.parent_row(sibling, view)
                {
                    sibling = up;
                    depth = depth.saturating_sub(1);
                }
                (depth, above.top)
            }
            (Some(_), None) => {
                let up = std::iter::successors(Some(at), |at| store.parent_row(*at, view));
                up.take(MAX_DEPTH + 1).enumerate().last().unwrap_or((0, at))
            }
        };
        placed.push(Placed { at, depth, top, folded });
    }
    placed
}

/// What the column of bars shows: the whole trace as recorded; un-merged, as much time as the longest request took,
/// from the start of each request.
fn scale(trace: TraceIx, view: View, cx: &Cx<'_>) -> Axis {
    let trace = cx.session.store.trace(trace);
    match view {
        View::Recorded => Axis { start_ns: trace.start_ns, length_ns: trace.duration_ns() },
        View::Unmerged => Axis { start_ns: 0, length_ns: trace.longest_request_ns },
    }
}

/// `Trace 841af2…  shop  6.42 s  24 requests, un-merged (u: as recorded)`
fn title<'a>(trace: TraceIx, view: View, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let held = cx.session.store.trace(trace);
    let service = row::main_service(trace, cx);
    let plain = Style::new();
    let mut title = vec![
        part("Trace ", plain),
        part(short_id(held.id, cx.look), plain),
        part("  ", plain),
        part(service, cx.look.service(service)),
        part(format!("  {}  ", time::duration(held.duration_ns())), plain),
    ];
    match cx.session.diagnosis.requests(&cx.session.store, trace) {
        Some(requests) => {
            title.push(part(text::plural(requests, "request"), cx.look.style(Role::Error)));
            title.push(match view {
                View::Unmerged => part(", un-merged (u: as recorded)", plain),
                View::Recorded => part(" merged, as recorded (u: un-merge)", plain),
            });
        }
        None => title.push(part(text::plural(u64::from(held.spans), "span"), plain)),
    }
    if held.evicted > 0 {
        let evicted = format!("  {} evicted", text::count(u64::from(held.evicted)));
        title.push(part(evicted, cx.look.style(Role::Warning)));
    }
    title
}

/// Whether there are rows above and below the window.
fn more(tree: &Tree<'_>, rows: &[SpanIx], following: bool, cx: &Cx<'_>) -> String {
    let symbols = cx.look.symbols;
    let mut parts = Vec::new();
    if following {
        parts.push("following".to_owned());
    }
    if rows.first().is_some_and(|at| tree.previous(*at).is_some()) {
        parts.push(format!("{} more", symbols.up));
    }
    if rows.last().is_some_and(|at| tree.next(*at).is_some()) {
        parts.push(format!("{} more", symbols.down));
    }
    parts.join("  ")
}

/// The line above the rows: what the columns are, and what the bars span.
fn draw_head(area: Rect, columns: &Columns, scale: Axis, pen: &mut Pen<'_>) {
    let (dim, y) = (pen.style(Role::Dim), area.y);
    pen.put(columns.name.x, y, columns.name.width, "span", dim);
    pen.put(columns.kind.x, y, columns.kind.width, "kind", dim);
    let end = time::duration(scale.length_ns);
    let room = columns.bar.width.saturating_sub(text::width(&end) as u16 + 1);
    pen.put(columns.bar.x, y, room.min(1), "0", dim);
    pen.put_right(columns.bar.x, y, columns.bar.width, &end, dim);
    pen.put_right(columns.duration.x, y, columns.duration.width, "duration", dim);
    pen.put(columns.status.x, y, columns.status.width, "status", dim);
}
