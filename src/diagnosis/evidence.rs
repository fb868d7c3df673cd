//! How sure: noisy-or of independent evidence, then factors for shapes that are legitimate.
//!
//! The weights are priors from the rules' catalogue (§4.5 there); S1–S3 measure one thing and S8–S10 another, so only
//! the strongest of each counts. Circumstances alone (S) never reach an error.

use super::finding::{CulpritClass, Severity};
use super::group::{Group, GroupKey};
use super::known_issues::Match;
use crate::model::time::duration;

/// Nothing that is inferred is certain.
const MOST: f64 = 0.99;
/// Circumstances alone never make an error.
const CAP_WITHOUT_HARD: f64 = 0.89;
/// A span open for so long is no request (`T_LONG`), nanoseconds.
pub(crate) const LONG_NS: u64 = 60_000_000_000;

/// What the group itself does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    /// How long the culprit was open, or is at least, nanoseconds.
    pub(crate) open_ns: u64,
    /// The class of the culprit.
    pub(crate) class: CulpritClass,
    /// The process runs tests.
    pub(crate) tests: bool,
    /// A known issue that fits.
    pub(crate) known_issue: Option<Match<'a>>,
}

/// A confidence and the sentences behind it, strongest first.
#[derive(Clone, Debug)]
pub(crate) struct Weighed {
    pub(crate) confidence: f64,
    pub(crate) evidence: Vec<String>,
}

/// The severity that a confidence allows, nothing where it is better to keep silent.
pub(super) fn severity(confidence: f64) -> Option<Severity> {
    match confidence {
        c if c >= 0.90 => Some(Severity::Error),
        c if c >= 0.60 => Some(Severity::Warning),
        c if c >= 0.30 => Some(Severity::Info),
        _ => None,
    }
}

/// Weighs what is known of a group.
pub(crate) fn weigh(group: &Group, circumstances: &Circumstances<'_>) -> Weighed {
    let mut hard = Vec::new();
    let mut soft = Vec::new();
    hard_evidence(group, circumstances, &mut hard);
    soft_evidence(group, circumstances, &mut soft);
    let factors = factors(group, circumstances, !hard.is_empty());

    let doubt = |list: &[(f64, String)]| list.iter().fold(1.0, |doubt, (weight, _)| doubt * (1.0 - weight));
    let mut confidence = 1.0 - doubt(&hard) * doubt(&soft);
    if hard.is_empty() {
        confidence = confidence.min(CAP_WITHOUT_HARD);
    }
    confidence = confidence.min(MOST) * factors.iter().map(|(factor, _)| factor).product::<f64>();
    hard.sort_by(|a, b| b.0.total_cmp(&a.0));
    soft.sort_by(|a, b| b.0.total_cmp(&a.0));
    let sentences = hard.into_iter().chain(soft).map(|(_, sentence)| sentence);
    let but = factors.into_iter().map(|(_, reason)| format!("but {reason}"));
    // Two digits are all that weights like these can carry, and the same input must give the same bytes.
    Weighed { confidence: (confidence * 100.0).round() / 100.0, evidence: sentences.chain(but).collect() }
}

/// A confidence from weighed sentences, as noisy-or.
pub(crate) fn noisy_or(mut evidence: Vec<(f64, String)>, cap: f64) -> Weighed {
    let doubt = evidence.iter().fold(1.0, |doubt, (weight, _)| doubt * (1.0 - weight));
    evidence.sort_by(|a, b| b.0.total_cmp(&a.0));
    let confidence = (1.0 - doubt).min(cap).min(MOST);
    Weighed {
        confidence: (confidence * 100.0).round() / 100.0,
        evidence: evidence.into_iter().map(|(_, sentence)| sentence).collect(),
    }
}

fn hard_evidence(group: &Group, circumstances: &Circumstances<'_>, out: &mut Vec<(f64, String)>) {
    let n = group.n;
    let by_flags = group.local_by_flags == n;
    let said = if by_flags { "flags say local" } else { "same process" };
    if group.ended > 0 {
        let sentence = format!(
            "{} started after the parent and the request above had ended ({said})",
            requests(group.ended)
        );
        out.push((if by_flags { 0.97 } else { 0.85 }, sentence));
    }
    if group.other_connection > 0 {
        let sentence = format!(
            "{} came over another connection than the request above",
            requests(group.other_connection)
        );
        out.push((if by_flags { 0.92 } else { 0.75 }, sentence));
    }
    if group.overlaps > 1 {
        out.push((0.60, format!("{} outlive the request above, with other paths", requests(group.overlaps))));
    }
    if let (GroupKey::Span(_), None) = (group.key, &group.hub) {
        let in_a_row = group.in_a_row();
        // A connection that is still open may carry calls and messages of its own: those prove little.
        if in_a_row >= 2 && group.http > 0 {
            let parent = format!("the parent {} is of this process and was not received", group.culprit_id);
            let sentence = format!("{parent}, yet {in_a_row} requests ran one after the other under it");
            let weight = match () {
                () if by_flags => 0.95,
                () if group.conditional == n => 0.92,
                () => 0.60,
            };
            out.push((weight, sentence));
        }
    }
    if let Some(hub) = &group.hub {
        if hub.command_line || hub.command_name && circumstances.class == CulpritClass::Cli {
            out.push((
                0.95,
                format!("`{}` is the span of a command that starts a server or worker", hub.name),
            ));
        } else if circumstances.class == CulpritClass::Startup {
            let sentence =
                format!("`{}` is the span of the start of its process, and stayed current", hub.name);
            out.push((0.95, sentence));
        }
        if hub.end_ns < group.first_start_ns {
            let before = duration(group.first_start_ns - hub.end_ns);
            out.push((0.95, format!("`{}` had ended {before} before the first request started", hub.name)));
        }
    }
    if group.conditional > 0 && group.conditional == group.wrong_kinds {
        let sentence = format!(
            "{} INTERNAL: this instrumentation chooses INTERNAL when another span is already current",
            if group.conditional == 1 {
                "1 request is".to_owned()
            } else {
                format!("{} requests are", group.conditional)
            }
        );
        out.push((0.80, sentence));
    }
    if let Some(known) = circumstances.known_issue.filter(|known| known.is_evidence()) {
        out.push((0.50, known.sentence()));
    }
}

fn soft_evidence(group: &Group, circumstances: &Circumstances<'_>, out: &mut Vec<(f64, String)>) {
    if group.traces.len() > 1 {
        // Of requests in different traces, neither silences nor differing clients say anything.
        return;
    }
    let n = group.n;
    if group.http == 0 && group.hub.is_none() && matches!(group.key, GroupKey::Span(_)) {
        let parent = format!("the parent {} is of this process and was not received", group.culprit_id);
        out.push((0.30, parent));
    }
    let median = group.median_duration_ns();
    let gaps: Vec<i64> = group.gaps_ns().collect();
    let mut spread = Vec::new();
    let positive = gaps.iter().filter(|gap| **gap > 0).count();
    if n >= 3 && positive * 10 >= gaps.len() * 8 {
        spread.push((0.30, format!("{positive} of {} neighbouring requests do not overlap", gaps.len())));
    }
    let widest = gaps.iter().copied().max().unwrap_or(0).max(0) as u64;
    if widest > 1_000_000_000_u64.max(median.saturating_mul(10)) {
        spread.push((0.50, format!("silences of up to {} between requests", duration(widest))));
    }
    let ratio = group.envelope_over_busy();
    let weight = match ratio {
        r if r > 100.0 => 0.75,
        r if r > 10.0 => 0.60,
        r if r > 3.0 => 0.35,
        _ => 0.0,
    };
    if weight > 0.0 && n >= 2 {
        spread
            .push((weight, format!("these requests are spread over {ratio:.0} times as long as they take")));
    }
    out.extend(strongest(spread));

    for (count, weight, what) in [
        (group.addresses.len(), 0.50, "client addresses"),
        (group.agents.len(), 0.50, "user agents"),
        (group.sessions.len(), 0.60, "sessions or users"),
        (group.ports.len(), 0.20, "client ports"),
    ] {
        if count >= 2 {
            out.push((weight, format!("{} different {what}", at_least(count))));
        }
    }
    if group.routes.len() >= 3 {
        out.push((0.25, format!("{} different routes", at_least(group.routes.len()))));
    }

    let mut size = Vec::new();
    for (least, weight) in [(100, 0.65), (20, 0.45), (5, 0.25)] {
        if n >= least {
            let where_ = if group.hub.is_some() || matches!(group.key, GroupKey::Span(_)) {
                " under one parent"
            } else {
                ""
            };
            size.push((weight, format!("{n} requests{where_}")));
            break;
        }
    }
    if circumstances.open_ns >= LONG_NS && circumstances.open_ns >= median.saturating_mul(20) {
        size.push((
            0.50,
            format!(
                "open for {}, the median request takes {}",
                duration(circumstances.open_ns),
                duration(median)
            ),
        ));
    }
    if group.last_start_ns.saturating_sub(group.first_start_ns) >= 300_000_000_000 {
        size.push((0.50, "new requests still join after five minutes".to_owned()));
    }
    out.extend(strongest(size));
}

fn factors(group: &Group, circumstances: &Circumstances<'_>, hard: bool) -> Vec<(f64, String)> {
    let mut out = Vec::new();
    let n = group.n;
    if let Some((reason, factor)) = group.hub.as_ref().and_then(|hub| hub.legitimate) {
        out.push((factor, reason.to_owned()));
    }
    if circumstances.tests && group.hub.as_ref().is_none_or(|hub| hub.legitimate.is_none()) {
        out.push((0.10, "its process runs tests".to_owned()));
    }
    let serves = group.hub.as_ref().is_some_and(|hub| hub.command_name)
        || circumstances.class == CulpritClass::Startup;
    if group.is_like_a_batch() && !serves && circumstances.open_ns < LONG_NS {
        out.push((0.20, "all of it are messages or jobs in one short batch".to_owned()));
    }
    if group.is_like_a_test() {
        out.push((
            0.25,
            "one client made all of it: a test that calls the app in its own process looks like this"
                .to_owned(),
        ));
    }
    let contained = group.hub.as_ref().is_some_and(|hub| hub.end_ns >= group.last_end_ns);
    if !hard
        && contained
        && !group.is_of_many()
        && circumstances.open_ns < 30_000_000_000
        && n <= 20
        && group.loopback == n
    {
        out.push((0.40, "a short script that calls itself looks like this".to_owned()));
    }
    out
}

fn strongest(list: Vec<(f64, String)>) -> Option<(f64, String)> {
    list.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// A count of a set that stops at eight.
pub(crate) fn at_least(count: usize) -> String {
    if count < 8 { count.to_string() } else { "at least 8".to_owned() }
}
