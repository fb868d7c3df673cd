//! A key as it is pressed, named and compared.

use super::theme::Symbols;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::str::FromStr;

/// Keys with names.
const NAMED: [(&str, KeyCode); 16] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Insert", KeyCode::Insert),
    ("Delete", KeyCode::Delete),
];

/// A key, perhaps with Ctrl.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chord {
    code: KeyCode,
    ctrl: bool,
}

/// A key.
pub(super) const fn key(code: KeyCode) -> Chord {
    Chord { code, ctrl: false }
}

/// A character.
pub(super) const fn ch(c: char) -> Chord {
    key(KeyCode::Char(c))
}

/// A character with Ctrl.
pub(super) const fn ctrl(c: char) -> Chord {
    Chord { code: KeyCode::Char(c), ctrl: true }
}

impl Chord {
    /// The chord of an event; nothing for a release, and for what is meant for somebody else (Alt, Super).
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release
            || event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META)
        {
            return None;
        }
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        // Terminals disagree on whether Shift is said beside an upper-case letter, or instead of one.
        let code = match event.code {
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Char(c) if shift => KeyCode::Char(c.to_ascii_uppercase()),
            KeyCode::Tab if shift => KeyCode::BackTab,
            code => code,
        };
        Some(Self { code, ctrl })
    }

    /// The event of this chord, for tests that press every key of the table.
    pub fn event(self) -> KeyEvent {
        let modifiers = if self.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        KeyEvent::new(self.code, modifiers)
    }

    /// Its name as printed on keyboards.
    pub fn name(self, symbols: &Symbols) -> String {
        let named = NAMED.iter().find(|(_, code)| *code == self.code).map(|(name, _)| *name);
        let name = match (self.code, named) {
            (KeyCode::Up, _) => symbols.arrows[0].to_owned(),
            (KeyCode::Down, _) => symbols.arrows[1].to_owned(),
            (KeyCode::Left, _) => symbols.arrows[2].to_owned(),
            (KeyCode::Right, _) => symbols.arrows[3].to_owned(),
            (_, Some(name)) => name.to_owned(),
            (KeyCode::Char(c), None) => c.to_string(),
            (KeyCode::F(number), None) => format!("F{number}"),
            (code, None) => format!("{code:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}

impl FromStr for Chord {
    type Err = String;

    /// Reads a key as it is printed: `e`, `Space`, `PgDn`, `F5`, `Ctrl-x`.
    fn from_str(text: &str) -> Result<Self, String> {
        let unknown =
            || format!("{text} is no key; write e, E, Space, Enter, Esc, Tab, PgDn, F5, Up or Ctrl-x");
        let (ctrl, name) = match text.strip_prefix("Ctrl-") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let mut chars = name.chars();
        let code = match (chars.next(), chars.next()) {
            (Some('↑'), None) => KeyCode::Up,
            (Some('↓'), None) => KeyCode::Down,
            (Some('←'), None) => KeyCode::Left,
            (Some('→'), None) => KeyCode::Right,
            (Some(c), None) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            (Some(c), None) => KeyCode::Char(c),
            (Some('F'), Some(_)) => {
                let number = name[1..].parse().ok().filter(|number| (1..=12).contains(number));
                KeyCode::F(number.ok_or_else(unknown)?)
            }
            _ => NAMED.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?.1,
        };
        Ok(Self { code, ctrl })
    }
}
