//! Where we listen, what a command that we start is told of it, and what its environment says besides.

use crate::cli::Listen;
use crate::harmless::clean;
use crate::receiver::{BindError, Listeners, bind, bind_one};
use std::ffi::OsString;
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

/// What the environment and the command itself say of where to send, and what becomes of it.
pub(super) fn diverted(command: &[OsString]) -> Vec<String> {
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
    said.extend(sent_elsewhere(&options(command)));
    said
}

/// An option that sends spans elsewhere, whatever the environment says.
fn sent_elsewhere(options: &[(String, String)]) -> Option<String> {
    let [traces, ..] = SIGNAL_ENDPOINTS;
    let (name, value) = [traces, ENDPOINT].iter().find_map(|name| option(options, name))?;
    // It may name one of our ports, which were asked for.
    Some(format!(
        "{name} {} in the command decides where its spans go: leave it out, unless it leads here",
        clean(value)
    ))
}

/// The options of `opentelemetry-instrument`, each with its value: one for every variable, and stronger than that.
fn options(command: &[OsString]) -> Vec<(String, String)> {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    // A word may be a script of the shell.
    let words = words.iter().flat_map(|word| word.split_whitespace());
    let mut words = words.skip_while(|word| !word.ends_with("opentelemetry-instrument")).skip(1);
    let mut options = Vec::new();
    while let Some(word) = words.next().filter(|word| word.starts_with("--")) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, words.next()),
        };
        options.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    options
}

/// The option that stands for this variable, and its value.
fn option<'a>(options: &'a [(String, String)], variable: &str) -> Option<(&'a str, &'a str)> {
    let name = variable.strip_prefix("OTEL_")?.to_ascii_lowercase();
    let found = options.iter().rfind(|(option, _)| option.strip_prefix("--").is_some_and(|it| it == name));
    found.map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The value of a variable that is set and not empty.
pub(super) fn set(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// What keeps the spans of a command from coming here, where nothing else does: a variable, or an option of its own.
pub(super) fn kept_away(command: &[OsString]) -> Option<String> {
    switched_off(command).or_else(|| sent_elsewhere(&options(command)))
}

/// A variable, or an option of the command, that keeps SDKs from sending spans to anybody over OTLP.
pub(super) fn switched_off(command: &[OsString]) -> Option<String> {
    type Off = fn(&str) -> bool;
    let switches: [(&str, Off); 3] = [
        ("OTEL_SDK_DISABLED", |value| value.eq_ignore_ascii_case("true")),
        ("OTEL_TRACES_EXPORTER", |value| !value.contains("otlp")),
        ("OTEL_TRACES_SAMPLER", |value| matches!(value, "always_off" | "parentbased_always_off")),
    ];
    let options = options(command);
    switches.iter().find_map(|(name, off)| match option(&options, name) {
        Some((option, value)) => off(value)
            .then(|| format!("{option} {} in the command keeps spans from coming here", clean(value))),
        None => set(name)
            .filter(|value| off(value))
            .map(|value| format!("{name}={} in the environment keeps spans from coming here", clean(&value))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_keep_spans_away_are_named() {
        let words = |text: &str| -> Vec<OsString> { text.split(' ').map(OsString::from).collect() };
        for (command, says) in [
            ("opentelemetry-instrument --traces_exporter console flask run", "--traces_exporter console in"),
            (
                "uv run opentelemetry-instrument --service_name a --traces_exporter=none x",
                "--traces_exporter none",
            ),
            ("opentelemetry-instrument --traces_exporter console,otlp flask run", ""),
            ("opentelemetry-instrument flask run --traces_exporter console", ""),
            ("flask run --traces_exporter console", ""),
            (
                "/v/bin/opentelemetry-instrument --exporter_otlp_endpoint http://c:4317 x",
                "--exporter_otlp_endpoint http://c:4317 in the command decides where its spans go",
            ),
            (
                "opentelemetry-instrument --exporter_otlp_traces_endpoint http://c:4318/v1/traces x",
                "--exporter_otlp_traces_endpoint http://c",
            ),
            ("opentelemetry-instrument --exporter_otlp_logs_endpoint http://c:4318/v1/logs x", ""),
        ] {
            let said = kept_away(&words(command)).unwrap_or_default();
            assert!(said.starts_with(says) && says.is_empty() == said.is_empty(), "{command}: {said}");
        }
        let script =
            [OsString::from("sh"), "-c".into(), "opentelemetry-instrument --sdk_disabled true x".into()];
        assert!(kept_away(&script).unwrap().contains("--sdk_disabled true"));
    }

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
