//! Listening, with real exporters.

use crate::app::{SHOP_PATHS, Shop, visit};
use crate::pty::{LARGE, SMALL, Term, selected};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, SystemTime};

/// Listens on free ports.
pub(crate) const LIVE: &[&str] = &["--grpc", "0", "--http", "0"];

/// Reads the ports from the screen: `grpc 127.0.0.1:4317 http :4318`.
pub(crate) fn ports(term: &Term) -> (u16, u16) {
    term.wait("the ports", |screen| {
        let contents = screen.contents();
        let port = |after: &str| {
            let rest = contents.split_once(after)?.1;
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            (rest.len() > digits.len()).then(|| digits.parse().ok())?
        };
        Some((port("grpc 127.0.0.1:")?, port("http :")?))
    })
}

/// Spans of one trace, one a millisecond, all under the first of it.
fn spans(trace: u8, which: Range<u64>) -> ExportTraceServiceRequest {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let span = |n: u64| Span {
        trace_id: vec![trace; 16],
        span_id: (n + 1).to_be_bytes().into(),
        parent_span_id: if n == 0 { Vec::new() } else { 1_u64.to_be_bytes().into() },
        name: format!("step {trace}.{n}"),
        kind: 1,
        start_time_unix_nano: now + n * 1_000_000,
        end_time_unix_nano: now + n * 1_000_000 + 500_000,
        ..Span::default()
    };
    let name = any_value::Value::StringValue("worker".into());
    let service = KeyValue {
        key: "service.name".into(),
        value: Some(AnyValue { value: Some(name) }),
        ..KeyValue::default()
    };
    let resource = Some(Resource { attributes: vec![service], ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans: which.map(span).collect(), ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}

/// Exports over gRPC.
fn export(port: u16, request: ExportTraceServiceRequest) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(async {
        let mut client = TraceServiceClient::connect(format!("http://127.0.0.1:{port}")).await.unwrap();
        tokio::time::timeout(Duration::from_secs(60), client.export(request)).await.unwrap()
    });
    assert_eq!(done.unwrap().into_inner().partial_success, None);
}

/// Posts JSON.
fn post(port: u16, json: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{json}", json.len()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn an_empty_screen_says_what_to_export() {
    for size in [SMALL, LARGE] {
        let mut term = Term::otoscope(size, LIVE);
        let (grpc, http) = ports(&term);
        term.see(&[&format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{http}"), &format!(":{grpc}")]);
        term.keys("q");
        assert_eq!(term.ended().code, 0);
    }
}

#[test]
fn what_is_exported_appears() {
    let mut term = Term::otoscope(SMALL, LIVE);
    let (grpc, http) = ports(&term);
    export(grpc, spans(1, 0..3));
    term.see(&["3 spans  1 trace", "worker", "step 1.0", "step 1.2"]);
    let reply = post(
        http,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
        "spanId":"0102030405060708","name":"by hand","kind":2,"startTimeUnixNano":"1795000000000000000",
        "endTimeUnixNano":"1795000000001000000"}]}]}]}"#,
    );
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    term.see(&["4 spans  2 traces", "by hand"]);
    // gRPC at the port for HTTP, and what is no OTLP at all.
    export(http, spans(3, 0..1));
    term.see(&["5 spans  3 traces"]);
    assert!(post(grpc, "cats").starts_with("HTTP/1.1 400 "));
    term.see(&["bad 1"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn what_arrives_does_not_move_what_is_selected() {
    let mut term = Term::otoscope(LARGE, LIVE);
    let (grpc, _) = ports(&term);
    export(grpc, spans(1, 0..10));
    term.see(&["10 spans", "step 1.9"]);
    term.keys("\rjjj");
    let on = |what: &'static str| {
        move |screen: &vt100::Screen| selected(screen).filter(|(_, text)| text.contains(what))
    };
    let before = term.wait("the fourth row", on("step 1.3"));
    export(grpc, spans(2, 0..5));
    export(grpc, spans(1, 10..20));
    term.see(&["25 spans  2 traces", "step 1.19"]);
    let after = term.wait("the fourth row", on("step 1.3"));
    assert_eq!(after.0, before.0, "the selected row moved");
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn a_busy_port_is_one_line_and_no_screen() {
    let first = Term::otoscope(SMALL, LIVE);
    let (grpc, http) = ports(&first);
    for (args, port, flag) in [
        (["--grpc", &grpc.to_string(), "--http", "0"], grpc, "--grpc PORT"),
        (["--grpc", "0", "--http", &http.to_string()], http, "--http PORT"),
    ] {
        let second = Term::otoscope((200, 24), &args).ended();
        assert_eq!(second.code, 2);
        second.is_one_line_with(&[&port.to_string(), flag]);
    }
}

/// Needs `OTOSCOPE_LIVE=1` after `tests/apps/setup.sh`.
#[test]
fn the_story_of_a_real_flask() {
    if !std::env::var_os("OTOSCOPE_LIVE").is_some_and(|v| !v.is_empty() && v != "0") {
        eprintln!("skipped: set OTOSCOPE_LIVE=1 after tests/apps/setup.sh");
        return;
    }
    let mut term = Term::otoscope(LARGE, LIVE);
    let (_, http) = ports(&term);
    let shop = Shop::start("flask-1.29", &format!("http://127.0.0.1:{http}"), "http/protobuf");
    visit(shop.port, SHOP_PATHS, 24, 3.0);
    term.see(&["24 requests", "INTERNAL→SERVER", "has not ended", "1.30.0"]);
    shop.app.stop("INT");
    term.see(&["24 requests", "all under `run`"]);
    term.keys("q");
    let ended = term.ended();
    assert_eq!(ended.code, 0);
    assert!(ended.text.contains("all under `run`"), "{}", ended.text);
}
