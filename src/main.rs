//! The `otoscope` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    otoscope::commands::main()
}
