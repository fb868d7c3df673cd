//! The messages that go back, in protobuf and JSON.

use super::export::Taken;
use crate::otlp::Signal;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

/// Seconds after which a request that found no room may come again.
pub(super) const RETRY_AFTER: &str = "1";

/// `google.rpc.Status`, which OTLP has for the body of HTTP errors and the details of gRPC ones.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Detail {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) value: Bytes,
}

impl Detail {
    /// `google.rpc.RetryInfo` with a `retry_delay` of one second.
    pub(super) fn retry_info() -> Self {
        Self {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
            // Field 1, two bytes long: a `Duration` whose field 1, the seconds, is 1.
            value: Bytes::from_static(&[0x0a, 2, 0x08, 1]),
        }
    }
}

impl RpcStatus {
    pub(super) fn to_json(&self) -> Vec<u8> {
        json!({ "code": self.code, "message": self.message }).to_string().into()
    }
}

/// The response of a trace export. The other two have the same fields under the same numbers, so theirs is this one.
pub(super) fn protobuf(taken: &Taken) -> Vec<u8> {
    let partial_success = (taken.rejected > 0).then(|| ExportTracePartialSuccess {
        rejected_spans: taken.rejected as i64,
        error_message: taken.reason.clone(),
    });
    ExportTraceServiceResponse { partial_success }.encode_to_vec()
}

/// The same in JSON, where protobuf writes 64-bit numbers as text.
pub(super) fn json(taken: &Taken) -> Vec<u8> {
    if taken.rejected == 0 {
        return b"{}".to_vec();
    }
    let key = match taken.signal {
        Signal::Traces => "rejectedSpans",
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
    };
    let partial = json!({ key: taken.rejected.to_string(), "errorMessage": taken.reason });
    json!({ "partialSuccess": partial }).to_string().into()
}
