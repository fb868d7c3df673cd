//! What is said of a parent that is not there, in a few words: what is known, and nothing else.

use super::{Cx, short_id};
use crate::diagnosis::{Absence, Finding};
use crate::model::time;
use crate::store::{SpanIx, View};

/// What is said of a placeholder.
pub fn words(at: SpanIx, cx: &Cx<'_>) -> String {
    let record = cx.session.store.record(at);
    let id = short_id(record.span_id, cx.look);
    let lasted = time::duration(record.duration_ns());
    let Some(absence) = cx.session.diagnosis.absence(&cx.session.store, at) else { return String::new() };
    let cause = absence.cause();
    match absence {
        Absence::Evicted | Absence::MaybeEvicted | Absence::OtherTrace(_) => format!("({id} {cause})"),
        _ if absence.is_elsewhere() => {
            // Whether other spans of the caller are here has room in a pane.
            let brief = cause.split(';').next().unwrap_or_default();
            format!("({id} {brief}, named for {lasted})")
        }
        _ => format!("({id} {cause}, open {} {lasted})", cx.look.symbols.at_least),
    }
}

/// The same for a pane, in sentences.
pub fn sentences(at: SpanIx, cx: &Cx<'_>) -> String {
    let lasted = time::duration(cx.session.store.record(at).duration_ns());
    let Some(absence) = cx.session.diagnosis.absence(&cx.session.store, at) else { return String::new() };
    let cause = absence.cause();
    let lead = "Spans below name it as their parent";
    match absence {
        Absence::Evicted => format!("{cause}; spans that were recorded under it are still held"),
        _ if absence.is_elsewhere() => {
            format!("{cause}. {lead}, from the first start to the last end for {lasted}")
        }
        _ => format!(
            "{cause}. {lead}. It was open for at least {lasted}, from the first start below it to the last end"
        ),
    }
}

/// What the rule about such parents has found in the service of what hangs below a placeholder, in its trace.
pub fn findings<'a>(at: SpanIx, cx: &Cx<'a>) -> impl Iterator<Item = &'a Finding> {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let rule = diagnosis.absence(store, at).and_then(|absence| absence.rule());
    let below = store.first_child(at, View::Recorded);
    let trace = store.trace(store.slot(at).trace).id;
    diagnosis.findings().iter().filter(move |finding| {
        rule == Some(finding.rule.id)
            && finding.trace_ids.contains(&trace)
            && below.is_some_and(|below| store.service(below) == finding.service)
    })
}

/// Whether it may still be running: its bar has no end.
pub fn may_be_open(at: SpanIx, cx: &Cx<'_>) -> bool {
    let absence = cx.session.diagnosis.absence(&cx.session.store, at);
    absence.is_some_and(|absence| absence.may_be_open())
}
