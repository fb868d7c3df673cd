//! The command of `otoscope run`: its tab, the lines below other tabs, and what is wanted of it.

use crate::golden::check;
use crate::stage::{MERGED, NOW_NS, Stage};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use otoscope::child::Instrumented;
use otoscope::child::{Ended, Order, Signal, Told};
use otoscope::tui::keymap::{Action, OUTPUT};
use otoscope::tui::{Look, Output};

const SECOND: u64 = 1_000_000_000;

/// Lets a stage have a command that has run for some seconds.
pub(crate) fn watch(stage: &mut Stage) {
    let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:40123".to_owned();
    let area = stage.draw().area;
    let mut output = Output::new("flask run".to_owned(), endpoint, (80, 24), NOW_NS - 12 * SECOND);
    output.remark("OTEL_EXPORTER_OTLP_ENDPOINT=http://there:4317 is overridden for the command".to_owned());
    stage.app.watch(output);
    stage.app.resize(area.width, area.height);
    stage.app.settle(&mut stage.session, &mut stage.outside);
}

fn print(stage: &mut Stage, text: &str) {
    hear(stage, &Told::Printed(text.as_bytes().to_vec()));
}

fn hear(stage: &mut Stage, told: &Told) {
    stage.app.hear(told, stage.status.now_ns);
    stage.app.settle(&mut stage.session, &mut stage.outside);
}

const FLASK: &str = " * Serving Flask app 'shop'\r\n * Debug mode: off\r\n\
    \x1b[31m\x1b[1mWARNING: This is a development server.\x1b[0m Use a production WSGI server instead.\r\n\
     * Running on http://127.0.0.1:5000\r\n\x1b[33mPress CTRL+C to quit\x1b[0m\r\n\
    127.0.0.1 - - \"\x1b[36mGET /cart HTTP/1.1\x1b[0m\" 304 -\r\n\
    127.0.0.1 - - \"\x1b[33mGET /wp-login.php HTTP/1.1\x1b[0m\" 404 -\r\n\
    caf\u{e9} \u{65e5}\u{672c}\u{8a9e} \x1b[48;5;22m\x1b[38;2;250;200;100mcells\x1b[0m \x1b[3mslanted\x1b[0m \x1b[4mlined\x1b[0m\r\n";

fn flask(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size, MERGED);
    watch(&mut stage);
    few(&mut stage);
    stage
}

/// Prints a few lines.
pub(crate) fn few(stage: &mut Stage) {
    print(stage, FLASK);
}

/// Prints more lines than are kept.
pub(crate) fn many(stage: &mut Stage) {
    (0..6_000).for_each(|n| print(stage, &format!("line {n}\r\n")));
}

/// A tab with much in it, scrolled to its middle.
pub(crate) fn scrolled() -> Stage {
    let mut stage = flask((140, 36));
    many(&mut stage);
    stage.act(&[Action::Tab(OUTPUT), Action::PageUp, Action::PageUp]);
    stage
}

/// A tab into which is typed.
pub(crate) fn typing() -> Stage {
    let mut stage = flask((80, 24));
    stage.act(&[Action::Tab(OUTPUT), Action::Type]);
    stage
}

#[test]
fn the_tab_of_the_output() {
    let mut stage = flask((140, 42));
    stage.act(&[Action::Tab(OUTPUT)]);
    check("output-140x42", &mut stage);
    check("output-typing-80x24", &mut typing());
    let mut stage = scrolled();
    assert!(stage.text().contains("more: G"));
    stage.act(&[Action::First]);
    assert!(!stage.text().contains("Serving"), "what is kept is bounded");
    stage.act(&[Action::Last]);
    assert!(stage.text().contains("line 5999"));
}

#[test]
fn its_last_lines_are_below_any_tab() {
    for size in [(80, 24), (200, 50)] {
        let mut stage = flask(size);
        stage.act(&[Action::OutputPane]);
        check(&format!("output-pane-{}x{}", size.0, size.1), &mut stage);
        stage.act(&[Action::Tab(1)]);
        assert!(stage.text().contains("! hides"));
        stage.act(&[Action::OutputPane]);
        assert!(!stage.text().contains("! hides"));
    }
}

#[test]
fn until_it_has_sent_something_it_is_told_what_it_was_told() {
    let mut stage = Stage::new((80, 24), &[]);
    watch(&mut stage);
    check("run-waiting-80x24", &mut stage);
    hear(&mut stage, &Told::Ended(Ended::Signal(9)));
    check("run-ended-80x24", &mut stage);
    let text = stage.text();
    assert!(text.contains(" killed by signal 9 after 12s: Ctrl-r starts it again, 6"), "{text}");
    stage.act(&[Action::Tab(OUTPUT)]);
    assert!(stage.text().contains("[killed by signal 9]"));
    stage.act(&[Action::Type]);
    assert!(stage.text().contains("the command has ended; Ctrl-r starts it again"));
    stage.act(&[Action::Restart]);
    assert_eq!(stage.outside.ordered.last(), Some(&Order::Restart));
    hear(&mut stage, &Told::Started);
    assert!(stage.text().contains("[started again]") && stage.text().contains("running 0s"));
    hear(&mut stage, &Told::Failed("it is not there any more".to_owned()));
    assert!(stage.text().contains("[it is not there any more]"));
}

#[test]
fn when_it_has_ended_what_is_said_is_true_of_that_end() {
    let ended = |how| {
        let mut stage = Stage::new((80, 24), &[]);
        watch(&mut stage);
        hear(&mut stage, &Told::Ended(how));
        stage
    };
    for (how, says) in [
        (Ended::Status(0), "1  is it instrumented?"),
        (Ended::Status(2), "1  did it fail before it began to work? 6 says"),
        (Ended::Status(127), "1  is the command there? 6 says"),
        (Ended::Signal(9), "1  it was killed: what its SDK had not sent yet is lost"),
        (Ended::Signal(15), "1  does it end at once at that signal?"),
    ] {
        let text = ended(how).text();
        assert!(text.contains(says) && text.contains("nothing has come"), "{how:?}: {text}");
        assert!(!text.contains("may take 5 s"), "{how:?}: {text}");
    }
    let mut stage = ended(Ended::Status(0));
    let logs = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"stringValue":"x"}}]}]}]}"#;
    let keep = &mut |batch| {
        stage.session.take(batch);
        std::ops::ControlFlow::Continue(())
    };
    otoscope::dump::read(&logs[..], "a.jsonl", None, keep).unwrap();
    let text = stage.text();
    assert!(text.contains("no span has come, but 1 log record."), "{text}");
    assert!(text.contains("1  is tracing set up?") && !text.contains("instrumented"), "{text}");
}

#[test]
fn when_it_fails_what_it_printed_last_is_shown_at_once() {
    for batches in [&[][..], MERGED] {
        let mut stage = Stage::new((100, 30), batches);
        watch(&mut stage);
        print(&mut stage, "RuntimeError: no database configured\r\n");
        hear(&mut stage, &Told::Ended(Ended::Status(1)));
        let text = stage.text();
        assert!(text.contains("no database configured") && text.contains("! hides"), "{text}");
        assert_eq!(text.contains("the command exited 1 after 12s"), batches.is_empty(), "{text}");
        assert!(!text.contains("nothing found wrong"), "{text}");
        hear(&mut stage, &Told::Started);
        assert!(!stage.text().contains("! hides"), "{}", stage.text());
        // Not where somebody wanted it to end.
        hear(&mut stage, &Told::Ended(Ended::Signal(2)));
        assert!(!stage.text().contains("! hides"), "{}", stage.text());
    }
}

#[test]
fn what_its_signals_cost_is_said() {
    let mut stage = flask((100, 30));
    hear(&mut stage, &Told::Ending(Signal::INT));
    assert!(stage.text().contains("SIGINT sent: it sends what it still holds"), "{}", stage.text());
    hear(&mut stage, &Told::Ending(Signal::TERM));
    assert!(stage.text().contains("SIGTERM sent: up to 5 s of its spans may be lost"), "{}", stage.text());
    hear(&mut stage, &Told::Started);
    assert!(stage.text().contains("started again; SIGTERM sent: up to 5 s"), "{}", stage.text());
    stage.act(&[Action::Tab(OUTPUT)]);
    assert!(stage.text().contains("[SIGTERM sent: up to 5 s of its spans may be lost]"), "{}", stage.text());
}

#[test]
fn what_is_asked_for_fits_the_command() {
    let words = ["opentelemetry-instrument", "flask", "run", "--debug"];
    let mut stage = Stage::new((80, 24), &[]);
    let mut output =
        Output::new(words.join(" "), "OTEL_EXPORTER_OTLP_ENDPOINT=x".to_owned(), (80, 24), NOW_NS);
    output.instrument(Instrumented::of(words, &|_| None));
    stage.app.watch(output);
    let text = stage.text();
    assert!(text.contains("Its reloader starts the app without the instrumentation: add"), "{text}");
    assert!(text.contains("--no-reload") && !text.contains("s it instrumented"), "{text}");
    stage.act(&[Action::Tab(3)]);
    let text = stage.text();
    assert!(text.contains("OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true"), "{text}");
    assert!(!text.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !text.contains("Java"), "{text}");
}

#[test]
fn a_headline_says_what_mends_it_on_any_screen() {
    for width in [80, 100, 120, 140, 200] {
        let mut stage = Stage::new((width, 40), MERGED);
        let text = stage.text();
        assert!(text.contains("1.30.0"), "{width}: {text}");
        let top: String = text.lines().take(8).collect::<Vec<_>>().join("\n");
        assert!(!top.lines().any(|line| line.trim_end().ends_with("≥")), "{width}: {top}");
        assert!(top.contains("click"), "{width}: {top}");
    }
}

#[test]
fn without_a_command_there_is_no_such_tab() {
    let mut stage = Stage::new((100, 30), MERGED);
    assert!(!stage.text().contains("6 Output"));
    for action in [Action::Tab(OUTPUT), Action::OutputPane] {
        stage.act(&[action]);
        assert!(stage.text().contains("`otoscope run -- CMD` starts one"), "{action:?}");
    }
}

#[test]
fn what_is_typed_goes_to_the_command_and_nowhere_else() {
    let mut stage = typing();
    stage.outside.ordered.clear();
    for (code, modifiers) in [
        (KeyCode::Char('q'), KeyModifiers::NONE),
        (KeyCode::Char('c'), KeyModifiers::CONTROL),
        (KeyCode::Up, KeyModifiers::NONE),
        (KeyCode::Esc, KeyModifiers::NONE),
    ] {
        stage.app.key(KeyEvent::new(code, modifiers), &stage.session, &stage.status);
    }
    stage.app.paste("two\nlines", &stage.session, &stage.status);
    print(&mut stage, "\x1b[?1h\x1b[?2004h\x1b[6n");
    stage.app.key(KeyCode::Up.into(), &stage.session, &stage.status);
    stage.app.paste("again", &stage.session, &stage.status);
    stage.app.settle(&mut stage.session, &mut stage.outside);
    let typed: Vec<u8> = std::mem::take(&mut stage.outside.ordered)
        .into_iter()
        .flat_map(|order| match order {
            Order::Type(bytes) => bytes,
            order => panic!("{order:?}"),
        })
        .collect();
    let expected = "q\x03\x1b[A\x1btwo\rlines\x1b[9;1R\x1bOA\x1b[200~again\x1b[201~";
    assert_eq!(String::from_utf8(typed).unwrap(), expected);
}

#[test]
fn what_it_prints_cannot_command_the_terminal() {
    let mut stage = flask((80, 24));
    stage.act(&[Action::Tab(OUTPUT)]);
    print(
        &mut stage,
        "\x1b]52;c;aGk=\x07\x1b]0;t\x07a\u{202e}b\u{200b}c\u{9b}31m\x1bP$qm\x1b\\\x1b[?1000h\u{7f}\u{e0041}z",
    );
    let text = stage.text();
    let dangerous =
        |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}' | '\u{e0041}'));
    assert!(!text.contains(dangerous), "{text:?}");
    let buffer = stage.draw();
    for cell in buffer.content() {
        let columns = unicode_width::UnicodeWidthStr::width(cell.symbol());
        assert!((1..=2).contains(&columns), "{:?} takes {columns} columns", cell.symbol());
    }
    assert!(!stage.outside.ordered.iter().any(|order| matches!(order, Order::Type(_))), "nor answer for us");
}

#[test]
fn without_colour_it_has_none() {
    let mut stage = Stage::with_look((80, 24), &[], Look::new(false, true));
    watch(&mut stage);
    print(&mut stage, FLASK);
    stage.act(&[Action::Tab(OUTPUT)]);
    let buffer = stage.draw();
    assert!(buffer.content().iter().all(|cell| {
        let plain = ratatui::style::Color::Reset;
        cell.symbol().is_ascii() && cell.fg == plain && cell.bg == plain
    }));
}
