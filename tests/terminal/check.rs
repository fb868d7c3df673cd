//! `otoscope check -- CMD` where CMD has the terminal.

use crate::pty::{SMALL, Term};

/// A command that asks something, waits to be interrupted, asks again, and counts how often it was interrupted.
const ASKS: &str = r#"n=0; trap 'n=$((n+1))' INT
    printf 'name? '; read -r name; echo "hello $name"
    while [ $n = 0 ]; do sleep 0.02; done
    printf 'sure? '; read -r sure; echo "$sure after $n"; exit 3"#;

#[test]
fn a_command_reads_from_the_terminal_and_ctrl_c_reaches_it_once() {
    let mut term = Term::otoscope(SMALL, &["check", "--", "bash", "-c", ASKS]);
    term.see(&["name? "]);
    term.keys("ann\n");
    term.see(&["hello ann"]);
    term.keys("\x03");
    term.see(&["sure? "]);
    term.keys("yes\n");
    let ended = term.ended();
    assert!(ended.text.contains("yes after 1"), "{}", ended.text);
    assert!(ended.text.contains("ended with status 3 and sent no span"), "{}", ended.text);
    assert_eq!(ended.code, 2);
}
