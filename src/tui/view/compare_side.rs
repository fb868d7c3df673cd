//! What can be compared: all of a trace, or one request of an un-merged one.

use super::compare_rows::{MOST, Tops};
use super::{Cx, short_id};
use crate::model::{SpanId, TraceId};
use crate::store::{SpanIx, TraceIx, View};

/// What is compared: a trace, or one request of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Side {
    trace: TraceId,
    top: Option<SpanId>,
}

impl Side {
    /// All of a trace.
    pub fn of_trace(trace: TraceId) -> Self {
        Self { trace, top: None }
    }

    /// One request of an un-merged trace.
    pub fn of_request(trace: TraceId, top: SpanId) -> Self {
        Self { trace, top: Some(top) }
    }

    /// Where it is, and its top if it is a request.
    pub(super) fn found(self, cx: &Cx<'_>) -> Option<(TraceIx, Option<SpanIx>)> {
        let store = &cx.session.store;
        let trace = store.find_trace(self.trace)?;
        match self.top {
            Some(top) => Some((trace, Some(store.find_span(trace, top)?))),
            None => Some((trace, None)),
        }
    }

    /// The trace that it is, or is of.
    pub(super) fn trace(self) -> TraceId {
        self.trace
    }

    /// Whether it is still there.
    pub fn is_held(self, cx: &Cx<'_>) -> bool {
        self.found(cx).is_some()
    }

    /// `trace 1fda4c…`
    pub fn words(self, cx: &Cx<'_>) -> String {
        match self.top {
            Some(top) => format!("request {} of a trace", short_id(top, cx.look)),
            None => format!("trace {}", short_id(self.trace, cx.look)),
        }
    }

    /// As which rows it is compared: merged traces un-merged.
    pub(super) fn view(trace: TraceIx, cx: &Cx<'_>) -> View {
        let merged = cx.session.diagnosis.requests(&cx.session.store, trace);
        if merged.is_some() { View::Unmerged } else { View::Recorded }
    }

    /// The rows that hang under none.
    pub(super) fn tops(self, cx: &Cx<'_>) -> Tops {
        let store = &cx.session.store;
        let Some((trace, top)) = self.found(cx) else {
            return Tops { tops: Vec::new(), view: View::Recorded };
        };
        let view = Self::view(trace, cx);
        let tops = match top {
            Some(top) => vec![top],
            None => {
                let first = store.first_row(trace, view);
                std::iter::successors(first, |at| store.next_sibling(*at, view)).take(MOST).collect()
            }
        };
        Tops { tops, view }
    }
}
