//! One printed object as a span (`ReadableSpan.to_json` of opentelemetry-python's SDK).

use super::console_objects::Printed;
use super::printed::{self, checked, instant, kind_named, status_named};
use crate::model::{Attributes, Event, Link, Resource, Scope, Span, SpanId, TraceId, Value};

/// What an object on the console is.
pub(super) enum Found {
    Span(Box<Printed>),
    /// A record of the console log exporter.
    Log,
    /// What the console metric exporter printed at once: so many metrics.
    Metrics(u64),
    /// Somebody else's.
    Other,
    /// A span that cannot be taken, and why.
    Bad(String),
}

/// What this object is.
pub(super) fn find(object: Value) -> Found {
    let Value::Map(members) = object else { return Found::Other };
    let has = |name: &str| members.iter().any(|(key, _)| key == name);
    if !has("context") {
        return match () {
            () if has("severity_number") => Found::Log,
            () if has("resource_metrics") => Found::Metrics(metrics(members)),
            () => Found::Other,
        };
    }
    match span(members) {
        Ok(found) => Found::Span(Box::new(found)),
        Err(reason) => Found::Bad(reason),
    }
}

/// How many metrics `MetricsData.to_json` printed.
fn metrics(mut printed: Attributes) -> u64 {
    let within = |value: Value, name: &str| printed::items(printed::take(&mut printed::members(value), name));
    let resources = printed::items(printed::take(&mut printed, "resource_metrics"));
    let scopes = resources.into_iter().flat_map(|resource| within(resource, "scope_metrics"));
    scopes.map(|scope| within(scope, "metrics").len() as u64).sum()
}

fn span(members: Attributes) -> Result<Printed, String> {
    let (mut resource, mut span) = (Resource::default(), Span::default());
    for (key, value) in members {
        match (key.as_str(), value) {
            ("name", Value::Str(name)) => span.name = name,
            ("context", Value::Map(context)) => {
                (span.trace_id, span.span_id, span.trace_state) = ids(context)?;
            }
            ("kind", Value::Str(kind)) => span.kind = kind_named(&kind),
            ("parent_id", Value::Str(id)) => span.parent_id = printed::span_id("parent_id", &id)?,
            ("start_time", value) => span.start_ns = instant("start_time", &value)?,
            ("end_time", value) => span.end_ns = instant("end_time", &value)?,
            ("status", Value::Map(status)) => set_status(status, &mut span),
            ("attributes", Value::Map(attributes)) => span.attributes = attributes,
            ("events", Value::Array(events)) => span.events = events.into_iter().filter_map(event).collect(),
            ("links", Value::Array(links)) => span.links = links.into_iter().filter_map(link).collect(),
            ("resource", Value::Map(members)) => resource = resource_of(members),
            _ => {}
        }
    }
    // `null` was printed as the end of a span that has not ended.
    Ok((resource, Scope::default(), checked(span)?))
}

fn ids(context: Attributes) -> Result<(TraceId, SpanId, String), String> {
    let (mut trace_id, mut span_id, mut trace_state) = (TraceId::default(), SpanId::NONE, String::new());
    for (key, value) in context {
        let Value::Str(text) = value else { continue };
        match key.as_str() {
            "trace_id" => trace_id = printed::trace_id("trace_id", &text)?,
            "span_id" => span_id = printed::span_id("span_id", &text)?,
            "trace_state" => trace_state = trace_state_of(&text),
            _ => {}
        }
    }
    Ok((trace_id, span_id, trace_state))
}

/// The header's text of what Python prints: `['{key=ot, value=th:8}']`.
fn trace_state_of(printed: &str) -> String {
    let entries = printed.split("{key=").skip(1).filter_map(|entry| entry.split_once(", value="));
    let pairs = entries.filter_map(|(key, rest)| Some(format!("{key}={}", rest.split_once('}')?.0)));
    pairs.collect::<Vec<_>>().join(",")
}

fn set_status(status: Attributes, span: &mut Span) {
    for (key, value) in status {
        match (key.as_str(), value) {
            // `canonical_code` before version 1.0.
            ("status_code" | "canonical_code", Value::Str(code)) => {
                span.status = status_named(&code);
            }
            ("description", Value::Str(text)) => span.status_message = text,
            _ => {}
        }
    }
}

fn event(printed: Value) -> Option<Event> {
    let Value::Map(members) = printed else { return None };
    let mut event = Event::default();
    for (key, value) in members {
        match (key.as_str(), value) {
            ("name", Value::Str(name)) => event.name = name,
            ("timestamp", value) => event.time_ns = instant("timestamp", &value).unwrap_or(0),
            ("attributes", Value::Map(attributes)) => event.attributes = attributes,
            _ => {}
        }
    }
    Some(event)
}

fn link(printed: Value) -> Option<Link> {
    let Value::Map(members) = printed else { return None };
    let mut link = Link::default();
    for (key, value) in members {
        match (key.as_str(), value) {
            ("context", Value::Map(context)) => {
                (link.trace_id, link.span_id, link.trace_state) = ids(context).ok()?;
            }
            ("attributes", Value::Map(attributes)) => link.attributes = attributes,
            _ => {}
        }
    }
    Some(link)
}

/// `{"attributes": {…}, "schema_url": ""}`; before version 1.12 the attributes alone.
fn resource_of(members: Attributes) -> Resource {
    let mut resource = Resource::default();
    for (key, value) in members {
        match (key.as_str(), value) {
            ("attributes", Value::Map(attributes)) => resource.attributes = attributes,
            ("schema_url", Value::Str(url)) => resource.schema_url = url,
            (_, value) => resource.attributes.push((key, value)),
        }
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SpanKind, StatusCode};
    use crate::otlp::tree;

    fn read(json: &str) -> Found {
        find(tree(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_whole_span_arrives() {
        let Found::Span(found) = read(
            r#"{"name":"GET","context":{"trace_id":"0x7665db79fe37190cd760141ae821eb49","span_id":"0x6d04c2831f31cdd8",
                "trace_state":"['{key=ot, value=th:8}', '{key=b, value=c}']"},"kind":"SpanKind.CLIENT","parent_id":"0x4068afb4c354c457",
                "start_time":"2026-11-23T06:53:42.083692Z","end_time":"2026-11-23T06:53:42.085929Z",
                "status":{"status_code":"ERROR","description":"KeyError: 7"},"attributes":{"n":8080,"l":["a",1.5,true],"x":null},
                "events":[{"name":"exception","timestamp":"2026-11-23T06:53:42.085Z","attributes":{"exception.type":"KeyError"}}],
                "links":[{"context":{"trace_id":"0x01","span_id":"0x02","trace_state":"[]"},"attributes":{"a":1}}],
                "resource":{"attributes":{"service.name":"shop"},"schema_url":"u"}}"#,
        ) else {
            panic!("no span")
        };
        let (resource, _, span) = *found;
        assert_eq!((resource.service_name(), resource.schema_url.as_str()), ("shop", "u"));
        assert_eq!((span.kind, span.flags, span.trace_state.as_str()), (SpanKind::Client, 0, "ot=th:8,b=c"));
        assert_eq!(span.parent_id.to_string(), "4068afb4c354c457");
        assert_eq!((span.end_ns - span.start_ns, span.status), (2_237_000, StatusCode::Error));
        assert_eq!(span.status_message, "KeyError: 7");
        assert_eq!(span.attributes[1].1.to_string(), "[a, 1.5, true]");
        assert_eq!((span.events[0].name.as_str(), span.links[0].span_id), ("exception", SpanId(2)));
    }

    #[test]
    fn other_objects_are_no_spans() {
        assert!(matches!(read(r#"{"level":"info"}"#), Found::Other));
        assert!(matches!(
            read(r#"{"resource_metrics":[{"scope_metrics":[{"metrics":[{},{}]},{"metrics":[{}]}]},7]}"#),
            Found::Metrics(3)
        ));
        assert!(matches!(read(r#"{"body":"x","severity_number":9,"trace_id":"0x0"}"#), Found::Log));
        assert!(
            matches!(read(r#"{"context":{}}"#), Found::Bad(reason) if reason.starts_with("trace_id is missing"))
        );
        assert!(
            matches!(read(r#"{"context":{"trace_id":"0xzz"}}"#), Found::Bad(reason) if reason.contains("0xzz"))
        );
    }
}
