//! Topologies under every condition: what was found, how it was taken apart, and who was named.

use crate::conditions::CONDITIONS;
use crate::judge::Judged;
use crate::md::{apart, interval, share, table};
use crate::results::Results;
use crate::score::{Partition, Tally};
use crate::topology::{all, of_merge, topology};
use crate::truth::{Source, source};

pub(super) fn page(results: &Results<'_>) -> String {
    let names: Vec<&str> = CONDITIONS.iter().map(|condition| condition.name).collect();
    let head: Vec<&str> = [&["topology"], names.as_slice()].concat();
    let mut out =
        "## Topologies\n\nFaults found of those that labels list, by what they look like in a trace:\n\n"
            .to_owned();
    out += &table(&head, &rows(results, found));
    out += "The labelled culprit was named (or, where it never arrives, said not to have been received), of the faults found:\n\n";
    out += &table(&head, &rows(results, named));
    out += "## Un-merging\n\nRequests found with exactly their spans, of all in traces that hold several, and F1 over pairs of spans (same\n\
            request or not). The spans of culprits belong to no request and are left out; so are requests that lost a span to the\n\
            condition.\n\n";
    out += &table(&head, &rows(results, exact));
    out += "Whether a trace was taken apart, of traces of which it is known whether they hold several requests:\n\n";
    let traces: Vec<_> =
        CONDITIONS.iter().zip(&results.judged).map(|(c, judged)| detection(c.name, judged)).collect();
    out += &table(&["condition", "merged: found", "single: taken apart", "precision", "recall"], &traces);
    out + &sources(results)
}

/// A row for each topology that has anything to tell.
fn rows(results: &Results<'_>, cell: fn(&[Judged<'_>], &str) -> String) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for name in all().into_iter().chain([WHOLE]) {
        let cells: Vec<String> = results.judged.iter().map(|judged| cell(judged, name)).collect();
        if cells.iter().any(|cell| cell != "–") {
            rows.push([vec![name.to_owned()], cells].concat());
        }
    }
    rows
}

/// The row for traces that hold one request.
const WHOLE: &str = "one request a trace";

fn found(judged: &[Judged<'_>], name: &str) -> String {
    let faults = judged.iter().flat_map(Judged::faults).filter(|(fault, ..)| topology(fault) == name);
    let found: Vec<bool> = faults.map(|(_, found, _)| found).collect();
    share(found.iter().filter(|found| **found).count() as u64, found.len() as u64)
}

fn named(judged: &[Judged<'_>], name: &str) -> String {
    let faults = judged.iter().flat_map(Judged::faults).filter(|(fault, ..)| topology(fault) == name);
    let named: Vec<bool> = faults.filter_map(|(_, _, named)| named).collect();
    share(named.iter().filter(|named| **named).count() as u64, named.len() as u64)
}

fn exact(judged: &[Judged<'_>], name: &str) -> String {
    let mut requests = Partition::default();
    for judged in judged {
        if name == WHOLE {
            requests.add(judged.single);
        } else if of_merge(judged.capture) == Some(name) {
            requests.add(judged.merged);
        }
    }
    apart(requests)
}

fn detection(name: &str, judged: &[Judged<'_>]) -> Vec<String> {
    let mut traces = Tally::default();
    for judged in judged {
        traces.hit += judged.traces.hit;
        traces.missed += judged.traces.missed;
        traces.false_alarm += judged.traces.false_alarm;
        traces.silent += judged.traces.silent;
    }
    vec![
        name.to_owned(),
        share(traces.hit, traces.real()),
        share(traces.false_alarm, traces.false_alarm + traces.silent),
        interval(traces.hit, traces.said()),
        interval(traces.hit, traces.real()),
    ]
}

/// How it is known which span belongs to which request.
fn sources(results: &Results<'_>) -> String {
    let of = |wanted: Source| {
        let names = results.captures.iter().filter(|capture| source(capture) == wanted);
        let names: Vec<String> = names.map(|capture| format!("`{}`", capture.name)).collect();
        (names.len(), names.join(", "))
    };
    let (rid, _) = of(Source::Rid);
    let (target, targets) = of(Source::Target);
    let (trace, _) = of(Source::Trace);
    let (none, nones) = of(Source::None);
    format!(
        "Where the truth comes from: in {rid} captures each visit carried a number in its URL (`rid=N`), and a span belongs to the request\n\
         whose number it or its nearest ancestor carries. In {target} ({targets}) visits had no number, and the topmost span with\n\
         `http.target` is a request. {trace} healthy captures without numbers count one request a trace. Of {none} broken ones it is not\n\
         known ({nones}).\n"
    )
}
