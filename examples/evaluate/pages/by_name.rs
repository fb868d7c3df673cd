//! Every miss and every false alarm, by the name of its capture.

use crate::conditions::CONDITIONS;
use crate::results::Results;
use crate::truth::{is_known, is_merge};
use otoscope::diagnosis::Severity;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What was seen, and the conditions under which it was.
type Seen = BTreeMap<String, BTreeSet<(usize, &'static str)>>;

pub(super) fn page(results: &Results<'_>) -> String {
    let mut missed = Seen::new();
    let mut unnamed = Seen::new();
    let mut wrong = Seen::new();
    let mut torn = Seen::new();
    let mut told = Seen::new();
    let note = |seen: &mut Seen, what: String, at| {
        seen.entry(what).or_default().insert((at, CONDITIONS[at].name));
    };
    for (at, judged) in
        results.judged.iter().enumerate().flat_map(|(at, all)| all.iter().map(move |j| (at, j)))
    {
        let name = &judged.capture.name;
        for (fault, found, named) in judged.faults().filter(|(fault, ..)| is_known(&fault.rule)) {
            if !found {
                note(&mut missed, format!("`{name}`: `{}`", fault.rule), at);
            }
            if named == Some(false) {
                note(&mut unnamed, format!("`{name}`: `{}`", fault.rule), at);
            }
        }
        for difference in judged.differences().filter(|_| !CONDITIONS[at].strips) {
            note(&mut told, format!("`{name}`: {difference}"), at);
        }
        for finding in &judged.wrong {
            let what = format!("`{name}`: {} `{}`: {}", finding.severity, finding.rule.id, finding.message);
            note(&mut wrong, what, at);
        }
        let requests = [("merged", judged.merged), ("whole", judged.single)];
        for (kind, of) in requests.into_iter().filter(|(_, of)| of.exact < of.units) {
            let part =
                format!("`{name}`: {} of {} {kind} requests are not exact", of.units - of.exact, of.units);
            note(&mut torn, part, at);
        }
    }
    let mut out = "## By name\n\n".to_owned();
    out += &list("Faults that were missed", &missed);
    out += &list("False headlines", &wrong);
    out += &list("Culprits not named", &unnamed);
    out += &list("Told otherwise than labelled", &told);
    out += &list("Requests not found exactly", &torn);
    out + &live(results) + &hints(results)
}

fn list(title: &str, seen: &Seen) -> String {
    let mut out = format!("### {title}\n\n");
    if seen.is_empty() {
        out += "None.\n";
    }
    for (what, conditions) in seen {
        let names: Vec<&str> = conditions.iter().map(|(_, name)| *name).collect();
        let under = if names.len() == CONDITIONS.len() {
            "under every condition".to_owned()
        } else {
            names.join(", ")
        };
        let _ = writeln!(out, "- {what} — {under}");
    }
    out.push('\n');
    out
}

fn live(results: &Results<'_>) -> String {
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for live in &results.live {
        let name = &live.capture.name;
        let mut note = |what: String| lines.entry(what).or_default().push(live.delivery.name);
        for withdrawn in &live.watched.withdrawn {
            note(format!("`{name}`: withdrawn: {withdrawn}"));
        }
        let mut said = BTreeSet::new();
        for (rule, state) in &live.watched.unknown {
            said.insert(format!(
                "`{name}`: {state} `{rule}`, which the label does not list, was a headline for a time"
            ));
        }
        said.into_iter().for_each(&mut note);
        let merges = live.capture.expected.iter().filter(|fault| is_merge(&fault.rule));
        for fault in merges.filter(|fault| is_known(&fault.rule)) {
            let mut of_rule = live.watched.headlines.iter().filter(|headline| headline.rule == fault.rule);
            match of_rule.next() {
                Some(headline) if headline.is_prompt() => {}
                Some(headline) if headline.after.is_some() => {
                    note(format!("`{name}`: `{}` was firm, but late", fault.rule));
                }
                Some(_) => note(format!("`{name}`: `{}` was said, but never firm", fault.rule)),
                None => note(format!("`{name}`: `{}` was never said", fault.rule)),
            }
        }
    }
    let mut out = "### Live\n\n".to_owned();
    if lines.is_empty() {
        out += "Nothing was late, withdrawn or unknown to a label.\n";
    }
    for (what, deliveries) in lines {
        let _ = writeln!(out, "- {what} — {}", deliveries.join(", "));
    }
    out.push('\n');
    out
}

/// Hints, which are not scored.
fn hints(results: &Results<'_>) -> String {
    let mut hints: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for judged in results.recorded() {
        for finding in judged.outcome.findings.iter().filter(|finding| finding.severity == Severity::Info) {
            let (healthy, broken) = hints.entry(finding.rule.id).or_default();
            let of = if judged.capture.healthy { healthy } else { broken };
            of.insert(&judged.capture.name);
        }
    }
    let mut out = "### Hints, as recorded\n\n".to_owned();
    if hints.is_empty() {
        out += "None.\n";
    }
    for (rule, (healthy, broken)) in hints {
        let _ = writeln!(out, "- `{rule}` on {} healthy and {} broken captures", healthy.len(), broken.len());
    }
    out
}
