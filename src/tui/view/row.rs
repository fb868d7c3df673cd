//! One row of the tree: marks, name, where its parent is, kind as recorded and as it should be, bar, duration, status.

use super::critical::Path;
use super::marks::{self, What};
use super::runs::{self, Run};
use super::{Cx, covered, missing, sign};
use crate::model::{ParentLocality, SpanKind, StatusCode, time};
use crate::store::{MAX_DEPTH, SpanIx, View};
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::bar::{self, Axis, Bar};
use crate::tui::widget::pen::{Pen, part};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// A row and where it hangs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The span.
    pub at: SpanIx,
    /// How deep it hangs.
    pub depth: usize,
    /// The top that it hangs under.
    pub top: SpanIx,
    /// Whether rows below it are folded away.
    pub folded: bool,
    /// The repeated spans that it stands for, itself the first.
    pub run: Option<Run>,
    /// The first spans of the other names in that.
    pub others: [Option<SpanIx>; runs::LONGEST_CYCLE - 1],
}

impl Placed {
    /// The first span of each name that it stands for.
    fn names(&self) -> impl Iterator<Item = SpanIx> {
        std::iter::once(self.at).chain(self.others.into_iter().flatten())
    }
}

/// What a row is drawn with that is not its own.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// How the trace is drawn.
    pub view: View,
    /// What determined the end of its request, where that is wanted and known.
    pub path: Option<&'a Path>,
    /// It is what is looked for.
    pub hit: bool,
    /// Everything is hidden that is not looked for, nor has anything of it below.
    pub hidden: bool,
}

/// Where the columns of a tree are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Columns {
    /// Marks and name.
    pub name: Rect,
    /// Where the parent is, and the kind.
    pub kind: Rect,
    /// Kinds are said in three letters.
    pub short_kinds: bool,
    /// The bars.
    pub bar: Rect,
    /// The duration.
    pub duration: Rect,
    /// The part of it that no child covers; nothing where there is no room.
    pub own: Rect,
    /// HTTP status and error.
    pub status: Rect,
}

/// From this width on there is a column for a span's own time.
const OWN: u16 = 110;
/// From this width on there are bars, this wide at least: what people come for gives way last.
const BARS: u16 = 50;
const BAR: u16 = 16;
/// Where there are none, kind and status give way to so many columns of a name.
const NAME: u16 = 16;

impl Columns {
    /// The columns of rows in this area. `wrong_kinds` makes room for two kinds.
    pub fn of(area: Rect, wrong_kinds: bool, look: Look) -> Self {
        let arrow = text::width(look.symbols.arrow) as u16;
        let (wide, close, short) = match (wrong_kinds, area.width) {
            (true, 100..) => (17 + arrow, 15 + arrow, 7 + arrow),
            (true, _) => (15 + arrow, 15 + arrow, 7 + arrow),
            (false, _) => (12, 9, 4),
        };
        let own = if area.width >= OWN { 8 } else { 0 };
        // What gives way, the first first, as long as the name is left so many columns: to the bars, and where these have
        // no room, to the name.
        let steps =
            [(wide, 8, 7, 20), (close, 8, 7, 20), (short, 8, 7, 20), (short, 8, 3, 12), (short, 0, 3, 0)];
        let plain = [(9, 8, 7, NAME), (short, 8, 7, NAME), (short, 8, 3, NAME), (0, 8, 3, NAME)];
        let plain = plain.into_iter().chain([(0, 8, 0, NAME), (0, 0, 0, 0)]);
        let bars = |step| (step, BAR);
        let all =
            steps.into_iter().filter(|_| area.width >= BARS).map(bars).chain(plain.map(|step| (step, 0)));
        let fitting = all.into_iter().find_map(|((kind, duration, status, keep), bar)| {
            let gaps = [kind, bar, duration, own].into_iter().filter(|width| *width > 0).count() as u16;
            let left = area.width.saturating_sub(3 + kind + duration + own + status + 1 + gaps);
            let most =
                if bar > 0 { ((left + 1) * 58 / 100).max(24).min(left.saturating_sub(bar)) } else { left };
            (left >= keep + bar).then_some((most, kind, left - most, duration, status))
        });
        let (name, kind, bar, duration, status) = fitting.unwrap_or_default();
        let mut x = area.x + 3;
        let mut column = |width: u16, gap: u16| {
            let column = Rect { x, width: width.min(area.right().saturating_sub(x)), ..area };
            x = (x + width + gap).min(area.right());
            column
        };
        Self {
            name: column(name, 1),
            kind: column(kind, u16::from(kind > 0)),
            short_kinds: kind == short,
            bar: column(bar, u16::from(bar > 0)),
            duration: column(duration, u16::from(duration > 0)),
            own: column(own, u16::from(own > 0)),
            status: column(status, 0),
        }
    }
}

/// What a kind is called where there is little room.
fn abbreviated(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "UNS",
        SpanKind::Internal => "INT",
        SpanKind::Server => "SRV",
        SpanKind::Client => "CLI",
        SpanKind::Producer => "PRO",
        SpanKind::Consumer => "CON",
        SpanKind::Other(_) => "OTH",
    }
}

/// A name, or words that say that there is none, or nothing of it to be seen.
pub fn name_or_none(name: &str) -> &str {
    match name.trim() {
        "" if name.is_empty() => "(no name)",
        "" => "(blank)",
        _ => name,
    }
}

/// Marks a row as selected.
pub fn select(row: Rect, selected: bool, focused: bool, pen: &mut Pen<'_>) {
    match (selected, focused) {
        (true, true) => pen.restyle(row, pen.style(Role::Selected)),
        (true, false) => {
            pen.put(row.x, row.y, 1, pen.look.symbols.selected, pen.style(Role::Key));
            pen.add_style(row, pen.style(Role::SelectedElsewhere));
        }
        (false, _) => {}
    }
}

/// Draws one row.
pub fn draw(
    row: Rect,
    placed: Placed,
    around: &Around<'_>,
    columns: &Columns,
    axis: Axis,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) {
    let Placed { at, run, .. } = placed;
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let (slot, y) = (store.slot(at), row.y);
    let record = &slot.record;
    let culprit = diagnosis.is_culprit(at);
    match (culprit, diagnosis.mark(store, at)) {
        (true, _) => {
            pen.put(row.x + 1, y, 1, cx.look.symbols.culprit, pen.style(Role::Culprit));
        }
        (false, Some(severity)) => {
            let (symbol, role) = sign(severity, cx.look);
            pen.put(row.x + 1, y, 1, symbol, pen.style(role));
        }
        (false, None) => {}
    }
    let x = indent(placed, around.view, columns.name, y, pen, cx);
    let bar_area = Rect { y, height: 1, ..columns.bar };
    if !slot.is_held() {
        let role = if culprit { Role::Culprit } else { Role::Missing };
        let words = missing::words(at, cx);
        let style = pen.style(role);
        // The words come first; where they leave room for the bar, there is one.
        let room = columns.kind.right().saturating_sub(x);
        if columns.bar.width > 0 && !text::exceeds(&words, usize::from(room)) {
            pen.put(x, y, room, &words, style);
            let (start_ns, end_ns) = (record.start_ns, record.end_ns);
            let open = missing::may_be_open(at, cx);
            bar::draw(pen, bar_area, axis, Bar { start_ns, end_ns, open, style, ..Bar::default() });
        } else {
            pen.put(x, y, row.right().saturating_sub(x), &words, style);
        }
        return;
    }
    let critical = match (around.path, run, store.parent_row(at, around.view)) {
        (None, ..) => Vec::new(),
        (Some(path), Some(run), Some(parent)) => {
            let names: Vec<u32> = placed.names().map(|at| store.record(at).name).collect();
            path.among(parent, &names, (record.start_ns, run.end_ns))
        }
        (Some(path), ..) => path.of.get(&at).cloned().unwrap_or_default(),
    };
    if !critical.is_empty() {
        pen.put(row.x + 2, y, 1, cx.look.symbols.critical, pen.style(Role::Key));
    }
    name(
        placed,
        around,
        Rect { x, width: columns.name.right().saturating_sub(x), ..columns.name },
        y,
        pen,
        cx,
    );
    kind(at, columns, y, pen, cx);

    let covered =
        if run.is_some() { covered::Covered::default() } else { covered::of(store, at, around.view) };
    let service = store.service(at);
    let style = if culprit { pen.style(Role::Culprit) } else { cx.look.service(service) };
    let (start_ns, open) = (record.start_ns, record.is_running());
    let end_ns = run.map_or(record.end_ns, |run| run.end_ns);
    let whole = [(start_ns, end_ns)];
    let light = if run.is_some() { &whole[..] } else { &covered.holes };
    bar::draw(pen, bar_area, axis, Bar { start_ns, end_ns, open, light, critical: &critical, style });
    if run.is_none() {
        draw_marks(at, bar_area, axis, pen, cx);
    }
    let duration = match run {
        Some(run) => {
            let sum = time::duration(run.sum_ns);
            let sign = cx.look.symbols.sum;
            let fits = |said: &String| !text::exceeds(said, usize::from(columns.duration.width));
            [format!("{sign} {sum}"), format!("{sign}{sum}")].into_iter().find(fits).unwrap_or(sum)
        }
        None if open => "running".to_owned(),
        None if record.end_ns < start_ns => format!("-{}", time::duration(start_ns - record.end_ns)),
        None => time::duration(record.duration_ns()),
    };
    pen.put_right(columns.duration.x, y, columns.duration.width, &duration, Style::new());
    if run.is_none() && !open {
        let own = covered.own_ns.map_or_else(|| "?".to_owned(), time::duration);
        pen.put_right(columns.own.x, y, columns.own.width, &own, pen.style(Role::Dim));
    }
    status(at, columns.status, y, pen, cx);
}

/// The name, and the service where it is another than around; of repeated spans, how many there are.
fn name(placed: Placed, around: &Around<'_>, room: Rect, y: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let (store, look) = (&cx.session.store, cx.look);
    let at = placed.at;
    let name = store.name(at);
    let style = match () {
        () if cx.session.diagnosis.is_culprit(at) => pen.style(Role::Culprit),
        () if around.hidden && !around.hit => pen.style(Role::Dim),
        () => Style::new(),
    };
    let named = if around.hit { style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED) } else { style };
    let service = store.service(at);
    let mut parts = Vec::with_capacity(9);
    if service != service_around(at, around.view, cx) {
        parts.push(part(service, look.service(service)));
        parts.push(part(" ", style));
    }
    parts.push(part(name_or_none(&name), named));
    let others: Vec<_> = placed.names().skip(1).map(|other| store.name(other)).collect();
    for other in &others {
        parts.push(part(", ", pen.style(Role::Dim)));
        parts.push(part(name_or_none(other), named));
    }
    let Some(run) = placed.run else {
        pen.line(room.x, y, room.width, &parts);
        return;
    };
    let more = if run.is_whole() { "" } else { "+" };
    let count = format!(" {}{}{more}", look.symbols.times, text::count(run.count));
    let width = text::width(&count) as u16;
    let used = pen.line(room.x, y, room.width.saturating_sub(width), &parts);
    let used = used + pen.put(room.x + used, y, width, &count, pen.style(Role::Info));
    let longest = format!("  max {}", time::duration(run.longest_ns));
    if !text::exceeds(&longest, usize::from(room.width.saturating_sub(used))) {
        pen.put(room.x + used, y, room.width - used, &longest, pen.style(Role::Dim));
    }
}

/// Where the parent is by the flags, the kind as recorded, and as it should be.
fn kind(at: SpanIx, columns: &Columns, y: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let store = &cx.session.store;
    let record = store.record(at);
    let (symbols, column) = (cx.look.symbols, columns.kind);
    let parent = match record.locality() {
        ParentLocality::Remote => symbols.remote,
        ParentLocality::Local => symbols.local,
        ParentLocality::Root | ParentLocality::Unknown => "",
    };
    pen.put(column.x, y, column.width.min(1), parent, pen.style(Role::Dim));
    let (x, width) = (column.x + 1, column.width.saturating_sub(1));
    let say =
        |kind: SpanKind| if columns.short_kinds { abbreviated(kind).to_owned() } else { kind.to_string() };
    let kind = say(record.kind());
    let was = pen.style(Role::Kind);
    match cx.session.diagnosis.expected_kind(store, at) {
        Some(expected) => {
            let expected = part(say(expected), pen.style(Role::KindExpected));
            pen.line(x, y, width, &[part(kind, was), part(symbols.arrow, was), expected])
        }
        None => pen.put(x, y, width, &kind, was),
    };
}

/// What happened during a span, over its bar.
fn draw_marks(at: SpanIx, area: Rect, axis: Axis, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    if area.width == 0 {
        return;
    }
    for mark in marks::of(at, cx) {
        let Some(column) = axis.column(mark.time_ns, area.width) else { continue };
        let (symbol, style) = match mark.what {
            What::Event => (cx.look.symbols.event, cx.look.service(cx.session.store.service(at))),
            What::Log => (cx.look.symbols.log, cx.look.service(cx.session.store.service(at))),
            What::Exception | What::ErrorLog => (cx.look.symbols.error, pen.style(Role::Error)),
        };
        pen.put(area.x + column, area.y, 1, symbol, style);
    }
}

/// `200 ERR`
fn status(at: SpanIx, column: Rect, y: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let store = &cx.session.store;
    let http = store.facts(at).map_or(0, |facts| facts.http_status);
    let failed = store.record(at).status() == StatusCode::Error;
    // Where there is room for one, it is what says that something failed.
    let one = column.width < 7;
    if http > 0 && !(one && failed && http < 400) {
        let role = match http {
            500.. => Role::Error,
            400..500 => Role::Warning,
            _ => Role::Dim,
        };
        pen.put(column.x, y, 3.min(column.width), &http.to_string(), pen.style(role));
    }
    if failed && !(one && http >= 400) {
        let x = if one { column.x } else { column.x + 4 };
        pen.put(x, y, column.right().saturating_sub(x), "ERR", pen.style(Role::Error));
    }
}

/// Indentation and fold marker. Tells where the name starts.
fn indent(placed: Placed, view: View, column: Rect, y: u16, pen: &mut Pen<'_>, cx: &Cx<'_>) -> u16 {
    let x = column.x + indented(placed, column);
    if placed.depth.saturating_mul(2) > usize::from(column.width / 2) {
        // Deeper than there is room for: the depth is said instead of drawn.
        let (depth, more) = (placed.depth.min(MAX_DEPTH), if placed.depth < MAX_DEPTH { "" } else { "+" });
        let depth = format!("{}{depth}{more}", cx.look.symbols.ellipsis);
        pen.put_right(column.x, y, (x - column.x).saturating_sub(1), &depth, pen.style(Role::Dim));
    }
    if let Some(x) = marker(placed, view, column, cx) {
        let symbol =
            if placed.folded || placed.run.is_some() { cx.look.symbols.closed } else { cx.look.symbols.open };
        pen.put(x, y, 1, symbol, pen.style(Role::Dim));
    }
    x + 2
}

/// By how many columns a row is indented.
fn indented(placed: Placed, column: Rect) -> u16 {
    placed.depth.saturating_mul(2).min(usize::from(column.width / 2)) as u16
}

/// Where its fold marker is, if it has one.
pub fn marker(placed: Placed, view: View, column: Rect, cx: &Cx<'_>) -> Option<u16> {
    let folds = placed.run.is_some() || cx.session.store.has_children(placed.at, view);
    folds.then(|| column.x + indented(placed, column))
}

/// The service that need not be said again: that of the parent, or of the trace's first span for a top.
pub fn service_around<'a>(at: SpanIx, view: View, cx: &Cx<'a>) -> &'a str {
    let store = &cx.session.store;
    let trace = store.slot(at).trace;
    let held = |at: &SpanIx| store.slot(*at).is_held();
    let parent = store.parent_row(at, view).filter(held);
    parent.map_or_else(|| main_service(trace, cx), |at| store.service(at))
}

/// The service of a trace: that of its first span which was received.
pub fn main_service<'a>(trace: crate::store::TraceIx, cx: &Cx<'a>) -> &'a str {
    let store = &cx.session.store;
    let first = store.first_row(trace, View::Recorded);
    let below = first.and_then(|at| store.first_child(at, View::Recorded));
    let held = [first, below].into_iter().flatten().find(|at| store.slot(*at).is_held());
    held.map_or("", |at| store.service(at))
}
