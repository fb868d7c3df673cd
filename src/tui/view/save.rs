//! Saving spans: what, then the file's name.

use super::menu::{Choice, Menu};
use super::prompt::{Advice, Prompt, Purpose, Said};
use super::{Cx, Outcome};
use crate::diagnosis::Finding;
use crate::model::TraceId;
use crate::store::{SpanIx, TraceIx, View};
use crate::tui::request::{Request, Save, Saved};
use crate::tui::text;

/// How far up the start of a request is looked for within a key press.
const DEEPEST: usize = 20_000;

/// What was offered last: a line of text that is written knows its place in it.
#[derive(Debug, Default)]
pub struct Saving {
    offered: Vec<(Saved, bool)>,
}

/// What can be saved, before it is offered.
#[derive(Debug)]
pub struct Offer {
    label: String,
    note: String,
    what: Saved,
    own_traces: bool,
    /// The start of the file's name.
    stem: String,
}

/// A trace: as it was recorded, and where it is merged, taken apart.
pub fn trace(at: TraceIx, cx: &Cx<'_>) -> Vec<Offer> {
    let trace = cx.session.store.trace(at);
    let stem = format!("trace-{:.6}", trace.id.to_string());
    let what = Saved::Traces(vec![trace.id]);
    let spans = text::plural(u64::from(trace.spans), "span");
    let requests = cx.session.diagnosis.requests(&cx.session.store, at);
    let apart = requests.map(|requests| Offer {
        label: "the trace, un-merged: every request a trace of its own".to_owned(),
        note: text::plural(requests, "request"),
        what: what.clone(),
        own_traces: true,
        stem: format!("{stem}-unmerged"),
    });
    let whole =
        Offer { label: "the trace, as recorded".to_owned(), note: spans, what, own_traces: false, stem };
    std::iter::once(whole).chain(apart).collect()
}

/// Several traces: `which` says which.
pub fn traces(ids: Vec<TraceId>, which: &str, stem: &str) -> Option<Offer> {
    let note = text::plural(ids.len() as u64, "trace");
    let (label, stem) = (format!("{which}, as recorded"), stem.to_owned());
    (!ids.is_empty()).then_some(Offer { label, note, what: Saved::Traces(ids), own_traces: false, stem })
}

/// A span with what is below it, and its trace.
pub fn span(at: SpanIx, view: View, cx: &Cx<'_>) -> Vec<Offer> {
    let store = &cx.session.store;
    let slot = store.slot(at);
    let trace_id = store.trace(slot.trace).id;
    let below = |at: SpanIx, label: &str, own_traces: bool| {
        let span = store.record(at).span_id;
        Offer {
            label: label.to_owned(),
            note: super::row::name_or_none(&store.name(at)).to_owned(),
            what: Saved::Below { trace: trace_id, span, view },
            own_traces,
            stem: format!("span-{:.6}", span.to_string()),
        }
    };
    let mut offers = vec![below(at, "the selected span with all that is below it", false)];
    if view == View::Unmerged {
        let up = |at: &SpanIx| store.parent_row(*at, view);
        let top = std::iter::successors(Some(at), up).take(DEEPEST).last().unwrap_or(at);
        if store.parent_row(top, view).is_none() {
            offers.push(below(top, "its request, as a trace of its own", true));
        }
    }
    offers.extend(trace(slot.trace, cx));
    offers
}

/// The spans that a finding lists, and the traces that they are in.
pub fn finding(finding: &Finding) -> Vec<Offer> {
    let stem = finding.rule.id.to_owned();
    let spans = Offer {
        label: "the spans that the finding lists".to_owned(),
        note: text::plural(finding.span_ids.len() as u64, "span"),
        what: Saved::Spans(finding.span_ids.clone()),
        own_traces: false,
        stem: stem.clone(),
    };
    let traces = Offer {
        label: "the traces that show it, whole".to_owned(),
        note: text::plural(finding.trace_ids.len() as u64, "trace"),
        what: Saved::Traces(finding.trace_ids.clone()),
        own_traces: false,
        stem,
    };
    let listed = [(spans, finding.span_ids.is_empty()), (traces, finding.trace_ids.is_empty())];
    listed.into_iter().filter(|(_, empty)| !empty).map(|(offer, _)| offer).collect()
}

impl Saving {
    /// The menu of what can be saved.
    pub fn offer(&mut self, offers: Vec<Offer>) -> Outcome {
        if offers.is_empty() {
            return Outcome::Notice("there is nothing to save here".to_owned());
        }
        self.offered.clear();
        let mut choices = Vec::new();
        for (at, offer) in offers.into_iter().enumerate() {
            self.offered.push((offer.what, offer.own_traces));
            let prompt = Prompt::new(Purpose::Save(at), "save as", &format!("{}.jsonl", offer.stem));
            choices.push(Choice::new(offer.label, offer.note, Outcome::Prompt(prompt)));
        }
        Outcome::Over(Box::new(Menu::new("Save", choices)))
    }

    /// Is told of the file's name.
    pub fn said(&self, place: usize, said: Said) -> Outcome {
        match (said, self.offered.get(place)) {
            (Said::Entered(name), Some(_)) if name.trim().is_empty() => {
                Outcome::Notice("not saved: a file has a name".to_owned())
            }
            (Said::Entered(name), Some((what, own_traces))) => Outcome::Ask(Request::Save(Save {
                what: what.clone(),
                own_traces: *own_traces,
                name: name.trim().to_owned(),
                replace: false,
            })),
            _ => Outcome::Done,
        }
    }

    /// What is said of a name while it is written.
    pub fn advice() -> Advice {
        Advice { note: "the ending decides the format".to_owned(), ..Advice::default() }
    }
}
