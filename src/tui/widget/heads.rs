//! The heads of a table's columns: the one that its rows are sorted by has an arrow, and a click on one sorts by it.

use super::pen::Pen;
use crate::tui::theme::Role;
use ratatui::layout::{Position, Rect};

/// The head of a column.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a, C> {
    /// Of which.
    pub column: C,
    /// Where it begins.
    pub x: u16,
    /// How wide it is.
    pub width: u16,
    /// What it is called.
    pub words: &'a str,
    /// Whether what is below it stands at its right end.
    pub right: bool,
}

/// Where the heads of a table were drawn.
#[derive(Clone, Debug)]
pub struct Heads<C>(Vec<(C, Rect)>);

impl<C> Default for Heads<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C: Copy + PartialEq> Heads<C> {
    /// Draws them on a line. `sorted` is the column that rows are sorted by, and whether the largest comes first.
    pub fn draw(y: u16, heads: &[Head<'_, C>], sorted: (C, bool), pen: &mut Pen<'_>) -> Self {
        let symbols = pen.look.symbols;
        let arrow = if sorted.1 { symbols.down } else { symbols.up };
        let mut places = Vec::with_capacity(heads.len());
        for head in heads.iter().filter(|head| head.width > 0) {
            let is_sorted = head.column == sorted.0;
            let style = pen.style(if is_sorted { Role::Key } else { Role::Dim });
            let words = if is_sorted { format!("{}{arrow}", head.words) } else { head.words.to_owned() };
            if head.right {
                pen.put_right(head.x, y, head.width, &words, style);
            } else {
                pen.put(head.x, y, head.width, &words, style);
            }
            places.push((head.column, Rect { x: head.x, y, width: head.width, height: 1 }));
        }
        Self(places)
    }

    /// The column whose head is there.
    pub fn hit(&self, at: Position) -> Option<C> {
        self.0.iter().find(|(_, place)| place.contains(at)).map(|(column, _)| *column)
    }
}
