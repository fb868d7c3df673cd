//! Keys of the list of traces.

use super::moving::MOVING;
use super::shared::{CLEAR, COMPARE, COPY, FOLLOW, LIVE, ORDER, PANES, SAVE, SIZES, UNMERGE};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const TRACES: Place = Place {
    context: Context::Traces,
    name: "traces",
    own: &[TRACE, LIVE, LIST, PANES, ORDER, SIZES, COPY, SAVE, MOVING],
    common: everywhere::ALL,
};

const TRACE: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "open the trace").hint("open"),
    row(Action::Filter, &[ch('/')], "list only the traces that match").hint("filter"),
    UNMERGE,
    row(Action::NextFinding, &[ch('w')], "the next trace with a finding").hint("next finding"),
    row(Action::PreviousFinding, &[ch('W')], "the previous trace with a finding"),
    row(Action::NextError, &[ch('e')], "the next trace with an error").hint("next error"),
    row(Action::PreviousError, &[ch('E')], "the previous trace with an error"),
    COMPARE,
    FOLLOW,
];

const LIST: &[Binding] = &[
    row(Action::Back, &[key(KeyCode::Esc)], "list all traces again"),
    row(Action::Pin, &[ch('p')], "pin: neither evicted nor cleared; or no longer").hint("pin"),
    row(Action::Mark, &[ch('v')], "mark a trace, or take its mark off").hint("mark"),
    row(Action::MarkAll, &[ch('V')], "mark every trace that is listed, or none"),
    row(Action::Delete, &[ch('D'), key(KeyCode::Delete)], "delete the marked traces, else the selected one"),
    CLEAR,
];
