//! Where keys work.

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
    /// Whether letters are text here.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Menu | Self::Prompt | Self::Typing)
    }

    /// Whether it lies over a tab and is closed by a click beside it, which does nothing else then.
    pub fn lies_over(self) -> bool {
        matches!(self, Self::Menu | Self::Prompt | Self::Help | Self::Page | Self::Explain)
    }
}
