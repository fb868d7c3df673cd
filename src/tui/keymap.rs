//! The one table of keys. Dispatch, the hints in the footer, the help overlay and the README print from here.

use super::chord::{ch, ctrl, key};
use crossterm::event::KeyCode;

pub use super::chord::Chord;

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// A screenful down.
    PageDown,
    /// A screenful up.
    PageUp,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Fold a row, or go to its parent.
    Fold,
    /// Unfold a row.
    Unfold,
    /// Open what is selected.
    Open,
    /// Back to where one came from.
    Back,
    /// The next pane.
    NextPane,
    /// The previous pane.
    PreviousPane,
    /// A tab, by its place in the table of tabs.
    Tab(usize),
    /// Un-merge a trace, or show it as it was recorded.
    Unmerge,
    /// The next row with an error status.
    NextError,
    /// The previous row with an error status.
    PreviousError,
    /// The next row with a finding.
    NextFinding,
    /// The previous row with a finding.
    PreviousFinding,
    /// Look for something.
    Search,
    /// Show only some rows.
    Filter,
    /// The next row that was looked for.
    NextMatch,
    /// The row before that was looked for.
    PreviousMatch,
    /// Hide what is not looked for.
    HideRest,
    /// Fold one level more.
    FoldLevel,
    /// Unfold one level more.
    UnfoldLevel,
    /// Fold everything.
    FoldAll,
    /// Unfold everything.
    UnfoldAll,
    /// Repeated spans one by one, or in one row.
    Repeats,
    /// As a waterfall, or as an icicle.
    Icicle,
    /// Two traces, or two requests, side by side.
    Compare,
    /// The next row in which two traces differ.
    NextDifference,
    /// The row before in which they differ.
    PreviousDifference,
    /// Mark the critical path.
    CriticalPath,
    /// Zoom to the selected span.
    ZoomToSpan,
    /// All of the time.
    ZoomOut,
    /// Half of the time around the selected span.
    ZoomCloser,
    /// Twice the time around the selected span.
    ZoomWider,
    /// Earlier.
    PanLeft,
    /// Later.
    PanRight,
    /// To a span that this one links to.
    NextLink,
    /// To a span that links to this one.
    BackLink,
    /// Follow what arrives.
    Follow,
    /// Hold still, or follow again.
    Hold,
    /// The next batch of a replay.
    Step,
    /// Keep a trace from being evicted and cleared, or no longer.
    Pin,
    /// Mark a trace, or take its mark off.
    Mark,
    /// Mark every trace that is listed, or none.
    MarkAll,
    /// Delete what is marked, else what is selected.
    Delete,
    /// Delete everything that is not pinned.
    Clear,
    /// A larger detail pane.
    Grow,
    /// A smaller detail pane.
    Shrink,
    /// Explain the rule of a finding.
    Explain,
    /// Sort by the next column.
    Sort,
    /// Turn the order around.
    InvertSort,
    /// The latest span that failed.
    ShowError,
    /// Take a baseline of the findings.
    TakeBaseline,
    /// Drop the baseline.
    DropBaseline,
    /// Type into the command.
    Type,
    /// No longer type into the command.
    StopTyping,
    /// Start the command again.
    Restart,
    /// Show the last lines of the command's output below any tab, or not.
    OutputPane,
    /// A list of what can be copied here.
    Copy,
    /// Copy what is under the cursor.
    CopyNow,
    /// A span as OTLP/JSON.
    Raw,
    /// Accept a finding.
    Accept,
    /// Write spans to a file.
    Save,
    /// Everything that can be done here, by name.
    Palette,
    /// Draw everything anew.
    Redraw,
    /// All keys.
    Help,
    /// To the shell, to come back with `fg`.
    Suspend,
    /// The end.
    Quit,
}

/// Where a key works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Context {
    /// Everywhere, over everything.
    Everywhere,
    /// The list of traces.
    Traces,
    /// The tree of a trace.
    Tree,
    /// The tree of a trace, drawn as an icicle.
    Icicle,
    /// The detail of a span.
    Detail,
    /// Two traces side by side, over a tab.
    Compare,
    /// The tab of findings.
    Findings,
    /// The list of log records.
    Logs,
    /// The detail of a log record.
    Log,
    /// The tab of services.
    Services,
    /// The tab of the receiver.
    Receiver,
    /// The tab of the command's output.
    Output,
    /// Typing into the command: every key is its own.
    Typing,
    /// The explanation of a rule, over a tab.
    Explain,
    /// A text of any length, over a tab.
    Page,
    /// The help overlay.
    Help,
    /// A list to choose from, over a tab.
    Menu,
    /// A line of text that is being written.
    Prompt,
}

impl Context {
    /// Every place where keys go to something of its own.
    pub const ALL: [Self; 17] = [
        Traces, Tree, Icicle, Compare, Detail, Findings, Services, Logs, Log, Receiver, Output, Typing,
        Explain, Page, Help, Menu, Prompt,
    ];
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys that do it, the one to show first.
    pub keys: &'static [Chord],
    /// One line for the help.
    pub help: &'static str,
    /// A word or two for the footer; none for keys that everybody tries anyway.
    pub hint: Option<&'static str>,
    /// Where it works.
    pub contexts: &'static [Context],
}

use Context::{
    Compare, Detail, Everywhere, Explain, Findings, Help, Icicle, Log, Logs, Menu, Output, Page, Prompt,
    Receiver, Services, Traces, Tree, Typing,
};

/// Every context with rows to move over and no text to write.
const ROWS: &[Context] =
    &[Traces, Tree, Compare, Detail, Findings, Services, Logs, Log, Receiver, Output, Explain, Page, Help];
/// Where letters are text.
pub(super) const TEXT: &[Context] = &[Menu, Prompt];
const BRANCHES: &[Context] = &[Tree, Compare, Detail, Findings, Log];
/// What is done to the rows of a tree. An icicle has none, and keys of its own for moving.
const OF_ROWS: &[Action] = &[
    Action::Down,
    Action::Up,
    Action::PageDown,
    Action::PageUp,
    Action::First,
    Action::Last,
    Action::Fold,
    Action::Unfold,
    Action::FoldLevel,
    Action::UnfoldLevel,
    Action::FoldAll,
    Action::UnfoldAll,
    Action::Repeats,
    Action::HideRest,
    Action::CriticalPath,
    Action::Follow,
];

/// Every key.
pub const KEYS: &[Binding] = &[
    Binding {
        action: Action::Down,
        keys: &[ch('j'), key(KeyCode::Down)],
        help: "one row down",
        hint: None,
        contexts: ROWS,
    },
    Binding {
        action: Action::Up,
        keys: &[ch('k'), key(KeyCode::Up)],
        help: "one row up",
        hint: None,
        contexts: ROWS,
    },
    Binding {
        action: Action::PageDown,
        keys: &[ctrl('d'), key(KeyCode::PageDown)],
        help: "a screenful down",
        hint: None,
        contexts: ROWS,
    },
    Binding {
        action: Action::PageUp,
        keys: &[ctrl('u'), key(KeyCode::PageUp)],
        help: "a screenful up",
        hint: None,
        contexts: ROWS,
    },
    Binding {
        action: Action::First,
        keys: &[ch('g'), key(KeyCode::Home)],
        help: "the first row",
        hint: None,
        contexts: ROWS,
    },
    Binding {
        action: Action::Last,
        keys: &[ch('G'), key(KeyCode::End)],
        help: "the last row; in a list or tree, follow what arrives below it",
        hint: None,
        contexts: ROWS,
    },
    Binding {
        action: Action::Down,
        keys: &[key(KeyCode::Down), ctrl('n')],
        help: "the next choice",
        hint: None,
        contexts: TEXT,
    },
    Binding {
        action: Action::Up,
        keys: &[key(KeyCode::Up), ctrl('p')],
        help: "the choice before",
        hint: None,
        contexts: TEXT,
    },
    Binding {
        action: Action::Open,
        keys: &[key(KeyCode::Enter)],
        help: "open what is selected, or go to what it points at: a span, a link, a finding's spans, a log record's",
        hint: Some("open"),
        contexts: &[Traces, Tree, Compare, Detail, Findings, Services, Logs, Log, Menu, Prompt],
    },
    Binding {
        action: Action::Back,
        keys: &[key(KeyCode::Esc)],
        help: "back",
        hint: Some("back"),
        contexts: &[
            Tree, Compare, Detail, Findings, Services, Logs, Log, Receiver, Output, Explain, Page, Help,
            Menu, Prompt,
        ],
    },
    Binding {
        action: Action::Unmerge,
        keys: &[ch('u')],
        help: "un-merge a trace, or show it as it was recorded",
        hint: Some("un-merge/as recorded"),
        contexts: &[Traces, Tree, Detail],
    },
    Binding {
        action: Action::Fold,
        keys: &[ch('h'), key(KeyCode::Left)],
        help: "fold; on a folded row, go to its parent",
        hint: Some("fold"),
        contexts: BRANCHES,
    },
    Binding {
        action: Action::Unfold,
        keys: &[ch('l'), key(KeyCode::Right)],
        help: "unfold",
        hint: Some("unfold"),
        contexts: BRANCHES,
    },
    Binding {
        action: Action::Explain,
        keys: &[ch('x')],
        help: "explain the rule behind the finding: what, why, how it is found, how to fix it",
        hint: Some("explain"),
        contexts: &[Tree, Detail, Findings, Explain],
    },
    Binding {
        action: Action::Accept,
        keys: &[ch('a')],
        help: "accept the finding: for a service, a span name or everywhere, until a day or for good",
        hint: Some("accept"),
        contexts: &[Findings],
    },
    Binding {
        action: Action::TakeBaseline,
        keys: &[ch('b')],
        help: "take a baseline: what is new, still there and gone from now on is told",
        hint: Some("baseline"),
        contexts: &[Findings],
    },
    Binding {
        action: Action::DropBaseline,
        keys: &[ch('B')],
        help: "drop the baseline",
        hint: None,
        contexts: &[Findings],
    },
    Binding {
        action: Action::NextFinding,
        keys: &[ch('w')],
        help: "the next row with a finding",
        hint: Some("next finding"),
        contexts: &[Traces, Tree],
    },
    Binding {
        action: Action::PreviousFinding,
        keys: &[ch('W')],
        help: "the previous row with a finding",
        hint: None,
        contexts: &[Traces, Tree],
    },
    Binding {
        action: Action::NextError,
        keys: &[ch('e')],
        help: "the next row with an error",
        hint: Some("next error"),
        contexts: &[Traces, Tree, Logs],
    },
    Binding {
        action: Action::PreviousError,
        keys: &[ch('E')],
        help: "the previous row with an error",
        hint: None,
        contexts: &[Traces, Tree, Logs],
    },
    Binding {
        action: Action::Search,
        keys: &[ch('/')],
        help: "search",
        hint: Some("search"),
        contexts: &[Tree],
    },
    Binding {
        action: Action::NextMatch,
        keys: &[ch('n')],
        help: "the next match of the search",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::PreviousMatch,
        keys: &[ch('N')],
        help: "the match before",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::Filter,
        keys: &[ch('/')],
        help: "show only what fits: words, severity>=warn, service=NAME; Esc shows all again",
        hint: Some("filter"),
        contexts: &[Logs],
    },
    Binding {
        action: Action::HideRest,
        keys: &[ch('&')],
        help: "hide what does not match the search, or show it again",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::FoldLevel,
        keys: &[ch('[')],
        help: "fold one level more, everywhere",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::UnfoldLevel,
        keys: &[ch(']')],
        help: "unfold one level more, everywhere",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::FoldAll,
        keys: &[ch('{')],
        help: "fold everything",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::UnfoldAll,
        keys: &[ch('}')],
        help: "unfold everything",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::Repeats,
        keys: &[ch('r')],
        help: "show repeated spans one by one, or in one row again",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::Icicle,
        keys: &[ch('t')],
        help: "draw the trace as an icicle, time from left to right and depth downwards, or as a waterfall again",
        hint: Some("waterfall/icicle"),
        contexts: &[Tree],
    },
    Binding {
        action: Action::Unfold,
        keys: &[ch('l'), key(KeyCode::Right)],
        help: "the next span at this depth",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::Fold,
        keys: &[ch('h'), key(KeyCode::Left)],
        help: "the span before at this depth",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::Down,
        keys: &[ch('j'), key(KeyCode::Down)],
        help: "deeper: the first span under this one",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::Up,
        keys: &[ch('k'), key(KeyCode::Up)],
        help: "up: the parent",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::PageDown,
        keys: &[ctrl('d'), key(KeyCode::PageDown)],
        help: "deeper by five",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::PageUp,
        keys: &[ctrl('u'), key(KeyCode::PageUp)],
        help: "up by five",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::First,
        keys: &[ch('g'), key(KeyCode::Home)],
        help: "the first span under the same parent",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::Last,
        keys: &[ch('G'), key(KeyCode::End)],
        help: "the last span under the same parent",
        hint: None,
        contexts: &[Icicle],
    },
    Binding {
        action: Action::Compare,
        keys: &[ch('C')],
        help: "compare the two marked traces; else keep one, then compare another with it (in an un-merged tree, a request)",
        hint: None,
        contexts: &[Traces, Tree],
    },
    Binding {
        action: Action::NextDifference,
        keys: &[ch('w')],
        help: "the next difference",
        hint: Some("next difference"),
        contexts: &[Compare],
    },
    Binding {
        action: Action::PreviousDifference,
        keys: &[ch('W')],
        help: "the difference before",
        hint: None,
        contexts: &[Compare],
    },
    Binding {
        action: Action::NextPane,
        keys: &[key(KeyCode::Tab)],
        help: "the other side: Enter goes to the span of that side",
        hint: Some("other side"),
        contexts: &[Compare],
    },
    Binding {
        action: Action::CriticalPath,
        keys: &[ch('c')],
        help: "mark the critical path: what determined when the request ended",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::ZoomToSpan,
        keys: &[ch('z')],
        help: "zoom to the time of the span",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::ZoomOut,
        keys: &[ch('Z')],
        help: "show all of the time again",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::ZoomCloser,
        keys: &[ch('>')],
        help: "zoom in around the span; with the mouse, drag over the bars",
        hint: None,
        contexts: &[Tree],
    },
    Binding { action: Action::ZoomWider, keys: &[ch('<')], help: "zoom out", hint: None, contexts: &[Tree] },
    Binding {
        action: Action::PanLeft,
        keys: &[ch('H')],
        help: "earlier, when zoomed",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::PanRight,
        keys: &[ch('L')],
        help: "later, when zoomed",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::NextLink,
        keys: &[ch('o')],
        help: "go to the span that this one links to, in whichever trace",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::BackLink,
        keys: &[ch('O')],
        help: "go to the span that links to this one",
        hint: None,
        contexts: &[Tree],
    },
    Binding {
        action: Action::Follow,
        keys: &[ch('f')],
        help: "follow the newest row",
        hint: Some("follow"),
        contexts: &[Traces, Tree, Logs],
    },
    Binding {
        action: Action::Hold,
        keys: &[key(KeyCode::Char(' '))],
        help: "hold still, or follow the newest again, and all is taken in either way; a replay pauses, or goes on",
        hint: Some("hold/follow"),
        contexts: &[Traces, Tree, Detail, Logs, Log],
    },
    Binding {
        action: Action::Filter,
        keys: &[ch('/')],
        help: "list only the traces that match",
        hint: Some("filter"),
        contexts: &[Traces],
    },
    Binding {
        action: Action::Filter,
        keys: &[ch('/')],
        help: "list only the traces with what is selected: a service, calls, an operation, a scope",
        hint: Some("its traces"),
        contexts: &[Services],
    },
    Binding {
        action: Action::Back,
        keys: &[key(KeyCode::Esc)],
        help: "list all traces again",
        hint: None,
        contexts: &[Traces],
    },
    Binding {
        action: Action::Pin,
        keys: &[ch('p')],
        help: "pin a trace: it is neither evicted nor cleared; or no longer",
        hint: Some("pin"),
        contexts: &[Traces],
    },
    Binding {
        action: Action::Mark,
        keys: &[ch('v')],
        help: "mark a trace, or take its mark off",
        hint: Some("mark"),
        contexts: &[Traces],
    },
    Binding {
        action: Action::MarkAll,
        keys: &[ch('V')],
        help: "mark every trace that is listed, or none",
        hint: None,
        contexts: &[Traces],
    },
    Binding {
        action: Action::Delete,
        keys: &[ch('D')],
        help: "delete the marked traces, else the selected one; what they taught stays",
        hint: None,
        contexts: &[Traces],
    },
    Binding {
        action: Action::Clear,
        keys: &[ctrl('x')],
        help: "clear: delete every trace that is not pinned, and start the findings anew",
        hint: None,
        contexts: &[Traces, Tree, Detail],
    },
    Binding {
        action: Action::Step,
        keys: &[ch('.')],
        help: "in a replay, the next batch, and then a pause",
        hint: None,
        contexts: &[Traces, Tree, Detail, Logs, Log],
    },
    Binding {
        action: Action::NextPane,
        keys: &[key(KeyCode::Tab)],
        help: "the next pane; where text is written, complete it",
        hint: Some("pane"),
        contexts: &[Traces, Tree, Detail, Services, Logs, Log, Prompt],
    },
    Binding {
        action: Action::PreviousPane,
        keys: &[key(KeyCode::BackTab)],
        help: "the previous pane",
        hint: None,
        contexts: &[Traces, Tree, Detail, Services, Logs, Log],
    },
    Binding {
        action: Action::Sort,
        keys: &[ch('s')],
        help: "sort by the next column",
        hint: Some("sort"),
        contexts: &[Traces, Services],
    },
    Binding {
        action: Action::InvertSort,
        keys: &[ch('i'), ch('S')],
        help: "turn the order around",
        hint: None,
        contexts: &[Traces, Services],
    },
    Binding {
        action: Action::ShowError,
        keys: &[ch('e')],
        help: "the latest span of the operation that failed",
        hint: Some("latest error"),
        contexts: &[Services],
    },
    Binding {
        action: Action::Grow,
        keys: &[ch('+'), ch('=')],
        help: "a larger detail pane",
        hint: None,
        contexts: &[Traces, Tree, Detail, Logs, Log],
    },
    Binding {
        action: Action::Shrink,
        keys: &[ch('-')],
        help: "a smaller detail pane",
        hint: None,
        contexts: &[Traces, Tree, Detail, Logs, Log],
    },
    Binding {
        action: Action::Raw,
        keys: &[ch('R')],
        help: "the span as OTLP/JSON, with its resource and scope",
        hint: Some("raw"),
        contexts: &[Tree, Detail, Page],
    },
    Binding {
        action: Action::Copy,
        keys: &[ch('y')],
        help: "copy: a list of what can be copied here, what is under the cursor first",
        hint: Some("copy"),
        contexts: &[Traces, Tree, Detail, Findings, Page],
    },
    Binding {
        action: Action::CopyNow,
        keys: &[ch('Y')],
        help: "copy what is under the cursor at once",
        hint: None,
        contexts: &[Traces, Tree, Detail, Findings, Page],
    },
    Binding {
        action: Action::Save,
        keys: &[ctrl('s')],
        help: "save spans to a file: a trace, a request, a span with all below it, what shows a finding",
        hint: None,
        contexts: &[Traces, Tree, Detail, Findings],
    },
    Binding {
        action: Action::Tab(0),
        keys: &[ch('1')],
        help: "the tab of traces",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Tab(1),
        keys: &[ch('2')],
        help: "the tab of findings",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Tab(2),
        keys: &[ch('3')],
        help: "the tab of services: who calls whom, operations, instrumentation scopes",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Tab(3),
        keys: &[ch('4')],
        help: "the tab of logs: what was logged, and in which span",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Tab(4),
        keys: &[ch('5')],
        help: "the tab of the receiver: who sends, what was refused, what to export",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Tab(OUTPUT),
        keys: &[ch('6')],
        help: "the tab of the command's output, with `otoscope run`",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Type,
        keys: &[key(KeyCode::Enter), ch('i')],
        help: "type into the command: every key goes there",
        hint: Some("type into it"),
        contexts: &[Output],
    },
    Binding {
        action: Action::StopTyping,
        // Terminals send the same for Ctrl-5, which is easier to find on some keyboards.
        keys: &[ctrl(']'), ctrl('5')],
        help: "no longer type into the command",
        hint: Some("stop typing"),
        contexts: &[Typing],
    },
    Binding {
        action: Action::Restart,
        keys: &[ctrl('r')],
        help: "start the command of `otoscope run` again",
        hint: Some("restart"),
        contexts: &[Everywhere, Output],
    },
    Binding {
        action: Action::OutputPane,
        keys: &[ch('!')],
        help: "the last lines of the command's output below any tab, or not",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Palette,
        keys: &[ch(':')],
        help: "everything that can be done here, by name",
        hint: Some("commands"),
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Help,
        keys: &[ch('?')],
        help: "these keys",
        hint: Some("help"),
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Quit,
        keys: &[ch('q'), ctrl('c')],
        help: "quit",
        hint: Some("quit"),
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Redraw,
        keys: &[ctrl('l')],
        help: "draw everything anew, after something else wrote to the terminal",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Suspend,
        keys: &[ctrl('z')],
        help: "back to the shell; `fg` returns",
        hint: None,
        contexts: &[Everywhere],
    },
];

/// The place of the tab of the command's output, which is there only when there is a command.
pub const OUTPUT: usize = 5;

impl Binding {
    /// Whether it works in a context.
    pub fn works_in(&self, context: Context) -> bool {
        let named = |context| self.contexts.contains(&context);
        let everywhere = named(Everywhere) && context != Typing;
        let of_tree = context == Icicle && named(Tree) && !OF_ROWS.contains(&self.action);
        named(context) || everywhere || of_tree
    }

    /// Where it works, for the help.
    pub fn places(&self) -> String {
        let name = |context: &Context| match context {
            Everywhere => "everywhere",
            Traces => "traces",
            Tree => "tree",
            Icicle => "icicle",
            Compare => "comparison",
            Detail => "span",
            Findings => "findings",
            Logs => "logs",
            Log => "log",
            Services => "services",
            Receiver => "receiver",
            Output => "output",
            Typing => "typing",
            Explain => "explanation",
            Page => "text sheets",
            Help => "help",
            Menu => "menus",
            Prompt => "text",
        };
        match self.contexts {
            contexts if contexts == ROWS || contexts.contains(&Everywhere) => "everywhere".to_owned(),
            contexts => contexts.iter().map(name).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let row = |binding: &Binding| {
        let keys = binding.keys.iter().map(|key| format!("`{}`", key.name(&super::theme::UNICODE)));
        let keys = keys.collect::<Vec<_>>().join(" ");
        let name = super::keys::name(binding.action);
        format!("| {keys} | {} | {} | `{name}` |\n", binding.help, binding.places())
    };
    let rows: String = KEYS.iter().map(row).collect();
    format!("| keys | what they do | where | name |\n|---|---|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;
    use crossterm::event::{KeyEvent, KeyEventKind, KeyModifiers};

    fn find(event: KeyEvent, context: Context) -> Option<Action> {
        Keys::default().find(event, context)
    }

    #[test]
    fn terminals_that_say_shift_differently_mean_the_same() {
        let upper = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        let lower = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let bare = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        for event in [upper, lower, bare] {
            assert_eq!(find(event, Tree), Some(Action::Last));
        }
        let back = KeyEvent::new(KeyCode::Tab, KeyModifiers::SHIFT);
        assert_eq!(find(back, Tree), Some(Action::PreviousPane));
        let mut release = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(find(release, Tree), None);
    }

    #[test]
    fn every_key_finds_its_own_row() {
        for binding in KEYS {
            for context in binding.contexts {
                for key in binding.keys {
                    assert_eq!(find(key.event(), *context), Some(binding.action), "{key:?} in {context:?}");
                }
            }
        }
    }
}
