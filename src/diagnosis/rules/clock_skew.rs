//! Two machines disagree about the time.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::clocks::{Bounds, Calls};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::Process;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::time::duration;

/// The rule.
pub const RULE: Rule = Rule {
    id: "clock-skew",
    code: "D3",
    severity: Severity::Warning,
    enabled: true,
    summary: "the clocks of two machines disagree",
    explain: "\
SERVER spans do not fit into the CLIENT spans that called them, by nearly the same time over and over. The clocks of
the two machines disagree.

Why it matters: waterfalls show answers before questions, and the time on the network comes out negative.

How it is found: what must be added to the callee's times so that it lies in its call, over all calls between two
machines; at least five must exclude zero, and half of all. A callee that starts before it is called has a clock that
is behind, whatever else is true: by more than 10 ms, on four of five of at least twenty calls, is a warning. One that
ends after its call may also just be finishing: only a hint, and only if the differences are alike.

What looks alike and is fine: machines that are the same (node, host id or host name); messages, which wait for their
turn, also where they were recorded as CLIENT and SERVER; spans without a duration; servers that go on after they have
answered.",
    fix: "Run NTP or chrony on both machines, and look at virtual machines that were suspended.",
    code_fixes: &[],
    references: &[
        "https://www.jaegertracing.io/docs/latest/faq/",
        "openzipkin/zipkin#1075",
    ],
    symptom_of: &["fixed-remote-parent", "client-span-adopted-by-many-requests", "implausible-time"],
    on: On::Aggregate(look),
};

const ENOUGH: u64 = 5;
/// For more than a hint.
const MANY: u64 = 20;
const GRAVE_NS: u64 = 10_000_000;
/// From the first to the last call, for a drift to be told.
const DRIFT_NS: u64 = 60_000_000_000;

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    out.extend(cx.gathered.clocks.calls().filter_map(|calls| claim(cx, calls)));
}

fn claim(cx: &Cx<'_>, calls: &Calls) -> Option<Claim> {
    let behind = calls.behind >= calls.ahead;
    let excluding = calls.behind.max(calls.ahead);
    if excluding < ENOUGH || excluding * 2 < calls.n {
        return None;
    }
    // Those of the other direction tell of something else.
    let one_way = calls.sample.values().copied().filter(|bounds| (bounds.middle_ns() > 0) == behind);
    let mut bounds: Vec<Bounds> = one_way.collect();
    bounds.sort_by_key(|bounds| (bounds.middle_ns(), bounds.called_ns));
    let middle =
        |share: f64| bounds.get((bounds.len() as f64 * share) as usize).map(|bounds| bounds.middle_ns());
    let (median, low, high) = (middle(0.5)?, middle(0.25)?, middle(0.75)?);
    let alike = high.abs_diff(low) <= median.unsigned_abs() / 2;
    if !behind && !alike {
        return None;
    }
    // How much the starts alone prove.
    let mut proved: Vec<i64> = bounds.iter().map(|bounds| bounds.least).collect();
    proved.sort_unstable();
    let proved = proved.get(proved.len() / 2).copied().unwrap_or(0);
    let grave = behind && calls.n >= MANY && excluding * 5 >= calls.n * 4 && proved > GRAVE_NS as i64;
    let (severity, confidence) = match (grave, behind) {
        (true, _) => (Severity::Warning, 0.85),
        (false, true) => (Severity::Info, 0.80),
        (false, false) => (Severity::Info, 0.50),
    };
    let [caller, callee] = [calls.caller, calls.callee].map(|process| cx.processes.get(process));
    let direction = if behind { "behind" } else { "ahead of" };
    let by = duration(median.unsigned_abs());
    let message = format!("its clock is {by} {direction} that of {}", place(caller));
    let mut said = Said::firm(severity, confidence, message);
    said = said.because(if behind {
        format!("{} of {} start before the call that caused them", excluding, count(calls.n, "request"))
    } else {
        format!(
            "{} of {} end after the call that caused them, and fit into it otherwise",
            excluding,
            count(calls.n, "request")
        )
    });
    if let Some(sentence) = drift(bounds) {
        said = said.because(sentence);
    }
    let said = said
        .because(format!("callee: {}; caller: {}", place(callee), place(caller)))
        .remedy("let NTP or chrony set the clocks of both machines");
    let mut claim = Claim::about(callee.service.clone(), said).spans([], excluding);
    claim.language.clone_from(&callee.language);
    claim.subject = format!("{} | {}", place(caller), place(callee));
    Some(claim)
}

/// A service and where it runs.
fn place(process: &Process) -> String {
    match process.machine.as_str() {
        "" => process.service.clone(),
        machine => format!("{} on {machine}", process.service),
    }
}

/// How the difference changes, where it was seen for long enough.
fn drift(mut bounds: Vec<Bounds>) -> Option<String> {
    bounds.sort_by_key(|bounds| (bounds.called_ns, bounds.middle_ns()));
    let lasted_ns = bounds.last()?.called_ns.saturating_sub(bounds.first()?.called_ns);
    if bounds.len() < 8 || lasted_ns < DRIFT_NS {
        return None;
    }
    let median = |part: &[Bounds]| {
        let mut middles: Vec<i64> = part.iter().map(|bounds| bounds.middle_ns()).collect();
        middles.sort_unstable();
        middles.get(middles.len() / 2).copied()
    };
    let (early, late) = bounds.split_at(bounds.len() / 2);
    let change = median(late)?.abs_diff(median(early)?);
    // From the middle of the one half to that of the other.
    let per_minute = (change as f64 * 120e9 / lasted_ns as f64) as u64;
    (per_minute > 1_000_000).then(|| format!("it changes by {} a minute", duration(per_minute)))
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, found};

    const RULE: &str = "clock-skew";

    /// Calls of 20 ms each, a second apart; the callee's clock differs by so many milliseconds.
    fn calls(n: u64, skew: i64, answer_ms: i64) -> String {
        let one = |i: u64| {
            let at = 10_000 + i as i64 * 1_000;
            format!(
                "GET  web  client  {at}..{}  call=http://shop/a trace={}\n  GET /a  shop  server  {}..{}  get=/a\n",
                at + 20,
                i % 200 + 1,
                at + 4 + skew,
                at + 4 + answer_ms + skew
            )
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn fires_for_a_clock_that_is_behind() {
        assert_eq!(found(RULE, &calls(20, -500, 10)), ["warning clock-skew firm ×20"]);
        assert_eq!(found(RULE, &calls(5, -500, 10)), ["info clock-skew firm ×5"], "too few for more");
        assert_eq!(found(RULE, &calls(20, -10, 10)), ["info clock-skew firm ×20"], "too little for more");
    }

    #[test]
    fn hints_at_a_clock_that_is_ahead() {
        assert_eq!(found(RULE, &calls(20, 500, 10)), ["info clock-skew firm ×20"]);
    }

    #[test]
    fn tells_how_much_and_how_it_changes() {
        let drifting: String = (0..100)
            .map(|i| {
                calls(1, -500 - i * 5, 10)
                    .replace("10000..", &format!("{}..", 10_000 + i * 1_000))
                    .replace("..10020", &format!("..{}", 10_020 + i * 1_000))
                    .replace(
                        &format!("server  {}..{}", 9_504 - i * 5, 9_514 - i * 5),
                        &format!("server  {}..{}", 9_504 - i * 5 + i * 1_000, 9_514 - i * 5 + i * 1_000),
                    )
            })
            .collect();
        let mut bench = Bench::default();
        bench.take(by_end(&drifting)).finish();
        let finding = bench.0.diagnosis.findings().iter().find(|f| f.rule.id == RULE).unwrap();
        assert!(finding.message.starts_with("its clock is 7"), "{}", finding.message);
        assert!(finding.evidence[1].starts_with("it changes by 3"), "{:?}", finding.evidence);
    }

    #[test]
    fn silent_for_clocks_that_agree_and_for_servers_that_go_on() {
        assert_eq!(found(RULE, &calls(20, 0, 10)), [""; 0]);
        assert_eq!(found(RULE, &calls(20, 0, 300)), [""; 0], "streams the answer");
    }

    #[test]
    fn silent_for_one_machine_for_few_and_for_messages() {
        let skewed = calls(20, -500, 10);
        let machine = |text: &str| {
            text.replace("call=", "resource.host.name=a call=").replace("get=", "resource.host.name=a get=")
        };
        assert_eq!(found(RULE, &machine(&skewed)), [""; 0]);
        assert_eq!(found(RULE, &calls(4, -500, 10)), [""; 0]);
        let messages = skewed.replace("client", "producer").replace("server", "consumer");
        assert_eq!(found(RULE, &messages), [""; 0]);
    }

    #[test]
    fn silent_for_messages_of_any_kind_and_for_what_has_no_duration() {
        let queued = calls(20, 30, 10);
        assert_eq!(found(RULE, &queued), ["info clock-skew firm ×20"], "the same as calls");
        let message = "messaging.system=kafka messaging.destination.name=orders messaging.operation.type=";
        for (key, operation) in [("call=http://shop/a", "send"), ("get=/a", "process")] {
            let messages = queued.replace(key, &format!("{message}{operation}"));
            assert_eq!(found(RULE, &messages), [""; 0], "{operation}");
        }
        let instant = |is: fn(&str) -> bool| {
            let line = |line: &str| match line.split_once("..") {
                Some((before, after)) if is(line) => {
                    let (_, rest) = after.split_once(' ').unwrap();
                    format!("{before}..{} {rest}\n", before.rsplit(' ').next().unwrap())
                }
                _ => format!("{line}\n"),
            };
            queued.lines().map(line).collect::<String>()
        };
        assert_eq!(found(RULE, &instant(|_| true)), [""; 0]);
        assert_eq!(found(RULE, &instant(|line| line.contains("client"))), [""; 0]);
        assert_eq!(found(RULE, &instant(|line| line.contains("server"))), [""; 0]);
    }

    #[test]
    fn silent_where_one_call_was_adopted_by_requests_of_any_time() {
        let adopted: String = (0..20)
            .map(|i| {
                let at = 100 + i * i * 400;
                format!("  GET /a  shop  server  {at}..{}  get=/a\n", at + 10)
            })
            .collect();
        assert_eq!(found(RULE, &format!("GET  web  client  0..20  call=http://shop/a\n{adopted}")), [""; 0]);
    }
}
