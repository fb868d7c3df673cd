//! A span as rules see it: its record, what it describes, and who sent it. No rule reads bytes.

use super::aggregate::emitters::EmitterIx;
use super::process::{Process, ProcessIx, Processes, ServiceIx};
use super::role::{NameTraits, Role, ScopeTraits};
use super::unmerge::Chains;
use crate::model::{Facts, Key, ParentLocality, SpanKind, SpanRecord};
use crate::store::{SpanIx, Store, TraceIx};

/// A span that is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// Everything that is held. Its own trees are for looking at a few neighbours, never for walking a trace.
    pub(crate) store: &'a Store,
    pub(crate) processes: &'a Processes,
    pub(crate) chains: &'a Chains,
    pub(crate) at: SpanIx,
    pub(crate) trace: TraceIx,
    pub(crate) record: &'a SpanRecord,
    /// Facts, where it has a role that needs some.
    pub(crate) facts: Option<&'a Facts>,
    pub(crate) role: Role,
    /// It handles something that came from outside of its process.
    pub(crate) entry: bool,
    pub(crate) scope: ScopeTraits,
    pub(crate) process: ProcessIx,
    pub(crate) of_process: &'a Process,
    pub(crate) service: ServiceIx,
    /// Its service and scope.
    pub(crate) emitter: EmitterIx,
}

impl Seen<'_> {
    pub(crate) fn kind(&self) -> SpanKind {
        self.record.kind()
    }

    pub(crate) fn has(&self, key: Key) -> bool {
        self.record.keys.has(key)
    }

    /// Where its parent lives, by the flags alone.
    pub(crate) fn locality(&self) -> ParentLocality {
        self.record.locality()
    }

    pub(crate) fn name(&self) -> &str {
        self.store.text(self.record.name).unwrap_or_default()
    }

    /// Whether its name is that of something that stays open: a command, a start-up, a loop, a stream, a test.
    pub(crate) fn is_long_by_name(&self) -> bool {
        let name = NameTraits::of(self.name());
        name.command || name.startup || name.polls || name.tests || name.test_command || name.stream
    }

    /// This span is wrong.
    pub(crate) fn mark(&self) -> Mark {
        self.mark_as(0)
    }

    /// This span is wrong in this of several ways, which are counted apart.
    pub(crate) fn mark_as(&self, detail: u32) -> Mark {
        Mark { at: self.at, detail }
    }
}

/// A span that a rule found wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    /// The span.
    pub(crate) at: SpanIx,
    /// In which of the rule's ways: a number that only the rule understands.
    pub(crate) detail: u32,
}
