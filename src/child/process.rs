//! One run of a command: a process that leads the session of a pseudo-terminal.

use super::orphans::Orphans;
use super::session::{Session, Signal};
use super::{Ended, Told};
use portable_pty::{Child, ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How much is read at once: a fraction of a millisecond for whoever draws it.
const READ: usize = 8 << 10;
/// How many pieces of text may wait for a command that does not read.
const TYPED: usize = 64;
/// How long what a command printed last may take to arrive after its end. What it left running may hold its terminal.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How often it is looked whether all have ended.
const LOOK: Duration = Duration::from_millis(20);
/// How often orphans that have ended are looked for.
const BURIAL: Duration = Duration::from_secs(5);
/// How long all of it may take to end after each signal, intake going on: what it has not sent yet is sent then.
const GRACE: Duration = Duration::from_secs(5);
/// How long what the command has left running may take after the command itself ended at the first signal. What a script
/// starts in the background ignores Ctrl-C.
const LEFT: Duration = Duration::from_secs(1);
/// How long a process that was killed may take to go.
const KILLED: Duration = Duration::from_secs(1);

/// Tells something of a run. Answers with whether anybody listens.
pub(super) type Tell = Box<dyn Fn(Told) -> bool + Send + Sync>;

/// A run. What it has started is ended with it, at the latest when this is dropped.
pub(super) struct Process {
    terminal: Box<dyn MasterPty + Send>,
    keyboard: SyncSender<Vec<u8>>,
    session: Option<Session>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    ended: Arc<OnceLock<Ended>>,
    /// The leader is taken from the table of processes when this is dropped, and its orphans no more.
    _taken: [mpsc::Sender<()>; 2],
    over: bool,
}

impl Process {
    /// Starts a command in a terminal of so many columns and rows.
    pub(super) fn start(
        words: &[OsString],
        env: &[(String, Option<String>)],
        size: (u16, u16),
        orphans: Orphans,
        tell: Tell,
    ) -> Result<Self, String> {
        let pair = native_pty_system().openpty(pty_size(size)).map_err(|error| error.to_string())?;
        let mut command = CommandBuilder::from_argv(words.to_vec());
        // Unless told otherwise, it would start at home.
        command.cwd(std::env::current_dir().map_err(|error| error.to_string())?);
        // What our terminal can do beyond this, that of the command cannot.
        command.env("TERM", "xterm-256color");
        for (name, value) in env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            }
        }
        let reader = pair.master.try_clone_reader().map_err(|error| error.to_string())?;
        let writer = pair.master.take_writer().map_err(|error| error.to_string())?;
        // Its error lists where the command was looked for, a line each.
        let child = pair.slave.spawn_command(command).map_err(|error| one_line(&error.to_string()))?;
        // The command alone holds that end now: when all that have it are gone, nothing more can be printed.
        drop(pair.slave);

        let tell = Arc::new(tell);
        let ended = Arc::new(OnceLock::new());
        let session = Session::of(child.process_id(), orphans);
        let killer = child.clone_killer();
        let (closed, printed_all) = mpsc::channel();
        thread::spawn({
            let tell = Arc::clone(&tell);
            move || read(reader, &**tell, &closed)
        });
        let (keyboard, typed) = mpsc::sync_channel(TYPED);
        thread::spawn(move || write(writer, &typed));
        let (taken, take) = mpsc::channel();
        thread::spawn({
            let (ended, session) = (Arc::clone(&ended), session.clone());
            move || wait(child, session, &ended, &printed_all, &**tell, &take)
        });
        let (over, end) = mpsc::channel::<()>();
        if let Some(session) = session.clone() {
            thread::spawn(move || {
                while end.recv_timeout(BURIAL) == Err(RecvTimeoutError::Timeout) {
                    session.bury();
                }
            });
        }
        let taken = [taken, over];
        Ok(Self { terminal: pair.master, keyboard, session, killer, ended, _taken: taken, over: false })
    }

    /// Types. A sentence, where the command has not read what was typed before.
    pub(super) fn type_in(&self, bytes: Vec<u8>) -> Result<(), String> {
        match self.keyboard.try_send(bytes) {
            Err(TrySendError::Full(_)) => Err("the command does not read what is typed".to_owned()),
            // A terminal that is gone has no keyboard; that the command has ended is told elsewhere.
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    pub(super) fn resize(&self, size: (u16, u16)) {
        // Only fails where there is no terminal any more.
        let _ = self.terminal.resize(pty_size(size));
    }

    /// Ends all of it: with a signal, where that does not help with SIGTERM, and then, or as soon as `hurry` says so, for
    /// good. Each is told before it is sent.
    pub(super) fn end(mut self, first: Signal, hurry: impl FnMut() -> bool, told: impl FnMut(Signal)) {
        let all = [first, Signal::TERM];
        self.end_all(if first == Signal::TERM { &all[1..] } else { &all }, hurry, told);
    }

    fn end_all(&mut self, signals: &[Signal], mut hurry: impl FnMut() -> bool, mut told: impl FnMut(Signal)) {
        self.over = true;
        for (at, signal) in signals.iter().enumerate() {
            if !self.is_alive() {
                return;
            }
            told(*signal);
            self.signal(*signal);
            let (until, mut left_until) = (Instant::now() + GRACE, None);
            while self.is_alive() {
                if hurry() {
                    return self.kill(told);
                }
                let now = Instant::now();
                if at + 1 < signals.len() && self.ended.get().is_some() {
                    left_until.get_or_insert(now + LEFT);
                }
                if now >= until || left_until.is_some_and(|left| now >= left) {
                    break;
                }
                thread::sleep(LOOK);
            }
        }
        if self.is_alive() {
            self.kill(told);
        }
    }

    fn kill(&mut self, mut told: impl FnMut(Signal)) {
        told(Signal::KILL);
        let until = Instant::now() + KILLED;
        while self.is_alive() && Instant::now() < until {
            // Again each time: a process may have started another meanwhile.
            self.signal(Signal::KILL);
            thread::sleep(LOOK);
        }
    }

    fn signal(&mut self, signal: Signal) {
        match &self.session {
            Some(session) => session.signal(signal),
            None if self.ended.get().is_none() => drop(self.killer.kill()),
            None => {}
        }
    }

    fn is_alive(&self) -> bool {
        self.ended.get().is_none() || self.session.as_ref().is_some_and(Session::is_alive)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.over {
            // Nobody had time to end it in peace: something has gone wrong here.
            let until = Instant::now() + KILLED;
            self.end_all(&[Signal::TERM], || Instant::now() >= until, |_| ());
        }
    }
}

/// Tells what is printed until nobody can print any more, or nobody listens.
fn read(
    mut from: Box<dyn Read + Send>,
    tell: &(dyn Fn(Told) -> bool + Send + Sync),
    _closed: &mpsc::Sender<()>,
) {
    let mut buffer = vec![0; READ];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) if !tell(Told::Printed(buffer[..n].to_vec())) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn write(mut to: Box<dyn Write + Send>, typed: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(bytes) = typed.recv() {
        if to.write_all(&bytes).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Waits for the end, and tells it after what was printed last.
fn wait(
    mut child: Box<dyn Child + Send + Sync>,
    session: Option<Session>,
    ended: &OnceLock<Ended>,
    printed_all: &mpsc::Receiver<()>,
    tell: &(dyn Fn(Told) -> bool + Send + Sync),
    take: &mpsc::Receiver<()>,
) {
    let how = session
        .and_then(|session| session.wait())
        .unwrap_or_else(|| Ended::Status(child.wait().map_or(1, |status| status.exit_code() as i32)));
    let _ = ended.set(how);
    let _ = printed_all.recv_timeout(LAST_WORDS);
    tell(Told::Ended(how));
    // Until its owner is done with the session, the number of the leader must stay taken.
    let _ = take.recv();
    let _ = child.wait();
}

fn pty_size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows: rows.max(1), cols: columns.max(1), pixel_width: 0, pixel_height: 0 }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
