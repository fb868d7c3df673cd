//! Text of telemetry made harmless for a terminal: the one place that decides what may reach it.
//!
//! An attribute can hold escape sequences, and a dump may come from anybody. Screens, reports and messages pass
//! whatever was sent through here.

use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// How many combining marks a character keeps; more are drawn by nobody but pranksters.
const MAX_MARKS: usize = 2;

/// A character that stands for one that must not reach the terminal; nothing for one that only styles another.
pub(crate) fn harmless(c: char) -> Option<char> {
    Some(match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('·'),
        '\u{7f}' => '␡',
        // Presentation of the character before: dropping it keeps every character at its own width.
        '\u{fe00}'..='\u{fe0f}' => return None,
        // C1 controls, soft hyphen, zero-width and directional characters, line and paragraph separators,
        // invisible operators, byte order mark, interlinear marks, tags.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => '·',
        c => c,
    })
}

/// The characters of [`clean`], one by one.
pub(crate) fn cleaned(text: &str) -> impl Iterator<Item = char> {
    let mut marks = 0;
    text.chars().filter_map(harmless).filter(move |c| {
        marks = if columns_of(*c) == 0 { marks + 1 } else { 0 };
        marks <= MAX_MARKS
    })
}

/// How many columns a character takes.
pub(crate) fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The text with every character that could harm the screen replaced by a visible one.
pub fn clean(text: &str) -> Cow<'_, str> {
    let printable = |b: u8| (b' '..=b'~').contains(&b);
    if text.bytes().all(printable) { Cow::Borrowed(text) } else { Cow::Owned(cleaned(text).collect()) }
}

/// JSON that says the same and that a terminal may show: what [`clean`] would replace is written as `\uXXXX`.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Between its strings JSON has nothing but ASCII, and line breaks where it is laid out.
        if c == '\n' || harmless(c) == Some(c) {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_meaning_and_loses_its_teeth() {
        let nasty = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}é\u{e0041}\n\"";
        let written = json(&serde_json::to_string(&[nasty]).unwrap());
        assert!(written.chars().all(|c| harmless(c) == Some(c)), "{written}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&written).unwrap()[0], nasty);
    }
}
