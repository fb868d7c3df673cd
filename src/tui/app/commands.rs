//! What `:` offers: all that can be done here, by name.

use super::{App, TABS};
use crate::tui::keymap::Action;
use crate::tui::keys::{self, Row};
use crate::tui::palette;
use crate::tui::view::Outcome;
use crate::tui::view::menu::{Choice, Menu};

/// What an action is found by besides its line of help: its name in the configuration, and what others call it.
fn names(action: Action) -> String {
    let name = keys::name(action);
    match action {
        Action::Quit => format!("{name} q exit"),
        Action::Help => format!("{name} keys"),
        Action::Tab(at) => match TABS.get(at) {
            Some(tab) => format!("{name} {}", tab.title.to_lowercase()),
            None => format!("{name} output"),
        },
        _ => name,
    }
}

impl App {
    /// What was done by name before, then what the view can do, then what works everywhere, with the keys that do it at
    /// once; moving, which everybody does by keys, and the colours to choose from come last.
    pub(super) fn commands(&self) -> Menu {
        let (context, keys, symbols) = (self.context(), &self.shown.keys, self.shown.look.symbols);
        let mut rows: Vec<&Row> =
            keys.here(context).filter(|row| row.binding.action != Action::Palette).collect();
        let recency = |action| self.recent.iter().position(|recent| *recent == action);
        rows.sort_by_key(|row| {
            let action = row.binding.action;
            (action.moves(), recency(action).unwrap_or(usize::MAX))
        });
        let act = rows.into_iter().map(|row| {
            let action = Outcome::Act(row.binding.action);
            Choice::new(row.binding.help, row.names(symbols), action).named(names(row.binding.action))
        });
        let paint = palette::built_in().iter().map(|palette| {
            let label = format!("colours: {}", palette.name);
            let paint = Outcome::Paint(palette);
            Choice::new(label, palette.summary.as_str(), paint).named("theme colors".to_owned())
        });
        Menu::new("Commands", act.chain(paint).collect())
    }
}
