//! No usable service name.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "unknown-service",
    code: "E1",
    severity: Severity::Warning,
    enabled: true,
    summary: "the resource names no service",
    explain: "\
`service.name` is missing, empty, or the SDK's own default `unknown_service` (with the executable's name after a
colon in some languages).

Why it matters: everything that was started without a name lands in one service; rates, maps and searches mix them.

How it is found: by the resource. Instrumentation Score calls it RES-005.

What looks alike and is fine: short scripts that nobody looks up again. Text that was printed without its resource
(by an old SDK, or cut off) names no service either; there, nothing is said.",
    fix: "Set `OTEL_SERVICE_NAME`, or `service.name` in the resource that the tracer provider is given.",
    code_fixes: &[
        ("nodejs", "a bare `new NodeTracerProvider()` reads no environment: pass `resource: resourceFromAttributes({ 'service.name': … })`, or use NodeSDK"),
        ("python", "`Resource.create({\"service.name\": …})`, which reads OTEL_SERVICE_NAME too"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/resource/#service",
        "open-telemetry/opentelemetry-python-contrib#1068",
        "open-telemetry/opentelemetry-dotnet#5551",
        "open-telemetry/opentelemetry-php#915",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// The default of SDKs: <https://opentelemetry.io/docs/specs/semconv/resource/#service>.
fn is_unnamed(service: &str) -> bool {
    service.is_empty() || service == "unknown_service" || service.starts_with("unknown_service:")
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut unnamed: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    let unnamed_ones =
        cx.processes.iter().filter(|(_, process)| is_unnamed(&process.service) && !process.is_lost);
    for (_, process) in unnamed_ones {
        unnamed.entry(&process.service).or_insert((0, &process.language)).0 += 1;
    }
    for (service, (processes, language)) in unnamed {
        let name = if service.is_empty() { "no name at all" } else { service };
        let message = format!("{} sent spans without a service name ({name})", count(processes, "process"));
        let said = Said::firm(Severity::Warning, 0.95, message)
            .because("service.name is missing from the resource, or is the SDK's default")
            .remedy("set OTEL_SERVICE_NAME where the process is started");
        let spans = cx.gathered.emitters.iter().filter(|(_, e)| cx.processes.service(e.service) == service);
        let mut claim = Claim::about(service, said).spans([], spans.map(|(_, e)| e.spans).sum());
        language.clone_into(&mut claim.language);
        out.push(claim);
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    #[test]
    fn fires_for_a_default_name() {
        let sketch = "GET /a  unknown_service:python  server  0..9  get=/a";
        assert_eq!(found("unknown-service", sketch), ["warning unknown-service firm ×1"]);
    }

    #[test]
    fn silent_for_a_name() {
        assert_eq!(found("unknown-service", "GET /a  shop  server  0..9  get=/a"), [""; 0]);
    }
}
