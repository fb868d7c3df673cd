//! Roots that are no requests: calls, database calls and layers of a framework that nothing is above.

use super::emitters::EmitterIx;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::role::Role;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::SampleKey;
use crate::model::{Key, KeySet, SpanKind};
use std::collections::BTreeMap;

/// How many of each are remembered one by one.
const SAMPLE: usize = 16;
const LAYER: KeySet = KeySet::of(&[Key::FrameworkLayer, Key::AsgiEvent]);
const ASIDE: KeySet = KeySet::of(&[Key::TelemetryCall, Key::HasLinks]);

/// Roots of one sort.
#[derive(Debug, Default)]
pub(crate) struct Sort {
    pub(crate) n: u64,
    /// The earliest, with their names (string numbers of the store).
    pub(crate) sample: BTreeMap<SampleKey, u32>,
}

/// Roots of one scope of a service.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// CLIENT and PRODUCER spans.
    pub(crate) calls: Sort,
    /// Database calls, which are among the calls too.
    pub(crate) database: Sort,
    /// Layers of a framework.
    pub(crate) layers: Sort,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct RootSorts {
    emitters: BTreeMap<EmitterIx, Roots>,
}

impl RootSorts {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        if !seen.record.parent_id.is_none() || seen.entry {
            return;
        }
        let layer = seen.record.keys.any(LAYER);
        let call = matches!(seen.kind(), SpanKind::Client | SpanKind::Producer);
        if (!layer && !call) || seen.record.keys.any(ASIDE) {
            return;
        }
        let roots = self.emitters.entry(seen.emitter).or_default();
        let key = (seen.record.start_ns, seen.store.trace(seen.trace).id, seen.record.span_id);
        let note = |sort: &mut Sort| {
            sort.n += 1;
            insert_bounded(&mut sort.sample, SAMPLE, key, seen.record.name);
        };
        if layer {
            note(&mut roots.layers);
        } else {
            note(&mut roots.calls);
            if seen.role == Role::DatabaseOut {
                note(&mut roots.database);
            }
        }
    }

    /// By service and scope.
    pub(crate) fn emitters(&self) -> impl Iterator<Item = (EmitterIx, &Roots)> {
        self.emitters.iter().map(|(emitter, roots)| (*emitter, roots))
    }

    pub(super) fn memory(&self) -> usize {
        self.emitters.len() * (size_of::<Roots>() + 3 * SAMPLE * (size_of::<SampleKey>() + 8))
    }
}
