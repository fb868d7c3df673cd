//! What is gathered of services, scopes, processes and traces while spans pass, for rules that look at many of them.
//!
//! Everything in here is a count, a bound, or a bounded sample that does not depend on the order of arrival. One file
//! a thing that is gathered; a rule reads them through [`Cx`], once a second and at the end.

pub(crate) mod clocks;
pub(crate) mod emitters;
pub(crate) mod names;
pub(crate) mod repeats;
pub(crate) mod served;

use super::process::Processes;
use super::seen::Seen;
use super::unmerge::Chains;
use crate::store::{SpanIx, Store};
use clocks::Clocks;
use emitters::Emitters;
use names::Names;
use repeats::Repeats;
use served::ServedBy;

/// Everything that is gathered.
#[derive(Debug, Default)]
pub(crate) struct Aggregates {
    /// By service and scope.
    pub(crate) emitters: Emitters,
    /// Spans that repeat the span around them.
    pub(crate) repeats: Repeats,
    /// What services handle in spans that are no entries by kind.
    pub(crate) served: ServedBy,
    /// What is known of clocks.
    pub(crate) clocks: Clocks,
    /// How long spans of one name take.
    pub(crate) names: Names,
    /// Spans rejected because their ids violate the format.
    pub(crate) bad_ids: u64,
}

impl Aggregates {
    /// Notes a span that has arrived.
    pub(crate) fn span(&mut self, seen: &Seen<'_>) {
        self.emitters.span(seen);
        self.served.span(seen);
        self.clocks.span(seen);
        self.names.span(seen);
    }

    /// Notes a span and its parent, once both are here.
    pub(crate) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        self.repeats.pair(&self.emitters, child, parent);
        self.served.pair(child, parent);
        self.clocks.pair(child, parent);
        self.names.pair(parent);
    }

    /// Forgets a span that was evicted; what was learned from it stays.
    pub(crate) fn forget(&mut self, at: SpanIx) {
        self.repeats.forget(at);
    }

    pub(crate) fn memory(&self) -> usize {
        self.emitters.memory()
            + self.repeats.memory()
            + self.served.memory()
            + self.clocks.memory()
            + self.names.memory()
    }
}

/// What rules see that look at aggregates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) store: &'a Store,
    pub(crate) processes: &'a Processes,
    pub(crate) chains: &'a Chains,
    pub(crate) gathered: &'a Aggregates,
    /// The time that the engine was told, nanoseconds since the Unix epoch.
    pub(crate) now_ns: u64,
    /// Nothing more will come.
    pub(crate) ended: bool,
}
