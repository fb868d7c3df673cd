//! The owner of a command: one run after the other.

use super::Ended;
use super::orphans::Orphans;
use super::process::Process;
use super::session::Signal;
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pieces of what is printed that may wait to be drawn: beyond them the command waits.
const QUEUE: usize = 16;

/// What is told of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// It printed this.
    Printed(Vec<u8>),
    /// It is being ended, to be started again: this signal is sent to all of it. First that of Ctrl-C, at which most
    /// SDKs send what they still hold.
    Ending(Signal),
    /// It was started again.
    Started,
    /// It has ended.
    Ended(Ended),
    /// It could not be started again.
    Failed(String),
}

/// What is wanted of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// That it is typed this.
    Type(Vec<u8>),
    /// That it is ended, if it runs, and started again.
    Restart,
    /// That its terminal has so many columns and rows.
    Resize(u16, u16),
}

/// What a thread says, and of which run.
enum News {
    Told(Told),
    /// All processes of the run are gone.
    Gone,
}

/// A command, run by run. When this is dropped, all of it is ended.
pub struct Command {
    words: Vec<OsString>,
    env: Vec<(String, Option<String>)>,
    size: (u16, u16),
    orphans: Orphans,
    process: Option<Process>,
    /// The run's number: what is told of an earlier one is of no interest any more.
    run: u32,
    ended: Option<Ended>,
    say: Sender<(u32, News)>,
    heard: Receiver<(u32, News)>,
    next: Option<Told>,
    ending: Option<Ending>,
}

/// A run that is being ended: that takes its time, and has a thread of its own.
struct Ending {
    hurry: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Command {
    /// Starts a command, with these variables in its environment, or without them, in a terminal of so many columns and rows. The orphans
    /// belong to it.
    pub fn start(
        words: Vec<OsString>,
        env: Vec<(String, Option<String>)>,
        size: (u16, u16),
        orphans: Orphans,
    ) -> Result<Self, String> {
        let (say, heard) = channel(QUEUE);
        let (process, ended, next, ending) = (None, None, None, None);
        let mut command =
            Self { words, env, size, orphans, process, run: 0, ended, say, heard, next, ending };
        command.launch()?;
        Ok(command)
    }

    fn launch(&mut self) -> Result<(), String> {
        self.run += 1;
        let (run, say) = (self.run, self.say.clone());
        let tell = Box::new(move |told| say.blocking_send((run, News::Told(told))).is_ok());
        let started = Process::start(&self.words, &self.env, self.size, self.orphans.clone(), tell);
        // What a shell would say of a command that it cannot start.
        self.ended = started.is_err().then_some(Ended::Status(127));
        self.process = Some(started?);
        Ok(())
    }

    fn launch_again(&mut self) -> Told {
        match self.launch() {
            Ok(()) => Told::Started,
            Err(why) => Told::Failed(why),
        }
    }

    /// How its last run has ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// What is told next. Nothing is lost when nobody asks again.
    pub fn poll_told(&mut self, cx: &mut Context<'_>) -> Poll<Told> {
        if let Some(told) = self.next.take() {
            return Poll::Ready(told);
        }
        loop {
            // Never closed: we hold an end of it ourselves.
            let Poll::Ready(Some((run, news))) = self.heard.poll_recv(cx) else { return Poll::Pending };
            match news {
                _ if run != self.run => {}
                News::Told(told) => {
                    if let Told::Ended(how) = told {
                        self.ended = Some(how);
                    }
                    return Poll::Ready(told);
                }
                News::Gone => {
                    self.ending = None;
                    return Poll::Ready(self.launch_again());
                }
            }
        }
    }

    /// Does what is wanted; a sentence where that cannot be.
    pub fn order(&mut self, order: Order) -> Result<(), String> {
        match (order, &self.process) {
            (Order::Resize(columns, rows), process) => {
                self.size = (columns, rows);
                process.iter().for_each(|process| process.resize(self.size));
                Ok(())
            }
            (Order::Type(_), _) if self.ended.is_some() => Err("the command has ended".to_owned()),
            (Order::Type(bytes), Some(process)) => process.type_in(bytes),
            (Order::Type(_), None) => Err("the command is not running".to_owned()),
            (Order::Restart, _) => {
                self.restart();
                Ok(())
            }
        }
    }

    fn restart(&mut self) {
        match self.process.take() {
            Some(process) => {
                self.begin_to_end(process, Signal::INT);
            }
            None if self.ending.is_none() => self.next = Some(self.launch_again()),
            None => {}
        }
    }

    fn begin_to_end(&mut self, process: Process, signal: Signal) {
        let hurry = Arc::new(AtomicBool::new(false));
        let (run, say, hurried) = (self.run, self.say.clone(), Arc::clone(&hurry));
        let thread = thread::spawn(move || {
            let told = |signal| drop(say.blocking_send((run, News::Told(Told::Ending(signal)))));
            process.end(signal, || hurried.load(Relaxed), told);
            let _ = say.blocking_send((run, News::Gone));
        });
        self.ending = Some(Ending { hurry, thread });
    }

    /// Ends all of it: with a signal, after some seconds with SIGTERM, and after some more, or when `hurry` is over, for
    /// good. Tells of each signal.
    pub async fn end(
        mut self,
        signal: Signal,
        hurry: impl Future<Output = ()>,
        mut told: impl FnMut(Signal),
    ) {
        if let Some(process) = self.process.take() {
            self.begin_to_end(process, signal);
        }
        let Some(ending) = &self.ending else { return };
        let mut hurry = std::pin::pin!(hurry);
        loop {
            tokio::select! {
                () = &mut hurry, if !ending.hurry.load(Relaxed) => ending.hurry.store(true, Relaxed),
                // What it prints is taken: a command that cannot print cannot end.
                heard = self.heard.recv() => match heard {
                    Some((_, News::Gone)) | None => return,
                    Some((_, News::Told(Told::Ending(signal)))) => told(signal),
                    Some(_) => {}
                }
            }
        }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        if let Some(Ending { hurry, thread }) = self.ending.take() {
            hurry.store(true, Relaxed);
            // It may wait to tell what nobody asks for any more.
            self.heard.close();
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command").field("words", &self.words).field("run", &self.run).finish_non_exhaustive()
    }
}
