//! `otoscope check`: diagnose without a screen.

use super::{Failure, UNUSABLE, check_live, complain, open, parse_size, print};
use crate::cli::{Check, FailOn};
use crate::diagnosis::{Severity, State};
use crate::dump;
use crate::model::Rejection;
use crate::report::{Checked, REPORTS};
use crate::session::{Clock, Session};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// How many rejections a report lists.
pub(super) const LISTED: usize = 100;

pub(super) fn run(args: &Check) -> Result<ExitCode, Failure> {
    if args.files.is_empty() {
        return check_live::run(args);
    }
    let from = args.input.from.as_deref().and_then(dump::format);
    let mut session = Session::new(parse_size(&args.hold.max_memory)?, Clock::Stream);
    let mut rejected: Vec<Rejection> = Vec::new();
    let (mut readable, mut unreadable) = (0, 0);
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
            Ok(_) => readable += 1,
            Err(error) => {
                complain(&error);
                unreadable += 1;
            }
        }
    }
    if readable == 0 {
        return Ok(ExitCode::from(UNUSABLE));
    }
    let fails = conclude(args, session, &rejected)?;
    Ok(ExitCode::from(if unreadable > 0 { UNUSABLE } else { u8::from(fails) }))
}

/// Diagnoses what was taken in, and writes the report. Whether there is a finding that fails the check.
pub(super) fn conclude(args: &Check, mut session: Session, rejected: &[Rejection]) -> Result<bool, Failure> {
    session.finish();
    let report = REPORTS.iter().find(|report| report.name == args.format).unwrap_or(&REPORTS[0]);
    let text = (report.write)(&Checked { session: &session, rejected });
    match &args.output {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Failure(format!("{} cannot be written: {error}", path.display())))?,
        None => print(&text)?,
    }
    Ok(session.diagnosis.findings().iter().any(|finding| {
        finding.state == State::Firm && threshold(args.fail_on).is_some_and(|least| finding.severity >= least)
    }))
}

fn threshold(fail_on: FailOn) -> Option<Severity> {
    match fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    }
}
