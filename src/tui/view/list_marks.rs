//! Marks on traces of the list: by key, by mouse, all of them.

use super::list::List;
use super::{Cx, Outcome};
use crate::model::TraceId;
use crate::store::TraceIx;
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::widget::window::Rows;
use ratatui::layout::Position;

/// How many traces a key marks.
const MARKED: usize = 10_000;

/// A mark on a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) trace: TraceId,
    /// Of two marks, the one with the lower number was made first.
    nth: u64,
}

impl List {
    /// The traces that are marked, in the order of their arrival.
    pub fn marked(&self) -> impl ExactSizeIterator<Item = TraceId> {
        self.marked.values().map(|mark| mark.trace)
    }

    /// The two traces that are marked, in the order in which they were; nothing where there are not two.
    pub fn two_marked(&self) -> Option<[TraceId; 2]> {
        let mut marks = self.marked.values().copied();
        let (Some(one), Some(other), None) = (marks.next(), marks.next(), marks.next()) else { return None };
        Some(if one.nth < other.nth { [one.trace, other.trace] } else { [other.trace, one.trace] })
    }

    pub(super) fn mark(&mut self, cx: &Cx<'_>) -> Outcome {
        let Some((seq, id)) = self.window.selected().filter(|_| self.selected(cx).is_some()) else {
            return Outcome::Ignored;
        };
        self.toggle_mark(seq, id);
        // The next one is likely to be marked too.
        self.window.apply(Action::Down, &self.listing.rows(cx));
        Outcome::Done
    }

    /// Marks the row at a place of the screen, or no longer; or `all` from the selected one to it. It is selected then.
    pub fn mark_at(&mut self, at: Position, all: bool, cx: &Cx<'_>) -> Outcome {
        let before = self.selected(cx);
        let line = usize::from(at.y.saturating_sub(self.rows.y));
        if at.y < self.rows.y || line >= self.window.seen().len() {
            return Outcome::Ignored;
        }
        self.point(at);
        let (Some((seq, id)), Some(to)) = (self.window.selected(), self.selected(cx)) else {
            return Outcome::Ignored;
        };
        if !all {
            self.toggle_mark(seq, id);
            return Outcome::Done;
        }
        let rows = &self.listing.rows(cx);
        let from = before.unwrap_or(to);
        let walk = |down: bool| {
            let next = move |at: &TraceIx| if down { rows.next(*at) } else { rows.previous(*at) };
            let mut walked: Vec<TraceIx> = std::iter::successors(Some(from), next).take(MARKED).collect();
            let end = walked.iter().position(|at| *at == to)?;
            walked.truncate(end + 1);
            Some(walked)
        };
        let stretch = walk(true).or_else(|| walk(false)).unwrap_or_else(|| vec![to]);
        for (seq, trace) in stretch.into_iter().map(|at| rows.id(at)) {
            self.marks += 1;
            self.marked.entry(seq).or_insert(Mark { trace, nth: self.marks });
        }
        Outcome::Done
    }

    fn toggle_mark(&mut self, seq: u64, trace: TraceId) {
        if self.marked.remove(&seq).is_none() {
            self.marks += 1;
            self.marked.insert(seq, Mark { trace, nth: self.marks });
        }
    }

    /// Marks everything that is listed, or nothing any more.
    pub(super) fn mark_all(&mut self, cx: &Cx<'_>) -> Outcome {
        if !self.marked.is_empty() {
            self.marked.clear();
            return Outcome::Notice("no trace is marked".to_owned());
        }
        let rows = self.listing.rows(cx);
        let all = std::iter::successors(rows.first(), |at| rows.next(*at)).take(MARKED);
        let mark = |(nth, at): (u64, TraceIx)| {
            let (seq, trace) = rows.id(at);
            (seq, Mark { trace, nth })
        };
        self.marked = (self.marks + 1..).zip(all).map(mark).collect();
        self.marks += self.marked.len() as u64;
        let count = text::plural(self.marked.len() as u64, "trace");
        let more = if self.marked.len() == MARKED { ", the first of the list" } else { "" };
        Outcome::Notice(format!("{count} marked{more}"))
    }
}
