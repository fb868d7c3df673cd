//! The same trace as an icicle: time from left to right, depth downwards, a cell a span.
//!
//! Merged traces as they were recorded have all their requests side by side; un-merged, it is the request of the
//! selected span. What has no room is counted; zooming gives it room.

use super::icicle_cells::{Cell, Picture, Plan, plan};
use super::icicle_depths::{Counted, Ground};
use super::icicle_dust::{self, Dust};
use super::icicle_index::Families;
use super::tree::Waterfall;
use super::tree_rows::{Id, Tree};
use super::{Cx, missing, row, sign};
use crate::model::{StatusCode, time};
use crate::store::{MAX_DEPTH, SpanIx, View};
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::tree_head as head;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::{Part, Pen, part, title_fits};
use crate::tui::widget::window::Rows;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

/// How many columns of its name say which span it is.
const NAME: usize = 24;
/// A trace of so few spans is counted within one frame.
const SMALL: u32 = 4_096;
/// How many requests before the selected one are counted.
const COUNTED: usize = 2_000;

/// What an icicle remembers: siblings in stretches, what was counted, and what was drawn where.
#[derive(Debug, Default)]
pub struct Icicle {
    families: Families,
    counted: Counted,
    drawn: Vec<Drawn>,
}

/// A span that was drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) id: Id,
    pub(super) level: usize,
    pub(super) area: Rect,
}

impl Icicle {
    /// Goes on with what takes longer than a frame. Tells whether there is more of it.
    pub fn work(&mut self, resting: bool, cx: &Cx<'_>) -> bool {
        self.families.work(&cx.session.store) | self.count(resting, cx)
    }

    fn count(&mut self, resting: bool, cx: &Cx<'_>) -> bool {
        let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
        let signed = |at: SpanIx| !signs(at, diagnosis.is_culprit(at), cx).is_empty();
        self.counted.work(store, resting, diagnosis.findings().len(), &signed)
    }

    /// What was drawn last.
    pub(super) fn drawn(&self) -> &[Drawn] {
        &self.drawn
    }

    /// The span that was drawn last at a place of the screen.
    pub(super) fn at(&self, at: Position) -> Option<Id> {
        self.drawn.iter().rev().find(|drawn| drawn.area.contains(at)).map(|drawn| drawn.id)
    }
}

impl Waterfall {
    /// Whether it is drawn as an icicle.
    pub fn is_icicle(&self) -> bool {
        self.shown.icicle
    }

    /// Draws title, axis, cells, and a line about the selected span.
    pub(super) fn draw_icicle(&mut self, area: Rect, focused: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
        let Some(tree) = self.shown.tree(cx) else { return };
        let store = &cx.session.store;
        let all = head::scale(&tree, cx);
        let axis = self.zoom.window(store.trace(tree.trace).id, tree.view).unwrap_or(all);
        let selected = self.window.selected().and_then(|id| tree.find(id));
        let sought = self.sought(selected, cx);
        let first = if sought.is_some() { head::SOUGHT } else { 0 };
        let title = head::title(&tree, sought, cx);
        let said = head::width(&title[..first.min(title.len())]);
        let hint = format!("{}: waterfall", cx.keys.name_of(Action::Icicle, cx.look.symbols));
        let note = format!("icicle ({hint})");
        let room = first == 0 || title_fits(area, said, &note);
        let note = if room { note.as_str() } else { "icicle" };
        let keyed = Some((Action::Icicle, hint.as_str()));
        self.buttons = head::draw_title(area, focused, title, note, keyed, pen);
        let lines = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let ruler = Rect { height: lines.height.min(1), ..lines };
        let foot = Rect { y: lines.bottom().saturating_sub(1), height: 1, ..lines };
        let cells = Rect { y: lines.y + 1, height: lines.height.saturating_sub(2), ..lines };
        (self.axis, self.bars, self.map) = (Some(axis), lines, Rect::default());
        self.icicle.drawn.clear();
        if cells.height == 0 {
            return;
        }
        head::ruler(ruler, axis, all, pen);
        let height = usize::from(cells.height);
        let (chain, top, above) = chain(selected, &tree, height, cx);
        let alone = tree.view == View::Unmerged;
        let zero = top.filter(|_| alone).map_or(0, |top| store.record(top).start_ns);
        let picture = Picture {
            store,
            trace: tree.trace,
            view: tree.view,
            axis: Axis { start_ns: axis.start_ns.saturating_add(zero), ..axis },
            columns: cells.width,
            lines: height,
            chain: &chain,
            above,
            alone,
        };
        let trace = (tree.trace, store.trace(tree.trace).id);
        self.icicle.counted.want(Ground { trace, top: top.filter(|_| alone), view: tree.view });
        // Most traces are small: their numbers need not wait for the next frame.
        if store.trace(tree.trace).spans <= SMALL {
            let resting = self.is_resting(cx);
            while self.icicle.count(resting, cx) {}
        }
        let Icicle { families, counted, drawn } = &mut self.icicle;
        let counted = counted.whole(store);
        let plan = plan(picture, families, counted.map(|(depths, _)| depths));
        let first = first_level(&plan, chain.len().saturating_sub(1), height);
        let line_of = |level: usize| plan.lanes[first..level].iter().sum::<usize>();
        let mut shown_wrong = 0;
        for cell in plan.cells.iter().filter(|cell| cell.level >= first) {
            let line = line_of(cell.level) + cell.lane;
            if line >= height {
                continue;
            }
            let (x, y) = (cells.x + cell.from, cells.y + line as u16);
            let place = Rect { x, y, width: cell.to - cell.from, height: 1 };
            let culprit = cx.session.diagnosis.is_culprit(cell.at);
            let signs = signs(cell.at, culprit, cx);
            shown_wrong += u64::from(!signs.is_empty());
            draw_cell(place, *cell, (signs, culprit), (picture.axis, tree.view), pen, cx);
            if selected == Some(cell.at) {
                row::select(place, false, focused, pen);
                let role = if focused { Role::Selected } else { Role::SelectedElsewhere };
                pen.restyle(place, pen.style(role).add_modifier(Modifier::BOLD));
            }
            drawn.push(Drawn { id: tree.id(cell.at), level: cell.level, area: place });
        }
        // Columns in each of which something failed are a run of their own.
        let sort = |at| (!chain.contains(&at)).then(|| signs(at, cx.session.diagnosis.is_culprit(at), cx));
        for dust in icicle_dust::together(&plan.cells, sort, |at| store.record(at).name) {
            let level = dust.first.level;
            let line = if level < first { height } else { line_of(level) + dust.first.lane };
            if line < height {
                let (x, y) = (cells.x + dust.first.from, cells.y + line as u16);
                let place = Rect { x, y, width: dust.to - dust.first.from, height: 1 };
                draw_dust(place, dust, counted.map(|(_, exact)| exact), pen, cx);
            }
        }
        if let Some(at) = selected {
            let seen = (picture.axis.start_ns, picture.axis.end_ns());
            let rest = counted.map(|(depths, exact)| {
                let (spans, wrong) = depths.within(seen);
                let spans = spans.saturating_sub(drawn.len() as u64);
                Rest { spans, wrong: wrong.saturating_sub(shown_wrong), exact }
            });
            let parts = |name| about(at, top, &tree, above + first, name, pen, cx);
            let width = |parts: &[Part<'_>]| parts.iter().map(|(words, _)| text::width(words)).sum::<usize>();
            let said = width(&parts(NAME));
            // What the span is comes first; what has no room is told in as many words as are left.
            let gap = |note: &String| if note.is_empty() { 2 } else { 4 };
            let room = |note: &String| usize::from(foot.width).saturating_sub(text::width(note) + gap(note));
            let note = no_room(rest, plan.unfinished, cx)
                .into_iter()
                .find(|note| said <= room(note))
                .unwrap_or_default();
            let name = room(&note).saturating_sub(width(&parts(0)));
            pen.line(foot.x + 1, foot.y, room(&note) as u16, &parts(name));
            pen.put_right(foot.x, foot.y, foot.width, &note, pen.style(Role::Dim));
        }
        families.want(plan.wanted, &plan.astray, store);
        self.draw_dragged(ruler, pen);
    }
}

/// From the first level that can be seen to the selected span; the top that it hangs under; how many levels are above.
fn chain(
    selected: Option<SpanIx>,
    tree: &Tree<'_>,
    height: usize,
    cx: &Cx<'_>,
) -> (Vec<SpanIx>, Option<SpanIx>, usize) {
    let store = &cx.session.store;
    let up = std::iter::successors(selected, |at| store.parent_row(*at, tree.view));
    let mut chain: Vec<SpanIx> = up.take(MAX_DEPTH).collect();
    let top = chain.last().copied();
    let above = chain.len().saturating_sub(height);
    chain.truncate(height);
    chain.reverse();
    (chain, top, above)
}

/// The first level to draw, so that the selected one is seen, with some of what is under it.
fn first_level(plan: &Plan, selected: usize, height: usize) -> usize {
    let selected = selected.min(plan.lanes.len().saturating_sub(1));
    let below: usize = plan.lanes.iter().skip(selected + 1).sum();
    let room = height.saturating_sub(below.min(height / 4)).max(1);
    let mut first = 0;
    while first < selected && plan.lanes[first..=selected].iter().sum::<usize>() > room {
        first += 1;
    }
    first
}

/// One span: where it begins, signs, service where it changes, name, kinds if one is wrong, duration.
fn draw_cell(
    area: Rect,
    cell: Cell,
    (signs, culprit): (String, bool),
    (axis, view): (Axis, View),
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) {
    let (store, look, at) = (&cx.session.store, cx.look, cell.at);
    let slot = store.slot(at);
    let service = store.service(at);
    let (style, filled) = style_of(at, pen, cx);
    let fill = if filled { " " } else { look.symbols.horizontal };
    for x in area.x..area.right() {
        pen.put(x, area.y, 1, fill, style);
    }
    let wrong = wrong_style(at, culprit, filled, pen, cx);
    let name = if slot.is_held() { store.name(at).into_owned() } else { missing::words(at, cx) };
    let name = row::name_or_none(&name);
    if area.width == 1 {
        let initial: String = name.chars().take(1).collect();
        let one = match (signs.as_str(), cell.more > 0) {
            ("", true) => look.symbols.light,
            ("", false) => &initial,
            (signs, _) => signs,
        };
        let style = wrong.unwrap_or(style);
        pen.put(area.x, area.y, 1, &one.chars().take(1).collect::<String>(), style);
        return;
    }
    let record = &slot.record;
    let before = record.start_ns < axis.start_ns;
    let beyond = record.is_running() || record.end_ns > axis.end_ns();
    let edge = if before { look.symbols.before } else { look.symbols.axis };
    pen.put(area.x, area.y, 1, edge, style);
    let mut room = area.width - 1;
    if beyond && room > 1 {
        pen.put(area.right() - 1, area.y, 1, look.symbols.beyond, style);
        room -= 1;
    }
    let signed = text::width(&signs) as u16;
    let mut words = signs;
    if slot.is_held() && service != row::service_around(at, view, cx) {
        words += service;
        words.push(' ');
    }
    words += name;
    if let Some(expected) = cx.session.diagnosis.expected_kind(store, at) {
        words += &format!(" {}{}{expected}", record.kind(), look.symbols.arrow);
    }
    if room < 4 {
        // A mark for what was cut off would take the room of what there is.
        let start: String = text::clean(&words).chars().take(usize::from(room)).collect();
        pen.put(area.x + 1, area.y, room, &start, style);
        if let Some(style) = wrong {
            pen.restyle(Rect { x: area.x + 1, width: signed.min(room), ..area }, style);
        }
        return;
    }
    let used = pen.put(area.x + 1, area.y, room, &words, style);
    if let Some(style) = wrong {
        pen.restyle(Rect { x: area.x + 1, width: signed.min(used), ..area }, style);
    }
    let lasted = format!(" {}", time::duration(record.duration_ns()));
    let wide = text::width(&lasted) as u16;
    if slot.is_held() && !record.is_running() && used + wide < room {
        pen.put(area.x + 1 + used, area.y, wide, &lasted, style);
    }
}

/// How the signs of a span look that failed, or in which something was found.
fn wrong_style(at: SpanIx, culprit: bool, filled: bool, pen: &Pen<'_>, cx: &Cx<'_>) -> Option<Style> {
    let store = &cx.session.store;
    let failed = store.slot(at).is_held() && store.record(at).status() == StatusCode::Error;
    let found = || cx.session.diagnosis.mark(store, at).map(|severity| sign(severity, cx.look).1);
    let role = if failed { Some(Role::Error) } else { found().filter(|_| !culprit) };
    let style = pen.style(role?);
    Some(if filled { style.add_modifier(Modifier::REVERSED) } else { style })
}

/// How a cell looks, and whether it is a block, as in colour; without, it is a line with a beginning.
fn style_of(at: SpanIx, pen: &Pen<'_>, cx: &Cx<'_>) -> (Style, bool) {
    let store = &cx.session.store;
    let own = match (cx.session.diagnosis.is_culprit(at), store.slot(at).is_held()) {
        (true, _) => pen.style(Role::Culprit),
        (false, true) => cx.look.service(store.service(at)),
        (false, false) => pen.style(Role::Missing),
    };
    let filled = own.fg.is_some();
    (if filled { own.add_modifier(Modifier::REVERSED) } else { own }, filled)
}

/// `×4 812 like insert row`, over spans that have no room for themselves.
fn draw_dust(area: Rect, dust: Dust, exact: Option<bool>, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let store = &cx.session.store;
    let name = store.name(dust.named);
    let count = match exact {
        Some(exact) => format!("{}{}", cx.look.symbols.times, at_least(dust.spans, exact)),
        None => "many".to_owned(),
    };
    let culprit = cx.session.diagnosis.is_culprit(dust.named);
    let signs = signs(dust.named, culprit, cx);
    let some = if signs.is_empty() { String::new() } else { format!(", some {signs}") };
    let words = format!(" {count} like {}{some} ", row::name_or_none(&name));
    // Only one of each column was looked at. A column at either end shows what they are.
    let (style, filled) = style_of(dust.named, pen, cx);
    let style = wrong_style(dust.named, culprit, filled, pen, cx).unwrap_or(style);
    pen.put(area.x + 1, area.y, area.width.saturating_sub(2), &words, style);
}

/// `◆`, `✖`, `▲`: it holds requests together, it failed, something was found.
fn signs(at: SpanIx, culprit: bool, cx: &Cx<'_>) -> String {
    let (store, symbols) = (&cx.session.store, cx.look.symbols);
    let failed = store.slot(at).is_held() && store.record(at).status() == StatusCode::Error;
    let found = cx.session.diagnosis.mark(store, at).filter(|_| !culprit);
    let mut signs = String::new();
    if culprit {
        signs += symbols.culprit;
    }
    if let Some(severity) = found {
        signs += sign(severity, cx.look).0;
    }
    if failed {
        signs += if found.is_some() { "ERR " } else { symbols.error };
    }
    signs
}

/// `12 000`, or `12 000+` where some arrived since they were counted.
fn at_least(count: u64, exact: bool) -> String {
    format!("{}{}", text::count(count), if exact { "" } else { "+" })
}

/// What is not drawn of the part of the time that is shown.
struct Rest {
    spans: u64,
    /// How many of them failed, or have something found in them.
    wrong: u64,
    exact: bool,
}

/// `… 12 000 more have no room`, and the same in fewer and fewer words.
fn no_room(rest: Option<Rest>, unfinished: bool, cx: &Cx<'_>) -> Vec<String> {
    let symbols = cx.look.symbols;
    let looking = (unfinished || rest.is_none()).then(|| "looking through the rest".to_owned());
    let Some(rest) = rest.filter(|rest| rest.spans > 0) else { return looking.into_iter().collect() };
    let mut short = format!("{} {} more", symbols.ellipsis, at_least(rest.spans, rest.exact));
    if rest.wrong > 0 {
        // Several may be in one column, or deeper than there is room for.
        short += &format!(" ({} wrong)", at_least(rest.wrong, rest.exact));
    }
    let long = format!("{short} have no room");
    let all = looking.map(|looking| format!("{long}, {looking}"));
    all.into_iter().chain([long, short]).collect()
}

/// `request 3 of 24  shop  POST /pay  CLIENT  75 ms`; of the name as many columns as `columns`.
fn about(
    at: SpanIx,
    top: Option<SpanIx>,
    tree: &Tree<'_>,
    above: usize,
    columns: usize,
    pen: &Pen<'_>,
    cx: &Cx<'_>,
) -> Vec<Part<'static>> {
    let (store, symbols) = (&cx.session.store, cx.look.symbols);
    let (plain, dim) = (Style::new(), pen.style(Role::Dim));
    let slot = store.slot(at);
    let mut parts = Vec::new();
    if tree.view == View::Unmerged
        && let (Some(top), Some(requests)) = (top, tree.requests)
    {
        parts.push(part(format!("{}  ", ordinal(top, requests, tree, cx)), pen.style(Role::Key)));
    }
    if above > 0 {
        parts.push(part(format!("{} {}  ", symbols.up, text::plural(above as u64, "level")), dim));
    }
    if slot.is_held() {
        let record = &slot.record;
        let kind = match cx.session.diagnosis.expected_kind(store, at) {
            Some(expected) => format!("{}{}{expected}", record.kind(), symbols.arrow),
            None => record.kind().to_string(),
        };
        let lasted =
            if record.is_running() { "running".to_owned() } else { time::duration(record.duration_ns()) };
        let service = store.service(at);
        parts.push(part(format!("{service}  "), cx.look.service(service)));
        let name = store.name(at);
        let name = text::fit(row::name_or_none(&name), columns, symbols.ellipsis);
        parts.push(part(format!("{name}  "), plain));
        parts.push(part(format!("{kind}  {lasted}"), dim));
    } else {
        parts.push(part(missing::words(at, cx), pen.style(Role::Missing)));
    }
    parts
}

/// `request 3 of 24`
fn ordinal(top: SpanIx, requests: u64, tree: &Tree<'_>, cx: &Cx<'_>) -> String {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    if diagnosis.is_culprit(top) {
        let next = cx.keys.name_of(Action::Unfold, cx.look.symbols);
        return format!("what held {} together, {next}: the first", text::plural(requests, "request"));
    }
    let before = std::iter::successors(Some(top), |at| store.prev_sibling(*at, tree.view));
    let passed = before.take(COUNTED + 1).filter(|at| !diagnosis.is_culprit(*at)).count();
    if passed > COUNTED {
        return format!("request {}+ of {}", text::count(COUNTED as u64), text::count(requests));
    }
    let of = requests.max(passed as u64);
    format!("request {} of {}", text::count(passed as u64), text::count(of))
}
