//! The wire: OTLP protobuf bytes in and out.
//!
//! Bytes are never decoded on the way in: [`walk()`] passes over a request once and notes one fixed record a
//! span, [`walk_logs()`] one a log record. [`decode`] reads a single span, log record, resource or scope when it is to be shown. [`encode`] writes protobuf
//! for the readers of other formats. [`walk_json`] reads OTLP/JSON, leniently; [`to_json`] writes it. [`retrace()`]
//! moves spans to other traces, [`retain()`] leaves spans out, [`shift()`] moves them in time, [`Redactor`] masks what is secret, [`peek`] looks into a
//! span in place, [`glimpse`] finds its links and events. Knows [`model`](crate::model) only: no store, no socket, no clock.

mod called;
pub mod count;
pub mod decode;
pub mod encode;
pub mod glimpse;
mod json;
mod mend;
pub mod peek;
mod redact;
mod retain;
mod retrace;
mod secret_fields;
mod secret_keys;
mod secrets;
mod shift;
mod signal;
mod signs;
mod walk;
mod walk_logs;
mod wire;

pub use json::{JsonError, Loss, logs_to_json, pretty, to_json, walk_json};
pub(crate) use json::{Reading, first_keys, items, members, read_document, tree};
pub use mend::mend;
pub use redact::Redactor;
pub use retain::{retain, retain_logs};
pub use retrace::{Move, Plan, retrace, retrace_logs};
pub use shift::{shift, shift_logs};
pub use signal::{Signal, signal};
pub(crate) use signs::is_secret;
pub use walk::{Malformed, walk};
pub use walk_logs::walk_logs;
