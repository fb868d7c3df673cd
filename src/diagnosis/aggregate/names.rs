//! How many different names the spans of a scope have, and which templates they follow.

use super::super::seen::Seen;
use super::super::template::template;
use super::emitters::EmitterIx;
use crate::diagnosis::finding::MAX_SPAN_IDS;
use crate::model::{SpanId, SpanKind, TraceId, hash64};
use crate::store::Store;
use crate::store::segments::Segments;
use std::collections::{BTreeMap, BTreeSet};

/// How many templates of one scope and kind are told apart: those with the smallest hashes, whatever came first.
const TEMPLATES: usize = 64;
/// How many names of one template are kept.
const NAMES: usize = 3;

/// What is known of a name, once per name.
#[derive(Clone, Copy, Debug)]
struct Note {
    hash: u64,
    template: u64,
    /// Whether something in it varies, and whether that cannot be meant.
    varies: bool,
    literal: bool,
}

/// The names of one scope's spans of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) spans: u64,
    pub(crate) different: Sketch,
    pub(crate) templates: Sketch,
    /// Templates of names in which something varies, by hash.
    varied: BTreeMap<u64, Varied>,
    /// The earliest spans with a name in which something varies: start, trace, id.
    earliest: BTreeSet<(u64, TraceId, SpanId)>,
}

/// The names that follow one template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Varied {
    pub(crate) spans: u64,
    /// Of these, spans whose name cannot be meant so: an id in a path, a query, a literal.
    pub(crate) literal: u64,
    /// Some of its names: hash, string number of the store.
    pub(crate) names: BTreeMap<u64, u32>,
}

impl Names {
    /// The templates with the most spans, at most so many.
    pub(crate) fn templates(&self, most: usize) -> Vec<&Varied> {
        let mut all: Vec<(&u64, &Varied)> = self.varied.iter().collect();
        all.sort_by_key(|(hash, varied)| (std::cmp::Reverse(varied.spans), **hash));
        all.into_iter().take(most).map(|(_, varied)| varied).collect()
    }

    /// Spans with a name in which something varies, and the different templates that were told apart.
    pub(crate) fn varied(&self) -> u64 {
        self.varied.values().map(|varied| varied.spans).sum()
    }

    /// Templates with several names that cannot be meant so.
    pub(crate) fn literal(&self) -> impl Iterator<Item = &Varied> {
        self.varied.values().filter(|varied| varied.literal > 0 && varied.names.len() >= NAMES)
    }

    pub(crate) fn earliest(&self) -> impl Iterator<Item = (TraceId, SpanId)> {
        self.earliest.iter().map(|(_, trace, span)| (*trace, *span))
    }
}

/// All names.
#[derive(Debug, Default)]
pub(crate) struct AllNames {
    notes: Segments<Note>,
    /// By emitter and wire number of the kind.
    of: Vec<[Option<Box<Names>>; 6]>,
}

impl AllNames {
    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let Some(note) = self.note(seen.store, seen.record.name) else { return };
        let number = seen.emitter.0 as usize;
        if self.of.len() <= number {
            self.of.resize_with(number + 1, Default::default);
        }
        let kind = slot(seen.kind());
        let names = self.of[number][kind].get_or_insert_default();
        names.spans += 1;
        names.different.add(note.hash);
        names.templates.add(note.template);
        if note.varies {
            names.vary(seen, note);
        }
    }

    fn note(&mut self, store: &Store, name: u32) -> Option<Note> {
        while self.notes.len() <= name as usize {
            let text = store.text(self.notes.len() as u32)?;
            let made = template(text);
            self.notes.push(Note {
                hash: hash64(text.as_bytes()),
                template: hash64(made.text.as_bytes()),
                varies: made.parts > 0 || made.literal,
                literal: made.literal,
            });
        }
        self.notes.get(name).copied()
    }

    /// The names of a scope's spans, by kind.
    pub(crate) fn of(&self, emitter: EmitterIx) -> impl Iterator<Item = (SpanKind, &Names)> {
        let kinds = self.of.get(emitter.0 as usize);
        kinds
            .into_iter()
            .flatten()
            .enumerate()
            .filter_map(|(kind, names)| Some((SpanKind::from_wire(kind as i32), names.as_deref()?)))
    }

    pub(super) fn memory(&self) -> usize {
        let of_one = |names: &Names| {
            size_of::<Names>()
                + names.earliest.len() * 48
                + names.varied.len() * (size_of::<Varied>() + 8 + NAMES * 16)
        };
        self.notes.memory()
            + self.of.capacity() * 48
            + self.of.iter().flatten().flatten().map(|names| of_one(names)).sum::<usize>()
    }
}

impl Names {
    fn vary(&mut self, seen: &Seen<'_>, note: Note) {
        let record = seen.record;
        let key = (record.start_ns, seen.store.trace(seen.trace).id, record.span_id);
        if self.earliest.len() < MAX_SPAN_IDS || self.earliest.last().is_some_and(|last| key < *last) {
            self.earliest.insert(key);
            if self.earliest.len() > MAX_SPAN_IDS {
                self.earliest.pop_last();
            }
        }
        let full = self.varied.len() >= TEMPLATES;
        if full && self.varied.last_key_value().is_some_and(|(last, _)| *last < note.template) {
            return;
        }
        let varied = self.varied.entry(note.template).or_default();
        varied.spans += 1;
        varied.literal += u64::from(note.literal);
        if varied.names.len() < NAMES
            || varied.names.last_key_value().is_some_and(|(last, _)| *last > note.hash)
        {
            varied.names.insert(note.hash, record.name);
            if varied.names.len() > NAMES {
                varied.names.pop_last();
            }
        }
        if self.varied.len() > TEMPLATES {
            self.varied.pop_last();
        }
    }
}

fn slot(kind: SpanKind) -> usize {
    usize::try_from(kind.to_wire()).unwrap_or(0) % 6
}

/// How many different values there were, roughly, in 256 bytes (hyperloglog; Flajolet et al. 2007).
#[derive(Clone, Debug)]
pub(crate) struct Sketch([u8; 256]);

impl Default for Sketch {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Sketch {
    /// Notes a value by its hash.
    #[inline]
    pub(crate) fn add(&mut self, hash: u64) {
        let register = &mut self.0[(hash >> 56) as usize];
        *register = (*register).max(((hash << 8 | 0x80).leading_zeros() + 1) as u8);
    }

    /// How many there were: off by 5 % to 10 %.
    pub(crate) fn count(&self) -> u64 {
        let m = self.0.len() as f64;
        let sum: f64 = self.0.iter().map(|register| (-f64::from(*register)).exp2()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty: u32 = self.0.iter().map(|register| u32::from(*register == 0)).sum();
        let exact = if raw <= 2.5 * m && empty > 0 { m * (m / f64::from(empty)).ln() } else { raw };
        exact.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_values_are_counted_roughly() {
        for n in [0_u64, 1, 10, 100, 1_000, 100_000] {
            let mut sketch = Sketch::default();
            for value in (0..n).chain(0..n) {
                sketch.add(hash64(&value.to_le_bytes()));
            }
            let (count, n) = (sketch.count() as f64, n as f64);
            assert!((count - n).abs() <= 0.12 * n, "{count} for {n}");
        }
    }
}
