use super::*;
use crate::receiver::MAX_BYTES;
use crate::receiver::reply::{Detail, RpcStatus};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::task::JoinSet;

const PROTOBUF: &str = "content-type: application/x-protobuf";

#[tokio::test]
async fn a_bomb_is_too_large_and_hurts_nobody() {
    let mut server = Server::start(8);
    let bomb = gzip(&vec![0; MAX_BYTES + 1]);
    let (_, status) = call(server.grpc, TRACES, &[("grpc-encoding", "gzip")], framed(true, &bomb)).await;
    assert_eq!(status["grpc-status"], "8");
    assert!(status.get("grpc-status-details-bin").is_none(), "it will not fit later either");
    let head = format!("POST /v1/traces HTTP/1.1\r\n{PROTOBUF}\r\ncontent-encoding: gzip");
    assert_eq!(request(server.http, &head, &bomb).await.status, 413);
    assert_eq!(server.arrival().await.rejections.len(), 1);
    assert_eq!(server.arrival().await.rejections.len(), 1);
    assert_eq!(post(server.http, "/v1/traces", "application/x-protobuf", b"").await.status, 200);
}

#[tokio::test]
async fn a_body_past_the_limit_is_read_off_so_that_its_sender_hears_why() {
    let server = Server::start(8);
    let body = vec![0; MAX_BYTES + 1];
    let reply = request(server.http, &format!("POST /v1/traces HTTP/1.1\r\n{PROTOBUF}"), &body).await;
    assert_eq!(reply.status, 413);
    let status = RpcStatus::decode(&reply.body[..]).unwrap();
    assert_eq!(status.message, "the request is larger than 64 MiB (unpacked): send fewer spans at a time");

    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{PROTOBUF}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    assert_eq!(raw(server.http, &[head.as_bytes(), &body, b"\r\n0\r\n\r\n"]).await.status, 413);

    let (_, status) = call(server.grpc, TRACES, &[], framed(false, &body)).await;
    assert_eq!(status["grpc-status"], "8");
}

#[tokio::test]
async fn the_largest_request_is_taken() {
    let mut server = Server::start(8);
    // One field of a number that OTLP does not use, filled up to the limit.
    let mut body = Vec::with_capacity(MAX_BYTES);
    prost::encoding::bytes::encode(9, &vec![b'x'; MAX_BYTES - 5], &mut body);
    assert_eq!(body.len(), MAX_BYTES);
    assert_eq!(post(server.http, "/v1/traces", "application/x-protobuf", &body).await.status, 200);
    assert_eq!(server.arrival().await.bytes.len(), MAX_BYTES);
    let (_, status) = call(server.grpc, TRACES, &[], framed(false, &body)).await;
    assert_eq!(status["grpc-status"], "0");
    assert_eq!(server.arrival().await.bytes.len(), MAX_BYTES);
}

#[tokio::test]
async fn a_stalled_owner_makes_senders_come_again() {
    let server = Server::start(1);
    let body = spans(2).encode_to_vec();
    assert_eq!(post(server.http, "/v1/traces", "application/x-protobuf", &body).await.status, 200);
    let (over_http, (_, over_grpc)) = tokio::join!(
        post(server.http, "/v1/traces", "application/x-protobuf", &body),
        call(server.grpc, TRACES, &[], framed(false, &body)),
    );
    assert_eq!((over_http.status, over_http.header("retry-after")), (429, Some("1")));
    assert_eq!(RpcStatus::decode(&over_http.body[..]).unwrap().code, 14);
    let status = tonic::Status::from_header_map(&over_grpc).unwrap();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    let details = RpcStatus::decode(status.details()).unwrap();
    assert_eq!((details.code, details.details), (14, vec![Detail::retry_info()]));
    let counters = &server.counters;
    assert_eq!((counters.refused_requests.load(Relaxed), counters.refused_spans.load(Relaxed)), (2, 4));
    assert_eq!(counters.bad_requests.load(Relaxed), 0);
}

#[tokio::test]
async fn all_requests_together_hold_no_more_than_eight_of_the_largest() {
    let server = Server::start(8);
    let body = spans(2).encode_to_vec();
    let held = 8 * MAX_BYTES as u64;
    server.counters.held_bytes.fetch_add(held, Relaxed);
    assert_eq!(post(server.http, "/v1/traces", "application/x-protobuf", &body).await.status, 429);
    assert_eq!(call(server.grpc, TRACES, &[], framed(false, &body)).await.1["grpc-status"], "14");
    assert_eq!(server.counters.refused_requests.load(Relaxed), 2);
    server.counters.held_bytes.fetch_sub(held, Relaxed);
    assert_eq!(post(server.http, "/v1/traces", "application/x-protobuf", &body).await.status, 200);
    until(|| server.counters.held_bytes.load(Relaxed) == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_in_flight_are_never_refused() {
    let mut server = Server::start(1);
    let client = TraceServiceClient::connect(format!("http://{}", server.grpc)).await.unwrap();
    let mut senders = JoinSet::new();
    let finished = Arc::new(AtomicBool::new(false));
    for _ in 0..8 {
        let (mut client, finished) = (client.clone(), Arc::clone(&finished));
        senders.spawn(async move {
            for _ in 0..25 {
                client.export(spans(3)).await.unwrap();
            }
            finished.store(true, Relaxed);
        });
    }
    for _ in 0..8 * 25 {
        // The owner is slow: as long as all send, it takes the next only when there is no room left.
        until(|| server.counters.waiting.load(Relaxed) > 0 || finished.load(Relaxed)).await;
        assert_eq!(server.arrival().await.records.len(), 3);
    }
    while let Some(done) = in_time(senders.join_next()).await {
        done.unwrap();
    }
    assert_eq!(server.counters.refused_requests.load(Relaxed), 0);
}

#[tokio::test]
async fn shutdown_finishes_the_request_in_flight() {
    let mut server = Server::start(1);
    let (grpc, http) = (server.grpc, server.http);
    let body = spans(1).encode_to_vec();
    assert_eq!(post(http, "/v1/traces", "application/x-protobuf", &body).await.status, 200);
    // Its connection stays open and idle, which must not keep the server.
    let idle = TcpStream::connect(http).await.unwrap();
    let framed = framed(false, &body);
    let over_grpc = tokio::spawn(async move { call(grpc, TRACES, &[], framed).await });
    let over_http =
        tokio::spawn(async move { post(http, "/v1/traces", "application/x-protobuf", &body).await });
    until(|| server.counters.waiting.load(Relaxed) == 2).await;

    server.stop.send(()).unwrap();
    in_time(async { while TcpStream::connect(http).await.is_ok() {} }).await;
    for _ in 0..3 {
        assert_eq!(in_time(server.arrivals.recv()).await.unwrap().records.len(), 1);
    }
    assert_eq!(over_grpc.await.unwrap().1["grpc-status"], "0");
    assert_eq!(over_http.await.unwrap().status, 200);
    in_time(server.serving).await.unwrap().unwrap();
    drop(idle);
    assert!(in_time(server.arrivals.recv()).await.is_none());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_client_that_stalls() {
    let server = Server::start(1);
    let mut stalled = TcpStream::connect(server.http).await.unwrap();
    let head =
        format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\n{PROTOBUF}\r\ncontent-length: 100\r\n\r\nhalf");
    stalled.write_all(head.as_bytes()).await.unwrap();
    until(|| server.counters.http_protobuf_requests.load(Relaxed) == 1).await;
    server.stop.send(()).unwrap();
    in_time(server.serving).await.unwrap().unwrap();
    let mut rest = Vec::new();
    let _ = in_time(stalled.read_to_end(&mut rest)).await;
    assert!(rest.is_empty(), "cut off");
}
