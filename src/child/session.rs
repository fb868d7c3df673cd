//! All processes of a terminal's session: the command and what it has started.

#[cfg(not(unix))]
pub use other::Signal;
#[cfg(unix)]
pub use rustix::process::Signal;

#[cfg(not(unix))]
pub(super) use other::Session;
#[cfg(unix)]
pub(super) use unix::Session;

#[cfg(unix)]
mod unix {
    use crate::child::Ended;
    use rustix::process::{
        Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group, waitid,
    };

    /// A session, by the process that leads it, which also leads its first process group.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Session(Pid);

    impl Session {
        pub(crate) fn of(pid: Option<u32>) -> Option<Self> {
            Pid::from_raw(pid? as i32).map(Self)
        }

        /// Waits for the end of the leader, and leaves it in the table of processes: until it is taken from there, its
        /// number cannot become anybody else's.
        pub(crate) fn wait(self) -> Option<Ended> {
            loop {
                match waitid(WaitId::Pid(self.0), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                    Ok(Some(status)) => {
                        let signal = status.terminating_signal().map(Ended::Signal);
                        return signal.or(status.exit_status().map(Ended::Status));
                    }
                    Ok(None) | Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return None,
                }
            }
        }

        /// Sends a signal to all that is left of it: the command's group at once, then what has gone into others.
        pub(crate) fn signal(self, signal: Signal) {
            // Who has ended meanwhile is what the signal was for.
            let _ = kill_process_group(self.0, signal);
            for (pid, group) in others(self.0) {
                if group != self.0 {
                    let _ = kill_process(pid, signal);
                }
            }
        }

        /// Whether anything of it still runs.
        pub(crate) fn is_alive(self) -> bool {
            if cfg!(target_os = "linux") {
                others(self.0).next().is_some()
            } else {
                test_kill_process_group(self.0).is_ok()
            }
        }
    }

    /// The processes of a session that run, with their groups; none where the system does not list them.
    fn others(session: Pid) -> impl Iterator<Item = (Pid, Pid)> {
        let listed = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        listed.filter_map(move |entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let (group, of) = group_and_session(&stat)?;
            (of == session).then_some((Pid::from_raw(pid)?, group))
        })
    }

    /// Reads `/proc/PID/stat`, unless the process has ended and is only waited for.
    fn group_and_session(stat: &str) -> Option<(Pid, Pid)> {
        // The name stands in parentheses and may hold any character.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let runs = !matches!(fields.next()?, "Z" | "X");
        let mut pid = || Pid::from_raw(fields.next()?.parse().ok()?);
        let (_parent, group, session) = (pid(), pid()?, pid()?);
        runs.then_some((group, session))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_the_system_says_of_a_process_is_read() {
            let pids = |stat| {
                group_and_session(stat).map(|(a, b)| (a.as_raw_nonzero().get(), b.as_raw_nonzero().get()))
            };
            assert_eq!(pids("12 (a) b) S 1 11 10 34816 11 4194560"), Some((11, 10)));
            assert_eq!(
                pids("12 (init) S 0 11 10 34816"),
                Some((11, 10)),
                "a parent outside of the container is 0"
            );
            assert_eq!(pids("12 (a) Z 1 11 10 34816"), None);
            assert_eq!(pids("12"), None);
        }
    }
}

#[cfg(not(unix))]
mod other {
    use crate::child::Ended;

    /// What asks a command to end.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Signal;

    impl Signal {
        /// The usual one.
        pub const TERM: Self = Self;
        /// The one that cannot be ignored.
        pub const KILL: Self = Self;
    }

    /// Where there are no sessions: nothing is known of what a command has started.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Session;

    impl Session {
        pub(crate) fn of(_: Option<u32>) -> Option<Self> {
            None
        }

        pub(crate) fn wait(self) -> Option<Ended> {
            None
        }

        pub(crate) fn signal(self, _: Signal) {}

        pub(crate) fn is_alive(self) -> bool {
            false
        }
    }
}
