//! Why a span that others name as their parent is not here: what is known, and no more than that.

use super::Diagnosis;
use super::aggregate::missing::Why;
use super::unmerge::Traits;
use super::verdict::QUIET_NS;
use crate::model::ParentLocality;
use crate::store::{Presence, SpanIx, Store, View};

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
    /// Its process has been silent for minutes.
    ProcessGone,
    /// The recording ends so soon after its children that it may just have been cut off.
    CutOff,
    /// Its process went on without it until the end of the recording.
    Lost,
    /// A span with its id is in another trace, of this service.
    OtherTrace(&'a str),
    /// It is in another process, and other spans of that caller are here.
    CallerElsewhereHere,
    /// It is in another process, and no span of that caller is here.
    CallerUnknown,
    /// It is in another process; of its caller nothing is known.
    Caller,
    /// Nothing is known.
    Unknown,
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
        Some(match lost.judged(at).map(|missing| missing.why) {
            Some(Why::Elsewhere(service)) => Absence::OtherTrace(self.processes.service(service)),
            Some(Why::Remote(0)) => Absence::Caller,
            Some(Why::Remote(agent)) => match lost.caller(process.service_ix, agent) {
                Some(callers) if callers.received > 0 => Absence::CallerElsewhereHere,
                _ => Absence::CallerUnknown,
            },
            Some(Why::Local { tail: true, .. }) => Absence::CutOff,
            Some(Why::Local { .. }) if self.ended => Absence::Lost,
            Some(Why::Local { .. }) if process.is_gone(self.now_ns) => Absence::ProcessGone,
            Some(Why::Local { .. }) if slot.record.end_ns + QUIET_NS > process.watermark_ns => Absence::Open,
            Some(Why::Local { .. }) => Absence::OpenOrLost,
            None if store.counters().evicted_spans > 0 && !self.chains.is(at, Traits::MISSED) => {
                Absence::MaybeEvicted
            }
            None if record.locality() == ParentLocality::Remote => Absence::Caller,
            None if self.ended => Absence::Unknown,
            None if record.end_ns + QUIET_NS > process.watermark_ns => Absence::NotYet,
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
    fn a_parent_is_waited_for_then_open_or_lost_then_gone_with_its_process() {
        let mut bench = Bench::default();
        bench.take(by_end(LOCAL));
        assert_eq!(said(&bench), Some(Absence::NotYet));
        bench.take(by_end("other  s  internal  30000..30100  trace=2\n")).advance(31_000);
        assert_eq!(said(&bench), Some(Absence::OpenOrLost));
        bench.advance(400_000);
        assert_eq!(said(&bench), Some(Absence::ProcessGone));
        bench.finish();
        assert_eq!(said(&bench), Some(Absence::Lost));
    }

    #[test]
    fn the_end_of_a_recording_cuts_off_what_is_open() {
        let mut bench = Bench::default();
        bench.take(by_end(LOCAL));
        bench.finish();
        assert_eq!(said(&bench), Some(Absence::CutOff));
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
