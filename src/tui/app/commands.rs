//! What `:` offers: all that can be done here, by name.

use super::{App, TABS};
use crate::session::Session;
use crate::tui::keymap::{Action, Context};
use crate::tui::keys::{self, Row};
use crate::tui::palette;
use crate::tui::status::Status;
use crate::tui::text;
use crate::tui::view::menu::{Choice, Menu};
use crate::tui::view::{Cx, Outcome};
use ratatui::layout::Position;

/// How many columns what a menu is about takes.
const SUBJECT: usize = 40;

/// What an action is found by besides its line of help: its name in the configuration, and what others call it.
fn names(action: Action) -> String {
    let name = keys::name(action);
    match action {
        Action::Quit => format!("{name} q exit"),
        Action::Help => format!("{name} keys"),
        Action::Save => format!("{name} export download write"),
        Action::Tab(at) => match TABS.get(at) {
            Some(tab) => format!("{name} {}", tab.title.to_lowercase()),
            None => format!("{name} output"),
        },
        _ => name,
    }
}

impl App {
    /// What was done by name before, then what the view can do, then what works everywhere, with the keys that do it at
    /// once; moving, which everybody does by keys, what the tree of a trace can do, where that is one key away, and the
    /// colours to choose from come last.
    pub(super) fn commands(&self) -> Menu {
        let (context, keys, symbols) = (self.context(), &self.shown.keys, self.shown.look.symbols);
        let mut rows: Vec<&Row> =
            keys.here(context).filter(|row| row.binding.action != Action::Palette).collect();
        let recency = |action| self.recent.iter().position(|recent| *recent == action);
        rows.sort_by_key(|row| {
            let action = row.binding.action;
            (action.moves(), recency(action).unwrap_or(usize::MAX))
        });
        let act = rows.iter().map(|row| {
            let action = Outcome::Named(row.binding.action);
            Choice::new(row.binding.help, row.names(symbols), action).named(names(row.binding.action))
        });
        // What is done to a trace is found from the list, too: its tree is opened for it.
        let trees: &[Row] = if context == Context::Traces { keys.own(Context::Tree) } else { &[] };
        let further = |row: &&Row| {
            let action = row.binding.action;
            !action.moves() && rows.iter().all(|here| here.binding.action != action)
        };
        let within = trees.iter().filter(further).map(|row| {
            let label = format!("in the trace: {}", row.binding.help);
            let action = Outcome::Within(row.binding.action);
            Choice::new(label, row.names(symbols), action).named(names(row.binding.action))
        });
        let paint = palette::built_in().iter().map(|palette| {
            let label = format!("colours: {}", palette.name);
            let paint = Outcome::Paint(palette);
            Choice::new(label, palette.summary.as_str(), paint).named("theme colors".to_owned())
        });
        Menu::new("Commands", act.chain(within).chain(paint).collect())
    }

    /// Whether something would do anything now, as far as that is known before it is done.
    pub(super) fn has_effect(&self, action: Action, cx: &Cx<'_>) -> bool {
        let replayed = cx.status.playback.is_some();
        match action {
            Action::Follow | Action::Hold | Action::TakeBaseline => cx.goes_on(),
            Action::Step => replayed && cx.goes_on(),
            Action::DropBaseline => cx.since.is_some(),
            action if self.shown.keys.own(self.context()).iter().any(|row| row.binding.action == action) => {
                self.top().has_effect(action, cx)
            }
            _ => true,
        }
    }

    /// Offers, at the pointer, what the view's own keys do to what is there: always in the order of their table. What
    /// moves, arranges panes or holds all that arrives is about no place.
    pub(super) fn point(&mut self, at: Position, session: &Session, status: &Status) {
        let (keys, symbols) = (&self.shown.keys, self.shown.look.symbols);
        let cx = self.shown.cx(&self.traffic, session, status);
        let wanted = |row: &&Row| {
            let action = row.binding.action;
            let elsewhere = action.arranges_panes() || matches!(action, Action::Hold | Action::Step);
            !action.moves() && !elsewhere && self.has_effect(action, &cx)
        };
        let rows = keys.own(self.context()).iter().filter(wanted);
        let choice = |row: &Row| {
            let action = Outcome::Act(row.binding.action);
            Choice::new(row.binding.help, row.names(symbols), action).named(names(row.binding.action))
        };
        let mut choices: Vec<Choice> = rows.map(choice).collect();
        if choices.is_empty() {
            self.overlays.push(Box::new(self.commands()));
            return;
        }
        let all = keys.name_of(Action::Palette, symbols);
        choices.push(Choice::new("everything that can be done, by name", all, Outcome::Act(Action::Palette)));
        // It need not be below the pointer: where nothing is, it is still about what is selected.
        let subject = self.top().subject(&cx);
        let subject = subject.map(|words| text::fit(&words, SUBJECT, symbols.ellipsis).into_owned());
        let title = subject.unwrap_or_else(|| "Here".to_owned());
        self.overlays.push(Box::new(Menu::new(title, choices).at(at)));
    }
}
