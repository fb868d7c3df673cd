//! The tab of traces: the list, the tree of the selected trace, the detail of the selected span.
//!
//! ```text
//! ┌ Traces ──────────┬ Trace ─────────────────┐      ┌ Traces ─────────┐
//! │ ✖ shop   run     │ ▾ GET /cart   SERVER … │      ├ Trace ──────────┤
//! │   api    GET /   │     SELECT    CLIENT … │      │ ▾ GET /cart     │
//! ├ Span ────────────┴────────────────────────┤      ├ Span ───────────┤  on a low screen only
//! │ ▾ attributes (14)                         │      │ ▸ attributes    │  while it has the keys
//! └───────────────────────────────────────────┘      └─────────────────┘
//!            120 columns and more                          fewer
//! ```

use super::compare::Compare;
use super::compare_side::Side;
use super::detail::{self, Detail};
use super::lines::Lines;
use super::list::List;
use super::listing::Busy;
use super::menu::Choice;
use super::prompt::{Advice, Purpose, Said};
use super::save::{self, Saving};
use super::tree::Waterfall;
use super::{Cx, Mouse, Outcome, Screen, Target, clicked, copy, empty, list_delete, nodes, row};
use crate::session::Session;
use crate::tui::keymap::{Action, Context};
use crate::tui::remembered::Remembered;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::time::Instant;

/// From this width on, list and tree are side by side.
const WIDE: u16 = 120;
/// From this height of the panes on, the detail is always there.
const TALL: u16 = 22;

/// What the lines given to the detail are remembered by.
const DETAIL_LINES: &str = "detail-lines";
/// What the columns given to the list are remembered by, and how a trace is drawn.
const LIST_COLUMNS: &str = "list-columns";
const ICICLE: &str = "icicle";

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Pane {
    #[default]
    List,
    Tree,
    Detail,
}

#[derive(Clone, Copy, Debug, Default)]
struct Panes {
    list: Rect,
    rule: Option<Rect>,
    tree: Rect,
    detail: Rect,
}

/// A divider between panes, that can be dragged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Divider {
    /// Right of the list.
    Beside,
    /// Below the list.
    Below,
    /// Above the detail.
    Detail,
}

/// The fewest columns and lines that a pane is left with.
const NARROWEST: u16 = 30;
const LOWEST: u16 = 4;

/// The tab of traces.
#[derive(Debug, Default)]
pub struct Traces {
    list: List,
    tree: Waterfall,
    detail: Detail,
    focus: Pane,
    /// Lines that the user has given to the detail, or taken from it.
    resized: i16,
    /// Columns that the user has given to the list, and lines where it is above the tree.
    list_columns: Option<u16>,
    list_lines: Option<u16>,
    /// Above the tree, the list takes one line: when it had the keys, it had no more.
    one_line: Option<bool>,
    /// What is being dragged.
    dragged: Option<Divider>,
    panes: Panes,
    saving: Saving,
    area: Rect,
    /// What was kept to be compared with.
    kept: Option<Side>,
}

impl Traces {
    fn focus(&mut self, pane: Pane) -> Outcome {
        self.focus = pane;
        match pane {
            Pane::List => self.list.choose(),
            Pane::Tree | Pane::Detail => {
                // Who reads a trace keeps it.
                self.list.stay();
                self.tree.choose();
            }
        }
        Outcome::Done
    }

    fn open_selected(&mut self, cx: &Cx<'_>) {
        let trace = self.list.selected(cx).map(|at| cx.session.store.trace(at).id);
        self.tree.open(trace);
    }

    /// The rule of the finding that is selected in the detail, else of the worst finding of the selected span.
    fn explain(&self, cx: &Cx<'_>) -> Outcome {
        let Some(at) = self.tree.selected(cx) else { return Outcome::Ignored };
        let of = nodes::findings_of(at, cx);
        let selected = self.detail.selected_finding().filter(|_| self.focus == Pane::Detail);
        let finding = of.iter().find(|finding| Some(finding.key) == selected).or(of.first());
        match finding {
            Some(finding) => Outcome::Explain(finding.rule),
            None => Outcome::Notice("nothing was found wrong with this span".to_owned()),
        }
    }

    /// What can be copied in the pane that has the keys.
    fn copies(&self, cx: &Cx<'_>) -> Vec<Choice> {
        let span = self.tree.selected(cx);
        match self.focus {
            Pane::List => self.list.selected(cx).map(|at| copy::trace(at, cx)),
            Pane::Tree => span.map(|at| copy::span(at, cx)),
            Pane::Detail => span.map(|at| self.detail.copies(at, cx)),
        }
        .unwrap_or_default()
    }

    /// Offers what can be saved in the pane that has the keys.
    fn save(&mut self, cx: &Cx<'_>) -> Outcome {
        let span = self.tree.selected(cx).filter(|_| self.focus != Pane::List);
        let offers = match (span, self.tree.view(cx)) {
            (Some(at), Some(view)) => save::span(at, view, cx),
            _ => self.list.offers(cx),
        };
        self.saving.offer(offers)
    }

    /// Keeps the selected trace, or the selected request of an un-merged one; or compares it with what was kept.
    fn compare(&mut self, cx: &Cx<'_>) -> Outcome {
        if self.focus == Pane::List && self.list.marked().len() > 0 {
            let Some(two) = self.list.two_marked() else {
                let (count, mark) =
                    (self.list.marked().len(), cx.keys.name_of(Action::Mark, cx.look.symbols));
                let are = if count == 1 { "is" } else { "are" };
                let count = text::count(count as u64);
                return Outcome::Notice(format!(
                    "two traces must be marked to compare them, {count} {are}: {mark} marks, and takes a mark off"
                ));
            };
            return Outcome::Over(Box::new(Compare::new(two.map(Side::of_trace), cx)));
        }
        let side = match self.focus {
            Pane::List => self.list.selected(cx).map(|at| Side::of_trace(cx.session.store.trace(at).id)),
            Pane::Tree | Pane::Detail => self.tree.side(cx),
        };
        let Some(side) = side else { return Outcome::Ignored };
        match self.kept.take().filter(|kept| kept.is_held(cx)) {
            Some(kept) if kept == side => Outcome::Notice("it is no longer kept to compare with".to_owned()),
            Some(kept) => Outcome::Over(Box::new(Compare::new([kept, side], cx))),
            None => {
                self.kept = Some(side);
                let what = side.words(cx);
                Outcome::Notice(format!("{what} is kept: go to another and press the same key to compare"))
            }
        }
    }

    /// What the detail may have, where it is shown.
    fn detail_lines(&self, area: Rect) -> Option<Lines> {
        let usual = match (area.height >= TALL, self.focus) {
            (true, _) if area.width >= WIDE => area.height * 36 / 100,
            (true, _) => area.height * 3 / 10,
            (false, Pane::Detail) => area.height * 60 / 100,
            (false, _) => return None,
        };
        let most = area.height.saturating_sub(2 * LOWEST).max(LOWEST);
        Some(Lines { usual, least: LOWEST, most })
    }

    fn layout(&self, area: Rect, cx: &Cx<'_>) -> Panes {
        let (tall, beside) = (area.height >= TALL, area.width >= WIDE);
        let detail = self.detail_lines(area).map_or(0, |lines| lines.with(self.resized));
        let upper = Rect { height: area.height - detail, ..area };
        let lower = Rect { y: upper.bottom(), height: detail, ..area };
        if beside {
            let usual = (area.width * 44 / 100).min(80);
            let width = self.list_columns.unwrap_or(usual).clamp(NARROWEST, area.width - NARROWEST);
            let list = Rect { width, ..upper };
            let rule = Rect { x: list.right(), width: 1, ..upper };
            let tree = Rect { x: rule.right(), width: upper.width - width - 1, ..upper };
            return Panes { list, rule: Some(rule), tree, detail: lower };
        }
        // One trace needs one line; with more of them the list has its full height at once, and keeps it, whatever is
        // selected: but not while a trace is read, which would move. It has less only where no more traces come than
        // there are.
        let mut full = (area.height / 3).saturating_sub(1).max(6);
        if !cx.goes_on() {
            // The names of the columns need a line too.
            full = full.min(u16::try_from(cx.session.store.trace_count() + 1).unwrap_or(full)).max(3);
        }
        let most = upper.height.saturating_sub(LOWEST + 1).max(1);
        // Whatever else was given lines, the tree keeps some.
        let full = self.list_lines.unwrap_or(full).clamp(1, most);
        let low = !tall && self.focus == Pane::Detail;
        let lines = if low || self.one_line == Some(true) { 1 } else { full };
        let list = Rect { height: (lines + 1).min(upper.height), ..upper };
        let tree = Rect { y: list.bottom(), height: upper.height - list.height, ..upper };
        Panes { list, rule: None, tree, detail: lower }
    }

    /// The divider at a place: the rule beside the list, or the titles of the panes below others.
    fn divider_at(&self, at: Position) -> Option<Divider> {
        let Panes { rule, tree, detail, .. } = self.panes;
        let on = |line: Rect| at.y == line.y && line.contains(at);
        match rule {
            _ if on(detail) => Some(Divider::Detail),
            Some(rule) if rule.contains(at) => Some(Divider::Beside),
            None if on(tree) => Some(Divider::Below),
            _ => None,
        }
    }

    /// Marks what is at a place of the list, or all from what is selected to there.
    fn mark(&mut self, at: Position, all: bool, cx: &Cx<'_>) -> Outcome {
        self.focus(Pane::List);
        let outcome = self.list.mark_at(at, all, cx);
        self.open_selected(cx);
        outcome
    }

    /// Moves a divider to the mouse.
    fn drag(&mut self, to: Position) -> Outcome {
        match self.dragged {
            Some(Divider::Beside) => self.list_columns = Some(to.x.saturating_sub(self.area.x)),
            Some(Divider::Below) => {
                // Its title is a line of its own.
                self.list_lines = Some(to.y.saturating_sub(self.area.y + 1));
            }
            Some(Divider::Detail) => {
                let Some(lines) = self.detail_lines(self.area) else { return Outcome::Ignored };
                self.resized = lines.given(i32::from(self.area.bottom()) - i32::from(to.y));
            }
            None => return Outcome::Ignored,
        }
        Outcome::Done
    }

    /// The traces that are marked.
    pub fn marked(&self) -> Vec<crate::model::TraceId> {
        self.list.marked().collect()
    }

    fn pane_at(&self, mouse: Mouse) -> Option<Pane> {
        let at = mouse.position();
        let panes =
            [(self.panes.list, Pane::List), (self.panes.tree, Pane::Tree), (self.panes.detail, Pane::Detail)];
        panes.into_iter().find(|(area, _)| area.contains(at)).map(|(_, pane)| pane)
    }
}

impl Screen for Traces {
    fn context(&self) -> Context {
        match self.focus {
            Pane::List => Context::Traces,
            Pane::Tree if self.tree.is_icicle() => Context::Icicle,
            Pane::Tree => Context::Tree,
            Pane::Detail => Context::Detail,
        }
    }

    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        if let (Action::Back, Pane::Tree) = (action, self.focus)
            && let Some(outcome) = self.tree.end_search(cx)
        {
            return outcome;
        }
        if cx.session.store.trace_count() == 0
            && let Some(why) = empty::refused(action, "trace")
        {
            return why;
        }
        match (action, self.focus) {
            (Action::NextPane | Action::Open, Pane::List)
            | (Action::PreviousPane | Action::Back, Pane::Detail) => self.focus(Pane::Tree),
            (Action::Open, Pane::Tree) if self.tree.stands_for_many(cx) => {
                self.tree.apply(Action::Unfold, cx)
            }
            (Action::Open, Pane::Tree) if self.tree.selected(cx).is_none() => {
                Outcome::Notice("there is no span to open".to_owned())
            }
            (Action::NextPane | Action::Open, Pane::Tree) | (Action::PreviousPane, Pane::List) => {
                self.focus(Pane::Detail)
            }
            (Action::NextPane, Pane::Detail) | (Action::PreviousPane | Action::Back, Pane::Tree) => {
                self.focus(Pane::List)
            }
            (Action::Unmerge, _) => self.tree.apply(action, cx),
            (Action::Clear, _) => self.list.apply(action, cx),
            (Action::Explain, _) => self.explain(cx),
            (Action::Copy, _) => copy::menu(self.copies(cx)),
            (Action::CopyNow, _) => copy::at_once(self.copies(cx)),
            (Action::Save, _) => self.save(cx),
            (Action::Raw, Pane::Tree | Pane::Detail) => match self.tree.selected(cx) {
                Some(at) => detail::raw(at, cx),
                None => Outcome::Ignored,
            },
            (Action::Compare, _) => self.compare(cx),
            (Action::Grow | Action::Shrink, _) => {
                let Some(lines) = self.detail_lines(self.area) else {
                    return Outcome::Notice("no detail pane is shown: Enter on a span opens it".to_owned());
                };
                lines.resize(&mut self.resized, action)
            }
            (action, Pane::List) => {
                let outcome = self.list.apply(action, cx);
                self.open_selected(cx);
                outcome
            }
            (action, Pane::Tree) => self.tree.apply(action, cx),
            (action, Pane::Detail) => {
                let at = self.tree.selected(cx);
                self.detail.apply(action, at, cx)
            }
        }
    }

    fn has_effect(&self, action: Action, cx: &Cx<'_>) -> bool {
        let Session { store, diagnosis, .. } = cx.session;
        match (action, self.focus) {
            (Action::Grow | Action::Shrink, _) => self.panes.detail.height > 0,
            (Action::Unmerge, _) => {
                let open = self.list.selected(cx);
                open.is_some_and(|at| diagnosis.requests(store, at).is_some())
            }
            (Action::Explain, _) => {
                self.tree.selected(cx).is_some_and(|at| !nodes::findings_of(at, cx).is_empty())
            }
            (Action::Clear, _) | (_, Pane::List) => self.list.has_effect(action, cx),
            (_, Pane::Tree) => self.tree.has_effect(action, cx),
            (_, Pane::Detail) => self.tree.selected(cx).is_some(),
        }
    }

    fn subject(&self, cx: &Cx<'_>) -> Option<String> {
        match self.focus {
            Pane::List => self.list.selected(cx).map(|at| list_delete::told(at, cx)),
            Pane::Tree | Pane::Detail => {
                let at = self.tree.selected(cx)?;
                let store = &cx.session.store;
                Some(format!("{} of {}", row::name_or_none(&store.name(at)), store.service(at)))
            }
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        if matches!(mouse, Mouse::Drag(_) | Mouse::Release(_)) && self.tree.is_dragging() {
            return self.tree.mouse(mouse, cx);
        }
        if let Mouse::Click(at) = mouse
            && self.panes.tree.contains(at)
            && let Some(action) = self.tree.button(at)
        {
            self.focus(Pane::Tree);
            return Outcome::Act(action);
        }
        match mouse {
            Mouse::Click(at) => self.dragged = self.divider_at(at),
            Mouse::Drag(at) => return self.drag(at),
            Mouse::Release(_) => return self.dragged.take().map_or(Outcome::Ignored, |_| Outcome::Done),
            _ => {}
        }
        let Some(pane) = self.pane_at(mouse) else { return Outcome::Ignored };
        match (mouse, pane) {
            (Mouse::WheelUp(_) | Mouse::WheelDown(_), Pane::Tree) if self.tree.is_icicle() => {
                return self.tree.mouse(mouse, cx);
            }
            (Mouse::Mark(at), Pane::List) => return self.mark(at, false, cx),
            (Mouse::MarkTo(at), Pane::List) => return self.mark(at, true, cx),
            (Mouse::Closer(_) | Mouse::Wider(_) | Mouse::WheelLeft(_) | Mouse::WheelRight(_), Pane::Tree) => {
                return self.tree.mouse(mouse, cx);
            }
            (Mouse::Click(at), _) => {
                let had_keys = self.focus == pane;
                self.focus(pane);
                let outcome = match pane {
                    Pane::List => self.list.click(at, cx),
                    Pane::Tree => self.tree.click(at, cx),
                    Pane::Detail if self.detail.toggle(at) => Outcome::Done,
                    Pane::Detail => clicked(self.detail.click(at)),
                };
                self.open_selected(cx);
                // What had no keys is only given them.
                return if matches!(outcome, Outcome::Pressed) { clicked(had_keys) } else { outcome };
            }
            (Mouse::Point(at), _) => {
                self.focus(pane);
                match pane {
                    Pane::List => self.list.point(at),
                    Pane::Tree => self.tree.point(at),
                    Pane::Detail => self.detail.click(at),
                };
                self.open_selected(cx);
            }
            (Mouse::WheelUp(_), Pane::Detail) => self.detail.scroll(true),
            (Mouse::WheelDown(_), Pane::Detail) => self.detail.scroll(false),
            (wheel @ (Mouse::WheelUp(_) | Mouse::WheelDown(_)), _) => {
                let action = if matches!(wheel, Mouse::WheelUp(_)) { Action::Up } else { Action::Down };
                for _ in 0..3 {
                    match pane {
                        Pane::List => self.list.apply(action, cx),
                        _ => self.tree.apply(action, cx),
                    };
                }
                self.open_selected(cx);
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn reconcile(&mut self, touched: bool, cx: &Cx<'_>) -> Option<String> {
        if touched {
            self.list.choose();
        }
        let list = self.list.reconcile(cx);
        if list.is_some() {
            // What was read is gone: keys must not do to another trace what was meant for it.
            self.focus = Pane::List;
        }
        self.open_selected(cx);
        list.or(self.tree.reconcile(cx))
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        if cx.session.store.trace_count() == 0 {
            self.panes = Panes::default();
            empty::draw(area, &mut Pen::new(into, cx.look), cx);
            return;
        }
        if self.focus == Pane::List || self.one_line.is_none() {
            self.one_line = Some(cx.session.store.trace_count() <= 1);
        }
        let panes = self.layout(area, cx);
        (self.panes, self.area) = (panes, area);
        let mut pen = Pen::new(into, cx.look);
        self.list.draw(panes.list, self.focus == Pane::List, &mut pen, cx);
        self.tree.draw(panes.tree, self.focus == Pane::Tree, &mut pen, cx);
        if let Some(rule) = panes.rule {
            let style = pen.style(Role::Rule);
            pen.put(rule.x, rule.y, 1, cx.look.symbols.tee, style);
            for y in rule.y + 1..rule.bottom() {
                pen.put(rule.x, y, 1, cx.look.symbols.vertical, style);
            }
        }
        if panes.detail.height > 0 {
            let selected = self.tree.selected(cx);
            let note = if self.tree.stands_for_many(cx) { "of those in its row, the first" } else { "" };
            self.detail.draw(panes.detail, (self.focus == Pane::Detail, note), selected, into, cx);
        }
    }

    fn recall(&mut self, from: &Remembered) {
        self.resized = from.get(DETAIL_LINES).unwrap_or_default();
        self.list_columns = from.get(LIST_COLUMNS);
        self.tree.draw_as_icicle(from.get(ICICLE).unwrap_or_default());
        self.list.recall(from);
    }

    fn remember(&self, into: &mut Remembered) {
        into.set(DETAIL_LINES, self.resized);
        if let Some(columns) = self.list_columns {
            into.set(LIST_COLUMNS, columns);
        }
        into.set(ICICLE, self.tree.is_icicle());
        self.list.remember(into);
    }

    fn said(&mut self, purpose: Purpose, said: Said, cx: &Cx<'_>) -> Outcome {
        match purpose {
            Purpose::Search => self.tree.said(&said, cx),
            Purpose::Filter => {
                let outcome = self.list.said(&said, cx);
                self.open_selected(cx);
                // It may have come from another tab: what it lists is looked at.
                self.focus = Pane::List;
                outcome
            }
            Purpose::Save(place) => self.saving.said(place, said),
            Purpose::Until(_) | Purpose::Reason(_) => Outcome::Ignored,
        }
    }

    fn advice(&self, purpose: Purpose, text: &str, cursor: usize, cx: &Cx<'_>) -> Advice {
        match purpose {
            Purpose::Search => self.tree.advice(text, cursor),
            Purpose::Filter => self.list.advice(text, cursor, cx),
            Purpose::Save(_) => Saving::advice(),
            Purpose::Until(_) | Purpose::Reason(_) => Advice::default(),
        }
    }

    fn work(&mut self, until: Instant, cx: &Cx<'_>) -> Busy {
        let mut tree = Busy::Rest;
        while self.tree.work(cx) {
            if Instant::now() >= until {
                tree = Busy::Now;
                break;
            }
        }
        self.list.work(cx, until).max(tree)
    }

    fn go_to(&mut self, target: Target, cx: &Cx<'_>) {
        self.list.select(target.trace, cx);
        self.tree.open(Some(target.trace));
        self.focus(Pane::Tree);
        if let Some(span) = target.span {
            self.tree.select(span, cx);
        }
    }
}
