//! Numbers: intervals, hits and misses, and how well requests were told apart.

use crate::run::Parts;
use crate::truth::Units;
use otoscope::model::{SpanId, TraceId};
use std::collections::{BTreeMap, BTreeSet};

/// 95 %.
const Z: f64 = 1.96;

/// A share with its Wilson score interval at 95 %; nothing of nothing.
pub(crate) fn wilson(hits: u64, of: u64) -> Option<(f64, f64, f64)> {
    if of == 0 {
        return None;
    }
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some((p, (middle - half).max(0.0), (middle + half).min(1.0)))
}

/// Right and wrong answers to a question that was asked of many.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) hit: u64,
    pub(crate) false_alarm: u64,
    pub(crate) missed: u64,
    pub(crate) silent: u64,
}

impl Tally {
    pub(crate) fn note(&mut self, is: bool, said: bool) {
        *match (is, said) {
            (true, true) => &mut self.hit,
            (true, false) => &mut self.missed,
            (false, true) => &mut self.false_alarm,
            (false, false) => &mut self.silent,
        } += 1;
    }

    /// How many there really are.
    pub(crate) fn real(self) -> u64 {
        self.hit + self.missed
    }

    /// How many were said to be.
    pub(crate) fn said(self) -> u64 {
        self.hit + self.false_alarm
    }
}

/// How well requests were told apart.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Partition {
    /// Requests, and how many of them were found with exactly their spans.
    pub(crate) units: u64,
    pub(crate) exact: u64,
    /// Pairs of spans of one request, pairs said to be, and pairs that are both.
    real: u64,
    said: u64,
    both: u64,
}

impl Partition {
    pub(crate) fn add(&mut self, other: Self) {
        self.units += other.units;
        self.exact += other.exact;
        self.real += other.real;
        self.said += other.said;
        self.both += other.both;
    }

    /// The harmonic mean of precision and recall over pairs of spans; nothing where there is no pair at all.
    pub(crate) fn pair_f1(self) -> Option<f64> {
        let pairs = self.real + self.said;
        (pairs > 0).then(|| 2.0 * self.both as f64 / pairs as f64)
    }
}

/// Scores one trace: `real` is the request of each span, `said` the parts that it was taken into, if it was.
fn trace(real: &BTreeMap<SpanId, u64>, said: Option<&Vec<BTreeSet<SpanId>>>) -> Partition {
    let place = |span: &SpanId| match said {
        None => Some(0),
        Some(parts) => parts.iter().position(|part| part.contains(span)),
    };
    let (mut of_unit, mut of_part, mut of_both) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (span, unit) in real {
        *of_unit.entry(*unit).or_insert(0_u64) += 1;
        // A span that was left out of every part is a pair with none.
        if let Some(part) = place(span) {
            *of_part.entry(part).or_insert(0_u64) += 1;
            *of_both.entry((*unit, part)).or_insert(0_u64) += 1;
        }
    }
    let pairs = |n: &u64| n * (n - 1) / 2;
    let is_exact = |((unit, part), n): (&(u64, usize), &u64)| of_unit[unit] == *n && of_part[part] == *n;
    Partition {
        units: of_unit.len() as u64,
        exact: of_both.iter().filter(|entry| is_exact(*entry)).count() as u64,
        real: of_unit.values().map(pairs).sum(),
        said: of_part.values().map(pairs).sum(),
        both: of_both.values().map(pairs).sum(),
    }
}

/// Scores the traces that hold several requests, and those that hold one, apart from each other.
pub(crate) fn partition(units: &Units, parts: &Parts) -> (Partition, Partition) {
    let (mut merged, mut single) = (Partition::default(), Partition::default());
    for (id, real) in units {
        let of = if is_merged(real) { &mut merged } else { &mut single };
        of.add(trace(real, parts.get(id)));
    }
    (merged, single)
}

/// Whether a trace holds several requests.
fn is_merged(real: &BTreeMap<SpanId, u64>) -> bool {
    real.values().collect::<BTreeSet<_>>().len() > 1
}

/// The traces that hold several requests.
pub(crate) fn merged(units: &Units) -> BTreeSet<TraceId> {
    units.iter().filter(|(_, real)| is_merged(real)).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let (p, low, high) = wilson(10, 10).unwrap();
        assert!((p - 1.0).abs() < 1e-9 && (low - 0.7225).abs() < 1e-3 && (high - 1.0).abs() < 1e-9);
        let (_, low, high) = wilson(1, 4).unwrap();
        assert!((low - 0.0456).abs() < 1e-3 && (high - 0.6994).abs() < 1e-3, "{low} {high}");
        assert_eq!(wilson(0, 0), None);
    }

    fn spans(ids: &[u64]) -> BTreeSet<SpanId> {
        ids.iter().map(|id| SpanId(*id)).collect()
    }

    #[test]
    fn a_request_is_exact_or_it_is_not() {
        let real: BTreeMap<SpanId, u64> =
            [(1, 1), (2, 1), (3, 2), (4, 2)].map(|(span, unit)| (SpanId(span), unit)).into();
        let right = trace(&real, Some(&vec![spans(&[1, 2]), spans(&[3, 4, 9])]));
        assert_eq!((right.units, right.exact, right.pair_f1()), (2, 2, Some(1.0)), "9 belongs to none");
        let whole = trace(&real, None);
        assert_eq!((whole.units, whole.exact), (2, 0));
        assert_eq!(whole.pair_f1(), Some(2.0 * 2.0 / (2.0 + 6.0)));
        let lost = trace(&real, Some(&vec![spans(&[1, 2]), spans(&[3])]));
        assert_eq!((lost.exact, lost.pair_f1()), (1, Some(2.0 / 3.0)));
    }
}
