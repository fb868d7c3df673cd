//! Wiring: one file a command. May use every other room.

mod check;
mod check_live;
mod child;
mod convert;
mod endpoint;
mod follow;
mod inputs;
mod inspect;
mod install;
mod player;
mod receive;
mod record;
mod recording;
mod rules;
mod run;
mod save;
mod screen;
mod send;
mod settings;
mod touched;
mod world;

use crate::cli::{Cli, Command, Say};
use crate::diagnosis::{Baseline, Diagnosis, Policy, known_issues};
use crate::harmless::clean;
use crate::report;
use clap::Parser;
use settings::Settings;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Exit code for usage errors and unreadable or empty input.
const UNUSABLE: u8 = 2;
/// What standard input is called in messages.
const STDIN: &str = "standard input";

/// Why a command could not do its work; one line for standard error.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    settings::read(Cli::parse()).and_then(run).unwrap_or_else(|failure| {
        complain(&failure);
        ExitCode::from(UNUSABLE)
    })
}

fn run(settings: Settings) -> Result<ExitCode, Failure> {
    let Settings { cli, policy, wishes } = settings;
    match &cli.command {
        None => inspect::run(&cli, policy, &wishes),
        Some(Command::Demo { speed, draw }) => inspect::demo(speed, draw, &wishes),
        Some(Command::Run(args)) => run::run(args, policy, &wishes),
        Some(Command::Check(args)) => check::run(args, policy),
        Some(Command::Record(args)) => record::run(args),
        Some(Command::Send(args)) => send::run(args),
        Some(Command::Convert(args)) => convert::run(args),
        Some(Command::Completions { shell }) => install::completions(*shell),
        Some(Command::Man { of }) => install::man(of.as_deref()),
        Some(Command::Rules) => rules::list(),
        Some(Command::Explain { rule }) => rules::explain(rule),
    }
}

/// Says on standard error what went wrong, in one line: it may quote a dump or a configuration of anybody's. A closed
/// standard error is nobody's problem.
fn complain(what: &dyn fmt::Display) {
    let _ = writeln!(io::stderr(), "otoscope: {}", clean(&what.to_string()));
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// A diagnosis as the user wants it.
fn diagnosis(policy: Policy, say: &Say) -> Result<Diagnosis, Failure> {
    let Some(path) = &say.known_issues else { return Ok(Diagnosis::with_policy(policy)) };
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure(format!("the known issues {name} cannot be read: {error}")))?;
    let rows = known_issues::parse(&text).map_err(|wrong| Failure(format!("{name}:{wrong}")))?;
    Ok(Diagnosis::with_policy(policy).with_known_issues(rows))
}

/// Reads an earlier report.
fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure(format!("the baseline {name} cannot be read: {error}")))?;
    report::read_baseline(&text).map_err(|wrong| Failure(format!("the baseline {name} {wrong}")))
}

/// A size such as `512MiB`, in bytes. Units are powers of 1,024; a bare number is bytes.
fn parse_size(text: &str) -> Result<usize, Failure> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let unit = text.trim()[digits.len()..].trim().to_ascii_lowercase();
    let scale = match unit.as_str() {
        "" | "b" => 1_u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => 0,
    };
    let bytes = digits.parse::<f64>().unwrap_or(-1.0) * scale as f64;
    if bytes < 1.0 {
        return Err(Failure(format!("{text} is not a size; write 512MiB or 2GiB")));
    }
    Ok(bytes as usize)
}

/// The wall clock, nanoseconds since the Unix epoch.
fn wall_clock_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// A time such as `30s`. A bare number is seconds.
fn parse_time(text: &str) -> Result<Duration, Failure> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let scale = match text.trim()[digits.len()..].trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => 0.0,
    };
    let seconds = digits.parse::<f64>().unwrap_or(-1.0) * scale;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(Failure(format!("{text} is not a time; write 30s, 5m or 1h"))),
    }
}

/// All files named on the command line of the inspector.
fn files(cli: &Cli) -> Vec<PathBuf> {
    cli.files.iter().chain(&cli.from_json_file).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("1GiB", 1 << 30), ("64 MiB", 64 << 20), ("1.5k", 1536), ("100", 100)] {
            assert_eq!(parse_size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "MiB", "-1", "10 apples", "0"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, ms) in [("30s", 30_000), ("1.5 s", 1_500), ("250ms", 250), ("2m", 120_000), ("7", 7_000)] {
            assert_eq!(parse_time(text).unwrap(), Duration::from_millis(ms), "{text}");
        }
        for text in ["", "s", "-1s", "0", "5 days", "1e300h"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
