//! `otoscope record`: receive and save, without a screen.

use super::receive::{Taker, command, listen, sentence, who, why_nothing};
use super::recording::{Recording, Rotation};
use super::{Failure, UNUSABLE, complain, parse_size, parse_time};
use crate::child::Ended;
use crate::cli::Record;
use crate::dump::{DumpError, Target};
use crate::harmless::clean;
use crate::intake::Counters;
use crate::model::{Batch, Rejection, TraceId};
use crate::otlp::Redactor;
use crate::tui::text::plural;
use std::collections::{BTreeSet, HashSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::Notify;

/// How many spans that could not be taken are named.
const NAMED: usize = 10;
/// How many traces are told apart: 16 MiB of ids.
const TRACES: usize = 1 << 20;

pub(super) fn run(args: &Record) -> Result<ExitCode, Failure> {
    let name = args.output.display().to_string();
    let target = Target::of(&name)?;
    if !target.is_record_by_record() {
        let why = "is one document, and half of it after a crash would be none: record .jsonl or .binpb, \
                   and `otoscope convert` that";
        return Err(Failure(format!("{name} {why}")));
    }
    let max_size = args.max_size.as_deref().map(parse_size).transpose()?;
    let time = args.time.as_deref().map(parse_time).transpose()?;
    let rotation = Rotation { max_size: max_size.map(|size| size as u64), keep: args.keep };
    let recording = Recording::begin(&args.output, target, rotation)?;
    let failed = Arc::new(Notify::new());
    let recorder = Recorder {
        name,
        recording,
        redactor: args.redact.then(|| Redactor::new(args.redact_key.clone())),
        failed: Arc::clone(&failed),
        failure: None,
        traces: HashSet::new(),
        first: None,
        rejected: 0,
        named: BTreeSet::new(),
        metrics: 0,
        lost: (0, 0),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (recorder, counters, ended) = if args.command.is_empty() {
        let over = async move { failed.notified().await };
        let (recorder, counters) = runtime.block_on(listen(&args.at, time, recorder, over))?;
        (recorder, counters, None)
    } else {
        // A command whose spans can no longer be saved has other work to do: it goes on.
        let (recorder, counters, ended) = runtime.block_on(command(&args.command, &args.at, recorder))?;
        (recorder, counters, Some(ended))
    };
    Ok(recorder.finish(args, &counters, ended))
}

/// Takes what arrives and writes it.
struct Recorder {
    name: String,
    recording: Recording,
    redactor: Option<Redactor>,
    /// Told when nothing can be written any more.
    failed: Arc<Notify>,
    failure: Option<std::io::Error>,
    traces: HashSet<TraceId>,
    /// The first that could not be taken.
    first: Option<Rejection>,
    /// Single spans and log records that could not be.
    rejected: u64,
    /// What was said of those that could not be taken.
    named: BTreeSet<String>,
    metrics: u64,
    /// Spans and log records that came when nothing could be written any more.
    lost: (u64, u64),
}

impl Taker for Recorder {
    fn take(&mut self, batch: Batch) {
        for rejection in &batch.rejections {
            let said = sentence(rejection);
            // Exporters send to the wrong path again and again.
            if self.named.len() < NAMED && !self.named.contains(&said) {
                complain(&format_args!("not taken: {}", clean(&said)));
                self.named.insert(said);
            }
            self.rejected += u64::from(!rejection.whole_request);
            self.first.get_or_insert_with(|| rejection.clone());
        }
        self.metrics += batch.unshown.metrics;
        if batch.records.is_empty() && batch.logs.records.is_empty() {
            return;
        }
        if self.failure.is_some() {
            self.lost.0 += batch.records.len() as u64;
            self.lost.1 += batch.logs.records.len() as u64;
            return;
        }
        let room = TRACES - self.traces.len();
        self.traces.extend(batch.trace_ids.iter().take(room));
        let put = match &self.redactor {
            None => self.recording.put(&batch),
            Some(redactor) => self.recording.put(&Batch {
                bytes: redactor.redact(&batch.bytes),
                logs: crate::model::Logs { bytes: redactor.redact_logs(&batch.logs.bytes), ..batch.logs },
                ..batch
            }),
        };
        self.note(put);
    }

    fn tick(&mut self) {
        let flushed = self.recording.flush();
        self.note(flushed);
    }
}

impl Recorder {
    fn note(&mut self, done: std::io::Result<()>) {
        if let Err(error) = done
            && self.failure.is_none()
        {
            let said = DumpError::unwritable(&self.name, &error);
            complain(&format_args!("{said} What was written before is whole; nothing more is recorded"));
            self.failure = Some(error);
            self.failed.notify_one();
        }
    }

    /// Writes what is left, and says what became of everything.
    fn finish(mut self, args: &Record, counters: &Counters, ended: Option<Ended>) -> ExitCode {
        let flushed = self.recording.flush();
        self.note(flushed);
        let Self { recording, traces, rejected, failure, metrics, .. } = &self;
        let written = recording.written();
        let bad = counters.bad_requests.load(Relaxed);
        let refused = (counters.refused_requests.load(Relaxed), counters.refused_spans.load(Relaxed));
        if refused.0 > 0 {
            let (requests, spans) = (plural(refused.0, "request"), plural(refused.1, "span"));
            complain(&format_args!(
                "refused: {requests} with {spans}; their senders were told to send them again"
            ));
        }
        if let Some(said) = rejections(*rejected, bad) {
            complain(&said);
        }
        if *metrics > 0 {
            complain(&format_args!("left out: {}", plural(*metrics, "metric")));
        }
        if let Some(redactor) = &self.redactor {
            let masked = plural(redactor.masked(), "value");
            complain(&format_args!("{masked} masked; look at what is written before you pass it on"));
        }
        for remark in recording.remarks() {
            complain(&clean(&remark));
        }
        let lost = (self.lost.0 + recording.unwritten().spans, self.lost.1 + recording.unwritten().logs);
        if lost.0 + lost.1 > 0 {
            let (spans, logs) = (plural(lost.0, "span"), plural(lost.1, "log record"));
            complain(&format_args!(
                "lost: {spans} and {logs} came when {} could not be written",
                clean(&self.name)
            ));
        }
        let nothing = written.spans + written.logs == 0;
        if nothing && failure.is_none() {
            let other = (*metrics > 0).then_some("metrics");
            let why =
                why_nothing(self.first.as_ref(), other, counters, ended.map(|ended| (&*args.command, ended)));
            let who = who(&args.command, ended, "nothing to record");
            complain(&format_args!("{}: {}", clean(&who), clean(&why)));
        } else {
            let at_least = if traces.len() == TRACES { "at least " } else { "" };
            let (spans, traces) = (plural(written.spans, "span"), plural(traces.len() as u64, "trace"));
            let (logs, files) = (plural(written.logs, "log record"), recording.files());
            complain(&format_args!("{spans} of {at_least}{traces} and {logs} recorded in {}", clean(&files)));
        }
        match ended {
            _ if nothing || self.failure.is_some() => ExitCode::from(UNUSABLE),
            Some(ended) => ExitCode::from(ended.code()),
            None => ExitCode::SUCCESS,
        }
    }
}

/// What could not be taken: single spans and log records, and whole requests.
fn rejections(single: u64, whole: u64) -> Option<String> {
    let single = match single {
        0 => None,
        1 => Some("1 span or log record".to_owned()),
        n => Some(format!("{n} spans or log records")),
    };
    let whole = match whole {
        0 => None,
        1 => Some("1 request that is no OTLP".to_owned()),
        n => Some(format!("{n} requests that are no OTLP")),
    };
    let said: Vec<String> = [single, whole].into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("rejected: {}", said.join(", and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_rejected_is_no_span() {
        assert_eq!(rejections(0, 0), None);
        for (single, whole, said) in [
            (0, 5, "rejected: 5 requests that are no OTLP"),
            (1, 0, "rejected: 1 span or log record"),
            (3, 1, "rejected: 3 spans or log records, and 1 request that is no OTLP"),
        ] {
            assert_eq!(rejections(single, whole).as_deref(), Some(said));
        }
    }
}
