//! Writes Jaeger JSON as its API answers and its UI takes it: one document, in which a trace is one object. So what was
//! written of a trace is kept until the end.

use super::jaeger_span::{CHILD_OF, NO_SERVICE, REFERENCE_TYPE, WARNINGS};
use super::writing::{
    Written, as_text, comma, each_span, json, links_lost, origins_lost, plain, quoted, times_lost,
};
use super::{Lost, Records};
use crate::model::{Attributes, Event, Link, Resource, Span, SpanId, SpanKind, StatusCode, TraceId, Value};
use crate::otlp::Loss;
use std::collections::HashMap;

pub(super) fn start() -> Box<dyn Records> {
    Box::<Document>::default()
}

#[derive(Default)]
struct Document {
    traces: Vec<Trace>,
    numbers: HashMap<TraceId, usize>,
}

#[derive(Default)]
struct Trace {
    id: TraceId,
    /// Spans with commas between them.
    spans: Vec<u8>,
    /// Processes, each once, and the number of each.
    processes: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, usize>,
}

impl Records for Document {
    fn put(&mut self, request: &[u8], _: &mut Vec<u8>, lost: &mut Lost<'_>) {
        // The process of each resource of this request.
        let mut texts: HashMap<u32, Vec<u8>> = HashMap::new();
        each_span(request, lost, &mut |written, lost| {
            let id = written.span.trace_id;
            let number = *self.numbers.entry(id).or_insert_with(|| {
                self.traces.push(Trace { id, ..Trace::default() });
                self.traces.len() - 1
            });
            let text = texts.entry(written.number).or_insert_with(|| process(written.resource, lost));
            self.traces[number].add(text, &written, lost);
        });
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"data\":[");
        for (i, trace) in self.traces.iter().enumerate() {
            comma(out, i);
            plain(out, format_args!("\n{{\"traceID\":\"{}\",\"spans\":[", trace.id));
            out.extend_from_slice(&trace.spans);
            out.extend_from_slice(b"\n],\"processes\":{");
            for (i, process) in trace.processes.iter().enumerate() {
                comma(out, i);
                plain(out, format_args!("\n\"p{}\":", i + 1));
                out.extend_from_slice(process);
            }
            out.extend_from_slice(b"},\"warnings\":null}");
        }
        out.extend_from_slice(b"\n],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n");
    }
}

impl Trace {
    fn add(&mut self, process: &[u8], written: &Written<'_>, lost: &mut Lost<'_>) {
        let number = match self.known.get(process) {
            Some(number) => *number,
            None => {
                self.processes.push(process.to_vec());
                self.known.insert(process.to_vec(), self.processes.len());
                self.processes.len()
            }
        };
        let before = self.spans.len();
        comma(&mut self.spans, before);
        span(&mut self.spans, number, written, lost);
    }
}

fn process(resource: &Resource, lost: &mut Lost<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let name = match resource.text("service.name") {
        "" => NO_SERVICE,
        name => name,
    };
    out.extend_from_slice(b"{\"serviceName\":");
    quoted(&mut out, name);
    let of_name = resource
        .attributes
        .iter()
        .position(|(key, value)| key == "service.name" && matches!(value, Value::Str(_)));
    let others = resource.attributes.iter().enumerate().filter(|(at, _)| Some(*at) != of_name);
    out.extend_from_slice(b",\"tags\":");
    tags(&mut out, others.map(|(_, (key, value))| (key.as_str(), value)), lost);
    out.push(b'}');
    out
}

fn span(out: &mut Vec<u8>, process: usize, written: &Written<'_>, lost: &mut Lost<'_>) {
    let Written { resource, scope, span, .. } = written;
    times_lost(span, lost);
    links_lost(span, REFERENCE_TYPE, lost);
    origins_lost(resource, scope, lost);
    plain(
        out,
        format_args!(
            "\n{{\"traceID\":\"{}\",\"spanID\":\"{}\",\"flags\":{},\"operationName\":",
            span.trace_id,
            span.span_id,
            span.flags & 1
        ),
    );
    quoted(out, &span.name);
    out.extend_from_slice(b",\"references\":[");
    let parent = (!span.parent_id.is_none()).then_some(("CHILD_OF", span.trace_id, span.parent_id));
    let links = span.links.iter().map(|link| (reference_type(link, span), link.trace_id, link.span_id));
    for (i, (kind, trace, id)) in parent.into_iter().chain(links).enumerate() {
        comma(out, i);
        reference(out, kind, trace, id);
    }
    let (start, duration) =
        (span.start_ns / 1_000, (span.end_ns / 1_000).saturating_sub(span.start_ns / 1_000));
    plain(out, format_args!("],\"startTime\":{start},\"duration\":{duration},\"tags\":"));
    let own = own_tags(written, lost);
    let (warnings, attributes): (Vec<_>, Vec<_>) =
        span.attributes.iter().partition(|(key, value)| key == WARNINGS && matches!(value, Value::Array(_)));
    let all = attributes.iter().map(|(key, value)| (key.as_str(), value));
    tags(out, all.chain(own.iter().map(|(key, value)| (key.as_str(), value))), lost);
    out.extend_from_slice(b",\"logs\":[");
    for (i, event) in span.events.iter().enumerate() {
        comma(out, i);
        log(out, event, lost);
    }
    plain(out, format_args!("],\"processID\":\"p{process}\",\"warnings\":"));
    json(out, warnings.first().map_or(&Value::Empty, |(_, value)| value));
    out.push(b'}');
}

/// What a link was in `OpenTracing`, where it says so. In the trace of a root, `CHILD_OF` would name a parent.
fn reference_type(link: &Link, of: &Span) -> &'static str {
    let says_child = |(key, value): &(String, Value)| {
        key == REFERENCE_TYPE && matches!(value, Value::Str(text) if text == CHILD_OF)
    };
    let is_parent = of.parent_id.is_none() && link.trace_id == of.trace_id;
    if !is_parent && link.attributes.iter().any(says_child) { "CHILD_OF" } else { "FOLLOWS_FROM" }
}

fn reference(out: &mut Vec<u8>, kind: &str, trace: TraceId, id: SpanId) {
    plain(out, format_args!("{{\"refType\":\"{kind}\",\"traceID\":\"{trace}\",\"spanID\":\"{id}\"}}"));
}

/// What Jaeger has no place of its own for, by the specification's names.
fn own_tags(Written { scope, span, .. }: &Written<'_>, lost: &mut Lost<'_>) -> Attributes {
    let mut tags = Attributes::new();
    let mut text = |key: &str, text: &str| {
        if !text.is_empty() {
            tags.push((key.to_owned(), Value::Str(text.to_owned())));
        }
    };
    text("otel.scope.name", &scope.name);
    text("otel.scope.version", &scope.version);
    text("w3c.tracestate", &span.trace_state);
    text(
        "span.kind",
        match span.kind {
            SpanKind::Unspecified => "unspecified",
            SpanKind::Internal => "internal",
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
            SpanKind::Other(_) => {
                lost(Loss::Format(
                    "kinds and status codes that the specification does not define were left out",
                ));
                ""
            }
        },
    );
    text(
        "otel.status_code",
        match span.status {
            StatusCode::Unset => "",
            StatusCode::Ok => "OK",
            StatusCode::Error => "ERROR",
            StatusCode::Other(_) => {
                lost(Loss::Format(
                    "kinds and status codes that the specification does not define were left out",
                ));
                ""
            }
        },
    );
    text("otel.status_description", &span.status_message);
    if span.status == StatusCode::Error {
        tags.push(("error".to_owned(), Value::Bool(true)));
    }
    for (key, count) in [
        ("otel.dropped_attributes_count", span.dropped_attributes),
        ("otel.dropped_events_count", span.dropped_events),
        ("otel.dropped_links_count", span.dropped_links),
    ] {
        if count > 0 {
            tags.push((key.to_owned(), Value::Int(count.into())));
        }
    }
    tags
}

fn log(out: &mut Vec<u8>, event: &Event, lost: &mut Lost<'_>) {
    plain(out, format_args!("{{\"timestamp\":{},\"fields\":", event.time_ns / 1_000));
    let name = Value::Str(event.name.clone());
    let dropped = Value::Int(event.dropped_attributes.into());
    let count = (event.dropped_attributes > 0).then_some(("otel.dropped_attributes_count", &dropped));
    let attributes = event.attributes.iter().map(|(key, value)| (key.as_str(), value));
    tags(out, [("event", &name)].into_iter().chain(attributes).chain(count), lost);
    out.push(b'}');
}

fn tags<'a>(out: &mut Vec<u8>, list: impl Iterator<Item = (&'a str, &'a Value)>, lost: &mut Lost<'_>) {
    out.push(b'[');
    for (i, (key, value)) in list.enumerate() {
        comma(out, i);
        out.extend_from_slice(b"{\"key\":");
        quoted(out, key);
        let kind = match value {
            Value::Bool(_) => "bool",
            Value::Int(_) => "int64",
            Value::Double(_) => "float64",
            Value::Bytes(_) => "binary",
            Value::Str(_) => "string",
            Value::Empty | Value::Array(_) | Value::Map(_) => {
                lost(Loss::Format("attributes that are lists, maps or empty were written as text"));
                "string"
            }
        };
        plain(out, format_args!(",\"type\":\"{kind}\",\"value\":"));
        match value {
            Value::Empty | Value::Array(_) | Value::Map(_) => quoted(out, &as_text(value)),
            value => json(out, value),
        }
        out.push(b'}');
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::encode::{Group, request};

    #[test]
    fn a_link_keeps_what_it_was_in_opentracing() {
        let link = |trace: u8, id, kind: &str| Link {
            trace_id: TraceId([trace; 16]),
            span_id: SpanId(id),
            attributes: vec![(REFERENCE_TYPE.to_owned(), Value::Str(kind.to_owned()))],
            ..Link::default()
        };
        let span = |parent_id, links| Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId(2),
            parent_id: SpanId(parent_id),
            links,
            ..Span::default()
        };
        let spans = vec![
            span(3, vec![link(9, 4, CHILD_OF), link(1, 5, CHILD_OF), link(9, 6, "follows_from")]),
            span(0, vec![link(1, 7, CHILD_OF)]),
        ];
        let request = request(&[Group { spans, ..Group::default() }]);
        let (mut document, mut out, mut said) = (Document::default(), Vec::new(), Vec::new());
        document.put(&request, &mut out, &mut |loss| said.push(loss));
        document.finish(&mut out);
        let out = String::from_utf8(out).unwrap();
        let references = out.split("refType\":\"").skip(1).map(|part| {
            let (kind, rest) = part.split_once('"').unwrap();
            let id = rest.split("spanID\":\"").nth(1).unwrap().split('"').next().unwrap();
            (kind, id.trim_start_matches('0'))
        });
        assert_eq!(
            references.collect::<Vec<_>>(),
            [
                ("CHILD_OF", "3"),
                ("CHILD_OF", "4"),
                ("CHILD_OF", "5"),
                ("FOLLOWS_FROM", "6"),
                ("FOLLOWS_FROM", "7")
            ]
        );
        assert!(!said.iter().any(|loss| matches!(loss, Loss::Format(text) if text.contains("links"))));
    }
}
