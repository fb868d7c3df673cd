//! Everything that was run over the captures.

use crate::conditions::CONDITIONS;
use crate::corpus::Capture;
use crate::judge::{Judged, judge};
use crate::live::{DELIVERIES, Delivery, Watched, watch};
use crate::run::{Outcome, check_with};
use otoscope::diagnosis::RULES;

/// A capture that came in live.
pub(crate) struct Live<'a> {
    pub(crate) capture: &'a Capture,
    pub(crate) delivery: &'static Delivery,
    pub(crate) watched: Watched,
}

/// All runs.
pub(crate) struct Results<'a> {
    pub(crate) captures: &'a [Capture],
    /// By condition, as in the table of them.
    pub(crate) judged: Vec<Vec<Judged<'a>>>,
    pub(crate) live: Vec<Live<'a>>,
    /// By capture: what is found when the rules that are off by default are on too.
    pub(crate) all_on: Vec<Outcome>,
}

impl<'a> Results<'a> {
    pub(crate) fn of(captures: &'a [Capture]) -> Self {
        let under = |condition| captures.iter().flat_map(|capture| judge(capture, condition)).collect();
        let live = |delivery: &'static Delivery| {
            captures.iter().map(move |capture| Live { capture, delivery, watched: watch(capture, delivery) })
        };
        let all: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        Self {
            captures,
            judged: CONDITIONS.iter().map(under).collect(),
            live: DELIVERIES.iter().flat_map(live).collect(),
            all_on: captures.iter().map(|capture| check_with(&all, capture.batches.clone())).collect(),
        }
    }

    /// The captures as they were recorded.
    pub(crate) fn recorded(&self) -> &[Judged<'a>] {
        &self.judged[0]
    }

    /// The conditions that change the order of arrival only, the recorded order among them.
    pub(crate) fn orders(&self) -> impl Iterator<Item = &Judged<'a>> {
        let ordered = CONDITIONS.iter().zip(&self.judged).filter(|(condition, _)| !condition.strips);
        ordered.flat_map(|(_, judged)| judged)
    }
}
