//! Screens as text files with styles: `golden/NAME.txt`. `UPDATE=1` writes them anew.

use crate::stage::Stage;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::fmt::Write;
use std::fs;
use std::path::Path;

pub(crate) fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut out = String::new();
    for y in area.top()..area.bottom() {
        let mut skip = 0;
        let mut line = String::new();
        for x in area.left()..area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn name_of(style: Style) -> String {
    let colour = |colour: Option<Color>| colour.filter(|c| *c != Color::Reset).map(|c| c.to_string());
    let mut words: Vec<String> = colour(style.fg).into_iter().collect();
    words.extend(colour(style.bg).map(|bg| format!("on {bg}")));
    words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}

/// The screen as text, then the runs of styles of each line: `7: 0-2 Red bold, 9-17 dim`.
fn snapshot(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut out = text(buffer);
    out.push_str("\nstyles\n");
    for y in area.top()..area.bottom() {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in area.left()..area.right() {
            let cell = &buffer[(x, y)];
            // A blank looks the same in any colour, unless it is inverse.
            let blank = cell.symbol().trim().is_empty() && !cell.modifier.contains(Modifier::REVERSED);
            let name = if blank { String::new() } else { name_of(cell.style()) };
            match runs.last_mut() {
                Some((_, end, style)) if *style == name && *end == x => *end = x + 1,
                _ => runs.push((x, x + 1, name)),
            }
        }
        let runs: Vec<String> = runs
            .into_iter()
            .filter(|(_, _, style)| !style.is_empty())
            .map(|(from, to, style)| format!("{from}-{} {style}", to - 1))
            .collect();
        if !runs.is_empty() {
            let _ = writeln!(out, "{y}: {}", runs.join(", "));
        }
    }
    out
}

pub(crate) fn check(name: &str, stage: &mut Stage) {
    let path = Path::new("tests/screens/golden").join(format!("{name}.txt"));
    let now = snapshot(&stage.draw());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, now).unwrap();
        return;
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert!(now == before, "{} differs; UPDATE=1 writes it anew. It is now:\n{now}", path.display());
}
