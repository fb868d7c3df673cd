//! Signs in attribute values: what a rule must know of a value is settled here, so that no value is read twice.

use crate::model::{Key, KeySet};
use memchr::memmem;

/// Paths that take telemetry (OTLP/HTTP, Zipkin, Jaeger).
const TELEMETRY_PATHS: &[&[u8]] =
    &[b"/v1/traces", b"/v1/metrics", b"/v1/logs", b"/api/v2/spans", b"/api/traces"];
/// The last segment of the path of a probe.
const PROBES: &[&[u8]] = &[
    b"health",
    b"healthz",
    b"healthcheck",
    b"health-check",
    b"ready",
    b"readyz",
    b"readiness",
    b"live",
    b"livez",
    b"liveness",
    b"ping",
    b"metrics",
    b"status",
];
/// Parameters of signed URLs (AWS, Azure), that conventions demand to mask.
const SIGNATURES: &[&[u8]] = &[b"sig=", b"X-Amz-Signature=", b"AWSAccessKeyId=", b"X-Goog-Signature="];
/// Database engines that run inside of the process.
const EMBEDDED: &[&[u8]] = &[
    b"sqlite",
    b"h2",
    b"h2database",
    b"hsqldb",
    b"derby",
    b"duckdb",
    b"rocksdb",
    b"leveldb",
    b"lmdb",
    b"indexeddb",
    b"realm",
];

/// What a URL, a path, or a path with its query tells.
pub(super) fn of_url(text: &[u8], keys: &mut KeySet) {
    let path_end = memchr::memchr2(b'?', b'#', text).unwrap_or(text.len());
    let path = &text[..path_end];
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let last = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    if last.len() <= 16 {
        if TELEMETRY_PATHS.iter().any(|telemetry| path.ends_with(telemetry)) {
            keys.insert(Key::TelemetryCall);
        }
        if PROBES.contains(&last) {
            keys.insert(Key::ProbePath);
        }
    }
    if text.starts_with(b"ws://") || text.starts_with(b"wss://") {
        keys.insert(Key::Websocket);
    }
    if has_user_info(path) || is_signed(&text[path_end..]) {
        keys.insert(Key::Secret);
    }
}

/// What the value of a watched key tells.
pub(super) fn of_value(key: Key, text: &[u8], keys: &mut KeySet) {
    match key {
        Key::UrlQuery if is_signed(text) => keys.insert(Key::Secret),
        Key::RpcService if text.starts_with(b"opentelemetry.proto.collector.") => {
            keys.insert(Key::TelemetryCall);
        }
        Key::RpcSystem if text == b"aws-api" => keys.insert(Key::AwsApi),
        Key::DbSystem if EMBEDDED.contains(&text) => keys.insert(Key::EmbeddedDb),
        Key::GenAiOperation
            if matches!(text, b"execute_tool" | b"invoke_agent" | b"create_agent" | b"invoke_workflow") =>
        {
            keys.insert(Key::GenAiInProcess);
        }
        Key::NetworkProtocol if text.eq_ignore_ascii_case(b"websocket") => keys.insert(Key::Websocket),
        Key::UrlScheme if matches!(text, b"ws" | b"wss") => keys.insert(Key::Websocket),
        Key::ProcessCommand if text.starts_with(b"[\"") && text.ends_with(b"]") => {
            keys.insert(Key::ListAsText);
        }
        Key::SecretHeader if !is_masked(text) => keys.insert(Key::Secret),
        Key::DbConnection if has_user_info(text) => keys.insert(Key::Secret),
        _ => {}
    }
}

/// Whether the text of an attribute looks like a credential that was not masked, as [`Key::Secret`] says of a span.
pub(crate) fn is_secret(key: &str, text: &str) -> bool {
    let mut keys = KeySet::default();
    match Key::from_name(key.as_bytes()) {
        Some(Key::UrlPath | Key::HttpTarget | Key::UrlFull | Key::HttpUrl) => {
            of_url(text.as_bytes(), &mut keys);
        }
        Some(key) => of_value(key, text.as_bytes(), &mut keys),
        None => {}
    }
    keys.has(Key::Secret)
}

/// The upper 32 of the 56 bits of the rejection threshold in `tracestate` (`ot=th:c8`), if there is one.
///
/// Trace state, probability sampling: <https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>
pub(super) fn sampling_threshold(state: &[u8]) -> Option<u32> {
    let entry = state.split(|b| *b == b',').find_map(|entry| entry.trim_ascii().strip_prefix(b"ot="))?;
    let digits = entry.split(|b| *b == b';').find_map(|part| part.strip_prefix(b"th:"))?;
    if digits.is_empty() || digits.len() > 14 {
        return None;
    }
    // Trailing zeros are left out when it is written.
    let digit = |i: usize| digits.get(i).map_or(Some(0), |b| (*b as char).to_digit(16));
    (0..8).try_fold(0_u32, |value, i| Some(value << 4 | digit(i)?))
}

/// Whether a URL carries a user and a password that is not masked.
fn has_user_info(url: &[u8]) -> bool {
    let Some(at) = memmem::find(url, b"://") else { return false };
    let authority = url[at + 3..].split(|b| *b == b'/').next().unwrap_or_default();
    let Some(end) = memchr::memrchr(b'@', authority) else { return false };
    let password = authority[..end].splitn(2, |b| *b == b':').nth(1).unwrap_or_default();
    !is_masked(password)
}

/// Whether a query carries a signature that is not masked.
fn is_signed(query: &[u8]) -> bool {
    query.len() > 4
        && query.split(|b| matches!(b, b'?' | b'&')).any(|parameter| {
            let value = SIGNATURES.iter().find_map(|name| parameter.strip_prefix(*name));
            value.is_some_and(|value| !is_masked(value))
        })
}

/// Whether nothing is left of a secret: empty, stars, dots, a word that says so, or a place to put one.
pub(super) fn is_masked(value: &[u8]) -> bool {
    let placeholder = matches!(value, [b'$' | b'<' | b'{', ..] | b"password" | b"pass" | b"PASSWORD");
    let plain = value.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-'));
    let says_so =
        [&b"REDACTED"[..], b"redacted", b"Redacted", b"FILTERED", b"Filtered", b"%2A%2A", b"masked", b"****"];
    placeholder || plain || says_so.iter().any(|word| memmem::find(value, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Vec<Key> {
        let mut keys = KeySet::default();
        of_url(text.as_bytes(), &mut keys);
        [Key::TelemetryCall, Key::ProbePath, Key::Websocket, Key::Secret]
            .into_iter()
            .filter(|k| keys.has(*k))
            .collect()
    }

    #[test]
    fn urls() {
        assert_eq!(url("http://127.0.0.1:4318/v1/traces"), [Key::TelemetryCall]);
        assert_eq!(url("/v1/logs/?x=1"), [Key::TelemetryCall]);
        assert_eq!(url("https://shop/v1/traces/7"), []);
        assert_eq!(url("/healthz"), [Key::ProbePath]);
        assert_eq!(url("/health/records"), []);
        assert_eq!(url("wss://chat/room"), [Key::Websocket]);
    }

    #[test]
    fn secrets_and_what_was_masked() {
        for told in
            ["http://ann:hunter2@shop/a", "/blob?sv=1&sig=abc%3D", "https://b/k?X-Amz-Signature=00ff&x=1"]
        {
            assert_eq!(url(told), [Key::Secret], "{told}");
        }
        for masked in [
            "http://REDACTED:REDACTED@shop/a",
            "http://ann:***@shop/",
            "http://ann:${PASSWORD}@shop/",
            "http://user:password@shop/",
            "/blob?sig=REDACTED",
            "/a?signal=1",
            "/mail/ann:x@y",
            "http://shop/a?to=ann:x@y",
            "http://ann@shop/",
        ] {
            assert_eq!(url(masked), [], "{masked}");
        }
        let mut keys = KeySet::default();
        of_value(Key::SecretHeader, b"[REDACTED]", &mut keys);
        assert!(!keys.has(Key::Secret));
        of_value(Key::SecretHeader, b"Bearer abc", &mut keys);
        assert!(keys.has(Key::Secret));
        assert!(is_secret("db.connection_string", "postgresql://ann:hunter2@db:5432/shop"));
        assert!(!is_secret("db.connection_string", "Server=db;Database=shop"));
        assert!(is_secret("url.query", "sig=abc") && !is_secret("app.note", "sig=abc"));
    }

    #[test]
    fn thresholds() {
        assert_eq!(sampling_threshold(b"ot=th:c"), Some(0xc000_0000));
        assert_eq!(sampling_threshold(b"vendor=1, ot=rv:123;th:8"), Some(0x8000_0000));
        assert_eq!(sampling_threshold(b"ot=rv:123"), None);
        assert_eq!(sampling_threshold(b"ot=th:zz"), None);
    }
}
