//! Keys whose values are secret: those of credentials and of card numbers, and what conventions call personal.

/// Words in a key that make its value secret, wherever they stand in it.
const WORDS: &[&str] = &[
    "authorization",
    "cookie",
    "cookies",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "apikey",
    "jwt",
    "jsessionid",
    "phpsessid",
    "sessionid",
    "enduser",
    "sig",
    "signature",
    "awsaccesskeyid",
];
/// Words that do so at the end only: `token`, but not `token.count` nor `input_tokens`.
const LAST: &[&str] = &[
    "token",
    "session",
    "csrf",
    "xsrf",
    "accesstoken",
    "authtoken",
    "creditcard",
    "cardnumber",
    "cvv",
    "cvc",
];
/// Words that do so behind each other.
const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("session", "id"),
    ("session", "previous"),
    ("forwarded", "for"),
    ("real", "ip"),
    ("amz", "credential"),
];
/// Words that do so behind each other at the end only: `credit_card`, but not `credit_card.brand`.
const LAST_PAIRS: &[(&str, &str)] = &[("credit", "card"), ("card", "number")];
/// Whole keys. Of addresses only the user's own: those of servers and peers tell where a call went.
const KEYS: &[&str] = &[
    "user.email",
    "user.full_name",
    "user.hash",
    "user.id",
    "user.name",
    "client.address",
    "http.client_ip",
];
/// Keys that start so.
const PREFIXES: &[&str] = &["db.query.parameter.", "db.operation.parameter."];
/// Words of keys whose values people choose: a text that follows is taken for one even if it looks like any word.
const CHOSEN: &[&str] = &["password", "passwd", "passphrase", "passcode", "pwd", "apikey", "secret"];

/// Whether the value of this key is masked whatever it is.
pub(super) fn is_secret_key(key: &str) -> bool {
    if KEYS.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
        return true;
    }
    let words = words(key);
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words.last().is_some_and(|word| LAST.contains(&word.as_str()))
        || pairs(&words).any(|pair| PAIRS.contains(&pair))
        || pairs(&words).last().is_some_and(|pair| LAST_PAIRS.contains(&pair))
}

/// Whether this name, in a text, is that of a password or a key. `PasswordMismatchError` and `password_length` are not.
pub(super) fn is_chosen(name: &str) -> bool {
    let words = words(name);
    words.last().is_some_and(|word| CHOSEN.contains(&word.as_str()))
        || pairs(&words).last().is_some_and(|(_, last)| last == "key")
}

/// Whether this name, in a text, is that of an error: `InvalidSignatureException`.
pub(super) fn is_error(name: &str) -> bool {
    words(name).last().is_some_and(|word| matches!(word.as_str(), "error" | "exception" | "failure"))
}

/// Whether this name is that of a header in which a scheme stands before the credential.
pub(super) fn is_authorization(name: &str) -> bool {
    words(name).last().is_some_and(|word| word == "authorization")
}

/// Whether this name is that of a header that holds cookies.
pub(super) fn is_cookie(name: &str) -> bool {
    words(name).last().is_some_and(|word| word == "cookie")
}

fn pairs(words: &[String]) -> impl Iterator<Item = (&str, &str)> {
    words.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str()))
}

/// The words of a key in lower case: `db.user_password`, `x-api-key`, `clientSecret` and `AWSAccessKeyId` alike.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let bytes = key.as_bytes();
    for (at, b) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).map_or(b'_', |before| bytes[before]);
        let ends_acronym =
            before.is_ascii_uppercase() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let begins = b.is_ascii_uppercase() && (!before.is_ascii_uppercase() || ends_acronym);
        if begins || !b.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| b.is_ascii_alphanumeric()) {
            word.push(char::from(b.to_ascii_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_keys() {
        for key in [
            "http.request.header.authorization",
            "http.response.header.set-cookie",
            "http.request.header.set_cookie",
            "http.request.header.x-api-key",
            "db.password",
            "app.csrf_token",
            "session.id",
            "session.previous_id",
            "user.email",
            "enduser.id",
            "client.address",
            "db.query.parameter.0",
            "X-Amz-Signature",
            "access_token",
            "clientSecret",
            "userPassword",
            "apiKey",
            "authToken",
            "sessionId",
            "JSESSIONID",
            "AWSAccessKeyId",
            "AWS_SECRET_ACCESS_KEY",
            "payment.credit_card",
            "cardNumber",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
    }

    #[test]
    fn other_keys() {
        for key in [
            "gen_ai.usage.input_tokens",
            "token.count",
            "token_count",
            "tokenCount",
            "maxTokens",
            "http.request.method",
            "messaging.message.id",
            "db.system",
            "network.peer.address",
            "server.address",
            "k8s.pod.name",
            "thread.id",
            "aws.key",
            "design",
            "credit_card.brand",
            "card.last4",
            "monkey",
            "sessionCount",
        ] {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
