//! Any bytes, as requests of spans and of log records: what a strict reader takes, ours takes, span by span.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otoscope::model::Origin;
use otoscope::otlp::{count, decode, logs_to_json, mend, signal, to_json, walk, walk_json, walk_logs};
use prost::Message;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let (batch, malformed) = walk(bytes.clone(), "f".into(), Origin::Grpc, 7);
    for record in &batch.records {
        decode::span(&batch.bytes[record.offset as usize..][..record.len as usize]);
    }
    if let Ok(theirs) = ExportTraceServiceRequest::decode(data) {
        assert_eq!(malformed, None);
        let spans: usize = theirs.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum();
        assert_eq!(batch.records.len() + batch.rejections.len(), spans);
        let mut json = Vec::new();
        to_json(data, &mut json, &mut |_| {});
        let back = walk_json(&json, "f".into(), Origin::HttpJson, 7).expect("our own JSON");
        assert_eq!(back.records.len(), batch.records.len());
    } else {
        let (mended, _) = walk(mend(&bytes), "f".into(), Origin::Grpc, 7);
        assert!(mended.records.len() >= batch.records.len(), "what could be read is still there");
    }
    let (logs, _) = walk_logs(bytes, "f".into(), Origin::Grpc, 7);
    drop(logs);
    logs_to_json(data, &mut Vec::new(), &mut |_| {});
    let _ = (signal(data), count::metrics(data));
});
