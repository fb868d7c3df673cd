//! Counts log records and metrics, which are accepted but not shown.

use super::Malformed;
use super::wire::{Broken, Field, Fields};
use serde_json::Value;

/// The log records of an `ExportLogsServiceRequest`, or the metrics of an `ExportMetricsServiceRequest`.
///
/// One function for both: the two have the same shape and the same field numbers down to here.
pub fn in_protobuf(request: &[u8]) -> Result<u64, Malformed> {
    /// The field that leads one level down: `resource_*`, `scope_*`, then what is counted.
    const PATH: [u64; 3] = [1, 2, 2];
    fn count(message: &[u8], base: usize, path: &[u64]) -> Result<u64, Broken> {
        let Some((wanted, below)) = path.split_first() else { return Ok(1) };
        let mut sum = 0;
        let mut fields = Fields::new(message, base);
        while let Some((number, field)) = fields.next()? {
            if let Field::Bytes(at, inner) = field
                && number == *wanted
            {
                sum += count(inner, at, below)?;
            }
        }
        Ok(sum)
    }
    Ok(count(request, 0, &PATH)?)
}

/// The same in OTLP/JSON, where `path` names the keys: `["resourceLogs", "scopeLogs", "logRecords"]`.
pub fn in_json(request: &[u8], path: [&str; 3]) -> Result<u64, serde_json::Error> {
    fn count(value: &Value, path: &[&str]) -> u64 {
        let Some((key, below)) = path.split_first() else { return 1 };
        let items = value.get(*key).and_then(Value::as_array);
        items.into_iter().flatten().map(|item| count(item, below)).sum()
    }
    Ok(count(&serde_json::from_slice(request)?, &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
    use prost::Message;

    #[test]
    fn log_records_and_metrics_are_counted_through_their_scopes() {
        let log_records = vec![LogRecord { severity_text: "INFO".into(), ..LogRecord::default() }; 3];
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }; 2];
        let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }; 4];
        assert_eq!(in_protobuf(&ExportLogsServiceRequest { resource_logs }.encode_to_vec()), Ok(24));

        let metrics = vec![Metric { name: "m".into(), ..Metric::default() }; 5];
        let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
        assert_eq!(in_protobuf(&ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()), Ok(5));
        assert_eq!(in_protobuf(b""), Ok(0));
        assert!(in_protobuf(b"\x0a\xff").is_err());
    }

    #[test]
    fn json_is_counted_by_its_keys() {
        let path = ["resourceLogs", "scopeLogs", "logRecords"];
        let body = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]},{"logRecords":[{}]}]},{}]}"#;
        assert_eq!(in_json(body, path).unwrap(), 3);
        assert_eq!(in_json(b"{}", path).unwrap(), 0);
        assert!(in_json(b"{", path).is_err());
    }
}
