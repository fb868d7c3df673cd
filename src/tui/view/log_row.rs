//! A log record in one line.

use super::{Cx, log_nodes};
use crate::model::{SeverityNumber, SeverityRange, Value, time};
use crate::store::HeldLog;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::pen::Pen;
use ratatui::layout::Rect;
use std::borrow::Cow;

/// How much of a text is looked at for one line, bytes.
const LINE: usize = 2_000;
/// A body that is no text is written out only below this size, bytes.
const SMALL: u32 = 16 << 10;

/// The sign and the role of a severity.
pub fn severity_sign(range: SeverityRange, look: Look) -> (&'static str, Role) {
    match range {
        SeverityRange::Fatal | SeverityRange::Error => (look.symbols.error, Role::Error),
        SeverityRange::Warn => (look.symbols.warning, Role::Warning),
        SeverityRange::Info => (look.symbols.info, Role::Text),
        SeverityRange::Debug | SeverityRange::Trace | SeverityRange::Unspecified => (" ", Role::Dim),
    }
}

/// `ERROR2`; nothing where no severity was given.
pub fn severity_name(severity: SeverityNumber) -> String {
    if severity.0 == 0 { String::new() } else { severity.to_string() }
}

/// What it says, in one line: its body, or the name of the event that it is.
pub fn what(log: &HeldLog<'_>) -> String {
    let text = match log.text() {
        Some(text) => {
            let cut = &text[..text.len().min(LINE)];
            let whole = String::from_utf8_lossy(cut);
            return without_colours(&whole).trim_end().to_owned();
        }
        None if log.record.body.len > SMALL => "(a value of many parts: see below)".to_owned(),
        None => match log.body() {
            Value::Empty => String::new(),
            value => value.to_string(),
        },
    };
    if text.is_empty() { log.decode().event_name } else { text }
}

/// Programs that write to a terminal colour what they log; here that is only noise.
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains("\u{1b}[") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        rest = match end.map(|end| after.split_at(end)) {
            Some((_, tail)) if tail.starts_with('m') => &tail[1..],
            // No colour: shown as what it is.
            _ => {
                out.push_str("\u{1b}[");
                after
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The line as words alone, whole: `14:02:11.318 ERROR shop: Exception on /checkout [POST]  POST /checkout`
pub fn words(log: &HeldLog<'_>, cx: &Cx<'_>) -> String {
    let (severity, said) = (severity_name(log.record.severity), what(log));
    let said = if said.is_empty() { "(no body)".to_owned() } else { said };
    let severity = if severity.is_empty() { severity } else { format!("{severity} ") };
    let time = when(log.key.at_ns, cx);
    let line = format!("{time} {severity}{}: {said}  {}", log.service(), log_nodes::place(log, cx));
    line.trim_end().to_owned()
}

/// When it was, UTC, with the day or the year where the records that are held are of several.
fn when(at_ns: u64, cx: &Cx<'_>) -> String {
    let store = &cx.session.store;
    let [first, last] =
        [store.logs().next(), store.logs().next_back()].map(|key| key.map_or(at_ns, |key| key.at_ns));
    let whole = time::date_time(at_ns);
    let day = |ns: u64| ns / 86_400_000_000_000;
    let part = match () {
        () if time::year(first) != time::year(last) => whole.get(..19),
        () if day(first) != day(last) => whole.get(5..),
        () => whole.get(11..),
    };
    part.unwrap_or(&whole).to_owned()
}

/// `14:02:11.318 ✖ ERROR  shop     Exception on /checkout [POST]        POST /checkout`
pub fn draw(row: Rect, log: &HeldLog<'_>, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let (dim, y) = (pen.style(Role::Dim), row.y);
    let service = if row.width < 100 { 8 } else { 14 };
    let place = (row.width / 5).clamp(14, 36);
    let mut x = row.x + 1;
    let when = when(log.key.at_ns, cx);
    pen.put(x, y, when.len() as u16, &when, dim);
    x += when.len() as u16 + 1;
    let (sign, role) = severity_sign(log.record.severity.range(), cx.look);
    pen.put(x, y, 1, sign, pen.style(role));
    pen.put(x + 2, y, 6, &severity_name(log.record.severity), pen.style(role));
    x += 9;
    pen.put(x, y, service, log.service(), cx.look.service(log.service()));
    x += service + 1;
    let at = log_nodes::place(log, cx);
    // What belongs nowhere has the whole line.
    let end = if at.is_empty() { row.right() } else { row.right().saturating_sub(place + 1) };
    match what(log) {
        said if said.is_empty() => pen.put(x, y, end.saturating_sub(x + 1), "(no body)", dim),
        said => pen.put(x, y, end.saturating_sub(x + 1), &said, pen.style(Role::Text)),
    };
    let here = cx.session.store.span_of_log(log.record).is_some();
    pen.put(end, y, place, &at, pen.style(if here { Role::AttributeKey } else { Role::Dim }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out_and_nothing_else() {
        for (text, shown) in [
            ("\u{1b}[31m\u{1b}[1mWARNING\u{1b}[0m: x", "WARNING: x"),
            ("\u{1b}[m", ""),
            ("a\u{1b}[2Jb", "a\u{1b}[2Jb"),
            ("a\u{1b}[31", "a\u{1b}[31"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_colours(text), shown);
        }
    }
}
