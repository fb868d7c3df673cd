//! What stands above the rows of a tree: which trace it is, how much of its time the bars span, what is hidden.

use super::footer::Buttons;
use super::tree_rows::Tree;
use super::{Cx, covered, row, short_id};
use crate::model::time;
use crate::store::{SpanIx, View};
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::view::row::Columns;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::{Part, Pen, part, title_fits};
use crate::tui::widget::window::Rows;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How many roots that share an id are looked at for a common scale.
const ROOTS: usize = 256;
/// How many parts of a title come before what the trace is: which it is, and what is looked for in it.
pub const SOUGHT: usize = 5;
/// Ticks of the axis are at least this far apart, columns.
const APART: u16 = 14;

/// What the column of bars shows: the whole trace as recorded; un-merged, as much time as the longest request took,
/// from the start of each request.
pub fn scale(tree: &Tree<'_>, cx: &Cx<'_>) -> Axis {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    let trace = store.trace(tree.trace);
    match tree.view {
        View::Recorded => Axis { start_ns: trace.start_ns, length_ns: trace.duration_ns() },
        View::Unmerged => {
            // Roots were not cut, and are requests too, but for the one that holds the others together.
            let roots = store.roots(tree.trace).take(ROOTS);
            let roots = roots.filter(|root| store.slot(*root).is_held() && !diagnosis.is_culprit(*root));
            let longest = roots.map(|root| store.record(root).duration_ns()).max().unwrap_or(0);
            Axis { start_ns: 0, length_ns: longest.max(trace.longest_request_ns) }
        }
    }
}

/// When a span was, on the scale of all of its trace.
pub fn interval(at: SpanIx, tree: &Tree<'_>, all: Axis, cx: &Cx<'_>) -> (u64, u64) {
    let store = &cx.session.store;
    let record = store.record(at);
    let zero = match tree.view {
        View::Recorded => 0,
        View::Unmerged => {
            let up = std::iter::successors(Some(at), |at| store.parent_row(*at, tree.view));
            up.last().map_or(0, |top| store.record(top).start_ns)
        }
    };
    let start_ns = record.start_ns.saturating_sub(zero);
    let run_end = tree.run(at).map_or(record.end_ns, |run| run.end_ns);
    let end_ns = if record.is_running() { all.end_ns() } else { run_end.saturating_sub(zero) };
    (start_ns, end_ns.max(start_ns))
}

/// `Trace 841af2…  /cart 3 of 19  shop  6.42 s  24 requests, un-merged (u: as recorded)`, the hint as its last part;
/// `sought` is what is looked for and how far that has come.
pub fn title<'a>(tree: &Tree<'_>, sought: Option<(String, String)>, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let held = cx.session.store.trace(tree.trace);
    let service = row::main_service(tree.trace, cx);
    let plain = Style::new();
    let mut title = vec![part("Trace ", plain), part(short_id(held.id, cx.look), plain), part("  ", plain)];
    if let Some((term, state)) = sought {
        title.push(part(term, cx.look.style(Role::Key)));
        title.push(part(format!("{state}  "), plain));
    }
    title.push(part(service, cx.look.service(service)));
    title.push(part(format!("  {}  ", time::duration(held.duration_ns())), plain));
    let (shown, otherwise) = match tree.view {
        View::Unmerged => (", un-merged", "as recorded"),
        View::Recorded => (", as recorded", "un-merge"),
    };
    match tree.requests {
        Some(requests) => {
            title.push(part(text::plural(requests, "request"), cx.look.style(Role::Error)));
            title.push(part(shown, plain));
        }
        None => title.push(part(text::plural(u64::from(held.spans), "span"), plain)),
    }
    if held.evicted > 0 {
        let evicted = format!("  {} evicted", text::count(u64::from(held.evicted)));
        title.push(part(evicted, cx.look.style(Role::Warning)));
    }
    let key = cx.keys.name_of(Action::Unmerge, cx.look.symbols);
    let hint = tree.requests.map(|_| format!(" ({key}: {otherwise})"));
    title.push(part(hint.unwrap_or_default(), plain));
    title
}

/// Draws the title, its hints as buttons; `keyed` is the hint in the note. The key that shows the trace otherwise, which
/// the footer names too, gives way.
pub fn draw_title(
    area: Rect,
    focused: bool,
    mut title: Vec<Part<'_>>,
    note: &str,
    keyed: Option<(Action, &str)>,
    pen: &mut Pen<'_>,
) -> Buttons {
    let mut buttons = Buttons::default();
    if !title_fits(area, width(&title), note) {
        title.pop();
    } else if let Some(((hint, _), before)) = title.split_last() {
        let x = area.x + 2 + width(before) as u16;
        buttons.add(Action::Unmerge, Rect { x, width: text::width(hint) as u16, height: 1, ..area });
    }
    let place = pen.title(area, focused, &title, note);
    if let Some((action, hint)) = keyed
        && let Some(from) = note.find(hint).filter(|_| place.width > 0)
    {
        let x = place.x + text::width(&note[..from]) as u16;
        buttons.add(action, Rect { x, width: text::width(hint) as u16, ..place });
    }
    buttons
}

/// The key that shows again what is hidden, as the note says it.
pub fn key_of_all(cx: &Cx<'_>) -> String {
    format!("{}: all", cx.keys.name_of(Action::HideRest, cx.look.symbols))
}

/// How many columns these take.
pub fn width(parts: &[Part<'_>]) -> usize {
    parts.iter().map(|(words, _)| text::width(words)).sum()
}

/// How much a note says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Words {
    /// Signs.
    Few,
    /// As few as say it.
    Short,
    /// All.
    All,
}

/// What is hidden or marked, the selected span's own time, and whether there are rows above and below the window.
pub fn note(
    tree: &Tree<'_>,
    rows: &[SpanIx],
    own: Option<SpanIx>,
    critical: Option<bool>,
    words: Words,
    following: bool,
    cx: &Cx<'_>,
) -> String {
    let (store, symbols) = (&cx.session.store, cx.look.symbols);
    let mut parts = Vec::new();
    if let Some(narrow) = tree.narrow() {
        // How many match is in the title too.
        parts.push(match words {
            Words::All => format!("{} ({})", narrow.words(store.trace(tree.trace).spans), key_of_all(cx)),
            _ => key_of_all(cx),
        });
    }
    if let Some(cut) = critical {
        let said = match (words, cut) {
            (Words::Few, false) => "",
            (Words::Few, true) => " its end",
            (Words::All, true) => " critical path, only its end: too many spans",
            (Words::Short, true) => " critical path, its end",
            (_, false) => " critical path",
        };
        parts.push(format!("{}{said}", symbols.critical));
    }
    if let Some(at) = own.filter(|at| store.slot(*at).is_held() && tree.run(*at).is_none())
        && let Some(own_ns) = covered::of(store, at, tree.view).own_ns
        && store.has_children(at, tree.view)
    {
        parts.push(format!("self {}", time::duration(own_ns)));
    }
    if following {
        parts.push("following".to_owned());
    }
    let above = rows.first().is_some_and(|at| tree.previous(*at).is_some());
    let below = rows.last().is_some_and(|at| tree.next(*at).is_some());
    let arrows = [(above, symbols.up), (below, symbols.down)];
    let arrows: Vec<&str> = arrows.into_iter().filter(|(there, _)| *there).map(|(_, arrow)| arrow).collect();
    parts.extend((!arrows.is_empty()).then(|| arrows.join(" ")));
    parts.join("  ")
}

/// The line above the rows: what the columns are, and the times that the bars span.
pub fn draw(area: Rect, columns: &Columns, axis: Axis, all: Axis, pen: &mut Pen<'_>) {
    let (dim, y) = (pen.style(Role::Dim), area.y);
    pen.put(columns.name.x, y, columns.name.width, "span", dim);
    pen.put(columns.kind.x, y, columns.kind.width, "kind", dim);
    ruler(Rect { y, height: 1, ..columns.bar }, axis, all, pen);
    pen.put_right(columns.duration.x, y, columns.duration.width, "duration", dim);
    pen.put_right(columns.own.x, y, columns.own.width, "self", dim);
    if columns.status.width >= 6 {
        pen.put(columns.status.x, y, columns.status.width, "status", dim);
    }
}

/// Times along an axis: since the start of the trace, or since the left end where these would all read the same.
pub fn ruler(bar: Rect, axis: Axis, all: Axis, pen: &mut Pen<'_>) {
    let (dim, y) = (pen.style(Role::Dim), bar.y);
    let (start, ticks, end) = labels(axis, all.start_ns, bar.width);
    let room = bar.width.saturating_sub(text::width(&end) as u16 + 1);
    let mut free = bar.x;
    let width = text::width(&start) as u16;
    if width <= room {
        free += pen.put(bar.x, y, width, &start, dim) + 1;
    }
    for (column, label) in ticks {
        let (x, width) = (bar.x + column, text::width(&label) as u16 + 1);
        if x > free && x + width < bar.x + room {
            pen.put(x, y, 1, pen.look.symbols.axis, dim);
            pen.put(x + 1, y, width - 1, &label, dim);
            free = x + width;
        }
    }
    pen.put_right(bar.x, y, bar.width, &end, dim);
}

/// What is said at the left end of an axis, at its ticks, and at its right end.
fn labels(axis: Axis, zero_ns: u64, columns: u16) -> (String, Vec<(u16, String)>, String) {
    let words = |ns: u64| if ns == 0 { "0".to_owned() } else { time::duration(ns) };
    let from_ns = axis.start_ns.saturating_sub(zero_ns);
    let (start, end) = (words(from_ns), words(axis.end_ns().saturating_sub(zero_ns)));
    let ticks = axis.ticks(zero_ns, columns, APART);
    let mut said: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
    said.dedup();
    if start != end && said.len() == ticks.len() {
        return (start, ticks, end);
    }
    let since = |label: String| format!("+{label}");
    let ticks = axis.ticks(axis.start_ns, columns, APART).into_iter();
    // The left end is where they are counted from.
    let ticks = ticks.filter(|(column, _)| *column > 0).map(|(column, label)| (column, since(label)));
    let end = since(words(axis.length_ns));
    let whole = time::duration_to(from_ns, axis.length_ns / 10);
    let room = usize::from(columns).saturating_sub(text::width(&end) + 1);
    (if text::exceeds(&whole, room) { start } else { whole }, ticks.collect(), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_an_axis_differ_however_deep_it_is_zoomed() {
        let zero = 1_795_420_000_000_000_000;
        let at = |from: u64, length_ns: u64| labels(Axis { start_ns: zero + from, length_ns }, zero, 40);
        let (start, _, end) = at(0, 1_000_000_000);
        assert_eq!((start.as_str(), end.as_str()), ("0", "1 s"));
        let (start, ticks, end) = at(54_412_300, 1_000);
        assert_eq!((start.as_str(), end.as_str()), ("54.4123 ms", "+1 µs"));
        let narrow = labels(Axis { start_ns: zero + 54_412_300, length_ns: 1_000 }, zero, 15);
        assert_eq!(
            (narrow.0.as_str(), narrow.2.as_str()),
            ("54.4 ms", "+1 µs"),
            "as much as there is room for"
        );
        assert_eq!(ticks, [(20, "+500 ns".to_owned()), (39, "+1 µs".to_owned())]);
        for length_ns in (3..12).map(|power| 10_u64.pow(power)) {
            for from in [1, 999, 54_412_345, 3_456_789_012, 7_200_000_000_000] {
                let (start, ticks, end) = at(from, length_ns);
                let mut all: Vec<_> =
                    [start, end].into_iter().chain(ticks.into_iter().map(|t| t.1)).collect();
                all.dedup();
                assert!(all.len() >= 2 && all[0] != all[1], "{from} {length_ns}: {all:?}");
            }
        }
    }
}
