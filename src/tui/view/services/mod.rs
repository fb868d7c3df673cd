//! The tab of services: who calls whom, kinds and parents, operations, instrumentation scopes.
//!
//! ```text
//! ┌ Services ────────┬ Map ─────────────────────────┐      ┌ Services ─────────┐
//! │ ✖ shop           │  front                       │      │ ✖ shop            │
//! │   price          │  ╰─ shop                     │      │   price           │  narrow or low: one pane,
//! ├ Calls of shop ───┤     ╰─ price                 │      │                   │  Tab goes to the next
//! │ front →          ├ kinds ───────┬ scopes ───────┤      │                   │
//! │ shop             │              │               │      │                   │
//! │   → price        ├ operations ──┴───────────────┤      │                   │
//! └──────────────────┴──────────────────────────────┘      └───────────────────┘
//! ```

pub mod copies;
pub mod facts;
pub mod layout;
pub mod map;
pub mod matrix;
pub mod neighbours;
pub mod operations;
pub mod outline;
pub mod panes;
pub mod scopes;
pub mod sort;
pub mod which;

use super::menu::Choice;
use super::{Cx, Mouse, Outcome, Screen, Target, clicked, copy, empty};
use crate::stats::{Example, Operation, OperationIx, ServiceIx};
use crate::tui::keymap::{Action, Context};
use crate::tui::remembered::Remembered;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::Window;
use facts::{Facts, Neighbour, NeighbourRow, OperationRow, ScopeRow, ServiceRow, Sorts, name_of};
use layout::{Divider, Pane, Sizes};
use outline::{Place, Row};
use panes::{Drawn, Listed};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use sort::{Column, Sort};

/// What the sizes of panes are remembered by.
const SIZES: [&str; 3] = ["services-columns", "services-lines", "map-lines"];

/// The tab of services.
#[derive(Debug, Default)]
pub struct Services {
    facts: Facts,
    list: Window<ServiceIx>,
    map: Window<Place>,
    neighbours: Window<Neighbour>,
    operations: Window<OperationIx>,
    scopes: Window<usize>,
    /// The service that the other panes are about.
    of: Option<ServiceIx>,
    sorts: Sorts,
    focus: Pane,
    /// It was seen or touched: from now on the selected service stays.
    settled: bool,
    /// Where panes were drawn last, and their rows and heads in them.
    panes: Vec<(Pane, Rect, Drawn)>,
    wide: bool,
    /// The service that was selected when statistics started anew.
    was: Option<String>,
    /// What the user has given to panes.
    sizes: Sizes,
    dragged: Option<Divider>,
    area: Rect,
}

fn service_rows(facts: &Facts) -> Listed<'_, ServiceRow, ServiceIx> {
    Listed(&facts.services, |row| row.at)
}

fn map_rows(facts: &Facts) -> Listed<'_, Row, Place> {
    Listed(&facts.map, |row| row.place)
}

fn neighbour_rows(facts: &Facts) -> Listed<'_, NeighbourRow, Neighbour> {
    Listed(&facts.neighbours, |row| row.place)
}

fn operation_rows(facts: &Facts) -> Listed<'_, OperationRow, OperationIx> {
    Listed(&facts.operations, |row| row.at)
}

fn scope_rows(facts: &Facts) -> Vec<(usize, &ScopeRow)> {
    facts.scopes.iter().enumerate().collect()
}

impl Services {
    /// Looks up what the selected service shows now.
    fn look(&mut self, cx: &Cx<'_>) {
        if self.facts.is_void(cx) {
            let row = self.facts.services.iter().find(|row| Some(row.at) == self.of);
            self.was = row.map(|row| row.name.clone()).or(self.was.take());
            (self.list, self.map, self.of, self.settled) = Default::default();
            (self.neighbours, self.operations, self.scopes) = Default::default();
        }
        self.facts.look(self.of, self.sorts, cx);
        if self.was.is_some() && !cx.session.is_learning() && !self.facts.services.is_empty() {
            let was = self.was.take();
            if let Some(row) = self.facts.services.iter().find(|row| Some(&row.name) == was.as_ref()) {
                self.settled = true;
                self.list.select(row.at);
                self.list.choose();
            }
        }
        if !self.settled
            && let Some(suggested) = self.facts.suggested()
        {
            self.list.select(suggested);
        }
        let selected = self.list.selected();
        if selected != self.of {
            self.of = selected;
            (self.neighbours, self.operations, self.scopes) = Default::default();
            self.facts.look(self.of, self.sorts, cx);
        }
        self.follow_in_map();
        let own = self.neighbours.selected().is_none();
        self.neighbours.reconcile(&neighbour_rows(&self.facts));
        if own && self.facts.neighbours.iter().any(|row| row.place == Neighbour::Own) {
            self.neighbours.select(Neighbour::Own);
            self.neighbours.choose();
        }
        self.operations.reconcile(&operation_rows(&self.facts));
        let rows = scope_rows(&self.facts);
        self.scopes.reconcile(&Listed(&rows, |row| row.0));
    }

    /// Selects in the map what is told of the selected service first, unless a row about it is selected already.
    fn follow_in_map(&mut self) {
        self.map.reconcile(&map_rows(&self.facts));
        if self.map.selected().map(Place::service) == self.of {
            return;
        }
        let first = self.facts.map.iter().find(|row| Some(row.place.service()) == self.of);
        if let Some(row) = first {
            self.map.select(row.place);
            self.map.choose();
        }
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

    fn open(&mut self, cx: &Cx<'_>) -> Outcome {
        match self.focus {
            Pane::List => {
                self.focus = Pane::Operations;
                Outcome::Done
            }
            Pane::Map | Pane::Scopes | Pane::Matrix => self.traces(cx),
            Pane::Neighbours => match self.neighbours.selected() {
                Some(Neighbour::Caller(service) | Neighbour::Callee(service)) => {
                    self.select(service, cx);
                    Outcome::Done
                }
                Some(Neighbour::Peer(_)) => {
                    Outcome::Notice("it is known only from calls: it has sent no spans of its own".to_owned())
                }
                Some(Neighbour::Own) | None => Outcome::Ignored,
            },
            Pane::Operations => {
                let slowest = self.operation(cx).and_then(|operation| operation.slowest);
                go_to(slowest, "its slowest span", cx)
            }
        }
    }

    /// The row of the map that a row of neighbours stands for.
    fn edge(&self) -> Option<Place> {
        let of = self.of?;
        Some(match self.neighbours.selected()? {
            Neighbour::Caller(caller) => Place::Edge(caller, of),
            Neighbour::Own => Place::Entry(of),
            Neighbour::Callee(callee) => Place::Edge(of, callee),
            Neighbour::Peer(peer) => Place::Peer(of, peer),
        })
    }

    /// What is selected, and its service where it is not that.
    fn copies(&self, cx: &Cx<'_>) -> Vec<Choice> {
        let of = || self.of.into_iter().flat_map(|of| copies::service(of, cx));
        match self.focus {
            Pane::List | Pane::Matrix => of().collect(),
            Pane::Map => self.map.selected().into_iter().flat_map(|place| copies::calls(place, cx)).collect(),
            Pane::Neighbours => self.edge().into_iter().flat_map(|place| copies::calls(place, cx)).collect(),
            Pane::Operations => self
                .operation(cx)
                .into_iter()
                .filter_map(|it| copies::operation(it, cx))
                .chain(of())
                .collect(),
            Pane::Scopes => {
                let row = self.scopes.selected().and_then(|at| self.facts.scopes.get(at));
                row.into_iter().flat_map(copies::scope).chain(of()).collect()
            }
        }
    }

    /// Lists the traces that show what is selected.
    fn traces(&self, cx: &Cx<'_>) -> Outcome {
        let of = || which::service(self.of?, cx);
        let text = match self.focus {
            Pane::List | Pane::Matrix => of(),
            Pane::Map => self.map.selected().and_then(|place| which::calls(place, cx)),
            Pane::Neighbours => self.edge().and_then(|place| which::calls(place, cx)),
            Pane::Operations => self.operation(cx).and_then(|operation| which::operation(operation, cx)),
            Pane::Scopes => self.of.zip(self.scopes.selected()).and_then(|(of, at)| {
                // What is known of a scope stands below it.
                let rows = self.facts.scopes.get(..=at)?;
                rows.iter().rev().find_map(|row| which::scope(of, row, cx))
            }),
        };
        match text {
            Some(text) => Outcome::Filter(text),
            None => Outcome::Notice("(other) stands for many: no filter tells them from the rest".to_owned()),
        }
    }

    /// What a pane is sorted by, the columns of it, and what it counts.
    fn sort_of(&mut self, pane: Pane) -> Option<(&mut Sort, &'static [Column], &'static str)> {
        use Column::{Count, Errors, Finding, Max, Name, P50, P95, P99, Spans};
        // What has no column is no order that could be seen.
        let is_list =
            |(pane, area, _): &(Pane, Rect, Drawn)| *pane == Pane::List && panes::tells_spans(*area);
        let columns: &'static [Column] = if self.panes.iter().any(is_list) {
            &[Name, Spans, Count, Errors, P50, P99, Finding]
        } else {
            &[Name, Count, Errors, P50, P99, Finding]
        };
        let sorts = &mut self.sorts;
        Some(match pane {
            Pane::List => (&mut sorts.services, columns, "entry spans"),
            Pane::Map => (&mut sorts.map, &[Count, Errors, P50, P99, Name], "calls"),
            Pane::Neighbours => (&mut sorts.neighbours, &[Count, Errors, P50, P99, Name], "calls"),
            Pane::Scopes => (&mut sorts.scopes, &[Spans, Name], "spans"),
            Pane::Operations => (&mut sorts.operations, &[Count, Errors, P50, P95, P99, Max, Name], "spans"),
            Pane::Matrix => return None,
        })
    }

    /// Sorts a pane anew; what comes first in the new order is what was asked for.
    fn sort(
        &mut self,
        pane: Pane,
        anew: impl FnOnce(Sort, &'static [Column]) -> Sort,
        cx: &Cx<'_>,
    ) -> Outcome {
        let Some((sort, columns, count)) = self.sort_of(pane) else {
            return Outcome::Notice("kinds are always in this order".to_owned());
        };
        *sort = anew(*sort, columns);
        let words = sort.words(count);
        self.look(cx);
        match pane {
            // The other panes are about what is selected here: that stays.
            Pane::List => self.list.refill(),
            Pane::Map => self.map.refill(),
            Pane::Matrix => {}
            Pane::Neighbours => self.neighbours = Window::default(),
            Pane::Operations => self.operations = Window::default(),
            Pane::Scopes => self.scopes = Window::default(),
        }
        self.look(cx);
        Outcome::Notice(words)
    }

    fn moved(&mut self, action: Action, pane: Pane, cx: &Cx<'_>) -> Outcome {
        let moved = match pane {
            Pane::List => self.list.apply(action, &service_rows(&self.facts)),
            Pane::Map => self.map.apply(action, &map_rows(&self.facts)),
            Pane::Neighbours => self.neighbours.apply(action, &neighbour_rows(&self.facts)),
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
            self.neighbours.follow(false);
            self.operations.follow(false);
            self.scopes.follow(false);
        }
        self.chosen_in(pane, cx);
        if moved { Outcome::Done } else { Outcome::Ignored }
    }

    /// What is selected in the map is what the other panes are about.
    fn chosen_in(&mut self, pane: Pane, cx: &Cx<'_>) {
        match self.map.selected() {
            Some(place) if pane == Pane::Map && Some(place.service()) != self.of => {
                self.select(place.service(), cx);
            }
            _ => self.look(cx),
        }
    }

    fn draw_pane(&mut self, pane: Pane, area: Rect, pen: &mut Pen<'_>, cx: &Cx<'_>) -> Drawn {
        let focused = pane == self.focus;
        let (facts, sorts) = (&self.facts, self.sorts);
        let name = self.of.map_or("", |of| name_of(of, &cx.session.stats));
        let title = |what: &'static str| -> Vec<Part<'_>> {
            let dot = format!(" {} ", cx.look.symbols.dot);
            let dim = cx.look.style(Role::Dim);
            let mut parts = vec![part(what, Style::new())];
            // Beside the list it is the one that is selected there.
            if !self.wide || pane == Pane::Neighbours {
                parts.extend([part(dot, dim), part(name, cx.look.service(name))]);
            }
            parts
        };
        let place = |title| panes::Pane { area, title, focused };
        match pane {
            Pane::List => {
                let how = (focused, sorts.services);
                panes::services(area, &mut self.list, &service_rows(facts), how, pen, cx)
            }
            Pane::Map => {
                let title = map::title(facts, self.map.selected(), cx);
                map::draw(place(&title), &mut self.map, facts, self.of, sorts.map, pen, cx)
            }
            Pane::Neighbours => {
                let title = title("Calls");
                neighbours::draw(place(&title), &mut self.neighbours, facts, sorts.neighbours, pen, cx)
            }
            Pane::Matrix => {
                if let Some(service) = self.of.and_then(|of| cx.session.stats.service(of)) {
                    matrix::draw(place(&title("Kinds and parents")), service, facts, pen, cx);
                }
                Drawn { body: panes::below(area, 2), ..Drawn::default() }
            }
            Pane::Scopes => {
                let title = title("Instrumentation scopes");
                scopes::draw(place(&title), &mut self.scopes, &scope_rows(facts), sorts.scopes, pen, cx)
            }
            Pane::Operations => {
                let title = title("Operations");
                operations::draw(place(&title), &mut self.operations, facts, sorts.operations, pen, cx)
            }
        }
    }
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
        if self.facts.services.is_empty()
            && let Some(why) = empty::refused(action, "span")
        {
            return why;
        }
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
            Action::Filter => self.traces(cx),
            Action::Copy => copy::menu(self.copies(cx)),
            Action::CopyNow => copy::at_once(self.copies(cx)),
            Action::ShowError => match self.operation(cx) {
                Some(operation) => go_to(operation.latest_error, "the latest that failed", cx),
                None => Outcome::Ignored,
            },
            Action::Sort => self.sort(self.focus, Sort::next, cx),
            Action::InvertSort => {
                self.sort(self.focus, |sort, _| Sort { inverted: !sort.inverted, ..sort }, cx)
            }
            action => self.moved(action, self.focus, cx),
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        let at = mouse.position();
        match (mouse, self.dragged) {
            (Mouse::Click(_), _) => {
                let areas: Vec<(Pane, Rect)> =
                    self.panes.iter().map(|(pane, area, _)| (*pane, *area)).collect();
                self.dragged = layout::divider(&areas, at);
            }
            (Mouse::Drag(_), Some(divider)) => {
                self.sizes.drag(divider, at, self.area);
                return Outcome::Done;
            }
            (Mouse::Release(_), Some(_)) => {
                self.dragged = None;
                return Outcome::Done;
            }
            _ => {}
        }
        let Some((pane, _, drawn)) = self.panes.iter().find(|(_, area, _)| area.contains(at)) else {
            return Outcome::Ignored;
        };
        let (pane, body, head) = (*pane, drawn.body, drawn.heads.hit(at));
        match mouse {
            Mouse::Click(_) | Mouse::Point(_) => {
                let had_keys = std::mem::replace(&mut self.focus, pane) == pane;
                if let Some(column) = head.filter(|_| matches!(mouse, Mouse::Click(_))) {
                    return self.sort(pane, |sort, _| sort.clicked(column), cx);
                }
                let line = usize::from(at.y.saturating_sub(body.y));
                let again = body.contains(at)
                    && match pane {
                        Pane::List => self.list.click(line),
                        Pane::Map => self.map.click(line),
                        Pane::Neighbours => self.neighbours.click(line),
                        Pane::Scopes => self.scopes.click(line),
                        Pane::Operations => self.operations.click(line),
                        Pane::Matrix => true,
                    };
                self.list.choose();
                self.chosen_in(pane, cx);
                return clicked(again && had_keys);
            }
            Mouse::WheelUp(_) | Mouse::WheelDown(_) => {
                self.list.choose();
                let action = if matches!(mouse, Mouse::WheelUp(_)) { Action::Up } else { Action::Down };
                for _ in 0..3 {
                    self.moved(action, pane, cx);
                }
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn has_effect(&self, action: Action, cx: &Cx<'_>) -> bool {
        match action {
            Action::ShowError => self.operation(cx).is_some_and(|of| of.latest_error.is_some()),
            Action::Sort | Action::InvertSort => self.focus != Pane::Matrix,
            _ => true,
        }
    }

    fn subject(&self, cx: &Cx<'_>) -> Option<String> {
        match self.focus {
            Pane::Operations => {
                let name = cx.session.store.text(self.operation(cx)?.name?)?;
                Some(super::row::name_or_none(name).to_owned())
            }
            Pane::List => Some(facts::name_of(self.of?, &cx.session.stats).to_owned()),
            Pane::Map | Pane::Neighbours | Pane::Scopes | Pane::Matrix => None,
        }
    }

    fn reconcile(&mut self, _touched: bool, cx: &Cx<'_>) -> Option<String> {
        self.look(cx);
        None
    }

    fn recall(&mut self, from: &Remembered) {
        let [columns, list, map] = SIZES.map(|name| from.get(name));
        self.sizes = Sizes { columns, list, map };
    }

    fn remember(&self, into: &mut Remembered) {
        let Sizes { columns, list, map } = self.sizes;
        for (name, size) in SIZES.into_iter().zip([columns, list, map]) {
            if let Some(size) = size {
                into.set(name, size);
            }
        }
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        self.panes.clear();
        if self.facts.services.is_empty() {
            empty::draw(area, &mut pen, cx);
            return;
        }
        self.settled = true;
        self.wide = layout::is_wide(area);
        self.area = area;
        for (pane, area) in layout::panes(area, self.focus, self.sizes, &self.facts) {
            let drawn = self.draw_pane(pane, area, &mut pen, cx);
            self.panes.push((pane, area, drawn));
        }
        if self.wide {
            let (style, symbols) = (pen.style(Role::Rule), cx.look.symbols);
            let rule = |x: u16, area: Rect, pen: &mut Pen<'_>| {
                for y in area.y..area.bottom() {
                    pen.put(x, y, 1, if y == area.y { symbols.tee } else { symbols.vertical }, style);
                }
            };
            rule(self.panes[0].1.right(), area, &mut pen);
            rule(self.panes[3].1.right(), self.panes[3].1, &mut pen);
        }
    }
}
