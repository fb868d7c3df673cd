//! Signs that parts of a trace were sampled by different decisions.

use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::SampleKey;
use crate::model::Key;
use std::collections::BTreeMap;

/// How many spans are remembered one by one.
const SAMPLE: usize = 16;

/// What speaks of different decisions in one service.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// Whether it writes the sampled flag at all: many SDKs write only the bits on the parent beside it.
    pub(crate) writes_flag: bool,
    /// Spans that were exported although their own flags say that they were not sampled.
    pub(crate) unsampled: u64,
    pub(crate) unsampled_sample: BTreeMap<SampleKey, u32>,
    /// Spans that are kept more often than their parents, with the two thresholds.
    pub(crate) kept_more: u64,
    pub(crate) kept_more_sample: BTreeMap<SampleKey, (u32, u32)>,
}

/// All of them, by the number of the service.
#[derive(Debug, Default)]
pub(crate) struct Sampling {
    services: Vec<Decisions>,
}

impl Sampling {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let flags = seen.record.flags;
        if flags.is_remote().is_none() {
            return;
        }
        let decisions = self.of(seen.service);
        if flags.is_sampled() {
            decisions.writes_flag = true;
        } else {
            decisions.unsampled += 1;
            insert_bounded(&mut decisions.unsampled_sample, SAMPLE, key(seen), seen.record.name);
        }
    }

    fn of(&mut self, service: ServiceIx) -> &mut Decisions {
        let number = service.0 as usize;
        if self.services.len() <= number {
            self.services.resize_with(number + 1, Decisions::default);
        }
        &mut self.services[number]
    }

    /// Notes a span and its parent.
    #[inline]
    pub(super) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        if !child.has(Key::SamplingThreshold) || !parent.has(Key::SamplingThreshold) {
            return;
        }
        let (Some(of_child), Some(of_parent)) = (child.facts, parent.facts) else { return };
        let thresholds = (of_parent.threshold, of_child.threshold);
        if thresholds.1 < thresholds.0 {
            let decisions = self.of(child.service);
            decisions.kept_more += 1;
            insert_bounded(&mut decisions.kept_more_sample, SAMPLE, key(child), thresholds);
        }
    }

    /// By service.
    pub(crate) fn services(&self) -> impl Iterator<Item = (ServiceIx, &Decisions)> {
        self.services.iter().enumerate().map(|(number, decisions)| (ServiceIx(number as u32), decisions))
    }

    pub(super) fn memory(&self) -> usize {
        let sampled = |d: &Decisions| d.unsampled_sample.len() + d.kept_more_sample.len();
        self.services.capacity() * size_of::<Decisions>()
            + self.services.iter().map(sampled).sum::<usize>() * (size_of::<SampleKey>() + 16)
    }
}

fn key(seen: &Seen<'_>) -> SampleKey {
    (seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id)
}
