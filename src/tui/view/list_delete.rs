//! Deleting traces of the list, and clearing it: whatever takes more than one trace is asked first.

use super::columns::Named;
use super::list::List;
use super::list_marks::Mark;
use super::menu::{Choice, Menu};
use super::{Cx, Outcome};
use crate::model::TraceId;
use crate::store::TraceIx;
use crate::tui::keymap::Action;
use crate::tui::request::Request;
use crate::tui::text;
use crate::tui::widget::window::Rows;

/// How many columns the name of a deleted trace takes in what is said of it.
const NAME: usize = 24;

impl List {
    /// Deletes what is marked, else what is selected, but for what is pinned.
    pub(super) fn delete(&mut self, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        let mut traces: Vec<TraceId> = self.marked().collect();
        if traces.is_empty() {
            traces.extend(self.selected(cx).map(|at| store.trace(at).id));
        }
        let is_pinned = |id: &TraceId| store.find_trace(*id).is_some_and(|at| store.trace(at).pinned);
        let (kept, traces): (Vec<TraceId>, Vec<TraceId>) = traces.into_iter().partition(is_pinned);
        let (count, kept) = (traces.len(), kept.len());
        let what = match traces.as_slice() {
            [one] => store.find_trace(*one).map(|at| told(at, cx)).unwrap_or_default(),
            many => text::plural(many.len() as u64, "trace"),
        };
        let marked = if self.marked.is_empty() { "" } else { "what is marked, " };
        let label = format!("delete {marked}{what}");
        let listed = self.listing.filter().map(|_| {
            let rows = self.listing.rows(cx);
            let is_listed = |(seq, mark): (&u64, &Mark)| rows.find((*seq, mark.trace)).is_some();
            self.marked
                .iter()
                .filter(|(_, mark)| !is_pinned(&mark.trace))
                .filter(|one| is_listed(*one))
                .count()
        });
        let delete = Outcome::Ask(Request::Delete { traces, what, kept });
        match count {
            0 if kept > 0 => {
                Outcome::Notice(format!("pinned: {} first", cx.keys.name_of(Action::Pin, cx.look.symbols)))
            }
            0 => Outcome::Ignored,
            1 => delete,
            _ => {
                let pinned = match kept {
                    0 => String::new(),
                    1 => "1 more is pinned and stays; ".to_owned(),
                    kept => format!("{} more are pinned and stay; ", text::count(kept as u64)),
                };
                let listed = listed.map_or_else(String::new, |listed| match listed {
                    listed if listed == count => "all of them in this list; ".to_owned(),
                    listed => format!("{} of them in this list; ", text::count(listed as u64)),
                });
                let words = format!("{listed}{pinned}the findings and counts of what is deleted stay");
                ask("Delete?", words, Choice::new(label, "", delete))
            }
        }
    }
}

/// Asks before everything goes.
pub(super) fn clear(cx: &Cx<'_>) -> Outcome {
    let store = &cx.session.store;
    let pinned = store.pinned().len();
    let count = store.trace_count() - pinned;
    if !can_clear(cx) {
        let why = if pinned > 0 { "every trace is pinned" } else { "there is no trace" };
        return Outcome::Notice(format!("nothing to clear: {why}"));
    }
    let what = match count {
        // What was found wrong with deleted traces stays until it is cleared.
        0 => "findings".to_owned(),
        count => text::plural(count as u64, "trace"),
    };
    let words = match pinned {
        0 => "findings start anew".to_owned(),
        1 => "1 more is pinned and stays; findings start anew".to_owned(),
        pinned => format!("{} more are pinned and stay; findings start anew", text::count(pinned as u64)),
    };
    ask("Clear?", words, Choice::new(format!("clear {what}"), "", Outcome::Ask(Request::Clear)))
}

/// Whether there is a trace or a finding that clearing would delete.
pub(super) fn can_clear(cx: &Cx<'_>) -> bool {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let pinned = store.pinned().len();
    store.trace_count() > pinned || pinned == 0 && !diagnosis.findings().is_empty()
}

fn ask(title: &'static str, words: String, yes: Choice) -> Outcome {
    let keep = Choice::new("keep them", "", Outcome::Notice("nothing was deleted".to_owned()));
    Outcome::Over(Box::new(Menu::question(title, keep, yes).saying(words)))
}

/// What a trace is in a sentence: `GET /cart of shop (5 spans)`.
pub(super) fn told(at: TraceIx, cx: &Cx<'_>) -> String {
    let Named { service, name, .. } = Named::of(at, cx);
    let cut = |words: &str| text::fit(words, NAME, cx.look.symbols.ellipsis).into_owned();
    let name = name.map_or_else(|| "a trace".to_owned(), |name| cut(super::row::name_or_none(&name)));
    let of = if service.is_empty() { String::new() } else { format!(" of {}", cut(service)) };
    format!("{name}{of} ({})", text::plural(u64::from(cx.session.store.trace(at).spans), "span"))
}
