//! The tab of findings: what is wrong, by root cause, with evidence and remedy, and the spans that show it.

use super::accept::Accepting;
use super::finding_rows::{self, GONE, HINTS, Rows};
use super::menu::Choice;
use super::prompt::{Advice, Purpose, Said};
use super::save::{self, Saving};
use super::{Counts, Cx, Mouse, Outcome, Screen, Target, clicked, copy, empty, list_delete, nodes, sign};
use crate::diagnosis::{self, Finding, Rule, Severity};
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::{self, Branches};
use crate::tui::widget::pen::{Part, Pen, part, title_fits};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// As many as this are unfolded from the start; more are easier to read folded.
const UNFOLDED: usize = 3;

/// In which order they are listed.
const ORDER: [&str; 2] = ["worst first, then most requests, then surest", "worst first"];

/// The tab of findings.
#[derive(Debug, Default)]
pub struct Findings {
    branches: Branches,
    /// Where it was drawn last.
    area: Rect,
    /// A key or click has chosen a row: from now on it stays where it is. Until then the worst is on top.
    chosen: bool,
    /// What is gone since the baseline was unfolded once.
    compared: bool,
    saving: Saving,
    accepting: Accepting,
}

impl Findings {
    /// The finding that the selected row is, or is about.
    fn named<'a>(&self, cx: &Cx<'a>) -> Option<&'a Finding> {
        let key = self.branches.selected().iter().rev().find_map(|id| nodes::finding_key(id))?;
        let diagnosis = &cx.session.diagnosis;
        let accepted = diagnosis.suppressed().iter().map(|one| &one.finding);
        diagnosis.findings().iter().chain(accepted).find(|finding| finding.key == key)
    }

    /// The rule that the selected row is about.
    fn rule(&self, cx: &Cx<'_>) -> Option<&'static Rule> {
        let of_baseline = || finding_rows::missing_rule(self.branches.selected().first()?);
        let below = || finding_rows::missing_rule(self.branches.selected().last()?);
        let known = || of_baseline().or_else(below).and_then(diagnosis::find);
        self.named(cx).map(|finding| finding.rule).or_else(known)
    }

    /// What Enter shows: the span or trace of the selected line, else the first of its finding.
    fn target(&self, finding: &Finding, cx: &Cx<'_>) -> Option<Target> {
        let held = |target: &Target| finding_rows::is_held(target, &cx.session.store);
        let mut all = finding_rows::targets(finding, cx).into_iter();
        if let (Some("culprit"), Some(of)) =
            (self.branches.selected().last().map(String::as_str), &finding.culprit)
        {
            return all.find(|target| target.span == Some(of.span_id)).filter(held);
        }
        let chosen = self.branches.selected().last().and_then(|id| id.strip_prefix("at "));
        match chosen.and_then(|number| number.parse::<usize>().ok()) {
            Some(chosen) => all.nth(chosen).filter(held),
            None => all.find(held),
        }
    }

    fn open(&mut self, cx: &Cx<'_>) -> Outcome {
        match self.named(cx) {
            Some(finding) => match self.target(finding, cx) {
                Some(target) => Outcome::GoTo(target),
                None if finding_rows::targets(finding, cx).is_empty() => {
                    Outcome::Notice("it is about no span in particular: l unfolds it".to_owned())
                }
                None => Outcome::Notice(
                    "the spans that showed it are no longer held: evicted or deleted".to_owned(),
                ),
            },
            // A line that is no finding holds some.
            None if self.branches.apply(Action::Open) => Outcome::Done,
            None => Outcome::Ignored,
        }
    }

    /// What can be copied: the finding, and before it the line that is selected below it.
    fn copies(&self, cx: &Cx<'_>) -> Vec<Choice> {
        let Some(finding) = self.named(cx) else { return Vec::new() };
        let path = self.branches.selected_node();
        let below = path.last().is_some_and(|id| nodes::finding_key(id).is_none());
        let rows = below.then(|| Rows::new(&self.branches, self.area.width, cx).all());
        let line = rows.as_deref().and_then(|rows| branches::find(rows, &path));
        let line = line.map(|node| copy::line(&node.text())).unwrap_or_default();
        line.into_iter().chain(copy::finding(finding, cx)).collect()
    }

    fn accept(&mut self, cx: &Cx<'_>) -> Outcome {
        let Some(finding) = self.named(cx) else {
            return Outcome::Notice("select a finding: it can be accepted".to_owned());
        };
        if let Some(one) = cx.session.diagnosis.suppressed().iter().find(|one| one.finding.key == finding.key)
        {
            return Outcome::Notice(format!("it is accepted already, in {}: {}", one.origin, one.reason));
        }
        self.accepting.offer(finding, cx)
    }

    /// While nothing was chosen, the worst is on top, and a short list is unfolded.
    fn arrange(&mut self, cx: &Cx<'_>) {
        self.branches.rewind();
        let Counts { hints, .. } = cx.counts();
        let faults: Vec<String> = cx
            .headlines()
            .take_while(|(_, finding)| finding.severity > Severity::Info)
            .map(|(_, finding)| nodes::finding_id(finding.key))
            .collect();
        for id in &faults {
            if faults.len() <= UNFOLDED { self.branches.open(&[id]) } else { self.branches.close(&[id]) }
        }
        if faults.is_empty() && hints > 0 {
            self.branches.open(&[HINTS]);
        } else {
            self.branches.close(&[HINTS]);
        }
    }

    /// The selected finding may have become a hint, a symptom, or gone: the selection goes with it.
    fn keep_selected(&mut self, cx: &Cx<'_>) {
        let selected = self.branches.selected();
        let Some(at) = selected.iter().rposition(|id| nodes::finding_key(id).is_some()) else { return };
        let from = selected[..=at].to_vec();
        let now = nodes::finding_key(&from[at]).and_then(|key| finding_rows::path(key, cx));
        if let Some(now) = now.filter(|now| *now != from) {
            self.branches.follow(&from, &now);
        }
    }
}

/// `22 errors · 19 warnings · 12 hints · 2 suppressed`
fn title<'a>(cx: &Cx<'a>) -> Vec<Part<'a>> {
    let counts = cx.counts();
    let mut parts = Vec::new();
    let mut say = |words: String, style: Style| {
        if !parts.is_empty() {
            parts.push(part(format!(" {} ", cx.look.symbols.dot), cx.look.style(Role::Dim)));
        }
        parts.push(part(words, style));
    };
    let faults = [(counts.errors, "error", Severity::Error), (counts.warnings, "warning", Severity::Warning)];
    for (number, noun, severity) in faults.into_iter().filter(|(number, ..)| *number > 0) {
        say(text::plural(number as u64, noun), cx.look.style(sign(severity, cx.look).1));
    }
    if counts.faults() == 0 {
        say("No faults".to_owned(), Style::new());
    }
    counts.quiet().for_each(|words| say(words, Style::new()));
    parts
}

impl Screen for Findings {
    fn context(&self) -> Context {
        Context::Findings
    }

    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        // Keys may come faster than frames: each must find the rows that the one before has left.
        let area = if self.area.is_empty() { Rect::new(0, 0, 100, 30) } else { self.area };
        self.draw(area, &mut Buffer::empty(area), cx);
        if cx.session.store.trace_count() == 0
            && cx.session.diagnosis.findings().is_empty()
            && let Some(why) = empty::refused(action, "trace")
        {
            return why;
        }
        match action {
            Action::Back => return Outcome::Leave,
            Action::Explain => {
                return match self.rule(cx) {
                    Some(rule) => Outcome::Explain(rule),
                    None => Outcome::Notice("select a finding: its rule is explained".to_owned()),
                };
            }
            Action::Copy => return copy::menu(self.copies(cx)),
            Action::CopyNow => return copy::at_once(self.copies(cx)),
            Action::Save => {
                let offers = self.named(cx).map(save::finding).unwrap_or_default();
                return self.saving.offer(offers);
            }
            Action::Accept => return self.accept(cx),
            Action::Clear => return list_delete::clear(cx),
            _ => {}
        }
        self.chosen = true;
        match action {
            Action::Open => self.open(cx),
            action if self.branches.apply(action) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    fn subject(&self, cx: &Cx<'_>) -> Option<String> {
        self.rule(cx).map(|rule| rule.id.to_owned())
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(at) if self.branches.toggle(at) => {}
            Mouse::Click(at) => {
                let again = self.branches.click(at);
                // What was selected by itself is only chosen.
                return clicked(std::mem::replace(&mut self.chosen, true) && again);
            }
            Mouse::Point(at) => drop(self.branches.click(at)),
            Mouse::WheelUp(_) => self.branches.scroll(3, true),
            Mouse::WheelDown(_) => self.branches.scroll(3, false),
            _ => return Outcome::Ignored,
        }
        self.chosen = true;
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, cx: &Cx<'_>) -> Option<String> {
        if self.chosen {
            self.keep_selected(cx);
        } else {
            self.arrange(cx);
        }
        if std::mem::replace(&mut self.compared, cx.since.is_some()) != self.compared && self.compared {
            self.branches.open(&[GONE]);
        }
        None
    }

    fn said(&mut self, purpose: Purpose, said: Said, _cx: &Cx<'_>) -> Outcome {
        match purpose {
            Purpose::Save(place) => self.saving.said(place, said),
            Purpose::Until(place) => self.accepting.until(place, said),
            Purpose::Reason(place) => self.accepting.reason(place, said),
            Purpose::Filter | Purpose::Search => Outcome::Ignored,
        }
    }

    fn advice(&self, purpose: Purpose, text: &str, _cursor: usize, _cx: &Cx<'_>) -> Advice {
        match purpose {
            Purpose::Save(_) => Saving::advice(),
            Purpose::Until(_) | Purpose::Reason(_) => self.accepting.advice(purpose, text),
            Purpose::Filter | Purpose::Search => Advice::default(),
        }
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        self.area = area;
        let body = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(1),
            height: area.height.saturating_sub(1),
        };
        let rows = Rows::new(&self.branches, body.width, cx).all();
        if rows.is_empty() {
            let mut pen = Pen::new(into, cx.look);
            pen.title(area, true, &[part("Findings", Style::new())], "");
            if cx.session.store.trace_count() == 0 {
                empty::draw(body, &mut pen, cx);
                return;
            }
            let words = "Nothing was found wrong in what has arrived so far.";
            pen.put(body.x + 1, body.y + 1, body.width.saturating_sub(1), words, Style::new());
            return;
        }
        self.branches.draw(&rows, true, body, into, cx.look);
        let (above, below) = self.branches.more();
        let note = [(above, cx.look.symbols.up), (below, cx.look.symbols.down)];
        let arrows = note.into_iter().filter(|(there, _)| *there).map(|(_, arrow)| arrow);
        let arrows: Vec<&str> = arrows.collect();
        let title = title(cx);
        let words: usize = title.iter().map(|(words, _)| text::width(words)).sum();
        // Half a word of the title is worse than less of the order.
        let mut notes = ORDER.into_iter().map(|order| [&[order], arrows.as_slice()].concat().join(" "));
        let note = notes.find(|note| title_fits(area, words, note)).unwrap_or_else(|| arrows.join(" "));
        Pen::new(into, cx.look).title(area, true, &title, &note);
    }
}
