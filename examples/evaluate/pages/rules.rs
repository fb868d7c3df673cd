//! Rule by rule, and what precision would be where faults are rare.

use crate::judge::Judged;
use crate::md::{interval, share, table};
use crate::results::Results;
use crate::run::is_headline;
use crate::score::{Tally, wilson};
use crate::truth::{is_known, is_merge, section};
use otoscope::diagnosis::{RULES, Rule};
use std::collections::BTreeSet;

pub(super) fn page(results: &Results<'_>) -> String {
    let mut out = "## Rules\n\n\
        Of each capture it is asked whether the label lists the rule, and whether the rule spoke (as a warning or an error, or as a\n\
        hint if it only hints; under another headline only where the label says so). A rule that is off by default was measured with all rules\n\
        on, each at its own severity.\n\n"
        .to_owned();
    let rows: Vec<_> = RULES.iter().map(|rule| row(results, rule)).collect();
    out += &table(
        &["rule", "on", "labelled", "found", "false", "precision", "recall", "other orders: found", "false"],
        &rows,
    );
    let unknown: BTreeSet<&str> = (results.captures.iter())
        .flat_map(|capture| &capture.expected)
        .filter(|fault| !is_known(&fault.rule))
        .map(|fault| fault.rule.as_str())
        .collect();
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|name| format!("`{name}`")).collect();
        out += &format!(
            "Labels also list {}: there is no such rule yet, so each counts as missed.\n\n",
            names.join(", ")
        );
    }
    out + &prevalence(results)
}

fn row(results: &Results<'_>, rule: &Rule) -> Vec<String> {
    let recorded =
        if rule.enabled { tally(results.recorded().iter(), rule) } else { tally_off(results, rule) };
    let others = results.orders().skip(results.recorded().len());
    let others = if rule.enabled { tally(others, rule) } else { Tally::default() };
    vec![
        format!("`{}` ({})", rule.id, rule.code),
        if rule.enabled { "yes" } else { "no" }.to_owned(),
        recorded.real().to_string(),
        share(recorded.hit, recorded.real()),
        recorded.false_alarm.to_string(),
        interval(recorded.hit, recorded.said()),
        interval(recorded.hit, recorded.real()),
        share(others.hit, others.real()),
        others.false_alarm.to_string(),
    ]
}

fn tally<'a>(judged: impl Iterator<Item = &'a Judged<'a>>, rule: &Rule) -> Tally {
    let mut tally = Tally::default();
    for judged in judged {
        let is = judged.capture.expects(rule.id);
        let said = judged.outcome.of(rule.id).any(|finding| is || is_headline(finding));
        tally.note(is, said);
    }
    tally
}

fn tally_off(results: &Results<'_>, rule: &Rule) -> Tally {
    let mut tally = Tally::default();
    for (capture, outcome) in results.captures.iter().zip(&results.all_on) {
        let is = capture.expects(rule.id);
        tally.note(is, outcome.of(rule.id).any(|finding| is || is_headline(finding)));
    }
    tally
}

/// Precision for assumed shares of faults.
fn prevalence(results: &Results<'_>) -> String {
    let is_kind = |rule: &str| section(rule) == 'A';
    let mut any = Tally::default();
    let mut merges = Tally::default();
    let mut kinds = Tally::default();
    for judged in results.recorded() {
        let capture = judged.capture;
        let labelled = |is: fn(&str) -> bool| capture.expected.iter().any(|fault| is(&fault.rule));
        let said = |is: fn(&str) -> bool| judged.outcome.headlines().any(|finding| is(finding.rule.id));
        any.note(!capture.healthy, judged.outcome.headlines().next().is_some());
        merges.note(labelled(is_merge), said(is_merge));
        // A wrong kind may be a symptom of a merge: then it is no headline of its own.
        if !labelled(is_merge) {
            kinds.note(labelled(is_kind), said(is_kind));
        }
    }
    let mut traces = Tally::default();
    for judged in results.recorded() {
        traces.hit += judged.traces.hit;
        traces.missed += judged.traces.missed;
        traces.false_alarm += judged.traces.false_alarm;
        traces.silent += judged.traces.silent;
    }
    let rows = [
        ("a capture is broken: any headline", any),
        ("a capture holds a merge: any merge rule", merges),
        ("a trace holds several requests: taken apart", traces),
        ("a capture has wrong kinds: section A", kinds),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(name, tally)| rare(name, tally)).collect();
    let head = ["question", "yes: found", "no: false alarms", "0.1 %", "1 %", "10 %"];
    format!(
        "### Where faults are rare\n\n\
         What share of headlines would be right if so many of all programs (or traces) had the fault: by the rates measured here, and in\n\
         brackets by the unfavourable end of both intervals. A capture's traces come from one program, so they are fewer than they seem.\n\n{}",
        table(&head, &rows)
    )
}

fn rare(name: &str, tally: Tally) -> Vec<String> {
    let healthy = tally.false_alarm + tally.silent;
    let precision = |share: f64| {
        let (Some((recall, low, _)), Some((alarms, _, high))) =
            (wilson(tally.hit, tally.real()), wilson(tally.false_alarm, healthy))
        else {
            return "–".to_owned();
        };
        let of = |recall: f64, alarms: f64| match share * recall + (1.0 - share) * alarms {
            0.0 => "–".to_owned(),
            said => format!("{:.3}", share * recall / said),
        };
        format!("{} ({})", of(recall, alarms), of(low, high))
    };
    vec![
        name.to_owned(),
        share(tally.hit, tally.real()),
        share(tally.false_alarm, healthy),
        precision(0.001),
        precision(0.01),
        precision(0.1),
    ]
}
