//! The fixed record of a span: what every view, rule and query may ask without reading its bytes.

use super::{KeySet, SpanId};
use opentelemetry_proto::tonic::trace::v1::{span, status};
use std::fmt;

/// `SpanKind` of the OpenTelemetry trace API. Unknown wire numbers are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SpanKind {
    /// The exporter left the kind at zero.
    Unspecified,
    /// An operation inside of the application.
    Internal,
    /// The handling of a synchronous inbound request.
    Server,
    /// An outbound request.
    Client,
    /// The creation or sending of a message.
    Producer,
    /// The processing of a message.
    Consumer,
    /// A number that the specification does not define (255 stands for any above 254).
    Other(u8),
}

impl SpanKind {
    /// The kind behind a wire number.
    pub fn from_wire(number: i32) -> Self {
        match span::SpanKind::try_from(number) {
            Ok(span::SpanKind::Unspecified) => Self::Unspecified,
            Ok(span::SpanKind::Internal) => Self::Internal,
            Ok(span::SpanKind::Server) => Self::Server,
            Ok(span::SpanKind::Client) => Self::Client,
            Ok(span::SpanKind::Producer) => Self::Producer,
            Ok(span::SpanKind::Consumer) => Self::Consumer,
            Err(_) => Self::Other(u8::try_from(number).unwrap_or(u8::MAX)),
        }
    }

    /// The wire number.
    pub fn to_wire(self) -> i32 {
        match self {
            Self::Unspecified => span::SpanKind::Unspecified as i32,
            Self::Internal => span::SpanKind::Internal as i32,
            Self::Server => span::SpanKind::Server as i32,
            Self::Client => span::SpanKind::Client as i32,
            Self::Producer => span::SpanKind::Producer as i32,
            Self::Consumer => span::SpanKind::Consumer as i32,
            Self::Other(number) => i32::from(number),
        }
    }
}

impl fmt::Display for SpanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unspecified => "UNSPECIFIED",
            Self::Internal => "INTERNAL",
            Self::Server => "SERVER",
            Self::Client => "CLIENT",
            Self::Producer => "PRODUCER",
            Self::Consumer => "CONSUMER",
            Self::Other(number) => return f.pad(&format!("KIND({number})")),
        })
    }
}

/// `StatusCode` of the trace API.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StatusCode {
    /// Not set by anybody: the usual state of a span that went well.
    Unset,
    /// Declared to have gone well.
    Ok,
    /// Declared to have failed.
    Error,
    /// A number that the specification does not define.
    Other(u8),
}

impl StatusCode {
    /// The code behind a wire number.
    pub fn from_wire(number: i32) -> Self {
        match status::StatusCode::try_from(number) {
            Ok(status::StatusCode::Unset) => Self::Unset,
            Ok(status::StatusCode::Ok) => Self::Ok,
            Ok(status::StatusCode::Error) => Self::Error,
            Err(_) => Self::Other(u8::try_from(number).unwrap_or(u8::MAX)),
        }
    }

    /// The wire number.
    pub fn to_wire(self) -> i32 {
        match self {
            Self::Unset => status::StatusCode::Unset as i32,
            Self::Ok => status::StatusCode::Ok as i32,
            Self::Error => status::StatusCode::Error as i32,
            Self::Other(number) => i32::from(number),
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.pad("UNSET"),
            Self::Ok => f.pad("OK"),
            Self::Error => f.pad("ERROR"),
            Self::Other(number) => f.pad(&format!("STATUS({number})")),
        }
    }
}

/// Where a span's parent lives, as the SDK said it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParentLocality {
    /// The span has no parent.
    Root,
    /// The parent was created in the same process.
    Local,
    /// The parent came out of a propagator.
    Remote,
    /// An old SDK, or an intermediary that dropped the flags.
    Unknown,
}

/// The lower ten bits of a span's `flags`: W3C trace flags (0–7), `HAS_IS_REMOTE` (8), `IS_REMOTE` (9)
/// (opentelemetry-proto `trace.proto`, `SpanFlags`). Higher bits are reserved and dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct SpanFlags(pub u16);

impl SpanFlags {
    const HAS_IS_REMOTE: u16 = 0x100;
    const IS_REMOTE: u16 = 0x200;

    /// The defined bits of a wire value.
    pub fn from_wire(flags: u32) -> Self {
        Self((flags & 0x3ff) as u16)
    }

    /// A wire value with what it says of the parent made that of a root, which SDKs write as "known, and not remote".
    /// Of a sender that says nothing of parents, and for every other bit, the same.
    pub fn without_remote_parent(flags: u32) -> u32 {
        flags & !u32::from(Self::IS_REMOTE)
    }

    /// Whether the sampled flag is set. Many SDKs do not write it: unset says nothing by itself.
    pub fn is_sampled(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether the parent is local, if the sender said so. `0x200` without `0x100` says nothing.
    pub fn is_remote(self) -> Option<bool> {
        (self.0 & Self::HAS_IS_REMOTE != 0).then_some(self.0 & Self::IS_REMOTE != 0)
    }
}

/// A span without facts.
pub const NO_FACTS: u32 = u32::MAX;

/// One span, fixed-size. `name`, `resource`, `scope` and `facts` are numbers in the tables of whoever
/// holds the record: a [`Batch`](super::Batch) on the way in, the store afterwards.
#[derive(Clone, Copy, Debug)]
pub struct SpanRecord {
    /// Its own id, unique within the trace unless the sender is broken.
    pub span_id: SpanId,
    /// Its parent's id, [`SpanId::NONE`] for a root (also where eight zero bytes were sent).
    pub parent_id: SpanId,
    /// Start, nanoseconds since the Unix epoch, as sent.
    pub start_ns: u64,
    /// End, nanoseconds since the Unix epoch, as sent: may lie before the start.
    pub end_ns: u64,
    /// Which of the watched attribute keys it has.
    pub keys: KeySet,
    /// Hash of its encoded bytes: tells a repeated delivery from two spans with one id.
    pub content_hash: u32,
    /// Where its message lies in the bytes of its batch.
    pub offset: u32,
    /// Length of its message, bytes.
    pub len: u32,
    /// Name, a string number.
    pub name: u32,
    /// Resource number.
    pub resource: u32,
    /// Instrumentation scope number.
    pub scope: u32,
    /// Facts number, or [`NO_FACTS`].
    pub facts: u32,
    /// Trace flags and the parent-is-remote bits.
    pub flags: SpanFlags,
    kind: u8,
    status: u8,
}

impl SpanRecord {
    /// A record with these identities; everything else is zero.
    pub fn new(span_id: SpanId, parent_id: SpanId) -> Self {
        Self {
            span_id,
            parent_id,
            start_ns: 0,
            end_ns: 0,
            keys: KeySet::default(),
            content_hash: 0,
            offset: 0,
            len: 0,
            name: 0,
            resource: 0,
            scope: 0,
            facts: NO_FACTS,
            flags: SpanFlags::default(),
            kind: 0,
            status: 0,
        }
    }

    /// The kind as recorded.
    pub fn kind(&self) -> SpanKind {
        SpanKind::from_wire(i32::from(self.kind))
    }

    /// Sets the kind from its wire number.
    pub fn set_kind(&mut self, number: i32) {
        self.kind = u8::try_from(number).unwrap_or(u8::MAX);
    }

    /// The status code as recorded.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_wire(i32::from(self.status))
    }

    /// Sets the status from its wire number.
    pub fn set_status(&mut self, number: i32) {
        self.status = u8::try_from(number).unwrap_or(u8::MAX);
    }

    /// Whether it is CLIENT or PRODUCER: the caller's side of a call.
    #[inline]
    pub fn is_call(&self) -> bool {
        matches!(self.kind(), SpanKind::Client | SpanKind::Producer)
    }

    /// Where the parent lives, by the flags alone.
    pub fn locality(&self) -> ParentLocality {
        match (self.parent_id.is_none(), self.flags.is_remote()) {
            (true, _) => ParentLocality::Root,
            (false, Some(true)) => ParentLocality::Remote,
            (false, Some(false)) => ParentLocality::Local,
            (false, None) => ParentLocality::Unknown,
        }
    }

    /// Whether the span was sent before it had ended: its end is not set. One that lies before its start is another
    /// matter.
    pub fn is_running(&self) -> bool {
        self.end_ns == 0 && self.start_ns > 0
    }

    /// Whether the span ran at a time, in nanoseconds since the Unix epoch.
    pub fn ran_at(&self, ns: u64) -> bool {
        self.start_ns <= ns && (ns <= self.end_ns || self.is_running())
    }

    /// Duration in nanoseconds; zero where the end lies before the start.
    pub fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_their_wire_numbers() {
        let names: Vec<_> = (0..=6).map(|n| SpanKind::from_wire(n).to_string()).collect();
        assert_eq!(names, ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER", "KIND(6)"]);
        assert!((0..=6).all(|n| SpanKind::from_wire(n).to_wire() == n));
    }

    #[test]
    fn locality_needs_the_has_bit() {
        let mut span = SpanRecord::new(SpanId(1), SpanId(2));
        for (flags, locality) in [
            (0x000, ParentLocality::Unknown),
            (0x200, ParentLocality::Unknown),
            (0x100, ParentLocality::Local),
            (0x101, ParentLocality::Local),
            (0x301, ParentLocality::Remote),
            (0xffff_fd00, ParentLocality::Local),
        ] {
            span.flags = SpanFlags::from_wire(flags);
            assert_eq!(span.locality(), locality, "{flags:#x}");
        }
        span.parent_id = SpanId::NONE;
        assert_eq!(span.locality(), ParentLocality::Root);
    }

    #[test]
    fn a_record_is_small() {
        assert!(size_of::<SpanRecord>() <= 80, "{}", size_of::<SpanRecord>());
    }
}
