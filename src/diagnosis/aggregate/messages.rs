//! Messages by destination: who sends them, and who handles them without knowing whom they are from.

use super::emitters::EmitterIx;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::role::Role;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::tally::SampleKey;
use crate::model::{Key, SpanKind};
use std::collections::BTreeMap;

/// How many destinations are told apart.
const DESTINATIONS: usize = 256;
/// How many orphans are remembered one by one.
const SAMPLE: usize = 16;

/// Senders of a destination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Senders {
    pub(crate) n: u64,
    /// One of them: the smallest number.
    pub(crate) emitter: EmitterIx,
    pub(crate) first_ns: u64,
    pub(crate) last_ns: u64,
}

/// Messages of a destination that one scope handles without parent and link.
#[derive(Debug)]
pub(crate) struct Orphans {
    pub(crate) n: u64,
    pub(crate) first_ns: u64,
    pub(crate) last_ns: u64,
    pub(crate) sample: BTreeMap<SampleKey, u32>,
}

/// All of them, by destination (a string number of the store plus one).
#[derive(Debug, Default)]
pub(crate) struct Messages {
    senders: BTreeMap<u32, Senders>,
    orphans: BTreeMap<(u32, EmitterIx), Orphans>,
}

impl Messages {
    /// Notes a span.
    #[inline]
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let Some(destination) = seen.facts.map(|facts| facts.destination).filter(|number| *number != 0)
        else {
            return;
        };
        let (start_ns, end_ns) = (seen.record.start_ns, seen.record.end_ns);
        if seen.kind() == SpanKind::Producer || seen.role == Role::MessageOut {
            if self.senders.len() < DESTINATIONS || self.senders.contains_key(&destination) {
                let new = Senders { n: 0, emitter: seen.emitter, first_ns: u64::MAX, last_ns: 0 };
                let senders = self.senders.entry(destination).or_insert(new);
                senders.n += 1;
                senders.emitter = senders.emitter.min(seen.emitter);
                senders.first_ns = senders.first_ns.min(start_ns);
                senders.last_ns = senders.last_ns.max(end_ns);
            }
            return;
        }
        let handles = seen.entry && !matches!(seen.role, Role::HttpIn | Role::RpcIn);
        if !handles || !seen.record.parent_id.is_none() || seen.has(Key::HasLinks) {
            return;
        }
        let key = (destination, seen.emitter);
        if self.orphans.len() < DESTINATIONS || self.orphans.contains_key(&key) {
            let new = || Orphans { n: 0, first_ns: u64::MAX, last_ns: 0, sample: BTreeMap::new() };
            let orphans = self.orphans.entry(key).or_insert_with(new);
            orphans.n += 1;
            orphans.first_ns = orphans.first_ns.min(start_ns);
            orphans.last_ns = orphans.last_ns.max(end_ns);
            let key = (start_ns, seen.store.trace(seen.trace).id, seen.record.span_id);
            insert_bounded(&mut orphans.sample, SAMPLE, key, seen.record.name);
        }
    }

    /// Who sends to a destination.
    pub(crate) fn senders(&self, destination: u32) -> Option<&Senders> {
        self.senders.get(&destination)
    }

    /// Who handles messages of a destination that seem to come from nowhere.
    pub(crate) fn orphans(&self) -> impl Iterator<Item = (u32, EmitterIx, &Orphans)> {
        self.orphans.iter().map(|((destination, emitter), orphans)| (*destination, *emitter, orphans))
    }

    pub(super) fn memory(&self) -> usize {
        self.senders.len() * (size_of::<Senders>() + 8)
            + self.orphans.len() * (size_of::<Orphans>() + SAMPLE * (size_of::<SampleKey>() + 8))
    }
}
