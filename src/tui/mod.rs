//! Pixels: the event loop, keys, looks, and one file a screen.
//!
//! [`App`] is the whole screen without a terminal: keys go in, a buffer comes out. [`run`] gives it a terminal and
//! feeds it. Knows [`model`](crate::model), [`store`](crate::store), [`diagnosis`](crate::diagnosis) and
//! [`session`](crate::session), and only reads them; batches come from [`intake`](crate::intake). Knows no socket and no
//! file.

pub mod app;
mod chord;
mod clipboard;
pub mod keymap;
pub mod keys;
pub mod output;
pub mod palette;
mod remembered;
mod request;
mod run;
mod signals;
pub mod status;
mod terminal;
pub mod text;
pub mod theme;
mod typed;
pub mod view;
pub mod widget;

pub use app::{App, Flow, THEME, output_size};
pub use clipboard::copy as copy_by_terminal;
pub use output::{Output, ending};
pub use remembered::Remembered;
pub use request::{NO_COMMAND, NO_REPLAY, Outside, Refused, Replay, Request, Save, Saved};
pub use run::{Left, Options, run, work_beside};
pub use status::{Feed, Playback, Read, Status};
pub use theme::Look;
