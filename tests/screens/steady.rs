//! Keys in any order while spans arrive: the selected trace stays selected, on its line of the list.

use crate::made::span;
use crate::stage::{NOW_NS, Stage};
use fastrand::Rng;
use otoscope::dump;
use otoscope::model::{Batch, Span, SpanId, StatusCode, TraceId};
use otoscope::tui::keymap::Action;
use std::fs::File;
use std::ops::ControlFlow;

/// What is done to the list in between.
const ACTIONS: &[Action] = &[
    Action::Down,
    Action::Down,
    Action::Up,
    Action::PageDown,
    Action::PageUp,
    Action::First,
    Action::Last,
    Action::Sort,
    Action::InvertSort,
    Action::Pin,
    Action::Mark,
    Action::Unmerge,
    Action::NextError,
    Action::PreviousFinding,
];

/// Spans of a large trace and of some short ones, in an order in which no sender would send them.
fn spans(rng: &mut Rng) -> Vec<Vec<Span>> {
    let mut all: Vec<Span> = (1..60).map(|id| span(id, id - 1, id, &format!("deep-{}", id % 7))).collect();
    for id in 100..300 {
        let status = if id % 37 == 0 { StatusCode::Error } else { StatusCode::Unset };
        all.push(Span { status, ..span(id, 3 + id % 3 * 20, id, "query") });
    }
    for trace in 1..40_u64 {
        let short = |id| span(id, id - 1, trace * 9 + id, &format!("short-{trace}"));
        let trace_id = TraceId(u128::from(trace).to_be_bytes());
        all.extend((1..4).map(|id| Span { trace_id, span_id: SpanId(id), ..short(id) }));
    }
    rng.shuffle(&mut all);
    all.chunks(11).map(<[Span]>::to_vec).collect()
}

/// What makes findings come, and with them lines above the list.
fn merged() -> Vec<Batch> {
    let mut all = Vec::new();
    let file = File::open("tests/captures/flask-1.29-sigkill/capture.jsonl").unwrap();
    dump::read(file, "merged", None, &mut |batch| {
        all.push(batch);
        ControlFlow::Continue(())
    })
    .unwrap();
    all
}

/// The line of the selected row on the screen, and which trace is shown beside it.
fn selected(stage: &mut Stage) -> (u16, String) {
    let (y, _) = stage.selected_lines().into_iter().next().unwrap();
    let text = stage.text();
    let (_, trace) = text.split_once(" Trace ").unwrap();
    (y, trace.split_whitespace().next().unwrap().to_owned())
}

#[test]
fn whatever_arrives_the_selected_trace_stays_on_its_line() {
    for seed in 0..6 {
        let mut rng = Rng::with_seed(seed);
        let mut stage = Stage::new([(140, 42), (200, 50)][seed as usize % 2], &[]);
        let (mut batches, mut captured) = (spans(&mut rng), merged().into_iter());
        // From the first key on nothing is chosen for the user.
        stage.live("shop", batches.pop().unwrap());
        stage.act(&[Action::Down, Action::Up]);
        let mut done = Vec::new();
        while let Some(batch) = batches.pop() {
            for _ in 0..rng.usize(1..4) {
                let action = ACTIONS[rng.usize(..ACTIONS.len())];
                stage.act(&[action]);
                done.push(action);
            }
            let following = stage.text().contains("following");
            let before = selected(&mut stage);
            stage.live("shop", batch);
            if rng.u8(0..3) == 0
                && let Some(batch) = captured.next()
            {
                stage.session.take(Batch { arrived_ns: NOW_NS, ..batch });
            }
            let after = selected(&mut stage);
            // What has moved up in the order may have fewer rows above it than before.
            let topmost = !stage.list()[0].contains('↑');
            let kept = after.0 == before.0 || topmost && after.0 < before.0;
            assert!(
                following || before.1 == after.1 && kept,
                "seed {seed}: {before:?} → {after:?} after {done:?}"
            );
        }
    }
}

/// The line and the words of the selected row, and the span in the detail.
fn read(stage: &mut Stage) -> (u16, String, String) {
    let (y, row) = stage.selected_lines().into_iter().next().unwrap();
    let text = stage.text();
    let span = text.split_once("  span ").map(|(_, id)| id.chars().take(16).collect()).unwrap_or_default();
    (y, row, span)
}

#[test]
fn whatever_arrives_the_span_that_is_read_stays_where_it_is() {
    for size in [(80, 24), (140, 42)] {
        let mut stage = Stage::new(size, &[]);
        let of = |ids: std::ops::Range<u64>| ids.map(|id| span(id, 1, id, "work")).collect::<Vec<_>>();
        stage.live("shop", [vec![span(1, 0, 0, "job")], of(2..6)].concat());
        stage.act(&[Action::Follow, Action::Open, Action::Down, Action::Down]);
        let before = read(&mut stage);
        assert!(before.1.contains("work"), "{before:?}");
        for id in 20..30_u64 {
            let trace_id = TraceId(u128::from(id).to_be_bytes());
            stage.live("shop", vec![Span { trace_id, ..span(id, 0, 0, "other") }]);
        }
        assert_eq!(read(&mut stage), before, "traces came, and nobody follows any more");
        for batch in merged() {
            stage.session.take(Batch { arrived_ns: NOW_NS, ..batch });
        }
        stage.wait(2);
        assert!(stage.text().contains("unrelated requests share one trace"), "{}", stage.text());
        assert_eq!(read(&mut stage), before, "a finding came:\n{}", stage.text());
        // So many that they would be one row.
        stage.live("shop", of(6..9));
        let (y, row, span) = read(&mut stage);
        assert_eq!((y, &span), (before.0, &before.2), "{}", stage.text());
        assert!(row.contains("work") && !row.contains('\u{d7}'), "{row}");
        // The headlines have their room where the screen changes anyway.
        stage.act(&[Action::Back]);
        assert!(stage.text().contains("fix: upgrade to"), "{}", stage.text());
    }
}
