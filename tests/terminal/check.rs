//! `otoscope check -- CMD` where CMD has the terminal.

use crate::pty::{SMALL, Term};

/// A command that asks something, and counts the times that it is interrupted.
const ASKS: &str = r#"n=0; trap 'n=$((n+1)); echo "interrupted $n"' INT
    printf 'name? '; read -r name; echo "hello $name"; until read -r end; do :; done; echo "bye after $n"; exit 3"#;

#[test]
fn a_command_reads_from_the_terminal_and_ctrl_c_reaches_it_once() {
    let mut term = Term::otoscope(SMALL, &["check", "--", "bash", "-c", ASKS]);
    term.see(&["name? "]);
    term.keys("ann\n");
    term.see(&["hello ann"]);
    term.keys("\x03");
    term.see(&["interrupted 1"]);
    term.keys("\x03");
    term.see(&["interrupted 2"]);
    term.keys("end\n");
    let ended = term.ended();
    assert!(ended.text.contains("bye after 2"), "{}", ended.text);
    assert!(ended.text.contains("sent no span (it ended with status 3)"), "{}", ended.text);
    assert_eq!(ended.code, 2);
}
