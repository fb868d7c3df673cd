//! Several processes send one `service.instance.id`.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::Resource;

/// The rule.
pub const RULE: Rule = Rule {
    id: "instance-id-shared",
    code: "E5",
    severity: Severity::Warning,
    enabled: false,
    summary: "several processes share one service.instance.id",
    explain: "\
One `service.instance.id` of a service came with different process ids, pods, containers or hosts, at the same time.
The id has to be unique for each instance of a service.

Why it matters: instances cannot be told apart, metrics of several overwrite each other, and what is true of one
process is believed of another.

How it is found: by the resources of all spans with that id. Both have to be alive at the same time: the spans of one
begin before the last of the other ends. Instrumentation Score calls it RES-002.

Off by default: no real recording of it was there to measure it by.

What looks alike and is fine: a restart that keeps the id and has another process id.",
    fix: "\
Create the resource in each worker after the fork, or leave `service.instance.id` to the SDK, which makes a random one
for each process. In Kubernetes take it from the container, not from the deployment.",
    code_fixes: &[
        ("python", "create the TracerProvider in gunicorn's `post_fork` hook"),
        ("ruby", "call `OpenTelemetry::SDK.configure` in `on_worker_boot` (Puma)"),
        ("nodejs", "start the SDK in each worker of `cluster`, and give it no fixed id"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/registry/attributes/service/",
        "https://opentelemetry-python.readthedocs.io/en/latest/examples/fork-process-model/README.html",
    ],
    symptom_of: &[],
    on: On::Aggregate(look),
};

/// What tells instances apart, the finest first.
const TOLD_BY: &[&str] =
    &["process.pid", "container.id", "k8s.pod.uid", "k8s.pod.name", "host.id", "host.name"];

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    for (process, resources) in cx.gathered.resources.of_processes() {
        let all: Vec<(u32, &Resource)> = resources.iter().map(|n| (*n, cx.store.resource(*n))).collect();
        let id = all.first().map_or("", |(_, resource)| resource.text("service.instance.id"));
        if id.is_empty() {
            continue;
        }
        let told = TOLD_BY.iter().find_map(|key| {
            let values = alive_together(cx, &all, key);
            (values.len() > 1).then_some((key, values))
        });
        let Some((key, values)) = told else { continue };
        let of = cx.processes.get(process);
        let message = format!("{} instances share the service.instance.id {id}", values.len());
        let said = Said::firm(Severity::Warning, 0.85, message)
            .because(format!("at the same time, {key} was {}", values.join(", ")))
            .remedy(
                "create the resource in each worker after the fork, or leave service.instance.id to the SDK",
            );
        let spans = all.iter().map(|(number, _)| cx.gathered.resources.times(*number).spans).sum();
        let mut claim = Claim::about(&of.service, said).spans([], spans);
        claim.language.clone_from(&of.language);
        id.clone_into(&mut claim.subject);
        out.push(claim);
    }
}

/// The different values of a key in resources that sent spans at the same time as one with another value.
fn alive_together(cx: &Cx<'_>, all: &[(u32, &Resource)], key: &str) -> Vec<String> {
    let with: Vec<(String, _)> = (all.iter())
        .filter_map(|(number, resource)| {
            Some((resource.get(key)?.to_string(), cx.gathered.resources.times(*number)))
        })
        .collect();
    let together = |(value, times): &&(String, _)| {
        let times: &crate::diagnosis::aggregate::resources::Times = times;
        with.iter().any(|(other, at)| other != value && times.overlaps(at))
    };
    let mut values: Vec<String> = with.iter().filter(together).map(|(value, _)| value.clone()).collect();
    values.sort();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn two(first: &str, second: &str, times: &str) -> Vec<String> {
        let sketch = format!(
            "GET /a  s  server  0..900  get=/a resource.service.instance.id=x {first}\n\
             GET /b  s  server  {times}  get=/b trace=2 resource.service.instance.id=x {second}\n"
        );
        found("instance-id-shared", &sketch)
    }

    #[test]
    fn fires_for_two_processes_at_a_time() {
        let warning = ["warning instance-id-shared firm ×2"];
        assert_eq!(two("resource.process.pid=7", "resource.process.pid=8", "500..1200"), warning);
        assert_eq!(two("resource.host.name=a", "resource.host.name=b", "500..1200"), warning);
    }

    #[test]
    fn silent_for_a_restart_one_process_and_other_attributes() {
        assert_eq!(two("resource.process.pid=7", "resource.process.pid=8", "1000..1200"), [""; 0]);
        assert_eq!(two("resource.process.pid=7", "resource.process.pid=7", "500..1200"), [""; 0]);
        assert_eq!(two("resource.app=a", "resource.app=b", "500..1200"), [""; 0]);
    }
}
