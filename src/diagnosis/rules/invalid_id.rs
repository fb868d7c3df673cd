//! Ids that violate the format: the sender's exporter is broken.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::Key;

/// The rule.
pub const RULE: Rule = Rule {
    id: "invalid-id",
    code: "E3",
    severity: Severity::Error,
    enabled: true,
    summary: "ids violate the format",
    explain: "\
A trace id that is not 16 bytes or all zero, a span id or parent id that is not 8 bytes, or a span id of zeros. The
span was rejected. Eight zero bytes as the parent are told as a hint: they were taken as no parent.

Why it matters: receivers reject such spans, some of them with the whole request; zeros as a parent make orphans of
roots.

How it is found: by length and content, when a span is taken in.

What looks alike and is fine: ids in base64 in OTLP/JSON, which are wrong there, too, but can be read: they are
accepted and told among the remarks.",
    fix: "\
Make ids with the SDK's id generator and export with its OTLP exporter. By hand: 16 and 8 random bytes, not all zero;
in OTLP/JSON as 32 and 16 hex digits; leave the parent id out where there is none.",
    code_fixes: &[],
    references: &[
        "https://opentelemetry.io/docs/specs/otel/trace/api/#spancontext",
        "https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding",
        "open-telemetry/opentelemetry-java#1164",
        "open-telemetry/opentelemetry-dotnet#1288",
        "open-telemetry/opentelemetry-cpp#1107",
        "wandb/weave#7126",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let n = cx.gathered.bad_ids;
    if n > 0 {
        let verb = if n == 1 { "was" } else { "were" };
        let message = format!("{} {verb} rejected: their ids violate the format", count(n, "span"));
        let mut said = Said::firm(Severity::Error, 0.99, message)
            .remedy("make ids with the SDK's id generator: 16 and 8 random bytes, not all zero");
        let mut reasons: Vec<&str> = Vec::new();
        for rejection in cx.store.rejections().filter(|rejection| rejection.bad_id) {
            if reasons.len() < 3 && !reasons.contains(&rejection.reason.as_str()) {
                reasons.push(&rejection.reason);
            }
        }
        reasons.sort_unstable();
        said = reasons.into_iter().fold(said, Said::because);
        out.push(Claim::about("", said).spans([], n));
    }
    for (number, emitter) in cx.gathered.emitters.iter().filter(|(_, e)| e.keys.has(Key::ZeroParent)) {
        let (n, earliest) = cx.gathered.shapes.count(number, |shape| shape.keys.has(Key::ZeroParent));
        let scope = cx.store.scope(emitter.scope);
        let verb = if n == 1 { "has" } else { "have" };
        let message = format!("{} {verb} eight zero bytes for a parent{}", count(n, "span"), by_scope(scope));
        let said = Said::firm(Severity::Info, 0.95, message)
            .because("they were taken as roots; other receivers look for a parent with that id")
            .remedy("leave the parent id out where there is no parent");
        let mut claim = Claim::about(cx.processes.service(emitter.service), said).spans(earliest, n);
        claim.language.clone_from(&emitter.language);
        claim.scope = Some(scope.clone());
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Origin, SpanId, TraceId};
    use crate::otlp::encode::request;
    use crate::otlp::walk;
    use crate::testkit::{Bench, spans};
    use bytes::Bytes;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;

    fn taken(bytes: Bytes) -> Vec<String> {
        let (batch, _) = walk(bytes, "sketch".into(), Origin::Grpc, 0);
        Bench::default().take([batch]).finish().list(|finding| finding.rule.id == "invalid-id")
    }

    #[test]
    fn fires_for_ids_of_zeros_and_counts_them() {
        let mut groups = spans("GET /a  s  server  0..9  get=/a\nGET /b  s  server  10..19  get=/b");
        groups[0].spans[0].trace_id = TraceId::default();
        groups[1].spans[0].span_id = SpanId(0);
        assert_eq!(taken(request(&groups)), ["error invalid-id firm ×2"]);
    }

    #[test]
    fn tells_of_a_parent_of_zeros() {
        let groups = spans("GET /a  s  server  0..9  get=/a");
        let mut request = ExportTraceServiceRequest::decode(request(&groups)).unwrap();
        request.resource_spans[0].scope_spans[0].spans[0].parent_span_id = vec![0; 8];
        assert_eq!(taken(request.encode_to_vec().into()), ["info invalid-id firm ×1"]);
    }

    #[test]
    fn silent_for_no_parent() {
        assert_eq!(taken(request(&spans("GET /a  s  server  0..9  get=/a"))), [""; 0]);
    }
}
