//! Keys that several views share.

use super::{Action, Binding, row};
use crate::tui::chord::{ch, ctrl, key};
use crossterm::event::KeyCode;

/// Where one trace, or a span of it, is selected.
pub(super) const UNMERGE: Binding =
    row(Action::Unmerge, &[ch('u')], "un-merge a trace, or show it as recorded").hint("un-merge/as recorded");

/// The rule behind a finding.
pub(super) const EXPLAIN: Binding =
    row(Action::Explain, &[ch('x')], "explain the rule: what, why, how found, how to fix").hint("explain");

/// To where one came from.
pub(super) const BACK: Binding = row(Action::Back, &[key(KeyCode::Esc)], "back").hint("back");

/// What the user does not want to see any more.
pub(super) const CLEAR: Binding =
    row(Action::Clear, &[ctrl('x')], "clear: delete what is not pinned, and all findings");

/// The newest row.
pub(super) const FOLLOW: Binding = row(Action::Follow, &[ch('f')], "follow the newest row").hint("follow");

/// Two traces or requests.
pub(super) const COMPARE: Binding =
    row(Action::Compare, &[ch('C')], "compare: the two marked, or keep one, then another");

/// A span as it was sent.
pub(super) const RAW: Binding =
    row(Action::Raw, &[ch('R')], "the span as OTLP/JSON, with resource and scope").hint("raw");

/// Where things arrive.
pub(super) const LIVE: &[Binding] = &[
    row(Action::Hold, &[ch(' ')], "hold all as it is, or go on; in a replay, pause").hint("hold/resume"),
    row(Action::Step, &[ch('.')], "in a replay, the next batch, and then a pause"),
];

/// From pane to pane.
pub(super) const PANES: &[Binding] = &[
    row(Action::NextPane, &[key(KeyCode::Tab)], "the next pane").hint("pane"),
    row(Action::PreviousPane, &[key(KeyCode::BackTab)], "the previous pane"),
];

/// How large panes are.
pub(super) const SIZES: &[Binding] = &[
    row(Action::Grow, &[ch('+'), ch('=')], "a larger detail pane"),
    row(Action::Shrink, &[ch('-')], "a smaller detail pane"),
];

/// In which order rows stand.
pub(super) const ORDER: &[Binding] = &[
    row(Action::Sort, &[ch('s')], "sort by the next column").hint("sort"),
    row(Action::InvertSort, &[ch('i'), ch('S')], "turn the order around"),
];

/// To the clipboard.
pub(super) const COPY: &[Binding] = &[
    row(Action::Copy, &[ch('y')], "copy: a list of what can be copied here").hint("copy"),
    row(Action::CopyNow, &[ch('Y')], "copy what is under the cursor at once"),
];

/// To a file.
pub(super) const SAVE: &[Binding] =
    &[row(Action::Save, &[ctrl('s')], "save spans to a file: a list of what can be saved")];
