//! The waterfall of one trace: as recorded, or as the requests that really happened.

use super::prompt::{Advice, Completion, Prompt, Purpose, Said};
use super::row::{self, Columns};
use super::tree_rows::{Id, Shown, Tree};
use super::{Cx, Outcome, short_id};
use crate::model::{SpanId, StatusCode, TraceId, time};
use crate::store::{SpanIx, View};
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::{Kept, Rows, Window};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How many rows a key looks at in search of the next error or finding: some milliseconds.
const SEARCH: usize = 20_000;
/// How many roots that share an id are looked at for a common scale.
const ROOTS: usize = 256;

/// The waterfall.
#[derive(Debug, Default)]
pub struct Waterfall {
    shown: Shown,
    window: Window<Id>,
    rows: Rect,
    /// What is looked for, in lower case.
    wanted: String,
    /// What was looked for before, and where from: a search that is given up goes back.
    before: Option<(String, Window<Id>)>,
}

impl Waterfall {
    /// Opens a trace, from its top; nothing happens where it is open already.
    pub fn open(&mut self, trace: Option<TraceId>) {
        if self.shown.open != trace {
            self.shown.open = trace;
            self.window = Window::default();
        }
    }

    /// The selected span, or the placeholder of one.
    pub fn selected(&self, cx: &Cx<'_>) -> Option<SpanIx> {
        self.shown.tree(cx)?.find(self.window.selected()?)
    }

    /// How the trace is drawn.
    pub fn view(&self, cx: &Cx<'_>) -> Option<View> {
        self.shown.tree(cx).map(|tree| tree.view)
    }

    /// Keeps what is selected from now on.
    pub fn choose(&mut self) {
        self.window.choose();
    }

    /// Selects a span of the open trace, unfolding what it hangs under.
    pub fn select(&mut self, span: SpanId, cx: &Cx<'_>) {
        let Some(tree) = self.shown.tree(cx) else { return };
        if let Some(at) = cx.session.store.find_span(tree.trace, span) {
            let (id, view) = (tree.id(at), tree.view);
            self.reveal(at, id, view, cx);
        }
    }

    fn reveal(&mut self, at: SpanIx, id: Id, view: View, cx: &Cx<'_>) {
        self.shown.unfold_to(at, view, &cx.session.store);
        self.window.select(id);
        self.window.choose();
    }

    /// Keeps the selection where there is one.
    pub fn reconcile(&mut self, cx: &Cx<'_>) -> Option<String> {
        let tree = self.shown.tree(cx)?;
        match self.window.reconcile(&tree) {
            Kept::Same => None,
            Kept::Lost => Some("the selected span was evicted at the memory limit".to_owned()),
        }
    }

    /// Moves, folds, un-merges, searches.
    pub fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        match action {
            Action::Unmerge => self.toggle(cx),
            Action::Fold => self.fold(cx),
            Action::Unfold => self.unfold(cx),
            Action::Follow => {
                self.window.follow(true);
                Outcome::Done
            }
            Action::NextError => self.search_errors(true, cx),
            Action::PreviousError => self.search_errors(false, cx),
            Action::NextFinding => self.search_findings(true, cx),
            Action::PreviousFinding => self.search_findings(false, cx),
            Action::Search => {
                self.before = Some((std::mem::take(&mut self.wanted), self.window.clone()));
                Outcome::Prompt(Prompt::new(Purpose::Search, "/", ""))
            }
            Action::NextMatch => self.search_matches(true, cx),
            Action::PreviousMatch => self.search_matches(false, cx),
            action if self.window.apply(action, &tree) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    fn toggle(&mut self, cx: &Cx<'_>) -> Outcome {
        if self.shown.tree(cx).is_none_or(|tree| tree.requests.is_none()) {
            return Outcome::Notice("this trace is one request: there is nothing to un-merge".to_owned());
        }
        let selected = self.selected(cx);
        self.shown.raw = !self.shown.raw;
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Done };
        if let Some(at) = selected {
            let (id, view) = (tree.id(at), tree.view);
            self.reveal(at, id, view, cx);
        }
        Outcome::Done
    }

    fn fold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.shown.tree(cx)) else {
            return Outcome::Ignored;
        };
        let store = &cx.session.store;
        if store.has_children(at, tree.view) && !tree.is_folded(at) {
            let key = tree.fold_key(at);
            self.shown.folded.insert(key);
        } else if let Some(parent) = store.parent_row(at, tree.view) {
            self.window.select(tree.id(parent));
        }
        self.window.choose();
        Outcome::Done
    }

    fn unfold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.shown.tree(cx)) else {
            return Outcome::Ignored;
        };
        let (key, child) = (tree.fold_key(at), cx.session.store.first_child(at, tree.view));
        let child = child.map(|child| tree.id(child));
        // As in file managers: on an unfolded row, the same key goes on to the first child.
        if !self.shown.folded.remove(&key)
            && let Some(child) = child
        {
            self.window.select(child);
        }
        self.window.choose();
        Outcome::Done
    }

    fn search_errors(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        if self.shown.tree(cx).is_none_or(|tree| store.trace(tree.trace).errors == 0) {
            return Outcome::Notice("no span of this trace has an error status".to_owned());
        }
        self.search(cx, down, "an error status", |at| store.record(at).status() == StatusCode::Error)
    }

    fn search_findings(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        if self.shown.tree(cx).is_none_or(|tree| diagnosis.worst(store, tree.trace).is_none()) {
            return Outcome::Notice("nothing was found wrong in this trace".to_owned());
        }
        let wanted = |at| diagnosis.is_culprit(at) || diagnosis.mark(store, at).is_some();
        self.search(cx, down, "a finding", wanted)
    }

    /// Is told of what is looked for: goes to the first match while it is written.
    pub fn said(&mut self, said: &Said, cx: &Cx<'_>) -> Outcome {
        match said {
            Said::Changed(text) => {
                if let Some((_, from)) = &self.before {
                    self.window = from.clone();
                }
                self.wanted = text.to_lowercase();
                if self.wanted.is_empty() { Outcome::Done } else { self.search_matches(true, cx) }
            }
            Said::Entered(_) => Outcome::Done,
            Said::Cancelled => {
                if let Some((wanted, window)) = self.before.take() {
                    (self.wanted, self.window) = (wanted, window);
                }
                Outcome::Done
            }
        }
    }

    /// What may be looked for: names of rows that are on the screen.
    pub fn advice(&self, text: &str, cx: &Cx<'_>) -> Advice {
        let Some(tree) = self.shown.tree(cx) else { return Advice::default() };
        let wanted = text.to_lowercase();
        let seen = self.window.seen().iter().filter_map(|id| tree.find(*id));
        let mut names: Vec<String> = seen.map(|at| cx.session.store.name(at).into_owned()).collect();
        names.retain(|name| !name.is_empty() && *name != text && name.to_lowercase().contains(&wanted));
        names.sort();
        names.dedup();
        let completion = |name: String| Completion { line: name.clone(), label: name, note: String::new() };
        let note = "Enter, then n and N go on".to_owned();
        Advice { completions: names.into_iter().map(completion).collect(), note, ..Advice::default() }
    }

    fn search_matches(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        if self.wanted.is_empty() {
            return Outcome::Notice("nothing is looked for: / starts a search".to_owned());
        }
        let (store, wanted) = (&cx.session.store, self.wanted.clone());
        let matches = |at| {
            store.name(at).to_lowercase().contains(&wanted)
                || store.service(at).to_lowercase().contains(&wanted)
        };
        self.search(cx, down, "that text", matches)
    }

    /// Looks for a row, folded ones too, and starts over at the end.
    fn search(&mut self, cx: &Cx<'_>, down: bool, what: &str, wanted: impl Fn(SpanIx) -> bool) -> Outcome {
        let (Some(from), Some(tree)) = (self.selected(cx), self.shown.tree(cx)) else {
            return Outcome::Ignored;
        };
        let (store, trace, view) = (&cx.session.store, tree.trace, tree.view);
        let unfolded = |_| false;
        let step = |at| {
            if down { store.next_row(at, view, &unfolded) } else { store.prev_row(at, view, &unfolded) }
        };
        let start =
            || if down { store.first_row(trace, view) } else { store.last_row(trace, view, &unfolded) };
        let (mut at, mut wrapped, mut found) = (from, false, false);
        for _ in 0..SEARCH {
            let next = step(at);
            wrapped |= next.is_none();
            let Some(row) = next.or_else(start) else { break };
            at = row;
            found = wanted(at);
            if found || at == from {
                break;
            }
        }
        let id = tree.id(at);
        self.reveal(at, id, view, cx);
        match (found, at == from) {
            (true, true) => Outcome::Notice(format!("no other row with {what}")),
            (true, false) if wrapped => Outcome::Notice("search started over".to_owned()),
            (true, false) => Outcome::Done,
            (false, true) => Outcome::Notice(format!("no row with {what}")),
            (false, false) => Outcome::Notice(format!(
                "no row with {what} among {}; again to go on",
                text::count(SEARCH as u64)
            )),
        }
    }

    /// Selects what was drawn on a line of the screen.
    pub fn click(&mut self, y: u16) -> bool {
        y >= self.rows.y && self.window.click((y - self.rows.y) as usize)
    }

    /// Draws title, axis and rows.
    pub fn draw(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let Some(tree) = self.shown.tree(cx) else {
            pen.title(area, focused, &[part("Trace", Style::new())], "");
            return;
        };
        let head = u16::from(area.height >= 8);
        self.rows = Rect { y: area.y + 1 + head, height: area.height.saturating_sub(1 + head), ..area };
        let rows = self.window.rows(&tree, self.rows.height as usize);
        let note = more(&tree, &rows, self.window.is_following(), cx);
        pen.title(area, focused, &title(&tree, cx), &note);

        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        let wrong_kinds = diagnosis.worst(store, tree.trace).is_some();
        let arrow = text::width(cx.look.symbols.arrow) as u16;
        let columns = Columns::of(self.rows, wrong_kinds, arrow);
        let scale = scale(&tree, cx);
        if head > 0 {
            draw_head(Rect { y: area.y + 1, height: 1, ..area }, &columns, scale, pen);
        }
        let selected = self.window.selected().and_then(|id| tree.find(id));
        for (line, placed) in tree.place(&rows).into_iter().enumerate() {
            let row = Rect { y: self.rows.y + line as u16, height: 1, ..self.rows };
            let axis = match tree.view {
                View::Recorded => scale,
                View::Unmerged => Axis { start_ns: store.record(placed.top).start_ns, ..scale },
            };
            row::draw(row, placed, tree.view, &columns, axis, pen, cx);
            row::select(row, selected == Some(placed.at), focused, pen);
        }
    }
}

/// What the column of bars shows: the whole trace as recorded; un-merged, as much time as the longest request took,
/// from the start of each request.
fn scale(tree: &Tree<'_>, cx: &Cx<'_>) -> Axis {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let trace = store.trace(tree.trace);
    match tree.view {
        View::Recorded => Axis { start_ns: trace.start_ns, length_ns: trace.duration_ns() },
        View::Unmerged => {
            // Roots were not cut, and are requests too, but for the one that holds the others together.
            let roots = store.roots(tree.trace).take(ROOTS);
            let roots = roots.filter(|root| store.slot(*root).is_held() && !diagnosis.is_culprit(*root));
            let longest = roots.map(|root| store.record(root).duration_ns()).max().unwrap_or(0);
            Axis { start_ns: 0, length_ns: longest.max(trace.longest_request_ns) }
        }
    }
}

/// `Trace 841af2…  shop  6.42 s  24 requests, un-merged (u: as recorded)`
fn title<'a>(tree: &Tree<'_>, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let held = cx.session.store.trace(tree.trace);
    let service = row::main_service(tree.trace, cx);
    let plain = Style::new();
    let mut title = vec![
        part("Trace ", plain),
        part(short_id(held.id, cx.look), plain),
        part("  ", plain),
        part(service, cx.look.service(service)),
        part(format!("  {}  ", time::duration(held.duration_ns())), plain),
    ];
    match tree.requests {
        Some(requests) => {
            title.push(part(text::plural(requests, "request"), cx.look.style(Role::Error)));
            title.push(match tree.view {
                View::Unmerged => part(", un-merged (u: as recorded)", plain),
                View::Recorded => part(", as recorded (u: un-merge)", plain),
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
        parts.push(symbols.up.to_owned());
    }
    if rows.last().is_some_and(|at| tree.next(*at).is_some()) {
        parts.push(symbols.down.to_owned());
    }
    parts.join(" ")
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
