//! What the benchmarks share. Each uses a part of it.
#![allow(dead_code, reason = "every benchmark compiles all of it and uses its part")]

pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod screen;
pub(crate) mod send;
pub(crate) mod serve;

/// Whatever went wrong: a benchmark stops and says so.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The middle of some measurements, and their bounds.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(measurements: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = measurements.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(sorted.len() / 2), least: at(0), most: at(sorted.len().saturating_sub(1)) }
    }
}

/// The number after a word of the command line, for example `--spans 100000`.
pub(crate) fn option(name: &str, otherwise: u64) -> Result<u64, Failure> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    match (arguments.next(), arguments.next()) {
        (Some(_), Some(value)) => value.parse().map_err(|_| format!("{name}: `{value}` is no number").into()),
        (Some(_), None) => Err(format!("{name} needs a number").into()),
        _ => Ok(otherwise),
    }
}

/// The word after a word of the command line.
pub(crate) fn word(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Whether a word is on the command line.
pub(crate) fn flag(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}
