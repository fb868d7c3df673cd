//! The icicle of a trace.

use crate::golden::check;
use crate::made::span;
use crate::stage::{NOW_NS, SIZES, Stage, binding};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::model::{Span, SpanId, StatusCode};
use otoscope::tui::Look;
use otoscope::tui::keymap::{Action, Context};
use ratatui::style::Color;

#[test]
fn an_icicle_has_time_along_and_depth_down() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["mesh"]);
        stage.act(&[Action::Open, Action::Icicle]);
        assert!(stage.text().contains("films GET /films/{film}"), "{}", stage.text());
        check(&format!("icicle-{columns}x{rows}"), &mut stage);

        let mut stage = Stage::new((columns, rows), &["flask-1.29-sigint"]);
        stage.act(&[Action::Open, Action::Icicle, Action::Down, Action::Unfold]);
        assert!(stage.text().contains("request "), "{}", stage.text());
        stage.act(&[Action::Unmerge]);
        check(&format!("icicle-recorded-{columns}x{rows}"), &mut stage);
    }
    let mut stage = Stage::with_look((80, 24), &["mesh"], Look::new(false, true));
    stage.act(&[Action::Open, Action::Icicle, Action::Down]);
    assert!(stage.text().is_ascii());
    check("icicle-ascii-80x24", &mut stage);
}

#[test]
fn an_icicle_and_a_waterfall_have_one_selection() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    let detail = |stage: &mut Stage| {
        let text = stage.text();
        let line = text.lines().find(|line| line.contains("─ Span ") || line.contains("▌ Span ")).unwrap();
        let ids = text.lines().find(|line| line.trim_start().starts_with("ids")).unwrap_or_default();
        format!("{line}{ids}")
    };
    stage.act(&[Action::Open, Action::Icicle]);
    assert_eq!(stage.app.context(), Context::Icicle);
    let top = detail(&mut stage);
    stage.act(&[Action::Down]);
    let first = detail(&mut stage);
    stage.act(&[Action::Unfold]);
    let second = detail(&mut stage);
    assert!(top != first && first != second, "{first} {second}");
    stage.act(&[Action::Fold]);
    assert_eq!(detail(&mut stage), first);
    stage.act(&[Action::Down, Action::Icicle]);
    assert_eq!(stage.app.context(), Context::Tree);
    let under = detail(&mut stage);
    stage.act(&[Action::Icicle]);
    assert_eq!(detail(&mut stage), under, "the same span in both");
    stage.act(&[Action::Up]);
    assert_eq!(detail(&mut stage), first);
    let whole = stage.text();
    stage.act(&[Action::ZoomToSpan]);
    assert_ne!(stage.text(), whole);
    stage.act(&[Action::ZoomOut]);
    assert_eq!(stage.text(), whole);
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Detail);
}

#[test]
fn an_icicle_by_mouse() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Open, Action::Icicle]);
    let text = stage.text();
    let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains("films GET /films")).unwrap();
    let at = line.char_indices().position(|(byte, _)| line[byte..].starts_with("films GET")).unwrap();
    let event = |kind| MouseEvent { kind, column: at as u16, row: row as u16, modifiers: KeyModifiers::NONE };
    stage.app.mouse(event(MouseEventKind::Down(MouseButton::Left)), &stage.session, &stage.status);
    assert!(stage.text().contains("Span GET /films/{film}  films"), "{}", stage.text());
    let whole = stage.text();
    stage.app.mouse(event(MouseEventKind::ScrollUp), &stage.session, &stage.status);
    let closer = stage.text();
    assert_ne!(closer, whole);
    stage.app.mouse(event(MouseEventKind::ScrollRight), &stage.session, &stage.status);
    assert_ne!(stage.text(), closer);
    stage.app.mouse(event(MouseEventKind::ScrollDown), &stage.session, &stage.status);
    assert_eq!(stage.text(), whole);
}

#[test]
fn a_drag_over_the_bars_of_an_icicle_zooms_to_that_stretch_and_a_click_does_not() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Open, Action::Icicle]);
    let (x, y) = stage.find("films GET /films");
    let ruler = |stage: &mut Stage| {
        let text = stage.text();
        text.lines().skip_while(|line| !line.contains("icicle (")).nth(1).unwrap().to_owned()
    };
    let whole = ruler(&mut stage);
    let left = MouseButton::Left;
    stage.click(x, y);
    stage.mouse(MouseEventKind::Down(left), x, y);
    stage.mouse(MouseEventKind::Drag(left), x + 1, y);
    stage.mouse(MouseEventKind::Up(left), x + 1, y);
    assert_eq!(ruler(&mut stage), whole, "a click that shook");
    // Whichever line it ends on.
    let mut dragged = |y: u16, to: u16| {
        stage.act(&[Action::ZoomOut]);
        stage.mouse(MouseEventKind::Down(left), x, y);
        stage.mouse(MouseEventKind::Drag(left), x + 10, y);
        stage.mouse(MouseEventKind::Drag(left), x + 19, to);
        stage.mouse(MouseEventKind::Up(left), x + 19, to);
        assert_eq!(stage.app.context(), Context::Icicle);
        ruler(&mut stage)
    };
    let along = dragged(y, y);
    assert_ne!(along, whole);
    assert_eq!(
        [dragged(y, y + 2), dragged(y + 5, y), dragged(y - 1, y - 1)],
        [(); 3].map(|()| along.clone())
    );
}

#[test]
fn an_icicle_of_very_many_spans_counts_what_has_no_room() {
    let mut stage = Stage::new((140, 42), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 60_000_000_000, ..span(1, 0, 0, "import") }];
    spans.extend((0..30_000).map(|n| span(10 + n, 1, 2 * n, "insert row")));
    stage.take(spans);
    stage.act(&[Action::Open, Action::Icicle]);
    stage.rest();
    let text = stage.text();
    assert!(text.contains("more have no room") && !text.contains("looking"), "{text}");
    stage.act(&[Action::Down, Action::Unfold, Action::ZoomToSpan]);
    let text = stage.text();
    assert!(text.contains("insert row") && !text.contains("no room"), "{text}");
}

#[test]
fn what_was_counted_of_an_icicle_is_let_go_when_it_is_left() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take((1..=6_000).map(|n| span(n, n.min(2) - 1, n, "insert row")).collect());
    stage.act(&[Action::Open, Action::Icicle]);
    let counted = stage.text();
    assert!(counted.contains(" more") && !counted.contains("looking"), "{counted}");
    stage.act(&[Action::Icicle]);
    let key = binding(Action::Icicle, stage.app.context()).keys[0];
    stage.app.key(key.event(), &stage.session, &stage.status);
    let first = stage.glimpse();
    assert!(first.contains("looking"), "nothing is known of it when it is drawn first: {first}");
    assert_eq!(stage.text(), counted, "and then it is counted again");
}

#[test]
fn an_icicle_of_a_deep_trace_shows_the_selected_span_and_how_much_is_above() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take((1..=3_000).map(|n| span(n, n - 1, n, &format!("level {n}"))).collect());
    stage.act(&[Action::Open, Action::Icicle, Action::PageDown]);
    assert!(!stage.text().contains("levels"), "all of it is seen: {}", stage.text());
    (0..40).for_each(|_| stage.act(&[Action::PageDown]));
    let text = stage.text();
    assert!(text.contains("level 206") && text.contains(" levels  "), "{text}");
    stage.act(&[Action::Icicle]);
    assert!(stage.text().contains("Span level 206"), "{}", stage.text());
}

#[test]
fn what_is_selected_is_told_before_what_has_no_room() {
    let mut stage = Stage::new((80, 24), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 60_000_000_000, ..span(1, 0, 0, "import") }];
    let name = "insert into warehouse.stock_movements";
    spans.extend((0..24_000).map(|n| span(10 + n, 1, n, name)));
    stage.take(spans);
    stage.act(&[Action::Open, Action::Icicle, Action::Down]);
    let text = stage.text();
    let foot = text.lines().rfind(|line| line.contains(" more")).unwrap();
    assert!(foot.contains("insert into warehouse") && foot.contains("INTERNAL  1 ms"), "{text}");
    assert!(foot.contains("… 23 "), "{text}");
    let dust = |line: &str| line.contains("▒ ×") && line.contains(" like insert into");
    assert!(text.lines().any(dust), "too narrow for a cell, but not together: {text}");
}

/// A job of chunks one after the other, each of batches, each of leaves: 1 s a chunk.
fn nightly(chunks: u64, batches: u64, leaves: u64) -> Vec<Span> {
    const MS: u64 = 1_000_000;
    let lasting = |span: Span, us: u64| Span { end_ns: span.start_ns + us * 1_000, ..span };
    let mut spans = vec![lasting(span(1, 0, 0, "nightly job"), chunks * 1_000_000)];
    for chunk in 0..chunks {
        let id = 1_000_000 * (chunk + 1);
        spans.push(lasting(span(id, 1, chunk * 1_000, &format!("chunk {chunk}")), 1_000_000));
        for batch in 0..batches {
            let id_of_batch = id + 1_000 * (batch + 1);
            let long = 1_000_000 / batches;
            let start = (chunk * 1_000) * MS + batch * long * 1_000;
            let at = |span: Span, ns: u64| Span { start_ns: NOW_NS + ns, end_ns: NOW_NS + ns + 1, ..span };
            spans.push(lasting(at(span(id_of_batch, id, 0, "batch"), start), long));
            for leaf in 0..leaves {
                let start = start + leaf * (long / leaves) * 1_000;
                let leaf = at(span(id_of_batch + 1 + leaf, id_of_batch, 0, "SELECT invoices"), start);
                spans.push(lasting(leaf, long / leaves));
            }
        }
    }
    spans
}

#[test]
fn what_is_gone_to_is_in_the_part_of_the_time_that_is_shown() {
    for icicle in [true, false] {
        let mut stage = Stage::new((140, 42), &[]);
        stage.take(nightly(40, 2, 2));
        stage.act(&[Action::Open]);
        if icicle {
            stage.act(&[Action::Icicle]);
        }
        stage.act(&[Action::Search]);
        stage.app.paste("name=chunk*", &stage.session, &stage.status);
        stage.act(&[Action::Open, Action::ZoomToSpan]);
        stage.act(&[Action::NextMatch, Action::NextMatch, Action::NextMatch]);
        let text = stage.text();
        assert!(text.contains("Span chunk 3"), "{text}");
        let lines = stage.selected_lines();
        let bar = |line: &str| line.matches('█').count() > 10;
        let chunk = |line: &str| if icicle { line.contains("chunk 3 1 s") } else { bar(line) };
        assert!(lines.iter().any(|(_, line)| chunk(line)), "{lines:?}\n{text}");
        stage.act(&[Action::Search]);
        stage.app.paste("name=\"chunk 30\"", &stage.session, &stage.status);
        assert_ne!(stage.text(), text, "it goes there while it is written");
        stage.act(&[Action::Back]);
        assert_eq!(stage.text(), text, "and back when it is given up");
    }
}

#[test]
fn an_icicle_counts_everything_that_is_not_drawn_and_hides_no_error() {
    for (columns, rows) in [(140, 42), (80, 24)] {
        let mut stage = Stage::new((columns, rows), &[]);
        let mut spans = nightly(40, 30, 19);
        assert_eq!(spans.len(), 24_041);
        let red = |stage: &mut Stage| {
            let buffer = stage.draw();
            let icicle = buffer.area.positions().filter(|at| at.y > 4 && at.x > columns / 2);
            let error = |cell: &ratatui::buffer::Cell| cell.symbol() == "✖" && cell.fg == Color::Red;
            icicle.filter(|at| error(&buffer[*at])).count()
        };
        stage.take(spans.clone());
        stage.act(&[Action::Open, Action::Icicle]);
        assert_eq!(red(&mut stage), 0, "nothing failed: {}", stage.text());
        let text = stage.text();
        let number = |words: &str, before: &str, after: &str| -> u64 {
            let (_, rest) = words.split_once(before).unwrap_or_else(|| panic!("{before}: {text}"));
            let (number, _) = rest.split_once(after).unwrap_or_else(|| panic!("{after}: {text}"));
            number
                .replace([' ', '\u{a0}', '\u{202f}'], "")
                .parse()
                .unwrap_or_else(|_| panic!("{number}: {text}"))
        };
        let dust = text.lines().find(|line| line.contains("like SELECT")).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(number(dust, "×", " like"), 22_800, "{text}");
        let foot = text.lines().rfind(|line| line.contains(" more")).unwrap();
        let hidden = number(foot, "… ", " more");
        assert!((23_300..24_000).contains(&hidden), "{hidden} {text}");

        let failed = spans.iter_mut().find(|span| span.span_id == SpanId(28_000_000 + 14_000 + 7)).unwrap();
        failed.status = StatusCode::Error;
        let mut stage = Stage::new((columns, rows), &[]);
        stage.take(spans);
        stage.act(&[Action::Open, Action::Icicle]);
        assert_eq!(red(&mut stage), 1, "{}", stage.text());
        // From 10 s to 30 s; it failed after 27 s.
        stage.act(&[Action::ZoomCloser, Action::PanRight, Action::PanRight]);
        assert_eq!(red(&mut stage), 1, "{}", stage.text());
    }
}

#[test]
fn deeper_leads_to_what_has_room_and_who_drags_time_selects_nothing() {
    let mut stage = Stage::new((140, 42), &[]);
    let lasting = |id: u64, parent: u64, name: &str, seconds: u64| Span {
        end_ns: NOW_NS + seconds * 1_000_000_000,
        ..span(id, parent, 0, name)
    };
    stage.take(vec![
        lasting(1, 0, "nightly", 60),
        span(2, 1, 0, "tick"),
        lasting(3, 1, "import", 50),
        lasting(4, 3, "load", 40),
    ]);
    stage.act(&[Action::Open, Action::Icicle, Action::Down]);
    assert!(stage.text().contains("Span import"), "{}", stage.text());
    let (x, y) = stage.find("load");
    let left = MouseButton::Left;
    stage.mouse(MouseEventKind::Down(left), x, y);
    stage.mouse(MouseEventKind::Drag(left), x + 30, y);
    stage.mouse(MouseEventKind::Up(left), x + 30, y);
    assert!(stage.text().contains("Span import") && stage.text().contains("load"), "{}", stage.text());
    stage.click(x, y);
    assert!(stage.text().contains("Span load"), "a click selects: {}", stage.text());
}
