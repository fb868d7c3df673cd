//! Ids that contradict a tree, by service.

use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::seen::Seen;
use crate::model::{Key, SpanId, TraceId};
use std::collections::{BTreeMap, BTreeSet};

/// How many spans are remembered one by one.
const SAMPLE: usize = 16;

/// What is odd about the ids of one service.
#[derive(Debug, Default)]
pub(crate) struct Oddities {
    /// Spans that name themselves as their parent.
    pub(crate) own_parents: u64,
    /// Parents in a circle.
    pub(crate) circles: u64,
    pub(crate) sample: BTreeSet<(TraceId, SpanId)>,
    /// Spans with a link to a trace id of zeros.
    pub(crate) zero_links: u64,
    pub(crate) zero_link_sample: BTreeSet<(TraceId, SpanId)>,
}

/// All of them; empty as long as nothing is odd.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    services: BTreeMap<ServiceIx, Oddities>,
}

impl Topology {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let cyclic = seen.store.slot(seen.at).cyclic;
        if !cyclic && !seen.has(Key::ZeroLink) {
            return;
        }
        let odd = self.services.entry(seen.service).or_default();
        let id = (seen.store.trace(seen.trace).id, seen.record.span_id);
        if seen.has(Key::ZeroLink) {
            odd.zero_links += 1;
            insert(&mut odd.zero_link_sample, id);
        }
        if cyclic {
            let own = seen.record.parent_id == seen.record.span_id;
            odd.own_parents += u64::from(own);
            odd.circles += u64::from(!own);
            insert(&mut odd.sample, id);
        }
    }

    /// Services with something odd.
    pub(crate) fn of_services(&self) -> impl Iterator<Item = (ServiceIx, &Oddities)> {
        self.services.iter().map(|(service, odd)| (*service, odd))
    }

    pub(super) fn memory(&self) -> usize {
        self.services.len() * (size_of::<Oddities>() + 2 * SAMPLE * 32)
    }
}

fn insert(sample: &mut BTreeSet<(TraceId, SpanId)>, id: (TraceId, SpanId)) {
    sample.insert(id);
    if sample.len() > SAMPLE {
        sample.pop_last();
    }
}
