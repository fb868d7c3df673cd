//! Credentials in span data.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet};
use std::collections::BTreeSet;

/// The rule.
pub const RULE: Rule = Rule {
    id: "leaked-secret",
    code: "F7",
    severity: Severity::Warning,
    enabled: true,
    summary: "a password, token or signature is in an attribute",
    explain: "\
An attribute holds a credential: a password in a URL (`user:pass@`), the signature of a signed URL (`sig=`,
`X-Amz-Signature=`, `AWSAccessKeyId=`, `X-Goog-Signature=`), or the value of a header such as Authorization or Cookie.

Why it matters: whoever may read traces can use it, for as long as traces are kept. Conventions demand to mask it.

How it is found: by the shape of URLs, query parameters and known header attributes. Only the key is shown here.

What looks alike and is fine: values that are masked (`REDACTED`, stars), a placeholder (`${PASSWORD}`), a user
without a password.",
    fix: "\
Treat the credential as known and replace it. Then mask it at the source: upgrade the instrumentation, take the header
off the list of captured headers, or use the Collector's redaction processor. Purge what was stored.",
    code_fixes: &[
        ("python", "set OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS=authorization,cookie,set-cookie"),
        ("java", "take the header out of otel.instrumentation.http.client.capture-request-headers and its kin"),
        ("nodejs", "take the header out of `headersToSpanAttributes`; `redactedQueryParams` masks parameters of URLs"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/",
        "https://opentelemetry.io/docs/security/handling-sensitive-data/",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None,
        watch: Watch::keys(KeySet::of(&[Key::Secret])),
        check,
        excused_by: None,
        say,
    }),
};

/// How many spans are read for the names of their keys.
const READ: usize = 8;

#[expect(clippy::unnecessary_wraps, reason = "the watched key says it all")]
fn check(span: &Seen<'_>) -> Option<Mark> {
    Some(span.mark())
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of every rule")]
fn say(case: &Case<'_>) -> Option<Said> {
    let n = case.n();
    let verb = if n == 1 { "carries" } else { "carry" };
    let message = format!("{} {verb} a credential that is not masked{}", count(n, "span"), case.by());
    let store = case.cx.store;
    let spans = case.tally.sample.keys().take(READ).filter_map(|(_, trace, span)| {
        store.find_trace(*trace).and_then(|trace| store.find_span(trace, *span))
    });
    let keys: BTreeSet<String> = spans.flat_map(|span| store.secret_keys(span)).collect();
    let said = Said::firm(Severity::Warning, 0.85, message)
        .remedy("replace the credential: whoever may read traces knows it")
        .remedy("mask it where the span is made, or in the Collector (redaction processor)");
    let said = keys.into_iter().fold(said, |said, key| said.because(format!("in `{key}` (value not shown)")));
    let names = case.names(3);
    Some(said.because(format!("on spans such as `{}`", names.join("`, `"))))
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, found};

    #[test]
    fn fires_for_a_password_and_shows_its_key_only() {
        let sketch = "GET  web  client  0..30  call=http://ann:hunter2@s/a";
        assert_eq!(found("leaked-secret", sketch), ["warning leaked-secret firm ×1"]);
        let mut bench = Bench::default();
        bench.take(by_end(sketch)).finish();
        let finding = &bench.0.diagnosis.findings()[0];
        let words = format!("{} {:?} {:?}", finding.message, finding.evidence, finding.remedy);
        assert!(words.contains("`http.url`") && !words.contains("hunter2"), "{words}");
    }

    #[test]
    fn fires_for_signed_urls_and_headers() {
        for word in [
            "url.query=X-Amz-Signature=00ff",
            "http.request.header.authorization=Bearer:abc",
            "db.connection_string=amqp://ann:hunter2@mq:5672",
        ] {
            let sketch = format!("GET  web  client  0..30  {word}");
            assert_eq!(found("leaked-secret", &sketch), ["warning leaked-secret firm ×1"], "{word}");
        }
    }

    #[test]
    fn silent_for_what_is_masked() {
        for word in [
            "call=http://REDACTED:REDACTED@s/a",
            "call=http://ann:${PASSWORD}@s/a",
            "call=http://ann@s/a?signal=1",
            "url.query=sig=REDACTED",
            "http.request.header.cookie=****",
        ] {
            let sketch = format!("GET  web  client  0..30  {word}");
            assert_eq!(found("leaked-secret", &sketch), [""; 0], "{word}");
        }
    }
}
