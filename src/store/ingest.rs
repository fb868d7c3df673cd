//! Taking a batch in: each span finds its trace, its slot and its parent, once.

use super::index::{span_key, trace_key};
use super::{Arrived, HeldBatch, KEPT_COMPLAINTS, Presence, Retold, Slot, SpanIx, Store, Trace, TraceIx};
use crate::model::{
    Batch, ByteRange, Key, NO_FACTS, Origin, Peer, Resource, Source, SpanId, SpanRecord, StatusCode, TraceId,
};
use crate::otlp::decode;
use bytes::Bytes;

impl Store {
    /// Takes a batch in, and tells what was in it. Repeated deliveries are counted and leave no slot.
    pub fn ingest(&mut self, mut batch: Batch, arrived: &mut Arrived) {
        arrived.clear();
        arrived.bad_ids = batch.rejections.iter().filter(|rejection| rejection.bad_id).count() as u64;
        self.note_complaints(&batch);
        if !batch.logs.records.is_empty() {
            self.take_logs(&mut batch);
        }
        if batch.records.is_empty() {
            return;
        }
        let bytes = &batch.bytes;
        let lossy = |b: &[u8]| String::from_utf8_lossy(b).into_owned().into_boxed_str();
        let names: Vec<u32> = batch.strings.iter().map(|r| self.names.number(r.of(bytes), lossy)).collect();
        let parts = |&(message, schema): &(ByteRange, ByteRange)| (message.of(bytes), schema.of(bytes));
        let resources: Vec<u32> = (batch.resources.iter().map(parts))
            .map(|(m, s)| {
                if m.is_empty() && !batch.origin.is_otlp() {
                    // Every SDK's resource has attributes: there, they are not in what was printed.
                    let lost = |_: &[u8]| Resource { is_lost: true, ..Resource::default() };
                    return self.resources.number(LOST, lost);
                }
                self.resources.number(&keyed(m, s), |_| decode::resource(m, s))
            })
            .collect();
        let scopes: Vec<u32> = (batch.scopes.iter().map(parts))
            .map(|(m, s)| self.scopes.number(&keyed(m, s), |_| decode::scope(m, s)))
            .collect();
        let string = |number: u32| if number == 0 { 0 } else { names[number as usize - 1].wrapping_add(1) };

        let home = self.batches.insert(None);
        let mut spans = Vec::with_capacity(batch.records.len());
        let mut last: Option<(TraceId, TraceIx)> = None;
        let mut overlaps = None;
        let mut peers = batch.peers.iter().peekable();
        for (number, (record, trace_id)) in (0..).zip(batch.records.iter().zip(&batch.trace_ids)) {
            let peer = peers.next_if(|peer| peer.span == number);
            let trace = match last {
                Some((id, trace)) if id == *trace_id => trace,
                _ => self.trace_for(*trace_id, batch.arrived_ns),
            };
            last = Some((*trace_id, trace));
            if self.full && self.traces[trace.0].pinned {
                self.counters.unroomed += 1;
                continue;
            }
            let mut record = *record;
            record.name = names[record.name as usize];
            record.resource = resources[record.resource as usize];
            record.scope = scopes[record.scope as usize];
            let place = self.place_for(trace, &record);
            self.counters.repeated += u64::from(!matches!(place, Place::New(_)));
            let at = match place {
                Place::New(at) | Place::Instead(at) => at,
                Place::Late => continue,
                Place::Again(held) => {
                    match self.other_dump(held, &batch.source, batch.origin) {
                        Some(other) => overlaps = Some(other),
                        None => arrived.repeated.push(held),
                    }
                    continue;
                }
            };
            if record.facts != NO_FACTS {
                let mut facts = batch.facts[record.facts as usize];
                facts.route = string(facts.route);
                facts.destination = string(facts.destination);
                record.facts = self.facts.insert(facts);
            }
            let is_new = matches!(place, Place::New(_));
            // What was told of a span earlier in this very batch has been shown to nobody.
            let is_known = !is_new && self.slot(at).batch != home;
            if is_known {
                let facts = self.facts(at).copied();
                arrived.retold.push(Retold { at, before: *self.record(at), facts });
            }
            if is_new {
                self.settle(at, trace, record, home, &mut arrived.moved);
            } else {
                self.retell(at, record, home);
            }
            if record.keys.has(Key::HasLinks) {
                let span = ByteRange { offset: record.offset, len: record.len };
                self.note_links(at, span.of(bytes));
            }
            let held = &mut self.traces[trace.0];
            held.last_arrived_ns = held.last_arrived_ns.max(batch.arrived_ns);
            self.arrivals.note(at);
            if is_new || is_known {
                spans.push(at);
            }
            if !is_new {
                continue;
            }
            if let Some(peer) = peer {
                let (system, name) = (string(peer.system), string(peer.name));
                arrived.peers.push(Peer { span: arrived.spans.len() as u32, system, name, ..*peer });
            }
            arrived.spans.push(at);
        }
        if let Some(other) = overlaps {
            self.remark(format!("{} has spans that {other} has too: each is there once", batch.source));
        }
        if spans.is_empty() {
            return self.batches.remove(home);
        }
        spans.shrink_to_fit();
        let held = HeldBatch {
            live: spans.len() as u32,
            spans,
            bytes: batch.bytes,
            source: batch.source,
            origin: batch.origin,
            arrived_ns: batch.arrived_ns,
        };
        self.payload += held.memory();
        self.batches[home] = Some(held);
    }

    fn note_complaints(&mut self, batch: &Batch) {
        let counters = &mut self.counters;
        counters.batches += 1;
        counters.received += batch.records.len() as u64;
        counters.logs += batch.logs.records.len() as u64;
        let (rejected, bad_requests) = batch.rejected();
        counters.rejected += rejected;
        counters.bad_requests += bad_requests;
        counters.unshown.log_records += batch.unshown.log_records;
        counters.unshown.metrics += batch.unshown.metrics;
        for rejection in &batch.rejections {
            if self.rejections.len() == KEPT_COMPLAINTS {
                self.rejections.pop_front();
            }
            self.rejections.push_back(rejection.clone());
        }
        for remark in &batch.remarks {
            self.remark(remark.clone());
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < KEPT_COMPLAINTS && !self.remarks.contains(&remark) {
            self.remarks.push_back(remark);
        }
    }

    /// The other dump that a held span was read from, where one comes again out of a dump: whoever opens two that
    /// overlap has delivered it twice, and not its process.
    fn other_dump(&self, held: SpanIx, source: &Source, origin: Origin) -> Option<Source> {
        let of_dump = |origin| matches!(origin, Origin::Dump(_));
        let before = self.batches[self.slot(held).batch].as_ref()?;
        (of_dump(origin) && of_dump(before.origin) && before.source != *source).then(|| before.source.clone())
    }

    fn trace_for(&mut self, id: TraceId, arrived_ns: u64) -> TraceIx {
        if let Some(trace) = self.find_trace(id) {
            return trace;
        }
        let seq = self.counters.traces;
        self.counters.traces += 1;
        let trace = TraceIx(self.traces.insert(Trace {
            id,
            seq,
            spans: 0,
            errors: 0,
            evicted: 0,
            changes: 0,
            start_ns: u64::MAX,
            end_ns: 0,
            last_arrived_ns: arrived_ns,
            longest_request_ns: 0,
            roots: super::List::default(),
            cuts: None,
            age_key: arrived_ns,
            pinned: false,
        }));
        self.trace_index.insert(trace_key(id), trace.0);
        self.by_arrival.insert(seq, trace);
        self.by_age.insert((arrived_ns, seq), trace);
        trace
    }

    /// The place of a span that has been delivered.
    fn place_for(&mut self, trace: TraceIx, record: &SpanRecord) -> Place {
        let id = record.span_id;
        let first = self.find_span(trace, id);
        match first {
            None if !self.twins.has(trace, id) => Place::New(self.new_slot(trace, id, false)),
            Some(at) if !self.slot(at).is_held() && !self.slot(at).twinned => {
                self.unlink(at);
                Place::New(at)
            }
            _ => self.place_among(trace, record, first),
        }
    }

    pub(super) fn new_slot(&mut self, trace: TraceIx, id: SpanId, twin: bool) -> SpanIx {
        let record = SpanRecord::new(id, SpanId::NONE);
        let at = self.slots.insert(Slot { record, trace, twin, ..Slot::default() });
        if !twin {
            self.index.insert(span_key(trace, id), at);
        }
        SpanIx(at)
    }

    /// Puts another word on a held span into its slot, which stays where it is: start, id and parent are the same.
    fn retell(&mut self, at: SpanIx, record: SpanRecord, batch: u32) {
        let before = *self.record(at);
        if before.facts != NO_FACTS {
            self.facts.remove(before.facts);
        }
        self.forget_links(at);
        self.retell_twin(at, Some(&record));
        if self.slot(at).batch != batch {
            self.release_bytes(at);
        }
        let slot = &mut self.slots[at.0];
        (slot.record, slot.batch) = (record, batch);
        let (trace, parent, is_cut) = (slot.trace, slot.parent, slot.cut);
        if let Some(parent) = parent.some() {
            self.cover(parent, record.start_ns, record.end_ns);
        }
        let held = &mut self.traces[trace.0];
        held.changes = held.changes.wrapping_add(1);
        held.errors -= u32::from(before.status() == StatusCode::Error);
        held.errors += u32::from(record.status() == StatusCode::Error);
        held.end_ns = held.end_ns.max(record.end_ns);
        if is_cut {
            held.longest_request_ns = held.longest_request_ns.max(record.duration_ns());
        }
    }

    /// Puts a span into its slot and the slot into its place.
    fn settle(
        &mut self,
        at: SpanIx,
        trace: TraceIx,
        record: SpanRecord,
        batch: u32,
        moved: &mut Vec<(SpanIx, SpanIx)>,
    ) {
        let had_children = self.slot(at).children.len > 0 || self.has_cut_children(at);
        let mut parent = SpanIx::NONE;
        let mut cyclic = false;
        if record.parent_id == record.span_id {
            cyclic = true;
        } else if !record.parent_id.is_none() {
            parent = match self.parent_among(trace, &record) {
                Some(parent) => parent,
                None => self.placeholder(trace, &record),
            };
            if had_children && self.is_within(parent, at) {
                (parent, cyclic) = (SpanIx::NONE, true);
            }
        }
        if let Some(parent) = parent.some() {
            self.cover(parent, record.start_ns, record.end_ns);
        }
        let slot = &mut self.slots[at.0];
        slot.record = record;
        slot.batch = batch;
        slot.parent = parent;
        slot.presence = Presence::Held;
        slot.cyclic = cyclic;
        self.link(at);
        if self.slot(at).shares_its_id() {
            self.take_own_children(at, moved);
        }
        let held = &mut self.traces[trace.0];
        held.spans += 1;
        held.changes = held.changes.wrapping_add(1);
        held.errors += u32::from(record.status() == StatusCode::Error);
        held.start_ns = held.start_ns.min(record.start_ns);
        held.end_ns = held.end_ns.max(record.end_ns);
    }

    /// A placeholder for a span's parent.
    fn placeholder(&mut self, trace: TraceIx, child: &SpanRecord) -> SpanIx {
        let at = self.new_slot(trace, child.parent_id, false);
        let record = &mut self.slots[at.0].record;
        (record.start_ns, record.end_ns) = (child.start_ns.saturating_sub(1), child.end_ns);
        self.link(at);
        at
    }
}

/// Where a span that has been delivered belongs.
pub(super) enum Place {
    /// Into this slot, which is new or was a placeholder.
    New(SpanIx),
    /// Nowhere: this one is held, with the same content.
    Again(SpanIx),
    /// Nowhere: it was sent while it ran, and its end is known already.
    Late,
    /// In the place of this one, which was sent while it ran.
    Instead(SpanIx),
}

/// What a resource is known by of which nothing is known: no message begins so, and no schema URL.
const LOST: &[u8] = b"\xff lost";

/// The bytes that a resource or scope is known by: the message and its schema URL.
pub(super) fn keyed<'a>(message: &'a [u8], schema_url: &[u8]) -> std::borrow::Cow<'a, [u8]> {
    if schema_url.is_empty() { message.into() } else { [message, schema_url].concat().into() }
}

impl HeldBatch {
    pub(super) fn memory(&self) -> usize {
        self.bytes.len() + self.spans.capacity() * size_of::<SpanIx>() + size_of::<Self>()
    }

    /// The spans' own bytes moved together, when most of the batch's spans are gone.
    pub(super) fn repack(
        &mut self,
        mut record: impl FnMut(SpanIx) -> Option<(u32, u32)>,
    ) -> Vec<(SpanIx, u32)> {
        let mut moved = Vec::new();
        let mut packed = Vec::new();
        for at in &self.spans {
            if let Some((offset, len)) = record(*at) {
                moved.push((*at, packed.len() as u32));
                packed.extend_from_slice(ByteRange { offset, len }.of(&self.bytes));
            }
        }
        packed.shrink_to_fit();
        self.bytes = Bytes::from(packed);
        self.spans = moved.iter().map(|(at, _)| *at).collect();
        moved
    }
}

const _: () = assert!((Key::HasException as u8) < 128, "the last key must fit the set");
