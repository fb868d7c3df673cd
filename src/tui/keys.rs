//! The keys in force: the table of keys, with what the user has put on other keys.

use super::chord::Chord;
use super::keymap::{Action, Binding, Context, KEYS, TEXT};
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

/// All of them, in the order of the table.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Row>);

impl Default for Keys {
    fn default() -> Self {
        Self(KEYS.iter().map(|binding| Row { binding, keys: binding.keys.to_vec() }).collect())
    }
}

impl Keys {
    /// What a key does in a context.
    pub fn find(&self, event: KeyEvent, context: Context) -> Option<Action> {
        let chord = Chord::of(event)?;
        self.here(context).find(|row| row.keys.contains(&chord)).map(|row| row.binding.action)
    }

    /// The rows that work in a context.
    pub fn here(&self, context: Context) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(move |row| row.binding.works_in(context))
    }

    /// The key that does something, by name.
    pub fn name_of(&self, action: Action, symbols: &Symbols) -> String {
        let row = self.0.iter().find(|row| row.binding.action == action);
        row.and_then(|row| row.keys.first()).map(|key| key.name(symbols)).unwrap_or_default()
    }

    /// Every row.
    pub fn all(&self) -> &[Row] {
        &self.0
    }

    /// Puts an action, by its name, on other keys, by theirs. Where text is written its keys stay. What is not known
    /// gives a sentence.
    pub fn bind(&mut self, action: &str, keys: &[String]) -> Result<(), String> {
        let chords = keys.iter().map(|key| key.parse()).collect::<Result<Vec<Chord>, String>>()?;
        let mut known = false;
        for row in self.0.iter_mut().filter(|row| name(row.binding.action) == action) {
            known = true;
            if row.binding.contexts != TEXT {
                row.keys.clone_from(&chords);
            }
        }
        if known {
            return Ok(());
        }
        let names: Vec<String> = KEYS.iter().map(|binding| name(binding.action)).collect();
        let near = names.iter().min_by_key(|known| strsim::levenshtein(known, action));
        Err(match near.filter(|near| strsim::levenshtein(near, action) <= 3) {
            Some(near) => format!("no key does {action}; did you mean {near}?"),
            None => format!("no key does {action}; the README has the names"),
        })
    }

    /// Whether each key means one thing in one place, else a sentence about the first that does not.
    pub fn clash(&self) -> Result<(), String> {
        for context in Context::ALL {
            let mut seen: Vec<(Chord, Action)> = Vec::new();
            for row in self.here(context) {
                for key in &row.keys {
                    let action = row.binding.action;
                    if let Some((_, other)) = seen.iter().find(|(known, _)| known == key) {
                        let key = key.name(&super::theme::UNICODE);
                        return Err(format!("{key} is both {} and {}", name(*other), name(action)));
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
        assert_eq!(keys.clash().unwrap_err(), "j is both down and next-error");
    }

    #[test]
    fn names_are_one_action_each() {
        for binding in KEYS {
            let same = KEYS.iter().filter(|other| name(other.action) == name(binding.action));
            assert!(same.clone().all(|other| other.action == binding.action));
        }
    }

    #[test]
    fn every_key_is_read_as_it_is_printed() {
        for key in KEYS.iter().flat_map(|binding| binding.keys) {
            for symbols in [&super::super::theme::UNICODE, &super::super::theme::ASCII] {
                assert_eq!(key.name(symbols).parse(), Ok(*key));
            }
        }
    }
}
