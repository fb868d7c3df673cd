//! Which part of a trace's time is shown: all of it, or a window that was zoomed to.

use crate::model::TraceId;
use crate::store::View;
use crate::tui::widget::bar::Axis;
use std::collections::HashMap;

/// The shortest window, nanoseconds.
const SHORTEST_NS: u64 = 1_000;

/// The windows of traces that were zoomed into: few, since each took a key.
#[derive(Clone, Debug, Default)]
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

/// A window half or twice as long. What is at `about_ns` stays where it is, if it is to be seen. As many times wider as
/// closer is where it was: nothing is halved that would be shorter than the shortest, and halves of odd lengths are all
/// of the time again, not all but some nanoseconds.
pub fn scaled(window: Axis, about_ns: u64, closer: bool, all: Axis) -> Axis {
    let about = about_ns.clamp(window.start_ns, window.end_ns());
    let before = about - window.start_ns;
    if closer {
        let length_ns = window.length_ns / 2;
        return if length_ns < SHORTEST_NS {
            window
        } else {
            Axis { start_ns: about - before / 2, length_ns }
        };
    }
    let length_ns = window.length_ns.saturating_mul(2);
    if length_ns.saturating_add(all.length_ns / 64) >= all.length_ns {
        return all;
    }
    Axis { start_ns: about.saturating_sub(before * 2), length_ns }
}

/// A window moved by a quarter of its length.
pub fn panned(window: Axis, left: bool) -> Axis {
    let by = (window.length_ns / 4).max(1);
    let start_ns = if left { window.start_ns.saturating_sub(by) } else { window.start_ns.saturating_add(by) };
    Axis { start_ns, ..window }
}

/// A window as long, with a moment in its middle.
pub fn centred(window: Axis, about_ns: u64) -> Axis {
    Axis { start_ns: about_ns.saturating_sub(window.length_ns / 2), ..window }
}

/// A window as long, in which a span can be seen; nothing where it can be already: all of it, or enough of one that is
/// longer.
pub fn onto(window: Axis, start_ns: u64, end_ns: u64) -> Option<Axis> {
    let length = end_ns.saturating_sub(start_ns);
    let seen = end_ns.min(window.end_ns()).checked_sub(start_ns.max(window.start_ns));
    let enough = if length <= window.length_ns { length } else { window.length_ns / 4 };
    if seen.is_some_and(|seen| seen >= enough) {
        return None;
    }
    let before = (window.length_ns.saturating_sub(length) / 2).clamp(1, (window.length_ns / 4).max(1));
    Some(Axis { start_ns: start_ns.saturating_sub(before), ..window })
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
    fn a_window_moves_onto_what_is_gone_to() {
        let window = Axis { start_ns: 1_000, length_ns: 400 };
        let onto = |start, end| onto(window, start, end).map(|axis| (axis.start_ns, axis.length_ns));
        assert_eq!(onto(1_000, 1_400), None, "it is seen");
        assert_eq!(onto(1_200, 1_200), None, "however short it is");
        assert_eq!(onto(2_000, 2_010), Some((1_900, 400)), "with something before it");
        assert_eq!(onto(1_390, 1_430), Some((1_290, 400)), "the end of it was cut off");
        assert_eq!(onto(400, 800), Some((399, 400)), "it fits just so");
        assert_eq!(onto(500, 1_100), None, "a part of one that is longer");
        assert_eq!(onto(500, 1_010), Some((499, 400)), "not of its last moment only");
    }

    #[test]
    fn what_is_selected_stays_where_it_is() {
        let closer = scaled(ALL, 3_000_000, true, ALL);
        assert_eq!((closer.start_ns, closer.length_ns), (2_000_000, 4_000_000));
        assert_eq!(scaled(closer, 3_000_000, false, ALL), ALL);
        let end = scaled(ALL, u64::MAX, true, ALL);
        assert_eq!((end.start_ns, end.end_ns()), (5_000_000, 9_000_000), "or at the nearest end");
    }

    #[test]
    fn as_many_times_wider_as_closer_is_where_it_was() {
        let all = Axis { start_ns: 7_000_000_123, length_ns: 22_000_000_007 };
        let part = Axis { start_ns: 9_000_000_000, length_ns: 12_345_679 };
        for from in [all, part] {
            for about in [0, all.start_ns, 9_004_321_077, u64::MAX] {
                for times in [1, 8, 13] {
                    let step = |window, closer| scaled(window, about, closer, all);
                    let closest = (0..times).fold(from, |window, _| step(window, true));
                    assert!(closest.length_ns >= SHORTEST_NS && closest.length_ns < from.length_ns);
                    let back = (0..times).fold(closest, |window, _| step(window, false));
                    let near = |a: u64, b: u64| a.abs_diff(b) <= 1 << (times + 1);
                    assert!(
                        near(back.start_ns, from.start_ns) && near(back.length_ns, from.length_ns),
                        "{from:?} {about} {times}: {back:?}"
                    );
                    assert!(from == part || back == all, "{back:?}");
                }
            }
        }
        let shortest = Axis { length_ns: SHORTEST_NS * 3 / 2, ..part };
        assert_eq!(scaled(shortest, part.start_ns + 900, true, all), shortest, "nor does it move");
    }

    #[test]
    fn panning_moves_by_a_quarter() {
        assert_eq!(panned(ALL, false).start_ns, 3_000_000);
        assert_eq!(panned(ALL, true).start_ns, 0);
        assert_eq!(centred(ALL, 6_000_000), Axis { start_ns: 2_000_000, ..ALL });
        assert_eq!(around(5_000_000, 7_000_000), Axis { start_ns: 4_900_000, length_ns: 2_200_000 });
    }
}
