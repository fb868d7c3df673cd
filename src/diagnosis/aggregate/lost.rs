//! Parents that are waited for, and those that are still missing when their process has moved on.
//!
//! Spans are exported when they end, so children come first and most parents come a moment later. A parent that is
//! not here is listed once, looked at again when its children's process has delivered what ended well after them, and
//! then counted by what its children say of it. If it arrives after all, the count is taken back.

use super::missing::{Agent, Around, Missing, MissingKey, Why, agent, is_overdue, judge};
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::process::{ProcessIx, ServiceIx};
use crate::diagnosis::seen::Seen;
use crate::diagnosis::unmerge::{Chains, Traits};
use crate::diagnosis::verdict::QUIET_NS;
use crate::model::{ParentLocality, SpanId};
use crate::store::{Presence, SpanIx, Store};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How many missing parents are remembered one by one, by process.
pub(crate) const SAMPLE: usize = 64;
/// How many listed parents are looked at with each that is listed: two, so that the list is never much longer than
/// the number of parents that are really missing.
const WITH_EACH: usize = 2;
/// How many are looked at in a second.
const A_SECOND: usize = 16_384;
/// A process that was silent for so long will not send what is still missing (`T_FINAL`), nanoseconds.
pub(crate) const GONE_NS: u64 = 300_000_000_000;

/// Missing parents of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalLoss {
    /// How many, and how many spans hang from them.
    pub(crate) parents: u64,
    pub(crate) spans: u64,
    /// Of these, those that may have been cut off with the end of the recording.
    pub(crate) tail_parents: u64,
    pub(crate) tail_spans: u64,
    /// Of these, those of which no flags say that they are local.
    pub(crate) assumed: u64,
    /// Of these, those that are long-lived by design.
    pub(crate) long: u64,
    /// The earliest.
    pub(crate) sample: BTreeMap<MissingKey, Missing>,
}

/// Who calls a service, by user agent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callers {
    /// Entries whose parent lives elsewhere and is here.
    pub(crate) received: u64,
    /// Entries whose parent lives elsewhere and is missing.
    pub(crate) missing: u64,
    /// The earliest missing.
    pub(crate) sample: BTreeMap<MissingKey, Missing>,
}

/// Parents that are known only under another trace id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Elsewhere {
    pub(crate) n: u64,
    pub(crate) sample: BTreeMap<MissingKey, Missing>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    /// Listed, in no order that matters.
    listed: VecDeque<(SpanIx, SpanId)>,
    judged: HashMap<SpanIx, (MissingKey, Missing)>,
    local: BTreeMap<ProcessIx, LocalLoss>,
    /// By service and user agent.
    callers: BTreeMap<(ServiceIx, Agent), Callers>,
    /// By the service that holds the parent, and the service whose span asks for it.
    elsewhere: BTreeMap<(ServiceIx, ServiceIx), Elsewhere>,
    /// How many processes with missing parents were gone when the time was last told.
    gone: usize,
}

impl Lost {
    /// Processes that have lost parents of their own.
    pub(crate) fn local(&self) -> impl Iterator<Item = (ProcessIx, &LocalLoss)> {
        self.local.iter().map(|(process, loss)| (*process, loss))
    }

    /// Callers by service and user agent.
    pub(crate) fn callers(&self) -> impl Iterator<Item = (ServiceIx, Agent, &Callers)> {
        self.callers.iter().map(|((service, agent), callers)| (*service, *agent, callers))
    }

    /// Who calls a service with this user agent.
    pub(crate) fn caller(&self, service: ServiceIx, agent: Agent) -> Option<&Callers> {
        self.callers.get(&(service, agent))
    }

    /// Parents known under another trace id, by the service that holds them and the one that asks for them.
    pub(crate) fn elsewhere(&self) -> impl Iterator<Item = (ServiceIx, ServiceIx, &Elsewhere)> {
        self.elsewhere.iter().map(|((holds, asks), elsewhere)| (*holds, *asks, elsewhere))
    }

    /// How a missing parent was counted.
    pub(crate) fn judged(&self, at: SpanIx) -> Option<&Missing> {
        self.judged.get(&at).map(|(_, missing)| missing)
    }

    /// Lists the parent of a span that has arrived, if it is not here.
    pub(crate) fn miss(&mut self, chains: &mut Chains, around: &Around<'_>, child: SpanIx, parent: SpanIx) {
        let store = around.store;
        let slot = store.slot(parent);
        if slot.presence != Presence::Missing {
            return;
        }
        if chains.is(parent, Traits::MISSED) {
            // Another child: it is judged again, with that one.
            if self.take_back(around, parent) {
                self.listed.push_back((parent, slot.record.span_id));
            }
            return;
        }
        let record = store.record(child);
        let process = around.processes.get(around.processes.of(record.resource));
        if store.counters().evicted_spans > 0 && record.end_ns + QUIET_NS < process.watermark_ns {
            // What comes so late may name a parent that was here and had to make room.
            return;
        }
        chains.set(parent, Traits::MISSED);
        self.listed.push_back((parent, slot.record.span_id));
        for _ in 0..WITH_EACH {
            if let Some((at, id)) = self.listed.pop_front()
                && is_missing(chains, store, at, id)
            {
                self.listed.push_back((at, id));
            }
        }
    }

    /// A span that was waited for is here.
    pub(crate) fn arrived(&mut self, chains: &mut Chains, around: &Around<'_>, at: SpanIx) {
        chains.unset(at, Traits::MISSED);
        self.take_back(around, at);
    }

    /// Notes an entry whose caller is here.
    pub(crate) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        if child.entry && (child.process != parent.process || child.locality() == ParentLocality::Remote) {
            let agent = agent(child.facts);
            self.callers.entry((child.service, agent)).or_default().received += 1;
        }
    }

    /// Judges what is overdue; answers whether anything changed.
    pub(crate) fn tick(&mut self, chains: &Chains, around: &Around<'_>) -> bool {
        let mut changed = false;
        for _ in 0..self.listed.len().min(A_SECOND) {
            let Some((at, id)) = self.listed.pop_front() else { break };
            if !is_missing(chains, around.store, at, id) {
                continue;
            }
            if is_overdue(around, at) {
                changed |= self.judge(chains, around, at);
            } else {
                self.listed.push_back((at, id));
            }
        }
        let is_gone = |process: &ProcessIx| around.processes.get(*process).is_gone(around.now_ns);
        let gone = self.local.keys().filter(|process| is_gone(process)).count();
        changed |= gone != self.gone;
        self.gone = gone;
        changed
    }

    /// Judges everything: nothing more will come.
    pub(crate) fn finish(&mut self, chains: &Chains, around: &Around<'_>) {
        let judged: Vec<SpanIx> = self.judged.keys().copied().collect();
        for at in judged {
            self.take_back(around, at);
            self.listed.push_back((at, around.store.record(at).span_id));
        }
        while let Some((at, id)) = self.listed.pop_front() {
            if is_missing(chains, around.store, at, id) {
                self.judge(chains, around, at);
            }
        }
    }

    /// Forgets the placeholder of a parent whose children have been evicted; what was counted stays.
    pub(crate) fn forget(&mut self, at: SpanIx) {
        self.judged.remove(&at);
    }

    fn judge(&mut self, chains: &Chains, around: &Around<'_>, at: SpanIx) -> bool {
        let Some((key, missing)) = judge(chains, around, at) else { return false };
        self.judged.insert(at, (key, missing));
        match missing.why {
            Why::Local { assumed, tail } => {
                let loss = self.local.entry(missing.process).or_default();
                loss.parents += 1;
                loss.spans += u64::from(missing.spans);
                loss.tail_parents += u64::from(tail);
                loss.tail_spans += if tail { u64::from(missing.spans) } else { 0 };
                loss.assumed += u64::from(assumed);
                loss.long += u64::from(missing.is_long());
                insert_bounded(&mut loss.sample, SAMPLE, key, missing);
            }
            Why::Remote(agent) => {
                let service = around.processes.get(missing.process).service_ix;
                let callers = self.callers.entry((service, agent)).or_default();
                callers.missing += u64::from(missing.spans);
                insert_bounded(&mut callers.sample, SAMPLE, key, missing);
            }
            Why::Elsewhere(holds) => {
                let asks = around.processes.get(missing.process).service_ix;
                let elsewhere = self.elsewhere.entry((holds, asks)).or_default();
                elsewhere.n += 1;
                insert_bounded(&mut elsewhere.sample, SAMPLE, key, missing);
            }
        }
        true
    }

    /// Takes a count back; answers whether there was one.
    fn take_back(&mut self, around: &Around<'_>, at: SpanIx) -> bool {
        let Some((key, missing)) = self.judged.remove(&at) else { return false };
        let service = around.processes.get(missing.process).service_ix;
        match missing.why {
            Why::Local { assumed, tail } => {
                let Some(loss) = self.local.get_mut(&missing.process) else { return true };
                loss.parents -= 1;
                loss.spans -= u64::from(missing.spans);
                loss.tail_parents -= u64::from(tail);
                loss.tail_spans -= if tail { u64::from(missing.spans) } else { 0 };
                loss.assumed -= u64::from(assumed);
                loss.long -= u64::from(missing.is_long());
                loss.sample.remove(&key);
                if loss.parents == 0 {
                    self.local.remove(&missing.process);
                }
            }
            Why::Remote(agent) => {
                if let Some(callers) = self.callers.get_mut(&(service, agent)) {
                    callers.missing -= u64::from(missing.spans);
                    callers.sample.remove(&key);
                }
            }
            Why::Elsewhere(holds) => {
                if let Some(elsewhere) = self.elsewhere.get_mut(&(holds, service)) {
                    elsewhere.n -= 1;
                    elsewhere.sample.remove(&key);
                }
            }
        }
        true
    }

    pub(super) fn memory(&self) -> usize {
        const SAMPLED: usize = size_of::<MissingKey>() + size_of::<Missing>() + 8;
        let samples = self.local.values().map(|loss| loss.sample.len()).sum::<usize>()
            + self.callers.values().map(|callers| callers.sample.len()).sum::<usize>()
            + self.elsewhere.values().map(|elsewhere| elsewhere.sample.len()).sum::<usize>();
        self.listed.capacity() * size_of::<(SpanIx, SpanId)>()
            + self.judged.capacity() * (SAMPLED + 8)
            + samples * SAMPLED
            + self.local.len() * size_of::<LocalLoss>()
            + self.callers.len() * size_of::<Callers>()
    }
}

fn is_missing(chains: &Chains, store: &Store, at: SpanIx, id: SpanId) -> bool {
    if !chains.is(at, Traits::MISSED) {
        return false;
    }
    let slot = store.slot(at);
    slot.presence == Presence::Missing && slot.record.span_id == id
}
