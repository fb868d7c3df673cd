//! The real binary in a real pseudo-terminal: what it draws, and what it leaves behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Long enough for a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with otoscope in it.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Session {
    fn start(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_otoscope"));
        command.args(arguments);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(nonzero(rows), nonzero(columns), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let drawn = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                drawn.lock().unwrap().process(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, screen }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen says this.
    fn wait_for(&self, words: &str) -> String {
        let start = Instant::now();
        loop {
            let text = self.text();
            if text.contains(words) {
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "`{words}` never came:\n{text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(nonzero(rows), nonzero(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits for the end, and looks at what is left of the terminal.
    fn ends_and_leaves_the_terminal_as_it_was(mut self) -> u32 {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        };
        // What it wrote last may still be on its way.
        let still_taken = || self.screen.lock().unwrap().screen().alternate_screen();
        while still_taken() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is back");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        status.exit_code()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

const MERGED: &str = "tests/captures/flask-1.29-sigint/capture.jsonl";

#[test]
fn a_dump_tells_its_story_without_a_key_and_q_leaves() {
    let mut session = Session::start(80, 24, &[MERGED]);
    let text = session.wait_for("24 requests");
    assert!(text.contains("INTERNAL→SERVER"), "{text}");
    assert!(session.screen.lock().unwrap().screen().alternate_screen());
    session.press("u");
    session.wait_for("as recorded (u: un-merge");
    session.press("?");
    session.wait_for("Esc closes");
    session.press("q");
    assert_eq!(session.ends_and_leaves_the_terminal_as_it_was(), 0);
}

#[test]
fn ctrl_c_leaves() {
    let mut session = Session::start(100, 30, &[MERGED]);
    session.wait_for("24 requests");
    session.press("\u{3}");
    assert_eq!(session.ends_and_leaves_the_terminal_as_it_was(), 0);
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    for signal in ["-TERM", "-HUP", "-INT"] {
        let session = Session::start(80, 24, &[MERGED]);
        session.wait_for("24 requests");
        let process = session.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        session.ends_and_leaves_the_terminal_as_it_was();
    }
}

#[test]
fn the_screen_follows_the_size_of_the_terminal() {
    let mut session = Session::start(140, 42, &[MERGED]);
    session.wait_for("fix: upgrade");
    session.resize(50, 10);
    session.wait_for("otoscope needs 60 columns");
    session.resize(80, 24);
    session.wait_for("24 requests");
    session.press("q");
    session.ends_and_leaves_the_terminal_as_it_was();
}

#[test]
fn while_nothing_arrives_it_says_what_to_export() {
    let mut session = Session::start(80, 24, &["--grpc", "0", "--http", "0"]);
    let text = session.wait_for("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:");
    assert!(text.contains("● live"), "{text}");
    session.press("3");
    session.wait_for("nobody yet");
    session.press("q");
    assert_eq!(session.ends_and_leaves_the_terminal_as_it_was(), 0);
}

#[test]
fn a_stopped_inspector_comes_back() {
    let mut session = Session::start(80, 24, &[MERGED]);
    session.wait_for("24 requests");
    // Alone in its session no shell could wake it, so the kernel does not stop it: it must go on by itself.
    session.press("\u{1a}");
    session.wait_for("24 requests");
    session.press("2");
    session.wait_for("1 finding");
    session.press("q");
    assert_eq!(session.ends_and_leaves_the_terminal_as_it_was(), 0);
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}
