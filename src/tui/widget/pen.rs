//! Writing into the buffer: one line, fixed columns, nothing past its own width.

use crate::tui::text;
use crate::tui::theme::{Look, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::borrow::Cow;

/// A piece of a line.
pub type Part<'a> = (Cow<'a, str>, Style);

/// A part of a line, written with less noise.
pub fn part<'a>(text: impl Into<Cow<'a, str>>, style: Style) -> Part<'a> {
    (text.into(), style)
}

/// Whether a title of so many columns has room in this area beside a note at its other end, if there is one: with blanks
/// around both, and the rule.
pub fn title_fits(area: Rect, columns: usize, note: &str) -> bool {
    let edges = if note.is_empty() { 4 } else { 7 };
    columns + text::width(note) + edges <= usize::from(area.width)
}

/// Writes into a buffer.
#[derive(Debug)]
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    /// How it looks.
    pub look: Look,
}

impl<'a> Pen<'a> {
    /// A pen for this buffer.
    pub fn new(buffer: &'a mut Buffer, look: Look) -> Self {
        Self { buffer, look }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.look.style(role)
    }

    /// Writes a text, made harmless and cut to `width`. Tells how many columns it took.
    pub fn put(&mut self, x: u16, y: u16, width: u16, what: &str, style: impl Into<Style>) -> u16 {
        if width == 0 || !self.buffer.area.contains((x, y).into()) {
            return 0;
        }
        let fitted = text::fit(what, width as usize, self.look.symbols.ellipsis);
        let (end, _) = self.buffer.set_stringn(x, y, &fitted, width as usize, style.into());
        end - x
    }

    /// Writes a text at the right end of a column.
    pub fn put_right(&mut self, x: u16, y: u16, width: u16, what: &str, style: impl Into<Style>) {
        let fitted = text::fit(what, width as usize, self.look.symbols.ellipsis);
        let used = (text::width(&fitted) as u16).min(width);
        self.put(x + width - used, y, used, &fitted, style);
    }

    /// Writes parts one after the other. Tells how many columns they took.
    pub fn line(&mut self, x: u16, y: u16, width: u16, parts: &[Part<'_>]) -> u16 {
        let mut used = 0;
        for (at, (what, style)) in parts.iter().enumerate() {
            // A part that has no room at all is still owed the mark that something was cut off.
            let left = width - used;
            if left == 0 {
                let more = parts[at..].iter().any(|(what, _)| !what.is_empty());
                if more && width > 0 {
                    self.put(x + width - 1, y, 1, self.look.symbols.ellipsis, *style);
                }
                break;
            }
            used += self.put(x + used, y, left, what, *style);
        }
        used
    }

    /// Blanks an area.
    pub fn clear(&mut self, area: Rect) {
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Changes the style of an area, leaving its text.
    pub fn restyle(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.set_style(Style::reset().patch(style));
            }
        }
    }

    /// Adds to the style of an area, leaving its text.
    pub fn add_style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// A rule with a title in it, and perhaps a note at its right end. Answers with where the note's words are.
    pub fn title(&mut self, area: Rect, focused: bool, title: &[Part<'_>], note: &str) -> Rect {
        let rule = self.style(Role::Rule);
        let base = self.style(if focused { Role::TitleFocused } else { Role::Title });
        let symbols = self.look.symbols;
        let lead = if focused { symbols.selected } else { symbols.horizontal };
        self.put(area.x, area.y, 1, lead, if focused { self.style(Role::Key) } else { rule });
        let room = area.width.saturating_sub(3);
        let note_width = text::width(note) as u16;
        let note_room = if note.is_empty() || note_width + 12 > room { 0 } else { note_width + 3 };
        let mut parts = vec![part(" ", base)];
        parts.extend(title.iter().map(|(what, style)| (what.clone(), base.patch(*style))));
        parts.push(part(" ", base));
        // The rule only where there are no words: its style would stay on them.
        let used = self.line(area.x + 1, area.y, room.saturating_sub(note_room) + 1, &parts);
        let mut end = area.right();
        if note_room > 0 {
            let note = format!(" {note} ");
            self.put(area.right() - note_width - 3, area.y, note_width + 2, &note, self.style(Role::Dim));
            self.put(area.right() - 1, area.y, 1, symbols.horizontal, rule);
            end = area.right() - note_width - 3;
        }
        for x in area.x + 1 + used..end {
            self.put(x, area.y, 1, symbols.horizontal, rule);
        }
        let width = if note_room > 0 { note_width } else { 0 };
        Rect { x: area.right().saturating_sub(width + 2), y: area.y, width, height: 1 }
    }
}
