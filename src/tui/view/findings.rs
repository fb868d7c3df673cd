//! The tab of findings: what is wrong, by root cause, with evidence and remedy, and the spans that show it.

use super::{Cx, Mouse, Outcome, Screen, Target, nodes, short_id};
use crate::diagnosis::Finding;
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::{Branches, Node};
use crate::tui::widget::pen::{Pen, part};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::HashSet;

/// How many headlines are listed: the widget builds all of them a frame.
const MAX_HEADLINES: usize = 300;

/// How many spans are listed under each.
const MAX_SPANS: usize = 16;

/// The tab of findings.
#[derive(Debug, Default)]
pub struct Findings {
    branches: Branches,
    /// Headlines that were unfolded when they were seen first.
    known: HashSet<u64>,
}

impl Findings {
    /// What Enter shows: the span or trace of the selected line, else the first of its finding.
    fn target(&self, cx: &Cx<'_>) -> Option<Target> {
        let path = self.branches.selected();
        let findings = cx.session.diagnosis.findings();
        let named = path
            .iter()
            .rev()
            .find_map(|id| findings.iter().find(|f| format!("finding {:x}", f.key) == *id))?;
        let held = |target: &Target| {
            let trace = cx.session.store.find_trace(target.trace);
            trace.is_some_and(|t| target.span.is_none_or(|s| cx.session.store.find_span(t, s).is_some()))
        };
        let mut all = targets(named);
        match path.last().and_then(|id| id.strip_prefix("at ")).and_then(|n| n.parse::<usize>().ok()) {
            Some(chosen) => all.nth(chosen).filter(held),
            None => all.find(held),
        }
    }
}

/// The culprit, then the spans that are wrong, then whole traces.
fn targets(finding: &Finding) -> impl Iterator<Item = Target> {
    let culprit = finding.culprit.iter().filter_map(|culprit| {
        let trace = *finding.trace_ids.first()?;
        Some(Target { trace, span: Some(culprit.span_id) })
    });
    let spans = finding.span_ids.iter().map(|(trace, span)| Target { trace: *trace, span: Some(*span) });
    let traces = finding.trace_ids.iter().map(|trace| Target { trace: *trace, span: None });
    spans.chain(culprit).chain(traces)
}

fn node(index: usize, finding: &Finding, cx: &Cx<'_>) -> Node {
    let look = cx.look;
    let mut node = nodes::finding(finding, look);
    let all = cx.session.diagnosis.findings();
    for (at, folded) in all.iter().enumerate().filter(|(_, f)| f.folded_under == Some(index)) {
        if at != index {
            node.children.push(self::node(at, folded, cx));
        }
    }
    let mut spans = Vec::new();
    for (at, target) in targets(finding).take(MAX_SPANS).enumerate() {
        let store = &cx.session.store;
        let span = store.find_trace(target.trace).and_then(|t| store.find_span(t, target.span?));
        let name = span.map(|at| store.name(at).into_owned()).unwrap_or_default();
        let words = match target.span {
            Some(span) => format!("{}  span {}  in trace ", name, short_id(span, look)),
            None => "trace ".to_owned(),
        };
        spans.push(
            Node::new(format!("at {at}"), words, Role::Text).and(short_id(target.trace, look), Role::Dim),
        );
    }
    let label = format!(
        "shown by {} in {}: Enter goes there",
        text::plural(finding.span_count, "span"),
        text::plural(finding.trace_count, "trace")
    );
    node.children.push(Node::new("spans", label, Role::Dim).with(spans));
    node
}

impl Screen for Findings {
    fn context(&self) -> Context {
        Context::Findings
    }

    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Open => match self.target(cx) {
                Some(target) => Outcome::GoTo(target),
                None => Outcome::Notice("the spans that showed it were evicted".to_owned()),
            },
            Action::Back => Outcome::Leave,
            action if self.branches.apply(action) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(at) => drop(self.branches.click(at)),
            Mouse::WheelUp(_) => self.branches.scroll(3, true),
            Mouse::WheelDown(_) => self.branches.scroll(3, false),
        }
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, cx: &Cx<'_>) -> Option<String> {
        let findings = cx.session.diagnosis.findings().iter();
        for finding in findings.filter(|f| f.folded_under.is_none()).take(MAX_HEADLINES) {
            // The first few are unfolded; a long list is easier to read folded.
            if self.known.len() < MAX_HEADLINES && self.known.insert(finding.key) && self.known.len() <= 3 {
                self.branches.open(&[&format!("finding {:x}", finding.key)]);
            }
        }
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let findings = cx.session.diagnosis.findings();
        let headlines = || findings.iter().enumerate().filter(|(_, f)| f.folded_under.is_none());
        let total = headlines().count();
        let mut pen = Pen::new(into, cx.look);
        let title = [part(text::plural(total as u64, "finding"), Style::new())];
        pen.title(area, true, &title, "");
        let body = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(1),
            height: area.height.saturating_sub(1),
        };
        if total == 0 {
            let words = if cx.session.store.trace_count() == 0 {
                "Nothing has arrived yet."
            } else {
                "Nothing was found wrong in what has arrived so far."
            };
            pen.put(body.x + 1, body.y + 1, body.width.saturating_sub(1), words, Style::new());
            return;
        }
        let mut nodes: Vec<Node> = headlines().take(MAX_HEADLINES).map(|(i, f)| node(i, f, cx)).collect();
        if total > MAX_HEADLINES {
            let more =
                format!("{} more findings are not listed", text::count((total - MAX_HEADLINES) as u64));
            nodes.push(Node::new("more", more, Role::Warning));
        }
        self.branches.draw(&nodes, true, body, into, cx.look);
    }
}
