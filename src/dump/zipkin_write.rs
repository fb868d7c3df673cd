//! Writes Zipkin v2 JSON, one array of spans, by the mapping of the specification (*Zipkin exporter*).

use super::writing::{Written, as_text, comma, each_span, object, origins_lost, plain, quoted, times_lost};
use super::zipkin_span::is_of_resource;
use super::{Lost, Records};
use crate::model::{Event, Span, SpanKind, StatusCode, Value};
use crate::otlp::Loss;
use std::net::IpAddr;

pub(super) fn start() -> Box<dyn Records> {
    Box::<Array>::default()
}

/// The array that is written.
#[derive(Default)]
struct Array {
    spans: usize,
}

impl Records for Array {
    fn put(&mut self, request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>) {
        each_span(request, lost, &mut |written, lost| {
            out.extend_from_slice(if self.spans == 0 { b"[\n" } else { b",\n" });
            self.spans += 1;
            span(out, &written, lost);
        });
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.spans == 0 { b"[]\n" } else { b"\n]\n" });
    }
}

fn span(out: &mut Vec<u8>, written: &Written<'_>, lost: &mut Lost<'_>) {
    let Written { resource, scope, span, .. } = written;
    say_losses(written, lost);
    plain(out, format_args!("{{\"traceId\":\"{}\",\"id\":\"{}\"", span.trace_id, span.span_id));
    if !span.parent_id.is_none() {
        plain(out, format_args!(",\"parentId\":\"{}\"", span.parent_id));
    }
    if let Some(kind) = kind(span.kind) {
        plain(out, format_args!(",\"kind\":\"{kind}\""));
    }
    out.extend_from_slice(b",\"name\":");
    quoted(out, &span.name);
    let (start, duration) =
        (span.start_ns / 1_000, (span.end_ns / 1_000).saturating_sub(span.start_ns / 1_000));
    plain(out, format_args!(",\"timestamp\":{start},\"duration\":{duration}"));
    let service = resource.text("service.name");
    if !service.is_empty() {
        out.extend_from_slice(b",\"localEndpoint\":{\"serviceName\":");
        quoted(out, service);
        out.push(b'}');
    }
    out.extend_from_slice(b",\"annotations\":[");
    for (i, event) in span.events.iter().enumerate() {
        comma(out, i);
        plain(out, format_args!("{{\"timestamp\":{},\"value\":", event.time_ns / 1_000));
        quoted(out, &annotation(event));
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"tags\":{");
    let of_name = |(key, value): &&(String, Value)| key != "service.name" || !matches!(value, Value::Str(_));
    let given = span.attributes.iter().chain(resource.attributes.iter().filter(of_name));
    let mut tags: Vec<(&str, String)> = given.map(|(key, value)| (key.as_str(), as_text(value))).collect();
    own_tags(&mut tags, &scope.name, &scope.version, span);
    for (i, (key, text)) in tags.iter().enumerate() {
        comma(out, i);
        quoted(out, key);
        out.push(b':');
        quoted(out, text);
    }
    out.push(b'}');
    // Behind the tags: who reads it back has these attributes already.
    remote_endpoint(out, span);
    out.push(b'}');
}

/// What Zipkin has no place of its own for, by the specification's names. A tag of the span's own has precedence.
fn own_tags(tags: &mut Vec<(&str, String)>, scope: &str, version: &str, span: &Span) {
    let failed = span.status == StatusCode::Error;
    let count = |n: u32| if n > 0 { n.to_string() } else { String::new() };
    let code = match span.status {
        StatusCode::Ok => "OK",
        StatusCode::Error => "ERROR",
        StatusCode::Unset | StatusCode::Other(_) => "",
    };
    for (key, text) in [
        ("otel.scope.name", scope.to_owned()),
        ("otel.scope.version", version.to_owned()),
        ("w3c.tracestate", span.trace_state.clone()),
        ("otel.status_code", code.to_owned()),
        ("otel.status_description", span.status_message.clone()),
        ("otel.dropped_attributes_count", count(span.dropped_attributes)),
        ("otel.dropped_events_count", count(span.dropped_events)),
        ("otel.dropped_links_count", count(span.dropped_links)),
    ] {
        if !text.is_empty() {
            tags.push((key, text));
        }
    }
    if failed && !tags.iter().any(|(key, _)| *key == "error") {
        tags.push(("error", span.status_message.clone()));
    }
}

fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Server => Some("SERVER"),
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
        SpanKind::Internal | SpanKind::Unspecified | SpanKind::Other(_) => None,
    }
}

/// `name`, or `name|{attributes}|dropped` as the collector writes it.
fn annotation(event: &Event) -> String {
    if event.attributes.is_empty() && event.dropped_attributes == 0 {
        return event.name.clone();
    }
    let mut attributes = Vec::new();
    object(&mut attributes, &event.attributes);
    format!("{}|{}|{}", event.name, String::from_utf8_lossy(&attributes), event.dropped_attributes)
}

fn remote_endpoint(out: &mut Vec<u8>, span: &Span) {
    let text = |key: &str| span.attributes.iter().find(|(k, _)| k == key).map(|(_, value)| as_text(value));
    let name = text("peer.service").filter(|name| !name.is_empty());
    let address = text("network.peer.address").and_then(|text| text.parse::<IpAddr>().ok());
    let port = text("network.peer.port").and_then(|text| text.parse::<u16>().ok());
    if name.is_none() && address.is_none() {
        return;
    }
    out.extend_from_slice(b",\"remoteEndpoint\":{");
    let mut members = 0;
    if let Some(name) = name {
        out.extend_from_slice(b"\"serviceName\":");
        quoted(out, &name);
        members += 1;
    }
    if let Some(address) = address {
        comma(out, members);
        let version = if address.is_ipv4() { "ipv4" } else { "ipv6" };
        plain(out, format_args!("\"{version}\":\"{address}\""));
        members += 1;
    }
    if let Some(port) = port {
        comma(out, members);
        plain(out, format_args!("\"port\":{port}"));
    }
    out.push(b'}');
}

fn say_losses(Written { resource, scope, span, .. }: &Written<'_>, lost: &mut Lost<'_>) {
    times_lost(span, lost);
    origins_lost(resource, scope, lost);
    if !span.links.is_empty() {
        lost(Loss::Format("links were left out: Zipkin has none"));
    }
    if matches!(span.kind, SpanKind::Unspecified | SpanKind::Other(_)) {
        lost(Loss::Format(
            "spans without a kind are INTERNAL when they are read back: Zipkin tells these not apart",
        ));
    }
    if span.flags & 1 != 0 {
        lost(Loss::Format("the sampled flag was left out: Zipkin takes every span for sampled"));
    }
    if span.start_ns < 1_000 {
        lost(Loss::Format(
            "spans without a start cannot be read back: Zipkin takes them for parts of others",
        ));
    }
    if matches!(span.status, StatusCode::Other(_)) {
        lost(Loss::Format("kinds and status codes that the specification does not define were left out"));
    }
    let texts = |value: &Value| matches!(value, Value::Str(_));
    if !span.attributes.iter().chain(&resource.attributes).all(|(_, value)| texts(value)) {
        lost(Loss::Format("attributes that are not text were written as text"));
    }
    if resource.attributes.iter().any(|(key, _)| !is_of_resource(key)) {
        lost(Loss::Format("attributes of resources were written among those of their spans"));
    }
}
