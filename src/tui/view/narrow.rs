//! What is looked for in a trace, and the rows that are left when everything else is hidden: spans that match and what
//! they hang under, collected in slices.

use super::Cx;
use super::runs::Stamp;
use crate::model::TraceId;
use crate::query::{Query, Seen};
use crate::session::Session;
use crate::store::{SpanIx, TraceIx, View};
use crate::tui::text;
use std::collections::HashMap;
use std::rc::Rc;

/// How many spans are looked at in one go, of which there are several between two frames.
const A_SLICE: u64 = 512;
/// How many rows are kept at most.
const KEPT: usize = 100_000;

/// What is looked for: a query, as in the list of traces.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// As it was written.
    text: String,
    /// What it means; nothing while it means nothing.
    query: Option<Rc<Query>>,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Wanted {
    /// What a text asks for; nothing is found by one that is no query.
    pub fn new(text: &str, seen: &Seen) -> Self {
        let query = Query::parse_for(text, seen).ok().filter(|query| !query.is_empty()).map(Rc::new);
        Self { text: text.to_owned(), query }
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.query.is_none()
    }

    /// Whether a span is what is looked for.
    pub fn matches(&self, at: SpanIx, cx: &Cx<'_>) -> bool {
        let Session { store, diagnosis, .. } = cx.session;
        self.query.as_ref().is_some_and(|query| query.matches(store, diagnosis, at))
    }
}

/// The trace that was looked through, how it was drawn, and what makes its slots mean something else.
type Ground = (TraceIx, TraceId, View, u32, usize);

#[derive(Debug, Default)]
struct Found {
    /// In the order of the tree.
    rows: Vec<SpanIx>,
    place: HashMap<SpanIx, u32>,
    matches: u64,
    looked_at: u64,
}

impl Found {
    fn keep(&mut self, at: SpanIx) {
        self.place.entry(at).or_insert_with(|| {
            self.rows.push(at);
            self.rows.len() as u32 - 1
        });
    }
}

/// The rows that are left.
#[derive(Debug, Default)]
pub struct Narrow {
    wanted: Wanted,
    ground: Option<Ground>,
    shown: Found,
    /// All of `shown` was found in this.
    found_in: Option<Stamp>,
    /// What is being looked through: where to go on, what was found, and when that began.
    looking: Option<(Option<SpanIx>, Found, Stamp)>,
}

impl Narrow {
    /// Hides what is not wanted.
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// What is looked for.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether it holds for this trace, drawn like this.
    pub fn holds(&self, ground: Ground) -> bool {
        self.ground == Some(ground)
    }

    /// Looks on. Tells whether there is more to look at.
    pub fn work(&mut self, ground: Ground, stamp: Stamp, cx: &Cx<'_>) -> bool {
        let (store, view) = (&cx.session.store, ground.2);
        if self.ground != Some(ground) {
            *self = Self { wanted: self.wanted.clone(), ground: Some(ground), ..Self::default() };
        }
        if self.looking.is_none() {
            if self.found_in == Some(stamp) {
                return false;
            }
            self.looking = Some((store.first_row(ground.0, view), Found::default(), stamp));
        }
        let Some((mut at, mut found, since)) = self.looking.take() else { return false };
        let mut left = A_SLICE;
        let unfolded = |_| false;
        let mut above = Vec::new();
        while let Some(row) = at.filter(|_| left > 0 && found.rows.len() < KEPT) {
            left -= 1;
            found.looked_at += 1;
            if self.wanted.matches(row, cx) {
                found.matches += 1;
                let up = std::iter::successors(store.parent_row(row, view), |at| store.parent_row(*at, view));
                above.extend(up.take_while(|at| !found.place.contains_key(at)));
                above.drain(..).rev().for_each(|at| found.keep(at));
                found.keep(row);
            }
            at = store.next_row(row, view, &unfolded);
        }
        let done = at.is_none() || found.rows.len() >= KEPT;
        if done {
            (self.shown, self.found_in) = (found, Some(since));
            return since != stamp;
        }
        self.looking = Some((at, found, since));
        true
    }

    fn now(&self) -> &Found {
        match &self.looking {
            // What was found before is shown until what is there now is known.
            Some((_, found, _)) if self.found_in.is_none() => found,
            _ => &self.shown,
        }
    }

    /// Whether a row is left.
    pub fn has(&self, at: SpanIx) -> bool {
        self.now().place.contains_key(&at)
    }

    /// The first row that is left.
    pub fn first(&self) -> Option<SpanIx> {
        self.now().rows.first().copied()
    }

    /// The last row that is left.
    pub fn last(&self) -> Option<SpanIx> {
        self.now().rows.last().copied()
    }

    /// The row that is left before or after another.
    pub fn beside(&self, at: SpanIx, back: bool) -> Option<SpanIx> {
        let found = self.now();
        let place = *found.place.get(&at)? as usize;
        found.rows.get(if back { place.checked_sub(1)? } else { place + 1 }).copied()
    }

    /// `12 of 340 spans match`, and how far that was looked for.
    pub fn words(&self, spans: u32) -> String {
        let found = self.now();
        let (matches, all) = (text::count(found.matches), text::count(u64::from(spans)));
        if self.found_in.is_none() {
            return format!("{matches} match among the first {} of {all}", text::count(found.looked_at));
        }
        if found.rows.len() >= KEPT {
            return format!("the first {matches} that match, among {}", text::count(found.looked_at));
        }
        format!("{matches} of {all} match")
    }
}
