//! Which log records to list: a query, asked of some at a time, while others arrive and leave.

use crate::query::{Query, QueryError, Seen};
use crate::store::{LogKey, Store};
use std::collections::BTreeSet;
use std::time::Instant;

/// How many log records are asked at once when a filter is new; the rest between frames.
const AT_ONCE: usize = 2_000;
/// How many are between two looks at the clock.
const BETWEEN_LOOKS: usize = 64;

/// A filter of log records.
#[derive(Debug)]
pub struct LogFilter {
    text: String,
    query: Query,
    shown: BTreeSet<LogKey>,
    /// The place in the order of arrival up to which it has looked.
    looked: u64,
}

impl LogFilter {
    /// The filter that a text means; nothing for a blank one.
    pub fn parse(text: &str, seen: &Seen) -> Result<Option<Self>, QueryError> {
        let query = Query::parse_for(text, seen)?;
        let text = text.trim().to_owned();
        Ok((!query.is_empty()).then(|| Self { text, query, shown: BTreeSet::new(), looked: 0 }))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Those that match, as far as it has looked. Some may not be held any more.
    pub fn shown(&self) -> &BTreeSet<LogKey> {
        &self.shown
    }

    /// Whether it has looked at all that are held.
    pub fn is_done(&self, store: &Store) -> bool {
        store.logs_arrived_from(self.looked).next().is_none()
    }

    /// Looks at the first ones, so that there is something to draw.
    pub fn begin(&mut self, store: &Store) {
        self.look(AT_ONCE, store);
    }

    /// Looks on until then. Tells whether there is more to look at.
    pub fn work(&mut self, until: Instant, store: &Store) -> bool {
        while !self.is_done(store) {
            if Instant::now() >= until {
                return true;
            }
            self.look(BETWEEN_LOOKS, store);
        }
        false
    }

    fn look(&mut self, count: usize, store: &Store) {
        while self.shown.first().is_some_and(|key| store.log(*key).is_none()) {
            self.shown.pop_first();
        }
        for key in store.logs_arrived_from(self.looked).take(count) {
            self.looked = key.seq + 1;
            if store.log(key).is_some_and(|log| self.query.matches_log(&log)) {
                self.shown.insert(key);
            }
        }
    }
}
