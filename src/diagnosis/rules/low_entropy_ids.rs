//! Ids that are not random enough: constant bits, counters, half the width.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::ids::Made;
use crate::diagnosis::claim::{Claim, Said};
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    id: "low-entropy-ids",
    code: "E4",
    severity: Severity::Warning,
    enabled: true,
    summary: "ids are not random enough",
    explain: "\
The ids of a process follow a pattern: some of the bits of its trace ids that should be random never change, ids grow
with time, or all span ids fit 32 bits.

Why it matters: processes that count from the same number make the same ids, and their traces are merged. Samplers
that decide by the trace id's random bits (W3C level 2, `flags` 0x02) keep everything or nothing.

How it is found: by 64 different ids of a process at least. A bit among the lower 56 of the trace ids of its own roots
that is always 0 or always 1; the 64 earliest ids in ascending order of time (95 % of the steps); the largest span id
below 2³². Of random ids, none of it happens within the age of the universe.

What looks alike and is fine: trace ids that begin with the time, as AWS X-Ray and UUID version 7 have it (only the
lower 56 bits are looked at); 64-bit trace ids with zeros before them; a few ids.",
    fix: "Leave the SDK's id generator in place. One of your own must draw 16 and 8 random bytes per id.",
    code_fixes: &[("go", "opentelemetry-go-contrib's X-Ray generator before 1.45.0 is deterministic where it cannot read a seed: upgrade")],
    references: &[
        "https://www.w3.org/TR/trace-context-2/#random-trace-id-flag",
        "https://opentelemetry.io/docs/specs/otel/trace/sdk/#id-generators",
        "open-telemetry/opentelemetry-go-contrib#9359",
    ],
    symptom_of: &["trace-id-collision"],
    on: On::Aggregate(look),
};

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut said_of: Vec<&str> = Vec::new();
    for (number, made) in cx.gathered.ids.made() {
        let patterns = patterns(made);
        let process = cx.processes.get(number);
        // One process stands for all of its service: they have one generator.
        if patterns.is_empty() || said_of.contains(&process.service.as_str()) {
            continue;
        }
        said_of.push(&process.service);
        let what: Vec<&str> = patterns.iter().map(|(what, _)| *what).collect();
        let message = format!("ids are not random: {}", what.join(", "));
        let mut said = Said::firm(Severity::Warning, 0.85, message)
            .remedy("leave the SDK's id generator in place, or draw every id from the system's randomness");
        said = patterns.into_iter().fold(said, |said, (_, evidence)| said.because(evidence));
        let mut claim = Claim::about(&process.service, said);
        claim.language.clone_from(&process.language);
        out.push(claim);
    }
}

/// What is regular in the ids of a process: in a few words, and with numbers.
fn patterns(made: &Made) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    if let Some(bits) = made.constant_bits() {
        let n = bits.count_ones();
        all.push((
            "bits of its trace ids never change",
            format!("{n} of the lower 56 bits are the same in all trace ids (mask {bits:014x})"),
        ));
    }
    if let Some(ids) = made.growing_traces() {
        all.push(("trace ids grow with time", format!("the earliest end in {}", earliest(&ids, 14))));
    }
    if let Some(largest) = made.small_spans() {
        all.push(("span ids fit 32 bits", format!("the largest span id is {largest:016x}")));
    }
    if let Some(ids) = made.growing_spans() {
        all.push(("span ids grow with time", format!("the earliest are {}", earliest(&ids, 16))));
    }
    all
}

fn earliest(ids: &[u64], digits: usize) -> String {
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("{id:0digits$x}")).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::model::{SpanId, TraceId};
    use crate::testkit::{Bench, batches, spans};

    /// So many roots whose ids are made of their number.
    fn found(n: u64, trace: impl Fn(u64) -> u128, span: impl Fn(u64) -> u64) -> Vec<String> {
        let line = |n: u64| format!("GET /a  s  server  {}..{}  get=/a\n", n * 10, n * 10 + 5);
        let mut groups = spans(&(0..n).map(line).collect::<String>());
        for (n, group) in (1..).zip(&mut groups) {
            group.spans[0].trace_id = TraceId(trace(n).to_be_bytes());
            group.spans[0].span_id = SpanId(span(n));
        }
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        let all = bench.0.diagnosis.findings().iter().filter(|f| f.rule.id == "low-entropy-ids");
        all.map(|f| f.message.clone()).collect()
    }

    fn random(n: u64) -> u64 {
        fastrand::Rng::with_seed(n).u64(..)
    }

    fn random_trace(n: u64) -> u128 {
        u128::from(random(n + 1000)) << 64 | u128::from(random(n + 2000))
    }

    #[test]
    fn fires_for_counters_narrow_ids_and_constant_bits() {
        let counted = found(128, random_trace, |n| n + 7);
        assert_eq!(counted, ["ids are not random: span ids fit 32 bits, span ids grow with time"]);
        let narrow = found(128, random_trace, |n| random(n) >> 33 | 1);
        assert_eq!(narrow, ["ids are not random: span ids fit 32 bits"]);
        let constant = found(200, |n| random_trace(n) | 0xff, random);
        assert_eq!(constant, ["ids are not random: bits of its trace ids never change"]);
        let growing = found(200, |n| u128::from(n) << 40 | 0xabcd, random);
        assert_eq!(growing.len(), 1);
        assert!(growing[0].contains("trace ids grow with time"), "{growing:?}");
    }

    #[test]
    fn silent_for_random_ids_times_before_them_and_few() {
        assert_eq!(found(500, random_trace, random), [""; 0]);
        let x_ray = |n: u64| u128::from(1_795_000_000 + n) << 96 | random_trace(n) >> 32;
        assert_eq!(found(500, x_ray, random), [""; 0]);
        let uuid_7 = |n: u64| {
            let random = random_trace(n) & ((1 << 62) - 1);
            u128::from(1_795_000_000_000 + n) << 80 | 7 << 76 | 2 << 62 | random
        };
        assert_eq!(found(500, uuid_7, random), [""; 0]);
        let half = |n: u64| u128::from(random(n + 2000));
        assert_eq!(found(500, half, random), [""; 0]);
        assert_eq!(found(40, u128::from, |n| n), [""; 0], "few ids");
    }
}
