use super::*;
use crate::model::{Origin, Unshown};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use prost::Message;
use std::sync::atomic::Ordering::Relaxed;
use tonic::codec::CompressionEncoding;

#[tokio::test]
async fn spans_arrive_on_both_ports_plain_and_packed() {
    let mut server = Server::start(8);
    for port in [server.grpc, server.http] {
        for packing in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
            let mut client = TraceServiceClient::connect(format!("http://{port}")).await.unwrap();
            if let Some(packing) = packing {
                client = client.send_compressed(packing);
            }
            let reply = client.export(spans(5)).await.unwrap().into_inner();
            assert_eq!(reply.partial_success, None);
            let batch = server.arrival().await;
            assert_eq!((batch.origin, batch.records.len()), (Origin::Grpc, 5), "{port} {packing:?}");
            assert_eq!(batch.bytes, spans(5).encode_to_vec());
            assert!(
                batch.source.starts_with("127.0.0.1:") && batch.arrived_ns > 1_600_000_000 * 1_000_000_000
            );
        }
    }
    assert_eq!(server.counters.grpc_requests.load(Relaxed), 6);
    assert_eq!(server.counters.wrong_port_requests.load(Relaxed), 3);
    assert_eq!(server.counters.connections.load(Relaxed), 6);
    until(|| server.counters.open_connections.load(Relaxed) == 0).await;
}

#[tokio::test]
async fn a_bad_span_is_told_and_its_neighbours_are_taken() {
    let mut server = Server::start(8);
    let mut client = TraceServiceClient::connect(format!("http://{}", server.grpc)).await.unwrap();
    let partial = client.export(one_bad_span()).await.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    let message = partial.error_message;
    assert!(message.starts_with("1 of 3 spans rejected; the first at byte "), "{message}");
    assert!(message.ends_with("trace_id is missing"), "{message}");
    let batch = server.arrival().await;
    assert_eq!((batch.records.len(), batch.rejections.len()), (2, 1));
    assert_eq!(server.counters.rejected_spans.load(Relaxed), 1);
}

#[tokio::test]
async fn logs_are_kept_and_metrics_are_counted() {
    let mut server = Server::start(8);
    let address = format!("http://{}", server.grpc);
    let mut client = LogsServiceClient::connect(address.clone()).await.unwrap();
    assert_eq!(client.export(logs(4)).await.unwrap().into_inner().partial_success, None);
    assert_eq!(server.arrival().await.logs.records.len(), 4);

    let mut client = MetricsServiceClient::connect(address).await.unwrap();
    let scope_metrics = vec![ScopeMetrics { metrics: vec![Metric::default(); 3], ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
    let reply = client.export(ExportMetricsServiceRequest { resource_metrics }).await.unwrap();
    assert_eq!(reply.into_inner().partial_success, None);
    assert_eq!(server.arrival().await.unshown, Unshown { log_records: 0, metrics: 3 });
}

#[tokio::test]
async fn broken_calls_are_invalid_arguments_that_say_why() {
    let mut server = Server::start(8);
    let cases: [(Headers<'_>, Vec<u8>, &str); 7] = [
        (&[], framed(false, b"\x89PNG\r\n\x1a\n"), "not OTLP protobuf: "),
        (&[], framed(false, b"{}"), "not OTLP protobuf: "),
        (&[], Vec::new(), "no message in the call"),
        (&[], framed(false, &spans(1).encode_to_vec())[..20].to_vec(), "the message ends after 15 of "),
        (&[], [framed(false, b""), framed(false, b"")].concat(), "more than one message"),
        (&[], framed(true, b"x"), "the message is marked as packed, but no grpc-encoding says how"),
        (&[("grpc-encoding", "gzip")], framed(true, b"x"), "the body is not gzip: "),
    ];
    for (headers, body, expected) in cases {
        let (message, status) = call(server.grpc, TRACES, headers, body).await;
        assert_eq!((message.len(), &status["grpc-status"]), (0, &"3".parse().unwrap()), "{expected}");
        let reason = status["grpc-message"].to_str().unwrap().replace("%20", " ");
        assert!(reason.starts_with(expected), "{reason} ≠ {expected}");
        // The owner hears why, too.
        assert!(server.arrival().await.rejections[0].reason.starts_with(expected));
    }
    assert_eq!(server.counters.bad_requests.load(Relaxed), 7);
}

#[tokio::test]
async fn an_empty_call_is_an_empty_request() {
    let mut server = Server::start(8);
    let (message, status) = call(server.http, TRACES, &[], framed(false, b"")).await;
    assert_eq!((&message[..], &status["grpc-status"]), (&[0; 5][..], &"0".parse().unwrap()));
    assert_eq!(server.arrival().await.records.len(), 0);
}

#[tokio::test]
async fn what_is_not_known_is_unimplemented() {
    let server = Server::start(8);
    let (_, status) = call(server.grpc, TRACES, &[("grpc-encoding", "snappy")], framed(true, b"x")).await;
    assert_eq!(
        (&status["grpc-status"], &status["grpc-accept-encoding"]),
        (&"12".parse().unwrap(), &"identity,gzip,zstd,deflate".parse().unwrap())
    );
    let (_, status) = call(server.grpc, "/grpc.health.v1.Health/Check", &[], framed(false, b"")).await;
    assert_eq!(status["grpc-status"], "12");
}
