//! The columns of the list of traces: what each is called, what it sorts by, and where it is.

use super::Cx;
use crate::store::{SpanIx, TraceIx, View};
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
    /// When the last span arrived, of what comes in now.
    Age,
    /// When it started, of what was recorded.
    Start,
}

/// What the last column says: of what comes in now its age, of what was recorded when it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// How long ago the last span arrived.
    Ages,
    /// The time of day, UTC.
    Clock,
    /// Date and time, or the date alone where there is no more room, UTC: they span more than a day.
    Days,
    /// The same with the year, or that and the month alone: they are of several years.
    Years,
}

impl Times {
    /// The column that there is.
    fn column(self) -> Column {
        if self == Self::Ages { Column::Age } else { Column::Start }
    }

    /// How wide it is, the most first.
    fn widths(self) -> &'static [u16] {
        match self {
            Self::Ages => &[4],
            Self::Clock => &[8],
            Self::Days => &[11, 6],
            Self::Years => &[16, 10, 7],
        }
    }
}

/// Every column in the order in which a key goes through them.
const COLUMNS: [Column; 10] = [
    Column::Arrival,
    Column::Finding,
    Column::Service,
    Column::Name,
    Column::Spans,
    Column::Requests,
    Column::Duration,
    Column::Errors,
    Column::Age,
    Column::Start,
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
    /// The column after this one, which is to its right; of the last two there is one.
    #[must_use]
    pub fn next(self, live: bool) -> Self {
        let at = COLUMNS.iter().position(|column| *column == self).map_or(0, |at| at + 1);
        let without = if live { Self::Start } else { Self::Age };
        COLUMNS[at..].iter().copied().find(|column| *column != without).unwrap_or_default()
    }

    /// What it is called above the rows, in one column less than `width`: an arrow may follow.
    pub fn head(self, width: u16) -> &'static str {
        match (self, width) {
            (Self::Arrival, _) => "#",
            (Self::Finding, _) => "!",
            (Self::Service, _) => "service",
            (Self::Name, _) => "root",
            (Self::Spans, 6..) => "spans",
            (Self::Spans, _) => "span",
            (Self::Requests, 5..) => "reqs",
            (Self::Requests, _) => "req",
            (Self::Duration, 9..) => "duration",
            (Self::Duration, _) => "dur",
            (Self::Errors, 5..) => "errs",
            (Self::Errors, _) => "err",
            (Self::Age, _) => "age",
            (Self::Start, _) => "start",
        }
    }

    /// Whether what is read in its rows grows from the top down: which way an arrow points.
    pub fn rises(self, inverted: bool) -> bool {
        // Sorted by when it was, it shows how long ago that is.
        (self.descends() == inverted) != (self == Self::Age)
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
            Self::Start => ("start", "earliest first", "latest first"),
        };
        (name, if inverted { last } else { first })
    }

    /// The column of this name in a sentence.
    pub fn named(name: &str) -> Option<Self> {
        COLUMNS.into_iter().find(|column| column.words(false).0 == name)
    }

    /// Whether the largest comes first as long as nobody inverts it: what one looks for is at the top.
    pub fn descends(self) -> bool {
        !matches!(self, Self::Arrival | Self::Service | Self::Name | Self::Start)
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
            Self::Service => return text(Named::of(at, cx).service),
            Self::Name => return text(&Named::of(at, cx).name.unwrap_or_default()),
            Self::Spans => u64::from(trace.spans),
            Self::Requests => diagnosis.requests(store, at).unwrap_or(0),
            Self::Duration => trace.duration_ns(),
            Self::Errors => u64::from(trace.errors),
            Self::Age => trace.last_arrived_ns,
            Self::Start => trace.start_ns,
        })
    }
}

/// What a trace is known by: its root, or the first span that was received where the root was not.
#[derive(Debug)]
pub struct Named<'a> {
    /// The service; empty where nothing of the trace is held.
    pub service: &'a str,
    /// The name of that span.
    pub name: Option<Cow<'a, str>>,
    /// It is that of the root.
    pub of_root: bool,
}

impl<'a> Named<'a> {
    /// What a trace is known by.
    pub fn of(at: TraceIx, cx: &Cx<'a>) -> Self {
        let store = &cx.session.store;
        let root = store.first_row(at, View::Recorded);
        let held = |at: &SpanIx| store.slot(*at).is_held();
        let of_root = root.is_some_and(|root| held(&root));
        // The root may be missing; what hangs under it still says whose trace it is.
        let known = root.filter(held).or_else(|| {
            let first = store.first_row(at, View::Unmerged).or(root)?;
            Some(store.first_child(first, View::Recorded).unwrap_or(first))
        });
        let known = known.filter(held);
        let service = known.map_or("", |at| store.service(at));
        Self { service, name: known.map(|at| store.name(at)), of_root }
    }
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
    /// Of its age, or its start.
    pub time: u16,
    /// Which of these it is.
    pub times: Times,
}

/// The columns of marks and signs, and of the gap behind them.
pub const SIGNS: u16 = 5;
/// Of the number of spans, where that of requests is shown in the same column.
const SHARED: u16 = 7;

impl Widths {
    /// The columns of rows of this width. `labelled` says that their names are above them, and not in each row; `times`
    /// is what the last one says; what the list is `sorted` by is left out last.
    pub fn of(width: u16, labelled: bool, times: Times, sorted: Column) -> Self {
        let (spans, requests, errors, duration) = if labelled { (5, 4, 4, 7) } else { (7, 7, 7, 9) };
        let mut left = width.saturating_sub(SIGNS + SHARED + duration + 3);
        let mut take = |columns: u16, keep: u16| {
            let room = left >= columns + keep;
            left -= if room { columns } else { 0 };
            room
        };
        // By importance: what is last here goes first. Requests and spans share a column where there is no room for two.
        let apart = spans + requests + 1 - SHARED;
        let mut has = [0_u16; 4];
        let of_times: Vec<u16> = times.widths().iter().map(|width| width + 1).collect();
        let wanted = [
            (Column::Service, &[9][..], 10),
            (Column::Errors, &[errors + 1][..], 9),
            (Column::Requests, &[apart][..], 11),
            (times.column(), &of_times[..], 11),
        ];
        // A date without the time says little, and requests need no column of their own.
        let order = if matches!(times, Times::Days | Times::Years) { [0, 1, 3, 2] } else { [0, 1, 2, 3] };
        for first in [true, false] {
            for at in order {
                let (column, columns, keep) = wanted[at];
                if first == (column == sorted) {
                    let keep = if first { 6 } else { keep };
                    has[at] = columns.iter().copied().find(|columns| take(*columns, keep)).unwrap_or(0);
                }
            }
        }
        let [service, errs, reqs, _] = has.map(|columns| columns > 0);
        let long = labelled && reqs && take(if errs { 5 } else { 4 }, 18);
        let wide = service && take(6, 22);
        let more = u16::from(long);
        let of = |room: bool, width: u16| if room { width } else { 0 };
        Self {
            service: if wide { 14 } else { of(service, 8) },
            name: left,
            spans: if reqs { spans + more } else { SHARED },
            requests: of(reqs, requests + more),
            duration: duration + 2 * more,
            errors: of(errs, errors + more),
            time: has[3].saturating_sub(1),
            times,
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
            (self.times.column(), self.time),
        ];
        let place = move |(column, width): (Column, u16)| {
            let from = x;
            x += if width > 0 { width + 1 } else { 0 };
            (column, from..from + width)
        };
        [(Column::Arrival, 0..2), (Column::Finding, 2..4)]
            .into_iter()
            .chain(widths.into_iter().map(place))
            .filter(|(_, range)| !range.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_in_any_width_and_do_not_overlap() {
        for (width, sorted) in (20..250).flat_map(|width| COLUMNS.map(|column| (width, column))) {
            let all = [Times::Ages, Times::Clock, Times::Days, Times::Years];
            for (labelled, times) in [false, true].into_iter().flat_map(|l| all.map(|times| (l, times))) {
                let widths = Widths::of(width, labelled, times, sorted);
                let mut end = 0;
                for (column, range) in widths.places() {
                    assert!(range.start >= end, "{column:?} at {width}");
                    let head = crate::tui::text::width(column.head(range.end - range.start)) as u16;
                    assert!(!labelled || column == Column::Name || head < range.end - range.start);
                    end = range.end;
                }
                assert!(end < width.max(32), "{widths:?} at {width}");
                let shown = widths.places().any(|(column, _)| column == sorted);
                assert!(
                    shown || width < 40 || sorted == Column::Age || sorted == Column::Start,
                    "{sorted:?} at {width}"
                );
            }
        }
    }

    #[test]
    fn columns_are_left_out_by_importance() {
        let shown = |width: u16, sorted: Column| {
            let widths = Widths::of(width, true, Times::Ages, sorted);
            (widths.service, widths.errors, widths.requests, widths.time, widths.name)
        };
        assert_eq!(shown(61, Column::Arrival), (8, 4, 4, 4, 17), "beside the tree at 140 columns");
        assert_eq!(shown(80, Column::Arrival), (14, 5, 5, 4, 25), "and at 200");
        assert_eq!(shown(52, Column::Arrival), (8, 4, 4, 0, 13), "at 120 there is no room for the age");
        assert_eq!(shown(52, Column::Age), (8, 4, 0, 4, 11), "unless it is sorted by it");
        assert_eq!(shown(44, Column::Arrival), (8, 0, 0, 0, 13));
        assert_eq!(shown(32, Column::Arrival), (0, 0, 0, 0, 10));
        let start = |width: u16, times: Times, sorted: Column| {
            let widths = Widths::of(width, true, times, sorted);
            (widths.time, widths.name)
        };
        assert_eq!(start(61, Times::Clock, Column::Arrival), (8, 13));
        assert_eq!(start(61, Times::Days, Column::Arrival), (11, 13), "requests share a column with spans");
        assert_eq!(start(56, Times::Days, Column::Arrival), (6, 13), "the date alone");
        assert_eq!(start(80, Times::Days, Column::Arrival), (11, 24));
    }

    #[test]
    fn a_key_goes_through_all_columns() {
        let mut column = Column::default();
        for expected in &COLUMNS[..9] {
            assert_eq!(column, *expected);
            column = column.next(true);
        }
        assert_eq!(column, Column::Arrival);
        assert_eq!(Column::Errors.next(false), Column::Start, "nothing has an age in a file");
        assert_eq!(Column::Start.next(false), Column::Arrival);
    }

    #[test]
    fn an_arrow_points_the_way_that_what_is_read_goes() {
        assert!(Column::Arrival.rises(false) && Column::Name.rises(false));
        assert!(!Column::Duration.rises(false) && Column::Duration.rises(true));
        assert!(Column::Age.rises(false), "the youngest first: ages grow");
    }
}
