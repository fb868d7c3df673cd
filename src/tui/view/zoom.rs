//! Which part of a trace's time is shown: all of it, or a window that was zoomed to.

use crate::model::TraceId;
use crate::store::View;
use crate::tui::widget::bar::Axis;
use std::collections::HashMap;

/// The shortest window, nanoseconds.
const SHORTEST_NS: u64 = 1_000;

/// The windows of traces that were zoomed into: few, since each took a key.
#[derive(Debug, Default)]
pub struct Zoom {
    windows: HashMap<(TraceId, bool), Axis>,
}

fn key(trace: TraceId, view: View) -> (TraceId, bool) {
    (trace, view == View::Unmerged)
}

impl Zoom {
    /// What is shown of a trace, where that is not all of it.
    pub fn window(&self, trace: TraceId, view: View) -> Option<Axis> {
        self.windows.get(&key(trace, view)).copied()
    }

    /// Shows this part of a trace, as far as it lies within all of it; all of it where it is no less.
    pub fn show(&mut self, trace: TraceId, view: View, wanted: Axis, all: Axis) {
        let length_ns = wanted.length_ns.max(SHORTEST_NS);
        if length_ns >= all.length_ns {
            self.windows.remove(&key(trace, view));
            return;
        }
        let last = all.end_ns() - length_ns;
        let start_ns = wanted.start_ns.clamp(all.start_ns, last);
        self.windows.insert(key(trace, view), Axis { start_ns, length_ns });
    }

    /// Shows all of it. Tells whether it was not.
    pub fn out(&mut self, trace: TraceId, view: View) -> bool {
        self.windows.remove(&key(trace, view)).is_some()
    }
}

/// A window around a span, with a little room beside it.
pub fn around(start_ns: u64, end_ns: u64) -> Axis {
    let length = end_ns.saturating_sub(start_ns).max(SHORTEST_NS);
    let room = length / 20;
    Axis { start_ns: start_ns.saturating_sub(room), length_ns: length.saturating_add(2 * room) }
}

/// A window half or twice as long. What is at `about_ns` stays where it is, if it is to be seen.
pub fn scaled(window: Axis, about_ns: u64, closer: bool) -> Axis {
    let about = about_ns.clamp(window.start_ns, window.end_ns());
    let before = about - window.start_ns;
    if closer {
        Axis { start_ns: about - before / 2, length_ns: window.length_ns / 2 }
    } else {
        Axis { start_ns: about.saturating_sub(before * 2), length_ns: window.length_ns.saturating_mul(2) }
    }
}

/// A window moved by a quarter of its length.
pub fn panned(window: Axis, left: bool) -> Axis {
    let by = (window.length_ns / 4).max(1);
    let start_ns = if left { window.start_ns.saturating_sub(by) } else { window.start_ns.saturating_add(by) };
    Axis { start_ns, ..window }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: TraceId = TraceId([1; 16]);
    const ALL: Axis = Axis { start_ns: 1_000_000, length_ns: 8_000_000 };

    fn shown(wanted: Axis) -> Option<(u64, u64)> {
        let mut zoom = Zoom::default();
        zoom.show(TRACE, View::Recorded, wanted, ALL);
        assert_eq!(zoom.window(TRACE, View::Unmerged), None, "each view has its own");
        zoom.window(TRACE, View::Recorded).map(|axis| (axis.start_ns, axis.length_ns))
    }

    #[test]
    fn a_window_stays_within_its_trace() {
        assert_eq!(shown(Axis { start_ns: 2_000_000, length_ns: 10_000 }), Some((2_000_000, 10_000)));
        assert_eq!(shown(Axis { start_ns: 0, length_ns: 10_000 }), Some((1_000_000, 10_000)));
        assert_eq!(shown(Axis { start_ns: u64::MAX, length_ns: 10_000 }), Some((8_990_000, 10_000)));
        assert_eq!(shown(Axis { start_ns: 2_000_000, length_ns: 0 }), Some((2_000_000, SHORTEST_NS)));
        assert_eq!(shown(Axis { start_ns: 2_000_000, length_ns: 8_000_000 }), None, "that is all of it");
    }

    #[test]
    fn what_is_selected_stays_where_it_is() {
        let closer = scaled(ALL, 3_000_000, true);
        assert_eq!((closer.start_ns, closer.length_ns), (2_000_000, 4_000_000));
        assert_eq!(scaled(closer, 3_000_000, false), ALL);
        let end = scaled(ALL, u64::MAX, true);
        assert_eq!((end.start_ns, end.end_ns()), (5_000_000, 9_000_000), "or at the nearest end");
    }

    #[test]
    fn panning_moves_by_a_quarter() {
        assert_eq!(panned(ALL, false).start_ns, 3_000_000);
        assert_eq!(panned(ALL, true).start_ns, 0);
        assert_eq!(around(5_000_000, 7_000_000), Axis { start_ns: 4_900_000, length_ns: 2_200_000 });
    }
}
