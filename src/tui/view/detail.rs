//! Everything that is known of the selected span.

use super::menu::Choice;
use super::page;
use super::span_nodes::{EVENTS, Named, STACK};
use super::{Cx, Outcome, Target, copy, log_nodes, nodes, span_nodes};
use crate::diagnosis::Severity;
use crate::model::{Span, SpanId, TraceId, Value};
use crate::otlp;
use crate::store::{LogKey, SpanIx};
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::{self, Branches};
use crate::tui::widget::pen::{Pen, part};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// A value of more lines than this has a sheet of its own.
const LONG: usize = 24;

/// Shows a span, where it is held.
fn go_to(trace: TraceId, span: SpanId, what: &str, cx: &Cx<'_>) -> Outcome {
    let target = Target { trace, span: Some(span) };
    let store = &cx.session.store;
    match store.find_trace(trace).and_then(|trace| store.find_span(trace, span)) {
        Some(_) => Outcome::GoTo(target),
        None => Outcome::Notice(format!("{what} is not held: it was never received here, or it was evicted")),
    }
}

/// A span as it came, with its resource and scope.
pub fn raw(at: SpanIx, cx: &Cx<'_>) -> Outcome {
    let store = &cx.session.store;
    if !store.slot(at).is_held() {
        return Outcome::Notice("that span is not held: there are only spans that name it".to_owned());
    }
    let what = format!("span {} as OTLP/JSON", store.record(at).span_id);
    Outcome::Over(Box::new(page::json(what, otlp::pretty(&copy::json(store, [at])))))
}

/// The pane of the selected span.
#[derive(Debug, Default)]
pub struct Detail {
    branches: Branches,
    shown: Option<(TraceId, SpanId)>,
    /// The columns for text.
    width: u16,
}

impl Detail {
    /// Moves, folds and unfolds; goes where a link leads.
    pub fn apply(&mut self, action: Action, at: Option<SpanIx>, cx: &Cx<'_>) -> Outcome {
        let opened = at
            .filter(|_| action == Action::Open)
            .and_then(|at| self.log(at, cx).map(Outcome::GoToLog).or_else(|| self.open(at, cx)));
        match opened {
            Some(outcome) => outcome,
            None if self.branches.apply(action) => Outcome::Done,
            None => Outcome::Ignored,
        }
    }

    /// What Enter does on a line that does not only unfold.
    fn open(&self, at: SpanIx, cx: &Cx<'_>) -> Option<Outcome> {
        self.with_named(at, cx, |named, span| match named {
            Named::Link(link) => Some(go_to(link.trace_id, link.span_id, "the linked span", cx)),
            Named::Parent if span.parent_id.is_none() => None,
            Named::Parent => Some(go_to(span.trace_id, span.parent_id, "the parent", cx)),
            Named::Value(key, Value::Str(text)) if self.is_long(text) => {
                Some(Outcome::Over(Box::new(page::text(key, text.clone()))))
            }
            Named::Value(..) => None,
        })
    }

    /// The log record whose line is selected.
    fn log(&self, at: SpanIx, cx: &Cx<'_>) -> Option<LogKey> {
        let [section, line] = self.branches.selected() else { return None };
        let of = cx.session.store.logs_of(at).take(log_nodes::SHOWN);
        of.filter(|_| section == log_nodes::SECTION).find(|key| *line == log_nodes::id(*key))
    }

    /// Whether a text is too long to be read in this pane. A stack trace is read line by line.
    fn is_long(&self, text: &str) -> bool {
        let unfolded = self.branches.selected().iter().any(|id| id == STACK);
        !unfolded && text::wrap(text, usize::from(self.width).max(20), LONG + 1).len() > LONG
    }

    /// Asks about what the selected line names.
    fn with_named<T>(
        &self,
        at: SpanIx,
        cx: &Cx<'_>,
        ask: impl FnOnce(Named<'_>, &Span) -> Option<T>,
    ) -> Option<T> {
        let store = &cx.session.store;
        let span = store.decode(at)?;
        let record = store.record(at);
        let path = self.branches.selected_node();
        let named =
            span_nodes::named(&path, &span, store.resource(record.resource), store.scope(record.scope))?;
        ask(named, &span)
    }

    /// What can be copied: what the selected line says, then what there is of the span.
    pub fn copies(&self, at: SpanIx, cx: &Cx<'_>) -> Vec<Choice> {
        let path = self.branches.selected_node();
        let named = self.with_named(at, cx, |named, _| match named {
            Named::Link(link) => Some(copy::link(link)),
            Named::Value(key, value) => Some(copy::value(key, value)),
            Named::Parent => None,
        });
        let of = || {
            let key = path.first().and_then(|id| nodes::finding_key(id))?;
            let finding = cx.session.diagnosis.findings().iter().find(|finding| finding.key == key)?;
            Some(copy::finding(finding, cx))
        };
        let line = || branches::find(&span_nodes::span(at, cx), &path).map(|node| copy::line(&node.text()));
        let first = named.or_else(of).or_else(line).unwrap_or_default();
        first.into_iter().chain(copy::span(at, cx)).collect()
    }

    /// The key of the finding that is selected, or that what is selected belongs to.
    pub fn selected_finding(&self) -> Option<u64> {
        self.branches.selected().first().and_then(|id| nodes::finding_key(id))
    }

    /// Folds or unfolds the node whose marker was drawn there. Tells whether there is one.
    pub fn toggle(&mut self, at: Position) -> bool {
        self.branches.toggle(at)
    }

    /// Selects what was drawn there. Tells whether it was selected already.
    pub fn click(&mut self, at: Position) -> bool {
        self.branches.click(at)
    }

    /// Scrolls.
    pub fn scroll(&mut self, up: bool) {
        self.branches.scroll(3, up);
    }

    /// Draws the span; the note says which it is.
    pub fn draw(
        &mut self,
        area: Rect,
        (focused, note): (bool, &str),
        at: Option<SpanIx>,
        into: &mut Buffer,
        cx: &Cx<'_>,
    ) {
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
        pen.title(area, focused, &title, note);
        let nodes = span_nodes::span(at, cx);
        let shown = Some((store.trace(slot.trace).id, slot.record.span_id));
        if self.shown != shown {
            self.shown = shown;
            self.branches.rewind();
            self.branches.open(&["attributes"]);
            // Why it failed is what one looks for.
            if let Some(event) = store.decode(at).as_ref().and_then(span_nodes::exception) {
                let event = format!("event{event}");
                self.branches.open(&[EVENTS]);
                self.branches.open(&[EVENTS, &event]);
                self.branches.open(&[EVENTS, &event, STACK]);
            }
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
        self.width = body.width.saturating_sub(4);
        self.branches.draw(&nodes, focused, body, into, cx.look);
    }
}
