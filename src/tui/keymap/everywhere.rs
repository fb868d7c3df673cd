//! Keys that work nearly everywhere.

use super::{Action, Binding, Context, OUTPUT, Place, Tables, row};
use crate::tui::chord::{ch, ctrl, key};
use crossterm::event::KeyCode;

pub(super) const EVERYWHERE: Place =
    Place { context: Context::Everywhere, name: "everywhere", own: ALL, common: &[] };

/// Where letters are keys and nothing has to be closed first.
pub(super) const ALL: Tables = &[KEYS, PANE, QUIT];

/// The same where no pane is: over the tabs, and in that of the output itself.
pub(super) const BESIDE: Tables = &[KEYS, QUIT];

/// Without the end.
pub(super) const KEYS: &[Binding] = &[
    row(Action::Palette, &[ch(':')], "everything that can be done here, by name").hint("commands"),
    row(Action::Help, &[ch('?'), key(KeyCode::F(1))], "these keys").hint("help"),
    row(Action::Tab(0), &[ch('1')], "the tab of traces"),
    row(Action::Tab(1), &[ch('2')], "the tab of findings"),
    row(Action::Tab(2), &[ch('3')], "the tab of services: calls, operations, scopes"),
    row(Action::Tab(3), &[ch('4')], "the tab of logs: what was logged, and in which span"),
    row(Action::Tab(4), &[ch('5')], "the tab of the receiver: who sends, what was refused"),
    row(Action::Tab(OUTPUT), &[ch('6')], "the tab of the command's output (`otoscope run`)"),
    row(Action::Restart, &[ctrl('r')], "start the command of `otoscope run` again"),
    row(Action::Redraw, &[ctrl('l')], "draw everything anew"),
    row(Action::Suspend, &[ctrl('z')], "back to the shell; `fg` returns"),
];

const PANE: &[Binding] =
    &[row(Action::OutputPane, &[ch('!')], "the command's last lines below any tab, or not")];

/// The end.
const QUIT: &[Binding] = &[row(Action::Quit, &[ch('q'), ctrl('c')], "quit").hint("quit")];

/// The end, where letters are text or close something.
pub(super) const QUIT_BY_CONTROL: &[Binding] =
    &[row(Action::Quit, &[ctrl('c')], "quit").hint("quit").fixed()];
