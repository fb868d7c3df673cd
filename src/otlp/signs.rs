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
    password(&authority[..end]).is_some_and(|at| !is_masked(&authority[at..end]))
}

/// Where the password starts in what stands before the `@` of a URL. A user that was masked may hold a colon:
/// `[redacted:0a1b2c3d]`.
pub(super) fn password(user_info: &[u8]) -> Option<usize> {
    let masked = user_info.starts_with(b"[").then(|| memchr::memchr(b']', user_info)).flatten().unwrap_or(0);
    memchr::memchr(b':', &user_info[masked..]).map(|colon| masked + colon + 1)
}

/// Whether a query carries a signature that is not masked.
fn is_signed(query: &[u8]) -> bool {
    query.len() > 4
        && query.split(|b| matches!(b, b'?' | b'&')).any(|parameter| {
            let value = SIGNATURES.iter().find_map(|name| parameter.strip_prefix(*name));
            value.is_some_and(|value| !is_masked(value))
        })
}

/// Whether nothing is left of a secret: it is empty, or all of it is stars, dots, a word that says so, or a place to put
/// one. One secret beside a mask is enough: `a=REDACTED; b=hunter2` is none.
pub(super) fn is_masked(value: &[u8]) -> bool {
    is_mask(value)
        || value.split(|b| matches!(b, b';' | b',' | b'&')).all(|part| {
            let part = part.trim_ascii();
            // `name=REDACTED` of a cookie, and `Bearer REDACTED`.
            let (name, rest) =
                memchr::memchr2(b'=', b' ', part).map_or((part, part), |at| (&part[..at], &part[at + 1..]));
            let names = part.get(name.len()) == Some(&b'=') || name.iter().all(u8::is_ascii_alphabetic);
            is_mask(part) || names && (says_so(rest) || rest.len() >= 3 && rest.iter().all(|b| *b == b'*'))
        })
}

fn is_mask(value: &[u8]) -> bool {
    let plain = value.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-'));
    plain || matches!(value, b"password" | b"pass" | b"PASSWORD") || says_so(value) || is_place(value)
}

/// `[redacted:0a1b2c3d]`, `REDACTED_BY_PROXY`, `<masked>`, `****1234`, `%2A%2A%2A`.
fn says_so(value: &[u8]) -> bool {
    let start = value.iter().position(u8::is_ascii_alphanumeric).unwrap_or(value.len());
    let bare = &value[start..];
    let starts = |word: &[u8]| bare.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word));
    let word = ["redacted", "filtered", "masked"].into_iter().find(|word| starts(word.as_bytes()));
    if let Some(word) = word {
        let rest = &bare[word.len()..];
        return rest.len() <= 48 && !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    }
    // The few characters that some leave.
    let stars = memmem::find(value, b"****").is_some() || memmem::find(value, b"%2A%2A").is_some();
    let left =
        value.len() - memchr::memchr_iter(b'*', value).count() - 3 * memmem::find_iter(value, b"%2A").count();
    stars && left <= 8
}

/// `$1`, `$name`, `${NAME}`, `{name}`, `{{ a.name }}`, `<a name>`; what is cut off at its end too.
fn is_place(value: &[u8]) -> bool {
    match value {
        [b'$', b'{', inner @ ..] => {
            let inner = inner.strip_suffix(b"}").unwrap_or(inner);
            is_name(inner.strip_prefix(b"env:").unwrap_or(inner))
        }
        [b'$', name @ ..] => is_name(name),
        [b'{', inner @ ..] => {
            let inner = inner.strip_prefix(b"{").unwrap_or(inner);
            let inner = inner.strip_suffix(b"}").unwrap_or(inner);
            let inner = inner.strip_suffix(b"}").unwrap_or(inner).trim_ascii();
            inner.is_empty() || inner.split(|b| *b == b'.').all(is_name)
        }
        [b'<', inner @ ..] => {
            let inner = inner.strip_suffix(b">").unwrap_or(inner);
            inner.is_empty() || inner.split(|b| matches!(b, b' ' | b'-' | b'.')).all(is_name)
        }
        _ => false,
    }
}

/// A name of a parameter or of a variable, `name`, `NAME_2`, `p0`, `_id_0`, or its number. Others with digits are no
/// names but may be passwords: `dmin1234`.
pub(super) fn is_name(name: &[u8]) -> bool {
    let bare = name.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |last| last + 1);
    let (bare, digits) = name.split_at(bare);
    let of = |is: fn(&u8) -> bool| name.iter().all(|b| is(b) || *b == b'_');
    name.len() <= 64
        && match bare {
            [] => matches!(digits.len(), 1..=3),
            [b'p' | b'P'] | [.., b'_'] if digits.len() <= 3 => {
                bare.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
            }
            _ => {
                of(u8::is_ascii_alphabetic)
                    || memchr::memchr(b'_', name).is_some()
                        && of(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }
        }
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
    fn masks_are_masks_as_a_whole() {
        for masked in [
            "",
            "****",
            "xxxx",
            "XXX-XX",
            "...",
            "****1234",
            "%2A%2A%2A",
            "REDACTED",
            "[redacted:0a1b2c3d]",
            "<redacted>",
            "[Filtered]",
            "***MASKED***",
            "REDACTED_BY_PROXY",
            "Bearer REDACTED",
            "Bearer [redacted:0a1b2c3d]",
            "a=REDACTED; b=REDACTED",
            "$1",
            "$name",
            "${NAME}",
            "${env:DB_PASSWORD_2}",
            "{}",
            "{0}",
            "{name}",
            "{{ vault.name }}",
            "<TOKEN>",
            "<your token>",
            "$DB_PASSWORD2",
            "password",
        ] {
            assert!(is_masked(masked.as_bytes()), "{masked}");
        }
        for secret in [
            "$2b$10$N9qo8uLOickgx2ZMRZoMye",
            "$ecret1",
            "$1a2b3c4d",
            "${PASSWORD:-hunter2}",
            "{\"a\":\"hunter2\"}",
            "<3hunter2",
            "{0af76519-16cd-43dd-8448-eb211c80319c}",
            "{SSHA}0a1b2c3d4e",
            "unmasked7",
            "maskedball7",
            "a=REDACTED; b=hunter2",
            "a=REDACTED&token=abc",
            "hunter2****hunter3",
            "hunter2=",
            "hunter2 REDACTED",
            "Basic x",
            "passw0rd",
        ] {
            assert!(!is_masked(secret.as_bytes()), "{secret}");
        }
        assert_eq!(url("http://[redacted:0a1b2c3d]:[redacted:0a1b2c3e]@shop/a"), []);
        assert_eq!(url("http://[redacted:0a1b2c3d]:hunter2@shop/a"), [Key::Secret]);
    }

    #[test]
    fn thresholds() {
        assert_eq!(sampling_threshold(b"ot=th:c"), Some(0xc000_0000));
        assert_eq!(sampling_threshold(b"vendor=1, ot=rv:123;th:8"), Some(0x8000_0000));
        assert_eq!(sampling_threshold(b"ot=rv:123"), None);
        assert_eq!(sampling_threshold(b"ot=th:zz"), None);
    }
}
