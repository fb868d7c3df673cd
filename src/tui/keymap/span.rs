//! Keys of the detail of a span.

use super::moving::{BRANCHES, MOVING};
use super::shared::{BACK, CLEAR, COPY, EXPLAIN, LIVE, PANES, RAW, SAVE, SIZES, UNMERGE};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::key;
use crossterm::event::KeyCode;

pub(super) const DETAIL: Place = Place {
    context: Context::Detail,
    name: "span",
    own: &[KEYS, BRANCHES, FINDING, LIVE, PANES, SPAN, COPY, SAVE, SIZES, MOVING],
    common: everywhere::ALL,
};

const KEYS: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "unfold, show a long value, or go to a link's span")
        .hint("open"),
    BACK,
    UNMERGE,
];

const FINDING: &[Binding] = &[EXPLAIN];

const SPAN: &[Binding] = &[RAW, CLEAR];
