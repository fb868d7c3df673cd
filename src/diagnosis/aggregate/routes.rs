//! The earliest requests of each route.

use super::emitters::EmitterIx;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::SampleKey;
use crate::store::SpanIx;
use std::collections::BTreeMap;

/// How many routes are remembered.
const ROUTES: usize = 256;
/// How many requests of each: neighbours in time, so that some of them overlap.
const SAMPLE: usize = 256;

/// Requests by emitter and name.
#[derive(Debug, Default)]
pub(crate) struct Routes(BTreeMap<(EmitterIx, u32), BTreeMap<SampleKey, SpanIx>>);

impl Routes {
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let key = (seen.emitter, seen.record.name);
        if !seen.entry || self.0.len() >= ROUTES && !self.0.contains_key(&key) {
            return;
        }
        let id = (seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id);
        insert_bounded(self.0.entry(key).or_default(), SAMPLE, id, seen.at);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&(EmitterIx, u32), &BTreeMap<SampleKey, SpanIx>)> {
        self.0.iter()
    }

    pub(super) fn memory(&self) -> usize {
        self.0.values().map(|sample| 64 + sample.len() * (size_of::<SampleKey>() + 8)).sum()
    }
}
