//! Accepting connections, and letting go of them at the end.

use super::bind::Listeners;
use super::body::Reader;
use super::export::{self, Complaint, Signal};
use super::overheard::{self, Head, Overheard};
use super::{cors, grpc, hint, http};
use crate::intake::{Counters, Intake};
use crate::model::{Form, Origin, Source};
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::http::header::CONTENT_ENCODING;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service;

/// How long requests in flight have to finish at shutdown: longer than one may wait for room.
const DRAIN: Duration = Duration::from_secs(3);

/// After how long an idle HTTP/1 connection is closed: five of the longest intervals at which SDKs export by
/// default (metrics, 60 s), so that a connection in use never is.
const IDLE: Duration = Duration::from_secs(300);

/// How much a client may send on one HTTP/2 stream, and on all of a connection, before it must hear from us.
/// The protocol's own 64 KiB would make a request of 512 spans wait for several round trips.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// A pause after `accept` failed: it does so when file descriptors run out, and would at once again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Which of the two ports a connection came to. Both serve the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    Grpc,
    Http,
    /// One port was asked for both.
    Both,
}

/// What a request knows of the connection that it came on.
pub(super) struct Connection {
    pub(super) source: Source,
    pub(super) port: Port,
    pub(super) intake: Intake,
    counters: Arc<Counters>,
    /// A request came.
    asked: AtomicBool,
}

impl Connection {
    fn open(peer: String, port: Port, intake: &Intake) -> Self {
        let counters = intake.counters();
        counters.connections.fetch_add(1, Relaxed);
        counters.open_connections.fetch_add(1, Relaxed);
        Self {
            source: peer.into(),
            port,
            intake: intake.for_another_sender(),
            counters,
            asked: AtomicBool::new(false),
        }
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counters.open_connections.fetch_sub(1, Relaxed);
    }
}

/// Serves OTLP until `shutdown`, then finishes the requests in flight (at most 3 s) and returns.
///
/// An error means that the listeners could not be handed to the runtime; nothing that a client does is one.
pub async fn serve(
    listeners: Listeners,
    intake: Intake,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let both = listeners.http.is_none();
    let grpc = TcpListener::from_std(listeners.grpc)?;
    let http = listeners.http.map(TcpListener::from_std).transpose()?;
    let routes = routes();
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (accepted, port) = tokio::select! {
            () = &mut shutdown => break,
            accepted = grpc.accept() => (accepted, if both { Port::Both } else { Port::Grpc }),
            accepted = accept(http.as_ref()) => (accepted, Port::Http),
            // Connections that ended; a panic in one ends with it.
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = Connection::open(peer.to_string(), port, &intake);
                connections.spawn(converse(stream, connection, routes.clone(), graceful.watcher()));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop((grpc, http));
    // Whoever has not finished by then is cut off when `connections` is dropped.
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
    Ok(())
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, std::net::SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn converse(stream: TcpStream, connection: Connection, routes: Router, watcher: Watcher) {
    // Replies are small and the client waits for them: Nagle's algorithm would hold them back.
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(connection);
    let head = Head::default();
    let service = service_fn(|mut request: Request<Incoming>| {
        connection.asked.store(true, Relaxed);
        request.extensions_mut().insert(Arc::clone(&connection));
        answer(routes.clone(), request)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    builder
        .http2()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let stream = TokioIo::new(Overheard::new(stream, Arc::clone(&head)));
    // An error is the client's: it hung up or spoke something else. What it sent before was answered.
    let ended = watcher.watch(builder.serve_connection(stream, service)).await;
    if let (Err(_), Some(head), false) = (ended, head.get(), connection.asked.load(Relaxed)) {
        let form = Form { content_type: "no HTTP".into(), ..Form::default() };
        Complaint { path: "connection", origin: Origin::HttpProtobuf, form }
            .send(&connection, &overheard::spoken(head));
    }
}

/// Outside of the router, because a preflight asks about any path and every reply must carry what it learned.
async fn answer(mut routes: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    let origin = cors::local_origin(request.headers());
    let mut response = if request.method() == Method::OPTIONS {
        cors::preflight(request.headers(), origin.is_some())
    } else {
        routes.call(request).await?
    };
    if let Some(origin) = origin {
        cors::allow(response.headers_mut(), origin);
    }
    Ok(response)
}

fn routes() -> Router {
    let mut routes = Router::new().fallback(lost);
    for signal in Signal::ALL {
        routes = routes
            .route(signal.http_path(), any(move |of, request| http::export(signal, of, request)))
            .route(signal.grpc_path(), any(move |of, request| grpc::export(signal, of, request)));
    }
    routes
}

async fn lost(Extension(connection): Extension<Arc<Connection>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match head.uri.path() {
        "/" if matches!(head.method, Method::GET | Method::HEAD) => return ABOUT.into_response(),
        // Browsers ask for it beside every page: nobody has meant it.
        "/favicon.ico" if head.method == Method::GET => return StatusCode::NO_CONTENT.into_response(),
        _ => {}
    }
    Reader::new(body, connection.counters()).discard().await;
    let path = hint::plain(head.uri.path());
    if grpc::is_grpc(&head.headers) {
        let reason =
            format!("no method {path}: otoscope takes the Export of OTLP's trace, logs and metrics services");
        let form = export::form(&head.headers, &grpc::ENCODING);
        Complaint { path: &path, origin: Origin::Grpc, form }.send(&connection, &reason);
        return tonic::Status::unimplemented(reason).into_http::<Body>();
    }
    let reason = hint::of_path(&head.method, head.uri.path());
    let form = export::form(&head.headers, &CONTENT_ENCODING);
    Complaint { path: &path, origin: http::origin(&head.headers), form }.send(&connection, &reason);
    (StatusCode::NOT_FOUND, reason + "\n").into_response()
}

const ABOUT: &str = concat!(
    "otoscope ",
    env!("CARGO_PKG_VERSION"),
    " listens here for OpenTelemetry: OTLP over gRPC, and over HTTP (protobuf or JSON) at /v1/traces, /v1/logs and /v1/metrics.\n"
);
