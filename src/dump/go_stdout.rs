//! What Go's `stdouttrace` prints (`go.opentelemetry.io/otel/exporters/stdout/stdouttrace`): JSON of
//! `sdk/trace/tracetest.SpanStub`, one line a span or pretty-printed. Nothing of a span is missing in it.

use super::console_objects::Printed;
use super::console_span::Found;
use super::printed::{checked, count, flags, items, members, span_id, status_named, take, text, trace_id};
use super::{Format, Guess, headless, terminal};
use crate::model::{
    Attributes, Event, Link, Resource, Scope, Span, SpanFlags, SpanId, SpanKind, TraceId, Value, time,
};
use memchr::memmem;

/// Text of Go's `stdouttrace`.
pub(super) const FORMAT: Format = Format {
    name: "go-stdout",
    summary: "what Go's stdouttrace exporter prints, compact or pretty, also between other output of a terminal",
    extensions: &["txt", "log", "out", "json"],
    sniff,
    read: terminal::read,
    write: None,
};

/// What this way of printing spans leaves out.
pub(super) const REMARK: &str =
    "text of Go's stdouttrace carries no schema URL of the resource; where it matters, export OTLP";

fn sniff(head: &[u8]) -> Guess {
    let head = terminal::text(head);
    let printed =
        memmem::find(&head, b"\"SpanContext\"").is_some() && memmem::find(&head, b"\"TraceID\"").is_some();
    if printed { Guess::Sure } else { headless::guess(&head, &LINES) }
}

/// What is left of a span without its beginning.
pub(super) const LINES: headless::Lines = headless::Lines {
    begins: headless::bracket,
    members: &[
        "\t\"Parent\":",
        "\t\"SpanKind\":",
        "\t\"StartTime\":",
        "\t\"EndTime\":",
        "\t\"Events\":",
        "\t\"Links\":",
        "\t\"Status\":",
        "\t\"DroppedEvents\":",
        "\t\"DroppedLinks\":",
        "\t\"ChildSpanCount\":",
        "\t\"Resource\":",
    ],
};

/// The span of an object that has a `SpanContext`.
pub(super) fn find(object: Attributes) -> Found {
    let has = |name: &str| object.iter().any(|(key, _)| key == name);
    match (has("SpanKind"), has("Name") && has("StartTime")) {
        (true, true) => match span(object) {
            Ok(printed) => Found::Span(Box::new(printed)),
            Err(reason) => Found::Bad(reason),
        },
        (true, false) => Found::Bad("Name or StartTime is missing".to_owned()),
        _ => Found::Other,
    }
}

fn span(mut object: Attributes) -> Result<Printed, String> {
    let object = &mut object;
    let resource = Resource { attributes: attributes(take(object, "Resource")), ..Resource::default() };
    let mut scope = match take(object, "InstrumentationScope") {
        Value::Map(scope) => scope,
        _ => members(take(object, "InstrumentationLibrary")),
    };
    let scope = Scope {
        name: text(take(&mut scope, "Name")),
        version: text(take(&mut scope, "Version")),
        schema_url: text(take(&mut scope, "SchemaURL")),
        attributes: attributes(take(&mut scope, "Attributes")),
        ..Scope::default()
    };
    let own = context(take(object, "SpanContext"))?;
    let parent = match take(object, "Parent") {
        Value::Empty => parent_before_1(object)?,
        parent => context(parent)?,
    };
    let mut status = members(take(object, "Status"));
    for (old, new) in [("StatusCode", "Code"), ("StatusMessage", "Description")] {
        if let printed @ Value::Str(_) = take(object, old) {
            status.push((new.to_owned(), printed));
        }
    }
    let events = match take(object, "Events") {
        Value::Empty => take(object, "MessageEvents"),
        events => events,
    };
    let span = Span {
        trace_id: own.trace_id,
        span_id: own.span_id,
        parent_id: parent.span_id,
        trace_state: own.trace_state,
        flags: flags(own.trace_flags, Some(parent.is_remote)),
        name: text(take(object, "Name")),
        kind: kind(&take(object, "SpanKind")),
        start_ns: instant("StartTime", take(object, "StartTime"))?,
        end_ns: instant("EndTime", take(object, "EndTime"))?,
        attributes: attributes(take(object, "Attributes")),
        dropped_attributes: dropped(object, "DroppedAttributes"),
        events: items(events).into_iter().map(event).collect(),
        dropped_events: dropped(object, "DroppedEvents"),
        links: items(take(object, "Links")).into_iter().filter_map(link).collect(),
        dropped_links: dropped(object, "DroppedLinks"),
        status: status_named(&text(take(&mut status, "Code"))),
        status_message: text(take(&mut status, "Description")),
        ..Span::default()
    };
    Ok((resource, scope, checked(span)?))
}

/// Versions before 1.0 printed the parent's id and whether it is remote.
fn parent_before_1(object: &mut Attributes) -> Result<Context, String> {
    let id = text(take(object, "ParentSpanID"));
    let span_id = if id.is_empty() { SpanId::NONE } else { span_id("ParentSpanID", &id)? };
    let is_remote = take(object, "HasRemoteParent") == Value::Bool(true);
    Ok(Context { span_id, is_remote, ..Context::default() })
}

fn dropped(object: &mut Attributes, name: &str) -> u32 {
    count(&take(object, name))
}

/// A printed `SpanContext`.
#[derive(Default)]
struct Context {
    trace_id: TraceId,
    span_id: SpanId,
    trace_flags: u8,
    trace_state: String,
    is_remote: bool,
}

fn context(printed: Value) -> Result<Context, String> {
    let Value::Map(mut printed) = printed else { return Ok(Context::default()) };
    Ok(Context {
        trace_id: trace_id("TraceID", &text(take(&mut printed, "TraceID")))?,
        span_id: span_id("SpanID", &text(take(&mut printed, "SpanID")))?,
        trace_flags: match take(&mut printed, "TraceFlags") {
            Value::Int(flags) => u8::try_from(flags).unwrap_or(0),
            flags => u8::from_str_radix(&text(flags), 16).unwrap_or(0),
        },
        trace_state: text(take(&mut printed, "TraceState")),
        is_remote: take(&mut printed, "Remote") == Value::Bool(true),
    })
}

/// The API's numbers (`trace.SpanKind`): those of OTLP.
fn kind(number: &Value) -> SpanKind {
    match number {
        Value::Int(n) => i32::try_from(*n).map_or(SpanKind::Unspecified, SpanKind::from_wire),
        _ => SpanKind::Unspecified,
    }
}

fn instant(name: &str, value: Value) -> Result<u64, String> {
    let printed = text(value);
    if printed.starts_with("0001-01-01") {
        return Err(format!("{name} was not printed: stdouttrace was told `WithoutTimestamps`"));
    }
    super::printed::time_of(name, &printed)
}

/// `[{"Key": …, "Value": {"Type": "INT64", "Value": 1}}]`; JSON's numbers do not tell 1 from 1.0, their type does.
fn attributes(printed: Value) -> Attributes {
    let attribute = |item: Value| {
        let mut item = members(item);
        let key = text(take(&mut item, "Key"));
        let mut value = members(take(&mut item, "Value"));
        let is_float = text(take(&mut value, "Type")).starts_with("FLOAT64");
        let value = take(&mut value, "Value");
        (key, if is_float { float(value) } else { value })
    };
    items(printed).into_iter().map(attribute).collect()
}

fn float(value: Value) -> Value {
    match value {
        Value::Int(n) => Value::Double(n as f64),
        Value::Array(items) => Value::Array(items.into_iter().map(float).collect()),
        other => other,
    }
}

fn event(printed: Value) -> Event {
    let mut event = members(printed);
    Event {
        time_ns: time::parse_date_time(text(take(&mut event, "Time")).as_bytes()).unwrap_or(0),
        name: text(take(&mut event, "Name")),
        attributes: attributes(take(&mut event, "Attributes")),
        dropped_attributes: dropped(&mut event, "DroppedAttributeCount"),
    }
}

fn link(printed: Value) -> Option<Link> {
    let mut link = members(printed);
    let context = context(take(&mut link, "SpanContext")).ok()?;
    Some(Link {
        trace_id: context.trace_id,
        span_id: context.span_id,
        trace_state: context.trace_state,
        attributes: attributes(take(&mut link, "Attributes")),
        dropped_attributes: dropped(&mut link, "DroppedAttributeCount"),
        flags: SpanFlags::from_wire(flags(context.trace_flags, Some(context.is_remote))),
    })
}
