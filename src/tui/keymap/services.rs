//! Keys of the tab of services.

use super::moving::MOVING;
use super::shared::{BACK, COPY, ORDER, PANES};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const SERVICES: Place = Place {
    context: Context::Services,
    name: "services",
    own: &[ROWS, PANES, ORDER, ERROR, COPY, MOVING],
    common: everywhere::ALL,
};

const ROWS: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "open what is selected: its traces or its parts").hint("open"),
    row(Action::Filter, &[ch('/')], "list only the traces with what is selected").hint("its traces"),
    BACK,
];

const ERROR: &[Binding] =
    &[row(Action::ShowError, &[ch('e')], "the latest span of the operation that failed")
        .hint("latest error")];
