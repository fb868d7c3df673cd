//! Keys of the tab of logs: the list of records, and the detail of one.

use super::moving::{BRANCHES, MOVING};
use super::shared::{BACK, COPY, FOLLOW, LIVE, PANES, SIZES};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const LOGS: Place = Place {
    context: Context::Logs,
    name: "logs",
    own: &[SPAN, LIST, LIVE, PANES, RAW, COPY, SIZES, MOVING],
    common: everywhere::ALL,
};

pub(super) const LOG: Place = Place {
    context: Context::Log,
    name: "log record",
    own: &[SPAN, BRANCHES, LIVE, PANES, RAW, COPY, SIZES, MOVING],
    common: everywhere::ALL,
};

const SPAN: &[Binding] =
    &[row(Action::Open, &[key(KeyCode::Enter)], "go to the span in which it was logged").hint("open"), BACK];

const LIST: &[Binding] = &[
    row(Action::Filter, &[ch('/')], "show what fits: words, severity>=warn, service=shop").hint("filter"),
    row(Action::NextError, &[ch('e')], "the next record of an error").hint("next error"),
    row(Action::PreviousError, &[ch('E')], "the previous record of an error"),
    FOLLOW,
];

const RAW: &[Binding] =
    &[row(Action::Raw, &[ch('R')], "the log record as OTLP/JSON, with resource and scope").hint("raw")];
