//! Folding rows of the tree: one, all, by level, and repeats.

use super::tree::Waterfall;
use super::{Cx, Outcome};
use crate::store::SpanIx;
use crate::tui::keymap::Action;
use crate::tui::widget::window::Rows;

impl Waterfall {
    /// Folds the selected row; where there is nothing to fold, goes to its parent.
    pub(super) fn fold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.shown.tree(cx)) else {
            return Outcome::Ignored;
        };
        let store = &cx.session.store;
        let hidden = tree.narrow().is_some();
        let run = tree.kin.folded(at).map(|run| tree.kin.keys(&run));
        let mut many = run.unwrap_or_default();
        many.extend(tree.kin.key(at));
        many.retain(|key| self.shown.repeats.contains(key));
        if store.has_children(at, tree.view) && !tree.is_folded(at) && tree.run(at).is_none() && !hidden {
            let key = tree.fold_key(at);
            if !self.shown.unfolded.remove(&key) {
                self.shown.folded.insert(key);
            }
        } else if !many.is_empty() && !hidden {
            self.shown.repeats.retain(|key| !many.contains(key));
            self.shown.runs.borrow_mut().clear();
        } else if let Some(parent) = store.parent_row(at, tree.view) {
            self.window.select(tree.id(parent));
        }
        self.window.choose();
        Outcome::Done
    }

    /// Unfolds the selected row. As in file managers: on an unfolded row, the same key goes on to the first child.
    pub(super) fn unfold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.shown.tree(cx)) else {
            return Outcome::Ignored;
        };
        let key = tree.fold_key(at);
        let hidden = tree.narrow().is_some();
        if let Some(run) = tree.run(at) {
            let many = tree.kin.keys(&run);
            self.shown.repeats.extend(many);
            self.shown.runs.borrow_mut().clear();
        } else if tree.is_folded(at) && !hidden {
            if !self.shown.folded.remove(&key) || self.shown.levels.contains_key(&key.0) {
                self.shown.unfolded.insert(key);
            }
        } else if let Some(child) = cx.session.store.first_child(at, tree.view) {
            let child = if hidden { tree.next(at).unwrap_or(at) } else { child };
            self.window.select(tree.id(child));
        }
        self.window.choose();
        Outcome::Done
    }

    /// Folds the selected row, or unfolds it.
    pub(super) fn toggle_fold(&mut self, cx: &Cx<'_>) -> Outcome {
        let (Some(at), Some(tree)) = (self.selected(cx), self.shown.tree(cx)) else {
            return Outcome::Ignored;
        };
        if tree.narrow().is_some() {
            let key = cx.keys.name_of(Action::HideRest, cx.look.symbols);
            return Outcome::Notice(format!(
                "no row is folded while the rest is hidden: {key} shows all again"
            ));
        }
        let folded = tree.run(at).is_some() || tree.is_folded(at);
        if folded { self.unfold(cx) } else { self.fold(cx) }
    }

    /// Folds or unfolds rows of one level, or of all.
    pub(super) fn fold_levels(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        let trace = cx.session.store.trace(tree.trace).id;
        let now = self.shown.levels.get(&trace).copied();
        let singly = self.shown.folded.iter().any(|(of, _)| *of == trace);
        let deepest = self.deepest();
        let key = |action| cx.keys.name_of(action, cx.look.symbols);
        let level = match (action, now) {
            (Action::FoldAll, _) => Some(0),
            (Action::FoldLevel, Some(0)) => {
                let (one, all) = (key(Action::UnfoldLevel), key(Action::UnfoldAll));
                return Outcome::Notice(format!("everything is folded: {one} unfolds a level, {all} all"));
            }
            (Action::FoldLevel, Some(level)) => Some(level.min(deepest).saturating_sub(1)),
            (Action::FoldLevel, None) => Some(deepest.saturating_sub(1)),
            (Action::UnfoldLevel, Some(level)) if level <= deepest => Some(level + 1),
            (_, None) if !singly => {
                let (one, all) = (key(Action::FoldLevel), key(Action::FoldAll));
                let unfolded = if self.shown.all_repeats {
                    "everything is unfolded: ".to_owned()
                } else {
                    let repeats = key(Action::Repeats);
                    format!("every level is unfolded: {repeats} shows repeated spans one by one, ")
                };
                return Outcome::Notice(format!("{unfolded}{one} folds a level, {all} all"));
            }
            _ => None,
        };
        self.shown.unfolded.retain(|(of, _)| *of != trace);
        if matches!(action, Action::FoldAll | Action::UnfoldAll) || level.is_none() {
            self.shown.folded.retain(|(of, _)| *of != trace);
        }
        let selected = self.selected(cx);
        match level {
            Some(level) => self.shown.levels.insert(trace, level),
            None => self.shown.levels.remove(&trace),
        };
        self.surface(selected, cx);
        Outcome::Done
    }

    /// Shows repeated spans one by one, or in one row again.
    pub(super) fn toggle_repeats(&mut self, cx: &Cx<'_>) -> Outcome {
        let selected = self.selected(cx);
        self.shown.all_repeats = !self.shown.all_repeats;
        self.shown.repeats.clear();
        self.shown.runs.borrow_mut().clear();
        self.surface(selected, cx);
        let words =
            if self.shown.all_repeats { "shown one by one" } else { "one row: l or Enter unfolds it" };
        Outcome::Notice(format!("repeated spans are {words}"))
    }

    /// Selects the row in which a span is shown, though it may be folded away now.
    fn surface(&mut self, at: Option<SpanIx>, cx: &Cx<'_>) {
        let (Some(at), Some(tree)) = (at, self.shown.tree(cx)) else { return };
        let store = &cx.session.store;
        let up =
            std::iter::successors(store.parent_row(at, tree.view), |at| store.parent_row(*at, tree.view));
        let hides = |at: &SpanIx| tree.is_folded(*at) || tree.run(*at).is_some();
        let row = up.filter(hides).last().unwrap_or(at);
        let id = tree.find(tree.id(row)).map(|row| tree.id(row));
        if let Some(id) = id {
            self.window.select(id);
            self.window.choose();
        }
    }
}
