//! The real program in a real pseudo-terminal: from keys in to bytes out, and how it leaves the terminal.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "../live/app.rs"]
mod app;
mod check;
mod demo;
mod end;
mod files;
mod keep;
mod live;
mod looks;
mod pty;
mod replay;
mod run;
mod shell;

/// The story as a file: 24 requests merged under `run`.
const MERGED: &str = "tests/captures/flask-1.29-sigint/capture.jsonl";
