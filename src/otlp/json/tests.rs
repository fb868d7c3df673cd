//! Each thing that strict readers refuse, one line each; and a strict reader as the oracle for the rest.

use super::*;
use crate::model::{ParentLocality, SpanId, SpanKind, StatusCode, TraceId, Value};
use crate::otlp::decode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

const IDS: &str = r#""traceId":"841af2000000000000000000000000ff","spanId":"933fa600000000ff""#;

fn read(json: &str) -> Result<Batch, JsonError> {
    walk_json(json.as_bytes(), "t".into(), Origin::HttpJson, 7)
}

/// A request with one span that has these members beside its ids.
fn around(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{IDS}{comma}{members}}}]}}]}}]}}"#)
}

fn span_and_remarks(members: &str) -> (crate::model::Span, Vec<String>) {
    let batch = read(&around(members)).unwrap();
    assert_eq!((batch.records.len(), &batch.rejections[..]), (1, &[][..]), "{members}");
    let r = batch.records[0];
    (decode::span(&batch.bytes[r.offset as usize..][..r.len as usize]), batch.remarks)
}

fn span(members: &str) -> crate::model::Span {
    let (span, remarks) = span_and_remarks(members);
    assert_eq!(remarks, Vec::<String>::new(), "{members}");
    span
}

fn value(json: &str) -> Value {
    span(&format!(r#""attributes":[{{"key":"a","value":{json}}}]"#)).attributes.remove(0).1
}

#[test]
fn a_whole_span_arrives() {
    let s = span(
        r#""traceState":"ot=th:8","parentSpanId":"00000000000000aa","flags":769,"name":"GET \"x\"","kind":3,
           "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000001,
           "attributes":[{"key":"n","value":{"intValue":"-9007199254740993"}},{"key":"b","value":{"boolValue":false}}],
           "droppedAttributesCount":1,"events":[{"timeUnixNano":"5","name":"e","attributes":[],"droppedAttributesCount":2}],
           "droppedEventsCount":3,"links":[{"traceId":"000000000000000000000000000000cc","spanId":"00000000000000dd","flags":257}],
           "droppedLinksCount":4,"status":{"message":"no","code":2},"somethingNew":{"x":[1]}"#,
    );
    assert_eq!(
        (s.name.as_str(), s.kind, s.flags, s.trace_state.as_str()),
        ("GET \"x\"", SpanKind::Client, 769, "ot=th:8")
    );
    assert_eq!((s.start_ns, s.end_ns), (1_544_712_660_000_000_000, 1_544_712_661_000_000_001));
    assert_eq!(s.attributes[0].1, Value::Int(-9_007_199_254_740_993));
    assert_eq!(s.attributes[1].1, Value::Bool(false));
    assert_eq!((s.events[0].time_ns, s.events[0].name.as_str(), s.events[0].dropped_attributes), (5, "e", 2));
    assert_eq!((s.links[0].span_id.0, s.links[0].flags.0), (0xdd, 257));
    assert_eq!((s.dropped_attributes, s.dropped_events, s.dropped_links), (1, 3, 4));
    assert_eq!((s.status, s.status_message.as_str()), (StatusCode::Error, "no"));
}

/// What the proto3 JSON mapping allows is taken without a word.
#[test]
fn legal_but_refused_by_strict_readers() {
    assert!(
        span(r#""parentSpanId":null,"attributes":null,"events":null,"status":null,"kind":null"#)
            .parent_id
            .is_none()
    );
    assert_eq!(value(r#"{"arrayValue":{}}"#), Value::Array(vec![]));
    assert_eq!(value(r#"{"kvlistValue":{}}"#), Value::Map(vec![]));
    assert_eq!(value(r#"{"doubleValue":"1.5"}"#), Value::Double(1.5));
    assert_eq!(value(r#"{"doubleValue":"-Infinity"}"#), Value::Double(f64::NEG_INFINITY));
    assert!(matches!(value(r#"{"doubleValue":"NaN"}"#), Value::Double(f) if f.is_nan()));
    assert!(matches!(value(r#"{"doubleValue":NaN}"#), Value::Double(f) if f.is_nan()));
    assert_eq!(value(r#"{"doubleValue":3}"#), Value::Double(3.0));
    assert_eq!(value(r#"{"intValue":42.0}"#), Value::Int(42));
    assert_eq!(value(r#"{"stringValue":null}"#), Value::Empty);
    assert_eq!(value(r#"{"stringValue":""}"#), Value::Str(String::new()));
    for base64 in ["+/8=", "+/8", "-_8=", "-_8"] {
        assert_eq!(
            value(&format!(r#"{{"bytesValue":"{base64}"}}"#)),
            Value::Bytes(vec![0xfb, 0xff]),
            "{base64}"
        );
    }
    assert_eq!(span(r#""flags":"257""#).flags, 257);
    assert_eq!(span(r#""kind":9"#).kind, SpanKind::Other(9));
    let batch = read(
        r#"{"resourceSpans":[{"scopeSpans":null},null,{"resource":null,"scopeSpans":[{"spans":null,"scope":null}]}]}"#,
    );
    assert_eq!(batch.unwrap().remarks, Vec::<String>::new());
    assert!(read("{}").unwrap().records.is_empty());
}

/// What is wrong but clear is taken with a remark.
#[test]
fn odd_but_clear() {
    let cases: [(&str, &str); 16] = [
        (r#""kind":"SPAN_KIND_SERVER""#, "enums are sent by name"),
        (r#""kind":"BUTLER""#, "an enum name is unknown"),
        (r#""status":{"code":"STATUS_CODE_ERROR"}"#, "enums are sent by name"),
        (r#""startTimeUnixNano":1.5e18"#, "times are floating point"),
        (r#""startTimeUnixNano":"2018-12-13T14:51:00Z""#, "times are dates"),
        (r#""parent_span_id":"00000000000000aa""#, "keys are in snake_case"),
        (r#""attributes":[{"value":{"stringValue":"x"}}]"#, "an attribute has no key"),
        (r#""attributes":[7]"#, "an attribute is not an object"),
        (r#""attributes":{"a":1,"b":["x"]}"#, "attributes are a JSON object"),
        (r#""attributes":[{"key":"a","value":"x"}]"#, "attribute values are bare"),
        (r#""attributes":[{"key":"a","value":{"intValue":1.5}}]"#, "an `intValue` has a fraction"),
        (r#""attributes":[{"key":"a","value":{"stringValue":5}}]"#, "a number or truth value stands"),
        (r#""attributes":[{"key":"a","value":{"bytesValue":"!"}}]"#, "a `bytesValue` is not base64"),
        (r#""links":[{"traceId":"zz"}]"#, "a link has an id that is none"),
        (r#""flags":-1"#, "a field holds what it cannot hold"),
        (r#""events":7,"status":[],"attributes":"x""#, "a field holds what it cannot hold"),
    ];
    for (members, remark) in cases {
        let (_, remarks) = span_and_remarks(members);
        assert!(remarks.iter().any(|r| r.starts_with(remark)), "{members}: {remarks:?}");
    }
    assert_eq!(span_and_remarks(cases[0].0).0.kind, SpanKind::Server);
    assert_eq!(span_and_remarks(cases[2].0).0.status, StatusCode::Error);
    assert_eq!(span_and_remarks(cases[3].0).0.start_ns, 1_500_000_000_000_000_000);
    assert_eq!(span_and_remarks(cases[4].0).0.start_ns, 1_544_712_660_000_000_000);
    assert_eq!(span_and_remarks(cases[5].0).0.parent_id.0, 0xaa);
    let map = span_and_remarks(cases[8].0).0.attributes;
    assert_eq!(map, [("a".into(), Value::Int(1)), ("b".into(), Value::Array(vec![Value::Str("x".into())]))]);
}

#[test]
fn ids_in_base64_and_old_and_foreign_envelopes() {
    let span = r#"{"trace_id":"hBryAAAAAAAAAAAAAAAA/w==","span_id":"kz+mAAAAAP8=","name":"x"}"#;
    for envelope in [
        r#"{"resource_spans":[{"scope_spans":[{"spans":[SPAN]}]}]}"#,
        r#"{"resourceSpans":[{"instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"s"},"spans":[SPAN]}]}]}"#,
        r#"{"batches":[{"instrumentation_library_spans":[{"spans":[SPAN]}]}]}"#,
        r#"{"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[SPAN]}]}]}}"#,
        r#"[{"resourceSpans":[{"scopeSpans":[{"spans":[SPAN]}]}]}]"#,
    ] {
        let batch = read(&envelope.replace("SPAN", span)).unwrap();
        assert_eq!(batch.trace_ids[0].to_string(), "841af2000000000000000000000000ff", "{envelope}");
        assert!(batch.remarks.iter().any(|r| r.contains("base64")), "{:?}", batch.remarks);
    }
}

#[test]
fn a_bad_span_is_rejected_alone_with_its_path() {
    let bad = [
        (r#"{"traceId":"841af2000000000000000000000000ff"}"#, "spanId is missing"),
        (r#"{"spanId":"933fa600000000ff","traceId":null}"#, "traceId is missing"),
        (r#"{"traceId":"841af2","spanId":"933fa600000000ff"}"#, "traceId is not 32 hex digits: \"841af2\""),
        (
            r#"{"traceId":"841af2000000000000000000000000ff","spanId":"0000000000000000"}"#,
            "spanId is all zeros",
        ),
        (r#"{"traceId":7,"spanId":"933fa600000000ff"}"#, "traceId is not text"),
        ("[]", "not an object"),
        ("null", "not an object"),
    ];
    let spans: Vec<_> = bad.iter().map(|(span, _)| format!("{{{IDS}}},{span}")).collect();
    let json =
        format!(r#"{{"resourceSpans":[{{}},{{"scopeSpans":[{{}},{{"spans":[{}]}}]}}]}}"#, spans.join(","));
    let batch = read(&json).unwrap();
    assert_eq!(batch.records.len(), bad.len());
    for (i, ((_, reason), rejection)) in bad.iter().zip(&batch.rejections).enumerate() {
        assert_eq!(rejection.position, format!("resourceSpans[1].scopeSpans[1].spans[{}]", 2 * i + 1));
        assert_eq!(rejection.reason, *reason);
    }
    let (good, odd) = (around(""), around(r#""startTimeUnixNano":"soon""#));
    assert_eq!(read(&good).unwrap().records.len(), 1);
    assert_eq!(read(&odd).unwrap().rejections[0].reason, "startTimeUnixNano is not a time: \"soon\"");
}

#[test]
fn a_link_of_zeros_is_passed_on() {
    let zeros = r#""links":[{"traceId":"00000000000000000000000000000000","spanId":"00000000000000aa"}]"#;
    let (span, remarks) = span_and_remarks(zeros);
    assert_eq!(remarks, [""; 0]);
    assert_eq!(
        (span.links.len(), span.links[0].trace_id, span.links[0].span_id),
        (1, TraceId([0; 16]), SpanId(0xaa))
    );
}

#[test]
fn zeros_are_no_parent_but_remembered() {
    let batch = read(&around(r#""parentSpanId":"0000000000000000""#)).unwrap();
    assert_eq!(batch.records[0].locality(), ParentLocality::Root);
    assert!(batch.records[0].keys.has(crate::model::Key::ZeroParent));
}

#[test]
fn logs_are_kept_and_metrics_are_counted() {
    let batch = read(
        r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{},{"body":{"stringValue":"x"}}]},{"logRecords":[{}]}]}],
            "resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","sum":{"dataPoints":[{}]}},{}]}]}]}"#,
    )
    .unwrap();
    assert_eq!((batch.logs.records.len(), batch.unshown.log_records, batch.unshown.metrics), (3, 0, 2));
}

#[test]
fn syntax_errors_have_a_place_and_keep_what_came_before() {
    let json = around(r#""name":"a"},{"#).replace("}]}]}]}", "\n  oops");
    let reading = read_document(json.as_bytes(), "t".into(), Origin::HttpJson, 0);
    assert_eq!(reading.batch.records.len(), 1);
    let error = reading.broken.unwrap();
    assert_eq!((error.line, error.column, error.what), (2, 3, "a key without quotes"));
    for (json, what) in [
        ("", "the text ends in the middle"),
        ("7", "a value that is not an object"),
        ("<html>", "something that is not a value"),
        ("{} {}", "more after the end of the document"),
        ("{\"a\":tru}", "something that is not a value"),
    ] {
        assert_eq!(read(json).unwrap_err().what, what, "{json}");
    }
}

#[test]
fn deep_nesting_ends_at_32_levels() {
    for (open, close) in [
        (r#"{"arrayValue":{"values":["#, "]}}"),
        (r#"{"kvlistValue":{"values":[{"key":"k","value":"#, "}]}}"),
        ("[", "]"),
    ] {
        let json =
            format!(r#""attributes":[{{"key":"a","value":{}{}}}]"#, open.repeat(5_000), close.repeat(5_000));
        let (span, remarks) = span_and_remarks(&json);
        assert!(remarks.iter().any(|r| r.starts_with("values are nested deeper")), "{open} {remarks:?}");
        assert_eq!(span.remarks, Vec::<String>::new());
    }
    assert!(read(&"[".repeat(1_000_000)).is_err());
    assert!(read(&r#"{"trace":"#.repeat(100_000)).is_err());
}

/// Cut anywhere, what lay before is kept and well-formed (`read_document` asserts the latter).
#[test]
fn cut_anywhere() {
    let one =
        format!(r#"{{{IDS},"name":"x\n","attributes":[{{"key":"a","value":{{"stringValue":"y\u00e9"}}}}]}}"#);
    let json = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"scope":{{"name":"s"}},"spans":[{one},{one}]}}]}}]}}"#
    );
    let ends: Vec<usize> = json.match_indices(&one).map(|(at, _)| at + one.len()).collect();
    for cut in 0..json.len() {
        let reading = read_document(&json.as_bytes()[..cut], "t".into(), Origin::HttpJson, 0);
        assert!(reading.is_cut(&json.as_bytes()[..cut]), "{cut}");
        assert_eq!(reading.batch.records.len(), ends.iter().filter(|end| **end <= cut).count(), "{cut}");
    }
}

/// Documents that strict readers accept too.
fn strict() -> [String; 5] {
    [
        around(""),
        around(
            r#""name":"a","kind":2,"startTimeUnixNano":"1","endTimeUnixNano":2,"status":{"code":1,"message":"m"}"#,
        ),
        around(
            r#""attributes":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"doubleValue":1}}]}}]}}},{"key":"e","value":{}},{"key":"b","value":{"bytesValue":"AQID"}}]"#,
        ),
        around(
            r#""events":[{"timeUnixNano":"3","name":"e","attributes":[{"key":"x","value":{"boolValue":true}}]}],"links":[{"traceId":"841af2000000000000000000000000ff","spanId":"933fa600000000ff","traceState":"a=b","attributes":[]}],"unknown":[{}]"#,
        ),
        format!(
            r#"{{"resourceSpans":[{{"schemaUrl":"u","resource":{{"droppedAttributesCount":1,"attributes":[{{"key":"service.name","value":{{"stringValue":"\u0041\ud83d\ude00"}}}}]}},"scopeSpans":[{{"schemaUrl":"v","scope":{{"name":"n","version":"1","attributes":[]}},"spans":[{{{IDS}}}]}}]}}]}}"#
        ),
    ]
}

#[test]
fn what_a_strict_reader_accepts_reads_the_same() {
    for json in strict() {
        let expected: ExportTraceServiceRequest = serde_json::from_str(&json).unwrap();
        let batch = read(&json).unwrap();
        assert_eq!(ExportTraceServiceRequest::decode(batch.bytes.clone()).unwrap(), expected, "{json}");
        assert_eq!((batch.arrived_ns, batch.remarks.len()), (7, 0));
    }
}

/// After thousands of random changes: no panic, and still everything is accepted that strict readers accept.
#[test]
fn mutations_are_survived_and_no_stricter_than_elsewhere() {
    let mut random = fastrand::Rng::with_seed(3);
    let words = ["{", "}", "[", "]", "\"", "\\", ",", ":", "null", "1e3", "\u{e9}", "true", "{}", "[]", " "];
    let mut accepted = 0;
    for json in strict() {
        for _ in 0..2_000 {
            let mut mutant = json.clone().into_bytes();
            for _ in 0..random.usize(1..3) {
                let at = random.usize(0..mutant.len());
                match random.u8(0..3) {
                    0 => mutant[at] = random.u8(b' '..=b'~'),
                    1 => drop(mutant.splice(at..=at, words[random.usize(0..words.len())].bytes())),
                    _ => drop(mutant.remove(at)),
                }
            }
            let ours = walk_json(&mutant, "t".into(), Origin::HttpJson, 0);
            let text = String::from_utf8_lossy(&mutant);
            if serde_json::from_slice::<serde_json::Value>(&mutant).is_ok_and(|v| v.is_object()) {
                assert!(ours.is_ok(), "{text}: {ours:?}");
            }
            if let Ok(theirs) = serde_json::from_slice::<ExportTraceServiceRequest>(&mutant) {
                let ours = ours.unwrap();
                accepted += 1;
                if ours.rejections.is_empty() && ours.remarks.is_empty() {
                    assert_eq!(ExportTraceServiceRequest::decode(ours.bytes).unwrap(), theirs, "{text}");
                }
            }
        }
    }
    assert!(accepted > 1_000, "{accepted}");
}

fn written(bytes: &[u8]) -> (String, Vec<Loss>) {
    let (mut out, mut lost) = (Vec::new(), Vec::new());
    to_json(bytes, &mut out, &mut |loss| lost.push(loss));
    (String::from_utf8(out).unwrap(), lost)
}

/// Everything that a reader and a strict reader take comes out as it went in.
#[test]
fn what_is_written_reads_back_to_the_byte() {
    for json in strict() {
        let bytes = read(&json).unwrap().bytes;
        let (text, lost) = written(&bytes);
        assert_eq!(lost, [], "{json}");
        let again = read(&text).unwrap();
        assert_eq!((again.bytes, again.remarks), (bytes.clone(), vec![]), "{text}");
        let theirs: ExportTraceServiceRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(theirs, ExportTraceServiceRequest::decode(bytes).unwrap(), "{text}");
        assert_eq!(read(&written(&read(&text).unwrap().bytes).0).unwrap().bytes, read(&text).unwrap().bytes);
    }
}

#[test]
fn every_value_is_written_as_the_specification_says() {
    let values = [
        r#"{"stringValue":""}"#,
        r#"{"stringValue":"\"\\\n\u0001é😀"}"#,
        r#"{"boolValue":false}"#,
        r#"{"intValue":"-9223372036854775808"}"#,
        r#"{"doubleValue":0.1}"#,
        r#"{"doubleValue":-0.0}"#,
        r#"{"doubleValue":5e-324}"#,
        r#"{"doubleValue":1.7976931348623157e308}"#,
        r#"{"doubleValue":"NaN"}"#,
        r#"{"doubleValue":"-Infinity"}"#,
        r#"{"arrayValue":{"values":[{},{"arrayValue":{}}]}}"#,
        r#"{"kvlistValue":{"values":[{"key":"k","value":{}},{}]}}"#,
        r#"{"bytesValue":"+/8="}"#,
        "{}",
    ];
    for value in values {
        let json = around(&format!(
            r#""parentSpanId":"0000000000000000","kind":-1,"startTimeUnixNano":"18446744073709551615","attributes":[{{"key":"a","value":{value}}},{{"key":"b"}}],"droppedLinksCount":4294967295,"status":{{}},"flags":2147484416"#
        ));
        assert_eq!(written(&read(&json).unwrap().bytes), (json, vec![]), "{value}");
    }
}

#[test]
fn fields_that_stand_apart_are_put_together_and_the_last_of_one_counts() {
    let ids = [&[0x0a, 16][..], &[1; 16], &[0x12, 8], &[2; 8]].concat();
    let span =
        [&ids[..], &[0x4a, 3, 0x0a, 1, b'a', 0x2a, 1, b'x', 0x4a, 3, 0x0a, 1, b'b', 0x2a, 1, b'y']].concat();
    let wrap = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
    let (text, lost) = written(&wrap(0x0a, &wrap(0x12, &wrap(0x12, &span))));
    assert!(
        text.contains(r#""attributes":[{"key":"a"},{"key":"b"}],"name":"y"}"#) && lost.is_empty(),
        "{text}"
    );
}

#[test]
fn what_json_cannot_carry_is_told() {
    let wrap = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
    let span = |fields: &[u8]| wrap(0x0a, &wrap(0x12, &wrap(0x12, fields)));
    assert_eq!(written(&span(&[0xfa, 0x07, 1, 7])).1, [Loss::UnknownFields]);
    // A field of the wrong wire type is one that nobody knows.
    assert_eq!(written(&span(&[0x28, 1])).1, [Loss::UnknownFields]);
    let (text, lost) = written(&span(&[0x2a, 2, 0xff, b'x']));
    assert!(text.contains(r#""name":"�x""#) && lost == [Loss::InvalidUtf8], "{text}");
    let (text, lost) = written(&span(&[0x2a, 1, b'x', 0x12, 9]));
    assert!(text.contains(r#""name":"x"}"#) && lost == [Loss::Broken], "{text}");
    for (levels, expected) in [(31, &[][..]), (32, &[Loss::Nesting])] {
        let mut value = any_value::Value::BoolValue(true);
        for _ in 0..levels {
            value =
                any_value::Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(value) }] });
        }
        let value = Some(AnyValue { value: Some(value) });
        let attribute = KeyValue { key: "a".into(), value, ..KeyValue::default() };
        let span = Span { attributes: vec![attribute], ..Span::default() };
        let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        assert_eq!(written(&ExportTraceServiceRequest { resource_spans }.encode_to_vec()).1, expected);
    }
}

#[test]
fn log_records_are_read_as_leniently_and_written_back_as_the_same_bytes() {
    let json = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
        "scopeLogs":[{"scope":{"name":"app.py"},"logRecords":[
          {"timeUnixNano":"5","observedTimeUnixNano":"7","severityNumber":17,"severityText":"ERROR","flags":1,
           "body":{"stringValue":"no stock"},"attributes":[{"key":"sku","value":{"intValue":"7"}}],"eventName":"e",
           "traceId":"841af2000000000000000000000000ff","spanId":"933fa600000000ff"},
          {"time_unix_nano":6,"severity_number":"SEVERITY_NUMBER_WARN","body":"bare","traceId":"","spanId":null},
          {"timeUnixNano":"soon"}, 3,
          {"traceId":"short","body":{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}},
          {"traceId":"00000000000000000000000000000000","spanId":"0000000000000000","body":null}]}]}]}"#;
    let batch = read(json).unwrap();
    let logs = &batch.logs;
    let reasons: Vec<_> = batch.rejections.iter().map(|r| format!("{}: {}", r.position, r.reason)).collect();
    let at = "resourceLogs[0].scopeLogs[0].logRecords";
    assert_eq!(
        reasons,
        [format!("{at}[2]: timeUnixNano is not a time: \"soon\""), format!("{at}[3]: not an object"),]
    );
    let read_back: Vec<_> = logs
        .records
        .iter()
        .map(|r| decode::log(&logs.bytes[r.offset as usize..][..r.len as usize]))
        .collect();
    assert_eq!(read_back.len(), 4);
    let (first, second) = (&read_back[0], &read_back[1]);
    assert_eq!((first.time_ns, first.observed_ns, first.severity.0, first.flags), (5, 7, 17, 1));
    assert_eq!((first.body.to_string().as_str(), first.event_name.as_str()), ("no stock", "e"));
    assert_eq!(first.attributes, [("sku".to_owned(), Value::Int(7))]);
    assert_eq!(logs.records[0].span_id.to_string(), "933fa600000000ff");
    assert_eq!((second.severity.to_string().as_str(), second.body.to_string().as_str()), ("WARN", "bare"));
    assert!(!logs.records[2].has_trace() && !logs.records[3].has_trace());
    assert!(batch.remarks.iter().any(|remark| remark.contains("a log record has a trace or span id")));

    let mut json = Vec::new();
    logs_to_json(&logs.bytes, &mut json, &mut |loss| panic!("{loss:?}"));
    let again = walk_json(&json, "t".into(), Origin::HttpJson, 7).unwrap();
    assert_eq!(again.logs.bytes, logs.bytes, "{}", String::from_utf8_lossy(&json));
    assert_eq!(again.remarks, Vec::<String>::new());
}

#[test]
fn a_break_in_log_records_keeps_the_spans_and_the_log_records_before_it() {
    let json = around("")
        .replace("}]}]}]}", "}]}]}],\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{},{\"body\":oops");
    let reading = read_document(json.as_bytes(), "t".into(), Origin::HttpJson, 0);
    assert!(reading.broken.is_some());
    assert_eq!((reading.batch.records.len(), reading.batch.logs.records.len()), (1, 1));
}
