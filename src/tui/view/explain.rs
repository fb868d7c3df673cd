//! One rule explained in full, over everything else: what, why, how it is found, how to fix it, sources.

use super::{Cx, Mouse, Outcome, Screen};
use crate::diagnosis::Rule;
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::sheet::Sheet;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How wide it gets: lines that are longer are hard to read.
const WIDEST: u16 = 100;
/// How many lines a paragraph is wrapped into.
const MAX_LINES: usize = 100;

/// The explanation of a rule.
#[derive(Debug)]
pub struct Explain {
    rule: &'static Rule,
    sheet: Sheet,
}

impl Explain {
    /// That of this rule.
    pub fn new(rule: &'static Rule) -> Self {
        Self { rule, sheet: Sheet::default() }
    }

    /// What it says, wrapped.
    fn lines(&self, columns: usize) -> Vec<(String, Role)> {
        let rule = self.rule;
        let mut lines = Vec::new();
        let mut say = |text: &str, role: Role, indent: &str| {
            let room = columns.saturating_sub(indent.len());
            lines.extend(text::wrap(text, room, MAX_LINES).iter().map(|l| (format!("{indent}{l}"), role)));
        };
        say(rule.summary, Role::TitleFocused, "");
        for paragraph in rule.explain.split("\n\n") {
            say("", Role::Text, "");
            // The lines of the source are not those of this screen.
            say(&paragraph.replace('\n', " "), Role::Text, "");
        }
        say("", Role::Text, "");
        say("How to fix it", Role::TitleFocused, "");
        say(&rule.fix.replace('\n', " "), Role::Good, "  ");
        for (language, code) in rule.code_fixes {
            say(&format!("{language}: {code}"), Role::Good, "  ");
        }
        say("", Role::Text, "");
        say("Sources", Role::TitleFocused, "");
        for reference in rule.references {
            say(reference, Role::Dim, "  ");
        }
        lines
    }
}

impl Screen for Explain {
    fn context(&self) -> Context {
        Context::Explain
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Back | Action::Explain => Outcome::Leave,
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
        let lines = self.lines(usize::from(Sheet::columns(area, WIDEST)));
        let title = format!("{} ({} at most): Esc closes", self.rule.id, self.rule.severity);
        let inner = self.sheet.frame(area, WIDEST, lines.len(), &title, &mut pen);
        for (y, (line, role)) in (inner.y..inner.bottom()).zip(lines.iter().skip(self.sheet.top())) {
            pen.put(inner.x, y, inner.width, line, pen.style(*role));
        }
    }
}
