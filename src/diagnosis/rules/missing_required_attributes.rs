//! Attributes that conventions require are missing.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::shapes::Shape;
use crate::diagnosis::claim::{Claim, Said, by_scope};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, SpanKind};

/// The rule.
pub const RULE: Rule = Rule {
    id: "missing-required-attributes",
    code: "F4",
    severity: Severity::Info,
    enabled: false,
    summary: "attributes that conventions require are missing",
    explain: "\
Spans that describe HTTP requests, database calls, messages or invocations lack an attribute that the semantic
conventions require of them.

Why it matters: service maps, endpoints and templates of back ends are built from exactly these.

How it is found: by role and kind, with old names taken for new ones; at least 20 spans of a scope and 90 % of its
spans of that role. Off unless asked for: instrumentations in wide use leave some of them out.

What looks alike and is fine: attributes that a processor redacts, spans that the SDK shortened (their count of dropped
attributes tells).",
    fix: "Upgrade the instrumentation; in code of your own, set the attribute when the span is started.",
    code_fixes: &[],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/http/http-spans/",
        "https://opentelemetry.io/docs/specs/semconv/database/database-spans/",
        "https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/",
        "https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const MANY: u64 = 20;
const PERCENT: u64 = 90;

/// One requirement: of which spans, what it is called, and the keys that fulfil it.
struct Required {
    of: &'static str,
    concerns: fn(&Shape) -> bool,
    name: &'static str,
    any: KeySet,
}

const fn required(
    of: &'static str,
    concerns: fn(&Shape) -> bool,
    name: &'static str,
    any: &[Key],
) -> Required {
    Required { of, concerns, name, any: KeySet::of(any) }
}

fn http_server(shape: &Shape) -> bool {
    (shape.role, shape.kind) == (Role::HttpIn, SpanKind::Server)
}

fn http_client(shape: &Shape) -> bool {
    (shape.role, shape.kind) == (Role::HttpOut, SpanKind::Client)
}

fn database(shape: &Shape) -> bool {
    shape.kind == SpanKind::Client && shape.keys.any(KeySet::of(&[Key::DbOld, Key::DbNew]))
}

fn message(shape: &Shape) -> bool {
    matches!(shape.role, Role::MessageIn | Role::MessageOut | Role::MessageReceive)
        || shape.keys.has(Key::MessagingSystem)
}

fn invocation(shape: &Shape) -> bool {
    shape.role == Role::FaasIn
}

/// Old client spans say host and port in their URL.
const REQUIRED: &[Required] = &[
    required("HTTP server", http_server, "url.path", &[Key::UrlPath, Key::HttpTarget, Key::HttpUrl]),
    required("HTTP server", http_server, "url.scheme", &[Key::UrlScheme, Key::HttpScheme, Key::HttpUrl]),
    required("HTTP client", http_client, "url.full", &[Key::UrlFull, Key::HttpUrl, Key::HttpTarget]),
    required(
        "HTTP client",
        http_client,
        "server.address",
        &[Key::ServerAddress, Key::NetPeerName, Key::HttpHost, Key::HttpUrl],
    ),
    required("HTTP client", http_client, "server.port", &[Key::ServerPort, Key::NetPeerPort, Key::HttpUrl]),
    required("database", database, "db.system.name", &[Key::DbSystem]),
    required("messaging", message, "messaging.system", &[Key::MessagingSystem]),
    required(
        "messaging",
        message,
        "messaging.operation.name",
        &[Key::MessagingOperationName, Key::MessagingOperationOld, Key::MessagingOperationType],
    ),
    required("function", invocation, "faas.trigger", &[Key::FaasTrigger]),
];

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (number, emitter) in cx.gathered.emitters.iter() {
        let mut missing: Vec<(&Required, u64, u64)> = Vec::new();
        let mut earliest = Vec::new();
        for required in REQUIRED {
            // What the SDK dropped was not left out.
            let concerns = |shape: &Shape| (required.concerns)(shape) && !shape.keys.has(Key::Dropped);
            let (all, _) = cx.gathered.shapes.count(number, concerns);
            let lacks = |shape: &Shape| concerns(shape) && !shape.keys.any(required.any);
            let (without, spans) = cx.gathered.shapes.count(number, lacks);
            if without >= MANY && without * 100 >= all * PERCENT {
                missing.push((required, without, all));
                earliest.extend(spans);
            }
        }
        let Some(most) = missing.iter().map(|(_, without, _)| *without).max() else { continue };
        earliest.sort_unstable();
        earliest.dedup();
        let scope = cx.store.scope(emitter.scope);
        let names: Vec<&str> = missing.iter().map(|(required, ..)| required.name).collect();
        let message = format!("{most} spans lack {}{}", names.join(", "), by_scope(scope));
        let said = Said::firm(Severity::Info, 0.7, message)
            .remedy("upgrade the instrumentation; in code of your own, set it when the span is started");
        let said = missing.into_iter().fold(said, |said, (required, without, all)| {
            said.because(format!("{without} of {all} {} spans have no {}", required.of, required.name))
        });
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, most);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn sent(kind: &str, words: &str) -> Vec<String> {
        let line = |n: usize| format!("x  s  {kind}  {}..{}  {words}\n", n * 10, n * 10 + 5);
        found("missing-required-attributes", &(0..30).map(line).collect::<String>())
    }

    #[test]
    fn fires_for_what_is_required() {
        let told = ["info missing-required-attributes firm ×30"];
        assert_eq!(sent("server", "http.request.method=GET url.path=/a"), told, "url.scheme");
        assert_eq!(sent("client", "http.request.method=GET url.full=http://b/a"), told, "server.address");
        assert_eq!(sent("client", "db.statement=SELECT"), told, "db.system");
        assert_eq!(sent("consumer", "messaging.operation=process"), told, "messaging.system");
    }

    #[test]
    fn silent_for_whole_spans_and_old_names() {
        for (kind, words) in [
            ("server", "http.request.method=GET url.path=/a url.scheme=http"),
            ("server", "get=/a"),
            ("client", "call=http://b/a"),
            ("client", "http.request.method=GET url.full=http://b/a server.address=b server.port=80"),
            ("client", "db.system=mysql db.statement=SELECT"),
            ("consumer", "messaging.system=kafka messaging.operation=process"),
            ("internal", "app.key=value"),
        ] {
            assert_eq!(sent(kind, words), [""; 0], "{words}");
        }
    }
}
