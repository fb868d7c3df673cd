//! `otoscope convert`: dumps into another format, all of them or the traces that match, and merged traces apart.

use super::inputs::{PassedOver, Source, open, sources};
use super::touched::nothing_matches;
use super::{Failure, UNUSABLE, complain, parse_size};
use crate::cli::Convert;
use crate::dump::{self, DumpError, Output, Target};
use crate::harmless::clean;
use crate::model::{Batch, Rejection, TraceId};
use crate::otlp::{Redactor, retain, retain_logs, retrace, retrace_logs};
use crate::own_traces::OwnTraces;
use crate::session::{Clock, Session};
use crate::tui::text::plural;
use bytes::Bytes;
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

/// How many spans that could not be read are named.
const NAMED: usize = 10;

pub(super) fn run(args: &Convert) -> Result<ExitCode, Failure> {
    let name = args.output.display().to_string();
    let target = Target::to(&name, args.to.as_deref().and_then(dump::format))?;
    let redactor = args.redact.then(|| Redactor::new(args.redact_key.clone()));
    let out = Out { target, name, redactor, written: None, gone: false };
    let (mut sources, failed) = sources(&args.files);
    // What an earlier run left in a directory that is read is not read again.
    sources.retain(|source| !source.found || !same_file(&source.path, &args.output));
    if let Some(source) = sources.iter().find(|source| same_file(&source.path, &args.output)) {
        let path = source.path.display();
        return Err(Failure(format!("{path} is read from; write to another file with -o")));
    }
    for error in &failed {
        complain(error);
    }
    let input = Inputs { args, sources, unreadable: failed.len() };
    if args.unmerge || args.query.is_some() { as_a_whole(&input, out) } else { as_it_is(&input, out) }
}

/// What is read, and how.
struct Inputs<'a> {
    args: &'a Convert,
    sources: Vec<Source>,
    /// How much of what was named could not be looked into.
    unreadable: usize,
}

/// Every request goes through as it comes.
fn as_it_is(input: &Inputs<'_>, mut out: Out) -> Result<ExitCode, Failure> {
    let mut failure = None;
    let read = read_all(input, &mut |batch| match out.put_batch(&batch) {
        Ok(()) if out.gone => ControlFlow::Break(()),
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    match failure {
        Some(failure) => Err(failure.into()),
        None => finish(&read, out, (read.spans, read.logs, read.requests), ""),
    }
}

/// First everything is read and diagnosed, then written. The bytes that are kept are those that the session holds.
fn as_a_whole(input: &Inputs<'_>, mut out: Out) -> Result<ExitCode, Failure> {
    let args = input.args;
    let max_memory = parse_size(&args.hold.max_memory)?;
    let mut session = Session::new(max_memory, Clock::Stream);
    let mut requests: Vec<(Bytes, Bytes)> = Vec::new();
    let (mut kept, mut too_large) = (0, false);
    let read = read_all(input, &mut |batch| {
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
        let done = if args.unmerge { "taken apart" } else { "searched" };
        return Err(Failure(format!(
            "the dumps take more memory than {limit}, and only what is held as a whole can be {done}: \
             nothing was written; say --max-memory with more"
        )));
    }
    session.finish();
    let Session { store, diagnosis, .. } = &session;
    let matching = args.query.as_ref().map(|query| {
        let matches = store.traces().filter(|trace| !query.spans_of(store, diagnosis, *trace).is_empty());
        matches.map(|trace| store.trace(trace).id).collect::<HashSet<TraceId>>()
    });
    let plan = args.unmerge.then(|| OwnTraces::plan(store, diagnosis));
    let mut written = (0, 0, 0);
    for (spans, logs) in &requests {
        let (spans, logs) = match &matching {
            None => (spans.clone(), logs.clone()),
            Some(matching) => {
                let wanted = |trace, _| matching.contains(&trace);
                let spans = retain(spans, &wanted).inspect(|(_, kept)| written.0 += kept);
                let logs = retain_logs(logs, &wanted).inspect(|(_, kept)| written.1 += kept);
                written.2 += u64::from(spans.is_some() || logs.is_some());
                (spans.unwrap_or_default().0, logs.unwrap_or_default().0)
            }
        };
        match &plan {
            None => out.put(&spans, &logs)?,
            Some(plan) => out.put(&retrace(&spans, plan), &retrace_logs(&logs, plan))?,
        }
    }
    if let (Some(query), Some(matching)) = (&args.query, &matching)
        && matching.is_empty()
        && read.requests > 0
    {
        finish(&read, out, (0, 0, 0), "")?;
        return Err(nothing_matches(query, &session, "written"));
    }
    let mut also = String::new();
    match &matching {
        Some(matching) => {
            let all = plural(store.trace_count() as u64, "trace");
            also = format!("; a match in {} of {all}", matching.len());
        }
        None => written = (read.spans, read.logs, read.requests),
    }
    also += &match &plan {
        None => String::new(),
        Some(plan) if plan.requests() == 0 => "; no trace holds requests to take apart".to_owned(),
        Some(plan) => {
            let (requests, traces) = (plan.requests(), plural(plan.traces() as u64, "trace"));
            format!("; {requests} requests of {traces} have a trace of their own")
        }
    };
    finish(&read, out, written, &also)
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
fn read_all(input: &Inputs<'_>, sink: &mut dyn FnMut(Batch) -> ControlFlow<()>) -> Read {
    let from = input.args.input.from.as_deref().and_then(dump::format);
    let mut read = Read { unreadable: input.unreadable, ..Read::default() };
    let (mut flow, mut passed_over) = (ControlFlow::Continue(()), PassedOver::default());
    for source in &input.sources {
        if flow.is_break() {
            break;
        }
        let done = open(source).and_then(|mut opened| {
            opened.read(from, &mut |batch| {
                read.note(&batch);
                if !batch.records.is_empty() || !batch.logs.records.is_empty() {
                    flow = sink(batch);
                }
                flow
            })
        });
        match done {
            Ok(summary) => {
                for error in passed_over.failed_members(&summary) {
                    complain(error);
                    read.unreadable += 1;
                }
            }
            Err(error) if !passed_over.is(source.found, &error) => {
                complain(&error);
                read.unreadable += 1;
            }
            Err(_) => {}
        }
    }
    passed_over.conclude();
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

/// Ends the output and says what became of everything; `written` is how many spans of how many requests were.
fn finish(read: &Read, out: Out, written: (u64, u64, u64), also: &str) -> Result<ExitCode, Failure> {
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
    let logs =
        (read.log_records > 0).then(|| format!("{} of consoles", plural(read.log_records, "log record")));
    let metrics = (read.metrics > 0).then(|| plural(read.metrics, "metric"));
    let left_out: Vec<String> = logs.into_iter().chain(metrics).collect();
    if !left_out.is_empty() {
        complain(&format_args!("left out: {}", left_out.join(", ")));
    }
    let name = out.name.clone();
    if let Some(redactor) = &out.redactor {
        let masked = plural(redactor.masked(), "value");
        complain(&format_args!("{masked} masked; look at what is written before you pass it on"));
    }
    for loss in out.finish()? {
        complain(&format_args!("note: {}", loss.sentence()));
    }
    let (spans, logs, requests) = written;
    if requests > 0 {
        let (mut items, requests) = (plural(spans, "span"), plural(requests, "export request"));
        if logs > 0 {
            items += &format!(" and {}", plural(logs, "log record"));
        }
        complain(&format_args!("{items} of {requests} written to {}{also}", clean(&name)));
    }
    Ok(if read.unreadable > 0 || read.requests == 0 { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS })
}

/// Where it goes: nothing is made or emptied before there is something to write.
struct Out {
    name: String,
    target: Target,
    /// What masks each request on its way.
    redactor: Option<Redactor>,
    written: Option<Output<Box<dyn Write>>>,
    /// Whoever read standard output has gone (`| head`), which is no error.
    gone: bool,
}

impl Out {
    fn put_batch(&mut self, batch: &Batch) -> Result<(), DumpError> {
        self.put(&batch.bytes, &batch.logs.bytes)
    }

    /// Writes the requests that came together; one without bytes is none.
    fn put(&mut self, spans: &Bytes, logs: &Bytes) -> Result<(), DumpError> {
        if self.gone || spans.is_empty() && logs.is_empty() {
            return Ok(());
        }
        let (spans, logs) = match &self.redactor {
            None => (spans.clone(), logs.clone()),
            Some(redactor) => (redactor.redact(spans), redactor.redact_logs(logs)),
        };
        let done = self.written().and_then(|written| {
            if !spans.is_empty() {
                written.put(&spans)?;
            }
            if !logs.is_empty() {
                written.put_logs(&logs)?;
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
