//! Where we listen, what a command that we start is told of it, and what its environment says besides.

use crate::cli::Listen;
use crate::harmless::clean;
use crate::receiver::{BindError, Listeners, bind, bind_one};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The ports that exporters use where nobody tells them another.
const USUAL: (u16, u16) = (4317, 4318);

/// What tells SDKs where to send: one port of ours takes all three protocols, so nothing else need be said.
pub(super) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// What tells them so before that is asked: a command that we start does not get these.
pub(super) const SIGNAL_ENDPOINTS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
];
/// Files that SDKs read instead of all other variables.
const CONFIG_FILES: [&str; 2] = ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"];

/// The ports that were asked for, else the usual ones.
pub(super) fn listeners(at: &Listen) -> Result<Listeners, BindError> {
    bind(&at.host, at.grpc.unwrap_or(USUAL.0), at.http.unwrap_or(USUAL.1))
}

/// The ports that were asked for, else one free port: a command is told of it, and the usual ones stay free for others.
pub(super) fn listeners_for_command(at: &Listen) -> Result<Listeners, BindError> {
    match (at.grpc, at.http) {
        (Some(grpc), Some(http)) => bind(&at.host, grpc, http),
        (Some(grpc), None) => bind_one(&at.host, grpc, "--grpc"),
        (None, http) => bind_one(&at.host, http.unwrap_or(0), "--http"),
    }
}

/// What a command is told of an address: one that it can connect to.
pub(super) fn told(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    format!("http://{address}")
}

/// What the environment says of where to send, and what becomes of it.
pub(super) fn diverted() -> Vec<String> {
    let overridden = [ENDPOINT]
        .into_iter()
        .chain(SIGNAL_ENDPOINTS)
        .filter_map(|name| Some(format!("{name}={} is overridden for the command", clean(&set(name)?))));
    let mut said: Vec<String> = overridden.collect();
    if let Some((name, value)) = CONFIG_FILES.iter().find_map(|name| Some((name, set(name)?))) {
        said.push(format!(
            "{name}={} is set: an SDK that reads it ignores {ENDPOINT}; let that file say \
             `endpoint: ${{{ENDPOINT}}}`, or unset it",
            clean(&value)
        ));
    }
    said
}

/// The value of a variable that is set and not empty.
pub(super) fn set(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// A variable that keeps SDKs from sending spans to anybody over OTLP.
pub(super) fn switched_off() -> Option<String> {
    type Off = fn(&str) -> bool;
    let switches: [(&str, Off); 3] = [
        ("OTEL_SDK_DISABLED", |value| value.eq_ignore_ascii_case("true")),
        ("OTEL_TRACES_EXPORTER", |value| !value.contains("otlp")),
        ("OTEL_TRACES_SAMPLER", |value| matches!(value, "always_off" | "parentbased_always_off")),
    ];
    let found =
        switches.iter().find_map(|(name, off)| set(name).filter(|value| off(value)).map(|v| (name, v)));
    found.map(|(name, value)| {
        format!("{name}={} in the environment keeps spans from coming here", clean(&value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_of_an_address_that_it_can_connect_to() {
        for (bound, says) in [
            ("127.0.0.1:4318", "http://127.0.0.1:4318"),
            ("0.0.0.0:7", "http://127.0.0.1:7"),
            ("[::]:7", "http://[::1]:7"),
        ] {
            assert_eq!(told(bound.parse().unwrap()), says);
        }
    }

    #[test]
    fn a_command_gets_the_ports_that_were_asked_for_or_one_that_is_free() {
        let at = |grpc, http| Listen { host: "127.0.0.1".to_owned(), grpc, http };
        let ports = |at: &Listen| {
            let listeners = listeners_for_command(at).unwrap();
            (listeners.grpc_addr().port(), listeners.http_addr().port())
        };
        let (grpc, http) = ports(&at(None, None));
        assert!(grpc == http && grpc != 0);
        let (grpc, http) = ports(&at(Some(0), Some(0)));
        assert_ne!(grpc, http);
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        for (at, flag) in [(at(Some(port), None), "--grpc"), (at(None, Some(port)), "--http")] {
            assert!(listeners_for_command(&at).unwrap_err().to_string().contains(flag));
        }
        drop(taken);
        assert_eq!(ports(&at(Some(port), None)), (port, port));
    }
}
