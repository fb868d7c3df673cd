//! The inspector: live, or over dumps.

use super::Failure;
use crate::cli::{Cli, Draw};
use std::process::ExitCode;

pub(super) fn run(_cli: Cli) -> Result<ExitCode, Failure> {
    Err(Failure("the screen is not there yet".to_owned()))
}

pub(super) fn demo(_speed: &str, _draw: &Draw) -> Result<ExitCode, Failure> {
    Err(Failure("the screen is not there yet".to_owned()))
}
