//! What a view wants changed: views only read, so it is asked for, and the event loop does it.

use super::clipboard;
use super::text;
use crate::model::TraceId;
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
    /// Keeps a trace from being evicted and cleared, or no longer.
    Pin {
        /// The trace.
        trace: TraceId,
        /// Whether it is to be kept.
        pinned: bool,
    },
    /// Deletes traces, pinned ones too.
    Delete(Vec<TraceId>),
    /// Deletes every trace that is not pinned, and what was found.
    Clear,
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
pub(super) fn perform(request: Request, session: &mut Session, outside: &mut dyn Outside) -> String {
    match request {
        Request::Copy { text, what } => match outside.copy(&text) {
            Ok(()) => format!("copied: {what}"),
            Err(why) => format!("not copied: {why}"),
        },
        Request::Pin { trace, pinned } => match (session.pin(trace, pinned), pinned) {
            (true, true) => "pinned: it is neither evicted nor cleared".to_owned(),
            (true, false) => "no longer pinned".to_owned(),
            (false, _) => "the trace has gone".to_owned(),
        },
        Request::Delete(traces) => {
            let words = format!("{} deleted", text::plural(traces.len() as u64, "trace"));
            session.delete(traces);
            words
        }
        Request::Clear => {
            let cleared = session.clear();
            let pinned = session.store.pinned().len() as u64;
            let kept = if pinned > 0 { format!("; {pinned} pinned kept") } else { String::new() };
            format!("{} cleared{kept}", text::plural(cleared, "trace"))
        }
    }
}
