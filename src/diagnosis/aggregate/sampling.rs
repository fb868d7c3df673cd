//! Signs that parts of a trace were sampled by different decisions.

use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::SampleKey;
use crate::model::Key;
use std::collections::BTreeMap;

/// How many spans are remembered one by one.
const SAMPLE: usize = 16;
/// SDKs that write the trace flags into the low byte of `flags`, beside the bits on the parent. Python's does not.
const WRITE_FLAGS: &[&str] = &["java", "go", "dotnet", "nodejs", "rust"];

/// What speaks of different decisions in one service.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// Spans that were exported although their own flags say that they were not sampled.
    pub(crate) unsampled: u64,
    pub(crate) unsampled_sample: BTreeMap<SampleKey, u32>,
    /// Spans that are kept more often than their parents, with the two thresholds.
    pub(crate) kept_more: u64,
    pub(crate) kept_more_sample: BTreeMap<SampleKey, (u32, u32)>,
}

/// All of them; empty as long as there is no sign.
#[derive(Debug, Default)]
pub(crate) struct Sampling {
    services: BTreeMap<ServiceIx, Decisions>,
}

impl Sampling {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let flags = seen.record.flags;
        if flags.0 & 1 == 0
            && flags.is_remote().is_some()
            && WRITE_FLAGS.contains(&seen.of_process.language.as_str())
        {
            let decisions = self.services.entry(seen.service).or_default();
            decisions.unsampled += 1;
            insert_bounded(&mut decisions.unsampled_sample, SAMPLE, key(seen), seen.record.name);
        }
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
            let decisions = self.services.entry(child.service).or_default();
            decisions.kept_more += 1;
            insert_bounded(&mut decisions.kept_more_sample, SAMPLE, key(child), thresholds);
        }
    }

    /// By service.
    pub(crate) fn services(&self) -> impl Iterator<Item = (ServiceIx, &Decisions)> {
        self.services.iter().map(|(service, decisions)| (*service, decisions))
    }

    pub(super) fn memory(&self) -> usize {
        self.services.len() * (size_of::<Decisions>() + 2 * SAMPLE * (size_of::<SampleKey>() + 16))
    }
}

fn key(seen: &Seen<'_>) -> SampleKey {
    (seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id)
}
