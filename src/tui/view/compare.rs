//! Two traces, or two requests, side by side, matched by their structure.
//!
//! ```text
//! ▌ Compare ───────────────────────────────────────────────────────────────────
//!  - 1fda4c…  shop  GET /cart    12 spans  130 ms
//!  + 88b1e0…  shop  GET /cart    14 spans  310 ms  1 error   +180 ms ×2.4
//!  2 only in -  4 only in +  1 kind differs  3 twice as long or short
//!    span                      kind     kind          -        +   difference
//!    ▾ GET /cart               SERVER   SERVER   130 ms   310 ms   +180 ms ×2.4
//!  -     SELECT                CLIENT            1.2 ms
//!  ≠     render                INTERNAL CLIENT    40 ms    41 ms   +1 ms
//! ```
//!
//! What is compared is what was held when it was opened.

use super::compare_rows::{Half, Matched, Pair, matched};
use super::compare_side::Side;
use super::{Cx, Mouse, Outcome, Screen, Target, clicked, missing, row, short_id};
use crate::model::time;
use crate::store::{SpanIx, View};
use crate::tui::keymap::{Action, Context};
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::markers::Markers;
use crate::tui::widget::pen::{Part, Pen, part};
use crate::tui::widget::window::Window;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// The lines of the heads of both sides, and that of the first row.
const HEADS: std::ops::Range<u16> = 1..3;
const ROWS: u16 = 5;

/// What was counted of the differences.
#[derive(Clone, Copy, Default, Debug)]
struct Sum {
    only: [usize; 2],
    names: usize,
    kinds: usize,
    fails: usize,
    slower: usize,
    errors: [usize; 2],
}

/// The comparison.
#[derive(Debug)]
pub struct Compare {
    sides: [Side; 2],
    rows: Matched,
    sum: Sum,
    window: Window<usize>,
    markers: Markers,
    /// Where Enter leads.
    side: usize,
    area: Rect,
}

impl Compare {
    /// Compares two sides as they are now.
    pub fn new(sides: [Side; 2], cx: &Cx<'_>) -> Self {
        let rows = matched(&cx.session.store, sides.map(|side| side.tops(cx)));
        let mut sum = Sum::default();
        for pair in &rows.pairs {
            for side in [0, 1] {
                let Some(half) = pair.halves[side] else { continue };
                sum.errors[side] += usize::from(half.failed);
                sum.only[side] += usize::from(pair.halves[1 - side].is_none());
            }
            sum.names += usize::from(pair.renamed);
            sum.kinds += usize::from(pair.kinds_differ());
            sum.fails += usize::from(pair.fails_differ());
            sum.slower += usize::from(pair.took_another_time);
        }
        let (window, markers) = (Window::default(), Markers::default());
        Self { sides, rows, sum, window, markers, side: 1, area: Rect::default() }
    }

    fn selected(&self) -> Option<usize> {
        self.window.selected().filter(|at| *at < self.rows.pairs.len())
    }

    fn select(&mut self, at: usize) {
        self.rows.reveal(at);
        self.window.select(at);
        self.window.choose();
    }

    fn difference(&mut self, back: bool) -> Outcome {
        let from = self.selected().unwrap_or(0);
        match self.rows.difference(from, back) {
            Some(at) => self.select(at),
            None if back => return Outcome::Notice("no difference before this one".to_owned()),
            None => return Outcome::Notice("no difference after this one".to_owned()),
        }
        Outcome::Done
    }

    /// Folds the selected row, or unfolds it.
    fn toggle_fold(&mut self) -> Outcome {
        match self.selected() {
            Some(at) if self.rows.folded.remove(&at) => Outcome::Done,
            _ => self.fold(),
        }
    }

    fn fold(&mut self) -> Outcome {
        let Some(at) = self.selected() else { return Outcome::Ignored };
        if self.rows.pairs[at].has_children(at) && self.rows.folded.insert(at) {
            return Outcome::Done;
        }
        match self.rows.parent(at) {
            Some(parent) => self.select(parent),
            None => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn open(&self) -> Outcome {
        let Some(at) = self.selected() else { return Outcome::Ignored };
        let halves = self.rows.pairs[at].halves;
        let side = if halves[self.side].is_some() { self.side } else { 1 - self.side };
        let span = halves[side].map(|half| half.span);
        Outcome::GoTo(Target { trace: self.sides[side].trace(), span })
    }

    /// The name of the second half.
    fn other_name(&self, pair: &Pair, cx: &Cx<'_>) -> Option<String> {
        let store = &cx.session.store;
        let trace = store.find_trace(self.sides[1].trace())?;
        let at = store.find_span(trace, pair.halves[1]?.span)?;
        store.slot(at).is_held().then(|| row::name_or_none(&store.name(at)).to_owned())
    }

    /// The slot of either half, the first if it is there, and how its trace is drawn.
    fn slot(&self, pair: &Pair, cx: &Cx<'_>) -> Option<(SpanIx, View)> {
        let store = &cx.session.store;
        [0, 1].into_iter().find_map(|side| {
            let half = pair.halves[side]?;
            let trace = store.find_trace(self.sides[side].trace())?;
            Some((store.find_span(trace, half.span)?, Side::view(trace, cx)))
        })
    }
}

impl Screen for Compare {
    fn context(&self) -> Context {
        Context::Compare
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        match action {
            Action::Back | Action::Compare => Outcome::Leave,
            Action::NextDifference => self.difference(false),
            Action::PreviousDifference => self.difference(true),
            Action::NextPane => {
                self.side = 1 - self.side;
                Outcome::Done
            }
            Action::Open => self.open(),
            Action::Fold => self.fold(),
            Action::Unfold => match self.selected() {
                Some(at) if self.rows.folded.remove(&at) => Outcome::Done,
                _ => Outcome::Ignored,
            },
            action if self.window.apply(action, &self.rows) => {
                // Nothing arrives here that could be followed.
                if self.window.is_following() {
                    self.window.reconcile(&self.rows);
                    self.window.follow(false);
                }
                Outcome::Done
            }
            _ => Outcome::Ignored,
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::Click(at) if self.markers.hit(at) => {
                self.window.click(usize::from(at.y.saturating_sub(self.area.y)));
                self.toggle_fold()
            }
            Mouse::Click(at) | Mouse::Point(at) if at.y >= self.area.y => {
                clicked(self.window.click(usize::from(at.y - self.area.y)))
            }
            Mouse::Click(at) if HEADS.contains(&(at.y + ROWS).saturating_sub(self.area.y)) => {
                self.side = usize::from(at.y + ROWS - self.area.y - HEADS.start);
                Outcome::Done
            }
            Mouse::WheelUp(_) | Mouse::WheelDown(_) => {
                let up = matches!(mouse, Mouse::WheelUp(_));
                (0..3).for_each(|_| drop(self.apply(if up { Action::Up } else { Action::Down }, cx)));
                Outcome::Done
            }
            _ => Outcome::Ignored,
        }
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        // The last line says which keys work here.
        let area = Rect { height: area.height.saturating_sub(1), ..area };
        pen.clear(area);
        let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
        self.window.reconcile(&self.rows);
        self.area = Rect { y: area.y + ROWS, height: area.height.saturating_sub(ROWS), ..area };
        let rows = self.window.rows(&self.rows, usize::from(self.area.height), cx.acted);
        let below = rows.last().is_some_and(|last| last + 1 < self.rows.pairs.len());
        let above = rows.first().is_some_and(|first| *first > 0);
        let arrows = [(above, cx.look.symbols.up), (below, cx.look.symbols.down)];
        let arrows: Vec<&str> = arrows.iter().filter(|(there, _)| *there).map(|(_, arrow)| *arrow).collect();
        pen.title(area, true, &[part("Compare", Style::new())], &arrows.join("  "));
        for side in [0, 1] {
            self.draw_side(line(HEADS.start + side as u16), side, &mut pen, cx);
        }
        self.draw_sum(line(3), &mut pen, cx);
        self.markers.clear();
        let columns = Columns::of(area);
        columns.draw_head(line(4), self.side, &mut pen);
        let selected = self.selected();
        for (y, at) in (self.area.y..self.area.bottom()).zip(rows) {
            let row = Rect { y, height: 1, ..self.area };
            self.draw_pair(row, at, &columns, &mut pen, cx);
            row::select(row, selected == Some(at), true, &mut pen);
        }
    }
}

impl Compare {
    fn draw_side(&self, area: Rect, side: usize, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let store = &cx.session.store;
        let (symbols, dim) = (cx.look.symbols, pen.style(Role::Dim));
        let (sign, style) = sign_of(side, cx.look);
        if self.side == side {
            pen.put(area.x, area.y, 1, symbols.selected, pen.style(Role::Key));
        }
        pen.put(area.x + 1, area.y, 1, sign, style);
        let Some((trace, top)) = self.sides[side].found(cx) else {
            pen.put(area.x + 3, area.y, area.width.saturating_sub(3), "(evicted)", pen.style(Role::Missing));
            return;
        };
        let held = store.trace(trace);
        let first = top.or_else(|| store.first_row(trace, View::Recorded));
        let named = first.filter(|at| store.slot(*at).is_held());
        let service = named.map_or_else(|| row::main_service(trace, cx), |at| store.service(at));
        let name = named.map(|at| store.name(at).into_owned());
        let duration = top.map_or_else(|| held.duration_ns(), |top| store.record(top).duration_ns());
        let what = if top.is_some() { "request of " } else { "" };
        let spans = match (top, self.rows.cut[side]) {
            (None, true) => {
                let all = text::count(u64::from(held.spans));
                format!("the first {} of {all} spans", text::count(self.rows.spans[side] as u64))
            }
            (_, true) => format!("the first {} spans", text::count(self.rows.spans[side] as u64)),
            _ => text::plural(self.rows.spans[side] as u64, "span"),
        };
        let mut parts: Vec<Part<'_>> = vec![
            part(format!("{what}{}  ", short_id(held.id, cx.look)), dim),
            part(format!("{service}  "), cx.look.service(service)),
            part(format!("{}  ", name.as_deref().map_or("(not received)", row::name_or_none)), Style::new()),
            part(format!("{spans}  {}  ", time::duration(duration)), Style::new()),
        ];
        if self.sum.errors[side] > 0 {
            let errors = text::plural(self.sum.errors[side] as u64, "error");
            parts.push(part(errors, pen.style(Role::Error)));
        }
        pen.line(area.x + 3, area.y, area.width.saturating_sub(3), &parts);
    }

    fn draw_sum(&self, area: Rect, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let sum = self.sum;
        let mut parts = Vec::new();
        for side in [0, 1] {
            let (sign, style) = sign_of(side, cx.look);
            if sum.only[side] > 0 {
                parts.push(part(format!("{} only in {sign}  ", text::count(sum.only[side] as u64)), style));
            }
        }
        for (count, words, role) in [
            (sum.names, "of another name", Role::Warning),
            (sum.kinds, "of another kind", Role::KindExpected),
            (sum.fails, "failed only once", Role::Error),
            (sum.slower, "twice as long or as short", Role::Warning),
        ] {
            if count > 0 {
                parts.push(part(format!("{} {words}  ", text::count(count as u64)), pen.style(role)));
            }
        }
        if parts.is_empty() {
            let same = "the same spans, kinds and errors, none twice as long";
            parts.push(part(format!("{} {same}", cx.look.symbols.good), pen.style(Role::Good)));
        }
        pen.line(area.x + 3, area.y, area.width.saturating_sub(3), &parts);
    }

    fn draw_pair(&mut self, area: Rect, at: usize, columns: &Columns, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let pair = &self.rows.pairs[at];
        let (store, symbols, y) = (&cx.session.store, cx.look.symbols, area.y);
        let only = [0, 1].into_iter().find(|side| pair.halves[1 - side].is_none());
        let (sign, style) = match only {
            Some(side) => sign_of(side, cx.look),
            None if pair.differs() => (symbols.differs, pen.style(Role::Warning)),
            None => (" ", Style::new()),
        };
        pen.put(area.x + 1, y, 1, sign, style);
        let most = columns.name.width / 2;
        let mut x = columns.name.x + u16::try_from(pair.depth * 2).unwrap_or(u16::MAX).min(most);
        if pair.has_children(at) {
            self.markers.add((x, y).into());
            let symbol = if self.rows.folded.contains(&at) { symbols.closed } else { symbols.open };
            pen.put(x, y, 1, symbol, pen.style(Role::Dim));
        }
        x += 2;
        let room = columns.name.right().saturating_sub(x);
        let own = if only.is_some() { style } else { Style::new() };
        match self.slot(pair, cx) {
            Some((at, view)) if store.slot(at).is_held() => {
                let service = store.service(at);
                let mut parts = Vec::with_capacity(2);
                if service != row::service_around(at, view, cx) {
                    parts.push(part(format!("{service} "), cx.look.service(service)));
                }
                let name = store.name(at).into_owned();
                parts.push(part(row::name_or_none(&name).to_owned(), own));
                // Only tops are compared whatever they are called.
                if let Some(other) =
                    self.other_name(pair, cx).filter(|other| pair.depth == 0 && *other != name)
                {
                    parts.push(part(format!(" {} ", symbols.arrow), pen.style(Role::Dim)));
                    parts.push(part(other, own));
                }
                pen.line(x, y, room, &parts);
            }
            Some((at, _)) => {
                pen.put(x, y, room, &missing::words(at, cx), pen.style(Role::Missing));
            }
            None => {
                pen.put(x, y, room, "(evicted)", pen.style(Role::Missing));
            }
        }
        for side in [0, 1] {
            let Some(half) = pair.halves[side] else { continue };
            let kind = half.kind.map_or_else(String::new, |kind| kind.to_string());
            let role = if pair.kinds_differ() { Role::KindExpected } else { Role::Kind };
            pen.put(columns.kind[side].x, y, columns.kind[side].width, &kind, pen.style(role));
            let column = columns.duration[side];
            let (words, role) = if half.failed {
                (format!("{} {}", symbols.error, time::duration(half.duration_ns)), Role::Error)
            } else {
                (time::duration(half.duration_ns), Role::Text)
            };
            pen.put_right(column.x, y, column.width, &words, pen.style(role));
        }
        if let Some((left, right)) = pair.both() {
            let role = match (pair.took_another_time, right.duration_ns > left.duration_ns) {
                (true, true) => Role::Warning,
                (true, false) => Role::Good,
                (false, _) => Role::Dim,
            };
            let words = difference(left, right, cx.look);
            pen.put_right(columns.difference.x, y, columns.difference.width, &words, pen.style(role));
        }
    }
}

/// The sign of what is only on one side.
fn sign_of(side: usize, look: Look) -> (&'static str, Style) {
    let bold = |role| look.style(role).add_modifier(Modifier::BOLD);
    match side {
        0 => (look.symbols.only_left, bold(Role::Error)),
        _ => (look.symbols.only_right, bold(Role::Good)),
    }
}

/// `+180 ms ×2.4`
fn difference(left: Half, right: Half, look: Look) -> String {
    let (from, to) = (left.duration_ns, right.duration_ns);
    if from == to {
        return "same".to_owned();
    }
    let sign = if to > from { "+" } else { "-" };
    let by = time::duration(from.abs_diff(to));
    if from == 0 {
        return format!("{sign}{by}");
    }
    let times = to as f64 / from as f64;
    let times = match times {
        0.0..0.005 => "<0.01".to_owned(),
        0.005..0.095 => format!("{times:.2}"),
        0.095..99.5 => format!("{times:.1}"),
        99.5..9_999.5 => format!("{times:.0}"),
        _ => ">9999".to_owned(),
    };
    format!("{sign}{by} {}{times}", look.symbols.times)
}

#[derive(Clone, Copy, Debug)]
struct Columns {
    name: Rect,
    kind: [Rect; 2],
    duration: [Rect; 2],
    difference: Rect,
}

impl Columns {
    fn of(area: Rect) -> Self {
        let kind = if area.width < 76 { 0 } else { 8 };
        let mut right = area.right().saturating_sub(1);
        let mut column = |width: u16| {
            right = right.saturating_sub(width).max(area.x);
            let column = Rect { x: right, width, ..area };
            right = right.saturating_sub(1);
            column
        };
        let difference = column(15);
        let second = column(9);
        let first = column(9);
        let right_kind = column(kind);
        let left_kind = column(kind);
        let x = area.x + 3;
        let name = Rect { x, width: left_kind.x.saturating_sub(x + 1), ..area };
        Self { name, kind: [left_kind, right_kind], duration: [first, second], difference }
    }

    fn draw_head(&self, line: Rect, side: usize, pen: &mut Pen<'_>) {
        let (dim, y, look) = (pen.style(Role::Dim), line.y, pen.look);
        pen.put(self.name.x, y, self.name.width, "span", dim);
        for at in [0, 1] {
            let (sign, style) = sign_of(at, look);
            let style = if at == side { style } else { dim };
            pen.put(self.kind[at].x, y, self.kind[at].width, &format!("{sign} kind"), style);
            let words = format!("{sign} took");
            pen.put_right(self.duration[at].x, y, self.duration[at].width, &words, style);
        }
        pen.put_right(self.difference.x, y, self.difference.width, "difference", dim);
    }
}
