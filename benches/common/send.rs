//! A client that sends prebuilt requests: hyper, the layer below tonic, so that they go out without another copy.

use super::Failure;
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections, and requests in flight over all of them.
const CONNECTIONS: usize = 2;
const IN_FLIGHT: usize = 8;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

impl Protocol {
    /// The bodies that carry these requests.
    pub(crate) fn bodies(self, requests: &[Bytes]) -> Vec<Bytes> {
        if self == Self::Http {
            return requests.to_vec();
        }
        let framed = |request: &Bytes| {
            let mut body = BytesMut::with_capacity(5 + request.len());
            body.put_u8(0);
            body.put_u32(request.len() as u32);
            body.extend_from_slice(request);
            body.freeze()
        };
        requests.iter().map(framed).collect()
    }

    fn request(self, to: SocketAddr, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let request = match self {
            Self::Grpc => Request::post(format!(
                "http://{to}/opentelemetry.proto.collector.trace.v1.TraceService/Export"
            ))
            .header("content-type", "application/grpc")
            .header("te", "trailers"),
            Self::Http => Request::post("/v1/traces")
                .header("content-type", "application/x-protobuf")
                .header("host", to.to_string()),
        };
        Ok(request.body(Full::new(body))?)
    }
}

enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    async fn open(protocol: Protocol, to: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        Ok(match protocol {
            Protocol::Grpc => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                Self::Http2(sender)
            }
            Protocol::Http => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(connection);
                Self::Http1(sender)
            }
        })
    }

    async fn call(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

/// Sends all bodies to a port of this machine; one that is not taken is a failure.
pub(crate) fn send(protocol: Protocol, port: u16, bodies: Vec<Bytes>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let to = SocketAddr::from(([127, 0, 0, 1], port));
        let work = Arc::new((AtomicUsize::new(0), bodies));
        let mut shared = Vec::new();
        let mut workers = JoinSet::new();
        for worker in 0..IN_FLIGHT {
            // HTTP/1.1 has one request in flight a connection.
            let connection = match (protocol, shared.get(worker % CONNECTIONS)) {
                (Protocol::Grpc, Some(sender)) => Connection::Http2(http2::SendRequest::clone(sender)),
                _ => Connection::open(protocol, to).await?,
            };
            if let Connection::Http2(sender) = &connection {
                shared.push(sender.clone());
            }
            workers.spawn(work_off(protocol, to, connection, Arc::clone(&work)));
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok(())
    })
}

async fn work_off(
    protocol: Protocol,
    to: SocketAddr,
    mut connection: Connection,
    work: Arc<(AtomicUsize, Vec<Bytes>)>,
) -> Result<(), Failure> {
    while let Some(body) = work.1.get(work.0.fetch_add(1, Relaxed)) {
        let request = protocol.request(to, body.clone())?;
        let response = tokio::time::timeout(PATIENCE, connection.call(request)).await??;
        let (head, body) = response.into_parts();
        let trailers = tokio::time::timeout(PATIENCE, body.collect()).await??.trailers().cloned();
        let status = trailers.as_ref().and_then(|t| t.get("grpc-status")).or(head.headers.get("grpc-status"));
        if !head.status.is_success() || status.is_some_and(|status| status != "0") {
            return Err(format!("a request was not taken: {} {status:?}", head.status).into());
        }
    }
    Ok(())
}
