//! What exporters really sent: read as it was counted without otoscope (`tools/record/label.py count`), or named.

use super::*;
use crate::model::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

fn captures(directory: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(directory)
}

/// How often each of them is there, as `counts.json` writes it.
fn tally(of: impl Iterator<Item = String>) -> serde_json::Value {
    let mut counts = BTreeMap::new();
    of.for_each(|one| *counts.entry(one).or_insert(0) += 1);
    serde_json::to_value(counts).unwrap()
}

#[test]
fn recorded_dumps_hold_what_was_counted() {
    for directory in ["zipkin", "console"] {
        let directory = captures(directory);
        let counts = std::fs::read(directory.join("counts.json")).unwrap();
        let counts: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&counts).unwrap();
        let mut files: Vec<_> =
            std::fs::read_dir(&directory).unwrap().map(|f| f.unwrap().file_name()).collect();
        files.retain(|file| file != "counts.json");
        assert_eq!(files.len(), counts.len(), "{directory:?}");
        for (file, counted) in counts {
            let outcome = dump(std::fs::read(directory.join(&file)).unwrap());
            assert_eq!(outcome.rejections(), [], "{file}");
            let spans = outcome.spans();
            assert_eq!(counted["spans"], spans.len(), "{file}");
            let traces: HashSet<_> = spans.iter().map(|span| span.trace_id).collect();
            assert_eq!(counted["traces"], traces.len(), "{file}");
            assert_eq!(counted["roots"], spans.iter().filter(|s| s.parent_id.is_none()).count(), "{file}");
            let services = outcome.batches.iter().flat_map(|batch| {
                let service = |record: &crate::model::SpanRecord| {
                    let of = batch.resources[record.resource as usize];
                    decode::resource(of.0.of(&batch.bytes), b"").service_name().to_owned()
                };
                batch.records.iter().map(service).collect::<Vec<_>>()
            });
            assert_eq!(counted["services"], tally(services), "{file}");
            // Zipkin has no kind for work within a process.
            let kinds = tally(spans.iter().map(|span| match span.kind {
                SpanKind::Internal | SpanKind::Unspecified if file.ends_with("txt") => "INTERNAL".to_owned(),
                SpanKind::Internal | SpanKind::Unspecified => "none".to_owned(),
                kind => format!("{kind:?}").to_uppercase(),
            }));
            assert_eq!(counted["kinds"], kinds, "{file}");
        }
    }
}

/// What the exporters put into Zipkin's tags and annotations is what it was before.
#[test]
fn scopes_failures_and_events_come_back_out_of_zipkins_tags() {
    let python = dump(std::fs::read(captures("zipkin/python-1.45.jsonl")).unwrap());
    let (query, request) = (&python.spans()[0], &python.spans()[1]);
    assert_eq!(
        (query.status, query.status_message.as_str()),
        (crate::model::StatusCode::Error, "LookupError: no such table")
    );
    assert_eq!(query.parent_id, request.span_id);
    assert_eq!((query.events[0].name.as_str(), query.events[0].attributes.len()), ("exception", 4));
    assert_eq!(request.events[0].attributes, [("items".to_owned(), Value::Int(3))]);
    let batch = &python.batches[0];
    assert_eq!(decode::scope(batch.scopes[0].0.of(&batch.bytes), b"").name, "shop.http");
    let node = dump(std::fs::read(captures("zipkin/node-2.12.jsonl")).unwrap());
    assert_eq!(node.spans()[0].status, crate::model::StatusCode::Error);
}

#[test]
fn what_other_exporters_send_is_named() {
    let mut files: Vec<_> =
        std::fs::read_dir(captures("other-exporters")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 7);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let looks = match name.split('-').next().unwrap() {
            "jaeger" => "it looks like what Jaeger's clients send in Thrift: have the app send OTLP",
            _ if name.ends_with("binpb") => {
                "it looks like what Zipkin exporters send as protobuf: have the app send OTLP"
            }
            _ => {
                "it looks like Zipkin JSON of version 1, of which only version 2 is read: have the app send that"
            }
        };
        let error = dump(std::fs::read(&file).unwrap()).error();
        assert!(error.contains(looks), "{name}: {error}");
    }
}
