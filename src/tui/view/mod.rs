//! Screens: one file each. A view is a function of the session and of its own small state; drawing changes nothing
//! but where it is scrolled to.

pub mod detail;
pub mod empty;
pub mod findings;
pub mod footer;
pub mod header;
pub mod help;
pub mod list;
pub mod nodes;
pub mod receiver;
pub mod row;
pub mod strip;
pub mod traces;
pub mod tree;

use super::keymap::{Action, Context};
use super::status::{Status, Traffic};
use super::theme::{Look, Role};
use crate::diagnosis::Severity;
use crate::model::{SpanId, TraceId};
use crate::session::Session;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What a view may read.
#[derive(Clone, Copy, Debug)]
pub struct Cx<'a> {
    /// What is held and what is wrong with it.
    pub session: &'a Session,
    /// The world outside.
    pub status: &'a Status,
    /// Who sent what.
    pub traffic: &'a Traffic,
    /// How it looks.
    pub look: Look,
}

/// A span to show, or a whole trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: Option<SpanId>,
}

/// What came of an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing: it means nothing here.
    Ignored,
    /// It was done.
    Done,
    /// It was done, or could not be, and this says how.
    Notice(String),
    /// Something is to be shown in another tab.
    GoTo(Target),
    /// The view is left.
    Leave,
}

/// What the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mouse {
    /// The left button was pressed.
    Click(Position),
    /// The wheel was turned up.
    WheelUp(Position),
    /// The wheel was turned down.
    WheelDown(Position),
}

impl Mouse {
    /// Where.
    pub fn position(self) -> Position {
        match self {
            Self::Click(at) | Self::WheelUp(at) | Self::WheelDown(at) => at,
        }
    }
}

/// A screen: what a tab or an overlay shows.
pub trait Screen: std::fmt::Debug {
    /// Which keys work now.
    fn context(&self) -> Context;

    /// Does what a key says.
    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome;

    /// Does what the mouse says.
    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome;

    /// Brings what it remembers in line with what is held now: `touched` says whether any key was pressed yet. Answers
    /// with a sentence where something that was selected has gone.
    fn reconcile(&mut self, touched: bool, cx: &Cx<'_>) -> Option<String>;

    /// Draws it.
    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>);

    /// Shows a span; only the tab of traces can.
    fn go_to(&mut self, _target: Target, _cx: &Cx<'_>) {}
}

/// The sign and the role of a severity.
pub fn sign(severity: Severity, look: Look) -> (&'static str, Role) {
    match severity {
        Severity::Error => (look.symbols.error, Role::Error),
        Severity::Warning => (look.symbols.warning, Role::Warning),
        Severity::Info => (look.symbols.info, Role::Info),
    }
}

/// The first digits of an id, as many as tell it from others at a glance.
pub fn short_id(id: impl std::fmt::Display, look: Look) -> String {
    let id = id.to_string();
    format!("{}{}", id.get(..6).unwrap_or(&id), look.symbols.ellipsis)
}
