//! Questions, menus and lines of text: what a plain Enter, a letter and a click beside them do.

use crate::golden::check;
use crate::made::trace;
use crate::stage::{Stage, key, write_line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::tui::keymap::{Action, Context};
use otoscope::tui::{Feed, Flow};

/// A few traces, all of them read.
fn few(size: (u16, u16), count: u64) -> Stage {
    let mut stage = Stage::new(size, &[]);
    for id in 1..=count {
        stage.live("api", trace(id, &format!("job-{id:02}"), 3, id));
    }
    stage.wait(3);
    stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    stage
}

/// A click that may end all.
fn press_at(stage: &mut Stage, column: u16, row: u16) -> Flow {
    let kind = MouseEventKind::Down(MouseButton::Left);
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    stage.app.mouse(event, &stage.session, &stage.status)
}

#[test]
fn one_trace_is_deleted_at_once_and_more_are_kept_unless_the_answer_is_yes() {
    let mut stage = few((80, 24), 5);
    let count = |stage: &Stage| stage.session.store.trace_count();
    stage.act(&[Action::First, Action::Delete]);
    assert!(stage.text().contains("deleted: job-01 of api (3 spans)"), "{}", stage.text());
    stage.act(&[Action::Mark, Action::Mark, Action::Delete]);
    assert!(
        stage.text().contains("n  keep them") && stage.text().contains("y  delete what is marked, 2 traces")
    );
    check("delete-question-80x24", &mut stage);
    stage.press(key(KeyCode::Enter));
    assert_eq!((count(&stage), stage.app.context()), (4, Context::Traces), "Enter keeps them");
    assert!(stage.text().contains("nothing was deleted"), "{}", stage.text());
    for answer in [KeyCode::Esc, KeyCode::Char('n'), KeyCode::Char('q')] {
        stage.act(&[Action::Delete]);
        stage.press(key(answer));
        assert_eq!((count(&stage), stage.app.context()), (4, Context::Traces), "{answer:?}");
    }
    stage.act(&[Action::Delete]);
    stage.press(key(KeyCode::Char('d')));
    assert_eq!(stage.app.context(), Context::Menu, "another letter is no answer, and hides none");
    assert!(stage.text().contains("delete what is marked, 2 traces"), "{}", stage.text());
    stage.press(key(KeyCode::Char('y')));
    assert_eq!(count(&stage), 2);
    assert!(stage.text().contains("deleted: 2 traces"), "{}", stage.text());
    stage.act(&[Action::Clear]);
    stage.press(key(KeyCode::Enter));
    assert_eq!(count(&stage), 2);
    stage.act(&[Action::Clear]);
    stage.press(key(KeyCode::Char('y')));
    assert_eq!(count(&stage), 0);
}

#[test]
fn a_click_beside_what_lies_over_the_tab_closes_it_and_does_nothing_else() {
    let mut stage = few((80, 24), 5);
    stage.act(&[Action::Mark, Action::Mark]);
    let bare = stage.text();
    // Tabs and counts, where the header shows them; what is no key in the last line.
    for opens in [
        Action::Palette,
        Action::Help,
        Action::Copy,
        Action::Save,
        Action::Delete,
        Action::Clear,
        Action::Filter,
    ] {
        for (x, y) in [(2, 23), (2, 0), (76, 0), (0, 2), (0, 12)] {
            stage.act(&[opens]);
            if opens == Action::Filter && y == 23 {
                stage.act(&[Action::Back]);
                continue;
            }
            assert_ne!(stage.app.context(), Context::Traces, "{opens:?}");
            assert_eq!(press_at(&mut stage, x, y), Flow::Continue, "{opens:?} {x} {y}");
            assert_eq!(stage.app.context(), Context::Traces, "{opens:?} {x} {y}: {}", stage.text());
            stage.press(key(KeyCode::Modifier(crossterm::event::ModifierKeyCode::LeftShift)));
            assert_eq!(stage.session.store.trace_count(), 5);
            stage.act(&[Action::Redraw]);
        }
    }
    let head = |text: &str| text.lines().take(8).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(head(&stage.text()), head(&bare));
    assert_eq!(press_at(&mut stage, 76, 23), Flow::Quit);
    stage.act(&[Action::Palette]);
    assert!(stage.text().ends_with("Ctrl-c quit\n"), "{}", stage.text());
    assert_eq!(press_at(&mut stage, 76, 23), Flow::Quit, "a hint does what its key does");
}

#[test]
fn headlines_counts_and_numbers_of_rows_are_buttons() {
    for (columns, rows) in [(80, 24), (200, 50)] {
        let mut stage = Stage::new((columns, rows), &["flask-1.30", "flask-1.29-sigint", "express"]);
        let (x, y) = stage.find("24 unrelated");
        stage.click(x, y);
        assert_eq!(stage.app.context(), Context::Findings, "{}", stage.text());
        stage.act(&[Action::Tab(0)]);
        let (x, y) = stage.find("✖ ");
        assert_eq!(y, 0);
        stage.click(x, y);
        assert_eq!(stage.app.context(), Context::Findings);
        stage.act(&[Action::Tab(0)]);
        let (x, y) = stage.find("refused ");
        stage.click(x, y);
        assert_eq!(stage.app.context(), Context::Receiver);
        stage.act(&[Action::Tab(0)]);
    }
    let mut stage = few((80, 24), 40);
    stage.act(&[Action::First]);
    let (x, y) = stage.find("more ─");
    let before = stage.list();
    stage.click(x, y);
    assert!(stage.list() != before && stage.list()[0].contains('↑'), "{:?}", stage.list());
    let (x, y) = stage.find("↑");
    stage.click(x, y);
    assert_eq!(stage.list()[2..5], before[2..5]);
}

#[test]
fn a_prefilled_line_is_replaced_by_what_is_typed_and_edited_after_an_arrow() {
    let mut stage = few((140, 42), 5);
    stage.act(&[Action::Save, Action::Open]);
    assert!(stage.text().contains("Ctrl-u clears"), "{}", stage.text());
    assert!(
        stage.selected_lines().iter().any(|(_, line)| line.starts_with("trace-") && line.contains(".jsonl"))
    );
    stage.write("foo.jsonl");
    stage.act(&[Action::Open]);
    assert_eq!(stage.outside.saved.pop().unwrap().name, "foo.jsonl");
    stage.act(&[Action::Save, Action::Open]);
    stage.press(key(KeyCode::Backspace));
    stage.write("l.gz");
    stage.act(&[Action::Open]);
    let name = stage.outside.saved.pop().unwrap().name;
    assert!(name.starts_with("trace-") && name.ends_with(".jsonl.gz"), "{name}");
    stage.act(&[Action::Save, Action::Open]);
    stage.press(key(KeyCode::Home));
    stage.write("my-");
    stage.act(&[Action::Open]);
    assert!(stage.outside.saved.pop().unwrap().name.starts_with("my-trace-"));
    // A filter that is set already.
    stage.act(&[Action::Filter]);
    stage.write("job-01");
    stage.act(&[Action::Open, Action::Filter]);
    stage.write("job-02");
    stage.act(&[Action::Open]);
    assert!(stage.list()[0].contains("1 of 5 · /job-02"), "{:?}", stage.list());
    stage.act(&[Action::Filter]);
    stage.app.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL), &stage.session, &stage.status);
    stage.act(&[Action::Open]);
    assert!(!stage.list()[0].contains('/'), "{:?}", stage.list());
    stage.act(&[Action::Filter]);
    write_line(&mut stage, "job-03");
    stage.act(&[Action::Open, Action::Filter]);
    stage.app.paste("job-04", &stage.session, &stage.status);
    stage.act(&[Action::Open]);
    assert!(stage.list()[0].contains("1 of 5 · /job-04"), "{:?}", stage.list());
}

#[test]
fn hints_are_of_what_does_something_now_the_most_general_first() {
    let foot = |stage: &mut Stage| stage.text().lines().last().unwrap().to_owned();
    let mut stage = few((80, 24), 5);
    let line = foot(&mut stage);
    assert!(line.contains("/ filter") && line.contains("? help"), "{line}");
    assert!(
        !line.contains("un-merge") && !line.contains("next finding") && !line.contains("follow"),
        "{line}"
    );
    stage.act(&[Action::Open]);
    let line = foot(&mut stage);
    assert!(line.contains("/ search") && !line.contains("un-merge"), "{line}");
    let mut merged = Stage::new((80, 24), &["flask-1.29-sigint"]);
    let line = foot(&mut merged);
    assert!(line.contains("/ filter  u un-merge"), "{line}");
}

#[test]
fn nothing_is_followed_where_nothing_can_come() {
    let mut stage = few((140, 42), 5);
    stage.act(&[Action::Last]);
    assert!(!stage.text().contains("following"), "{}", stage.text());
    stage.act(&[Action::Open, Action::Last]);
    assert!(!stage.text().contains("following"), "{}", stage.text());
    stage.act(&[Action::Back]);
    for done in [false, true] {
        stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done };
        assert_eq!(stage.text().contains("following"), !done, "{}", stage.text());
    }
}

#[test]
fn two_marked_traces_are_compared_in_the_order_of_marking_and_no_other_number_is() {
    let mut stage = few((140, 42), 5);
    stage.act(&[Action::First, Action::Mark, Action::Mark, Action::Mark, Action::Mark, Action::Compare]);
    assert!(stage.text().contains("two traces must be marked to compare them, 4 are"), "{}", stage.text());
    assert_eq!(stage.app.context(), Context::Traces);
    stage.act(&[Action::MarkAll, Action::First, Action::Down, Action::Down, Action::Mark, Action::Compare]);
    assert!(stage.text().contains("compare them, 1 is"), "{}", stage.text());
    stage.act(&[Action::First, Action::Mark, Action::Compare]);
    assert_eq!(stage.app.context(), Context::Compare, "{}", stage.text());
    let (left, right) = (stage.find("job-03").1, stage.find("job-01").1);
    assert!(left < right, "what was marked first is the first side:\n{}", stage.text());
}

#[test]
fn the_list_has_a_third_of_a_screen_and_keeps_it() {
    for (columns, rows) in [(100, 30), (110, 32), (80, 24), (100, 50)] {
        let mut stage = few((columns, rows), 60);
        stage.take(trace(99, "big", 90, 3));
        stage.act(&[Action::First]);
        let trace = |stage: &mut Stage| stage.find(" Trace ").1;
        let (list, tree) = (stage.find("Traces ─").1, trace(&mut stage));
        assert!(3 * (tree - list) + 3 >= rows - 4, "{columns}x{rows}: {}", stage.text());
        assert_eq!(stage.text().contains(" Span "), rows >= 30, "{}", stage.text());
        stage.act(&[Action::Last]);
        assert_eq!(trace(&mut stage), tree, "{}", stage.text());
    }
    // No more lines than there are traces, where no more come.
    let mut stage = few((100, 30), 3);
    assert_eq!(stage.find(" Trace ").1 - stage.find("Traces ─").1, 5, "{}", stage.text());
}

/// What is to be done often comes last.
#[test]
fn a_long_sentence_has_as_many_lines_as_it_takes() {
    let mut stage = few((80, 24), 3);
    stage.app.say(
        "not saved: nowhere/a.jsonl cannot be written: No such file or directory (os error 2), so make it"
            .to_owned(),
    );
    let text = stage.text();
    assert!(text.contains("so make it") && text.contains("not saved: nowhere"), "{text}");
    stage.act(&[Action::Down]);
    assert!(!stage.text().contains("not saved") && stage.text().contains("q quit"), "{}", stage.text());
}

#[test]
fn a_question_says_all_of_what_is_at_stake() {
    for size in [(60, 12), (80, 24), (200, 50)] {
        let mut stage = few(size, 30);
        stage.act(&[Action::First, Action::MarkAll, Action::Pin, Action::Filter]);
        stage.write("job-2");
        stage.act(&[Action::Open, Action::Delete]);
        let text = stage.text();
        let (x, _) = stage.find("╭─ Delete?");
        let within = |line: &str| {
            let right: String = line.chars().skip(x.into()).collect();
            Some(right.strip_prefix("│ ")?.split('│').next()?.trim().to_owned())
        };
        let words = text.lines().filter_map(within).collect::<Vec<_>>().join(" ");
        assert!(words.contains("delete what is marked, 29 traces") && !words.contains('…'), "{text}");
        for said in [
            "10 of them in this list",
            "1 more is pinned and stays",
            "the findings and counts of what is deleted stay",
        ] {
            assert!(words.contains(said), "{said}: {text}");
        }
        let (x, y) = stage.find("n  keep them");
        stage.click(x, y);
        assert!(stage.text().contains("nothing was deleted"), "{}", stage.text());
        stage.act(&[Action::Delete]);
        let (x, y) = stage.find("y  delete");
        stage.click(x, y);
        assert_eq!(stage.session.store.trace_count(), 1, "{}", stage.text());
    }
}

#[test]
fn nothing_is_cut_in_a_menu_while_there_are_blanks_beside_it() {
    let mut stage = few((200, 50), 3);
    stage.act(&[Action::Palette]);
    stage.write("colours");
    let text = stage.text();
    assert!(text.contains("the terminal's own sixteen colours, on a light background"), "{text}");
    assert!(text.contains("any colour vision (Okabe and Ito), on dark and on light"), "{text}");
    let mut stage = few((80, 24), 3);
    stage.act(&[Action::Palette]);
    stage.write("colours: terminal");
    let text = stage.text();
    assert!(text.contains("colours: terminal  the terminal's own"), "{text}");
}

#[test]
fn what_is_done_to_a_trace_is_found_by_name_in_the_list_too() {
    for size in [(80, 24), (200, 50)] {
        let mut stage = few(size, 2);
        stage.act(&[Action::First, Action::Palette]);
        stage.write("icicle");
        assert!(stage.text().contains("in the trace: "), "{}", stage.text());
        stage.press(key(KeyCode::Enter));
        stage.settle();
        assert_eq!(stage.app.context(), Context::Icicle, "{}", stage.text());
    }
    // What the list can do itself is there once.
    let mut stage = few((200, 50), 2);
    stage.act(&[Action::First, Action::Palette]);
    stage.write("pin");
    assert!(!stage.text().contains("in the trace: "), "{}", stage.text());
}
