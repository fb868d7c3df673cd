//! The sweep over mutants.

use crate::corpus::Capture;
use crate::md::{apart, percent, share, table};
use crate::mutants::base::{Cell, Pool};
use crate::mutants::{FAULTS, GAPS, MERGING, Merging, REQUESTS, Result, look_alikes, strength, sweep};
use crate::truth::is_known;
use fastrand::Rng;

/// A choice of cells: its name and whether a cell is in it.
type Choice = (String, Box<dyn Fn(&Cell) -> bool>);

pub(super) fn page(captures: &[Capture]) -> String {
    let pool = Pool::of(captures, &mut Rng::with_seed(1));
    let mut out = format!(
        "## Mutants\n\n\
         **These are mutants**: healthy requests (of {} processes, half of them from the captures, half generated) into which one fault was\n\
         put. The author of the rules made them, so they guard against regressions and say nothing about the field. *Control* is the same\n\
         spans without the fault; *others* are headlines of other rules.\n\n\
         ### Merges\n\n\
         k requests ({}) of one process in one trace. Requests overlap, or follow each other after a gap. Each cell: requests found exactly,\n\
         and F1 over pairs of spans.\n\n",
        pool.groups.len(),
        REQUESTS.map(|k| k.to_string()).join(", "),
    );
    let swept: Vec<_> = MERGING.iter().map(|operator| (operator, sweep(operator, &pool))).collect();
    out += &partitions(&swept);
    out += "The same by k, over all gaps, with flags and ports known:\n\n";
    out += &by_requests(&swept);
    out += "Whether the rule spoke:\n\n";
    out += &detections(&swept);
    out += "### Other faults\n\n40 requests, one fault, of growing strength.\n\n";
    out += &faults(&pool);
    out += "### Look-alikes\n\nShapes that look like a fault and are none, in the same cells: any headline is false.\n\n";
    out + &benign(&pool)
}

type Swept<'a> = [(&'a Merging, Vec<(Cell, Result)>)];

fn sum(cells: &[(Cell, Result)], is_in: impl Fn(&Cell) -> bool) -> Result {
    let mut sum = Result::default();
    cells.iter().filter(|(cell, _)| is_in(cell)).for_each(|(_, result)| sum.add(*result));
    sum
}

fn gap(gap_ms: Option<u64>) -> String {
    gap_ms.map_or_else(|| "overlapping".to_owned(), |ms| format!("{} s", ms as f64 / 1e3))
}

fn partitions(swept: &Swept<'_>) -> String {
    let mut rows = Vec::new();
    for (operator, cells) in swept {
        for (flags, ports) in [(true, true), (true, false), (false, true), (false, false)] {
            let known = |is: bool| if is { "known" } else { "–" }.to_owned();
            let mut row = vec![operator.name.to_owned(), known(flags), known(ports)];
            for wanted in GAPS {
                let in_cell = |c: &Cell| (c.flags, c.ports, c.gap_ms) == (flags, ports, wanted);
                row.push(exact(sum(cells, in_cell)));
            }
            rows.push(row);
        }
    }
    let gaps = GAPS.map(gap);
    let head: Vec<&str> =
        ["mutant", "flags", "ports"].into_iter().chain(gaps.iter().map(String::as_str)).collect();
    table(&head, &rows)
}

fn exact(result: Result) -> String {
    let requests = result.requests;
    let f1 = requests.pair_f1().map_or_else(String::new, |f1| format!(", {f1:.2}"));
    format!("{}{f1}", percent(requests.exact, requests.units))
}

fn by_requests(swept: &Swept<'_>) -> String {
    let row = |(operator, cells): &(&Merging, Vec<(Cell, Result)>)| {
        let of = |k| exact(sum(cells, |cell| cell.requests == k && cell.flags && cell.ports));
        [vec![operator.name.to_owned()], REQUESTS.map(of).to_vec()].concat()
    };
    let ks = REQUESTS.map(|k| format!("k = {k}"));
    let head: Vec<&str> = ["mutant"].into_iter().chain(ks.iter().map(String::as_str)).collect();
    table(&head, &swept.iter().map(row).collect::<Vec<_>>())
}

fn detections(swept: &Swept<'_>) -> String {
    let choices: Vec<Choice> = vec![
        ("overlapping".to_owned(), Box::new(|cell| cell.gap_ms.is_none())),
        ("in sequence".to_owned(), Box::new(|cell| cell.gap_ms.is_some())),
        ("flags stripped".to_owned(), Box::new(|cell| !cell.flags)),
        ("ports unknown".to_owned(), Box::new(|cell| !cell.ports)),
    ];
    let row = |(operator, cells): &(&Merging, Vec<(Cell, Result)>)| {
        let of = |(_, is_in): &Choice| {
            let result = sum(cells, is_in);
            percent(result.found, result.made)
        };
        let all = sum(cells, |_| true);
        let first = vec![
            operator.name.to_owned(),
            rules(&[operator.rule]),
            all.made.to_string(),
            percent(all.found, all.made),
        ];
        let last = vec![share(all.other, all.made), control(all)];
        [first, choices.iter().map(of).collect(), last].concat()
    };
    let head: Vec<&str> = ["mutant", "rule", "n", "found"]
        .into_iter()
        .chain(choices.iter().map(|(name, _)| name.as_str()))
        .chain(["others", "control"])
        .collect();
    table(&head, &swept.iter().map(row).collect::<Vec<_>>())
}

fn rules(rules: &[&str]) -> String {
    let name = |rule: &&str| {
        if is_known(rule) { format!("`{rule}`") } else { format!("`{rule}` (no such rule yet)") }
    };
    rules.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn control(result: Result) -> String {
    share(result.control.false_alarm, result.control.false_alarm + result.control.silent)
}

fn faults(pool: &Pool) -> String {
    let mut rows = Vec::new();
    for fault in FAULTS {
        for at in fault.strengths {
            let result = strength(fault, *at, pool);
            rows.push(vec![
                format!("{}: {at} {}", fault.name, fault.unit),
                rules(fault.rules),
                percent(result.found, result.made),
                share(result.other, result.made),
                control(result),
                apart(result.requests),
            ]);
        }
    }
    table(&["mutant", "rule", "found", "others", "control", "requests left whole"], &rows)
}

fn benign(pool: &Pool) -> String {
    let mut rows = Vec::new();
    for shape in look_alikes(pool) {
        let which: Vec<String> = shape.alarms.iter().map(|(rule, n)| format!("`{rule}` {n}")).collect();
        let which = if which.is_empty() { "–".to_owned() } else { which.join(", ") };
        rows.push(vec![shape.name.to_owned(), share(shape.alarms.values().sum(), shape.made), which]);
    }
    table(&["m12 look-alike", "headlines", "by rule"], &rows)
}
