//! Two SDKs, or two copies of an instrumentation, in one process.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::resources::Times;
use crate::diagnosis::claim::{Claim, Said};
use crate::diagnosis::process::ProcessIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "mixed-sdk",
    code: "E8",
    severity: Severity::Info,
    enabled: true,
    summary: "two versions of one SDK or scope in one process",
    explain: "\
One process sent spans with two values of `telemetry.sdk.version`, or spans of one instrumentation scope in two
versions: two copies of a library are loaded, or an agent runs beside an SDK that was set up by hand.

Why it matters: each copy has its own idea of the current span and of what to export. Requests are counted twice, or
fall into two traces.

How it is found: only where an id tells the process from every other (`service.instance.id`, or host and process id), and
both versions sent spans at the same time.

What looks alike and is fine: a rolling deployment, in which both versions run in processes of their own.",
    fix: "Load one copy: either the agent or the SDK in code. Deduplicate the packages of the application's dependencies.",
    code_fixes: &[
        ("nodejs", "`npm ls @opentelemetry/api @opentelemetry/sdk-trace-base` shows copies; `npm dedupe`, or `overrides`"),
        ("java", "leave the SDK and instrumentation libraries out of the application where the Java agent runs"),
        ("python", "`pip list | grep opentelemetry`, and either `opentelemetry-instrument` or the set-up in code"),
    ],
    references: &["huang-julien/nitro-applicationinsights#296"],
    symptom_of: &["instance-id-shared"],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (process, resources) in cx.gathered.resources.of_processes() {
        let mut versions: BTreeMap<&str, Times> = BTreeMap::new();
        for number in resources {
            let version = cx.store.resource(*number).text("telemetry.sdk.version");
            widen(versions.entry(version).or_default(), cx.gathered.resources.times(*number));
        }
        versions.remove("");
        tell(cx, process, "the OpenTelemetry SDK", &versions, out);
    }
    let mut scopes: BTreeMap<(ProcessIx, &str), BTreeMap<&str, Times>> = BTreeMap::new();
    for (process, scope, times) in cx.gathered.resources.scopes() {
        let scope = cx.store.scope(scope);
        if !scope.name.is_empty() && !scope.version.is_empty() {
            let versions = scopes.entry((process, &scope.name)).or_default();
            widen(versions.entry(&scope.version).or_default(), times);
        }
    }
    for ((process, scope), versions) in &scopes {
        tell(cx, *process, scope, versions, out);
    }
}

fn widen(times: &mut Times, more: Times) {
    times.first_ns = times.first_ns.min(more.first_ns);
    times.last_ns = times.last_ns.max(more.last_ns);
    times.spans += more.spans;
}

fn tell(cx: &Cx<'_>, process: ProcessIx, what: &str, versions: &BTreeMap<&str, Times>, out: &mut Vec<Claim>) {
    let together = |(version, times): &(&&str, &Times)| {
        versions.iter().any(|(other, at)| other != *version && times.overlaps(at))
    };
    let both: Vec<(&&str, &Times)> = versions.iter().filter(together).collect();
    if both.len() < 2 {
        return;
    }
    let of = cx.processes.get(process);
    let names: Vec<&str> = both.iter().map(|(version, _)| **version).collect();
    let message = format!("one process runs {what} in versions {}", names.join(" and "));
    let mut said = Said::firm(Severity::Info, 0.6, message)
        .remedy("load one copy: either the agent or the SDK in code, and one version of each package");
    for (version, times) in &both {
        said = said.because(format!("{} spans came from {version}", times.spans));
    }
    let mut claim =
        Claim::about(&of.service, said).spans([], both.iter().map(|(_, times)| times.spans).sum());
    claim.language.clone_from(&of.language);
    what.clone_into(&mut claim.subject);
    out.push(claim);
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn two(first: &str, second: &str, times: &str) -> Vec<String> {
        let sketch = format!(
            "work  s  internal  0..900  {first}\n\
             work  s  internal  {times}  trace=2 {second}\n"
        );
        found("mixed-sdk", &sketch)
    }

    #[test]
    fn fires_for_two_versions_in_one_process() {
        let scope = |version: &str| format!("resource.service.instance.id=x scope=lib@{version}");
        assert_eq!(two(&scope("v1"), &scope("v2"), "500..1200"), ["info mixed-sdk firm ×2"]);
        let sdk = |version: &str| {
            format!("resource.process.pid=7 resource.host.name=h resource.telemetry.sdk.version={version}")
        };
        assert_eq!(two(&sdk("1.2.0"), &sdk("1.3.0"), "500..1200"), ["info mixed-sdk firm ×2"]);
    }

    #[test]
    fn silent_for_a_restart_other_processes_and_processes_that_are_not_told_apart() {
        let scope =
            |id: &str, version: &str| format!("resource.service.instance.id={id} scope=lib@{version}");
        assert_eq!(two(&scope("x", "v1"), &scope("x", "v2"), "1000..1200"), [""; 0]);
        assert_eq!(two(&scope("x", "v1"), &scope("y", "v2"), "500..1200"), [""; 0]);
        assert_eq!(two("scope=lib@v1", "scope=lib@v2", "500..1200"), [""; 0]);
    }
}
