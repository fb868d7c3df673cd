//! A window over rows that come and go: it remembers what is selected and on which line, never a row number.
//!
//! Rows that arrive above push what is above them out of the window; the selected row stays where it is on the
//! screen. Only rows within the window, and those passed by a key, are ever asked for.

use crate::tui::keymap::Action;

/// Rows, one after the other.
pub trait Rows {
    /// What a view remembers of a row while others come and go.
    type Id: Copy + PartialEq;
    /// A row, for as long as nothing changes.
    type At: Copy + PartialEq;

    /// The row with this id, if it is still there.
    fn find(&self, id: Self::Id) -> Option<Self::At>;
    /// The id of a row.
    fn id(&self, at: Self::At) -> Self::Id;
    /// The row above which nothing is.
    fn first(&self) -> Option<Self::At>;
    /// The row below which nothing is.
    fn last(&self) -> Option<Self::At>;
    /// The row below.
    fn next(&self, at: Self::At) -> Option<Self::At>;
    /// The row above.
    fn previous(&self, at: Self::At) -> Option<Self::At>;
    /// The row closest to where a row was that has gone.
    fn near(&self, gone: Self::Id) -> Option<Self::At>;
    /// The row that is followed: the last one, unless what arrives goes elsewhere.
    fn followed(&self) -> Option<Self::At> {
        self.last()
    }
    /// The row to look at as long as the user has chosen none.
    fn suggested(&self) -> Option<Self::At> {
        self.first()
    }
}

/// What became of the selection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// It is where it was.
    Same,
    /// Its row has gone: another is selected.
    Lost,
}

/// The window of one list or tree.
#[derive(Clone, Debug)]
pub struct Window<I> {
    selected: Option<I>,
    /// On which line of the window the selected row is.
    line: usize,
    /// Lines of the window when it was last drawn.
    height: usize,
    /// The last row is selected, whichever it is.
    following: bool,
    /// It follows, but not before it may go on.
    held: bool,
    /// The user has chosen the selection: it never moves by itself.
    chosen: bool,
    /// A key has moved the window: blank lines below are filled with rows from above.
    fill: bool,
    seen: Vec<I>,
}

impl<I> Default for Window<I> {
    fn default() -> Self {
        Self {
            selected: None,
            line: 0,
            height: 1,
            following: false,
            held: false,
            chosen: false,
            fill: true,
            seen: Vec::new(),
        }
    }
}

impl<I: Copy + PartialEq> Window<I> {
    /// The selected row, which may have gone.
    pub fn selected(&self) -> Option<I> {
        self.selected
    }

    /// Whether the last row is selected, whichever it is, and nothing holds it.
    pub fn is_following(&self) -> bool {
        self.following && !self.held
    }

    /// The rows that were drawn last, from the top.
    pub fn seen(&self) -> &[I] {
        &self.seen
    }

    /// Keeps the selection from moving by itself.
    pub fn choose(&mut self) {
        self.chosen = true;
    }

    /// Fills the window from above where rows below have gone, at the user's own word.
    pub fn refill(&mut self) {
        self.fill = true;
    }

    /// Stays where it is while held, also where the last row is followed.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Follows the last row, or stops.
    pub fn follow(&mut self, follow: bool) {
        self.following = follow;
        self.chosen = true;
        self.fill = true;
    }

    /// The window begins so many lines further down the screen than before, or further up: rows stay where they are on it.
    pub fn lowered(&mut self, lines: i32) {
        let line = i64::try_from(self.line).unwrap_or(i64::MAX);
        self.line = usize::try_from(line.saturating_sub(lines.into())).unwrap_or(0);
    }

    /// Selects a row and shows it, on the line where it is if it can be seen already.
    pub fn select(&mut self, id: I) {
        self.line = match self.seen.iter().position(|seen| *seen == id) {
            Some(line) => line,
            None => self.height / 3,
        };
        self.selected = Some(id);
        self.following = false;
        self.fill = true;
    }

    /// What is selected is shown in this row now, in the same place.
    pub fn stand_for(&mut self, id: I) {
        self.selected = self.selected.map(|_| id);
    }

    /// Finds a selection where there is none, or where it has gone, and the last row where it is followed.
    pub fn reconcile<R: Rows<Id = I>>(&mut self, rows: &R) -> Kept {
        if self.is_following() {
            let followed = rows.followed();
            self.selected = followed.map(|at| rows.id(at));
            self.line = if followed == rows.first() { 0 } else { usize::MAX };
            return Kept::Same;
        }
        let Some(selected) = self.selected.filter(|_| self.chosen) else {
            let suggested = rows.suggested();
            self.selected = suggested.map(|at| rows.id(at));
            let seen = self.seen.iter().position(|seen| Some(*seen) == self.selected);
            self.line = if suggested == rows.first() { 0 } else { seen.unwrap_or(self.height / 3) };
            self.fill = true;
            return Kept::Same;
        };
        if rows.find(selected).is_some() {
            return Kept::Same;
        }
        // The row that was nearest on the screen, the one below first: it takes the line of what has gone.
        let at = self.seen.iter().position(|seen| *seen == selected).unwrap_or(0);
        let below = self.seen.iter().enumerate().skip(at);
        let above = self.seen.iter().enumerate().take(at).rev();
        let nearest = below.chain(above).find_map(|(line, id)| Some((line, rows.find(*id)?)));
        match nearest {
            Some((line, at)) => (self.line, self.selected) = (line, Some(rows.id(at))),
            None => self.selected = rows.near(selected).or_else(|| rows.first()).map(|at| rows.id(at)),
        }
        Kept::Lost
    }

    /// The rows to draw, from the top; remembers them. `acted` says that the user has done something since the last time,
    /// who may then see blank lines of another height filled.
    pub fn rows<R: Rows<Id = I>>(&mut self, rows: &R, height: usize, acted: bool) -> Vec<R::At> {
        // A finding that comes or goes above changes the height too, at any time: that moves nothing.
        if height != self.height && acted {
            self.fill = true;
        }
        self.height = height;
        self.seen.clear();
        let Some(selected) = self.selected.and_then(|id| rows.find(id)) else { return Vec::new() };
        if height == 0 {
            return Vec::new();
        }
        self.line = self.line.min(height - 1);
        let mut above = Vec::with_capacity(self.line);
        let mut at = selected;
        while above.len() < self.line
            && let Some(previous) = rows.previous(at)
        {
            above.push(previous);
            at = previous;
        }
        let mut below = Vec::new();
        let mut next = selected;
        while above.len() + 1 + below.len() < height
            && let Some(row) = rows.next(next)
        {
            below.push(row);
            next = row;
        }
        while self.fill
            && above.len() + 1 + below.len() < height
            && let Some(previous) = rows.previous(at)
        {
            above.push(previous);
            at = previous;
        }
        self.fill = false;
        self.line = above.len();
        let all: Vec<R::At> = above.into_iter().rev().chain([selected]).chain(below).collect();
        self.seen = all.iter().map(|at| rows.id(*at)).collect();
        all
    }

    /// Moves the selection. Tells whether the action was one of moving.
    pub fn apply<R: Rows<Id = I>>(&mut self, action: Action, rows: &R) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        let Some(at) = self.selected.and_then(|id| rows.find(id)).or_else(|| rows.first()) else {
            return false;
        };
        match action {
            Action::Down => self.step(rows, at, 1, false),
            Action::Up => self.step(rows, at, 1, true),
            Action::PageDown => self.step(rows, at, page, false),
            Action::PageUp => self.step(rows, at, page, true),
            Action::First => self.land(rows.first().map(|at| rows.id(at)), 0),
            Action::Last => {
                let last = rows.last();
                self.land(last.map(|at| rows.id(at)), self.height.saturating_sub(1));
                self.following = last == rows.followed();
            }
            _ => return false,
        }
        true
    }

    fn step<R: Rows<Id = I>>(&mut self, rows: &R, from: R::At, count: usize, up: bool) {
        let mut at = from;
        let mut moved = 0;
        while moved < count {
            let Some(row) = (if up { rows.previous(at) } else { rows.next(at) }) else { break };
            at = row;
            moved += 1;
        }
        // A page moves the window and leaves the selection on its line; a row moves the selection.
        let page = count > 1 && moved == count;
        let line = match (page, up) {
            (true, _) => self.line,
            (false, true) => self.line.saturating_sub(moved),
            (false, false) => self.line.saturating_add(moved).min(self.height.saturating_sub(1)),
        };
        let following = self.following && !up;
        self.land(Some(rows.id(at)), line);
        self.following = following;
    }

    fn land(&mut self, selected: Option<I>, line: usize) {
        self.selected = selected.or(self.selected);
        self.line = line;
        self.following = false;
        self.chosen = true;
        self.fill = true;
    }

    /// Selects the row on a line of the window, if there is one. Tells whether it had been chosen already.
    pub fn click(&mut self, line: usize) -> bool {
        let Some(id) = self.seen.get(line).copied() else { return false };
        let again = self.chosen && self.selected == Some(id);
        self.land(Some(id), line);
        again
    }
}

#[cfg(test)]
mod tests;
