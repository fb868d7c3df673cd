//! What happened during a span, as marks on its bar: the one place where they are gathered.

use super::Cx;
use crate::model::SeverityRange;
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
    /// A log record of the span.
    Log,
    /// An event of the span.
    Event,
    /// A log record of an error.
    ErrorLog,
    /// A recorded exception.
    Exception,
}

/// The marks of a held span, those that matter most last.
pub fn of(at: SpanIx, cx: &Cx<'_>) -> Vec<Mark> {
    let events = cx.session.store.events_of(at).take(SHOWN).map(|(time_ns, exception)| Mark {
        time_ns,
        what: if exception { What::Exception } else { What::Event },
    });
    let store = &cx.session.store;
    let logs = store.logs_of(at).take(SHOWN).filter_map(|key| store.log(key)).map(|log| Mark {
        time_ns: if log.record.time_ns > 0 { log.record.time_ns } else { log.record.observed_ns },
        what: if log.record.severity.range() >= SeverityRange::Error { What::ErrorLog } else { What::Log },
    });
    let mut marks: Vec<Mark> = events.chain(logs).collect();
    marks.sort_by_key(|mark| mark.what);
    marks
}
