//! All keys, over everything else.

use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::sheet::Sheet;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How wide it gets.
const WIDEST: u16 = 112;

/// The help overlay.
#[derive(Debug, Default)]
pub struct Help {
    sheet: Sheet,
}

impl Screen for Help {
    fn context(&self) -> Context {
        Context::Help
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Back | Action::Help => Outcome::Leave,
            action if self.sheet.apply(action) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(_) => return Outcome::Leave,
            Mouse::WheelUp(_) => self.sheet.scroll(3, true),
            Mouse::WheelDown(_) => self.sheet.scroll(3, false),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let symbols = cx.look.symbols;
        let mut pen = Pen::new(into, cx.look);
        let inner = self.sheet.frame(area, WIDEST, cx.keys.all().len(), "Keys: Esc closes", &mut pen);
        let keys_width =
            cx.keys.all().iter().map(|row| text::width(&row.names(symbols))).max().unwrap_or(0) as u16;
        let places_width = if inner.width >= 96 { 30 } else { 0 };
        for (y, line) in (inner.y..inner.bottom()).zip(cx.keys.all().iter().skip(self.sheet.top())) {
            let binding = line.binding;
            let x = inner.x;
            let keys = line.names(symbols);
            pen.put(x, y, keys_width, &keys, pen.style(Role::Key));
            let help = inner.width.saturating_sub(keys_width + 2 + places_width);
            pen.put(x + keys_width + 2, y, help, binding.help, Style::new());
            let places = binding.places();
            pen.put_right(x + inner.width - places_width, y, places_width, &places, pen.style(Role::Dim));
        }
    }
}
