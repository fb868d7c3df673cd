//! What writers of JSON formats share: the spans of a request, and values as JSON.

use super::{Lost, Records};
use crate::model::{Attributes, Link, Origin, Resource, Scope, Span, Value};
use crate::otlp::{Loss, decode, walk};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::io::Write;

/// A span of a request, with what it shares with others.
pub(super) struct Written<'a> {
    /// Number of its resource in the request.
    pub(super) number: u32,
    pub(super) resource: &'a Resource,
    pub(super) scope: &'a Scope,
    pub(super) span: &'a Span,
}

/// Takes a span, and says what cannot be carried of it.
type Each<'a> = dyn FnMut(Written<'_>, &mut Lost<'_>) + 'a;

/// Hands over every span of a request, in order.
pub(super) fn each_span(request: &[u8], lost: &mut Lost<'_>, each: &mut Each<'_>) {
    let (batch, malformed) =
        walk(Bytes::copy_from_slice(request), "".into(), Origin::Dump("otlp-protobuf"), 0);
    if malformed.is_some() {
        lost(Loss::Broken);
    }
    let resources: Vec<Resource> = batch
        .resources
        .iter()
        .map(|(m, url)| decode::resource(m.of(&batch.bytes), url.of(&batch.bytes)))
        .collect();
    let scopes: Vec<Scope> =
        batch.scopes.iter().map(|(m, url)| decode::scope(m.of(&batch.bytes), url.of(&batch.bytes))).collect();
    let (no_resource, no_scope) = (Resource::default(), Scope::default());
    for record in &batch.records {
        let bytes =
            batch.bytes.get(record.offset as usize..).and_then(|rest| rest.get(..record.len as usize));
        let span = decode::span(bytes.unwrap_or_default());
        if !span.remarks.is_empty() {
            lost(Loss::Odd);
        }
        let resource = resources.get(record.resource as usize).unwrap_or(&no_resource);
        let scope = scopes.get(record.scope as usize).unwrap_or(&no_scope);
        each(Written { number: record.resource, resource, scope, span: &span }, lost);
    }
}

/// A format whose records do not depend on each other.
pub(super) struct Alone {
    pub(super) spans: Record,
    pub(super) logs: Record,
}

/// Appends a request as one record.
type Record = fn(&[u8], &mut Vec<u8>, &mut Lost<'_>);

impl Records for Alone {
    fn put(&mut self, request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>) {
        (self.spans)(request, out, lost);
    }

    fn put_logs(&mut self, request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>) {
        (self.logs)(request, out, lost);
    }

    fn stand_alone(&self) -> bool {
        true
    }
}

/// A JSON text with its quotes.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    // A text is always JSON, and a vector takes everything.
    let _ = serde_json::to_writer(out, text);
}

/// Text that is JSON already: numbers, keys, brackets.
pub(super) fn plain(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// A value as JSON; bytes as base64, numbers that JSON has no word for as text.
pub(super) fn json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Empty => out.extend_from_slice(b"null"),
        Value::Str(text) => quoted(out, text),
        Value::Bool(b) => plain(out, format_args!("{b}")),
        Value::Int(int) => plain(out, format_args!("{int}")),
        // As few digits as tell it from its neighbours, and always with a point or an exponent.
        Value::Double(d) if d.is_finite() => plain(out, format_args!("{d:?}")),
        Value::Double(d) => quoted(out, &d.to_string()),
        Value::Bytes(bytes) => quoted(out, &STANDARD.encode(bytes)),
        Value::Array(list) => {
            out.push(b'[');
            for (i, item) in list.iter().enumerate() {
                comma(out, i);
                json(out, item);
            }
            out.push(b']');
        }
        Value::Map(entries) => object(out, entries),
    }
}

/// Attributes as a JSON object.
pub(super) fn object(out: &mut Vec<u8>, entries: &Attributes) {
    out.push(b'{');
    for (i, (key, value)) in entries.iter().enumerate() {
        comma(out, i);
        quoted(out, key);
        out.push(b':');
        json(out, value);
    }
    out.push(b'}');
}

/// A comma before every item but the first.
pub(super) fn comma(out: &mut Vec<u8>, number: usize) {
    if number > 0 {
        out.push(b',');
    }
}

/// A value as text, for places that take nothing else.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::Empty => String::new(),
        Value::Double(d) if !d.is_finite() => d.to_string(),
        Value::Bytes(bytes) => STANDARD.encode(bytes),
        value => {
            let mut out = Vec::new();
            json(&mut out, value);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

/// Says of times and ids what every format in microseconds loses.
pub(super) fn times_lost(span: &Span, lost: &mut Lost<'_>) {
    let stamps =
        [span.start_ns, span.end_ns].into_iter().chain(span.events.iter().map(|event| event.time_ns));
    if stamps.into_iter().any(|ns| !ns.is_multiple_of(1_000)) {
        lost(Loss::Format("times were cut to microseconds"));
    }
    if span.end_ns < span.start_ns {
        lost(Loss::Format("spans that end before they start were written without a duration"));
    }
    // What is left of a span's flags in these formats is whether it was sampled, if anything.
    if span.flags & !1 != 0 {
        lost(Loss::Format("flags that say whether a parent is remote were left out"));
    }
}

/// Says of links what is not carried of them; `carried` is the key of an attribute that is.
pub(super) fn links_lost(span: &Span, carried: &str, lost: &mut Lost<'_>) {
    let loses = |link: &Link| {
        link.attributes.iter().any(|(key, _)| key != carried)
            || !link.trace_state.is_empty()
            || link.dropped_attributes > 0
    };
    if span.links.iter().any(loses) {
        lost(Loss::Format("attributes and trace state of links were left out"));
    }
}

/// Says of resource and scope what no format but OTLP carries.
pub(super) fn origins_lost(resource: &Resource, scope: &Scope, lost: &mut Lost<'_>) {
    if !resource.schema_url.is_empty() || !scope.schema_url.is_empty() {
        lost(Loss::Format("schema URLs were left out"));
    }
    if !scope.attributes.is_empty() || scope.dropped_attributes + resource.dropped_attributes > 0 {
        lost(Loss::Format(
            "attributes of scopes, and counts of dropped attributes of resources and scopes, were left out",
        ));
    }
}
