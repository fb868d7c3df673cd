//! What SDKs print to a terminal: the samples in `tests/dumps`, in every shape in which they are pasted.

use super::*;
use crate::model::{ParentLocality, Span, SpanRecord, StatusCode, Value};

/// A span of every console format, in a text of its own.
pub(super) fn small() -> Vec<(&'static str, Vec<u8>)> {
    let twice =
        |span: &dyn Fn(u8, &str) -> String| format!("x\n{}\ny\n{}", span(1, "a"), span(2, "b")).into();
    vec![
        ("node-console", twice(&node_span)),
        ("go-stdout", twice(&go_span)),
        ("go-stdout", twice(&|id, name| go_span(id, name).replace('{', "{\n\t").replace(",\"", ",\n\t\""))),
        ("dotnet-console", twice(&dotnet_span)),
        ("java-logging", twice(&|id, name| format!("INFO: {}\n", otlp(&[otlp_span(id, name)])))),
        ("rust-stdout", twice(&rust_span)),
        ("collector-debug", twice(&collector_span)),
    ]
}

fn node_span(id: u8, name: &str) -> String {
    format!(
        "{{\n  resource: {{ attributes: {{ 'service.name': 'shop' }} }},\n  instrumentationScope: {{ name: 's' }},\n  \
         traceId: '841af2000000000000000000000000ff',\n  parentSpanContext: undefined,\n  name: '{name}',\n  \
         id: '00000000000000{id:02x}',\n  kind: 1,\n  timestamp: 1795416822083692,\n  duration: 100.5,\n  \
         attributes: {{ list: [ 1, 2 ] }},\n  status: {{ code: 0 }},\n  events: [],\n  links: []\n}}\n"
    )
}

fn go_span(id: u8, name: &str) -> String {
    let own = format!(r#""TraceID":"841af2000000000000000000000000ff","SpanID":"00000000000000{id:02x}""#);
    format!(
        r#"{{"Name":"{name}","SpanContext":{{{own},"TraceFlags":"01"}},"Parent":{{"TraceID":"00000000000000000000000000000000","SpanID":"0000000000000000"}},"SpanKind":2,"StartTime":"2026-11-23T06:53:42Z","EndTime":"2026-11-23T06:53:43Z","Attributes":null,"Resource":[]}}"#
    ) + "\n"
}

fn dotnet_span(id: u8, name: &str) -> String {
    format!(
        "Activity.TraceId:            841af2000000000000000000000000ff\nActivity.SpanId:             00000000000000{id:02x}\n\
         Activity.DisplayName:        {name}\nActivity.Kind:               Server\n\
         Activity.StartTime:          2026-11-23T06:53:42.0836920Z\nActivity.Duration:           00:00:00.0134930\n\
         Resource associated with Activity:\n    service.name: shop\n\n"
    )
}

fn rust_span(id: u8, name: &str) -> String {
    format!(
        "Spans\nSpan #0\n\tInstrumentation Scope\n\t\tName         : \"s\"\n\n\tName         : {name}\n\
         \tTraceId      : 841af2000000000000000000000000ff\n\tSpanId       : 00000000000000{id:02x}\n\
         \tParentSpanId : None (root span)\n\tKind         : Server\n\
         \tStart time   : 2026-11-23 06:53:42.258005\n\tEnd time     : 2026-11-23 06:53:42.258009\n\tStatus       : Unset\n"
    )
}

fn collector_span(id: u8, name: &str) -> String {
    format!(
        "ResourceSpans #0\nResource SchemaURL: \nScopeSpans #0\nInstrumentationScope s 1\nSpan #0\n    \
         Trace ID       : 841af2000000000000000000000000ff\n    Parent ID      : \n    \
         ID             : 00000000000000{id:02x}\n    Name           : {name}\n    Kind           : Server\n    \
         Start time     : 2026-11-23 06:53:42.258005 +0000 UTC\n    \
         End time       : 2026-11-23 06:53:42.258009 +0000 UTC\n    Status code    : Unset\n    Status message : \n\
         \t{{\"kind\": \"exporter\"}}\n"
    )
}

/// The text of a sample.
fn sample(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Samples with a request, its failed child and a job, and what the format knows of each parent.
const SAMPLES: [(&str, &str, [ParentLocality; 3]); 8] = {
    use ParentLocality::{Local, Remote, Root, Unknown};
    [
        ("node-console", "sdk-1.30.txt", [Unknown, Unknown, Root]),
        ("node-console", "sdk-2.12.txt", [Local, Remote, Root]),
        ("go-stdout", "compact-1.1.txt", [Local, Remote, Root]),
        ("go-stdout", "pretty-1.1.txt", [Local, Remote, Root]),
        ("dotnet-console", "documented.txt", [Unknown, Unknown, Root]),
        ("rust-stdout", "stdout-0.33.txt", [Unknown, Unknown, Root]),
        ("collector-debug", "documented.txt", [Unknown, Unknown, Root]),
        ("java-logging", "documented-otlp.txt", [Local, Remote, Root]),
    ]
};

fn samples() -> impl Iterator<Item = (&'static str, String)> {
    SAMPLES.into_iter().map(|(format, file, _)| (format, sample(&format!("{format}/{file}"))))
}

fn attribute<'a>(list: &'a [(String, Value)], key: &str) -> &'a Value {
    list.iter().find(|(name, _)| name == key).map_or(&Value::Empty, |(_, value)| value)
}

fn records(outcome: &Outcome) -> Vec<SpanRecord> {
    outcome.batches.iter().flat_map(|batch| batch.records.iter().copied()).collect()
}

#[test]
fn every_sample_is_found_and_read() {
    for (format, file, localities) in SAMPLES {
        let outcome = dump(sample(&format!("{format}/{file}")));
        let file = format!("{format}/{file}");
        assert_eq!(outcome.rejections(), [], "{file}");
        let spans = outcome.spans();
        let (child, request, job) = (&spans[0], &spans[1], &spans[2]);
        assert_eq!(outcome.names(), ["SELECT cart", "GET /cart", "tick"], "{file}");
        let kinds: Vec<_> = spans.iter().map(|span| span.kind).collect();
        assert_eq!(kinds, [SpanKind::Client, SpanKind::Server, SpanKind::Internal], "{file}");
        assert_eq!((child.parent_id, child.trace_id), (request.span_id, request.trace_id), "{file}");
        assert_eq!(request.trace_id.to_string(), "7665db79fe37190cd760141ae821eb49", "{file}");
        assert_eq!(request.parent_id.to_string(), "6d04c2831f31cdd8", "{file}");
        assert!(job.parent_id.is_none() && job.trace_id != request.trace_id, "{file}");
        assert_eq!(child.status, StatusCode::Error, "{file}");
        assert!(child.status_message.starts_with("no such table"), "{file}: {}", child.status_message);
        assert!(spans.iter().all(|span| span.start_ns > 0 && span.end_ns >= span.start_ns), "{file}");
        assert!(spans.iter().flat_map(|span| &span.events).all(|e| e.time_ns > 0), "{file}");
        let known: Vec<_> = records(&outcome).iter().map(SpanRecord::locality).collect();
        assert_eq!(known, localities, "{file}");
        let first = &outcome.batches[0];
        assert_eq!(first.origin, Origin::Dump(format), "{file}");
        let remarks = outcome.batches.iter().map(|batch| batch.remarks.len()).sum::<usize>();
        assert_eq!(remarks, 1, "{file}: said once");
        assert_eq!(outcome.result.unwrap().format, format);
    }
}

/// What every format keeps that prints it: state, attributes with their types, events, links, scopes.
#[test]
fn what_was_printed_is_kept() {
    for (format, text) in samples().filter(|(format, _)| *format != "java-logging") {
        let outcome = dump(&text);
        let spans = outcome.spans();
        let (child, request) = (&spans[0], &spans[1]);
        if format != "rust-stdout" {
            assert_eq!(child.trace_state, "ot=th:8,b=c", "{format}");
        }
        let event = &child.events[0];
        assert_eq!(event.name, "exception", "{format}");
        assert!(
            attribute(&event.attributes, "exception.message").to_string().starts_with("no such table"),
            "{format}"
        );
        let link = &child.links[0];
        assert_eq!(link.trace_id.to_string(), "01000000000000000000000000000001", "{format}");
        assert_eq!(link.span_id.to_string(), "0200000000000002", "{format}");
        assert_eq!(attribute(&link.attributes, "why"), &Value::Str("retry".to_owned()), "{format}");
        let list = Value::Array(vec![Value::Str("a".to_owned()), Value::Str("b".to_owned())]);
        assert_eq!(attribute(&request.attributes, "tags"), &list, "{format}");
        assert_eq!(attribute(&request.attributes, "ok"), &Value::Bool(true), "{format}");
        if format != "dotnet-console" {
            assert_eq!(attribute(&request.attributes, "port"), &Value::Int(8080), "{format}");
            assert_eq!(attribute(&request.attributes, "ratio"), &Value::Double(0.5), "{format}");
            let scopes: Vec<_> = outcome.batches.iter().flat_map(scope_names).collect();
            assert!(scopes.contains(&"shop.http 0.1.0".to_owned()), "{format}: {scopes:?}");
        }
        let services: Vec<_> = outcome.batches.iter().flat_map(services).collect();
        assert!(services.iter().all(|name| name == "shop"), "{format}: {services:?}");
    }
}

fn scope_names(batch: &Batch) -> Vec<String> {
    let scope =
        |of: &(crate::model::ByteRange, crate::model::ByteRange)| decode::scope(of.0.of(&batch.bytes), b"");
    batch.scopes.iter().map(scope).map(|scope| format!("{} {}", scope.name, scope.version)).collect()
}

fn services(batch: &Batch) -> Vec<String> {
    let resource = |of: &(crate::model::ByteRange, crate::model::ByteRange)| {
        decode::resource(of.0.of(&batch.bytes), b"")
    };
    batch.resources.iter().map(resource).map(|resource| resource.service_name().to_owned()).collect()
}

#[test]
fn texts_of_several_lines_are_put_together() {
    let of = |file: &str| dump(sample(file)).spans();
    let stack = |span: &Span| attribute(&span.events[0].attributes, "exception.stacktrace").to_string();
    for file in ["node-console/sdk-1.30.txt", "node-console/sdk-2.12.txt"] {
        let spans = of(file);
        let lines =
            "Error: no such table: it's gone\n    at query (/app/db.js:7:9)\n    at main (/app/app.js:1:2)";
        assert_eq!(stack(&spans[0]), lines);
        let statement = "SELECT *\n  FROM \"cart\"\n  WHERE name = 'x' AND `y`";
        assert_eq!(attribute(&spans[0].attributes, "db.query.text").to_string(), statement);
        assert_eq!(attribute(&spans[1].attributes, "url.path").to_string(), "/cart's");
        assert_eq!(attribute(&spans[1].attributes, "nums").to_string(), "[1, 2, 3, 4, 5, 6, 7, 8]");
    }
    let collector = of("collector-debug/documented.txt");
    let lines =
        "Error: no such table (it's gone)\n    at query (/app/db.js:7:9)\n    at main (/app/app.js:1:2)";
    assert_eq!(stack(&collector[0]), lines);
    assert_eq!((collector[0].events[0].dropped_attributes, collector[0].links[0].dropped_attributes), (2, 4));
    assert_eq!(attribute(&collector[1].attributes, "nested").to_string(), "{a: 1}");
    assert_eq!(collector[0].end_ns - collector[0].start_ns, 3_456_789);
    let dotnet = of("dotnet-console/documented.txt");
    let statement = "SELECT *\nFROM \"cart\" AS c\nWHERE c.name = @p0";
    assert_eq!(attribute(&dotnet[0].attributes, "db.statement").to_string(), statement);
    assert!(stack(&dotnet[0]).ends_with("no such table\n   at Npgsql.Internal.NpgsqlConnector.ReadMessage()\n   at Shop.Cart.Load() in /app/Cart.cs:line 7"));
    assert_eq!(dotnet[0].end_ns - dotnet[0].start_ns, 3_456_700);
    let event = &dotnet[0].events[0];
    assert!((dotnet[0].start_ns..=dotnet[0].end_ns).contains(&event.time_ns), "seconds alone accuse nobody");
    assert_eq!((dotnet[2].flags, dotnet[2].end_ns - dotnet[2].start_ns), (0x103, 1_000_000_000));
    assert_eq!(
        attribute(&of("rust-stdout/stdout-0.33.txt")[1].attributes, "quote").to_string(),
        "say \"hi\"\nthen: go"
    );
}

/// Behind the prefixes of `docker compose`, `kubectl`, GitHub's runners and a quotation, in Docker's own files, indented, with colours, between other lines, with the
/// white space that is lost in copying.
#[test]
fn samples_are_read_in_every_shape() {
    let each_line = |text: &str, f: &dyn Fn(usize, &str) -> String| {
        text.lines().enumerate().map(|(n, line)| f(n, line) + "\n").collect::<String>()
    };
    for (format, text) in samples() {
        for (shape, pasted) in [
            ("compose", each_line(&text, &|_, line| format!("shop-1       | {line}").trim_end().to_owned())),
            ("kubectl", each_line(&text, &|n, line| format!("2026-11-23T06:53:{:02}.{n}Z {line}", n % 60))),
            (
                "cri",
                each_line(&text, &|n, line| format!("2026-11-23T06:53:{:02}.{n}Z stdout F {line}", n % 60)),
            ),
            ("runner", each_line(&text, &|n, line| format!("2026-11-23T06:53:42.{n:07}Z {line}"))),
            (
                "run view",
                each_line(&text, &|n, line| format!("test\tRun ./shop\t2026-11-23T06:53:42.{n:07}Z {line}")),
            ),
            ("quoted", each_line(&text, &|_, line| format!("> {line}").trim_end().to_owned())),
            ("json-file", each_line(&text, &|_, line| json_file(line))),
            ("indented", each_line(&text, &|_, line| format!("    {line}"))),
            ("windows", text.replace('\n', "\r\n")),
            ("noise", format!("$ ./shop\n\x1b[32mstarting\x1b[0m {{\n{text}^C bye\n")),
            ("twice", format!("{text}{text}")),
        ] {
            let outcome = dump(&pasted);
            // Spans of a batch go by their scopes.
            let mut names = outcome.names();
            names.sort_by_key(|name| {
                ["SELECT cart", "GET /cart", "tick"].iter().position(|known| known == name)
            });
            let times = if shape == "twice" { 2 } else { 1 };
            let expected = ["SELECT cart", "GET /cart", "tick"].map(|name| vec![name; times]).concat();
            assert_eq!(names, expected, "{format} {shape}");
            assert_eq!(outcome.rejections(), [], "{format} {shape}");
        }
    }
}

/// A line of other output anywhere among the lines of an object: no span is lost, and none loses anything.
#[test]
fn a_line_of_other_output_anywhere_costs_nothing() {
    const OTHERS: &[&str] = &[
        r#"127.0.0.1 - - [23/Nov/2026 06:53:42] "GET / HTTP/1.1" 200 -"#,
        r#"INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK"#,
        "[2026-11-23 06:53:42 +0000] [7] [INFO] Booting worker with pid: 9",
        "GET /cart 200 4.5 ms - 12",
        "Server listening on http://localhost:3000",
        r#"{"level":"info","time":1763880822083,"msg":"request completed"}"#,
        "2026/11/23 06:53:42 http: Server closed",
        "",
    ];
    let python = format!("{}\n{}\n", console_span(1, "SELECT cart"), console_span(2, "GET /cart"));
    let objects = samples().filter(|(format, _)| matches!(*format, "node-console" | "go-stdout"));
    for (format, text) in objects.chain([("python-console", python)]) {
        let whole = dump(&text);
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let other = OTHERS[at % OTHERS.len()];
            let mixed = [&lines[..at], &[other], &lines[at..]].concat().join("\n");
            let outcome = dump(mixed);
            assert_eq!(outcome.spans(), whole.spans(), "{format}: `{other}` before `{}`", lines[at]);
            assert_eq!(outcome.rejections(), [], "{format}: `{other}` before `{}`", lines[at]);
            assert_eq!(services(&outcome.batches[0]), services(&whole.batches[0]));
        }
    }
}

/// A line as Docker's `json-file` keeps it.
fn json_file(line: &str) -> String {
    let log = serde_json::to_string(&format!("{line}\n")).unwrap();
    format!(r#"{{"log":{log},"stream":"stdout","time":"2026-11-23T06:53:42.083692Z"}}"#)
}

#[test]
fn what_several_sdks_printed_in_one_text_is_read() {
    let texts: Vec<_> = samples().map(|(_, text)| text).collect();
    let python = console_span(1, "a");
    let together = dump(format!("{}{python}\n", texts.concat()));
    assert_eq!(together.rejections(), []);
    assert_eq!(together.names().len(), 3 * SAMPLES.len() + 1, "{:?}", together.names());
    assert_eq!(together.result.unwrap().format, "python-console");
    // Line by line of each, behind the name of who printed it.
    let mut lines: Vec<_> = texts.iter().map(|text| text.lines()).collect();
    let mut mixed = String::new();
    loop {
        let row: Vec<_> = lines.iter_mut().map(Iterator::next).collect();
        if row.iter().all(Option::is_none) {
            break;
        }
        for (service, line) in ('a'..).zip(row) {
            mixed += &line.map(|line| format!("{service}-1 | {line}\n")).unwrap_or_default();
        }
    }
    let outcome = dump(mixed);
    assert_eq!(outcome.rejections(), []);
    assert_eq!(outcome.names().len(), 3 * SAMPLES.len());
}

#[test]
fn one_bad_record_among_good_ones_is_named() {
    for (format, text) in samples() {
        let of_line = |part: &str| text[..text.find(part).unwrap()].lines().count() as u64;
        // The id of the request.
        let id = dump(&text).spans()[1].span_id.to_string();
        let at = text.rfind(&id).unwrap();
        let bad = format!("{}{}{}", &text[..at], "nothexnothexnoth", &text[at + 16..]);
        let outcome = dump(&bad);
        assert_eq!(outcome.names(), ["SELECT cart", "tick"], "{format}");
        let [(position, reason)] = outcome.rejections()[..] else {
            panic!("{format} {:?}", outcome.rejections())
        };
        let line: u64 = position.strip_prefix("d:").unwrap().parse().unwrap();
        assert!(line > 1 && line <= of_line(&id) + bad.lines().count() as u64, "{format} {position}");
        assert!(reason.contains("hex digits"), "{format} {reason}");
    }
}

#[test]
fn samples_cut_at_every_byte_never_panic() {
    for (format, text) in samples() {
        let mut most = 0;
        for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)).step_by(3) {
            let names = outcome(&text.as_bytes()[..cut], "d", super::super::format(format)).names();
            assert!(
                ["SELECT cart", "GET /cart", "tick"]
                    .starts_with(&names.iter().map(String::as_str).collect::<Vec<_>>()),
                "{format} {cut} {names:?}"
            );
            assert!(names.len() >= most, "{format} {cut}");
            most = names.len();
        }
    }
}

#[test]
fn what_java_prints_without_times_is_counted_and_explained() {
    let outcome = dump(sample("java-logging/documented-logging.txt"));
    let error = outcome.error();
    assert!(error.contains("all 2 spans"), "{error}");
    assert!(error.contains("OTEL_TRACES_EXPORTER=logging-otlp"), "{error}");
    assert_eq!(outcome.rejections()[0].0, "d:2");
}

/// Names of types, kinds and headers of collectors before version 0.56, as pasted in issues: the white space is gone.
#[test]
fn old_collectors_are_read() {
    let text = "[collector-0]: 2021-07-30T08:29:52.902Z DEBUG loggingexporter/logging_exporter.go:352 ResourceSpans #0\n\
        [collector-0]: Resource labels:\n[collector-0]: -> service.name: STRING(shop)\n\
        [collector-0]: InstrumentationLibrarySpans #0\n[collector-0]: InstrumentationLibrary shop.http 1.0.0.0\n\
        [collector-0]: Span #0\n[collector-0]: Trace ID : e0eff601ad14a945a0a58717becac21e\n[collector-0]: Parent ID :\n\
        [collector-0]: ID : 698d424bf023454f\n[collector-0]: Name : GET /\n[collector-0]: Kind : SPAN_KIND_SERVER\n\
        [collector-0]: Start time : 2021-07-29 19:16:12.207803 +0200 CEST\n\
        [collector-0]: End time : 2021-07-29 19:16:12.378261 +0200 CEST\n[collector-0]: Status code : STATUS_CODE_ERROR\n\
        [collector-0]: Status message :\n[collector-0]: Attributes:\n[collector-0]: -> http.status_code: INT(500)\n";
    let outcome = dump(text);
    assert_eq!(outcome.rejections(), []);
    let span = &outcome.spans()[0];
    assert_eq!((span.kind, span.status), (SpanKind::Server, StatusCode::Error));
    assert_eq!(span.end_ns - span.start_ns, 170_458_000);
    assert_eq!(crate::model::time::date_time(span.start_ns), "2021-07-29 17:16:12.207");
    assert_eq!(attribute(&span.attributes, "http.status_code"), &Value::Int(500));
    assert_eq!(services(&outcome.batches[0]), ["shop"]);
    assert_eq!(scope_names(&outcome.batches[0]), ["shop.http 1.0.0.0"]);
}
