//! The list of traces, in the order in which they arrived.

use super::{Cx, Outcome, sign};
use crate::model::TraceId;
use crate::store::{TraceIx, View};
use crate::tui::keymap::Action;
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, part};
use crate::tui::widget::window::{Kept, Rows, Window};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A trace that received a span within this time is still growing: a little more than SDKs wait before they send
/// (`OTEL_BSP_SCHEDULE_DELAY`, 5 s).
const GROWING_NS: u64 = 6_000_000_000;

/// How many rows a key looks at in search of the next error or finding.
const SEARCH: usize = 20_000;

/// How many rows below the window are counted.
const COUNT: usize = 1_000;

type Id = (u64, TraceId);

struct Traces<'a>(&'a Cx<'a>);

impl Traces<'_> {
    fn seq(&self, at: TraceIx) -> u64 {
        self.0.session.store.trace(at).seq
    }
}

impl Rows for Traces<'_> {
    type Id = Id;
    type At = TraceIx;

    fn find(&self, (seq, id): Id) -> Option<TraceIx> {
        // An id that was evicted and came again is another row.
        self.0.session.store.find_trace(id).filter(|at| self.seq(*at) == seq)
    }

    fn id(&self, at: TraceIx) -> Id {
        (self.seq(at), self.0.session.store.trace(at).id)
    }

    fn first(&self) -> Option<TraceIx> {
        self.0.session.store.traces().next()
    }

    fn last(&self) -> Option<TraceIx> {
        self.0.session.store.traces().next_back()
    }

    fn next(&self, at: TraceIx) -> Option<TraceIx> {
        self.0.session.store.traces_from(self.seq(at) + 1).next()
    }

    fn previous(&self, at: TraceIx) -> Option<TraceIx> {
        self.0.session.store.traces_before(self.seq(at)).next_back()
    }

    fn near(&self, (seq, _): Id) -> Option<TraceIx> {
        let store = &self.0.session.store;
        store.traces_from(seq).next().or_else(|| store.traces_before(seq).next_back())
    }

    /// The first trace with the worst finding: the story that otoscope exists for.
    fn suggested(&self) -> Option<TraceIx> {
        let session = self.0.session;
        let headlines = session.diagnosis.findings().iter().filter(|f| f.folded_under.is_none());
        let traces = headlines.take(16).flat_map(|f| &f.trace_ids);
        traces.take(64).find_map(|id| session.store.find_trace(*id)).or_else(|| self.first())
    }
}

/// The list.
#[derive(Debug, Default)]
pub struct List {
    window: Window<Id>,
    rows: Rect,
}

impl List {
    /// The selected trace.
    pub fn selected(&self, cx: &Cx<'_>) -> Option<TraceIx> {
        self.window.selected().and_then(|id| Traces(cx).find(id))
    }

    /// Selects a trace.
    pub fn select(&mut self, trace: TraceId, cx: &Cx<'_>) {
        if let Some(at) = cx.session.store.find_trace(trace) {
            self.window.select(Traces(cx).id(at));
            self.window.choose();
        }
    }

    /// Keeps what is selected from now on.
    pub fn choose(&mut self) {
        self.window.choose();
    }

    /// Whether the newest trace is selected, whichever it is.
    pub fn is_following(&self) -> bool {
        self.window.is_following()
    }

    /// Follows the newest trace, or stops.
    pub fn follow(&mut self, follow: bool) {
        self.window.follow(follow);
    }

    /// Keeps the selection where there is one.
    pub fn reconcile(&mut self, cx: &Cx<'_>) -> Option<String> {
        match self.window.reconcile(&Traces(cx)) {
            Kept::Same => None,
            Kept::Lost => Some("the selected trace was evicted at the memory limit".to_owned()),
        }
    }

    /// Moves, follows, searches.
    pub fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        match action {
            Action::Follow => {
                self.window.follow(true);
                Outcome::Done
            }
            Action::NextError => self.search(cx, true, "an error", |at| store.trace(at).errors > 0),
            Action::PreviousError => self.search(cx, false, "an error", |at| store.trace(at).errors > 0),
            Action::NextFinding => self.search(cx, true, "a finding", |at| {
                cx.session.diagnosis.worst(&cx.session.store, at).is_some()
            }),
            Action::PreviousFinding => self.search(cx, false, "a finding", |at| {
                cx.session.diagnosis.worst(&cx.session.store, at).is_some()
            }),
            _ if self.window.apply(action, &Traces(cx)) => Outcome::Done,
            _ => Outcome::Ignored,
        }
    }

    fn search(&mut self, cx: &Cx<'_>, down: bool, what: &str, wanted: impl Fn(TraceIx) -> bool) -> Outcome {
        let rows = Traces(cx);
        let Some(from) = self.selected(cx) else { return Outcome::Ignored };
        let (mut at, mut wrapped) = (from, false);
        for _ in 0..SEARCH {
            let next = if down { rows.next(at) } else { rows.previous(at) };
            wrapped |= next.is_none();
            let Some(row) = next.or_else(|| if down { rows.first() } else { rows.last() }) else { break };
            at = row;
            if wanted(at) {
                self.window.select(rows.id(at));
                self.window.choose();
                return match (at == from, wrapped) {
                    (true, _) => Outcome::Notice(format!("no other trace with {what}")),
                    (_, true) => Outcome::Notice("search started over".to_owned()),
                    _ => Outcome::Done,
                };
            }
            if at == from {
                return Outcome::Notice(format!("no trace with {what}"));
            }
        }
        self.window.select(rows.id(at));
        self.window.choose();
        Outcome::Notice(format!("no trace with {what} among {}; again to go on", text::count(SEARCH as u64)))
    }

    /// Selects what was drawn on a line of the screen.
    pub fn click(&mut self, y: u16) -> bool {
        y >= self.rows.y && self.window.click((y - self.rows.y) as usize)
    }

    /// Draws the list.
    pub fn draw(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let store = &cx.session.store;
        self.rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let rows = self.window.rows(&Traces(cx), self.rows.height as usize);
        let mut title = vec![part("Traces", Style::new())];
        if self.window.is_following() {
            title
                .push(part(format!(" {} following the newest", pen.look.symbols.dot), pen.style(Role::Info)));
        }
        pen.title(area, focused, &title, &more(&rows, cx));
        for (line, at) in rows.iter().enumerate() {
            let row = Rect { y: self.rows.y + line as u16, height: 1, ..self.rows };
            draw_row(row, *at, pen, cx);
            let selected = self.window.selected().is_some_and(|(seq, _)| seq == store.trace(*at).seq);
            super::row::select(row, selected, focused, pen);
        }
    }
}

/// `↑ 3  ↓ 12`: how many rows there are beyond the window.
fn more(rows: &[TraceIx], cx: &Cx<'_>) -> String {
    let (store, symbols) = (&cx.session.store, cx.look.symbols);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return String::new() };
    let above = store.traces_before(store.trace(*first).seq).take(COUNT).count();
    let below = store.traces_from(store.trace(*last).seq + 1).take(COUNT).count();
    let show = |symbol: &str, count: usize| match count {
        0 => None,
        COUNT => Some(format!("{symbol} {COUNT}+ more")),
        count => Some(format!("{symbol} {count} more")),
    };
    let parts = [show(symbols.up, above), show(symbols.down, below)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// Which columns there are room for, and where.
struct Columns {
    service: u16,
    name: u16,
    requests: bool,
    errors: bool,
    age: bool,
}

impl Columns {
    fn of(width: u16) -> Self {
        let mut left = width.saturating_sub(4 + 8 + 9);
        let mut take = |columns: u16, keep: u16| {
            let room = left >= columns + keep;
            left -= if room { columns } else { 0 };
            room
        };
        let service = if take(9, 14) { 8 } else { 0 };
        let errors = take(6, 16);
        let age = take(4, 18);
        let requests = take(8, 24);
        let wide = service > 0 && take(6, 24);
        Self { service: if wide { 14 } else { service }, name: left, requests, errors, age }
    }
}

/// `✖ shop    run            24 req 6.42 s`
fn draw_row(row: Rect, at: TraceIx, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let session = cx.session;
    let (store, trace) = (&session.store, session.store.trace(at));
    let columns = Columns::of(row.width);
    let (dim, y) = (pen.style(Role::Dim), row.y);
    if let Some(severity) = session.diagnosis.worst(&cx.session.store, at) {
        let (symbol, role) = sign(severity, cx.look);
        pen.put(row.x + 1, y, 1, symbol, pen.style(role));
    }
    let root = store.first_row(at, View::Recorded);
    let held = root.filter(|root| store.slot(*root).is_held());
    // The root may be missing; what hangs under it still says whose trace it is.
    let known = held.or_else(|| store.first_row(at, View::Unmerged)).or(root);
    let known =
        known.map(|at| store.first_child(at, View::Recorded).filter(|_| held.is_none()).unwrap_or(at));
    let service = known.map_or("", |at| store.service(at));
    let mut x = row.x + 3;
    if columns.service > 0 {
        pen.put(x, y, columns.service, service, cx.look.service(service));
        x += columns.service + 1;
    }
    match held {
        Some(root) => pen.put(x, y, columns.name, super::row::name_or_none(&store.name(root)), Style::new()),
        None => pen.put(x, y, columns.name, "(not received)", pen.style(Role::Missing)),
    };
    x += columns.name + 1;
    let requests =
        session.diagnosis.requests(&cx.session.store, at).map(|n| format!("{} req", text::short_count(n)));
    let spans = format!("{} sp", text::short_count(u64::from(trace.spans)));
    if columns.requests {
        pen.put_right(x, y, 7, requests.as_deref().unwrap_or_default(), Style::new());
        pen.put_right(x + 8, y, 7, &spans, dim);
        x += 16;
    } else {
        let style = if requests.is_some() { Style::new() } else { dim };
        pen.put_right(x, y, 7, &requests.unwrap_or(spans), style);
        x += 8;
    }
    pen.put_right(x, y, 8, &crate::model::time::duration(trace.duration_ns()), Style::new());
    x += 9;
    if columns.errors {
        if trace.errors > 0 {
            let errors = format!("{}err", short_errors(trace.errors));
            pen.put_right(x, y, 5, &errors, pen.style(Role::Error));
        }
        x += 6;
    }
    if columns.age && matches!(cx.status.feed, Feed::Live { .. }) {
        let age = cx.status.now_ns.saturating_sub(trace.last_arrived_ns);
        if age < GROWING_NS {
            pen.put_right(x, y, 3, cx.look.symbols.live, pen.style(Role::Good));
        } else {
            pen.put_right(x, y, 3, &text::age(age), dim);
        }
    }
}

fn short_errors(errors: u32) -> String {
    if errors < 100 { errors.to_string() } else { "99".to_owned() }
}
