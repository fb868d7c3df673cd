//! The one pass over the bytes of an `ExportLogsServiceRequest`: a record a log record, nothing decoded.

use super::walk::Malformed;
use super::wire::{Broken, Field, Fields};
use crate::model::time::LATEST_NS;
use crate::model::{
    Batch, ByteRange, LogRecord, Logs, Origin, Rejection, SeverityNumber, Source, SpanId, TraceId,
};
use bytes::Bytes;

/// What is said once of ids that are none: the specification has them taken as not set.
const BAD_ID: &str = "a log record has a trace or span id of the wrong length; it is kept without its span";

/// Walks an `ExportLogsServiceRequest`. One bad log record never loses its neighbours: it becomes a rejection.
///
/// Where the outer structure itself is broken, what lay before it is in the batch and the break is returned beside it.
pub fn walk_logs(
    bytes: Bytes,
    source: Source,
    origin: Origin,
    arrived_ns: u64,
) -> (Batch, Option<Malformed>) {
    let mut batch = Batch::empty(source, origin, arrived_ns.min(LATEST_NS));
    batch.size = bytes.len();
    let malformed = add_logs(bytes, &mut batch);
    (batch, malformed)
}

/// The same into a batch that has no log records yet.
pub(super) fn add_logs(bytes: Bytes, batch: &mut Batch) -> Option<Malformed> {
    let mut walk = Walk { logs: Logs::default(), rejections: Vec::new(), bad_id: false };
    let malformed = if u32::try_from(bytes.len()).is_ok() {
        walk.request(&bytes).err().map(Malformed::from)
    } else {
        Some(Malformed { offset: u32::MAX as usize, what: "a single message of more than 4 GiB" })
    };
    walk.logs.records.shrink_to_fit();
    walk.logs.bytes = bytes;
    batch.logs = walk.logs;
    batch.rejections.append(&mut walk.rejections);
    batch.remarks.extend(walk.bad_id.then(|| BAD_ID.to_owned()));
    malformed
}

struct Walk {
    logs: Logs,
    rejections: Vec<Rejection>,
    bad_id: bool,
}

fn range(base: usize, bytes: &[u8]) -> ByteRange {
    ByteRange { offset: base as u32, len: bytes.len() as u32 }
}

impl Walk {
    fn request(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut fields = Fields::new(bytes, 0);
        while let Some(field) = fields.next()? {
            if let (1, Field::Bytes(base, resource_logs)) = field {
                self.resource_logs(resource_logs, base)?;
            }
        }
        Ok(())
    }

    fn resource_logs(&mut self, bytes: &[u8], base: usize) -> Result<(), Broken> {
        let resource = self.logs.resources.len();
        self.logs.resources.push(Default::default());
        let mut fields = Fields::new(bytes, base);
        while let Some((number, field)) = fields.next()? {
            let Field::Bytes(at, content) = field else { continue };
            match number {
                1 => self.logs.resources[resource].0 = range(at, content),
                // 1000 is `instrumentation_library_logs`, the same shape before OTLP 0.19.
                2 | 1000 => self.scope_logs(content, at, resource as u32)?,
                3 => self.logs.resources[resource].1 = range(at, content),
                _ => {}
            }
        }
        Ok(())
    }

    fn scope_logs(&mut self, bytes: &[u8], base: usize, resource: u32) -> Result<(), Broken> {
        let scope = self.logs.scopes.len();
        self.logs.scopes.push(Default::default());
        let mut fields = Fields::new(bytes, base);
        while let Some((number, field)) = fields.next()? {
            let Field::Bytes(at, content) = field else { continue };
            match number {
                1 => self.logs.scopes[scope].0 = range(at, content),
                2 => match self.log_record(content, at) {
                    Ok(record) => {
                        self.logs.records.push(LogRecord { resource, scope: scope as u32, ..record });
                    }
                    Err(broken) => {
                        let Broken { what, offset } = broken;
                        let reason = format!("the log record's bytes are broken: {what} at byte {offset}");
                        self.rejections.push(Rejection::new(format!("byte {at}"), reason));
                    }
                },
                3 => self.logs.scopes[scope].1 = range(at, content),
                _ => {}
            }
        }
        Ok(())
    }

    fn log_record(&mut self, bytes: &[u8], base: usize) -> Result<LogRecord, Broken> {
        let (mut trace_id, mut span_id): (&[u8], &[u8]) = (&[], &[]);
        let mut record = LogRecord { offset: base as u32, len: bytes.len() as u32, ..LogRecord::default() };
        let mut fields = Fields::new(bytes, base);
        while let Some(field) = fields.next()? {
            match field {
                (1, Field::Fixed64(ns)) => record.time_ns = ns.min(LATEST_NS),
                (2, Field::Varint(number)) => record.severity = SeverityNumber::from_wire(number as i32),
                (5, Field::Bytes(at, body)) => record.body = range(at - base, body),
                (8, Field::Fixed32(flags)) => record.flags = flags as u8,
                (9, Field::Bytes(_, id)) => trace_id = id,
                (10, Field::Bytes(_, id)) => span_id = id,
                (11, Field::Fixed64(ns)) => record.observed_ns = ns.min(LATEST_NS),
                _ => {}
            }
        }
        // Ids of zeros say, as no id does, that there is no span.
        self.bad_id |= !matches!((trace_id.len(), span_id.len()), (0 | 16, 0 | 8));
        record.trace_id = TraceId::from_wire(trace_id).unwrap_or_default();
        if record.has_trace() {
            record.span_id = SpanId::from_wire(span_id).unwrap_or(SpanId::NONE);
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::decode;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use prost::Message;

    fn log(body: &str) -> LogRecord {
        LogRecord {
            time_unix_nano: 5,
            observed_time_unix_nano: 7,
            severity_number: 17,
            severity_text: "ERROR".into(),
            body: Some(AnyValue { value: Some(any_value::Value::StringValue(body.into())) }),
            trace_id: vec![7; 16],
            span_id: vec![1; 8],
            flags: 1,
            ..LogRecord::default()
        }
    }

    fn request(log_records: Vec<LogRecord>) -> Bytes {
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
        ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
    }

    fn walked(bytes: Bytes) -> (Batch, Option<Malformed>) {
        walk_logs(bytes, "test".into(), Origin::Grpc, 0)
    }

    #[test]
    fn a_record_holds_what_was_sent() {
        let (batch, malformed) = walked(request(vec![log("one"), log("two")]));
        assert_eq!((malformed, batch.logs.records.len(), batch.records.len()), (None, 2, 0));
        let r = batch.logs.records[1];
        assert_eq!((r.time_ns, r.observed_ns, r.severity.to_string().as_str()), (5, 7, "ERROR"));
        assert_eq!((r.trace_id.0, r.span_id.0, r.flags), ([7; 16], 0x0101_0101_0101_0101, 1));
        let own = &batch.logs.bytes[r.offset as usize..][..r.len as usize];
        assert_eq!(decode::log(own).body.to_string(), "two");
        assert_eq!(decode::value(r.body.of(own)).to_string(), "two");
    }

    #[test]
    fn ids_that_are_none_are_taken_as_not_set() {
        let short = LogRecord { span_id: vec![1, 2], ..log("short") };
        let zeros = LogRecord { trace_id: vec![0; 16], span_id: vec![0; 8], ..log("zeros") };
        let (batch, _) = walked(request(vec![zeros.clone()]));
        assert!(!batch.logs.records[0].has_trace() && batch.remarks.is_empty());
        let (batch, _) = walked(request(vec![short, zeros]));
        assert_eq!((batch.logs.records.len(), batch.rejections.len(), batch.remarks.len()), (2, 0, 1));
        assert!(batch.logs.records[0].has_trace() && batch.logs.records[0].span_id.is_none());
    }

    #[test]
    fn a_broken_log_record_does_not_lose_its_neighbours() {
        let mut bytes = request(vec![log("a"), log("b"), log("c")]).to_vec();
        let (batch, _) = walked(bytes.clone().into());
        let second = batch.logs.records[1];
        // Wire type 7 does not exist.
        bytes[second.offset as usize] = 0x0f;
        let (batch, malformed) = walked(bytes.into());
        assert_eq!((malformed, batch.logs.records.len(), batch.rejections.len()), (None, 2, 1));
        assert!(batch.rejections[0].reason.contains("log record"), "{:?}", batch.rejections);
    }

    #[test]
    fn cut_anywhere_it_neither_panics_nor_invents() {
        let whole = request(vec![log("a"), log("b")]);
        for cut in 0..whole.len() {
            let (batch, malformed) = walked(whole.slice(..cut));
            assert!(batch.logs.records.is_empty() && (cut == 0 || malformed.is_some()), "{cut}");
        }
    }
}
