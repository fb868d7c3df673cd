//! A line of text that the user writes, in place of the footer: a search, a filter, a file's name.
//!
//! The tab below is told of every change, so that it can show what comes of it while it is written.

use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// How a line is emptied.
const CLEARS: &str = "Ctrl-u clears";

/// How many lines what is wrong may take.
const WRONG_LINES: usize = 3;
/// How many completions are listed above the line.
const LISTED: usize = 8;

/// What a line of text is for; the view that asked for it knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Which rows of a list to show.
    Filter,
    /// What to look for in a tree.
    Search,
    /// Where to write a file; the number is that of what is to be saved, among what was offered.
    Save(usize),
    /// The last day of something that was offered.
    Until(usize),
    /// Why something that was offered is accepted.
    Reason(usize),
}

/// What became of a line of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// It is being written.
    Changed(String),
    /// It is meant.
    Entered(String),
    /// It is not: what was there before holds again.
    Cancelled,
}

/// What may be written next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Completion {
    /// The whole line with it.
    pub line: String,
    /// What is shown of it.
    pub label: String,
    /// What it means, in a few words.
    pub note: String,
}

/// What a view says of a line while it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Advice {
    /// What is wrong, and with which character, counted from 0.
    pub wrong: Option<(usize, String)>,
    /// What came of it: `12 of 340 traces`.
    pub note: String,
    /// What may follow.
    pub completions: Vec<Completion>,
}

/// The line.
#[derive(Debug)]
pub struct Prompt {
    purpose: Purpose,
    label: &'static str,
    input: Input,
    /// All that is written was there before: what is typed takes its place.
    whole: bool,
    /// Which completion is selected.
    choice: Option<usize>,
    advice: Advice,
    /// Where the line and the completions were drawn.
    line: Rect,
    rows: Rect,
}

impl Prompt {
    /// A line that starts with `text`, all of it selected.
    pub fn new(purpose: Purpose, label: &'static str, text: &str) -> Self {
        let input = Input::new(text.to_owned());
        let (line, rows) = (Rect::default(), Rect::default());
        let whole = !text.is_empty();
        Self { purpose, label, input, whole, choice: None, advice: Advice::default(), line, rows }
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What is written so far.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// What the view below says of it.
    pub fn advise(&mut self, advice: Advice) {
        if advice.completions != self.advice.completions {
            self.choice = None;
        }
        self.advice = advice;
    }

    /// Where the cursor is, characters from the start.
    pub fn cursor(&self) -> usize {
        self.input.cursor()
    }

    fn changed(&self) -> Outcome {
        Outcome::Said(self.purpose, Said::Changed(self.text().to_owned()))
    }

    fn choose(&mut self, down: bool) -> Outcome {
        let count = self.advice.completions.len().min(LISTED);
        if count == 0 {
            return Outcome::Done;
        }
        self.choice = Some(match (self.choice, down) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        });
        Outcome::Done
    }

    fn complete(&mut self) -> Outcome {
        let Some(completion) = self.advice.completions.get(self.choice.unwrap_or(0)) else {
            return Outcome::Done;
        };
        self.input = Input::new(completion.line.clone());
        (self.choice, self.whole) = (None, false);
        self.changed()
    }
}

impl Screen for Prompt {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn typed(&mut self, event: KeyEvent, _cx: &Cx<'_>) -> Option<Outcome> {
        let edits = match event.code {
            // They choose, end and suspend here as everywhere.
            KeyCode::Char('c' | 'z' | 'n' | 'p') if event.modifiers.contains(KeyModifiers::CONTROL) => false,
            KeyCode::Char(_)
            | KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End => true,
            _ => false,
        };
        if !edits {
            return None;
        }
        let commands = KeyModifiers::CONTROL | KeyModifiers::ALT;
        let types = matches!(event.code, KeyCode::Char(_)) && !event.modifiers.intersects(commands);
        if std::mem::take(&mut self.whole) && types {
            self.input = Input::default();
        }
        let changed = self.input.handle_event(&Event::Key(event)).is_some_and(|changed| changed.value);
        Some(if changed { self.changed() } else { Outcome::Done })
    }

    fn pasted(&mut self, text: &str, _cx: &Cx<'_>) -> Outcome {
        if std::mem::take(&mut self.whole) {
            self.input = Input::default();
        }
        for c in text.chars().filter(|c| !c.is_control()) {
            self.input.handle(tui_input::InputRequest::InsertChar(c));
        }
        self.changed()
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Open if self.choice.is_some() => self.complete(),
            Action::Open => Outcome::Said(self.purpose, Said::Entered(self.text().to_owned())),
            Action::Back => Outcome::Said(self.purpose, Said::Cancelled),
            Action::NextPane => self.complete(),
            Action::Down => self.choose(true),
            Action::Up => self.choose(false),
            _ => Outcome::Ignored,
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(at) if self.rows.contains(at) => {
                self.choice = Some(usize::from(at.y - self.rows.y));
                self.complete()
            }
            Mouse::Click(at) | Mouse::Point(at) if !self.line.contains(at) => self.apply(Action::Back, cx),
            Mouse::WheelUp(_) => self.choose(false),
            Mouse::WheelDown(_) => self.choose(true),
            _ => Outcome::Ignored,
        }
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        let line = Rect { y: area.bottom() - 1, height: 1, ..area };
        pen.clear(line);
        let label = pen.put(line.x + 1, line.y, line.width / 3, self.label, Role::Key.style(cx)) + 2;
        let (x, room) = (line.x + label, line.width.saturating_sub(label + 1));
        let said = self.advice.note.as_str();
        let clears = [said, CLEARS].iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>();
        let clears = clears.join(&format!(" {} ", cx.look.symbols.dot));
        let fits =
            usize::from(room) > crate::tui::text::width(self.text()) + crate::tui::text::width(&clears) + 3;
        let note = match &self.advice.wrong {
            Some((_, why)) => (why.as_str(), Role::Warning),
            None if fits && !self.text().is_empty() => (clears.as_str(), Role::Dim),
            None => (said, Role::Dim),
        };
        let text_room = if note.0.is_empty() { room } else { room * 6 / 10 };
        let scroll = self.input.visual_scroll(usize::from(text_room.saturating_sub(1)));
        let wrong = self.advice.wrong.as_ref().map(|(at, _)| *at);
        let mut column = 0_usize;
        for (at, c) in self.text().chars().chain([' ']).enumerate() {
            let width = crate::harmless::columns_of(c).max(usize::from(at == self.text().chars().count()));
            let shown = column.checked_sub(scroll).filter(|to| to + width <= usize::from(text_room));
            column += width;
            let Some(to) = shown else { continue };
            let style = match () {
                () if self.whole || at == self.input.cursor() => Role::Selected.style(cx),
                () if wrong.is_some_and(|wrong| at == wrong) => Role::Error.style(cx),
                () => Style::new(),
            };
            pen.put(x + to as u16, line.y, width as u16, &c.to_string(), style);
        }
        let used = ((column - scroll) as u16).min(text_room);
        let left = room.saturating_sub(used);
        let mut above = Rect { height: area.height - 1, ..area };
        if wrong.is_some() && crate::tui::text::exceeds(note.0, usize::from(left)) && above.height > 1 {
            // Cut off it would not say what to do.
            let room = above.width.saturating_sub(x - above.x + 1);
            let lines = crate::tui::text::wrap(note.0, usize::from(room), WRONG_LINES);
            let height = (lines.len() as u16).min(above.height - 1);
            above.height -= height;
            pen.clear(Rect { y: above.bottom(), height, ..area });
            for (y, words) in (above.bottom()..line.y).zip(&lines) {
                pen.put(x, y, room, words, note.1.style(cx));
            }
        } else {
            pen.put_right(x + used, line.y, left, note.0, note.1.style(cx));
        }
        self.line = line;
        self.rows = self.draw_completions(above, x, &mut pen, cx);
    }
}

impl Prompt {
    /// Draws what may follow, and says where.
    fn draw_completions(&self, above: Rect, x: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) -> Rect {
        let listed: Vec<&Completion> = self.advice.completions.iter().take(LISTED).collect();
        let width = |text: &str| crate::tui::text::width(text) as u16;
        let labels = listed.iter().map(|c| width(&c.label)).max().unwrap_or(0).min(above.width / 2);
        let notes = listed.iter().map(|c| width(&c.note)).max().unwrap_or(0);
        let whole = (labels + notes + 6).min(above.width);
        let left = x.min(above.right().saturating_sub(whole));
        let top = above.bottom().saturating_sub(listed.len() as u16);
        for (at, completion) in listed.iter().enumerate() {
            let frame = Rect { x: left, y: top + at as u16, width: whole, height: 1 };
            pen.clear(frame);
            let (edge, rule) = (cx.look.symbols.vertical, Role::Rule.style(cx));
            pen.put(frame.x, frame.y, 1, edge, rule);
            pen.put(frame.right() - 1, frame.y, 1, edge, rule);
            let row = Rect { x: frame.x + 1, width: whole.saturating_sub(2), ..frame };
            pen.put(row.x + 1, row.y, labels, &completion.label, Style::new());
            let room = row.width.saturating_sub(labels + 3);
            pen.put(row.x + labels + 3, row.y, room, &completion.note, Role::Dim.style(cx));
            let style = if self.choice == Some(at) { Role::Selected } else { Role::Listed };
            pen.restyle(row, style.style(cx));
        }
        Rect { x: left, y: top, width: whole, height: listed.len() as u16 }
    }
}
