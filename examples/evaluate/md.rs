//! Markdown: tables and the numbers in them.

use crate::score::{Partition, wilson};
use std::fmt::Write;

/// A table; the first column is text, the others are numbers.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|---|{}\n", head.join(" | "), "--:|".repeat(head.len() - 1));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
    out
}

/// `3/4`, or a dash where there was nothing to count.
pub(crate) fn share(hits: u64, of: u64) -> String {
    if of == 0 { "–".to_owned() } else { format!("{hits}/{of}") }
}

/// `0.75 (0.30–0.95)`.
pub(crate) fn interval(hits: u64, of: u64) -> String {
    wilson(hits, of).map_or_else(|| "–".to_owned(), |(p, low, high)| format!("{p:.2} ({low:.2}–{high:.2})"))
}

/// `12 %`.
pub(crate) fn percent(hits: u64, of: u64) -> String {
    if of == 0 { "–".to_owned() } else { format!("{:.0} %", 100.0 * hits as f64 / of as f64) }
}

/// Exact requests and the pair F1, `20/24, 0.98`.
pub(crate) fn apart(partition: Partition) -> String {
    match (partition.units, partition.pair_f1()) {
        (0, _) => "–".to_owned(),
        (units, None) => format!("{}/{units}", partition.exact),
        (units, Some(f1)) => format!("{}/{units}, {f1:.2}", partition.exact),
    }
}

/// The middle of some numbers and the largest, `3 (5)`.
pub(crate) fn middle(mut numbers: Vec<f64>, digits: usize) -> String {
    numbers.sort_by(f64::total_cmp);
    match numbers.last() {
        None => "–".to_owned(),
        Some(most) => format!("{:.digits$} ({most:.digits$})", numbers[numbers.len() / 2]),
    }
}
