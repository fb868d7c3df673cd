//! The servers: a reference that decodes and forgets, and otoscope's receiver with the owner behind it.
//!
//! Each runs in a process of its own. It prints its two ports, then answers each line with a number on standard input
//! once it has taken that many spans, and ends with its standard input.

use super::Failure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use otoscope::intake::{Arrivals, channel};
use otoscope::receiver::{bind, serve};
use otoscope::session::{Clock, Session};
use prost::Message;
use std::convert::Infallible;
use std::future::pending;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// The largest message that the reference takes: larger than any of the load.
const MAX_MESSAGE: usize = 64 << 20;

/// Spans taken so far.
type Taken = Arc<AtomicU64>;

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Answers the questions on standard input from a thread of its own.
fn answer_questions(grpc: SocketAddr, http: SocketAddr, taken: &Taken) -> Result<(), Failure> {
    let taken = Arc::clone(taken);
    let mut out = std::io::stdout();
    writeln!(out, "{} {}", grpc.port(), http.port())?;
    out.flush()?;
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(Ok(wanted)) = line.map(|line| line.parse::<u64>()) else { break };
            while taken.load(Relaxed) < wanted {
                std::thread::sleep(Duration::from_micros(500));
            }
            let _ = writeln!(out, "{wanted}").and_then(|()| out.flush());
        }
        std::process::exit(0);
    });
    Ok(())
}

fn count(request: &ExportTraceServiceRequest) -> u64 {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}

struct Forget(Taken);

#[tonic::async_trait]
impl TraceService for Forget {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.0.fetch_add(count(request.get_ref()), Relaxed);
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn forget(
    taken: Taken,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let decoded = match request.into_body().collect().await {
        Ok(body) => ExportTraceServiceRequest::decode(body.to_bytes()).ok(),
        Err(_) => None,
    };
    taken.fetch_add(decoded.as_ref().map_or(0, count), Relaxed);
    let mut response = hyper::Response::new(Full::default());
    if decoded.is_none() {
        *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

/// The reference: tonic's generated service, and hyper's HTTP/1.1; what they decode is dropped.
pub(crate) fn reference() -> Result<(), Failure> {
    runtime()?.block_on(async {
        let taken = Taken::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        // tonic binds its port itself: this one is found free and left to it.
        let grpc = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let service =
            TraceServiceServer::new(Forget(Arc::clone(&taken))).max_decoding_message_size(MAX_MESSAGE);
        tokio::spawn(tonic::transport::Server::builder().add_service(service).serve(grpc));
        while tokio::net::TcpStream::connect(grpc).await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        answer_questions(grpc, listener.local_addr()?, &taken)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let taken = Arc::clone(&taken);
            tokio::spawn(async move {
                let service = service_fn(move |request| forget(Arc::clone(&taken), request));
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

/// How many batches may wait for the owner.
const ROOM: usize = 64;

/// otoscope without its screen: the receiver, and the owner that ingests and diagnoses.
pub(crate) fn otoscope() -> Result<(), Failure> {
    runtime()?.block_on(async {
        let taken = Taken::default();
        let listeners = bind("127.0.0.1", 0, 0)?;
        answer_questions(listeners.grpc_addr(), listeners.http_addr(), &taken)?;
        let (intake, arrivals) = channel(ROOM);
        tokio::spawn(serve(listeners, intake, pending()));
        own(arrivals, &taken).await;
        Ok(())
    })
}

async fn own(mut arrivals: Arrivals, taken: &Taken) {
    let mut session = Session::new(8 << 30, Clock::Wall);
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            batch = arrivals.recv() => match batch {
                Some(batch) => {
                    session.take(batch);
                    taken.store(session.store.counters().received, Relaxed);
                }
                None => return,
            },
            _ = second.tick() => {
                let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
                session.advance(now.as_nanos() as u64);
            }
        }
    }
}
