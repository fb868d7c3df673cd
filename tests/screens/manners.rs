//! What holds in every view: sizes, ASCII, hostile text, what was evicted, copying.

use crate::golden::check;
use crate::made::{failed, span};
use crate::stage::{MERGED, Stage, binding, select};
use crossterm::event::{KeyCode, KeyEvent};
use otoscope::model::{Span, TraceId, Value};
use otoscope::session::{Clock, Session};
use otoscope::tui::keymap::{Action, Chord};
use otoscope::tui::{Feed, Look, Read, keymap};
use ratatui::style::Color;

#[test]
fn ascii_without_colour() {
    let mut stage = Stage::with_look((80, 24), MERGED, Look::new(false, true));
    stage.act(&[Action::Open]);
    assert!(stage.text().is_ascii());
    assert!(stage.text().contains("INTERNAL->SERVER"));
    let buffer = stage.draw();
    assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    check("ascii-80x24", &mut stage);
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    for size in [(59, 24), (80, 11), (1, 1), (30, 3)] {
        let text = Stage::new(size, MERGED).text();
        assert!(
            "too small:".starts_with(text.lines().next().unwrap().trim().trim_end_matches('…')),
            "{text}"
        );
    }
    let text = Stage::with_look((40, 10), MERGED, Look::new(false, true)).text();
    assert!(text.is_ascii() && text.contains("60x12 needed"), "{text}");
}

#[test]
fn any_size_and_any_key_is_survived() {
    for size in [(60, 12), (61, 13), (79, 23), (119, 29), (120, 30), (149, 31), (150, 12), (300, 90)] {
        let mut stage = Stage::new(size, &["flask-1.29-sigint", "express"]);
        for (_, binding) in
            keymap::rows().filter(|(_, b)| !matches!(b.action, Action::Quit | Action::Suspend))
        {
            for _ in 0..3 {
                stage.press(binding.keys[0]);
            }
        }
    }
}

#[test]
fn what_is_under_the_cursor_is_copied_first() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take(failed());
    let trace = TraceId([7; 16]).to_string();
    stage.act(&[Action::CopyNow, Action::Open, Action::CopyNow, Action::Open]);
    (0..8).for_each(|_| stage.act(&[Action::Grow]));
    select(&mut stage, "http.target");
    stage.act(&[Action::Copy]);
    check("copy-140x42", &mut stage);
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("copied: value (terminal)"), "{}", stage.text());
    stage.act(&[Action::Copy, Action::Down, Action::Open]);
    select(&mut stage, "cart ");
    stage.act(&[Action::Unfold, Action::Down, Action::CopyNow]);
    let whole = ["span id", "traceparent", "span as OTLP", "trace as OTLP"];
    for wanted in whole {
        stage.act(&[Action::Copy]);
        for c in wanted.chars() {
            stage.press(Chord::of(KeyEvent::from(KeyCode::Char(c))).unwrap());
        }
        stage.act(&[Action::Open]);
    }
    let copied = &stage.outside.copied;
    let expected = [&trace, "0000000000000001", "/cart?item=tea", "http.target=/cart?item=tea", "[tea, 2]"];
    assert_eq!(copied[..5], expected);
    assert_eq!(copied[5..7], ["0000000000000001", &format!("00-{trace}-0000000000000001-01")]);
    assert_eq!(copied[7].matches("\"spanId\":\"0000000000000001\"").count(), 1);
    assert!(copied[8].contains("\"name\":\"query\""), "{}", copied[8]);
}

#[test]
fn how_much_of_a_dump_has_been_read_is_said() {
    let mut stage = Stage::new((140, 42), &["express"]);
    stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: false };
    stage.status.read = Some(Read { bytes: 300 << 20, of: Some(1200 << 20) });
    assert!(stage.text().contains("reading 25 % of 1.2 GiB a.jsonl"), "{}", stage.text());
    stage.status.read = Some(Read { bytes: 5_000, of: None });
    assert!(stage.text().contains("reading 5 KiB a.jsonl"), "{}", stage.text());
    stage.act(&[Action::Open, Action::Down, Action::Back, Action::Sort]);
    assert!(stage.text().contains("sorted by"), "it is used meanwhile");
}

#[test]
fn what_was_sent_cannot_command_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\u{200b}\r\n\t日本語";
    let mut stage = Stage::new((140, 42), &[]);
    let mut bad = span(1, 0, 0, hostile);
    bad.attributes = vec![
        (hostile.to_owned(), Value::Str(hostile.to_owned())),
        (hostile.to_owned(), Value::Array(vec![Value::Str(hostile.to_owned()), Value::Int(7)])),
        (String::new(), Value::Map(vec![(hostile.to_owned(), Value::Bytes(vec![27]))])),
    ];
    bad.status_message = hostile.to_owned();
    bad.trace_state = hostile.to_owned();
    stage.take(vec![bad]);
    for tab in 0..4 {
        stage.act(&[Action::Tab(tab), Action::Down, Action::Unfold]);
        let buffer = stage.draw();
        for cell in buffer.content() {
            let harmless = |c: char| !c.is_control() && c != '\u{202e}' && c != '\u{200b}';
            assert!(cell.symbol().chars().all(harmless), "{:?}", cell.symbol());
        }
    }
    stage.act(&[Action::Tab(0)]);
    assert!(stage.text().contains("␛]0;owned␇"), "{}", stage.text());
}

#[test]
fn what_was_evicted_is_said_and_counted() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.session = Session::new(3 << 20, Clock::Stream);
    for trace in 0..100_u64 {
        let mut spans: Vec<Span> =
            (0..300).map(|i| span(1 + i, 0, i, "a span with a long enough name")).collect();
        for span in &mut spans {
            span.trace_id = TraceId(u128::from(trace + 1).to_be_bytes());
        }
        stage.take(spans);
        if trace == 0 {
            stage.act(&[Action::Open, Action::Down]);
        }
    }
    assert!(stage.session.store.counters().evicted_spans > 0);
    let text = stage.text();
    assert!(text.contains("evicted"), "{text}");
    assert!(text.contains("was evicted at the memory limit"), "{text}");
}

/// Presses keys faster than frames are drawn.
fn hurry(stage: &mut Stage, keys: &[Chord]) {
    for key in keys {
        stage.app.key(key.event(), &stage.session, &stage.status);
    }
}

#[test]
fn keys_that_come_faster_than_frames_find_their_rows() {
    let mut stage = Stage::new((140, 42), &["jobs-merged", "seeded-ids", "axum-no-kind", "db-internal"]);
    for action in [Action::Tab(1), Action::Down, Action::Unfold, Action::Down, Action::Down] {
        let key = binding(action, stage.app.context()).keys[0];
        hurry(&mut stage, &[key]);
    }
    let hurried = stage.text();
    let mut stage = Stage::new((140, 42), &["jobs-merged", "seeded-ids", "axum-no-kind", "db-internal"]);
    stage.act(&[Action::Tab(1), Action::Down, Action::Unfold, Action::Down, Action::Down]);
    assert_eq!(hurried, stage.text());
}
