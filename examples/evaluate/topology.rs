//! What a fault looks like in a trace: by the rule of its label, and whether the culprit was received.

use crate::corpus::{Capture, Culprit, Expected};
use crate::truth::{is_merge, section};

/// Rule, whether the culprit was never received where that makes a difference, and the name.
const TOPOLOGIES: &[(&str, Option<bool>, &str)] = &[
    ("merged-under-local-span", Some(false), "hub, received"),
    ("merged-under-local-span", Some(true), "hub, phantom"),
    ("request-inherits-finished-request", None, "ended parent"),
    ("fixed-remote-parent", None, "fixed remote parent"),
    ("trace-id-collision", None, "id collision"),
    ("span-id-collision", None, "id collision"),
    ("client-span-adopted-by-many-requests", None, "fan-out CLIENT"),
    ("ever-growing-trace", None, "ever-growing trace"),
    ("long-lived-connection-trace", None, "long connection"),
    ("background-loop-inherits-request", None, "background loop"),
    ("cross-talk", None, "cross-talk"),
    ("broken-hop", None, "broken hop"),
    ("missing-local-parent", None, "lost parent"),
    ("work-outside-request", None, "lost context"),
];

/// The names for everything else, by section.
const SECTIONS: &[(char, &str)] = &[
    ('A', "wrong kind"),
    ('C', "other faults of context"),
    ('D', "wrong times"),
    ('E', "wrong identity"),
    ('F', "wrong names, status, values"),
];

/// Its name.
pub(crate) fn topology(fault: &Expected) -> &'static str {
    let lost = fault.culprit == Culprit::Lost;
    let fits = |(rule, is_lost, _): &&(&str, Option<bool>, &str)| {
        *rule == fault.rule && is_lost.is_none_or(|is_lost| is_lost == lost)
    };
    let of_section =
        || SECTIONS.iter().find(|(letter, _)| *letter == section(&fault.rule)).map(|(_, name)| *name);
    TOPOLOGIES.iter().find(fits).map(|(_, _, name)| *name).or_else(of_section).unwrap_or("no rule for it yet")
}

/// Every name, in the order of the tables.
pub(crate) fn all() -> Vec<&'static str> {
    let mut names: Vec<&str> = TOPOLOGIES.iter().map(|(_, _, name)| *name).collect();
    names.extend(SECTIONS.iter().map(|(_, name)| *name));
    names.push("no rule for it yet");
    names.dedup();
    names
}

/// How the requests of a capture are merged, if they are.
pub(crate) fn of_merge(capture: &Capture) -> Option<&'static str> {
    capture.expected.iter().find(|fault| is_merge(&fault.rule)).map(topology)
}
