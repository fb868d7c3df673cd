//! Keys of the tree of a trace, drawn as an icicle: it moves in two directions, and has no rows.

use super::shared::{COPY, LIVE, PANES, SAVE, SIZES};
use super::tree::{SEARCH, SPAN, SPAN_AS_SENT, TIME};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, ctrl, key};
use crossterm::event::KeyCode;

pub(super) const ICICLE: Place = Place {
    context: Context::Icicle,
    name: "icicle",
    own: &[SPAN, SEARCH, LIVE, PANES, SPAN_AS_SENT, COPY, SAVE, TIME, SIZES, MOVING],
    common: everywhere::ALL,
};

const MOVING: &[Binding] = &[
    row(Action::Fold, &[ch('h'), key(KeyCode::Left)], "the span before at this depth that has room"),
    row(Action::Unfold, &[ch('l'), key(KeyCode::Right)], "the next span at this depth that has room"),
    row(Action::Down, &[ch('j'), key(KeyCode::Down)], "deeper: the first span under this one"),
    row(Action::Up, &[ch('k'), key(KeyCode::Up)], "up: the parent"),
    row(Action::PageDown, &[ctrl('d'), key(KeyCode::PageDown), ctrl('f')], "deeper by five"),
    row(Action::PageUp, &[ctrl('u'), key(KeyCode::PageUp), ctrl('b')], "up by five"),
    row(Action::First, &[ch('g'), key(KeyCode::Home)], "the first span under the same parent"),
    row(Action::Last, &[ch('G'), key(KeyCode::End)], "the last span under the same parent"),
];
