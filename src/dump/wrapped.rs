//! Lines of a terminal that a logger wrote as JSON: Docker's `json-file` (`{"log":"…\\n","stream":"stderr","time":"…"}`),
//! the collector's `encoding: json` (`{"level":"info","ts":…,"msg":"ResourceSpans #0\\n…"}`), loggers of applications.

use super::terminal::{ESCAPE, LARGEST, plain};
use crate::model::Value;
use crate::otlp::tree;
use memchr::memmem;
use std::borrow::Cow;

/// Members of a log entry that hold what was printed, as they are written.
const TEXTS: [&str; 5] = ["\"log\":", "\"msg\":", "\"message\":", "\"MESSAGE\":", "\"textPayload\":"];

/// Docker cuts lines into pieces of this many bytes; only the last of them ends with a line break.
const PIECE: usize = 16 << 10;

/// Takes what was printed out of log entries.
#[derive(Default)]
pub(super) struct Wrapped {
    /// Pieces of a line whose last one has not come.
    pieces: String,
}

impl Wrapped {
    /// What was printed in this line, each line of it behind what stands before the entry; nothing if this line is no
    /// log entry.
    pub(super) fn lines(&mut self, line: &[u8]) -> Option<String> {
        let (at, text) = entry(line)?;
        if text.len() >= PIECE && !text.ends_with('\n') && self.pieces.len() + text.len() < LARGEST {
            self.pieces.push_str(&text);
            return Some(String::new());
        }
        let text = std::mem::take(&mut self.pieces) + &text;
        let before = String::from_utf8_lossy(&line[..at]);
        Some(
            text.trim_end_matches('\n')
                .split('\n')
                .fold(String::new(), |out, line| out + &before + line + "\n"),
        )
    }
}

/// Where a log entry starts in a line, and what was printed in it.
fn entry(line: &[u8]) -> Option<(usize, String)> {
    let at = memmem::find(line, b"{\"")?;
    let object = line[at..].trim_ascii_end();
    let named = |name: &&str| memmem::find(object, name.as_bytes()).is_some();
    if !object.ends_with(b"}") || !TEXTS.iter().any(named) {
        return None;
    }
    let Ok(Value::Map(members)) = tree(object) else { return None };
    let text = |name: &&str| {
        let (_, value) = members.iter().find(|(key, _)| *key == name[1..name.len() - 2])?;
        if let Value::Str(text) = value { Some((at, text.clone())) } else { None }
    };
    TEXTS.iter().find_map(text)
}

/// The start of a text as it was printed, for those that look for their words in it.
pub(super) fn head(head: &[u8]) -> Cow<'_, [u8]> {
    let mut wrapped = Wrapped::default();
    let lines = || head.split(|b| *b == b'\n').map(plain);
    let is_coloured = memchr::memchr(ESCAPE, head).is_some();
    // A few lines tell: whoever logs as JSON does so from the start, or soon.
    let is_wrapped = lines().take(64).any(|line| entry(&line).is_some());
    if !is_coloured && !is_wrapped {
        return Cow::Borrowed(head);
    }
    let mut out = Vec::with_capacity(head.len());
    for line in lines() {
        match if is_wrapped { wrapped.lines(&line) } else { None } {
            Some(lines) => lines.lines().for_each(|line| add(&mut out, &plain(line.as_bytes()))),
            None => add(&mut out, &line),
        }
    }
    Cow::Owned(out)
}

fn add(text: &mut Vec<u8>, line: &[u8]) {
    text.extend_from_slice(line);
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        Wrapped::default().lines(line.as_bytes())
    }

    #[test]
    fn what_was_printed_is_taken_out_of_its_entry() {
        let docker = r#"{"log":"    \"name\": \"a\",\n","stream":"stdout","time":"2026-11-23T06:53:42.1Z"}"#;
        assert_eq!(of(docker).as_deref(), Some("    \"name\": \"a\",\n"));
        let zap = r#"web | {"level":"info","ts":1.5,"msg":"ResourceSpans #0\nSpan #0","kind":"exporter"}"#;
        assert_eq!(of(zap).as_deref(), Some("web | ResourceSpans #0\nweb | Span #0\n"));
        for other in
            [r#"{"name":"a","attributes":{"msg":"x"}}"#, r#"{"msg":{"a":1}}"#, r#"{"msg":"x""#, "say {}"]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn pieces_of_a_line_are_put_together() {
        let mut wrapped = Wrapped::default();
        let long = "x".repeat(PIECE);
        let first = wrapped.lines(format!(r#"{{"log":"{long}","stream":"stdout"}}"#).as_bytes());
        assert_eq!(first.as_deref(), Some(""));
        let last = wrapped.lines(br#"{"log":"y\n","stream":"stdout"}"#);
        assert_eq!(last, Some(long + "y\n"));
    }
}
