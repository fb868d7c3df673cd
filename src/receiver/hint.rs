//! What was probably meant by a request that is no OTLP, and what to do about it.

use super::export::Signal;
use crate::model::Origin;
use axum::http::Method;

/// How much of a method or path is repeated, characters: a request may have thousands.
const LONGEST: usize = 80;

/// A method or path as it can be shown anywhere: short, and without what a terminal might obey.
pub(super) fn plain(sent: &str) -> String {
    let mut plain: String =
        sent.chars().take(LONGEST).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
    if sent.chars().nth(LONGEST).is_some() {
        plain.push_str("...");
    }
    plain
}

/// A sentence on a path at which there is nothing.
pub(super) fn of_path(method: &Method, path: &str) -> String {
    let sends = *method == Method::POST;
    let known = match path.trim_end_matches('/') {
        "" => {
            "the path is missing: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is used as it is and must end in /v1/traces; to OTEL_EXPORTER_OTLP_ENDPOINT the SDK adds it"
        }
        "/api/v2/spans" | "/api/v1/spans" if sends => return exporters(path, "Zipkin"),
        "/api/traces" if sends => return exporters(path, "Jaeger"),
        "/metrics" => "a Prometheus scrape: there is nothing to scrape here, take this target out",
        "/api/v1/write" => "it is where Prometheus writes, which otoscope does not take",
        path if is_twice(path) => {
            "the path is there twice: OTEL_EXPORTER_OTLP_ENDPOINT ends with the port, the SDK adds the path"
        }
        _ => "the path is unknown; OTLP over HTTP goes to /v1/traces, /v1/logs or /v1/metrics",
    };
    let path = plain(path);
    if sends {
        return format!("nothing at {path}: {known}");
    }
    format!("nothing to {} at {path}: {known}", plain(method.as_str()))
}

fn exporters(path: &str, system: &str) -> String {
    format!(
        "{} is where {system} exporters send: otoscope takes OTLP, so set OTEL_TRACES_EXPORTER=otlp",
        plain(path)
    )
}

/// Whether an SDK has added its path to one that was there.
fn is_twice(path: &str) -> bool {
    let without = |path: &str| {
        let before = Signal::ALL.iter().find_map(|signal| path.strip_suffix(signal.http_path()));
        before.map(|before| before.trim_end_matches('/').to_owned())
    };
    without(path).and_then(|before| without(&before)).is_some()
}

/// What a body that could not be read looks like.
pub(super) fn of_body(origin: Origin, head: &[u8]) -> Option<&'static str> {
    let json = matches!(head.trim_ascii_start(), [b'{' | b'[', ..]);
    match origin {
        _ if head.starts_with(&[0x1f, 0x8b]) => {
            Some("it is packed with gzip, and no content-encoding header says so")
        }
        Origin::HttpProtobuf if json => {
            Some("it looks like JSON: send it with content type application/json")
        }
        Origin::HttpJson if !json && !head.is_empty() => {
            Some("it does not look like JSON: protobuf has content type application/x-protobuf")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_paths_say_what_to_do() {
        for (path, words) in [
            ("/", "must end in /v1/traces"),
            ("/api/v2/spans", "Zipkin"),
            ("/api/traces", "Jaeger"),
            ("/metrics", "scrape"),
            ("/v1/traces/v1/traces", "twice"),
            ("/v1/traces//v1/metrics/", "twice"),
            ("/nope/v1/traces", "the path is unknown; OTLP over HTTP goes to /v1/traces"),
        ] {
            assert!(of_path(&Method::POST, path).contains(words), "{path}: {}", of_path(&Method::POST, path));
        }
        let misspelt = of_path(&Method::POST, "/v1/trace");
        assert_eq!(
            misspelt,
            "nothing at /v1/trace: the path is unknown; OTLP over HTTP goes to /v1/traces, /v1/logs or /v1/metrics"
        );
    }

    #[test]
    fn what_was_asked_for_is_repeated_harmlessly() {
        let icon = of_path(&Method::GET, "/status");
        assert!(icon.starts_with("nothing to GET at /status: the path is unknown"), "{icon}");
        assert_eq!(plain("/a\u{1b}[2J\u{e9} b"), "/a?[2J??b");
        let method = Method::from_bytes(&[b'M'; 5_000]).unwrap();
        let long = of_path(&method, &format!("/{}", "x".repeat(5_000)));
        assert!(long.contains("xxx...: the path") && long.len() < 400, "{long}");
    }

    #[test]
    fn bodies_are_told_from_each_other() {
        let of = |origin, head: &[u8]| of_body(origin, head).unwrap_or("");
        assert!(of(Origin::HttpProtobuf, b" {\"resourceSpans\"").contains("application/json"));
        assert!(of(Origin::HttpJson, b"\x0a\x10").contains("application/x-protobuf"));
        assert!(of(Origin::Grpc, &[0x1f, 0x8b, 8]).contains("gzip"));
        assert_eq!(of(Origin::HttpJson, b"{\"resourceSpans\":[}"), "");
        assert_eq!(of(Origin::HttpProtobuf, b"\x0a\x10"), "");
    }
}
