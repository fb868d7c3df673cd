//! Why a span that others name as their parent is not here: what is known, and no more than that.

use super::Diagnosis;
use super::aggregate::missing::{Missing, Why};
use super::process::Process;
use super::unmerge::Traits;
use super::verdict::QUIET_NS;
use crate::model::ParentLocality;
use crate::store::{Presence, SpanIx, Store, View};
use std::borrow::Cow;

/// Why a parent is not here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absence<'a> {
    /// It was here, and had to make room.
    Evicted,
    /// It may have been here, and had to make room.
    MaybeEvicted,
    /// Its children came a moment ago: most parents follow.
    NotYet,
    /// Spans of its process are still coming, and until now from under it.
    Open,
    /// Its process went on without it: it is open still, or was lost.
    OpenOrLost,
    /// Nothing came of its process since its children: that is silent, and may be gone.
    Silent,
    /// Its process delivered nothing that ended later, and will deliver nothing more.
    ProcessGone,
    /// The recording ends so soon after its children that it may just have been cut off.
    CutOff,
    /// Its process went on without it, and will deliver nothing more.
    Lost,
    /// A span with its id is in another trace, of this service.
    OtherTrace(&'a str),
    /// It may be of its children's process or of another: no flags say which.
    Unplaced,
    /// It is in another process, and other spans of that caller are here.
    CallerElsewhereHere,
    /// It is in another process, and no span of that caller is here.
    CallerUnknown,
    /// It is in another process; of its caller nothing is known.
    Caller,
    /// Nothing is known.
    Unknown,
}

impl Absence<'_> {
    /// Why a parent that was created in its children's process, or at least may have been, is not here. `ended`: nothing
    /// more will come of anyone.
    pub(crate) fn of_local(missing: &Missing, process: &Process, ended: bool, now_ns: u64) -> Self {
        let went_on = process.watermark_ns >= missing.last_end_ns.saturating_add(QUIET_NS);
        match (ended || process.is_gone(now_ns), went_on) {
            _ if matches!(missing.why, Why::Local { assumed: true, .. }) => Self::Unplaced,
            _ if matches!(missing.why, Why::Local { tail: true, .. }) => Self::CutOff,
            (true, true) => Self::Lost,
            (true, false) => Self::ProcessGone,
            (false, true) => Self::OpenOrLost,
            (false, false) if process.is_silent(now_ns) => Self::Silent,
            (false, false) => Self::Open,
        }
    }

    /// What is known, to follow the name of the parent: trees, panes and findings all say this.
    pub fn cause(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Evicted => "evicted at the memory limit",
            Self::MaybeEvicted => "not here: evicted, or never received",
            Self::NotYet => "not here yet",
            Self::Open => "still open: spans keep coming from under it",
            Self::OpenOrLost => "still open, never ended, or lost: its process went on",
            Self::Silent => "still open, or lost with its process, which is silent since",
            Self::ProcessGone => "lost with its process: stopped or killed, nothing that ended later came",
            Self::CutOff => "still open at the end of the recording, or lost",
            Self::Lost => "never ended or lost: its process went on",
            Self::OtherTrace(service) => return Cow::Owned(format!("in another trace, of {service}")),
            Self::Unplaced => "not received; nothing says whether it is of the same process",
            Self::CallerElsewhereHere => {
                "in another process, not received; other spans of that caller are here"
            }
            Self::CallerUnknown => "in another process, not received; no span of that caller is here",
            Self::Caller => "in another process, not received",
            Self::Unknown => "not received",
        })
    }

    /// The rule that says what to do about it. None of what was here, or is still to come.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Evicted | Self::MaybeEvicted | Self::NotYet | Self::OtherTrace(_) | Self::Unknown => None,
            Self::CallerElsewhereHere | Self::CallerUnknown | Self::Caller => Some("missing-remote-parent"),
            Self::Open
            | Self::OpenOrLost
            | Self::Silent
            | Self::ProcessGone
            | Self::CutOff
            | Self::Lost
            | Self::Unplaced => Some("missing-local-parent"),
        }
    }

    /// Whether it is in another process, or may be.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Unplaced | Self::CallerElsewhereHere | Self::CallerUnknown | Self::Caller)
    }

    /// Whether it may still be running.
    pub fn may_be_open(&self) -> bool {
        matches!(self, Self::NotYet | Self::Open | Self::OpenOrLost | Self::Silent | Self::CutOff)
    }
}

impl Diagnosis {
    /// Why a parent is not here; nothing for a span that is.
    pub fn absence(&self, store: &Store, at: SpanIx) -> Option<Absence<'_>> {
        let slot = store.slot(at);
        match slot.presence {
            Presence::Held => return None,
            Presence::Evicted => return Some(Absence::Evicted),
            Presence::Missing => {}
        }
        let Some(child) = store.first_child(at, View::Recorded) else { return Some(Absence::Unknown) };
        let record = store.record(child);
        let process = self.processes.get(self.processes.of(record.resource));
        let lost = &self.gathered.lost;
        let judged = lost.judged(at);
        Some(match judged.map(|missing| missing.why) {
            Some(Why::Elsewhere(service)) => Absence::OtherTrace(self.processes.service(service)),
            Some(Why::Remote(0)) => Absence::Caller,
            Some(Why::Remote(agent)) => match lost.caller(process.service_ix, agent) {
                Some(callers) if callers.received > 0 => Absence::CallerElsewhereHere,
                _ => Absence::CallerUnknown,
            },
            Some(Why::Local { .. }) => Absence::of_local(judged?, process, self.ended, self.now_ns),
            None if store.counters().evicted_spans > 0 && !self.chains.is(at, Traits::MISSED) => {
                Absence::MaybeEvicted
            }
            None if record.locality() == ParentLocality::Remote => Absence::Caller,
            None if self.ended => Absence::Unknown,
            None if record.end_ns.saturating_add(QUIET_NS) > process.watermark_ns => Absence::NotYet,
            None => Absence::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Bench, by_end};

    /// What is said of the first row of the first trace.
    fn said(bench: &Bench) -> Option<Absence<'_>> {
        let store = &bench.0.store;
        let trace = store.traces().next().unwrap();
        bench.0.diagnosis.absence(store, store.first_row(trace, View::Recorded).unwrap())
    }

    const LOCAL: &str = "job  s  internal  0..90000  lost\n  step  s  internal  100..200  local\n";

    #[test]
    fn a_parent_is_waited_for_then_open_or_lost_then_lost_where_its_process_went_on() {
        let mut bench = Bench::default();
        bench.take(by_end(LOCAL));
        assert_eq!(said(&bench), Some(Absence::NotYet));
        bench.take(by_end("other  s  internal  30000..30100  trace=2\n")).advance(31_000);
        assert_eq!(said(&bench), Some(Absence::OpenOrLost));
        bench.advance(400_000);
        assert_eq!(said(&bench), Some(Absence::Lost));
        bench.finish();
        assert_eq!(said(&bench), Some(Absence::Lost));
    }

    #[test]
    fn a_parent_is_waited_for_then_silent_then_gone_with_its_process() {
        let mut bench = Bench::default();
        bench.take(by_end(LOCAL)).advance(20_000);
        assert_eq!(said(&bench), Some(Absence::NotYet));
        bench.advance(31_000);
        assert_eq!(said(&bench), Some(Absence::Silent));
        bench.advance(400_000);
        assert_eq!(said(&bench), Some(Absence::ProcessGone));
    }

    #[test]
    fn a_process_that_is_known_to_have_ended_has_not_gone_on() {
        let mut bench = Bench::default();
        bench.take(by_end(LOCAL));
        bench.0.processes_ended();
        bench.take(by_end("other  s  internal  30000..30100  trace=2\n")).advance(31_000);
        assert_eq!(said(&bench), Some(Absence::ProcessGone));
    }

    #[test]
    fn the_finding_says_the_cause_that_the_tree_says() {
        let gone_on = "other  s  internal  30000..30100  trace=2\n";
        let replaced = "other  s  internal  30000..30100  trace=2 resource.service.instance.id=b\n";
        for (then, expected) in [(gone_on, Absence::Lost), (replaced, Absence::ProcessGone)] {
            let mut bench = Bench::default();
            bench.take(by_end(&format!("{LOCAL}{then}"))).finish();
            let absence = said(&bench).unwrap();
            assert_eq!(absence, expected);
            let findings = bench.0.diagnosis.findings();
            let finding = findings.iter().find(|f| f.rule.id == "missing-local-parent").unwrap();
            let causes = [Absence::Lost, Absence::ProcessGone, Absence::OpenOrLost, Absence::CutOff];
            let told =
                causes.iter().filter(|cause| finding.evidence.iter().any(|e| e.contains(&*cause.cause())));
            assert_eq!(told.collect::<Vec<_>>(), [&expected], "{:?}", finding.evidence);
        }
    }

    #[test]
    fn the_end_of_a_recording_cuts_off_what_is_open() {
        let mut bench = Bench::default();
        bench.take(by_end(LOCAL));
        bench.finish();
        assert_eq!(said(&bench), Some(Absence::CutOff));
    }

    #[test]
    fn without_flags_nothing_is_said_of_its_process() {
        let mut bench = Bench::default();
        let gone_on = "other  s  internal  30000..30100  trace=2\n";
        bench.take(by_end(&format!("{}{gone_on}", LOCAL.replace("local", "noflags")))).finish();
        assert_eq!(said(&bench), Some(Absence::Unplaced));
    }

    #[test]
    fn a_caller_elsewhere_is_not_accused() {
        let mut bench = Bench::default();
        bench.take(by_end("call  web  client  0..90  lost\n  GET /a  s  server  1..80  remote get=/a\n"));
        bench.finish();
        assert!(matches!(said(&bench), Some(Absence::Caller | Absence::CallerUnknown)), "{:?}", said(&bench));
    }

    #[test]
    fn a_span_that_is_here_is_not_absent() {
        let mut bench = Bench::default();
        bench.take(by_end("job  s  internal  0..90\n"));
        assert_eq!(said(&bench), None);
    }
}
