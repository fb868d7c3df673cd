//! The `otoscope` command.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    otoscope::commands::run(&otoscope::cli::Cli::parse())
}
