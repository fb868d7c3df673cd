//! A span: its pane, its sheet as it was sent, its values.

use crate::golden::check;
use crate::made::{failed, span};
use crate::stage::{MERGED, NOW_NS, Stage, select};
use otoscope::model::{Event, Span};
use otoscope::tui::keymap::{Action, Context};

#[test]
fn a_span_is_shown_with_everything_that_was_sent() {
    let mut stage = Stage::new((140, 42), MERGED);
    stage.act(&[Action::Open, Action::Open]);
    check("span-140x42", &mut stage);
    let mut small = Stage::new((80, 24), MERGED);
    small.act(&[Action::Open, Action::Open, Action::Last]);
    check("span-80x24", &mut small);
    let mut culprit = Stage::new((140, 42), MERGED);
    culprit.act(&[Action::Open, Action::Down, Action::Down, Action::Down]);
    check("span-not-received-140x42", &mut culprit);
}

#[test]
fn a_failed_span_says_why_and_what_its_names_are_today() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), &[]);
        stage.take(failed());
        stage.act(&[Action::Open, Action::Open]);
        (0..8).for_each(|_| stage.act(&[Action::Grow]));
        check(&format!("failed-span-{columns}x{rows}"), &mut stage);
        select(&mut stage, "raise KeyError");
        check(&format!("stack-trace-{columns}x{rows}"), &mut stage);
        let text = stage.text();
        assert!(text.contains("KeyError: 'tea'") && text.contains("frames of libraries"), "{text}");
        assert!(!text.contains("wsgi_app"), "what libraries did is folded away: {text}");
        select(&mut stage, "trace state");
        stage.act(&[Action::Unfold]);
        assert!(stage.text().contains("sampled 1 in 4"), "{}", stage.text());
    }
}

#[test]
fn links_and_parents_lead_to_their_spans() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take(failed());
    stage.act(&[Action::Open, Action::Open]);
    (0..8).for_each(|_| stage.act(&[Action::Grow]));
    select(&mut stage, "links (2)");
    stage.act(&[Action::Unfold, Action::Down, Action::Down, Action::Open]);
    assert!(stage.text().contains("the linked span is not held"), "{}", stage.text());
    stage.act(&[Action::Up, Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree);
    assert!(stage.selected_lines().iter().any(|(_, text)| text.contains("query")), "{}", stage.text());
    stage.act(&[Action::Open]);
    select(&mut stage, "parent ");
    stage.act(&[Action::Open]);
    assert!(stage.selected_lines().iter().any(|(_, text)| text.contains("GET /cart")), "{}", stage.text());
}

#[test]
fn a_span_is_shown_as_it_was_sent() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), &[]);
        stage.take(failed());
        stage.act(&[Action::Open, Action::Raw]);
        check(&format!("raw-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Copy]);
        let json: serde_json::Value = serde_json::from_str(&stage.outside.copied[0]).unwrap();
        assert_eq!(json["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"], "GET /cart");
        stage.act(&[Action::Last]);
        assert!(stage.text().contains('}'), "{}", stage.text());
        stage.act(&[Action::Back]);
        assert_eq!(stage.app.context(), Context::Tree);
    }
}

#[test]
fn a_very_long_value_has_a_sheet_of_its_own() {
    let mut stage = Stage::new((80, 24), &[]);
    stage.take(failed());
    stage.act(&[Action::Open, Action::Open]);
    select(&mut stage, "note ");
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Page);
    check("long-value-80x24", &mut stage);
    stage.act(&[Action::CopyNow, Action::Back]);
    assert_eq!(stage.outside.copied[0].len(), 4_200);
    stage.act(&[Action::Unfold]);
    assert!(stage.text().matches("goes on and on").count() > 3, "{}", stage.text());
}

#[test]
fn a_name_of_blanks_is_said_to_be_one_and_an_event_without_a_time_to_have_none() {
    let mut stage = Stage::new((140, 42), &[]);
    let event = |time_ns, name: &str| Event { time_ns, name: name.to_owned(), ..Event::default() };
    let events = vec![event(0, "lost"), event(NOW_NS + 500_000, "found")];
    stage.take(vec![Span { events, ..span(1, 0, 0, "  ") }, span(2, 1, 0, "\u{a0}"), span(3, 1, 0, "")]);
    assert!(stage.list().iter().any(|line| line.contains("(blank)")), "{}", stage.text());
    stage.act(&[Action::Open, Action::Open]);
    let text = stage.text();
    assert!(
        text.contains("▾ (blank)") && text.matches("(blank)").count() >= 3 && text.contains("(no name)"),
        "{text}"
    );
    (0..8).for_each(|_| stage.act(&[Action::Grow]));
    select(&mut stage, "events (2)");
    stage.act(&[Action::Unfold]);
    let text = stage.text();
    assert!(
        !text.contains("years") && text.contains("no time  lost") && text.contains("+500 µs  found"),
        "{text}"
    );
}
