//! Spans that both sides of a call share in Zipkin's model: one id, reported once by the client and once by the
//! server. Here every span has an id of its own: the server's half gets a new one, below the client's.

use super::gather::Gather;
use crate::model::{SpanId, SpanKind, TraceId, hash64};
use std::collections::{HashMap, HashSet};

/// How many shared ids are remembered beyond their batch.
const REMEMBERED: usize = 1 << 16;

/// The attribute by which the reader of a span says that it was marked as shared; it is taken away here.
pub(super) const MARK: &str = "zipkin.shared";

/// Ids of servers' halves, with the service that reported them.
#[derive(Default)]
pub(super) struct Shared {
    known: HashMap<(TraceId, SpanId), String>,
}

impl Shared {
    /// Gives servers' halves ids of their own, and hangs what their service did below them, as Jaeger's
    /// `ZipkinSpanIDUniquifier` does. What the service reported in an earlier batch stays below the client's half.
    pub(super) fn tell_apart(&mut self, spans: &mut Gather) {
        let clients: HashSet<_> = spans
            .spans_mut()
            .filter(|(_, s)| s.kind == SpanKind::Client)
            .map(|(_, s)| (s.trace_id, s.span_id))
            .collect();
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        for (resource, span) in spans.spans_mut() {
            let marked = span.attributes.iter().position(|(key, _)| key == MARK);
            if let Some(at) = marked {
                span.attributes.remove(at);
            }
            let id = (span.trace_id, span.span_id);
            if span.kind == SpanKind::Server && (marked.is_some() || clients.contains(&id)) {
                self.known.insert(id, resource.service_name().to_owned());
                span.parent_id = span.span_id;
                span.span_id = own_id(id);
            }
        }
        for (resource, span) in spans.spans_mut() {
            let parent = (span.trace_id, span.parent_id);
            if span.span_id != own_id(parent)
                && self.known.get(&parent).is_some_and(|service| service == resource.service_name())
            {
                span.parent_id = own_id(parent);
            }
        }
    }
}

/// The same new id for the same shared one, whenever it is met.
fn own_id((trace, SpanId(id)): (TraceId, SpanId)) -> SpanId {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&trace.0);
    bytes[16..].copy_from_slice(&id.to_be_bytes());
    SpanId(hash64(&bytes).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Resource, Scope, Span, Value};

    #[test]
    fn the_servers_half_gets_its_own_id_and_its_services_children() {
        let resource = |service: &str| Resource {
            attributes: vec![("service.name".into(), Value::Str(service.into()))],
            ..Resource::default()
        };
        let span = |id, parent, kind| Span {
            span_id: SpanId(id),
            parent_id: SpanId(parent),
            kind,
            ..Span::default()
        };
        let mut spans = Gather::new();
        let mut server = span(2, 1, SpanKind::Server);
        server.attributes.push((MARK.into(), Value::Bool(true)));
        spans.add(resource("back"), Scope::default(), span(3, 2, SpanKind::Internal));
        spans.add(resource("back"), Scope::default(), server);
        spans.add(resource("front"), Scope::default(), span(2, 1, SpanKind::Client));
        spans.add(resource("front"), Scope::default(), span(4, 2, SpanKind::Internal));
        Shared::default().tell_apart(&mut spans);
        let own = own_id((TraceId::default(), SpanId(2)));
        let ids: Vec<_> =
            spans.spans_mut().map(|(_, s)| (s.span_id, s.parent_id, s.attributes.len())).collect();
        assert_eq!(
            ids,
            [(SpanId(3), own, 0), (own, SpanId(2), 0), (SpanId(2), SpanId(1), 0), (SpanId(4), SpanId(2), 0)]
        );
    }
}
