//! Timestamps have the grain of a millisecond.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::clocks::Grain;
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// The rule.
pub const RULE: Rule = Rule {
    id: "coarse-clock",
    code: "D7",
    severity: Severity::Info,
    enabled: true,
    summary: "times of spans have the grain of a millisecond",
    explain: "\
Every span of a process starts at a whole millisecond, or more than a fifth of its spans, of several names, take no
time at all: its clock has a coarse grain.

Why it matters: short spans seem to take nothing, and the order of neighbours is left to chance. Nothing needs to be
mended unless that is what you look for.

How it is found: at least a hundred spans of one process.

What looks alike and is fine: JavaScript, whose start times have this grain by design (it is left out); spans that are
used as log lines, which are of one name (zero-duration-flood).",
    fix: "None is needed. Where the times are set by hand, take them from a clock with a finer grain.",
    code_fixes: &[
        ("python", "`time.time_ns()`, not `int(time.time() * 1000) * 1000000`"),
        ("java", "pass no timestamps and let the SDK read the clock; `Instant.now()` is finer than `System.currentTimeMillis()`"),
    ],
    references: &["open-telemetry/opentelemetry-js#5804"],
    symptom_of: &[],
    on: On::Aggregate(look),
};

const ENOUGH: u64 = 100;
/// How many names must have spans that take no time.
const NAMES: usize = 3;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut coarse: BTreeMap<ServiceIx, (u64, Grain)> = BTreeMap::new();
    for (number, process) in cx.processes.iter() {
        let grain = cx.gathered.clocks.grain(number);
        let by_design = matches!(process.language.as_str(), "nodejs" | "webjs");
        let zero = grain.spans >= ENOUGH && grain.zero * 5 > grain.spans && is_spread(cx, process.service_ix);
        if by_design || !(grain.is_coarse() || zero) {
            continue;
        }
        let (processes, sum) = coarse.entry(process.service_ix).or_default();
        *processes += 1;
        sum.spans += grain.spans;
        sum.whole_ms += grain.whole_ms;
        sum.zero += grain.zero;
    }
    for (service, (processes, grain)) in coarse {
        let message = if grain.whole_ms == grain.spans {
            format!("all of {} start at whole milliseconds", count(grain.spans, "span"))
        } else {
            format!("{} of {} take no time at all", grain.zero, count(grain.spans, "span"))
        };
        let said = Said::firm(Severity::Info, 0.60, message)
            .because(format!("seen in {}", count(processes, "process")))
            .remedy("nothing, unless short spans matter: then take times from a finer clock");
        out.push(Claim::about(cx.processes.service(service), said).spans([], grain.spans));
    }
}

/// Whether spans of several names of a service take no time, none of them most: not spans that stand for log lines.
fn is_spread(cx: &Cx<'_>, service: ServiceIx) -> bool {
    let own =
        cx.gathered.durations.iter().filter(|name| cx.gathered.emitters.get(name.emitter).service == service);
    let zero: Vec<u64> = own.map(|name| name.zero).filter(|zero| *zero > 0).collect();
    let names: BTreeSet<usize> = (0..zero.len()).collect();
    names.len() >= NAMES && zero.iter().all(|one| one * 2 <= zero.iter().sum::<u64>())
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "coarse-clock";

    fn spans(n: u64, words: &str) -> String {
        (0..n).map(|i| format!("work{}  s  internal  {i}..{}  {words}\n", i % 4, i + 1)).collect()
    }

    #[test]
    fn fires_for_whole_milliseconds() {
        assert_eq!(found(RULE, &spans(100, "scope=x")), ["info coarse-clock firm ×100"]);
    }

    #[test]
    fn fires_for_many_that_take_no_time() {
        let sketch: String = (0..100)
            .map(|i| {
                format!("work{}  s  internal  {i}.3..{i}.{}  scope=x\n", i % 4, if i % 4 < 3 { 3 } else { 7 })
            })
            .collect();
        assert_eq!(found(RULE, &sketch), ["info coarse-clock firm ×100"]);
    }

    #[test]
    fn silent_for_few_for_fine_clocks_for_javascript_and_for_log_lines() {
        assert_eq!(found(RULE, &spans(99, "scope=x")), [""; 0]);
        assert_eq!(found(RULE, &(spans(100, "scope=x") + "work  s  internal  0.25..3  scope=x")), [""; 0]);
        assert_eq!(found(RULE, &spans(100, "resource.telemetry.sdk.language=nodejs")), [""; 0]);
        let lines: String = (0..100).map(|i| format!("line  s  internal  {i}.5..{i}.5  scope=x\n")).collect();
        assert_eq!(found(RULE, &lines), [""; 0]);
    }
}
