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

/// The line of the selected row below the title of the list, which may lose its last lines to a new finding, and which
/// trace is shown beside it.
fn selected(stage: &mut Stage) -> (usize, usize, String) {
    let (y, _) = stage.selected_lines().into_iter().next().unwrap();
    let text = stage.text();
    let title = text.lines().position(|line| line.contains(" Traces ") && line.contains('─')).unwrap();
    let (_, trace) = text.split_once(" Trace ").unwrap();
    let end = text.lines().position(|line| line.starts_with("─ Span ")).unwrap();
    (usize::from(y) - title, end - title - 1, trace.split_whitespace().next().unwrap().to_owned())
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
            let kept = |line: usize| line == before.0.min(after.1) || topmost && line < before.0;
            assert!(
                following || before.2 == after.2 && kept(after.0),
                "seed {seed}: {before:?} → {after:?} after {done:?}"
            );
        }
    }
}
