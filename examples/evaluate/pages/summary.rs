//! What was wanted, and whether it holds.

use crate::judge::Judged;
use crate::live::DELIVERIES;
use crate::md::table;
use crate::results::Results;
use crate::score::Partition;
use crate::topology::of_merge;
use crate::truth::{is_known, is_merge};
use std::collections::BTreeSet;

pub(super) fn page(results: &Results<'_>) -> String {
    let mut rows = vec![false_headlines(results), faults(results)];
    for kind in ["hub, received", "hub, phantom", "ended parent"] {
        rows.push(taken_apart(results, kind));
    }
    rows.push(whole(results));
    rows.push(for_a_time(results));
    rows.push(prompt(results));
    rows.push(withdrawn(results));
    format!("## Wanted\n\n{}", table(&["wanted", "as it is", "holds"], &rows))
}

fn row(wanted: impl Into<String>, is: impl Into<String>, holds: bool) -> Vec<String> {
    vec![wanted.into(), is.into(), if holds { "yes" } else { "**no**" }.to_owned()]
}

fn false_headlines(results: &Results<'_>) -> Vec<String> {
    let healthy = || results.orders().filter(|judged| judged.capture.healthy);
    let wrong: BTreeSet<&str> = healthy()
        .filter(|judged| !judged.wrong.is_empty())
        .map(|judged| judged.capture.name.as_str())
        .collect();
    let of = results.captures.iter().filter(|capture| capture.healthy).count();
    row(
        "no false headline on a healthy capture, in any order",
        format!("{} of {of} have one", wrong.len()),
        wrong.is_empty(),
    )
}

fn faults(results: &Results<'_>) -> Vec<String> {
    let all: Vec<bool> = results.orders().flat_map(Judged::faults).map(|(_, found, _)| found).collect();
    let once: Vec<bool> =
        results.recorded().iter().flat_map(Judged::faults).map(|(_, found, _)| found).collect();
    let found = |faults: &[bool]| faults.iter().filter(|found| **found).count();
    let labelled = results.captures.iter().flat_map(|capture| &capture.expected);
    let missing = match labelled.filter(|fault| !is_known(&fault.rule)).count() {
        0 => String::new(),
        n => format!("; for {n} there is no rule yet"),
    };
    row(
        "every labelled fault found, in any order",
        format!(
            "{} of {} as recorded, {} of {} in all orders{missing}",
            found(&once),
            once.len(),
            found(&all),
            all.len()
        ),
        found(&all) == all.len(),
    )
}

fn taken_apart(results: &Results<'_>, kind: &str) -> Vec<String> {
    let mut requests = Partition::default();
    for judged in results.orders().filter(|judged| of_merge(judged.capture) == Some(kind)) {
        requests.add(judged.merged);
    }
    row(
        format!("merges taken apart exactly: {kind}"),
        format!("{} of {} requests, all orders", requests.exact, requests.units),
        requests.exact == requests.units,
    )
}

fn whole(results: &Results<'_>) -> Vec<String> {
    let mut requests = Partition::default();
    results.orders().for_each(|judged| requests.add(judged.single));
    row(
        "traces of one request left whole",
        format!("{} of {}, all orders", requests.exact, requests.units),
        requests.exact == requests.units,
    )
}

fn for_a_time(results: &Results<'_>) -> Vec<String> {
    let healthy = results.live.iter().filter(|live| live.capture.healthy);
    let states = |wanted: &str| {
        let said =
            healthy.clone().filter(|live| live.watched.unknown.iter().any(|(_, state)| state == wanted));
        said.map(|live| live.capture.name.as_str()).collect::<BTreeSet<_>>().len()
    };
    let (firm, provisional) = (states("firm"), states("provisional"));
    row(
        "live, no headline over a healthy capture, not even for a time",
        format!("{firm} have a firm one, {provisional} a provisional one"),
        firm + provisional == 0,
    )
}

fn prompt(results: &Results<'_>) -> Vec<String> {
    let (mut prompt, mut of) = (0, 0);
    for live in &results.live {
        for fault in live.capture.expected.iter().filter(|fault| is_merge(&fault.rule)) {
            of += 1;
            let said = live.watched.headlines.iter().filter(|headline| headline.rule == fault.rule);
            prompt += said.filter(|headline| headline.is_prompt()).count().min(1);
        }
    }
    row(
        "live, a merge is firm by its third request or 6 s after the second",
        format!("{prompt} of {of} ({} deliveries each)", DELIVERIES.len()),
        prompt == of,
    )
}

fn withdrawn(results: &Results<'_>) -> Vec<String> {
    let withdrawn: usize = results.live.iter().map(|live| live.watched.withdrawn.len()).sum();
    row("live, no firm verdict is withdrawn", format!("{withdrawn} withdrawn"), withdrawn == 0)
}
