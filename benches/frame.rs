//! How long a frame takes at 200×50 while spans keep coming: the trace that is open holds almost all of a million
//! spans and grows between any two frames.
//!
//! ```text
//! cargo bench --bench frame [-- --spans 1000000 --frames 600 --view "critical path"]
//! ```
//!
//! Printed: milliseconds from asking for a frame to its changed cells being known, with what the views do between two
//! frames: the median, the 99th percentile and the longest; and the 99th percentile of drawing alone. Writing cells to a
//! terminal is the terminal's time.

mod common;

use common::load::{Load, Shape};
use common::{Failure, option, word};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use otoscope::model::Origin;
use otoscope::otlp::walk;
use otoscope::session::{Clock, Session};
use otoscope::tui::{App, Look, Status, work_beside};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Instant;

/// What is open, what it is made of, and the keys that lead there.
const VIEWS: &[(&str, Shape, &[KeyCode])] = &[
    ("merged trace, un-merged", Shape::Merged, &[]),
    ("merged trace, its end followed", Shape::Merged, &[KeyCode::Tab, KeyCode::Char('G')]),
    ("merged trace, as recorded", Shape::Merged, &[KeyCode::Tab, KeyCode::Char('u')]),
    (
        "merged trace, as recorded, critical path",
        Shape::Merged,
        &[KeyCode::Tab, KeyCode::Char('u'), KeyCode::Char('c')],
    ),
    (
        "merged trace, zoomed, one level folded",
        Shape::Merged,
        &[KeyCode::Tab, KeyCode::Char('u'), KeyCode::Char('z'), KeyCode::Char('>'), KeyCode::Char('[')],
    ),
    (
        "merged trace, all but a search hidden",
        Shape::Merged,
        &[KeyCode::Tab, KeyCode::Char('/'), KeyCode::Char('e'), KeyCode::Enter, KeyCode::Char('&')],
    ),
    (
        "merged trace, as recorded, icicle",
        Shape::Merged,
        &[KeyCode::Tab, KeyCode::Char('u'), KeyCode::Char('t')],
    ),
    (
        "icicle, deeper and zoomed in",
        Shape::Merged,
        &[
            KeyCode::Tab,
            KeyCode::Char('u'),
            KeyCode::Char('t'),
            KeyCode::Char('j'),
            KeyCode::Char('l'),
            KeyCode::Char('z'),
            KeyCode::Char('<'),
        ],
    ),
    (
        "icicle of requests under one span",
        Shape::Run { received: true },
        &[KeyCode::Tab, KeyCode::Char('u'), KeyCode::Char('t')],
    ),
    ("requests under a span that has not ended", Shape::Run { received: false }, &[KeyCode::Tab]),
    ("many traces, the newest followed", Shape::Separate, &[KeyCode::Char('G')]),
    ("findings", Shape::Merged, &[KeyCode::Char('2')]),
    ("services", Shape::Merged, &[KeyCode::Char('3')]),
    ("receiver", Shape::Merged, &[KeyCode::Char('5')]),
];

fn main() -> Result<(), Failure> {
    let spans = option("--spans", 1_000_000)?;
    let frames = option("--frames", 600)? as usize;
    let wanted = word("--view").unwrap_or_default();
    println!(
        "{:42}{:>9}{:>9}{:>9}{:>9}  ms a frame, {spans} spans held",
        "view", "median", "p99", "longest", "drawn"
    );
    for (name, shape, keys) in VIEWS.iter().filter(|(name, ..)| name.contains(&wanted)) {
        let times = measure(&Load::new(*shape, spans), keys, frames)?;
        let (mut drawn, mut all): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
        let at = |times: &[f64], share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        [&mut drawn, &mut all].into_iter().for_each(|times| times.sort_by(f64::total_cmp));
        let (median, p99, longest) = (at(&all, 0.5), at(&all, 0.99), at(&all, 1.0));
        println!("{name:42}{median:9.2}{p99:9.2}{longest:9.2}{:9.2}", at(&drawn, 0.99));
    }
    Ok(())
}

/// Milliseconds of drawing each frame, and of all that comes with it; a request of 512 spans, and now and then a key, comes before each.
fn measure(load: &Load, keys: &[KeyCode], frames: usize) -> Result<Vec<(f64, f64)>, Failure> {
    let mut requests = load.requests().into_iter();
    let growing = requests.len().saturating_sub(frames);
    let mut session = Session::new(usize::MAX, Clock::Wall);
    let mut app = App::new(Look::default());
    let mut now_ns = load.start_ns;
    let mut take = |session: &mut Session, app: &mut App| -> Result<u64, Failure> {
        let Some(request) = requests.next() else { return Ok(now_ns) };
        now_ns += 1_000_000;
        let (batch, malformed) = walk(request, "bench".into(), Origin::Grpc, now_ns);
        malformed.map_or(Ok(()), Err)?;
        app.traffic.note(&batch);
        session.take(batch);
        Ok(now_ns)
    };
    for _ in 0..growing {
        take(&mut session, &mut app)?;
    }
    let mut terminal = Terminal::new(TestBackend::new(200, 50))?;
    let mut status = Status { now_ns: load.start_ns, ..Status::default() };
    // The first frame opens the worst trace by itself.
    terminal.draw(|frame| app.draw(frame, &session, &status))?;
    for key in keys {
        app.key(KeyEvent::new(*key, KeyModifiers::NONE), &session, &status);
        terminal.draw(|frame| app.draw(frame, &session, &status))?;
    }
    let mut times = Vec::with_capacity(frames);
    for number in 0..frames {
        status.now_ns = take(&mut session, &mut app)?;
        if number % 10 == 9 {
            let down = KeyEvent::new(KeyCode::PageDown, KeyModifiers::NONE);
            app.key(down, &session, &status);
        }
        let asked = Instant::now();
        terminal.draw(|frame| app.draw(frame, &session, &status))?;
        let drawn = asked.elapsed();
        app.work(Instant::now() + work_beside(drawn), &session, &status);
        times.push((drawn.as_secs_f64() * 1e3, asked.elapsed().as_secs_f64() * 1e3));
    }
    Ok(times)
}
