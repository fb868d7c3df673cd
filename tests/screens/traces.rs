//! The list of traces.

use crate::golden::check;
use crate::made::{span, trace};
use crate::stage::{NOW_NS, SIZES, Stage};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEventKind};
use otoscope::diagnosis::Severity;
use otoscope::model::{Origin, Span, SpanId, TraceId};
use otoscope::tui::Feed;
use otoscope::tui::keymap::{Action, Chord};
use otoscope::tui::view::listing::Busy;
use std::time::{Duration, Instant};

#[test]
fn the_worst_trace_among_many_is_open_without_a_key() {
    let mut stage = Stage::new((140, 42), &["flask-1.30", "flask-1.29-sigint", "express"]);
    assert!(stage.text().contains("24 requests"));
    check("among-many-140x42", &mut stage);
}

#[test]
fn a_healthy_trace_is_calm() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["click-job"]);
        check(&format!("healthy-{columns}x{rows}"), &mut stage);
    }
}

/// A list of traces with every kind of row.
fn listed(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size, &["flask-1.29-sigint", "express"]);
    for (id, name, spans, ms) in [(1, "slow", 3, 9_000), (2, "wide", 40, 20), (3, "short", 1, 1)] {
        stage.live("api", trace(id, name, spans, ms));
    }
    stage.wait(3);
    stage
}

/// The names of rows, as far as they are among these, in the order in which they are listed.
fn rows(stage: &mut Stage, names: &[&str]) -> Vec<String> {
    let list = stage.list();
    let name = |line: &String| names.iter().find(|name| line.contains(**name)).map(|name| (*name).to_owned());
    // Below it is the detail of the selected one.
    list.iter().skip(2).take_while(|line| !line.starts_with("─ Span")).filter_map(name).collect()
}

#[test]
fn the_list_is_sorted_by_any_column_with_keys_and_with_the_mouse() {
    let names = ["slow", "wide", "short"];
    let mut stage = listed((140, 120));
    assert_eq!(rows(&mut stage, &names), names, "by arrival");
    assert!(stage.list()[1].starts_with("#↑! "), "{:?}", stage.list());
    stage.act(&[Action::Sort]);
    assert!(stage.text().contains("sorted by worst finding, worst first"), "{}", stage.text());
    assert!(stage.list()[1].contains("# !↓ "), "{:?}", stage.list());
    stage.act(&[Action::First]);
    assert!(stage.selected_lines()[0].1.contains("run"), "{:?}", stage.selected_lines());
    stage.act(&[Action::Sort, Action::Sort, Action::Sort]);
    assert!(stage.list()[1].contains("span↓"), "{:?}", stage.list());
    assert_eq!(rows(&mut stage, &names), ["wide", "slow", "short"]);
    stage.act(&[Action::InvertSort]);
    assert!(stage.list()[1].contains("span↑"), "{:?}", stage.list());
    assert_eq!(rows(&mut stage, &names), ["short", "slow", "wide"]);
    let (x, y) = stage.find("dur ");
    stage.click(x, y);
    assert!(stage.list()[1].contains("dur↓"), "{:?}", stage.list());
    assert_eq!(rows(&mut stage, &names), ["slow", "wide", "short"]);
    stage.click(x, y);
    assert_eq!(rows(&mut stage, &names), ["short", "wide", "slow"]);
    stage.click(0, y);
    assert_eq!(rows(&mut stage, &names), names, "by arrival again");
    // A trace that grows moves; what is selected stays on its line.
    let mut stage = listed((80, 24));
    stage.act(&[Action::Sort; 6]);
    stage.act(&[Action::InvertSort, Action::Last]);
    while !stage.selected_lines()[0].1.contains("wide") {
        stage.act(&[Action::Up]);
    }
    let (before, rows_before) = (stage.selected_lines(), stage.list());
    let mut grown = trace(3, "short", 1, 1);
    (grown[0].span_id, grown[0].parent_id) = (SpanId(77), SpanId(1));
    grown[0].end_ns += 8_800_000_000;
    stage.live("api", grown);
    let now = stage.selected_lines();
    assert_eq!(now[0].0, before[0].0);
    assert!(now[0].1.contains("wide"), "{now:?}");
    stage.act(&[Action::Last]);
    assert!(stage.list() != rows_before && stage.text().contains("short"), "{}", stage.text());
}

#[test]
fn the_list_is_filtered_while_it_is_written_and_the_filter_stays() {
    let mut stage = listed((140, 42));
    let all = stage.session.store.trace_count();
    stage.act(&[Action::Filter]);
    stage.write("SLO");
    assert!(stage.text().contains(&format!("1 of {all} traces")), "{}", stage.text());
    assert!(stage.list()[2].contains("slow") && !stage.text().contains("wide"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(stage.text().contains("wide"), "given up: everything is listed again");
    stage.act(&[Action::Filter]);
    stage.write("slo");
    stage.act(&[Action::Open, Action::Tab(1), Action::Tab(0)]);
    assert!(stage.list()[0].contains(&format!("1 of {all} · /slo")), "{:?}", stage.list());
    stage.live("api", trace(4, "slower", 2, 7));
    stage.live("api", trace(5, "other", 2, 7));
    assert!(stage.list()[0].contains(&format!("2 of {} · /slo", all + 2)), "{:?}", stage.list());
    stage.act(&[Action::Filter]);
    stage.write("nothing like it");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("no trace matches: Esc takes the filter off"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(stage.text().contains("the filter is off") && stage.text().contains("wide"), "{}", stage.text());
}

#[test]
fn traces_are_pinned_marked_deleted_and_cleared() {
    for (columns, lines) in SIZES {
        let mut stage = listed((columns, lines));
        stage.act(&[Action::Last, Action::Up, Action::Pin, Action::Up, Action::Mark, Action::Mark]);
        let text = stage.text();
        assert!(text.contains('⚑') && text.contains("2 marked"), "{text}");
        check(&format!("marked-{columns}x{lines}"), &mut stage);
        let all = stage.session.store.trace_count();
        stage.act(&[Action::Delete]);
        let text = stage.text();
        assert!(text.contains("deleted: ") && text.contains("; 1 pinned kept"), "{text}");
        assert!(text.contains("1 marked"), "{text}");
        assert_eq!(stage.session.store.trace_count(), all - 1);
        stage.act(&[Action::Delete]);
        assert!(stage.text().contains("pinned: p first"), "{}", stage.text());
        assert_eq!(stage.session.store.trace_count(), all - 1);
        stage.act(&[Action::MarkAll, Action::Last, Action::Up]);
        while !stage.selected_lines()[0].1.contains('⚑') {
            stage.act(&[Action::Up]);
        }
        stage.act(&[Action::Pin, Action::Delete]);
        assert_eq!(stage.session.store.trace_count(), all - 2, "no longer pinned: {}", stage.text());
    }
    let mut stage = listed((140, 42));
    let all = stage.session.store.trace_count();
    stage.act(&[Action::MarkAll, Action::Delete]);
    assert!(
        stage.text().contains(&format!("delete what is marked, {all} traces")),
        "many are not deleted unasked"
    );
    stage.act(&[Action::Back, Action::MarkAll, Action::Last, Action::Pin, Action::Clear]);
    assert!(stage.text().contains("1 more is pinned and stays; findings start anew"), "{}", stage.text());
    stage.write("y");
    stage.settle();
    let text = stage.text();
    assert!(text.contains(&format!("{} traces cleared; 1 pinned kept", all - 1)), "{text}");
    assert!(
        text.contains("nothing found wrong with the instrumentation") && text.contains("short"),
        "{text}"
    );
    assert_eq!(stage.session.store.trace_count(), 1);
    stage.act(&[Action::Clear]);
    assert!(stage.text().contains("nothing to clear: every trace is pinned"), "{}", stage.text());
}

#[test]
fn dividers_are_dragged() {
    let drag = MouseEventKind::Drag(MouseButton::Left);
    let press = MouseEventKind::Down(MouseButton::Left);
    let mut stage = listed((140, 42));
    let (x, y) = stage.find("┬");
    stage.mouse(press, x, y + 2);
    stage.mouse(drag, x + 20, y + 2);
    assert_eq!(stage.find("┬"), (x + 20, y));
    stage.mouse(MouseEventKind::Up(MouseButton::Left), x + 20, y + 2);
    stage.mouse(drag, x, y + 2);
    assert_eq!(stage.find("┬"), (x + 20, y), "it was let go");
    let (x, y) = stage.find(" Span ");
    stage.mouse(press, x, y);
    stage.mouse(drag, x, y - 5);
    assert_eq!(stage.find(" Span ").1, y - 5);
    let mut small = listed((80, 40));
    let (x, y) = small.find(" Trace ");
    small.mouse(press, x, y);
    small.mouse(drag, x, y + 3);
    assert_eq!(small.find(" Trace ").1, y + 3);
    small.mouse(drag, x, 0);
    small.mouse(drag, x, 39);
    assert!(small.text().contains(" Trace "), "{}", small.text());
}

#[test]
fn a_hundred_thousand_traces_are_sorted_and_filtered_in_small_steps() {
    let mut stage = Stage::new((140, 42), &[]);
    for chunk in 0..100_u64 {
        let spans = (0..1_000).map(|n| {
            let id = chunk * 1_000 + n + 1;
            let name = if id.is_multiple_of(1_000) { "rare" } else { "usual" };
            let ms = id.wrapping_mul(7_919) % 100_003;
            trace(id, name, 1, ms).remove(0)
        });
        stage.take(spans.collect());
    }
    stage.act(&[Action::First]);
    let sort = Chord::of(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::NONE)).unwrap().event();
    for _ in 0..6 {
        let pressed = Instant::now();
        stage.app.key(sort, &stage.session, &stage.status);
        let took = pressed.elapsed();
        assert!(took < Duration::from_millis(500), "a key does not sort all of them: {took:?}");
    }
    let busy = stage.app.work(Instant::now(), &stage.session, &stage.status);
    assert_eq!(busy, Busy::Now, "the rest is done later");
    stage.draw();
    stage.act(&[Action::First]);
    let list = stage.list();
    assert!(list[1].contains("dur↓") && list[2].contains("1m40s"), "{list:?}");
    stage.act(&[Action::Filter]);
    stage.write("rare");
    stage.act(&[Action::Open]);
    assert!(stage.list()[0].contains(" 100 of 100 000 · /rare"), "{:?}", stage.list());
    check("huge-140x42", &mut stage);
    stage.act(&[Action::Back, Action::Clear]);
    stage.write("y");
    stage.settle();
    stage.draw();
    assert_eq!((stage.session.store.trace_count(), stage.session.store.span_count()), (0, 0));
    assert!(stage.text().contains("100 000 traces cleared"), "{}", stage.text());
}

#[test]
fn traces_that_arrive_do_not_move_what_is_selected() {
    let mut stage = Stage::new((100, 30), &["flask-1.30"]);
    stage.act(&[Action::Down, Action::Down]);
    let before = stage.selected_lines();
    stage.take(vec![span(1, 0, 0, "newest")]);
    assert_eq!(stage.selected_lines(), before);
    assert!(stage.text().contains("more"));
    stage.act(&[Action::Follow]);
    assert!(stage.selected_lines().iter().any(|(_, text)| text.contains("newest")));
    assert!(stage.text().contains("following the newest"));
    stage.act(&[Action::Up]);
    assert!(!stage.text().contains("following the newest"));
}

#[test]
fn traces_without_a_root_are_told_apart() {
    let mut stage = Stage::new((140, 42), &[]);
    let orphan = |id: u8, name: &str| Span {
        trace_id: TraceId([id; 16]),
        ..span(u64::from(id) * 10, 9_999, u64::from(id), name)
    };
    stage.take(vec![orphan(1, "GET /cart"), orphan(2, "POST /pay")]);
    let list = stage.list().join("\n");
    assert!(list.contains("(…) GET /cart") && list.contains("(…) POST /pay"), "{list}");
    let (x, y) = stage.find("(…) POST");
    let buffer = stage.draw();
    assert_ne!(buffer[(x, y)].style(), buffer[(x + 4, y)].style(), "a mark, and a name");
}

#[test]
fn traces_of_a_file_say_when_they_started() {
    let at = |id: u8, start_ns: u64| Span {
        trace_id: TraceId([id; 16]),
        start_ns,
        end_ns: start_ns + 1_000_000,
        ..span(u64::from(id), 0, 0, &format!("trace {id}"))
    };
    let hour = 3_600_000_000_000;
    let midnight = NOW_NS - NOW_NS % (24 * hour);
    let mut stage = Stage::new((140, 42), &[]);
    stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    stage.take(vec![at(1, midnight + 5 * hour), at(2, midnight + 4 * hour)]);
    let list = stage.list();
    assert!(list[1].ends_with("start") && !list[1].contains("age"), "{list:?}");
    assert!(list[2].contains("trace 1") && list[2].ends_with("05:00:00"), "{list:?}");
    let (x, y) = stage.find(" start");
    let x = x + 1;
    stage.click(x, y);
    let list = stage.list();
    assert!(list[2].contains("trace 2") && list[2].ends_with("04:00:00"), "{list:?}");
    assert!(list[1].contains("start↑"), "{list:?}");
    stage.take(vec![at(3, midnight + 30 * hour)]);
    let list = stage.list();
    assert!(list[4].contains("trace 3") && list[4].ends_with("11-24 06:00"), "days apart: {list:?}");
    stage.take(vec![at(4, midnight - 800 * 24 * hour)]);
    stage.act(&[Action::First]);
    let list = stage.list();
    assert!(list[2].contains("trace 4") && list[2].ends_with("2024-09-14 00:00"), "years apart: {list:?}");
    assert!(list[5].contains("trace 3") && list[5].ends_with("2026-11-24 06:00"), "years apart: {list:?}");
}

/// What cannot be read is counted on the smallest screen too.
#[test]
fn what_was_lost_is_counted_on_a_small_screen() {
    let mut stage = Stage::new((80, 24), &["mesh"]);
    let bad = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\",\"traceId\":\"00\",\"spanId\":\"1\"}]}]}]}";
    for _ in 0..84 {
        let batch =
            otoscope::otlp::walk_json(bad.as_bytes(), "test".into(), Origin::HttpJson, NOW_NS).unwrap();
        stage.session.take(batch);
    }
    assert!(stage.text().contains("rejected 84"), "{}", stage.text());
}

/// A finding that nobody has to do anything about moves nothing, also before the first key.
#[test]
fn a_hint_shows_no_other_trace() {
    let mut stage = Stage::new((140, 42), &["one-clock"]);
    let shown = stage.text().split_once(" Trace ").unwrap().1[..9].to_owned();
    stage.live_capture("background-loop-apart");
    assert!(stage.session.diagnosis.findings().iter().all(|found| found.severity == Severity::Info));
    assert!(!stage.session.diagnosis.findings().is_empty());
    let text = stage.text();
    assert_eq!(text.split_once(" Trace ").unwrap().1[..9], *shown, "{text}");
}
