//! Counts metrics, which are accepted but not shown.

use super::Malformed;
use super::wire::{Broken, Field, Fields};

/// The metrics of an `ExportMetricsServiceRequest`.
pub fn metrics(request: &[u8]) -> Result<u64, Malformed> {
    /// The field that leads one level down: `resource_metrics`, `scope_metrics`, then what is counted.
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

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
    use prost::Message;

    #[test]
    fn metrics_are_counted_through_their_scopes() {
        let of_scope = vec![Metric { name: "m".into(), ..Metric::default() }; 5];
        let scope_metrics = vec![ScopeMetrics { metrics: of_scope, ..ScopeMetrics::default() }; 2];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }; 3];
        assert_eq!(metrics(&ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()), Ok(30));
        assert_eq!(metrics(b""), Ok(0));
        assert!(metrics(b"\x0a\xff").is_err());
    }
}
