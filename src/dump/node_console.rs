//! What Node's `ConsoleSpanExporter` prints (`@opentelemetry/sdk-trace-base`, `_exportInfo`): objects as
//! `util.inspect` writes them, three levels deep. Version 1 names the parent's id alone, version 2 its whole context,
//! with whether it is remote.

use super::console_objects::Printed;
use super::console_span::Found;
use super::printed::{checked, count, flags, items, members, span_id, take, text, trace_id};
use super::{Format, Guess, headless, terminal};
use crate::model::{Attributes, Event, Link, Resource, Scope, Span, SpanFlags, SpanKind, StatusCode, Value};
use memchr::memmem;

/// Text of Node's console exporter.
pub(super) const FORMAT: Format = Format {
    name: "node-console",
    summary: "what Node's ConsoleSpanExporter prints, also between other output of a terminal",
    extensions: &["txt", "log", "out"],
    sniff,
    read: terminal::read,
    write: None,
};

/// What this way of printing spans leaves out.
pub(super) const REMARK: &str = "console text of Node carries neither trace flags nor dropped counts of spans, of SDKs before 2.0 \
     nothing of remote parents, and of long lists only the start; where they matter, export OTLP";

fn sniff(head: &[u8]) -> Guess {
    let head = terminal::text(head);
    let has = |member: &[u8]| memmem::find(&head, member).is_some();
    let inspected = has(b"traceId: '") && has(b"timestamp: ");
    if inspected || is_json_span(&head) { Guess::Sure } else { headless::guess(&head, &LINES) }
}

/// What is left of a span without its beginning; records of logs have nothing of it.
pub(super) const LINES: headless::Lines = headless::Lines {
    begins: headless::bracket,
    members: &[
        "  parentSpanContext: ",
        "  parentId: ",
        "  id: '",
        "  kind: ",
        "  duration: ",
        "  status: { code: ",
        "  events: [",
        "  links: [",
    ],
};

/// Whether this text has spans as OpenTelemetry's documentation shows them, and `JSON.stringify` writes them: Zipkin's
/// spans have none of the last two.
pub(super) fn is_json_span(text: &[u8]) -> bool {
    let has = |member: &[u8]| memmem::find(text, member).is_some();
    has(b"\"traceId\"") && has(b"\"duration\"") && has(b"\"attributes\"") && has(b"\"status\"")
}

/// What this object is.
pub(super) fn find(mut object: Attributes) -> Found {
    let has = |name: &str| object.iter().any(|(key, _)| key == name);
    match (has("traceId"), has("duration"), has("body") || has("severityNumber")) {
        (true, true, _) => match span(&mut object) {
            Ok(printed) => Found::Span(Box::new(printed)),
            Err(reason) => Found::Bad(reason),
        },
        (_, _, true) => Found::Log,
        // A context of a span, which may be all that is left of one, has no `id`.
        (true, ..) if has("id") => Found::Bad("duration is missing".to_owned()),
        _ => Found::Other,
    }
}

fn span(object: &mut Attributes) -> Result<Printed, String> {
    let mut resource = members(take(object, "resource"));
    let resource = Resource {
        attributes: members(take(&mut resource, "attributes")),
        schema_url: text(take(&mut resource, "schemaUrl")),
        ..Resource::default()
    };
    let mut scope = members(take(object, "instrumentationScope"));
    let scope = Scope {
        name: text(take(&mut scope, "name")),
        version: text(take(&mut scope, "version")),
        schema_url: text(take(&mut scope, "schemaUrl")),
        ..Scope::default()
    };
    let knows_parent = object.iter().any(|(key, _)| key == "parentSpanContext");
    let mut parent = members(take(object, "parentSpanContext"));
    let parent_id = match text(take(&mut parent, "spanId")) {
        id if id.is_empty() => text(take(object, "parentId")),
        id => id,
    };
    let is_remote = take(&mut parent, "isRemote") == Value::Bool(true);
    let start_ns = ns_of_us("timestamp", &take(object, "timestamp"))?;
    let mut status = members(take(object, "status"));
    let span = Span {
        trace_id: trace_id("traceId", &text(take(object, "traceId")))?,
        span_id: id("id", take(object, "id"))?,
        parent_id: id("parent's id", Value::Str(parent_id))?,
        trace_state: text(take(object, "traceState")),
        flags: flags(0, knows_parent.then_some(is_remote)),
        name: text(take(object, "name")),
        kind: kind(&take(object, "kind")),
        start_ns,
        end_ns: start_ns.saturating_add(ns_of_us("duration", &take(object, "duration"))?),
        attributes: members(take(object, "attributes")),
        events: items(take(object, "events")).into_iter().map(event).collect(),
        links: items(take(object, "links")).into_iter().filter_map(link).collect(),
        status: match take(&mut status, "code") {
            Value::Int(1) => StatusCode::Ok,
            Value::Int(2) => StatusCode::Error,
            _ => StatusCode::Unset,
        },
        status_message: text(take(&mut status, "message")),
        ..Span::default()
    };
    Ok((resource, scope, checked(span)?))
}

fn id(name: &str, value: Value) -> Result<crate::model::SpanId, String> {
    match text(value) {
        id if id.is_empty() => Ok(crate::model::SpanId::NONE),
        id => span_id(name, &id),
    }
}

/// The API's numbers (`@opentelemetry/api`, `SpanKind`), one below those of OTLP.
fn kind(number: &Value) -> SpanKind {
    match number {
        Value::Int(n @ 0..=4) => SpanKind::from_wire(*n as i32 + 1),
        _ => SpanKind::Unspecified,
    }
}

/// Nanoseconds of printed microseconds, which may have a fraction.
fn ns_of_us(name: &str, value: &Value) -> Result<u64, String> {
    let us = match value {
        Value::Int(us) => u64::try_from(*us).ok().and_then(|us| us.checked_mul(1_000)),
        // Whole and fraction apart: together they do not fit into the 53 bits of a double.
        Value::Double(us) if (0.0..1.8e16).contains(us) => {
            Some(us.trunc() as u64 * 1_000 + (us.fract() * 1e3).round() as u64)
        }
        _ => None,
    };
    us.ok_or_else(|| format!("{name} is no number of microseconds: {value}"))
}

fn event(printed: Value) -> Event {
    let mut event = members(printed);
    let time = items(take(&mut event, "time"));
    Event {
        time_ns: match time[..] {
            [Value::Int(seconds), Value::Int(ns)] => {
                let seconds = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000);
                seconds.saturating_add(u64::try_from(ns).unwrap_or(0))
            }
            _ => 0,
        },
        name: text(take(&mut event, "name")),
        attributes: members(take(&mut event, "attributes")),
        dropped_attributes: count(&take(&mut event, "droppedAttributesCount")),
    }
}

fn link(printed: Value) -> Option<Link> {
    let mut link = members(printed);
    let mut context = members(take(&mut link, "context"));
    let trace_flags = u8::try_from(count(&take(&mut context, "traceFlags"))).unwrap_or(0);
    let is_remote = take(&mut context, "isRemote");
    Some(Link {
        trace_id: trace_id("traceId", &text(take(&mut context, "traceId"))).ok()?,
        span_id: span_id("spanId", &text(take(&mut context, "spanId"))).ok()?,
        trace_state: String::new(),
        attributes: members(take(&mut link, "attributes")),
        dropped_attributes: count(&take(&mut link, "droppedAttributesCount")),
        flags: SpanFlags::from_wire(flags(trace_flags, Some(is_remote == Value::Bool(true)))),
    })
}
