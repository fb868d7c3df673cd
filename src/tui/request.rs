//! What a view wants changed: views only read, so it is asked for, and the event loop does it.

use super::clipboard;
use crate::child::{Order, Told};
use crate::session::Session;
use std::fmt;
use std::task::{Context, Poll};

/// What is said where there is no command.
pub(super) const NO_COMMAND: &str = "there is no command here: `otoscope run -- CMD` starts one";

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
    /// Something is wanted of the command of `otoscope run`.
    Command(Order),
}

/// What only whoever started the screen can do: the world outside of the session.
pub trait Outside: fmt::Debug {
    /// Puts a text on the clipboard; where that cannot be, a sentence.
    fn copy(&mut self, text: &str) -> Result<(), String> {
        clipboard::copy(text)
    }

    /// Does what is wanted of the command; where that cannot be, a sentence.
    fn order(&mut self, _order: Order) -> Result<(), String> {
        Err(NO_COMMAND.to_owned())
    }

    /// What is told of the command next.
    fn poll_told(&mut self, _cx: &mut Context<'_>) -> Poll<Told> {
        Poll::Pending
    }
}

/// A screen over a session, and nothing else to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Outside for Nobody {}

/// Does what was asked. Answers with a sentence for the user, where there is anything to say.
pub(super) fn perform(request: Request, _session: &mut Session, outside: &mut dyn Outside) -> Option<String> {
    Some(match request {
        Request::Copy { text, what } => match outside.copy(&text) {
            Ok(()) => format!("copied: {what}"),
            Err(why) => format!("not copied: {why}"),
        },
        Request::Command(order) => {
            let again = order == Order::Restart;
            match outside.order(order) {
                Ok(()) if again => "the command is started again".to_owned(),
                Ok(()) => return None,
                Err(why) => why,
            }
        }
    })
}
