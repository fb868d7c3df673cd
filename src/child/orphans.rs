//! Processes whose parent has ended. On Linux they become our children, also those that have left the session of the
//! command, as daemons do: so none of them is left behind.

#[cfg(not(unix))]
pub use other::Orphans;
#[cfg(unix)]
pub use unix::Orphans;

/// A variable in the environment of programs that we start and that are to outlive us, such as those that hold what was
/// put on the clipboard.
pub const APART: &str = "OTOSCOPE_APART";

#[cfg(unix)]
mod unix {
    use super::super::processes::{Listed, listed};
    use super::APART;
    use rustix::process::{Pid, WaitOptions, getpid, getsid, waitpid};
    use std::collections::HashSet;
    use std::sync::Arc;

    /// Whose orphans are ours, if any are.
    #[derive(Clone, Debug, Default)]
    pub struct Orphans {
        /// Children that we had before, from a program that has become us; none where we adopt nobody.
        before: Option<Arc<HashSet<Pid>>>,
    }

    impl Orphans {
        /// From now on, whoever descends from us and loses its parent becomes our child. Where the system has no such
        /// thing, nobody does.
        pub fn adopt() -> Self {
            let me = getpid();
            #[cfg(target_os = "linux")]
            let can = rustix::process::set_child_subreaper(Some(me)).is_ok();
            #[cfg(not(target_os = "linux"))]
            let can = false;
            let children = || listed().filter(|it| it.parent == Some(me)).map(|it| it.pid).collect();
            Self { before: can.then(|| Arc::new(children())) }
        }

        /// What runs of all that we have started and all that we have adopted.
        pub fn left(&self) -> Vec<Pid> {
            let all: Vec<Listed> = listed().collect();
            let left = with_descendants(&all, |it| self.is_new_child(it));
            left.map(|it| it.pid).collect()
        }

        /// What runs of a session, of what we have adopted from it, and of what descends from either.
        pub(in super::super) fn family(&self, session: Pid) -> Vec<Listed> {
            let all: Vec<Listed> = listed().collect();
            with_descendants(&all, |it| it.session == session || self.is_adopted(it)).collect()
        }

        /// Takes those that have ended from the table of processes, as their parent would have; not the leader of a
        /// session, for whom somebody waits.
        pub(in super::super) fn bury(&self, leader: Pid) {
            for ended in listed().filter(|it| !it.runs && it.pid != leader && self.is_adopted(it)) {
                // Nobody else does: gone it may be, but it cannot have become somebody else.
                let _ = waitpid(Some(ended.pid), WaitOptions::NOHANG);
            }
        }

        fn is_new_child(&self, it: &Listed) -> bool {
            let before = self.before.as_ref();
            it.parent == Some(getpid()) && before.is_some_and(|before| !before.contains(&it.pid))
        }

        /// What we start ourselves is in our session; what a command starts never is.
        fn is_adopted(&self, it: &Listed) -> bool {
            self.is_new_child(it) && getsid(None).is_ok_and(|ours| ours != it.session) && !is_apart(it.pid)
        }
    }

    fn is_apart(pid: Pid) -> bool {
        let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()));
        environment.is_ok_and(|it| {
            it.split(|byte| *byte == 0).any(|variable| {
                variable.strip_prefix(APART.as_bytes()).is_some_and(|it| it.starts_with(b"="))
            })
        })
    }

    /// Those that run of these and of all that descends from them.
    fn with_descendants(all: &[Listed], these: impl Fn(&Listed) -> bool) -> impl Iterator<Item = Listed> {
        let mut found: HashSet<Pid> = all.iter().filter(|it| these(it)).map(|it| it.pid).collect();
        loop {
            let before = found.len();
            for it in all {
                if it.parent.is_some_and(|parent| found.contains(&parent)) {
                    found.insert(it.pid);
                }
            }
            if found.len() == before {
                break;
            }
        }
        all.iter().copied().filter(move |it| it.runs && found.contains(&it.pid))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn process(pid: i32, parent: i32, session: i32, runs: bool) -> Listed {
            let of = |n| Pid::from_raw(n).unwrap();
            Listed {
                pid: of(pid),
                parent: Pid::from_raw(parent),
                group: of(session),
                session: of(session),
                runs,
            }
        }

        #[test]
        fn who_descends_from_a_session_belongs_to_it_whatever_its_own_is() {
            // The order of the table is none of descent.
            let all = [
                process(14, 13, 13, true),
                process(13, 12, 13, true),
                process(10, 1, 10, true),
                process(12, 10, 10, true),
                process(15, 12, 10, false),
                process(20, 1, 20, true),
            ];
            let mut found: Vec<i32> = with_descendants(&all, |it| it.session.as_raw_nonzero().get() == 10)
                .map(|it| it.pid.as_raw_nonzero().get())
                .collect();
            found.sort_unstable();
            assert_eq!(found, [10, 12, 13, 14]);
        }
    }
}

#[cfg(not(unix))]
mod other {
    /// Where parents do not end before their children, or nobody can tell.
    #[derive(Clone, Debug, Default)]
    pub struct Orphans;

    impl Orphans {
        /// Nobody is adopted.
        pub fn adopt() -> Self {
            Self
        }
    }
}
