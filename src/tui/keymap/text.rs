//! Keys where letters are text: what is written there is no key, and these stay where they are.

use super::everywhere::QUIT_BY_CONTROL;
use super::moving::CHOICES;
use super::{Action, Binding, Context, Place, Tables, row};
use crate::tui::chord::{ctrl, key};
use crossterm::event::KeyCode;

/// A list to choose from: commands, what to copy, what to save.
pub(super) const MENU: Place =
    Place { context: Context::Menu, name: "menus", own: &[CHOOSE, CHOICES, PAGES], common: ENDS };

/// A line of text: a search, a filter, a file's name.
pub(super) const PROMPT: Place =
    Place { context: Context::Prompt, name: "line of text", own: &[ENTER, CHOICES], common: ENDS };

const ENDS: Tables = &[QUIT_BY_CONTROL, SUSPEND];

const SUSPEND: &[Binding] = &[row(Action::Suspend, &[ctrl('z')], "back to the shell; `fg` returns").fixed()];

const CHOOSE: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "do what is selected").hint("do it").fixed(),
    row(Action::Back, &[key(KeyCode::Esc)], "back").hint("back").fixed(),
];

const PAGES: &[Binding] = &[
    row(Action::PageDown, &[key(KeyCode::PageDown)], "many choices down").fixed(),
    row(Action::PageUp, &[key(KeyCode::PageUp)], "many choices up").fixed(),
    row(Action::First, &[key(KeyCode::Home)], "the first choice").fixed(),
    row(Action::Last, &[key(KeyCode::End)], "the last choice").fixed(),
];

const ENTER: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "take the line, or what is selected").hint("take it").fixed(),
    row(Action::Back, &[key(KeyCode::Esc)], "leave all as it was").hint("back").fixed(),
    row(Action::NextPane, &[key(KeyCode::Tab)], "complete it").hint("complete").fixed(),
];
