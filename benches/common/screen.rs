//! The real `otoscope` in a pseudo-terminal of 200×50, and what its header says.

use super::Failure;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

const SIZE: PtySize = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };

/// How long the screen may take to show something.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Screen {
    pub(crate) grpc: u16,
    pub(crate) http: u16,
    terminal: Arc<(Mutex<vt100::Parser>, Condvar)>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    /// The terminal lives as long as this.
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    pub(crate) fn open() -> Result<Self, Failure> {
        let (grpc, http) = (free_port()?, free_port()?);
        let pair = native_pty_system().openpty(SIZE)?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_otoscope"));
        command.args(["--grpc", &grpc.to_string(), "--http", &http.to_string(), "--max-memory", "8GiB"]);
        command.env("TERM", "xterm-256color");
        // What it remembers is not the user's.
        command.env("XDG_STATE_HOME", std::env::temp_dir().join("otoscope-bench"));
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let (rows, cols) = (SIZE.rows.try_into()?, SIZE.cols.try_into()?);
        let terminal = Arc::new((Mutex::new(vt100::Parser::new(rows, cols, 0)), Condvar::new()));
        let mut drawn = pair.master.try_clone_reader()?;
        let keyboard = Arc::new(Mutex::new(pair.master.take_writer()?));
        let typed = Arc::clone(&keyboard);
        let shown = Arc::clone(&terminal);
        std::thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            while let Ok(length @ 1..) = drawn.read(&mut piece) {
                shown.0.lock().unwrap_or_else(PoisonError::into_inner).process(&piece[..length]);
                shown.1.notify_all();
                // It asks a terminal where its cursor is before it draws.
                if piece[..length].windows(4).any(|asked| asked == b"\x1b[6n") {
                    let mut typed = typed.lock().unwrap_or_else(PoisonError::into_inner);
                    let _ = typed.write_all(b"\x1b[1;1R").and_then(|()| typed.flush());
                }
            }
        });
        let screen = Self { grpc, http, terminal, keyboard, child, _master: pair.master };
        screen.wait_for(0)?;
        Ok(screen)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or(0)
    }

    /// Waits until the header says that so many spans are held.
    pub(crate) fn wait_for(&self, spans: u64) -> Result<(), Failure> {
        let start = Instant::now();
        while self.spans().is_none_or(|shown| shown < spans) {
            if start.elapsed() > PATIENCE {
                return Err(format!("the screen does not show {spans} spans:\n{}", self.text()).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Presses keys.
    #[allow(dead_code, reason = "not every benchmark types")]
    pub(crate) fn press(&self, keys: &str) -> Result<(), Failure> {
        let mut keyboard = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush())?)
    }

    /// Waits until the screen is as `done` says.
    #[allow(dead_code, reason = "not every benchmark looks")]
    pub(crate) fn wait(&self, done: impl Fn(&vt100::Screen) -> bool) -> Result<(), Failure> {
        let (terminal, changed) = &*self.terminal;
        let shown = terminal.lock().unwrap_or_else(PoisonError::into_inner);
        let (shown, late) = changed
            .wait_timeout_while(shown, PATIENCE, |shown| !done(shown.screen()))
            .unwrap_or_else(PoisonError::into_inner);
        let text = shown.screen().contents();
        if late.timed_out() { Err(format!("the screen does not change:\n{text}").into()) } else { Ok(()) }
    }

    /// The number before ` spans` in the first two lines, whatever separates its thousands.
    fn spans(&self) -> Option<u64> {
        let head = {
            let terminal = self.terminal.0.lock().unwrap_or_else(PoisonError::into_inner);
            terminal.screen().rows(0, SIZE.cols).take(2).collect::<Vec<_>>().join(" ")
        };
        let before = &head[..head.find(" span")?];
        let mut digits = Vec::new();
        let mut gap = false;
        for character in before.chars().rev() {
            match character {
                '0'..='9' => {
                    digits.push(character);
                    gap = false;
                }
                // One separator between two digits; two are the space before another word.
                _ if !gap && !digits.is_empty() && !character.is_alphabetic() && character != '│' => {
                    gap = true;
                }
                _ => break,
            }
        }
        digits.iter().rev().collect::<String>().parse().ok()
    }

    fn text(&self) -> String {
        self.terminal.0.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
