//! Looking for rows of the tree: what was written, errors, findings.

use super::filter;
use super::narrow::{Narrow, Wanted};
use super::prompt::{Advice, Prompt, Purpose, Said};
use super::tree::Waterfall;
use super::{Cx, Outcome};
use crate::model::StatusCode;
use crate::query::Query;
use crate::store::SpanIx;
use crate::tui::text;
use crate::tui::widget::window::Rows;

/// How many rows a key looks at in search of the next error, finding or match: some milliseconds.
const SEARCH: usize = 5_000;
/// How many spans are looked at for what may be written next, with every letter.
const LEARNT: usize = 1_000;

impl Waterfall {
    /// Asks what is to be looked for.
    pub(super) fn ask(&mut self, cx: &Cx<'_>) -> Outcome {
        self.seen.look(&cx.session.store, LEARNT);
        self.before = Some((std::mem::take(&mut self.wanted), self.window.clone()));
        Outcome::Prompt(Prompt::new(Purpose::Search, "/", ""))
    }

    /// Is told of what is looked for: goes to the first match while it is written.
    pub fn said(&mut self, said: &Said, cx: &Cx<'_>) -> Outcome {
        match said {
            Said::Changed(text) => {
                if let Some((_, from)) = &self.before {
                    self.window = from.clone();
                }
                self.seen.look(&cx.session.store, LEARNT);
                self.wanted = Wanted::new(text, &self.seen);
                self.narrow_anew(cx);
                if self.wanted.is_empty() { Outcome::Done } else { self.search_matches(true, cx) }
            }
            Said::Entered(_) => Outcome::Done,
            Said::Cancelled => {
                if let Some((wanted, window)) = self.before.take() {
                    (self.wanted, self.window) = (wanted, window);
                }
                self.narrow_anew(cx);
                Outcome::Done
            }
        }
    }

    /// What is wrong with it, and what may be looked for.
    pub fn advice(&self, text: &str, cursor: usize) -> Advice {
        let wrong = Query::parse_for(text, &self.seen).err().map(|wrong| (wrong.at, wrong.to_string()));
        let note = "Enter, then n and N go on, & hides the rest".to_owned();
        Advice { wrong, note, completions: filter::completions(text, cursor, &self.seen) }
    }

    /// Hides everything but what is looked for, or shows it again.
    pub(super) fn hide_rest(&mut self, cx: &Cx<'_>) -> Outcome {
        if self.shown.narrow.is_some() {
            let selected = self.selected(cx);
            self.shown.narrow = None;
            if let Some(at) = selected {
                self.reveal(at, cx);
            }
            return Outcome::Notice("all rows are shown again".to_owned());
        }
        if self.wanted.is_empty() {
            return Outcome::Notice(
                "nothing is looked for: / starts a search, & then hides the rest".to_owned(),
            );
        }
        self.shown.narrow = Some(Narrow::new(self.wanted.clone()));
        self.look_on(cx);
        self.window.choose();
        Outcome::Done
    }

    /// What is looked for has changed: so does what is hidden.
    fn narrow_anew(&mut self, cx: &Cx<'_>) {
        if self.shown.narrow.as_ref().is_some_and(|narrow| *narrow.wanted() != self.wanted) {
            let wanted = self.wanted.clone();
            self.shown.narrow = (!wanted.is_empty()).then(|| Narrow::new(wanted));
            self.look_on(cx);
        }
    }

    /// Looks for what is wanted in the next spans. Tells whether there are more.
    pub(super) fn look_on(&mut self, cx: &Cx<'_>) -> bool {
        let Some((ground, stamp)) = self.shown.tree(cx).map(|tree| (tree.ground(), tree.stamp())) else {
            return false;
        };
        self.shown.narrow.as_mut().is_some_and(|narrow| narrow.work(ground, stamp, cx))
    }

    pub(super) fn search_errors(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        if self.shown.tree(cx).is_none_or(|tree| store.trace(tree.trace).errors == 0) {
            return Outcome::Notice("no span of this trace has an error status".to_owned());
        }
        let wanted = |at| store.record(at).status() == StatusCode::Error;
        self.search(cx, down, "an error status", wanted)
    }

    pub(super) fn search_findings(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        if self.shown.tree(cx).is_none_or(|tree| diagnosis.worst(store, tree.trace).is_none()) {
            return Outcome::Notice("nothing was found wrong in this trace".to_owned());
        }
        let wanted = |at| diagnosis.is_culprit(at) || diagnosis.mark(store, at).is_some();
        self.search(cx, down, "a finding", wanted)
    }

    pub(super) fn search_matches(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        if self.wanted.is_empty() {
            return Outcome::Notice("nothing is looked for: / starts a search".to_owned());
        }
        let wanted = self.wanted.clone();
        self.search(cx, down, "that", |at| wanted.matches(at, cx))
    }

    /// Looks for a row, folded ones too, and starts over at the end.
    fn search(&mut self, cx: &Cx<'_>, down: bool, what: &str, wanted: impl Fn(SpanIx) -> bool) -> Outcome {
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        let (store, trace, view, narrow) = (&cx.session.store, tree.trace, tree.view, tree.narrow());
        let Some(from) = self.selected(cx).or_else(|| tree.first()) else {
            return Outcome::Notice(format!("no row with {what}"));
        };
        let unfolded = |_| false;
        let step = |at| match (narrow, down) {
            (Some(narrow), _) => narrow.beside(at, !down),
            (None, true) => store.next_row(at, view, &unfolded),
            (None, false) => store.prev_row(at, view, &unfolded),
        };
        let start = || match (narrow, down) {
            (Some(narrow), true) => narrow.first(),
            (Some(narrow), false) => narrow.last(),
            (None, true) => store.first_row(trace, view),
            (None, false) => store.last_row(trace, view, &unfolded),
        };
        let (mut at, mut wrapped, mut found) = (from, false, false);
        for _ in 0..SEARCH {
            let next = step(at);
            wrapped |= next.is_none();
            let Some(row) = next.or_else(start) else { break };
            at = row;
            found = wanted(at);
            if found || at == from {
                break;
            }
        }
        if found || at != from {
            self.reveal(at, cx);
        }
        match (found, at == from) {
            (true, true) => Outcome::Notice(format!("no other row with {what}")),
            (true, false) if wrapped => Outcome::Notice("search started over".to_owned()),
            (true, false) => Outcome::Done,
            (false, true) => Outcome::Notice(format!("no row with {what}")),
            (false, false) => Outcome::Notice(format!(
                "no row with {what} among {}; again to go on",
                text::count(SEARCH as u64)
            )),
        }
    }
}
