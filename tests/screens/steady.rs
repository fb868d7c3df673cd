//! Keys in any order while spans arrive: what is selected stays selected, on its line.

use super::{NOW_NS, Stage, binding, span};
use fastrand::Rng;
use otoscope::dump;
use otoscope::model::{Batch, Span, SpanId, StatusCode, TraceId};
use otoscope::tui::keymap::Action;
use std::fs::File;
use std::ops::ControlFlow;

/// What is done to list and tree in between.
const ACTIONS: &[Action] = &[
    Action::Down,
    Action::Down,
    Action::Up,
    Action::PageDown,
    Action::PageUp,
    Action::First,
    Action::Last,
    Action::Fold,
    Action::Unfold,
    Action::FoldLevel,
    Action::UnfoldLevel,
    Action::FoldAll,
    Action::UnfoldAll,
    Action::Repeats,
    Action::Unmerge,
    Action::NextError,
    Action::PreviousFinding,
    Action::NextMatch,
    Action::HideRest,
    Action::CriticalPath,
    Action::ZoomToSpan,
    Action::ZoomCloser,
    Action::ZoomOut,
    Action::PanLeft,
    Action::NextPane,
    Action::PreviousPane,
    Action::Sort,
    Action::InvertSort,
    Action::Pin,
    Action::Mark,
];

/// Spans of some traces, in an order in which no sender would send them: many siblings, some of which failed, under a
/// deep chain, and short traces.
fn spans(rng: &mut Rng) -> Vec<Vec<Span>> {
    let mut all = Vec::new();
    for id in 1..60_u64 {
        all.push(span(id, id - 1, id, &format!("deep-{}", id % 7)));
    }
    for id in 100..400_u64 {
        let mut one = span(id, 3 + id % 3 * 20, id, ["query", "query", "query", "render"][(id % 4) as usize]);
        if id % 37 == 0 {
            one.status = StatusCode::Error;
        }
        all.push(one);
    }
    for trace in 1..40_u64 {
        for id in 1..4 {
            let one = span(id, id - 1, trace * 9 + id, &format!("short-{trace}"));
            all.push(Span { trace_id: TraceId(u128::from(trace).to_be_bytes()), span_id: SpanId(id), ..one });
        }
    }
    rng.shuffle(&mut all);
    all.chunks(11).map(<[Span]>::to_vec).collect()
}

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

/// The line of the selected row of the pane that has the keys, and its name.
fn selected(stage: &mut Stage) -> Option<(u16, String)> {
    let (y, line) = stage.selected_lines().into_iter().next()?;
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(');
    Some((y, line.split("  ").next().unwrap_or_default().split(" ×").next().unwrap_or_default().to_owned()))
}

#[test]
fn keys_in_any_order_never_lose_what_is_selected() {
    let seeds = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let from = std::env::var("FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut wrong = Vec::new();
    for seed in from..from + seeds {
        let mut rng = Rng::with_seed(seed);
        let size = [(80, 24), (120, 40), (140, 42), (200, 50)][seed as usize % 4];
        let mut stage = Stage::new(size, &[]);
        let mut batches = spans(&mut rng);
        let mut captured = merged().into_iter();
        stage.live("shop", batches.pop().unwrap());
        let mut done = vec![];
        while let Some(batch) = batches.pop() {
            for _ in 0..rng.usize(1..4) {
                let action = ACTIONS[rng.usize(..ACTIONS.len())];
                if binding(action, stage.app.context()).works_in(stage.app.context()) {
                    stage.act(&[action]);
                    done.push(action);
                }
                if rng.u8(0..24) == 0 {
                    stage.act(&[Action::Search]);
                    stage.write(["query", "status=error", "short", "GET"][rng.usize(..4)]);
                    stage.act(&[Action::Open]);
                    done.push(Action::Search);
                }
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
            if before != after && !following {
                let last = &done[done.len().saturating_sub(8)..];
                wrong.push(format!("seed {seed} {size:?}: {before:?} → {after:?} after {last:?}"));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
