//! What is gathered of services, scopes, processes and traces while spans pass, for rules that look at many of them.
//!
//! Everything in here is a count, a bound, or a bounded sample that does not depend on the order of arrival. One file
//! a thing that is gathered; a rule reads them through [`Cx`], once a second and at the end.

pub(crate) mod detached;
pub(crate) mod emitters;
pub(crate) mod hops;
pub(crate) mod ids;
pub(crate) mod lost;
pub(crate) mod messages;
pub(crate) mod pool;
pub(crate) mod roots;
pub(crate) mod sampling;
pub(crate) mod shape;

use super::process::Processes;
use super::seen::Seen;
use super::unmerge::Chains;
use crate::store::{SpanIx, Store};
use emitters::Emitters;

/// Everything that is gathered.
#[derive(Debug, Default)]
pub(crate) struct Aggregates {
    /// By service and scope.
    pub(crate) emitters: Emitters,
    /// Ids that were seen lately.
    pub(crate) ids: ids::Ids,
    /// Parents that never came.
    pub(crate) lost: lost::Lost,
    /// Ids that contradict a tree.
    pub(crate) shape: shape::Shape,
    /// Calls, and requests that may be their other side.
    pub(crate) hops: hops::Hops,
    /// Roots inside of a process, and the requests that it was busy with.
    pub(crate) detached: detached::Detached,
    /// Roots that are no requests.
    pub(crate) roots: roots::RootSorts,
    /// Messages by destination.
    pub(crate) messages: messages::Messages,
    /// Signs of different sampling decisions.
    pub(crate) sampling: sampling::Sampling,
    /// Spans rejected because their ids violate the format.
    pub(crate) bad_ids: u64,
}

impl Aggregates {
    /// Notes a span that has arrived.
    pub(crate) fn span(&mut self, seen: &Seen<'_>) {
        self.emitters.span(seen);
        self.ids.span(seen);
        self.shape.span(seen);
        self.hops.span(seen);
        self.detached.span(seen);
        self.roots.span(seen);
        self.messages.span(seen);
        self.sampling.span(seen);
    }

    /// Notes a span and its parent, once both are here.
    pub(crate) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        self.lost.pair(child, parent);
        self.hops.pair(child, parent);
        self.sampling.pair(child, parent);
    }

    /// Forgets a span that was evicted; what was learned from it stays.
    pub(crate) fn forget(&mut self, at: SpanIx) {
        self.lost.forget(at);
    }

    pub(crate) fn memory(&self) -> usize {
        self.emitters.memory()
            + self.ids.memory()
            + self.lost.memory()
            + self.shape.memory()
            + self.hops.memory()
            + self.detached.memory()
            + self.roots.memory()
            + self.messages.memory()
            + self.sampling.memory()
    }
}

/// What rules see that look at aggregates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) store: &'a Store,
    pub(crate) processes: &'a Processes,
    pub(crate) chains: &'a Chains,
    pub(crate) gathered: &'a Aggregates,
    /// Placeholders of parents under which a merge has been told.
    pub(crate) merged: &'a [SpanIx],
    /// The time that the engine was told, nanoseconds since the Unix epoch.
    pub(crate) now_ns: u64,
    /// Nothing more will come.
    pub(crate) ended: bool,
}
