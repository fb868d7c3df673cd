//! A text of any length over everything else: a value that is too long for its place, a span as OTLP/JSON.

use super::reading::{Reading, Text};
use super::{Cx, Outcome};
use crate::tui::keymap::{Action, Context};
use crate::tui::request::Request;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, part};

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
    /// The text in lines of so many columns.
    wrapped: (usize, Vec<String>),
}

/// A text.
pub fn text(what: impl Into<String>, text: impl Into<String>) -> Reading<Page> {
    Reading::new(Page { what: what.into(), text: text.into(), json: false, wrapped: (0, Vec::new()) })
}

/// JSON.
pub fn json(what: impl Into<String>, text: impl Into<String>) -> Reading<Page> {
    Reading::new(Page { what: what.into(), text: text.into(), json: true, wrapped: (0, Vec::new()) })
}

impl Page {
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

impl Text for Page {
    const WIDEST: u16 = 140;
    const CONTEXT: Context = Context::Page;
    const OPENED_BY: Action = Action::Raw;

    fn title(&self) -> String {
        format!("{}: y copies it, Esc closes", self.what)
    }

    fn set(&mut self, columns: usize, _cx: &Cx<'_>) -> usize {
        self.wrap(columns);
        self.wrapped.1.len()
    }

    fn line(&self, at: usize, cx: &Cx<'_>) -> Vec<Part<'_>> {
        let Some(line) = self.wrapped.1.get(at) else { return Vec::new() };
        let (key, rest) = line.split_at(if self.json { key_of(line) } else { 0 });
        vec![part(key, Role::AttributeKey.style(cx)), part(rest, Role::Text.style(cx))]
    }

    fn apply(&mut self, action: Action) -> Outcome {
        match action {
            Action::Copy => Outcome::Ask(Request::Copy { text: self.text.clone(), what: self.what.clone() }),
            _ => Outcome::Ignored,
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
