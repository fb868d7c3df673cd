//! All keys, over everything else.

use super::{Cx, Mouse, Outcome, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::{Role, Symbols};
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
        let signs = legend(symbols);
        let rows = cx.keys.all().len();
        let lines = rows + 2 + signs.len();
        let inner = self.sheet.frame(area, WIDEST, lines, "Keys: Esc closes", &mut pen);
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
        let below = (rows + 1).saturating_sub(self.sheet.top()) as u16;
        let passed = self.sheet.top().saturating_sub(rows + 1);
        let heading = [("", "Signs in a tree".to_owned())];
        let all = heading.into_iter().chain(signs).skip(passed);
        for (y, (sign, meaning)) in (inner.y.saturating_add(below)..inner.bottom()).zip(all) {
            pen.put(inner.x, y, keys_width, sign, pen.style(Role::Key));
            let room = inner.width.saturating_sub(keys_width + 2);
            pen.put(inner.x + keys_width + 2, y, room, &meaning, Style::new());
        }
    }
}

/// What the signs in a tree mean.
fn legend(symbols: &'static Symbols) -> [(&'static str, String); 10] {
    [
        (symbols.culprit, "holds the requests of other callers together".to_owned()),
        (symbols.remote, "the parent is in another process, by the flags".to_owned()),
        (symbols.local, "the parent is in the same process, by the flags; blank: they do not say".to_owned()),
        (symbols.light, "no child covers this part of a span, or the span has not ended".to_owned()),
        (symbols.critical, "part of the critical path, before a name and on a bar".to_owned()),
        (symbols.event, format!("an event of the span; {} an exception", symbols.error)),
        (symbols.before, "the bar begins before what is shown".to_owned()),
        (symbols.beyond, "the bar goes on after what is shown, or has no end".to_owned()),
        (symbols.times, format!("so many repeated spans, {} their durations together", symbols.sum)),
        ("self", "the part of a duration that no child covers; ?: too many children to tell".to_owned()),
    ]
}
