//! Two traces or requests side by side.

use crate::golden::check;
use crate::made::span;
use crate::stage::{SIZES, Stage};
use otoscope::model::{Span, TraceId};
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
