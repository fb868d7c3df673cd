//! Where the panes of the tab of services are.

use super::facts::Facts;
use ratatui::layout::{Position, Rect};

/// From this size on there is room for all panes.
const WIDE: u16 = 120;
const TALL: u16 = 24;
/// Kinds by where parents live: a title, a head, six kinds, and what signs mean.
const MATRIX: (u16, u16) = (48, 9);
/// Its columns need so many cells.
const MATRIX_LEAST: u16 = 42;
/// The fewest columns of the list, and of what is right of it; the fewest lines of a pane.
const LEAST: u16 = 40;
const RIGHT_LEAST: u16 = MATRIX_LEAST + 30;
const LINES_LEAST: u16 = 4;
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

/// A divider between panes, that can be dragged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Divider {
    /// Between the list of services and what is right of it.
    Beside,
    /// Below the list.
    List,
    /// Below the map; how many lines above the one that is dragged.
    Map(u16),
}

/// What the user has given to panes; nothing where that is not said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Columns of the list.
    pub columns: Option<u16>,
    /// Lines of the list.
    pub list: Option<u16>,
    /// Lines of the map.
    pub map: Option<u16>,
}

impl Sizes {
    /// Moves a divider to a place of this area.
    pub fn drag(&mut self, divider: Divider, to: Position, area: Rect) {
        let line = to.y.saturating_sub(area.y);
        match divider {
            Divider::Beside => self.columns = Some(to.x.saturating_sub(area.x)),
            Divider::List => self.list = Some(line),
            Divider::Map(below) => self.map = Some(line.saturating_sub(below)),
        }
    }
}

/// The divider at a place, if all panes are shown.
pub fn divider(panes: &[(Pane, Rect)], at: Position) -> Option<Divider> {
    let area_of = |wanted| panes.iter().find(|(pane, _)| *pane == wanted).map(|(_, area)| *area);
    let on_top = |pane| area_of(pane).is_some_and(|area| area.contains(at) && area.y == at.y);
    let map = area_of(Pane::Map)?;
    match () {
        () if area_of(Pane::List).is_some_and(|list| list.right() == at.x) => Some(Divider::Beside),
        () if on_top(Pane::Neighbours) => Some(Divider::List),
        () if on_top(Pane::Matrix) || on_top(Pane::Scopes) => Some(Divider::Map(0)),
        () if on_top(Pane::Operations) => Some(Divider::Map(at.y - map.bottom())),
        () => None,
    }
}

/// Whether there is room for all panes.
pub fn is_wide(area: Rect) -> bool {
    area.width >= WIDE && area.height >= TALL
}

/// Where panes are: all of them, or what is shown of them on a narrow screen.
pub fn panes(area: Rect, focus: Pane, sizes: Sizes, facts: &Facts) -> Vec<(Pane, Rect)> {
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
    let usual = (area.width * 38 / 100).clamp(46, 70);
    let columns = sizes.columns.unwrap_or(usual).clamp(LEAST, area.width - RIGHT_LEAST);
    let left = Rect { width: columns, ..area };
    let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
    let usual = list_lines.min(left.height * 60 / 100);
    let lines_of = |wanted: Option<u16>, usual: u16, below: u16| {
        let most = area.height.saturating_sub(below).max(LINES_LEAST);
        wanted.map_or(usual, |lines| lines.clamp(LINES_LEAST, most))
    };
    let list = Rect { height: lines_of(sizes.list, usual, LINES_LEAST), ..left };
    let neighbours = Rect { y: list.bottom(), height: left.height - list.height, ..left };
    let most = (right.height.saturating_sub(MATRIX.1) * 55 / 100).max(4);
    let usual = lines(facts.map.len()).clamp(4, most);
    let map = Rect { height: lines_of(sizes.map, usual, MATRIX.1 + LINES_LEAST), ..right };
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
