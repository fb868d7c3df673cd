//! A span as it is shown: everything that was sent, typed, nothing shortened.

use super::{SpanFlags, SpanId, SpanKind, StatusCode, TraceId};
use std::fmt;

/// An attribute value (`AnyValue` of OTLP).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An `AnyValue` with nothing in it.
    Empty,
    /// Text; invalid UTF-8 was replaced by U+FFFD.
    Str(String),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// Nested attributes, in the order in which they were sent.
    Map(Attributes),
}

/// Attributes in the order in which they were sent; keys may repeat, as they may on the wire.
pub type Attributes = Vec<(String, Value)>;

impl fmt::Display for Value {
    /// Text bare, everything else as JSON would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("(empty)"),
            Self::Str(text) => f.write_str(text),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Double(d) => write!(f, "{d}"),
            Self::Bytes(bytes) => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
            Self::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (i, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// An event of a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// When, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// What.
    pub name: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the SDK discarded.
    pub dropped_attributes: u32,
}

/// A link to another span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// The linked trace; zero where the sender left it out.
    pub trace_id: TraceId,
    /// The linked span; zero where the sender left it out.
    pub span_id: SpanId,
    /// W3C trace state of the linked context.
    pub trace_state: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the SDK discarded.
    pub dropped_attributes: u32,
    /// Flags of the linked context.
    pub flags: SpanFlags,
}

/// A span, decoded for display.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace that it says it belongs to.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Its parent's id, zero for a root.
    pub parent_id: SpanId,
    /// W3C trace state.
    pub trace_state: String,
    /// The flags as sent, reserved bits included.
    pub flags: u32,
    /// Its name.
    pub name: String,
    /// The kind as recorded.
    pub kind: SpanKind,
    /// Start, nanoseconds since the Unix epoch.
    pub start_ns: u64,
    /// End, nanoseconds since the Unix epoch.
    pub end_ns: u64,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the SDK discarded.
    pub dropped_attributes: u32,
    /// Its events, in the order in which they were sent.
    pub events: Vec<Event>,
    /// How many events the SDK discarded.
    pub dropped_events: u32,
    /// Its links.
    pub links: Vec<Link>,
    /// How many links the SDK discarded.
    pub dropped_links: u32,
    /// Status code.
    pub status: StatusCode,
    /// Status message, empty for most.
    pub status_message: String,
    /// What was odd in the bytes: invalid UTF-8, nesting cut off, unknown fields of the wrong type.
    pub remarks: Vec<String>,
}

impl Default for Span {
    fn default() -> Self {
        Self {
            trace_id: TraceId::default(),
            span_id: SpanId::NONE,
            parent_id: SpanId::NONE,
            trace_state: String::new(),
            flags: 0,
            name: String::new(),
            kind: SpanKind::Unspecified,
            start_ns: 0,
            end_ns: 0,
            attributes: Vec::new(),
            dropped_attributes: 0,
            events: Vec::new(),
            dropped_events: 0,
            links: Vec::new(),
            dropped_links: 0,
            status: StatusCode::Unset,
            status_message: String::new(),
            remarks: Vec::new(),
        }
    }
}

/// What produced the telemetry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the SDK discarded.
    pub dropped_attributes: u32,
    /// Schema URL of the resource.
    pub schema_url: String,
    /// Nothing is known of it: whoever printed or converted its spans has left it out.
    pub is_lost: bool,
}

impl Resource {
    /// The first attribute with this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The first attribute with this key, as text; empty where it is missing or no text.
    pub fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Value::Str(text)) => text,
            _ => "",
        }
    }

    /// `service.name`, or the default that the specification demands of SDKs where it is missing.
    pub fn service_name(&self) -> &str {
        match self.text("service.name") {
            "" => "unknown_service",
            name => name,
        }
    }
}

/// The instrumentation scope: which library made the span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Its name, empty where the sender gave none.
    pub name: String,
    /// Its version, empty where the sender gave none.
    pub version: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the SDK discarded.
    pub dropped_attributes: u32,
    /// Schema URL of the scope.
    pub schema_url: String,
}
