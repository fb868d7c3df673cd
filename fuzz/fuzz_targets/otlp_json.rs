//! Any bytes, as a document of OTLP/JSON: what a strict reader takes, ours takes, span by span.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otoscope::model::Origin;
use otoscope::otlp::{pretty, to_json, walk_json};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let ours = walk_json(data, "f".into(), Origin::HttpJson, 7);
    let _ = std::str::from_utf8(data).map(pretty);
    if let Ok(batch) = &ours {
        let mut json = Vec::new();
        to_json(&batch.bytes, &mut json, &mut |_| {});
        let back = walk_json(&json, "f".into(), Origin::HttpJson, 7).expect("our own JSON");
        assert_eq!(back.records.len(), batch.records.len());
    }
    if let Ok(theirs) = serde_json::from_slice::<ExportTraceServiceRequest>(data)
        && serde_json::from_slice(data).is_ok_and(|document| messages_are_objects("", &document))
    {
        let batch = ours.expect("a strict reader takes it");
        let spans: usize =
            theirs.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum();
        // Ours looks for spans in other places, too (`batches`, `data`), and what it rejects may be log records.
        assert!(batch.records.len() + batch.rejections.len() >= spans);
    }
});

/// Whether messages are objects, as protobuf's JSON has them. What is derived with serde takes their fields as lists, too.
fn messages_are_objects(key: &str, value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().all(|(key, value)| messages_are_objects(key, value)),
        Value::Array(items) => {
            let list = ["Spans", "spans", "attributes", "events", "links", "values", "Refs"];
            list.iter().any(|end| key.ends_with(end))
                && items.iter().all(|item| messages_are_objects("", item))
        }
        _ => true,
    }
}
