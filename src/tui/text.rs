//! Text for the screen: harmless, measured, cut to columns.
//!
//! Whatever telemetry says passes through [`clean`], or through [`fit`] and [`wrap`], which call it: nothing that was
//! sent can move the cursor, change colours or reverse the direction of writing.

pub use crate::harmless::clean;
use crate::harmless::{cleaned, columns_of, harmless};
use std::borrow::Cow;

/// How many columns a clean text takes, at most.
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The end of the text, clean, in at most this many columns: of a path the file is what tells it from others.
pub fn fit_end<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    let clean: String = cleaned(text).collect();
    if width(&clean) <= columns {
        return fit(text, columns, ellipsis);
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += columns_of(*c);
        used < columns
    };
    let end: Vec<char> = clean.chars().rev().take_while(fits).collect();
    let first = if columns > 0 { ellipsis } else { "" };
    Cow::Owned(first.chars().chain(end.into_iter().rev()).collect())
}

/// The text, clean, in at most this many columns; what is cut off is marked with `ellipsis` (one column).
pub fn fit<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    let printable = |b: u8| (b' '..=b'~').contains(&b);
    if text.len() <= columns && text.bytes().all(printable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    // Where to cut if the text turns out not to fit.
    let mut cut = 0;
    let mut used = 0;
    for c in cleaned(text) {
        used += columns_of(c);
        if used > columns {
            out.truncate(cut);
            out.push_str(if columns > 0 { ellipsis } else { "" });
            break;
        }
        out.push(c);
        if used < columns {
            cut = out.len();
        }
    }
    Cow::Owned(out)
}

/// Whether a text has a line end or takes more than this many columns; looks no further than that.
pub fn exceeds(text: &str, columns: usize) -> bool {
    let mut used = 0;
    cleaned(text).take(4 * columns + 4).any(|c| {
        used += columns_of(c);
        used > columns || c == '␊'
    })
}

/// The text in lines of at most `columns`, broken at spaces where there are some, and at its own line ends. At most
/// `max_lines`; little beyond them is looked at.
pub fn wrap(text: &str, columns: usize, max_lines: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let paragraph = paragraph.strip_suffix('\r').unwrap_or(paragraph);
        let mut rest = paragraph;
        loop {
            if lines.len() == max_lines {
                return lines;
            }
            let (line, after) = break_line(rest, columns);
            lines.push(clean(&line.replace('\t', " ")).into_owned());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    lines
}

/// What of a text fits into the rest of a line that has begun, and what comes after it; a word that would be torn apart
/// goes to the next line whole.
pub fn split(text: &str, columns: usize) -> (&str, &str) {
    let (paragraph, after) = text.split_once('\n').unwrap_or((text, ""));
    let (line, rest) = break_line(paragraph, columns);
    if rest.is_empty() {
        return (line, after);
    }
    let torn = !line.is_empty() && !paragraph[line.len()..].starts_with(' ');
    if columns == 0 || torn { ("", text) } else { (line, &text[paragraph.len() - rest.len()..]) }
}

/// After these a word that has no room on a line of its own is broken rather than elsewhere.
const SOFT: &[char] = &['/', '-', '_', '.', ',', ';', ':', '=', '&', '?', '|', '+'];

/// Units of the numbers that we write.
const UNITS: [&str; 11] = ["ns", "µs", "ms", "s", "min", "h", "d", "KiB", "MiB", "GiB", "%"];

/// Whether a space ties what stands before and after it: a number and its unit, a sign and its number.
fn ties(before: &str, after: &str) -> bool {
    let word = after.split([' ', ')', ',', '.', ';', ':']).next().unwrap_or_default();
    before.ends_with(|c: char| c.is_ascii_digit()) && UNITS.contains(&word) || before.ends_with(['≥', '×'])
}

/// The first line of a paragraph, and the rest of it.
fn break_line(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    let mut space = None;
    let mut soft = None;
    let mut blank = true;
    for (at, c) in text.char_indices() {
        used += if c == '\t' { 1 } else { harmless(c).map_or(0, columns_of) };
        let parts = c == ' ' && !ties(&text[..at], &text[at + 1..]);
        if used > columns {
            let cut = match space {
                _ if parts => at,
                Some(space) => space,
                None if at == 0 => c.len_utf8(),
                None => soft.unwrap_or(at),
            };
            return (text[..cut].trim_end_matches(' '), text[cut..].trim_start_matches(' '));
        }
        if parts && !blank {
            space = Some(at);
        }
        if SOFT.contains(&c) && used * 2 > columns {
            soft = Some(at + c.len_utf8());
        }
        blank &= c == ' ';
    }
    (text, "")
}

/// A number with its thousands apart: `12 340`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A number in at most four columns: `999`, `1.2k`, `34k`, `1.2M`.
pub fn short_count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..9_950 => format!("{:.1}k", number as f64 / 1e3),
        9_950..999_500 => format!("{:.0}k", number as f64 / 1e3),
        999_500..9_950_000 => format!("{:.1}M", number as f64 / 1e6),
        _ => format!("{}M", number / 1_000_000),
    }
}

/// A number with its noun: `1 span`, `2 spans`.
pub fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A size as `512 B`, `4.1 KiB`, `2.3 MiB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// How long ago in at most three columns: `now`, `12s`, `3m`, `2h`, `9d`, `>1y`.
pub fn age(ns: u64) -> String {
    match ns / 1_000_000_000 {
        0 => "now".to_owned(),
        s @ 1..60 => format!("{s}s"),
        s @ 60..3_600 => format!("{}m", s / 60),
        s @ 3_600..86_400 => format!("{}h", s / 3_600),
        s @ 86_400..8_640_000 => format!("{}d", s / 86_400),
        _ => ">99".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_the_end_is_left() {
        let path = "/a/long/way/to/spans.json";
        assert_eq!(fit_end(path, 25, "…"), path);
        assert_eq!(fit_end(path, 24, "…"), "…/long/way/to/spans.json");
        assert_eq!(fit_end(path, 11, "~"), "~spans.json");
        assert_eq!((&*fit_end(path, 1, "…"), &*fit_end(path, 0, "…")), ("…", ""));
    }

    #[test]
    fn nothing_that_was_sent_reaches_the_terminal_as_a_command() {
        let hostile =
            "\u{1b}[31mred\u{1b}]0;title\u{7} \u{9b}2J a\u{202e}b\u{2066}c\u{200b}d\u{7f}\r\n\u{feff}";
        assert_eq!(clean(hostile), "␛[31mred␛]0;title␇ ·2J a·b·c·d␡␍␊·");
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let shown = clean(&c.to_string()).into_owned();
            assert!(!shown.chars().any(char::is_control), "{c:?}");
        }
    }

    #[test]
    fn every_character_keeps_its_own_width() {
        assert_eq!(clean("❤\u{fe0f}"), "❤");
        assert_eq!(clean("e\u{301}"), "e\u{301}");
        let zalgo = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(clean(&zalgo).chars().count(), 4);
    }

    #[test]
    fn what_does_not_fit_is_cut_with_a_mark() {
        for (text, columns, fitted) in [
            ("GET /cart", 9, "GET /cart"),
            ("GET /cart", 8, "GET /ca…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("日本語", 1, "…"),
            ("abc", 0, ""),
            ("", 3, ""),
            ("e\u{301}e\u{301}", 2, "e\u{301}e\u{301}"),
        ] {
            assert_eq!(fit(text, columns, "…"), fitted, "{text} in {columns}");
            assert!(width(&fit(text, columns, "…")) <= columns);
        }
    }

    #[test]
    fn lines_break_at_spaces_and_nowhere_else_if_possible() {
        assert_eq!(wrap("one two three", 8, 9), ["one two", "three"]);
        assert_eq!(wrap("one two three", 7, 9), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3, 9), ["abc", "def", "gh"]);
        assert_eq!(wrap("a OTEL_PYTHON_DISABLED=click b", 16, 9), ["a", "OTEL_PYTHON_", "DISABLED=click b"]);
        assert_eq!(wrap("https://example.com/a", 17, 9), ["https://example.", "com/a"]);
        assert_eq!(split("one two three", 9), ("one two", "three"));
        assert_eq!(split("opentelemetry is", 9), ("", "opentelemetry is"), "no word is torn apart");
        assert_eq!(split("one\ntwo", 9), ("one", "two"));
        assert_eq!(split("one two\nthree", 5), ("one", "two\nthree"));
        assert_eq!(split("", 5), ("", ""));
        assert_eq!(wrap("a\r\n\tb\n\nc", 9, 9), ["a", " b", "", "c"]);
        assert_eq!(wrap("日本", 1, 9), ["日", "本"], "a character that is too wide has a line of its own");
        assert_eq!(wrap("a b c d", 1, 2), ["a", "b"]);
        assert_eq!(wrap("", 5, 9), [""]);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0, 999, 1_000, 12_340, 1_234_567].map(count),
            ["0", "999", "1 000", "12 340", "1 234 567"]
        );
        assert_eq!(
            [999, 1_200, 34_000, 999_499, 1_200_000].map(short_count),
            ["999", "1.2k", "34k", "999k", "1.2M"]
        );
        assert_eq!([0, 12, 200, 7_200].map(|s| age(s * 1_000_000_000)), ["now", "12s", "3m", "2h"]);
    }
}
