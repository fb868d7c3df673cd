//! Two traces or requests side by side.

use crate::golden::check;
use crate::made::span;
use crate::stage::{SIZES, Stage};
use crossterm::event::{MouseButton, MouseEventKind};
use otoscope::model::{Span, TraceId};
use otoscope::store::{Store, TraceIx, View};
use otoscope::tui::Look;
use otoscope::tui::keymap::{Action, Context};

#[test]
fn two_traces_are_compared_by_their_structure() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["mesh"]);
        stage.act(&[Action::Compare]);
        assert!(stage.text().contains("is kept"), "{}", stage.text());
        stage.act(&[Action::Down, Action::Down, Action::Compare, Action::NextDifference]);
        assert_eq!(stage.app.context(), Context::Compare);
        check(&format!("compare-{columns}x{rows}"), &mut stage);
    }
    let mut stage = Stage::with_look((80, 24), &["mesh"], Look::new(false, true));
    stage.act(&[Action::Compare, Action::Down, Action::Compare]);
    assert!(stage.text().is_ascii());
    check("compare-ascii-80x24", &mut stage);
    let rows = |stage: &mut Stage| stage.text().lines().filter(|line| line.starts_with(" -")).count();
    let all = rows(&mut stage);
    stage.act(&[Action::Fold]);
    assert!(rows(&mut stage) < all, "{}", stage.text());
    stage.act(&[Action::NextDifference]);
    assert!(rows(&mut stage) > 1, "what is folded away is unfolded: {}", stage.text());
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree, "Enter goes to the span: {}", stage.text());
    stage.act(&[Action::Back]);
    assert_eq!(stage.app.context(), Context::Compare, "and back leads to the comparison");
}

#[test]
fn two_marked_traces_are_compared() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Mark, Action::Down, Action::Mark, Action::Compare]);
    assert_eq!(stage.app.context(), Context::Compare, "{}", stage.text());
}

#[test]
fn two_requests_of_one_trace_are_compared() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    stage.act(&[Action::Open, Action::Down, Action::Compare, Action::Last, Action::Compare]);
    let text = stage.text();
    assert!(text.matches("request of ").count() == 2, "{text}");
    stage.act(&[Action::Back]);
    assert_eq!(stage.app.context(), Context::Tree);
    stage.act(&[Action::Compare, Action::Compare]);
    assert!(stage.text().contains("no longer kept"), "{}", stage.text());
}

#[test]
fn a_trace_compared_with_itself_has_no_difference() {
    let mut stage = Stage::new((140, 42), &["express"]);
    let mut again = Vec::new();
    for id in 1..=2_u8 {
        let trace_id = TraceId([id + 40; 16]);
        again.push(Span { trace_id, ..span(1000 + u64::from(id), 0, 5, "job") });
        again.push(Span { trace_id, ..span(2000 + u64::from(id), 1000 + u64::from(id), 6, "step") });
    }
    stage.take(again);
    stage.act(&[Action::Last, Action::Compare, Action::Up, Action::Compare]);
    let text = stage.text();
    assert!(text.contains("the same spans, kinds and errors"), "{text}");
    stage.act(&[Action::NextDifference]);
    assert!(stage.text().contains("no difference after this one"), "{}", stage.text());
}

#[test]
fn a_click_on_a_marker_folds_both_sides() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Compare, Action::Down, Action::Down, Action::Compare]);
    let rows = |stage: &mut Stage| stage.text().lines().filter(|line| !line.trim().is_empty()).count();
    let all = rows(&mut stage);
    let (x, y) = stage.find("▾ ");
    stage.click(x, y);
    assert!(rows(&mut stage) < all, "{}", stage.text());
    stage.click(x + 1, y);
    assert_eq!(rows(&mut stage), all, "{}", stage.text());
    assert_eq!(stage.app.context(), Context::Compare);
}

/// Siblings of one name that start in the same moment, in another order in either trace.
fn crosswise(id: u8, order: [u64; 2]) -> Vec<Span> {
    let of = |span: Span| Span { trace_id: TraceId([id; 16]), ..span };
    let mut all = vec![of(span(1, 0, 0, "GET /"))];
    for (below, own) in ["jsonParser", "request handler"].into_iter().zip(order) {
        all.push(of(span(10 + own, 1, 1, "middleware")));
        all.push(of(span(20 + own, 10 + own, 2, below)));
        all.push(of(span(30 + own, 20 + own, 2, "leaf")));
    }
    all
}

#[test]
fn of_siblings_of_one_name_those_are_compared_that_have_the_same_below_them() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take(crosswise(41, [1, 2]));
    stage.take(crosswise(42, [2, 1]));
    stage.act(&[Action::First, Action::Compare, Action::Down, Action::Compare]);
    let text = stage.text();
    assert!(text.contains("the same spans, kinds and errors"), "{text}");
}

/// The names of a trace's spans and of all above each, sorted.
fn paths(store: &Store, trace: TraceIx) -> Vec<String> {
    let view = View::Recorded;
    let first = store.first_row(trace, view);
    let mut open: Vec<_> = std::iter::successors(first, |at| store.next_sibling(*at, view)).collect();
    let mut all = Vec::new();
    while let Some(at) = open.pop() {
        open.extend(std::iter::successors(store.first_child(at, view), |at| store.next_sibling(*at, view)));
        let up = std::iter::successors(Some(at), |at| store.parent_row(*at, view));
        all.push(
            up.map(|at| format!("{} {}", store.service(at), store.name(at))).collect::<Vec<_>>().join("/"),
        );
    }
    all.sort();
    all
}

/// Whichever order a clock of a millisecond puts them in.
#[test]
fn no_span_of_equal_traces_is_in_one_only() {
    for capture in ["express", "express-hop"] {
        let mut stage = Stage::new((140, 42), &[capture]);
        let store = &stage.session.store;
        let all: Vec<Vec<String>> = store.traces().map(|trace| paths(store, trace)).collect();
        let mut equal = 0;
        for at in 1..all.len() {
            stage.act(&[Action::First, Action::Compare]);
            (0..at).for_each(|_| stage.act(&[Action::Down]));
            stage.act(&[Action::Compare]);
            let text = stage.text();
            assert_eq!(text.contains("only in"), all[at] != all[0], "{capture} {at}: {text}");
            equal += usize::from(all[at] == all[0]);
            stage.act(&[Action::Back]);
        }
        assert!(equal > 2, "{capture}: {equal}");
    }
}

#[test]
fn above_the_rows_a_click_chooses_a_side_and_does_nothing_else() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["mesh", "flask-1.29-sigint"]);
        stage.act(&[Action::First, Action::Compare, Action::Down, Action::Down, Action::Compare]);
        let side = |stage: &mut Stage| {
            let text = stage.text();
            let marked: Vec<usize> = text
                .lines()
                .enumerate()
                .skip(1)
                .take(2)
                .filter(|(_, line)| line.starts_with('▌'))
                .map(|(y, _)| y)
                .collect();
            assert_eq!(stage.app.context(), Context::Compare, "{text}");
            marked
        };
        for y in [1, 2, 1, 0, 3, 4] {
            for x in (0..columns).step_by(9).chain([columns - 1]) {
                stage.click(x, y);
                assert_eq!(side(&mut stage), [if y == 2 { 2 } else { 1 }], "{x} {y}");
            }
        }
        stage.mouse(MouseEventKind::Down(MouseButton::Right), columns - 2, 0);
        assert_eq!(stage.app.context(), Context::Menu, "what can be done here is offered");
    }
}
