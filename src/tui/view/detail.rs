//! Everything that is known of the selected span.

use super::{Cx, Outcome, nodes};
use crate::diagnosis::Severity;
use crate::model::{SpanId, TraceId};
use crate::store::SpanIx;
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::tui::widget::branches::Branches;
use crate::tui::widget::pen::{Pen, part};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// The pane of the selected span.
#[derive(Debug, Default)]
pub struct Detail {
    branches: Branches,
    shown: Option<(TraceId, SpanId)>,
}

impl Detail {
    /// Moves, folds and unfolds.
    pub fn apply(&mut self, action: Action) -> Outcome {
        if self.branches.apply(action) { Outcome::Done } else { Outcome::Ignored }
    }

    /// The key of the finding that is selected, or that what is selected belongs to.
    pub fn selected_finding(&self) -> Option<u64> {
        self.branches.selected().first().and_then(|id| nodes::finding_key(id))
    }

    /// Selects what was drawn there.
    pub fn click(&mut self, at: Position) -> bool {
        self.branches.click(at)
    }

    /// Scrolls.
    pub fn scroll(&mut self, up: bool) {
        self.branches.scroll(3, up);
    }

    /// Draws the span.
    pub fn draw(&mut self, area: Rect, focused: bool, at: Option<SpanIx>, into: &mut Buffer, cx: &Cx<'_>) {
        let mut title = vec![part("Span", Style::new())];
        let Some(at) = at else {
            Pen::new(into, cx.look).title(area, focused, &title, "");
            return;
        };
        let store = &cx.session.store;
        let slot = store.slot(at);
        let name = store.name(at);
        let name = if slot.is_held() { super::row::name_or_none(&name) } else { "(not received)" };
        title.push(part(format!(" {name}"), Style::new()));
        let mut pen = Pen::new(into, cx.look);
        if slot.is_held() {
            let service = store.service(at);
            title.push(part("  ", Style::new()));
            title.push(part(service, cx.look.service(service)));
        }
        if cx.session.diagnosis.is_culprit(at) {
            let role = pen.style(Role::Culprit);
            title.push(part(format!("  {} holds the requests together", cx.look.symbols.culprit), role));
        }
        pen.title(area, focused, &title, "");
        let nodes = nodes::span(at, cx);
        let shown = Some((store.trace(slot.trace).id, slot.record.span_id));
        if self.shown != shown {
            self.shown = shown;
            self.branches.rewind();
            self.branches.open(&["attributes"]);
            // Of the worst the last is about this very span; a headline before it is in the strip anyway. Hints take
            // one line each until they are asked for.
            let of = nodes::findings_of(at, cx);
            let worst = of.first().map(|finding| finding.severity).filter(|worst| *worst > Severity::Info);
            if let Some(finding) = of.iter().rfind(|finding| Some(finding.severity) == worst) {
                self.branches.open(&[&nodes::finding_id(finding.key)]);
            }
        }
        let body = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(1),
            height: area.height.saturating_sub(1),
        };
        self.branches.draw(&nodes, focused, body, into, cx.look);
    }
}
