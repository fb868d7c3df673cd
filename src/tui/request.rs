//! What a view wants changed: views only read, so it is asked for, and the event loop does it.

use super::clipboard;
use super::text;
use super::view::menu::{Choice, Menu};
use super::view::{Outcome, Screen, copy};
use crate::child::{Order, Told};
use crate::diagnosis::Suppression;
use crate::model::{SpanId, TraceId};
use crate::session::Session;
use crate::store::View;
use std::fmt;
use std::task::{Context, Poll};

/// What is said where there is no command.
pub const NO_COMMAND: &str = "there is no command here: `otoscope run -- CMD` starts one";

/// What is said where nothing is replayed.
pub const NO_REPLAY: &str = "nothing is replayed here: `otoscope --speed 1x FILE` replays a dump";

/// What is wanted of a replay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replay {
    /// It stops, or goes on.
    Hold,
    /// The next batch comes, and then it stops.
    Step,
}

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
    /// Something is wanted of the replay.
    Replay(Replay),
    /// Puts a whole trace on the clipboard.
    CopyTrace(TraceId),
    /// Accepts findings from now on, and writes that down.
    Suppress(Box<Suppression>),
    /// Writes spans to a file.
    Save(Save),
    /// Keeps a trace from being evicted and cleared, or no longer.
    Pin {
        /// The trace.
        trace: TraceId,
        /// Whether it is to be kept.
        pinned: bool,
    },
    /// Deletes traces.
    Delete {
        /// Which.
        traces: Vec<TraceId>,
        /// The same in words: `GET /cart of shop (5 spans)`, `8 traces`.
        what: String,
        /// How many that were meant too are not among them, since they are pinned.
        kept: usize,
    },
    /// Deletes every trace that is not pinned, and what was found.
    Clear,
}

/// Which spans are saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Saved {
    /// Whole traces.
    Traces(Vec<TraceId>),
    /// These spans.
    Spans(Vec<(TraceId, SpanId)>),
    /// A span and all that is below it.
    Below {
        /// Its trace.
        trace: TraceId,
        /// The span.
        span: SpanId,
        /// In which tree.
        view: View,
    },
}

/// Spans on their way to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Save {
    /// Which.
    pub what: Saved,
    /// Every request of a merged trace becomes a trace of its own.
    pub own_traces: bool,
    /// The file.
    pub name: String,
    /// A file of that name is overwritten.
    pub replace: bool,
}

/// Why nothing is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A file of that name is there already.
    Exists,
    /// A sentence.
    Because(String),
}

/// What only whoever started the screen can do: the world outside of the session.
pub trait Outside: fmt::Debug {
    /// Puts a text on the clipboard, and says which one; where that cannot be, a sentence.
    fn copy(&mut self, text: &str) -> Result<String, String> {
        clipboard::copy(text).map(|()| clipboard::NAME.to_owned())
    }

    /// Writes down that findings are accepted, and says where, `file:line`; where that cannot be, a sentence.
    fn suppress(&mut self, _suppression: &Suppression) -> Result<String, String> {
        Err("there is no configuration to write it to".to_owned())
    }

    /// Begins to save spans; what came of it is told later.
    fn save(&mut self, _session: &Session, _save: Save) -> Result<(), Refused> {
        Err(Refused::Because("there is nowhere to save to".to_owned()))
    }

    /// Whether there is more to do of what was begun.
    fn is_busy(&self) -> bool {
        false
    }

    /// Goes on with what was begun, for a millisecond or two.
    fn step(&mut self, _session: &Session) {}

    /// What came of something that took longer, a sentence at a time.
    fn told(&mut self) -> Option<String> {
        None
    }

    /// Does what is wanted of the command; where that cannot be, a sentence.
    fn order(&mut self, _order: Order) -> Result<(), String> {
        Err(NO_COMMAND.to_owned())
    }

    /// Does what is wanted of the replay; where that cannot be, a sentence.
    fn replay(&mut self, _order: Replay) -> Result<(), String> {
        Err(NO_REPLAY.to_owned())
    }

    /// What is told of the command next.
    fn poll_told(&mut self, _cx: &mut Context<'_>) -> Poll<Told> {
        Poll::Pending
    }
}

/// What came of a request.
pub(super) enum Done {
    /// Nothing is to be said.
    Quietly,
    /// A sentence for the user.
    Said(String),
    /// Something is to be decided first.
    Asked(Box<dyn Screen>),
}

/// Does what was asked.
pub(super) fn perform(request: Request, session: &mut Session, outside: &mut dyn Outside) -> Done {
    match request {
        Request::Copy { text, what } => Done::Said(copied(&text, &what, outside)),
        Request::CopyTrace(id) => {
            let store = &session.store;
            let gone = || "it was evicted at the memory limit".to_owned();
            let json = store.find_trace(id).ok_or_else(gone).and_then(|at| copy::trace_json(store, at));
            Done::Said(match json {
                Ok(json) => copied(&json, "trace as OTLP/JSON", outside),
                Err(why) => format!("not copied: {why}"),
            })
        }
        Request::Suppress(suppression) => Done::Said(match outside.suppress(&suppression) {
            Ok(origin) => {
                let words = format!("accepted: written to {origin}; delete those lines to undo it");
                session.suppress(Suppression { origin, ..*suppression });
                words
            }
            Err(why) => format!("not accepted: {why}"),
        }),
        Request::Save(save) => match outside.save(session, save.clone()) {
            Ok(()) => Done::Said(format!("saving to {} …", save.name)),
            Err(Refused::Because(why)) => Done::Said(format!("not saved: {why}")),
            Err(Refused::Exists) => Done::Asked(Box::new(overwrite(save))),
        },
        // The header says how it goes.
        Request::Replay(order) => outside.replay(order).map_or_else(Done::Said, |()| Done::Quietly),
        Request::Command(order) => {
            let again = order == Order::Restart;
            match outside.order(order) {
                Ok(()) if again => Done::Said("it is ended and started again".to_owned()),
                Ok(()) => Done::Quietly,
                Err(why) => Done::Said(why),
            }
        }
        Request::Pin { trace, pinned } => Done::Said(match (session.pin(trace, pinned), pinned) {
            (true, true) => "pinned: it is neither evicted nor cleared".to_owned(),
            (true, false) => "no longer pinned".to_owned(),
            (false, _) => "the trace has gone".to_owned(),
        }),
        Request::Delete { traces, what, kept } => {
            let kept = if kept > 0 { format!("; {kept} pinned kept") } else { String::new() };
            session.delete(traces);
            Done::Said(format!("deleted: {what}{kept}"))
        }
        Request::Clear => {
            let cleared = session.clear();
            let pinned = session.store.pinned().len() as u64;
            let kept = if pinned > 0 { format!("; {pinned} pinned kept") } else { String::new() };
            let what = if cleared > 0 { text::plural(cleared, "trace") } else { "findings".to_owned() };
            Done::Said(format!("{what} cleared{kept}"))
        }
    }
}

fn copied(text: &str, what: &str, outside: &mut dyn Outside) -> String {
    match outside.copy(text) {
        Ok(by) => format!("copied: {what} ({by})"),
        Err(why) => format!("not copied: {why}"),
    }
}

/// A file is overwritten only by who says so: what changes nothing is chosen first.
fn overwrite(save: Save) -> Menu {
    let keep = Outcome::Notice(format!("not saved: {} is kept as it is", save.name));
    let name = save.name.clone();
    let replace = Outcome::Ask(Request::Save(Save { replace: true, ..save }));
    let keep = Choice::new("keep the file that is there", name.clone(), keep);
    Menu::question("A file of that name exists", keep, Choice::new("overwrite it", name, replace))
}
