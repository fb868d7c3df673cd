//! All keys, over everything else: those of the view from which it was opened first, then those that work everywhere,
//! then the other views', place by place; and what the signs in a tree mean. `/` shows only those with some words.

use super::prompt::{Advice, Prompt, Purpose, Said};
use super::reading::{Reading, Text};
use super::{Cx, Outcome};
use crate::tui::keymap::{Action, Binding, Context, PLACES, Place};
use crate::tui::keys::Row;
use crate::tui::text;
use crate::tui::theme::{Role, Symbols};
use crate::tui::widget::pen::{Part, part};

/// From how many columns on there are two of keys.
const TWO: usize = 140;
/// Between keys and what they do, and between two columns.
const GAP: usize = 2;
/// How many lines one key takes.
const MAX_LINES: usize = 8;

/// A line of the help: a heading, or keys and what they do.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    Blank,
    Heading(String),
    Keys(String, String),
}

/// The help.
#[derive(Debug)]
pub struct Help {
    from: Context,
    /// The words that are looked for, now and before the line was written.
    words: String,
    before: String,
    /// The columns side by side.
    columns: Vec<Vec<Line>>,
    /// How wide a column and the keys in it are.
    width: usize,
    keys_width: usize,
}

/// The keys, as seen from a view.
pub fn help(from: Context) -> Reading<Help> {
    let (words, before) = (String::new(), String::new());
    Reading::new(Help { from, words, before, columns: Vec::new(), width: 0, keys_width: 0 })
}

impl Help {
    /// Whether all the words that are looked for are in it.
    fn wanted(&self, heading: &str, keys: &str, what: &str) -> bool {
        let line = format!("{heading} {keys} {what}").to_lowercase();
        self.words.to_lowercase().split_whitespace().all(|word| line.contains(word))
    }

    /// A heading with what is below it; nothing where nothing is.
    fn section(&self, heading: &str, rows: impl Iterator<Item = (String, String)>) -> Vec<Line> {
        let rows = rows.filter(|(keys, what)| self.wanted(heading, keys, what));
        let mut lines: Vec<Line> = rows.map(|(keys, what)| Line::Keys(keys, what)).collect();
        if !lines.is_empty() {
            lines.insert(0, Line::Heading(heading.to_owned()));
            lines.push(Line::Blank);
        }
        lines
    }

    /// Here and everywhere; elsewhere and the signs.
    fn sections(&self, cx: &Cx<'_>) -> [Vec<Line>; 2] {
        let symbols = cx.look.symbols;
        let said = |row: &Row| (row.names(symbols), row.binding.help.to_owned());
        let own = |place: &Place| cx.keys.own(place.context).iter().map(said);
        let is_here = |place: &&Place| place.context == self.from;
        let mut first = Vec::new();
        for place in PLACES.iter().filter(is_here) {
            first.extend(self.section(&format!("here: {}", place.name), own(place)));
        }
        first.extend(self.section("everywhere", cx.keys.common(self.from).iter().map(said)));
        let mut then = Vec::new();
        // How to move is said once for all views in which it is the same.
        let mut moves: Vec<&Binding> = PLACES.iter().filter(is_here).flat_map(Place::own).collect();
        for place in PLACES.iter().filter(|place| !is_here(place) && place.context != Context::Everywhere) {
            let new = |row: &&Row| !row.binding.action.moves() || !moves.contains(&row.binding);
            let rows: Vec<_> = cx.keys.own(place.context).iter().filter(new).map(said).collect();
            then.extend(self.section(place.name, rows.into_iter()));
            moves.extend(place.own());
        }
        let signs = legend(symbols).into_iter().map(|(sign, meaning)| (sign.to_owned(), meaning));
        then.extend(self.section("signs in a tree", signs));
        [first, then]
    }

    /// What a key does goes on below where it is too long.
    fn wrap(&self, lines: Vec<Line>) -> Vec<Line> {
        let room = self.width.saturating_sub(self.keys_width + GAP);
        let wrap = |line: Line| match line {
            Line::Keys(keys, what) => {
                let mut keys = Some(keys);
                let pieces = text::wrap(&what, room, MAX_LINES).into_iter();
                pieces.map(|piece| Line::Keys(keys.take().unwrap_or_default(), piece)).collect()
            }
            line => vec![line],
        };
        lines.into_iter().flat_map(wrap).collect()
    }

    fn part_of(&self, line: Option<&Line>, cx: &Cx<'_>) -> Vec<Part<'_>> {
        let padded = |words: &str, width: usize| {
            let blank = width.saturating_sub(text::width(words));
            format!("{words}{}", " ".repeat(blank))
        };
        match line {
            None | Some(Line::Blank) => vec![part(" ".repeat(self.width), Role::Text.style(cx))],
            Some(Line::Heading(words)) => {
                vec![part(padded(words, self.width), Role::TitleFocused.style(cx))]
            }
            Some(Line::Keys(keys, what)) => {
                let room = self.width.saturating_sub(self.keys_width + GAP);
                vec![
                    part(padded(keys, self.keys_width + GAP), Role::Key.style(cx)),
                    part(padded(what, room), Role::Text.style(cx)),
                ]
            }
        }
    }
}

impl Text for Help {
    const WIDEST: u16 = 168;
    const CONTEXT: Context = Context::Help;
    const OPENED_BY: Action = Action::Help;

    fn title(&self) -> String {
        match self.words.trim() {
            "" => "Keys: / finds, Esc closes".to_owned(),
            words => format!("Keys with {words}: Esc closes"),
        }
    }

    fn set(&mut self, columns: usize, cx: &Cx<'_>) -> usize {
        let symbols = cx.look.symbols;
        let names = PLACES.iter().flat_map(|place| cx.keys.own(place.context)).map(|row| row.names(symbols));
        self.keys_width = names.map(|names| text::width(&names)).max().unwrap_or(0).min(columns / 3);
        let two = columns >= TWO;
        self.width = if two { (columns - GAP * 2) / 2 } else { columns };
        let [first, then] = self.sections(cx);
        self.columns = if two {
            vec![self.wrap(first), self.wrap(then)]
        } else {
            vec![self.wrap([first, then].concat())]
        };
        for column in &mut self.columns {
            column.pop_if(|line| *line == Line::Blank);
        }
        if self.columns.iter().all(Vec::is_empty) {
            self.columns[0] = vec![Line::Keys(String::new(), "no key has all of these words".to_owned())];
        }
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn line(&self, at: usize, cx: &Cx<'_>) -> Vec<Part<'_>> {
        let columns = self.columns.iter().map(|column| self.part_of(column.get(at), cx));
        columns.collect::<Vec<_>>().join(&part(" ".repeat(GAP * 2), Role::Text.style(cx)))
    }

    fn apply(&mut self, action: Action) -> Outcome {
        match action {
            Action::Filter => {
                self.before = self.words.clone();
                Outcome::Prompt(Prompt::new(Purpose::Filter, "keys with", &self.words))
            }
            _ => Outcome::Ignored,
        }
    }

    fn said(&mut self, said: Said) -> Outcome {
        self.words = match said {
            Said::Changed(words) | Said::Entered(words) => words,
            Said::Cancelled => std::mem::take(&mut self.before),
        };
        Outcome::Done
    }

    fn advice(&self) -> Advice {
        Advice { note: "words of what a key does, in any order".to_owned(), ..Advice::default() }
    }
}

/// What the signs in a tree mean.
fn legend(symbols: &'static Symbols) -> [(&'static str, String); 11] {
    [
        (symbols.culprit, "holds the requests of other callers together".to_owned()),
        (symbols.remote, "the parent is in another process, by the flags".to_owned()),
        (symbols.local, "the parent is in the same process, by the flags; blank: they do not say".to_owned()),
        (symbols.light, "no child covers this part of a span, or the span has not ended".to_owned()),
        (symbols.critical, "part of the critical path, before a name and on a bar".to_owned()),
        (symbols.event, format!("an event of the span; {} an exception or a logged error", symbols.error)),
        (symbols.log, "a log record of the span".to_owned()),
        (symbols.before, "the bar begins before what is shown".to_owned()),
        (symbols.beyond, "the bar goes on after what is shown, or has no end".to_owned()),
        (symbols.times, format!("so many repeated spans, {} their durations together", symbols.sum)),
        ("self", "the part of a duration that no child covers; ?: too many children to tell".to_owned()),
    ]
}
