//! Whether one log record is as a query says: first what its record knows, then its bytes in place.

use super::field::Intrinsic;
use super::named::{Field, Level};
use super::subject::{Ask, Subject, listed, text};
use super::tree::Occurs;
use crate::otlp::peek::{Message, Part, Raw, parts};
use crate::store::HeldLog;

impl Subject for HeldLog<'_> {
    fn values(&self, field: &Field, ask: Ask<'_>) -> bool {
        match field {
            Field::Intrinsic(field) => intrinsic(self, *field, ask),
            Field::Attribute { level, key, .. } => attribute(self, *level, key, ask),
        }
    }

    fn holds_text(&self, text: &Occurs) -> bool {
        let record = self.record;
        if text.is_in(self.service().as_bytes())
            || record.has_trace() && text.begins(&record.trace_id.0)
            || !record.span_id.is_none() && text.begins(&record.span_id.0.to_be_bytes())
        {
            return true;
        }
        // Text lies in the bytes as it is: most log records need not be taken apart.
        if !text.may_be_scalar() && !text.is_in(self.bytes) {
            return false;
        }
        parts(Message::Log, self.bytes).any(|part| match part {
            Part::Attribute(_, raw) | Part::Body(raw) => text.is_in_value(raw),
            Part::Name(words) | Part::SeverityText(words) => text.is_in(words),
            _ => false,
        })
    }
}

fn intrinsic(log: &HeldLog<'_>, field: Intrinsic, ask: Ask<'_>) -> bool {
    let record = log.record;
    match field {
        Intrinsic::Service => text(log.service(), ask),
        // Zero is what was not given.
        Intrinsic::Severity => record.severity.0 != 0 && ask(Raw::Int(i64::from(record.severity.0))),
        Intrinsic::TraceId => record.has_trace() && ask(Raw::Bytes(&record.trace_id.0)),
        Intrinsic::SpanId => !record.span_id.is_none() && ask(Raw::Bytes(&record.span_id.0.to_be_bytes())),
        Intrinsic::ScopeName => text(&log.scope.name, ask),
        Intrinsic::ScopeVersion => text(&log.scope.version, ask),
        Intrinsic::Name | Intrinsic::EventName | Intrinsic::SeverityText | Intrinsic::Body => {
            parts(Message::Log, log.bytes).any(|part| match (field, part) {
                (Intrinsic::Body, Part::Body(raw)) => !matches!(raw, Raw::Empty) && ask(raw),
                (Intrinsic::SeverityText, Part::SeverityText(words))
                | (Intrinsic::Name | Intrinsic::EventName, Part::Name(words)) => {
                    !words.is_empty() && ask(Raw::Str(words))
                }
                _ => false,
            })
        }
        _ => false,
    }
}

fn attribute(log: &HeldLog<'_>, level: Level, key: &str, ask: Ask<'_>) -> bool {
    match level {
        Level::Any => attribute(log, Level::Own, key, ask) || attribute(log, Level::Resource, key, ask),
        Level::Own => parts(Message::Log, log.bytes)
            .any(|part| matches!(part, Part::Attribute(own, raw) if own == key.as_bytes() && ask(raw))),
        Level::Resource => listed(&log.resource.attributes, key, ask),
        Level::Instrumentation => listed(&log.scope.attributes, key, ask),
        Level::Event | Level::Link | Level::Parent => false,
    }
}
