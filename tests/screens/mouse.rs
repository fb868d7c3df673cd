//! By mouse alone, by a key that means nothing, by name; held, and as it was left.

use crate::made::{span, trace};
use crate::stage::{NOW_NS, Stage, write_line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEventKind};
use otoscope::model::TraceId;
use otoscope::tui::keymap::{Action, Context};
use otoscope::tui::{Feed, Flow, Remembered};

const RIGHT: MouseEventKind = MouseEventKind::Down(MouseButton::Right);

/// A few traces of one span each.
fn few(stage: &mut Stage, ids: std::ops::Range<u8>) {
    for id in ids {
        let trace_id = TraceId([id; 16]);
        stage.take(vec![otoscope::model::Span {
            trace_id,
            ..span(u64::from(id), 0, 5, &format!("job-{id}"))
        }]);
    }
}

fn press(stage: &mut Stage, code: KeyCode) -> Flow {
    let flow = stage.app.key(KeyEvent::new(code, KeyModifiers::NONE), &stage.session, &stage.status);
    stage.app.settle(&mut stage.session, &mut stage.outside);
    stage.draw();
    flow
}

/// Where a hint is on the last line.
fn hint(stage: &mut Stage, words: &str) -> (u16, u16) {
    let screen = stage.text();
    let (y, line) = screen.lines().enumerate().last().unwrap();
    let x = line.find(words).unwrap_or_else(|| panic!("no {words} in {line}"));
    (line[..x].chars().count() as u16, y as u16)
}

#[test]
fn the_hints_of_the_footer_can_be_clicked() {
    let mut stage = Stage::new((140, 42), &["flask-1.30"]);
    let (x, y) = hint(&mut stage, "? help");
    stage.click(x + 3, y);
    assert_eq!(stage.app.context(), Context::Help);
    let (x, y) = hint(&mut stage, "Esc close");
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Traces);
    let (x, y) = hint(&mut stage, "Enter open");
    stage.click(x - 1, y);
    assert_eq!(stage.app.context(), Context::Traces, "between two hints there is none");
    stage.click(x + 9, y);
    assert_eq!(stage.app.context(), Context::Tree);
    let (x, y) = hint(&mut stage, "Esc back");
    stage.click(x, y);
    let wide = &mut Stage::new((240, 50), &["flask-1.30"]);
    let (x, y) = hint(wide, "/ filter");
    wide.click(x, y);
    assert_eq!(wide.app.context(), Context::Prompt);
    wide.click(5, 10);
    assert_eq!(wide.app.context(), Context::Traces, "a click elsewhere leaves the line");
    let (x, y) = hint(wide, ": commands");
    wide.click(x, y);
    assert_eq!(wide.app.context(), Context::Menu);
    let (x, y) = wide.find(" Commands ");
    wide.click(x, y);
    assert_eq!(wide.app.context(), Context::Menu, "within, but on no choice");
    wide.click(1, 1);
    assert_eq!(wide.app.context(), Context::Traces);
    // The last: it ends all.
    let (x, y) = hint(&mut stage, "q quit");
    let down = crossterm::event::MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: x,
        row: y,
        modifiers: KeyModifiers::NONE,
    };
    assert_eq!(stage.app.mouse(down, &stage.session, &stage.status), Flow::Quit);
}

#[test]
fn a_second_click_opens_what_the_first_selected() {
    let mut stage = Stage::new((140, 42), &[]);
    few(&mut stage, 1..6);
    let (x, y) = stage.find("job-1");
    stage.click(x, y);
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Tree, "a double click on what is selected opens it once");
    stage.act(&[Action::Back]);
    let (x, y) = stage.find("job-3");
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Traces);
    assert!(stage.selected_lines()[0].1.contains("job-3"));
    stage.mouse(MouseEventKind::Down(MouseButton::Left), x, y);
    stage.mouse(MouseEventKind::Up(MouseButton::Left), x + 9, y + 3);
    assert_eq!(stage.app.context(), Context::Traces, "drawn away before it was let go");
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Tree);
    // In the tree, first what has no keys is given them.
    stage.act(&[Action::Back]);
    let line = stage.text().lines().position(|line| line.contains("│") && line.contains("job-3")).unwrap();
    let tree = (100, line as u16);
    stage.click(tree.0, tree.1);
    assert_eq!(stage.app.context(), Context::Tree);
    stage.click(tree.0, tree.1);
    assert_eq!(stage.app.context(), Context::Detail);
}

#[test]
fn a_second_click_on_a_finding_goes_to_its_spans() {
    let mut stage = Stage::new((140, 42), &["unknown-service"]);
    stage.act(&[Action::Tab(1)]);
    let (_, y) = stage.find("unknown-service");
    stage.click(8, y);
    assert_eq!(stage.app.context(), Context::Findings);
    stage.click(8, y);
    assert_eq!(stage.app.context(), Context::Tree, "{}", stage.text());
}

#[test]
fn the_right_button_offers_what_can_be_done_with_what_is_below_it() {
    let mut stage = Stage::new((140, 42), &[]);
    few(&mut stage, 1..6);
    stage.act(&[Action::Open]);
    let (x, y) = stage.find("job-4");
    stage.mouse(RIGHT, x, y);
    assert_eq!(stage.app.context(), Context::Menu);
    let screen = stage.text();
    assert!(screen.contains("list only the traces that match"), "{screen}");
    // What cannot do anything to it is not offered, nor is what only moves or what works everywhere.
    for other in
        ["un-merge", "in a replay", "one row down", "the next pane", "the tab of logs", "list all traces"]
    {
        assert!(!screen.contains(other), "{other} in\n{screen}");
    }
    // Its title says what it acts on.
    assert_eq!(stage.find("job-4 of unknown_service (1 span)"), (x + 3, y + 1), "below it:\n{screen}");
    assert!(stage.find("open the trace").1 < stage.find("pin: neither").1);
    // What was done last does not move.
    let (x_pin, y_pin) = stage.find("pin: neither");
    stage.click(x_pin, y_pin);
    assert!(stage.text().contains("pinned: it is"), "{}", stage.text());
    stage.mouse(RIGHT, x, y);
    assert_eq!(stage.find("pin: neither"), (x_pin, y_pin));
    stage.click(0, 0);
    assert_eq!(stage.app.context(), Context::Traces);
    // At the end of the screen there is no room below.
    let mut low = Stage::new((80, 24), &["flask-1.30"]);
    low.act(&[Action::Open]);
    let (x, y) = (70, 22);
    low.mouse(RIGHT, x, y);
    assert_eq!(low.app.context(), Context::Menu);
    let (frame, more) = (low.find(" GET / of shop "), low.find(" 6 more ─"));
    assert!(frame.1 < more.1 && more.1 < y, "above it, and it says that there are more: {}", low.text());
    low.mouse(RIGHT, 0, 0);
    assert_eq!(low.app.context(), Context::Tree, "the right button beside it closes it too");
    let (x, y) = stage.find("job-4");
    stage.mouse(RIGHT, x, y);
    stage.click(0, 0);
    assert!(stage.selected_lines()[0].1.contains("job-4"), "{:?}", stage.selected_lines());
    // The head of a column is for the left button.
    let (x, y) = stage.find("root");
    stage.mouse(RIGHT, x, y);
    stage.click(0, 0);
    assert!(!stage.text().contains("sorted by"), "{}", stage.text());
}

/// Neither is about the selected trace.
#[test]
fn the_right_button_on_a_tab_or_a_headline_offers_nothing_of_the_selected_trace() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    for words in ["2 Findings", "24 unrelated requests"] {
        let (x, y) = stage.find(words);
        stage.mouse(RIGHT, x, y);
        assert_eq!(stage.app.context(), Context::Traces, "{words}: {}", stage.text());
    }
}

#[test]
fn a_key_that_means_nothing_says_so() {
    let mut stage = Stage::new((140, 42), &["flask-1.30"]);
    press(&mut stage, KeyCode::Char('d'));
    assert!(stage.text().contains("d does nothing here: ? shows the keys"), "{}", stage.text());
    stage.act(&[Action::Down, Action::Tab(1)]);
    press(&mut stage, KeyCode::Char('/'));
    assert!(stage.text().contains("/ does nothing here"), "{}", stage.text());
    press(&mut stage, KeyCode::Delete);
    assert!(stage.text().contains("Delete does nothing here"), "{}", stage.text());
    press(&mut stage, KeyCode::F(1));
    assert_eq!(stage.app.context(), Context::Help);
    stage.act(&[Action::Back, Action::Palette]);
    press(&mut stage, KeyCode::Tab);
    assert!(!stage.text().contains("does nothing"), "letters are text there: {}", stage.text());
    let all = stage.session.store.trace_count();
    stage.act(&[Action::Back, Action::Tab(0)]);
    press(&mut stage, KeyCode::Delete);
    assert_eq!(stage.session.store.trace_count(), all - 1);
}

#[test]
fn what_others_call_it_is_found_by_name() {
    for (written, context) in
        [("help", Context::Help), ("findings", Context::Findings), ("logs", Context::Logs)]
    {
        let mut stage = Stage::new((140, 42), &["flask-1.30"]);
        stage.act(&[Action::Palette]);
        stage.write(written);
        press(&mut stage, KeyCode::Enter);
        assert_eq!(stage.app.context(), context, "{written}");
    }
    for written in ["q", "quit", "exit"] {
        let mut stage = Stage::new((140, 42), &["flask-1.30"]);
        stage.act(&[Action::Palette]);
        stage.write(written);
        assert_eq!(press(&mut stage, KeyCode::Enter), Flow::Quit, "{written}");
    }
    let mut stage = Stage::new((140, 42), &["flask-1.30"]);
    stage.act(&[Action::Palette]);
    stage.write("theme");
    assert!(stage.text().contains("colours: colour-blind"), "{}", stage.text());
}

#[test]
fn held_nothing_moves_and_nothing_is_lost() {
    let mut stage = Stage::new((140, 42), &[]);
    few(&mut stage, 1..4);
    stage.act(&[Action::Down]);
    let before = stage.selected_lines();
    stage.act(&[Action::Hold]);
    assert_eq!(stage.selected_lines(), before, "the cursor stays");
    assert!(stage.text().lines().nth(1).unwrap().contains("held grpc"), "{}", stage.text());
    few(&mut stage, 4..6);
    assert!(!stage.list().concat().contains("job-4"), "{:?}", stage.list());
    assert!(stage.list()[0].contains("held · 2 new"), "{:?}", stage.list());
    stage.act(&[Action::Sort, Action::Sort]);
    assert!(!stage.list().concat().contains("job-4"), "sorted anew: {:?}", stage.list());
    stage.act(&[Action::Hold]);
    assert!(stage.list().concat().contains("job-4"), "{:?}", stage.list());
    assert!(stage.text().lines().nth(1).unwrap().contains("live grpc"), "{}", stage.text());
    // Followed before, it is followed again; held, it stays where it was.
    let mut stage = Stage::new((140, 42), &[]);
    few(&mut stage, 1..4);
    stage.act(&[Action::Follow]);
    let before = stage.selected_lines();
    stage.act(&[Action::Hold]);
    few(&mut stage, 4..6);
    assert_eq!(stage.selected_lines(), before);
    stage.act(&[Action::Hold]);
    assert!(stage.selected_lines()[0].1.contains("job-5"), "{:?}", stage.selected_lines());
    stage.act(&[Action::Hold]);
    few(&mut stage, 6..7);
    stage.act(&[Action::Follow]);
    assert!(stage.selected_lines()[0].1.contains("job-6"), "who follows holds nothing: {}", stage.text());
}

#[test]
fn a_file_that_is_read_has_nothing_to_hold() {
    let mut stage = Stage::new((140, 42), &["flask-1.30"]);
    stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    let before = stage.selected_lines();
    stage.act(&[Action::Hold]);
    assert_eq!(stage.selected_lines(), before);
    assert!(stage.text().contains("nothing arrives here"), "{}", stage.text());
    assert_eq!(stage.status.now_ns, NOW_NS);
    stage.act(&[Action::Tab(1)]);
    assert!(!stage.text().contains("b baseline"), "{}", stage.text());
    stage.act(&[Action::TakeBaseline]);
    assert!(stage.text().contains("nothing arrives here"), "{}", stage.text());
    assert!(!stage.text().contains("baseline taken"), "{}", stage.text());
}

#[test]
fn a_file_of_which_everything_was_deleted_is_not_said_to_hold_nothing() {
    let mut stage = Stage::new((80, 24), &["flask-1.30"]);
    stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    stage.act(&[Action::Clear]);
    stage.write("y");
    stage.settle();
    stage.draw();
    assert!(stage.text().contains("every span of a.jsonl was deleted"), "{}", stage.text());
    assert!(!stage.text().contains("holds no span"), "{}", stage.text());
    let mut logs = Stage::new((80, 24), &["flask-logs"]);
    logs.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    logs.act(&[Action::Clear]);
    logs.write("y");
    logs.settle();
    logs.act(&[Action::Tab(3)]);
    assert!(logs.text().contains("28 log records were deleted"), "{}", logs.text());
    assert!(!logs.text().contains("There is no log record"), "{}", logs.text());
    let mut empty = Stage::new((80, 24), &[]);
    empty.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    assert!(empty.text().contains("a.jsonl holds no span"), "{}", empty.text());
}

#[test]
fn the_next_session_is_arranged_as_this_one_was_left() {
    let mut stage = Stage::new((140, 42), &["flask-1.30"]);
    stage.act(&[Action::Sort; 4]);
    stage.act(&[Action::InvertSort]);
    assert!(stage.list()[1].contains("span↑"), "{:?}", stage.list());
    let (x, y) = stage.find("┬");
    stage.mouse(MouseEventKind::Down(MouseButton::Left), x, y);
    stage.mouse(MouseEventKind::Drag(MouseButton::Left), x - 9, y);
    stage.mouse(MouseEventKind::Up(MouseButton::Left), x - 9, y);
    stage.act(&[Action::Open, Action::Icicle]);
    let left = Remembered::from_toml(&stage.app.remember().to_toml());
    let mut next = Stage::new((140, 42), &[]);
    next.app.recall(&left);
    next.take(trace(9, "wide", 5, 1));
    next.take(trace(8, "short", 1, 1));
    assert_eq!(next.find("┬").0, x - 9);
    let list = next.list();
    assert!(list[1].contains("span↑"), "{list:?}");
    assert!(list[2].contains("short") && list[3].contains("wide"), "{list:?}");
    next.act(&[Action::Open]);
    assert_eq!(next.app.context(), Context::Icicle);
}

#[test]
fn a_click_on_a_marker_folds_and_unfolds_at_once() {
    let mut stage = crate::waterfall::on_busy_request((140, 42), otoscope::tui::Look::default());
    let (x, y) = stage.find("▸ SELECT basket");
    let rows = |stage: &mut Stage| stage.text().matches("SELECT basket").count();
    stage.click(x, y);
    assert!(rows(&mut stage) > 10, "repeats: {}", stage.text());
    assert_eq!(stage.app.context(), Context::Tree);
    let (x, y) = stage.find("▾ load basket");
    stage.click(x + 1, y);
    assert_eq!(rows(&mut stage), 0, "the cell beside it: {}", stage.text());
    let (x, y) = stage.find("▸ load basket");
    stage.click(x, y);
    assert!(rows(&mut stage) > 10, "{}", stage.text());
    stage.click(x + 4, y);
    assert_eq!(stage.app.context(), Context::Detail, "a second click elsewhere opens it: {}", stage.text());
    // What has no keys is given them by that click, and folds.
    stage.act(&[Action::Back, Action::Back]);
    stage.click(x, y);
    assert_eq!(rows(&mut stage), 0, "{}", stage.text());
    assert_eq!(stage.app.context(), Context::Tree);
    stage.click(x, y);
    let (x, y) = stage.find("▸ events (1)");
    stage.click(x, y);
    assert!(stage.text().contains("▾ events (1)"), "{}", stage.text());
    assert_eq!(stage.app.context(), Context::Detail);
    stage.click(x + 1, y);
    assert!(stage.text().contains("▸ events (1)"), "{}", stage.text());
}

#[test]
fn a_click_on_the_marker_of_a_finding_unfolds_it() {
    let mut stage = Stage::new((140, 42), &["unknown-service"]);
    stage.act(&[Action::Tab(1)]);
    let (x, y) = stage.find("▾ ");
    stage.click(x, y);
    let folded = stage.text();
    assert!(!folded.contains("fix: "), "{folded}");
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Findings);
    assert!(stage.text().contains("fix: "), "{}", stage.text());
    stage.click(x + 3, y);
    assert_eq!(stage.app.context(), Context::Tree, "elsewhere it goes to its spans: {}", stage.text());
}

/// Presses, turns and lets go with a key held down.
fn held(stage: &mut Stage, modifiers: KeyModifiers, kinds: &[MouseEventKind], (column, row): (u16, u16)) {
    for kind in kinds {
        let event = crossterm::event::MouseEvent { kind: *kind, column, row, modifiers };
        stage.app.mouse(event, &stage.session, &stage.status);
        stage.draw();
    }
}

const CLICK: [MouseEventKind; 2] =
    [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left)];

#[test]
fn ctrl_marks_one_trace_and_shift_those_between() {
    let mut stage = Stage::new((140, 42), &[]);
    few(&mut stage, 1..8);
    let (ctrl, shift) = (KeyModifiers::CONTROL, KeyModifiers::SHIFT);
    let place = |stage: &mut Stage, name: &str| stage.find(name);
    let at = place(&mut stage, "job-2");
    held(&mut stage, ctrl, &CLICK, at);
    assert!(stage.list()[0].contains("1 marked"), "{:?}", stage.list());
    assert!(stage.selected_lines()[0].1.contains("job-2"), "{:?}", stage.selected_lines());
    held(&mut stage, ctrl, &CLICK, at);
    assert!(!stage.list()[0].contains("marked"), "{:?}", stage.list());
    assert_eq!(stage.app.context(), Context::Traces, "nothing is opened");
    let at = place(&mut stage, "job-5");
    held(&mut stage, shift, &CLICK, at);
    assert!(stage.list()[0].contains("4 marked"), "{:?}", stage.list());
    let at = place(&mut stage, "job-4");
    held(&mut stage, shift, &CLICK, at);
    assert!(stage.list()[0].contains("4 marked"), "upwards too: {:?}", stage.list());
    // Where that means nothing, it is a click: the same sorts.
    let at = place(&mut stage, "root");
    held(&mut stage, ctrl, &CLICK, at);
    assert!(stage.list()[1].contains("root↑"), "{:?}", stage.list());
}

#[test]
fn ctrl_and_the_wheel_zoom_in_time_around_the_pointer() {
    let mut stage = crate::waterfall::on_busy_request((140, 42), otoscope::tui::Look::default());
    let ctrl = KeyModifiers::CONTROL;
    let whole = stage.text();
    let (x, y) = (120, stage.find("POST /pay").1);
    held(&mut stage, ctrl, &[MouseEventKind::ScrollUp], (x, y));
    assert!(stage.text().contains('['), "a minimap shows where: {}", stage.text());
    assert_eq!(stage.app.context(), Context::Tree);
    held(&mut stage, ctrl, &[MouseEventKind::ScrollDown], (x, y));
    assert_eq!(stage.text(), whole, "and back");
    held(&mut stage, ctrl, &[MouseEventKind::ScrollUp], (75, y));
    assert!(stage.text().contains('['), "beside the bars, around the selected span: {}", stage.text());
    held(&mut stage, ctrl, &[MouseEventKind::ScrollDown], (75, y));
    assert_eq!(stage.text(), whole, "and back");
}

#[test]
fn the_hints_of_titles_can_be_clicked() {
    for size in [(200, 50), (140, 42), (80, 24)] {
        let mut stage = Stage::new(size, &["flask-1.29-sigint"]);
        let mut toggle = |from: &str, to: &str| {
            let (x, y) = stage.find(from);
            stage.click(x, y);
            assert!(stage.text().contains(to), "{size:?} {from}: {}", stage.text());
            assert_eq!(stage.app.context(), Context::Tree);
        };
        toggle("u: as recorded", "u: un-merge");
        toggle("u: un-merge", "u: as recorded");
        stage.act(&[Action::Icicle]);
        let (x, y) = stage.find("t: waterfall");
        stage.click(x, y);
        assert_eq!(stage.app.context(), Context::Tree, "{size:?}");
        stage.act(&[Action::Search]);
        write_line(&mut stage, "rolldice");
        stage.act(&[Action::Open, Action::HideRest]);
        let rows = stage.text();
        let (x, y) = stage.find("&: all");
        stage.click(x + 1, y);
        assert_ne!(stage.text(), rows, "{size:?}");
        assert!(!stage.text().contains("&: all"), "{size:?}: {}", stage.text());
    }
}

/// Whoever has put them on other keys reads those.
#[test]
fn the_hints_of_titles_are_of_the_keys_that_are_bound() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    let mut keys = otoscope::tui::keys::Keys::default();
    for (action, key) in [("unmerge", "m"), ("icicle", "F7"), ("hide-rest", "F9")] {
        keys.bind(action, &[key.to_owned()]).unwrap();
    }
    stage.app.bind(keys);
    assert!(stage.text().contains("m: as recorded"), "{}", stage.text());
    stage.act(&[Action::Open]);
    press(&mut stage, KeyCode::F(7));
    assert!(stage.text().contains("F7: waterfall"), "{}", stage.text());
}

/// The wheel shows more of a menu at once, and what says that there is more goes there when it is clicked.
#[test]
fn what_is_beyond_the_edge_of_a_menu_or_sheet_is_reached_by_mouse() {
    let mut stage = Stage::new((80, 24), &[]);
    few(&mut stage, 1..6);
    let (x, y) = stage.find("job-4");
    stage.mouse(RIGHT, x, y);
    let last = "everything that can be done, by name";
    assert!(stage.text().contains(" more ") && !stage.text().contains(last), "{}", stage.text());
    stage.mouse(MouseEventKind::ScrollDown, x + 4, y + 4);
    assert!(stage.text().contains("\u{2191} 3 more"), "{}", stage.text());
    let (more_x, more_y) = stage.find(" more ");
    for _ in 0..3 {
        stage.click(more_x, more_y);
    }
    assert!(stage.text().contains(last), "{}", stage.text());
    stage.act(&[Action::Back, Action::Help]);
    let before = stage.text();
    let (more_x, more_y) = stage.find(" more: j");
    stage.click(more_x, more_y);
    assert!(stage.text() != before && stage.app.context() == Context::Help, "{}", stage.text());
}

#[test]
fn the_wheel_does_not_leave_the_last_page_of_the_detail() {
    let mut stage = Stage::new((120, 36), &["flask-1.29-sigint"]);
    stage.act(&[Action::Open, Action::Down, Action::Open]);
    let (x, y) = stage.find(" Span ");
    for _ in 0..60 {
        stage.mouse(MouseEventKind::ScrollDown, x, y + 2);
    }
    let text = stage.text();
    let lines: Vec<&str> = text.lines().collect();
    let filled = lines[usize::from(y) + 1..35].iter().filter(|line| !line.trim().is_empty()).count();
    assert_eq!(filled, 34 - usize::from(y), "{text}");
    assert!(text.contains("otlp-json"), "{text}");
}

/// The minimap comes above the rows: where these fill the pane they stay where the pointer is.
#[test]
fn rows_stay_in_place_when_zooming_begins_and_ends() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    stage.act(&[Action::Open, Action::PageDown, Action::Down, Action::Down, Action::Down]);
    let rows = |stage: &mut Stage| -> Vec<String> {
        let text = stage.text();
        let name = |line: &str| line.chars().skip(62).take(26).collect::<String>();
        text.lines().skip(9).take(16).map(name).collect()
    };
    let (before, selected) = (rows(&mut stage), stage.selected_lines());
    stage.act(&[Action::ZoomCloser]);
    assert!(stage.text().contains('['), "a minimap: {}", stage.text());
    assert_eq!((rows(&mut stage), stage.selected_lines()[0].0), (before.clone(), selected[0].0));
    stage.act(&[Action::ZoomOut]);
    assert_eq!((rows(&mut stage), stage.selected_lines()[0].0), (before, selected[0].0));
}

/// Presses at one place, moves to another and lets go there.
fn drag(stage: &mut Stage, (x, y): (u16, u16), (to_x, to_y): (u16, u16)) {
    stage.mouse(MouseEventKind::Down(MouseButton::Left), x, y);
    stage.mouse(MouseEventKind::Drag(MouseButton::Left), to_x, to_y);
    stage.mouse(MouseEventKind::Up(MouseButton::Left), to_x, to_y);
}

#[test]
fn the_rules_between_panes_of_services_and_logs_can_be_dragged_and_are_remembered() {
    let mut stage = Stage::new((140, 42), &["mesh", "flask-logs"]);
    stage.act(&[Action::Tab(2)]);
    let at = |stage: &mut Stage, title: &str| stage.find(title);
    for (title, by) in [("Calls ·", 4_i32), ("Kinds and parents", 3), ("Operations", -2)] {
        let (x, y) = at(&mut stage, title);
        let wanted = (i32::from(y) + by) as u16;
        drag(&mut stage, (x + 1, y), (x + 1, wanted));
        assert_eq!(at(&mut stage, title), (x, wanted), "{title}: {}", stage.text());
    }
    let (x, y) = at(&mut stage, "Map");
    drag(&mut stage, (x - 3, y + 2), (x + 7, y + 2));
    assert_eq!(at(&mut stage, "Map"), (x + 10, y), "{}", stage.text());
    stage.act(&[Action::Tab(3)]);
    let log = |stage: &mut Stage| {
        let text = stage.text();
        text.lines().position(|line| line.contains(" Log  ")).unwrap() as u16
    };
    let y = log(&mut stage);
    drag(&mut stage, (2, y), (2, y - 8));
    assert_eq!(log(&mut stage), y - 8, "{}", stage.text());
    // Which pane has the keys moves nothing.
    stage.click(30, y - 2);
    let text = stage.text();
    assert!(text.lines().nth(usize::from(y - 8)).unwrap().contains(" Log "), "{text}");
    let remembered = Remembered::from_toml(&stage.app.remember().to_toml());
    let mut next = Stage::new((140, 42), &["mesh", "flask-logs"]);
    next.app.recall(&remembered);
    next.act(&[Action::Tab(2)]);
    assert_eq!(at(&mut next, "Map"), (x + 10, at(&mut next, "Map").1), "{}", next.text());
    next.act(&[Action::Tab(3)]);
    assert_eq!(log(&mut next), y - 8, "{}", next.text());
}

/// The line of the title of a pane.
fn title(stage: &mut Stage, title: &str) -> Option<u16> {
    let text = stage.text();
    text.lines().position(|line| line.contains(title)).map(|y| y as u16)
}

#[test]
fn a_rule_is_put_at_the_pointer_however_far_it_was_dragged_before() {
    for (tab, name) in [(0, " Span "), (3, " Log ")] {
        let mut stage = Stage::new((140, 42), &["flask-logs"]);
        stage.act(&[Action::Tab(tab)]);
        let mut put = |to: u16| {
            let y = title(&mut stage, name).unwrap();
            drag(&mut stage, (2, y), (2, to));
            title(&mut stage, name).unwrap()
        };
        let (highest, lowest) = (put(0), put(41));
        assert!(highest > 2 && lowest < 41, "{name}: {highest} {lowest}");
        assert_eq!([put(0), put(lowest), put(41), put(20)], [highest, lowest, lowest, 20], "{name}");
        // Keys too go on from what is seen.
        put(0);
        stage.act(&[Action::Shrink]);
        assert_eq!(title(&mut stage, name), Some(highest + 2), "{name}");
        // Several before anything is drawn.
        let held = MouseEventKind::Drag(MouseButton::Left);
        for (kind, row) in [
            (MouseEventKind::Down(MouseButton::Left), highest + 2),
            (held, 0),
            (held, 15),
            (held, 30),
            (held, 25),
            (MouseEventKind::Up(MouseButton::Left), 25),
        ] {
            let event = crossterm::event::MouseEvent { kind, column: 2, row, modifiers: KeyModifiers::NONE };
            stage.app.mouse(event, &stage.session, &stage.status);
        }
        assert_eq!(title(&mut stage, name), Some(25), "{name}");
    }
}

#[test]
fn the_tree_keeps_rows_whatever_was_dragged_and_whatever_becomes_of_the_terminal() {
    for up in [true, false] {
        for start in [(140, 42), (100, 42)] {
            let mut stage = Stage::new(start, &["flask-1.29-sigint"]);
            few(&mut stage, 10..40);
            let y = title(&mut stage, "─ Span ").unwrap();
            drag(&mut stage, (2, y), (2, if up { 0 } else { 41 }));
            let left = Remembered::from_toml(&stage.app.remember().to_toml());
            for size in [(140, 42), (140, 26), (100, 30), (100, 24), (80, 24), (60, 26), (60, 20), (60, 16)] {
                stage.anew(size);
                stage.app.recall(&left);
                for opened in [false, true] {
                    if opened {
                        stage.act(&[Action::Open, Action::Open]);
                    }
                    let text = stage.text();
                    let trees = |line: &&str| line.contains(" Trace ");
                    let y = text.lines().position(|line| trees(&line)).unwrap_or_else(|| {
                        panic!("no tree at {size:?}, dragged at {start:?}:\n{text}");
                    });
                    let below = text.lines().skip(y + 1);
                    let rows = below.take_while(|line| !line.contains(" Span ")).count();
                    assert!(rows >= 3, "{rows} rows at {size:?}, dragged at {start:?}:\n{text}");
                }
            }
        }
    }
}

#[test]
fn the_wheel_over_names_zooms_around_the_span_there_and_back() {
    let ctrl = KeyModifiers::CONTROL;
    let wheel = |stage: &mut Stage, kind: MouseEventKind, times: usize, at: (u16, u16)| {
        held(stage, ctrl, &vec![kind; times], at);
    };
    let (up, down) = (MouseEventKind::ScrollUp, MouseEventKind::ScrollDown);
    let mut stage = Stage::new((140, 42), &[]);
    let lasting =
        |span: otoscope::model::Span, ns: u64| otoscope::model::Span { end_ns: span.start_ns + ns, ..span };
    stage.take(vec![
        lasting(span(1, 0, 0, "nightly"), 22_000_000_123),
        lasting(span(2, 1, 7_777, "brief"), 3_500),
        lasting(span(3, 1, 9_000, "load"), 5_000_000_000),
    ]);
    stage.act(&[Action::Open, Action::Down]);
    let at = (70, stage.find("brief").1);
    let whole = stage.text();
    for times in [1, 5, 12, 40] {
        wheel(&mut stage, up, times, at);
        let closer = stage.text();
        assert!(closer.contains('['), "{closer}");
        if times == 12 {
            let bar = stage.selected_lines()[0].1.clone();
            assert!(!bar.contains(['‹', '›']), "it is seen: {bar}");
        }
        wheel(&mut stage, down, times, at);
        let back = stage.text();
        // Beyond the ends the last line says so.
        let above = |text: &str| text.lines().take(41).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(above(&back), above(&whole), "{times} and back");
    }
    stage.act(&[Action::Down, Action::ZoomToSpan]);
    let part = stage.text();
    wheel(&mut stage, up, 6, at);
    wheel(&mut stage, down, 6, at);
    assert_eq!(stage.text(), part, "a part of it, and back");
    wheel(&mut stage, up, 60, at);
    assert!(stage.text().contains("no shorter time can be shown"), "{}", stage.text());
}

/// Un-merged, what holds the requests together lasts as long as all of them, the bars as long as the longest.
#[test]
fn the_zoom_around_a_span_longer_than_the_scale_stays_where_something_is() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    stage.act(&[Action::Open, Action::First]);
    assert!(stage.text().contains("un-merged"), "{}", stage.text());
    let (_, y) = stage.find("▾ ");
    held(&mut stage, KeyModifiers::CONTROL, &[MouseEventKind::ScrollUp; 3], (70, y));
    let text = stage.text();
    let head = text.lines().find(|line| line.contains(" kind ")).unwrap();
    assert!(head.split_whitespace().any(|word| word == "0"), "{text}");
}

#[test]
fn names_outlive_kinds_and_states_where_a_tree_is_narrow() {
    for capture in ["flask-1.29-sigkill", "flask-1.30"] {
        let mut stage = Stage::new((140, 42), &[capture]);
        let (x, y) = stage.find("┬");
        assert!(x < 90, "{x}");
        let mut at = x;
        for to in [90, 97, 101, 105, 111, 139] {
            drag(&mut stage, (at, y), (to, y));
            at = stage.find("┬").0;
            let text = stage.text();
            let rows = text.lines().filter_map(|line| line.split_once('│')).map(|(_, tree)| tree);
            let names: Vec<_> = rows.filter(|row| row.contains("▾ GET /") && row.contains(" ms")).collect();
            assert!(!names.is_empty(), "{capture} {at}: {text}");
            let kinds = names[0].contains(['I', 'S']);
            assert!(kinds == (at < 97) || (97..105).contains(&at), "{capture} {at}: {text}");
        }
        assert_eq!(at, 110, "as far as it goes");
        drag(&mut stage, (at, y), (x, y));
        assert_eq!(stage.find("┬").0, x);
    }
}

#[test]
fn hints_can_be_clicked_whatever_lies_over_the_tab() {
    let mut stage = Stage::new((140, 42), &[]);
    few(&mut stage, 1..6);
    stage.act(&[Action::First, Action::Help]);
    let (x, y) = hint(&mut stage, "/ find");
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Prompt, "{}", stage.text());
    for x in [x, 1, 40, 139] {
        stage.click(x, y);
        assert_eq!(stage.app.context(), Context::Prompt, "the line is written where hints were");
    }
    stage.act(&[Action::Back, Action::Back, Action::Palette]);
    stage.write("pin");
    let (x, y) = hint(&mut stage, "Enter do it");
    stage.click(x, y);
    assert!(stage.text().contains("pinned: it is neither evicted nor cleared"), "{}", stage.text());
    stage.act(&[Action::Copy]);
    let (x, y) = hint(&mut stage, "Enter do it");
    stage.click(x, y);
    assert_eq!(stage.outside.copied.len(), 1, "{}", stage.text());
    stage.act(&[Action::Copy]);
    let (x, y) = hint(&mut stage, "Esc back");
    stage.click(x, y);
    assert_eq!((stage.app.context(), stage.outside.copied.len()), (Context::Traces, 1));
    stage.act(&[Action::MarkAll, Action::Delete]);
    let (x, y) = hint(&mut stage, "Enter do it");
    stage.click(x, y);
    assert!(stage.text().contains("nothing was deleted"), "{}", stage.text());
    // What is seen beside a menu only closes it.
    for (x, y) in [(1, 0), (16, 0), (139, 0), (5, 1)] {
        stage.act(&[Action::Palette]);
        stage.click(x, y);
        assert_eq!(stage.app.context(), Context::Traces, "{}", stage.text());
    }
}

#[test]
fn what_lies_under_a_long_sentence_is_no_button() {
    let mut stage = Stage::new((80, 24), &[]);
    few(&mut stage, 1..6);
    let (x, y) = hint(&mut stage, "? help");
    stage.app.say("a sentence that goes on and on ".repeat(4));
    stage.draw();
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Traces, "{}", stage.text());
}

/// The headlines are below them, and the header beside them.
#[test]
fn nothing_below_a_text_that_lies_over_the_tab_is_a_button() {
    for opens in [Action::Help, Action::Raw] {
        let mut stage = Stage::new((80, 24), &["flask-1.29-sigint"]);
        stage.act(&[Action::Open]);
        let (_, headline) = stage.find("24 unrelated");
        for y in 0..=headline {
            for x in [1, 20, 40, 72, 79] {
                stage.act(&[opens]);
                stage.click(x, y);
                let context = stage.app.context();
                if context != Context::Tree {
                    assert!(matches!(context, Context::Help | Context::Page), "{x} {y}: {}", stage.text());
                    stage.act(&[Action::Back]);
                }
                assert_eq!(stage.app.context(), Context::Tree, "{x} {y}: {}", stage.text());
            }
        }
    }
}
