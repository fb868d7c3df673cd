//! What a view wants changed: views only read, so it is asked for, and the event loop does it.

use super::clipboard;
use crate::session::Session;
use std::fmt;

/// Something to be done outside of the view that wants it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Puts a text on the clipboard. The words say what it is.
    Copy {
        /// What is copied.
        text: String,
        /// What it is, for the notice: `trace id`.
        what: String,
    },
}

/// What only whoever started the screen can do: the world outside of the session.
pub trait Outside: fmt::Debug {
    /// Puts a text on the clipboard; where that cannot be, a sentence.
    fn copy(&mut self, text: &str) -> Result<(), String> {
        clipboard::copy(text)
    }
}

/// A screen over a session, and nothing else to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Outside for Nobody {}

/// Does what was asked. Answers with a sentence for the user.
pub(super) fn perform(request: Request, _session: &mut Session, outside: &mut dyn Outside) -> String {
    match request {
        Request::Copy { text, what } => match outside.copy(&text) {
            Ok(()) => format!("copied: {what}"),
            Err(why) => format!("not copied: {why}"),
        },
    }
}
