//! Looking for spans in a trace.

use crate::golden::{check, text};
use crate::made::span;
use crate::stage::{NOW_NS, Stage};
use crate::waterfall::on_busy_request;
use crossterm::event::KeyCode;
use otoscope::model::Span;
use otoscope::tui::Look;
use otoscope::tui::keymap::{Action, Context};
use ratatui::style::Modifier;

#[test]
fn the_rest_is_hidden_and_ancestors_stay() {
    let mut stage = on_busy_request((140, 42), Look::default());
    stage.act(&[Action::HideRest]);
    assert!(stage.text().contains("nothing is looked for"), "{}", stage.text());
    stage.act(&[Action::Search]);
    stage.app.paste("templ", &stage.session, &stage.status);
    stage.act(&[Action::Open, Action::HideRest]);
    let text = stage.text();
    assert!(text.contains("1 of 246 match"), "{text}");
    for (word, there) in [("template", true), ("render", true), ("POST /pay", false), ("SELECT", false)] {
        assert_eq!(text.contains(word), there, "{word}: {text}");
    }
    check("hidden-rest-140x42", &mut stage);
    stage.act(&[Action::HideRest]);
    assert!(stage.text().contains("POST /pay"), "{}", stage.text());
}

#[test]
fn a_search_says_what_it_found_and_marks_it() {
    let mut stage = on_busy_request((140, 42), Look::default());
    stage.act(&[Action::Repeats, Action::Search]);
    stage.write("select");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("/select 1 of 240"), "{}", stage.text());
    stage.act(&[Action::NextMatch, Action::NextMatch]);
    assert!(stage.text().contains("/select 3 of 240"), "{}", stage.text());
    let underlined = |stage: &mut Stage, text: &str| {
        let (x, y) = stage.find(text);
        stage.draw()[(x, y)].modifier.contains(Modifier::UNDERLINED)
    };
    assert!(underlined(&mut stage, "SELECT basket") && !underlined(&mut stage, "load basket"));
    stage.act(&[Action::Repeats, Action::First]);
    assert!(stage.text().contains("/select 240 matches"), "{}", stage.text());
    check("search-140x42", &mut stage);
    stage.act(&[Action::Back]);
    let text = stage.text();
    assert!(!text.contains("/select") && text.contains("nothing is looked for any more"), "{text}");
    assert_eq!(stage.app.context(), Context::Tree, "the next one leaves the tree");
    assert!(!underlined(&mut stage, "SELECT basket"));
    let before = stage.selected_lines();
    for (term, said, there) in [
        ("zzznot", "no span matches zzznot", Context::Tree),
        ("dur>", "a value is missing after >", Context::Prompt),
    ] {
        stage.act(&[Action::Search]);
        stage.write(term);
        stage.act(&[Action::Open]);
        assert!(stage.text().contains(said), "{}", stage.text());
        assert_eq!(stage.app.context(), there, "what is wrong can be mended where it was written");
        stage.act(if there == Context::Prompt { &[Action::Back] } else { &[] });
        assert_eq!(stage.selected_lines(), before, "{term}");
    }
    stage.act(&[Action::Search, Action::Open]);
    assert!(!stage.text().contains("/zzznot"), "an empty search ends it: {}", stage.text());
}

#[test]
fn a_search_goes_on_between_frames_and_moves_only_to_what_matches() {
    let mut stage = Stage::new((140, 42), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 60_000_000_000, ..span(1, 0, 0, "import") }];
    spans.extend((0..20_000).map(|n| span(10 + n, 1, n, "insert row")));
    spans.push(span(5, 1, 55_000, "commit"));
    stage.take(spans);
    stage.act(&[Action::Open, Action::First]);
    let unfinished = |stage: &mut Stage, key: KeyCode| {
        let Stage { session, app, status, terminal, .. } = stage;
        app.key(key.into(), session, status);
        text(terminal.draw(|frame| app.draw(frame, session, status)).unwrap().buffer)
    };
    let span_of = |text: &str| text.lines().find(|line| line.contains("Span ")).unwrap().to_owned();
    let before = span_of(&stage.text());
    for (term, there) in [("zzznot", false), ("commit", true)] {
        stage.act(&[Action::Search]);
        stage.write(term);
        stage.act(&[Action::Open, Action::First]);
        let at_once = unfinished(&mut stage, KeyCode::Char('n'));
        assert!(at_once.contains(&format!("/{term} searching…")), "{at_once}");
        assert_eq!(span_of(&at_once), before, "the cursor stays meanwhile");
        let at_last = stage.text();
        assert_eq!(at_last.contains(&format!("no span matches {term}")), !there, "{at_last}");
        assert_eq!(span_of(&at_last) == before, !there, "{at_last}");
        assert_eq!(at_last.contains("Span commit"), there, "{at_last}");
    }
    assert!(stage.text().contains("/commit 1 of 1"), "{}", stage.text());
    stage.act(&[Action::First]);
    unfinished(&mut stage, KeyCode::Char('n'));
    unfinished(&mut stage, KeyCode::Char('j'));
    let text = stage.text();
    assert!(
        text.contains("Span insert row") && !text.contains("searching"),
        "who goes elsewhere stays: {text}"
    );
}

#[test]
fn which_match_of_how_many_comes_before_any_note() {
    let mut stage = Stage::new((80, 24), &[]);
    let mut spans = vec![Span { end_ns: NOW_NS + 60_000_000_000, ..span(1, 0, 0, "import") }];
    spans.extend((0..42).map(|n| span(10 + n, 1, n, "deadlock")));
    spans.extend((0..60_000).map(|n| span(100 + n, 1, 100 + n, "insert row")));
    stage.take(spans);
    stage.act(&[Action::Open, Action::CriticalPath, Action::Search]);
    stage.write("deadloc");
    stage.act(&[Action::Open, Action::NextMatch]);
    let text = stage.text();
    let title = text.lines().find(|line| line.contains("/deadloc")).unwrap();
    assert!(title.contains(" of 42 ") && title.contains("━ critical path"), "{text}");
}

#[test]
fn nothing_that_matches_is_said_and_not_opened() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = on_busy_request((columns, rows), Look::default());
        stage.act(&[Action::Search]);
        stage.write("zzznot");
        stage.act(&[Action::Open, Action::HideRest]);
        let text = stage.text();
        assert!(text.contains("nothing matches /zzznot: & shows all again"), "{text}");
        stage.act(&[Action::Open]);
        assert_eq!(stage.app.context(), Context::Tree);
        assert!(stage.text().contains("there is no span to open"), "{}", stage.text());
        stage.act(&[Action::HideRest]);
        assert!(stage.text().contains("POST /pay"), "{}", stage.text());
    }
}

/// At 80 columns there is no room for it beside the text.
#[test]
fn what_is_wrong_with_a_filter_is_told_whole_and_the_filter_can_be_mended() {
    let mut stage = Stage::new((80, 24), &["flask-1.30"]);
    stage.act(&[Action::Filter]);
    stage.write("status=error");
    stage.act(&[Action::Open, Action::Filter]);
    stage.write("service=shop name=\"GET /products\" duration>fast");
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Prompt);
    let text = stage.text();
    assert!(text.contains("fast is not a duration") && text.contains("duration>fast"), "{text}");
    let said = text.lines().find(|line| line.contains("is not a duration")).unwrap();
    assert!(!said.contains('…'), "{said}");
    for _ in 0..4 {
        stage.app.key(KeyCode::Backspace.into(), &stage.session, &stage.status);
    }
    stage.write("1ms");
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Traces);
    assert!(stage.list()[0].contains("duration>1ms"), "{:?}", stage.list());
    // Given up, what was there before holds.
    stage.act(&[Action::Filter]);
    stage.write("dur>x");
    stage.act(&[Action::Open, Action::Back]);
    assert!(stage.list()[0].contains("duration>1ms"), "{:?}", stage.list());
}

#[test]
fn a_search_that_is_given_up_leaves_hidden_what_was_hidden() {
    let mut stage = Stage::new((140, 42), &["flask-1.30"]);
    stage.take(crate::made::busy_request());
    stage.act(&[Action::Open, Action::Search]);
    stage.write("select");
    stage.act(&[Action::Open, Action::HideRest]);
    let text = stage.text();
    let row = |text: &str| text.lines().filter(|line| line.contains("&: all")).count();
    assert_eq!(row(&text), 1, "{text}");
    stage.act(&[Action::Search]);
    stage.write("kind=client");
    stage.act(&[Action::Back]);
    assert_eq!(stage.text(), text);
}
