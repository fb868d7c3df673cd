//! Where markers were drawn that fold and unfold: a click on one does that at once.

use ratatui::layout::Position;

/// The markers of what was drawn last.
#[derive(Clone, Debug, Default)]
pub struct Markers(Vec<Position>);

impl Markers {
    /// Forgets them: what follows is drawn anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// One was drawn there.
    pub fn add(&mut self, at: Position) {
        self.0.push(at);
    }

    /// Whether one is there: it takes its own cell and the one right of it.
    pub fn hit(&self, at: Position) -> bool {
        self.0.iter().any(|drawn| drawn.y == at.y && (drawn.x..=drawn.x + 1).contains(&at.x))
    }
}
