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
    /// A larger detail pane.
    Grow,
    /// A smaller detail pane.
    Shrink,
    /// Explain the rule of a finding.
    Explain,
    /// Take a baseline of the findings.
    TakeBaseline,
    /// Drop the baseline.
    DropBaseline,
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
    /// The detail of a span.
    Detail,
    /// The tab of findings.
    Findings,
    /// The list of log records.
    Logs,
    /// The detail of a log record.
    Log,
    /// The tab of the receiver.
    Receiver,
    /// The explanation of a rule, over a tab.
    Explain,
    /// The help overlay.
    Help,
    /// A list to choose from, over a tab.
    Menu,
    /// A line of text that is being written.
    Prompt,
}

impl Context {
    /// Every place where keys go to something of its own.
    pub const ALL: [Self; 11] =
        [Traces, Tree, Detail, Findings, Logs, Log, Receiver, Explain, Help, Menu, Prompt];
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

use Context::{Detail, Everywhere, Explain, Findings, Help, Log, Logs, Menu, Prompt, Receiver, Traces, Tree};

/// Every context with rows to move over and no text to write.
const ROWS: &[Context] = &[Traces, Tree, Detail, Findings, Logs, Log, Receiver, Explain, Help];
/// Where letters are text.
pub(super) const TEXT: &[Context] = &[Menu, Prompt];
const BRANCHES: &[Context] = &[Tree, Detail, Findings, Log];

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
        help: "open: a trace, then a span; from a finding, the spans that show it; from a log record, its span",
        hint: Some("open"),
        contexts: &[Traces, Tree, Detail, Findings, Logs, Log, Menu, Prompt],
    },
    Binding {
        action: Action::Back,
        keys: &[key(KeyCode::Esc)],
        help: "back",
        hint: Some("back"),
        contexts: &[Tree, Detail, Findings, Logs, Log, Receiver, Explain, Help, Menu, Prompt],
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
        help: "hold still, or follow the newest again; what arrives is taken in either way",
        hint: Some("hold/follow"),
        contexts: &[Traces, Tree, Detail, Logs, Log],
    },
    Binding {
        action: Action::NextPane,
        keys: &[key(KeyCode::Tab)],
        help: "the next pane; where text is written, complete it",
        hint: Some("pane"),
        contexts: &[Traces, Tree, Detail, Logs, Log, Prompt],
    },
    Binding {
        action: Action::PreviousPane,
        keys: &[key(KeyCode::BackTab)],
        help: "the previous pane",
        hint: None,
        contexts: &[Traces, Tree, Detail, Logs, Log],
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
        help: "the tab of logs: what was logged, and in which span",
        hint: None,
        contexts: &[Everywhere],
    },
    Binding {
        action: Action::Tab(3),
        keys: &[ch('4')],
        help: "the tab of the receiver: who sends, what was refused, what to export",
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

impl Binding {
    /// Whether it works in a context.
    pub fn works_in(&self, context: Context) -> bool {
        self.contexts.contains(&context) || self.contexts.contains(&Everywhere)
    }

    /// Where it works, for the help.
    pub fn places(&self) -> String {
        let name = |context: &Context| match context {
            Everywhere => "everywhere",
            Traces => "traces",
            Tree => "tree",
            Detail => "span",
            Findings => "findings",
            Logs => "logs",
            Log => "log",
            Receiver => "receiver",
            Explain => "explanation",
            Help => "help",
            Menu => "menus",
            Prompt => "text",
        };
        match self.contexts {
            contexts if contexts == ROWS => "everywhere".to_owned(),
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
