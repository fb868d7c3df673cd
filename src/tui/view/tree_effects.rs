//! What would do anything in a tree now: only that is hinted at and offered.

use super::Cx;
use super::tree::Waterfall;
use crate::session::Session;
use crate::tui::keymap::Action;

impl Waterfall {
    /// Whether an action would do anything to the selected row or to the tree.
    pub fn has_effect(&self, action: Action, cx: &Cx<'_>) -> bool {
        let Session { store, diagnosis, .. } = cx.session;
        let (Some(tree), Some(at)) = (self.shown.tree(cx), self.selected(cx)) else {
            return matches!(action, Action::Back | Action::Search);
        };
        let own = (store.trace(tree.trace).id, store.record(at).span_id);
        match action {
            Action::NextFinding | Action::PreviousFinding => diagnosis.worst(store, tree.trace).is_some(),
            Action::NextError | Action::PreviousError => store.trace(tree.trace).errors > 0,
            Action::NextMatch | Action::PreviousMatch => !self.wanted.is_empty(),
            Action::HideRest => self.shown.hidden || !self.wanted.is_empty(),
            Action::Unfold => tree.run(at).is_some() || store.has_children(at, tree.view),
            Action::NextLink => store.links_of(at).next().is_some(),
            Action::BackLink => !store.linking_to(own.0, own.1).is_empty(),
            Action::ZoomOut | Action::ZoomWider | Action::PanLeft | Action::PanRight => {
                self.zoom.window(own.0, tree.view).is_some()
            }
            _ => true,
        }
    }
}
