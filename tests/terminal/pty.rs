//! A program in a pseudo-terminal, and what it draws there.
//!
//! The terminal answers no queries, as some do not: the program must need no answer.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vt100::{MouseProtocolMode, Screen};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program that is tested.
pub(crate) const OTOSCOPE: &str = env!("CARGO_BIN_EXE_otoscope");

/// Columns and rows.
pub(crate) type Size = (u16, u16);
pub(crate) const SMALL: Size = (80, 24);
pub(crate) const LARGE: Size = (200, 50);
/// A variable by which a terminal is known that answers when it is asked; without it none is asked.
pub(crate) const ANSWERS: (&str, &str) = ("XTERM_VERSION", "XTerm(390)");
/// What the terminal says that its background is, as a variable of the environment: `ffff/ffff/ffff`.
pub(crate) const BACKGROUND: &str = "BACKGROUND_OF_THE_TERMINAL";

/// What came out of the program.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    closed: bool,
}

/// A terminal with a program in it. The program is ended when this is dropped.
pub(crate) struct Term {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
    /// Held, so that the modes of the terminal outlive the program.
    slave: Option<Box<dyn SlavePty + Send>>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    modes_before: String,
    /// What may be asked, since this terminal answers.
    may_ask: &'static str,
    /// What is remembered lies there.
    _state: TempDir,
}

/// What is left when the program has ended.
pub(crate) struct Ended {
    pub(crate) code: u32,
    /// The screen as text.
    pub(crate) text: String,
    /// Every byte that was written.
    pub(crate) raw: Vec<u8>,
}

impl Term {
    /// Starts otoscope.
    pub(crate) fn otoscope(size: Size, args: &[&str]) -> Self {
        Self::with_env(size, args, &[])
    }

    /// Starts otoscope in an environment.
    pub(crate) fn with_env(size: Size, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(OTOSCOPE);
        command.args(args);
        Self::start(size, command, env)
    }

    /// Starts a script of the shell; `$OTOSCOPE` is the program.
    pub(crate) fn sh(size: Size, script: &str, env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        Self::start(size, command, env)
    }

    /// Starts a command.
    pub(crate) fn start((columns, rows): Size, mut command: CommandBuilder, env: &[(&str, &str)]) -> Self {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|n| n.to_string_lossy().starts_with("OTOSCOPE_") || n == "NO_COLOR") {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("OTOSCOPE", OTOSCOPE);
        // Of whom it is known already, nothing is asked.
        let answers = env.contains(&ANSWERS);
        if answers {
            command.env_remove("COLORFGBG");
        } else {
            command.env("COLORFGBG", "15;0");
        }
        // Somebody who was here before, and nothing of whoever runs the tests.
        let state = tempfile::tempdir().unwrap();
        fs::create_dir(state.path().join("otoscope")).unwrap();
        fs::write(state.path().join("otoscope/state.toml"), "version = \"0\"\n").unwrap();
        command.env("XDG_STATE_HOME", state.path());
        for (name, value) in env {
            command.env(name, value);
        }
        command.cwd(std::env::current_dir().unwrap());

        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes_before = modes(&*pair.master);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keyboard = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let child = pair.slave.spawn_command(command).unwrap();
        let parser = vt100::Parser::new(count(rows), count(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: Vec::new(), closed: false }), Condvar::new()));
        std::thread::spawn({
            let (seen, keyboard) = (Arc::clone(&seen), Arc::clone(&keyboard));
            let background =
                env.iter().find(|(name, _)| *name == BACKGROUND).map(|(_, rgb)| (*rgb).to_owned());
            move || {
                let mut answered = 0;
                let mut buffer = [0; 1 << 14];
                loop {
                    let n = reader.read(&mut buffer).unwrap_or(0);
                    let mut now = seen.0.lock().unwrap();
                    now.parser.process(&buffer[..n]);
                    now.raw.extend_from_slice(&buffer[..n]);
                    now.closed = n == 0;
                    answered = answer(&now.raw, answered, background.as_deref(), &keyboard);
                    seen.1.notify_all();
                    if n == 0 {
                        return;
                    }
                }
            }
        });
        Self {
            seen,
            master: pair.master,
            slave: Some(pair.slave),
            keyboard,
            child,
            modes_before,
            may_ask: if answers { "\x1b[c" } else { "" },
            _state: state,
        }
    }

    /// Waits until the screen is as `done` says. Fails, naming `what`, when that takes too long.
    pub(crate) fn wait<T>(&self, what: &str, done: impl Fn(&Screen) -> Option<T>) -> T {
        self.until(what, |seen| done(seen.parser.screen()))
    }

    fn until<T>(&self, what: &str, done: impl Fn(&Seen) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let (seen, changed) = &*self.seen;
        let mut seen = seen.lock().unwrap();
        loop {
            if let Some(done) = done(&seen) {
                return done;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let screen = framed(seen.parser.screen());
                drop(seen);
                panic!("waited {PATIENCE:?} for {what} on\n{screen}");
            }
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until each of these is on the screen, all at once.
    pub(crate) fn see(&self, texts: &[&str]) {
        self.wait(&format!("{texts:?}"), |screen| {
            let contents = screen.contents();
            texts.iter().all(|text| contents.contains(text)).then_some(())
        });
    }

    /// Waits until this is no longer on the screen.
    pub(crate) fn lose(&self, text: &str) {
        let gone = |screen: &Screen| (!screen.contents().contains(text)).then_some(());
        self.wait(&format!("{text:?} to go"), gone);
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        type_in(&self.keyboard, keys);
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&self, (columns, rows): Size) {
        self.seen.0.lock().unwrap().parser.set_size(count(rows), count(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
    }

    /// The program that was started.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// The leader of the process group that has the terminal.
    pub(crate) fn foreground(&self) -> u32 {
        self.master.process_group_leader().unwrap() as u32
    }

    /// Whether the terminal is in the modes in which it was before.
    pub(crate) fn modes_are_as_before(&self) -> bool {
        modes(&*self.master) == self.modes_before
    }

    /// Every byte so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    /// Waits for the end of the program, and makes sure that it leaves the terminal as it was.
    pub(crate) fn ended(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let late = Instant::now() > deadline;
            assert!(
                !late,
                "waited {PATIENCE:?} for the end of\n{}",
                framed(self.seen.0.lock().unwrap().parser.screen())
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        let modes_after = modes(&*self.master);
        assert!(modes_after == self.modes_before, "{} became {modes_after}", self.modes_before);
        self.slave = None;
        self.until("the end of what it wrote", |seen| seen.closed.then_some(()));
        let seen = self.seen.0.lock().unwrap();
        let screen = seen.parser.screen();
        assert!(is_given_back(screen), "the terminal was not given back:\n{}", framed(screen));
        for query in ["\x1b[6n", "\x1b[c", "\x1b[?u"].into_iter().filter(|query| *query != self.may_ask) {
            assert!(!contains(&seen.raw, query), "the terminal was asked {query:?}");
        }
        Ended { code: status.exit_code(), text: screen.contents(), raw: seen.raw.clone() }
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The program said one line, with these in it, and did not touch the screen.
    pub(crate) fn is_one_line_with(&self, parts: &[&str]) {
        let text = String::from_utf8(self.raw.clone()).unwrap();
        assert!(!text.contains('\x1b'), "an escape sequence: {text:?}");
        assert!(text.ends_with("\r\n") && text.matches('\n').count() == 1, "not one line: {text:?}");
        assert!(text.starts_with("otoscope: "), "{text:?}");
        for part in parts {
            assert!(text.contains(part), "no {part:?} in {text:?}");
        }
    }
}

/// Whether nothing of the program is left in the terminal's state.
pub(crate) fn is_given_back(screen: &Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && screen.mouse_protocol_mode() == MouseProtocolMode::None
        && !screen.bracketed_paste()
        && !screen.inverse()
        && screen.fgcolor() == vt100::Color::Default
}

/// The inverse cells below the tabs: the selected row, and on which line it is.
pub(crate) fn selected(screen: &Screen) -> Option<(u16, String)> {
    let (rows, columns) = screen.size();
    (1..rows.get()).find_map(|row| {
        let cells = (0..columns.get()).filter_map(|column| screen.cell(row, column));
        let text: String = cells.filter(|cell| cell.inverse()).map(vt100::Cell::contents).collect();
        (!text.is_empty()).then_some((row, text))
    })
}

/// The key of a tab, by its title.
pub(crate) fn tab(title: &str) -> String {
    let at = otoscope::tui::app::TABS.iter().position(|tab| tab.title == title).unwrap();
    (at + 1).to_string()
}

/// Whether there is a text among bytes.
pub(crate) fn contains(raw: &[u8], text: &str) -> bool {
    raw.windows(text.len()).any(|window| window == text.as_bytes())
}

fn type_in(keyboard: &Mutex<Box<dyn Write + Send>>, keys: &str) {
    let mut keyboard = keyboard.lock().unwrap();
    keyboard.write_all(keys.as_bytes()).unwrap();
    keyboard.flush().unwrap();
}

/// Answers, as terminals do, what was asked since: which background it has, if it knows, and what it is. Tells up to
/// where it has read.
fn answer(
    raw: &[u8],
    from: usize,
    background: Option<&str>,
    keyboard: &Mutex<Box<dyn Write + Send>>,
) -> usize {
    const ASKED: &[u8] = b"\x1b[c";
    let Some(at) = raw[from..].windows(ASKED.len()).position(|window| window == ASKED) else {
        return from;
    };
    if let Some(rgb) =
        background.filter(|_| raw[from..from + at].windows(5).any(|window| window == b"\x1b]11;"))
    {
        type_in(keyboard, &format!("\x1b]11;rgb:{rgb}\x1b\\"));
    }
    type_in(keyboard, "\x1b[?62;22c");
    from + at + ASKED.len()
}

/// Sends a signal by name: `INT`, `TERM`, `HUP`.
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn count(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

/// The screen between two rules, for messages.
fn framed(screen: &Screen) -> String {
    let columns = screen.size().1.get();
    let rule = "-".repeat(usize::from(columns));
    let mut out = format!("{rule}\n");
    for row in screen.rows(0, columns) {
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out + &rule
}
