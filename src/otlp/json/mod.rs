//! OTLP/JSON: one document in, the protobuf bytes of the same request out, walked like any other.
//!
//! Lenient where strict readers lose a whole request for one bad span: a span that cannot be taken is rejected
//! alone, with its path; what is merely odd is taken and remarked upon. Nothing is built in between: what
//! [`pull`] reads is written as protobuf at once, so a document costs one pass and the bytes that it becomes.

mod fields;
mod log;
mod oddity;
mod out;
mod pretty;
pub(crate) mod pull;
mod request;
mod scalar;
mod span;
mod tree;
mod value;
mod write;

use super::walk;
use super::walk_logs::add_logs;
use crate::model::{Batch, Origin, Source};
use bytes::Bytes;
use pull::Syntax;
use std::fmt;

#[cfg(test)]
mod tests;

pub use pretty::pretty;
pub(crate) use tree::{first_keys, items, members, tree};
pub use write::{Loss, logs_to_json, to_json};

/// A body that is not (only) one OTLP/JSON document: what was found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What was found there.
    pub what: &'static str,
}

impl JsonError {
    fn new(body: &[u8], Syntax { at, what }: Syntax) -> Self {
        let before = &body[..at.min(body.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        // Continuation bytes of UTF-8 are no columns of their own.
        let column = before[line_start..].iter().filter(|b| **b & 0xc0 != 0x80).count() + 1;
        Self { line: memchr::memchr_iter(b'\n', before).count() + 1, column, what }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not OTLP/JSON: {} at line {}, column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for JsonError {}

/// Walks one OTLP/JSON document: an `ExportTraceServiceRequest` or `TracesData`. Log records in place of spans, or beside
/// them, are in [`Batch::logs`]; metrics are counted in [`Batch::unshown`].
pub fn walk_json(body: &[u8], source: Source, origin: Origin, arrived_ns: u64) -> Result<Batch, JsonError> {
    let mut reading = read_document(body, source, origin, arrived_ns);
    if reading.broken.is_none() && !pull::Pull::new(&body[reading.end..]).done() {
        reading.broken = Some(JsonError::new(
            body,
            Syntax { at: reading.end, what: "more after the end of the document" },
        ));
    }
    match reading.broken {
        Some(error) => Err(error),
        None => Ok(Batch { size: body.len(), ..reading.batch }),
    }
}

/// What the first document of a text came to.
pub(crate) struct Reading {
    /// What could be read, also before a break.
    pub(crate) batch: Batch,
    /// Where each rejected span of `batch.rejections` starts, in bytes from the start of the text.
    pub(crate) rejected_at: Vec<usize>,
    /// Where the document ends, or breaks.
    pub(crate) end: usize,
    /// Why it ends early.
    pub(crate) broken: Option<JsonError>,
    /// Keys at the top that mean nothing in OTLP, the first few.
    pub(crate) unknown_keys: Vec<String>,
}

impl Reading {
    /// Whether the document ends early because the text does.
    pub(crate) fn is_cut(&self, body: &[u8]) -> bool {
        self.broken.is_some() && self.end >= body.len()
    }
}

/// Walks the first document of this text and keeps what lies before a break.
pub(crate) fn read_document(body: &[u8], source: Source, origin: Origin, arrived_ns: u64) -> Reading {
    let mut reader = request::Reader::new(body);
    let read = reader.document();
    let (read_to, taken) = (reader.offset(), reader.finish());
    let (mut batch, malformed) = walk(Bytes::from(taken.bytes), source, origin, arrived_ns);
    let of_logs = add_logs(Bytes::from(taken.logs), &mut batch);
    debug_assert_eq!(
        (malformed, of_logs, batch.rejections.len()),
        (None, None, 0),
        "what we wrote is well-formed"
    );
    batch.rejections = taken.rejections;
    batch.remarks.extend(taken.oddities.remarks().map(str::to_owned));
    batch.unshown = taken.unshown;
    let (end, broken) = match read {
        Ok(()) => (read_to, None),
        Err(syntax) => (syntax.at, Some(JsonError::new(body, syntax))),
    };
    batch.size = end;
    Reading { batch, rejected_at: taken.rejected_at, end, broken, unknown_keys: taken.unknown_keys }
}
