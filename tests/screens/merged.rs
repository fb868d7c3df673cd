//! Merged traces, un-merged, and parents that are missing.

use crate::golden::check;
use crate::stage::{MERGED, SIZES, Stage};
use otoscope::tui::keymap::Action;

#[test]
fn a_merged_trace_is_shown_un_merged_without_a_key() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), MERGED);
        let text = stage.text();
        assert!(text.contains("24 requests") && text.contains("INTERNAL→SERVER"), "{text}");
        check(&format!("merged-{columns}x{rows}"), &mut stage);
    }
}

#[test]
fn the_raw_tree_is_one_key_away() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    stage.act(&[Action::Open, Action::Unmerge]);
    assert!(stage.text().contains("as recorded (u: un-merge)"));
    check("as-recorded-140x42", &mut stage);
    stage.act(&[Action::Unmerge]);
    assert!(stage.text().contains("un-merged (u: as recorded)"));
}

#[test]
fn every_kind_of_merge_is_shown_un_merged() {
    for (capture, words) in [
        (
            "fixed-remote-parent",
            &["62 requests, un-merged", "in another process, not received, named for"][..],
        ),
        ("seeded-ids", &["2 requests, un-merged"]),
        ("seeded-traces", &["2 requests, un-merged"]),
        // The first request was not cut from anything, and is the longest: the scale reaches to its end.
        ("uvicorn-keepalive-users", &["7 requests, un-merged", "3.24 ms duration"]),
        ("jobs-merged", &["12 requests, un-merged", "◆   work off"]),
        ("axum-startup-hub", &["20 requests, un-merged", "◆   startup"]),
    ] {
        let text = Stage::new((140, 42), &[capture]).text();
        for word in words {
            assert!(text.contains(word), "{capture}: no {word} in\n{text}");
        }
    }
}

#[test]
fn the_tree_the_pane_and_the_finding_give_one_cause_of_a_missing_parent() {
    let cause = "lost with its process: stopped or killed";
    let mut stage = Stage::new((200, 50), &["killed-before-flush"]);
    stage.act(&[Action::Tab(1)]);
    let (_, y) = stage.find("missing-local-parent");
    stage.click(2, y);
    if !stage.text().contains(cause) {
        stage.act(&[Action::Unfold]);
    }
    assert!(stage.text().contains(cause), "{}", stage.text());
    // The first span under a missing parent is shown; the parent is the row above it.
    stage.act(&[Action::Open, Action::Open, Action::First]);
    let screen = stage.text();
    assert!(screen.matches(cause).count() >= 2, "a row and the pane:\n{screen}");
    assert!(!screen.contains("its process went on"), "{screen}");
}
