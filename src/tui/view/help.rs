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
/// How many lines one key takes.
const MAX_LINES: usize = 8;

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
        self.sheet.mouse(mouse)
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let symbols = cx.look.symbols;
        let mut pen = Pen::new(into, cx.look);
        let columns = Sheet::columns(area, WIDEST);
        let keys_width =
            cx.keys.all().iter().map(|row| text::width(&row.names(symbols))).max().unwrap_or(0) as u16;
        let places_width = if columns >= 96 { 30 } else { 0 };
        let room =
            columns.saturating_sub(keys_width + 2 + places_width + if places_width > 0 { 2 } else { 0 });
        // What a key does goes on below where it is too long; its keys and its places stand beside the first line.
        let mut lines: Vec<(String, String, String)> = Vec::new();
        for row in cx.keys.all() {
            let binding = row.binding;
            let mut help = text::wrap(binding.help, usize::from(room), MAX_LINES).into_iter();
            let first = help.next().unwrap_or_default();
            lines.push((row.names(symbols), first, binding.places()));
            lines.extend(help.map(|line| (String::new(), line, String::new())));
        }
        lines.push(Default::default());
        lines.push((String::new(), "Signs in a tree".to_owned(), String::new()));
        for (sign, meaning) in legend(symbols) {
            let mut words = text::wrap(&meaning, usize::from(room), MAX_LINES).into_iter();
            lines.push((sign.to_owned(), words.next().unwrap_or_default(), String::new()));
            lines.extend(words.map(|line| (String::new(), line, String::new())));
        }
        let inner = self.sheet.frame(area, WIDEST, lines.len(), "Keys: Esc closes", &mut pen);
        let shown = lines.iter().skip(self.sheet.top());
        for (y, (keys, help, places)) in (inner.y..inner.bottom()).zip(shown) {
            let x = inner.x;
            pen.put(x, y, keys_width, keys, pen.style(Role::Key));
            pen.put(x + keys_width + 2, y, room, help, Style::new());
            pen.put_right(x + inner.width - places_width, y, places_width, places, pen.style(Role::Dim));
        }
    }
}

/// What the signs in a tree mean.
fn legend(symbols: &'static Symbols) -> [(&'static str, String); 11] {
    [
        (symbols.culprit, "holds the requests of other callers together".to_owned()),
        (symbols.remote, "the parent is in another process, by the flags".to_owned()),
        (symbols.local, "the parent is in the same process, by the flags; blank: they do not say".to_owned()),
        (symbols.light, "no child covers this part of a span, or the span has not ended".to_owned()),
        (symbols.critical, "part of the critical path, before a name and on a bar".to_owned()),
        (symbols.event, format!("an event of the span; {} an exception or a logged error", symbols.error)),
        (symbols.log, "a log record of the span".to_owned()),
        (symbols.before, "the bar begins before what is shown".to_owned()),
        (symbols.beyond, "the bar goes on after what is shown, or has no end".to_owned()),
        (symbols.times, format!("so many repeated spans, {} their durations together", symbols.sum)),
        ("self", "the part of a duration that no child covers; ?: too many children to tell".to_owned()),
    ]
}
