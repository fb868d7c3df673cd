//! Log records.

use crate::golden::{check, text};
use crate::made::{logs, order, span};
use crate::stage::{SIZES, Stage, select, tab};
use crossterm::event::{KeyCode, KeyEvent};
use otoscope::tui::keymap::{Action, Chord, Context};
use otoscope::tui::view::listing::Busy;

fn huge(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size, &[]);
    stage.take((0..100).map(|i| span(100 + i, 0, i, &format!("POST /orders/{i}"))).collect());
    for n in 0..200 {
        stage.session.take(logs("shop", n * 500, 500, order));
    }
    stage.act(&[tab("Logs")]);
    stage
}

#[test]
fn the_tab_of_logs_says_how_to_send_some_and_that_metrics_are_not_shown() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &[]);
        stage.act(&[tab("Logs")]);
        let text = stage.text();
        for words in [
            "OTEL_LOGS_EXPORTER=otlp",
            "AUTO_INSTRUMENTATION_ENABLED=true",
            "Metrics are answered and counted",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
    }
}

#[test]
fn a_log_record_is_shown_with_the_span_that_it_belongs_to() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["flask-logs"]);
        stage.act(&[tab("Logs"), Action::PreviousError]);
        check(&format!("logs-{columns}x{rows}"), &mut stage);
        let (_, line) = stage.selected_lines().remove(0);
        assert!(line.contains("ERROR") && line.contains("POST /checkout"), "{line}");
        // Its span is one key away, and there it is again.
        stage.act(&[Action::Open]);
        assert_eq!(stage.app.context(), Context::Tree);
        stage.act(&[Action::Open, Action::Last]);
        let text = stage.text();
        assert!(text.contains("logs (1)") && stage.selected_lines()[0].1.contains("read "), "{text}");
        // The list is where it was left.
        stage.act(&[tab("Logs")]);
        assert_eq!(stage.selected_lines().remove(0).1, line);
    }
}

#[test]
fn records_of_several_days_say_which() {
    let mut stage = Stage::new((80, 24), &[]);
    let day = 24 * 3_600 * 1_000;
    stage.session.take(logs("shop", 0, 2, order));
    stage.act(&[tab("Logs")]);
    let line = |stage: &mut Stage, which: &str| {
        let text = stage.text();
        text.lines().find(|line| line.contains(which)).unwrap().trim_start_matches(['▌', ' ']).to_owned()
    };
    let time = line(&mut stage, "no. 0").split(' ').next().unwrap().to_owned();
    assert_eq!(time.len(), "14:02:11.318".len(), "{time}");
    stage.session.take(logs("shop", 2 * day, 1, order));
    assert!(line(&mut stage, "no. 0").starts_with(&format!("11-23 {time} ")), "{}", stage.text());
    stage.session.take(logs("shop", 400 * day, 1, order));
    assert!(line(&mut stage, "no. 0").starts_with("2026-11-23 "), "{}", stage.text());
}

#[test]
fn a_log_record_is_copied_and_shown_as_it_came() {
    let mut stage = Stage::new((140, 42), &["flask-logs"]);
    stage.act(&[tab("Logs"), Action::PreviousError, Action::CopyNow]);
    // In the detail what the cursor is on comes first.
    stage.act(&[Action::NextPane]);
    select(&mut stage, "exception.type");
    stage.act(&[Action::CopyNow]);
    for wanted in ["the line", "all attr", "trace id", "span id", "log record as"] {
        stage.act(&[Action::Copy]);
        for c in wanted.chars() {
            stage.press(Chord::of(KeyEvent::from(KeyCode::Char(c))).unwrap());
        }
        stage.act(&[Action::Open]);
    }
    stage.act(&[Action::Raw]);
    assert!(stage.text().contains("log record as OTLP/JSON: y copies it, Esc closes"), "{}", stage.text());
    stage.act(&[Action::Copy]);
    let [body, value, line, attributes, trace, span, json, raw] = stage.outside.copied.as_slice() else {
        panic!("{:?}", stage.outside.copied)
    };
    assert!(body.starts_with("Exception on /checkout"), "{body}");
    assert!(!value.contains('=') && attributes.contains(&format!("exception.type={value}")), "{attributes}");
    assert!(line.contains(" ERROR ") && line.contains(body.as_str()), "{line}");
    assert!(line.ends_with("POST /checkout"), "{line}");
    assert_eq!((trace.len(), span.len()), (32, 16));
    let parsed: [serde_json::Value; 2] = [json, raw].map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(parsed[0], parsed[1]);
    let logs = &parsed[0]["resourceLogs"][0];
    assert!(logs["resource"]["attributes"].is_array() && !logs["scopeLogs"][0]["scope"].is_null(), "{json}");
    let records = logs["scopeLogs"][0]["logRecords"].as_array().unwrap();
    assert_eq!(
        (records.len(), &records[0]["traceId"], &records[0]["spanId"]),
        (1, &(*trace.clone()).into(), &(*span.clone()).into())
    );
}

#[test]
fn from_the_span_of_a_log_record_back_leads_to_the_record() {
    for size in [(80, 24), (140, 42)] {
        let mut stage = Stage::new(size, &["flask-logs"]);
        stage.act(&[tab("Logs"), Action::PreviousError]);
        let record = stage.selected_lines();
        stage.act(&[Action::Open]);
        assert_eq!(stage.app.context(), Context::Tree);
        stage.act(&[Action::Open, Action::Back, Action::Back]);
        assert_eq!((stage.app.context(), stage.selected_lines()), (Context::Logs, record));
        // There, back leads on to the list of traces.
        stage.act(&[Action::Back]);
        assert_eq!(stage.app.context(), Context::Traces);
        stage.act(&[tab("Logs")]);
        // Who has gone to the list of traces meanwhile, by keys or mouse, is at home there.
        stage.act(&[Action::Open]);
        stage.click(10, 5);
        assert_eq!(stage.app.context(), Context::Traces);
        stage.act(&[Action::Open, Action::Back]);
        assert_eq!(stage.app.context(), Context::Traces);
        stage.act(&[tab("Logs")]);
        stage.act(&[Action::Open, Action::PreviousPane, Action::NextPane, Action::Back]);
        assert_eq!(stage.app.context(), Context::Traces);
    }
}

#[test]
fn from_a_span_its_log_record_is_one_key_away() {
    let mut stage = Stage::new((140, 42), &["flask-logs"]);
    stage.act(&[tab("Logs"), Action::PreviousError]);
    let (_, record) = stage.selected_lines().remove(0);
    stage.act(&[Action::Open, tab("Logs"), Action::First, Action::Filter]);
    stage.write("nothing like it");
    stage.act(&[Action::Open, tab("Traces"), Action::Open]);
    select(&mut stage, "logs (1)");
    stage.act(&[Action::Unfold, Action::Down, Action::Open]);
    assert_eq!(stage.app.context(), Context::Logs, "{}", stage.text());
    assert_eq!(stage.selected_lines().remove(0).1, record, "though a filter hid it");
    // Back leads to where it was read.
    stage.act(&[Action::Back]);
    assert_eq!(stage.app.context(), Context::Detail);
}

#[test]
fn a_log_record_whose_span_is_not_here_leads_to_its_trace_and_says_so() {
    let mut stage = Stage::new((80, 24), &[]);
    stage.live("shop", vec![span(900, 0, 0, "job")]);
    // Of the trace, but of spans that have not come.
    stage.session.take(logs("shop", 3, 1, |_| {
        let ids = format!("\"traceId\":\"{}\",\"spanId\":\"0000000000000bad\"", "07".repeat(16));
        format!("{ids},\"body\":{{\"stringValue\":\"late\"}}")
    }));
    stage.act(&[tab("Logs")]);
    assert!(stage.text().contains("Enter: to its trace"), "{}", stage.text());
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree);
    let text = stage.text();
    assert!(
        text.contains("its span is not here (still open, not sampled, or evicted): this is its trace"),
        "{text}"
    );
}

#[test]
fn a_hundred_thousand_log_records_are_a_window_and_a_count() {
    let mut stage = huge(SIZES[0]);
    for size in SIZES {
        stage.anew(size);
        stage.act(&[tab("Logs")]);
        let text = stage.text();
        assert!(text.contains("100 000 log records") && text.contains("following the newest"), "{text}");
        stage.act(&[Action::First, Action::NextError]);
        assert!(stage.selected_lines()[0].1.contains("POST /orders/0"), "{:?}", stage.selected_lines());
    }
}

#[test]
fn a_filter_looks_at_all_of_them_without_holding_a_key_back() {
    let mut stage = huge((140, 42));
    stage.act(&[Action::Filter]);
    stage.write("severity>=error body~BAN");
    // The last letter is on the screen before all are looked at.
    let Stage { session, app, status, terminal, .. } = &mut stage;
    app.key(KeyEvent::from(KeyCode::Char('K')), session, status);
    let at_once = text(terminal.draw(|frame| app.draw(frame, session, status)).unwrap().buffer);
    assert!(at_once.contains("BANK") && at_once.contains("still looking"), "{at_once}");
    stage.act(&[Action::Open]);
    let far = std::time::Instant::now() + std::time::Duration::from_secs(60);
    assert!(stage.app.work(far, &stage.session, &stage.status) < Busy::Now, "all of them were looked at");
    let text = stage.text();
    assert!(text.contains("100 of 100 000") && text.contains("severity>=error body~BANK"), "{text}");
    check("logs-filtered-140x42", &mut stage);
    stage.act(&[Action::First]);
    assert!(stage.selected_lines()[0].1.contains("no. 999"), "{:?}", stage.selected_lines());
    // Nothing fits, and Esc brings all of them back.
    stage.act(&[Action::Filter]);
    stage.write(" moon");
    stage.act(&[Action::Open]);
    assert!(stage.app.work(far, &stage.session, &stage.status) < Busy::Now);
    assert!(stage.text().contains("no log record fits; Esc shows all again"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(stage.text().contains("100 000 log records"), "{}", stage.text());
}

#[test]
fn the_filter_of_log_records_speaks_the_query_language() {
    let mut stage = Stage::new((80, 24), &[]);
    stage.session.take(logs("shop", 0, 1_000, order));
    stage.act(&[tab("Logs"), Action::Filter]);
    // What may be written next, of log records and not of spans.
    stage.write("sever");
    check("logs-filter-keys-80x24", &mut stage);
    stage.write("ity>=warn");
    assert!(stage.text().contains("101 of 1 000"), "{}", stage.text());
    stage.write(" duration>1s");
    check("logs-filter-wrong-80x24", &mut stage);
    let text = stage.text();
    assert!(text.contains("a log record has no duration"), "{text}");
    // It is not thrown away: it can be mended. Whoever gives it up has what was there before.
    stage.act(&[Action::Open]);
    assert_eq!((stage.app.context(), stage.text()), (Context::Prompt, text));
    stage.act(&[Action::Back]);
    let text = stage.text();
    assert!(text.contains("1 000 log records"), "{text}");
    // A slip is told of, and with braces it is the same language.
    stage.act(&[Action::Filter]);
    stage.write("severty=warn");
    assert!(stage.text().contains("did you mean severity?"), "{}", stage.text());
    stage.act(&[Action::Back, Action::Filter]);
    stage.write("{ severity = error } || { body =~ \"slow .* 5\" }");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("2 of 1 000"), "{}", stage.text());
}

#[test]
fn log_records_that_arrive_do_not_move_what_is_selected() {
    let mut stage = Stage::new((100, 30), &[]);
    stage.session.take(logs("shop", 1_000, 200, order));
    stage.act(&[tab("Logs"), Action::Up, Action::Up, Action::PageUp]);
    let before = stage.text();
    let list = |text: &str| text.lines().skip(5).take(10).map(str::to_owned).collect::<Vec<_>>();
    assert!(before.contains("order taken"), "{before}");
    // Later ones, and some that were on their way for long.
    stage.session.take(logs("shop", 2_000, 300, order));
    stage.session.take(logs("late", 0, 300, order));
    assert_eq!(list(&stage.text()), list(&before));
    // Followed, the newest is always there.
    stage.act(&[Action::Follow]);
    assert!(stage.selected_lines()[0].1.contains("no. 2299"), "{:?}", stage.selected_lines());
    stage.session.take(logs("shop", 3_000, 5, order));
    assert!(stage.selected_lines()[0].1.contains("no. 3004"), "{:?}", stage.selected_lines());
    stage.act(&[Action::Hold]);
    stage.session.take(logs("shop", 4_000, 5, order));
    assert!(stage.selected_lines()[0].1.contains("no. 3004"), "{:?}", stage.selected_lines());
}

#[test]
fn what_is_cleared_takes_log_records_along_and_none_is_called_evicted() {
    let mut stage = Stage::new((140, 42), &["flask-logs"]);
    stage.session.take(logs("shop", 3, 5, |_| "\"body\":{\"stringValue\":\"outside of spans\"}".to_owned()));
    let kept = stage.session.store.log_count();
    // What is pinned keeps its own.
    stage.act(&[
        tab("Logs"),
        Action::PreviousError,
        Action::Open,
        Action::Back,
        tab("Traces"),
        Action::Back,
        Action::Pin,
    ]);
    stage.act(&[Action::Clear]);
    stage.write("y");
    stage.settle();
    while stage.session.is_busy() {
        stage.session.work();
    }
    let (left, counters) = (stage.session.store.log_count(), *stage.session.store.counters());
    assert!(left > 0 && left < kept, "{left} of {kept}");
    assert_eq!((counters.evicted_logs, counters.deleted_logs), (0, (kept - left) as u64));
    let text = stage.text();
    assert!(text.contains("deleted logs ") && !text.contains("evicted"), "{text}");
}

#[test]
fn a_notice_does_not_run_into_the_help() {
    for columns in 60..120 {
        let mut stage = Stage::new((columns, 24), &[]);
        stage.session.take(logs("shop", 999, 1, order));
        stage.act(&[tab("Logs"), Action::First, Action::Open]);
        let text = stage.text();
        assert!(text.contains("its trace is not here"), "{text}");
        let last = text.lines().last().unwrap();
        if let Some((notice, _)) = last.split_once("? help") {
            assert!(notice.trim().is_empty() || notice.ends_with("  "), "{columns}: {last}");
        }
    }
}
