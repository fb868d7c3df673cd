//! Superseded attribute names.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet};

/// The rule.
pub const RULE: Rule = Rule {
    id: "old-semconv",
    code: "F3",
    severity: Severity::Info,
    enabled: false,
    summary: "attributes have names that were superseded",
    explain: "\
The spans of a scope use attribute names that stable semantic conventions have replaced, such as `http.method` instead
of `http.request.method`.

Why it matters: dashboards and back ends move to the stable names; what asks for one generation does not see the other.

How it is found: by a table of superseded HTTP, network, database and messaging names. Off unless asked for: many
instrumentations still send the old names by default, and nothing is broken by that.

What looks alike and is fine: both names on one span, for a transition (`mixed-semconv`).",
    fix: "\
Upgrade the instrumentation, or let it send both for a while: `OTEL_SEMCONV_STABILITY_OPT_IN=http/dup,database/dup`,
then `http,database`.",
    code_fixes: &[],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/",
        "https://opentelemetry.io/docs/specs/semconv/non-normative/db-migration/",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// A key of superseded names, what took its place, and the key of that.
pub(super) const SUCCESSORS: &[(Key, &str, Key)] = &[
    (Key::HttpMethodOld, "http.request.method", Key::HttpMethod),
    (Key::HttpStatusOld, "http.response.status_code", Key::HttpStatus),
    (Key::HttpTarget, "url.path and url.query", Key::UrlPath),
    (Key::HttpScheme, "url.scheme", Key::UrlScheme),
    (Key::HttpUrl, "url.full", Key::UrlFull),
    (Key::HttpHost, "server.address", Key::ServerAddress),
    (Key::HttpServerName, "server.address", Key::ServerAddress),
    (Key::NetHostName, "server.address and server.port", Key::ServerAddress),
    (Key::NetPeerName, "server.address", Key::ServerAddress),
    (Key::NetPeerPort, "server.port, on servers client.port or network.peer.port", Key::NetworkPeerPort),
    (Key::HttpClientIp, "client.address", Key::ClientAddress),
    (Key::NetPeerIp, "network.peer.address", Key::NetworkPeerAddress),
    (Key::HttpUserAgent, "user_agent.original", Key::UserAgent),
    (Key::HttpFlavorOld, "network.protocol.version", Key::NetworkProtocol),
    (Key::DbOld, "db.query.text, db.operation.name, db.namespace", Key::DbNew),
    (Key::MessagingOperationOld, "messaging.operation.type", Key::MessagingOperationType),
];

/// Every key of superseded names.
pub(super) const OLD: KeySet = {
    let mut keys = [Key::HttpMethodOld; SUCCESSORS.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = SUCCESSORS[i].0;
        i += 1;
    }
    KeySet::of(&keys)
};

/// Whether a span carries an old name beside its successor.
pub(super) fn has_both(keys: KeySet) -> bool {
    SUCCESSORS.iter().any(|(old, _, new)| keys.has(*old) && keys.has(*new))
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (number, emitter) in cx.gathered.emitters.iter().filter(|(_, emitter)| emitter.keys.any(OLD)) {
        let only_old = |keys: KeySet| keys.any(OLD) && !has_both(keys);
        let (n, earliest) = cx.gathered.shapes.count(number, |shape| only_old(shape.keys));
        if n == 0 {
            continue;
        }
        let scope = cx.store.scope(emitter.scope);
        let verb = if n == 1 { "has" } else { "have" };
        let message = format!("{} {verb} superseded attribute names{}", count(n, "span"), by_scope(scope));
        let mut said = Said::firm(Severity::Info, 0.9, message).remedy(
            "upgrade the instrumentation, or set OTEL_SEMCONV_STABILITY_OPT_IN=http/dup,database/dup",
        );
        for (key, successor, _) in SUCCESSORS.iter().filter(|(key, ..)| emitter.keys.has(*key)) {
            let (spans, _) =
                cx.gathered.shapes.count(number, |shape| shape.keys.has(*key) && only_old(shape.keys));
            if spans > 0 {
                let names: Vec<&str> = key.names().collect();
                said = said.because(format!("{} is now {successor} (×{spans})", names.join(" or ")));
            }
        }
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, n);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    #[test]
    fn fires_for_old_names() {
        assert_eq!(found("old-semconv", "GET /a  s  server  0..9  get=/a"), ["info old-semconv firm ×1"]);
        let query = "query  s  client  0..9  db.system=mysql db.statement=SELECT";
        assert_eq!(found("old-semconv", query), ["info old-semconv firm ×1"]);
    }

    #[test]
    fn silent_for_new_names_and_for_both() {
        let new = "GET /a  s  server  0..9  http.request.method=GET url.path=/a url.scheme=http";
        assert_eq!(found("old-semconv", new), [""; 0]);
        let both = "GET /a  s  server  0..9  get=/a http.request.method=GET url.path=/a";
        assert_eq!(found("old-semconv", both), [""; 0]);
    }
}
