//! Under a shell with job control: to the background and back.

use crate::pty::{SMALL, Term, is_given_back, signal};
use portable_pty::CommandBuilder;

const PROMPT: &str = "ready>";

/// A shell that waits for commands, and is told one.
fn shell(command: &str) -> Term {
    let mut bash = CommandBuilder::new("bash");
    bash.args(["--norc", "--noprofile", "--noediting", "-i"]);
    let mut term = Term::start(SMALL, bash, &[("PS1", "ready> "), ("HISTFILE", "/dev/null")]);
    term.see(&[PROMPT]);
    term.keys(&format!("{command}\n"));
    term
}

/// Waits until the shell has the terminal, as it was.
fn prompt(term: &Term, what: &str) {
    term.wait(what, |screen| {
        let contents = screen.contents();
        let asks = contents.trim_end().ends_with(PROMPT);
        (asks && contents.contains(what) && is_given_back(screen) && term.modes_are_as_before()).then_some(())
    });
}

fn inspector(term: &Term) {
    term.wait("the inspector", |screen| {
        let contents = screen.contents();
        let there = contents.contains("24 requests") && contents.contains("q quit");
        (there && screen.alternate_screen() && screen.hide_cursor()).then_some(())
    });
}

fn leave(mut term: Term) {
    term.keys("q");
    prompt(&term, "spans in 1 trace");
    term.keys("echo code=$?\n");
    prompt(&term, "code=0");
    term.keys("exit\n");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn control_z_stops_it_and_fg_returns() {
    let mut term = shell(r#""$OTOSCOPE" demo --speed max"#);
    for _ in 0..3 {
        inspector(&term);
        term.keys("\x1a");
        prompt(&term, "Stopped");
        // What the shell shows must go when the inspector returns.
        term.keys("clear; echo in between\n");
        prompt(&term, "in between");
        term.keys("fg\n");
        inspector(&term);
        term.keys("?");
        term.see(&["Esc closes"]);
        term.keys("\x1b");
        term.lose("Esc closes");
        term.lose("in between");
    }
    leave(term);
}

#[test]
fn a_stop_from_outside_is_survived() {
    // SIGSTOP cannot be caught: the shell puts its own modes in place of ours.
    let mut term = shell(r#""$OTOSCOPE" demo --speed max"#);
    inspector(&term);
    signal("STOP", term.foreground());
    term.wait("the shell's message", |screen| {
        (screen.contents().contains("Stopped") && term.modes_are_as_before()).then_some(())
    });
    term.keys("fg\n");
    inspector(&term);
    term.lose("Stopped");
    term.keys("?");
    term.see(&["Esc closes"]);
    // Escape and a letter at once would be Alt and that letter.
    term.keys("\x1b");
    term.lose("Esc closes");
    leave(term);
}

#[test]
fn in_the_background_it_waits() {
    let mut term = shell(r#""$OTOSCOPE" demo --speed max"#);
    inspector(&term);
    term.keys("\x1a");
    prompt(&term, "Stopped");
    term.keys("bg\n");
    prompt(&term, "demo --speed max &");
    // It stops again as soon as it asks for the terminal. Who is called back in that very moment stays stopped: the system
    // lets the stop come after the wish to go on.
    term.keys("until jobs | grep -q Stopped; do sleep 0.05; done; echo it waits\n");
    prompt(&term, "it waits");
    term.keys("fg\n");
    inspector(&term);
    leave(term);
}

#[test]
fn where_nobody_can_wake_it_it_does_not_stop() {
    // No shell: the process leads its own session, and the system ignores its wish to stop.
    let mut term = Term::otoscope(SMALL, &["demo", "--speed", "max"]);
    inspector(&term);
    term.keys("\x1a?");
    term.see(&["Esc closes"]);
    term.keys("qq");
    assert_eq!(term.ended().code, 0);
}
