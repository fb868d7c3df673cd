//! Which span belongs to which request, by what the recording wrote into it.

use crate::corpus::Capture;
use crate::spans::{Sent, apart};
use otoscope::diagnosis::{self, RULES};
use otoscope::model::{SpanId, TraceId, Value};
use std::collections::{BTreeMap, HashMap};

/// The request of each span, trace by trace. Spans of no request (a culprit, the work of a loop) are left out.
pub(crate) type Units = BTreeMap<TraceId, BTreeMap<SpanId, u64>>;

/// Where the truth of a capture's requests comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A span belongs to the request whose `rid=N` it or its nearest ancestor carries in a URL.
    Rid,
    /// Flask's spans carry `http.target`: a span belongs to the topmost one above it. For captures of Flask servers
    /// whose label says that requests are merged, but whose visits carried no `rid`.
    Target,
    /// A healthy capture: each trace is one request, or has one cause.
    Trace,
    /// Nothing tells.
    None,
}

/// What tells the requests of this capture apart.
pub(crate) fn source(capture: &Capture) -> Source {
    match () {
        () if capture.by_rid => Source::Rid,
        () if capture.healthy => Source::Trace,
        () if capture.expects("merged-under-local-span") => Source::Target,
        () => Source::None,
    }
}

/// The requests of a capture.
pub(crate) fn units(capture: &Capture) -> Units {
    let sent = apart(&capture.exports());
    let parents: HashMap<(TraceId, SpanId), &Sent> =
        sent.iter().map(|s| ((s.span.trace_id, s.span.span_id), s)).collect();
    let source = source(capture);
    let mut units = Units::new();
    for s in &sent {
        let up = |from: &&Sent| parents.get(&(from.span.trace_id, from.span.parent_id)).copied();
        // Bounded, against a circle of parents.
        let mut above = std::iter::successors(Some(s), up).take(sent.len());
        let unit = match source {
            Source::Rid => above.find_map(rid),
            Source::Target => {
                above.filter(|s| s.text("http.target").is_some()).last().map(|top| top.span.span_id.0)
            }
            Source::Trace => Some(0),
            Source::None => None,
        };
        if let Some(unit) = unit {
            units.entry(s.span.trace_id).or_default().insert(s.span.span_id, unit);
        }
    }
    units
}

fn rid(sent: &Sent) -> Option<u64> {
    sent.span.attributes.iter().find_map(|(_, value)| match value {
        Value::Str(text) => {
            let (_, after) = text.split_once("rid=")?;
            after[..after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())].parse().ok()
        }
        _ => None,
    })
}

/// The section of the catalogue that a rule is in: A kind, B merging, C context, D time, E identity, F names.
pub(crate) fn section(rule: &str) -> char {
    diagnosis::find(rule).and_then(|rule| rule.code.chars().next()).unwrap_or('?')
}

/// Whether a rule says that requests share a trace which have nothing to do with each other.
pub(crate) fn is_merge(rule: &str) -> bool {
    matches!(
        rule,
        "merged-under-local-span"
            | "request-inherits-finished-request"
            | "fixed-remote-parent"
            | "trace-id-collision"
            | "client-span-adopted-by-many-requests"
    )
}

/// Whether there is such a rule.
pub(crate) fn is_known(rule: &str) -> bool {
    RULES.iter().any(|known| known.id == rule)
}
