//! `otoscope convert`: dumps into another format, and merged traces apart.

use super::{Failure, UNUSABLE, complain, open, parse_size};
use crate::cli::Convert;
use crate::dump::{self, DumpError, Output, Target};
use crate::harmless::clean;
use crate::model::{Batch, Rejection};
use crate::otlp::{retrace, retrace_logs};
use crate::own_traces::OwnTraces;
use crate::session::{Clock, Session};
use crate::tui::text::plural;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

/// How many spans that could not be read are named.
const NAMED: usize = 10;

pub(super) fn run(args: &Convert) -> Result<ExitCode, Failure> {
    let name = args.output.display().to_string();
    let out = Out { target: Target::of(&name)?, name, written: None, gone: false };
    if let Some(input) = args.files.iter().find(|input| same_file(input, &args.output)) {
        return Err(Failure(format!("{} is read from; write to another file with -o", input.display())));
    }
    if args.unmerge { unmerge(args, out) } else { as_it_is(args, out) }
}

/// Every request goes through as it comes.
fn as_it_is(args: &Convert, mut out: Out) -> Result<ExitCode, Failure> {
    let mut failure = None;
    let read = read_all(args, &mut |batch| match out.put_batch(&batch) {
        Ok(()) if out.gone => ControlFlow::Break(()),
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    match failure {
        Some(failure) => Err(failure.into()),
        None => finish(&read, out, ""),
    }
}

/// First everything is read and diagnosed, then written. The bytes that are kept are those that the session holds.
fn unmerge(args: &Convert, mut out: Out) -> Result<ExitCode, Failure> {
    let max_memory = parse_size(&args.hold.max_memory)?;
    let mut session = Session::new(max_memory, Clock::Stream);
    let mut requests: Vec<(Bytes, Bytes)> = Vec::new();
    let (mut kept, mut too_large) = (0, false);
    let read = read_all(args, &mut |batch| {
        kept += batch.bytes.len() + batch.logs.bytes.len();
        requests.push((batch.bytes.clone(), batch.logs.bytes.clone()));
        session.take(batch);
        // Requests that were let go could not be told apart any more, and half a work is none.
        let counters = session.store.counters();
        too_large = counters.evicted_spans + counters.evicted_logs > 0 || kept > max_memory;
        if too_large { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if too_large {
        let limit = &args.hold.max_memory;
        return Err(Failure(format!(
            "the dumps take more memory than {limit}, and only what is held as a whole can be taken apart: \
             nothing was written; say --max-memory with more"
        )));
    }
    session.finish();
    let plan = OwnTraces::plan(&session.store, &session.diagnosis);
    for (spans, logs) in &requests {
        out.put(&retrace(spans, &plan), &retrace_logs(logs, &plan))?;
    }
    let apart = if plan.requests() == 0 {
        "; no trace holds requests to take apart".to_owned()
    } else {
        let (requests, traces) = (plan.requests(), plural(plan.traces() as u64, "trace"));
        format!("; {requests} requests of {traces} have a trace of their own")
    };
    finish(&read, out, &apart)
}

/// What was read, for the last line.
#[derive(Default)]
struct Read {
    requests: u64,
    spans: u64,
    logs: u64,
    log_records: u64,
    metrics: u64,
    rejected: u64,
    rejections: Vec<Rejection>,
    remarks: BTreeSet<String>,
    unreadable: usize,
}

/// Hands over every request with a span or log record in it, dump by dump, until that breaks off.
fn read_all(args: &Convert, sink: &mut dyn FnMut(Batch) -> ControlFlow<()>) -> Read {
    let from = args.input.from.as_deref().and_then(dump::format);
    let mut read = Read::default();
    let mut flow = ControlFlow::Continue(());
    for path in &args.files {
        if flow.is_break() {
            break;
        }
        let done = open(path).and_then(|(input, name)| {
            dump::read(input, &name, from, &mut |batch| {
                read.note(&batch);
                if !batch.records.is_empty() || !batch.logs.records.is_empty() {
                    flow = sink(batch);
                }
                flow
            })
        });
        if let Err(error) = done {
            complain(&error);
            read.unreadable += 1;
        }
    }
    read
}

impl Read {
    fn note(&mut self, batch: &Batch) {
        self.requests += u64::from(!batch.records.is_empty()) + u64::from(!batch.logs.records.is_empty());
        self.logs += batch.logs.records.len() as u64;
        self.spans += batch.records.len() as u64;
        self.log_records += batch.unshown.log_records;
        self.metrics += batch.unshown.metrics;
        self.rejected += batch.rejections.len() as u64;
        let room = NAMED - self.rejections.len();
        self.rejections.extend(batch.rejections.iter().take(room).cloned());
        self.remarks.extend(batch.remarks.iter().cloned());
    }
}

/// Ends the output and says what became of everything.
fn finish(read: &Read, out: Out, apart: &str) -> Result<ExitCode, Failure> {
    for Rejection { position, reason, .. } in &read.rejections {
        complain(&format_args!("not read: {}: {}", clean(position), clean(reason)));
    }
    let more = read.rejected - read.rejections.len() as u64;
    if more > 0 {
        complain(&format_args!("not read: {more} more"));
    }
    for remark in &read.remarks {
        complain(&format_args!("note: {}", clean(remark)));
    }
    if read.log_records + read.metrics > 0 {
        let (logs, metrics) = (read.log_records, read.metrics);
        complain(&format_args!("left out: {logs} log records of consoles, {metrics} metrics"));
    }
    let name = out.name.clone();
    for loss in out.finish()? {
        complain(&format_args!("note: {}", loss.sentence()));
    }
    if read.requests > 0 {
        let (mut items, requests) = (plural(read.spans, "span"), plural(read.requests, "export request"));
        if read.logs > 0 {
            items += &format!(" and {}", plural(read.logs, "log record"));
        }
        complain(&format_args!("{items} of {requests} written to {}{apart}", clean(&name)));
    }
    Ok(if read.unreadable > 0 || read.requests == 0 { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS })
}

/// Where it goes: nothing is made or emptied before there is something to write.
struct Out {
    name: String,
    target: Target,
    written: Option<Output<Box<dyn Write>>>,
    /// Whoever read standard output has gone (`| head`), which is no error.
    gone: bool,
}

impl Out {
    fn put_batch(&mut self, batch: &Batch) -> Result<(), DumpError> {
        self.put(&batch.bytes, &batch.logs.bytes)
    }

    /// Writes the requests that came together; one without bytes is none.
    fn put(&mut self, spans: &[u8], logs: &[u8]) -> Result<(), DumpError> {
        if self.gone {
            return Ok(());
        }
        let done = self.written().and_then(|written| {
            if !spans.is_empty() {
                written.put(spans)?;
            }
            if !logs.is_empty() {
                written.put_logs(logs)?;
            }
            Ok(())
        });
        self.settle(done)
    }

    fn written(&mut self) -> io::Result<&mut Output<Box<dyn Write>>> {
        let written = match self.written.take() {
            Some(written) => written,
            None => self.create()?,
        };
        Ok(self.written.insert(written))
    }

    fn create(&self) -> io::Result<Output<Box<dyn Write>>> {
        let into: Box<dyn Write> =
            if self.name == "-" { Box::new(io::stdout()) } else { Box::new(File::create(&self.name)?) };
        Output::new(self.target, into)
    }

    fn settle<T: Default>(&mut self, done: io::Result<T>) -> Result<T, DumpError> {
        match done {
            Err(error) if self.name == "-" && error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(T::default())
            }
            done => done.map_err(|error| DumpError::unwritable(&self.name, &error)),
        }
    }

    fn finish(mut self) -> Result<BTreeSet<crate::otlp::Loss>, DumpError> {
        match self.written.take() {
            Some(written) if !self.gone => self.settle(written.finish()),
            _ => Ok(BTreeSet::new()),
        }
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other && one.is_file(),
        _ => false,
    }
}
