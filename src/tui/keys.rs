//! The keys in force: the table of keys, with what the user has put on other keys.

use super::chord::Chord;
use super::keymap::{self, Action, Binding, Context, PLACES, Place};
use super::theme::Symbols;
use crossterm::event::KeyEvent;

/// A row of the table with the keys that do it now.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it does, and where.
    pub binding: &'static Binding,
    /// The keys, the one to show first.
    pub keys: Vec<Chord>,
}

impl Row {
    /// Its keys by name, the one to show first.
    pub fn names(&self, symbols: &Symbols) -> String {
        self.keys.iter().map(|key| key.name(symbols)).collect::<Vec<_>>().join(" ")
    }
}

/// What works in a place.
#[derive(Clone, Debug)]
struct Here {
    place: &'static Place,
    own: Vec<Row>,
    common: Vec<Row>,
}

/// All of them, place by place, in the order of the table.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Here>);

impl Default for Keys {
    fn default() -> Self {
        let row = |binding: &'static Binding| Row { binding, keys: binding.keys.to_vec() };
        let here = |place: &'static Place| Here {
            place,
            own: place.own().map(row).collect(),
            common: place.common().map(row).collect(),
        };
        Self(PLACES.iter().map(here).collect())
    }
}

impl Keys {
    /// What a key does in a context.
    pub fn find(&self, event: KeyEvent, context: Context) -> Option<Action> {
        let chord = Chord::of(event)?;
        self.here(context).find(|row| row.keys.contains(&chord)).map(|row| row.binding.action)
    }

    /// The rows that work in a context: its own, then those that work nearly everywhere.
    pub fn here(&self, context: Context) -> impl Iterator<Item = &Row> {
        self.own(context).iter().chain(self.common(context))
    }

    /// The rows of a context's own.
    pub fn own(&self, context: Context) -> &[Row] {
        self.at(context).map_or(&[], |here| &here.own)
    }

    /// The rows that work in a context as nearly everywhere.
    pub fn common(&self, context: Context) -> &[Row] {
        self.at(context).map_or(&[], |here| &here.common)
    }

    fn at(&self, context: Context) -> Option<&Here> {
        self.0.iter().find(|here| here.place.context == context)
    }

    /// The key that does something, by name.
    pub fn name_of(&self, action: Action, symbols: &Symbols) -> String {
        let row = self.0.iter().flat_map(|here| &here.own).find(|row| row.binding.action == action);
        row.and_then(|row| row.keys.first()).map(|key| key.name(symbols)).unwrap_or_default()
    }

    /// Puts an action, by its name, on other keys, by theirs. Where text is written its keys stay. What is not known
    /// gives a sentence.
    pub fn bind(&mut self, action: &str, keys: &[String]) -> Result<(), String> {
        let chords = keys.iter().map(|key| key.parse()).collect::<Result<Vec<Chord>, String>>()?;
        let mut known = false;
        let rows = self.0.iter_mut().flat_map(|here| here.own.iter_mut().chain(&mut here.common));
        for row in rows.filter(|row| name(row.binding.action) == action) {
            known = true;
            if !row.binding.fixed {
                row.keys.clone_from(&chords);
            }
        }
        if known {
            return Ok(());
        }
        let names: Vec<String> = keymap::rows().map(|(_, binding)| name(binding.action)).collect();
        let near = names.iter().min_by_key(|known| strsim::levenshtein(known, action));
        Err(match near.filter(|near| strsim::levenshtein(near, action) <= 3) {
            Some(near) => format!("no key does {action}; did you mean {near}?"),
            None => format!("no key does {action}; the README has the names"),
        })
    }

    /// Whether each key means one thing in one place, else a sentence about the first that does not.
    pub fn clash(&self) -> Result<(), String> {
        for here in &self.0 {
            let mut seen: Vec<(Chord, Action)> = Vec::new();
            for row in here.own.iter().chain(&here.common) {
                for key in &row.keys {
                    let action = row.binding.action;
                    if let Some((_, other)) = seen.iter().find(|(known, _)| known == key) {
                        let (key, place) = (key.name(&super::theme::UNICODE), here.place.name);
                        let (other, action) = (name(*other), name(action));
                        return Err(format!("{key} is both {other} and {action} (in: {place})"));
                    }
                    seen.push((*key, action));
                }
            }
        }
        Ok(())
    }
}

/// `NextError` is `next-error` in a file, the first tab is `tab-1`.
pub fn name(action: Action) -> String {
    match action {
        Action::Tab(at) => format!("tab-{}", at + 1),
        action => kebab(&format!("{action:?}")),
    }
}

/// `TitleFocused` as `title-focused`.
pub(super) fn kebab(camel: &str) -> String {
    let mut out = String::new();
    for c in camel.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn words(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn the_table_itself_is_consistent() {
        assert_eq!(Keys::default().clash(), Ok(()));
    }

    #[test]
    fn an_action_moves_to_other_keys() {
        let mut keys = Keys::default();
        keys.bind("next-error", &words(&["F8", "Ctrl-e"])).unwrap();
        assert_eq!(keys.find(press(KeyCode::F(8)), Context::Tree), Some(Action::NextError));
        assert_eq!(keys.find(press(KeyCode::Char('e')), Context::Tree), None);
        assert_eq!(keys.clash(), Ok(()));
        keys.bind("down", &words(&["s-down"])).unwrap_err();
        keys.bind("down", &words(&["m"])).unwrap();
        let arrow = keys.find(press(KeyCode::Down), Context::Prompt);
        assert_eq!(arrow, Some(Action::Down), "where text is written, arrows stay");
    }

    #[test]
    fn what_cannot_be_is_said() {
        let mut keys = Keys::default();
        assert_eq!(
            keys.bind("next-eror", &words(&["x"])).unwrap_err(),
            "no key does next-eror; did you mean next-error?"
        );
        assert!(keys.bind("next-error", &words(&["Hyper-x"])).unwrap_err().contains("Hyper-x is no key"));
        keys.bind("next-error", &words(&["j"])).unwrap();
        assert_eq!(keys.clash().unwrap_err(), "j is both next-error and down (in: traces)");
    }

    #[test]
    fn names_are_one_action_each() {
        for (_, binding) in keymap::rows() {
            let mut same = keymap::rows().filter(|(_, other)| name(other.action) == name(binding.action));
            assert!(same.all(|(_, other)| other.action == binding.action));
        }
    }

    #[test]
    fn every_key_is_read_as_it_is_printed() {
        for key in keymap::rows().flat_map(|(_, binding)| binding.keys) {
            for symbols in [&super::super::theme::UNICODE, &super::super::theme::ASCII] {
                assert_eq!(key.name(symbols).parse(), Ok(*key));
            }
        }
    }
}
