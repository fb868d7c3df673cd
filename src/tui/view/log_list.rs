//! The list of log records, in the order of time.

use super::log_filter::LogFilter;
use super::{Cx, Outcome, log_row};
use crate::model::SeverityRange;
use crate::store::{HeldLog, LogKey, Store};
use crate::tui::keymap::Action;
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, part};
use crate::tui::widget::window::{Kept, Rows, Window};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Instant;

/// How many rows a key looks at in search of the next error.
const SEARCH: usize = 20_000;
/// How many rows beyond the window are counted.
const COUNT: usize = 1_000;

struct Logs<'a> {
    store: &'a Store,
    shown: Option<&'a BTreeSet<LogKey>>,
}

impl Logs<'_> {
    fn is_held(&self, key: LogKey) -> bool {
        self.store.log(key).is_some()
    }

    fn from(&self, from: Bound<LogKey>) -> Option<LogKey> {
        match self.shown {
            Some(shown) => shown.range((from, Bound::Unbounded)).copied().find(|key| self.is_held(*key)),
            None => {
                let (key, again) = match from {
                    Bound::Included(key) => (key, true),
                    Bound::Excluded(key) => (key, false),
                    Bound::Unbounded => return self.store.logs().next(),
                };
                self.store.logs_from(key).find(|found| again || *found != key)
            }
        }
    }

    fn before(&self, key: LogKey) -> Option<LogKey> {
        match self.shown {
            Some(shown) => shown.range(..key).rev().copied().find(|key| self.is_held(*key)),
            None => self.store.logs_before(key).next_back(),
        }
    }
}

impl Rows for Logs<'_> {
    type Id = LogKey;
    type At = LogKey;

    fn find(&self, id: LogKey) -> Option<LogKey> {
        (self.is_held(id) && self.shown.is_none_or(|shown| shown.contains(&id))).then_some(id)
    }

    fn id(&self, at: LogKey) -> LogKey {
        at
    }

    fn first(&self) -> Option<LogKey> {
        self.from(Bound::Unbounded)
    }

    fn last(&self) -> Option<LogKey> {
        match self.shown {
            Some(shown) => shown.iter().rev().copied().find(|key| self.is_held(*key)),
            None => self.store.logs().next_back(),
        }
    }

    fn next(&self, at: LogKey) -> Option<LogKey> {
        self.from(Bound::Excluded(at))
    }

    fn previous(&self, at: LogKey) -> Option<LogKey> {
        self.before(at)
    }

    fn near(&self, gone: LogKey) -> Option<LogKey> {
        self.from(Bound::Included(gone)).or_else(|| self.before(gone))
    }
}

/// The list.
#[derive(Debug, Default)]
pub struct LogList {
    window: Window<LogKey>,
    rows: Rect,
    filter: Option<LogFilter>,
    /// There was a log record to look at.
    begun: bool,
}

impl LogList {
    fn all<'a>(&'a self, cx: &Cx<'a>) -> Logs<'a> {
        Logs { store: &cx.session.store, shown: self.filter.as_ref().map(LogFilter::shown) }
    }

    /// The selected log record.
    pub fn selected<'a>(&self, cx: &Cx<'a>) -> Option<HeldLog<'a>> {
        self.window.selected().and_then(|key| cx.session.store.log(key))
    }

    /// Shows what a filter shows, or all.
    pub fn filter(&mut self, filter: Option<LogFilter>, cx: &Cx<'_>) {
        self.filter = filter;
        if let Some(filter) = &mut self.filter {
            filter.begin(&cx.session.store);
        }
        let rows = self.all(cx);
        // What was selected stays so if it is still shown; else the closest to it.
        if !self.window.is_following()
            && let Some(selected) = self.window.selected()
            && rows.find(selected).is_none()
            && let Some(near) = rows.near(selected)
        {
            self.window.select(near);
        }
    }

    /// What was written to filter by; empty where nothing is.
    pub fn filter_text(&self) -> &str {
        self.filter.as_ref().map_or("", LogFilter::text)
    }

    /// `12 of 340`, and whether there is more to look at.
    pub fn told(&self, cx: &Cx<'_>) -> String {
        let store = &cx.session.store;
        let all = text::count(store.log_count() as u64);
        match &self.filter {
            None => text::plural(store.log_count() as u64, "log record"),
            Some(filter) => {
                let shown = text::count(filter.shown().len() as u64);
                let looking = if filter.is_done(store) { "" } else { ", still looking" };
                format!("{shown} of {all}{looking}")
            }
        }
    }

    /// Holds log records against the filter until then. Whether there is more to do.
    pub fn work(&mut self, until: Instant, cx: &Cx<'_>) -> bool {
        self.filter.as_mut().is_some_and(|filter| filter.work(until, &cx.session.store))
    }

    /// Keeps the selection where there is one.
    pub fn reconcile(&mut self, cx: &Cx<'_>) -> Option<String> {
        if !self.begun && cx.session.store.log_count() > 0 {
            self.begun = true;
            // Who looks at a running program wants what it says now; of a file, what it said first.
            if matches!(cx.status.feed, Feed::Live { .. }) {
                self.window.follow(true);
            }
            self.window.choose();
        }
        let store = &cx.session.store;
        let rows = Logs { store, shown: self.filter.as_ref().map(LogFilter::shown) };
        let selected = self.window.selected();
        let evicted = selected.is_some_and(|key| store.log(key).is_none());
        self.window.hold(cx.held);
        match self.window.reconcile(&rows) {
            Kept::Lost if evicted => {
                Some("the selected log record is no longer held: evicted or deleted".to_owned())
            }
            Kept::Lost | Kept::Same => None,
        }
    }

    /// Selects a log record, taking the filter off where it hides it.
    pub fn select(&mut self, key: LogKey, cx: &Cx<'_>) {
        let rows = Logs { store: &cx.session.store, shown: self.filter.as_ref().map(LogFilter::shown) };
        if rows.find(key).is_none() {
            self.filter = None;
        }
        self.begun = true;
        self.window.select(key);
        self.window.choose();
    }

    /// Moves, follows, searches.
    pub fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Follow => self.window.follow(true),
            Action::NextError => return self.search(true, cx),
            Action::PreviousError => return self.search(false, cx),
            action => {
                let store = &cx.session.store;
                let rows = Logs { store, shown: self.filter.as_ref().map(LogFilter::shown) };
                if !self.window.apply(action, &rows) {
                    return Outcome::Ignored;
                }
            }
        }
        Outcome::Done
    }

    fn search(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let rows = self.all(cx);
        let Some(from) = self.window.selected().and_then(|key| rows.find(key)) else {
            return Outcome::Ignored;
        };
        let (mut at, mut wrapped, mut found) = (from, false, false);
        for _ in 0..SEARCH {
            let next = if down { rows.next(at) } else { rows.previous(at) };
            wrapped |= next.is_none();
            let Some(row) = next.or_else(|| if down { rows.first() } else { rows.last() }) else { break };
            at = row;
            let log = cx.session.store.log(at);
            found = log.is_some_and(|log| log.record.severity.range() >= SeverityRange::Error);
            if found || at == from {
                break;
            }
        }
        if !found && at == from {
            return Outcome::Notice("no log record of an error".to_owned());
        }
        self.window.select(at);
        self.window.choose();
        match (found, at == from, wrapped) {
            (false, ..) => {
                let looked = text::count(SEARCH as u64);
                Outcome::Notice(format!("no log record of an error among {looked}; again to go on"))
            }
            (true, true, _) => Outcome::Notice("no other log record of an error".to_owned()),
            (true, _, true) => Outcome::Notice("search started over".to_owned()),
            (true, ..) => Outcome::Done,
        }
    }

    /// Selects what was drawn on a line of the screen. Tells whether it was selected already.
    pub fn click(&mut self, y: u16) -> bool {
        y >= self.rows.y && self.window.click((y - self.rows.y) as usize)
    }

    /// Draws the list.
    pub fn draw(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        self.rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let store = &cx.session.store;
        let rows = Logs { store, shown: self.filter.as_ref().map(LogFilter::shown) };
        let drawn = self.window.rows(&rows, self.rows.height as usize, cx.acted);
        let beyond = beyond(&drawn, &rows, cx);
        let mut title = vec![part("Logs  ", Style::new()), part(self.told(cx), pen.style(Role::Dim))];
        if !self.filter_text().is_empty() {
            title.push(part("  filter ", pen.style(Role::Dim)));
            title.push(part(self.filter_text().to_owned(), pen.style(Role::Info)));
        }
        if self.window.is_following() && cx.goes_on() {
            let words = format!(" {} following the newest", pen.look.symbols.dot);
            title.push(part(words, pen.style(Role::Info)));
        }
        pen.title(area, focused, &title, &beyond);
        for (line, key) in drawn.iter().enumerate() {
            let row = Rect { y: self.rows.y + line as u16, height: 1, ..self.rows };
            let Some(log) = store.log(*key) else { continue };
            log_row::draw(row, &log, pen, cx);
            super::row::select(row, self.window.selected() == Some(*key), focused, pen);
        }
        if drawn.is_empty() {
            let done = self.filter.as_ref().is_none_or(|filter| filter.is_done(store));
            let words =
                if done { "no log record fits; Esc shows all again" } else { "looking for what fits" };
            pen.put(area.x + 2, area.y + 1, area.width.saturating_sub(3), words, pen.style(Role::Dim));
        }
    }
}

/// `↑ 3 more  ↓ 12 more`: how many rows there are beyond the window.
fn beyond(drawn: &[LogKey], rows: &Logs<'_>, cx: &Cx<'_>) -> String {
    let symbols = cx.look.symbols;
    let (Some(first), Some(last)) = (drawn.first(), drawn.last()) else { return String::new() };
    let (above, below) = match rows.shown {
        Some(shown) => {
            let after = (Bound::Excluded(*last), Bound::Unbounded);
            (shown.range(..*first).take(COUNT).count(), shown.range(after).take(COUNT).count())
        }
        None => {
            let above = rows.store.logs_before(*first).take(COUNT).count();
            (above, rows.store.logs_from(*last).skip(1).take(COUNT).count())
        }
    };
    let show = |symbol: &str, count: usize| match count {
        0 => None,
        COUNT => Some(format!("{symbol} {COUNT}+ more")),
        count => Some(format!("{symbol} {count} more")),
    };
    let parts = [show(symbols.up, above), show(symbols.down, below)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
