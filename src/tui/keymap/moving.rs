//! Keys that move over rows.

use super::{Action, Binding, row};
use crate::tui::chord::{ch, ctrl, key};
use crossterm::event::KeyCode;

/// Over lists, trees and texts.
pub(super) const MOVING: &[Binding] = &[
    row(Action::Down, &[ch('j'), key(KeyCode::Down)], "one row down"),
    row(Action::Up, &[ch('k'), key(KeyCode::Up)], "one row up"),
    row(Action::PageDown, &[ctrl('d'), key(KeyCode::PageDown), ctrl('f')], "a screenful down"),
    row(Action::PageUp, &[ctrl('u'), key(KeyCode::PageUp), ctrl('b')], "a screenful up"),
    row(Action::First, &[ch('g'), key(KeyCode::Home)], "the first row"),
    row(Action::Last, &[ch('G'), key(KeyCode::End)], "the last row; where spans arrive, follow them"),
];

/// Over rows with others below them.
pub(super) const BRANCHES: &[Binding] = &[
    row(Action::Fold, &[ch('h'), key(KeyCode::Left)], "fold; on a folded row, go to its parent").hint("fold"),
    row(Action::Unfold, &[ch('l'), key(KeyCode::Right)], "unfold").hint("unfold"),
];

/// Over what is offered while text is written.
pub(super) const CHOICES: &[Binding] = &[
    row(Action::Down, &[key(KeyCode::Down), ctrl('n')], "the next choice").fixed(),
    row(Action::Up, &[key(KeyCode::Up), ctrl('p')], "the choice before").fixed(),
];
