//! `otoscope check`: diagnose without a screen.

use super::inputs::{PassedOver, open, sources};
use super::touched::Touched;
use super::{Failure, UNUSABLE, check_live, complain, diagnosis, parse_size, print, read_baseline};
use crate::cli::{Check, FailOn};
use crate::diagnosis::{Baseline, Policy, Severity};
use crate::dump::{self, DumpError};
use crate::report::{Checked, REPORTS, Rejected};
use crate::session::{Clock, Session};
use std::ops::ControlFlow;
use std::process::ExitCode;

pub(super) fn run(args: &Check, policy: Policy) -> Result<ExitCode, Failure> {
    if args.files.is_empty() {
        return check_live::run(args, policy);
    }
    let from = args.input.from.as_deref().and_then(dump::format);
    let baseline = baseline(args)?;
    let diagnosis = diagnosis(policy, &args.say)?;
    let mut session = Session::with(parse_size(&args.hold.max_memory)?, Clock::Stream, diagnosis);
    let mut rejected = Rejected::default();
    let (mut readable, mut files, mut unreadable) = (0, Vec::new(), Vec::new());
    let (mut without_spans, mut passed_over) = (Vec::new(), PassedOver::default());
    let (sources, failed) = sources(&args.files);
    for error in failed {
        complain(&error);
        unreadable.push(error.to_string());
    }
    for source in &sources {
        let read = open(source).and_then(|mut opened| {
            let read = opened.read(from, &mut |batch| {
                rejected.extend(&batch.rejections);
                session.take(batch);
                ControlFlow::Continue(())
            })?;
            for error in passed_over.failed_members(&read) {
                complain(error);
                unreadable.push(error.to_string());
            }
            without_spans.extend(DumpError::if_without_spans(&read, opened.name));
            Ok(())
        });
        match read {
            Ok(()) => {
                readable += 1;
                let path = &source.path;
                files.extend((path.as_os_str() != "-").then(|| path.display().to_string()));
            }
            Err(error) if passed_over.is(source.found, &error) => {}
            Err(error) => {
                complain(&error);
                unreadable.push(error.to_string());
            }
        }
    }
    passed_over.conclude();
    // Logs beside traces are welcome; logs alone leave nothing to judge.
    if session.store.counters().received == 0 {
        without_spans.iter().for_each(|error| complain(error));
        readable = 0;
    }
    if readable == 0 {
        return Ok(ExitCode::from(UNUSABLE));
    }
    let all_read = unreadable.is_empty();
    let fails = conclude(args, session, baseline.as_ref(), Read { files, unreadable, rejected })?;
    Ok(ExitCode::from(if all_read { u8::from(fails) } else { UNUSABLE }))
}

/// What was read, and what could not be.
#[derive(Default)]
pub(super) struct Read {
    /// The files that were read, as they were named.
    pub(super) files: Vec<String>,
    /// What could not be read at all, a sentence each.
    pub(super) unreadable: Vec<String>,
    /// Spans and records that could not be read.
    pub(super) rejected: Rejected,
}

/// The earlier report to compare with. Read first: nobody should wait for a verdict that cannot be given.
pub(super) fn baseline(args: &Check) -> Result<Option<Baseline>, Failure> {
    args.baseline.as_deref().map(read_baseline).transpose()
}

/// Diagnoses what was taken in, and writes the report. Whether there is a finding that fails the check.
pub(super) fn conclude(
    args: &Check,
    mut session: Session,
    baseline: Option<&Baseline>,
    read: Read,
) -> Result<bool, Failure> {
    session.finish();
    let report = REPORTS.iter().find(|report| report.name == args.format).unwrap_or(&REPORTS[0]);
    let Read { files, unreadable, rejected } = read;
    let fail_on = threshold(args.fail_on);
    let mut checked = Checked { files, unreadable, rejected, fail_on, ..Checked::new(&session) };
    if let Some(baseline) = baseline {
        checked.compare(baseline);
    }
    if let Some(query) = &args.query {
        let touched = Touched::by(query, &session)?;
        let kept = touched.kept(&checked.findings);
        let left_out = kept.iter().filter(|kept| !**kept).count();
        checked.narrow(&kept, &|finding| touched.touches(finding), touched.remark(left_out));
    }
    let text = (report.write)(&checked);
    match &args.output {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Failure(format!("{} cannot be written: {error}", path.display())))?,
        None => print(&text)?,
    }
    Ok(checked.fails())
}

fn threshold(fail_on: FailOn) -> Option<Severity> {
    match fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    }
}
