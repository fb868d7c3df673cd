//! The waterfall of one trace: as recorded, or as the requests that really happened.

use super::critical::Paths;
use super::footer::Buttons;
use super::icicle::Icicle;
use super::minimap::Minimap;
use super::narrow::Wanted;
use super::row::{self, Columns};
use super::tree_head::{self as head, Words};
use super::tree_rows::{Id, Shown};
use super::tree_search::Hunt;
use super::tree_time::Dragged;
use super::zoom::{self, Zoom};
use super::{Cx, Outcome, clicked};
use crate::model::{SpanId, TraceId};
use crate::query::Seen;
use crate::store::{SpanIx, View};
use crate::tui::keymap::Action;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::markers::Markers;
use crate::tui::widget::pen::{Pen, part, title_fits};
use crate::tui::widget::window::{Kept, Rows, Window};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// The waterfall.
#[derive(Debug, Default)]
pub struct Waterfall {
    pub(super) shown: Shown,
    pub(super) window: Window<Id>,
    /// The selected row stands for several spans.
    on_run: bool,
    pub(super) icicle: Icicle,
    rows: Rect,
    markers: Markers,
    /// How many lines stood between the title and the rows.
    head_lines: u16,
    /// Hints of its title.
    pub(super) buttons: Buttons,
    /// What is looked for.
    pub(super) wanted: Wanted,
    /// What was looked for before, and where from: a search that is given up goes back.
    pub(super) before: Option<(Wanted, Window<Id>, Zoom, bool)>,
    /// A search that is under way, and what is to be said of one that has come to its end.
    pub(super) hunt: Option<Hunt>,
    pub(super) told: Option<String>,
    /// What may be looked for.
    pub(super) seen: Seen,
    pub(super) zoom: Zoom,
    minimap: Minimap,
    pub(super) paths: Paths,
    /// It is still to be said of the critical path how much of it is marked.
    pub(super) to_be_told: bool,
    /// Where bars were drawn, axis and all, and what they spanned.
    pub(super) bars: Rect,
    pub(super) axis: Option<Axis>,
    /// Where the minimap was drawn, while there is one: its columns are those of the bars, its time is all.
    pub(super) map: Rect,
    /// The columns over which the mouse is dragged.
    pub(super) dragged: Option<Dragged>,
    /// The deepest row that was drawn, and the tops of the rows.
    deepest: usize,
    pub(super) tops: Vec<SpanIx>,
}

impl Waterfall {
    /// Opens a trace, from its top; nothing happens where it is open already.
    pub fn open(&mut self, trace: Option<TraceId>) {
        if self.shown.open != trace {
            self.shown.open = trace;
            self.window = Window::default();
            self.dragged = None;
            self.hunt = None;
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
            self.reveal(at, cx);
        }
    }

    pub(super) fn reveal(&mut self, at: SpanIx, cx: &Cx<'_>) {
        let hidden = self.shown.tree(cx).and_then(|tree| tree.narrow().map(|narrow| !narrow.has(at)));
        if hidden == Some(true) {
            self.shown.hidden = false;
        }
        self.shown.unfold_to(at, cx);
        let Some(tree) = self.shown.tree(cx) else { return };
        let (trace, view, all) = (cx.session.store.trace(tree.trace).id, tree.view, head::scale(&tree, cx));
        let (start_ns, end_ns) = head::interval(at, &tree, all, cx);
        self.window.select(tree.id(at));
        self.window.choose();
        // What is gone to is to be seen: in the part of the time that is shown, too.
        let window = self.zoom.window(trace, view);
        if let Some(there) = window.and_then(|window| zoom::onto(window, start_ns, end_ns)) {
            self.zoom.show(trace, view, there, all);
        }
    }

    /// Keeps the selection where there is one.
    pub fn reconcile(&mut self, cx: &Cx<'_>) -> Option<String> {
        let told = self.told.take();
        if told.is_some() {
            return told;
        }
        let (store, trace) = (&cx.session.store, self.shown.tree(cx)?.trace);
        self.shown.marked = cx.session.diagnosis.worst(store, trace).is_some();
        self.keep_apart(cx);
        let tree = self.shown.tree(cx)?;
        self.window.hold(cx.held);
        match self.window.reconcile(&tree) {
            Kept::Lost if tree.narrow().is_none() => {
                Some("the selected span was evicted at the memory limit".to_owned())
            }
            Kept::Same | Kept::Lost => None,
        }
    }

    /// A span that was selected by itself stays so when more like it arrive: their row would be another's.
    fn keep_apart(&mut self, cx: &Cx<'_>) {
        let Some(tree) = self.shown.tree(cx) else { return };
        let Some(id) = self.window.selected() else { return };
        let row = tree.find(id);
        let on_run = row.is_some_and(|row| tree.run(row).is_some());
        if on_run && !self.on_run && !cx.acted {
            let own = cx.session.store.find_span(tree.trace, id.span);
            if let Some(own) = own.filter(|own| Some(*own) != row) {
                self.shown.unfold_to(own, cx);
                return;
            }
        }
        self.on_run = on_run;
        if let (true, Some(row)) = (cx.acted, row) {
            let now = tree.id(row);
            self.window.stand_for(now);
        }
    }

    /// Goes on with what takes longer than a frame. Tells whether there is more of it.
    pub fn work(&mut self, cx: &Cx<'_>) -> bool {
        let more = self.look_on(cx) | self.hunt_on(cx);
        if self.shown.icicle && self.shown.tree(cx).is_some() {
            return more | self.icicle.work(self.is_resting(cx), cx);
        }
        // What was counted of a large trace is large too.
        self.icicle = Icicle::default();
        let Some(tree) = self.shown.tree(cx) else { return false };
        let seen: Vec<SpanIx> = self.window.seen().iter().filter_map(|id| tree.find(*id)).collect();
        let counting = self.shown.runs.borrow_mut().work(&seen, &tree.kin);
        more | counting | self.look_for_paths(cx)
    }

    /// Moves, folds, un-merges, searches, zooms.
    pub fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        if action == Action::Icicle {
            return self.toggle_icicle(cx);
        }
        if self.shown.icicle
            && let Some(outcome) = self.move_in_icicle(action, cx)
        {
            return outcome;
        }
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        match action {
            Action::Unmerge => self.toggle(cx),
            Action::Fold => self.fold(cx),
            Action::Unfold => self.unfold(cx),
            Action::FoldLevel | Action::UnfoldLevel | Action::FoldAll | Action::UnfoldAll => {
                self.fold_levels(action, cx)
            }
            Action::Repeats => self.toggle_repeats(cx),
            Action::Follow => {
                self.window.follow(true);
                Outcome::Done
            }
            Action::NextError => self.search_errors(true, cx),
            Action::PreviousError => self.search_errors(false, cx),
            Action::NextFinding => self.search_findings(true, cx),
            Action::PreviousFinding => self.search_findings(false, cx),
            Action::Search => self.ask(cx),
            Action::NextMatch => self.search_matches(true, cx),
            Action::PreviousMatch => self.search_matches(false, cx),
            Action::HideRest => self.hide_rest(cx),
            Action::NextLink => self.follow_link(false, cx),
            Action::BackLink => self.follow_link(true, cx),
            Action::CriticalPath => self.mark_paths(cx),
            Action::ZoomToSpan
            | Action::ZoomOut
            | Action::ZoomCloser
            | Action::ZoomWider
            | Action::PanLeft
            | Action::PanRight => self.zoom(action, cx),
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
        if let Some(at) = selected {
            self.reveal(at, cx);
        }
        Outcome::Done
    }

    /// Selects what was drawn at a place of the screen. Tells whether it was selected already.
    pub fn point(&mut self, at: Position) -> bool {
        if self.shown.icicle {
            return self.click_in_icicle(at);
        }
        at.y >= self.rows.y && self.window.click((at.y - self.rows.y) as usize)
    }

    /// What a click on the title does there.
    pub fn button(&self, at: Position) -> Option<Action> {
        self.buttons.hit(at)
    }

    /// Selects what was drawn at a place; folds or unfolds where a marker is, and begins to select a stretch of time where bars are.
    pub fn click(&mut self, at: Position, cx: &Cx<'_>) -> Outcome {
        self.press(at);
        let marker = !self.shown.icicle && self.markers.hit(at);
        let again = self.point(at);
        if marker { self.toggle_fold(cx) } else { clicked(again) }
    }

    /// Draws title, axis and rows.
    pub fn draw(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let Some(tree) = self.shown.tree(cx) else {
            self.buttons = Buttons::default();
            pen.title(area, focused, &[part("Trace", Style::new())], "");
            return;
        };
        if self.shown.icicle {
            return self.draw_icicle(area, focused, pen, cx);
        }
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        let all = head::scale(&tree, cx);
        let window = self.zoom.window(store.trace(tree.trace).id, tree.view);
        let lines = if area.height < 8 { 0 } else { 1 + u16::from(window.is_some()) };
        // The minimap comes and goes above the rows.
        let before = std::mem::replace(&mut self.head_lines, lines);
        self.window.lowered(i32::from(lines) - i32::from(before));
        self.rows = Rect { y: area.y + 1 + lines, height: area.height.saturating_sub(1 + lines), ..area };
        let rows = self.window.rows(&tree, self.rows.height as usize, cx.acted);
        let placed = tree.place(&rows);
        self.deepest = placed.iter().map(|placed| placed.depth).max().unwrap_or(0);
        self.tops = placed.iter().map(|placed| placed.top).collect();
        self.tops.dedup();

        // Those of what was accepted are shown too.
        let wrong_kinds =
            diagnosis.worst(store, tree.trace).is_some() || diagnosis.may_have_wrong_kinds(store, tree.trace);
        let columns = Columns::of(self.rows, wrong_kinds, cx.look);
        let axis = window.unwrap_or(all);
        (self.axis, self.bars) =
            (Some(axis), Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..columns.bar });
        let selected = self.window.selected().and_then(|id| tree.find(id));
        let own = selected.filter(|_| columns.own.width == 0);
        let paths = self.tops.iter().filter_map(|top| self.paths.of(*top));
        let cut = self.paths.on.then(|| paths.clone().any(|path| path.cut));
        let sought = self.sought(selected, cx);
        let searched = sought.is_some();
        let title = head::title(&tree, sought, cx);
        let following = self.window.is_following() && cx.goes_on();
        let note = |own, words| head::note(&tree, &rows, own, cut, words, following, cx);
        // What the trace is, and the key that shows it otherwise, matter more than the time of one span; which match
        // of how many it is, more than any note.
        let first = if searched { head::width(&title[..head::SOUGHT.min(title.len())]) } else { 0 };
        let note = [(own, Words::All), (None, Words::All), (None, Words::Short)]
            .into_iter()
            .map(|(own, words)| (note(own, words), if own.is_some() { head::width(&title) } else { first }))
            .find(|(note, said)| *said == 0 || title_fits(area, *said, note))
            .map_or_else(|| note(None, Words::Few), |(note, _)| note);
        let all_again = head::key_of_all(cx);
        let keyed = tree.narrow().map(|_| (Action::HideRest, all_again.as_str()));
        self.buttons = head::draw_title(area, focused, title, &note, keyed, pen);
        if lines > 0 {
            let line = Rect { y: self.rows.y - 1, height: 1, ..area };
            head::draw(line, &columns, axis, all, pen);
        }
        self.map = Rect { y: area.y + 1, height: u16::from(lines > 1), ..columns.bar };
        if lines > 1 {
            self.minimap.draw(self.map, &tree, all, axis, pen, cx);
        }
        if let (true, Some(narrow)) = (rows.is_empty(), tree.narrow()) {
            let words = match narrow.counted(None) {
                (_, 0, true) => {
                    let key = cx.keys.name_of(Action::HideRest, cx.look.symbols);
                    format!("nothing matches /{}: {key} shows all again", self.wanted.text())
                }
                _ => narrow.words(store.trace(tree.trace).spans),
            };
            pen.put(self.rows.x + 3, self.rows.y, self.rows.width.saturating_sub(3), &words, Style::new());
        }
        self.markers.clear();
        for (line, placed) in placed.into_iter().enumerate() {
            let row = Rect { y: self.rows.y + line as u16, height: 1, ..self.rows };
            let axis = match tree.view {
                View::Recorded => axis,
                View::Unmerged => {
                    Axis { start_ns: axis.start_ns + store.record(placed.top).start_ns, ..axis }
                }
            };
            let around = row::Around {
                view: tree.view,
                path: self.paths.of(placed.top),
                hit: self.wanted.matches(placed.at, cx),
                hidden: tree.narrow().is_some(),
            };
            if let Some(x) = row::marker(placed, tree.view, columns.name, cx) {
                self.markers.add((x, row.y).into());
            }
            row::draw(row, placed, &around, &columns, axis, pen, cx);
            row::select(row, selected == Some(placed.at), focused, pen);
        }
        self.draw_dragged(Rect { y: self.rows.y - 1, height: lines.min(1), ..area }, pen);
    }

    /// Whether the selected row stands for repeated spans.
    pub fn stands_for_many(&self, cx: &Cx<'_>) -> bool {
        let run = |at| self.shown.tree(cx).and_then(|tree| tree.run(at));
        self.selected(cx).and_then(run).is_some()
    }

    /// The deepest row that was drawn last.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }
}
