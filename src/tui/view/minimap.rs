//! One line above the bars of a zoomed trace: how busy the whole of it was, and which part of it is shown.

use super::Cx;
use super::tree_rows::Tree;
use crate::model::TraceId;
use crate::store::{SpanIx, View};
use crate::tui::theme::Role;
use crate::tui::widget::bar::Axis;
use crate::tui::widget::pen::Pen;
use ratatui::layout::Rect;

/// How many spans are looked at. Of a trace with more, slots are looked at here and there.
const SAMPLE: usize = 16_384;
/// How many ancestors of a sampled span are passed on the way to its request.
const CLIMB: usize = 64;

/// What was counted, and of what.
#[derive(Debug, Default)]
pub struct Minimap {
    of: Option<(TraceId, View, Axis, u16, u32)>,
    busy: Vec<u32>,
}

impl Minimap {
    /// Draws it. `all` is the whole time, `window` what is shown of it.
    pub fn draw(
        &mut self,
        area: Rect,
        tree: &Tree<'_>,
        all: Axis,
        window: Axis,
        pen: &mut Pen<'_>,
        cx: &Cx<'_>,
    ) {
        if area.width == 0 {
            return;
        }
        self.count(tree, all, area.width, cx);
        let symbols = pen.look.symbols;
        let most = self.busy.iter().copied().max().unwrap_or(0).max(1);
        let column = |ns| all.column(ns, area.width).unwrap_or(area.width - 1);
        let (from, to) = (column(window.start_ns), column(window.end_ns()));
        for (at, busy) in (0..).zip(&self.busy) {
            let level = (u64::from(*busy) * 8).div_ceil(u64::from(most)) as usize;
            let symbol = level.checked_sub(1).map_or(" ", |level| symbols.levels[level.min(7)]);
            let role = if (from..=to).contains(&at) { Role::Info } else { Role::Dim };
            pen.put(area.x + at, area.y, 1, symbol, pen.style(role));
        }
        pen.put(area.x + from, area.y, 1, "[", pen.style(Role::Key));
        pen.put(area.x + to.max(from + 1).min(area.width - 1), area.y, 1, "]", pen.style(Role::Key));
    }

    /// How many spans ran in each column: counted again only when the trace has become a good deal larger.
    fn count(&mut self, tree: &Tree<'_>, all: Axis, columns: u16, cx: &Cx<'_>) {
        let store = &cx.session.store;
        let trace = store.trace(tree.trace);
        let now = (trace.id, tree.view, all, columns, trace.changes);
        let similar = |(id, view, axis, width, changes): (TraceId, View, Axis, u16, u32)| {
            (id, view, width) == (now.0, now.1, now.3)
                && changes.abs_diff(trace.changes) <= changes / 16
                && (axis == all || changes as usize > SAMPLE)
                && (changes == trace.changes || changes as usize > SAMPLE)
        };
        if self.of.is_some_and(similar) {
            return;
        }
        self.of = Some(now);
        // What begins and ends in each column; the sum up to a column is what runs in it.
        let mut change = vec![0_i64; usize::from(columns) + 1];
        let mut note = |at: SpanIx| {
            let slot = store.slot(at);
            if !slot.is_held() || slot.trace != tree.trace || slot.record.is_running() {
                return;
            }
            let zero = match tree.view {
                View::Recorded => 0,
                View::Unmerged => {
                    let up = std::iter::successors(Some(at), |at| store.parent_row(*at, tree.view));
                    up.take(CLIMB).last().map_or(0, |top| store.record(top).start_ns)
                }
            };
            let place = |ns: u64| all.column(ns.saturating_sub(zero), columns);
            let from = place(slot.record.start_ns);
            let to = place(slot.record.end_ns).unwrap_or(columns - 1);
            if let Some(from) = from {
                change[usize::from(from)] += 1;
                change[usize::from(to.max(from)) + 1] -= 1;
            }
        };
        if trace.spans as usize <= SAMPLE {
            let next = |at: &SpanIx| store.next_row(*at, tree.view, &|_| false);
            let rows = std::iter::successors(store.first_row(tree.trace, tree.view), next);
            rows.take(2 * SAMPLE).for_each(&mut note);
        } else {
            let slots = store.slot_capacity();
            (0..slots).step_by((slots / SAMPLE).max(1)).for_each(|slot| note(SpanIx(slot as u32)));
        }
        let mut running = 0;
        self.busy.clear();
        self.busy.extend(change[..usize::from(columns)].iter().map(|change| {
            running += change;
            running.max(0) as u32
        }));
    }
}
