//! Every labelled capture, as `examples/evaluate` reads them: what the label lists is found, nothing else is, whatever
//! the order; and live nothing firm is taken back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]
#![allow(dead_code, reason = "the evaluation needs more of these files than its guard")]

#[path = "../examples/evaluate/conditions.rs"]
mod conditions;
#[path = "../examples/evaluate/corpus.rs"]
mod corpus;
#[path = "../examples/evaluate/judge.rs"]
mod judge;
#[path = "../examples/evaluate/live.rs"]
mod live;
#[path = "../examples/evaluate/run.rs"]
mod run;
#[path = "../examples/evaluate/score.rs"]
mod score;
#[path = "../examples/evaluate/spans.rs"]
mod spans;
#[path = "../examples/evaluate/truth.rs"]
mod truth;

use corpus::Capture;
use fastrand::Rng;
use otoscope::diagnosis::State;
use otoscope::model::Batch;
use otoscope::report::{Checked, REPORTS};
use otoscope::session::{Clock, Session};
use serde_json::Value;
use spans::{alone, apart};
use std::path::Path;

type Failure = Box<dyn std::error::Error>;

fn captures() -> Vec<Capture> {
    let captures = corpus::read(Path::new("tests/captures")).unwrap();
    assert!(captures.len() >= 24, "{}", captures.len());
    captures
}

/// What is wrong with the verdict on a capture, a sentence each.
fn complaints(capture: &Capture) -> Vec<String> {
    let mut out = Vec::new();
    let held: usize = capture.batches.iter().map(|batch| batch.records.len()).sum();
    if held as u64 != capture.spans {
        out.push(format!("{held} spans were read, {} are labelled", capture.spans));
    }
    for judged in judge::judge(capture, &conditions::CONDITIONS[0]) {
        for (fault, found, named) in judged.faults() {
            if !truth::is_known(&fault.rule) {
                out.push(format!("there is no rule {}", fault.rule));
            } else if !found {
                out.push(format!("{} is missed", fault.rule));
            } else if judged.outcome.of(&fault.rule).all(|finding| finding.state == State::Provisional) {
                out.push(format!("{} is provisional at the end", fault.rule));
            }
            if named == Some(false) {
                out.push(format!("{}: its culprit is {:?}", fault.rule, fault.culprit));
            }
        }
        out.extend(judged.differences());
        out.extend(judged.wrong.iter().map(|finding| format!("{}: {}", finding.rule.id, finding.message)));
        for requests in [judged.merged, judged.single] {
            if requests.exact < requests.units {
                out.push(format!("{} of {} requests are exact", requests.exact, requests.units));
            }
        }
    }
    out.iter().map(|complaint| format!("{}: {complaint}", capture.name)).collect()
}

#[test]
fn every_capture_is_judged_by_its_label() {
    let complaints: Vec<String> = captures().iter().flat_map(complaints).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The report for machines, without what it says of the input.
fn report(batches: impl IntoIterator<Item = Batch>) -> Value {
    let mut session = Session::new(run::MEMORY, Clock::Stream);
    batches.into_iter().for_each(|batch| session.take(batch));
    session.finish();
    let json = REPORTS.iter().find(|report| report.name == "json").unwrap();
    let text = (json.write)(&Checked::new(&session));
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report.as_object_mut().unwrap().remove("input").unwrap();
    report
}

/// Runs a capture in another order and compares.
fn same(capture: &Capture, what: &str, batches: impl IntoIterator<Item = Batch>) {
    let (mut expected, mut found) = (report(capture.batches.clone()), report(batches));
    if capture.expects("span-id-collision") {
        // Of two spans with one id in one trace, nobody knows whose a child is.
        for report in [&mut expected, &mut found] {
            report["requests"].take();
        }
    }
    [&mut expected, &mut found].into_iter().for_each(without_repetition);
    assert!(found == expected, "{}, {what}: {found:#}\n\nin the recorded order: {expected:#}", capture.name);
}

/// Takes away the one rule that is about being delivered again; what explains a finding is told by its rule.
fn without_repetition(report: &mut Value) {
    let findings = report["findings"].as_array_mut().unwrap();
    let rules: Vec<Value> = findings.iter().map(|finding| finding["rule"].clone()).collect();
    for finding in findings.iter_mut() {
        if let Some(above) = finding["folded_under"].as_u64() {
            finding["folded_under"] = rules[above as usize].clone();
        }
    }
    findings.retain(|finding| finding["rule"] != "duplicate-span");
}

#[test]
fn neither_order_nor_repetition_changes_what_is_found() {
    let mut rng = Rng::with_seed(4);
    for capture in captures() {
        let mut lines = capture.batches.clone();
        rng.shuffle(&mut lines);
        same(&capture, "exports shuffled", lines.clone());
        same(&capture, "sent twice", lines.iter().chain(&capture.batches).cloned());
        let mut sent = apart(&capture.exports());
        rng.shuffle(&mut sent);
        same(&capture, "spans shuffled", sent.iter().map(alone));
    }
}

#[test]
fn live_nothing_firm_is_taken_back_or_said_of_healthy_programs() {
    for capture in captures() {
        for delivery in live::DELIVERIES {
            let watched = live::watch(&capture, delivery);
            assert_eq!(watched.withdrawn, [""; 0], "{}, {}", capture.name, delivery.name);
            let firm = watched.unknown.iter().filter(|(_, state)| state == "firm");
            assert!(
                !capture.healthy || firm.count() == 0,
                "{}, {}: {watched:?}",
                capture.name,
                delivery.name
            );
        }
    }
}
