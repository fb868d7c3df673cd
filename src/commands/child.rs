//! The command of `check -- CMD` and `record -- CMD`: started, passed signals, and never left behind.

use super::Failure;
use super::endpoint::SIGNAL_ENDPOINTS;
use crate::child::{Ended, Orphans};
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// A command that runs.
pub(super) struct Running {
    child: Child,
    #[cfg_attr(not(unix), allow(dead_code, reason = "there nobody is adopted"))]
    orphans: Orphans,
    /// Its process group, where it has one of its own.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
    #[cfg(unix)]
    pid: Option<rustix::process::Pid>,
}

impl Running {
    /// Starts a command with this in its environment; what it prints goes to our standard error.
    ///
    /// It has a process group of its own, so that a signal for us reaches all of it, once. Not where it may read from
    /// the terminal: a terminal stops groups that are not in front. There it shares ours, and Ctrl-C reaches both.
    pub(super) fn start(command: &[OsString], env: (&str, &str)) -> Result<Self, Failure> {
        let [program, args @ ..] = command else { return Err(Failure("no command was named".to_owned())) };
        let mut starting = Command::new(program);
        starting.args(args).env(env.0, env.1).kill_on_drop(true);
        for name in SIGNAL_ENDPOINTS {
            starting.env_remove(name);
        }
        starting.stdout(io::stderr()).stderr(Stdio::inherit());
        let own_group = !io::stdin().is_terminal();
        #[cfg(unix)]
        if own_group {
            starting.process_group(0);
        }
        let orphans = Orphans::adopt();
        let child = starting
            .spawn()
            .map_err(|error| Failure(format!("cannot start `{}`: {error}", program.display())))?;
        #[cfg(unix)]
        {
            let pid = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32));
            Ok(Self { child, orphans, group: pid.filter(|_| own_group), pid })
        }
        #[cfg(not(unix))]
        Ok(Self { child, orphans })
    }

    /// Waits for its end, and passes signals on to it until then.
    pub(super) async fn end(&mut self, signals: &mut Signals) -> io::Result<Ended> {
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                signal = signals.next() => self.pass_on(signal),
            }
        };
        self.end_what_it_left();
        Ok(Ended::from(status))
    }
}

#[cfg(unix)]
mod unix {
    use super::Running;
    use rustix::process::{Signal, kill_process, kill_process_group};
    use std::io;
    use tokio::signal::unix::{SignalKind, signal};

    impl Running {
        /// A process that has ended meanwhile is what the signal was for.
        pub(super) fn pass_on(&self, signal: Signal) {
            let _ = match (self.group, self.pid) {
                (Some(group), _) => kill_process_group(group, signal),
                // From the terminal, which has sent it to the command too: twice would be "at once, and without your
                // last spans" to many.
                (None, Some(_)) if signal == Signal::INT => Ok(()),
                (None, Some(pid)) => kill_process(pid, signal),
                (None, None) => Ok(()),
            };
        }

        /// Nobody will take what it sends from now on. Mostly there is nothing left, which the system says.
        pub(super) fn end_what_it_left(&self) {
            // What is started from a terminal may be meant to stay.
            let Some(group) = self.group else { return };
            let _ = kill_process_group(group, Signal::TERM);
            for pid in self.orphans.left() {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
    }

    /// The signals that ask us to end.
    pub(in super::super) struct Signals {
        interrupt: tokio::signal::unix::Signal,
        terminate: tokio::signal::unix::Signal,
        hang_up: tokio::signal::unix::Signal,
    }

    impl Signals {
        /// From now on they no longer end us.
        pub(in super::super) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        }

        /// Waits for the next one. Nothing is lost when it is dropped.
        pub(in super::super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::INT,
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.hang_up.recv() => Signal::HUP,
            }
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::Running;
    use std::io;

    /// Ctrl-C.
    pub(in super::super) struct Interrupt;

    impl Running {
        /// The console has told the command too.
        pub(super) fn pass_on(&self, _: Interrupt) {}

        pub(super) fn end_what_it_left(&self) {}
    }

    /// Ctrl-C, which asks us to end.
    pub(in super::super) struct Signals;

    impl Signals {
        /// From now on it no longer ends us.
        pub(in super::super) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for the next one.
        pub(in super::super) async fn next(&mut self) -> Interrupt {
            let _ = tokio::signal::ctrl_c().await;
            Interrupt
        }
    }
}

#[cfg(not(unix))]
pub(super) use other::Signals;
#[cfg(unix)]
pub(super) use unix::Signals;
