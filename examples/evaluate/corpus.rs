//! Labelled captures: what was recorded, and what is known to be wrong with it.

use crate::Failure;
use crate::spans::{Export, decoded};
use otoscope::dump;
use otoscope::model::Batch;
use serde_json::Value;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;

/// What a label says of the span that holds a merge together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Culprit {
    /// Nothing.
    Untold,
    /// It was never received.
    Lost,
    /// Its name (or, where no span is to blame, the name of a scope or service).
    Named(String),
}

/// A fault that a label lists.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) rule: String,
    pub(crate) culprit: Culprit,
    /// How many requests the finding is about, where that was counted.
    pub(crate) requests: Option<u64>,
    /// How many spans are wrong, where that was counted.
    pub(crate) spans: Option<u64>,
    pub(crate) known_issue: Option<String>,
}

/// A capture and its label (`tools/record/README.md`).
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) healthy: bool,
    pub(crate) expected: Vec<Expected>,
    /// The label tells requests apart by `rid=N`.
    pub(crate) by_rid: bool,
    /// How many spans the label counts.
    pub(crate) spans: u64,
    /// An export each, as a reader of dumps hands them on.
    pub(crate) batches: Vec<Batch>,
}

impl Capture {
    /// The exports, decoded.
    pub(crate) fn exports(&self) -> Vec<Export> {
        self.batches.iter().map(decoded).collect()
    }

    /// Whether its label lists a rule.
    pub(crate) fn expects(&self, rule: &str) -> bool {
        self.expected.iter().any(|expected| expected.rule == rule)
    }
}

/// Every labelled capture in this directory, by name.
pub(crate) fn read(directory: &Path) -> Result<Vec<Capture>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let path = entry?.path();
        if path.join("label.json").exists() {
            found.push(path);
        }
    }
    found.sort();
    found.iter().map(|path| capture(path)).collect()
}

fn capture(path: &Path) -> Result<Capture, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |what: &str| format!("{name}: {what}");
    let label: Value = serde_json::from_str(&fs::read_to_string(path.join("label.json"))?)?;
    let findings = label["findings"].as_array().ok_or_else(|| wrong("the label has no list of findings"))?;
    let mut batches = Vec::new();
    let file = File::open(path.join("capture.jsonl"))?;
    dump::read(file, "capture.jsonl", None, &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    })?;
    Ok(Capture {
        healthy: label["healthy"]
            .as_bool()
            .ok_or_else(|| wrong("the label does not say whether it is healthy"))?,
        expected: findings
            .iter()
            .map(expected)
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("a finding without a rule"))?,
        by_rid: label["units"] == "rid",
        spans: label["counts"]["spans"].as_u64().ok_or_else(|| wrong("the label counts no spans"))?,
        batches,
        name,
    })
}

fn expected(finding: &Value) -> Option<Expected> {
    let text = |key: &str| finding[key].as_str().map(str::to_owned);
    Some(Expected {
        rule: text("rule")?,
        culprit: match finding.get("culprit") {
            None => Culprit::Untold,
            Some(Value::Null) => Culprit::Lost,
            Some(_) => Culprit::Named(text("culprit")?),
        },
        requests: finding["requests"].as_u64(),
        spans: finding["spans"].as_u64(),
        known_issue: text("known_issue"),
    })
}
