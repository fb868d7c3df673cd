//! The one table of keys: what a key does, place by place, as plain values.
//!
//! To find or add a key, open the file of the view: it lists the keys of its own, then those that it shares with others
//! (`shared.rs`, `moving.rs`). Dispatch ([`Keys`](super::keys::Keys)), the hints in the footer, `?`, `:` and the README
//! print these tables; their order is that of the footer, so what is wanted most stands first.

mod action;
mod compare;
mod context;
mod everywhere;
mod findings;
mod icicle;
mod logs;
mod moving;
mod output;
mod receiver;
mod services;
mod shared;
mod sheets;
mod span;
mod text;
mod traces;
mod tree;

pub use super::chord::Chord;
pub use action::Action;
pub use context::Context;

/// One key, or several that do the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys that do it, the one to show first.
    pub keys: &'static [Chord],
    /// One line for the help.
    pub help: &'static str,
    /// A word or two for the footer; none for keys that everybody tries anyway.
    pub hint: Option<&'static str>,
    /// It stays where it is, whatever `[keys]` of `otoscope.toml` says.
    pub fixed: bool,
}

/// A row of a table, without a hint for the footer.
const fn row(action: Action, keys: &'static [Chord], help: &'static str) -> Binding {
    Binding { action, keys, help, hint: None, fixed: false }
}

impl Binding {
    const fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
}

/// Tables one after the other.
type Tables = &'static [&'static [Binding]];

/// A place where keys go to, and the keys that work there.
#[derive(Debug)]
pub struct Place {
    /// Which.
    pub context: Context,
    /// What it is called in the help.
    pub name: &'static str,
    /// The keys of its own.
    own: Tables,
    /// Those that work nearly everywhere.
    common: Tables,
}

impl Place {
    /// The keys of its own.
    pub fn own(&self) -> impl Iterator<Item = &'static Binding> {
        self.own.iter().copied().flatten()
    }

    /// Those that work here as nearly everywhere.
    pub fn common(&self) -> impl Iterator<Item = &'static Binding> {
        let is_own = |binding: &Binding| self.own().any(|own| own.action == binding.action);
        self.common.iter().copied().flatten().filter(move |binding| !is_own(binding))
    }
}

/// Every place, with what works nearly everywhere at the end.
pub const PLACES: &[Place] = &[
    traces::TRACES,
    tree::TREE,
    icicle::ICICLE,
    span::DETAIL,
    compare::COMPARE,
    findings::FINDINGS,
    services::SERVICES,
    logs::LOGS,
    logs::LOG,
    receiver::RECEIVER,
    output::OUTPUT_TAB,
    output::TYPING,
    sheets::EXPLAINED,
    sheets::PAGE,
    sheets::HELP,
    text::MENU,
    text::PROMPT,
    everywhere::EVERYWHERE,
];

/// The place of the tab of the command's output, which is there only when there is a command.
pub const OUTPUT: usize = 5;

/// The places of the tabs of findings and of the receiver: what the header says of them leads there.
pub const FINDINGS: usize = 1;
/// The place of the tab of logs, where the log records of a span lead.
pub const LOGS: usize = 3;
/// See [`FINDINGS`].
pub const RECEIVER: usize = 4;

/// Every key of every place's own.
pub fn rows() -> impl Iterator<Item = (Context, &'static Binding)> {
    PLACES.iter().flat_map(|place| place.own().map(|binding| (place.context, binding)))
}

/// The table as Markdown, for the README: what does the same in several places is one row.
pub fn markdown() -> String {
    let mut table: Vec<(&Binding, Vec<&str>)> = Vec::new();
    for place in PLACES {
        for binding in place.own() {
            match table.iter_mut().find(|(known, _)| *known == binding) {
                Some((_, names)) => names.push(place.name),
                None => table.push((binding, vec![place.name])),
            }
        }
    }
    let row = |(binding, names): &(&Binding, Vec<&str>)| {
        let keys = binding.keys.iter().map(|key| format!("`{}`", key.name(&super::theme::UNICODE)));
        let keys = keys.collect::<Vec<_>>().join(" ");
        let places = if binding.action.moves() && names.len() > 4 {
            "wherever there are rows".to_owned()
        } else {
            names.join(", ")
        };
        format!("| {keys} | {} | {places} | `{}` |\n", binding.help, super::keys::name(binding.action))
    };
    let rows: String = table.iter().map(row).collect();
    format!("| keys | what they do | where | name |\n|---|---|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

    fn find(event: KeyEvent, context: Context) -> Option<Action> {
        Keys::default().find(event, context)
    }

    #[test]
    fn terminals_that_say_shift_differently_mean_the_same() {
        let upper = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        let lower = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let bare = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        for event in [upper, lower, bare] {
            assert_eq!(find(event, Context::Tree), Some(Action::Last));
        }
        let back = KeyEvent::new(KeyCode::Tab, KeyModifiers::SHIFT);
        assert_eq!(find(back, Context::Tree), Some(Action::PreviousPane));
        let mut release = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(find(release, Context::Tree), None);
    }

    #[test]
    fn every_key_finds_its_own_row() {
        for place in PLACES {
            for binding in place.own().chain(place.common()) {
                for key in binding.keys {
                    let found = find(key.event(), place.context);
                    assert_eq!(found, Some(binding.action), "{key:?} in {}", place.name);
                }
            }
        }
    }

    #[test]
    fn an_action_has_one_row_in_a_place() {
        for place in PLACES {
            let actions: Vec<Action> =
                place.own().chain(place.common()).map(|binding| binding.action).collect();
            for (at, action) in actions.iter().enumerate() {
                assert!(!actions[..at].contains(action), "{action:?} has two rows in {}", place.name);
            }
        }
    }

    #[test]
    fn what_is_said_of_a_key_fits_a_line_of_a_small_screen() {
        for (context, binding) in rows() {
            assert!(binding.help.len() <= 52, "{context:?}: {}", binding.help);
        }
    }
}
