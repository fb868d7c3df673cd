//! Live: spans arrive when they were exported, the time is told once a second, and nobody says that it is the end.

use crate::corpus::Capture;
use crate::run::{MEMORY, is_headline};
use crate::spans::{Sent, apart, by_end, together};
use otoscope::diagnosis::{Diagnosis, Finding, State};
use otoscope::model::{Batch, SpanId, TraceId};
use otoscope::session::{Clock, Session};
use std::collections::{BTreeMap, BTreeSet};

/// A second in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// How long the time goes on being told after the last span: longer than anything that a verdict waits for.
const AFTERWARDS: u64 = 90 * SECOND;

/// How spans come out of the programs.
pub(crate) struct Delivery {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    batches: fn(&Capture) -> Vec<Batch>,
}

/// Every delivery that is possible live.
pub(crate) const DELIVERIES: &[Delivery] = &[
    Delivery {
        name: "as exported",
        says: "the exports as recorded (one a second and process), each when its last span had ended",
        batches: |capture| {
            let mut batches = capture.batches.clone();
            let mut latest = 0;
            for batch in &mut batches {
                latest = latest.max(batch.arrived_ns);
                batch.arrived_ns = latest;
            }
            batches
        },
    },
    Delivery {
        name: "span by span",
        says: "each span when it ends, as a simple span processor sends it",
        batches: |capture| by_end(apart(&capture.exports())),
    },
    Delivery {
        name: "every 5 s",
        says: "an export every five seconds and process, the default of a batch span processor, processes out of step",
        batches: every_five_seconds,
    },
];

fn every_five_seconds(capture: &Capture) -> Vec<Batch> {
    let mut processes: Vec<String> = Vec::new();
    let mut due: BTreeMap<(u64, usize), Vec<Sent>> = BTreeMap::new();
    for sent in apart(&capture.exports()) {
        let process = format!("{:?}", sent.resource.attributes);
        let number = processes.iter().position(|known| *known == process).unwrap_or_else(|| {
            processes.push(process);
            processes.len() - 1
        });
        let lag = (number as u64 * 17 % 50) * (SECOND / 10);
        let turn = (sent.span.end_ns + lag).div_ceil(5 * SECOND) * 5 * SECOND - lag;
        due.entry((turn, number)).or_default().push(sent);
    }
    let batch =
        |((turn, _), sent): (&(u64, usize), &Vec<Sent>)| Batch { arrived_ns: *turn, ..together(sent) };
    let mut batches: Vec<Batch> = due.iter().map(batch).collect();
    batches.sort_by_key(|batch| batch.arrived_ns);
    batches
}

/// How soon a headline that stood at the end became firm.
#[derive(Clone, Debug)]
pub(crate) struct Firmness {
    pub(crate) rule: &'static str,
    /// How many of the requests (or spans) that it is about had arrived by then; nothing where it never became firm.
    pub(crate) after: Option<usize>,
    /// Seconds from the arrival of the second of them; nothing where it was firm before.
    pub(crate) seconds: Option<f64>,
    /// How many of them had arrived before the delivery that made it firm.
    pub(crate) before: usize,
}

impl Firmness {
    /// By the third request, or six seconds after the second. Requests of one delivery arrive at once, and the time is
    /// told once a second.
    pub(crate) fn is_prompt(&self) -> bool {
        self.after.is_some_and(|after| after <= 3 || self.before <= 2)
            || self.seconds.is_some_and(|seconds| seconds < 7.0)
    }
}

/// What became of the findings of a capture while it came in.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Every headline that stood at the end.
    pub(crate) headlines: Vec<Firmness>,
    /// Firm warnings and errors that were gone later, or were no longer firm.
    pub(crate) withdrawn: Vec<String>,
    /// Headlines that the label does not list and that stood at any time: rule, and how settled it was.
    pub(crate) unknown: BTreeSet<(&'static str, String)>,
    /// Rules that were folded under a headline at the end.
    pub(crate) symptoms: BTreeSet<&'static str>,
    /// Firm headlines that were folded under another one later.
    pub(crate) folded: u64,
}

/// When a finding became firm.
struct FirmThen {
    finding: Finding,
    at: Moment,
}

#[derive(Clone, Copy)]
struct Moment {
    ns: u64,
    /// The number of the last delivery.
    delivery: usize,
    /// The time was told, nothing was delivered.
    is_tick: bool,
}

/// Lets a capture come in.
pub(crate) fn watch(capture: &Capture, delivery: &Delivery) -> Watched {
    let batches = (delivery.batches)(capture);
    let mut session = Session::with(MEMORY, Clock::Wall, Diagnosis::default());
    let mut firm: BTreeMap<u64, FirmThen> = BTreeMap::new();
    let mut out = Watched::default();
    let mut arrivals: BTreeMap<(TraceId, SpanId), (u64, usize)> = BTreeMap::new();
    let Some(first) = batches.first() else { return out };
    let mut tick = first.arrived_ns + SECOND;
    let last = batches.iter().map(|batch| batch.arrived_ns).max().unwrap_or(0) + AFTERWARDS;
    let mut queue = batches.into_iter().enumerate().peekable();
    let mut delivery = 0;
    while tick <= last {
        let at = match queue.next_if(|(_, batch)| batch.arrived_ns <= tick) {
            Some((number, batch)) => {
                delivery = number;
                for (trace, record) in batch.trace_ids.iter().zip(&batch.records) {
                    arrivals.entry((*trace, record.span_id)).or_insert((batch.arrived_ns, number));
                }
                let ns = batch.arrived_ns;
                session.take(batch);
                Moment { ns, delivery, is_tick: false }
            }
            None => {
                session.advance(tick);
                tick += SECOND;
                Moment { ns: tick - SECOND, delivery, is_tick: true }
            }
        };
        notice(session.diagnosis.findings(), capture, at, &mut firm, &mut out);
    }
    let findings = session.diagnosis.findings();
    out.headlines = (findings.iter().filter(|finding| is_headline(finding)))
        .map(|finding| firmness(finding, firm.get(&finding.key), &arrivals))
        .collect();
    out.symptoms = findings.iter().filter(|f| f.folded_under.is_some()).map(|f| f.rule.id).collect();
    out
}

fn notice(
    findings: &[Finding],
    capture: &Capture,
    at: Moment,
    firm: &mut BTreeMap<u64, FirmThen>,
    out: &mut Watched,
) {
    for finding in findings.iter().filter(|finding| is_headline(finding)) {
        if finding.state == State::Firm {
            firm.entry(finding.key).or_insert_with(|| FirmThen { finding: finding.clone(), at });
        }
        if !capture.expects(finding.rule.id) {
            out.unknown.insert((finding.rule.id, finding.state.to_string()));
        }
    }
    firm.retain(|key, then| {
        let same = findings.iter().find(|finding| finding.key == *key);
        let kept = |now: &Finding| now.rule.id == then.finding.rule.id && now.state == State::Firm;
        if let Some(now) = same.filter(|now| kept(now)) {
            let was_headline = then.finding.folded_under.is_none();
            out.folded += u64::from(was_headline && now.folded_under.is_some());
            then.finding.folded_under = now.folded_under;
            return true;
        }
        // Findings about the same traces may become one.
        let joined = |now: &&Finding| {
            kept(now)
                && now.service == then.finding.service
                && now.trace_ids.iter().any(|trace| then.finding.trace_ids.contains(trace))
        };
        if !findings.iter().any(|now| joined(&now)) {
            let became =
                same.map_or_else(|| "gone".to_owned(), |now| format!("{} {}", now.state, now.rule.id));
            out.withdrawn.push(format!("{} → {became}: {}", then.finding.rule.id, then.finding.message));
        }
        false
    });
}

fn firmness(
    finding: &Finding,
    then: Option<&FirmThen>,
    arrivals: &BTreeMap<(TraceId, SpanId), (u64, usize)>,
) -> Firmness {
    let mut affected: Vec<(u64, usize)> =
        finding.span_ids.iter().filter_map(|span| arrivals.get(span)).copied().collect();
    affected.sort_unstable();
    let second = affected.get(1).map(|(at_ns, _)| *at_ns);
    let since = |then: &FirmThen| {
        second.and_then(|second| then.at.ns.checked_sub(second)).map(|ns| ns as f64 / SECOND as f64)
    };
    let arrived = |is_before: &dyn Fn(usize) -> bool| affected.iter().filter(|(_, n)| is_before(*n)).count();
    let before =
        |then: &FirmThen| arrived(&|n| n < then.at.delivery || then.at.is_tick && n == then.at.delivery);
    Firmness {
        rule: finding.rule.id,
        after: then.map(|then| arrived(&|n| n <= then.at.delivery)),
        seconds: then.and_then(since),
        before: then.map_or(0, before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus;
    use std::path::Path;

    /// The findings of a capture with a merge, and the capture.
    fn found() -> (Vec<Finding>, Capture) {
        let captures = corpus::read(Path::new("tests/captures")).unwrap();
        let capture = captures.into_iter().find(|capture| capture.name == "flask-1.29-sigint").unwrap();
        (crate::run::check(capture.batches.clone()).findings, capture)
    }

    #[test]
    fn what_is_taken_back_is_noticed() {
        let (findings, capture) = found();
        let mut provisional = findings.clone();
        provisional.iter_mut().for_each(|finding| finding.state = State::Provisional);
        let mut joined = findings.clone();
        joined.iter_mut().for_each(|finding| finding.key += 1_000);
        for (then, withdrawn) in [(findings.clone(), 0), (Vec::new(), 1), (provisional, 1), (joined, 0)] {
            let (mut firm, mut out) = (BTreeMap::new(), Watched::default());
            let at = Moment { ns: 0, delivery: 0, is_tick: false };
            notice(&findings, &capture, at, &mut firm, &mut out);
            notice(&then, &capture, at, &mut firm, &mut out);
            assert_eq!(out.withdrawn.len(), withdrawn, "{:?}", out.withdrawn);
        }
    }

    #[test]
    fn what_the_label_does_not_list_is_noticed() {
        let (findings, mut capture) = found();
        capture.expected.clear();
        let (mut firm, mut out) = (BTreeMap::new(), Watched::default());
        notice(&findings, &capture, Moment { ns: 0, delivery: 0, is_tick: false }, &mut firm, &mut out);
        assert_eq!(out.unknown, [("merged-under-local-span", "firm".to_owned())].into());
    }
}
