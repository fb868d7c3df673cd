//! A command of the user's in a terminal of its own: started, heard, restarted, and never left behind.
//!
//! [`Command`] is its owner: what the command prints and how it ends is [`Told`], what is wanted of it is an [`Order`].
//! Knows no screen: what is printed is bytes here, and nobody else's business.

mod command;
mod instrumented;
mod orphans;
mod process;
#[cfg(unix)]
mod processes;
mod session;

use std::fmt;
use std::process::ExitStatus;

pub use command::{Command, Order, Told};
pub use instrumented::Instrumented;
pub use orphans::{APART, Orphans};
pub use session::{Signal, signal_name};

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself, with this status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

impl Ended {
    /// What a shell would say: the status, or 128 and the number of the signal.
    pub fn code(self) -> u8 {
        match self {
            Self::Status(status) => u8::try_from(status).unwrap_or(1),
            Self::Signal(signal) => 128_u8.saturating_add(signal as u8),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exited {status}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        Self::Status(status.code().unwrap_or(1))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
