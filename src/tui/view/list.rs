//! The list of traces: a row a trace, sorted, filtered, marked.

use super::columns::{Column, SIGNS, Times, Widths};
use super::filter::{self, Filter};
use super::list_delete::{can_clear, clear};
use super::list_marks::Mark;
use super::listing::{Busy, COUNT, Id, Listing};
use super::prompt::{Advice, Prompt, Purpose, Said};
use super::save::{self, Offer};
use super::{Cx, Outcome, clicked, list_row};
use crate::model::{TraceId, time};
use crate::query::{QueryError, Seen};
use crate::session::Session;
use crate::store::TraceIx;
use crate::tui::keymap::Action;
use crate::tui::remembered::Remembered;
use crate::tui::request::Request;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::heads::{Head, Heads};
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::{Kept, Rows, Window};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::collections::BTreeMap;
use std::time::Instant;

/// What the order is remembered by.
const SORTED_BY: &str = "traces-sorted-by";
const INVERTED: &str = "traces-inverted";

/// What `w` looks for.
const FAULT: &str = "a fault (hints aside)";
/// How many rows a key looks at in search of the next error or finding.
const SEARCH: usize = 20_000;
/// How many traces are looked at with a step for when they started.
const STARTS: usize = 4_096;
/// How many spans are looked at with a step for what a filter may ask for.
const LEARNT: usize = 500;
/// Among so many traces it is known at any time whether one has an error.
const ASKED: usize = 256;

/// How many traces are saved at most: listing them must not keep keys waiting. `otoscope record` has no such bound.
const SAVED: usize = 50_000;

/// The list.
#[derive(Debug, Default)]
pub struct List {
    pub(super) listing: Listing,
    pub(super) window: Window<Id>,
    /// By place in the order of arrival.
    pub(super) marked: BTreeMap<u64, Mark>,
    pub(super) marks: u64,
    /// The filter and the window as they were before another filter is written.
    before: Option<(String, Window<Id>)>,
    /// How many traces had been deleted when the selection was last looked after.
    deleted: u64,
    /// Another order was asked for: what comes first in it is looked at, as soon as that is known.
    to_top: bool,
    /// What a filter may ask for.
    seen: Seen,
    /// When the traces that were looked at started: the earliest and the latest, and which is looked at next.
    started: Option<(u64, u64)>,
    looked_at: u64,
    heads: Heads<Column>,
    pub(super) rows: Rect,
    /// Where it says how many rows there are above the window, and below.
    above: Rect,
    below: Rect,
}

impl List {
    /// The selected trace.
    pub fn selected(&self, cx: &Cx<'_>) -> Option<TraceIx> {
        self.window.selected().and_then(|id| self.listing.rows(cx).find(id))
    }

    /// Selects a trace; a filter that keeps it out is taken off.
    pub fn select(&mut self, trace: TraceId, cx: &Cx<'_>) {
        if let Some(at) = cx.session.store.find_trace(trace) {
            let id = self.listing.rows(cx).id(at);
            if self.listing.rows(cx).find(id).is_none() {
                self.listing.set_filter(None, cx);
            }
            self.window.select(id);
            self.window.choose();
        }
    }

    /// What can be saved: the selected trace, those that are marked, those that the filter lets through, all.
    pub fn offers(&self, cx: &Cx<'_>) -> Vec<Offer> {
        let store = &cx.session.store;
        let selected = self.selected(cx).map(|at| save::trace(at, cx)).unwrap_or_default();
        let marked = save::traces(self.marked().collect(), "the marked traces", "marked");
        let filtered = self.listing.filter().and_then(|_| {
            let rows = self.listing.rows(cx);
            let listed = std::iter::successors(rows.first(), |at| rows.next(*at)).take(SAVED);
            save::traces(listed.map(|at| store.trace(at).id).collect(), "the listed traces", "filtered")
        });
        let all = store.traces().take(SAVED).map(|at| store.trace(at).id).collect();
        let all = save::traces(all, "everything", "traces");
        selected.into_iter().chain(marked).chain(filtered).chain(all).collect()
    }

    /// Keeps what is selected from now on.
    pub fn choose(&mut self) {
        self.window.choose();
    }

    /// Is sorted as it was the last time.
    pub fn recall(&mut self, from: &Remembered) {
        let named = from.get::<String>(SORTED_BY).and_then(|name| Column::named(&name));
        if let Some(column) = named {
            self.listing.begin_with(column, from.get(INVERTED).unwrap_or_default());
        }
    }

    /// Says how it is sorted.
    pub fn remember(&self, into: &mut Remembered) {
        into.set(SORTED_BY, self.listing.column().words(false).0);
        into.set(INVERTED, self.listing.is_inverted());
    }

    /// Keeps the order and the filter in line with what is held.
    pub fn work(&mut self, cx: &Cx<'_>, until: Instant) -> Busy {
        if self.before.is_some() {
            self.seen.look(&cx.session.store, LEARNT);
        }
        let days = self.look_at_days(cx);
        let busy = self.listing.work(cx, until).max(days);
        if self.to_top {
            self.window.apply(Action::First, &self.listing.rows(cx));
            self.to_top = busy > Busy::Rest;
        }
        busy
    }

    /// Looks at when the next traces started. Tells whether there are more.
    fn look_at_days(&mut self, cx: &Cx<'_>) -> Busy {
        let store = &cx.session.store;
        if list_row::is_live(cx) {
            return Busy::Rest;
        }
        let mut looked_at = 0;
        for trace in store.traces_from(self.looked_at).take(STARTS).map(|at| store.trace(at)) {
            looked_at += 1;
            self.looked_at = trace.seq + 1;
            // What says no time says nothing about days.
            if trace.start_ns > 0 {
                let (first, last) = self.started.unwrap_or((trace.start_ns, trace.start_ns));
                self.started = Some((first.min(trace.start_ns), last.max(trace.start_ns)));
            }
        }
        if looked_at == STARTS { Busy::Soon } else { Busy::Rest }
    }

    fn times(&self, cx: &Cx<'_>) -> Times {
        let day = |ns: u64| ns / 86_400_000_000_000;
        match self.started {
            _ if list_row::is_live(cx) => Times::Ages,
            Some((first, last)) if time::year(first) != time::year(last) => Times::Years,
            Some((first, last)) if day(first) != day(last) => Times::Days,
            _ => Times::Clock,
        }
    }

    /// Keeps the selection where there is one.
    pub fn reconcile(&mut self, cx: &Cx<'_>) -> Option<String> {
        let store = &cx.session.store;
        let deleted = store.counters().deleted_traces;
        let before = std::mem::replace(&mut self.deleted, deleted);
        if deleted != before {
            self.marked.retain(|seq, _| store.trace_by_seq(*seq).is_some());
        }
        let held = |(seq, _): Id| store.trace_by_seq(seq).is_some();
        let is_held = self.window.selected().is_some_and(held);
        self.listing.hold(cx);
        self.window.hold(cx.held);
        match self.window.reconcile(&self.listing.rows(cx)) {
            // Whoever deletes or filters it away knows.
            Kept::Lost if !is_held && deleted == before => {
                Some("the selected trace was evicted at the memory limit: another is selected".to_owned())
            }
            Kept::Lost | Kept::Same => None,
        }
    }

    /// Moves, follows, searches, sorts, filters, marks, deletes.
    pub fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        self.to_top = false;
        match action {
            Action::Follow => {
                self.window.follow(true);
                Outcome::Done
            }
            Action::NextError => self.search(cx, true, "an error", |at| store.trace(at).errors > 0),
            Action::PreviousError => self.search(cx, false, "an error", |at| store.trace(at).errors > 0),
            Action::NextFinding => {
                self.search(cx, true, FAULT, |at| cx.session.diagnosis.worst(&cx.session.store, at).is_some())
            }
            Action::PreviousFinding => self
                .search(cx, false, FAULT, |at| cx.session.diagnosis.worst(&cx.session.store, at).is_some()),
            Action::Sort => self.sort(self.listing.column().next(list_row::is_live(cx)), false, cx),
            Action::InvertSort => self.sort(self.listing.column(), !self.listing.is_inverted(), cx),
            Action::Filter => {
                let text = self.filter_text();
                self.before = Some((text.clone(), self.window.clone()));
                self.seen.look(&cx.session.store, LEARNT);
                Outcome::Prompt(Prompt::new(Purpose::Filter, "filter", &text))
            }
            Action::Back if self.listing.filter().is_some() => {
                self.listing.set_filter(None, cx);
                self.window.refill();
                Outcome::Notice("the filter is off".to_owned())
            }
            Action::Pin => match self.selected(cx).map(|at| store.trace(at)) {
                Some(trace) => Outcome::Ask(Request::Pin { trace: trace.id, pinned: !trace.pinned }),
                None => Outcome::Ignored,
            },
            Action::Mark => self.mark(cx),
            Action::MarkAll => self.mark_all(cx),
            Action::Delete => self.delete(cx),
            Action::Clear => clear(cx),
            _ if self.window.apply(action, &self.listing.rows(cx)) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    /// Whether an action would do anything to the list or to the selected trace.
    pub fn has_effect(&self, action: Action, cx: &Cx<'_>) -> bool {
        let Session { store, diagnosis, .. } = cx.session;
        let Some(at) = self.selected(cx) else {
            return match action {
                Action::Clear => can_clear(cx),
                Action::Filter | Action::Back => self.listing.filter().is_some(),
                _ => false,
            };
        };
        let many = store.trace_count() > 1;
        match action {
            Action::NextFinding | Action::PreviousFinding => many && !diagnosis.findings().is_empty(),
            Action::NextError | Action::PreviousError => {
                let beyond = store.trace_count() > ASKED;
                many && (beyond || store.traces().any(|at| store.trace(at).errors > 0))
            }
            Action::Sort | Action::InvertSort => many,
            Action::Compare => many && matches!(self.marked.len(), 0 | 2),
            Action::Back => self.listing.filter().is_some(),
            Action::Delete => !self.marked.is_empty() || !store.trace(at).pinned,
            Action::Clear => can_clear(cx),
            _ => true,
        }
    }

    fn sort(&mut self, column: Column, inverted: bool, cx: &Cx<'_>) -> Outcome {
        self.listing.sort(column, inverted, cx);
        self.window.apply(Action::First, &self.listing.rows(cx));
        self.to_top = true;
        let (name, first) = column.words(inverted);
        Outcome::Notice(format!("sorted by {name}, {first}"))
    }

    fn filter_text(&self) -> String {
        self.listing.filter().map(|filter| filter.text().to_owned()).unwrap_or_default()
    }

    /// Lists what a text lets through; what is wrong with it, where it is no filter.
    fn set_filter(&mut self, text: &str, cx: &Cx<'_>) -> Result<(), QueryError> {
        self.listing.set_filter(Filter::parse(text, &self.seen)?, cx);
        self.window.refill();
        Ok(())
    }

    /// Is told of the line in which a filter is written.
    pub fn said(&mut self, said: &Said, cx: &Cx<'_>) -> Outcome {
        match said {
            Said::Changed(text) => {
                // What cannot be understood yet leaves what there is.
                let _ = self.set_filter(text, cx);
                Outcome::Done
            }
            Said::Entered(text) => {
                // The line says what is wrong, and can be mended there.
                if self.set_filter(text, cx).is_err() {
                    return Outcome::Again;
                }
                self.before = None;
                Outcome::Done
            }
            Said::Cancelled => {
                if let Some((text, window)) = self.before.take() {
                    let _ = self.set_filter(&text, cx);
                    self.window = window;
                }
                Outcome::Done
            }
        }
    }

    /// What is to be said of a filter that is being written.
    pub fn advice(&self, text: &str, cursor: usize, cx: &Cx<'_>) -> Advice {
        let wrong = Filter::parse(text, &self.seen).err().map(|wrong| (wrong.at, wrong.to_string()));
        let note = match self.listing.progress(cx) {
            Some((listed, looked_at)) => progress(listed, looked_at, "traces", cx),
            None => "a word, or kind=server dur>100ms".to_owned(),
        };
        Advice { wrong, note, completions: filter::completions(text, cursor, &self.seen) }
    }

    fn search(&mut self, cx: &Cx<'_>, down: bool, what: &str, wanted: impl Fn(TraceIx) -> bool) -> Outcome {
        let rows = self.listing.rows(cx);
        let Some(from) = self.selected(cx) else { return Outcome::Ignored };
        let (mut at, mut wrapped) = (from, false);
        for _ in 0..SEARCH {
            let next = if down { rows.next(at) } else { rows.previous(at) };
            wrapped |= next.is_none();
            let Some(row) = next.or_else(|| if down { rows.first() } else { rows.last() }) else { break };
            at = row;
            if wanted(at) {
                self.window.select(rows.id(at));
                self.window.choose();
                return match (at == from, wrapped) {
                    (true, _) => Outcome::Notice(format!("no other trace with {what}")),
                    (_, true) => Outcome::Notice("search started over".to_owned()),
                    _ => Outcome::Done,
                };
            }
            if at == from {
                return Outcome::Notice(format!("no trace with {what}"));
            }
        }
        self.window.select(rows.id(at));
        self.window.choose();
        Outcome::Notice(format!("no trace with {what} among {}; again to go on", text::count(SEARCH as u64)))
    }

    /// Keeps what is selected from now on, whatever arrives.
    pub fn stay(&mut self) {
        self.window.follow(false);
        self.window.choose();
    }

    /// Selects what was drawn at a place of the screen, or sorts by the column whose name is there, or goes on to the rows
    /// whose number is there.
    pub fn click(&mut self, at: Position, cx: &Cx<'_>) -> Outcome {
        for (place, action) in [(self.above, Action::PageUp), (self.below, Action::PageDown)] {
            if place.contains(at) {
                return self.apply(action, cx);
            }
        }
        if let Some(column) = self.heads.hit(at) {
            let again = column == self.listing.column();
            return self.sort(column, again && !self.listing.is_inverted(), cx);
        }
        clicked(self.point(at))
    }

    /// Selects what was drawn at a place of the screen. Tells whether it was selected already.
    pub fn point(&mut self, at: Position) -> bool {
        at.y >= self.rows.y && self.window.click(usize::from(at.y - self.rows.y))
    }

    fn widths(&self, labelled: bool, cx: &Cx<'_>) -> Widths {
        Widths::of(self.rows.width, labelled, self.times(cx), self.listing.column())
    }

    /// Draws the list.
    pub fn draw(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let labelled = area.height >= 4;
        let lines = if labelled { 2 } else { 1 };
        self.rows = Rect { y: area.y + lines, height: area.height.saturating_sub(lines), ..area };
        let rows = self.window.rows(&self.listing.rows(cx), usize::from(self.rows.height), cx.acted);
        let [above, below] = self.more(&rows, cx);
        let gap = if above.is_empty() || below.is_empty() { "" } else { "  " };
        let note = pen.title(area, focused, &self.title(cx), &format!("{above}{gap}{below}"));
        let part = |words: &str| (text::width(words) as u16).min(note.width);
        self.above = Rect { width: part(&above), ..note };
        self.below = Rect { x: note.right() - part(&below), width: part(&below), ..note };
        let widths = self.widths(labelled, cx);
        self.heads = if labelled { self.draw_heads(area, &widths, pen) } else { Heads::default() };
        if rows.is_empty() && self.listing.filter().is_some() {
            let found = self.listing.progress(cx).is_some_and(|(_, looked_at)| looked_at < 100);
            let words = if found { "looking" } else { "no trace matches: Esc takes the filter off" };
            pen.put(
                area.x + SIGNS,
                self.rows.y,
                area.width.saturating_sub(SIGNS),
                words,
                Role::Dim.style(cx),
            );
        }
        for (line, at) in rows.iter().enumerate() {
            let row = Rect { y: self.rows.y + line as u16, height: 1, ..self.rows };
            list_row::draw(row, *at, &widths, labelled, pen, cx);
            let seq = cx.session.store.trace(*at).seq;
            let selected = self.window.selected().is_some_and(|(selected, _)| selected == seq);
            super::row::select(row, selected, focused, pen);
            if self.marked.contains_key(&seq) {
                let style = if selected && focused { Role::Selected } else { Role::Key };
                pen.put(row.x, row.y, 1, pen.look.symbols.marked, pen.style(style));
            }
        }
    }

    /// `Traces · 3 marked · following the newest · 12 of 340 · /GET`
    fn title(&self, cx: &Cx<'_>) -> Vec<Part<'static>> {
        let dot = format!(" {} ", cx.look.symbols.dot);
        let info = cx.look.style(Role::Info);
        let mut title = vec![part("Traces", Style::new())];
        let mut say = |words: String, style: Style| {
            title.push(part(dot.clone(), cx.look.style(Role::Dim)));
            title.push(part(words, style));
        };
        if !self.marked.is_empty() {
            say(format!("{} marked", text::count(self.marked.len() as u64)), info);
        }
        if let Some(new) = self.listing.held_back(cx) {
            say("held".to_owned(), cx.look.style(Role::Warning));
            if new > 0 {
                say(format!("{new}{} new", if new == COUNT { "+" } else { "" }), Style::new());
            }
        }
        if self.window.is_following() && cx.goes_on() {
            let newest = self.listing.column() == Column::Arrival;
            say(format!("following the {}", if newest { "newest" } else { "last" }), info);
        }
        if let (Some(filter), Some((listed, looked_at))) = (self.listing.filter(), self.listing.progress(cx))
        {
            say(progress(listed, looked_at, "", cx), Style::new());
            // Last: who has written it knows what is cut.
            say(format!("/{}", filter.text()), cx.look.style(Role::Key));
        }
        title
    }

    /// `↑ 3 more`, `↓ 12 more`: how many rows there are beyond the window.
    fn more(&self, rows: &[TraceIx], cx: &Cx<'_>) -> [String; 2] {
        let (symbols, listed) = (cx.look.symbols, self.listing.rows(cx));
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Default::default() };
        let show = |symbol: &str, count: usize| match count {
            0 => String::new(),
            COUNT => format!("{symbol} {COUNT}+ more"),
            count => format!("{symbol} {count} more"),
        };
        let above = show(symbols.up, listed.count(*first, false));
        [above, show(symbols.down, listed.count(*last, true))]
    }

    /// The names of the columns, that which the list is sorted by with an arrow.
    fn draw_heads(&self, area: Rect, widths: &Widths, pen: &mut Pen<'_>) -> Heads<Column> {
        let head = |(column, range): (Column, std::ops::Range<u16>)| Head {
            column,
            x: area.x + range.start,
            width: range.end - range.start,
            words: column.head(range.end - range.start),
            right: !matches!(column, Column::Arrival | Column::Finding | Column::Service | Column::Name),
        };
        let heads: Vec<_> = widths.places().map(head).collect();
        let column = self.listing.column();
        Heads::draw(area.y + 1, &heads, (column, !column.rises(self.listing.is_inverted())), pen)
    }
}

/// `12 of 340 traces`, and how much of it is known.
fn progress(listed: usize, looked_at: usize, noun: &str, cx: &Cx<'_>) -> String {
    let all = text::count(cx.session.store.trace_count() as u64);
    let known = format!("{} of {all} {noun}", text::count(listed as u64)).trim_end().to_owned();
    if looked_at < 100 {
        return format!("{known} {} {looked_at} % looked at", cx.look.symbols.dot);
    }
    known
}
