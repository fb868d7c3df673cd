//! Small dumps of every format, and what comes out of them.

mod consoles;
mod containers;
mod headless;
mod hostile;
mod jaeger;
mod large;
mod pasted;
mod printed;
mod recorded;
mod shapes;
mod written;

use super::*;
use crate::model::{Key, Origin, Rejection, SpanKind};
use crate::otlp::decode;
use std::io::{self, Cursor, Write};

/// Everything that came out of a dump.
struct Outcome {
    batches: Vec<Batch>,
    result: Result<Summary, DumpError>,
}

impl Outcome {
    fn names(&self) -> Vec<String> {
        self.spans().into_iter().map(|span| span.name).collect()
    }

    fn spans(&self) -> Vec<crate::model::Span> {
        let of = |batch: &Batch| {
            let span = |r: &crate::model::SpanRecord| {
                decode::span(&batch.bytes[r.offset as usize..][..r.len as usize])
            };
            batch.records.iter().map(span).collect::<Vec<_>>()
        };
        self.batches.iter().flat_map(of).collect()
    }

    fn rejections(&self) -> Vec<(&str, &str)> {
        let all = self.batches.iter().flat_map(|batch| &batch.rejections);
        all.map(|Rejection { position, reason, .. }| (position.as_str(), reason.as_str())).collect()
    }

    fn error(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }
}

fn outcome(input: impl Read, name: &str, from: Option<&'static Format>) -> Outcome {
    let mut batches = Vec::new();
    let result = read(input, name, from, &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    });
    Outcome { batches, result }
}

fn dump(bytes: impl AsRef<[u8]>) -> Outcome {
    outcome(bytes.as_ref(), "d", None)
}

fn otlp_span(id: u8, name: &str) -> String {
    let end = 1_000 + u64::from(id);
    format!(
        r#"{{"traceId":"841af2000000000000000000000000ff","spanId":"00000000000000{id:02x}","name":"{name}","kind":2,"startTimeUnixNano":"1000","endTimeUnixNano":"{end}"}}"#
    )
}

fn otlp(spans: &[String]) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","))
}

fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

fn zipkin_span(id: u8, name: &str) -> String {
    format!(
        r#"{{"traceId":"841af200000000ff","id":"{id:02x}","name":"{name}","timestamp":1,"duration":2,"localEndpoint":{{"serviceName":"shop"}}}}"#
    )
}

fn jaeger_span(id: u8, name: &str) -> String {
    format!(
        r#"{{"traceID":"841af200000000ff","spanID":"{id:02x}","operationName":"{name}","references":[],"startTime":1,"duration":2,"tags":[],"logs":[],"processID":"p1","warnings":null}}"#
    )
}

fn jaeger_trace(spans: &[String]) -> String {
    let processes = r#"{"p1":{"serviceName":"shop","tags":[]}}"#;
    format!(
        r#"{{"traceID":"841af200000000ff","spans":[{}],"processes":{processes},"warnings":null}}"#,
        spans.join(",")
    )
}

fn jaeger(traces: &[String]) -> String {
    format!(r#"{{"data":[{}],"total":0,"limit":0,"offset":0,"errors":null}}"#, traces.join(","))
}

fn console_span(id: u8, name: &str) -> String {
    format!(
        r#"{{
    "name": "{name}",
    "context": {{
        "trace_id": "0x841af2000000000000000000000000ff",
        "span_id": "0x00000000000000{id:02x}",
        "trace_state": "[]"
    }},
    "kind": "SpanKind.SERVER",
    "parent_id": null,
    "start_time": "2026-11-23T06:53:42.000000Z",
    "end_time": "2026-11-23T06:53:42.000100Z",
    "status": {{
        "status_code": "UNSET"
    }},
    "attributes": {{
        "http.method": "GET",
        "list": [
            1,
            2
        ]
    }},
    "events": [],
    "links": [],
    "resource": {{
        "attributes": {{
            "service.name": "shop"
        }},
        "schema_url": ""
    }}
}}"#
    )
}

fn protobuf(names: &[&str]) -> Vec<u8> {
    let spans: Vec<_> = names.iter().zip(1..).map(|(name, id)| otlp_span(id, name)).collect();
    dump(otlp(&spans)).batches[0].bytes.to_vec()
}

fn delimited(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|r| [prost::encode_length_delimiter(r), r.clone()].concat()).collect()
}

mod prost {
    pub(super) fn encode_length_delimiter(record: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ::prost::encode_length_delimiter(record.len(), &mut out).unwrap();
        out
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A small dump in every format, and how many bytes of it hold each span.
fn small_dumps() -> Vec<(&'static str, Vec<u8>)> {
    let (a, b) = (otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b")]));
    let mut all = vec![
        ("otlp-json", format!("{a}\n{b}\n").into()),
        ("otlp-json", format!("{}\n{}\n", pretty(&a), pretty(&b)).into()),
        ("otlp-protobuf", protobuf(&["a", "b"])),
        ("otlp-protobuf", delimited(&[protobuf(&["a"]), protobuf(&["b"])])),
        ("zipkin-v2", format!("[{},{}]", zipkin_span(1, "a"), zipkin_span(2, "b")).into()),
        (
            "jaeger",
            jaeger(&[jaeger_trace(&[jaeger_span(1, "a")]), jaeger_trace(&[jaeger_span(2, "b")])]).into(),
        ),
        ("jaeger", pretty(&jaeger(&[jaeger_trace(&[jaeger_span(1, "a"), jaeger_span(2, "b")])])).into()),
        ("python-console", format!("x\n{}\n{}\n", console_span(1, "a"), console_span(2, "b")).into()),
    ];
    all.extend(consoles::small());
    all
}
