//! What is written reads back, as far as a format carries it, and what it does not carry is said.

use super::*;
use crate::model::{Event, Link, Resource, Scope, Span, SpanFlags, SpanId, StatusCode, TraceId, Value};
use crate::otlp::encode::{Group, request};
use std::collections::BTreeSet;

/// The text that is written of these requests, and the losses.
fn write(format: &str, requests: &[bytes::Bytes]) -> (Vec<u8>, Vec<&'static str>) {
    let format = super::format(format).unwrap();
    let mut output = Output::new(Target::to("x", Some(format)).unwrap(), Vec::new()).unwrap();
    let mut losses = BTreeSet::new();
    let mut records = (format.write.unwrap())();
    let mut out = Vec::new();
    for request in requests {
        records.put(request, &mut out, &mut |loss| {
            losses.insert(loss);
        });
        output.put(request).unwrap();
    }
    records.finish(&mut out);
    assert_eq!(output.finish().unwrap(), losses);
    (out, losses.into_iter().map(Loss::sentence).collect())
}

fn spans_of(outcome: &Outcome) -> Vec<(Resource, Scope, Span)> {
    let of = |batch: &Batch| {
        let one = |r: &crate::model::SpanRecord| {
            let (resource, schema) = batch.resources[r.resource as usize];
            let (scope, scope_schema) = batch.scopes[r.scope as usize];
            (
                decode::resource(resource.of(&batch.bytes), schema.of(&batch.bytes)),
                decode::scope(scope.of(&batch.bytes), scope_schema.of(&batch.bytes)),
                decode::span(&batch.bytes[r.offset as usize..][..r.len as usize]),
            )
        };
        batch.records.iter().map(one).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = outcome.batches.iter().flat_map(of).collect();
    all.sort_by_key(|(_, _, span)| (span.trace_id.0, span.span_id.0));
    all
}

fn rich() -> (Resource, Scope, Vec<Span>) {
    let text = |text: &str| Value::Str(text.to_owned());
    let resource = Resource {
        attributes: vec![
            ("service.name".into(), text("shop")),
            ("telemetry.sdk.language".into(), text("rust")),
        ],
        ..Resource::default()
    };
    let scope = Scope { name: "tower".into(), version: "1.2".into(), ..Scope::default() };
    let server = Span {
        trace_id: TraceId([7; 16]),
        span_id: SpanId(1),
        trace_state: "a=b".into(),
        flags: 1,
        name: "GET /\"x\"".into(),
        kind: SpanKind::Server,
        start_ns: 1_795_416_830_115_138_000,
        end_ns: 1_795_416_830_118_112_000,
        attributes: vec![("http.request.method".into(), text("GET")), ("peer.service".into(), text("web"))],
        dropped_attributes: 1,
        events: vec![
            Event { time_ns: 1_795_416_830_115_139_000, name: "sent".into(), ..Event::default() },
            Event {
                time_ns: 1_795_416_830_115_140_000,
                name: "exception".into(),
                attributes: vec![("exception.type".into(), text("K|{")), ("n".into(), Value::Int(3))],
                dropped_attributes: 2,
            },
        ],
        dropped_events: 2,
        dropped_links: 3,
        status: StatusCode::Error,
        status_message: "boom".into(),
        ..Span::default()
    };
    let child = Span {
        trace_id: TraceId([7; 16]),
        span_id: SpanId(2),
        parent_id: SpanId(1),
        kind: SpanKind::Internal,
        name: "work".into(),
        start_ns: 1_795_416_830_115_139_000,
        end_ns: 1_795_416_830_115_139_000,
        status: StatusCode::Ok,
        ..Span::default()
    };
    (resource, scope, vec![server, child])
}

#[test]
fn zipkin_carries_this() {
    let (resource, scope, mut spans) = rich();
    spans[0].flags = 0;
    let group = Group { resource: resource.clone(), scope: scope.clone(), spans: spans.clone() };
    let (text, losses) = write("zipkin-v2", &[request(&[group])]);
    assert!(losses.is_empty(), "{losses:?}");
    let outcome = dump(&text);
    assert_eq!(outcome.result.as_ref().unwrap().format, "zipkin-v2");
    let expected: Vec<_> = spans.into_iter().map(|span| (resource.clone(), scope.clone(), span)).collect();
    assert_eq!(spans_of(&outcome), expected);
    serde_json::from_slice::<serde_json::Value>(&text).unwrap();
}

#[test]
fn jaeger_carries_this() {
    let (resource, scope, mut spans) = rich();
    spans[0].attributes.extend([
        ("b".to_owned(), Value::Bool(true)),
        ("i".to_owned(), Value::Int(i64::MIN)),
        ("d".to_owned(), Value::Double(1.0)),
        ("raw".to_owned(), Value::Bytes(vec![0, 255])),
        ("error".to_owned(), Value::Bool(true)),
    ]);
    spans[1].links.push(Link { trace_id: TraceId([7; 16]), span_id: SpanId(9), ..Link::default() });
    let other = Resource { attributes: vec![("x".into(), Value::Int(1))], ..Resource::default() };
    let mut unknown = spans[1].clone();
    (unknown.span_id, unknown.kind, unknown.parent_id) = (SpanId(3), SpanKind::Unspecified, SpanId::NONE);
    unknown.links.clear();
    let of = |resource: &Resource, span: &Span| {
        request(&[Group { resource: resource.clone(), scope: scope.clone(), spans: vec![span.clone()] }])
    };
    let requests = [of(&resource, &spans[0]), of(&resource, &spans[1]), of(&other, &unknown)];
    let (text, losses) = write("jaeger", &requests);
    assert!(losses.is_empty(), "{losses:?}");
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let data = json["data"].as_array().unwrap();
    assert_eq!((data.len(), data[0]["spans"].as_array().unwrap().len()), (1, 3), "a trace is one object");
    assert_eq!(data[0]["processes"].as_object().unwrap().len(), 2);
    let expected: Vec<_> = [(&resource, &spans[0]), (&resource, &spans[1]), (&other, &unknown)]
        .map(|(resource, span)| (resource.clone(), scope.clone(), span.clone()))
        .into();
    assert_eq!(spans_of(&dump(&text)), expected);
}

#[test]
fn what_they_do_not_carry_is_said() {
    let (mut resource, mut scope, mut spans) = rich();
    resource.schema_url = "https://opentelemetry.io/schemas/1.27.0".into();
    resource.attributes.push(("team".into(), Value::Str("a".into())));
    scope.attributes.push(("x".into(), Value::Bool(true)));
    spans[0].start_ns += 1;
    spans[0].flags = 0x301;
    spans[0].attributes.push(("list".into(), Value::Array(vec![Value::Double(f64::NAN)])));
    spans[1].end_ns = 5;
    spans[1].kind = SpanKind::Unspecified;
    spans[1].links.push(Link {
        flags: SpanFlags(1),
        trace_state: "a=b".into(),
        span_id: SpanId(1),
        trace_id: TraceId([1; 16]),
        ..Link::default()
    });
    let requests = [request(&[Group { resource, scope, spans }])];
    for (format, words) in [
        (
            "jaeger",
            vec![
                "schema URLs",
                "attributes of scopes",
                "microseconds",
                "before they start",
                "parent is remote",
                "links",
                "lists, maps",
            ],
        ),
        (
            "zipkin-v2",
            vec![
                "schema URLs",
                "attributes of scopes",
                "microseconds",
                "before they start",
                "parent is remote",
                "links were left out",
                "not text",
                "without a kind",
                "sampled flag",
                "of resources",
            ],
        ),
    ] {
        let (text, losses) = write(format, &requests);
        for word in words {
            assert!(losses.iter().any(|loss| loss.contains(word)), "{format} {word}: {losses:?}");
        }
        assert_eq!(dump(&text).names().len(), 2);
    }
}

#[test]
fn names_ask_for_formats() {
    for (name, found) in [
        ("a.json", "otlp-json"),
        ("a.zipkin.json", "zipkin-v2"),
        ("a.jaeger.json.gz", "jaeger"),
        ("a.pb.zst", "otlp-protobuf"),
        ("-", "otlp-json"),
    ] {
        let (start, expected) = (Target::of(name), super::format(found).unwrap());
        assert!(start.is_ok(), "{name}");
        let bare = name.trim_end_matches(".gz").trim_end_matches(".zst");
        let by_name = output::by_extension(if bare == "-" { "-.jsonl" } else { bare }).unwrap();
        assert_eq!(by_name.name, expected.name, "{name}");
    }
    let said = Target::of("a.json.xz").err().unwrap().to_string();
    assert!(said.contains(".jaeger.json (jaeger)") && said.contains(".zipkin.json (zipkin-v2)"), "{said}");
}
