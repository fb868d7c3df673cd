//! What a service handles for others in spans that are no entries by kind.

use crate::diagnosis::MAX_SPAN_IDS;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::SampleKey;
use crate::model::SpanKind;
use std::collections::BTreeMap;

/// What one service handles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    /// Spans that describe an inbound request or message.
    pub(crate) described: u64,
    /// Spans below a CLIENT span of another process.
    pub(crate) called: u64,
    /// The earliest of both, and their names, string numbers.
    pub(crate) sample: BTreeMap<SampleKey, u32>,
}

/// By service.
#[derive(Debug, Default)]
pub(crate) struct ServedBy(BTreeMap<ServiceIx, Served>);

impl ServedBy {
    pub(crate) fn get(&self, service: ServiceIx) -> Option<&Served> {
        self.0.get(&service)
    }

    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        if seen.entry && has_no_side(seen.kind()) {
            self.note(seen).described += 1;
        }
    }

    pub(super) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        if has_no_side(child.kind())
            && parent.kind() == SpanKind::Client
            && child.service != parent.service
            && !child.entry
        {
            self.note(child).called += 1;
        }
    }

    fn note(&mut self, seen: &Seen<'_>) -> &mut Served {
        let served = self.0.entry(seen.service).or_default();
        let record = seen.record;
        let key = (record.start_ns, seen.store.trace(seen.trace).id, record.span_id);
        insert_bounded(&mut served.sample, MAX_SPAN_IDS, key, record.name);
        served
    }

    pub(super) fn memory(&self) -> usize {
        self.0.values().map(|served| size_of::<(ServiceIx, Served)>() + served.sample.len() * 40).sum()
    }
}

fn has_no_side(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Internal | SpanKind::Unspecified)
}
