//! Conditions: how the spans of a capture arrive, and what is taken from them on the way.

use crate::corpus::{Capture, Culprit};
use crate::score::merged;
use crate::spans::{alone, apart, encoded};
use crate::truth::{is_merge, units};
use fastrand::Rng;
use otoscope::model::{Batch, Span, SpanKind};

/// One condition: a row here, a column in the results.
pub(crate) struct Condition {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// How often it is tried, each time from another seed.
    pub(crate) times: u64,
    /// The batches, nothing where the condition changes nothing that matters for this capture.
    pub(crate) change: fn(&Capture, &mut Rng) -> Option<Vec<Batch>>,
    /// Sections of the catalogue whose findings are right under it, whatever the label says.
    pub(crate) also_right: &'static [char],
    /// One merge rule may stand for another: what told them apart was taken away.
    pub(crate) any_merge: bool,
    /// It takes something from the spans: where it does not, the label holds word for word.
    pub(crate) strips: bool,
}

/// Every condition; the first is the one that the label is about.
pub(crate) const CONDITIONS: &[Condition] = &[
    Condition {
        name: "as recorded",
        says: "the exports in the order in which they came",
        times: 1,
        change: |capture, _| Some(capture.batches.clone()),
        also_right: &[],
        any_merge: false,
        strips: false,
    },
    Condition {
        name: "exports shuffled",
        says: "the exports in random order",
        times: 3,
        change: |capture, rng| {
            let mut batches = capture.batches.clone();
            rng.shuffle(&mut batches);
            Some(batches)
        },
        also_right: &[],
        any_merge: false,
        strips: false,
    },
    Condition {
        name: "spans shuffled",
        says: "every span an export of its own, in random order",
        times: 3,
        change: |capture, rng| {
            let mut sent = apart(&capture.exports());
            rng.shuffle(&mut sent);
            Some(sent.iter().map(alone).collect())
        },
        also_right: &[],
        any_merge: false,
        strips: false,
    },
    Condition {
        name: "reversed",
        says: "every span an export of its own, the last one first",
        times: 1,
        change: |capture, _| Some(apart(&capture.exports()).iter().rev().map(alone).collect()),
        also_right: &[],
        any_merge: false,
        strips: false,
    },
    Condition {
        name: "root never arrives",
        says: "of broken captures the culprit, or the first span of each merged trace, is dropped (other merge rules \
               may then speak for the labelled one); of healthy ones every root (that parents are missing is then right \
               to say)",
        times: 1,
        change: without_roots,
        also_right: &['C'],
        any_merge: true,
        strips: true,
    },
    Condition {
        name: "flags stripped",
        says: "`flags` is 0 everywhere: nothing tells whether a parent is remote",
        times: 1,
        change: |capture, _| Some(changed(capture, |span| span.flags = 0)),
        also_right: &[],
        any_merge: false,
        strips: true,
    },
    Condition {
        name: "kinds stripped",
        says: "`kind` is UNSPECIFIED everywhere (so what rules of section A say is right)",
        times: 1,
        change: |capture, _| Some(changed(capture, |span| span.kind = SpanKind::Unspecified)),
        also_right: &['A'],
        any_merge: false,
        strips: true,
    },
];

fn changed(capture: &Capture, change: impl Fn(&mut Span)) -> Vec<Batch> {
    let mut exports = capture.exports();
    exports.iter_mut().flatten().flat_map(|group| &mut group.spans).for_each(change);
    exports.iter().map(|export| encoded(export)).collect()
}

fn without_roots(capture: &Capture, _: &mut Rng) -> Option<Vec<Batch>> {
    let merges = || capture.expected.iter().filter(|expected| is_merge(&expected.rule));
    if !capture.healthy && merges().next().is_none() {
        return None;
    }
    let culprits: Vec<&str> = merges()
        .filter_map(|expected| match &expected.culprit {
            Culprit::Named(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let broken = merged(&units(capture));
    let is_kept = |span: &Span| {
        let goes = match (capture.healthy, culprits.as_slice()) {
            (true, _) => true,
            (false, []) => broken.contains(&span.trace_id),
            (false, names) => names.contains(&span.name.as_str()),
        };
        !(goes && span.parent_id.is_none())
    };
    let mut exports = capture.exports();
    exports.iter_mut().flatten().for_each(|group| group.spans.retain(is_kept));
    Some(exports.iter().map(|export| encoded(export)).filter(|batch| !batch.records.is_empty()).collect())
}
