//! Both generations of attribute names.

use super::old_semconv::{OLD, has_both};
use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, SpanId, TraceId};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "mixed-semconv",
    code: "F3",
    severity: Severity::Info,
    enabled: false,
    summary: "old and new attribute names are mixed",
    explain: "\
A service sends both generations of HTTP attribute names: on the same spans, or old ones on some and new ones on
others.

Why it matters: a query for one generation sees a part of the spans. Both on one span cost twice.

How it is found: by a table of superseded names and their successors. Off unless asked for: a service whose libraries
are of different age does this while nothing is broken.

What looks alike and is fine: both names on one span while a transition is under way (`http/dup`).",
    fix: "\
Bring all instrumentations of the service to one generation: upgrade them together, and set
`OTEL_SEMCONV_STABILITY_OPT_IN=http,database` where they understand it. End the transition when dashboards have moved.",
    code_fixes: &[],
    references: &["https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/"],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// What tells the generation of an HTTP span.
const OLD_HTTP: KeySet = KeySet::of(&[Key::HttpMethodOld]);
const NEW_HTTP: KeySet = KeySet::of(&[Key::HttpMethod]);

#[derive(Default)]
struct Generations<'a> {
    both: u64,
    both_earliest: Vec<(TraceId, SpanId)>,
    old: u64,
    new: u64,
    old_scopes: Vec<&'a str>,
    new_scopes: Vec<&'a str>,
    earliest: Vec<(TraceId, SpanId)>,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut services: BTreeMap<&str, Generations<'_>> = BTreeMap::new();
    for (number, emitter) in cx.gathered.emitters.iter() {
        if !emitter.keys.any(OLD) && !emitter.keys.any(NEW_HTTP) {
            continue;
        }
        let of = services.entry(cx.processes.service(emitter.service)).or_default();
        let scope = cx.store.scope(emitter.scope).name.as_str();
        let (both, earliest) = cx.gathered.shapes.count(number, |shape| has_both(shape.keys));
        of.both += both;
        of.both_earliest.extend(earliest);
        let (old, earliest) =
            cx.gathered.shapes.count(number, |shape| shape.keys.any(OLD_HTTP) && !has_both(shape.keys));
        if old > 0 {
            of.old += old;
            of.old_scopes.push(scope);
            of.earliest.extend(earliest);
        }
        let (new, earliest) =
            cx.gathered.shapes.count(number, |shape| shape.keys.any(NEW_HTTP) && !has_both(shape.keys));
        if new > 0 {
            of.new += new;
            of.new_scopes.push(scope);
            of.earliest.extend(earliest);
        }
    }
    for (service, of) in services {
        if of.both > 0 {
            let verb = if of.both == 1 { "carries" } else { "carry" };
            let message = format!("{} {verb} old and new attribute names", count(of.both, "span"));
            let said = Said::firm(Severity::Info, 0.9, message)
                .because("names and their successors are on the same spans, as `http/dup` has it")
                .remedy("end the transition when dashboards have moved: OTEL_SEMCONV_STABILITY_OPT_IN=http,database");
            let mut claim = Claim::about(service, said).spans(of.both_earliest, of.both);
            "both".clone_into(&mut claim.subject);
            out.push(claim);
        }
        if of.old > 0 && of.new > 0 {
            let message = format!(
                "{} have old HTTP attribute names and {} have new ones",
                count(of.old, "span"),
                of.new
            );
            let said = Said::firm(Severity::Info, 0.9, message)
                .because(format!("old: {}", of.old_scopes.join(", ")))
                .because(format!("new: {}", of.new_scopes.join(", ")))
                .remedy("bring the instrumentations of the service to one generation: upgrade them together");
            out.push(Claim::about(service, said).spans(of.earliest, of.old + of.new));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const OLD: &str = "GET /a  s  server  0..9  get=/a\n";
    const NEW: &str = "GET  s  client  2..7  http.request.method=GET url.full=http://b/a\n";

    #[test]
    fn fires_for_both_on_one_span_and_in_one_service() {
        let both = "GET /a  s  server  0..9  get=/a http.request.method=GET url.path=/a";
        assert_eq!(found("mixed-semconv", both), ["info mixed-semconv firm ×1"]);
        assert_eq!(found("mixed-semconv", &format!("{OLD}{NEW}")), ["info mixed-semconv firm ×2"]);
    }

    #[test]
    fn silent_for_one_generation_and_for_two_services() {
        assert_eq!(found("mixed-semconv", OLD), [""; 0]);
        assert_eq!(found("mixed-semconv", NEW), [""; 0]);
        assert_eq!(found("mixed-semconv", &format!("{OLD}{}", NEW.replace("  s  ", "  web  "))), [""; 0]);
    }
}
