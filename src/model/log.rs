//! The fixed record of a log record, and the same decoded for display.

use super::{Attributes, ByteRange, SpanId, TraceId, Value};
use bytes::Bytes;
use std::fmt;

/// `SeverityNumber` of the OpenTelemetry log data model: 1–24, larger is more severe, 0 where none was given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct SeverityNumber(pub u8);

/// The ranges of [`SeverityNumber`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SeverityRange {
    /// None was given.
    Unspecified,
    /// 1–4.
    Trace,
    /// 5–8.
    Debug,
    /// 9–12.
    Info,
    /// 13–16.
    Warn,
    /// 17–20.
    Error,
    /// 21–24, and what lies above.
    Fatal,
}

impl SeverityNumber {
    /// The number behind a wire value; negative ones are none, those above 255 the largest.
    pub fn from_wire(number: i32) -> Self {
        Self(u8::try_from(number.max(0)).unwrap_or(u8::MAX))
    }

    /// The range that it lies in.
    pub fn range(self) -> SeverityRange {
        match self.0 {
            0 => SeverityRange::Unspecified,
            1..=4 => SeverityRange::Trace,
            5..=8 => SeverityRange::Debug,
            9..=12 => SeverityRange::Info,
            13..=16 => SeverityRange::Warn,
            17..=20 => SeverityRange::Error,
            21.. => SeverityRange::Fatal,
        }
    }
}

impl SeverityRange {
    /// Every range, the least severe first.
    pub const ALL: [Self; 7] =
        [Self::Unspecified, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Its short name in the specification; none for what was not given.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "",
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

impl fmt::Display for SeverityNumber {
    /// `ERROR`, `ERROR2`, … as the specification abbreviates them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.range().name();
        match self.0 {
            0 => f.pad("UNSPECIFIED"),
            25.. => f.pad(&format!("SEVERITY({})", self.0)),
            number if number % 4 == 1 => f.pad(name),
            number => f.pad(&format!("{name}{}", (number - 1) % 4 + 1)),
        }
    }
}

/// One log record, fixed-size. `resource` and `scope` are numbers in the tables of whoever holds it: [`Logs`] on the
/// way in, the store afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogRecord {
    /// The trace that it belongs to; zeros where there is none.
    pub trace_id: TraceId,
    /// The span that it belongs to, [`SpanId::NONE`] where there is none.
    pub span_id: SpanId,
    /// When it happened, nanoseconds since the Unix epoch; zero where that is not known.
    pub time_ns: u64,
    /// When it was observed, nanoseconds since the Unix epoch; zero where that is not known.
    pub observed_ns: u64,
    /// Where its message lies in the bytes of its batch.
    pub offset: u32,
    /// Length of its message, bytes.
    pub len: u32,
    /// The body's `AnyValue` within the message.
    pub body: ByteRange,
    /// Resource number.
    pub resource: u32,
    /// Instrumentation scope number.
    pub scope: u32,
    /// How severe it is.
    pub severity: SeverityNumber,
    /// W3C trace flags.
    pub flags: u8,
}

const _: () = assert!(size_of::<LogRecord>() <= 80, "a record is a fixed cost of every log record");

impl LogRecord {
    /// When it happened, or else when it was observed.
    pub fn at_ns(&self) -> u64 {
        if self.time_ns == 0 { self.observed_ns } else { self.time_ns }
    }

    /// Whether it names a trace.
    pub fn has_trace(&self) -> bool {
        self.trace_id != TraceId::default()
    }
}

/// The log records of a batch, already walked.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// The protobuf of an `ExportLogsServiceRequest`.
    pub bytes: Bytes,
    /// One per accepted log record.
    pub records: Vec<LogRecord>,
    /// `Resource` message and schema URL of each `ResourceLogs`.
    pub resources: Vec<(ByteRange, ByteRange)>,
    /// `InstrumentationScope` message and schema URL of each `ScopeLogs`.
    pub scopes: Vec<(ByteRange, ByteRange)>,
}

/// A log record, decoded for display.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The trace that it belongs to; zeros where there is none.
    pub trace_id: TraceId,
    /// The span that it belongs to, zero where there is none.
    pub span_id: SpanId,
    /// When it happened, nanoseconds since the Unix epoch; zero where that was not sent.
    pub time_ns: u64,
    /// When it was observed, nanoseconds since the Unix epoch; zero where that was not sent.
    pub observed_ns: u64,
    /// How severe it is.
    pub severity: SeverityNumber,
    /// What its source calls that.
    pub severity_text: String,
    /// What it says; text for most.
    pub body: Value,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the SDK discarded.
    pub dropped_attributes: u32,
    /// The flags as sent, reserved bits included.
    pub flags: u32,
    /// The name of the event that it is, empty for most.
    pub event_name: String,
    /// What was odd in the bytes.
    pub remarks: Vec<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            trace_id: TraceId::default(),
            span_id: SpanId::NONE,
            time_ns: 0,
            observed_ns: 0,
            severity: SeverityNumber::default(),
            severity_text: String::new(),
            body: Value::Empty,
            attributes: Vec::new(),
            dropped_attributes: 0,
            flags: 0,
            event_name: String::new(),
            remarks: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_the_names_of_the_specification() {
        let names: Vec<_> =
            [0, 1, 4, 9, 10, 13, 17, 20, 21, 24, 25].map(|n| SeverityNumber(n).to_string()).into();
        let expected = [
            "UNSPECIFIED",
            "TRACE",
            "TRACE4",
            "INFO",
            "INFO2",
            "WARN",
            "ERROR",
            "ERROR4",
            "FATAL",
            "FATAL4",
            "SEVERITY(25)",
        ];
        assert_eq!(names, expected);
        assert_eq!(SeverityNumber::from_wire(-1), SeverityNumber(0));
        assert_eq!(SeverityNumber::from_wire(1_000).range(), SeverityRange::Fatal);
    }
}
