//! A key as it is pressed, named and compared.

use super::theme::Symbols;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

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
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => symbols.arrows[0].to_owned(),
            KeyCode::Down => symbols.arrows[1].to_owned(),
            KeyCode::Left => symbols.arrows[2].to_owned(),
            KeyCode::Right => symbols.arrows[3].to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            code => format!("{code:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}
