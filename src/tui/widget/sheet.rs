//! A framed sheet over everything else, scrolled by the keys that move: help, explanations.

use super::pen::Pen;
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::{Mouse, Outcome};
use ratatui::layout::{Position, Rect};

/// Where a sheet is scrolled to.
#[derive(Debug, Default)]
pub struct Sheet {
    top: usize,
    height: usize,
    lines: usize,
    frame: Rect,
}

impl Sheet {
    /// The first line that is shown.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Scrolls.
    pub fn scroll(&mut self, lines: usize, up: bool) {
        let last = self.lines.saturating_sub(self.height);
        self.top = if up { self.top.saturating_sub(lines) } else { self.top.saturating_add(lines).min(last) };
    }

    /// Scrolls as an action says. Tells whether it was one of moving.
    pub fn apply(&mut self, action: Action) -> bool {
        let page = self.height.max(1);
        match action {
            Action::Down => self.scroll(1, false),
            Action::Up => self.scroll(1, true),
            Action::PageDown => self.scroll(page, false),
            Action::PageUp => self.scroll(page, true),
            Action::First => self.top = 0,
            Action::Last => self.scroll(self.lines, false),
            _ => return false,
        }
        true
    }

    /// Whether a place is within the frame.
    pub fn contains(&self, at: Position) -> bool {
        self.frame.contains(at)
    }

    /// Scrolls by the wheel, and closes on a click beside it.
    pub fn mouse(&mut self, mouse: Mouse) -> Outcome {
        match mouse {
            Mouse::Click(at) | Mouse::Point(at) if !self.contains(at) => return Outcome::Leave,
            // The edge that says how many more lines there are.
            Mouse::Click(at) if at.y + 1 == self.frame.bottom() => self.scroll(self.height.max(1), false),
            Mouse::WheelUp(_) => self.scroll(3, true),
            Mouse::WheelDown(_) => self.scroll(3, false),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    /// The columns for text on a sheet of at most this width.
    pub fn columns(area: Rect, widest: u16) -> u16 {
        area.width.saturating_sub(4).min(widest).saturating_sub(4)
    }

    /// Clears and frames room for so many lines in the middle of an area. Answers with where they go.
    pub fn frame(&mut self, area: Rect, widest: u16, lines: usize, title: &str, pen: &mut Pen<'_>) -> Rect {
        self.frame_at(None, area, widest, lines, title, pen)
    }

    /// The same below a place, or above it where there is more room, so that the line of it can be seen.
    pub fn frame_at(
        &mut self,
        about: Option<Position>,
        area: Rect,
        widest: u16,
        lines: usize,
        title: &str,
        pen: &mut Pen<'_>,
    ) -> Rect {
        // The screen may have become smaller since.
        let last = Position { x: area.right().saturating_sub(1), y: area.bottom().saturating_sub(1) };
        let about =
            about.map(|at| Position { x: at.x.min(last.x), y: at.y.clamp(area.y, last.y.max(area.y)) });
        let width = area.width.saturating_sub(4).min(widest);
        let wanted = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2);
        let most = area.height.saturating_sub(2);
        let (above, below) = match about {
            // The last line of the screen says which keys work.
            Some(at) => (at.y.saturating_sub(area.y), area.bottom().saturating_sub(at.y + 2)),
            None => (most, most),
        };
        let height = wanted.min(most).min(above.max(below));
        let frame = match about {
            Some(at) => Rect {
                x: at.x.clamp(area.x, area.right() - width),
                y: if height <= below { at.y + 1 } else { at.y - height },
                width,
                height,
            },
            None => Rect {
                x: area.x + (area.width - width) / 2,
                y: area.y + (area.height - height) / 2,
                width,
                height,
            },
        };
        let inner = Rect {
            x: frame.x + 2,
            y: frame.y + 1,
            width: width.saturating_sub(4),
            height: height.saturating_sub(2),
        };
        (self.height, self.lines, self.frame) = (usize::from(inner.height), lines, frame);
        self.top = self.top.min(lines.saturating_sub(self.height));
        pen.clear(frame);
        let (rule, symbols) = (pen.style(Role::Rule), pen.look.symbols);
        for y in frame.y..frame.bottom() {
            pen.put(frame.x, y, 1, symbols.vertical, rule);
            pen.put(frame.right() - 1, y, 1, symbols.vertical, rule);
        }
        for x in frame.x..frame.right() {
            pen.put(x, frame.y, 1, symbols.horizontal, rule);
            pen.put(x, frame.bottom() - 1, 1, symbols.horizontal, rule);
        }
        let ends = [(frame.x, frame.y), (frame.right() - 1, frame.y)];
        let feet = [(frame.x, frame.bottom() - 1), (frame.right() - 1, frame.bottom() - 1)];
        for ((x, y), corner) in ends.into_iter().chain(feet).zip(symbols.corners) {
            pen.put(x, y, 1, corner, rule);
        }
        // The rule gives way to words: its colour would stay on them.
        let words = |y: u16, words: &str, role: Role, pen: &mut Pen<'_>| {
            let width = inner.width.min(text::width(words) as u16);
            pen.clear(Rect { x: inner.x, y, width, height: 1 });
            pen.put(inner.x, y, width, words, pen.style(role));
        };
        words(frame.y, &format!(" {title} "), Role::TitleFocused, pen);
        let below = lines.saturating_sub(self.top + self.height);
        // What is beside a place says by itself how much more there is.
        if below > 0 && about.is_none() {
            let more = format!(" {} {below} more: j ", symbols.down);
            words(frame.bottom() - 1, &more, Role::Dim, pen);
        }
        inner
    }
}
