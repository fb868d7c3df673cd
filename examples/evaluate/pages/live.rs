//! Live: how soon a verdict is firm, and whether it stays.

use crate::live::{DELIVERIES, Firmness};
use crate::md::{middle, share, table};
use crate::results::{Live, Results};
use crate::topology::{all, topology};
use otoscope::diagnosis::{Severity, find};

pub(super) fn page(results: &Results<'_>) -> String {
    let mut out = "## Live\n\n\
        When labelled headlines became firm: how many of the requests (or spans) that they are about had arrived, and how many seconds\n\
        after the second of them, median and worst. *In time* is by the third, or within six seconds. A delivery brings many at once, so\n\
        only *span by span* tells the number exactly. Faults that were folded under another headline are left out, and those\n\
        that are only hinted at.\n\n"
        .to_owned();
    for delivery in DELIVERIES {
        let live: Vec<&Live<'_>> =
            results.live.iter().filter(|live| live.delivery.name == delivery.name).collect();
        let rows: Vec<_> = all().into_iter().filter_map(|name| row(&live, name)).collect();
        let withdrawn: usize = live.iter().map(|live| live.watched.withdrawn.len()).sum();
        let folded: u64 = live.iter().map(|live| live.watched.folded).sum();
        out += &format!("### {}\n\n", delivery.name);
        out += &table(&["topology", "faults", "in time", "never firm", "requests", "seconds"], &rows);
        out += &format!(
            "Firm verdicts withdrawn: {withdrawn}. Firm headlines that another one explained later: {folded}.\n\n"
        );
    }
    out
}

/// The headlines about faults of this topology.
fn row(live: &[&Live<'_>], name: &str) -> Option<Vec<String>> {
    let mut said: Vec<Option<&Firmness>> = Vec::new();
    for live in live {
        let is_headline = |rule: &str| find(rule).is_none_or(|rule| rule.severity > Severity::Info);
        let faults = live.capture.expected.iter().filter(|fault| topology(fault) == name);
        for fault in faults.filter(|fault| is_headline(&fault.rule)) {
            let of_rule = || live.watched.headlines.iter().filter(|headline| headline.rule == fault.rule);
            let folded = live.watched.symptoms.contains(fault.rule.as_str());
            match of_rule().next() {
                None if folded => {}
                None => said.push(None),
                Some(_) => said.extend(of_rule().map(Some)),
            }
        }
    }
    let count =
        |is: fn(&&Firmness) -> bool| said.iter().flatten().filter(|headline| is(headline)).count() as u64;
    let firm = || said.iter().flatten().filter(|headline| headline.after.is_some());
    let requests = firm().filter_map(|headline| headline.after).map(|after| after as f64).collect();
    let seconds = firm().map(|headline| headline.seconds.unwrap_or(0.0)).collect();
    let of = said.len() as u64;
    (of > 0).then(|| {
        vec![
            name.to_owned(),
            of.to_string(),
            share(count(|headline| headline.is_prompt()), of),
            (of - firm().count() as u64).to_string(),
            middle(requests, 0),
            middle(seconds, 1),
        ]
    })
}
