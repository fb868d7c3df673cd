//! What telemetry is: ids, kinds, flags, the fixed record of a span, log records, facts, batches, decoded spans.
//!
//! Knows the OpenTelemetry data model and nothing else: no wire format, no store, no screen, no clock.
//! Every other room may use this one; this one uses none of them.

mod batch;
mod day;
mod facts;
mod hash;
mod id;
mod key;
mod log;
mod peer;
pub mod semconv;
pub mod share;
mod span;
pub mod time;
mod value;

pub use batch::{Batch, ByteRange, Form, Origin, Rejection, Source, Unshown};
pub use day::Day;
pub use facts::{Facts, MAX_PATH_HASHES, MessagingOperation, Method};
pub use hash::{hash32, hash64};
pub use id::{ParseIdError, SpanId, TraceId};
pub use key::{Key, KeySet};
pub use log::{Log, LogRecord, Logs, SeverityNumber, SeverityRange};
pub use peer::{Peer, PeerSort};
pub use span::{NO_FACTS, ParentLocality, SpanFlags, SpanKind, SpanRecord, StatusCode};
pub use value::{Attributes, Event, Link, Resource, Scope, Span, Value};
