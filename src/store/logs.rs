//! Log records that are held: in order of time, by trace and span, and in the order in which they arrived.
//!
//! A view remembers a [`LogKey`], which stays true whatever comes and goes around it; every step from one is
//! O(log n). What spans cost does not change: a span is looked up here only when it is shown or evicted.

use super::ingest::keyed;
use super::intern::Interner;
use super::segments::Pool;
use super::{SpanIx, Store};
use crate::model::{
    Batch, ByteRange, Log, LogRecord, Origin, Resource, Scope, Source, SpanId, TraceId, Value,
};
use crate::otlp::decode;
use crate::otlp::encode::{Encoded, request_of};
use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};

/// A log record's place in the order of time, and of arrival among those of one time. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LogKey {
    /// When it happened, or else was observed, or else arrived; nanoseconds since the Unix epoch.
    pub at_ns: u64,
    /// Its place in the order of arrival.
    pub seq: u64,
}

/// Before and behind all others.
const FIRST: LogKey = LogKey { at_ns: 0, seq: 0 };
const LAST: LogKey = LogKey { at_ns: u64::MAX, seq: u64::MAX };

/// A log record that is held.
#[derive(Clone, Copy, Debug)]
pub struct HeldLog<'a> {
    /// Its place.
    pub key: LogKey,
    /// What is known of it without reading its bytes.
    pub record: &'a LogRecord,
    /// What produced it.
    pub resource: &'a Resource,
    /// Which logger made it.
    pub scope: &'a Scope,
    /// Its `LogRecord` message.
    pub bytes: &'a [u8],
    /// Who sent it.
    pub source: &'a str,
    /// How it came in.
    pub origin: Origin,
    /// When it arrived, nanoseconds since the Unix epoch.
    pub arrived_ns: u64,
}

impl HeldLog<'_> {
    /// Everything that was sent.
    pub fn decode(&self) -> Log {
        decode::log(self.bytes)
    }

    /// Its body as text, as it was sent; nothing where it is no text.
    pub fn text(&self) -> Option<&[u8]> {
        decode::text_value(self.record.body.of(self.bytes))
    }

    /// Its body.
    pub fn body(&self) -> Value {
        decode::value(self.record.body.of(self.bytes))
    }

    /// An `ExportLogsServiceRequest` with it alone, as it came, under its resource and scope.
    pub fn request(&self) -> Bytes {
        request_of(&[Encoded { resource: self.resource, scope: self.scope, items: vec![self.bytes] }])
    }

    /// The service that it comes from.
    pub fn service(&self) -> &str {
        self.resource.service_name()
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    key: LogKey,
    record: LogRecord,
    batch: u32,
}

#[derive(Debug)]
struct HeldLogs {
    bytes: Bytes,
    logs: Vec<u32>,
    live: u32,
    source: Source,
    origin: Origin,
    arrived_ns: u64,
}

impl HeldLogs {
    fn memory(&self) -> usize {
        self.bytes.len() + self.logs.capacity() * size_of::<u32>() + size_of::<Self>()
    }
}

/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct LogBook {
    slots: Pool<Slot>,
    /// Slots in the order of arrival; the first one is that of `first_seq`.
    by_arrival: VecDeque<u32>,
    first_seq: u64,
    /// Before this one, every log record that is held belongs to a span or trace that is held, and goes with it.
    loose_from: u64,
    by_time: BTreeSet<LogKey>,
    by_span: BTreeSet<(TraceId, SpanId, LogKey)>,
    batches: Pool<Option<HeldLogs>>,
    /// Apart from those of spans: what only logs speak of is no matter of the diagnosis.
    resources: Interner<Resource>,
    scopes: Interner<Scope>,
    payload: usize,
}

impl LogBook {
    /// Bytes of requests.
    pub(super) fn payload(&self) -> usize {
        self.payload
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        // What a set takes for an entry, with nodes two thirds full.
        const BY_TIME: usize = 26;
        const BY_SPAN: usize = 64;
        self.payload
            + self.slots.memory()
            + self.batches.memory()
            + self.by_arrival.capacity() * size_of::<u32>()
            + self.by_time.len() * BY_TIME
            + self.by_span.len() * BY_SPAN
            + self.resources.memory()
            + self.scopes.memory()
    }

    fn slot_of(&self, seq: u64) -> Option<u32> {
        let at = usize::try_from(seq.checked_sub(self.first_seq)?).ok()?;
        self.by_arrival.get(at).copied().filter(|at| *at != NONE)
    }

    fn remove(&mut self, seq: u64) -> bool {
        let Some(at) = self.slot_of(seq) else { return false };
        let Slot { key, record, batch } = self.slots[at];
        self.by_arrival[(seq - self.first_seq) as usize] = NONE;
        self.by_time.remove(&key);
        if record.has_trace() {
            self.by_span.remove(&(record.trace_id, record.span_id, key));
        }
        self.slots[at].batch = NONE;
        self.slots.remove(at);
        while self.by_arrival.front() == Some(&NONE) {
            self.by_arrival.pop_front();
            self.first_seq += 1;
        }
        self.release(batch);
        true
    }

    /// One log record of a batch is gone: its bytes go when all are, and most of them when most are.
    fn release(&mut self, number: u32) {
        let Some(batch) = &mut self.batches[number] else { return };
        self.payload -= batch.memory();
        batch.live -= 1;
        if batch.live == 0 {
            self.batches[number] = None;
            return self.batches.remove(number);
        }
        if (batch.live as usize) * 2 < batch.logs.len() {
            let slots = &mut self.slots;
            batch.logs.retain(|at| slots[*at].batch == number);
            batch.logs.shrink_to_fit();
            let mut packed = Vec::new();
            for at in &batch.logs {
                let record = &mut slots[*at].record;
                let own = ByteRange { offset: record.offset, len: record.len };
                record.offset = packed.len() as u32;
                packed.extend_from_slice(own.of(&batch.bytes));
            }
            packed.shrink_to_fit();
            batch.bytes = packed.into();
        }
        self.payload += batch.memory();
    }
}

impl Store {
    /// Takes the log records of a batch in.
    pub(super) fn take_logs(&mut self, batch: &mut Batch) {
        let logs = std::mem::take(&mut batch.logs);
        let book = &mut self.logs;
        let bytes = &logs.bytes;
        let parts = |&(message, schema): &(ByteRange, ByteRange)| (message.of(bytes), schema.of(bytes));
        let resources: Vec<u32> = (logs.resources.iter().map(parts))
            .map(|(m, s)| book.resources.number(&keyed(m, s), |_| decode::resource(m, s)))
            .collect();
        let scopes: Vec<u32> = (logs.scopes.iter().map(parts))
            .map(|(m, s)| book.scopes.number(&keyed(m, s), |_| decode::scope(m, s)))
            .collect();
        let home = book.batches.insert(None);
        let mut numbers = Vec::with_capacity(logs.records.len());
        for record in &logs.records {
            let seq = book.first_seq + book.by_arrival.len() as u64;
            let at_ns = if record.at_ns() == 0 { batch.arrived_ns } else { record.at_ns() };
            let key = LogKey { at_ns, seq };
            let mut record = *record;
            record.resource = resources[record.resource as usize];
            record.scope = scopes[record.scope as usize];
            let at = book.slots.insert(Slot { key, record, batch: home });
            book.by_arrival.push_back(at);
            book.by_time.insert(key);
            if record.has_trace() {
                book.by_span.insert((record.trace_id, record.span_id, key));
            }
            numbers.push(at);
        }
        let held = HeldLogs {
            bytes: logs.bytes,
            live: numbers.len() as u32,
            logs: numbers,
            source: batch.source.clone(),
            origin: batch.origin,
            arrived_ns: batch.arrived_ns,
        };
        book.payload += held.memory();
        book.batches[home] = Some(held);
    }

    /// What has sent log records, as many different resources as were seen.
    pub fn log_resources(&self) -> impl Iterator<Item = &Resource> {
        (0..self.logs.resources.len() as u32).filter_map(|number| self.logs.resources.get(number))
    }

    /// The loggers of log records, as many different scopes as were seen.
    pub fn log_scopes(&self) -> impl Iterator<Item = &Scope> {
        (0..self.logs.scopes.len() as u32).filter_map(|number| self.logs.scopes.get(number))
    }

    /// How many log records are held.
    pub fn log_count(&self) -> usize {
        self.logs.by_time.len()
    }

    /// The log record with this key, if it is still held.
    pub fn log(&self, key: LogKey) -> Option<HeldLog<'_>> {
        let book = &self.logs;
        let slot = &book.slots[book.slot_of(key.seq)?];
        let batch = book.batches[slot.batch].as_ref()?;
        let record = &slot.record;
        let bytes = ByteRange { offset: record.offset, len: record.len }.of(&batch.bytes);
        Some(HeldLog {
            key,
            record,
            resource: book.resources.get(record.resource).unwrap_or(&super::UNKNOWN_RESOURCE),
            scope: book.scopes.get(record.scope).unwrap_or(&super::UNKNOWN_SCOPE),
            bytes,
            source: &batch.source,
            origin: batch.origin,
            arrived_ns: batch.arrived_ns,
        })
    }

    /// Log records in the order of time.
    pub fn logs(&self) -> impl DoubleEndedIterator<Item = LogKey> {
        self.logs.by_time.iter().copied()
    }

    /// Those from a place in that order on.
    pub fn logs_from(&self, key: LogKey) -> impl DoubleEndedIterator<Item = LogKey> {
        self.logs.by_time.range(key..).copied()
    }

    /// Those before a place in that order.
    pub fn logs_before(&self, key: LogKey) -> impl DoubleEndedIterator<Item = LogKey> {
        self.logs.by_time.range(..key).copied()
    }

    /// Those that arrived at this place or later, in the order of arrival.
    pub fn logs_arrived_from(&self, seq: u64) -> impl Iterator<Item = LogKey> {
        let book = &self.logs;
        let from = usize::try_from(seq.saturating_sub(book.first_seq)).unwrap_or(usize::MAX);
        let slots = book.by_arrival.range(from.min(book.by_arrival.len())..);
        slots.filter(|at| **at != NONE).map(|at| book.slots[*at].key)
    }

    /// The place that the next log record to arrive will have.
    pub fn next_log_seq(&self) -> u64 {
        self.logs.first_seq + self.logs.by_arrival.len() as u64
    }

    /// The log records of a span, in the order of time.
    pub fn logs_of(&self, span: SpanIx) -> impl DoubleEndedIterator<Item = LogKey> {
        let slot = self.slot(span);
        self.logs_of_ids(self.trace(slot.trace).id, slot.record.span_id)
    }

    /// The same, of a span that need not be held.
    pub fn logs_of_ids(&self, trace: TraceId, span: SpanId) -> impl DoubleEndedIterator<Item = LogKey> {
        self.logs.by_span.range((trace, span, FIRST)..=(trace, span, LAST)).map(|(_, _, key)| *key)
    }

    /// The span that a log record belongs to, if it is held.
    pub fn span_of_log(&self, record: &LogRecord) -> Option<SpanIx> {
        if record.span_id.is_none() {
            return None;
        }
        let span = self.find_span(self.find_trace(record.trace_id)?, record.span_id)?;
        self.slot(span).is_held().then_some(span)
    }

    /// Removes what a trace, or a span of it, takes with it. Tells how many.
    pub(super) fn remove_logs_of(&mut self, trace: TraceId, span: Option<SpanId>) -> u64 {
        if self.logs.by_span.is_empty() {
            return 0;
        }
        let (from, to) = span.map_or((SpanId::NONE, SpanId(u64::MAX)), |span| (span, span));
        let leaving: Vec<u64> = (self.logs.by_span.range((trace, from, FIRST)..=(trace, to, LAST)))
            .map(|(_, _, key)| key.seq)
            .collect();
        leaving.into_iter().map(|seq| u64::from(self.logs.remove(seq))).sum()
    }

    /// Whether a log record goes with something that is held: its span, or its trace where it names no span.
    fn is_bound(&self, record: &LogRecord) -> bool {
        if record.span_id.is_none() {
            record.has_trace() && self.find_trace(record.trace_id).is_some()
        } else {
            self.span_of_log(record).is_some()
        }
    }

    /// Evicts the oldest log record that no held trace will take with it, if it arrived before the oldest request.
    pub(super) fn evict_loose_log(&mut self, oldest_request_ns: Option<u64>) -> bool {
        let Some((seq, arrived_ns)) = self.next_loose_log() else { return false };
        if oldest_request_ns.is_some_and(|request| request < arrived_ns) {
            return false;
        }
        self.counters.evicted_logs += u64::from(self.logs.remove(seq));
        true
    }

    /// Whether one that was not looked at yet came before `end`.
    pub(super) fn has_logs_before(&self, end: u64) -> bool {
        self.logs.loose_from.max(self.logs.first_seq) < end
    }

    /// Looks at the next log record before `end`, and frees it where its trace is not held: with that it would go.
    /// Tells whether there was one.
    pub(super) fn free_log_before(&mut self, end: u64) -> bool {
        if !self.has_logs_before(end) {
            return false;
        }
        let seq = self.logs.loose_from.max(self.logs.first_seq);
        self.logs.loose_from = seq + 1;
        let record = self.logs.slot_of(seq).map(|at| self.logs.slots[at].record);
        let is_kept = |record: LogRecord| record.has_trace() && self.find_trace(record.trace_id).is_some();
        if record.is_some_and(|record| !is_kept(record)) {
            self.counters.deleted_logs += u64::from(self.logs.remove(seq));
        }
        true
    }

    /// The oldest log record that no held trace will take with it, and when it arrived.
    fn next_loose_log(&mut self) -> Option<(u64, u64)> {
        loop {
            let book = &self.logs;
            let seq = book.loose_from.max(book.first_seq);
            if seq >= self.next_log_seq() {
                return None;
            }
            if let Some(slot) = book.slot_of(seq).map(|at| &book.slots[at])
                && !self.is_bound(&slot.record)
            {
                return Some((seq, book.batches[slot.batch].as_ref().map_or(0, |batch| batch.arrived_ns)));
            }
            self.logs.loose_from = seq + 1;
        }
    }
}

#[cfg(test)]
mod tests;
