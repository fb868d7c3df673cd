//! Real clients over real sockets.

mod cors;
mod grpc;
mod http;
mod limits;

use super::{bind, serve};
use crate::intake::{self, Arrivals, Counters, Intake};
use crate::model::Batch;
use axum::http::HeaderMap;
use bytes::Bytes;
use flate2::{Compression, read::GzEncoder};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

struct Server {
    grpc: SocketAddr,
    http: SocketAddr,
    arrivals: Arrivals,
    counters: Arc<Counters>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    fn start(capacity: usize) -> Self {
        let (intake, arrivals): (Intake, Arrivals) = intake::channel(capacity);
        let listeners = bind("127.0.0.1", 0, 0).unwrap();
        let (grpc, http) = (listeners.grpc_addr(), listeners.http_addr());
        let (stop, stopped) = oneshot::channel();
        let counters = intake.counters();
        let serving = tokio::spawn(serve(listeners, intake, async {
            let _ = stopped.await;
        }));
        Self { grpc, http, arrivals, counters, stop, serving }
    }

    async fn arrival(&mut self) -> Batch {
        in_time(self.arrivals.recv()).await.unwrap()
    }
}

/// Whatever a test waits for comes within seconds, or the test fails rather than hangs.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    in_time(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// An HTTP/1 reply.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends one HTTP/1 request, whose head is given without its last lines, and reads the reply.
async fn request(to: SocketAddr, head: &str, body: &[u8]) -> Reply {
    let mut whole =
        format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    // Header bytes that are not ASCII: `ÿ` in a test stands for the byte 0xff.
    let head: Vec<u8> = whole.drain(..).map(|c| c as u8).collect();
    raw(to, &[&head, body]).await
}

async fn raw(to: SocketAddr, parts: &[&[u8]]) -> Reply {
    in_time(async {
        let mut stream = TcpStream::connect(to).await.unwrap();
        for part in parts {
            stream.write_all(part).await.unwrap();
        }
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body: bytes[end + 4..].to_vec() }
    })
    .await
}

async fn post(to: SocketAddr, path: &str, content_type: &str, body: &[u8]) -> Reply {
    request(to, &format!("POST {path} HTTP/1.1\r\ncontent-type: {content_type}"), body).await
}

/// A gRPC call whose bytes are all the caller's; yields the message of the reply, and its trailers or, where
/// there was no message, its headers.
async fn call(to: SocketAddr, path: &str, headers: Headers<'_>, body: Vec<u8>) -> (Bytes, HeaderMap) {
    in_time(async {
        let stream = TcpStream::connect(to).await.unwrap();
        let (mut client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let uri = format!("http://{to}{path}");
        let mut request =
            hyper::Request::post(uri).header("content-type", "application/grpc").header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            client.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let head = response.headers().clone();
        let body = response.into_body().collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or(head);
        (body.to_bytes(), trailers)
    })
    .await
}

fn framed(packed: bool, message: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::from(packed)];
    out.extend((message.len() as u32).to_be_bytes());
    out.extend(message);
    out
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzEncoder::new(plain, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

fn spans(count: u8) -> ExportTraceServiceRequest {
    let span =
        |id| Span { trace_id: vec![7; 16], span_id: vec![id; 8], name: "GET /".into(), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: (1..=count).map(span).collect(), ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

/// Three spans, of which the second has no trace.
fn one_bad_span() -> ExportTraceServiceRequest {
    let mut request = spans(3);
    request.resource_spans[0].scope_spans[0].spans[1].trace_id.clear();
    request
}

fn logs(count: usize) -> ExportLogsServiceRequest {
    let log_records = vec![LogRecord { severity_text: "INFO".into(), ..LogRecord::default() }; count];
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
}
