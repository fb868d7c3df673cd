//! Whole screens, from keys in to cells out, as text files with styles. `UPDATE=1` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::diagnosis::{Diagnosis, Policy, Suppression};
use otoscope::dump;
use otoscope::model::{Batch, Event, Link, Origin, Span, SpanId, SpanKind, TraceId, Value};
use otoscope::otlp::encode::{Group, request};
use otoscope::session::{Clock, Session};
use otoscope::tui::app::TABS;
use otoscope::tui::keymap::{Action, Binding, Chord, Context, KEYS};
use otoscope::tui::{App, Feed, Flow, Look, Outside, Status};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::fmt::Write;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;

/// An hour after the captures' last spans: ages on the screen stay the same.
const NOW_NS: u64 = 1_795_420_000_000_000_000;

/// What a test looks at: a session, the application over it, and a terminal that is none.
struct Stage {
    session: Session,
    app: App,
    status: Status,
    outside: Recorder,
    terminal: Terminal<TestBackend>,
}

/// The world outside: it remembers what was done to it.
#[derive(Debug, Default)]
struct Recorder {
    copied: Vec<String>,
}

impl Outside for Recorder {
    fn copy(&mut self, text: &str) -> Result<(), String> {
        self.copied.push(text.to_owned());
        Ok(())
    }
}

impl Stage {
    fn new(size: (u16, u16), captures: &[&str]) -> Self {
        Self::with_look(size, captures, Look::default())
    }

    fn with_look((columns, rows): (u16, u16), captures: &[&str], look: Look) -> Self {
        let mut session = Session::new(1 << 30, Clock::Stream);
        let mut app = App::new(look);
        for capture in captures {
            let file = File::open(format!("tests/captures/{capture}/capture.jsonl")).unwrap();
            dump::read(file, capture, None, &mut |batch| {
                app.traffic.note(&batch);
                session.take(batch);
                ControlFlow::Continue(())
            })
            .unwrap();
        }
        session.finish();
        let status = Status {
            feed: Feed::Live {
                grpc: Some(([127, 0, 0, 1], 4317).into()),
                http: Some(([127, 0, 0, 1], 4318).into()),
            },
            now_ns: NOW_NS,
            ..Status::default()
        };
        let terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let outside = Recorder::default();
        let mut stage = Self { session, app, status, outside, terminal };
        stage.draw();
        stage
    }

    /// Draws twice: what is drawn must not depend on how often.
    fn draw(&mut self) -> Buffer {
        let Self { session, app, status, terminal, .. } = self;
        let first = terminal.draw(|frame| app.draw(frame, session, status)).unwrap().buffer.clone();
        let second = terminal.draw(|frame| app.draw(frame, session, status)).unwrap().buffer.clone();
        assert_eq!(first, second, "the second frame differs from the first");
        second
    }

    fn press(&mut self, chord: Chord) -> Flow {
        let flow = self.app.key(chord.event(), &self.session, &self.status);
        self.app.settle(&mut self.session, &mut self.outside);
        self.draw();
        flow
    }

    /// Presses the first key of each of these actions.
    fn act(&mut self, actions: &[Action]) {
        for action in actions {
            self.press(binding(*action, self.app.context()).keys[0]);
        }
    }

    /// Writes into the line of text, a character after the other.
    fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.app.key(KeyCode::Char(c).into(), &self.session, &self.status);
        }
        self.draw();
    }

    fn take(&mut self, spans: Vec<Span>) {
        let group = Group { spans, ..Group::default() };
        let bytes = request(&[group]);
        let (batch, _) = otoscope::otlp::walk(bytes, "test".into(), otoscope::model::Origin::Grpc, NOW_NS);
        assert_eq!(batch.rejections, []);
        self.session.take(batch);
    }

    /// Lets spans of a service come in, and the second in which they do go by.
    fn live(&mut self, service: &str, spans: Vec<Span>) {
        let mut group = Group { spans, ..Group::default() };
        group.resource.attributes.push(("service.name".to_owned(), Value::Str(service.to_owned())));
        let batch = otoscope::otlp::walk(request(&[group]), "test".into(), Origin::Grpc, 0).0;
        self.second(batch);
    }

    /// Lets a capture come in, a batch a second.
    fn live_capture(&mut self, capture: &str) {
        let file = File::open(format!("tests/captures/{capture}/capture.jsonl")).unwrap();
        dump::read(file, capture, None, &mut |batch| {
            self.second(batch);
            ControlFlow::Continue(())
        })
        .unwrap();
    }

    fn second(&mut self, mut batch: Batch) {
        self.status.now_ns += 1_000_000_000;
        batch.arrived_ns = self.status.now_ns;
        self.session.take(batch);
        self.wait(1);
    }

    /// Lets so many seconds go by.
    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.status.now_ns += 1_000_000_000;
            self.session.advance(self.status.now_ns);
            self.app.tick(&self.session, self.status.now_ns);
        }
    }

    /// Lets what takes longer than a frame come to its end.
    fn rest(&mut self) {
        let far = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.app.work(far, &self.session, &self.status) {
            self.draw();
        }
    }

    fn text(&mut self) -> String {
        text(&self.draw())
    }

    /// The lines of the screen on which the selected row is, by its inverse style.
    fn selected_lines(&mut self) -> Vec<(u16, String)> {
        let buffer = self.draw();
        let area = buffer.area;
        let inverse = |y: u16| {
            (area.left()..area.right())
                .filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED))
                .map(|x| buffer[(x, y)].symbol().to_owned())
                .collect::<String>()
        };
        (1..area.bottom()).map(|y| (y, inverse(y).trim().to_owned())).filter(|(_, t)| !t.is_empty()).collect()
    }
}

fn binding(action: Action, context: Context) -> &'static Binding {
    let bindings = || KEYS.iter().filter(|binding| binding.action == action);
    bindings().find(|binding| binding.works_in(context)).or(bindings().next()).unwrap()
}

/// The action that shows a tab, by its title.
fn tab(title: &str) -> Action {
    Action::Tab(TABS.iter().position(|tab| tab.title == title).unwrap())
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut out = String::new();
    for y in area.top()..area.bottom() {
        let mut skip = 0;
        let mut line = String::new();
        for x in area.left()..area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn name_of(style: Style) -> String {
    let colour = |colour: Option<Color>| colour.filter(|c| *c != Color::Reset).map(|c| c.to_string());
    let mut words: Vec<String> = colour(style.fg).into_iter().collect();
    words.extend(colour(style.bg).map(|bg| format!("on {bg}")));
    words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}

/// The screen as text, then the runs of styles of each line: `7: 0-2 Red bold, 9-17 dim`.
fn snapshot(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut out = text(buffer);
    out.push_str("\nstyles\n");
    for y in area.top()..area.bottom() {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in area.left()..area.right() {
            let cell = &buffer[(x, y)];
            // A blank looks the same in any colour, unless it is inverse.
            let blank = cell.symbol().trim().is_empty() && !cell.modifier.contains(Modifier::REVERSED);
            let name = if blank { String::new() } else { name_of(cell.style()) };
            match runs.last_mut() {
                Some((_, end, style)) if *style == name && *end == x => *end = x + 1,
                _ => runs.push((x, x + 1, name)),
            }
        }
        let runs: Vec<String> = runs
            .into_iter()
            .filter(|(_, _, style)| !style.is_empty())
            .map(|(from, to, style)| format!("{from}-{} {style}", to - 1))
            .collect();
        if !runs.is_empty() {
            let _ = writeln!(out, "{y}: {}", runs.join(", "));
        }
    }
    out
}

fn check(name: &str, stage: &mut Stage) {
    let path = Path::new("tests/screens").join(format!("{name}.txt"));
    let now = snapshot(&stage.draw());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, now).unwrap();
        return;
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert!(now == before, "{} differs; UPDATE=1 writes it anew. It is now:\n{now}", path.display());
}

const SIZES: [(u16, u16); 3] = [(80, 24), (140, 42), (200, 50)];
const MERGED: &[&str] = &["flask-1.29-sigkill"];

#[test]
fn the_empty_screen_says_what_to_do() {
    for (columns, rows) in SIZES {
        check(&format!("empty-{columns}x{rows}"), &mut Stage::new((columns, rows), &[]));
    }
}

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
fn the_worst_trace_among_many_is_open_without_a_key() {
    let mut stage = Stage::new((140, 42), &["flask-1.30", "flask-1.29-sigint", "express"]);
    assert!(stage.text().contains("24 requests"));
    check("among-many-140x42", &mut stage);
}

#[test]
fn a_healthy_trace_is_calm() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["click-job"]);
        check(&format!("healthy-{columns}x{rows}"), &mut stage);
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
fn findings_receiver_and_help() {
    for (name, tab) in [("findings", tab("Findings")), ("receiver", tab("Receiver"))] {
        let mut stage = Stage::new((140, 42), MERGED);
        stage.act(&[tab]);
        check(&format!("{name}-140x42"), &mut stage);
    }
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), MERGED);
        stage.act(&[Action::Help]);
        check(&format!("help-{columns}x{rows}"), &mut stage);
    }
}

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
            "otoscope needs 60 columns and 12 rows".starts_with(text.trim().trim_end_matches('…')),
            "{text}"
        );
    }
}

#[test]
fn any_size_and_any_key_is_survived() {
    for size in [(60, 12), (61, 13), (79, 23), (119, 29), (120, 30), (149, 31), (150, 12), (300, 90)] {
        let mut stage = Stage::new(size, &["flask-1.29-sigint", "express"]);
        for binding in KEYS.iter().filter(|b| !matches!(b.action, Action::Quit | Action::Suspend)) {
            for _ in 0..3 {
                stage.press(binding.keys[0]);
            }
        }
    }
}

/// Brings a stage to the middle of things in a context.
fn scene(context: Context, action: Action) -> Stage {
    // Enough traces to scroll the list, and the merged one selected.
    let captures = ["flask-1.30", "flask-1.29-sigint", "express"];
    let size = if context == Context::Help { (80, 20) } else { (140, 36) };
    let mut stage = Stage::new(size, &captures);
    let first = matches!(action, Action::Fold | Action::Unfold | Action::Open);
    match context {
        Context::Everywhere | Context::Traces => {}
        Context::Tree => stage.act(&[Action::Open]),
        Context::Detail => stage.act(&[Action::Open, Action::Open]),
        Context::Findings => stage.act(&[Action::Tab(1)]),
        Context::Logs => {
            stage = Stage::new(size, &["flask-logs"]);
            // From the last one that has a span, rows to go to in both directions.
            stage.act(&[tab("Logs"), Action::PreviousError, Action::Up]);
        }
        Context::Log => {
            stage = Stage::new(size, &["flask-logs"]);
            stage.act(&[tab("Logs"), Action::PreviousError, Action::NextPane]);
        }
        Context::Receiver => {
            stage = Stage::new((80, 16), &captures);
            stage.act(&[tab("Receiver")]);
        }
        Context::Help => stage.act(&[Action::Help]),
        Context::Menu => stage.act(&[Action::Palette]),
        Context::Prompt => stage.act(&[Action::Open, Action::Search]),
        Context::Explain => {
            stage = Stage::new((80, 20), &captures);
            stage.act(&[Action::Tab(1), Action::Explain]);
        }
    }
    match context {
        Context::Logs if action == Action::Open => stage.act(&[Action::Down]),
        Context::Logs => {}
        Context::Log if first => {
            while !stage.selected_lines().iter().any(|(_, line)| line.contains("attributes")) {
                stage.act(&[Action::Down]);
            }
        }
        Context::Detail | Context::Findings if first => {}
        _ => stage.act(&[Action::Down, Action::Down, Action::Down]),
    }
    if action == Action::Unfold {
        stage.act(&[Action::Fold]);
    }
    if action == Action::Tab(0) {
        stage.act(&[Action::Tab(1)]);
    }
    if matches!(action, Action::ZoomOut | Action::ZoomWider | Action::PanLeft | Action::PanRight) {
        stage.act(&[Action::ZoomToSpan, Action::ZoomCloser]);
    }
    if matches!(action, Action::UnfoldLevel | Action::UnfoldAll) {
        stage.act(&[Action::FoldAll]);
    }
    stage
}

#[test]
fn every_documented_key_does_something_where_it_works() {
    for binding in KEYS {
        for context in binding.contexts {
            for key in binding.keys {
                let mut stage = scene(*context, binding.action);
                if *context != Context::Everywhere {
                    assert_eq!(stage.app.context(), *context);
                }
                let before = stage.draw();
                let flow = stage.press(*key);
                let changed = flow != Flow::Continue || stage.draw() != before;
                assert!(changed, "{:?} by {key:?} does nothing in {context:?}", binding.action);
            }
        }
    }
}

fn span(id: u64, parent: u64, start_ms: u64, name: &str) -> Span {
    const MS: u64 = 1_000_000;
    Span {
        trace_id: TraceId([7; 16]),
        span_id: SpanId(id),
        parent_id: SpanId(parent),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start_ns: NOW_NS + start_ms * MS,
        end_ns: NOW_NS + start_ms * MS + MS,
        flags: 0x100,
        ..Span::default()
    }
}

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
fn traces_that_arrive_do_not_move_what_is_selected() {
    let mut stage = Stage::new((100, 30), &["flask-1.30"]);
    stage.act(&[Action::Down, Action::Down]);
    let before = stage.selected_lines();
    stage.take(vec![span(1, 0, 0, "newest")]);
    assert_eq!(stage.selected_lines(), before);
    assert!(stage.text().contains("more"));
    stage.act(&[Action::Follow]);
    assert!(stage.selected_lines().iter().any(|(_, text)| text.contains("newest")));
    assert!(stage.text().contains("following the newest"));
    stage.act(&[Action::Up]);
    assert!(!stage.text().contains("following the newest"));
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
    for tab in 0..3 {
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

#[test]
fn deep_and_wide_traces_are_drawn() {
    let mut stage = Stage::new((140, 42), &[]);
    stage.take((0..3_000).map(|i| span(i + 1, i, i, &format!("level {i}"))).collect());
    stage.act(&[Action::Open, Action::Last, Action::PageUp, Action::Fold, Action::Fold]);
    assert!(stage.text().contains("level 29"), "{}", stage.text());
    stage.take((0..20_000).map(|i| span(10_000 + i, 1, 10_000 + i, "wide")).collect());
    stage.act(&[Action::Last, Action::Up, Action::NextError, Action::PageUp, Action::First]);
}

/// Presses keys faster than frames are drawn.
fn hurry(stage: &mut Stage, actions: &[Action]) {
    for action in actions {
        stage.app.key(binding(*action, stage.app.context()).keys[0].event(), &stage.session, &stage.status);
    }
}

#[test]
fn keys_that_come_faster_than_frames_find_their_rows() {
    let mut stage = Stage::new((140, 42), &["jobs-merged", "seeded-ids", "axum-no-kind", "db-internal"]);
    hurry(&mut stage, &[Action::Tab(1), Action::Down, Action::Unfold, Action::Down, Action::Down]);
    let hurried = stage.text();
    let mut stage = Stage::new((140, 42), &["jobs-merged", "seeded-ids", "axum-no-kind", "db-internal"]);
    stage.act(&[Action::Tab(1), Action::Down, Action::Unfold, Action::Down, Action::Down]);
    assert_eq!(hurried, stage.text());
}

/// Spans that end before they start.
fn backwards(ids: std::ops::Range<u64>) -> Vec<Span> {
    let odd = |id: u64| Span { end_ns: NOW_NS, flags: 0, ..span(id, 0, 1_000 + id, "count") };
    ids.map(odd).collect()
}

#[test]
fn before_and_after_a_fix() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), &["flask-1.29-sigint"]);
        stage.live("stock", backwards(1..3));
        stage.act(&[Action::Tab(1), Action::TakeBaseline]);
        assert!(
            stage.text().contains("0 new · 0 still there · 2 not seen since · 0 gone"),
            "{}",
            stage.text()
        );
        stage.live_capture("flask-1.30");
        stage.live("stock", backwards(3..4));
        stage.live("till", backwards(10..11));
        stage.wait(40);
        let text = stage.text();
        assert!(text.contains("UTC: 1 new · 1 still there · 1 gone"), "{text}");
        assert!(text.contains("1 gone since the baseline"), "{text}");
        check(&format!("before-after-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Tab(0)]);
        let strip: String = stage.text().lines().take(6).collect();
        assert!(!strip.contains("unrelated requests"), "what is gone is in the strip no more: {strip}");
        stage.act(&[Action::Tab(1), Action::DropBaseline]);
        assert!(!stage.text().contains("still there"), "{}", stage.text());
    }
}

#[test]
fn many_findings_are_one_line_each_and_hints_are_one_line_together() {
    let captures = [
        "flask-1.29-sigint",
        "axum-no-kind",
        "seeded-traces",
        "negative-duration",
        "db-internal",
        "high-cardinality-names",
        "websocket-chat",
    ];
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &captures);
        stage.act(&[Action::Tab(1)]);
        let folded = |line: &str| line.trim().starts_with("▸ ") && line.trim().ends_with(" hints");
        assert!(stage.text().lines().any(folded), "{}", stage.text());
        stage.act(&[Action::Last, Action::Unfold]);
        assert!(stage.text().contains("high-cardinality-name"), "{}", stage.text());
        check(&format!("many-findings-{columns}x{rows}"), &mut stage);
    }
    let mut stage = Stage::with_look((80, 24), &captures, Look::new(false, true));
    stage.act(&[Action::Tab(1), Action::Last, Action::Open]);
    assert!(stage.text().is_ascii());
    check("many-findings-ascii-80x24", &mut stage);
}

#[test]
fn hints_alone_are_calm() {
    let mut stage = Stage::new((140, 42), &["high-cardinality-names"]);
    assert!(stage.text().contains("✓ no faults so far; 1 hint: press 2"), "{}", stage.text());
    stage.act(&[Action::Tab(1)]);
    check("hints-140x42", &mut stage);
}

#[test]
fn a_rule_is_explained_where_its_finding_is() {
    let mut stage = Stage::new((80, 24), &["flask-1.29-sigint"]);
    stage.act(&[Action::Tab(1), Action::Explain]);
    check("explain-80x24", &mut stage);
    stage.act(&[Action::Last]);
    assert!(stage.text().contains("FriendsOfOpenTelemetry/opentelemetry-bundle#172"), "{}", stage.text());
    stage.act(&[Action::Back, Action::Tab(0), Action::Open, Action::Down, Action::Explain]);
    assert!(stage.text().contains("merged-under-local-span (error at most)"), "{}", stage.text());
    stage.act(&[Action::Explain, Action::Open, Action::Down, Action::Down, Action::Down]);
    let mut fine = Stage::new((80, 24), &["click-job"]);
    fine.act(&[Action::Open, Action::Explain]);
    assert!(fine.text().contains("nothing was found wrong with this span"), "{}", fine.text());
}

#[test]
fn findings_that_arrive_do_not_move_what_is_selected() {
    let mut stage = Stage::new((100, 24), &[]);
    for n in 0..30 {
        stage.live(&format!("service-{n:02}"), backwards(n * 10..n * 10 + 1));
    }
    stage.act(&[Action::Tab(1), Action::Down, Action::Down, Action::Down, Action::Unfold]);
    let selected = stage.selected_lines();
    let text = stage.text();
    assert!(selected.iter().any(|(_, text)| text.contains("service-03")), "{selected:?}");
    // A service whose name comes first, and a worse fault than all of them.
    stage.live("a-service", backwards(900..901));
    stage.live_capture("flask-1.29-sigint");
    let now = stage.text();
    assert_eq!(stage.selected_lines(), selected, "{now}");
    let below = |text: &str| text.lines().skip(9).take(8).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(below(&now), below(&text));
    assert!(now.contains("↑"), "{now}");
    // Far down, a page at a time: the same.
    stage.act(&[Action::Last]);
    let selected = stage.selected_lines();
    stage.live("b-service", backwards(910..911));
    assert_eq!(stage.selected_lines(), selected);
}

#[test]
fn what_is_accepted_is_counted_and_told_why() {
    let mut policy = Policy::default();
    policy.suppress(Suppression {
        rule: Some("negative-duration"),
        service: None,
        scope: None,
        span: None,
        reason: "the clock of that host is known to jump".to_owned(),
        until: None,
        origin: "otoscope.toml:3".to_owned(),
    });
    let mut stage = Stage::new((100, 30), &[]);
    stage.session = Session::with(1 << 30, Clock::Stream, Diagnosis::with_policy(policy));
    stage.live("stock", backwards(1..3));
    assert!(stage.text().contains("no faults so far; 1 suppressed: press 2"), "{}", stage.text());
    stage.act(&[Action::Tab(1), Action::Open, Action::Down, Action::Unfold]);
    assert!(
        stage.text().contains("accepted: the clock of that host is known to jump (otoscope.toml:3)"),
        "{}",
        stage.text()
    );
}

#[test]
fn every_kind_of_merge_is_shown_un_merged() {
    for (capture, words) in [
        (
            "fixed-remote-parent",
            &["62 requests, un-merged", "in another process, not received: named for"][..],
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

/// An `ExportLogsServiceRequest` in JSON: so many log records of a service, one a millisecond from `from` on.
fn logs(service: &str, from: u64, count: u64, log: impl Fn(u64) -> String) -> Batch {
    let records: Vec<String> = (from..from + count)
        .map(|n| format!("{{\"timeUnixNano\":\"{}\",{}}}", NOW_NS + n * 1_000_000, log(n)))
        .collect();
    let json = format!(
        "{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"service.name\",\"value\":\
         {{\"stringValue\":\"{service}\"}}}}]}},\"scopeLogs\":[{{\"scope\":{{\"name\":\"app.orders\"}},\"logRecords\":[{}]}}]}}]}}",
        records.join(",")
    );
    let batch = otoscope::otlp::walk_json(json.as_bytes(), "test".into(), Origin::HttpJson, NOW_NS).unwrap();
    assert_eq!((batch.logs.records.len() as u64, &batch.rejections[..]), (count, &[][..]));
    batch
}

/// One of ten is a warning, one of a thousand an error in a span.
fn order(n: u64) -> String {
    let (severity, words) = match n {
        n if n % 1_000 == 999 => (17, "payment refused by the bank"),
        n if n % 10 == 5 => (13, "slow answer of the warehouse"),
        _ => (9, "order taken"),
    };
    let ids = if severity == 17 {
        format!(",\"traceId\":\"{}\",\"spanId\":\"{:016x}\"", "07".repeat(16), 100 + n / 1_000)
    } else {
        String::new()
    };
    format!("\"severityNumber\":{severity},\"body\":{{\"stringValue\":\"{words} no. {n}\"}}{ids}")
}

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
        check(&format!("logs-empty-{columns}x{rows}"), &mut stage);
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
        assert!(text.contains("logs (1)") && stage.selected_lines()[0].1.contains("received"), "{text}");
        // The list is where it was left.
        stage.act(&[tab("Logs")]);
        assert_eq!(stage.selected_lines().remove(0).1, line);
    }
}

#[test]
fn a_hundred_thousand_log_records_are_a_window_and_a_count() {
    for (columns, rows) in SIZES {
        let mut stage = huge((columns, rows));
        let text = stage.text();
        assert!(text.contains("100 000 log records") && text.contains("following the newest"), "{text}");
        check(&format!("logs-huge-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::First, Action::NextError]);
        assert!(stage.selected_lines()[0].1.contains("POST /orders/0"), "{:?}", stage.selected_lines());
    }
}

#[test]
fn a_filter_looks_at_all_of_them_without_holding_a_key_back() {
    let mut stage = huge((140, 42));
    stage.act(&[Action::Filter]);
    stage.write("severity>=error BANK");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("still looking"), "{}", stage.text());
    let far = std::time::Instant::now() + std::time::Duration::from_secs(60);
    assert!(!stage.app.work(far, &stage.session, &stage.status), "all of them were looked at");
    let text = stage.text();
    assert!(text.contains("100 of 100 000") && text.contains("severity>=error BANK"), "{text}");
    check("logs-filtered-140x42", &mut stage);
    stage.act(&[Action::First]);
    assert!(stage.selected_lines()[0].1.contains("no. 999"), "{:?}", stage.selected_lines());
    // Nothing fits, and Esc brings all of them back.
    stage.act(&[Action::Filter]);
    stage.write(" moon");
    stage.act(&[Action::Open]);
    assert!(!stage.app.work(far, &stage.session, &stage.status));
    assert!(stage.text().contains("no log record fits; Esc shows all again"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(stage.text().contains("100 000 log records"), "{}", stage.text());
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

/// A request with everything that a waterfall shows: a hole, events and an exception, repeats, a call to another
/// service, a span that runs, and one that was cut off.
fn busy_request() -> Vec<Span> {
    const MS: u64 = 1_000_000;
    let lasting = |id, parent, start_ms: u64, end_ms: u64, name: &str| Span {
        end_ns: NOW_NS + end_ms * MS,
        ..span(id, parent, start_ms, name)
    };
    let event =
        |ms: u64, name: &str| Event { time_ns: NOW_NS + ms * MS, name: name.to_owned(), ..Event::default() };
    let mut spans = vec![
        Span { kind: SpanKind::Server, flags: 0x300, ..lasting(1, 0, 0, 1_000, "POST /checkout") },
        Span { events: vec![event(60, "cache.miss")], ..lasting(2, 1, 10, 120, "load basket") },
        Span {
            kind: SpanKind::Client,
            status: otoscope::model::StatusCode::Error,
            events: vec![event(180, "exception")],
            ..lasting(3, 1, 125, 200, "POST /pay")
        },
        lasting(4, 1, 700, 990, "render"),
        Span { end_ns: 0, ..lasting(5, 1, 800, 0, "flush log") },
        Span { flags: 0, ..lasting(6, 4, 710, 980, "template") },
    ];
    let select = |n: u64| Span {
        kind: SpanKind::Client,
        ..lasting(100 + n, 2, 12 + n / 4, 13 + n / 4, "SELECT basket")
    };
    spans.extend((0..240).map(select));
    spans
}

fn on_busy_request((columns, rows): (u16, u16), look: Look) -> Stage {
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
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("+"), "it is not counted at once: {}", stage.text());
    stage.rest();
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
    assert!(stage.text().contains("everything is unfolded"), "{}", stage.text());
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
