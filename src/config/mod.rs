//! Configuration: `otoscope.toml`, found, read and checked.
//!
//! A configuration holds values of options, levels of rules, and suppressions. It is read whole or not at all: a key
//! that is not known is an error, since a misspelt suppression that is silently ignored is worse than none.

mod append;
mod file;
mod find;

pub use crate::diagnosis::nearest::{level, nearest, rule};
pub use append::addition;
pub use file::{Config, Options, Problem, Setting, parse};
pub use find::{FILE, find};
