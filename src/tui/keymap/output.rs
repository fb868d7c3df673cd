//! Keys of the tab of the command's output, and while keys go to the command.

use super::moving::MOVING;
use super::shared::BACK;
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, ctrl, key};
use crossterm::event::KeyCode;

pub(super) const OUTPUT_TAB: Place =
    Place { context: Context::Output, name: "output", own: &[COMMAND, MOVING], common: everywhere::BESIDE };

/// Every other key is the command's.
pub(super) const TYPING: Place =
    Place { context: Context::Typing, name: "typing", own: &[STOP], common: &[] };

const COMMAND: &[Binding] = &[
    BACK,
    row(Action::Type, &[key(KeyCode::Enter), ch('i')], "type into the command: every key goes there")
        .hint("type into it"),
    row(Action::Restart, &[ctrl('r')], "start the command of `otoscope run` again").hint("restart"),
];

// Terminals send the same for Ctrl-5, which is easier to find on some keyboards.
const STOP: &[Binding] =
    &[row(Action::StopTyping, &[ctrl(']'), ctrl('5')], "no longer type into the command")
        .hint("stop typing")];
