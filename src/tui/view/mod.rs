//! Screens: one file each. A view is a function of the session and of its own small state; drawing changes nothing
//! but where it is scrolled to.

pub mod accept;
pub mod before_after;
pub mod columns;
pub mod compare;
pub mod compare_rows;
mod compare_shapes;
pub mod compare_side;
pub mod copy;
pub mod covered;
pub mod critical;
pub mod detail;
pub mod empty;
pub mod explain;
pub mod filter;
pub mod finding_rows;
pub mod findings;
pub mod footer;
pub mod header;
pub mod help;
pub mod icicle;
pub mod icicle_cells;
pub mod icicle_depths;
pub mod icicle_dust;
pub mod icicle_index;
pub mod icicle_moves;
pub mod lines;
pub mod list;
mod list_delete;
mod list_marks;
pub mod list_row;
pub mod listing;
pub mod log_filter;
pub mod log_list;
pub mod log_nodes;
pub mod log_row;
pub mod logs;
pub mod logs_empty;
pub mod marks;
pub mod menu;
pub mod minimap;
pub mod missing;
pub mod narrow;
pub mod nodes;
pub mod output;
pub mod page;
pub mod prompt;
pub mod reading;
pub mod receiver;
pub mod row;
pub mod runs;
pub mod save;
pub mod services;
pub mod span_nodes;
pub mod stack;
pub mod strip;
pub mod traces;
pub mod tree;
pub mod tree_effects;
pub mod tree_fold;
pub mod tree_head;
pub mod tree_links;
pub mod tree_path;
pub mod tree_rows;
pub mod tree_search;
pub mod tree_time;
pub mod values;
pub mod zoom;

use super::keymap::{Action, Context};
use super::keys::Keys;
use super::output::Output;
use super::palette::Palette;
use super::remembered::Remembered;
use super::request::Request;
use super::status::{Feed, Status, Traffic};
use super::text;
use super::theme::{Look, Role};
use crate::diagnosis::{Finding, Rule, Severity, Since};
use crate::model::{SpanId, TraceId};
use crate::session::Session;
use crate::store::LogKey;
use crossterm::event::{KeyEvent, KeyModifiers};
use listing::Busy;
use prompt::{Advice, Prompt, Purpose, Said};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::time::Instant;

/// What a view may read.
#[derive(Clone, Copy, Debug)]
pub struct Cx<'a> {
    /// What is held and what is wrong with it.
    pub session: &'a Session,
    /// The world outside.
    pub status: &'a Status,
    /// Who sent what.
    pub traffic: &'a Traffic,
    /// The baseline, where there is one.
    pub since: Option<&'a Since>,
    /// What can be seen of the command, where there is one.
    pub output: Option<&'a Output>,
    /// What arrives is taken in and not shown yet.
    pub held: bool,
    /// A key, the mouse or another size of the screen came since the last frame: only then may rows move.
    pub acted: bool,
    /// How it looks.
    pub look: Look,
    /// The keys in force.
    pub keys: &'a Keys,
}

impl<'a> Cx<'a> {
    /// Whether anything can still come in.
    pub fn goes_on(&self) -> bool {
        !matches!(self.status.feed, Feed::Replay { done: true, .. })
    }

    /// What is wrong and not explained by anything else, but for what is gone since the baseline, worst first.
    pub fn headlines(&self) -> impl Iterator<Item = (usize, &'a Finding)> + use<'a> {
        let since = self.since;
        let gone = move |finding: &Finding| since.is_some_and(|since| since.is_gone(finding.key));
        let all = self.session.diagnosis.findings().iter().enumerate();
        all.filter(move |(_, finding)| finding.folded_under.is_none() && !gone(finding))
    }

    /// The same by what is to be mended first: the worst, then what concerns most requests, then the surest.
    pub fn to_mend(&self) -> Vec<(usize, &'a Finding)> {
        let mut all: Vec<_> = self.headlines().collect();
        let requests = |finding: &Finding| finding.request_count.unwrap_or(finding.trace_count);
        all.sort_by(|(_, a), (_, b)| {
            let by_requests = || requests(b).cmp(&requests(a));
            b.severity.cmp(&a.severity).then_with(by_requests).then(b.confidence.total_cmp(&a.confidence))
        });
        all
    }

    /// How many of them are errors, warnings and hints.
    pub fn counts(&self) -> Counts {
        let mut counts =
            Counts { suppressed: self.session.diagnosis.suppressed().len(), ..Counts::default() };
        for (_, finding) in self.headlines() {
            match finding.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Info => counts.hints += 1,
            }
        }
        counts
    }
}

/// How many findings stand for themselves, and how many are accepted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Hints.
    pub hints: usize,
    /// Accepted, of any severity.
    pub suppressed: usize,
}

impl Counts {
    /// Errors and warnings: what is to be mended.
    pub fn faults(self) -> usize {
        self.errors + self.warnings
    }

    /// `12 hints`, `2 suppressed`: what is told quietly.
    pub fn quiet(self) -> impl Iterator<Item = String> {
        let hints = (self.hints > 0).then(|| text::plural(self.hints as u64, "hint"));
        let suppressed =
            (self.suppressed > 0).then(|| format!("{} suppressed", text::count(self.suppressed as u64)));
        hints.into_iter().chain(suppressed)
    }
}

/// A span to show, or a whole trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: Option<SpanId>,
}

/// What came of an action.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing: it means nothing here.
    Ignored,
    /// It was done.
    Done,
    /// It was done, or could not be, and this says how.
    Notice(String),
    /// Something is to be shown in another tab.
    GoTo(Target),
    /// Show a log record in the tab of logs.
    GoToLog(LogKey),
    /// Traces that a filter lets through are to be listed.
    Filter(String),
    /// A rule is to be explained.
    Explain(&'static Rule),
    /// Something outside of the view is to be changed.
    Ask(Request),
    /// The output of the command is to be scrolled: up, or with a negative number down.
    ScrollOutput(isize),
    /// A line of text is to be written.
    Prompt(Prompt),
    /// What has become of it.
    Said(Purpose, Said),
    /// The line of text cannot be taken as it is: it stays open, and its advice says why.
    Again,
    /// A screen is to be laid over this one.
    Over(Box<dyn Screen>),
    /// It was chosen from a screen that lies over others, and is left with it.
    Chosen(Box<Outcome>),
    /// The same as if a key for it was pressed.
    Act(Action),
    /// The same, and it was chosen by its name: it is likely to be wanted again.
    Named(Action),
    /// The same in what is opened from here.
    Within(Action),
    /// The mouse was pressed on what was selected already: let go there, it opens that.
    Pressed,
    /// These colours are to be used.
    Paint(&'static Palette),
    /// The view is left.
    Leave,
}

/// What the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mouse {
    /// The left button was pressed.
    Click(Position),
    /// The same with Ctrl held down: what is there is marked, or no longer.
    Mark(Position),
    /// The same with Shift held down: everything from what is selected to there is marked.
    MarkTo(Position),
    /// The right button was pressed: what is there is selected, and what can be done with it is offered.
    Point(Position),
    /// The wheel was turned up.
    WheelUp(Position),
    /// The wheel was turned down.
    WheelDown(Position),
    /// The wheel was turned up with Ctrl held down: what is there is looked at closer.
    Closer(Position),
    /// The wheel was turned down with Ctrl held down.
    Wider(Position),
    /// The wheel was turned or pushed to the left.
    WheelLeft(Position),
    /// The wheel was turned or pushed to the right.
    WheelRight(Position),
    /// The mouse was moved with its left button held down.
    Drag(Position),
    /// The left button was let go.
    Release(Position),
}

impl Mouse {
    /// Where.
    pub fn position(self) -> Position {
        match self {
            Self::Click(at)
            | Self::Mark(at)
            | Self::MarkTo(at)
            | Self::Closer(at)
            | Self::Wider(at)
            | Self::Point(at)
            | Self::WheelUp(at)
            | Self::WheelDown(at)
            | Self::WheelLeft(at)
            | Self::WheelRight(at)
            | Self::Drag(at)
            | Self::Release(at) => at,
        }
    }

    /// The same with a key held down, where that means something else.
    pub fn with(self, held: KeyModifiers) -> Option<Self> {
        match self {
            Self::Click(at) if held.contains(KeyModifiers::CONTROL) => Some(Self::Mark(at)),
            Self::Click(at) if held.contains(KeyModifiers::SHIFT) => Some(Self::MarkTo(at)),
            Self::WheelUp(at) if held.contains(KeyModifiers::CONTROL) => Some(Self::Closer(at)),
            Self::WheelDown(at) if held.contains(KeyModifiers::CONTROL) => Some(Self::Wider(at)),
            _ => None,
        }
    }
}

/// What comes of a click on a row: on one `again`, that was selected before, what Enter does.
pub fn clicked(again: bool) -> Outcome {
    if again { Outcome::Pressed } else { Outcome::Done }
}

/// A screen: what a tab or an overlay shows.
pub trait Screen: std::fmt::Debug {
    /// Which keys work now.
    fn context(&self) -> Context;

    /// Does what a key says.
    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome;

    /// Does what the mouse says.
    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome;

    /// Whether an action would do anything now, where that is known without doing it: else it is neither hinted at nor
    /// offered.
    fn has_effect(&self, _action: Action, _cx: &Cx<'_>) -> bool {
        true
    }

    /// What is selected, in a few words: what the menu at the pointer is about.
    fn subject(&self, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    /// Brings what it remembers in line with what is held now: `touched` says whether any key was pressed yet. Answers
    /// with a sentence where something that was selected has gone.
    fn reconcile(&mut self, touched: bool, cx: &Cx<'_>) -> Option<String>;

    /// Draws it.
    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>);

    /// Takes a key before the table of keys is asked: where text is written. Nothing where it is no text.
    fn typed(&mut self, _event: KeyEvent, _cx: &Cx<'_>) -> Option<Outcome> {
        None
    }

    /// Takes text that was pasted.
    fn pasted(&mut self, _text: &str, _cx: &Cx<'_>) -> Outcome {
        Outcome::Ignored
    }

    /// Is told of the line of text that it asked for.
    fn said(&mut self, _purpose: Purpose, _said: Said, _cx: &Cx<'_>) -> Outcome {
        Outcome::Ignored
    }

    /// What it says of a line while it is written; `cursor` is the character that the cursor is on.
    fn advice(&self, _purpose: Purpose, _text: &str, _cursor: usize, _cx: &Cx<'_>) -> Advice {
        Advice::default()
    }

    /// Is as it was left the last time.
    fn recall(&mut self, _from: &Remembered) {}

    /// Says how it is to be the next time.
    fn remember(&self, _into: &mut Remembered) {}

    /// Goes on, until then, with what takes longer than a frame. Tells when to call again.
    fn work(&mut self, _until: Instant, _cx: &Cx<'_>) -> Busy {
        Busy::Rest
    }

    /// Shows a span; only the tab of traces can.
    fn go_to(&mut self, _target: Target, _cx: &Cx<'_>) {}

    /// Shows a log record; only the tab of logs can.
    fn go_to_log(&mut self, _key: LogKey, _cx: &Cx<'_>) {}
}

/// The sign and the role of a severity.
pub fn sign(severity: Severity, look: Look) -> (&'static str, Role) {
    match severity {
        Severity::Error => (look.symbols.error, Role::Error),
        Severity::Warning => (look.symbols.warning, Role::Warning),
        Severity::Info => (look.symbols.info, Role::Info),
    }
}

/// The first digits of an id, as many as tell it from others at a glance.
pub fn short_id(id: impl std::fmt::Display, look: Look) -> String {
    let id = id.to_string();
    format!("{}{}", id.get(..6).unwrap_or(&id), look.symbols.ellipsis)
}
