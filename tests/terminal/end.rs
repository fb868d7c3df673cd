//! However it ends, the terminal is given back.

use crate::app::until;
use crate::live::{LIVE, ports};
use crate::pty::{SMALL, Term, signal, tab};
use std::io::Write;
use std::net::TcpStream;

#[test]
fn signals_end_it_as_a_key_does() {
    for name in ["INT", "TERM", "HUP"] {
        let term = Term::otoscope(SMALL, &["demo", "--speed", "max"]);
        term.see(&["24 requests"]);
        signal(name, term.pid());
        let ended = term.ended();
        assert_eq!(ended.code, 0, "SIG{name}");
        assert!(ended.text.contains("spans in 1 trace"), "{}", ended.text);
    }
}

#[test]
fn a_signal_ends_a_live_one_too() {
    let term = Term::otoscope(SMALL, LIVE);
    let (grpc, _) = ports(&term);
    let open = TcpStream::connect(("127.0.0.1", grpc)).unwrap();
    signal("TERM", term.pid());
    assert_eq!(term.ended().code, 0);
    drop(open);
    assert!(TcpStream::connect(("127.0.0.1", grpc)).is_err(), "the port is still taken");
}

#[test]
fn a_client_that_does_not_finish_does_not_hold_it() {
    let mut term = Term::otoscope(SMALL, LIVE);
    let (grpc, _) = ports(&term);
    let mut slow = TcpStream::connect(("127.0.0.1", grpc)).unwrap();
    let head =
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();
    term.keys(&tab("Receiver"));
    term.see(&["1 connection open"]);
    term.keys("q");
    term.see(&["otoscope: 0 spans in 0 traces"]);
    // The terminal is the shell's again, and so is Ctrl-C.
    term.keys("\x03");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn control_c_is_quit() {
    let mut term = Term::otoscope(SMALL, LIVE);
    ports(&term);
    term.keys("\x03");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    // The shell leads the session: its death hangs the terminal up.
    let term = Term::sh(SMALL, r#""$OTOSCOPE" --grpc 0 --http 0; true"#, &[]);
    let (grpc, _) = ports(&term);
    signal("KILL", term.pid());
    until("the port to be free", || TcpStream::connect(("127.0.0.1", grpc)).is_err());
}
