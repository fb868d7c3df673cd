//! A list of things to choose from, over everything else; what is written narrows it down. The command palette, what to
//! copy, what to sort by.

use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::sheet::Sheet;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// How wide it gets, and where its choices need more than that.
const WIDEST: u16 = 84;
const WIDER: u16 = 104;
/// How many choices are shown at a time.
const TALLEST: usize = 16;
/// How many lines what is to be known before a question is answered may take.
const SAID: usize = 6;

/// One of them.
#[derive(Debug)]
pub struct Choice {
    /// What it is called.
    pub label: String,
    /// A key, a value, a few words more.
    pub note: String,
    /// What it is found by besides: names with blanks between them.
    name: String,
    /// What comes of it.
    pub outcome: Outcome,
}

impl Choice {
    /// A choice.
    pub fn new(label: impl Into<String>, note: impl Into<String>, outcome: Outcome) -> Self {
        Self { label: label.into(), note: note.into(), name: String::new(), outcome }
    }

    /// Found by these names too.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// How well it fits words in any order, 0 best: they are its name or how it starts, how words of it start, within it,
    /// or ([`BY_LETTERS`]) each has its letters in their order.
    fn rank(&self, words: &[&str]) -> Option<usize> {
        let label = self.label.to_lowercase();
        let all = format!("{label} {} {}", self.note.to_lowercase(), self.name);
        let begins = |word: &str| {
            all.match_indices(word).any(|(at, _)| !all[..at].ends_with(|c: char| c.is_alphanumeric()))
        };
        let letters = |word: &str| {
            let mut letters = all.chars();
            word.chars().all(|c| letters.any(|l| l == c))
        };
        let starts = |word: &str| label.starts_with(word) || self.name.split(' ').any(|name| name == word);
        let ranks: [&dyn Fn(&str) -> bool; 4] = [&starts, &begins, &|word| all.contains(word), &letters];
        let rank = |word: &&str| ranks.iter().position(|fits| fits(word));
        words.iter().map(rank).try_fold(0, |worst, rank| Some(worst.max(rank?)))
    }
}

/// The worst rank.
const BY_LETTERS: usize = 3;

/// The list.
#[derive(Debug)]
pub struct Menu {
    title: Cow<'static, str>,
    choices: Vec<Choice>,
    input: Input,
    /// Which of those that fit what is written is selected.
    selected: usize,
    top: usize,
    rows: Rect,
    sheet: Sheet,
    /// What it is about is here.
    about: Option<Position>,
    /// Nothing can be written: it is answered, with yes or no.
    question: bool,
    /// What is to be known before it is answered.
    words: String,
}

impl Menu {
    /// A menu, its first choice selected.
    pub fn new(title: impl Into<Cow<'static, str>>, choices: Vec<Choice>) -> Self {
        Self {
            title: title.into(),
            choices,
            input: Input::default(),
            selected: 0,
            top: 0,
            rows: Rect::default(),
            sheet: Sheet::default(),
            about: None,
            question: false,
            words: String::new(),
        }
    }

    /// It opens beside what it is about.
    #[must_use]
    pub fn at(self, about: Position) -> Self {
        Self { about: Some(about), ..self }
    }

    /// A question before something is lost for good: what keeps it is selected, and what else closes the question keeps
    /// it too; `y` means yes.
    pub fn question(title: &'static str, keep: Choice, lose: Choice) -> Self {
        let keyed =
            |key: &str, choice: Choice| Choice { label: format!("{key}  {}", choice.label), ..choice };
        Self { question: true, ..Self::new(title, vec![keyed("n", keep), keyed("y", lose)]) }
    }

    /// Says this above the choices of a question, in as many lines as it takes.
    #[must_use]
    pub fn saying(self, words: String) -> Self {
        Self { words, ..self }
    }

    /// Closes it with what a choice of a question brings about.
    fn answer(&mut self, yes: bool) -> Outcome {
        self.selected = usize::from(yes);
        self.take()
    }

    fn close(&mut self) -> Outcome {
        if self.question { self.answer(false) } else { Outcome::Leave }
    }

    /// The numbers of the choices that fit what is written, the best first.
    fn fitting(&self) -> Vec<usize> {
        let wanted = self.input.value().to_lowercase();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let ranked = self.choices.iter().enumerate();
        // Of two that fit alike, that which has the words as they are written.
        let other = |choice: &Choice| !choice.label.to_lowercase().contains(&wanted);
        let mut fitting: Vec<(usize, bool, usize)> =
            ranked.filter_map(|(at, choice)| Some((choice.rank(&words)?, other(choice), at))).collect();
        fitting.sort_unstable();
        // What merely has the letters is a guess, for where nothing has the words.
        let best = fitting.first().map_or(0, |(rank, ..)| *rank);
        fitting.retain(|(rank, ..)| *rank < BY_LETTERS || best == BY_LETTERS);
        fitting.into_iter().map(|(.., at)| at).collect()
    }

    /// The columns of the frame that all choices need.
    fn width(&self) -> u16 {
        let choices = self.choices.iter();
        let widest = choices.map(|choice| text::width(&choice.label) + text::width(&choice.note) + 2).max();
        (widest.unwrap_or(0) + 4) as u16
    }

    /// Moves what is shown, and the selection with it where that would be left behind.
    fn scroll(&mut self, lines: usize, up: bool) {
        let shown = usize::from(self.rows.height).max(1);
        let last = self.fitting().len().saturating_sub(shown);
        self.top = if up { self.top.saturating_sub(lines) } else { (self.top + lines).min(last) };
        self.selected = self.selected.clamp(self.top, self.top + shown - 1);
    }

    fn step(&mut self, by: usize, up: bool) {
        let last = self.fitting().len().saturating_sub(1);
        self.selected =
            if up { self.selected.saturating_sub(by) } else { self.selected.saturating_add(by).min(last) };
    }

    fn take(&mut self) -> Outcome {
        match self.fitting().get(self.selected) {
            Some(at) => Outcome::Chosen(Box::new(self.choices.swap_remove(*at).outcome)),
            None => Outcome::Done,
        }
    }
}

impl Screen for Menu {
    fn context(&self) -> Context {
        Context::Menu
    }

    fn typed(&mut self, event: KeyEvent, _cx: &Cx<'_>) -> Option<Outcome> {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        if self.question {
            return match event.code {
                KeyCode::Char('y' | 'Y') if !control => Some(self.answer(true)),
                KeyCode::Char('n' | 'N' | 'q') if !control => Some(self.answer(false)),
                _ => None,
            };
        }
        let edits = match event.code {
            KeyCode::Char(c) => !control || matches!(c, 'w' | 'u' | 'h'),
            KeyCode::Backspace => true,
            _ => false,
        };
        if !edits {
            return None;
        }
        self.input.handle_event(&Event::Key(event));
        (self.selected, self.top) = (0, 0);
        Some(Outcome::Done)
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Open => return self.take(),
            Action::Back => return self.close(),
            Action::Down => self.step(1, false),
            Action::Up => self.step(1, true),
            Action::PageDown => self.step(TALLEST, false),
            Action::PageUp => self.step(TALLEST, true),
            Action::First => self.step(usize::MAX, true),
            Action::Last => self.step(usize::MAX, false),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(at) if self.rows.contains(at) => {
                self.selected = self.top + usize::from(at.y - self.rows.y);
                return self.take();
            }
            Mouse::Click(at) | Mouse::Point(at) if !self.sheet.contains(at) => return self.close(),
            // The line that says how many more there are.
            Mouse::Click(at) if at.y >= self.rows.bottom() => {
                self.scroll(usize::from(self.rows.height), false);
            }
            Mouse::WheelUp(_) => self.scroll(3, true),
            Mouse::WheelDown(_) => self.scroll(3, false),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        let fitting = self.fitting();
        // As high as all of it needs, whatever is written: it does not jump.
        let lines = self.choices.len().min(TALLEST).min(usize::from(area.height.saturating_sub(5)));
        let widest = match self.about {
            Some(_) => self.width().min(WIDEST),
            None => self.width().clamp(WIDEST, WIDER),
        };
        let said = if self.words.is_empty() {
            Vec::new()
        } else {
            text::wrap(&self.words, Sheet::columns(area, widest).into(), SAID)
        };
        let written = if self.question { said.len() as u16 } else { 1 };
        let all = lines + usize::from(written);
        let inner = self.sheet.frame_at(self.about, area, widest, all, &self.title, &mut pen);
        for (y, words) in (inner.y..).zip(&said) {
            pen.put(inner.x, y, inner.width, words, Style::new());
        }
        if !self.question {
            let prompt = pen.put(inner.x, inner.y, inner.width, "> ", Role::Key.style(cx));
            let typed = self.input.value();
            let used = pen.put(inner.x + prompt, inner.y, inner.width - prompt, typed, Style::new());
            pen.put(inner.x + prompt + used, inner.y, 1, " ", Role::Selected.style(cx));
        }
        if fitting.is_empty() {
            pen.put(inner.x + 2, inner.y + 1, inner.width - 2, "nothing fits", Role::Dim.style(cx));
        }
        self.rows = Rect { y: inner.y + written, height: inner.height.saturating_sub(written), ..inner };
        let shown = usize::from(self.rows.height).max(1);
        self.top = self.top.clamp((self.selected + 1).saturating_sub(shown), self.selected);
        let beyond = [
            (cx.look.symbols.up, self.top),
            (cx.look.symbols.down, fitting.len().saturating_sub(self.top + shown)),
        ];
        let beyond: String = beyond
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(sign, count)| format!(" {sign} {count} more "))
            .collect();
        pen.put(inner.x, inner.bottom(), inner.width, &beyond, Role::Dim.style(cx));
        for (line, at) in fitting.iter().enumerate().skip(self.top).take(usize::from(self.rows.height)) {
            let choice = &self.choices[*at];
            let row = Rect { y: self.rows.y + (line - self.top) as u16, height: 1, ..self.rows };
            // Where there is no room for both, a third of it is left to the note.
            let left = row.width.saturating_sub(text::width(&choice.label) as u16 + 2);
            let note = (text::width(&choice.note) as u16).min(left.max(row.width / 3));
            pen.put(row.x, row.y, row.width.saturating_sub(note + 2), &choice.label, Style::new());
            pen.put_right(row.right() - note, row.y, note, &choice.note, Role::Dim.style(cx));
            super::row::select(row, line == self.selected, true, &mut pen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_by_words_in_any_order() {
        let choice = |label: &str, note: &str| Choice::new(label, note, Outcome::Done);
        let mut menu = Menu::new(
            "",
            vec![
                choice("go to the span that links here", "O"),
                choice("un-merge a trace, or show it as recorded", "u").named("unmerge".to_owned()),
                choice("the next row with an error", "e"),
                choice("the latest error", "E"),
            ],
        );
        let mut found = |text: &str| {
            menu.input = Input::new(text.to_owned());
            menu.fitting()
        };
        assert_eq!(found(""), [0, 1, 2, 3], "as they were given");
        assert_eq!(found("error next"), [2]);
        assert_eq!(found("unmerge"), [1], "by its name");
        assert_eq!(found("rec un"), [1], "by starts of words");
        assert_eq!(found("nxt err"), [2], "by letters");
        assert_eq!(found("the"), [2, 3, 0], "what starts with it first");
        assert_eq!(found("zebra"), [0; 0]);
    }
}
