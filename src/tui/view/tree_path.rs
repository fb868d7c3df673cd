//! The critical path in a waterfall: it is marked on a key, and found between frames.

use super::critical::{LOOKED_AT, Stamp};
use super::tree::Waterfall;
use super::{Cx, Outcome};
use crate::store::{SpanIx, View};
use crate::tui::keymap::Action;
use crate::tui::text;

/// A trace in which nothing has arrived for so long is at rest, nanoseconds.
const AT_REST_NS: u64 = 1_000_000_000;

impl Waterfall {
    /// Marks the critical path, or no longer. How much of it is marked is said when it is known.
    pub(super) fn mark_paths(&mut self, cx: &Cx<'_>) -> Outcome {
        self.paths.on = !self.paths.on;
        self.to_be_told = self.paths.on;
        self.work(cx);
        if !self.paths.on {
            return Outcome::Notice("the critical path is no longer marked".to_owned());
        }
        let said = self.told.take();
        Outcome::Notice(
            said.unwrap_or_else(|| format!("looking for the critical path{}", cx.look.symbols.ellipsis)),
        )
    }

    /// Whether nothing has arrived in the trace for a while.
    pub(super) fn is_resting(&self, cx: &Cx<'_>) -> bool {
        let trace = self.shown.tree(cx).map(|tree| cx.session.store.trace(tree.trace));
        trace.is_some_and(|held| held.last_arrived_ns.saturating_add(AT_REST_NS) < cx.status.now_ns)
    }

    /// Looks on for the paths of the requests that are on the screen. Tells whether there is more to look for.
    pub(super) fn look_for_paths(&mut self, cx: &Cx<'_>) -> bool {
        let Some(tree) = self.shown.tree(cx) else { return false };
        let store = &cx.session.store;
        let of_it = |top: &SpanIx| store.slot(*top).trace == tree.trace;
        let tops: Vec<SpanIx> = self.tops.iter().copied().filter(of_it).collect();
        let resting = self.is_resting(cx);
        let now = Stamp::of(store, tree.trace, tree.view);
        // Merged requests as they were recorded share one path.
        let merged = tree.requests.is_some() && tree.view == View::Recorded;
        let more = self.paths.work(store, &tops, now, resting);
        if !more && self.told.is_none() && std::mem::take(&mut self.to_be_told) {
            let cut = tops.iter().filter_map(|top| self.paths.of(*top)).any(|path| path.cut);
            let most = text::count(LOOKED_AT as u64);
            let last = cx.keys.name_of(Action::Last, cx.look.symbols);
            let key = cx.keys.name_of(Action::Unmerge, cx.look.symbols);
            self.told = Some(match (cut, merged) {
                (false, _) => "the critical path is marked: what determined the end".to_owned(),
                (true, true) => format!(
                    "only the end of the critical path is marked, of more than {most} spans: {key} shows each request with its own"
                ),
                (true, false) => format!(
                    "only the end of the critical path is marked, of more than {most} spans: {last} goes there"
                ),
            });
        }
        more
    }
}
