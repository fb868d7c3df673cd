//! What calls between machines tell of their clocks, and what its own times tell of a process's.

use crate::diagnosis::process::{Process, ProcessIx};
use crate::diagnosis::role::Role;
use crate::diagnosis::seen::Seen;
use crate::model::time::EARLIEST_NS;
use crate::model::{SpanKind, hash64};
use std::collections::BTreeMap;

/// How many calls of two clocks are kept.
const KEPT: usize = 64;
/// How many pairs of clocks are told apart.
const PAIRS: usize = 4096;
/// How far two readings of one clock may disagree, nanoseconds.
const EPSILON_NS: i64 = 2_000_000;
const MS_NS: u64 = 1_000_000;

/// One call: how much must be added to the callee's times, at least and at most, for it to lie in the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// When it was called.
    pub(crate) called_ns: u64,
    /// Nanoseconds.
    pub(crate) least: i64,
    /// Nanoseconds.
    pub(crate) most: i64,
}

impl Bounds {
    /// The best guess. A callee that ends after its call tells by its start alone.
    pub(crate) fn middle_ns(self) -> i64 {
        if self.most < self.least { self.least } else { self.least / 2 + self.most / 2 }
    }
}

/// The calls of one clock by another.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) caller: ProcessIx,
    pub(crate) callee: ProcessIx,
    pub(crate) n: u64,
    /// Where the callee seems to have started before it was called: its clock is behind.
    pub(crate) behind: u64,
    /// Where the callee fits into its call, but only if its clock is ahead.
    pub(crate) ahead: u64,
    /// Some of those behind and ahead, by a hash of their ids: the same ones in any order of arrival.
    pub(crate) sample: BTreeMap<u64, Bounds>,
}

/// What the times of a process look like.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Grain {
    pub(crate) spans: u64,
    /// Spans that start at a whole millisecond.
    pub(crate) whole_ms: u64,
    /// Spans that take no time at all.
    pub(crate) zero: u64,
}

impl Grain {
    /// Whether every one of many starts at a whole millisecond.
    pub(crate) fn is_coarse(self) -> bool {
        self.spans >= 100 && self.whole_ms == self.spans
    }
}

/// All clocks.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    calls: BTreeMap<(u64, u64), Calls>,
    grains: Vec<Grain>,
}

impl Clocks {
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Calls> {
        self.calls.values()
    }

    pub(crate) fn grain(&self, process: ProcessIx) -> Grain {
        self.grains.get(process.0 as usize).copied().unwrap_or_default()
    }

    pub(super) fn span(&mut self, seen: &Seen<'_>) {
        let number = seen.process.0 as usize;
        if self.grains.len() <= number {
            self.grains.resize(number + 1, Grain::default());
        }
        let grain = &mut self.grains[number];
        grain.spans += 1;
        grain.whole_ms += u64::from(seen.record.start_ns.is_multiple_of(MS_NS));
        grain.zero += u64::from(seen.record.end_ns == seen.record.start_ns);
    }

    pub(super) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        if child.kind() != SpanKind::Server
            || parent.kind() != SpanKind::Client
            || child.process == parent.process
        {
            return;
        }
        // A message waits for its turn, whatever kinds its spans are of.
        let is_message = |role| matches!(role, Role::MessageIn | Role::MessageReceive | Role::MessageOut);
        if is_message(child.role) || is_message(parent.role) {
            return;
        }
        let (caller, callee) = (parent.of_process, child.of_process);
        if !caller.machine.is_empty() && caller.machine == callee.machine {
            return;
        }
        let (call, answer) = (parent.record, child.record);
        let times = [call.start_ns, call.end_ns, answer.start_ns, answer.end_ns];
        if times.iter().any(|ns| *ns < EARLIEST_NS) {
            return;
        }
        // Without a duration nobody waited for the answer, or its end was not recorded: nothing must lie in the call.
        if call.end_ns <= call.start_ns || answer.end_ns <= answer.start_ns {
            return;
        }
        let key = (clock(parent.process, caller), clock(child.process, callee));
        if self.calls.len() >= PAIRS && !self.calls.contains_key(&key) {
            return;
        }
        let calls = self.calls.entry(key).or_insert_with(|| Calls {
            caller: parent.process,
            callee: child.process,
            n: 0,
            behind: 0,
            ahead: 0,
            sample: BTreeMap::new(),
        });
        let bounds = Bounds {
            called_ns: call.start_ns,
            least: call.start_ns.wrapping_sub(answer.start_ns) as i64,
            most: call.end_ns.wrapping_sub(answer.end_ns) as i64,
        };
        let behind = bounds.least > EPSILON_NS;
        let ahead = bounds.most < -EPSILON_NS && bounds.least <= bounds.most;
        calls.n += 1;
        calls.behind += u64::from(behind);
        calls.ahead += u64::from(ahead);
        if behind || ahead {
            let trace = child.store.trace(child.trace).id;
            let id = [&trace.0[..], &answer.span_id.0.to_be_bytes()[..]].concat();
            calls.sample.insert(hash64(&id), bounds);
            if calls.sample.len() > KEPT {
                calls.sample.pop_last();
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        let calls = self.calls.values().map(|calls| size_of::<Calls>() + 32 + calls.sample.len() * 40);
        calls.sum::<usize>() + self.grains.capacity() * size_of::<Grain>()
    }
}

/// A number for the clock that a process reads.
fn clock(number: ProcessIx, process: &Process) -> u64 {
    if process.machine.is_empty() {
        u64::from(number.0)
    } else {
        hash64(process.machine.as_bytes()) | 1 << 63
    }
}
