//! How many lines a pane below others has: as many as usual, and those that the user gave it or took from it.

use super::Outcome;
use crate::tui::keymap::Action;

/// What a layout allows a pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lines {
    /// What it has by itself.
    pub usual: u16,
    /// The fewest.
    pub least: u16,
    /// The most. The fewest give way to them.
    pub most: u16,
}

impl Lines {
    /// How many it has with so many more or fewer than usual.
    pub fn with(self, given: i16) -> u16 {
        self.within(i32::from(self.usual) + i32::from(given))
    }

    /// How many more or fewer than usual make it so many, or as near to that as the layout allows: never more than is
    /// shown, or the next change would first have to take that back.
    pub fn given(self, wanted: i32) -> i16 {
        (i32::from(self.within(wanted)) - i32::from(self.usual)) as i16
    }

    /// Gives it lines, or takes some, and says where it has as many, or as few, as it can.
    pub fn resize(self, given: &mut i16, action: Action) -> Outcome {
        let (by, end) = if action == Action::Grow { (2, "large") } else { (-2, "small") };
        let now = self.with(*given);
        *given = self.given(i32::from(now) + by);
        if self.with(*given) == now {
            return Outcome::Notice(format!("the pane is as {end} as it can be"));
        }
        Outcome::Done
    }

    fn within(self, lines: i32) -> u16 {
        lines.clamp(i32::from(self.least.min(self.most)), i32::from(self.most)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_what_is_shown_is_kept() {
        let lines = Lines { usual: 10, least: 4, most: 30 };
        assert_eq!([99, 30, 17, 4, -5].map(|wanted| lines.given(wanted)), [20, 20, 7, -6, -6]);
        let low = Lines { most: 12, ..lines };
        let resized = |lines: Lines, mut given, action| {
            let done = matches!(lines.resize(&mut given, action), Outcome::Done);
            (done, given)
        };
        assert_eq!((low.with(20), resized(low, 20, Action::Shrink)), (12, (true, 0)));
        assert_eq!(resized(low, 20, Action::Grow), (false, 2), "no more than is shown");
        assert_eq!(resized(lines, -5, Action::Shrink), (true, -6));
        assert_eq!(Lines { most: 3, ..lines }.with(0), 3);
    }
}
