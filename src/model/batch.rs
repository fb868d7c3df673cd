//! A batch: what a receiver or a dump reader sends to the owner of the store, already walked.

use super::{Facts, LogRecord, Logs, Peer, SpanRecord, TraceId};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A part of a batch's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

impl ByteRange {
    /// The bytes that it names, empty where it reaches past the end.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        let from = self.offset as usize;
        bytes.get(from..from + self.len as usize).unwrap_or_default()
    }
}

/// How a batch came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP, binary protobuf.
    HttpProtobuf,
    /// OTLP/HTTP, JSON.
    HttpJson,
    /// A dump; the name of its format.
    Dump(&'static str),
}

impl Origin {
    /// Whether it has all that OTLP has: what is empty was empty when it was sent.
    pub fn is_otlp(self) -> bool {
        match self {
            Self::Dump(format) => format.starts_with("otlp-"),
            Self::Grpc | Self::HttpProtobuf | Self::HttpJson => true,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "gRPC",
            Self::HttpProtobuf => "HTTP/protobuf",
            Self::HttpJson => "HTTP/JSON",
            Self::Dump(format) => format,
        })
    }
}

/// How a request was written, as its sender said so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Form {
    /// The content type as it was sent, at most [`Form::LONGEST`] characters of it; empty where there was none.
    pub content_type: Cow<'static, str>,
    /// The content encoding as it was sent (`gzip`); empty where the body was plain.
    pub encoding: Cow<'static, str>,
}

impl Form {
    /// How much of what a sender says is kept, characters.
    pub const LONGEST: usize = 60;
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.content_type)?;
        match &*self.encoding {
            "" => Ok(()),
            encoding => write!(f, ", {encoding}"),
        }
    }
}

/// Who sent a batch: a peer address, or a file's name.
pub type Source = Arc<str>;

/// A span or record that could not be taken, or a whole request, where it was, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// `file:line`, a byte offset, or the path of a field.
    pub position: String,
    /// A sentence.
    pub reason: String,
    /// It is a span whose ids violate the format: the fault is its sender's.
    pub bad_id: bool,
    /// It is a whole request of which nothing could be read: no span, since nobody knows how many were in it.
    pub whole_request: bool,
}

impl Rejection {
    /// Something that could not be taken, whatever the reason.
    pub fn new(position: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { position: position.into(), reason: reason.into(), bad_id: false, whole_request: false }
    }

    /// A request of which nothing could be read.
    pub fn of_request(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { whole_request: true, ..Self::new(path, reason) }
    }
}

/// What is accepted and counted, but not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unshown {
    /// Log records in a form that cannot be kept.
    pub log_records: u64,
    /// Metrics.
    pub metrics: u64,
}

/// Spans and log records of one export request or one piece of a dump. Immutable once sent.
///
/// `records[i]` belongs to trace `trace_ids[i]`. Its `name`, `resource`, `scope` and `facts` are numbers
/// in `strings`, `resources`, `scopes` and `facts` of this batch; the store maps them to its own.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Who sent it.
    pub source: Source,
    /// How it came in.
    pub origin: Origin,
    /// How it was written; says nothing of a dump.
    pub form: Form,
    /// When it arrived, nanoseconds since the Unix epoch. In a dump: when it was sent, by its latest span.
    pub arrived_ns: u64,
    /// How large the request was as it came, unpacked, in bytes; of a dump, what was read of it for this batch.
    pub size: usize,
    /// The protobuf of an `ExportTraceServiceRequest`, no longer than it must be.
    pub bytes: Bytes,
    /// One per accepted span.
    pub records: Vec<SpanRecord>,
    /// The trace of each record.
    pub trace_ids: Vec<TraceId>,
    /// Facts of spans with a role.
    pub facts: Vec<Facts>,
    /// Whom spans call that say so, in the order of their records.
    pub peers: Vec<Peer>,
    /// Span names, routes, destinations and names of peers, each once.
    pub strings: Vec<ByteRange>,
    /// `Resource` message and schema URL of each `ResourceSpans`.
    pub resources: Vec<(ByteRange, ByteRange)>,
    /// `InstrumentationScope` message and schema URL of each `ScopeSpans`.
    pub scopes: Vec<(ByteRange, ByteRange)>,
    /// Log records that came with it, or instead.
    pub logs: Logs,
    /// What could not be taken.
    pub rejections: Vec<Rejection>,
    /// Oddities that were accepted, said once each.
    pub remarks: Vec<String>,
    /// Metrics that came with it.
    pub unshown: Unshown,
}

impl Batch {
    /// A batch without anything in it.
    pub fn empty(source: Source, origin: Origin, arrived_ns: u64) -> Self {
        Self {
            source,
            origin,
            form: Form::default(),
            arrived_ns,
            size: 0,
            bytes: Bytes::new(),
            records: Vec::new(),
            trace_ids: Vec::new(),
            facts: Vec::new(),
            peers: Vec::new(),
            strings: Vec::new(),
            resources: Vec::new(),
            scopes: Vec::new(),
            logs: Logs::default(),
            rejections: Vec::new(),
            remarks: Vec::new(),
            unshown: Unshown::default(),
        }
    }

    /// How many spans and records could not be taken, and how many whole requests.
    pub fn rejected(&self) -> (u64, u64) {
        let requests = self.rejections.iter().filter(|rejection| rejection.whole_request).count();
        ((self.rejections.len() - requests) as u64, requests as u64)
    }

    /// The latest end of its spans, or the latest of its log records, nanoseconds since the Unix epoch: when a dump's
    /// batch was sent. Nothing where none tells a time: a span that still runs has no end.
    pub fn last_end_ns(&self) -> Option<u64> {
        let latest = |ns: Option<u64>| ns.filter(|ns| *ns > 0);
        let spans = latest(self.records.iter().map(|r| r.end_ns).max());
        spans.or_else(|| latest(self.logs.records.iter().map(LogRecord::at_ns).max()))
    }
}
