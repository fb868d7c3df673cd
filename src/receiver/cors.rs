//! CORS: pages served from this machine may send; other web sites learn nothing.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// The methods of the OTLP paths.
pub(super) const METHODS: HeaderValue = HeaderValue::from_static("POST, OPTIONS");

/// Seconds that a browser may remember the answer to a preflight: the two hours that Chromium caps it at.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The request's origin, where that is a page of this machine.
pub(super) fn local_origin(headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    is_local(origin.to_str().ok()?).then(|| origin.clone())
}

fn is_local(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
        return false;
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| match authority.strip_prefix(host) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    })
}

/// Lets a page at `origin` read the reply.
pub(super) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // `navigator.sendBeacon`, which the SDK for browsers uses when a page is left, always sends credentials.
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}

/// The reply to an `OPTIONS` request: whatever headers a local page wants to send, it may.
pub(super) fn preflight(request: &HeaderMap, local: bool) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, METHODS);
    if local {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        let wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let wanted = wanted.unwrap_or(HeaderValue::from_static("content-type, content-encoding"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_are_local() {
        for origin in
            ["http://localhost", "https://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173"]
        {
            assert!(is_local(origin), "{origin}");
        }
        for origin in [
            "null",
            "file://localhost",
            "http://localhost.evil.example",
            "http://localhost:80.evil.example",
            "http://localhost:",
            "http://localhost:99999",
            "http://evil.example",
            "http://127.0.0.10",
            "http://user@localhost",
            "http://localhost/",
        ] {
            assert!(!is_local(origin), "{origin}");
        }
    }
}
