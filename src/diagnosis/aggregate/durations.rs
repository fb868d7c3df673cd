//! How long spans of one name take, and how many take no time at all.

use super::emitters::EmitterIx;
use crate::diagnosis::role::Role;
use crate::diagnosis::seen::Seen;
use crate::model::{Key, SpanId, TraceId, hash64};
use hashbrown::HashTable;
use std::collections::{BTreeMap, BTreeSet};

/// How many names are looked at. Past that, those with the smallest hashes: the same ones in any order of arrival.
const NAMES: usize = 4096;
/// Buckets of durations, one for each power of two nanoseconds; the last holds all that take longer than nine hours.
const BUCKETS: usize = 46;
/// What takes less long is never overlong, nanoseconds.
pub(crate) const LONG_NS: u64 = 60_000_000_000;
/// How many of the longest are kept.
const LONGEST: usize = 16;

/// Spans of one name of one scope of one service.
#[derive(Clone, Debug)]
pub(crate) struct Durations {
    pub(crate) emitter: EmitterIx,
    /// A string number.
    pub(crate) name: u32,
    pub(crate) spans: u64,
    /// Those that take no time.
    pub(crate) zero: u64,
    /// Children of those.
    pub(crate) zero_children: u64,
    buckets: [u32; BUCKETS],
    /// The longest of those that are expected to end soon: duration, trace and id.
    pub(crate) longest: BTreeSet<(u64, TraceId, SpanId)>,
    hash: u64,
}

impl Durations {
    /// What 99 % take at most, rounded up to the next power of two, nanoseconds.
    pub(crate) fn p99_ns(&self) -> u64 {
        let mut above = self.spans / 100;
        for (bucket, count) in self.buckets.iter().enumerate().rev() {
            if u64::from(*count) > above {
                return 1 << (bucket + 1);
            }
            above -= u64::from(*count);
        }
        1
    }
}

/// All names, with their durations.
#[derive(Debug, Default)]
pub(crate) struct AllDurations {
    all: Vec<Durations>,
    /// Places in `all`.
    by_key: HashTable<u32>,
    by_hash: BTreeMap<u64, u32>,
    /// The one that was asked for last: spans come in runs.
    last: Option<(EmitterIx, u32, usize)>,
}

fn mix(emitter: EmitterIx, name: u32) -> u64 {
    (u64::from(emitter.0) << 32 | u64::from(name)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

impl AllDurations {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Durations> {
        self.all.iter()
    }

    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let record = seen.record;
        if record.is_running() {
            return;
        }
        let Some(place) = self.place(seen) else { return };
        let name = &mut self.all[place];
        let duration_ns = record.duration_ns();
        name.spans += 1;
        name.zero += u64::from(record.end_ns == record.start_ns);
        let bucket = (64 - duration_ns.leading_zeros() as usize).saturating_sub(1).min(BUCKETS - 1);
        name.buckets[bucket] = name.buckets[bucket].saturating_add(1);
        if duration_ns >= LONG_NS && !stays_open(seen) {
            name.longest.insert((duration_ns, seen.store.trace(seen.trace).id, record.span_id));
            if name.longest.len() > LONGEST {
                name.longest.pop_first();
            }
        }
    }

    pub(super) fn pair(&mut self, parent: &Seen<'_>) {
        if parent.record.end_ns == parent.record.start_ns
            && let Some(place) = self.place(parent)
        {
            self.all[place].zero_children += 1;
        }
    }

    /// The place of a span's name, nothing where it is one too many.
    fn place(&mut self, seen: &Seen<'_>) -> Option<usize> {
        let (emitter, name) = (seen.emitter, seen.record.name);
        if let Some((last_emitter, last_name, place)) = self.last
            && (last_emitter, last_name) == (emitter, name)
        {
            return Some(place);
        }
        let all = &self.all;
        let is = |place: &u32| {
            let known = &all[*place as usize];
            (known.emitter, known.name) == (emitter, name)
        };
        let place = match self.by_key.find(mix(emitter, name), is) {
            Some(place) => *place as usize,
            None => self.insert(seen)?,
        };
        self.last = Some((emitter, name, place));
        Some(place)
    }

    fn insert(&mut self, seen: &Seen<'_>) -> Option<usize> {
        let scope = seen.store.scope(seen.record.scope);
        let words = [&seen.of_process.service, &scope.name, &scope.version, seen.name()];
        let hash = words.iter().fold(0, |hash: u64, word| hash.rotate_left(7) ^ hash64(word.as_bytes()));
        let place = if self.all.len() < NAMES {
            self.all.len()
        } else {
            let (greatest, place) = self.by_hash.last_key_value().map(|(hash, place)| (*hash, *place))?;
            if hash >= greatest {
                return None;
            }
            self.by_hash.remove(&greatest);
            let gone = &self.all[place as usize];
            let entry = self.by_key.find_entry(mix(gone.emitter, gone.name), |p| *p == place);
            if let Ok(entry) = entry {
                entry.remove();
            }
            self.last = None;
            place as usize
        };
        let name = Durations {
            emitter: seen.emitter,
            name: seen.record.name,
            spans: 0,
            zero: 0,
            zero_children: 0,
            buckets: [0; BUCKETS],
            longest: BTreeSet::new(),
            hash,
        };
        if place == self.all.len() {
            self.all.push(name);
        } else {
            self.all[place] = name;
        }
        let all = &self.all;
        let rehash = |place: &u32| mix(all[*place as usize].emitter, all[*place as usize].name);
        self.by_key.insert_unique(mix(seen.emitter, seen.record.name), place as u32, rehash);
        self.by_hash.insert(all[place].hash, place as u32);
        Some(place)
    }

    pub(super) fn memory(&self) -> usize {
        self.all.capacity() * (size_of::<Durations>() + 40)
            + self.all.iter().map(|name| name.longest.len() * 40).sum::<usize>()
    }
}

/// Commands, jobs, tests, pipelines and connections take as long as they take.
fn stays_open(seen: &Seen<'_>) -> bool {
    let scope = seen.scope;
    matches!(seen.role, Role::Cli | Role::JobIn | Role::Pipeline | Role::MessageReceive)
        || scope.command_line
        || scope.jobs
        || scope.tests
        || scope.tasks
        || seen.has(Key::Websocket)
        || seen.has(Key::Test)
        || seen.is_long_by_name()
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end};

    #[test]
    fn the_hundredth_part_is_above() {
        let spans: String = (0..200)
            .map(|n| format!("work  s  internal  {n}..{}  scope=x\n", n + if n < 2 { 5_000 } else { 1 }))
            .collect();
        let mut bench = Bench::default();
        bench.take(by_end(&spans));
        let names = &bench.0.diagnosis.gathered.durations;
        let name = names.iter().next().unwrap();
        assert_eq!((name.spans, name.p99_ns()), (200, 1 << 20), "1 ms, rounded up");
    }

    #[test]
    fn the_same_names_are_kept_in_any_order() {
        let sketch: String = (0..5_000).map(|n| format!("n{n}  s  internal  {n}..{}\n", n + 1)).collect();
        let kept = |reverse: bool| {
            let mut batches = by_end(&sketch);
            if reverse {
                batches.reverse();
            }
            let mut bench = Bench::default();
            bench.take(batches);
            let names = &bench.0.diagnosis.gathered.durations;
            let mut kept: Vec<String> =
                names.iter().map(|name| bench.0.store.text(name.name).unwrap().to_owned()).collect();
            kept.sort();
            kept
        };
        assert_eq!(kept(false).len(), super::NAMES);
        assert_eq!(kept(false), kept(true));
    }
}
