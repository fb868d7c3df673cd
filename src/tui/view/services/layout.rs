//! Where the panes of the tab of services are.

use super::facts::Facts;
use ratatui::layout::Rect;

/// From this size on there is room for all panes.
const WIDE: u16 = 120;
const TALL: u16 = 24;
/// Kinds by where parents live: a title, a head, six kinds, and what signs mean.
const MATRIX: (u16, u16) = (48, 9);
/// Its columns need so many cells.
const MATRIX_LEAST: u16 = 42;
/// Lines of a pane besides its rows.
const HEAD: u16 = 2;

/// A pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pane {
    /// All services.
    #[default]
    List,
    /// Who calls whom.
    Map,
    /// Who calls the selected service, and whom it calls.
    Neighbours,
    /// Its spans by kind and by where parents live.
    Matrix,
    /// Its instrumentation scopes.
    Scopes,
    /// Its operations.
    Operations,
}

impl Pane {
    const ALL: [Self; 6] =
        [Self::List, Self::Neighbours, Self::Map, Self::Matrix, Self::Scopes, Self::Operations];
    /// The order in which a narrow screen shows them: what is asked for most comes first.
    const ORDER: [Self; 6] =
        [Self::List, Self::Map, Self::Operations, Self::Neighbours, Self::Matrix, Self::Scopes];

    /// The next one, or the one before.
    #[must_use]
    pub fn step(self, wide: bool, back: bool) -> Self {
        let order = if wide { Self::ALL } else { Self::ORDER };
        let at = order.iter().position(|pane| *pane == self).unwrap_or(0);
        order[(at + if back { order.len() - 1 } else { 1 }) % order.len()]
    }
}

/// Whether there is room for all panes.
pub fn is_wide(area: Rect) -> bool {
    area.width >= WIDE && area.height >= TALL
}

/// Where panes are: all of them, or what is shown of them on a narrow screen.
pub fn panes(area: Rect, focus: Pane, facts: &Facts) -> Vec<(Pane, Rect)> {
    let lines = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(HEAD);
    let list_lines = lines(facts.services.len());
    if !is_wide(area) {
        // A short list leaves room for what the selected service does.
        if focus == Pane::List && list_lines.saturating_mul(2) <= area.height {
            let lower = Rect { y: area.y + list_lines, height: area.height - list_lines, ..area };
            return vec![(Pane::List, Rect { height: list_lines, ..area }), (Pane::Operations, lower)];
        }
        return vec![(focus, area)];
    }
    let left = Rect { width: (area.width * 38 / 100).clamp(46, 70), ..area };
    let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
    let list = Rect { height: list_lines.min(left.height * 60 / 100), ..left };
    let neighbours = Rect { y: list.bottom(), height: left.height - list.height, ..left };
    let most = (right.height.saturating_sub(MATRIX.1) * 55 / 100).max(4);
    let map = Rect { height: lines(facts.map.len()).clamp(4, most), ..right };
    let middle = Rect { y: map.bottom(), height: MATRIX.1, ..right };
    let matrix = Rect { width: MATRIX.0.min(right.width / 2).max(MATRIX_LEAST), ..middle };
    let scopes = Rect { x: matrix.right() + 1, width: right.width - matrix.width - 1, ..middle };
    let operations = Rect { y: middle.bottom(), height: right.bottom() - middle.bottom(), ..right };
    vec![
        (Pane::List, list),
        (Pane::Neighbours, neighbours),
        (Pane::Map, map),
        (Pane::Matrix, matrix),
        (Pane::Scopes, scopes),
        (Pane::Operations, operations),
    ]
}
