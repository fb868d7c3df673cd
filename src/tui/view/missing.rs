//! What is said of a parent that is not there, in a few words: what is known, and nothing else.

use super::{Cx, short_id};
use crate::diagnosis::Absence;
use crate::model::time;
use crate::store::SpanIx;

/// What is said of a placeholder.
pub fn words(at: SpanIx, cx: &Cx<'_>) -> String {
    let record = cx.session.store.record(at);
    let id = short_id(record.span_id, cx.look);
    let lasted = time::duration(record.duration_ns());
    let open = format!("open {} {lasted}", cx.look.symbols.at_least);
    let elsewhere = format!("{id} in another process, not received: named for {lasted}");
    let Some(absence) = cx.session.diagnosis.absence(&cx.session.store, at) else { return String::new() };
    match absence {
        Absence::Evicted => format!("({id} evicted at the memory limit)"),
        Absence::MaybeEvicted => format!("({id} not here: evicted, or never received)"),
        Absence::NotYet => format!("({id} not here yet, {open})"),
        Absence::Open => format!("({id} still open: spans keep coming from under it, {open})"),
        Absence::OpenOrLost => format!("({id} still open or lost: its process went on, {open})"),
        Absence::ProcessGone => format!("({id} lost with its process, which sends no more, {open})"),
        Absence::CutOff => format!("({id} still open at the end of the recording, or lost, {open})"),
        Absence::Lost => format!("({id} never ended or lost: its process went on, {open})"),
        Absence::OtherTrace(service) => format!("({id} is in another trace, of {service})"),
        Absence::CallerElsewhereHere => format!("({elsewhere}; other spans of that caller are here)"),
        Absence::CallerUnknown => format!("({elsewhere}; no span of that caller is here)"),
        Absence::Caller => format!("({elsewhere})"),
        Absence::Unknown => format!("({id} not received, {open})"),
    }
}

/// Whether it may still be running: its bar has no end.
pub fn may_be_open(at: SpanIx, cx: &Cx<'_>) -> bool {
    use Absence::{CutOff, NotYet, Open, OpenOrLost};
    let absence = cx.session.diagnosis.absence(&cx.session.store, at);
    matches!(absence, Some(NotYet | Open | OpenOrLost | CutOff))
}
