//! Which part of the time the bars of a trace show: chosen by keys, by the wheel, by dragging over them or over the
//! minimap.

use super::tree::Waterfall;
use super::tree_head as head;
use super::tree_rows::Id;
use super::zoom;
use super::{Cx, Mouse, Outcome};
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::Pen;
use ratatui::layout::{Position, Rect};

/// Columns over which the mouse is dragged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dragged {
    from: u16,
    to: u16,
    /// Those of the minimap.
    on_map: bool,
    /// The span that was selected when it was pressed.
    before: Option<Id>,
}

impl Dragged {
    /// Whether it is a stretch of time up to a column, and no click that shook a little.
    fn is_stretch(self, to: u16) -> bool {
        self.from.abs_diff(to) >= 2
    }
}

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

    /// The time from the left end of a column of the screen to that of another: of all that there is on the minimap, else
    /// of what is shown.
    fn stretch(&self, from: u16, to: u16, on_map: bool, cx: &Cx<'_>) -> Option<Axis> {
        let all = || self.shown.tree(cx).map(|tree| head::scale(&tree, cx));
        let axis = if on_map { all() } else { self.axis }?;
        let time = |x: u16| axis.time(x - self.bars.x, self.bars.width);
        Some(Axis { start_ns: time(from), length_ns: time(to) - time(from) })
    }

    /// The column of the bars at a column of the screen, or the nearest.
    fn column(&self, x: u16) -> u16 {
        x.clamp(self.bars.x, self.bars.right().saturating_sub(1).max(self.bars.x))
    }

    /// Half or twice the time, around what is at a place of the screen.
    fn scale_at(&mut self, at: Position, closer: bool, cx: &Cx<'_>) -> Outcome {
        let x = self.column(at.x);
        match self.stretch(x, x, self.map.contains(at), cx) {
            Some(there) => self.scale(there.start_ns, closer, cx),
            None => Outcome::Ignored,
        }
    }

    /// Begins to select a stretch of time, where the bars or the minimap are.
    pub(super) fn press(&mut self, at: Position) {
        let on_map = self.map.contains(at);
        let before = self.window.selected();
        self.dragged = self.bars.contains(at).then_some(Dragged { from: at.x, to: at.x, on_map, before });
    }

    /// Shows the stretch of time that was selected; on the minimap, where nothing but a place was, as much time there.
    fn release(&mut self, at: Position, dragged: Dragged, cx: &Cx<'_>) {
        // The bars may have moved since it was pressed.
        let dragged = Dragged { from: self.column(dragged.from), to: self.column(at.x), ..dragged };
        let (from, to) = (dragged.from.min(dragged.to), dragged.from.max(dragged.to));
        let Some(tree) = self.shown.tree(cx) else { return };
        let (trace, view, all) = (cx.session.store.trace(tree.trace).id, tree.view, head::scale(&tree, cx));
        let Some(there) = self.stretch(from, to + 1, dragged.on_map, cx) else { return };
        let is_click = !dragged.is_stretch(dragged.to);
        let wanted = match self.zoom.window(trace, view) {
            Some(window) if is_click && dragged.on_map => {
                zoom::centred(window, there.start_ns + there.length_ns / 2)
            }
            _ if is_click => return,
            _ => there,
        };
        self.zoom.show(trace, view, wanted, all);
    }

    /// Whether a stretch of time is being selected.
    pub fn is_dragging(&self) -> bool {
        self.dragged.is_some()
    }

    /// Pans, or selects a stretch of time.
    pub fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        match (mouse, self.dragged) {
            // Beside the bars there is no time to keep in place: the selected span is what is looked at.
            (Mouse::Closer(at), _) if !self.bars.contains(at) => self.zoom(Action::ZoomCloser, cx),
            (Mouse::Wider(at), _) if !self.bars.contains(at) => self.zoom(Action::ZoomWider, cx),
            (Mouse::WheelUp(at) | Mouse::Closer(at), _) => self.scale_at(at, true, cx),
            (Mouse::WheelDown(at) | Mouse::Wider(at), _) => self.scale_at(at, false, cx),
            (Mouse::WheelLeft(_), _) => self.zoom(Action::PanLeft, cx),
            (Mouse::WheelRight(_), _) => self.zoom(Action::PanRight, cx),
            (Mouse::Drag(at), Some(dragged)) => {
                let to = self.column(at.x);
                self.dragged = Some(Dragged { to, ..dragged });
                // Who selects time selects no other span.
                if let (true, Some(before)) = (dragged.is_stretch(to), dragged.before) {
                    self.window.select(before);
                }
                Outcome::Done
            }
            (Mouse::Release(at), Some(dragged)) => {
                self.dragged = None;
                self.release(at, dragged, cx);
                Outcome::Done
            }
            _ => Outcome::Ignored,
        }
    }

    /// The stretch of time that is being selected: on the minimap, or in the line of the axis.
    pub(super) fn draw_dragged(&self, line: Rect, pen: &mut Pen<'_>) {
        if let Some(Dragged { from, to, on_map, .. }) =
            self.dragged.filter(|dragged| dragged.from != dragged.to)
        {
            let (from, to) = (self.column(from), self.column(to));
            let (x, end) = (from.min(to), from.max(to) + 1);
            let line = if on_map { self.map } else { line };
            let style = pen.style(Role::Selected);
            pen.restyle(Rect { x, width: end - x, ..line }, style);
        }
    }
}
