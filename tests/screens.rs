//! Whole screens, from keys in to cells out, as text files with styles. `UPDATE=1` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::child::Order;
use otoscope::diagnosis::{Diagnosis, Policy, Suppression};
use otoscope::dump;
use otoscope::model::{
    Batch, Event, Link, Origin, Rejection, Span, SpanId, SpanKind, StatusCode, TraceId, Value,
};
use otoscope::otlp::encode::{Group, request};
use otoscope::session::{Clock, Session};
use otoscope::tui::app::TABS;
use otoscope::tui::keymap::{self, Action, Binding, Chord, Context, PLACES};
use otoscope::tui::keys;
use otoscope::tui::view::listing::Busy;
use otoscope::tui::{App, Feed, Flow, Look, Outside, Read, Refused, Save, Saved, Status};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::fmt::Write;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "screens/mouse.rs"]
mod mouse;
#[path = "screens/output.rs"]
mod output;

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
    ordered: Vec<Order>,
    suppressed: Vec<Suppression>,
    saved: Vec<Save>,
}

impl Outside for Recorder {
    fn order(&mut self, order: Order) -> Result<(), String> {
        self.ordered.push(order);
        Ok(())
    }

    fn copy(&mut self, text: &str) -> Result<String, String> {
        self.copied.push(text.to_owned());
        Ok("terminal".to_owned())
    }

    fn suppress(&mut self, suppression: &Suppression) -> Result<String, String> {
        self.suppressed.push(suppression.clone());
        Ok("otoscope.toml:7".to_owned())
    }

    fn save(&mut self, _session: &Session, save: Save) -> Result<(), Refused> {
        if !save.replace && save.name.starts_with("taken") {
            return Err(Refused::Exists);
        }
        self.saved.push(save);
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

    /// Lets everything be done that takes longer than a frame.
    fn rest(&mut self) {
        while self.session.is_busy() {
            self.session.work();
        }
        let step = Duration::from_millis(4);
        while self.app.work(Instant::now() + step, &self.session, &self.status) > Busy::Rest {}
    }

    /// Draws twice: what is drawn must not depend on how often.
    fn draw(&mut self) -> Buffer {
        self.rest();
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

    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        self.app.mouse(event, &self.session, &self.status);
        self.app.settle(&mut self.session, &mut self.outside);
        self.draw();
    }

    fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
        self.mouse(MouseEventKind::Up(MouseButton::Left), column, row);
    }

    /// Where a text is on the screen.
    fn find(&mut self, text: &str) -> (u16, u16) {
        let screen = self.text();
        let at = screen.lines().enumerate().find_map(|(y, line)| Some((y, line.find(text)?, line)));
        let (y, x, line) = at.unwrap_or_else(|| panic!("no {text} in\n{screen}"));
        (line[..x].chars().count() as u16, y as u16)
    }

    /// The lines of the list of traces, from its title to the pane below or the footer.
    fn list(&mut self) -> Vec<String> {
        let text = self.text();
        let from = text.lines().skip(1).skip_while(|line| !line.contains(" Traces "));
        let cut = |line: &str| line.split(['│', '┬']).next().unwrap().trim_end().to_owned();
        from.map(cut).collect()
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
    let place = PLACES.iter().find(|place| place.context == context).unwrap();
    let elsewhere = keymap::rows().map(|(_, binding)| binding);
    let mut bindings = place.own().chain(place.common()).chain(elsewhere);
    bindings.find(|binding| binding.action == action).unwrap()
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
    for (columns, rows) in SIZES {
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
            "too small:".starts_with(text.lines().next().unwrap().trim().trim_end_matches('…')),
            "{text}"
        );
    }
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
        Context::Icicle => {
            // A span with others before, after, above and under it.
            stage = Stage::new(size, &["mesh"]);
            stage.act(&[Action::Open, Action::Icicle, Action::Down, Action::Unfold]);
        }
        Context::Compare => {
            stage = Stage::new(size, &["mesh"]);
            stage.act(&[Action::Compare, Action::Down, Action::Compare]);
        }
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
        Context::Services => {
            stage = Stage::new((80, 16), &captures);
            stage.act(&[tab("Services"), Action::Open]);
        }
        Context::Output => stage = output::scrolled(),
        Context::Typing => stage = output::typing(),
        Context::Help => stage.act(&[Action::Help]),
        Context::Menu => stage.act(&[Action::Palette]),
        Context::Prompt => stage.act(&[Action::Open, Action::Search]),
        Context::Page => {
            stage = Stage::new((80, 20), &captures);
            stage.act(&[Action::Open, Action::Raw]);
        }
        Context::Explain => {
            stage = Stage::new((80, 20), &captures);
            stage.act(&[Action::Tab(1), Action::Explain]);
        }
    }
    match context {
        Context::Logs if action == Action::Open => stage.act(&[Action::Down]),
        Context::Logs | Context::Icicle => {}
        Context::Log if first => {
            while !stage.selected_lines().iter().any(|(_, line)| line.contains("attributes")) {
                stage.act(&[Action::Down]);
            }
        }
        Context::Detail | Context::Findings | Context::Compare if first => {}
        _ => stage.act(&[Action::Down, Action::Down, Action::Down]),
    }
    if context == Context::Traces && action == Action::Back {
        stage.act(&[Action::Filter]);
        stage.write("get");
        stage.act(&[Action::Open]);
    }
    if action == Action::Unfold {
        stage.act(&[Action::Fold]);
    }
    // A tab's own key does nothing in it.
    if matches!(action, Action::Tab(_)) {
        stage.act(&[if action == Action::Tab(0) { Action::Tab(1) } else { Action::Tab(0) }]);
    }
    if action == Action::OutputPane {
        output::watch(&mut stage);
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
    for place in PLACES {
        let context = place.context;
        for binding in place.own().chain(place.common()) {
            // Once is enough for what works nearly everywhere; that it is there at all, each place has to show.
            let everywhere = !place.own().any(|own| own == binding);
            for key in binding.keys.iter().take(if everywhere { 1 } else { usize::MAX }) {
                let mut stage = scene(context, binding.action);
                if context != Context::Everywhere && !everywhere {
                    assert_eq!(stage.app.context(), context);
                }
                let before = stage.draw();
                let flow = stage.press(*key);
                let changed = flow != Flow::Continue || stage.draw() != before;
                assert!(changed, "{:?} by {key:?} does nothing in {}", binding.action, place.name);
            }
        }
    }
}

#[test]
fn the_help_and_the_palette_have_every_key_of_a_place() {
    for place in PLACES.iter().filter(|place| place.common().any(|row| row.action == Action::Palette)) {
        // The two columns of a large screen are the same in every place.
        let large = if place.context == Context::Traces { Some((200, 50)) } else { None };
        for (columns, rows) in large.into_iter().chain([(80, 24)]) {
            let mut stage = scene(place.context, Action::Sort);
            stage.terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
            let mut seen = String::new();
            stage.act(&[Action::Palette]);
            for binding in place.own().chain(place.common()).filter(|row| row.action != Action::Palette) {
                stage.write(&keys::name(binding.action));
                seen.push_str(&stage.text());
                assert!(seen.contains(binding.help), "{:?} is not offered in {}", binding.action, place.name);
                let clears = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
                stage.app.key(clears, &stage.session, &stage.status);
            }
            stage.act(&[Action::Back]);
            if stage.app.context() == Context::Help {
                stage.act(&[Action::Back]);
            }
            stage.act(&[Action::Help]);
            let mut help = String::new();
            for _ in 0..20 {
                help.push_str(&stage.text());
                stage.act(&[Action::PageDown]);
            }
            for (context, binding) in keymap::rows() {
                let words = binding.help;
                if context == Context::Everywhere && !place.common().any(|row| row == binding) {
                    continue;
                }
                assert!(help.contains(words), "{context:?}: {words} is not in the help at {columns} columns");
            }
        }
    }
}

#[test]
fn the_help_begins_with_the_view_from_which_it_was_opened_and_finds_words() {
    let mut stage = Stage::new((80, 24), MERGED);
    stage.act(&[Action::Open, Action::Help]);
    let text = stage.text();
    assert!(text.find("here: tree").is_some_and(|here| here < text.find("open the span").unwrap()), "{text}");
    stage.act(&[Action::Filter]);
    stage.write("zoom time");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("zoom to the time of the span"), "{}", stage.text());
    assert!(!stage.text().contains("the tab of traces"), "{}", stage.text());
    check("help-found-80x24", &mut stage);
    stage.act(&[Action::Filter]);
    stage.write("zebra");
    assert!(stage.text().contains("no key has all"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(
        stage.text().contains("zoom to the time"),
        "what was found before is there again: {}",
        stage.text()
    );
    stage.act(&[Action::Quit]);
    assert_eq!(stage.app.context(), Context::Help, "Ctrl-c quits and nothing else");
    stage.press(key(KeyCode::Char('q')));
    assert_eq!(stage.app.context(), Context::Tree, "q closes what lies over a tab");
}

#[test]
fn what_was_done_by_name_comes_first_the_next_time() {
    let mut stage = Stage::new((80, 24), MERGED);
    stage.act(&[Action::Palette]);
    check("palette-80x24", &mut stage);
    stage.write("pinned");
    stage.act(&[Action::Back, Action::Palette]);
    stage.write("evicted pin");
    stage.act(&[Action::Open, Action::Palette]);
    let text = stage.text();
    assert!(text.find("pin: neither").unwrap() < text.find("open the trace").unwrap(), "{text}");
    stage.write("quit");
    assert_eq!(stage.press(key(KeyCode::Enter)), Flow::Quit);
}

/// A key without Ctrl.
fn key(code: KeyCode) -> Chord {
    Chord::of(KeyEvent::from(code)).unwrap()
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

/// A span that failed: an exception, names of earlier conventions, links, a sampling threshold.
fn failed() -> Vec<Span> {
    let text = |key: &str, text: &str| (key.to_owned(), Value::Str(text.to_owned()));
    let stack = "Traceback (most recent call last):
  File \"/venv/lib/python3.12/site-packages/flask/app.py\", line 1511, in wsgi_app
    response = self.full_dispatch_request()
  File \"/venv/lib/python3.12/site-packages/flask/app.py\", line 919, in full_dispatch_request
    rv = self.handle_user_exception(e)
  File \"/srv/shop.py\", line 41, in cart
    raise KeyError(item)
KeyError: 'tea'";
    let mut root = span(1, 0, 0, "GET /cart");
    root.kind = SpanKind::Server;
    root.status = StatusCode::Error;
    root.flags = 0x101;
    root.trace_state.push_str("ot=th:c;rv:6e6d1a75832a2f,vendor=x");
    let nested = Value::Map(vec![
        ("items".to_owned(), Value::Array(vec![Value::Str("tea".to_owned()), Value::Int(2)])),
        ("paid".to_owned(), Value::Bool(false)),
    ]);
    root.attributes = vec![
        text("http.method", "GET"),
        ("http.status_code".to_owned(), Value::Int(500)),
        text("http.target", "/cart?item=tea"),
        text("http.request.method", "GET"),
        text("net.peer.name", "10.0.0.7"),
        ("cart".to_owned(), nested),
        text("note", &"a long note on a cart that goes on and on ".repeat(100)),
    ];
    root.dropped_attributes = 2;
    root.events = vec![Event {
        time_ns: NOW_NS + 900_000,
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", "KeyError"),
            text("exception.message", "'tea'"),
            text("exception.stacktrace", stack),
        ],
        dropped_attributes: 0,
    }];
    let link = |span: u64| Link { trace_id: TraceId([7; 16]), span_id: SpanId(span), ..Link::default() };
    root.links = vec![link(2), link(99)];
    vec![root, span(2, 1, 1, "query")]
}

/// Goes down until a line is selected that says this.
fn select(stage: &mut Stage, wanted: &str) {
    let mut before = Vec::new();
    loop {
        let selected = stage.selected_lines();
        if selected.iter().any(|(_, text)| text.contains(wanted)) {
            return;
        }
        assert_ne!(selected, before, "no line says {wanted}:\n{}", stage.text());
        before = selected;
        stage.act(&[Action::Down]);
    }
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
fn a_finding_is_copied_for_a_report() {
    let mut small = Stage::new((80, 24), MERGED);
    small.act(&[Action::Tab(1), Action::Copy]);
    check("copy-finding-80x24", &mut small);
    small.act(&[Action::Open, Action::Copy, Action::Down, Action::Open]);
    let [text, markdown] = small.outside.copied.as_slice() else { panic!("{:?}", small.outside.copied) };
    assert!(text.contains("24 unrelated requests") && text.contains("\nfix: "), "{text}");
    assert!(markdown.starts_with("### shop: ") && markdown.contains("**Evidence**"), "{markdown}");
    assert!(markdown.contains("opentelemetry.instrumentation.flask"), "{markdown}");
}

/// Writes a line of text, whatever it was before.
fn write_line(stage: &mut Stage, text: &str) {
    for _ in 0..80 {
        stage.press(Chord::of(KeyEvent::from(KeyCode::Backspace)).unwrap());
    }
    for c in text.chars() {
        stage.press(Chord::of(KeyEvent::from(KeyCode::Char(c))).unwrap());
    }
}

#[test]
fn a_finding_is_accepted_in_place() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), MERGED);
        stage.act(&[Action::Tab(1), Action::Accept]);
        check(&format!("accept-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open, Action::Open]);
        check(&format!("accept-no-reason-{columns}x{rows}"), &mut stage);
        assert!(stage.text().contains("a reason is needed"), "{}", stage.text());
        assert_eq!(stage.app.context(), Context::Prompt, "it stays open");
        stage.write("x");
        assert!(!stage.text().contains("a reason is needed"), "{}", stage.text());
        assert!(stage.session.diagnosis.suppressed().is_empty());
        stage.act(&[Action::Back, Action::Accept, Action::Down, Action::Open]);
        write_line(&mut stage, "2027-02-30");
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("a day, as in"), "it stays open: {}", stage.text());
        write_line(&mut stage, "2027-02-28");
        stage.act(&[Action::Open]);
        write_line(&mut stage, "the upgrade is planned");
        check(&format!("accept-reason-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open]);
        let [one] = stage.outside.suppressed.as_slice() else { panic!("{:?}", stage.outside.suppressed) };
        assert_eq!(
            (one.rule, one.reason.as_str()),
            (Some("merged-under-local-span"), "the upgrade is planned")
        );
        assert_eq!(one.until.map(|day| day.to_string()).as_deref(), Some("2027-02-28"));
        assert_eq!(one.service.as_ref().map(|name| name.0.as_str()), Some("shop"));
        assert!(stage.text().contains("accepted: written to otoscope.toml:7"), "{}", stage.text());
        assert!(!stage.session.diagnosis.suppressed().is_empty(), "it holds at once");
        stage.act(&[Action::First, Action::Last]);
        assert!(stage.text().contains("suppressed"), "{}", stage.text());
    }
}

#[test]
fn the_listed_traces_and_all_of_them_are_saved() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Filter]);
    stage.write("status=error");
    stage.act(&[Action::Open, Action::Mark, Action::Save]);
    let words = stage.text();
    for offer in ["the marked traces", "the listed traces", "everything"] {
        assert!(words.contains(offer), "{offer} in {words}");
    }
    for choice in ["marked", "listed", "everything"] {
        stage.write(choice);
        stage.act(&[Action::Open, Action::Open, Action::Save]);
    }
    let saved = stage.outside.saved.iter().map(|save| match &save.what {
        Saved::Traces(ids) => ids.len(),
        other => panic!("{other:?}"),
    });
    let [marked, listed, all] = saved.collect::<Vec<_>>()[..] else { panic!("{:?}", stage.outside.saved) };
    assert_eq!((marked, all), (1, stage.session.store.trace_count()));
    assert!(1 < listed && listed < all, "{listed} of {all}");
}

#[test]
fn spans_are_saved_where_the_user_says() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), MERGED);
        stage.act(&[Action::Save]);
        check(&format!("save-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open]);
        check(&format!("save-name-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("saving to trace-"), "{}", stage.text());
        stage.act(&[Action::Open, Action::Down, Action::Save, Action::Down, Action::Open]);
        write_line(&mut stage, "taken.jsonl");
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("A file of that name exists"), "{}", stage.text());
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("not saved: taken.jsonl is kept"), "{}", stage.text());
        stage.act(&[Action::Save, Action::Open]);
        write_line(&mut stage, "taken.pb");
        stage.act(&[Action::Open, Action::Down, Action::Open]);
        stage.act(&[Action::Tab(1), Action::Save, Action::Open, Action::Open]);
        let [trace, below, spans] = stage.outside.saved.as_slice() else {
            panic!("{:?}", stage.outside.saved)
        };
        assert!(matches!(&trace.what, Saved::Traces(ids) if ids.len() == 1) && !trace.own_traces);
        assert!(trace.name.contains(".jsonl") && !trace.replace, "{}", trace.name);
        assert!(matches!(below.what, Saved::Below { .. }) && below.replace, "{below:?}");
        assert!(matches!(&spans.what, Saved::Spans(ids) if ids.len() == 24), "{spans:?}");
    }
}

#[test]
fn the_spans_of_a_finding_are_listed_and_lead_to_the_trace() {
    let mut stage = Stage::new((140, 42), MERGED);
    stage.act(&[Action::Tab(1)]);
    select(&mut stage, "spans (24)");
    stage.act(&[Action::Unfold, Action::PageDown, Action::PageDown]);
    check("finding-spans-140x42", &mut stage);
    stage.act(&[Action::Up, Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree);
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

/// A trace of one root and so many spans below it.
fn trace(id: u64, name: &str, spans: u64, ms: u64) -> Vec<Span> {
    let of = |n: u64, parent: u64| Span {
        trace_id: TraceId(u128::from(id).to_be_bytes()),
        ..span(n, parent, 0, name)
    };
    let mut all: Vec<Span> = (2..=spans).map(|n| of(n, 1)).collect();
    let root = of(1, 0);
    all.push(Span { end_ns: root.start_ns + ms * 1_000_000, ..root });
    all
}

/// A list of traces with every kind of row.
fn listed(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size, &["flask-1.29-sigint", "express"]);
    for (id, name, spans, ms) in [(1, "slow", 3, 9_000), (2, "wide", 40, 20), (3, "short", 1, 1)] {
        stage.live("api", trace(id, name, spans, ms));
    }
    stage.wait(3);
    stage
}

/// The names of rows, as far as they are among these, in the order in which they are listed.
fn rows(stage: &mut Stage, names: &[&str]) -> Vec<String> {
    let list = stage.list();
    let name = |line: &String| names.iter().find(|name| line.contains(**name)).map(|name| (*name).to_owned());
    // Below it is the detail of the selected one.
    list.iter().skip(2).take_while(|line| !line.starts_with("─ Span")).filter_map(name).collect()
}

#[test]
fn the_list_is_sorted_by_any_column_with_keys_and_with_the_mouse() {
    let names = ["slow", "wide", "short"];
    let mut stage = listed((140, 120));
    assert_eq!(rows(&mut stage, &names), names, "by arrival");
    assert!(stage.list()[1].starts_with("#↑! "), "{:?}", stage.list());
    stage.act(&[Action::Sort]);
    assert!(stage.text().contains("sorted by worst finding, worst first"), "{}", stage.text());
    assert!(stage.list()[1].contains("# !↓ "), "{:?}", stage.list());
    stage.act(&[Action::First]);
    assert!(stage.selected_lines()[0].1.contains("run"), "{:?}", stage.selected_lines());
    stage.act(&[Action::Sort, Action::Sort, Action::Sort]);
    assert!(stage.list()[1].contains("span↓"), "{:?}", stage.list());
    assert_eq!(rows(&mut stage, &names), ["wide", "slow", "short"]);
    stage.act(&[Action::InvertSort]);
    assert!(stage.list()[1].contains("span↑"), "{:?}", stage.list());
    assert_eq!(rows(&mut stage, &names), ["short", "slow", "wide"]);
    let (x, y) = stage.find("dur ");
    stage.click(x, y);
    assert!(stage.list()[1].contains("dur↓"), "{:?}", stage.list());
    assert_eq!(rows(&mut stage, &names), ["slow", "wide", "short"]);
    stage.click(x, y);
    assert_eq!(rows(&mut stage, &names), ["short", "wide", "slow"]);
    stage.click(0, y);
    assert_eq!(rows(&mut stage, &names), names, "by arrival again");
    // A trace that grows moves; what is selected stays on its line.
    let mut stage = listed((80, 24));
    stage.act(&[Action::Sort; 6]);
    stage.act(&[Action::InvertSort, Action::Last]);
    while !stage.selected_lines()[0].1.contains("wide") {
        stage.act(&[Action::Up]);
    }
    let (before, rows_before) = (stage.selected_lines(), stage.list());
    let mut grown = trace(3, "short", 1, 1);
    (grown[0].span_id, grown[0].parent_id) = (SpanId(77), SpanId(1));
    grown[0].end_ns += 8_800_000_000;
    stage.live("api", grown);
    let now = stage.selected_lines();
    assert_eq!(now[0].0, before[0].0);
    assert!(now[0].1.contains("wide"), "{now:?}");
    stage.act(&[Action::Last]);
    assert!(stage.list() != rows_before && stage.text().contains("short"), "{}", stage.text());
}

#[test]
fn the_list_is_filtered_while_it_is_written_and_the_filter_stays() {
    let mut stage = listed((140, 42));
    let all = stage.session.store.trace_count();
    stage.act(&[Action::Filter]);
    stage.write("SLO");
    assert!(stage.text().contains(&format!("1 of {all} traces")), "{}", stage.text());
    assert!(stage.list()[2].contains("slow") && !stage.text().contains("wide"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(stage.text().contains("wide"), "given up: everything is listed again");
    stage.act(&[Action::Filter]);
    stage.write("slo");
    stage.act(&[Action::Open, Action::Tab(1), Action::Tab(0)]);
    assert!(stage.list()[0].contains(&format!("/slo · 1 of {all}")), "{:?}", stage.list());
    stage.live("api", trace(4, "slower", 2, 7));
    stage.live("api", trace(5, "other", 2, 7));
    assert!(stage.list()[0].contains(&format!("/slo · 2 of {}", all + 2)), "{:?}", stage.list());
    stage.act(&[Action::Filter]);
    stage.write("nothing like it");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("no trace matches: Esc takes the filter off"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(stage.text().contains("the filter is off") && stage.text().contains("wide"), "{}", stage.text());
}

#[test]
fn traces_are_pinned_marked_deleted_and_cleared() {
    for (columns, lines) in SIZES {
        let mut stage = listed((columns, lines));
        stage.act(&[Action::Last, Action::Up, Action::Pin, Action::Up, Action::Mark, Action::Mark]);
        let text = stage.text();
        assert!(text.contains('⚑') && text.contains("2 marked"), "{text}");
        check(&format!("marked-{columns}x{lines}"), &mut stage);
        let all = stage.session.store.trace_count();
        stage.act(&[Action::Delete]);
        let text = stage.text();
        assert!(text.contains("1 trace deleted; 1 pinned kept") && text.contains("1 marked"), "{text}");
        assert_eq!(stage.session.store.trace_count(), all - 1);
        stage.act(&[Action::Delete]);
        assert!(stage.text().contains("pinned: p first"), "{}", stage.text());
        assert_eq!(stage.session.store.trace_count(), all - 1);
        stage.act(&[Action::MarkAll, Action::Last, Action::Up]);
        while !stage.selected_lines()[0].1.contains('⚑') {
            stage.act(&[Action::Up]);
        }
        stage.act(&[Action::Pin, Action::Delete]);
        assert_eq!(stage.session.store.trace_count(), all - 2, "no longer pinned: {}", stage.text());
    }
    let mut stage = listed((140, 42));
    let all = stage.session.store.trace_count();
    stage.act(&[Action::MarkAll, Action::Delete]);
    assert!(stage.text().contains(&format!("delete {all} traces")), "many are not deleted unasked");
    stage.act(&[Action::Back, Action::MarkAll, Action::Last, Action::Pin, Action::Clear]);
    assert!(stage.text().contains("1 pinned stay, findings start anew"), "{}", stage.text());
    stage.act(&[Action::Open]);
    let text = stage.text();
    assert!(text.contains(&format!("{} traces cleared; 1 pinned kept", all - 1)), "{text}");
    assert!(
        text.contains("nothing found wrong with the instrumentation") && text.contains("short"),
        "{text}"
    );
    assert_eq!(stage.session.store.trace_count(), 1);
    stage.act(&[Action::Clear]);
    assert!(stage.text().contains("nothing to clear: every trace is pinned"), "{}", stage.text());
}

#[test]
fn dividers_are_dragged() {
    let drag = MouseEventKind::Drag(MouseButton::Left);
    let press = MouseEventKind::Down(MouseButton::Left);
    let mut stage = listed((140, 42));
    let (x, y) = stage.find("┬");
    stage.mouse(press, x, y + 2);
    stage.mouse(drag, x + 20, y + 2);
    assert_eq!(stage.find("┬"), (x + 20, y));
    stage.mouse(MouseEventKind::Up(MouseButton::Left), x + 20, y + 2);
    stage.mouse(drag, x, y + 2);
    assert_eq!(stage.find("┬"), (x + 20, y), "it was let go");
    let (x, y) = stage.find(" Span ");
    stage.mouse(press, x, y);
    stage.mouse(drag, x, y - 5);
    assert_eq!(stage.find(" Span ").1, y - 5);
    let mut small = listed((80, 40));
    let (x, y) = small.find(" Trace ");
    small.mouse(press, x, y);
    small.mouse(drag, x, y + 3);
    assert_eq!(small.find(" Trace ").1, y + 3);
    small.mouse(drag, x, 0);
    small.mouse(drag, x, 39);
    assert!(small.text().contains(" Trace "), "{}", small.text());
}

#[test]
fn a_hundred_thousand_traces_are_sorted_and_filtered_in_small_steps() {
    let mut stage = Stage::new((140, 42), &[]);
    for chunk in 0..100_u64 {
        let spans = (0..1_000).map(|n| {
            let id = chunk * 1_000 + n + 1;
            let name = if id.is_multiple_of(1_000) { "rare" } else { "usual" };
            let ms = id.wrapping_mul(7_919) % 100_003;
            trace(id, name, 1, ms).remove(0)
        });
        stage.take(spans.collect());
    }
    stage.act(&[Action::First]);
    let sort = Chord::of(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::NONE)).unwrap().event();
    for _ in 0..6 {
        let pressed = Instant::now();
        stage.app.key(sort, &stage.session, &stage.status);
        let took = pressed.elapsed();
        assert!(took < Duration::from_millis(500), "a key does not sort all of them: {took:?}");
    }
    let busy = stage.app.work(Instant::now(), &stage.session, &stage.status);
    assert_eq!(busy, Busy::Now, "the rest is done later");
    stage.draw();
    stage.act(&[Action::First]);
    let list = stage.list();
    assert!(list[1].contains("dur↓") && list[2].contains("1m40s"), "{list:?}");
    stage.act(&[Action::Filter]);
    stage.write("rare");
    stage.act(&[Action::Open]);
    assert!(stage.list()[0].contains("/rare · 100 of 100 000 "), "{:?}", stage.list());
    check("huge-140x42", &mut stage);
    stage.act(&[Action::Back, Action::Clear, Action::Open]);
    assert_eq!((stage.session.store.trace_count(), stage.session.store.span_count()), (0, 0));
    assert!(stage.text().contains("100 000 traces cleared"), "{}", stage.text());
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
    assert!(
        stage.text().contains("✓ no faults of the instrumentation so far; 1 hint: press 2"),
        "{}",
        stage.text()
    );
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
    assert!(selected.iter().any(|(_, text)| text.contains("service-04")), "{selected:?}");
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
    assert!(
        stage.text().contains("no faults of the instrumentation so far; 1 suppressed: press 2"),
        "{}",
        stage.text()
    );
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
            &["62 requests, un-merged", "in another process, not received, named for"][..],
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
    // What was before holds again if it is meant.
    stage.act(&[Action::Open]);
    let text = stage.text();
    assert!(text.contains("no filter: a log record has no duration"), "{text}");
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

/// Reads a file that is no capture.
fn read(stage: &mut Stage, path: &str) {
    dump::read(File::open(path).unwrap(), path, None, &mut |batch| {
        stage.session.take(batch);
        ControlFlow::Continue(())
    })
    .unwrap();
    stage.session.finish();
}

#[test]
fn services_and_who_calls_whom() {
    for (columns, rows) in SIZES {
        let mut empty = Stage::new((columns, rows), &[]);
        empty.act(&[Action::Tab(2)]);
        check(&format!("services-empty-{columns}x{rows}"), &mut empty);

        let mut mesh = Stage::new((columns, rows), &["mesh"]);
        mesh.act(&[Action::Tab(2), Action::First]);
        check(&format!("services-mesh-{columns}x{rows}"), &mut mesh);

        let mut demo = Stage::new((columns, rows), &[]);
        read(&mut demo, "assets/demo.jsonl");
        demo.act(&[Action::Tab(2)]);
        check(&format!("services-demo-{columns}x{rows}"), &mut demo);
    }
}

#[test]
fn the_panes_of_services_one_at_a_time() {
    let mut stage = Stage::new((80, 24), &["mesh"]);
    read(&mut stage, "assets/demo.jsonl");
    stage.act(&[Action::Tab(2), Action::Last]);
    assert!(stage.selected_lines().iter().any(|(_, line)| line.contains("shop")), "{}", stage.text());
    for (name, words) in [
        ("map", "[sqlite]"),
        ("operations", "Operations · shop"),
        ("neighbours", "→ [sqlite]"),
        ("matrix", "✖ spans among them were found wrong"),
        ("scopes", "known issue G1, fixed in 0.51b0"),
    ] {
        stage.act(&[Action::NextPane]);
        assert!(stage.text().contains(words), "no {words} in {}", stage.text());
        check(&format!("services-{name}-80x24"), &mut stage);
    }
    stage.act(&[Action::NextPane]);
    assert!(stage.text().contains("4 services"), "around: {}", stage.text());
}

#[test]
fn the_map_shows_all_services_in_layers_and_each_call_once() {
    let mut stage = Stage::new((80, 24), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First, Action::NextPane]);
    let text = stage.text();
    for words in ["   gateway", "   ├─ seats", "   ╰─ films"] {
        assert_eq!(text.matches(words).count(), 1, "{words}: {text}");
    }
    // What is selected in the map is what the other panes are about.
    stage.act(&[Action::First, Action::Down]);
    assert!(stage.text().contains("Map · gateway → "), "{}", stage.text());
    stage.act(&[Action::Open]);
    let text = stage.text();
    assert_eq!(stage.app.context(), Context::Traces, "{text}");
    assert!(text.contains("/{ service = \"gateway\" } > { service = \""), "{text}");
    assert!(!text.contains("no trace matches"), "{text}");
}

#[test]
fn what_is_selected_in_services_leads_to_its_traces() {
    // How often Tab goes on, where all panes are there, and what is listed then.
    for (steps, words) in [
        (0, "/{ service = \"gateway\" }"),
        (1, "/{ service = \"gateway\" }"),
        (4, "/{ service = \"gateway\" && scope = \""),
        (5, "/{ service = \"gateway\" && kind = "),
    ] {
        let mut stage = Stage::new((200, 50), &["mesh"]);
        stage.act(&[Action::Tab(2), Action::First]);
        while !stage.text().contains("Calls · gateway") {
            stage.act(&[Action::Down]);
        }
        (0..steps).for_each(|_| stage.act(&[Action::NextPane]));
        stage.act(&[Action::Filter]);
        let text = stage.text();
        assert!(text.contains(words), "{words}: {text}");
        assert!(!text.contains("no trace matches"), "{text}");
    }
}

#[test]
fn the_map_is_walked_and_its_calls_are_those_that_were_recorded() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First, Action::Down, Action::NextPane]);
    let text = stage.text();
    assert!(
        text.contains("Calls · gateway") && text.contains("→ seats") && text.contains("→ films"),
        "{text}"
    );
    stage.act(&[Action::Down, Action::Open]);
    let text = stage.text();
    assert!(text.contains("Calls · seats") && text.contains("gateway →"), "{text}");
    assert!(!text.contains("among them"), "nobody is accused of what was not found: {text}");
}

#[test]
fn an_operation_leads_to_its_slowest_span_and_to_its_latest_error() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    // The list, the map, the matrix, the scopes, the operations: sorted by calls.
    stage.act(&[Action::Tab(2), Action::First, Action::Down, Action::Down, Action::PreviousPane]);
    let first = |stage: &mut Stage| {
        let lines = stage.selected_lines();
        lines.into_iter().map(|(_, line)| line).find(|line| line.contains('/')).unwrap_or_default()
    };
    assert!(first(&mut stage).starts_with("INTERNAL POST /seats/"), "{}", stage.text());
    stage.act(&[Action::Sort]);
    assert!(first(&mut stage).starts_with("SERVER   POST /seats/"), "the most errors: {}", stage.text());
    assert!(stage.text().contains("sorted by errors, the largest share first"), "{}", stage.text());
    stage.act(&[Action::InvertSort]);
    assert!(first(&mut stage).contains("0%"), "{}", stage.text());
    stage.act(&[Action::InvertSort, Action::ShowError]);
    let text = stage.text();
    assert!(text.contains("1 Traces") && text.contains("POST /seats/"), "{text}");
    assert_eq!(stage.app.context(), Context::Tree, "{text}");
    stage.act(&[Action::Tab(2), Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree, "{}", stage.text());
    stage.act(&[Action::Tab(2), Action::Sort, Action::Sort, Action::Sort, Action::Sort, Action::Sort]);
    assert!(stage.text().contains("sorted by name, A to Z"), "{}", stage.text());
}

#[test]
fn what_is_selected_in_services_is_copied() {
    let mut stage = Stage::new((200, 50), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First]);
    while !stage.text().contains("Calls · gateway") {
        stage.act(&[Action::Down]);
    }
    // From pane to pane: the list, the map, the neighbours, kinds and parents, the scopes, the operations.
    for _ in 0..6 {
        stage.act(&[Action::CopyNow, Action::NextPane]);
    }
    stage.act(&[Action::NextPane, Action::First, Action::Down, Action::CopyNow]);
    let copied = &stage.outside.copied;
    assert_eq!(copied.len(), 7, "{copied:?}");
    assert_eq!((copied[0].as_str(), copied[6].as_str()), ("gateway", "gateway -> seats"), "{copied:?}");
    assert_eq!(copied[4..6], ["opentelemetry.instrumentation.fastapi 0.66b1", "POST"]);
}

#[test]
fn a_request_that_is_no_otlp_is_counted_as_a_request() {
    let mut stage = Stage::new((140, 42), &[]);
    for source in ["127.0.0.1:5001", "127.0.0.1:5002"] {
        let mut batch = Batch::empty(source.into(), Origin::HttpJson, NOW_NS);
        batch
            .rejections
            .push(Rejection::of_request("/v1/traces", "not OTLP/JSON: a comma at line 1, column 2"));
        stage.app.traffic.note(&batch);
        stage.session.take(batch);
    }
    stage.act(&[tab("Receiver")]);
    let text = stage.text();
    assert!(text.contains("0  spans rejected"), "{text}");
    let head = text.lines().find(|line| line.contains("content type, encoding")).unwrap();
    let sender = text.lines().find(|line| line.contains("127.0.0.1 ")).unwrap();
    assert!(head.contains("requests     spans rejected refused"), "{head}");
    let counts: Vec<&str> = sender.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    assert_eq!(counts[..4], ["2", "0", "0", "2"], "{sender}");
    assert!(!text.lines().next().unwrap().contains("rejected"), "{text}");

    // Of a file without a time in it no time is told.
    let mut batch = Batch::empty("cut.jsonl".into(), Origin::Dump("otlp-json"), 0);
    batch.rejections.push(Rejection::new("cut.jsonl:1", "the text ends in the middle"));
    stage.app.traffic.note(&batch);
    stage.session.take(batch);
    let text = stage.text();
    assert!(text.contains("cut.jsonl ") && text.contains("1  spans rejected"), "{text}");
    assert!(!text.contains("00:00:00"), "{text}");
}

#[test]
fn the_service_with_the_worst_finding_is_open_without_a_key() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    read(&mut stage, "assets/demo.jsonl");
    stage.act(&[Action::Tab(2)]);
    assert!(stage.text().contains("Calls · shop"), "{}", stage.text());
    // From now on it stays.
    stage.live("a-service", (0..100).map(|n| span(n + 1, 0, n, "work")).collect());
    let text = stage.text();
    assert!(text.contains("Calls · shop") && text.contains("5 services"), "{text}");
}

/// Many services, and one with many operations, names and durations.
fn crowd() -> Vec<(String, Vec<Span>)> {
    let mut all = Vec::new();
    for service in 0..200_u64 {
        let many = if service == 7 { 2_000 } else { 3 };
        let spans = (0..many).map(|n| {
            let id = 1 + service * 10_000 + n;
            let parent = if n == 0 && service > 7 { 1 + 7 * 10_000 } else { 0 };
            let mut span = span(id, parent, n, &format!("operation {n:04} with a name that goes on and on"));
            span.end_ns = span.start_ns + 1_000 * (1 + n * n);
            span.kind = SpanKind::Server;
            span.flags = 0x300;
            span
        });
        all.push((format!("service-{service:03}"), spans.collect()));
    }
    all
}

#[test]
fn many_services_with_many_operations() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &[]);
        for (service, spans) in crowd() {
            stage.live(&service, spans);
        }
        stage.act(&[Action::Tab(2), Action::First]);
        (0..7).for_each(|_| stage.act(&[Action::Down]));
        assert!(stage.text().contains("200 services"), "{}", stage.text());
        if columns >= 120 {
            assert!(stage.text().contains("Calls · service-007"), "{}", stage.text());
        }
        check(&format!("services-many-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open, Action::Last, Action::PageUp, Action::Up]);
        assert!(stage.text().contains("↓"), "{}", stage.text());
    }
    let mut stage = Stage::with_look((80, 24), &["mesh"], Look::new(false, true));
    stage.act(&[Action::Tab(2), Action::Open, Action::NextPane]);
    assert!(stage.text().is_ascii());
    check("services-ascii-80x24", &mut stage);
}

#[test]
fn services_by_mouse() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First]);
    let find = |stage: &mut Stage, words: &str| {
        let text = stage.text();
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        let before = &line[..line.find(words).unwrap()];
        (before.chars().count() as u16 + 3, row as u16)
    };
    let at = find(&mut stage, "   seats ");
    let event = |kind, (column, row)| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    let click = event(MouseEventKind::Down(MouseButton::Left), at);
    stage.app.mouse(click, &stage.session, &stage.status);
    assert!(stage.text().contains("Calls · seats"), "{}", stage.text());
    stage.app.mouse(event(MouseEventKind::ScrollUp, at), &stage.session, &stage.status);
    assert!(stage.text().contains("Calls · films"), "{}", stage.text());
    // The heads of tables sort them, those of the list of services first on their line.
    for (words, notice) in [
        ("   entries", "sorted by entry spans, most first"),
        ("   entries↓", "sorted by entry spans, fewest first"),
        ("   service", "sorted by name, A to Z"),
        ("   operation", "sorted by name, A to Z"),
        ("   scope", "sorted by name, A to Z"),
    ] {
        let click = event(MouseEventKind::Down(MouseButton::Left), find(&mut stage, words));
        stage.app.mouse(click, &stage.session, &stage.status);
        assert!(stage.text().contains(notice), "{words}: {}", stage.text());
    }
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
    for (term, said) in [("zzznot", "no span matches zzznot"), ("dur>", "no search: ")] {
        let before = stage.selected_lines();
        stage.act(&[Action::Search]);
        stage.write(term);
        stage.act(&[Action::Open]);
        assert!(stage.text().contains(said), "{}", stage.text());
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
fn traces_without_a_root_are_told_apart() {
    let mut stage = Stage::new((140, 42), &[]);
    let orphan = |id: u8, name: &str| Span {
        trace_id: TraceId([id; 16]),
        ..span(u64::from(id) * 10, 9_999, u64::from(id), name)
    };
    stage.take(vec![orphan(1, "GET /cart"), orphan(2, "POST /pay")]);
    let list = stage.list().join("\n");
    assert!(list.contains("(…) GET /cart") && list.contains("(…) POST /pay"), "{list}");
    let (x, y) = stage.find("(…) POST");
    let buffer = stage.draw();
    assert_ne!(buffer[(x, y)].style(), buffer[(x + 4, y)].style(), "a mark, and a name");
}

#[test]
fn traces_of_a_file_say_when_they_started() {
    let at = |id: u8, start_ns: u64| Span {
        trace_id: TraceId([id; 16]),
        start_ns,
        end_ns: start_ns + 1_000_000,
        ..span(u64::from(id), 0, 0, &format!("trace {id}"))
    };
    let hour = 3_600_000_000_000;
    let midnight = NOW_NS - NOW_NS % (24 * hour);
    let mut stage = Stage::new((140, 42), &[]);
    stage.status.feed = Feed::Replay { name: "a.jsonl".to_owned(), done: true };
    stage.take(vec![at(1, midnight + 5 * hour), at(2, midnight + 4 * hour)]);
    let list = stage.list();
    assert!(list[1].ends_with("start") && !list[1].contains("age"), "{list:?}");
    assert!(list[2].contains("trace 1") && list[2].ends_with("05:00:00"), "{list:?}");
    let (x, y) = stage.find(" start");
    let x = x + 1;
    stage.click(x, y);
    let list = stage.list();
    assert!(list[2].contains("trace 2") && list[2].ends_with("04:00:00"), "{list:?}");
    assert!(list[1].contains("start↑"), "{list:?}");
    stage.take(vec![at(3, midnight + 30 * hour)]);
    let list = stage.list();
    assert!(list[4].contains("trace 3") && list[4].ends_with("11-24 06:00"), "days apart: {list:?}");
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
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
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
fn two_traces_are_compared_by_their_structure() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &["mesh"]);
        stage.act(&[Action::Compare]);
        assert!(stage.text().contains("is kept"), "{}", stage.text());
        stage.act(&[Action::Down, Action::Down, Action::Compare, Action::NextDifference]);
        assert_eq!(stage.app.context(), Context::Compare);
        check(&format!("compare-{columns}x{rows}"), &mut stage);
    }
    let mut stage = Stage::with_look((80, 24), &["mesh"], Look::new(false, true));
    stage.act(&[Action::Compare, Action::Down, Action::Compare]);
    assert!(stage.text().is_ascii());
    check("compare-ascii-80x24", &mut stage);
    let rows = |stage: &mut Stage| stage.text().lines().filter(|line| line.starts_with(" -")).count();
    let all = rows(&mut stage);
    stage.act(&[Action::Fold]);
    assert!(rows(&mut stage) < all, "{}", stage.text());
    stage.act(&[Action::NextDifference]);
    assert!(rows(&mut stage) > 1, "what is folded away is unfolded: {}", stage.text());
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree, "Enter goes to the span: {}", stage.text());
}

#[test]
fn two_marked_traces_are_compared() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Mark, Action::Down, Action::Mark, Action::Compare]);
    assert_eq!(stage.app.context(), Context::Compare, "{}", stage.text());
}

#[test]
fn two_requests_of_one_trace_are_compared() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    stage.act(&[Action::Open, Action::Down, Action::Compare, Action::Last, Action::Compare]);
    let text = stage.text();
    assert!(text.matches("request of ").count() == 2, "{text}");
    stage.act(&[Action::Back]);
    assert_eq!(stage.app.context(), Context::Tree);
    stage.act(&[Action::Compare, Action::Compare]);
    assert!(stage.text().contains("no longer kept"), "{}", stage.text());
}

#[test]
fn a_trace_compared_with_itself_has_no_difference() {
    let mut stage = Stage::new((140, 42), &["express"]);
    let mut again = Vec::new();
    for id in 1..=2_u8 {
        let trace_id = TraceId([id + 40; 16]);
        again.push(Span { trace_id, ..span(1000 + u64::from(id), 0, 5, "job") });
        again.push(Span { trace_id, ..span(2000 + u64::from(id), 1000 + u64::from(id), 6, "step") });
    }
    stage.take(again);
    stage.act(&[Action::Last, Action::Compare, Action::Up, Action::Compare]);
    let text = stage.text();
    assert!(text.contains("the same spans of the same kinds"), "{text}");
    stage.act(&[Action::NextDifference]);
    assert!(stage.text().contains("no difference after this one"), "{}", stage.text());
}

#[test]
fn the_tree_the_pane_and_the_finding_give_one_cause_of_a_missing_parent() {
    let cause = "lost with its process: stopped or killed";
    let mut stage = Stage::new((200, 50), &["killed-before-flush"]);
    stage.act(&[Action::Tab(1)]);
    let (_, y) = stage.find("missing-local-parent");
    stage.click(2, y);
    if !stage.text().contains(cause) {
        stage.act(&[Action::Unfold]);
    }
    assert!(stage.text().contains(cause), "{}", stage.text());
    // The first span under a missing parent is shown; the parent is the row above it.
    stage.act(&[Action::Open, Action::Open, Action::First]);
    let screen = stage.text();
    assert!(screen.matches(cause).count() >= 2, "a row and the pane:\n{screen}");
    assert!(!screen.contains("its process went on"), "{screen}");
}

#[test]
fn a_finding_that_lists_no_spans_leads_to_one_of_its_service() {
    let mut stage = Stage::new((140, 42), &["unknown-service"]);
    stage.act(&[Action::Tab(1)]);
    let (_, y) = stage.find("unknown-service");
    stage.click(2, y);
    stage.act(&[Action::Open]);
    let screen = stage.text();
    assert!(screen.contains("─ Span GET /papers/{number} http send"), "{screen}");
}
