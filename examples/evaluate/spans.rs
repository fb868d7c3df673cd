//! Exports taken apart and put together again, so that they can be changed span by span.

use fastrand::Rng;
use otoscope::model::{Batch, Origin, Resource, Scope, Span, SpanId, TraceId};
use otoscope::otlp::encode::{Group, request};
use otoscope::otlp::{decode, walk};
use std::collections::HashMap;

/// What one export request holds.
pub(crate) type Export = Vec<Group>;

/// A span with where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) resource: Resource,
    pub(crate) scope: Scope,
    pub(crate) span: Span,
}

impl Sent {
    /// An attribute of the span that is text.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.span.attributes.iter().find_map(|(k, value)| match value {
            otoscope::model::Value::Str(text) if k == key => Some(text.as_str()),
            _ => None,
        })
    }

    /// The service that sent it.
    pub(crate) fn service(&self) -> &str {
        let name = self.resource.attributes.iter().find(|(key, _)| key == "service.name");
        match name {
            Some((_, otoscope::model::Value::Str(name))) => name,
            _ => "",
        }
    }
}

/// The spans of a batch, decoded.
pub(crate) fn decoded(batch: &Batch) -> Export {
    let mut export: Export = Vec::new();
    let mut last = None;
    for record in &batch.records {
        if last != Some((record.resource, record.scope)) {
            last = Some((record.resource, record.scope));
            let (resource, resource_schema) = batch.resources[record.resource as usize];
            let (scope, scope_schema) = batch.scopes[record.scope as usize];
            export.push(Group {
                resource: decode::resource(resource.of(&batch.bytes), resource_schema.of(&batch.bytes)),
                scope: decode::scope(scope.of(&batch.bytes), scope_schema.of(&batch.bytes)),
                spans: Vec::new(),
            });
        }
        if let Some(group) = export.last_mut() {
            group.spans.push(decode::span(&batch.bytes[record.offset as usize..][..record.len as usize]));
        }
    }
    export
}

/// A batch of these spans, which arrives when the last of them has ended.
pub(crate) fn encoded(export: &[Group]) -> Batch {
    let arrived_ns = export.iter().flat_map(|group| &group.spans).map(|span| span.end_ns).max().unwrap_or(0);
    walk(request(export), "evaluation".into(), Origin::Dump("otlp-protobuf"), arrived_ns).0
}

/// The spans of some exports, one by one.
pub(crate) fn apart(exports: &[Export]) -> Vec<Sent> {
    let groups = exports.iter().flatten();
    let sent = |group: &Group, span: &Span| Sent {
        resource: group.resource.clone(),
        scope: group.scope.clone(),
        span: span.clone(),
    };
    groups.flat_map(|group| group.spans.iter().map(|span| sent(group, span)).collect::<Vec<_>>()).collect()
}

/// A batch with this one span.
pub(crate) fn alone(sent: &Sent) -> Batch {
    together(std::slice::from_ref(sent))
}

/// A batch with these spans.
pub(crate) fn together(sent: &[Sent]) -> Batch {
    let group = |s: &Sent| Group {
        resource: s.resource.clone(),
        scope: s.scope.clone(),
        spans: vec![s.span.clone()],
    };
    encoded(&sent.iter().map(group).collect::<Vec<_>>())
}

/// A batch a span, in the order in which they end.
pub(crate) fn by_end(mut sent: Vec<Sent>) -> Vec<Batch> {
    sent.sort_by_key(|s| (s.span.end_ns, s.span.span_id));
    sent.iter().map(alone).collect()
}

/// Gives the spans of a trace new ids, all of one new trace.
pub(crate) fn renew(trace: &mut [Sent], rng: &mut Rng) {
    let trace_id = TraceId(rng.u128(1..).to_be_bytes());
    let new: HashMap<SpanId, SpanId> =
        trace.iter().map(|sent| (sent.span.span_id, SpanId(rng.u64(1..)))).collect();
    for sent in trace {
        let span = &mut sent.span;
        span.trace_id = trace_id;
        span.span_id = new[&span.span_id];
        span.parent_id = new.get(&span.parent_id).copied().unwrap_or(span.parent_id);
    }
}
