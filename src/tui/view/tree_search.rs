//! Looking for rows of the tree: what was written, errors, findings.

use super::filter;
use super::narrow::{Narrow, Wanted};
use super::prompt::{Advice, Prompt, Purpose, Said};
use super::tree::Waterfall;
use super::{Cx, Outcome};
use crate::model::{StatusCode, TraceId};
use crate::query::Query;
use crate::store::{SpanIx, View};
use crate::tui::text;
use crate::tui::widget::window::Rows;

/// How many rows a key looks at in search of the next error, finding or match, before the next frame.
const SEARCH: usize = 2_000;
/// How many rows are looked at in one go between two frames, of which there are several.
const A_SLICE: usize = 256;
/// How many columns of what is looked for the title shows.
const TERM: usize = 24;
/// How many spans are looked at for what may be written next, with every letter.
const LEARNT: usize = 1_000;

impl Waterfall {
    /// Asks what is to be looked for.
    pub(super) fn ask(&mut self, cx: &Cx<'_>) -> Outcome {
        self.seen.look(&cx.session.store, LEARNT);
        let wanted = std::mem::take(&mut self.wanted);
        self.before = Some((wanted, self.window.clone(), self.zoom.clone(), self.shown.hidden));
        Outcome::Prompt(Prompt::new(Purpose::Search, "/", ""))
    }

    /// Is told of what is looked for: goes to the first match while it is written.
    pub fn said(&mut self, said: &Said, cx: &Cx<'_>) -> Outcome {
        match said {
            Said::Changed(text) => {
                if let Some((_, window, zoom, _)) = &self.before {
                    (self.window, self.zoom) = (window.clone(), zoom.clone());
                }
                self.seen.look(&cx.session.store, LEARNT);
                self.hunt = None;
                self.wanted = Wanted::new(text, &self.seen);
                self.narrow_anew(cx);
                if self.wanted.is_empty() { Outcome::Done } else { self.search_matches(true, cx) }
            }
            Said::Entered(text) => {
                // The line says what is wrong, and can be mended there.
                if Query::parse_for(text, &self.seen).is_err() {
                    return Outcome::Again;
                }
                self.before = None;
                let there = self.selected(cx).is_some_and(|at| self.wanted.matches(at, cx));
                if self.wanted.is_empty() || self.hunt.is_some() || there {
                    return Outcome::Done;
                }
                Outcome::Notice(What::Match.nowhere(&self.wanted))
            }
            Said::Cancelled => {
                self.go_back(cx);
                Outcome::Done
            }
        }
    }

    /// Gives up what is being written: what was looked for before is looked for again, from where that was.
    fn go_back(&mut self, cx: &Cx<'_>) {
        self.hunt = None;
        let before = self.before.take();
        let hidden = before.as_ref().is_some_and(|(.., hidden)| *hidden);
        if let Some((wanted, window, zoom, _)) = before {
            (self.wanted, self.window, self.zoom) = (wanted, window, zoom);
        }
        self.narrow_anew(cx);
        self.shown.hidden = hidden && self.shown.narrow.is_some();
    }

    /// Looks for nothing any more. Nothing where nothing was looked for.
    pub fn end_search(&mut self, cx: &Cx<'_>) -> Option<Outcome> {
        let hunted = self.hunt.take().is_some();
        if self.wanted.is_empty() {
            return hunted.then(|| Outcome::Notice("the search is given up".to_owned()));
        }
        let (selected, was_hidden) = (self.selected(cx), self.shown.hidden);
        self.wanted = Wanted::default();
        self.narrow_anew(cx);
        // It may be folded away among the rows that are shown again.
        if let Some(at) = selected.filter(|_| was_hidden) {
            self.reveal(at, cx);
        }
        Some(Outcome::Notice("nothing is looked for any more".to_owned()))
    }

    /// What is looked for, and which of how many matches is selected, for the title.
    pub(super) fn sought(&self, selected: Option<SpanIx>, cx: &Cx<'_>) -> Option<(String, String)> {
        let ellipsis = cx.look.symbols.ellipsis;
        let searching = self.hunt.as_ref().map(|_| format!("searching{ellipsis}"));
        if self.wanted.is_empty() {
            return searching.map(|words| (String::new(), words));
        }
        let (nth, matches, whole) = self.shown.narrow.as_ref()?.counted(selected);
        let more = if whole { "" } else { "+" };
        let all = text::count(matches);
        let state = searching.unwrap_or_else(|| match (nth, matches) {
            (Some(nth), _) => format!("{} of {all}{more}", text::count(nth as u64)),
            (None, 0) if whole => "no match".to_owned(),
            (None, 0) => format!("searching{ellipsis}"),
            (None, 1) if whole => "1 match".to_owned(),
            (None, _) => format!("{all}{more} matches"),
        });
        let term = text::fit(self.wanted.text(), TERM, ellipsis).into_owned();
        Some((format!("/{term}"), format!(" {state}")))
    }

    /// What is wrong with it, and what may be looked for.
    pub fn advice(&self, text: &str, cursor: usize) -> Advice {
        let wrong = Query::parse_for(text, &self.seen).err().map(|wrong| (wrong.at, wrong.to_string()));
        let note = "Enter, then n and N go on, & hides the rest".to_owned();
        Advice { wrong, note, completions: filter::completions(text, cursor, &self.seen) }
    }

    /// Hides everything but what is looked for, or shows it again.
    pub(super) fn hide_rest(&mut self, cx: &Cx<'_>) -> Outcome {
        if self.shown.hidden {
            let selected = self.selected(cx);
            self.shown.hidden = false;
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
        self.shown.hidden = true;
        self.look_on(cx);
        self.window.choose();
        Outcome::Done
    }

    /// What is looked for has changed: so do the matches, and what is hidden.
    fn narrow_anew(&mut self, cx: &Cx<'_>) {
        let known = self.shown.narrow.as_ref().is_some_and(|narrow| *narrow.wanted() == self.wanted);
        if !known {
            let wanted = self.wanted.clone();
            self.shown.narrow = (!wanted.is_empty()).then(|| Narrow::new(wanted));
            self.shown.hidden &= self.shown.narrow.is_some();
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
        self.search(cx, down, What::Error)
    }

    pub(super) fn search_findings(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        if self.shown.tree(cx).is_none_or(|tree| diagnosis.worst(store, tree.trace).is_none()) {
            return Outcome::Notice("no fault was found in this trace (hints aside)".to_owned());
        }
        self.search(cx, down, What::Finding)
    }

    pub(super) fn search_matches(&mut self, down: bool, cx: &Cx<'_>) -> Outcome {
        if self.wanted.is_empty() {
            return Outcome::Notice("nothing is looked for: / starts a search".to_owned());
        }
        self.search(cx, down, What::Match)
    }

    /// Looks for a row, folded ones too, and starts over at the end. What a key has no time for is done between frames;
    /// until it is found, what is selected stays selected.
    fn search(&mut self, cx: &Cx<'_>, down: bool, what: What) -> Outcome {
        if self.hunt.as_ref().is_some_and(|hunt| (hunt.what, hunt.down) == (what, down)) {
            return Outcome::Done;
        }
        self.hunt = None;
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        let selected = self.selected(cx);
        let Some(from) = selected.or_else(|| tree.first()) else {
            return Outcome::Notice(what.nowhere(&self.wanted));
        };
        let held = cx.session.store.trace(tree.trace);
        let hunt = Hunt {
            what,
            down,
            ground: (held.id, tree.view, held.evicted),
            selected,
            from,
            at: from,
            wrapped: false,
            looked_at: 0,
        };
        self.go_on(hunt, SEARCH, cx)
    }

    /// Goes on with a search between frames. Tells whether there is more to look at.
    pub(super) fn hunt_on(&mut self, cx: &Cx<'_>) -> bool {
        let Some(hunt) = self.hunt.take() else { return false };
        let held = self.shown.tree(cx).map(|tree| {
            let held = cx.session.store.trace(tree.trace);
            (held.id, tree.view, held.evicted)
        });
        // Whoever goes elsewhere looks for it no more.
        if held != Some(hunt.ground) || self.selected(cx) != hunt.selected {
            return false;
        }
        if let Outcome::Notice(words) = self.go_on(hunt, A_SLICE, cx) {
            self.told = Some(words);
        }
        self.hunt.is_some()
    }

    /// Looks at so many more rows.
    fn go_on(&mut self, mut hunt: Hunt, rows: usize, cx: &Cx<'_>) -> Outcome {
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        let (store, trace, view, narrow) = (&cx.session.store, tree.trace, tree.view, tree.narrow());
        let unfolded = |_| false;
        let step = |at| match (narrow, hunt.down) {
            (Some(narrow), _) => narrow.beside(at, !hunt.down),
            (None, true) => store.next_row(at, view, &unfolded),
            (None, false) => store.prev_row(at, view, &unfolded),
        };
        let start = || match (narrow, hunt.down) {
            (Some(narrow), true) => narrow.first(),
            (Some(narrow), false) => narrow.last(),
            (None, true) => store.first_row(trace, view),
            (None, false) => store.last_row(trace, view, &unfolded),
        };
        // Rows may change places meanwhile: it must come to an end even if it never comes by where it began.
        let most = 2 * u64::from(store.trace(trace).spans) + SEARCH as u64;
        let (mut found, mut over) = (false, false);
        for _ in 0..rows {
            let next = step(hunt.at);
            hunt.wrapped |= next.is_none();
            let Some(row) = next.or_else(start) else {
                over = true;
                break;
            };
            (hunt.at, hunt.looked_at) = (row, hunt.looked_at + 1);
            found = hunt.what.is(row, &self.wanted, cx);
            over = row == hunt.from || hunt.looked_at > most;
            if found || over {
                break;
            }
        }
        match (found, over) {
            (true, true) => Outcome::Notice(hunt.what.only_here(&self.wanted)),
            (true, false) => {
                self.reveal(hunt.at, cx);
                if hunt.wrapped {
                    return Outcome::Notice("search started over".to_owned());
                }
                Outcome::Done
            }
            (false, true) => Outcome::Notice(hunt.what.nowhere(&self.wanted)),
            (false, false) => {
                self.hunt = Some(hunt);
                Outcome::Done
            }
        }
    }
}

/// What a key goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Error,
    Finding,
    /// What was written.
    Match,
}

impl What {
    fn is(self, at: SpanIx, wanted: &Wanted, cx: &Cx<'_>) -> bool {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        match self {
            Self::Error => store.record(at).status() == StatusCode::Error,
            Self::Finding => diagnosis.is_culprit(at) || diagnosis.mark(store, at).is_some(),
            Self::Match => wanted.matches(at, cx),
        }
    }

    fn nowhere(self, wanted: &Wanted) -> String {
        match self {
            Self::Error => "no row with an error status".to_owned(),
            Self::Finding => "no row with a finding".to_owned(),
            Self::Match => format!("no span matches {}", wanted.text()),
        }
    }

    fn only_here(self, wanted: &Wanted) -> String {
        match self {
            Self::Error => "no other row with an error status".to_owned(),
            Self::Finding => "no other row with a finding".to_owned(),
            Self::Match => format!("no other span matches {}", wanted.text()),
        }
    }
}

/// A search that is under way.
#[derive(Debug)]
pub struct Hunt {
    what: What,
    down: bool,
    /// The trace that is looked through, how it is drawn, and what makes its slots mean something else.
    ground: (TraceId, View, u32),
    /// What was selected when it began.
    selected: Option<SpanIx>,
    /// Where it began, and the row that was looked at last.
    from: SpanIx,
    at: SpanIx,
    wrapped: bool,
    looked_at: u64,
}
