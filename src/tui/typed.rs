//! Keys and the mouse as a terminal sends them: what the command of `otoscope run` reads when a key is pressed.

use super::view::Mouse;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

/// The bytes of a key; `application` is whether arrows were asked for as keys of an application.
pub(super) fn bytes(event: KeyEvent, application: bool) -> Option<Vec<u8>> {
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let mut bytes = match event.code {
        KeyCode::Char(c) if ctrl => vec![control(c)?],
        KeyCode::Char(c) => c.to_string().into_bytes(),
        KeyCode::Enter => b"\r".to_vec(),
        KeyCode::Tab => b"\t".to_vec(),
        KeyCode::BackTab => b"\x1b[Z".to_vec(),
        KeyCode::Backspace => if ctrl { b"\x08" } else { b"\x7f" }.to_vec(),
        KeyCode::Esc => b"\x1b".to_vec(),
        code => return named(code, event.modifiers, application),
    };
    if event.modifiers.contains(KeyModifiers::ALT) {
        bytes.insert(0, 0x1b);
    }
    Some(bytes)
}

/// The text of a paste.
pub(super) fn pasted(text: &str, bracketed: bool) -> Vec<u8> {
    // An end mark within would let the rest of it be taken for keys.
    let text = text.replace("\x1b[201~", "").replace("\r\n", "\r").replace('\n', "\r");
    if bracketed { format!("\x1b[200~{text}\x1b[201~") } else { text }.into_bytes()
}

/// What the mouse did, at a column and row of the command's screen, where it asked for that.
pub(super) fn mouse(
    mouse: Mouse,
    (column, row): (u16, u16),
    mode: MouseProtocolMode,
    encoding: MouseProtocolEncoding,
) -> Option<Vec<u8>> {
    use MouseProtocolMode as Mode;
    let (button, released) = match mouse {
        Mouse::Click(_) => (0, false),
        Mouse::MarkTo(_) => (4, false),
        Mouse::Mark(_) => (16, false),
        Mouse::Point(_) => (2, false),
        Mouse::Release(_) => (0, true),
        Mouse::Drag(_) => (32, false),
        Mouse::WheelUp(_) => (64, false),
        Mouse::WheelDown(_) => (65, false),
        Mouse::Closer(_) => (80, false),
        Mouse::Wider(_) => (81, false),
        Mouse::WheelLeft(_) => (66, false),
        Mouse::WheelRight(_) => (67, false),
    };
    let asked = match mode {
        Mode::None => false,
        Mode::Press => matches!(button, 0..32) && !released,
        Mode::PressRelease => !matches!(mouse, Mouse::Drag(_)),
        Mode::ButtonMotion | Mode::AnyMotion => true,
    };
    if !asked {
        return None;
    }
    let (x, y) = (column.checked_add(1)?, row.checked_add(1)?);
    if encoding == MouseProtocolEncoding::Sgr {
        let end = if released { 'm' } else { 'M' };
        return Some(format!("\x1b[<{button};{x};{y}{end}").into_bytes());
    }
    // The others do not say which button was let go, and say numbers as characters, from the space on.
    let mut bytes = b"\x1b[M".to_vec();
    for number in [if released { 3 } else { button }, x, y] {
        let number = number.checked_add(32)?;
        if encoding == MouseProtocolEncoding::Utf8 && number < 0x800 {
            let character = char::from_u32(u32::from(number))?;
            bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
        } else {
            bytes.push(u8::try_from(number).ok()?);
        }
    }
    Some(bytes)
}

/// What Ctrl makes of a character. Four of these were read from bytes by the names of digits.
fn control(c: char) -> Option<u8> {
    Some(match c.to_ascii_lowercase() {
        c @ 'a'..='z' => c as u8 & 0x1f,
        ' ' | '@' | '2' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' => 0x1e,
        '_' | '7' | '/' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return None,
    })
}

/// A key that has a sequence for a name, with Shift, Alt and Ctrl as a number in it.
fn named(code: KeyCode, modifiers: KeyModifiers, application: bool) -> Option<Vec<u8>> {
    let held = [(KeyModifiers::SHIFT, 1), (KeyModifiers::ALT, 2), (KeyModifiers::CONTROL, 4)];
    let held: u8 = held.iter().filter(|(key, _)| modifiers.contains(*key)).map(|(_, bit)| bit).sum();
    let letter = |letter: char, plain: &str| match held {
        0 => format!("\x1b{plain}{letter}"),
        held => format!("\x1b[1;{}{letter}", held + 1),
    };
    let number = |number: u8| match held {
        0 => format!("\x1b[{number}~"),
        held => format!("\x1b[{number};{}~", held + 1),
    };
    let moving = if application { "O" } else { "[" };
    let name = match code {
        KeyCode::Up => letter('A', moving),
        KeyCode::Down => letter('B', moving),
        KeyCode::Right => letter('C', moving),
        KeyCode::Left => letter('D', moving),
        KeyCode::Home => letter('H', moving),
        KeyCode::End => letter('F', moving),
        KeyCode::Insert => number(2),
        KeyCode::Delete => number(3),
        KeyCode::PageUp => number(5),
        KeyCode::PageDown => number(6),
        KeyCode::F(n @ 1..=4) => letter(char::from(b'P' + n - 1), "O"),
        KeyCode::F(n @ 5..=12) => number([15, 17, 18, 19, 20, 21, 23, 24][usize::from(n - 5)]),
        _ => return None,
    };
    Some(name.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Position;

    #[test]
    fn the_mouse_is_told_as_it_was_asked_for() {
        use MouseProtocolEncoding::{Default, Sgr, Utf8};
        use MouseProtocolMode::{ButtonMotion, None, Press, PressRelease};
        let at = Position::ORIGIN;
        let (click, release, drag) = (Mouse::Click(at), Mouse::Release(at), Mouse::Drag(at));
        for (event, place, mode, encoding, says) in [
            (click, (0, 0), None, Sgr, Option::None),
            (click, (0, 0), Press, Default, Some(&b"\x1b[M !!"[..])),
            (release, (0, 0), Press, Default, Option::None),
            (click, (299, 4), PressRelease, Sgr, Some(b"\x1b[<0;300;5M")),
            (release, (299, 4), PressRelease, Sgr, Some(b"\x1b[<0;300;5m")),
            (release, (2, 4), PressRelease, Default, Some(b"\x1b[M##%")),
            (drag, (2, 4), PressRelease, Sgr, Option::None),
            (drag, (2, 4), ButtonMotion, Sgr, Some(b"\x1b[<32;3;5M")),
            (Mouse::WheelUp(at), (0, 0), PressRelease, Default, Some(b"\x1b[M`!!")),
            (Mouse::WheelDown(at), (0, 0), PressRelease, Sgr, Some(b"\x1b[<65;1;1M")),
            (click, (300, 0), PressRelease, Default, Option::None),
            (click, (300, 0), PressRelease, Utf8, Some(b"\x1b[M \xc5\x8d!")),
        ] {
            assert_eq!(
                mouse(event, place, mode, encoding).as_deref(),
                says,
                "{event:?} {mode:?} {encoding:?}"
            );
        }
    }

    #[test]
    fn keys_are_what_terminals_send() {
        let sent = |code, modifiers| bytes(KeyEvent::new(code, modifiers), false).unwrap_or_default();
        let (none, ctrl, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
        for (code, modifiers, expected) in [
            (KeyCode::Char('a'), none, "a"),
            (KeyCode::Char('é'), none, "é"),
            (KeyCode::Char('c'), ctrl, "\x03"),
            (KeyCode::Char('4'), ctrl, "\x1c"),
            (KeyCode::Char(' '), ctrl, "\0"),
            (KeyCode::Char('b'), alt, "\x1bb"),
            (KeyCode::Enter, none, "\r"),
            (KeyCode::Up, none, "\x1b[A"),
            (KeyCode::Right, ctrl, "\x1b[1;5C"),
            (KeyCode::F(1), none, "\x1bOP"),
            (KeyCode::F(12), none, "\x1b[24~"),
            (KeyCode::Delete, KeyModifiers::SHIFT, "\x1b[3;2~"),
        ] {
            assert_eq!(String::from_utf8(sent(code, modifiers)).unwrap(), expected, "{code:?} {modifiers:?}");
        }
        assert_eq!(bytes(KeyEvent::new(KeyCode::Up, none), true).unwrap(), b"\x1bOA");
        assert_eq!(bytes(KeyEvent::new(KeyCode::CapsLock, none), false), None);
    }

    #[test]
    fn a_paste_stays_a_paste() {
        assert_eq!(pasted("a\nb", false), b"a\rb");
        assert_eq!(pasted("a\x1b[201~rm", true), b"\x1b[200~arm\x1b[201~");
    }
}
