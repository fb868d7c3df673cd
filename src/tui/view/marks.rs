//! What happened during a span, as marks on its bar: the one place where they are gathered.

use super::Cx;
use crate::store::SpanIx;

/// How many are drawn on one bar.
const SHOWN: usize = 256;

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// When, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// What.
    pub what: What,
}

/// What a mark is for; of two in one column the greater is seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    /// An event of the span.
    Event,
    /// A recorded exception.
    Exception,
}

/// The marks of a held span, those that matter most last.
pub fn of(at: SpanIx, cx: &Cx<'_>) -> Vec<Mark> {
    let events = cx.session.store.events_of(at).take(SHOWN).map(|(time_ns, exception)| Mark {
        time_ns,
        what: if exception { What::Exception } else { What::Event },
    });
    let mut marks: Vec<Mark> = events.collect();
    marks.sort_by_key(|mark| mark.what);
    marks
}
