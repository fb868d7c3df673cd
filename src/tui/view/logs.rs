//! The tab of logs: what was logged, in the order of time, each with the span that it belongs to.
//!
//! ```text
//! ┌ Logs  28 log records ──────────────────────────────────────────────────────────┐
//! │ 14:02:11.318 ✖ ERROR  shop     Exception on /checkout [POST]    POST /checkout  │
//! ├ Log ───────────────────────────────────────────────────────────────────────────┤
//! │ Exception on /checkout [POST]                                                   │
//! │ ▾ attributes (9)                                                                │
//! └──────────────────────────────────────────────────────────────────────────────────┘
//! ```

use super::lines::Lines;
use super::listing::Busy;
use super::log_filter::LogFilter;
use super::log_list::LogList;
use super::menu::Choice;
use super::prompt::{Advice, Prompt, Purpose, Said};
use super::{Cx, Mouse, Outcome, Screen, Target, clicked, copy, empty, filter, log_nodes, logs_empty, page};
use crate::otlp;
use crate::query::{Asked, QueryError, Seen};
use crate::store::LogKey;
use crate::tui::keymap::{Action, Context};
use crate::tui::remembered::Remembered;
use crate::tui::theme::Role;
use crate::tui::widget::branches::{self, Branches};
use crate::tui::widget::pen::{Pen, part};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Instant;

/// From this height on, the detail has more than a third.
const TALL: u16 = 28;
/// What the lines given to the detail are remembered by.
const LOG_LINES: &str = "log-lines";
/// How many log records are looked at for what may be written next, with every letter and between frames.
const LEARNT: usize = 1_000;

/// The tab of logs.
#[derive(Debug)]
pub struct Logs {
    list: LogList,
    branches: Branches,
    /// The log record in the detail.
    shown: Option<LogKey>,
    in_detail: bool,
    /// Lines that the user has given to the detail, or taken from it.
    resized: i16,
    areas: (Rect, Rect),
    /// The rule between them is being dragged.
    dragged: bool,
    /// What was filtered by before the line that is being written, while one is.
    before: Option<String>,
    /// What a filter may ask for.
    seen: Seen,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            list: LogList::default(),
            branches: Branches::default(),
            shown: None,
            in_detail: false,
            resized: 0,
            areas: Default::default(),
            dragged: false,
            before: None,
            seen: Seen::of(Asked::Logs),
        }
    }
}

impl Logs {
    /// What the detail may have.
    fn detail_lines(area: Rect) -> Lines {
        // The same whichever has the keys: nothing moves under the pointer that gives them.
        let usual = area.height * if area.height >= TALL { 40 } else { 50 } / 100;
        Lines { usual, least: 3, most: area.height.saturating_sub(4).max(3) }
    }

    fn layout(&self, area: Rect) -> (Rect, Rect) {
        let detail = Self::detail_lines(area).with(self.resized);
        let list = Rect { height: area.height - detail.min(area.height), ..area };
        (list, Rect { y: list.bottom(), height: area.height - list.height, ..area })
    }

    /// Whether the span is what is selected in the detail.
    fn is_on_span(&self) -> bool {
        self.branches.selected().first().is_some_and(|id| id == "span")
    }

    fn open(&self, cx: &Cx<'_>) -> Outcome {
        let Some(log) = self.list.selected(cx) else { return Outcome::Ignored };
        let (store, record) = (&cx.session.store, log.record);
        if !record.has_trace() {
            return Outcome::Notice("it belongs to no span: it was logged outside of one".to_owned());
        }
        match store.find_trace(record.trace_id) {
            Some(_) => {
                let span = Some(record.span_id).filter(|span| !span.is_none());
                Outcome::GoTo(Target { trace: record.trace_id, span })
            }
            None => {
                Outcome::Notice("its trace is not here: not arrived yet, not sampled, or evicted".to_owned())
            }
        }
    }

    /// What can be copied: in the detail what the selected line says, then what there is of the log record.
    fn copies(&self, cx: &Cx<'_>) -> Vec<Choice> {
        let Some(held) = self.list.selected(cx) else { return Vec::new() };
        let all = copy::log(&held, cx);
        let path = self.branches.selected_node();
        // The body comes first anyway.
        if !self.in_detail || path.first().is_some_and(|id| id == "body" && path.len() == 1) {
            return all;
        }
        let log = held.decode();
        let named = log_nodes::named(&path, &log, held.resource, held.scope);
        let named = named.map(|(key, value)| copy::value(key, value));
        let line = || branches::find(&log_nodes::log(&held, cx), &path).map(|node| copy::line(&node.text()));
        named.or_else(line).unwrap_or_default().into_iter().chain(all).collect()
    }

    /// The selected log record as it came, with its resource and scope.
    fn raw(&self, cx: &Cx<'_>) -> Outcome {
        match self.list.selected(cx) {
            Some(log) => {
                let json = otlp::pretty(&copy::log_json(&log));
                Outcome::Over(Box::new(page::json("log record as OTLP/JSON".to_owned(), json)))
            }
            None => Outcome::Notice("no log record is selected".to_owned()),
        }
    }

    /// Lists what a text lets through; what is wrong with it, where it is no filter.
    fn filter(&mut self, text: &str, cx: &Cx<'_>) -> Result<(), QueryError> {
        self.list.filter(LogFilter::parse(text, &self.seen)?, cx);
        Ok(())
    }

    /// Lists again what was listed before the line was written.
    fn restore(&mut self, cx: &Cx<'_>) {
        if let Some(before) = self.before.take() {
            let _ = self.filter(&before, cx);
        }
    }

    fn draw_detail(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        let Some(log) = self.list.selected(cx) else {
            pen.title(area, self.in_detail, &[part("Log", Style::new())], "");
            return;
        };
        let place = log_nodes::place(&log, cx);
        let mut title =
            vec![part("Log  ", Style::new()), part(log.service(), cx.look.service(log.service()))];
        if !place.is_empty() {
            title.push(part(format!("  {place}"), Style::new()));
        }
        let hint = match cx.session.store.span_of_log(log.record) {
            _ if place.is_empty() || self.in_detail => "",
            Some(_) => "Enter: to its span",
            None => "Enter: to its trace",
        };
        pen.title(area, self.in_detail, &title, hint);
        if self.shown != Some(log.key) {
            self.shown = Some(log.key);
            self.branches.rewind();
            self.branches.open(&["attributes"]);
            self.branches.open(&["body"]);
            self.branches.open(&["attributes", "exception.stacktrace"]);
        }
        let body = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(1),
            height: area.height.saturating_sub(1),
        };
        self.branches.draw(&log_nodes::log(&log, cx), self.in_detail, body, into, cx.look);
    }
}

impl Screen for Logs {
    fn context(&self) -> Context {
        if self.in_detail { Context::Log } else { Context::Logs }
    }

    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        if cx.session.store.log_count() == 0
            && let Some(why) = empty::refused(action, "log record")
        {
            return why;
        }
        match action {
            Action::NextPane | Action::PreviousPane => self.in_detail = !self.in_detail,
            Action::Back if self.in_detail => self.in_detail = false,
            Action::Back if !self.list.filter_text().is_empty() => self.list.filter(None, cx),
            Action::Back => return Outcome::Leave,
            Action::Filter => {
                self.in_detail = false;
                self.seen.look(&cx.session.store, LEARNT);
                let text = self.list.filter_text().to_owned();
                let prompt = Prompt::new(Purpose::Filter, "filter", &text);
                self.before = Some(text);
                return Outcome::Prompt(prompt);
            }
            Action::Grow | Action::Shrink => {
                let (list, detail) = self.areas;
                return Self::detail_lines(list.union(detail)).resize(&mut self.resized, action);
            }
            Action::Copy => return copy::menu(self.copies(cx)),
            Action::CopyNow => return copy::at_once(self.copies(cx)),
            Action::Raw => return self.raw(cx),
            Action::Open if !self.in_detail || self.is_on_span() => return self.open(cx),
            action if self.in_detail => {
                return if self.branches.apply(action) { Outcome::Done } else { Outcome::Ignored };
            }
            action => return self.list.apply(action, cx),
        }
        Outcome::Done
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        let (list, detail) = self.areas;
        let (at, in_detail) = (mouse.position(), detail.contains(mouse.position()));
        match mouse {
            Mouse::Click(at) => self.dragged = at.y == detail.y && in_detail,
            Mouse::Drag(to) if self.dragged => {
                let lines = Self::detail_lines(list.union(detail));
                self.resized = lines.given(i32::from(detail.bottom()) - i32::from(to.y));
                return Outcome::Done;
            }
            Mouse::Release(_) if std::mem::take(&mut self.dragged) => return Outcome::Done,
            _ => {}
        }
        if !in_detail && !list.contains(at) {
            return Outcome::Ignored;
        }
        match mouse {
            Mouse::Click(at) if in_detail && self.branches.toggle(at) => self.in_detail = true,
            Mouse::Click(at) | Mouse::Point(at) => {
                let had_keys = std::mem::replace(&mut self.in_detail, in_detail) == in_detail;
                let again = if in_detail { self.branches.click(at) } else { self.list.click(at.y) };
                return clicked(again && had_keys);
            }
            Mouse::WheelUp(_) | Mouse::WheelDown(_) => {
                let up = matches!(mouse, Mouse::WheelUp(_));
                if in_detail {
                    self.branches.scroll(3, up);
                } else {
                    for _ in 0..3 {
                        self.list.apply(if up { Action::Up } else { Action::Down }, cx);
                    }
                }
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn go_to_log(&mut self, key: LogKey, cx: &Cx<'_>) {
        self.in_detail = false;
        self.list.select(key, cx);
    }

    fn reconcile(&mut self, _touched: bool, cx: &Cx<'_>) -> Option<String> {
        self.list.reconcile(cx)
    }

    fn work(&mut self, until: Instant, cx: &Cx<'_>) -> Busy {
        if self.before.is_some() {
            self.seen.look(&cx.session.store, LEARNT);
        }
        if self.list.work(until, cx) { Busy::Now } else { Busy::Rest }
    }

    fn said(&mut self, purpose: Purpose, said: Said, cx: &Cx<'_>) -> Outcome {
        match (purpose, said) {
            (Purpose::Filter, Said::Changed(text)) => {
                self.seen.look(&cx.session.store, LEARNT);
                // A word that is half written is no mistake yet: the line itself says what is wrong.
                let _ = self.filter(&text, cx);
                Outcome::Done
            }
            (Purpose::Filter, Said::Entered(text)) => match self.filter(&text, cx) {
                Ok(()) => {
                    self.before = None;
                    Outcome::Done
                }
                // The line says what is wrong, and can be mended there.
                Err(_) => Outcome::Again,
            },
            (Purpose::Filter, Said::Cancelled) => {
                self.restore(cx);
                Outcome::Done
            }
            _ => Outcome::Ignored,
        }
    }

    fn advice(&self, _purpose: Purpose, text: &str, cursor: usize, cx: &Cx<'_>) -> Advice {
        let note = if text.trim().is_empty() {
            "a word, or severity>=warn service=shop".to_owned()
        } else {
            self.list.told(cx)
        };
        let wrong = LogFilter::parse(text, &self.seen).err().map(|wrong| (wrong.at, wrong.to_string()));
        Advice { wrong, note, completions: filter::completions(text, cursor, &self.seen) }
    }

    fn recall(&mut self, from: &Remembered) {
        self.resized = from.get(LOG_LINES).unwrap_or_default();
    }

    fn remember(&self, into: &mut Remembered) {
        into.set(LOG_LINES, self.resized);
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        if cx.session.store.log_count() == 0 {
            self.areas = Default::default();
            logs_empty::draw(area, &mut Pen::new(into, cx.look), cx);
            return;
        }
        let mut area = area;
        if let Some(words) = logs_empty::metrics(cx) {
            area.height = area.height.saturating_sub(1);
            let mut pen = Pen::new(into, cx.look);
            let style = pen.style(Role::Dim);
            pen.put(area.x + 1, area.bottom(), area.width.saturating_sub(2), &words, style);
        }
        self.areas = self.layout(area);
        let (list, detail) = self.areas;
        self.list.draw(list, !self.in_detail, &mut Pen::new(into, cx.look), cx);
        self.draw_detail(detail, into, cx);
    }
}
