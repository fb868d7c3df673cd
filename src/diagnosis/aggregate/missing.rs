//! A parent that is missing: when it is overdue, and what its children say of it.

use super::recent::Recent;
use crate::diagnosis::process::{Process, ProcessIx, Processes, ServiceIx};
use crate::diagnosis::unmerge::{Chains, EPSILON_REMOTE_NS};
use crate::diagnosis::verdict::QUIET_NS;
use crate::model::{Facts, ParentLocality, SpanId, TraceId};
use crate::store::{SpanIx, Store, View};

/// How many children of a missing parent are looked at.
pub(crate) const LOOKED_AT: usize = 64;
/// Children so far apart hang from something that is long-lived by design, nanoseconds (`T_LONG`).
const LONG_NS: u64 = 60_000_000_000;
/// How many user agents of a service's callers are told apart.
const AGENTS: u32 = 64;

/// What is known of a missing parent by its children.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Missing {
    /// Its placeholder. May be another span's after an eviction: compare the id.
    pub(crate) at: SpanIx,
    pub(crate) process: ProcessIx,
    /// The first child.
    pub(crate) child: SpanId,
    /// The first child's name, a string number of the store.
    pub(crate) name: u32,
    pub(crate) spans: u32,
    /// From the start of its first child to the end of its last.
    pub(crate) first_start_ns: u64,
    pub(crate) last_end_ns: u64,
    /// How it was judged.
    pub(crate) why: Why,
}

/// How a missing parent was judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// It was created in its children's process.
    Local {
        /// No flags say so: its children are of kinds that have no other.
        assumed: bool,
        /// Its children ended so near the end of what was recorded that it may just have been cut off.
        tail: bool,
    },
    /// It lives in another process: a caller, by its user agent.
    Remote(Agent),
    /// A span with its id is in another trace: of this service.
    Elsewhere(ServiceIx),
}

/// A user agent: a hash with few values, 0 where it is not known.
pub(crate) type Agent = u8;

/// When it began to be needed, its trace and its id: the order in which missing parents are kept.
pub(crate) type MissingKey = (u64, TraceId, SpanId);

/// What judging needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) store: &'a Store,
    pub(crate) processes: &'a Processes,
    pub(crate) recent: &'a Recent,
    pub(crate) now_ns: u64,
    /// What was recorded in all, once nothing more will come.
    pub(crate) recording: Option<&'a Recording>,
}

/// How far a recording goes.
#[derive(Debug)]
pub(crate) struct Recording {
    to_ns: u64,
    /// When the last process of each service began to send.
    newest: Vec<u64>,
}

impl Recording {
    /// All that was received.
    pub(crate) fn of(processes: &Processes) -> Self {
        let mut newest = vec![0; processes.service_count()];
        let mut to_ns = 0;
        for (_, process) in processes.iter().filter(|(_, process)| process.watermark_ns > 0) {
            to_ns = to_ns.max(process.watermark_ns);
            let newest = &mut newest[process.service_ix.0 as usize];
            *newest = process.first_start_ns.max(*newest);
        }
        Self { to_ns, newest }
    }

    /// Whether what ended then ended so near the end of the recording that more may just have been cut off. Where
    /// another process of the service took over, and the recording went on, it was not.
    fn may_have_cut(&self, process: &Process, end_ns: u64) -> bool {
        let replaced = self.newest[process.service_ix.0 as usize] > process.watermark_ns;
        self.to_ns.saturating_sub(end_ns) < QUIET_NS && !replaced
    }
}

impl Missing {
    /// Whether its children lie so far apart that it is long-lived by design.
    pub(crate) fn is_long(&self) -> bool {
        self.last_end_ns.saturating_sub(self.first_start_ns) > LONG_NS
    }
}

/// Whether its first child's process has moved on, or delivers nothing any more.
pub(super) fn is_overdue(around: &Around<'_>, at: SpanIx) -> bool {
    let Some(first) = around.store.first_child(at, View::Recorded) else { return false };
    let record = around.store.record(first);
    let process = around.processes.get(around.processes.of(record.resource));
    process.watermark_ns >= record.end_ns + QUIET_NS || process.is_silent(around.now_ns)
}

/// What the children of a missing parent say of it; nothing where they say nothing.
pub(super) fn judge(chains: &Chains, around: &Around<'_>, at: SpanIx) -> Option<(MissingKey, Missing)> {
    let Around { store, processes, .. } = *around;
    let first = store.first_child(at, View::Recorded)?;
    let (mut local, mut assumed, mut remote, mut looked_at) = (0, 0, 0, 0);
    let mut called_by = 0;
    let record = store.record(first);
    let process = processes.of(record.resource);
    let service = processes.get(process).service_ix;
    let children = std::iter::successors(Some(first), |child| store.next_sibling(*child, View::Recorded));
    for child in children.take(LOOKED_AT) {
        looked_at += 1;
        if processes.get(processes.of(store.record(child).resource)).service_ix != service {
            // What two services name is told of the first.
            continue;
        }
        let entry = chains.is_entry(child);
        match store.record(child).locality() {
            ParentLocality::Local => local += 1,
            ParentLocality::Unknown if chains.is_conditional(store, processes, child) => local += 1,
            ParentLocality::Unknown if !entry => assumed += 1,
            ParentLocality::Unknown | ParentLocality::Remote if entry => {
                remote += 1;
                called_by = agent(store.facts(child)).max(called_by);
            }
            _ => {}
        }
    }
    let span = store.record(at);
    let tail =
        around.recording.is_some_and(|recording| recording.may_have_cut(processes.get(process), span.end_ns));
    let count = |n: u32| if n == looked_at { store.child_count(at).max(n) } else { n };
    let holder = around.recent.in_another_trace(store, span.span_id, store.slot(at).trace);
    let holder = holder.filter(|holder| {
        let other = store.record(*holder);
        other.start_ns <= record.start_ns + EPSILON_REMOTE_NS
            && record.start_ns <= other.end_ns + EPSILON_REMOTE_NS
    });
    let (why, spans) = match (holder, local, remote, assumed) {
        (Some(holder), ..) => {
            let holds = processes.get(processes.of(store.record(holder).resource)).service_ix;
            (Why::Elsewhere(holds), looked_at)
        }
        (None, 1.., ..) => (Why::Local { assumed: false, tail }, count(local)),
        (None, 0, 1.., _) => (Why::Remote(called_by), count(remote)),
        (None, 0, 0, 1..) => (Why::Local { assumed: true, tail }, count(assumed)),
        (None, 0, 0, 0) => return None,
    };
    let missing = Missing {
        at,
        process,
        child: record.span_id,
        name: record.name,
        spans,
        first_start_ns: record.start_ns,
        last_end_ns: span.end_ns,
        why,
    };
    let trace = store.trace(store.slot(at).trace).id;
    Some(((record.start_ns, trace, span.span_id), missing))
}

pub(super) fn agent(facts: Option<&Facts>) -> Agent {
    match facts.map_or(0, |facts| facts.user_agent) {
        0 => 0,
        hash => (1 + hash % (AGENTS - 1)) as Agent,
    }
}
