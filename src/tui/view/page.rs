//! A text of any length over everything else: a value that is too long for its place, a span as OTLP/JSON.

use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::request::Request;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::sheet::Sheet;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How wide it gets.
const WIDEST: u16 = 140;
/// How many lines it is wrapped into.
const MAX_LINES: usize = 50_000;

/// The text.
#[derive(Debug)]
pub struct Page {
    /// What it is, for the title and for the notice of a copy.
    what: String,
    text: String,
    /// Its keys are told apart.
    json: bool,
    sheet: Sheet,
    /// The text in lines of so many columns.
    wrapped: (usize, Vec<String>),
}

impl Page {
    /// A text.
    pub fn new(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            text: text.into(),
            json: false,
            sheet: Sheet::default(),
            wrapped: (0, Vec::new()),
        }
    }

    /// JSON.
    pub fn json(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { json: true, ..Self::new(what, text) }
    }

    fn wrap(&mut self, columns: usize) {
        if self.wrapped.0 == columns && !self.wrapped.1.is_empty() {
            return;
        }
        let mut lines = Vec::new();
        for line in self.text.lines() {
            let left = (MAX_LINES + 1).saturating_sub(lines.len());
            if !self.json || !text::exceeds(line, columns) {
                lines.extend(text::wrap(line, columns, left));
                continue;
            }
            // What goes on below a line hangs in further than it.
            let words = line.trim_start_matches(' ');
            let (indent, more) = (" ".repeat((line.len() - words.len()).min(columns / 2)), "  ");
            let pieces = text::wrap(words, columns.saturating_sub(indent.len() + more.len()), left);
            let hang = |at: usize| if at == 0 { "" } else { more };
            lines.extend(pieces.iter().enumerate().map(|(at, piece)| format!("{indent}{}{piece}", hang(at))));
        }
        if lines.len() > MAX_LINES {
            lines.truncate(MAX_LINES);
            lines.push("more is not shown: y copies all of it".to_owned());
        }
        self.wrapped = (columns, lines);
    }
}

impl Screen for Page {
    fn context(&self) -> Context {
        Context::Page
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Back | Action::Raw => Outcome::Leave,
            Action::Copy | Action::CopyNow => {
                Outcome::Ask(Request::Copy { text: self.text.clone(), what: self.what.clone() })
            }
            action if self.sheet.apply(action) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        self.sheet.mouse(mouse)
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        self.wrap(usize::from(Sheet::columns(area, WIDEST)));
        let title = format!("{}: y copies it, Esc closes", self.what);
        let inner = self.sheet.frame(area, WIDEST, self.wrapped.1.len(), &title, &mut pen);
        let lines = self.wrapped.1.iter().skip(self.sheet.top());
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            let key = if self.json { key_of(line) } else { 0 };
            let used = pen.put(inner.x, y, inner.width, &line[..key], pen.style(Role::AttributeKey));
            let room = inner.width.saturating_sub(used);
            pen.put(inner.x + used, y, room, &line[key..], pen.style(Role::Text));
        }
    }
}

/// How much of a line of JSON is a key.
fn key_of(line: &str) -> usize {
    if !line.trim_start().starts_with('"') {
        return 0;
    }
    line.find("\": ").map_or(0, |end| end + 1)
}
