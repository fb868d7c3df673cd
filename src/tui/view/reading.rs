//! A text to read over everything else: scrolled by the keys that move and by the wheel, closed by what closes sheets or
//! by the key that opened it. What a text says is a [`Text`]: help, explanations, values.

use super::prompt::{Advice, Purpose, Said};
use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::pen::{Part, Pen};
use crate::tui::widget::sheet::Sheet;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What there is to read.
pub trait Text: std::fmt::Debug {
    /// How wide it gets, columns.
    const WIDEST: u16;

    /// Which keys work.
    const CONTEXT: Context;

    /// What opened it, and closes it too.
    const OPENED_BY: Action;

    /// What it is.
    fn title(&self) -> String;

    /// Sets it in lines of so many columns. Tells how many lines.
    fn set(&mut self, columns: usize, cx: &Cx<'_>) -> usize;

    /// A line, counted from 0, as it was set last.
    fn line(&self, at: usize, cx: &Cx<'_>) -> Vec<Part<'_>>;

    /// Does what a key says, if it is one of its own.
    fn apply(&mut self, _action: Action) -> Outcome {
        Outcome::Ignored
    }

    /// Is told of the line of text that it asked for.
    fn said(&mut self, _said: Said) -> Outcome {
        Outcome::Ignored
    }

    /// What it says of that line while it is written.
    fn advice(&self) -> Advice {
        Advice::default()
    }
}

/// A text, and where it is scrolled to.
#[derive(Debug)]
pub struct Reading<T> {
    text: T,
    sheet: Sheet,
}

impl<T> Reading<T> {
    /// From the start.
    pub fn new(text: T) -> Self {
        Self { text, sheet: Sheet::default() }
    }
}

impl<T: Text> Screen for Reading<T> {
    fn context(&self) -> Context {
        T::CONTEXT
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            action if action == Action::Back || action == T::OPENED_BY => Outcome::Leave,
            action if self.sheet.apply(action) => Outcome::Done,
            action => self.text.apply(action),
        }
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        self.sheet.mouse(mouse)
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn said(&mut self, _purpose: Purpose, said: Said, _cx: &Cx<'_>) -> Outcome {
        self.text.said(said)
    }

    fn advice(&self, _purpose: Purpose, _text: &str, _cursor: usize, _cx: &Cx<'_>) -> Advice {
        self.text.advice()
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        let lines = self.text.set(usize::from(Sheet::columns(area, T::WIDEST)), cx);
        let inner = self.sheet.frame(area, T::WIDEST, lines, &self.text.title(), &mut pen);
        for (y, at) in (inner.y..inner.bottom()).zip(self.sheet.top()..lines) {
            pen.line(inner.x, y, inner.width, &self.text.line(at, cx));
        }
    }
}
