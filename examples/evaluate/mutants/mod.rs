//! The sweep over mutants: healthy traces with one fault put into them, and look-alikes that are none.
//!
//! Whoever wrote the rules wrote these too, so they share assumptions: a guard against regressions, not a measure of
//! accuracy.

pub(crate) mod base;
mod benign;
mod fault;
mod merge;

use crate::run::{check, check_with};
use crate::score::{Partition, Tally, partition};
use crate::spans::{Sent, by_end};
use crate::truth::{Units, section};
use base::{Cell, Pool};
use fastrand::Rng;
use std::collections::BTreeMap;

/// Requests of one trace.
pub(crate) const REQUESTS: [usize; 4] = [2, 3, 5, 8];
/// Milliseconds between them; nothing where they overlap.
pub(crate) const GAPS: [Option<u64>; 4] = [None, Some(100), Some(1_000), Some(10_000)];
/// How often each cell is made anew.
const TIMES: u64 = 6;

/// What an operator made.
pub(crate) struct Mutant {
    spans: Vec<Sent>,
    units: Units,
    /// The same spans without the fault.
    control: Vec<Sent>,
}

fn strip(spans: &mut [Sent]) {
    spans.iter_mut().for_each(|sent| sent.span.flags = 0);
}

/// An operator that merges requests.
pub(crate) struct Merging {
    pub(crate) name: &'static str,
    pub(crate) rule: &'static str,
    make: merge::Make,
}

/// m1–m6.
pub(crate) const MERGING: &[Merging] = &[
    Merging { name: "m1 under one local span", rule: "merged-under-local-span", make: merge::under_hub },
    Merging { name: "m2 the same, span lost", rule: "merged-under-local-span", make: merge::under_phantom },
    Merging {
        name: "m3 under an earlier request",
        rule: "request-inherits-finished-request",
        make: merge::under_earlier,
    },
    Merging { name: "m4 staircase", rule: "request-inherits-finished-request", make: merge::staircase },
    Merging { name: "m5 one remote parent", rule: "fixed-remote-parent", make: merge::remote_parent },
    Merging { name: "m6 one trace id, all roots", rule: "trace-id-collision", make: merge::equal_ids },
];

/// An operator with a strength.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) rules: &'static [&'static str],
    pub(crate) strengths: &'static [u64],
    make: fn(&Pool, u64, &mut Rng) -> Mutant,
}

/// m7–m11.
pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "m7 database spans in another request",
        unit: "%",
        rules: &["cross-talk"],
        strengths: &[1, 5, 10],
        make: fault::cross_talk,
    },
    Fault {
        name: "m8 parents lost",
        unit: "%",
        rules: &["missing-local-parent"],
        strengths: &[5, 20, 50],
        make: fault::lost_parents,
    },
    Fault {
        name: "m9 clocks apart",
        unit: "ms",
        rules: &["clock-skew"],
        strengths: &[2, 20, 200],
        make: fault::skew,
    },
    Fault {
        name: "m10 kinds INTERNAL",
        unit: "%",
        rules: &["http-entry-not-server", "http-call-not-client", "db-kind-mismatch"],
        strengths: &[10, 50, 100],
        make: fault::kinds,
    },
    Fault {
        name: "m11 spans twice",
        unit: "%",
        rules: &["duplicate-span"],
        strengths: &[3, 10, 50],
        make: fault::twice,
    },
];

/// What became of some mutants.
#[derive(Clone, Copy, Default)]
pub(crate) struct Result {
    pub(crate) made: u64,
    /// The rule spoke.
    pub(crate) found: u64,
    /// Another headline stood.
    pub(crate) other: u64,
    /// Any headline stood over the same spans without the fault.
    pub(crate) control: Tally,
    pub(crate) requests: Partition,
}

impl Result {
    pub(crate) fn add(&mut self, other: Self) {
        self.made += other.made;
        self.found += other.found;
        self.other += other.other;
        self.control.silent += other.control.silent;
        self.control.false_alarm += other.control.false_alarm;
        self.requests.add(other.requests);
    }
}

fn run(mutant: Mutant, rules: &[&str], also_right: &[char]) -> Result {
    let Mutant { spans, units, control } = mutant;
    let outcome = check_with(rules, by_end(spans));
    let is_other = |rule: &str| !rules.contains(&rule) && !also_right.contains(&section(rule));
    let mut result = Result {
        made: 1,
        found: u64::from(rules.iter().any(|rule| outcome.of(rule).next().is_some())),
        other: u64::from(outcome.headlines().any(|finding| is_other(finding.rule.id))),
        ..Result::default()
    };
    let (merged, single) = partition(&units, &outcome.parts);
    result.requests.add(merged);
    result.requests.add(single);
    if !control.is_empty() {
        result.control.note(false, check(by_end(control)).headlines().next().is_some());
    }
    result
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for requests in REQUESTS {
        for gap_ms in GAPS {
            for (flags, ports) in [(true, true), (true, false), (false, true), (false, false)] {
                cells.push(Cell { requests, gap_ms, flags, ports });
            }
        }
    }
    cells
}

/// The result of a merging operator, cell by cell.
pub(crate) fn sweep(operator: &Merging, pool: &Pool) -> Vec<(Cell, Result)> {
    let one = |cell: Cell| {
        let mut result = Result::default();
        for seed in 0..TIMES {
            let mutant = (operator.make)(pool, &cell, &mut seeded(&cell, seed));
            // A request under a wrong span has a wrong kind too, and other merge rules may see the merge first.
            result.add(run(mutant, &[operator.rule], &['A', 'B']));
        }
        (cell, result)
    };
    cells().into_iter().map(one).collect()
}

/// The result of a fault at one strength.
pub(crate) fn strength(fault: &Fault, strength: u64, pool: &Pool) -> Result {
    let mut result = Result::default();
    for seed in 0..4 * TIMES {
        let mutant = (fault.make)(pool, strength, &mut Rng::with_seed(seed));
        result.add(run(mutant, fault.rules, &[]));
    }
    result
}

/// What became of a shape that is no fault.
pub(crate) struct LookAlike {
    pub(crate) name: &'static str,
    pub(crate) made: u64,
    /// How many headlines there were, by rule.
    pub(crate) alarms: BTreeMap<&'static str, u64>,
}

/// Every look-alike in every cell.
pub(crate) fn look_alikes(pool: &Pool) -> Vec<LookAlike> {
    let one = |benign: &benign::Benign| {
        let (mut made, mut alarms) = (0, BTreeMap::new());
        for cell in cells() {
            for seed in 0..TIMES {
                made += 1;
                let mutant = benign.mutant(pool, &cell, &mut seeded(&cell, seed));
                let outcome = check(by_end(mutant.spans));
                if let Some(finding) = outcome.headlines().next() {
                    *alarms.entry(finding.rule.id).or_default() += 1;
                }
            }
        }
        LookAlike { name: benign.name, made, alarms }
    };
    benign::BENIGN.iter().map(one).collect()
}

/// The same seed gives the same traces in every cell that differs by flags and ports only.
fn seeded(cell: &Cell, seed: u64) -> Rng {
    Rng::with_seed(seed * 1_000_003 + cell.requests as u64 * 10_007 + cell.gap_ms.unwrap_or(1))
}
