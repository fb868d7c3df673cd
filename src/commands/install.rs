//! `otoscope completions SHELL` and `otoscope man`: what an installation puts beside the program.

use super::{Failure, print};
use crate::cli::Cli;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use std::process::ExitCode;

pub(super) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut completed(), "otoscope", &mut out);
    let script = String::from_utf8_lossy(&out);
    print(&if shell == Shell::Bash { script.replacen(PREVIOUS, ASSIGNED, 1) } else { script.into_owned() })?;
    Ok(ExitCode::SUCCESS)
}

/// The commands and options as they are offered: no hidden ones, and names of commands where one is asked for.
fn completed() -> Command {
    let all = Cli::command();
    let names: Vec<String> = all.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    // An argument cannot be taken away, and hidden ones are offered too: a command is made of the others.
    Command::new("otoscope")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments().filter(|arg| !arg.is_hide_set()))
        .subcommands(all.get_subcommands())
        .mut_subcommand("man", |man| {
            man.mut_arg("of", |of| of.value_parser(PossibleValuesParser::new(names)))
        })
}

/// Where Bash's script looks at the word before.
const PREVIOUS: &str = "    prev=\"$3\"\n";
/// Bash takes `=` for a word of its own: the option stands before it.
const ASSIGNED: &str = "    prev=\"$3\"
    if [[ \"$prev\" == \"=\" ]]; then
        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"
    elif [[ \"$cur\" == \"=\" ]]; then
        cur=\"\"
    fi
";

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
    let usage = synopsis(&page);
    let mut page = page.override_usage(usage);
    if of.is_none() {
        page = page.after_long_help("otoscope man COMMAND prints the page of a command, with its options.");
    }
    let mut out = Vec::new();
    clap_mangen::Man::new(page).render(&mut out)?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}

/// Every option with what it takes, and what stands behind them.
fn synopsis(of: &Command) -> String {
    let mut words = vec![of.get_bin_name().unwrap_or_else(|| of.get_name()).to_owned()];
    let shown = |arg: &&Arg| !arg.is_hide_set();
    for option in of.get_opts().chain(of.get_arguments().filter(|arg| !takes(arg))).filter(shown) {
        let short = option.get_short().map(|short| format!("-{short}"));
        let long = option.get_long().map(|long| format!("--{long}"));
        let mut word = [short, long].into_iter().flatten().collect::<Vec<_>>().join("|");
        if takes(option) {
            word = format!("{word} {}", named(option));
        }
        words.push(if option.is_required_set() { word } else { format!("[{word}]") });
    }
    for operand in of.get_positionals().filter(shown) {
        let many = operand.get_num_args().is_some_and(|range| range.max_values() > 1);
        let dashes = if operand.is_last_set() { "-- " } else { "" };
        let word = format!("{dashes}{}{}", named(operand), if many { "..." } else { "" });
        words.push(if operand.is_required_set() { word } else { format!("[{word}]") });
    }
    if of.has_subcommands() {
        words.push("[COMMAND]".to_owned());
    }
    words.join(" ")
}

fn takes(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.takes_values())
}

fn named(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some(names) => names.iter().map(clap::builder::Str::as_str).collect::<Vec<_>>().join(" "),
        None => arg.get_id().as_str().to_uppercase(),
    }
}
