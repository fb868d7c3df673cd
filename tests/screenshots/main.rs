//! The pictures of `screenshots/` are what the program draws now. `UPDATE=1` draws them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod svg;

use otoscope::dump;
use otoscope::model::Batch;
use otoscope::session::{Clock, Session};
use otoscope::tui::keymap::{self, Action};
use otoscope::tui::view::listing::Busy;
use otoscope::tui::{App, Feed, Look, Status};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// The batches of the built-in capture, in the order in which they came.
fn demo() -> Vec<Batch> {
    read("assets/demo.jsonl", "demo.jsonl")
}

fn read(path: &str, name: &str) -> Vec<Batch> {
    let mut batches = Vec::new();
    dump::read(File::open(path).unwrap(), name, None, &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    })
    .unwrap();
    batches
}

/// The inspector, and what it is told.
struct Stage {
    session: Session,
    app: App,
    status: Status,
}

impl Stage {
    /// While a server runs: batches come in, and the clock goes on for as long as everything takes to settle.
    fn live(batches: Vec<Batch>) -> Self {
        let (grpc, http) = (([127, 0, 0, 1], 4317).into(), ([127, 0, 0, 1], 4318).into());
        let feed = Feed::Live { grpc: Some(grpc), http: Some(http) };
        let mut stage = Self::new(feed, Clock::Wall, 1 << 30);
        let last = batches.last().map_or(0, |batch| batch.arrived_ns);
        let mut next = batches.first().map_or(0, |batch| batch.arrived_ns);
        for batch in batches {
            while next <= batch.arrived_ns {
                stage.tick(next);
                next += SECOND;
            }
            stage.take(batch);
        }
        while next <= last + SECOND / 2 {
            stage.tick(next);
            next += SECOND;
        }
        stage.status.now_ns = last + SECOND / 2;
        stage
    }

    /// A dump that has been read to its end.
    fn replayed(batches: Vec<Batch>) -> Self {
        let name = batches.first().map_or_else(String::new, |batch| batch.source.to_string());
        let feed = Feed::Replay { name, done: true };
        let mut stage = Self::new(feed, Clock::Stream, 64 << 20);
        stage.status.now_ns = batches.last().map_or(0, |batch| batch.arrived_ns);
        for batch in batches {
            stage.take(batch);
        }
        stage.session.finish();
        stage
    }

    fn new(feed: Feed, clock: Clock, max_memory: usize) -> Self {
        let session = Session::new(max_memory, clock);
        Self { session, app: App::new(Look::default()), status: Status { feed, ..Status::default() } }
    }

    fn take(&mut self, batch: Batch) {
        self.app.traffic.note(&batch);
        self.session.take(batch);
    }

    fn tick(&mut self, now_ns: u64) {
        self.status.now_ns = now_ns;
        self.session.advance(now_ns);
        self.app.traffic.tick(now_ns);
    }

    /// Presses the first key of each of these actions.
    fn act(mut self, actions: &[Action]) -> Self {
        for action in actions {
            self.draw((140, 42));
            let key = keymap::rows().find(|(_, row)| row.action == *action).unwrap().1.keys[0];
            self.app.key(key.event(), &self.session, &self.status);
        }
        self
    }

    fn draw(&mut self, (columns, rows): (u16, u16)) -> Buffer {
        let step = Duration::from_millis(4);
        while self.app.work(Instant::now() + step, &self.session, &self.status) > Busy::Rest {}
        let area = Rect::new(0, 0, columns, rows);
        let mut buffer = Buffer::empty(area);
        self.app.draw_into(area, &mut buffer, &self.session, &self.status);
        buffer
    }
}

fn check(name: &str, title: &str, size: (u16, u16), mut stage: Stage) {
    let path = Path::new("screenshots").join(format!("{name}.svg"));
    let now = svg::window(title, &stage.draw(size));
    assert!(now.len() < 150_000, "{name} takes {} bytes", now.len());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, now).unwrap();
        return;
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert!(now == before, "{} is not what is drawn now; UPDATE=1 draws it anew", path.display());
}

const SIZE: (u16, u16) = (140, 42);

#[test]
fn the_story() {
    check("story", "otoscope demo", SIZE, Stage::replayed(demo()));
    let as_recorded = Stage::replayed(demo()).act(&[Action::Unmerge]);
    check("as-recorded", "otoscope demo", SIZE, as_recorded);
}

#[test]
fn while_the_server_still_runs() {
    let mut batches = demo();
    let run = batches.pop().unwrap();
    assert_eq!(run.records.len(), 1, "the span of the command came last and alone");
    check("live", "otoscope", SIZE, Stage::live(batches));
}

#[test]
fn findings_and_a_span() {
    check("findings", "otoscope demo", SIZE, Stage::replayed(demo()).act(&[Action::Tab(1)]));
    let span = Stage::replayed(demo()).act(&[
        Action::Open,
        Action::Down,
        Action::Down,
        Action::Down,
        Action::Down,
        Action::Open,
        Action::Grow,
        Action::Grow,
        Action::Grow,
        Action::Fold,
        Action::Down,
        Action::Fold,
    ]);
    check("span", "otoscope demo", SIZE, span);
}

/// Requests through four services, and what one of them logged.
#[test]
fn around_the_story() {
    let mesh = || Stage::replayed(read("tests/captures/mesh/capture.jsonl", "mesh.jsonl"));
    let title = "otoscope mesh.jsonl";
    let path = [Action::Down, Action::Down, Action::Open, Action::CriticalPath];
    check("critical-path", title, SIZE, mesh().act(&path));
    check("icicle", title, SIZE, mesh().act(&[Action::Open, Action::Icicle]));
    check("services", title, SIZE, mesh().act(&[Action::Tab(2), Action::First, Action::Down]));
    let logs = Stage::replayed(read("tests/captures/flask-logs/capture.jsonl", "flask-logs.jsonl"));
    check("logs", "otoscope flask-logs.jsonl", SIZE, logs.act(&[Action::Tab(3), Action::PreviousError]));
}

#[test]
fn before_anything_arrived() {
    check("empty", "otoscope", (100, 24), Stage::live(Vec::new()));
}
