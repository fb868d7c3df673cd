//! One Zipkin v2 span as an OpenTelemetry span, by the mapping of the specification (*Zipkin exporter*) read
//! backwards.

use super::zipkin_shared::MARK;
use crate::model::{Attributes, Event, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TraceId, Value};
use crate::otlp::tree;

/// The span in this object, or why it cannot be taken.
pub(super) fn span(object: Value) -> Result<(Resource, Scope, Span), String> {
    let Value::Map(members) = object else { return Err("not an object".to_owned()) };
    let (mut resource, mut scope, mut span) = (Resource::default(), Scope::default(), Span::default());
    span.kind = SpanKind::Internal;
    let (mut trace_id, mut id, mut duration_us, mut shared, mut coded) = (None, None, None, false, false);
    for (key, value) in members {
        match (key.as_str(), value) {
            (_, Value::Empty) => {}
            ("traceId", value) => trace_id = Some(hex_id("traceId", &value, 32)?),
            ("id", value) => id = Some(hex_id("id", &value, 16)?),
            ("parentId", value) => span.parent_id = SpanId(hex_id("parentId", &value, 16)? as u64),
            ("name", Value::Str(name)) => span.name = name,
            ("kind", Value::Str(kind)) => span.kind = kind_of(&kind),
            ("timestamp", value) => span.start_ns = micros("timestamp", &value)?,
            ("duration", value) => duration_us = Some(micros("duration", &value)?),
            ("shared", Value::Bool(b)) => shared = b,
            ("localEndpoint", Value::Map(endpoint)) => local(endpoint, &mut resource, &mut span),
            ("remoteEndpoint", Value::Map(endpoint)) => remote(endpoint, &mut span),
            ("annotations", Value::Array(annotations)) => {
                span.events.extend(annotations.into_iter().filter_map(event));
            }
            ("tags", Value::Map(tags)) => {
                coded = tags.iter().any(|(key, _)| key == "otel.status_code");
                for (key, value) in tags {
                    tag(key, value.to_string(), &mut resource, &mut scope, &mut span);
                }
            }
            _ => {}
        }
    }
    let present = |id: Option<u128>, name: &str| match id {
        None => Err(format!("{name} is missing")),
        Some(0) => Err(format!("{name} is all zeros")),
        Some(id) => Ok(id),
    };
    span.trace_id = TraceId(present(trace_id, "traceId")?.to_be_bytes());
    span.span_id = SpanId(present(id, "id")? as u64);
    if span.start_ns == 0 {
        let first = span.events.iter().map(|event| event.time_ns).filter(|ns| *ns > 0).min();
        span.start_ns = first.ok_or("timestamp is missing: a part of a span that is reported elsewhere")?;
    }
    if coded {
        // The exporter says the status twice.
        let again = |(key, value): &(String, Value)| {
            key == "error"
                && matches!(value, Value::Str(text) if text.is_empty() || text == "true" || *text == span.status_message)
        };
        if span.status == StatusCode::Error
            && let Some(at) = span.attributes.iter().rposition(again)
        {
            span.attributes.remove(at);
        }
    }
    // A span without a duration was reported before it was finished.
    span.end_ns = span.start_ns.saturating_add(duration_us.unwrap_or(0));
    if shared {
        span.attributes.push((MARK.to_owned(), Value::Bool(true)));
    }
    Ok((resource, scope, span))
}

/// Zipkin knows no INTERNAL: it is what has no kind.
fn kind_of(kind: &str) -> SpanKind {
    match kind {
        "CLIENT" => SpanKind::Client,
        "SERVER" => SpanKind::Server,
        "PRODUCER" => SpanKind::Producer,
        "CONSUMER" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// An id of up to this many hex digits; Zipkin's 64-bit trace ids are the lower half.
pub(super) fn hex_id(name: &str, value: &Value, digits: usize) -> Result<u128, String> {
    let text = value.to_string();
    let id = (text.len() <= digits && text.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| u128::from_str_radix(&text, 16).ok())
        .flatten();
    id.ok_or_else(|| {
        let shown: String = text.chars().take(48).collect();
        format!("{name} is not up to {digits} hex digits: \"{}\"", shown.escape_default())
    })
}

/// Microseconds as nanoseconds.
pub(super) fn micros(name: &str, value: &Value) -> Result<u64, String> {
    let us = match value {
        Value::Int(us) => u64::try_from(*us).ok(),
        Value::Double(us) if (0.0..1e16).contains(us) => return Ok((us * 1e3) as u64),
        Value::Str(text) => text.parse().ok(),
        _ => None,
    };
    us.and_then(|us| us.checked_mul(1_000)).ok_or_else(|| {
        let shown: String = value.to_string().chars().take(48).collect();
        format!("{name} is no number of microseconds: \"{}\"", shown.escape_default())
    })
}

fn local(endpoint: Attributes, resource: &mut Resource, span: &mut Span) {
    for (key, value) in endpoint {
        match key.as_str() {
            "serviceName" => set(&mut resource.attributes, "service.name", value),
            "ipv4" | "ipv6" => set(&mut span.attributes, "network.local.address", value),
            "port" => set(&mut span.attributes, "network.local.port", value),
            _ => {}
        }
    }
}

fn remote(endpoint: Attributes, span: &mut Span) {
    for (key, value) in endpoint {
        match key.as_str() {
            "serviceName" => set(&mut span.attributes, "peer.service", value),
            "ipv4" | "ipv6" => set(&mut span.attributes, "network.peer.address", value),
            "port" => set(&mut span.attributes, "network.peer.port", value),
            _ => {}
        }
    }
}

/// Sets an attribute that is not there yet, unless to nothing.
fn set(attributes: &mut Attributes, key: &str, value: Value) {
    let empty = matches!(&value, Value::Empty | Value::Int(0))
        || matches!(&value, Value::Str(text) if text.is_empty());
    if !empty && !attributes.iter().any(|(k, _)| k == key) {
        attributes.push((key.to_owned(), value));
    }
}

fn tag(key: String, text: String, resource: &mut Resource, scope: &mut Scope, span: &mut Span) {
    match key.as_str() {
        "otel.scope.name" | "otel.library.name" => scope.name = text,
        "otel.scope.version" | "otel.library.version" => scope.version = text,
        "w3c.tracestate" => span.trace_state = text,
        "otel.status_code" => {
            span.status = if text.eq_ignore_ascii_case("error") { StatusCode::Error } else { StatusCode::Ok };
        }
        "otel.status_description" => span.status_message = text,
        "otel.dropped_attributes_count" => span.dropped_attributes = text.parse().unwrap_or(0),
        "otel.dropped_events_count" => span.dropped_events = text.parse().unwrap_or(0),
        "otel.dropped_links_count" => span.dropped_links = text.parse().unwrap_or(0),
        "error" => {
            if !text.eq_ignore_ascii_case("false") {
                span.status = StatusCode::Error;
            }
            if !matches!(text.as_str(), "" | "true" | "false") && span.status_message.is_empty() {
                span.status_message.clone_from(&text);
            }
            span.attributes.push((key, Value::Str(text)));
        }
        _ if is_of_resource(&key) => {
            // The endpoint's name is the same, in lower case.
            resource.attributes.retain(|(k, _)| *k != key);
            resource.attributes.push((key, Value::Str(text)));
        }
        _ => span.attributes.push((key, Value::Str(text))),
    }
}

/// Some SDKs write the resource among the tags (Python's does). `process.*` stays with the span: instrumentations of
/// commands write it there.
pub(super) fn is_of_resource(key: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "service.",
        "telemetry.",
        "host.",
        "os.",
        "container.",
        "k8s.",
        "cloud.",
        "deployment.",
        "process.runtime.",
        "device.",
        "webengine.",
        "aws.ecs.",
    ];
    // `service.peer.name` says who is called.
    PREFIXES.iter().any(|prefix| key.starts_with(prefix)) && !key.starts_with("service.peer.")
}

/// An annotation: its name alone, `{"name": {attributes}}` (Python), or `name|{attributes}|dropped` (collector).
fn event(annotation: Value) -> Option<Event> {
    let Value::Map(members) = annotation else { return None };
    let mut event = Event::default();
    for (key, value) in members {
        match (key.as_str(), value) {
            ("timestamp", value) => event.time_ns = micros("timestamp", &value).unwrap_or(0),
            ("value", Value::Str(text)) => event.name = text,
            _ => {}
        }
    }
    if event.name.starts_with('{') {
        if let Ok(Value::Map(mut members)) = tree(event.name.as_bytes())
            && let (Some((name, Value::Map(attributes))), true) = (members.pop(), members.is_empty())
        {
            (event.name, event.attributes) = (name, attributes);
        }
    } else if let Some((name, rest)) = event.name.split_once("|{")
        && let Some((attributes, dropped)) = rest.rsplit_once('|')
        && let Ok(Value::Map(attributes)) = tree(format!("{{{attributes}").as_bytes())
    {
        event.dropped_attributes = dropped.parse().unwrap_or(0);
        (event.name, event.attributes) = (name.to_owned(), attributes);
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(Resource, Scope, Span), String> {
        span(tree(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_span_of_the_python_exporter() {
        let (resource, scope, span) = read(
            r#"{"traceId":"e807020267fa6e8d2acff67a6f84f35a","id":"951496ca0a3cabac","name":"GET /","timestamp":1795416830115138,
                "duration":2974,"localEndpoint":{"serviceName":"shop"},"kind":null,"debug":true,"parentId":"5e2bfb466bc75cad",
                "tags":{"http.method":"GET","http.status_code":"500","telemetry.sdk.language":"python","service.name":"Shop",
                        "otel.library.name":"opentelemetry.instrumentation.flask","otel.library.version":"0.50b0",
                        "otel.scope.name":"opentelemetry.instrumentation.flask","otel.scope.version":"0.50b0",
                        "otel.status_code":"ERROR","otel.status_description":"boom","w3c.tracestate":"a=b","process.pid":7},
                "annotations":[{"timestamp":1795416830115200,"value":"{\"exception\":{\"exception.type\":\"KeyError\"}}"},
                               {"timestamp":1795416830115201,"value":"sent"}]}"#,
        )
        .unwrap();
        assert_eq!((resource.service_name(), resource.text("telemetry.sdk.language")), ("Shop", "python"));
        assert_eq!(
            (scope.name.as_str(), scope.version.as_str()),
            ("opentelemetry.instrumentation.flask", "0.50b0")
        );
        assert_eq!(
            (span.kind, span.status, span.status_message.as_str()),
            (SpanKind::Internal, StatusCode::Error, "boom")
        );
        assert_eq!((span.start_ns, span.end_ns), (1_795_416_830_115_138_000, 1_795_416_830_118_112_000));
        assert_eq!(span.trace_state, "a=b");
        let keys: Vec<_> = span.attributes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["http.method", "http.status_code", "process.pid"]);
        assert_eq!((span.events[0].name.as_str(), span.events[1].name.as_str()), ("exception", "sent"));
        assert_eq!(span.events[0].attributes, [("exception.type".into(), Value::Str("KeyError".into()))]);
    }

    #[test]
    fn native_spans() {
        let (_, _, span) = read(
            r#"{"traceId":"978883983d506fa5","id":"fa5","kind":"SERVER","timestamp":1,"tags":{"error":"timeout"},
                "localEndpoint":{"ipv4":"10.0.0.1","port":80},"remoteEndpoint":{"serviceName":"web","ipv6":"::1","port":54602},
                "annotations":[{"timestamp":2,"value":"retry|{\"n\":1}|3"},7]}"#,
        )
        .unwrap();
        assert_eq!(span.trace_id.to_string(), "0000000000000000978883983d506fa5");
        assert_eq!((span.span_id.0, span.kind, span.status), (0xfa5, SpanKind::Server, StatusCode::Error));
        assert_eq!((span.status_message.as_str(), span.end_ns), ("timeout", 1_000));
        let attribute =
            |key: &str| span.attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.to_string());
        assert_eq!(attribute("network.peer.address").as_deref(), Some("::1"));
        assert_eq!(attribute("network.peer.port").as_deref(), Some("54602"));
        assert_eq!(attribute("peer.service").as_deref(), Some("web"));
        assert_eq!(attribute("network.local.address").as_deref(), Some("10.0.0.1"));
        assert_eq!((span.events[0].name.as_str(), span.events[0].dropped_attributes), ("retry", 3));
    }

    #[test]
    fn what_cannot_be_taken_says_why() {
        for (json, reason) in [
            ("{}", "traceId is missing"),
            (r#"{"traceId":"1"}"#, "id is missing"),
            (r#"{"traceId":"1","id":"0"}"#, "id is all zeros"),
            (r#"{"traceId":"xyz"}"#, "traceId is not up to 32 hex digits: \"xyz\""),
            (
                r#"{"traceId":"1","id":"11111111111111111"}"#,
                "id is not up to 16 hex digits: \"11111111111111111\"",
            ),
            (
                r#"{"traceId":"1","id":"1"}"#,
                "timestamp is missing: a part of a span that is reported elsewhere",
            ),
            (r#"{"traceId":"1","id":"1","timestamp":-5}"#, "timestamp is no number of microseconds: \"-5\""),
        ] {
            assert_eq!(read(json).unwrap_err(), reason, "{json}");
        }
    }
}
