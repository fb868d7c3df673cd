//! Signals: to end, to stop, to go on.

#[cfg(unix)]
use super::terminal::Screen;
use crate::child::Signal;
use std::io;

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// To end; which one it was.
    End(Signal),
    /// To take the terminal again: we were stopped, and go on.
    Retake,
}

/// The signals that are listened for.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    go_on: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let go_on = rustix::process::Signal::CONT.as_raw();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            go_on: signal(SignalKind::from_raw(go_on))?,
        })
    }

    /// Waits for the next one. Nothing is lost when it is dropped.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End(Signal::INT),
            _ = self.terminate.recv() => Asked::End(Signal::TERM),
            _ = self.hang_up.recv() => Asked::End(Signal::HUP),
            _ = self.go_on.recv() => Asked::Retake,
        }
    }

    /// Gives the terminal back and stops, as Ctrl-Z does without raw mode: the whole process group, so that the shell
    /// sees a stopped job. Returns when the shell lets us go on.
    pub(super) async fn suspend(&mut self) -> io::Result<()> {
        /// How long the stop may take to reach us. Without a shell that could wake us it never comes.
        const DELIVERY: std::time::Duration = std::time::Duration::from_millis(100);
        Screen::give_back();
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        let _ = tokio::time::timeout(DELIVERY, self.go_on.recv()).await;
        Ok(())
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Asked {
        let _ = tokio::signal::ctrl_c().await;
        Asked::End(Signal::TERM)
    }

    pub(super) async fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}
