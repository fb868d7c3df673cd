//! Paper: findings as text and JSON, for `check`.
//!
//! One file a report, one word in [`REPORTS`]. A report is a function of what was read and found; it knows no file
//! and no terminal.

mod json;
mod text;

use crate::diagnosis::Finding;
use crate::model::Rejection;
use crate::session::Session;

/// What a report is written from.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Everything that was read.
    pub session: &'a Session,
    /// The first hundred spans or records that could not be read; all of them are counted by the store.
    pub rejected: &'a [Rejection],
}

impl Checked<'_> {
    fn findings(&self) -> &[Finding] {
        self.session.diagnosis.findings()
    }
}

/// A report: its name on the command line, and how it is written.
#[derive(Debug)]
pub struct Report {
    /// What `--format` calls it.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// Writes it.
    pub write: fn(&Checked<'_>) -> String,
}

/// Every report; the first is the default.
pub const REPORTS: &[&Report] = &[&text::REPORT, &json::REPORT];
