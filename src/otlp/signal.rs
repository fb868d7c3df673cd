//! Which signal a request carries: the three have one shape down to their items, and their files say it nowhere.

use super::wire::{Field, Fields};

/// What OTLP carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Metrics.
    Metrics,
}

/// The signal of an export request, by the first item that tells; nothing where none does. Bytes that break off are
/// looked at as far as they go.
pub fn signal(request: &[u8]) -> Option<Signal> {
    below(request, 0)
}

fn below(message: &[u8], level: u8) -> Option<Signal> {
    if level == 3 {
        return item(message);
    }
    let mut fields = Fields::new(message, 0);
    loop {
        let before = fields;
        let (number, content) = match fields.next() {
            Ok(Some((number, Field::Bytes(_, content)))) => (number, content),
            Ok(Some(_)) => continue,
            Ok(None) => return None,
            Err(_) => {
                let (number, content) = before.overlong()?;
                return if leads_down(level, number) { below(content, level + 1) } else { None };
            }
        };
        if leads_down(level, number)
            && let Some(signal) = below(content, level + 1)
        {
            return Some(signal);
        }
    }
}

fn leads_down(level: u8, number: u64) -> bool {
    matches!((level, number), (0, 1) | (1, 2 | 1000) | (2, 2))
}

/// By what only one of the three has: its first fields differ in their types.
fn item(message: &[u8]) -> Option<Signal> {
    let mut fields = Fields::new(message, 0);
    while let Ok(Some(field)) = fields.next() {
        return Some(match field {
            (1, Field::Bytes(_, id)) if id.len() == 16 && std::str::from_utf8(id).is_err() => Signal::Traces,
            (1 | 11, Field::Fixed64(_)) | (2 | 7, Field::Varint(_)) | (8, Field::Fixed32(_)) => Signal::Logs,
            (6 | 10 | 12 | 14, Field::Varint(_)) | (7 | 8, Field::Fixed64(_)) | (16, Field::Fixed32(_)) => {
                Signal::Traces
            }
            (5, Field::Bytes(_, inner)) => gauge_name_or_body(inner),
            (7 | 9 | 10 | 11, Field::Bytes(_, data)) if has_data_points(data) => Signal::Metrics,
            _ => continue,
        });
    }
    None
}

/// Field 5 is the name of a span, the gauge of a metric, the body of a log record: a metric's data starts with a list of
/// messages of which each has a time; a body with text; a name is neither.
fn gauge_name_or_body(inner: &[u8]) -> Signal {
    if has_data_points(inner) {
        return Signal::Metrics;
    }
    let mut fields = Fields::new(inner, 0);
    let value = matches!(fields.next(), Ok(Some((1..=7, _)))) && matches!(fields.next(), Ok(None));
    if value { Signal::Logs } else { Signal::Traces }
}

/// Whether these are the bytes of a `Gauge`, `Sum` or their like: data points, each with a time.
fn has_data_points(data: &[u8]) -> bool {
    let Ok(Some((1, Field::Bytes(_, point)))) = Fields::new(data, 0).next() else { return false };
    let mut fields = Fields::new(point, 0);
    while let Ok(Some((number, field))) = fields.next() {
        if matches!((number, field), (2 | 3, Field::Fixed64(_))) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::metrics::v1::{
        Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric,
    };
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message;

    fn spans(span: Span) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    fn logs(log: LogRecord) -> Vec<u8> {
        let scope_logs = vec![ScopeLogs { log_records: vec![log], ..ScopeLogs::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
        ExportLogsServiceRequest { resource_logs }.encode_to_vec()
    }

    fn metrics(name: &str) -> Vec<u8> {
        let point = NumberDataPoint { time_unix_nano: 3, ..NumberDataPoint::default() };
        let data = Some(metric::Data::Gauge(Gauge { data_points: vec![point] }));
        let metrics = vec![Metric { name: name.into(), description: "d".into(), data, ..Metric::default() }];
        let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
        ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
    }

    #[test]
    fn signals_are_told_apart_by_their_items() {
        let whole = Span {
            trace_id: vec![0xf7; 16],
            span_id: vec![1; 8],
            name: "GET".into(),
            start_time_unix_nano: 1,
            ..Span::default()
        };
        // Ids may be text by chance, or be missing.
        let texty = Span { trace_id: vec![b'a'; 16], ..whole.clone() };
        let idless = Span { trace_id: Vec::new(), ..whole.clone() };
        for span in [whole, texty, idless] {
            assert_eq!(signal(&spans(span.clone())), Some(Signal::Traces), "{span:?}");
        }
        let body = Some(AnyValue { value: Some(any_value::Value::StringValue("hello".into())) });
        let bare = LogRecord { body: body.clone(), ..LogRecord::default() };
        let timed = LogRecord { time_unix_nano: 1, body, trace_id: vec![0xf7; 16], ..LogRecord::default() };
        let texted =
            LogRecord { severity_text: "INFO".into(), observed_time_unix_nano: 2, ..LogRecord::default() };
        for log in [bare, timed, texted] {
            assert_eq!(signal(&logs(log.clone())), Some(Signal::Logs), "{log:?}");
        }
        assert_eq!(signal(&metrics("http.server.duration")), Some(Signal::Metrics));
        assert_eq!(signal(&metrics("sixteen.letters.")), Some(Signal::Metrics));
        assert_eq!(signal(b""), None);
    }
}
