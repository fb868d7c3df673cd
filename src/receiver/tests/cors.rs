use super::*;
use prost::Message;

fn preflight(origin: &str) -> String {
    format!(
        "OPTIONS /v1/traces HTTP/1.1\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
         access-control-request-headers: content-type,x-team"
    )
}

#[tokio::test]
async fn a_local_page_may_send() {
    let server = Server::start(8);
    for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173"] {
        let reply = request(server.http, &preflight(origin), b"").await;
        assert_eq!(reply.status, 204);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(reply.header("access-control-allow-methods"), Some("POST, OPTIONS"));
        assert_eq!(reply.header("access-control-allow-headers"), Some("content-type,x-team"));
        // Replies carry it, errors included: a page cannot read the reason otherwise.
        for (content_type, status) in [("application/x-protobuf", 200), ("text/plain", 415)] {
            let head =
                format!("POST /v1/traces HTTP/1.1\r\norigin: {origin}\r\ncontent-type: {content_type}");
            let reply = request(server.http, &head, &spans(1).encode_to_vec()).await;
            assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, Some(origin)));
            assert_eq!(reply.header("vary"), Some("Origin"));
        }
    }
}

#[tokio::test]
async fn other_sites_learn_nothing() {
    let server = Server::start(8);
    for origin in ["https://evil.example", "http://localhost.evil.example", "null", "http://\u{ff}"] {
        let reply = request(server.http, &preflight(origin), b"").await;
        assert!(!reply.head.contains("access-control"), "{}", reply.head);
        let head =
            format!("POST /v1/traces HTTP/1.1\r\norigin: {origin}\r\ncontent-type: application/x-protobuf");
        let reply = request(server.http, &head, &spans(1).encode_to_vec()).await;
        assert!(!reply.head.contains("access-control"), "{}", reply.head);
    }
}
