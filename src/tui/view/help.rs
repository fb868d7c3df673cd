//! All keys, over everything else.

use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context, KEYS};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The help overlay and where it is scrolled to.
#[derive(Debug, Default)]
pub struct Help {
    top: usize,
    height: usize,
}

impl Help {
    fn scroll(&mut self, lines: usize, up: bool) {
        let last = KEYS.len().saturating_sub(self.height);
        self.top = if up { self.top.saturating_sub(lines) } else { (self.top + lines).min(last) };
    }
}

impl Screen for Help {
    fn context(&self) -> Context {
        Context::Help
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Down => self.scroll(1, false),
            Action::Up => self.scroll(1, true),
            Action::PageDown => self.scroll(self.height.max(1), false),
            Action::PageUp => self.scroll(self.height.max(1), true),
            Action::First => self.top = 0,
            Action::Last => self.scroll(KEYS.len(), false),
            Action::Back | Action::Help => return Outcome::Leave,
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(_) => return Outcome::Leave,
            Mouse::WheelUp(_) => self.scroll(3, true),
            Mouse::WheelDown(_) => self.scroll(3, false),
        }
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let symbols = cx.look.symbols;
        let width = area.width.saturating_sub(4).min(112);
        let height = area.height.saturating_sub(2).min(KEYS.len() as u16 + 2);
        let frame = Rect {
            x: area.x + (area.width - width) / 2,
            y: area.y + (area.height - height) / 2,
            width,
            height,
        };
        self.height = height.saturating_sub(2) as usize;
        self.top = self.top.min(KEYS.len().saturating_sub(self.height));
        for position in frame.positions() {
            if let Some(cell) = into.cell_mut(position) {
                cell.reset();
            }
        }
        let mut pen = Pen::new(into, cx.look);
        let rule = pen.style(Role::Rule);
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
        pen.put(
            frame.x + 2,
            frame.y,
            width.saturating_sub(4),
            " Keys: Esc closes ",
            pen.style(Role::TitleFocused),
        );
        let below = KEYS.len() - self.top - self.height.min(KEYS.len());
        if below > 0 {
            let more = format!(" {} {below} more: j ", symbols.down);
            pen.put(frame.x + 2, frame.bottom() - 1, width.saturating_sub(4), &more, pen.style(Role::Dim));
        }
        let keys_width = KEYS.iter().map(|b| text::width(&b.key_names(symbols))).max().unwrap_or(0) as u16;
        let places_width = if width >= 100 { 30 } else { 0 };
        let inner = width.saturating_sub(4);
        for (y, binding) in (frame.y + 1..frame.bottom() - 1).zip(KEYS.iter().skip(self.top)) {
            let x = frame.x + 2;
            let keys = binding.key_names(symbols);
            pen.put(x, y, keys_width, &keys, pen.style(Role::Key));
            let help = inner.saturating_sub(keys_width + 2 + places_width);
            pen.put(x + keys_width + 2, y, help, binding.help, Style::new());
            pen.put_right(x + inner - places_width, y, places_width, &binding.places(), pen.style(Role::Dim));
        }
    }
}
