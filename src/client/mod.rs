//! Sends OTLP requests to an endpoint, over gRPC or HTTP, and again where the specification allows it.

mod endpoint;
mod reply;
mod retry;
mod tls;

use crate::otlp::{Loss, Signal, logs_to_json, to_json};
use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;
use tokio::time::{Instant, timeout};

pub use endpoint::{Endpoint, Protocol};
use reply::Reply;
use retry::Backoff;
pub use tls::Trust;

/// How long an answer is waited for: the default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long somebody is looked for; less, so that who is not there is told from who does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Who we say we are.
const AGENT: &str = concat!("otoscope/", env!("CARGO_PKG_VERSION"));

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken, but for so many items; what the receiver said of it, if anything.
    Accepted {
        /// Spans or log records that were not taken.
        rejected: u64,
        /// Why, or a warning; else what JSON could not carry of it.
        message: String,
    },
    /// Nothing of it was taken, and sending it again would change nothing.
    Refused(String),
    /// It was asked to be sent later, or somebody was there before, until this took too long.
    GivenUp(String),
    /// Nobody was there to take it, however often it was tried.
    Unreachable(String),
}

/// An OTLP endpoint, and how it is talked to. Connections are kept and shared.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
    headers: HeaderMap,
    gzip: bool,
    patience: Duration,
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Client {
    /// Sends to `endpoint`, each request again for so long. A sentence, where `trust` names files that are of no use; they
    /// are read only for an endpoint over TLS.
    pub fn new(endpoint: Endpoint, trust: &Trust, gzip: bool, patience: Duration) -> Result<Self, String> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let is_grpc = endpoint.protocol == Protocol::Grpc;
        let tls = if endpoint.secure { trust.config()? } else { tls::none()? };
        let secured = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        // TLS agrees on HTTP/2 before anything is sent.
        let connector = if is_grpc {
            secured.enable_http2().wrap_connector(connector)
        } else {
            secured.enable_http1().wrap_connector(connector)
        };
        let mut builder = Pool::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).http2_only(is_grpc);
        Ok(Self { endpoint, headers: HeaderMap::new(), gzip, patience, pool: builder.build(connector) })
    }

    /// Sends this header, `key: value`, with every request; where it is none, a sentence.
    pub fn add_header(&mut self, line: &str) -> Result<(), String> {
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("`{line}` is no header: write KEY:VALUE"))?;
        let name: HeaderName = name.trim().parse().map_err(|_| format!("`{name}` cannot name a header"))?;
        // The value may be a secret: it is not repeated.
        let mut value: HeaderValue = value
            .trim()
            .parse()
            .map_err(|_| format!("the value of header {name} has characters that none may have"))?;
        value.set_sensitive(true);
        self.headers.append(name, value);
        Ok(())
    }

    /// Where it sends to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends an export request, again and again where that is allowed. `later` hears why, each time.
    pub async fn deliver(&self, signal: Signal, request: &[u8], later: &(dyn Fn(&str) + Sync)) -> Delivery {
        let mut losses = BTreeSet::new();
        let body = match self.body(signal, request, &mut losses) {
            Ok(body) => body,
            Err(error) => return Delivery::Refused(format!("it cannot be compressed: {error}")),
        };
        let deadline = Instant::now() + self.patience;
        let mut backoff = Backoff::default();
        let mut reached = false;
        loop {
            let reply = match timeout(TIMEOUT, self.post(signal, body.clone())).await {
                Ok(reply) => reply,
                Err(_) => Reply::later(format!("no answer within {} s", TIMEOUT.as_secs())),
            };
            let (after, why) = match reply {
                Reply::Accepted { rejected, message } => {
                    let lost = losses.first().filter(|_| message.is_empty()).map(|loss| loss.sentence());
                    let message = lost.map_or(message, str::to_owned);
                    return Delivery::Accepted { rejected, message };
                }
                Reply::Refused(why) => return Delivery::Refused(why),
                Reply::Later { after, why } => {
                    reached = true;
                    (after, why)
                }
                Reply::Nobody(why) => (None, why),
            };
            let pause = backoff.next(after);
            if Instant::now() + pause > deadline {
                let why = format!("{why} (given up after {} s)", self.patience.as_secs_f64());
                return if reached { Delivery::GivenUp(why) } else { Delivery::Unreachable(why) };
            }
            later(&why);
            tokio::time::sleep(pause).await;
        }
    }

    /// A request as it goes over the wire.
    fn body(&self, signal: Signal, request: &[u8], losses: &mut BTreeSet<Loss>) -> io::Result<Bytes> {
        let mut json = Vec::new();
        let mut lost = |loss| {
            losses.insert(loss);
        };
        let message = match (self.endpoint.protocol, signal) {
            (Protocol::HttpJson, Signal::Logs) => {
                logs_to_json(request, &mut json, &mut lost);
                &json
            }
            (Protocol::HttpJson, _) => {
                to_json(request, &mut json, &mut lost);
                &json
            }
            _ => request,
        };
        let packed = self.gzip.then(|| {
            let mut packing = GzEncoder::new(Vec::new(), Compression::default());
            packing.write_all(message)?;
            packing.finish()
        });
        let packed = packed.transpose()?;
        let message = packed.as_deref().unwrap_or(message);
        let mut body = BytesMut::with_capacity(message.len() + 5);
        if self.endpoint.protocol == Protocol::Grpc {
            let len =
                u32::try_from(message.len()).map_err(|_| io::Error::other("it is larger than 4 GiB"))?;
            body.put_u8(u8::from(self.gzip));
            body.put_u32(len);
        }
        body.put_slice(message);
        Ok(body.freeze())
    }

    async fn post(&self, signal: Signal, body: Bytes) -> Reply {
        let mut post = Request::new(Full::new(body));
        *post.method_mut() = hyper::Method::POST;
        match self.endpoint.uri(signal) {
            Ok(uri) => *post.uri_mut() = uri,
            Err(why) => return Reply::Refused(why),
        }
        let headers = post.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let gzip = HeaderValue::from_static("gzip");
        match self.endpoint.protocol {
            Protocol::Grpc => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                headers.insert(TE, HeaderValue::from_static("trailers"));
                if self.gzip {
                    headers.insert("grpc-encoding", gzip);
                }
            }
            protocol => {
                let json = protocol == Protocol::HttpJson;
                let kind = if json { "application/json" } else { "application/x-protobuf" };
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                if self.gzip {
                    headers.insert(CONTENT_ENCODING, gzip);
                }
            }
        }
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        match self.pool.request(post).await {
            Ok(response) if self.endpoint.protocol == Protocol::Grpc => reply::of_grpc(response).await,
            Ok(response) => reply::of_http(response).await,
            Err(error) => match tls::what_to_do(&error) {
                // Certificates do not change while one waits.
                Some(remedy) => Reply::Refused(format!("{}: {remedy}", reply::chain(&error))),
                // Refused, no such name, or no way there.
                None if error.is_connect() => Reply::Nobody(reply::chain(&error)),
                None => Reply::later(reply::chain(&error)),
            },
        }
    }
}
