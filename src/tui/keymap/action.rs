//! What keys do.

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
    /// Hold still, or go on.
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

impl Action {
    /// Whether it only moves over rows: everybody finds these keys.
    pub fn moves(self) -> bool {
        use Action::{Down, First, Last, PageDown, PageUp, Up};
        matches!(self, Down | Up | PageDown | PageUp | First | Last)
    }

    /// Whether it only gives the keys to another pane, or another size to panes: the mouse does that at once.
    pub fn arranges_panes(self) -> bool {
        matches!(self, Self::NextPane | Self::PreviousPane | Self::Grow | Self::Shrink)
    }
}
