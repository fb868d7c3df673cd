//! Keys of texts that lie over a tab: `q` closes them, as it does in a pager.

use super::everywhere::{KEYS, QUIT_BY_CONTROL};
use super::moving::MOVING;
use super::shared::{EXPLAIN, RAW};
use super::{Action, Binding, Context, Place, row};
use crate::tui::chord::{ch, key};
use crossterm::event::KeyCode;

pub(super) const EXPLAINED: Place = Place {
    context: Context::Explain,
    name: "explanation",
    own: &[CLOSE, &[EXPLAIN], MOVING],
    common: &[KEYS, QUIT_BY_CONTROL],
};

/// A value that is too long for its place, a span as OTLP/JSON.
pub(super) const PAGE: Place = Place {
    context: Context::Page,
    name: "text",
    own: &[CLOSE, &[RAW], COPY, MOVING],
    common: &[KEYS, QUIT_BY_CONTROL],
};

pub(super) const HELP: Place = Place {
    context: Context::Help,
    name: "help",
    own: &[CLOSE, FIND, MOVING],
    common: &[KEYS, QUIT_BY_CONTROL],
};

const CLOSE: &[Binding] = &[row(Action::Back, &[key(KeyCode::Esc), ch('q')], "close it").hint("close")];

const COPY: &[Binding] = &[row(Action::Copy, &[ch('y'), ch('Y')], "copy all of it").hint("copy")];

const FIND: &[Binding] =
    &[row(Action::Filter, &[ch('/')], "show only the keys with these words").hint("find")];
