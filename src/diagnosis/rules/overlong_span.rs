//! A span is open far longer than its kind of work.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::durations::{Durations, LONG_NS};
use crate::diagnosis::claim::{Claim, Said, by_scope, count};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::time::duration;

/// The rule.
pub const RULE: Rule = Rule {
    id: "overlong-span",
    code: "D6",
    severity: Severity::Info,
    enabled: true,
    summary: "a span is open far longer than its kind of work",
    explain: "\
A span lasts for an hour or more, or a thousand times longer than nearly all others of its name (and a minute at
least). Perhaps it was forgotten and ended by a clean-up, or it stands for the life of something.

Why it matters: it cannot be seen before it ends, holds everything below it in one trace, and ruins averages.

How it is found: durations are counted by service, scope and name; 99 % of at least 200 spans is the measure.

What looks alike and is fine: commands, jobs, pipelines, tests, streams, loops and start-ups, which are left out as far
as attributes and names tell.",
    fix: "End the span on every path; split long work into spans of its steps, with links between them.",
    code_fixes: &[],
    references: &["https://opentelemetry.io/docs/specs/otel/trace/api/#span"],
    symptom_of: &[
        "merged-under-local-span",
        "request-inherits-finished-request",
        "long-lived-connection-trace",
        "implausible-time",
    ],
    on: On::Aggregate(look),
};

const HOUR_NS: u64 = 3_600_000_000_000;
const WEEK_NS: u64 = 7 * 24 * HOUR_NS;
const MEASURED: u64 = 200;
const TIMES: u64 = 1_000;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let long = cx.gathered.durations.iter().filter(|name| !name.longest.is_empty());
    out.extend(long.filter_map(|name| claim(cx, name)));
}

fn claim(cx: &Cx<'_>, name: &Durations) -> Option<Claim> {
    let usual_ns = (name.spans >= MEASURED).then(|| name.p99_ns());
    let least_ns = usual_ns.map_or(HOUR_NS, |p99| p99.saturating_mul(TIMES).clamp(LONG_NS, HOUR_NS));
    // Longer than a week is implausible-time's.
    let over = name.longest.iter().rev().filter(|(ns, ..)| (least_ns..WEEK_NS).contains(ns));
    let over: Vec<_> = over.collect();
    let (longest_ns, ..) = over.first()?;
    let emitter = cx.gathered.emitters.get(name.emitter);
    let scope = cx.store.scope(emitter.scope);
    let text = cx.store.text(name.name).unwrap_or_default();
    let n = over.len() as u64;
    let verb = if n == 1 { "was" } else { "were" };
    let message = format!(
        "{} `{text}` {verb} open for up to {}{}",
        count(n, "span"),
        duration(*longest_ns),
        by_scope(scope)
    );
    let mut said = Said::firm(Severity::Info, 0.50, message);
    if let Some(usual_ns) = usual_ns {
        said = said.because(format!(
            "99 % of {} of this name take less than {}",
            name.spans,
            duration(usual_ns)
        ));
    }
    let said = said.remedy("end the span on every path, or split the work into spans of its steps");
    let service = cx.processes.service(emitter.service);
    let mut claim = Claim::about(service, said).spans(over.iter().map(|(_, trace, span)| (*trace, *span)), n);
    claim.scope = Some(scope.clone());
    claim.language.clone_from(&emitter.language);
    text.clone_into(&mut claim.subject);
    Some(claim)
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "overlong-span";

    fn among(n: u64, long: &str) -> String {
        let usual: String =
            (0..n).map(|i| format!("import  s  internal  {i}..{}  scope=x\n", i + 4)).collect();
        usual + long
    }

    #[test]
    fn fires_for_an_hour_and_for_a_thousand_times() {
        assert_eq!(found(RULE, "import  s  internal  0..3600000  scope=x"), ["info overlong-span firm ×1"]);
        let long = "import  s  internal  0..61000  scope=x";
        assert_eq!(found(RULE, &among(199, long)), ["info overlong-span firm ×1"]);
        assert_eq!(found(RULE, &among(100, long)), [""; 0], "too few to know what is usual");
    }

    #[test]
    fn silent_where_long_is_usual() {
        let slow: String =
            (0..200).map(|i| format!("import  s  internal  {i}..{}  scope=x\n", i + 70_000)).collect();
        assert_eq!(found(RULE, &slow), [""; 0]);
    }

    #[test]
    fn silent_for_what_stays_open() {
        for line in [
            "run  s  internal  0..3600000  process.command_args=serve",
            "nightly  s  consumer  0..3600000  scope=opentelemetry.instrumentation.celery",
            "GET /chat  s  server  0..3600000  network.protocol.name=websocket",
            "poll orders  s  internal  0..3600000  scope=x",
            "startup  s  internal  0..3600000  scope=x",
            "GET /a  s  server  0..59000  get=/a",
        ] {
            assert_eq!(found(RULE, line), [""; 0], "{line}");
        }
    }
}
