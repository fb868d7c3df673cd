//! Where requests go, from what is typed.

use crate::otlp::Signal;
use hyper::Uri;
use std::fmt;

/// How an endpoint is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP, binary protobuf.
    HttpProtobuf,
    /// OTLP/HTTP, JSON.
    HttpJson,
}

impl Protocol {
    /// Their names, as `OTEL_EXPORTER_OTLP_PROTOCOL` spells them.
    pub const NAMES: [&'static str; 3] = ["grpc", "http/protobuf", "http/json"];

    /// The protocol of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Grpc, Self::HttpProtobuf, Self::HttpJson];
        Self::NAMES.iter().position(|known| *known == name).map(|at| all[at])
    }
}

/// An OTLP endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) protocol: Protocol,
    /// Whether it is talked to over TLS.
    pub(super) secure: bool,
    /// Host and port.
    authority: String,
    /// What stands before `/v1/traces`, without a slash at its end.
    path: String,
}

/// Paths of signals, which may have been typed too.
const PATHS: [(Signal, &str, &str); 3] = [
    (Signal::Traces, "/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
    (Signal::Logs, "/v1/logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
    (Signal::Metrics, "/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
];

impl Endpoint {
    /// The endpoint that this text names; where it names none, a sentence.
    pub fn parse(text: &str, protocol: Option<Protocol>) -> Result<Self, String> {
        let typed = text.trim();
        let (secure, rest) = match typed.split_once("://") {
            None => (false, typed),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, _)) => {
                return Err(format!("{scheme}:// is no scheme of OTLP: write http:// or https://HOST:PORT"));
            }
        };
        let wrong = || format!("`{text}` is no address: write http://HOST:PORT");
        let uri: Uri = format!("http://{rest}").parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|it| !it.host().is_empty()).ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err(
                "user and password do not belong into the address: say --header 'authorization: Basic …'"
                    .to_owned(),
            );
        }
        let path = uri.path().trim_end_matches('/');
        let known = PATHS.iter().find_map(|(_, end, _)| path.strip_suffix(end));
        let by_port = match (authority.port_u16(), path) {
            (Some(4317), "") => Protocol::Grpc,
            _ => Protocol::HttpProtobuf,
        };
        Ok(Self {
            protocol: protocol.unwrap_or(by_port),
            secure,
            authority: authority.to_string(),
            path: known.unwrap_or(path).to_owned(),
        })
    }

    /// Where requests of a signal go.
    pub(super) fn uri(&self, signal: Signal) -> Result<Uri, String> {
        let (_, http, grpc) = PATHS.iter().find(|(of, ..)| *of == signal).unwrap_or(&PATHS[0]);
        let end = if self.protocol == Protocol::Grpc { grpc } else { http };
        let whole = format!("{}://{}{}{end}", self.scheme(), self.authority, self.path);
        whole.parse().map_err(|_| format!("{whole} is no address"))
    }

    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Protocol::NAMES[self.protocol as usize];
        write!(f, "{}://{}{} ({name})", self.scheme(), self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_the_protocol_and_the_path() {
        for (typed, said, traces) in [
            (
                "localhost:4317",
                "http://localhost:4317 (grpc)",
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            ),
            ("http://a:4318/", "http://a:4318 (http/protobuf)", "/v1/traces"),
            ("http://a:4317/v1/traces", "http://a:4317 (http/protobuf)", "/v1/traces"),
            (
                "HTTPS://a:4317",
                "https://a:4317 (grpc)",
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            ),
            ("https://a/otlp/v1/logs", "https://a/otlp (http/protobuf)", "/otlp/v1/traces"),
            ("http://[::1]:80/otlp", "http://[::1]:80/otlp (http/protobuf)", "/otlp/v1/traces"),
        ] {
            let endpoint = Endpoint::parse(typed, None).unwrap();
            assert_eq!(endpoint.to_string(), said);
            assert_eq!(endpoint.uri(Signal::Traces).unwrap().path(), traces);
        }
        let json = Endpoint::parse("http://a:4317/v1/logs", Protocol::named("http/json")).unwrap();
        assert_eq!(json.uri(Signal::Traces).unwrap().to_string(), "http://a:4317/v1/traces");
    }

    #[test]
    fn what_is_no_address_is_said() {
        for (typed, says) in [
            ("https://", "no address"),
            ("ftp://a", "no scheme"),
            ("", "no address"),
            ("http://u:p@a", "--header"),
            ("http://a b", "no address"),
        ] {
            let said = Endpoint::parse(typed, None).unwrap_err();
            assert!(said.contains(says), "{typed}: {said}");
        }
    }
}
