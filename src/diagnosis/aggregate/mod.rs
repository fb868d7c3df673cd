//! What is gathered of services, scopes, processes and traces while spans pass, for rules that look at many of them.
//!
//! Everything in here is a count, a bound, or a bounded sample that does not depend on the order of arrival. One file
//! a thing that is gathered; a rule reads them through [`Cx`], once a second and at the end.

pub(crate) mod clocks;
pub(crate) mod copies;
pub(crate) mod detached;
pub(crate) mod durations;
pub(crate) mod emitters;
pub(crate) mod hops;
pub(crate) mod ids;
pub(crate) mod late;
pub(crate) mod lost;
pub(crate) mod messages;
pub(crate) mod missing;
pub(crate) mod names;
pub(crate) mod pairs;
pub(crate) mod pool;
pub(crate) mod recent;
pub(crate) mod repeats;
pub(crate) mod resources;
pub(crate) mod roots;
pub(crate) mod routes;
pub(crate) mod sampling;
pub(crate) mod served;
pub(crate) mod shapes;
pub(crate) mod spam;
pub(crate) mod topology;
pub(crate) mod traces;

use super::process::Processes;
use super::seen::Seen;
use super::unmerge::Chains;
use crate::model::{SpanId, TraceId};
use crate::store::{SpanIx, Store};
use clocks::Clocks;
use copies::Copies;
use durations::AllDurations;
use emitters::Emitters;
use ids::Ids;
use late::Late;
use names::AllNames;
use repeats::Repeats;
use resources::Resources;
use routes::Routes;
use served::ServedBy;
use shapes::Shapes;
use spam::Spam;
use traces::Traces;

/// Everything that is gathered.
#[derive(Debug, Default)]
pub(crate) struct Aggregates {
    /// By service and scope.
    pub(crate) emitters: Emitters,
    /// Repeated deliveries, and ids that several spans have.
    pub(crate) copies: Copies,
    /// How random ids are.
    pub(crate) ids: Ids,
    /// How many names spans have.
    pub(crate) names: AllNames,
    /// Who sent spans, and when.
    pub(crate) resources: Resources,
    /// Which attributes go together.
    pub(crate) shapes: Shapes,
    /// Trivial spans in a sample of traces.
    pub(crate) spam: Spam,
    /// By trace.
    pub(crate) traces: Traces,
    /// Work that starts after what it was recorded under had ended.
    pub(crate) late: Late,
    /// Requests by route.
    pub(crate) routes: Routes,
    /// Spans that repeat the span around them.
    pub(crate) repeats: Repeats,
    /// What services handle in spans that are no entries by kind.
    pub(crate) served: ServedBy,
    /// What is known of clocks.
    pub(crate) clocks: Clocks,
    /// How long spans of one name take.
    pub(crate) durations: AllDurations,
    /// Ids that were seen lately.
    pub(crate) recent: recent::Recent,
    /// Parents that never came.
    pub(crate) lost: lost::Lost,
    /// Ids that contradict a tree.
    pub(crate) topology: topology::Topology,
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
    pub(crate) fn span(&mut self, seen: &Seen<'_>, processes: &Processes) {
        self.emitters.span(seen);
        self.copies.span(seen, processes);
        self.ids.span(seen);
        self.names.span(seen);
        self.resources.span(seen, processes);
        self.shapes.span(seen);
        self.spam.span(seen);
        self.traces.span(seen);
        self.routes.span(seen);
        self.served.span(seen);
        self.clocks.span(seen);
        self.durations.span(seen);
        self.recent.span(seen);
        self.topology.span(seen);
        self.hops.span(seen);
        self.detached.span(seen);
        self.roots.span(seen);
        self.messages.span(seen);
        self.sampling.span(seen);
    }

    /// Notes what is new of a span that was noted while it ran.
    pub(crate) fn ended(&mut self, seen: &Seen<'_>) {
        self.emitters.ended(seen);
        self.durations.span(seen);
        if !seen.record.is_running() {
            self.traces.ended(seen);
        }
    }

    /// Notes a span that was delivered once more with the same content; it is the one that is held.
    pub(crate) fn repeated(&mut self, seen: &Seen<'_>, now_ns: u64) {
        self.copies.repeated(seen, now_ns);
    }

    /// Notes a span and its parent, once both are here.
    pub(crate) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        self.late.pair(child, parent);
        self.repeats.pair(&self.emitters, child, parent);
        self.served.pair(child, parent);
        self.clocks.pair(child, parent);
        self.durations.pair(parent);
        self.lost.pair(child, parent);
        self.hops.pair(child, parent);
        self.sampling.pair(child, parent);
    }

    /// Forgets a span that was evicted; what was learned from it stays.
    pub(crate) fn forget(&mut self, at: SpanIx) {
        self.repeats.forget(at);
        self.lost.forget(at);
    }

    pub(crate) fn memory(&self) -> usize {
        self.emitters.memory()
            + self.copies.memory()
            + self.ids.memory()
            + self.names.memory()
            + self.resources.memory()
            + self.shapes.memory()
            + self.spam.memory()
            + self.traces.memory()
            + self.late.memory()
            + self.routes.memory()
            + self.repeats.memory()
            + self.served.memory()
            + self.clocks.memory()
            + self.durations.memory()
            + self.recent.memory()
            + self.lost.memory()
            + self.topology.memory()
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

impl Cx<'_> {
    /// The span with these ids, while it is held.
    pub(crate) fn span(&self, (trace, span): (TraceId, SpanId)) -> Option<SpanIx> {
        let at = self.store.find_span(self.store.find_trace(trace)?, span)?;
        self.store.slot(at).is_held().then_some(at)
    }
}
