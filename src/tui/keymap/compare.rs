//! Keys of two traces side by side.

use super::moving::{BRANCHES, MOVING};
use super::shared::BACK;
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const COMPARE: Place = Place {
    context: Context::Compare,
    name: "comparison",
    own: &[SPAN, BRANCHES, DIFFERENCES, MOVING],
    common: everywhere::BESIDE,
};

const SPAN: &[Binding] =
    &[row(Action::Open, &[key(KeyCode::Enter)], "go to the span of this side").hint("open"), BACK];

const DIFFERENCES: &[Binding] = &[
    row(Action::NextDifference, &[ch('w')], "the next difference").hint("next difference"),
    row(Action::PreviousDifference, &[ch('W')], "the difference before"),
    row(Action::NextPane, &[key(KeyCode::Tab)], "the other side").hint("other side"),
];
