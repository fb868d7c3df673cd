//! The table of processes, where the system lists it: Linux, in `/proc`.

use rustix::process::Pid;

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) pid: Pid,
    /// None where that is outside of the container.
    pub(super) parent: Option<Pid>,
    pub(super) group: Pid,
    pub(super) session: Pid,
    /// It has not ended: one that has, and that nobody has asked about, is listed too.
    pub(super) runs: bool,
}

/// All processes; none where the system does not list them.
pub(super) fn listed() -> impl Iterator<Item = Listed> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        read(pid, &std::fs::read_to_string(entry.path().join("stat")).ok()?)
    })
}

/// Reads `/proc/PID/stat`.
fn read(pid: Pid, stat: &str) -> Option<Listed> {
    // The name stands in parentheses and may hold any character.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let runs = !matches!(fields.next()?, "Z" | "X");
    let mut pid_of = || Some(Pid::from_raw(fields.next()?.parse().ok()?));
    let (parent, group, session) = (pid_of()?, pid_of()??, pid_of()??);
    Some(Listed { pid, parent, group, session, runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_of_a_process_is_read() {
        let pid = |n| Pid::from_raw(n).unwrap();
        let said = |stat| read(pid(12), stat);
        let one = Listed { pid: pid(12), parent: Some(pid(1)), group: pid(11), session: pid(10), runs: true };
        assert_eq!(said("12 (a) b) S 1 11 10 34816 11 4194560"), Some(one));
        assert_eq!(said("12 (a) Z 1 11 10 34816"), Some(Listed { runs: false, ..one }));
        let outside = Listed { parent: None, ..one };
        assert_eq!(
            said("12 (init) S 0 11 10 34816"),
            Some(outside),
            "a parent outside of the container is 0"
        );
        assert_eq!(said("12 (kthreadd) S 0 0 0 0"), None);
        assert_eq!(said("12"), None);
    }
}
