//! `otoscope check -- CMD` and `check --listen`: real processes on real sockets. What sends is this test binary itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod process;

use process::{BROKEN, Listening, is_alive, post_all, send, signal, text, until};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const FINE: &str = "tests/captures/flask-1.30/capture.jsonl";

fn otoscope(options: &[&str]) -> Command {
    process::otoscope(&[&["check"], options].concat())
}

/// Runs a shell script under `check`.
fn check(options: &[&str], script: &str) -> Output {
    otoscope(&[options, &["--", "sh", "-c", script]].concat()).output().unwrap()
}

#[test]
fn without_findings_the_status_is_the_commands_own() {
    for (end, code) in [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
        let out = check(&[], &format!("{}; {end}", send(FINE)));
        assert_eq!(out.status.code(), Some(code), "{end}: {}", text(&out.stderr));
        assert!(text(&out.stdout).contains("nothing wrong with the instrumentation was found"), "{end}");
    }
}

#[test]
fn findings_come_first() {
    for (options, code) in [(&[][..], 1), (&["--fail-on", "never"], 3)] {
        let out = check(options, &format!("{}; exit 3", send(BROKEN)));
        assert_eq!(out.status.code(), Some(code));
        assert!(text(&out.stdout).contains("24 unrelated requests"), "{}", text(&out.stdout));
    }
}

#[test]
fn everything_that_was_sent_is_in_the_report_and_nothing_else_on_standard_output() {
    let script = format!("echo to stdout; echo to stderr >&2; {}; {}", send(FINE), send(BROKEN));
    let out = check(&["--format", "json"], &script);
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let spans = |dump: &str| fs::read_to_string(dump).unwrap().matches("\"spanId\"").count() as u64;
    assert_eq!(report["input"]["spans"], spans(FINE) + spans(BROKEN));
    assert_eq!(report["findings"][0]["request_count"], 24);
    let stderr = text(&out.stderr);
    assert!(stderr.contains("to stdout\n") && stderr.contains("to stderr\n"), "{stderr}");
}

#[test]
fn standard_input_is_the_commands() {
    let mut child = otoscope(&["--", "sh", "-c", &format!("cat >&2; {}", send(FINE))])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"typed by hand").unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    assert!(text(&out.stderr).contains("typed by hand"), "{}", text(&out.stderr));
}

#[test]
fn who_sends_nothing_is_told_what_to_check() {
    let out = check(&[], "exit 3");
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    let said = text(&out.stderr);
    assert!(
        said.contains("`sh` ended with status 3 and sent no span: nothing connected: did it fail"),
        "{said}"
    );
    let disabled = otoscope(&["--", "true"]).env("OTEL_SDK_DISABLED", "true").output().unwrap();
    assert_eq!(disabled.status.code(), Some(2));
    assert!(text(&disabled.stderr).contains("OTEL_SDK_DISABLED=true in the environment"));
    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("bad.jsonl");
    fs::write(&bad, r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"7"}]}]}]}"#).unwrap();
    let out = check(&[], &send(bad.to_str().unwrap()));
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("traceId is not 32 hex digits"), "{}", text(&out.stderr));
}

#[test]
fn what_cannot_be_done_is_said() {
    let out = otoscope(&["--", "/no/such/command"]).output().unwrap();
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(
        text(&out.stderr).starts_with("otoscope: cannot start `/no/such/command`: "),
        "{}",
        text(&out.stderr)
    );
    for usage in [
        &[FINE, "--", "true"][..],
        &["--listen", "--", "true"],
        &["--listen", FINE],
        &["--for", "3s", FINE],
        &["--listen", "--for", "soon"],
        &["--"],
    ] {
        let out = otoscope(usage).output().unwrap();
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{usage:?}");
    }
}

#[test]
fn an_endpoint_of_ones_own_is_overridden_and_that_is_said() {
    let there = "http://192.0.2.1:4317";
    let script = send(FINE);
    let mut command = otoscope(&["--", "sh", "-c", &script]);
    let out = command.env("OTEL_EXPORTER_OTLP_ENDPOINT", there).output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    let said = text(&out.stderr);
    assert!(said.contains("OTEL_EXPORTER_OTLP_ENDPOINT=http://192.0.2.1:4317 is overridden"), "{said}");
    let script = format!("test -z \"$OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\" || exit 7; {}", send(FINE));
    let mut command = otoscope(&["--", "sh", "-c", &script]);
    let out = command.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", there).output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    let said = text(&out.stderr);
    assert!(
        said.contains("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://192.0.2.1:4317 is overridden"),
        "{said}"
    );
}

/// A process under `check` that waits: `check` itself, and the ids of the script and of what it has started.
fn waiting(dir: &Path, options: &[&str], trap: &str) -> (Child, Vec<String>) {
    let ready = dir.join("ready");
    let script = format!(
        "{trap} {}; sleep 1000 & echo $$ $! >{ready}.new; mv {ready}.new {ready}; wait",
        send(FINE),
        ready = ready.display()
    );
    let child = otoscope(&[options, &["--", "sh", "-c", &script]].concat()).spawn().unwrap();
    until("the command", || ready.exists());
    let ids = fs::read_to_string(&ready).unwrap();
    (child, ids.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn signals_are_passed_on_to_all_of_the_command_and_nothing_is_left_behind() {
    for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let dir = tempfile::tempdir().unwrap();
        let (child, ids) = waiting(dir.path(), &[], "");
        assert!(ids.iter().all(|id| is_alive(id)), "{name}");
        signal(name, child.id());
        let out = child.wait_with_output().unwrap();
        assert_eq!(out.status.code(), Some(code), "{name}: {}", text(&out.stderr));
        assert!(text(&out.stdout).contains("nothing wrong"), "{name}: what came before is diagnosed");
        until("the processes to go", || !ids.iter().any(|id| is_alive(id)));
    }
}

#[test]
fn a_command_may_take_its_time_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let trap = format!("trap '{}; exit 7' TERM;", send(BROKEN));
    let (child, _) = waiting(dir.path(), &["--fail-on", "never"], &trap);
    signal("TERM", child.id());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(7));
    assert!(text(&out.stdout).contains("24 unrelated requests"), "what it sends at its end counts");
}

#[test]
fn what_a_command_leaves_running_is_told_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let id = dir.path().join("id");
    // Its output must be closed, or whoever reads ours would wait for it.
    let sleep = "sleep 1000 >/dev/null 2>&1";
    // Also one that has left for a session of its own, as a daemon does.
    for start in [
        &format!("{sleep} & echo $! >$ID"),
        "(setsid sh -c 'echo $$ >$ID.new; exec sleep 1000' >/dev/null 2>&1 &); until mv $ID.new $ID 2>/dev/null; do sleep 0.01; done",
    ] {
        let script = format!("ID={}; export ID; {start}; {}", id.display(), send(FINE));
        let out = check(&[], &script);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        let id = fs::read_to_string(&id).unwrap();
        until("the process to go", || !is_alive(id.trim()));
    }
}

#[test]
fn listening_ends_with_its_time_or_with_a_signal() {
    let out = otoscope(&["--listen", "--for", "10ms", "--grpc", "0", "--http", "0"]).output().unwrap();
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    let said = text(&out.stderr);
    assert!(said.contains("for 0.01 s, Ctrl-C ends it sooner"), "{said}");
    assert!(said.contains("no span arrived: nothing connected."), "{said}");

    for (dump, code) in [(BROKEN, 1), (FINE, 0)] {
        let listening = Listening::start(&["check", "--listen", "--for", "1h"]);
        for addr in &listening.addresses {
            post_all(addr, Path::new(dump));
        }
        listening.signal("INT");
        let out = listening.child.wait_with_output().unwrap();
        assert_eq!(out.status.code(), Some(code));
        assert!(text(&out.stdout).contains(" spans in "), "{}", text(&out.stdout));
    }
}

#[test]
fn a_command_is_told_of_the_port_that_was_asked_for() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let script = format!("echo told $OTEL_EXPORTER_OTLP_ENDPOINT >&2; {}", send(FINE));
    let out = check(&["--http", &free], &script);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains(&format!("told http://127.0.0.1:{free}\n")), "{}", text(&out.stderr));
}

#[test]
fn a_file_that_is_read_instead_of_variables_is_said() {
    let out = otoscope(&["--", "true"]).env("OTEL_CONFIG_FILE", "otel.yaml").output().unwrap();
    let said = text(&out.stderr);
    assert!(said.contains("OTEL_CONFIG_FILE=otel.yaml is set: an SDK that reads it ignores"), "{said}");
    let out = otoscope(&["--", "true"]).env("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://192.0.2.1").output();
    assert!(
        text(&out.unwrap().stderr)
            .contains("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://192.0.2.1 is overridden")
    );
}
