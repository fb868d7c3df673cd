use super::*;
use crate::model::{Origin, Unshown};
use crate::otlp::Signal;
use crate::receiver::reply::RpcStatus;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const ONE_LOG: &[u8] = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#;

#[tokio::test]
async fn spans_arrive_on_both_ports() {
    let mut server = Server::start(8);
    let body = spans(5).encode_to_vec();
    for port in [server.grpc, server.http] {
        let reply = post(port, "/v1/traces", PROTOBUF, &body).await;
        assert_eq!((reply.status, reply.header("content-type"), reply.body.len()), (200, Some(PROTOBUF), 0));
        let batch = server.arrival().await;
        assert_eq!((batch.origin, batch.records.len()), (Origin::HttpProtobuf, 5));
        assert_eq!(batch.bytes, body);
        assert!(batch.source.starts_with("127.0.0.1:"));
    }
    assert_eq!(server.counters.http_protobuf_requests.load(Relaxed), 2);
    assert_eq!(server.counters.wrong_port_requests.load(Relaxed), 1);
}

#[tokio::test]
async fn every_coding_is_unpacked() {
    let mut server = Server::start(8);
    let body = spans(5).encode_to_vec();
    let mut zlib = Vec::new();
    flate2::read::ZlibEncoder::new(&body[..], Compression::fast()).read_to_end(&mut zlib).unwrap();
    let zstd = zstd::encode_all(&body[..], 1).unwrap();
    for (coding, packed) in [
        ("gzip", gzip(&body)),
        ("GZIP", gzip(&body)),
        ("zstd", zstd),
        ("deflate", zlib),
        ("identity", body.clone()),
    ] {
        let head =
            format!("POST /v1/traces HTTP/1.1\r\ncontent-type: {PROTOBUF}\r\ncontent-encoding: {coding}");
        assert_eq!(request(server.http, &head, &packed).await.status, 200, "{coding}");
        let batch = server.arrival().await;
        assert_eq!((&batch.bytes, batch.size), (&Bytes::from(body.clone()), body.len()), "{coding}");
    }
    let head = format!("POST /v1/traces HTTP/1.1\r\ncontent-type: {PROTOBUF}\r\ncontent-encoding: br");
    let reply = request(server.http, &head, &body).await;
    assert_eq!((reply.status, reply.header("accept-encoding")), (415, Some("identity,gzip,zstd,deflate")));
    let status = RpcStatus::decode(&reply.body[..]).unwrap();
    assert_eq!(status.message, "cannot unpack `br`: send it plain, or packed with gzip, zstd or deflate");
}

#[tokio::test]
async fn a_body_in_chunks_arrives_exactly_allocated() {
    let mut server = Server::start(8);
    let body = spans(200).encode_to_vec();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {PROTOBUF}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let mut parts = vec![head.into_bytes()];
    for chunk in body.chunks(1000) {
        parts.push([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    parts.push(b"0\r\n\r\n".to_vec());
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    assert_eq!(raw(server.http, &parts).await.status, 200);
    assert_eq!(server.arrival().await.bytes, body);
}

#[tokio::test]
async fn a_bad_span_is_told_and_its_neighbours_are_taken() {
    let mut server = Server::start(8);
    let reply = post(server.http, "/v1/traces", PROTOBUF, &one_bad_span().encode_to_vec()).await;
    assert_eq!(reply.status, 200);
    let partial = ExportTraceServiceResponse::decode(&reply.body[..]).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(partial.error_message.ends_with("trace_id is missing"), "{}", partial.error_message);
    assert_eq!(server.arrival().await.records.len(), 2);
}

#[test]
fn a_json_reply_writes_numbers_as_text() {
    for (signal, key) in [(Signal::Traces, "rejectedSpans"), (Signal::Logs, "rejectedLogRecords")] {
        let taken = crate::receiver::export::Taken { signal, rejected: 2, reason: "because".into() };
        let reply: Value = serde_json::from_slice(&crate::receiver::reply::json(&taken)).unwrap();
        assert_eq!(reply["partialSuccess"][key], "2");
        assert_eq!(reply["partialSuccess"]["errorMessage"], "because");
    }
}

#[tokio::test]
async fn one_bad_log_record_is_rejected_alone() {
    let mut server = Server::start(8);
    let body = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"timeUnixNano":"soon"},{}]}]}]}"#;
    let reply = post(server.http, "/v1/logs", JSON, body).await;
    let told: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((reply.status, &told["partialSuccess"]["rejectedLogRecords"]), (200, &Value::from("1")));
    let message = told["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("1 of 3 log records rejected"), "{message}");
    assert_eq!(server.arrival().await.logs.records.len(), 2);
}

#[tokio::test]
async fn json_is_answered_in_json() {
    let mut server = Server::start(8);
    for content_type in [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
        let reply = post(server.grpc, "/v1/logs", content_type, ONE_LOG).await;
        assert_eq!((reply.status, reply.header("content-type"), reply.text()), (200, Some(JSON), "{}"));
        let batch = server.arrival().await;
        assert_eq!((batch.origin, batch.logs.records.len()), (Origin::HttpJson, 1));
        // As it came, and not what is kept of it.
        assert_eq!(batch.size, ONE_LOG.len());
    }
    let spaced = b" { \"resourceSpans\" : [] }\n\n";
    let head = format!("POST /v1/traces HTTP/1.1\r\ncontent-type: {JSON}\r\ncontent-encoding: gzip");
    assert_eq!(request(server.http, &head, &gzip(spaced)).await.status, 200);
    assert_eq!(server.arrival().await.size, spaced.len());
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        let reply = post(server.http, path, JSON, b"{\"resource").await;
        assert_eq!((reply.status, reply.header("content-type")), (400, Some(JSON)));
        let status: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(status["code"], 3);
        assert!(!status["message"].as_str().unwrap().is_empty());
        let complaint = server.arrival().await;
        assert_eq!((complaint.origin, complaint.rejections[0].position.as_str()), (Origin::HttpJson, path));
    }
    assert_eq!(server.counters.http_json_requests.load(Relaxed), 7);
}

#[tokio::test]
async fn logs_in_protobuf_are_kept_and_metrics_are_counted() {
    let mut server = Server::start(8);
    assert_eq!(post(server.http, "/v1/logs", PROTOBUF, &logs(4).encode_to_vec()).await.status, 200);
    let batch = server.arrival().await;
    assert_eq!((batch.logs.records.len(), batch.size), (4, logs(4).encoded_len()));
    // The two have the same shape down to what is counted.
    assert_eq!(post(server.http, "/v1/metrics", PROTOBUF, &logs(2).encode_to_vec()).await.status, 200);
    let batch = server.arrival().await;
    assert_eq!(batch.unshown, Unshown { log_records: 0, metrics: 2 });
    assert_eq!(batch.size, logs(2).encoded_len());
}

#[tokio::test]
async fn a_body_that_is_no_otlp_is_a_400_that_says_where() {
    let mut server = Server::start(8);
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        let reply = post(server.http, path, "application/x-protobuf; charset=utf-8", b"{}").await;
        assert_eq!((reply.status, reply.header("content-type")), (400, Some(PROTOBUF)));
        let status = RpcStatus::decode(&reply.body[..]).unwrap();
        assert_eq!(status.code, 3);
        assert!(status.message.starts_with("not OTLP protobuf: "), "{}", status.message);
        let shown = &server.arrival().await.rejections[0].reason;
        assert!(shown.starts_with(&status.message) && shown.ends_with("it starts with 7b 7d  {}"), "{shown}");
    }
    assert_eq!(server.counters.bad_requests.load(Relaxed), 3);
}

#[tokio::test]
async fn a_gzip_body_that_is_cut_is_one_rejection_and_what_follows_is_taken() {
    let mut server = Server::start(8);
    let packed = gzip(&spans(5).encode_to_vec());
    let head = format!("POST /v1/traces HTTP/1.1\r\ncontent-type: {PROTOBUF}\r\ncontent-encoding: gzip");
    let reply = request(server.http, &head, &packed[..packed.len() / 2]).await;
    assert_eq!((reply.status, reply.header("content-type")), (400, Some(PROTOBUF)));
    let status = RpcStatus::decode(&reply.body[..]).unwrap();
    assert_eq!(status.code, 3);
    assert!(status.message.starts_with("the body is not gzip: "), "{}", status.message);
    // What the sender is told, and how it starts, are told to the user as one.
    let complaint = server.arrival().await;
    let [rejection] = &complaint.rejections[..] else { panic!("{:?}", complaint.rejections) };
    assert_eq!((rejection.position.as_str(), complaint.records.len()), ("/v1/traces", 0));
    let shown = rejection.reason.strip_prefix(&status.message).unwrap();
    assert!(shown.starts_with("; it starts with 1f 8b 08 "), "{shown}");
    assert_eq!(complaint.form.to_string(), "application/x-protobuf, gzip");

    assert_eq!(request(server.http, &head, &packed).await.status, 200);
    let batch = server.arrival().await;
    assert_eq!((batch.records.len(), batch.rejections.len()), (5, 0));
    assert_eq!(server.counters.bad_requests.load(Relaxed), 1);
    until(|| server.counters.held_bytes.load(Relaxed) == 0).await;
}

#[tokio::test]
async fn other_types_are_a_415_with_a_sentence() {
    let server = Server::start(8);
    for content_type in ["text/plain", "application/jsonx", "application/json\u{ff}", "\u{ff}\u{fe}", ""] {
        let reply = post(server.http, "/v1/traces", content_type, b"{}").await;
        assert_eq!(reply.status, 415, "{content_type}");
        assert!(
            reply.text().ends_with("OTLP is application/x-protobuf or application/json\n"),
            "{}",
            reply.text()
        );
    }
    let reply = request(server.http, "POST /v1/traces HTTP/1.1", b"{}").await;
    assert_eq!((reply.status, reply.text().starts_with("no content type: ")), (415, true));
    let reply = post(server.http, TRACES, JSON, b"{}").await;
    assert_eq!((reply.status, reply.text().starts_with("this path takes gRPC; ")), (415, true));
}

#[tokio::test]
async fn content_types_are_kept_as_they_came() {
    let mut server = Server::start(8);
    for content in [PROTOBUF, "application/x-protobuf; charset=utf-8"] {
        assert_eq!(post(server.http, "/v1/traces", content, &spans(1).encode_to_vec()).await.status, 200);
        assert_eq!(server.arrival().await.form.to_string(), content);
    }
}

#[tokio::test]
async fn a_tls_handshake_at_a_plain_port_is_told() {
    use tokio::io::AsyncWriteExt;
    let mut server = Server::start(8);
    let mut stream = tokio::net::TcpStream::connect(server.http).await.unwrap();
    stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]).await.unwrap();
    stream.shutdown().await.unwrap();
    let reason = &server.arrival().await.rejections[0].reason;
    assert!(reason.contains("http:// in the endpoint instead of https://"), "{reason}");
}

/// Their bodies were recorded (`tools/record/README.md`).
#[tokio::test]
async fn exporters_of_other_systems_are_named() {
    let mut server = Server::start(8);
    let thrift = "application/x-thrift";
    for (path, content, body, says) in [
        ("/api/v2/spans", JSON, "zipkin/node-2.12.jsonl", "/api/v2/spans is where Zipkin exporters send: "),
        (
            "/api/traces?format=jaeger.thrift",
            thrift,
            "other-exporters/jaeger-python-1.21.thrift",
            "/api/traces is where Jaeger exporters send: ",
        ),
    ] {
        let body = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(body);
        let reply = post(server.http, path, content, &std::fs::read(body).unwrap()).await;
        assert_eq!(reply.status, 404);
        assert!(reply.text().starts_with(says), "{}", reply.text());
        assert!(server.arrival().await.rejections[0].reason.ends_with("set OTEL_TRACES_EXPORTER=otlp"));
    }
}

#[tokio::test]
async fn wrong_paths_and_methods_are_told_the_right_ones() {
    let mut server = Server::start(8);
    let reply = request(server.grpc, "GET / HTTP/1.1", b"").await;
    assert_eq!((reply.status, reply.text().starts_with("otoscope ")), (200, true));
    for path in ["/v2/traces", "/v1/trace", "/v1/traces/"] {
        let reply = post(server.http, path, PROTOBUF, &spans(1).encode_to_vec()).await;
        let expected = format!(
            "nothing at {path}: the path is unknown; OTLP over HTTP goes to /v1/traces, /v1/logs or /v1/metrics\n"
        );
        assert_eq!((reply.status, reply.text()), (404, expected.as_str()));
        // An exporter that is set up wrong is worth a word to the user, too.
        assert_eq!(server.arrival().await.rejections[0].reason, expected.trim_end());
    }
    let reply = request(server.http, "GET /v1/traces HTTP/1.1", b"").await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST, OPTIONS")));
    assert_eq!(reply.text(), "/v1/traces takes OTLP by POST, not GET\n");
    let complaint = server.arrival().await;
    assert_eq!(complaint.rejections[0].reason, reply.text().trim_end());
    assert_eq!(request(server.http, "GET /status?a=secret HTTP/1.1", b"").await.status, 404);
    let complaint = server.arrival().await;
    let told = complaint.rejections[0].clone();
    assert!(told.whole_request && told.position == "/status", "{told:?}");
    assert!(told.reason.starts_with("nothing to GET at /status: "), "{told:?}");
    let reply = request(server.http, &format!("GET {TRACES} HTTP/1.1"), b"").await;
    assert_eq!(reply.status, 415);
    assert_eq!(server.arrival().await.rejections[0].reason, reply.text().trim_end());
    assert_eq!(server.counters.bad_requests.load(Relaxed), 6);
    // Neither is a refusal: whoever asks who listens is told, and a preflight is allowed or not.
    for asked in [
        "GET / HTTP/1.1",
        "GET /favicon.ico HTTP/1.1",
        "OPTIONS /v1/traces HTTP/1.1",
        "OPTIONS /nowhere HTTP/1.1",
    ] {
        assert!(request(server.http, asked, b"").await.status < 300, "{asked}");
    }
    assert_eq!(server.counters.bad_requests.load(Relaxed), 6);
}
