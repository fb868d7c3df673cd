//! The columns of the list of traces: what each is called, what it sorts by, and where it is.

use super::Cx;
use crate::store::{TraceIx, View};
use std::borrow::Cow;
use std::ops::Range;

/// How many characters of a text are sorted by.
const SORTED: usize = 48;

/// What the list can be sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Column {
    /// The order in which the first spans arrived.
    #[default]
    Arrival,
    /// The worst finding.
    Finding,
    /// The service of the root.
    Service,
    /// The name of the root.
    Name,
    /// How many spans.
    Spans,
    /// How many requests a merged trace holds.
    Requests,
    /// How long it took.
    Duration,
    /// How many spans have an error status.
    Errors,
    /// When the last span arrived.
    Age,
}

/// Every column in the order in which a key goes through them.
const COLUMNS: [Column; 9] = [
    Column::Arrival,
    Column::Finding,
    Column::Service,
    Column::Name,
    Column::Spans,
    Column::Requests,
    Column::Duration,
    Column::Errors,
    Column::Age,
];

/// What a trace is sorted by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Key {
    /// A number.
    Number(u64),
    /// A text, in lower case.
    Text(Box<str>),
}

impl Column {
    /// The column after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let at = COLUMNS.iter().position(|column| *column == self).map_or(0, |at| at + 1);
        COLUMNS[at % COLUMNS.len()]
    }

    /// What it is called above the rows.
    pub fn head(self) -> &'static str {
        match self {
            Self::Arrival | Self::Finding => "",
            Self::Service => "service",
            Self::Name => "root",
            Self::Spans => "spans",
            Self::Requests => "reqs",
            Self::Duration => "duration",
            Self::Errors => "errs",
            Self::Age => "age",
        }
    }

    /// What it is called in a sentence, and which end of it comes first.
    pub fn words(self, inverted: bool) -> (&'static str, &'static str) {
        let (name, first, last) = match self {
            Self::Arrival => ("arrival", "oldest first", "newest first"),
            Self::Finding => ("worst finding", "worst first", "worst last"),
            Self::Service => ("service", "A to Z", "Z to A"),
            Self::Name => ("root name", "A to Z", "Z to A"),
            Self::Spans => ("spans", "most first", "fewest first"),
            Self::Requests => ("requests", "most first", "fewest first"),
            Self::Duration => ("duration", "longest first", "shortest first"),
            Self::Errors => ("errors", "most first", "fewest first"),
            Self::Age => ("age", "youngest first", "oldest first"),
        };
        (name, if inverted { last } else { first })
    }

    /// Whether the largest comes first as long as nobody inverts it: what one looks for is at the top.
    pub fn descends(self) -> bool {
        !matches!(self, Self::Arrival | Self::Service | Self::Name)
    }

    /// What a trace is sorted by.
    pub fn key(self, at: TraceIx, cx: &Cx<'_>) -> Key {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        let trace = store.trace(at);
        let text = |text: &str| {
            let lower = text.chars().take(SORTED).flat_map(char::to_lowercase);
            Key::Text(lower.collect::<String>().into())
        };
        Key::Number(match self {
            Self::Arrival => 0,
            Self::Finding => diagnosis.worst(store, at).map_or(0, |severity| severity as u64 + 1),
            Self::Service => return text(named(at, cx).0),
            Self::Name => return text(&named(at, cx).1.unwrap_or_default()),
            Self::Spans => u64::from(trace.spans),
            Self::Requests => diagnosis.requests(store, at).unwrap_or(0),
            Self::Duration => trace.duration_ns(),
            Self::Errors => u64::from(trace.errors),
            Self::Age => trace.last_arrived_ns,
        })
    }
}

/// The service of a trace, and the name of its root where that was received.
pub fn named<'a>(at: TraceIx, cx: &Cx<'a>) -> (&'a str, Option<Cow<'a, str>>) {
    let store = &cx.session.store;
    let root = store.first_row(at, View::Recorded);
    let held = root.filter(|root| store.slot(*root).is_held());
    // The root may be missing; what hangs under it still says whose trace it is.
    let known = held.or_else(|| store.first_row(at, View::Unmerged)).or(root);
    let known =
        known.map(|at| store.first_child(at, View::Recorded).filter(|_| held.is_none()).unwrap_or(at));
    let service = known.filter(|at| store.slot(*at).is_held()).map_or("", |at| store.service(at));
    (service, held.map(|root| store.name(root)))
}

/// Which columns there is room for, and how wide they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Widths {
    /// Of the service; 0 where it is left out, as for all of them.
    pub service: u16,
    /// Of the root's name.
    pub name: u16,
    /// Of the number of spans; of requests too where these have no column.
    pub spans: u16,
    /// Of the number of requests.
    pub requests: u16,
    /// Of the duration.
    pub duration: u16,
    /// Of the number of errors.
    pub errors: u16,
    /// Of the age.
    pub age: u16,
}

/// The columns of signs and of the gaps around them.
pub const SIGNS: u16 = 4;

impl Widths {
    /// The columns of rows of this width. `labelled` says that their names are above them, and not in each row.
    pub fn of(width: u16, labelled: bool) -> Self {
        let (spans, requests) = if labelled { (6, 5) } else { (7, 7) };
        let shared = 8;
        let mut left = width.saturating_sub(SIGNS + shared + 11);
        let mut take = |columns: u16, keep: u16| {
            let room = left >= columns + keep;
            left -= if room { columns } else { 0 };
            room
        };
        let service = take(9, 14);
        let errors = take(6, 16);
        let age = take(5, 16);
        // They share a column where there is no room for two.
        let apart = take(spans + requests + 1 - 7, 18);
        let wide = service && take(6, 24);
        let of = |room: bool, width: u16| if room { width } else { 0 };
        Self {
            service: if wide { 14 } else { of(service, 8) },
            name: left,
            spans: if apart { spans } else { 7 },
            requests: of(apart, requests),
            duration: 9,
            errors: of(errors, 5),
            age: of(age, 4),
        }
    }

    /// Where each column is, from the left end of a row.
    pub fn places(&self) -> impl Iterator<Item = (Column, Range<u16>)> + use<> {
        let mut x = SIGNS;
        let widths = [
            (Column::Service, self.service),
            (Column::Name, self.name),
            (Column::Spans, self.spans),
            (Column::Requests, self.requests),
            (Column::Duration, self.duration),
            (Column::Errors, self.errors),
            (Column::Age, self.age),
        ];
        let place = move |(column, width): (Column, u16)| {
            let from = x;
            x += if width > 0 { width + 1 } else { 0 };
            (column, from..from + width)
        };
        std::iter::once((Column::Finding, 1..3))
            .chain(widths.into_iter().map(place))
            .filter(|(_, range)| !range.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_in_any_width_and_do_not_overlap() {
        for width in 20..250 {
            for labelled in [false, true] {
                let widths = Widths::of(width, labelled);
                let mut end = 0;
                for (column, range) in widths.places() {
                    assert!(range.start >= end, "{column:?} at {width}");
                    end = range.end;
                }
                assert!(end < width.max(32), "{widths:?} at {width}");
                assert!(width < 60 || (widths.errors > 0 && widths.age > 0), "{widths:?} at {width}");
            }
        }
    }

    #[test]
    fn a_key_goes_through_all_columns() {
        let mut column = Column::default();
        for expected in COLUMNS {
            assert_eq!(column, expected);
            column = column.next();
        }
        assert_eq!(column, Column::Arrival);
    }
}
