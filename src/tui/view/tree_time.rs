//! Which part of the time the bars of a trace show: chosen by keys, by the wheel, by dragging over them.

use super::tree::Waterfall;
use super::tree_head as head;
use super::zoom;
use super::{Cx, Mouse, Outcome};
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::Pen;
use ratatui::layout::Rect;

impl Waterfall {
    /// Shows another part of the time.
    pub(super) fn zoom(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        let (Some(tree), Some(at)) = (self.shown.tree(cx), self.selected(cx)) else {
            return Outcome::Ignored;
        };
        let (trace, view) = (tree.fold_key(at).0, tree.view);
        let all = head::scale(&tree, cx);
        let window = self.zoom.window(trace, view);
        let (start_ns, end_ns) = head::interval(at, &tree, all, cx);
        let now = window.unwrap_or(all);
        let wanted = match action {
            Action::ZoomToSpan => zoom::around(start_ns, end_ns),
            // Its start is on the scale, however long it lasts beyond that.
            Action::ZoomCloser => return self.scale(start_ns, true, cx),
            Action::ZoomWider if window.is_some() => return self.scale(start_ns, false, cx),
            Action::PanLeft if window.is_some() => zoom::panned(now, true),
            Action::PanRight if window.is_some() => zoom::panned(now, false),
            _ => {
                let out = self.zoom.out(trace, view);
                let all = "all of its time is shown: z zooms to the selected span, > closer".to_owned();
                return if out { Outcome::Done } else { Outcome::Notice(all) };
            }
        };
        self.zoom.show(trace, view, wanted, all);
        Outcome::Done
    }

    /// Half or twice the time, around a moment.
    fn scale(&mut self, about_ns: u64, closer: bool, cx: &Cx<'_>) -> Outcome {
        let Some(tree) = self.shown.tree(cx) else { return Outcome::Ignored };
        let (trace, all) = (cx.session.store.trace(tree.trace).id, head::scale(&tree, cx));
        let now = self.zoom.window(trace, tree.view).unwrap_or(all);
        let wanted = zoom::scaled(now, about_ns, closer, all);
        if closer && wanted == now {
            return Outcome::Notice("no shorter time can be shown".to_owned());
        }
        self.zoom.show(trace, tree.view, wanted, all);
        Outcome::Done
    }

    /// Half or twice the time, around what is at a column of the screen.
    fn scale_at(&mut self, x: u16, closer: bool, cx: &Cx<'_>) -> Outcome {
        let Some(axis) = self.axis else { return Outcome::Ignored };
        let column = x.clamp(self.bars.x, self.bars.right().max(self.bars.x + 1) - 1) - self.bars.x;
        self.scale(axis.time(column, self.bars.width), closer, cx)
    }

    /// Whether a stretch of time is being selected.
    pub fn is_dragging(&self) -> bool {
        self.dragged.is_some()
    }

    /// Pans, or selects a stretch of time.
    pub fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        let within = |x: u16| x.clamp(self.bars.x, self.bars.right().saturating_sub(1).max(self.bars.x));
        match (mouse, self.dragged) {
            // Beside the bars there is no time to keep in place: the selected span is what is looked at.
            (Mouse::Closer(at), _) if !self.bars.contains(at) => self.zoom(Action::ZoomCloser, cx),
            (Mouse::Wider(at), _) if !self.bars.contains(at) => self.zoom(Action::ZoomWider, cx),
            (Mouse::WheelUp(at) | Mouse::Closer(at), _) => self.scale_at(at.x, true, cx),
            (Mouse::WheelDown(at) | Mouse::Wider(at), _) => self.scale_at(at.x, false, cx),
            (Mouse::WheelLeft(_), _) => self.zoom(Action::PanLeft, cx),
            (Mouse::WheelRight(_), _) => self.zoom(Action::PanRight, cx),
            (Mouse::Drag(at), Some((from, _))) => {
                self.dragged = Some((from, within(at.x)));
                Outcome::Done
            }
            (Mouse::Release(at), Some((from, _))) => {
                let (from, to) = (from.min(within(at.x)), from.max(within(at.x)));
                self.dragged = None;
                let (Some(tree), Some(axis)) = (self.shown.tree(cx), self.axis) else { return Outcome::Done };
                // A click that shook a little is no stretch of time.
                if to >= from + 2 {
                    let time = |x: u16| axis.time(x - self.bars.x, self.bars.width);
                    let wanted = Axis { start_ns: time(from), length_ns: time(to + 1) - time(from) };
                    let trace = cx.session.store.trace(tree.trace).id;
                    self.zoom.show(trace, tree.view, wanted, head::scale(&tree, cx));
                }
                Outcome::Done
            }
            _ => Outcome::Ignored,
        }
    }

    /// The stretch of time that is being selected.
    pub(super) fn draw_dragged(&self, lines: Rect, pen: &mut Pen<'_>) {
        if let Some((from, to)) = self.dragged.filter(|(from, to)| from != to) {
            let (x, end) = (from.min(to), from.max(to) + 1);
            let style = pen.style(Role::Selected);
            pen.restyle(Rect { x, width: end - x, ..lines }, style);
        }
    }
}
