//! Real processes.

use super::{Command, Ended, Order, Orphans, Signal, Told};
use std::ffi::OsString;
use std::fs;
use std::future::poll_fn;
use std::time::{Duration, Instant};

fn sh(script: &str) -> Command {
    let words = ["sh", "-c", script].map(OsString::from).to_vec();
    // Orphans of one test are no matter of another, which runs in the same process.
    Command::start(words, vec![("TOLD".to_owned(), Some("this".to_owned()))], (80, 24), Orphans::default())
        .unwrap()
}

/// What is printed until something else is told, and that.
async fn told(command: &mut Command) -> (String, Told) {
    let mut printed = String::new();
    loop {
        match poll_fn(|cx| command.poll_told(cx)).await {
            Told::Printed(bytes) => printed.push_str(&String::from_utf8_lossy(&bytes)),
            told => return (printed, told),
        }
    }
}

fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn what_is_printed_last_is_told_before_the_end() {
    let mut command = sh("echo first; echo $TOLD; exit 7");
    let (printed, end) = told(&mut command).await;
    assert_eq!((printed.as_str(), end), ("first\r\nthis\r\n", Told::Ended(Ended::Status(7))));
    assert_eq!(command.ended(), Some(Ended::Status(7)));
    assert_eq!(command.order(Order::Type(b"x".to_vec())), Err("the command has ended".to_owned()));
    let mut command = sh("kill -KILL $$");
    assert_eq!(told(&mut command).await.1, Told::Ended(Ended::Signal(9)));
}

#[tokio::test]
async fn it_is_started_again_once_however_often_that_is_wanted() {
    let mut command = sh("trap 'sleep 0.1; exit 0' INT; echo up; sleep 1000 & wait");
    while !matches!(poll_fn(|cx| command.poll_told(cx)).await, Told::Printed(_)) {}
    for _ in 0..3 {
        command.order(Order::Restart).unwrap();
    }
    let mut said = Vec::new();
    while said.last() != Some(&Told::Started) {
        said.push(told(&mut command).await.1);
    }
    assert!(
        matches!(said.as_slice(), [Told::Ending(Signal::INT), Told::Ended(_), Told::Started]),
        "{said:?}"
    );
    assert_eq!(command.ended(), None);
    command.end(Signal::KILL, std::future::pending(), |_| ()).await;
}

#[test]
fn when_its_owner_is_dropped_nothing_of_it_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pids");
    let script = format!("trap '' TERM HUP; sleep 1000 & echo $$ $! >{}; wait; sleep 1000", path.display());
    let mut command = sh(&script);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')) {
        assert!(Instant::now() < deadline, "it did not start");
        let pause = Duration::from_millis(10);
        let _ = runtime.block_on(async { tokio::time::timeout(pause, told(&mut command)).await });
    }
    let pids = fs::read_to_string(&path).unwrap();
    assert!(pids.split_whitespace().all(is_alive));
    // As where the thread that shows it panics.
    drop(command);
    assert!(!pids.split_whitespace().any(is_alive));
}
