//! How it looks: every style by the role that it plays, every symbol by its meaning.
//!
//! The styles are those of a [`Palette`]; without colour the same roles are told apart by
//! weight. No role is carried by colour alone: each has a sign, a word or a place.

use super::palette::{self, Palette};
use ratatui::style::Style;

/// What a piece of the screen is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Text that matters less.
    Dim,
    /// Rules between panes.
    Rule,
    /// The title of a pane.
    Title,
    /// The title of the pane that has the keys.
    TitleFocused,
    /// The selected row of the pane that has the keys.
    Selected,
    /// The selected row of another pane.
    SelectedElsewhere,
    /// A key in a hint.
    Key,
    /// A message about what a key did.
    Notice,
    /// An error: a finding, a status, a loss.
    Error,
    /// A warning.
    Warning,
    /// Worth knowing.
    Info,
    /// All is well.
    Good,
    /// A kind that is right.
    Kind,
    /// What a kind should have been.
    KindExpected,
    /// The span that holds merged requests together.
    Culprit,
    /// A parent that is not there.
    Missing,
    /// A finding that is gone.
    Gone,
    /// The key of an attribute.
    AttributeKey,
    /// A row of a list that lies over others.
    Listed,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 20] = [
        Self::Text,
        Self::Dim,
        Self::Rule,
        Self::Title,
        Self::TitleFocused,
        Self::Selected,
        Self::SelectedElsewhere,
        Self::Key,
        Self::Notice,
        Self::Error,
        Self::Warning,
        Self::Info,
        Self::Good,
        Self::Kind,
        Self::KindExpected,
        Self::Culprit,
        Self::Missing,
        Self::Gone,
        Self::AttributeKey,
        Self::Listed,
    ];

    /// Its style, as short as it can be said.
    pub(super) fn style(self, cx: &super::view::Cx<'_>) -> Style {
        cx.look.style(self)
    }
}

/// The look of the screen.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    colour: bool,
    palette: &'static Palette,
    /// The symbols in use.
    pub symbols: &'static Symbols,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: true, palette: palette::usual(), symbols: &UNICODE }
    }
}

impl Look {
    /// With or without colour, with or without symbols beyond ASCII.
    pub fn new(colour: bool, ascii: bool) -> Self {
        Self { colour, symbols: if ascii { &ASCII } else { &UNICODE }, ..Self::default() }
    }

    /// The same in other colours.
    #[must_use]
    pub fn with(self, palette: &'static Palette) -> Self {
        Self { palette, ..self }
    }

    /// The colours in use.
    pub fn palette(&self) -> &'static Palette {
        self.palette
    }

    /// Whether there is colour.
    pub fn has_colour(&self) -> bool {
        self.colour
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let style = self.palette.style(role);
        if self.colour { style } else { palette::without_colour(style) }
    }

    /// The style of a service: the same for the same name, always.
    pub fn service(&self, name: &str) -> Style {
        if !self.colour {
            return Style::new();
        }
        // FNV-1a: any fixed hash will do, as long as it never changes between runs.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        self.palette.service(hash >> 32)
    }
}

/// Every symbol by its meaning. Each takes as many columns in one table as in the other, but for `arrow`.
#[derive(Debug)]
pub struct Symbols {
    /// An error was found.
    pub error: &'static str,
    /// A warning was found.
    pub warning: &'static str,
    /// A hint was found.
    pub info: &'static str,
    /// Nothing was found.
    pub good: &'static str,
    /// The span that holds merged requests together.
    pub culprit: &'static str,
    /// Receiving, or still growing.
    pub live: &'static str,
    /// Reading a file.
    pub replay: &'static str,
    /// At rest.
    pub still: &'static str,
    /// Rows below it are shown.
    pub open: &'static str,
    /// Rows below it are folded away.
    pub closed: &'static str,
    /// The selected row of a pane without the keys.
    pub selected: &'static str,
    /// Neither evicted nor cleared.
    pub pinned: &'static str,
    /// Marked by the user.
    pub marked: &'static str,
    /// From what was recorded to what it should be.
    pub arrow: &'static str,
    /// Text was cut off.
    pub ellipsis: &'static str,
    /// Explained by the line above.
    pub under: &'static str,
    /// More above.
    pub up: &'static str,
    /// More below.
    pub down: &'static str,
    /// A bar goes on past the scale.
    pub beyond: &'static str,
    /// A bar begins before the scale.
    pub before: &'static str,
    /// Where no child covers a span, or a span has not ended.
    pub light: &'static str,
    /// What determined the end of a request.
    pub critical: &'static str,
    /// An event of a span.
    pub event: &'static str,
    /// A log record of a span.
    pub log: &'static str,
    /// The parent is in another process, by the flags.
    pub remote: &'static str,
    /// The parent is in the same process, by the flags.
    pub local: &'static str,
    /// All of it together.
    pub sum: &'static str,
    /// Between two parts of a line.
    pub separator: &'static str,
    /// Between two words of a line.
    pub dot: &'static str,
    /// A horizontal rule.
    pub horizontal: &'static str,
    /// A vertical rule.
    pub vertical: &'static str,
    /// A horizontal rule from which a vertical one hangs.
    pub tee: &'static str,
    /// A vertical rule that ends on a horizontal one.
    pub foot: &'static str,
    /// Greater or equal.
    pub at_least: &'static str,
    /// Times.
    pub times: &'static str,
    /// Where the time axis starts.
    pub axis: &'static str,
    /// Left parts of a cell, an eighth at a time; the last is the whole cell.
    pub eighths: [&'static str; 8],
    /// The right half of a cell.
    pub right_half: &'static str,
    /// A vertical rule that something comes to from the left.
    pub left_tee: &'static str,
    /// A vertical rule from which something goes to the right.
    pub right_tee: &'static str,
    /// Heights of a column, an eighth at a time.
    pub levels: [&'static str; 8],
    /// Only in the first of two things that are compared.
    pub only_left: &'static str,
    /// Only in the second.
    pub only_right: &'static str,
    /// In both, and not the same.
    pub differs: &'static str,
    /// Ends of a frame: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Arrow keys: up, down, left, right.
    pub arrows: [&'static str; 4],
}

/// What most terminals can draw.
pub const UNICODE: Symbols = Symbols {
    error: "✖",
    warning: "▲",
    info: "·",
    good: "✓",
    culprit: "◆",
    live: "●",
    replay: "▷",
    still: "■",
    open: "▾",
    closed: "▸",
    selected: "▌",
    pinned: "⚑",
    marked: "◉",
    arrow: "→",
    ellipsis: "…",
    under: "└",
    up: "↑",
    down: "↓",
    beyond: "›",
    before: "‹",
    light: "▒",
    critical: "━",
    event: "•",
    log: "◦",
    remote: "⇠",
    local: "·",
    sum: "Σ",
    separator: "│",
    dot: "·",
    horizontal: "─",
    vertical: "│",
    tee: "┬",
    foot: "┴",
    at_least: "≥",
    times: "×",
    axis: "▏",
    eighths: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    right_half: "▐",
    left_tee: "┤",
    right_tee: "├",
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    only_left: "-",
    only_right: "+",
    differs: "≠",
    corners: ["╭", "╮", "╰", "╯"],
    arrows: ["↑", "↓", "←", "→"],
};

/// What every terminal can draw.
pub const ASCII: Symbols = Symbols {
    error: "x",
    warning: "!",
    info: ".",
    good: "+",
    culprit: "*",
    live: "o",
    replay: ">",
    still: "=",
    open: "-",
    closed: "+",
    selected: ">",
    pinned: "@",
    marked: "#",
    arrow: "->",
    ellipsis: "~",
    under: "`",
    up: "^",
    down: "v",
    beyond: ">",
    before: "<",
    light: ":",
    critical: "#",
    event: "o",
    log: ",",
    remote: "<",
    local: ".",
    sum: "S",
    separator: "|",
    dot: "-",
    horizontal: "-",
    vertical: "|",
    tee: "+",
    foot: "+",
    at_least: ">=",
    times: "x",
    axis: "|",
    eighths: ["|", "|", "|", "=", "=", "=", "=", "="],
    right_half: "=",
    left_tee: "+",
    right_tee: "+",
    levels: [".", ".", ":", ":", "=", "=", "#", "#"],
    only_left: "-",
    only_right: "+",
    differs: "#",
    corners: ["+", "+", "+", "+"],
    arrows: ["Up", "Down", "Left", "Right"],
};

impl Symbols {
    /// Whether these are the symbols of terminals that can draw nothing else.
    pub fn is_ascii(&self) -> bool {
        self.arrow.is_ascii()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_none() {
        let look = Look::new(false, false);
        for role in [Role::Error, Role::KindExpected, Role::Culprit, Role::Key, Role::Info] {
            assert_eq!(look.style(role).fg, None);
            assert_eq!(look.style(role).bg, None);
        }
        assert_eq!(look.service("shop").fg, None);
    }

    #[test]
    fn a_service_keeps_its_colour() {
        let look = Look::default();
        assert_eq!(look.service("shop"), look.service("shop"));
        assert!(
            ["shop", "price", "worker", "api", "db"].iter().any(|s| look.service(s) != look.service("shop"))
        );
    }

    #[test]
    fn ascii_is_ascii() {
        assert!(format!("{ASCII:?}").is_ascii());
        assert!(ASCII.is_ascii() && !UNICODE.is_ascii());
    }
}
