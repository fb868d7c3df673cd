//! The waterfall of a trace.

use crate::golden::{check, text};
use crate::made::{busy_request, span};
use crate::stage::{NOW_NS, SIZES, Stage};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::model::{Link, Span, SpanId, TraceId};
use otoscope::tui::Look;
use otoscope::tui::keymap::{Action, Context};

#[test]
fn rows_that_arrive_do_not_move_what_is_selected() {
    let mut stage = Stage::new((100, 30), &[]);
    stage.take((0..40).map(|i| span(100 + i, 1, 1_000 + i, &format!("late {i}"))).collect());
    stage.act(&[Action::Open, Action::Down, Action::Down, Action::Down]);
    let before = stage.selected_lines();
    assert!(before.iter().any(|(_, text)| text.contains("late 2")), "{before:?}");
    // Earlier siblings, then the parent itself: all of them above.
    stage.take((0..20).map(|i| span(200 + i, 1, i, &format!("early {i}"))).collect());
    let lines = |lines: Vec<(u16, String)>| lines.into_iter().map(|(y, _)| y).collect::<Vec<_>>();
    assert_eq!(lines(stage.selected_lines()), lines(before));
    stage.take(vec![span(1, 0, 0, "root")]);
    let after = stage.selected_lines();
    assert!(after.iter().any(|(_, text)| text.contains("late 2")), "{after:?}");
    assert!(stage.text().contains("↑ ↓"), "{}", stage.text());
}

#[test]
fn deep_and_wide_traces_are_drawn() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take((0..3_000).map(|i| span(i + 1, i, i, &format!("level {i}"))).collect());
    stage.act(&[Action::Open, Action::Last, Action::PageUp, Action::Fold, Action::Fold]);
    assert!(stage.text().contains("level 29"), "{}", stage.text());
    stage.take((0..20_000).map(|i| span(10_000 + i, 1, 10_000 + i, "wide")).collect());
    stage.act(&[Action::Last, Action::Up, Action::NextError, Action::PageUp, Action::First]);
}

pub(crate) fn on_busy_request((columns, rows): (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::with_look((columns, rows), &[], look);
    stage.take(busy_request());
    stage.act(&[Action::Open]);
    stage
}

#[test]
fn a_waterfall_shows_what_happened_and_what_is_not_covered() {
    for (columns, rows) in SIZES {
        let mut stage = on_busy_request((columns, rows), Look::default());
        let text = stage.text();
        for word in ["SELECT basket ×240", "running", "▒", "✖", "•", "·CLIENT", "self"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        check(&format!("waterfall-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::CriticalPath]);
        assert!(stage.text().contains("━ critical path"), "{}", stage.text());
        check(&format!("critical-path-{columns}x{rows}"), &mut stage);
    }
    let mut stage = on_busy_request((80, 24), Look::new(false, true));
    stage.act(&[Action::CriticalPath]);
    assert!(stage.text().is_ascii() && stage.text().contains("x240"), "{}", stage.text());
    check("waterfall-ascii-80x24", &mut stage);
}

#[test]
fn repeats_are_one_row_until_they_are_asked_for() {
    let mut stage = on_busy_request((140, 42), Look::default());
    let rows = |stage: &mut Stage| stage.text().matches("SELECT basket").count();
    assert_eq!(rows(&mut stage), 1, "{}", stage.text());
    stage.act(&[Action::Down, Action::Down, Action::Open]);
    assert!(rows(&mut stage) > 10 && stage.app.context() == Context::Tree, "Enter unfolds: {}", stage.text());
    stage.act(&[Action::Fold]);
    assert!(stage.text().contains("×240"), "folded again: {}", stage.text());
    stage.act(&[Action::Repeats]);
    assert!(rows(&mut stage) > 10, "{}", stage.text());
    stage.act(&[Action::Repeats, Action::Search]);
    stage.app.paste("select", &stage.session, &stage.status);
    stage.act(&[Action::Open, Action::NextMatch]);
    assert!(rows(&mut stage) > 10, "what is looked for is unfolded: {}", stage.text());
    let selected = stage.selected_lines();
    assert!(selected.iter().any(|(_, text)| text.contains("SELECT basket")), "{selected:?}");
}

#[test]
fn many_repeats_are_counted_to_their_end() {
    let mut stage = Stage::new((140, 42), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 60_000_000_000, ..span(1, 0, 0, "import") }];
    spans.extend((0..50_000).map(|n| span(10 + n, 1, n, "insert row")));
    spans.push(span(5, 1, 55_000, "commit"));
    stage.take(spans);
    let Stage { session, app, status, terminal, .. } = &mut stage;
    let at_once = text(terminal.draw(|frame| app.draw(frame, session, status)).unwrap().buffer);
    assert!(at_once.contains('+'), "it is not counted at once: {at_once}");
    stage.act(&[Action::Open]);
    let text = stage.text();
    assert!(text.contains("×50 000") && text.contains("commit") && !text.contains("000+"), "{text}");
    stage.act(&[Action::Last, Action::Up]);
    assert!(stage.selected_lines().iter().any(|(_, text)| text.contains("×50 000")), "{}", stage.text());
    stage.take(vec![span(70_000, 1, 50_000, "insert row")]);
    stage.draw();
    stage.rest();
    assert!(stage.text().contains("×50 001"), "one more is counted: {}", stage.text());
}

#[test]
fn time_is_zoomed_panned_and_dragged_over() {
    for (columns, rows) in SIZES {
        let mut stage = on_busy_request((columns, rows), Look::default());
        stage.act(&[Action::Down, Action::ZoomToSpan]);
        check(&format!("zoomed-{columns}x{rows}"), &mut stage);
        let zoomed = stage.text();
        stage.act(&[Action::PanRight, Action::PanLeft]);
        assert_eq!(stage.text(), zoomed, "there and back");
        stage.act(&[Action::ZoomOut]);
        assert_ne!(stage.text(), zoomed);
    }
    let mut stage = on_busy_request((140, 42), Look::default());
    let whole = stage.text();
    let (y, line) = whole.lines().enumerate().find(|(_, line)| line.contains("POST /pay")).unwrap();
    let bar = line.chars().position(|c| "▏▎▍▌▋▊▉█▐✖".contains(c)).unwrap() as u16;
    let mut mouse = |kind, column| {
        let (row, modifiers) = (y as u16, KeyModifiers::NONE);
        stage.app.mouse(MouseEvent { kind, column, row, modifiers }, &stage.session, &stage.status);
    };
    mouse(MouseEventKind::Down(MouseButton::Left), bar);
    mouse(MouseEventKind::Drag(MouseButton::Left), bar + 3);
    mouse(MouseEventKind::Up(MouseButton::Left), bar + 5);
    assert!(stage.text().contains('['), "a minimap shows where: {}", stage.text());
    stage.act(&[Action::ZoomOut]);
    assert!(!stage.text().lines().nth(7).unwrap().contains('['), "{}", stage.text());
}

#[test]
fn levels_fold_and_unfold_everywhere() {
    let mut stage = on_busy_request((140, 42), Look::default());
    stage.act(&[Action::FoldLevel]);
    let text = stage.text();
    assert!(text.contains("render") && !text.contains("template") && !text.contains("SELECT"), "{text}");
    stage.act(&[Action::FoldAll]);
    assert!(!stage.text().contains("render"), "{}", stage.text());
    stage.act(&[Action::UnfoldLevel]);
    assert!(stage.text().contains("render") && !stage.text().contains("template"), "{}", stage.text());
    stage.act(&[Action::Down, Action::Unfold]);
    assert!(stage.text().contains("SELECT") && !stage.text().contains("template"), "{}", stage.text());
    stage.act(&[Action::UnfoldAll]);
    assert!(stage.text().contains("template"), "{}", stage.text());
    stage.act(&[Action::UnfoldAll]);
    assert!(stage.text().contains("▸ SELECT"), "{}", stage.text());
    let words = "every level is unfolded: r shows repeated spans one by one, [ folds a level, { all";
    assert!(stage.text().contains(words), "{}", stage.text());
    stage.act(&[Action::Repeats, Action::UnfoldLevel]);
    assert!(stage.text().contains("everything is unfolded: [ folds a level, { all"), "{}", stage.text());
}

#[test]
fn links_are_followed_both_ways() {
    let mut stage = Stage::new((140, 42), &[]);
    let sent = Span { trace_id: TraceId([8; 16]), ..span(80, 0, 0, "send order") };
    let link = Link { trace_id: sent.trace_id, span_id: sent.span_id, ..Link::default() };
    let gone = Link { trace_id: TraceId([9; 16]), span_id: SpanId(9), ..Link::default() };
    let handled = Span { links: vec![link.clone()], ..span(70, 0, 50, "handle order") };
    let both = Span { links: vec![link, gone], ..span(71, 70, 51, "batch of orders") };
    stage.take(vec![sent, handled, both]);
    stage.act(&[Action::Last, Action::Open]);
    assert!(stage.text().contains("Span handle order") || stage.text().contains("Span send order"));
    if stage.text().contains("Span send order") {
        stage.act(&[Action::Back, Action::First, Action::Open]);
    }
    stage.act(&[Action::First, Action::NextLink]);
    assert!(stage.text().contains("Span send order"), "{}", stage.text());
    stage.act(&[Action::BackLink]);
    assert!(stage.text().contains("Spans that link here"), "two do: {}", stage.text());
    stage.act(&[Action::Down, Action::Open]);
    assert!(stage.text().contains("Span batch of orders"), "{}", stage.text());
    stage.act(&[Action::NextLink]);
    assert!(stage.text().contains("(not received)"), "one of its links leads nowhere: {}", stage.text());
}

#[test]
fn a_link_to_the_span_itself_is_said_to_be_one() {
    let mut stage = Stage::new((140, 42), &[]);
    let itself = span(70, 0, 0, "handle order");
    let link = Link { trace_id: itself.trace_id, span_id: itself.span_id, ..Link::default() };
    stage.take(vec![Span { links: vec![link], ..itself }]);
    stage.act(&[Action::First, Action::Open, Action::NextLink]);
    assert!(stage.text().contains("this span links to itself"), "{}", stage.text());
    stage.act(&[Action::BackLink]);
    assert!(stage.text().contains("only this span itself links to it"), "{}", stage.text());
}

#[test]
fn there_are_bars_at_every_width() {
    let bar = ['█', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '▐', '›'];
    for capture in ["flask-1.29-sigkill", "flask-1.30"] {
        for (columns, rows) in [(60, 36), (80, 24), (100, 30), (110, 30), (120, 36), (130, 40), (200, 50)] {
            let mut stage = Stage::new((columns, rows), &[capture]);
            stage.act(&[Action::Open]);
            let text = stage.text();
            let trees = text.lines().map(|line| line.rsplit('│').next().unwrap());
            let mut trees = trees.filter(|line| line.contains("▾ GET "));
            assert!(trees.any(|line| line.contains(bar)), "{capture} at {columns}: {text}");
            let head = text.lines().find(|line| line.contains(" kind ")).unwrap();
            assert!(columns <= 60 || head.contains("duration"), "{capture} at {columns}: {head}");
        }
    }
    let mut stage = Stage::new((120, 36), &["flask-1.29-sigkill"]);
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("·INT→SRV "), "kinds give way: {}", stage.text());
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigkill"]);
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("·INTERNAL→SERVER "), "{}", stage.text());
}

#[test]
fn the_critical_path_of_many_spans_is_marked_whole_and_said_to_be_when_it_is() {
    let mut stage = Stage::new((140, 42), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 24_000_000_000, ..span(1, 0, 0, "import") }];
    spans.extend((0..24_000).map(|n| span(10 + n, 1, n, "insert row")));
    stage.take(spans);
    stage.act(&[Action::Open]);
    let whole = "the critical path is marked: what determined the end";
    assert!(!stage.text().contains(whole));
    stage.act(&[Action::CriticalPath]);
    let text = stage.text();
    assert!(text.contains(whole) && !text.contains("its end"), "{text}");
    stage.act(&[Action::CriticalPath]);
    assert!(stage.text().contains("no longer marked"), "{}", stage.text());
}

#[test]
fn of_too_many_spans_only_the_end_of_the_critical_path_is_marked_and_that_is_said() {
    let mut stage = Stage::new((140, 42), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 201_000_000_000, ..span(1, 0, 0, "import") }];
    spans.extend((0..201_000).map(|n| span(10 + n, 1, n, "insert row")));
    stage.take(spans);
    stage.act(&[Action::Open, Action::CriticalPath]);
    let text = stage.text();
    assert!(text.contains("only the end of the critical path is marked"), "{text}");
    assert!(!text.contains("the critical path is marked: what determined the end"), "{text}");
}

#[test]
fn a_click_on_the_minimap_moves_what_is_shown_and_a_drag_selects_of_all_of_the_time() {
    for columns in [140, 80] {
        let mut stage = Stage::new((columns, 42), &[]);
        stage.take((0..100).map(|n| span(n + 1, 0, n * 10, "step")).collect());
        stage.act(&[Action::Open, Action::ZoomToSpan]);
        stage.act(&[Action::ZoomWider; 7]);
        // From the first to the last column of what is shown, and what that is.
        let seen = |stage: &mut Stage| {
            let (from, y) = stage.find("[");
            let (to, _) = stage.find("]");
            let text = stage.text();
            let ruler = text.lines().nth(usize::from(y) + 1).unwrap();
            (y, from, to, ruler.split_once("kind").unwrap().1.trim().to_owned())
        };
        let (y, from, to, first) = seen(&mut stage);
        let selected = stage.selected_lines()[0].0;
        stage.click(from + 10, y);
        let (_, after, end, there) = seen(&mut stage);
        assert!((after..=end).contains(&(from + 10)) && there != first, "{}", stage.text());
        assert!((end - after).abs_diff(to - from) <= 1, "as much as before: {}", stage.text());
        assert_eq!(stage.selected_lines()[0].0, selected);
        stage.click(from, y);
        assert_eq!(seen(&mut stage).3, first, "{}", stage.text());
        // Twice in the same place is the same.
        stage.click(from + 10, y);
        stage.click(from + 10, y);
        assert_eq!((seen(&mut stage).3, stage.app.context()), (there, Context::Tree));
        let left = MouseButton::Left;
        stage.mouse(MouseEventKind::Down(left), from + 9, y);
        stage.mouse(MouseEventKind::Drag(left), from + 7, y + 3);
        stage.mouse(MouseEventKind::Drag(left), from + 4, y + 3);
        stage.mouse(MouseEventKind::Up(left), from + 4, y + 3);
        let (_, after, end, _) = seen(&mut stage);
        assert!(after == from + 4 && (from + 9..=from + 10).contains(&end), "{}", stage.text());
    }
}
