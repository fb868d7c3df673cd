//! One rule explained in full, over everything else: what, why, how it is found, how to fix it, sources.

use super::Cx;
use super::reading::{Reading, Text};
use crate::diagnosis::Rule;
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, part};

/// How many lines a paragraph is wrapped into.
const MAX_LINES: usize = 100;

/// The explanation of a rule.
#[derive(Debug)]
pub struct Explanation {
    rule: &'static Rule,
    lines: Vec<(String, Role)>,
}

/// That of this rule.
pub fn explain(rule: &'static Rule) -> Reading<Explanation> {
    Reading::new(Explanation { rule, lines: Vec::new() })
}

impl Text for Explanation {
    /// Lines that are longer are hard to read.
    const WIDEST: u16 = 100;
    const CONTEXT: Context = Context::Explain;
    const OPENED_BY: Action = Action::Explain;

    fn title(&self) -> String {
        format!("{} ({} at most): Esc closes", self.rule.id, self.rule.severity)
    }

    fn set(&mut self, columns: usize, _cx: &Cx<'_>) -> usize {
        let rule = self.rule;
        self.lines.clear();
        let mut say = |text: &str, role: Role, indent: &str| {
            let lines = text::wrap(text, columns.saturating_sub(indent.len()), MAX_LINES);
            self.lines.extend(lines.iter().map(|line| (format!("{indent}{line}"), role)));
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
        self.lines.len()
    }

    fn line(&self, at: usize, cx: &Cx<'_>) -> Vec<Part<'_>> {
        self.lines.get(at).map(|(line, role)| part(line.as_str(), role.style(cx))).into_iter().collect()
    }
}
