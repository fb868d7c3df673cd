//! How much of a span its children cover: the rest is its own time, or work that nothing instruments.

use crate::store::{SpanIx, Store, View};

/// How many children are looked at; of a span with more, its own time is not known.
const LOOKED_AT: usize = 256;
/// A hole is shown from this share of its span on, and from this length.
const HOLE_SHARE: u64 = 5;
const HOLE_NS: u64 = 1_000_000;

/// What a span's children leave of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Covered {
    /// Its own time, nanoseconds: nothing where it has too many children to tell.
    pub own_ns: Option<u64>,
    /// Long stretches with no child in them, of a span that has children.
    pub holes: Vec<(u64, u64)>,
}

/// What the children of a held span leave of it.
pub fn of(store: &Store, at: SpanIx, view: View) -> Covered {
    let record = store.record(at);
    let (start, end) = (record.start_ns, record.end_ns.max(record.start_ns));
    let first = store.first_child(at, view);
    let children = std::iter::successors(first, |child| store.next_sibling(*child, view));
    let (mut free, mut reached, mut count) = (Vec::new(), start, 0);
    for child in children {
        count += 1;
        if count > LOOKED_AT {
            return Covered::default();
        }
        let child = store.record(child);
        let from = child.start_ns.clamp(start, end);
        // A child that has not ended goes on for as long as its parent, as far as is known.
        let to = if child.end_ns == 0 { end } else { child.end_ns.clamp(from, end) };
        if from > reached {
            free.push((reached, from));
        }
        reached = reached.max(to);
    }
    if reached < end {
        free.push((reached, end));
    }
    let own_ns = free.iter().map(|(from, to)| to - from).sum();
    let long = |(from, to): &(u64, u64)| to - from >= HOLE_NS && (to - from) * HOLE_SHARE >= end - start;
    free.retain(|hole| count > 0 && long(hole));
    Covered { own_ns: Some(own_ns), holes: free }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Arrived;
    use crate::testkit::{EPOCH_NS, MS, by_end};

    fn root(sketch: &str) -> Covered {
        let mut store = Store::new();
        for batch in by_end(sketch) {
            store.ingest(batch, &mut Arrived::default());
        }
        let trace = store.traces().next().unwrap();
        of(&store, store.first_row(trace, View::Recorded).unwrap(), View::Recorded)
    }

    #[test]
    fn own_time_is_what_no_child_covers_however_they_overlap() {
        let covered = root(
            "a  s  server  0..100\n  b  s  internal  10..40\n  c  s  internal  20..30\n  d  s  internal  35..50\n  e  s  internal  90..130\n",
        );
        assert_eq!(covered.own_ns, Some(50 * MS));
        assert_eq!(covered.holes, [(EPOCH_NS + 50 * MS, EPOCH_NS + 90 * MS)], "10 ms of 100 are no hole");
    }

    #[test]
    fn a_leaf_has_time_and_no_holes() {
        assert_eq!(root("a  s  server  0..100\n"), Covered { own_ns: Some(100 * MS), holes: Vec::new() });
    }

    #[test]
    fn too_many_children_are_not_guessed_at() {
        let many = (0..300).map(|i| format!("  b  s  client  {i}..{}\n", i + 1)).collect::<String>();
        assert_eq!(root(&format!("a  s  server  0..400\n{many}")), Covered::default());
    }
}
