//! Where readers put what they read: positions, counts, and each remark once.

use super::Summary;
use crate::model::{Batch, Origin, Rejection, Source};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// How many rejections wait for a batch to travel with before they travel alone.
const WAITING: usize = 256;

/// Takes batches and rejections on their way to the sink.
pub(super) struct Outlet<'a> {
    source: Source,
    origin: Origin,
    sink: &'a mut dyn FnMut(Batch) -> ControlFlow<()>,
    summary: Summary,
    /// Rejections that wait for a batch.
    waiting: Vec<Rejection>,
    first_rejection: Option<Rejection>,
    /// What a failure of the input cut off.
    cut: Option<(String, String)>,
    remarks: HashSet<String>,
    /// When the last batch was sent.
    sent_ns: u64,
}

impl<'a> Outlet<'a> {
    pub(super) fn new(
        name: &str,
        format: &'static str,
        sink: &'a mut dyn FnMut(Batch) -> ControlFlow<()>,
    ) -> Self {
        Self {
            source: name.into(),
            origin: Origin::Dump(format),
            sink,
            summary: Summary { format, ..Summary::default() },
            waiting: Vec::new(),
            first_rejection: None,
            cut: None,
            remarks: HashSet::new(),
            sent_ns: 0,
        }
    }

    pub(super) fn source(&self) -> Source {
        self.source.clone()
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// The position of a line of a text file.
    pub(super) fn at_line(&self, line: u64) -> String {
        format!("{}:{line}", self.source)
    }

    /// The position of a byte of a binary file.
    pub(super) fn at_byte(&self, offset: u64) -> String {
        format!("{}: byte {offset}", self.source)
    }

    /// Notes what could not be taken.
    pub(super) fn reject(&mut self, position: String, reason: String) {
        self.waiting.push(Rejection::new(position, reason));
    }

    /// Notes what the end of the input cut off. Where the input failed there, that is one loss and not two: it is told
    /// with the failure.
    pub(super) fn cut(&mut self, failed: bool, position: String, reason: String) {
        if failed { self.cut = Some((position, reason)) } else { self.reject(position, reason) }
    }

    /// Notes why nothing more comes: where there is nothing else, that is the cause.
    pub(super) fn fail(&mut self, position: String, reason: String) {
        let (position, reason) = match self.cut.take() {
            Some((at, cut)) => (at, format!("{cut}; {reason}")),
            None => (position, reason),
        };
        self.first_rejection = Some(Rejection::new(position.clone(), reason.clone()));
        self.reject(position, reason);
    }

    /// Counts logs that a reader found outside of batches.
    pub(super) fn count_logs(&mut self, log_records: u64) {
        self.summary.log_records += log_records;
    }

    /// Counts metrics that a reader found outside of batches.
    pub(super) fn count_metrics(&mut self, metrics: u64) {
        self.summary.metrics += metrics;
    }

    /// Hands a batch on; one with nothing in it is not worth the way.
    pub(super) fn send(&mut self, mut batch: Batch) -> ControlFlow<()> {
        self.sent_ns = batch.last_end_ns().unwrap_or(self.sent_ns);
        batch.arrived_ns = self.sent_ns;
        batch.remarks.retain(|remark| self.remarks.insert(remark.clone()));
        batch.rejections.splice(..0, self.waiting.drain(..));
        let (unshown, summary) = (batch.unshown, &mut self.summary);
        let counted = unshown.log_records + unshown.metrics;
        let logs = batch.logs.records.len();
        if batch.records.is_empty()
            && logs == 0
            && batch.rejections.is_empty()
            && batch.remarks.is_empty()
            && counted == 0
        {
            return ControlFlow::Continue(());
        }
        if self.first_rejection.is_none() {
            self.first_rejection = batch.rejections.first().cloned();
        }
        summary.batches += 1;
        summary.spans += batch.records.len() as u64;
        summary.logs += logs as u64;
        summary.rejected += batch.rejections.len() as u64;
        summary.log_records += unshown.log_records;
        summary.metrics += unshown.metrics;
        (self.sink)(batch)
    }

    /// Sends waiting rejections once they are many.
    pub(super) fn relieve(&mut self) -> ControlFlow<()> {
        if self.waiting.len() < WAITING { ControlFlow::Continue(()) } else { self.flush() }
    }

    /// Sends waiting rejections.
    pub(super) fn flush(&mut self) -> ControlFlow<()> {
        self.send(Batch::empty(self.source.clone(), self.origin, 0))
    }

    pub(super) fn summary(&self) -> Summary {
        self.summary.clone()
    }

    /// The likely cause of there being no span.
    pub(super) fn why_nothing(&self) -> String {
        let Summary { rejected, log_records, metrics, .. } = self.summary;
        match &self.first_rejection {
            Some(Rejection { position, reason, .. }) => match rejected {
                1 => format!("what is in it was rejected: {position}: {reason}"),
                _ => format!(
                    "all {rejected} spans or records in it were rejected, the first at {position}: {reason}"
                ),
            },
            None if log_records + metrics > 0 => {
                format!("only logs or metrics are inside (log records: {log_records}, metrics: {metrics})")
            }
            None => "its lists of spans are empty".to_owned(),
        }
    }
}

/// What a rejection says of the spans and log records before a break.
pub(super) fn kept(batch: &Batch) -> String {
    let what = match (batch.records.len(), batch.logs.records.len()) {
        (0, 0) => return String::new(),
        (1, 0) => return "; the span before it was kept".to_owned(),
        (0, 1) => return "; the log record before it was kept".to_owned(),
        (spans, 0) => format!("{spans} spans"),
        (0, logs) => format!("{logs} log records"),
        (spans, logs) => format!("{spans} spans and {logs} log records"),
    };
    format!("; the {what} before it were kept")
}
