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
const A_SLICE: u64 = 128;
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

    /// As it was written.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// Whether a span is what is looked for.
    pub fn matches(&self, at: SpanIx, cx: &Cx<'_>) -> bool {
        let Session { store, diagnosis, .. } = cx.session;
        self.query.as_ref().is_some_and(|query| query.matches(store, diagnosis, at))
    }
}

/// The trace that is looked through, how it is drawn, what makes its slots mean something else; and how many edges are
/// cut, which only changes where rows stand.
type Ground = (TraceIx, TraceId, View, u32, usize);

/// What was there to be found.
type Sought = (Stamp, usize);

#[derive(Debug, Default)]
struct Found {
    /// In the order of the tree.
    rows: Vec<SpanIx>,
    place: HashMap<SpanIx, u32>,
    /// The places of those that match, which rise.
    hits: Vec<u32>,
    matches: u64,
    looked_at: u64,
}

impl Found {
    /// Empty, with room for what will be found: a table that grows moves all that it holds at once.
    fn again(mut self, spans: u32) -> Self {
        self.rows.clear();
        self.place.clear();
        self.hits.clear();
        let room = KEPT.min(spans as usize) + KEPT / 8;
        self.rows.reserve(room);
        self.place.reserve(room);
        (self.matches, self.looked_at) = (0, 0);
        self
    }

    fn keep(&mut self, at: SpanIx) {
        self.place.entry(at).or_insert_with(|| {
            self.rows.push(at);
            self.rows.len() as u32 - 1
        });
    }
}

/// What matches, and the rows that are left when the rest is hidden.
#[derive(Debug, Default)]
pub struct Narrow {
    wanted: Wanted,
    ground: Option<(TraceIx, TraceId, View, u32)>,
    shown: Found,
    /// All of `shown` was found in this.
    found_in: Option<Sought>,
    /// What is being looked through: where to go on, what was found, and when that began.
    looking: Option<(Option<SpanIx>, Found, Sought)>,
    /// What is shown no more: its room is used again.
    spare: Found,
}

impl Narrow {
    /// Looks for what is wanted.
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// What is looked for.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether it holds for this trace, drawn like this.
    pub fn holds(&self, (trace, id, view, evicted, _): Ground) -> bool {
        self.ground == Some((trace, id, view, evicted))
    }

    /// Looks on. Tells whether there is more to look at.
    pub fn work(&mut self, ground: Ground, stamp: Stamp, cx: &Cx<'_>) -> bool {
        let (store, view) = (&cx.session.store, ground.2);
        if !self.holds(ground) {
            let (trace, id, view, evicted, _) = ground;
            let ground = Some((trace, id, view, evicted));
            *self = Self { wanted: self.wanted.clone(), ground, ..Self::default() };
        }
        let stamp = (stamp, ground.4);
        if self.looking.is_none() {
            if self.found_in == Some(stamp) {
                return false;
            }
            let room = std::mem::take(&mut self.spare).again(store.trace(ground.0).spans);
            self.looking = Some((store.first_row(ground.0, view), room, stamp));
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
                found.hits.extend(found.place.get(&row).copied());
            }
            at = store.next_row(row, view, &unfolded);
        }
        let done = at.is_none() || found.rows.len() >= KEPT;
        if done {
            self.spare = std::mem::replace(&mut self.shown, found);
            self.found_in = Some(since);
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

    /// Which match a row is, counted from 1, where it is one; how many there are; and whether these are all.
    pub fn counted(&self, at: Option<SpanIx>) -> (Option<usize>, u64, bool) {
        let found = self.now();
        let place = at.and_then(|at| found.place.get(&at));
        let nth = place.and_then(|place| found.hits.binary_search(place).ok()).map(|nth| nth + 1);
        (nth, found.matches, self.found_in.is_some() && found.rows.len() < KEPT)
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
