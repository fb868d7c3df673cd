//! Why a dump could not be read, or written, at all. Whatever is bad *in* a dump is a rejection instead.

use super::Summary;
use std::fmt;

/// Why a dump could not be read or written at all; each a full sentence with the file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DumpError {
    /// There is nothing in it.
    Empty {
        /// The file.
        name: String,
    },
    /// It is none of the formats that are read.
    Unknown {
        /// The file.
        name: String,
        /// What it looks like instead.
        looks: String,
    },
    /// It is the answer of a system that has found nothing.
    Nothing {
        /// The file.
        name: String,
        /// Whose, and what it says.
        what: String,
    },
    /// It is one of the formats, but no span could be taken from it.
    NoSpans {
        /// The file.
        name: String,
        /// The format that it was read as.
        format: &'static str,
        /// The likely cause.
        cause: String,
        /// What could not be taken was handed on as rejections, which say the cause.
        told: bool,
    },
    /// It is an archive, and nothing in it could be read.
    NoMember {
        /// The file.
        name: String,
        /// What is said of the first file in it.
        first: String,
    },
    /// The system refuses to read it.
    Unreadable {
        /// The file.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// Its name asks for a format that is not written.
    NoWriter {
        /// The file.
        name: String,
        /// What can be asked for.
        known: String,
    },
    /// The system refuses to write it.
    Unwritable {
        /// The file.
        name: String,
        /// What the system says.
        reason: String,
    },
}

impl DumpError {
    /// What the system said when this file was opened or first read.
    pub fn unreadable(name: &str, error: &std::io::Error) -> Self {
        Self::Unreadable { name: name.to_owned(), reason: error.to_string() }
    }

    /// What the system said when this file was made or written to.
    pub fn unwritable(name: &str, error: &std::io::Error) -> Self {
        Self::Unwritable { name: name.to_owned(), reason: error.to_string() }
    }
}

impl DumpError {
    /// Whether rejections have said what is wrong: it must not be counted once more.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::NoSpans { told: true, .. })
    }

    /// Of a dump that was read, and held log records alone, that it holds no span: for whoever can do nothing with it.
    pub fn if_without_spans(read: &Summary, name: String) -> Option<Self> {
        let cause = format!(
            "only logs or metrics are inside (log records: {}, metrics: {})",
            read.logs, read.metrics
        );
        (read.spans == 0).then_some(Self::NoSpans { name, format: read.format, cause, told: false })
    }
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { name } => write!(f, "{name} is empty."),
            Self::Nothing { name, what } => write!(f, "{name} is {what}."),
            Self::Unknown { name, looks } => {
                write!(f, "{name} is not in a format that otoscope reads: it looks like {looks}.")
            }
            Self::NoSpans { name, format, cause, .. } => {
                write!(f, "{name}, read as {format}, holds no span: {cause}.")
            }
            Self::NoMember { name, first } => {
                write!(f, "{name} holds no file with a span in it; the first: {first}")
            }
            Self::Unreadable { name, reason } => write!(f, "{name} cannot be read: {reason}."),
            Self::NoWriter { name, known } => {
                write!(f, "{name} has no extension that otoscope writes: {known}; .gz or .zst may follow.")
            }
            Self::Unwritable { name, reason } => write!(f, "{name} cannot be written: {reason}."),
        }
    }
}

impl std::error::Error for DumpError {}
