//! One span of Jaeger JSON as an OpenTelemetry span: the mapping of the specification (*OpenTelemetry to Jaeger*), read
//! backwards, and `OpenTracing`'s words where there is none of OpenTelemetry's.

use super::zipkin_span::{hex_id, micros};
use crate::model::{
    Attributes, Event, Link, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TraceId, Value,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// What Jaeger calls a service without a name.
pub(super) const NO_SERVICE: &str = "OTLPResourceNoServiceName";

/// The attribute in which Jaeger itself keeps what it had to say of a span.
pub(super) const WARNINGS: &str = "@jaeger@warnings";

/// The attribute by which a link says which kind of reference it was (semantic conventions, `OpenTracing`).
pub(super) const REFERENCE_TYPE: &str = "opentracing.ref_type";
pub(super) const CHILD_OF: &str = "child_of";

/// The sampled flag; Jaeger's others mean something else than W3C's.
const SAMPLED: i64 = 1;

/// A process, as a resource.
pub(super) fn process(value: Value) -> Resource {
    let mut resource = Resource::default();
    let Value::Map(members) = value else { return resource };
    for (key, value) in members {
        match (key.as_str(), value) {
            ("serviceName", Value::Str(name)) if !name.is_empty() && name != NO_SERVICE => {
                resource.attributes.retain(|(key, _)| key != "service.name");
                resource.attributes.insert(0, ("service.name".to_owned(), Value::Str(name)));
            }
            ("tags", Value::Array(list)) => {
                let named = resource.get("service.name").is_some();
                let of_tags =
                    list.into_iter().filter_map(tag).filter(|(key, _)| !named || key != "service.name");
                resource.attributes.extend(of_tags);
            }
            _ => {}
        }
    }
    resource
}

/// The span in this object, or why it cannot be taken.
pub(super) fn span(
    value: Value,
    processes: &HashMap<String, Resource>,
) -> Result<(Resource, Scope, Span), String> {
    let Value::Map(members) = value else { return Err("not an object".to_owned()) };
    let (mut resource, mut scope, mut span) = (Resource::default(), Scope::default(), Span::default());
    let (mut trace_id, mut id, mut duration_ns, mut references) = (None, None, 0, Vec::new());
    let (mut tags, mut parent) = (Attributes::new(), 0);
    for (key, value) in members {
        match (key.as_str(), value) {
            (_, Value::Empty) => {}
            ("traceID", value) => trace_id = Some(hex_id("traceID", &value, 32)?),
            ("spanID", value) => id = Some(hex_id("spanID", &value, 16)?),
            ("parentSpanID", Value::Str(text)) if text.is_empty() => {}
            ("parentSpanID", value) => parent = hex_id("parentSpanID", &value, 16)? as u64,
            ("operationName", Value::Str(name)) => span.name = name,
            ("flags", Value::Int(flags)) => span.flags = (flags & SAMPLED) as u32,
            ("startTime", value) => span.start_ns = micros("startTime", &value)?,
            ("duration", value) => duration_ns = micros("duration", &value)?,
            ("references", Value::Array(list)) => references = list,
            ("tags", Value::Array(list)) => tags.extend(list.into_iter().filter_map(tag)),
            // As Elasticsearch keeps those that are to be searched.
            ("tag", Value::Map(list)) => {
                tags.extend(list.into_iter().map(|(key, value)| (key.replace('@', "."), value)));
            }
            ("logs", Value::Array(list)) => span.events.extend(list.into_iter().filter_map(event)),
            ("processID", Value::Str(id)) => resource = processes.get(&id).cloned().unwrap_or(resource),
            ("process", value) => resource = process(value),
            ("warnings", Value::Array(list)) if !list.is_empty() => {
                span.attributes.push((WARNINGS.to_owned(), Value::Array(list)));
            }
            _ => {}
        }
    }
    let present = |id: Option<u128>, name: &str| match id {
        None => Err(format!("{name} is missing")),
        Some(0) => Err(format!("{name} is all zeros")),
        Some(id) => Ok(id),
    };
    span.trace_id = TraceId(present(trace_id, "traceID")?.to_be_bytes());
    span.span_id = SpanId(present(id, "spanID")? as u64);
    span.end_ns = span.start_ns.saturating_add(duration_ns);
    let ours = read_tags(tags, &mut scope, &mut span);
    let is_otel = ours
        || resource.get("telemetry.sdk.name").is_some()
        || resource.get("telemetry.sdk.language").is_some();
    for reference in references {
        refer(reference, is_otel, &mut span)?;
    }
    if span.start_ns == 0 {
        return Err("startTime is missing".to_owned());
    }
    if span.parent_id.is_none() {
        span.parent_id = SpanId(parent);
    }
    Ok((resource, scope, span))
}

/// Sets what tags say of the span itself. Whether an OpenTelemetry exporter wrote them.
fn read_tags(tags: Attributes, scope: &mut Scope, span: &mut Span) -> bool {
    // Without a tag it is an operation inside of the application: clients of Jaeger only tag the others.
    span.kind = SpanKind::Internal;
    let (mut code, mut ours) = (false, false);
    for (key, value) in tags {
        let text = || value.to_string();
        let count = || text().parse().unwrap_or(0);
        ours |= key.starts_with("otel.") || key == "internal.span.format";
        match key.as_str() {
            "span.kind" => match kind_of(&text()) {
                Some(kind) => span.kind = kind,
                None => span.attributes.push((key, value)),
            },
            "otel.scope.name" | "otel.library.name" => scope.name = text(),
            "otel.scope.version" | "otel.library.version" => scope.version = text(),
            "w3c.tracestate" => span.trace_state = text(),
            "otel.status_description" => span.status_message = text(),
            "otel.dropped_attributes_count" => span.dropped_attributes = count(),
            "otel.dropped_events_count" => span.dropped_events = count(),
            "otel.dropped_links_count" => span.dropped_links = count(),
            // In which form Jaeger got it.
            "internal.span.format" => {}
            "otel.status_code" => {
                code = true;
                let error = text().eq_ignore_ascii_case("error");
                span.status = if error { StatusCode::Error } else { StatusCode::Ok };
            }
            _ => span.attributes.push((key, value)),
        }
    }
    let error =
        span.attributes.iter().rposition(|(key, value)| key == "error" && value.to_string() == "true");
    match (error, code) {
        // The exporter says the status twice.
        (Some(at), true) if span.status == StatusCode::Error => drop(span.attributes.remove(at)),
        (Some(_), false) => span.status = StatusCode::Error,
        _ => {}
    }
    ours
}

fn kind_of(kind: &str) -> Option<SpanKind> {
    Some(match kind {
        "client" => SpanKind::Client,
        "server" => SpanKind::Server,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        "internal" => SpanKind::Internal,
        "unspecified" => SpanKind::Unspecified,
        _ => return None,
    })
}

/// The first `CHILD_OF` of the same trace is the parent. What else a span refers to are links: OpenTelemetry writes these
/// as `FOLLOWS_FROM`; with `OpenTracing` that is a parent too, where there is no other.
fn refer(reference: Value, is_otel: bool, span: &mut Span) -> Result<(), String> {
    let Value::Map(members) = reference else { return Ok(()) };
    let (mut child_of, mut link) = (false, Link::default());
    for (key, value) in members {
        match key.as_str() {
            "refType" => child_of = value.to_string().replace('_', "").eq_ignore_ascii_case("childof"),
            "traceID" => link.trace_id = TraceId(hex_id("traceID of a reference", &value, 32)?.to_be_bytes()),
            "spanID" => link.span_id = SpanId(hex_id("spanID of a reference", &value, 16)? as u64),
            _ => {}
        }
    }
    let here = link.trace_id == span.trace_id && span.parent_id.is_none();
    if here && (child_of || !is_otel) {
        span.parent_id = link.span_id;
    } else if !link.span_id.is_none() {
        if child_of {
            link.attributes.push((REFERENCE_TYPE.to_owned(), Value::Str(CHILD_OF.to_owned())));
        }
        span.links.push(link);
    }
    Ok(())
}

/// A tag, of the type that it names.
fn tag(tag: Value) -> Option<(String, Value)> {
    let Value::Map(members) = tag else { return None };
    let (mut name, mut kind, mut value) = (None, String::new(), Value::Empty);
    for (key, member) in members {
        match key.as_str() {
            "key" => name = Some(member.to_string()),
            "type" => kind = member.to_string().to_ascii_lowercase(),
            "value" => value = member,
            _ => {}
        }
    }
    let value = match (kind.as_str(), value) {
        // Elasticsearch keeps every value as text.
        ("bool", Value::Str(text)) => Value::Bool(text == "true"),
        ("int64", Value::Str(text)) => text.parse().map_or(Value::Str(text), Value::Int),
        ("float64", Value::Str(text)) => text.parse().map_or(Value::Str(text), Value::Double),
        ("float64", Value::Int(int)) => Value::Double(int as f64),
        ("binary", Value::Str(text)) => STANDARD.decode(&text).map_or(Value::Str(text), Value::Bytes),
        (_, value) => value,
    };
    Some((name?, value))
}

/// A log: its name is what OpenTelemetry's exporters call `event`, or else `message`.
fn event(log: Value) -> Option<Event> {
    let Value::Map(members) = log else { return None };
    let mut event = Event::default();
    for (key, value) in members {
        match (key.as_str(), value) {
            ("timestamp", value) => event.time_ns = micros("timestamp", &value).unwrap_or(0),
            ("fields", Value::Array(fields)) => event.attributes.extend(fields.into_iter().filter_map(tag)),
            _ => {}
        }
    }
    let dropped = event.attributes.iter().position(|(key, _)| key == "otel.dropped_attributes_count");
    if let Some(at) = dropped {
        event.dropped_attributes = event.attributes.remove(at).1.to_string().parse().unwrap_or(0);
    }
    let name = |key: &str| event.attributes.iter().position(|(k, v)| k == key && matches!(v, Value::Str(_)));
    if let Some(at) = name("event").or_else(|| name("message")) {
        event.name = event.attributes.remove(at).1.to_string();
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::tree;

    fn read(json: &str) -> Result<(Resource, Scope, Span), String> {
        span(tree(json.as_bytes()).unwrap(), &HashMap::new())
    }

    #[test]
    fn a_span_of_an_opentelemetry_sdk() {
        let (resource, scope, span) = read(
            r#"{"traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"b7ad6b7169203331","operationName":"GET /","flags":3,
                "references":[{"refType":"CHILD_OF","traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"1"},
                              {"refType":"FOLLOWS_FROM","traceID":"2","spanID":"3"},
                              {"refType":"CHILD_OF","traceID":"5","spanID":"6"}],
                "startTime":1795416830115138,"duration":2974,
                "tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"n","type":"int64","value":9007199254740993},
                        {"key":"f","type":"float64","value":2},{"key":"b","type":"binary","value":"AP8="},
                        {"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"error","type":"bool","value":true},
                        {"key":"otel.status_description","type":"string","value":"boom"},{"key":"w3c.tracestate","type":"string","value":"a=b"},
                        {"key":"otel.library.name","type":"string","value":"flask"},{"key":"otel.library.version","type":"string","value":"1"},
                        {"key":"internal.span.format","type":"string","value":"proto"}],
                "logs":[{"timestamp":1795416830115200,"fields":[{"key":"event","type":"string","value":"exception"},
                         {"key":"message","type":"string","value":"x"}]},
                        {"timestamp":1,"fields":[{"key":"message","type":"string","value":"sent"}]}],
                "process":{"serviceName":"shop","tags":[{"key":"service.name","type":"string","value":"other"},
                           {"key":"telemetry.sdk.language","type":"string","value":"python"}]},
                "warnings":["clock skew"]}"#,
        )
        .unwrap();
        assert_eq!((resource.service_name(), resource.attributes.len()), ("shop", 2));
        assert_eq!((scope.name.as_str(), scope.version.as_str()), ("flask", "1"));
        assert_eq!((span.kind, span.status, span.flags), (SpanKind::Server, StatusCode::Error, 1));
        assert_eq!((span.status_message.as_str(), span.trace_state.as_str()), ("boom", "a=b"));
        assert_eq!((span.start_ns, span.end_ns), (1_795_416_830_115_138_000, 1_795_416_830_118_112_000));
        assert_eq!(span.parent_id, SpanId(1));
        let links: Vec<_> = span.links.iter().map(|link| (link.span_id.0, link.attributes.len())).collect();
        assert_eq!(links, [(3, 0), (6, 1)]);
        let warnings = Value::Array(vec![Value::Str("clock skew".into())]);
        assert_eq!(
            span.attributes,
            [
                (WARNINGS.to_owned(), warnings),
                ("n".into(), Value::Int(9_007_199_254_740_993)),
                ("f".into(), Value::Double(2.0)),
                ("b".into(), Value::Bytes(vec![0, 255])),
            ]
        );
        assert_eq!((span.events[0].name.as_str(), span.events[1].name.as_str()), ("exception", "sent"));
        assert_eq!(span.events[0].attributes, [("message".into(), Value::Str("x".into()))]);
    }

    #[test]
    fn a_span_of_opentracing() {
        let (_, _, span) = read(
            r#"{"traceID":"978883983d506fa5","spanID":"fa5","startTime":1,"duration":2,
                "references":[{"refType":"FOLLOWS_FROM","traceID":"0000000000000000978883983d506fa5","spanID":"7"}],
                "tags":[{"key":"error","type":"bool","value":true},{"key":"span.kind","type":"string","value":"odd"}]}"#,
        )
        .unwrap();
        assert_eq!(span.trace_id.to_string(), "0000000000000000978883983d506fa5");
        assert_eq!((span.parent_id.0, span.kind, span.status), (7, SpanKind::Internal, StatusCode::Error));
        assert_eq!((span.attributes.len(), span.links.len(), span.end_ns), (2, 0, 3_000));
    }

    #[test]
    fn what_cannot_be_taken_says_why() {
        for (json, reason) in [
            ("{}", "traceID is missing"),
            (r#"{"traceID":"1"}"#, "spanID is missing"),
            (r#"{"traceID":"0","spanID":"1"}"#, "traceID is all zeros"),
            (r#"{"traceID":"xyz"}"#, "traceID is not up to 32 hex digits: \"xyz\""),
            (
                r#"{"traceID":"1","spanID":"1","startTime":-5}"#,
                "startTime is no number of microseconds: \"-5\"",
            ),
            (
                r#"{"traceID":"1","spanID":"1","references":[{"traceID":"1","spanID":"?"}]}"#,
                "spanID of a reference is not up to 16 hex digits: \"?\"",
            ),
            (r#"{"traceID":"1","spanID":"1","startTime":0,"duration":5}"#, "startTime is missing"),
        ] {
            assert_eq!(read(json).unwrap_err(), reason, "{json}");
        }
    }
}
