//! The tab of services: who calls whom, kinds and parents, operations, instrumentation scopes.
//!
//! ```text
//! ┌ Services ────────┬ calls of shop ───────────────┐      ┌ Services ─────────┐
//! │ ✖ shop           │    front ──┐                 │      │ ✖ shop            │
//! │   price          │     shop ──┤  ├─ price       │      │   price           │  narrow or low: one pane,
//! │                  ├ kinds ───────┬ scopes ───────┤      │                   │  Tab goes to the next
//! │                  ├ operations ──┴───────────────┤      │                   │
//! └──────────────────┴──────────────────────────────┘      └───────────────────┘
//! ```

pub mod facts;
pub mod map;
pub mod matrix;
pub mod operations;
pub mod panes;
pub mod scopes;

use super::{Cx, Mouse, Outcome, Screen, Target, empty};
use crate::stats::{Example, Operation, OperationIx, ServiceIx};
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::Window;
use facts::{Column, Facts, MapRow, OperationRow, Place, ScopeRow, ServiceRow, name_of};
use panes::Listed;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// From this size on there is room for all panes.
const WIDE: u16 = 120;
const TALL: u16 = 24;
/// Kinds by where parents live: a title, a head, six kinds, and what signs mean.
const MATRIX: (u16, u16) = (48, 9);

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Pane {
    #[default]
    List,
    Map,
    Matrix,
    Scopes,
    Operations,
}

impl Pane {
    const ALL: [Self; 5] = [Self::List, Self::Map, Self::Matrix, Self::Scopes, Self::Operations];
    /// The order in which a narrow screen shows them: what is asked for most comes first.
    const ORDER: [Self; 5] = [Self::List, Self::Operations, Self::Map, Self::Matrix, Self::Scopes];

    fn step(self, wide: bool, back: bool) -> Self {
        let order = if wide { Self::ALL } else { Self::ORDER };
        let at = order.iter().position(|pane| *pane == self).unwrap_or(0);
        order[(at + if back { order.len() - 1 } else { 1 }) % order.len()]
    }
}

/// The tab of services.
#[derive(Debug, Default)]
pub struct Services {
    facts: Facts,
    list: Window<ServiceIx>,
    map: Window<Place>,
    operations: Window<OperationIx>,
    scopes: Window<usize>,
    /// The service that the other panes are about.
    of: Option<ServiceIx>,
    sort: Column,
    inverted: bool,
    focus: Pane,
    /// It was seen or touched: from now on the selected service stays.
    settled: bool,
    /// Where panes were drawn last, and their rows in them.
    panes: Vec<(Pane, Rect)>,
    bodies: Vec<(Pane, Rect)>,
    wide: bool,
}

fn service_rows(facts: &Facts) -> Listed<'_, ServiceRow, ServiceIx> {
    Listed(&facts.services, |row| row.at)
}

fn map_rows(facts: &Facts) -> Listed<'_, MapRow, Place> {
    Listed(&facts.map, |row| row.place)
}

fn operation_rows(facts: &Facts) -> Listed<'_, OperationRow, OperationIx> {
    Listed(&facts.operations, |row| row.at)
}

impl Services {
    /// Looks up what the selected service shows now.
    fn look(&mut self, cx: &Cx<'_>) {
        self.facts.look(self.of, (self.sort, self.inverted), cx);
        if !self.settled
            && let Some(suggested) = self.facts.suggested()
        {
            self.list.select(suggested);
        }
        let selected = self.list.selected();
        if selected != self.of {
            self.of = selected;
            (self.map, self.operations, self.scopes) = Default::default();
            self.facts.look(self.of, (self.sort, self.inverted), cx);
        }
        let own = self.map.selected().is_none();
        self.map.reconcile(&map_rows(&self.facts));
        if own && self.facts.map.iter().any(|row| row.place == Place::Own) {
            self.map.select(Place::Own);
            self.map.choose();
        }
        self.operations.reconcile(&operation_rows(&self.facts));
        let rows = scope_rows(&self.facts);
        self.scopes.reconcile(&Listed(&rows, |row| row.0));
    }

    fn select(&mut self, service: ServiceIx, cx: &Cx<'_>) {
        self.settled = true;
        self.list.select(service);
        self.list.choose();
        self.look(cx);
    }

    fn operation<'a>(&self, cx: &Cx<'a>) -> Option<&'a Operation> {
        cx.session.stats.operation(self.operations.selected()?)
    }

    /// The place for what else Enter may lead to: a list of traces that hold an operation, say.
    fn open(&mut self, cx: &Cx<'_>) -> Outcome {
        match self.focus {
            Pane::List => {
                self.focus = Pane::Operations;
                Outcome::Done
            }
            Pane::Map => match self.map.selected() {
                Some(Place::Caller(service) | Place::Callee(service)) => {
                    self.select(service, cx);
                    Outcome::Done
                }
                Some(Place::Peer(_)) => {
                    Outcome::Notice("it is known only from calls: it has sent no spans of its own".to_owned())
                }
                Some(Place::Own) | None => Outcome::Ignored,
            },
            Pane::Operations => {
                let slowest = self.operation(cx).and_then(|operation| operation.slowest);
                go_to(slowest, "its slowest span", cx)
            }
            Pane::Matrix | Pane::Scopes => Outcome::Ignored,
        }
    }

    fn sort_by(&mut self, column: Column, inverted: bool, cx: &Cx<'_>) -> Outcome {
        (self.sort, self.inverted) = (column, inverted);
        self.look(cx);
        // What comes first in the new order is what was asked for.
        self.operations = Window::default();
        self.look(cx);
        let order = if (column == Column::Name) == inverted { "highest first" } else { "lowest first" };
        let order = match (column, inverted) {
            (Column::Name, false) => "a to z",
            (Column::Name, true) => "z to a",
            _ => order,
        };
        Outcome::Notice(format!("operations by {}, {order}", column.title()))
    }

    fn moved(&mut self, action: Action, pane: Pane, cx: &Cx<'_>) -> Outcome {
        let moved = match pane {
            Pane::List => self.list.apply(action, &service_rows(&self.facts)),
            Pane::Map => self.map.apply(action, &map_rows(&self.facts)),
            Pane::Operations => self.operations.apply(action, &operation_rows(&self.facts)),
            Pane::Scopes => {
                let rows = scope_rows(&self.facts);
                self.scopes.apply(action, &Listed(&rows, |row| row.0))
            }
            Pane::Matrix => false,
        };
        // Rows are sorted, not in the order of arrival: there is no last one to follow.
        if action == Action::Last {
            self.list.follow(false);
            self.map.follow(false);
            self.operations.follow(false);
            self.scopes.follow(false);
        }
        self.look(cx);
        if moved { Outcome::Done } else { Outcome::Ignored }
    }

    fn layout(&self, area: Rect) -> Vec<(Pane, Rect)> {
        if !self.wide {
            // A short list leaves room for what the selected service does.
            let list = (self.facts.services.len() as u16).saturating_add(2);
            if self.focus == Pane::List && list * 2 <= area.height {
                let lower = Rect { y: area.y + list, height: area.height - list, ..area };
                return vec![(Pane::List, Rect { height: list, ..area }), (Pane::Operations, lower)];
            }
            return vec![(self.focus, area)];
        }
        let width = (area.width * 34 / 100).clamp(46, 64);
        let list = Rect { width, ..area };
        let right = Rect { x: list.right() + 1, width: area.width - width - 1, ..area };
        let wanted = self.facts.map.len() as u16 + 2;
        let map = Rect { height: wanted.clamp(4, (right.height * 30 / 100).max(4)), ..right };
        let middle = Rect { y: map.bottom(), height: MATRIX.1, ..right };
        let matrix = Rect { width: MATRIX.0.min(right.width / 2), ..middle };
        let scopes = Rect { x: matrix.right() + 1, width: right.width - matrix.width - 1, ..middle };
        let operations = Rect { y: middle.bottom(), height: right.bottom() - middle.bottom(), ..right };
        vec![
            (Pane::List, list),
            (Pane::Map, map),
            (Pane::Matrix, matrix),
            (Pane::Scopes, scopes),
            (Pane::Operations, operations),
        ]
    }

    fn draw_pane(&mut self, pane: Pane, area: Rect, pen: &mut Pen<'_>, cx: &Cx<'_>) -> Rect {
        let focused = pane == self.focus;
        let facts = &self.facts;
        let name = self.of.map_or("", |of| name_of(of, &cx.session.stats));
        let title = |what: &'static str| -> Vec<Part<'_>> {
            let dot = format!(" {} ", cx.look.symbols.dot);
            let dim = cx.look.style(Role::Dim);
            let mut parts = vec![part(what, Style::new())];
            // Beside the list it is the one that is selected there.
            if !self.wide || pane == Pane::Map {
                parts.extend([part(dot, dim), part(name, cx.look.service(name))]);
            }
            parts
        };
        let place = |title| panes::Pane { area, title, focused };
        match pane {
            Pane::List => panes::services(area, &mut self.list, &service_rows(facts), focused, pen, cx),
            Pane::Map => map::draw(place(&title("Calls")), &mut self.map, facts, pen, cx),
            Pane::Matrix => {
                if let Some(service) = self.of.and_then(|of| cx.session.stats.service(of)) {
                    matrix::draw(place(&title("Kinds and parents")), service, facts, pen, cx);
                }
                area
            }
            Pane::Scopes => {
                let title = title("Instrumentation scopes");
                scopes::draw(place(&title), &mut self.scopes, &scope_rows(facts), pen, cx)
            }
            Pane::Operations => {
                let sort = (self.sort, self.inverted);
                operations::draw(place(&title("Operations")), &mut self.operations, facts, sort, pen, cx)
            }
        }
    }
}

fn scope_rows(facts: &Facts) -> Vec<(usize, &ScopeRow)> {
    facts.scopes.iter().enumerate().collect()
}

/// Shows a span that was kept as an example, if it is still held.
fn go_to(example: Option<Example>, what: &str, cx: &Cx<'_>) -> Outcome {
    let Some(example) = example else { return Outcome::Notice("none of its spans has failed".to_owned()) };
    if !example.is_held(&cx.session.store) {
        return Outcome::Notice(format!("{what} was evicted at the memory limit"));
    }
    Outcome::GoTo(Target { trace: example.trace, span: Some(example.span) })
}

impl Screen for Services {
    fn context(&self) -> Context {
        Context::Services
    }

    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        self.list.choose();
        self.look(cx);
        match action {
            Action::NextPane | Action::PreviousPane => {
                self.focus = self.focus.step(self.wide, action == Action::PreviousPane);
                Outcome::Done
            }
            Action::Back if self.focus == Pane::List => Outcome::Leave,
            Action::Back => {
                self.focus = Pane::List;
                Outcome::Done
            }
            Action::Open => self.open(cx),
            Action::ShowError => match self.operation(cx) {
                Some(operation) => go_to(operation.latest_error, "the latest that failed", cx),
                None => Outcome::Ignored,
            },
            Action::Sort => self.sort_by(self.sort.next(), false, cx),
            Action::InvertSort => self.sort_by(self.sort, !self.inverted, cx),
            action => self.moved(action, self.focus, cx),
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        let at = mouse.position();
        let Some((pane, _)) = self.panes.iter().find(|(_, area)| area.contains(at)).copied() else {
            return Outcome::Ignored;
        };
        self.list.choose();
        match mouse {
            Mouse::Click(_) => {
                self.focus = pane;
                let body = self.bodies.iter().find(|(of, body)| *of == pane && body.contains(at));
                if let Some((_, body)) = body {
                    let line = usize::from(at.y - body.y);
                    match pane {
                        Pane::List => self.list.click(line),
                        Pane::Map => self.map.click(line),
                        Pane::Scopes => self.scopes.click(line),
                        Pane::Operations => self.operations.click(line),
                        Pane::Matrix => false,
                    };
                }
                self.look(cx);
            }
            Mouse::WheelUp(_) | Mouse::WheelDown(_) => {
                let action = if matches!(mouse, Mouse::WheelUp(_)) { Action::Up } else { Action::Down };
                for _ in 0..3 {
                    self.moved(action, pane, cx);
                }
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, cx: &Cx<'_>) -> Option<String> {
        self.look(cx);
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        if self.facts.services.is_empty() {
            (self.panes, self.bodies) = Default::default();
            empty::draw(area, &mut pen, cx);
            return;
        }
        self.settled = true;
        self.wide = area.width >= WIDE && area.height >= TALL;
        self.panes = self.layout(area);
        self.bodies.clear();
        for (pane, area) in self.panes.clone() {
            let body = self.draw_pane(pane, area, &mut pen, cx);
            self.bodies.push((pane, body));
        }
        if self.wide {
            let (style, symbols) = (pen.style(Role::Rule), cx.look.symbols);
            let rule = |x: u16, area: Rect, pen: &mut Pen<'_>| {
                for y in area.y..area.bottom() {
                    pen.put(x, y, 1, if y == area.y { symbols.tee } else { symbols.vertical }, style);
                }
            };
            rule(self.panes[0].1.right(), area, &mut pen);
            rule(self.panes[2].1.right(), self.panes[2].1, &mut pen);
        }
    }
}
