//! What an export request comes to, whichever protocol and signal: the path that all of them share.

use super::hint;
use super::serve::{Connection, Port};
use crate::intake::Full;
use crate::model::{Batch, Form, Origin, Rejection, Unshown};
pub(super) use crate::otlp::Signal;
use crate::otlp::{count, walk, walk_json, walk_logs};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Each signal has a service and a path of its own; nothing else differs until the bytes are read.
impl Signal {
    pub(super) const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];

    pub(super) fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Logs => "/v1/logs",
            Self::Metrics => "/v1/metrics",
        }
    }

    pub(super) fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }
}

/// Why a request was not taken. Its text is the sentence that the client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not what it says it is.
    Malformed(String),
    /// It cannot be unpacked, or is unpacked and no OTLP of its signal.
    NotOtlp {
        /// A sentence.
        reason: String,
        /// How it starts, for whoever looks at the screen.
        start: String,
    },
    /// Packed in a way that is not known here.
    Coding(String),
    /// More than [`MAX_BYTES`](super::MAX_BYTES), packed or unpacked.
    TooLarge,
    /// Not sent within this time.
    TooSlow(Duration),
    /// No room at the moment: the only one after which sending it again helps.
    Busy,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(reason) | Self::NotOtlp { reason, .. } => f.write_str(reason),
            Self::Coding(name) => {
                write!(f, "cannot unpack `{name}`: send it plain, or packed with gzip, zstd or deflate")
            }
            Self::TooLarge => write!(
                f,
                "the request is larger than {} MiB (unpacked): send fewer spans at a time",
                super::MAX_BYTES >> 20
            ),
            Self::TooSlow(limit) => write!(f, "the request did not arrive within {} s", limit.as_secs()),
            Self::Busy => Full.fmt(f),
        }
    }
}

impl Refusal {
    /// What is shown of it here: more than its sender is told, who knows what was sent.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::NotOtlp { reason, start } => format!("{reason}; it starts with {start}"),
            other => other.to_string(),
        }
    }
}

/// How much of a body is shown that is no OTLP.
const EXCERPT: usize = 24;

/// The first bytes of a body, as numbers and as text: `7b 22 72 65 {"re`.
pub(super) fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EXCERPT)];
    if head.is_empty() {
        return "nothing: it is empty".to_owned();
    }
    let bytes: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = head.iter().map(|byte| if (b' '..=b'~').contains(byte) { *byte as char } else { '.' });
    format!("{}  {}", bytes.join(" "), text.collect::<String>())
}

/// A request that was taken, though perhaps not all of it.
pub(super) struct Taken {
    /// What it carried.
    pub(super) signal: Signal,
    /// Spans or log records that could not be taken.
    pub(super) rejected: usize,
    /// A sentence on them; empty where there are none.
    pub(super) reason: String,
}

impl Taken {
    fn of(signal: Signal, batch: &Batch) -> Self {
        let rejected = batch.rejections.len();
        let reason = batch.rejections.first().map(|first| {
            let sent = rejected + batch.records.len() + batch.logs.records.len();
            let items = if signal == Signal::Logs { "log records" } else { "spans" };
            format!(
                "{rejected} of {sent} {items} rejected; the first at {}: {}",
                first.position, first.reason
            )
        });
        Self { signal, rejected, reason: reason.unwrap_or_default() }
    }
}

/// Reads a request and hands it to the owner.
pub(super) async fn export(
    signal: Signal,
    (origin, form): (Origin, &Form),
    bytes: Bytes,
    connection: &Connection,
) -> Result<Taken, Refusal> {
    let head = bytes.slice(..bytes.len().min(EXCERPT));
    let mut batch = read(signal, origin, bytes, connection).map_err(|refusal| match refusal {
        Refusal::Malformed(mut reason) => {
            if let Some(hint) = hint::of_body(origin, &head) {
                reason = format!("{reason}; {hint}");
            }
            Refusal::NotOtlp { reason, start: excerpt(&head) }
        }
        other => other,
    })?;
    batch.form = form.clone();
    let taken = Taken::of(signal, &batch);
    connection.intake.offer(batch).await.map_err(|Full| Refusal::Busy)?;
    Ok(taken)
}

fn read(signal: Signal, origin: Origin, bytes: Bytes, connection: &Connection) -> Result<Batch, Refusal> {
    let (source, now) = (connection.source.clone(), now_ns());
    if origin == Origin::HttpJson {
        // The keys of a document say what it is, whatever path it went to.
        return walk_json(&bytes, source, origin, now).map_err(|e| Refusal::Malformed(e.to_string()));
    }
    let (batch, malformed) = match signal {
        Signal::Traces => walk(bytes, source, origin, now),
        Signal::Logs => walk_logs(bytes, source, origin, now),
        Signal::Metrics => {
            let metrics = count::metrics(&bytes).map_err(|e| Refusal::Malformed(e.to_string()))?;
            let unshown = Unshown { metrics, ..Unshown::default() };
            return Ok(Batch { unshown, size: bytes.len(), ..Batch::empty(source, origin, now) });
        }
    };
    // A server refuses a request that is broken anywhere; its sender gets to hear where.
    match malformed {
        None => Ok(batch),
        Some(malformed) => Err(Refusal::Malformed(malformed.to_string())),
    }
}

/// Content types that SDKs send; others are kept as they came.
const KNOWN_TYPES: [&str; 4] =
    ["application/x-protobuf", "application/json", "application/grpc", "application/grpc+proto"];
const KNOWN_ENCODINGS: [&str; 3] = ["gzip", "zstd", "deflate"];

/// How a request is written, by its headers.
pub(super) fn form(headers: &HeaderMap, encoding: &HeaderName) -> Form {
    let said = |name: &HeaderName, known: &[&'static str]| -> Cow<'static, str> {
        let Some(value) = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())) else {
            return Cow::Borrowed("");
        };
        match known.iter().find(|known| **known == value) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(value.chars().take(Form::LONGEST).collect()),
        }
    };
    let encoding = said(encoding, &KNOWN_ENCODINGS);
    let encoding = if encoding == "identity" { Cow::Borrowed("") } else { encoding };
    Form { content_type: said(&CONTENT_TYPE, &KNOWN_TYPES), encoding }
}

/// Counts a request by how it came.
pub(super) fn count_request(connection: &Connection, origin: Origin) {
    let counters = connection.counters();
    let (counter, wrong) = match origin {
        Origin::Grpc => (&counters.grpc_requests, Port::Http),
        Origin::HttpJson => (&counters.http_json_requests, Port::Grpc),
        Origin::HttpProtobuf | Origin::Dump(_) => (&counters.http_protobuf_requests, Port::Grpc),
    };
    counter.fetch_add(1, Relaxed);
    if connection.port == wrong {
        counters.wrong_port_requests.fetch_add(1, Relaxed);
    }
}

/// What is told to the owner of a request that was not taken.
pub(super) struct Complaint<'a> {
    /// Where it went.
    pub(super) path: &'a str,
    /// How it came.
    pub(super) origin: Origin,
    /// How it was written.
    pub(super) form: Form,
}

impl Complaint<'_> {
    pub(super) fn send(self, connection: &Connection, reason: &str) {
        let mut batch = Batch::empty(connection.source.clone(), self.origin, now_ns());
        batch.form = self.form;
        batch.rejections.push(Rejection::of_request(self.path, reason));
        connection.intake.complain(batch);
    }
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}
