//! Keys of the tree of a trace.

use super::moving::{BRANCHES, MOVING};
use super::shared::{BACK, CLEAR, COMPARE, COPY, EXPLAIN, FOLLOW, LIVE, PANES, RAW, SAVE, SIZES, UNMERGE};
use super::{Action, Binding, Context, Place, everywhere, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const TREE: Place = Place {
    context: Context::Tree,
    name: "tree",
    own: &[SPAN, SEARCH, BRANCHES, LIVE, PANES, SPAN_AS_SENT, COPY, SAVE, ROWS, TIME, SIZES, MOVING],
    common: everywhere::ALL,
};

/// What is done with the selected span, also in an icicle.
pub(super) const SPAN: &[Binding] = &[
    row(Action::Open, &[key(KeyCode::Enter)], "open the span; on a row of many, unfold it").hint("open"),
    BACK,
    row(Action::Search, &[ch('/')], "search").hint("search"),
    UNMERGE,
];

/// How others are found, also in an icicle.
pub(super) const SEARCH: &[Binding] = &[
    EXPLAIN,
    row(Action::NextFinding, &[ch('w')], "the next row with a finding").hint("next finding"),
    row(Action::PreviousFinding, &[ch('W')], "the previous row with a finding"),
    row(Action::NextError, &[ch('e')], "the next row with an error").hint("next error"),
    row(Action::PreviousError, &[ch('E')], "the previous row with an error"),
    row(Action::NextMatch, &[ch('n')], "the next match of the search"),
    row(Action::PreviousMatch, &[ch('N')], "the match before"),
    row(Action::Icicle, &[ch('t')], "as an icicle, and as a waterfall again").hint("waterfall/icicle"),
    row(Action::NextLink, &[ch('o')], "go to the span that this one links to"),
    row(Action::BackLink, &[ch('O')], "go to the span that links to this one"),
    COMPARE,
];

/// Also in an icicle.
pub(super) const SPAN_AS_SENT: &[Binding] = &[RAW];

/// An icicle has no rows.
const ROWS: &[Binding] = &[
    FOLLOW,
    row(Action::HideRest, &[ch('&')], "hide what does not match the search, or show it"),
    row(Action::FoldLevel, &[ch('[')], "fold one level more, everywhere"),
    row(Action::UnfoldLevel, &[ch(']')], "unfold one level more, everywhere"),
    row(Action::FoldAll, &[ch('{')], "fold everything"),
    row(Action::UnfoldAll, &[ch('}')], "unfold everything"),
    row(Action::Repeats, &[ch('r')], "repeated spans one by one, or in one row"),
    row(Action::CriticalPath, &[ch('c')], "mark the critical path: what determined the end"),
];

/// What part of the time is shown, also in an icicle.
pub(super) const TIME: &[Binding] = &[
    row(Action::ZoomToSpan, &[ch('z')], "zoom to the time of the span"),
    row(Action::ZoomOut, &[ch('Z')], "show all of the time again"),
    row(Action::ZoomCloser, &[ch('>')], "zoom in around the span; or drag over the bars"),
    row(Action::ZoomWider, &[ch('<')], "zoom out"),
    row(Action::PanLeft, &[ch('H')], "earlier, when zoomed"),
    row(Action::PanRight, &[ch('L')], "later, when zoomed"),
    CLEAR,
];
