//! Before and after while spans still come: which faults of an earlier moment have shown themselves since.
//!
//! What the diagnosis learned stays: a finding is listed on when its cause is mended. So each fault is followed by the
//! spans that it gains, and by what its service sends meanwhile. One that gains none while its service sends so much
//! that it should have is gone. Spans that were still under way count as any others: a process that is stopped flushes
//! them after the baseline was taken, and the wait starts over.

use super::verdict::QUIET_NS;
use super::{Baseline, Diagnosis, Finding, Key, Known, Rule, Subject, find};
use crate::store::Store;
use std::collections::{HashMap, VecDeque};

/// Requests without a fault that make it gone, where it was no rare one.
const MANY: u64 = 20;
/// The same once they are spread over [`SPREAD_NS`].
const FEW: u64 = 10;
/// Long enough for what was under way to arrive, nanoseconds.
const SPREAD_NS: u64 = 30_000_000_000;
/// How old a request must be to prove anything, nanoseconds: rules wait for what is missing before they speak.
const SETTLED_NS: u64 = QUIET_NS + 2_000_000_000;
/// How many times a fault should have shown itself: once more would leave it a chance of 1 in 20 to be missed.
const TIMES: u64 = 3;

/// How a finding stands to the baseline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The baseline does not have it.
    New,
    /// It has gained spans since.
    StillThere,
    /// It has gained none, which proves little: its service has sent only so much since.
    NotSeen(Sent),
    /// It has gained none while its service sent so much.
    Gone(Sent),
}

/// What a service sent.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sent {
    /// Entries: requests, messages, jobs.
    pub entries: u64,
    /// Spans.
    pub spans: u64,
}

impl Sent {
    fn since(self, then: Self) -> Self {
        Self {
            entries: self.entries.saturating_sub(then.entries),
            spans: self.spans.saturating_sub(then.spans),
        }
    }

    /// What a fault is measured by: requests, or spans where a service handles none.
    fn measure(self, by_entries: bool) -> u64 {
        if by_entries { self.entries } else { self.spans }
    }
}

/// When the baseline was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// At this time, nanoseconds since the Unix epoch.
    At(u64),
    /// Earlier: it was read from a report of this name.
    Report(String),
}

/// A fault: the findings that are one by the names that outlive a run.
#[derive(Debug)]
struct Fault {
    known: Known,
    /// The baseline has it.
    was_there: bool,
    /// It has gained spans since.
    shown: bool,
    /// A finding of it is listed now.
    listed: bool,
    /// How many spans show it.
    spans: u64,
    /// When it last gained some, nanoseconds since the Unix epoch, and what its service had sent by then.
    grew_ns: u64,
    sent: Sent,
    /// What its service has sent in all, by times that are not long past.
    recent: VecDeque<(u64, Sent)>,
    /// The same by the time that is long past.
    settled: Sent,
    standing: Standing,
}

/// What was seen of one finding.
#[derive(Clone, Copy, Debug)]
struct Followed {
    fault: usize,
    spans: u64,
    traces: u64,
}

/// A fault of the baseline of which no finding is listed any more.
#[derive(Clone, Copy, Debug)]
pub struct Missing<'a> {
    /// What was said of it.
    pub known: &'a Known,
    /// How it stands.
    pub standing: Standing,
}

/// A baseline, and what came of its faults.
#[derive(Debug)]
pub struct Since {
    taken: Taken,
    /// It has been looked at.
    begun: bool,
    faults: Vec<Fault>,
    /// By [`Finding::key`].
    followed: HashMap<u64, Followed>,
}

impl Since {
    /// A baseline of what is there now, as soon as it is looked at.
    pub fn now(now_ns: u64) -> Self {
        Self { taken: Taken::At(now_ns), begun: false, faults: Vec::new(), followed: HashMap::new() }
    }

    /// A baseline of an earlier run.
    pub fn report(name: String, baseline: Baseline) -> Self {
        let fault = |known| Fault::new(known, true, 0, Sent::default());
        let faults = baseline.known.into_iter().map(fault).collect();
        Self { taken: Taken::Report(name), begun: false, faults, followed: HashMap::new() }
    }

    /// When it was taken.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// How a finding stands, by [`Finding::key`]; nothing while it has not been looked at.
    pub fn standing(&self, finding: u64) -> Option<Standing> {
        self.followed.get(&finding).map(|followed| self.faults[followed.fault].standing)
    }

    /// Whether a finding is gone, by [`Finding::key`].
    pub fn is_gone(&self, finding: u64) -> bool {
        matches!(self.standing(finding), Some(Standing::Gone(_)))
    }

    /// Faults of the baseline that are not listed any more, symptoms left out.
    pub fn missing(&self) -> impl Iterator<Item = Missing<'_>> {
        let unlisted = |fault: &&Fault| fault.was_there && !fault.listed && !fault.known.is_symptom;
        let faults = self.faults.iter().filter(unlisted);
        faults.map(|fault| Missing { known: &fault.known, standing: fault.standing })
    }

    /// Looks at what has come of the faults. Does nothing until the findings say all that was observed
    /// ([`Diagnosis::is_current`]): counts of different moments cannot be compared. Once a second.
    pub fn look(&mut self, diagnosis: &Diagnosis, store: &Store, now_ns: u64) {
        if !diagnosis.is_current() {
            return;
        }
        let first = !std::mem::replace(&mut self.begun, true);
        if first {
            // Of a rule that is silent nothing is known.
            let speaks = |rule: &Rule| diagnosis.policy().speaks(rule.id, rule.enabled);
            self.faults.retain(|fault| find(&fault.known.key.rule).is_some_and(speaks));
        }
        for fault in &mut self.faults {
            fault.listed = false;
            fault.grew_ns = if first { now_ns } else { fault.grew_ns };
        }
        // What is there at the first look is the baseline, unless that was read.
        let begins = first && matches!(self.taken, Taken::At(_));
        // What is accepted is still there.
        let accepted = diagnosis.suppressed().iter().map(|one| &one.finding);
        for finding in diagnosis.findings().iter().chain(accepted) {
            let grew = self.follow(finding, begins, diagnosis, store);
            let Some(followed) = self.followed.get(&finding.key) else { continue };
            let fault = &mut self.faults[followed.fault];
            fault.listed = true;
            if begins || grew {
                let of_fault = |other: &&Followed| other.fault == followed.fault;
                fault.spans = self.followed.values().filter(of_fault).map(|other| other.spans).sum();
                (fault.grew_ns, fault.sent) = (now_ns, diagnosis.sent(&fault.known.key.service));
                fault.shown |= !begins;
            }
        }
        let ended = diagnosis.has_ended();
        for fault in &mut self.faults {
            fault.note(diagnosis.sent(&fault.known.key.service), ended, now_ns);
        }
    }

    /// Notes how many spans show a finding. Tells whether these became more.
    fn follow(&mut self, finding: &Finding, begins: bool, diagnosis: &Diagnosis, store: &Store) -> bool {
        let (spans, traces) = (finding.span_count, finding.trace_count);
        if let Some(followed) = self.followed.get_mut(&finding.key) {
            // Marks are taken back, and come again: only what was never reached before is more.
            let grew = spans > followed.spans || traces > followed.traces;
            followed.spans = followed.spans.max(spans);
            followed.traces = followed.traces.max(traces);
            return grew;
        }
        let key = Key::of(&Subject::of(finding, store));
        let known = self.faults.iter().position(|fault| fault.known.key.same(&key));
        let came = arrivals(finding, store);
        let since = |ns: &u64| matches!(self.taken, Taken::At(taken_ns) if *ns > taken_ns);
        let since = |ns: &u64| matches!(self.taken, Taken::Report(_)) || since(ns);
        let fault = known.unwrap_or(self.faults.len());
        // A finding that is told late, about spans that were there before, was there before.
        let grew = !begins && (came.is_empty() || came.iter().any(since));
        if known.is_none() {
            let was_there = begins || came.first().is_some_and(|ns| !since(ns));
            let known = Known {
                key,
                severity: finding.severity,
                message: finding.message.clone(),
                is_symptom: finding.folded_under.is_some(),
            };
            let sent = diagnosis.sent(&finding.service);
            self.faults.push(Fault::new(known, was_there, spans, sent));
        }
        self.followed.insert(finding.key, Followed { fault, spans, traces });
        grew
    }
}

/// When the spans that a finding lists arrived, as far as they are held; that of the earliest span first.
fn arrivals(finding: &Finding, store: &Store) -> Vec<u64> {
    let at = |(trace, span)| store.find_span(store.find_trace(trace)?, span);
    let held = finding.span_ids.iter().filter_map(|id| at(*id)).filter(|at| store.slot(*at).is_held());
    held.filter_map(|at| store.arrival(at)).map(|(_, _, arrived_ns)| arrived_ns).collect()
}

impl Fault {
    fn new(known: Known, was_there: bool, spans: u64, sent: Sent) -> Self {
        Self {
            known,
            was_there,
            shown: false,
            listed: false,
            spans,
            grew_ns: 0,
            sent,
            recent: VecDeque::new(),
            settled: sent,
            standing: Standing::NotSeen(Sent::default()),
        }
    }

    /// Notes what its service has sent in all, and judges how it stands.
    fn note(&mut self, sent: Sent, ended: bool, now_ns: u64) {
        if self.recent.back().is_none_or(|(_, last)| *last != sent) {
            self.recent.push_back((now_ns, sent));
        }
        while let Some((then_ns, sent)) = self.recent.front()
            && (*then_ns + SETTLED_NS <= now_ns || ended)
        {
            self.settled = *sent;
            self.recent.pop_front();
        }
        self.standing = self.judge(sent, ended, now_ns);
    }

    fn judge(&self, sent: Sent, ended: bool, now_ns: u64) -> Standing {
        let by_entries = sent.entries > 0;
        let without = self.settled.since(self.sent).measure(by_entries);
        let spread = now_ns.saturating_sub(self.grew_ns) >= SPREAD_NS;
        // One in so many requests showed it.
        let every = self.sent.measure(by_entries).checked_div(self.spans).unwrap_or(0);
        let enough = without >= if spread { FEW } else { MANY } && without >= TIMES * every;
        // A dump that was read to its end will not show it any more.
        let over = ended && !self.shown && without > 0;
        match () {
            () if enough || over => Standing::Gone(sent.since(self.sent)),
            () if !self.shown => Standing::NotSeen(sent.since(self.sent)),
            () if self.was_there => Standing::StillThere,
            () => Standing::New,
        }
    }
}

impl Diagnosis {
    /// What a service sent so far; all of them, where the name is empty.
    fn sent(&self, service: &str) -> Sent {
        let named = |name: &str| service.is_empty() || name == service;
        let emitters = self.gathered.emitters.iter().map(|(_, emitter)| emitter);
        let of = emitters.filter(|emitter| named(self.processes.service(emitter.service)));
        of.fold(Sent::default(), |sum, emitter| Sent {
            entries: sum.entries + emitter.entries,
            spans: sum.spans + emitter.spans,
        })
    }

    fn has_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests;
