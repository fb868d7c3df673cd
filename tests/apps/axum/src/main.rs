//! A bookshop on PORT whose spans are made by hand with `tracing`. FAULT, if set, names the one mistake it makes:
//!
//! - `no-kind`: the spans of the requests have no `otel.kind`
//! - `startup-open`: the span of the start is not left before the server runs
//! - `spawn-alone`: tasks are spawned without the current span
//! - `query-no-kind`: the spans of the database have no `otel.kind`
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Path, Request};
use axum::http::{StatusCode, header::USER_AGENT};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tracing::field::Empty;
use tracing::{Instrument, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

const BOOKS: [(&str, u64); 4] =
    [("The Shell", 1200), ("Labyrinths", 1850), ("Low Voices", 900), ("Echo", 1400)];

fn faulty(fault: &str) -> bool {
    std::env::var("FAULT").is_ok_and(|set| set == fault)
}

/// A span for every request, under the caller's if it sent a `traceparent`.
async fn traced(ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let name = [request.method().as_str()].into_iter().chain(route).collect::<Vec<_>>().join(" ");
    let span = info_span!(
        "request",
        otel.name = name,
        otel.kind = (!faulty("no-kind")).then_some("server"),
        otel.status_code = Empty,
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = "http",
        url.path = request.uri().path(),
        url.query = request.uri().query(),
        network.peer.address = %peer.ip(),
        network.peer.port = peer.port(),
        user_agent.original = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()),
    );
    let caller = global::get_text_map_propagator(|known| known.extract(&HeaderExtractor(request.headers())));
    span.set_parent(caller).expect("the span has not begun");
    let answer = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", answer.status().as_u16());
    if answer.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    answer
}

/// What a PostgreSQL driver would do; there is no database, only its spans.
async fn query(operation: &'static str, table: &'static str, text: &'static str) {
    let span = info_span!(
        "query",
        otel.name = format!("{operation} {table}"),
        otel.kind = (!faulty("query-no-kind")).then_some("client"),
        db.system.name = "postgresql",
        db.namespace = "bookshop",
        db.collection.name = table,
        db.operation.name = operation,
        db.query.text = text,
        server.address = "127.0.0.1",
        server.port = 5432,
    );
    tokio::time::sleep(Duration::from_millis(3)).instrument(span).await;
}

/// The price with tax, worked out in a task of its own.
async fn price(net: u64) -> u64 {
    let work = async move {
        let span = info_span!("price", net);
        tokio::time::sleep(Duration::from_millis(4)).instrument(span).await;
        net + net / 10
    };
    let task = if faulty("spawn-alone") { tokio::spawn(work) } else { tokio::spawn(work.in_current_span()) };
    task.await.expect("the task ends in peace")
}

async fn shelf() -> Json<Value> {
    query("SELECT", "books", "SELECT id, title FROM books").await;
    Json(json!(BOOKS.map(|(title, _)| title)))
}

async fn book(Path(id): Path<usize>) -> Result<Json<Value>, StatusCode> {
    query("SELECT", "books", "SELECT title, net FROM books WHERE id = $1").await;
    let (title, net) = BOOKS.get(id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({ "title": title, "price": price(*net).await })))
}

async fn order(Json(order): Json<Value>) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let item = order["item"].as_u64().filter(|item| *item > 0).ok_or(StatusCode::BAD_REQUEST)? as usize;
    query("INSERT", "orders", "INSERT INTO orders (book) VALUES ($1)").await;
    let (_, net) = BOOKS.get(item - 1).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::CREATED, Json(json!({ "price": price(*net).await }))))
}

async fn serve() {
    let port = std::env::var("PORT").expect("PORT is set");
    let listener =
        tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("the port is free");
    let routes = Router::new()
        .route("/books", get(shelf))
        .route("/books/{id}", get(book))
        .route("/orders", post(order))
        .layer(from_fn(traced))
        .into_make_service_with_connect_info::<SocketAddr>();
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be heard");
    let end = async move { while interrupt.recv().await.is_none() {} };
    axum::serve(listener, routes).with_graceful_shutdown(end).await.expect("the server runs");
}

fn main() {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build().expect("an exporter");
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bookshop"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
        .expect("the only subscriber");
    global::set_text_map_propagator(TraceContextPropagator::new());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let startup = info_span!("startup", books = BOOKS.len()).entered();
    if faulty("startup-open") {
        runtime.block_on(serve());
        drop(startup);
    } else {
        drop(startup);
        runtime.block_on(serve());
    }
    provider.shutdown().expect("the spans are sent");
}
