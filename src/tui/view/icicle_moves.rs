//! Moving about in an icicle: along the spans of one depth, deeper and up.

use super::compare_side::Side;
use super::tree::Waterfall;
use super::tree_rows::Tree;
use super::{Cx, Outcome};
use crate::store::{SpanIx, Store, View};
use crate::tui::keymap::Action;
use crate::tui::widget::window::Rows;
use ratatui::layout::Position;

/// How many spans are passed on the way to the next one of a depth.
const STEPS: usize = 4_096;
/// How many levels a screenful is.
const LEVELS: usize = 5;

impl Waterfall {
    /// Draws it as an icicle, or no longer. The selected span stays selected, and is unfolded to where it has to be.
    pub(super) fn toggle_icicle(&mut self, cx: &Cx<'_>) -> Outcome {
        let selected = self.selected(cx);
        self.shown.icicle = !self.shown.icicle;
        self.dragged = None;
        self.window.follow(false);
        if let Some(at) = selected {
            self.reveal(at, cx);
        }
        Outcome::Done
    }

    /// Draws every trace as an icicle, or as a waterfall.
    pub fn draw_as_icicle(&mut self, icicle: bool) {
        self.shown.icicle = icicle;
    }

    /// What is to be compared: the request of the selected span where the trace is un-merged, else the trace.
    pub fn side(&self, cx: &Cx<'_>) -> Option<Side> {
        let tree = self.shown.tree(cx)?;
        let (store, trace) = (&cx.session.store, cx.session.store.trace(tree.trace).id);
        let up = std::iter::successors(self.selected(cx), |at| store.parent_row(*at, tree.view));
        Some(match up.last().filter(|_| tree.view == View::Unmerged) {
            Some(top) => Side::of_request(trace, store.record(top).span_id),
            None => Side::of_trace(trace),
        })
    }

    /// Moves the selection. Nothing where the action is not one of moving.
    pub(super) fn move_in_icicle(&mut self, action: Action, cx: &Cx<'_>) -> Option<Outcome> {
        let at = self.selected(cx)?;
        let tree = self.shown.tree(cx)?;
        let (store, view) = (&cx.session.store, tree.view);
        let (to, edge) = match action {
            Action::Fold => (self.beside(at, true, &tree, store), "nothing was earlier at this depth"),
            Action::Unfold => (self.beside(at, false, &tree, store), "nothing was later at this depth"),
            Action::Down => (self.under(at, &tree, store), "nothing is under this span"),
            Action::Up => (store.parent_row(at, view), "nothing is above this span"),
            Action::PageDown => {
                let down = std::iter::successors(Some(at), |at| store.first_child(*at, view));
                (down.take(LEVELS + 1).last().filter(|to| *to != at), "nothing is under this span")
            }
            Action::PageUp => {
                let up = std::iter::successors(Some(at), |at| store.parent_row(*at, view));
                (up.take(LEVELS + 1).last().filter(|to| *to != at), "nothing is above this span")
            }
            Action::First | Action::Last => {
                let first = action == Action::First;
                let to = match (store.parent_row(at, view), first) {
                    (Some(parent), true) => store.first_child(parent, view),
                    (Some(parent), false) => store.last_child(parent, view),
                    (None, true) => store.first_row(tree.trace, view),
                    (None, false) => store.last_row(tree.trace, view, &|_| true),
                };
                (to, "")
            }
            _ => return None,
        };
        let Some(to) = to else { return Some(Outcome::Notice(edge.to_owned())) };
        self.reveal(to, cx);
        Some(Outcome::Done)
    }

    /// The next span at the same depth: of those that are drawn, where there is one; else whichever it is.
    fn beside(&self, at: SpanIx, back: bool, tree: &Tree<'_>, store: &Store) -> Option<SpanIx> {
        let key = |at: SpanIx| (store.record(at).start_ns, store.record(at).span_id.0);
        let drawn = self.icicle.drawn();
        let here = drawn.iter().find(|drawn| tree.find(drawn.id) == Some(at));
        let same = drawn.iter().filter(|drawn| here.is_some_and(|here| here.level == drawn.level));
        let others = same.filter_map(|drawn| tree.find(drawn.id)).filter(|other| *other != at);
        let near = if back {
            others.filter(|other| key(*other) <= key(at)).max_by_key(|other| key(*other))
        } else {
            others.filter(|other| key(*other) >= key(at)).min_by_key(|other| key(*other))
        };
        near.or_else(|| at_depth(at, back, tree.view, store))
    }

    /// The first span under this one: of those that are drawn, where there is one, and of these one that has room.
    fn under(&self, at: SpanIx, tree: &Tree<'_>, store: &Store) -> Option<SpanIx> {
        let drawn =
            self.icicle.drawn().iter().filter_map(|drawn| Some((tree.find(drawn.id)?, drawn.area.width)));
        let children = drawn.filter(|(child, _)| store.parent_row(*child, tree.view) == Some(at));
        let first = children.min_by_key(|(_, width)| *width < 2).map(|(child, _)| child);
        first.or_else(|| store.first_child(at, tree.view))
    }

    /// Selects what was drawn at a place of the screen. Tells whether it was selected already.
    pub(super) fn click_in_icicle(&mut self, at: Position) -> bool {
        let Some(id) = self.icicle.at(at) else { return false };
        let again = self.window.selected() == Some(id);
        self.window.select(id);
        self.window.choose();
        again
    }
}

/// The next span at the same depth, under another parent if need be.
fn at_depth(at: SpanIx, back: bool, view: View, store: &Store) -> Option<SpanIx> {
    let beside = |at| if back { store.prev_sibling(at, view) } else { store.next_sibling(at, view) };
    let child = |at| if back { store.last_child(at, view) } else { store.first_child(at, view) };
    let (mut node, mut above) = (at, 0_usize);
    for _ in 0..STEPS {
        let Some(next) = beside(node) else {
            node = store.parent_row(node, view)?;
            above += 1;
            continue;
        };
        node = next;
        while above > 0
            && let Some(down) = child(node)
        {
            node = down;
            above -= 1;
        }
        if above == 0 {
            return Some(node);
        }
    }
    None
}
