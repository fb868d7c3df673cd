//! Attribute values of the wrong type.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, Origin, Value};
use crate::store::SpanIx;
use std::collections::BTreeSet;

/// The rule.
pub const RULE: Rule = Rule {
    id: "attribute-type",
    code: "F6",
    severity: Severity::Info,
    enabled: false,
    summary: "numbers or lists are sent as text",
    explain: "\
A status code or a port is text instead of a number, or a list of arguments is JSON in a text.

Why it matters: queries that compare numbers find nothing, and lists cannot be searched by item.

How it is found: by the type of the value of keys whose type is fixed by the conventions. Off unless asked for:
Rust's `tracing` and some versions of instrumentations do so while all else is right.

What looks alike and is fine: data that passed through a format without types, such as Zipkin's tags: spans read from
a Zipkin dump are left alone.",
    fix: "Set attributes with their native types: integers for status codes and ports, arrays for lists.",
    code_fixes: &[
        ("python", "`span.set_attribute(\"http.response.status_code\", int(status))`"),
        ("nodejs", "`span.setAttribute('http.response.status_code', Number(status))`"),
    ],
    references: &["https://opentelemetry.io/docs/specs/otel/common/#attribute"],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const WRONG: KeySet = KeySet::of(&[Key::NumberAsText, Key::ListAsText]);
/// Keys whose values are numbers.
const NUMBERS: KeySet = KeySet::of(&[
    Key::HttpStatus,
    Key::HttpStatusOld,
    Key::ServerPort,
    Key::NetPeerPort,
    Key::NetworkPeerPort,
]);

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (number, emitter) in cx.gathered.emitters.iter() {
        let (n, earliest) = cx.gathered.shapes.count(number, |shape| shape.keys.any(WRONG));
        let held: Vec<SpanIx> = earliest.iter().take(8).filter_map(|span| cx.span(*span)).collect();
        // Tags of Zipkin are text, whatever they were before.
        let untyped = |at: &SpanIx| matches!(cx.store.arrival(*at), Some((_, Origin::Dump(format), _)) if format.starts_with("zipkin"));
        if n == 0 || held.iter().any(untyped) {
            continue;
        }
        let scope = cx.store.scope(emitter.scope);
        let verb = if n == 1 { "has" } else { "have" };
        let message = format!("{} {verb} numbers or lists as text{}", count(n, "span"), by_scope(scope));
        let said = Said::firm(Severity::Info, 0.9, message).remedy(
            "set the attribute with its native type, or see which processor in between turns it into text",
        );
        let keys: BTreeSet<String> = held.into_iter().flat_map(|at| wrong(cx, at)).collect();
        let said = keys.into_iter().fold(said, |said, key| said.because(format!("`{key}` is text")));
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, n);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
}

/// The attributes of a span that are text and should not be.
fn wrong(cx: &Cx<'_>, at: SpanIx) -> Vec<String> {
    let attributes = cx.store.decode(at).map(|span| span.attributes).unwrap_or_default();
    let is_wrong = |key: &str, value: &Value| match (Key::from_name(key.as_bytes()), value) {
        (Some(Key::ProcessCommand), Value::Str(text)) => text.starts_with("[\""),
        (Some(key), Value::Str(_)) => NUMBERS.has(key),
        _ => false,
    };
    attributes.into_iter().filter(|(key, value)| is_wrong(key, value)).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn sent(word: &str) -> Vec<String> {
        found("attribute-type", &format!("GET  s  client  0..9  call=http://b/a {word}"))
    }

    #[test]
    fn fires_for_text() {
        for word in
            ["http.status_code=\"200\"", "net.peer.port=\"8080\"", "process.command_args=[\"serve\",\"-p\"]"]
        {
            assert_eq!(sent(word), ["info attribute-type firm ×1"], "{word}");
        }
    }

    #[test]
    fn silent_for_native_types_and_keys_of_ones_own() {
        for word in
            ["http.status_code=200", "net.peer.port=8080", "app.port=\"8080\"", "process.command_args=serve"]
        {
            assert_eq!(sent(word), [""; 0], "{word}");
        }
    }
}
