//! Shapes in which printed spans are pasted into issues: older versions, a text without its start, log entries as
//! JSON; and printers that are only named.

use super::*;
use crate::model::{StatusCode, Value};

fn remarks(outcome: &Outcome) -> String {
    outcome.batches.iter().flat_map(|batch| batch.remarks.clone()).collect::<Vec<_>>().join("; ")
}

fn services(outcome: &Outcome) -> Vec<String> {
    let of = |batch: &Batch| {
        let resource = |of: &(crate::model::ByteRange, crate::model::ByteRange)| {
            decode::resource(of.0.of(&batch.bytes), b"").service_name().to_owned()
        };
        batch.resources.iter().map(resource).collect::<Vec<_>>()
    };
    outcome.batches.iter().flat_map(of).collect()
}

fn sample(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(path);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_text_that_begins_after_its_resource_is_read_and_the_loss_is_said() {
    let lost = "which service they are of is not known";
    for (file, starts) in [
        ("collector-debug/documented.txt", &["ScopeSpans #0", "Span #0", "    Trace ID"][..]),
        ("rust-stdout/stdout-0.33.txt", &["Span #0", "\tInstrumentation Scope"]),
    ] {
        let text = sample(file);
        assert!(!remarks(&dump(&text)).contains(lost), "{file}");
        for start in starts {
            let outcome = dump(&text[text.find(start).unwrap()..]);
            assert_eq!(
                (outcome.names(), outcome.rejections()),
                (dump(&text).names(), vec![]),
                "{file} {start}"
            );
            assert!(remarks(&outcome).contains(lost), "{file} {start}");
        }
    }
    let text = sample("collector-debug/documented.txt");
    let outcome = dump(&text[text.find("Resource attributes:").unwrap()..]);
    assert_eq!(services(&outcome)[0], "shop", "the line before it said nothing");
    assert!(!remarks(&outcome).contains(lost));
}

/// The collector's `encoding: json`, as `kubectl logs` and `kubectl logs --prefix` show it, with other entries between.
#[test]
fn a_printout_within_log_entries_is_read() {
    let text = sample("collector-debug/documented.txt");
    let printout = &text[text.find("ResourceSpans #").unwrap()..];
    let entry = |msg: &str| {
        let msg = serde_json::to_string(msg).unwrap();
        format!(r#"{{"level":"info","ts":1795416822.1,"msg":{msg},"kind":"exporter","name":"debug"}}"#)
    };
    for prefix in ["", "[pod/collector-1/otel] ", "collector-1  | "] {
        let lines = [entry("Traces"), entry(printout), entry("Everything is ready."), entry(printout)];
        let outcome = dump(lines.map(|line| format!("{prefix}{line}\n")).concat());
        assert_eq!(outcome.rejections(), [], "{prefix}");
        assert_eq!(outcome.names().len(), 6, "{prefix}");
        assert_eq!(outcome.result.as_ref().unwrap().format, "collector-debug");
        assert_eq!(services(&outcome), services(&dump(printout)), "{prefix}");
    }
}

/// Before 1.2 all ids were in one; the resource may be left out of what is pasted.
#[test]
fn old_prints_of_dotnet_are_read() {
    let id = |span: &str| format!("00-841af2000000000000000000000000ff-{span}-01");
    let text = format!(
        "Activity.Id:          {}\nActivity.ParentId:    {}\nActivity.ActivitySourceName: Shop\n\
         Activity.DisplayName: GET /cart\nActivity.Kind:        Server\n\
         Activity.StartTime:   2020-08-12T15:59:10.4461835Z\nActivity.Duration:    00:00:00.0066039\n\
         Activity.TagObjects:\n    http.status_code: 200\nResource associated with Activity:\n    service.name: shop\n\n",
        id("0000000000000001"),
        id("0000000000000002")
    );
    let outcome = dump(&text);
    assert_eq!(outcome.rejections(), []);
    let span = &outcome.spans()[0];
    assert_eq!(
        (span.span_id.to_string(), span.parent_id.to_string()),
        ("0000000000000001".into(), "0000000000000002".into())
    );
    assert_eq!((span.flags, span.end_ns - span.start_ns), (1, 6_603_900));
    assert_eq!(services(&outcome), ["shop"]);
    let short = &text[..text.find("Resource").unwrap()];
    let outcome = dump(format!("{short}\n"));
    assert_eq!((outcome.names(), outcome.rejections()), (vec!["GET /cart".to_owned()], vec![]));
    assert!(remarks(&outcome).contains("without their resource"));
    let outcome = dump(text.replace(&id("0000000000000001"), "|841af2.1."));
    assert!(outcome.error().contains("Activity.Id is not in W3C form"), "{}", outcome.error());
}

/// Go before 1.0: a list, the parent's id alone, the status and events by other names.
#[test]
fn old_prints_of_go_are_read() {
    let text = r#"[
	{
		"SpanContext": {"TraceID": "841af2000000000000000000000000ff", "SpanID": "0000000000000001", "TraceFlags": 1},
		"ParentSpanID": "0000000000000002",
		"SpanKind": 2,
		"Name": "GET /cart",
		"StartTime": "2020-09-10T12:34:56.1+02:00",
		"EndTime": "2020-09-10T12:34:56.2+02:00",
		"MessageEvents": [{"Name": "read", "Attributes": null, "Time": "2020-09-10T12:34:56.15+02:00"}],
		"StatusCode": "Error",
		"StatusMessage": "no such table",
		"HasRemoteParent": true
	}
]
"#;
    let outcome = dump(text);
    assert_eq!(outcome.rejections(), []);
    let span = &outcome.spans()[0];
    assert_eq!((span.parent_id.0, span.flags), (2, 0x301));
    assert_eq!((span.status, span.status_message.as_str()), (StatusCode::Error, "no such table"));
    assert_eq!(span.events[0].name, "read");
}

/// Node's spans as JSON, and as OpenTelemetry's documentation shows them, with quotes around some of the keys.
#[test]
fn nodes_spans_as_json_are_not_taken_for_zipkins() {
    for status in ["{ code: 2 }", "{ \"code\": 2 }"] {
        let text = format!(
            "{{\n  \"traceId\": \"841af2000000000000000000000000ff\",\n  \"parentId\": \"0000000000000002\",\n  \
             \"name\": \"GET /cart\",\n  \"id\": \"0000000000000001\",\n  \"kind\": 1,\n  \
             \"timestamp\": 1624982589725778,\n  \"duration\": 673,\n  \"attributes\": {{\n    \"http.route\": \"/\"\n  }},\n  \
             \"status\": {status},\n  \"events\": []\n}}\n"
        );
        let outcome = dump(text.repeat(2));
        assert_eq!(
            (outcome.names(), outcome.rejections()),
            (vec!["GET /cart".to_owned(); 2], vec![]),
            "{status}"
        );
        let span = &outcome.spans()[0];
        assert_eq!(
            (span.kind, span.status, span.end_ns - span.start_ns),
            (SpanKind::Server, StatusCode::Error, 673_000)
        );
        assert_eq!(span.attributes, [("http.route".to_owned(), Value::Str("/".to_owned()))]);
        assert_eq!(outcome.result.unwrap().format, "node-console");
    }
}

#[test]
fn printers_that_are_not_read_are_named() {
    for (text, says) in [
        (
            "2026-11-23T06:53:42.1Z\tinfo\tTraces\t{\"otelcol.signal\": \"traces\", \"spans\": 2}\n",
            "verbosity: detailed",
        ),
        (
            "2023-11-23T06:53:42.1Z\tinfo\tTracesExporter\t{\"kind\": \"exporter\", \"#spans\": 2}\n",
            "verbosity: detailed",
        ),
        (
            "2025-03-01T10:00:05.1Z\tinfo\tTraces\t{\"data_type\": \"traces\", \"spans\": 2}\n",
            "verbosity: detailed",
        ),
        (
            "ResourceSpans #0 service.name=a\nScopeSpans #0 s\nGET 83a9efd1 909541b9 a=b\n",
            "verbosity: detailed",
        ),
        ("#<struct OpenTelemetry::SDK::Trace::SpanData\n name=\"GET /\",\n", "Ruby's console exporter"),
        ("INFO: span: SpanData{traceId=TraceId{}, startEpochNanos=1}\n", "OTEL_TRACES_EXPORTER=logging-otlp"),
        ("{\n  name          : a\n  parent_span_id: 0\n  instr-lib     : b\n}\n", "C++'s ostream exporter"),
        (
            "{\"resource\":{},\"scopes\":[{\"spans\":[{\"name\":\"a\",\"parent_span_id\":\"\"}]}]}",
            "PHP's console exporter",
        ),
        (
            "Span(name=\"a\", context=SpanContext(trace_id=0x1, span_id=0x2))\n",
            "Python's console exporter printed before",
        ),
    ] {
        let error = dump(text).error();
        assert!(error.contains(says), "{text}: {error}");
    }
}

/// Hands out a text, then says that nothing comes, and waits for what never does.
struct Quiet<'a>(&'a [u8], u8);

impl Read for Quiet<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.0.is_empty() {
            return self.0.read(into);
        }
        self.1 += 1;
        match self.1 {
            1 => Err(QUIET.into()),
            _ => Err(io::Error::other("no more")),
        }
    }
}

/// Whoever follows a file sees its last span without waiting for the next one.
#[test]
fn a_quiet_moment_ends_the_last_span() {
    for (format, file, all) in [
        ("rust-stdout", "stdout-0.33.txt", 3),
        ("collector-debug", "documented.txt", 3),
        ("dotnet-console", "documented.txt", 3),
    ] {
        let text = sample(&format!("{format}/{file}"));
        let text = text.trim_end().to_owned() + "\n";
        let mut seen = 0;
        // Broken off where it says that nothing comes: what is seen by then did not wait for the end.
        let mut input = Quiet(text.as_bytes(), 0);
        let _ = read(&mut input, "d", super::super::format(format), &mut |batch| {
            seen += batch.records.len();
            if seen == all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(seen == all && input.1 <= 1, "{format} {seen} {}", input.1);
    }
}

/// The moment comes in the middle; the failure after it ends the first half like an end of file.
struct Halves<'a>(Quiet<'a>, &'a [u8]);
impl Read for Halves<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into) {
            Err(error) if error.kind() != QUIET => self.1.read(into),
            read => read,
        }
    }
}

#[test]
fn packed_input_waits_through_a_quiet_moment() {
    let packed = gzip(sample("rust-stdout/stdout-0.33.txt").as_bytes());
    let (start, rest) = packed.split_at(packed.len() / 2);
    assert_eq!(outcome(Halves(Quiet(start, 0), rest), "d", None).names().len(), 3);
}
