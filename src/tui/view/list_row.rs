//! One row of the list of traces: signs, service, root, counts, duration, age or start.

use super::columns::{Column, Named, Times, Widths};
use super::{Cx, sign};
use crate::model::time;
use crate::store::TraceIx;
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, part};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// A trace that received a span within this time is still growing: a little more than SDKs wait before they send
/// (`OTEL_BSP_SCHEDULE_DELAY`, 5 s).
const GROWING_NS: u64 = 6_000_000_000;

/// `✖ shop    run            44    24    6.42 s    1  12s`
pub fn draw(row: Rect, at: TraceIx, widths: &Widths, labelled: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let session = cx.session;
    let trace = session.store.trace(at);
    let (dim, y) = (pen.style(Role::Dim), row.y);
    if let Some(severity) = session.diagnosis.worst(&session.store, at) {
        let (symbol, role) = sign(severity, cx.look);
        pen.put(row.x + 2, y, 1, symbol, pen.style(role));
    }
    if trace.pinned {
        pen.put(row.x + 3, y, 1, cx.look.symbols.pinned, pen.style(Role::Key));
    }
    let Named { service, name, of_root } = Named::of(at, cx);
    let requests = session.diagnosis.requests(&session.store, at).map(text::short_count);
    let spans = text::short_count(u64::from(trace.spans));
    let unit =
        |number: &str, unit: &str| format!("{number}{}{unit}", if number.len() < 4 { " " } else { "" });
    for (column, range) in widths.places() {
        let (x, width) = (row.x + range.start, range.end - range.start);
        match column {
            Column::Service => {
                pen.put(x, y, width, service, cx.look.service(service));
            }
            Column::Name => {
                match &name {
                    Some(name) if of_root => {
                        pen.put(x, y, width, super::row::name_or_none(name), Style::new())
                    }
                    Some(name) => {
                        let missing = format!("({}) ", cx.look.symbols.ellipsis);
                        let name = super::row::name_or_none(name);
                        let missing = part(missing, pen.style(Role::Missing));
                        pen.line(x, y, width, &[missing, part(name, Style::new())])
                    }
                    None => pen.put(x, y, width, "(not received)", pen.style(Role::Missing)),
                };
            }
            Column::Spans => match &requests {
                Some(requests) if widths.requests == 0 => {
                    pen.put_right(x, y, width, &unit(requests, "req"), Style::new());
                }
                _ if labelled => pen.put_right(x, y, width, &spans, dim),
                _ => pen.put_right(x, y, width, &unit(&spans, "sp"), dim),
            },
            Column::Requests => {
                let Some(requests) = &requests else { continue };
                let style = Style::new().add_modifier(Modifier::BOLD);
                let words = if labelled { requests.clone() } else { unit(requests, "req") };
                pen.put_right(x, y, width, &words, style);
            }
            Column::Duration => {
                let mut duration = time::duration(trace.duration_ns());
                if text::exceeds(&duration, usize::from(width)) {
                    duration.retain(|c| c != ' ');
                }
                pen.put_right(x, y, width, &duration, Style::new());
            }
            Column::Errors if trace.errors > 0 => {
                let errors = text::short_count(u64::from(trace.errors));
                let words = if labelled { errors } else { format!("{errors}err") };
                pen.put_right(x, y, width, &words, pen.style(Role::Error));
            }
            Column::Arrival | Column::Finding | Column::Errors => {}
            Column::Age => draw_age(x, y, width, trace.last_arrived_ns, pen, cx),
            Column::Start => {
                let start = started(trace.start_ns, widths.times, width);
                pen.put_right(x, y, width, &start, dim);
            }
        }
    }
}

/// Whether spans come in as they end: only of these is an age told.
pub fn is_live(cx: &Cx<'_>) -> bool {
    matches!(cx.status.feed, Feed::Live { .. })
}

/// When it started, UTC: `07:42:10`, `11-24 07:42`, `11-24`, `2025-11-24 07:42`, `2025-11-24`, `2025-11`.
fn started(ns: u64, times: Times, width: u16) -> String {
    if ns == 0 {
        return "no time".to_owned();
    }
    let whole = time::date_time(ns);
    let part = match (times, width) {
        (Times::Days, 11..) => whole.get(5..16),
        (Times::Days, _) => whole.get(5..10),
        (Times::Years, 16..) => whole.get(..16),
        (Times::Years, 10..) => whole.get(..10),
        (Times::Years, _) => whole.get(..7),
        (Times::Ages | Times::Clock, _) => whole.get(11..19),
    };
    part.unwrap_or(&whole).to_owned()
}

/// How long ago its last span arrived, or that it is still growing.
fn draw_age(x: u16, y: u16, width: u16, last_arrived_ns: u64, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let age = cx.status.now_ns.saturating_sub(last_arrived_ns);
    if age < GROWING_NS {
        pen.put_right(x, y, width, cx.look.symbols.live, pen.style(Role::Good));
    } else {
        pen.put_right(x, y, width, &text::age(age), pen.style(Role::Dim));
    }
}
