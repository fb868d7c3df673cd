//! What a receiver answers, and what the OTLP specification makes of it.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use hyper::{Response, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::Value;
use std::error::Error;
use std::time::{Duration, SystemTime};
use tonic::Code;

/// An answer may be as large as this, bytes.
const LARGEST: usize = 1 << 20;
/// As much of a reason is repeated, characters.
const REPEATED: usize = 300;

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Accepted {
        rejected: u64,
        message: String,
    },
    Later {
        after: Option<Duration>,
        why: String,
    },
    Refused(String),
    /// There was nobody to connect to.
    Nobody(String),
}

impl Reply {
    pub(super) fn later(why: String) -> Self {
        Self::Later { after: None, why }
    }
}

/// An error with what caused it.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.last().is_some_and(|before| before.contains(&words)) {
            said.push(words);
        }
        cause = error.source();
    }
    said.join(": ")
}

/// The body and the trailers; why not, where the connection broke.
async fn all(body: Incoming) -> Result<(Bytes, HeaderMap), String> {
    let whole = Limited::new(body, LARGEST).collect().await.map_err(|error| chain(&*error))?;
    let trailers = whole.trailers().cloned().unwrap_or_default();
    Ok((whole.to_bytes(), trailers))
}

pub(super) async fn of_http(response: Response<Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let json = kind.starts_with("application/json");
    let protobuf = kind.starts_with("application/x-protobuf");
    let status = head.status;
    let body = match all(body).await {
        Ok((body, _)) => body,
        // It was taken; what was said of it is lost.
        Err(_) if status.is_success() => Bytes::new(),
        Err(why) => return Reply::later(why),
    };
    if status.is_success() {
        return if json { of_json(&body) } else { of_message(&body) };
    }
    let text = match (json, protobuf) {
        (true, _) => serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|value| Some(value.get("message")?.as_str()?.to_owned()))
            .unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()),
        (_, true) => RpcStatus::decode(body).map(|status| status.message).unwrap_or_default(),
        _ => String::from_utf8_lossy(&body).into_owned(),
    };
    let why = said(&format!("HTTP {status}"), &text);
    match status.as_u16() {
        429 | 502 | 503 | 504 => Reply::Later { after: retry_after(&head.headers), why },
        _ => Reply::Refused(why),
    }
}

/// As seconds, or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

pub(super) async fn of_grpc(response: Response<Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let (body, trailers) = match all(body).await {
        Ok(all) => all,
        Err(why) => return Reply::later(why),
    };
    let status =
        tonic::Status::from_header_map(&trailers).or_else(|| tonic::Status::from_header_map(&head.headers));
    let Some(status) = status else {
        let why = said(&format!("HTTP {}, which is no gRPC", head.status), &String::from_utf8_lossy(&body));
        return match head.status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Reply::later(why),
            _ => Reply::Refused(why),
        };
    };
    if status.code() == Code::Ok {
        // Five bytes tell whether it is compressed, which was not offered, and how long it is.
        return of_message(body.get(5..).unwrap_or_default());
    }
    let after = retry_info(status.details());
    let why = said(&format!("gRPC {:?}", status.code()), status.message());
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Reply::Later { after, why },
        // Only where it says that it will pass.
        Code::ResourceExhausted if after.is_some() => Reply::Later { after, why },
        _ => Reply::Refused(why),
    }
}

fn said(what: &str, why: &str) -> String {
    let why = short(why);
    if why.is_empty() { what.to_owned() } else { format!("{what}: {why}") }
}

fn short(text: &str) -> String {
    text.trim().chars().take(REPEATED).collect()
}

/// The answers for spans and for log records have the same shape. One that cannot be read says nothing.
fn of_message(body: &[u8]) -> Reply {
    let partial = ExportTraceServiceResponse::decode(body).ok().and_then(|reply| reply.partial_success);
    let partial = partial.unwrap_or_default();
    Reply::Accepted { rejected: partial.rejected_spans.max(0) as u64, message: short(&partial.error_message) }
}

fn of_json(body: &[u8]) -> Reply {
    let reply: Value = serde_json::from_slice(body).unwrap_or_default();
    let partial = &reply["partialSuccess"];
    let count = |name: &str| match &partial[name] {
        Value::String(text) => text.parse().unwrap_or(0),
        number => number.as_u64().unwrap_or(0),
    };
    let rejected = count("rejectedSpans") + count("rejectedLogRecords");
    Reply::Accepted { rejected, message: short(partial["errorMessage"].as_str().unwrap_or_default()) }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// After how long the receiver asks for it again.
fn retry_info(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).ok()?;
    let detail = status.details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(&*detail.value).ok()?.delay.unwrap_or_default();
    Some(Duration::new(
        u64::try_from(delay.seconds).unwrap_or(0),
        u32::try_from(delay.nanos).unwrap_or(0).min(999_999_999),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_taken_is_read_from_either_form() {
        let taken = |rejected, message: &str| Reply::Accepted { rejected, message: message.to_owned() };
        assert_eq!(of_message(b""), taken(0, ""));
        assert_eq!(of_message(&[0x0a, 6, 8, 3, 0x12, 2, b'n', b'o']), taken(3, "no"));
        assert_eq!(of_json(b"{}"), taken(0, ""));
        let json = br#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"no"}}"#;
        assert_eq!(of_json(json), taken(2, "no"));
    }

    #[test]
    fn when_to_come_back_is_read_in_every_form() {
        let header = |text: &str| HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&header("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&header("Sun, 06 Nov 1994 08:49:37 GMT")), Some(Duration::ZERO), "long ago");
        assert_eq!(retry_after(&header("soon")), None);
        let info = RetryInfo { delay: Some(Delay { seconds: 2, nanos: 500_000_000 }) };
        let type_url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
        let detail = Detail { type_url, value: info.encode_to_vec() };
        let status = RpcStatus { message: String::new(), details: vec![detail] };
        assert_eq!(retry_info(&status.encode_to_vec()), Some(Duration::from_millis(2_500)));
        assert_eq!(retry_info(b""), None);
    }
}
