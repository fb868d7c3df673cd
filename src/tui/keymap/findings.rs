//! Keys of the tab of findings.

use super::moving::{BRANCHES, MOVING};
use super::shared::{BACK, CLEAR, COPY, EXPLAIN, SAVE};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const FINDINGS: Place = Place {
    context: Context::Findings,
    name: "findings",
    own: &[SPANS, BRANCHES, FINDING, COPY, SAVE, MOVING],
    common: everywhere::ALL,
};

const SPANS: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "unfold, or go to the spans of the finding").hint("open"),
    BACK,
];

const FINDING: &[Binding] = &[
    EXPLAIN,
    row(Action::Accept, &[ch('a')], "accept: for a service, a span name or everywhere").hint("accept"),
    row(Action::TakeBaseline, &[ch('b')], "take a baseline: what is new, still there and gone")
        .hint("baseline"),
    row(Action::DropBaseline, &[ch('B')], "drop the baseline"),
    CLEAR,
];
