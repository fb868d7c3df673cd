//! Where a command that we start sends to: what it is told, and what its environment says besides.

use crate::harmless::clean;

/// What tells SDKs where to send: one port of ours takes all three protocols, so nothing else need be said.
pub(super) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// What tells them so before that is asked.
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// What the environment says of where to send, and what becomes of it.
pub(super) fn diverted() -> Vec<String> {
    let mut said = Vec::new();
    if let Some(value) = set(ENDPOINT) {
        said.push(format!("{ENDPOINT}={} is overridden for the command", clean(&value)));
    }
    if let Some(value) = set(TRACES_ENDPOINT) {
        said.push(format!(
            "{TRACES_ENDPOINT}={} is set and comes first: the command sends its spans there, not here; unset it",
            clean(&value)
        ));
    }
    said
}

/// The value of a variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// A variable that keeps SDKs from sending spans to us.
pub(super) fn switched_off() -> Option<String> {
    type Off = fn(&str) -> bool;
    let switches: [(&str, Off); 4] = [
        ("OTEL_SDK_DISABLED", |value| value.eq_ignore_ascii_case("true")),
        ("OTEL_TRACES_EXPORTER", |value| !value.contains("otlp")),
        ("OTEL_TRACES_SAMPLER", |value| value == "always_off"),
        (TRACES_ENDPOINT, |_| true),
    ];
    let found =
        switches.iter().find_map(|(name, off)| set(name).filter(|value| off(value)).map(|v| (name, v)));
    found.map(|(name, value)| format!("{name}={value} in the environment keeps spans from coming here"))
}
