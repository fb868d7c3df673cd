//! `otoscope completions` and `otoscope man` know every command and every option.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use clap::CommandFactory;
use otoscope::cli::Cli;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn otoscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otoscope")).args(args).output().unwrap()
}

fn printed(args: &[&str]) -> String {
    let out = otoscope(args);
    assert_eq!((out.status.code(), out.stderr.len()), (Some(0), 0), "{args:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// The long options of a command that are not hidden.
fn options(command: &clap::Command) -> Vec<&str> {
    command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(|arg| arg.get_long()).collect()
}

#[test]
fn completions_know_every_command_and_option() {
    let cli = Cli::command();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for command in std::iter::once(&cli).chain(cli.get_subcommands()) {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            for option in options(command) {
                assert!(script.contains(option), "{shell}: --{option}");
            }
            let hidden = command.get_arguments().filter(|arg| arg.is_hide_set());
            for option in hidden.filter_map(|arg| arg.get_long()) {
                assert!(!script.contains(option), "{shell}: --{option}");
            }
        }
    }
    assert_eq!(otoscope(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn bash_understands_its_completions() {
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(printed(&["completions", "bash"]).as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
}

/// What Bash offers where these words stand, the last of them begun.
fn offered(words: &[&str]) -> String {
    let script = printed(&["completions", "bash"]);
    let [.., before, last] = words else { panic!("{words:?}") };
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let asked = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={}; _otoscope otoscope '{last}' '{before}'; echo \"${{COMPREPLY[*]}}\"",
        quoted.join(" "),
        words.len() - 1
    );
    let out = Command::new("bash").args(["--norc", "-c", &asked]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[test]
fn bash_offers_rules_and_values() {
    assert_eq!(offered(&["otoscope", "explain", "merged"]), "merged-under-local-span");
    assert_eq!(offered(&["otoscope", "check", "--format", "s"]), "sarif");
    assert_eq!(offered(&["otoscope", "check", "--format", "=", "s"]), "sarif", "`=` is a word of its own");
    assert!(offered(&["otoscope", "check", "-D", "unknown"]).contains("unknown-service"));
    assert_eq!(offered(&["otoscope", "man", "conv"]), "convert");
    assert_eq!(offered(&["otoscope", "--from"]), "--from", "what is hidden is not offered");
    let out = otoscope(&["explain", "mergd-under-local-span"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("did you mean merged-under-local-span?"));
}

#[test]
fn the_synopsis_names_values() {
    let page = printed(&["man", "check"]);
    for part in [
        "[\\-\\-format FORMAT]",
        "[\\-o|\\-\\-output FILE]",
        "[\\-\\-listen]",
        "[FILE...]",
        "[\\-\\- CMD...]",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(printed(&["man"]).contains("otoscope man COMMAND"));
}

#[test]
fn every_command_has_a_manual_page_with_every_option() {
    let cli = Cli::command();
    for command in std::iter::once(&cli).chain(cli.get_subcommands()) {
        let name = command.get_name();
        let page = if name == "otoscope" { printed(&["man"]) } else { printed(&["man", name]) };
        let title = if name == "otoscope" { name.to_owned() } else { format!("otoscope-{name}") };
        assert!(page.contains(&format!(".TH {title} 1")), "{page}");
        for option in options(command) {
            assert!(page.contains(&format!("\\-\\-{}", option.replace('-', "\\-"))), "{name}: --{option}");
        }
    }
    let out = otoscope(&["man", "nonsense"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("these are: run, demo, check, record, convert, send")
    );
}
