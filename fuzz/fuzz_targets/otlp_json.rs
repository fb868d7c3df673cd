//! Any bytes, as a document of OTLP/JSON: what a strict reader takes, ours takes, span by span.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otoscope::model::Origin;
use otoscope::otlp::{pretty, to_json, walk_json};

fuzz_target!(|data: &[u8]| {
    let ours = walk_json(data, "f".into(), Origin::HttpJson, 7);
    let _ = std::str::from_utf8(data).map(pretty);
    if let Ok(batch) = &ours {
        let mut json = Vec::new();
        to_json(&batch.bytes, &mut json, &mut |_| {});
        let back = walk_json(&json, "f".into(), Origin::HttpJson, 7).expect("our own JSON");
        assert_eq!(back.records.len(), batch.records.len());
    }
    if let Ok(theirs) = serde_json::from_slice::<ExportTraceServiceRequest>(data) {
        let batch = ours.expect("a strict reader takes it");
        let spans: usize = theirs.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum();
        assert_eq!(batch.records.len() + batch.rejections.len(), spans);
    }
});
