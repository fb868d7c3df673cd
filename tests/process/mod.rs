//! The real program without a screen, and what is sent to it: by this test binary itself.

#![allow(dead_code, reason = "each of the tests that share this uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// 24 requests merged into one trace.
pub(crate) const BROKEN: &str = "tests/captures/flask-1.29-sigint/capture.jsonl";
/// What the sender sends, line by line.
const SENDS: &str = "OTOSCOPE_TEST_SENDS";

/// Not a test but the command that tests run: sends what it is told to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
#[test]
fn sender() {
    let Ok(sends) = std::env::var(SENDS) else { return };
    let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap();
    post_all(endpoint.strip_prefix("http://").unwrap(), Path::new(&sends));
}

/// Shell words that send this dump.
pub(crate) fn send(dump: &str) -> String {
    let me = std::env::current_exe().unwrap();
    format!("{SENDS}={dump} {} --exact process::sender >/dev/null", me.display())
}

/// The lines of a dump.
pub(crate) fn lines(dump: impl AsRef<Path>) -> Vec<String> {
    fs::read_to_string(dump).unwrap().lines().map(str::to_owned).collect()
}

/// Posts a line of a dump as OTLP/JSON.
pub(crate) fn post(addr: &str, line: &str) {
    let reply = post_to(addr, "/v1/traces", line);
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

/// Posts each line of a dump.
pub(crate) fn post_all(addr: &str, dump: &Path) {
    lines(dump).iter().for_each(|line| post(addr, line));
}

/// Posts OTLP/JSON to a path; the answer.
pub(crate) fn post_to(addr: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// The program with these words, in an environment that says nothing of where to send.
pub(crate) fn otoscope(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otoscope"));
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the program said to its user.
pub(crate) fn said(output: &Output) -> String {
    text(&output.stderr)
}

/// A dump as OTLP/JSON lines, as our own reader reads it.
pub(crate) fn read(dump: &Path) -> String {
    text(&otoscope(&["convert", dump.to_str().unwrap(), "-o", "-"]).output().unwrap().stdout)
}

/// What stands behind a key of OTLP/JSON, sorted.
pub(crate) fn values(text: &str, key: &str) -> Vec<String> {
    let key = format!("\"{key}\":\"");
    let mut values: Vec<String> =
        text.split(&key).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    values.sort();
    values
}

/// Span ids of a dump, sorted, as our own reader reads it.
pub(crate) fn ids(dump: &Path) -> Vec<String> {
    values(&read(dump), "spanId")
}

pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

pub(crate) fn is_alive(pid: &str) -> bool {
    let alive = Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success();
    // A process that has ended and that nobody has asked about stays in the table.
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    alive && !state.contains(") Z ")
}

/// The program while it listens, and where: for gRPC, and for HTTP.
pub(crate) struct Listening {
    pub(crate) child: Child,
    pub(crate) addresses: Vec<String>,
    said: BufReader<ChildStderr>,
}

impl Listening {
    /// `check --listen` or `record`, on free ports.
    pub(crate) fn start(words: &[&str]) -> Self {
        let mut child = otoscope(&[words, &["--grpc", "0", "--http", "0"]].concat()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let words = line.split(' ').filter(|word| word.starts_with("127.0.0.1:"));
        let addresses: Vec<String> = words.map(str::to_owned).collect();
        assert_eq!(addresses.len(), 2, "{line}");
        Self { child, addresses, said }
    }

    /// A recording to a file.
    pub(crate) fn record(output: &Path, options: &[&str]) -> Self {
        Self::start(&[&["record", "-o", output.to_str().unwrap()], options].concat())
    }

    /// Posts a line of a dump.
    pub(crate) fn post(&self, line: &str) {
        post(&self.addresses[1], line);
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Its exit code, none where a signal ended it, and what it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}
