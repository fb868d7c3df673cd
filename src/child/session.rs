//! All processes of a terminal's session: the command and what it has started.

#[cfg(not(unix))]
pub use other::Signal;
#[cfg(unix)]
pub use rustix::process::Signal;

#[cfg(not(unix))]
pub(super) use other::Session;
#[cfg(unix)]
pub(super) use unix::Session;

/// What a signal is called, as in `kill -l`.
#[cfg(unix)]
pub fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "SIGINT",
        Signal::TERM => "SIGTERM",
        Signal::HUP => "SIGHUP",
        Signal::KILL => "SIGKILL",
        _ => "a signal",
    }
}

/// Where there are none.
#[cfg(not(unix))]
pub fn signal_name(_: Signal) -> &'static str {
    "force"
}

#[cfg(unix)]
mod unix {
    use super::super::orphans::Orphans;
    use crate::child::Ended;
    use rustix::process::{
        Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group, waitid,
    };

    /// A session, by the process that leads it, which also leads its first process group; and what has left it.
    #[derive(Clone, Debug)]
    pub(crate) struct Session {
        leader: Pid,
        orphans: Orphans,
    }

    impl Session {
        pub(crate) fn of(pid: Option<u32>, orphans: Orphans) -> Option<Self> {
            Some(Self { leader: Pid::from_raw(pid? as i32)?, orphans })
        }

        /// Waits for the end of the leader, and leaves it in the table of processes: until it is taken from there, its
        /// number cannot become anybody else's.
        pub(crate) fn wait(&self) -> Option<Ended> {
            loop {
                match waitid(WaitId::Pid(self.leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                    Ok(Some(status)) => {
                        let signal = status.terminating_signal().map(Ended::Signal);
                        return signal.or(status.exit_status().map(Ended::Status));
                    }
                    Ok(None) | Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return None,
                }
            }
        }

        /// Sends a signal to all that is left of it: the command's group at once, then what has gone into others. What has
        /// left the session is told to terminate: the other signals tell a daemon something else.
        pub(crate) fn signal(&self, signal: Signal) {
            // Who has ended meanwhile is what the signal was for.
            let _ = kill_process_group(self.leader, signal);
            let outside = if signal == Signal::KILL { signal } else { Signal::TERM };
            for it in self.orphans.family(self.leader).iter().filter(|it| it.group != self.leader) {
                let signal = if it.session == self.leader { signal } else { outside };
                let _ = kill_process(it.pid, signal);
            }
        }

        /// Whether anything of it still runs.
        pub(crate) fn is_alive(&self) -> bool {
            if cfg!(target_os = "linux") {
                !self.orphans.family(self.leader).is_empty()
            } else {
                test_kill_process_group(self.leader).is_ok()
            }
        }

        /// Takes orphans of it that have ended from the table of processes.
        pub(crate) fn bury(&self) {
            self.orphans.bury(self.leader);
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::super::orphans::Orphans;
    use crate::child::Ended;

    /// What asks a command to end.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Signal;

    impl Signal {
        /// The one of Ctrl-C.
        pub const INT: Self = Self;
        /// The usual one.
        pub const TERM: Self = Self;
        /// The one that cannot be ignored.
        pub const KILL: Self = Self;
    }

    /// Where there are no sessions: nothing is known of what a command has started.
    #[derive(Clone, Debug)]
    pub(crate) struct Session;

    impl Session {
        pub(crate) fn of(_: Option<u32>, _: Orphans) -> Option<Self> {
            None
        }

        pub(crate) fn wait(&self) -> Option<Ended> {
            None
        }

        pub(crate) fn signal(&self, _: Signal) {}

        pub(crate) fn is_alive(&self) -> bool {
            false
        }

        pub(crate) fn bury(&self) {}
    }
}
