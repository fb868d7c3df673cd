//! `otoscope check`: diagnose without a screen.

use super::{Failure, UNUSABLE, complain, open, parse_size, print, read_baseline};
use crate::cli::{Check, FailOn};
use crate::diagnosis::{Diagnosis, Policy, Severity};
use crate::dump;
use crate::model::Rejection;
use crate::report::{Checked, REPORTS};
use crate::session::{Clock, Session};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// How many rejections a report lists.
const LISTED: usize = 100;

pub(super) fn run(args: &Check, policy: Policy) -> Result<ExitCode, Failure> {
    let from = args.input.from.as_deref().and_then(dump::format);
    // Read first: nobody should wait for a verdict that cannot be given.
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let mut session =
        Session::with(parse_size(&args.hold.max_memory)?, Clock::Stream, Diagnosis::with_policy(policy));
    let mut rejected: Vec<Rejection> = Vec::new();
    let (mut readable, mut files, mut unreadable) = (0, Vec::new(), Vec::new());
    for path in &args.files {
        let read = open(path).and_then(|(input, name)| {
            dump::read(input, &name, from, &mut |batch| {
                let room = LISTED - rejected.len();
                rejected.extend(batch.rejections.iter().take(room).cloned());
                session.take(batch);
                ControlFlow::Continue(())
            })
        });
        match read {
            Ok(_) => {
                readable += 1;
                files.extend((path.as_os_str() != "-").then(|| path.display().to_string()));
            }
            Err(error) => {
                complain(&error);
                unreadable.push(error.to_string());
            }
        }
    }
    if readable == 0 {
        return Ok(ExitCode::from(UNUSABLE));
    }
    session.finish();
    let report = REPORTS.iter().find(|report| report.name == args.format).unwrap_or(&REPORTS[0]);
    let all_read = unreadable.is_empty();
    let mut checked =
        Checked { files, unreadable, rejected, fail_on: threshold(args.fail_on), ..Checked::new(&session) };
    if let Some(baseline) = &baseline {
        checked.compare(baseline);
    }
    let text = (report.write)(&checked);
    match &args.output {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Failure(format!("{} cannot be written: {error}", path.display())))?,
        None => print(&text)?,
    }
    Ok(if all_read { ExitCode::from(u8::from(checked.fails())) } else { ExitCode::from(UNUSABLE) })
}

fn threshold(fail_on: FailOn) -> Option<Severity> {
    match fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    }
}
