//! OTLP/gRPC: one length-prefixed message each way, and a status in the trailers.

use super::body::{MAX_BYTES, Reader, exact, in_time};
use super::export::{self, Complaint, Refusal, Signal, count_request};
use super::inflate::{ACCEPTED, Coding, inflate};
use super::reply::{self, Detail, RpcStatus};
use super::serve::Connection;
use super::{hint, http};
use crate::model::Origin;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use prost::Message;
use std::sync::Arc;
use tonic::{Code, Status};

pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

/// Before each message: one byte that says whether it is packed, and its length in four.
const PREFIX: usize = 5;

/// Whether a request says that it is gRPC, with any suffix (`+proto`).
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let start = value.as_bytes().get(..MEDIA_TYPE.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(MEDIA_TYPE.as_bytes()))
    })
}

/// `…Service/Export`
pub(super) async fn export(
    signal: Signal,
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let mut reader = Reader::new(body, connection.counters());
    if head.method != Method::POST || !is_grpc(&head.headers) {
        reader.discard().await;
        let sentence = format!(
            "this path takes gRPC; OTLP over HTTP goes to {} with content type application/x-protobuf or application/json; this was a plain {}",
            signal.http_path(),
            hint::plain(head.method.as_str())
        );
        let form = export::form(&head.headers, &CONTENT_ENCODING);
        Complaint { path: signal.grpc_path(), origin: http::origin(&head.headers), form }
            .send(&connection, &sentence);
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence + "\n").into_response();
    }
    count_request(&connection, Origin::Grpc);
    let form = export::form(&head.headers, &ENCODING);
    let taken = async {
        let coding = Coding::from_header(&head.headers, &ENCODING)?;
        let bytes = in_time(receive(&mut reader, coding)).await?;
        reader.held.set(bytes.len())?;
        export::export(signal, (Origin::Grpc, &form), bytes, &connection).await
    };
    match taken.await {
        Ok(taken) => reply(&reply::protobuf(&taken)),
        Err(refusal) => {
            reader.discard().await;
            if refusal != Refusal::Busy {
                Complaint { path: signal.grpc_path(), origin: Origin::Grpc, form }
                    .send(&connection, &refusal.shown());
            }
            refuse(&refusal)
        }
    }
}

/// The one message of a call.
async fn receive(reader: &mut Reader<'_>, coding: Coding) -> Result<Bytes, Refusal> {
    let mut prefix = Vec::with_capacity(PREFIX);
    reader.read(&mut prefix, PREFIX).await?;
    let &[packed, a, b, c, d] = prefix.as_slice() else {
        return Err(Refusal::Malformed("no message in the call".into()));
    };
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    if len > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let mut message = Reader::buffer(len);
    reader.read(&mut message, len).await?;
    if message.len() < len {
        return Err(Refusal::Malformed(format!("the message ends after {} of {len} bytes", message.len())));
    }
    if reader.more().await? {
        return Err(Refusal::Malformed("more than one message in a call that takes one".into()));
    }
    match packed {
        0 => Ok(exact(message)),
        _ if coding == Coding::Identity => {
            Err(Refusal::Malformed("the message is marked as packed, but no grpc-encoding says how".into()))
        }
        _ => inflate(coding, message),
    }
}

fn reply(message: &[u8]) -> Response {
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.push(0);
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(framed)).with_trailers(std::future::ready(Some(Ok(trailers))));
    ([(CONTENT_TYPE, MEDIA_TYPE)], Body::new(body)).into_response()
}

fn refuse(refusal: &Refusal) -> Response {
    let message = refusal.to_string();
    let status = match refusal {
        Refusal::Malformed(_) | Refusal::NotOtlp { .. } => Status::invalid_argument(message),
        Refusal::Coding(_) => Status::unimplemented(message),
        // Without a `RetryInfo`, which would tell the client that the same request might do later.
        Refusal::TooLarge => Status::resource_exhausted(message),
        Refusal::TooSlow(_) => Status::deadline_exceeded(message),
        Refusal::Busy => {
            let code = Code::Unavailable;
            let details = RpcStatus { code: code as i32, message, details: vec![Detail::retry_info()] };
            let bytes = details.encode_to_vec().into();
            Status::with_details(code, details.message, bytes)
        }
    };
    let mut response = status.into_http::<Body>();
    if matches!(refusal, Refusal::Coding(_)) {
        response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    }
    response
}
