//! `otoscope completions SHELL` and `otoscope man`: what an installation puts beside the program.

use super::{Failure, print};
use crate::cli::Cli;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::process::ExitCode;

pub(super) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "otoscope", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}

/// The page of the program, or of one of its commands.
pub(super) fn man(of: Option<&str>) -> Result<ExitCode, Failure> {
    let mut all = Cli::command();
    all.build();
    let page = match of {
        None => all,
        Some(name) => match all.find_subcommand(name) {
            Some(command) => command.clone().version(env!("CARGO_PKG_VERSION")),
            None => {
                let known: Vec<&str> = all.get_subcommands().map(Command::get_name).collect();
                return Err(Failure(format!("there is no command {name}; these are: {}", known.join(", "))));
            }
        },
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(page).render(&mut out)?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}
