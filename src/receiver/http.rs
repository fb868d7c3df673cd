//! OTLP/HTTP: a body is a message, and a reply is of the request's type.

use super::body::{MAX_BYTES, Reader, in_time};
use super::export::{self, Complaint, Refusal, Signal, count_request};
use super::inflate::{ACCEPTED, Coding, inflate};
use super::reply::{self, RETRY_AFTER, RpcStatus};
use super::{cors, grpc, hint, serve::Connection};
use crate::model::Origin;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER as RETRY_AFTER_HEADER,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use prost::Message;
use std::sync::Arc;
use tonic::Code;

/// The two types that a body may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MediaType {
    Protobuf,
    Json,
}

impl MediaType {
    /// Compared byte by byte, without parameters: a header may hold anything.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.as_bytes();
        let bare = value.split(|byte| *byte == b';').next()?.trim_ascii();
        if bare.eq_ignore_ascii_case(b"application/x-protobuf") {
            Some(Self::Protobuf)
        } else if bare.eq_ignore_ascii_case(b"application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }

    fn origin(self) -> Origin {
        match self {
            Self::Protobuf => Origin::HttpProtobuf,
            Self::Json => Origin::HttpJson,
        }
    }
}

/// How a request came, by its type; protobuf where that is unknown.
pub(super) fn origin(headers: &HeaderMap) -> Origin {
    MediaType::from_headers(headers).unwrap_or(MediaType::Protobuf).origin()
}

/// `POST /v1/…`
pub(super) async fn export(
    signal: Signal,
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let mut reader = Reader::new(body, connection.counters());
    let form = export::form(&head.headers, &CONTENT_ENCODING);
    if head.method != Method::POST {
        reader.discard().await;
        let (path, method) = (signal.http_path(), hint::plain(head.method.as_str()));
        let sentence = format!("{path} takes OTLP by POST, not {method}");
        Complaint { path, origin: origin(&head.headers), form }.send(&connection, &sentence);
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, cors::METHODS)], sentence + "\n").into_response();
    }
    let Some(media_type) = MediaType::from_headers(&head.headers) else {
        reader.discard().await;
        let sentence = unknown_type(&head.headers);
        Complaint { path: signal.http_path(), origin: Origin::HttpProtobuf, form }
            .send(&connection, &sentence);
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence + "\n").into_response();
    };
    let origin = media_type.origin();
    count_request(&connection, origin);
    let taken = async {
        let coding = Coding::from_header(&head.headers, &CONTENT_ENCODING)?;
        let packed = in_time(receive(&mut reader)).await?;
        let bytes = inflate(coding, packed)?;
        reader.held.set(bytes.len())?;
        export::export(signal, (origin, &form), bytes, &connection).await
    };
    match taken.await {
        Ok(taken) => {
            let body = match media_type {
                MediaType::Protobuf => reply::protobuf(&taken),
                MediaType::Json => reply::json(&taken),
            };
            ([(CONTENT_TYPE, media_type.name())], body).into_response()
        }
        Err(refusal) => {
            reader.discard().await;
            if refusal != Refusal::Busy {
                Complaint { path: signal.http_path(), origin, form }.send(&connection, &refusal.shown());
            }
            refuse(media_type, &refusal)
        }
    }
}

async fn receive(reader: &mut Reader<'_>) -> Result<Vec<u8>, Refusal> {
    let announced = reader.announced;
    if announced.is_some_and(|len| len > MAX_BYTES) {
        return Err(Refusal::TooLarge);
    }
    let mut out = Reader::buffer(announced.unwrap_or(0));
    reader.read(&mut out, announced.unwrap_or(MAX_BYTES)).await?;
    if reader.more().await? { Err(Refusal::TooLarge) } else { Ok(out) }
}

fn unknown_type(headers: &HeaderMap) -> String {
    let wanted = "OTLP is application/x-protobuf or application/json";
    match headers.get(CONTENT_TYPE) {
        Some(_) if grpc::is_grpc(headers) => {
            "gRPC at a path of OTLP over HTTP: leave the path off the endpoint, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf".to_owned()
        }
        Some(given) => format!("content type `{}`: {wanted}", String::from_utf8_lossy(given.as_bytes())),
        None => format!("no content type: {wanted}"),
    }
}

fn refuse(media_type: MediaType, refusal: &Refusal) -> Response {
    let (status, code) = match refusal {
        Refusal::Malformed(_) | Refusal::NotOtlp { .. } => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
        Refusal::Coding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Unimplemented),
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted),
        Refusal::TooSlow(_) => (StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded),
        Refusal::Busy => (StatusCode::TOO_MANY_REQUESTS, Code::Unavailable),
    };
    let message = RpcStatus { code: code as i32, message: refusal.to_string(), details: Vec::new() };
    let body: Bytes = match media_type {
        MediaType::Protobuf => message.encode_to_vec(),
        MediaType::Json => message.to_json(),
    }
    .into();
    let mut response = (status, [(CONTENT_TYPE, media_type.name())], Body::from(body)).into_response();
    match refusal {
        Refusal::Busy => {
            response.headers_mut().insert(RETRY_AFTER_HEADER, HeaderValue::from_static(RETRY_AFTER));
        }
        Refusal::Coding(_) => {
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        }
        _ => {}
    }
    response
}
