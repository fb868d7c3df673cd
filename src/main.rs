//! The `otoscope` command.

fn main() {}
