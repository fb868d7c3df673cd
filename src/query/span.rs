//! Whether one span is as a query says: first what its record knows, then its bytes in place.

use super::field::Intrinsic;
use super::named::{Field, Level};
use super::subject::{Ask, Subject, listed, text};
use super::tree::Occurs;
use crate::diagnosis::Diagnosis;
use crate::model::{Key, ParentLocality, SpanKind, StatusCode};
use crate::otlp::peek::{Message, Part, Raw, parts};
use crate::store::{SpanIx, Store};

/// How many tops of a trace are looked at for its root.
const TOPS: usize = 16;

/// What spans are looked at with.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) store: &'a Store,
    pub(super) diagnosis: &'a Diagnosis,
}

/// A held span.
pub(super) struct OneSpan<'a> {
    pub(super) around: Around<'a>,
    pub(super) at: SpanIx,
}

impl Subject for OneSpan<'_> {
    fn values(&self, field: &Field, ask: Ask<'_>) -> bool {
        self.around.values(field, self.at, ask)
    }

    fn holds_text(&self, text: &Occurs) -> bool {
        let (store, at) = (self.around.store, self.at);
        if text.is_in(store.name(at).as_bytes()) || text.is_in(store.service(at).as_bytes()) {
            return true;
        }
        let slot = store.slot(at);
        if text.begins(&slot.record.span_id.0.to_be_bytes()) || text.begins(&store.trace(slot.trace).id.0) {
            return true;
        }
        let Some(bytes) = store.span_bytes(at) else { return false };
        // Text lies in the bytes as it is: most spans need not be taken apart.
        if !text.may_be_scalar() && !text.is_in(bytes) {
            return false;
        }
        parts(Message::Span, bytes).any(|part| match part {
            Part::Attribute(_, raw) => text.is_in_value(raw),
            Part::StatusMessage(message) => text.is_in(message),
            Part::Event(event) => parts(Message::Event, event).any(|part| match part {
                Part::Attribute(_, raw) => text.is_in_value(raw),
                Part::Name(name) => text.is_in(name),
                _ => false,
            }),
            _ => false,
        })
    }
}

impl Around<'_> {
    /// Asks of each value of a field, until the answer is yes.
    fn values(self, field: &Field, at: SpanIx, ask: Ask<'_>) -> bool {
        match field {
            Field::Intrinsic(field) => self.intrinsic(*field, at, ask),
            Field::Attribute { level, key, watched } => self.attribute(*level, key, *watched, at, ask),
        }
    }

    fn intrinsic(self, field: Intrinsic, at: SpanIx, ask: Ask<'_>) -> bool {
        let Self { store, diagnosis } = self;
        let slot = store.slot(at);
        let record = &slot.record;
        let trace = || store.trace(slot.trace);
        match field {
            Intrinsic::Name => text(&store.name(at), ask),
            Intrinsic::Service => text(store.service(at), ask),
            Intrinsic::Kind => text(kind(record.kind()), ask),
            Intrinsic::Status => text(status(record.status()), ask),
            // What still runs has none yet.
            Intrinsic::Duration => !record.is_running() && ask(count(record.duration_ns())),
            Intrinsic::SpanId => ask(Raw::Bytes(&record.span_id.0.to_be_bytes())),
            Intrinsic::ParentId => {
                !record.parent_id.is_none() && ask(Raw::Bytes(&record.parent_id.0.to_be_bytes()))
            }
            Intrinsic::Parent => self.parent(at, ask),
            Intrinsic::ChildCount => ask(count(u64::from(store.child_count(at)))),
            Intrinsic::TraceId => ask(Raw::Bytes(&trace().id.0)),
            Intrinsic::TraceDuration => ask(count(trace().duration_ns())),
            Intrinsic::TraceSpans => ask(count(u64::from(trace().spans))),
            Intrinsic::TraceErrors => ask(count(u64::from(trace().errors))),
            Intrinsic::RootName => self.root(at).is_some_and(|root| text(&store.name(root), ask)),
            Intrinsic::RootService => self.root(at).is_some_and(|root| text(store.service(root), ask)),
            Intrinsic::ScopeName => text(&store.scope(record.scope).name, ask),
            Intrinsic::ScopeVersion => text(&store.scope(record.scope).version, ask),
            Intrinsic::Finding | Intrinsic::FindingSeverity => {
                let findings = diagnosis.findings();
                !findings.is_empty()
                    && diagnosis.findings_of(store, at).into_iter().filter_map(|i| findings.get(i)).any(
                        |finding| match field {
                            Intrinsic::Finding => text(finding.rule.id, ask),
                            _ => text(&finding.severity.to_string(), ask),
                        },
                    )
            }
            Intrinsic::StatusMessage
            | Intrinsic::EventName
            | Intrinsic::EventTime
            | Intrinsic::LinkTraceId
            | Intrinsic::LinkSpanId => self.within(field, at, ask),
            Intrinsic::Severity | Intrinsic::SeverityText | Intrinsic::Body => false,
        }
    }

    /// Fields that lie in the span's bytes.
    fn within(self, field: Intrinsic, at: SpanIx, ask: Ask<'_>) -> bool {
        let Self { store, .. } = self;
        let links = matches!(field, Intrinsic::LinkTraceId | Intrinsic::LinkSpanId);
        if links && !store.record(at).keys.has(Key::HasLinks) {
            return false;
        }
        let start_ns = store.record(at).start_ns;
        parts(Message::Span, store.span_bytes(at).unwrap_or_default()).any(|part| match (field, part) {
            (Intrinsic::StatusMessage, Part::StatusMessage(text)) => !text.is_empty() && ask(Raw::Str(text)),
            (Intrinsic::EventName | Intrinsic::EventTime, Part::Event(event)) => parts(Message::Event, event)
                .any(|part| match (field, part) {
                    (Intrinsic::EventName, Part::Name(name)) => ask(Raw::Str(name)),
                    (Intrinsic::EventTime, Part::Time(ns)) => ask(Raw::Int(ns.wrapping_sub(start_ns) as i64)),
                    _ => false,
                }),
            (Intrinsic::LinkTraceId | Intrinsic::LinkSpanId, Part::Link(link)) => parts(Message::Link, link)
                .any(|part| match (field, part) {
                    (Intrinsic::LinkTraceId, Part::TraceId(id))
                    | (Intrinsic::LinkSpanId, Part::SpanId(id)) => ask(Raw::Bytes(id)),
                    _ => false,
                }),
            _ => false,
        })
    }

    /// Where the parent is.
    fn parent(self, at: SpanIx, ask: Ask<'_>) -> bool {
        let slot = self.store.slot(at);
        let locality = match slot.record.locality() {
            ParentLocality::Root => "root",
            ParentLocality::Local => "local",
            ParentLocality::Remote => "remote",
            ParentLocality::Unknown => "unknown",
        };
        let is_missing = || slot.parent().is_some_and(|parent| !self.store.slot(parent).is_held());
        ask(Raw::Str(locality.as_bytes())) || (is_missing() && ask(Raw::Str(b"missing")))
    }

    /// The first span of a trace that has no parent, else the first that is held.
    fn root(self, at: SpanIx) -> Option<SpanIx> {
        let store = self.store;
        let tops = || store.roots(store.slot(at).trace).take(TOPS).filter(|top| store.slot(*top).is_held());
        tops().find(|top| store.record(*top).parent_id.is_none()).or_else(|| tops().next())
    }

    fn attribute(self, level: Level, key: &str, watched: Option<Key>, at: SpanIx, ask: Ask<'_>) -> bool {
        let store = self.store;
        let record = store.record(at);
        match level {
            Level::Any => {
                self.attribute(Level::Own, key, watched, at, ask)
                    || self.attribute(Level::Resource, key, watched, at, ask)
            }
            Level::Own => {
                let may = watched.is_none_or(|watched| record.keys.has(watched));
                may && parts(Message::Span, store.span_bytes(at).unwrap_or_default()).any(
                    |part| matches!(part, Part::Attribute(own, raw) if own == key.as_bytes() && ask(raw)),
                )
            }
            Level::Resource => listed(&store.resource(record.resource).attributes, key, ask),
            Level::Instrumentation => listed(&store.scope(record.scope).attributes, key, ask),
            Level::Event | Level::Link => {
                let message = if level == Level::Event { Message::Event } else { Message::Link };
                parts(Message::Span, store.span_bytes(at).unwrap_or_default()).any(|part| match part {
                    Part::Event(inner) | Part::Link(inner)
                        if matches!(part, Part::Event(_)) == (level == Level::Event) =>
                    {
                        parts(message, inner).any(
                            |part| matches!(part, Part::Attribute(own, raw) if own == key.as_bytes() && ask(raw)),
                        )
                    }
                    _ => false,
                })
            }
            Level::Parent => {
                let parent = store.slot(at).parent().filter(|parent| store.slot(*parent).is_held());
                parent.is_some_and(|parent| self.attribute(Level::Any, key, watched, parent, ask))
            }
        }
    }
}

fn count(number: u64) -> Raw<'static> {
    Raw::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
        SpanKind::Unspecified => "unspecified",
        // No word of the language: neither equal to one nor without a kind.
        SpanKind::Other(_) => "other",
    }
}

fn status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::Error => "error",
        StatusCode::Ok => "ok",
        StatusCode::Unset => "unset",
        StatusCode::Other(_) => "other",
    }
}
