//! Service names contain instance data.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::claim::{Claim, Said};
use crate::diagnosis::rule::On;
use crate::diagnosis::template::template;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "service-name-churn",
    code: "E7",
    severity: Severity::Warning,
    enabled: false,
    summary: "service names contain instance data",
    explain: "\
More than 20 services differ in nothing but a number or a hash in their names, and share an instrumentation scope: a
pod's name, a process id or a build went into `service.name`.

Why it matters: every instance is a service of its own; dashboards, alerts and service maps start anew with each.

How it is found: by templates of the names. Hashes and large numbers are a warning; small numbers without gaps are only
told, because they may be shards.

Off by default: no real recording of it was there to measure it by.

What looks alike and is fine: shards that are services on purpose.",
    fix: "Give all of them one `service.name`, and put what tells them apart into `service.instance.id`.",
    code_fixes: &[],
    references: &["https://opentelemetry.io/docs/specs/semconv/resource/#service"],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const MANY: usize = 20;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut told: Vec<String> = Vec::new();
    for services in cx.gathered.resources.varied().filter(|services| services.len() > MANY) {
        let mut names: Vec<&str> = services.iter().map(|service| cx.processes.service(*service)).collect();
        names.sort_unstable();
        names.dedup();
        let Some(first) = names.first() else { continue };
        let made = template(first);
        if names.len() <= MANY || told.contains(&made.text) {
            continue;
        }
        let shards = !made.hashes && are_shards(&names);
        let severity = if shards { Severity::Info } else { Severity::Warning };
        let message = format!("{} or more services are named {}", names.len(), made.text);
        let said = Said::firm(severity, if shards { 0.4 } else { 0.8 }, message)
            .because(format!("such as {}", names[..3].join(", ")))
            .remedy("give them one service.name, and put what tells them apart into service.instance.id");
        let mut claim = Claim::about("", said);
        claim.subject.clone_from(&made.text);
        out.push(claim);
        told.push(made.text);
    }
}

/// Whether the numbers in the names may count shards: none is much larger than there are names.
fn are_shards(names: &[&str]) -> bool {
    let largest = |name: &&str| {
        let numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        numbers.map(|digits| digits.parse().unwrap_or(u64::MAX)).max()
    };
    names.iter().filter_map(largest).max().is_some_and(|most| most <= 4 * names.len() as u64)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    fn named(n: u64, name: impl Fn(u64) -> String) -> Vec<String> {
        let line =
            |n: u64| format!("work  {}  internal  {}..{}  trace={}\n", name(n), n * 10, n * 10 + 5, n + 1);
        found("service-name-churn", &(0..n).map(line).collect::<String>())
    }

    #[test]
    fn fires_for_hashes_and_process_ids() {
        let warning = ["warning service-name-churn firm ×0"];
        let hash = |n: u64| format!("shop-{:09x}-x{}z{}y", 0x7d9_f8b6_c500 + n, n % 10, n % 7);
        assert_eq!(named(30, hash), warning);
        assert_eq!(named(30, |n| format!("worker-{}", 4711 + 13 * n)), warning);
    }

    #[test]
    fn shards_are_told_and_a_few_are_not() {
        assert_eq!(named(30, |n| format!("shard-{n}")), ["info service-name-churn firm ×0"]);
        assert_eq!(named(12, |n| format!("worker-{}", 4711 + 13 * n)), [""; 0]);
        let letters = |n: u64| format!("svc{}{}", char::from(b'a' + n as u8), char::from(b'z' - n as u8));
        assert_eq!(named(26, letters), [""; 0]);
    }
}
