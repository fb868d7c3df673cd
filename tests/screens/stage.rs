//! What a test looks at: a session, the application over it, a terminal that is none, and hands.

use crate::golden::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::child::Order;
use otoscope::diagnosis::Suppression;
use otoscope::dump;
use otoscope::model::{Batch, Origin, Span, Value};
use otoscope::otlp::encode::{Group, request};
use otoscope::session::{Clock, Session};
use otoscope::tui::app::TABS;
use otoscope::tui::keymap::{Action, Binding, Chord, Context, PLACES};
use otoscope::tui::view::listing::Busy;
use otoscope::tui::{App, Feed, Flow, Look, Outside, Refused, Save, Status, keymap};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use std::fs::File;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// An hour after the captures' last spans: ages on the screen stay the same.
pub(crate) const NOW_NS: u64 = 1_795_420_000_000_000_000;

/// What a test looks at: a session, the application over it, and a terminal that is none.
pub(crate) struct Stage {
    pub(crate) session: Session,
    pub(crate) app: App,
    pub(crate) status: Status,
    pub(crate) outside: Recorder,
    pub(crate) terminal: Terminal<TestBackend>,
}

/// The world outside: it remembers what was done to it.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) copied: Vec<String>,
    pub(crate) ordered: Vec<Order>,
    pub(crate) suppressed: Vec<Suppression>,
    pub(crate) saved: Vec<Save>,
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
    pub(crate) fn new(size: (u16, u16), captures: &[&str]) -> Self {
        Self::with_look(size, captures, Look::default())
    }

    pub(crate) fn with_look((columns, rows): (u16, u16), captures: &[&str], look: Look) -> Self {
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
        let mut stage =
            Self { session, app, status, outside: Recorder::default(), terminal: terminal(columns, rows) };
        stage.draw();
        stage
    }

    /// What is held is kept, and looked at anew on a screen of another size.
    pub(crate) fn anew(&mut self, (columns, rows): (u16, u16)) {
        let traffic = std::mem::take(&mut self.app.traffic);
        (self.app, self.terminal) = (App::new(Look::default()), terminal(columns, rows));
        self.app.traffic = traffic;
        self.outside = Recorder::default();
        self.draw();
    }

    /// What one frame says, where how often it is drawn is not the question.
    pub(crate) fn glimpse(&mut self) -> String {
        self.rest();
        text(&self.frame())
    }

    /// Lets everything be done that takes longer than a frame.
    pub(crate) fn rest(&mut self) {
        while self.session.is_busy() {
            self.session.work();
        }
        let step = Duration::from_millis(4);
        while self.app.work(Instant::now() + step, &self.session, &self.status) > Busy::Rest {}
    }

    /// Draws twice: what is drawn must not depend on how often.
    pub(crate) fn draw(&mut self) -> Buffer {
        self.rest();
        let (first, second) = (self.frame(), self.frame());
        assert!(first == second, "the second frame differs from the first:\n{}", text(&second));
        second
    }

    /// Draws once, as between two keys.
    fn glance(&mut self) {
        self.rest();
        self.frame();
    }

    /// One frame, kept from the terminal: what has changed since the last one is nobody's question here, and costs more
    /// than the drawing.
    fn frame(&mut self) -> Buffer {
        let Self { session, app, status, terminal, .. } = self;
        app.draw(&mut terminal.get_frame(), session, status);
        let drawn = terminal.current_buffer_mut();
        let empty = Buffer::empty(drawn.area);
        std::mem::replace(drawn, empty)
    }

    pub(crate) fn press(&mut self, chord: Chord) -> Flow {
        let flow = self.app.key(chord.event(), &self.session, &self.status);
        self.app.settle(&mut self.session, &mut self.outside);
        self.glance();
        flow
    }

    /// Presses the first key of each of these actions.
    pub(crate) fn act(&mut self, actions: &[Action]) {
        for action in actions {
            self.press(binding(*action, self.app.context()).keys[0]);
        }
    }

    /// Writes into the line of text, a character after the other.
    pub(crate) fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.app.key(KeyCode::Char(c).into(), &self.session, &self.status);
        }
        self.glance();
    }

    /// Does what was asked for by what was written.
    pub(crate) fn settle(&mut self) {
        self.app.settle(&mut self.session, &mut self.outside);
    }

    pub(crate) fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        self.app.mouse(event, &self.session, &self.status);
        self.app.settle(&mut self.session, &mut self.outside);
        self.glance();
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
        self.mouse(MouseEventKind::Up(MouseButton::Left), column, row);
    }

    /// Where a text is on the screen.
    pub(crate) fn find(&mut self, text: &str) -> (u16, u16) {
        let screen = self.text();
        let at = screen.lines().enumerate().find_map(|(y, line)| Some((y, line.find(text)?, line)));
        let (y, x, line) = at.unwrap_or_else(|| panic!("no {text} in\n{screen}"));
        (line[..x].chars().count() as u16, y as u16)
    }

    /// The lines of the list of traces, from its title to the pane below or the footer.
    pub(crate) fn list(&mut self) -> Vec<String> {
        let text = self.text();
        let from = text.lines().skip(1).skip_while(|line| !line.contains(" Traces "));
        let cut = |line: &str| line.split(['│', '┬']).next().unwrap().trim_end().to_owned();
        from.map(cut).collect()
    }

    pub(crate) fn take(&mut self, spans: Vec<Span>) {
        let group = Group { spans, ..Group::default() };
        let bytes = request(&[group]);
        let (batch, _) = otoscope::otlp::walk(bytes, "test".into(), otoscope::model::Origin::Grpc, NOW_NS);
        assert_eq!(batch.rejections, []);
        self.session.take(batch);
    }

    /// Lets spans of a service come in, and the second in which they do go by.
    pub(crate) fn live(&mut self, service: &str, spans: Vec<Span>) {
        let mut group = Group { spans, ..Group::default() };
        group.resource.attributes.push(("service.name".to_owned(), Value::Str(service.to_owned())));
        let batch = otoscope::otlp::walk(request(&[group]), "test".into(), Origin::Grpc, 0).0;
        self.second(batch);
    }

    /// Lets a capture come in, a batch a second.
    pub(crate) fn live_capture(&mut self, capture: &str) {
        let file = File::open(format!("tests/captures/{capture}/capture.jsonl")).unwrap();
        dump::read(file, capture, None, &mut |batch| {
            self.second(batch);
            ControlFlow::Continue(())
        })
        .unwrap();
    }

    pub(crate) fn second(&mut self, mut batch: Batch) {
        self.status.now_ns += 1_000_000_000;
        batch.arrived_ns = self.status.now_ns;
        self.session.take(batch);
        self.wait(1);
    }

    /// Lets so many seconds go by.
    pub(crate) fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.status.now_ns += 1_000_000_000;
            self.session.advance(self.status.now_ns);
            self.app.tick(&self.session, self.status.now_ns);
        }
    }

    pub(crate) fn text(&mut self) -> String {
        text(&self.draw())
    }

    /// The lines of the screen on which the selected row is, by its inverse style.
    pub(crate) fn selected_lines(&mut self) -> Vec<(u16, String)> {
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

fn terminal(columns: u16, rows: u16) -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(columns, rows)).unwrap()
}

pub(crate) fn binding(action: Action, context: Context) -> &'static Binding {
    let place = PLACES.iter().find(|place| place.context == context).unwrap();
    let elsewhere = keymap::rows().map(|(_, binding)| binding);
    let mut bindings = place.own().chain(place.common()).chain(elsewhere);
    bindings.find(|binding| binding.action == action).unwrap()
}

/// The action that shows a tab, by its title.
pub(crate) fn tab(title: &str) -> Action {
    Action::Tab(TABS.iter().position(|tab| tab.title == title).unwrap())
}

pub(crate) const SIZES: [(u16, u16); 3] = [(80, 24), (140, 42), (200, 50)];

pub(crate) const MERGED: &[&str] = &["flask-1.29-sigkill"];

/// A key without Ctrl.
pub(crate) fn key(code: KeyCode) -> Chord {
    Chord::of(KeyEvent::from(code)).unwrap()
}

/// Goes down until a line is selected that says this.
pub(crate) fn select(stage: &mut Stage, wanted: &str) {
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

/// Writes a line of text, whatever it was before.
pub(crate) fn write_line(stage: &mut Stage, text: &str) {
    for _ in 0..80 {
        stage.app.key(KeyCode::Backspace.into(), &stage.session, &stage.status);
    }
    stage.write(text);
}

/// Reads a file that is no capture.
pub(crate) fn read(stage: &mut Stage, path: &str) {
    dump::read(File::open(path).unwrap(), path, None, &mut |batch| {
        stage.session.take(batch);
        ControlFlow::Continue(())
    })
    .unwrap();
    stage.session.finish();
}
