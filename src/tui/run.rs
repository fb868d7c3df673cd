//! The event loop: the one owner of the session takes batches in, does what keys say, and draws.
//!
//! Keys come first, always: a step of anything else is cut at [`STEP`]. A frame is drawn when something has changed,
//! and no sooner than [`FRAME`] after the last one, but for keys.

use super::keys::Keys;
use super::output::{Output, State};
use super::remembered::Remembered;
use super::request::Outside;
use super::signals::{Asked, Signals};
use super::status::Status;
use super::terminal::Screen;
use super::theme::Look;
use super::view::listing::Busy;
use super::{App, Flow};
use crate::child::{Signal, Told};
use crate::diagnosis::Since;
use crate::intake::Arrivals;
use crate::model::Batch;
use crate::session::Session;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use std::future::poll_fn;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// How long batches are taken in before keys are looked at again.
const STEP: Duration = Duration::from_millis(4);
/// How long what the views have to do may take between frames.
const WORK: Duration = Duration::from_millis(2);
/// How long a frame may take with that.
const WHOLE: Duration = Duration::from_millis(7);

/// How long what the views have to do may take with a frame that takes so long to draw.
pub fn work_beside(drawn: Duration) -> Duration {
    WHOLE.saturating_sub(drawn).clamp(WORK / 4, WORK)
}

/// 30 frames a second.
const FRAME: Duration = Duration::from_millis(33);
/// What a key did is shown sooner; a key that is held down still leaves time for batches.
const KEY_FRAME: Duration = Duration::from_millis(6);

/// After this long without a word and without a connection, a command that has ended has sent everything.
const SETTLED: Duration = Duration::from_millis(900);
/// How many batches are taken at once before what follows them is of another run of the command.
const WAITING: usize = 64;

/// How the screen is to be.
#[derive(Debug)]
pub struct Options {
    /// Colours and symbols.
    pub look: Look,
    /// Whether clicks and the wheel are wanted; text is then selected with Shift held down.
    pub mouse: bool,
    /// What is found is held against this.
    pub since: Option<Since>,
    /// The keys in force.
    pub keys: Keys,
    /// How the screen was left the last time.
    pub remembered: Remembered,
    /// The command of `otoscope run`, where there is one: `outside` tells of it.
    pub output: Option<Output>,
    /// It ends when nothing has arrived for so long.
    pub exit_after_idle: Option<Duration>,
}

/// How the screen was left.
#[derive(Debug)]
pub struct Left {
    /// The signal that asked for it, if one did.
    pub signal: Option<Signal>,
    /// What is to be remembered of it.
    pub remembered: Remembered,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            look: Look::default(),
            mouse: true,
            since: None,
            keys: Keys::default(),
            remembered: Remembered::default(),
            output: None,
            exit_after_idle: None,
        }
    }
}

/// Shows a session on this terminal until the user quits. `status` is asked before every frame and once a second; its
/// clock is the session's. When `arrivals` ends, nothing more will come, and the session is finished. What keys ask for
/// beyond the session, `outside` does. Answers with what is to be remembered of the screen.
pub async fn run(
    session: &mut Session,
    mut status: impl FnMut() -> Status,
    arrivals: &mut Arrivals,
    outside: &mut dyn Outside,
    options: Options,
) -> io::Result<Left> {
    let mut app = App::new(options.look);
    app.bind(options.keys);
    app.recall(&options.remembered);
    if let Some(since) = options.since {
        app.compare(since);
    }
    if let Some(output) = options.output {
        app.watch(output);
    }
    let mut signals = Signals::listen()?;
    let mut screen = Screen::take(options.mouse)?;
    let (columns, rows) = crossterm::terminal::size()?;
    app.resize(columns, rows);
    app.settle(session, outside);
    let mut quiet = Quiet::default();
    let mut keys = EventStream::new();
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    // The first frame does not wait.
    let mut last_frame = Instant::now();
    let mut drawn = Duration::ZERO;
    let mut due = Some(last_frame);
    let mut busy = Busy::Rest;
    loop {
        let frame_at = due.unwrap_or(last_frame);
        tokio::select! {
            biased;
            asked = signals.next() => match asked {
                Asked::End(signal) => return Ok(left(&app, Some(signal))),
                Asked::Retake => {
                    screen.retake()?;
                    due = Some(Instant::now());
                }
            },
            event = keys.next() => {
                let flow = match event {
                    Some(Ok(Event::Key(key))) => app.key(key, session, &status()),
                    Some(Ok(Event::Mouse(mouse))) => app.mouse(mouse, session, &status()),
                    Some(Ok(Event::Paste(text))) => {
                        app.paste(&text, session, &status());
                        Flow::Continue
                    }
                    Some(Ok(Event::Resize(columns, rows))) => {
                        app.resize(columns, rows);
                        Flow::Continue
                    }
                    Some(Ok(_)) => Flow::Continue,
                    // The terminal is gone: there is nobody to show anything to.
                    Some(Err(error)) => return Err(error),
                    None => return Ok(left(&app, None)),
                };
                app.settle(session, outside);
                match flow {
                    Flow::Continue => {}
                    Flow::Quit => return Ok(left(&app, None)),
                    Flow::Redraw => screen.retake()?,
                    Flow::Suspend => {
                        signals.suspend().await?;
                        screen.retake()?;
                    }
                }
                let soon = (last_frame + KEY_FRAME).max(Instant::now());
                due = Some(due.map_or(soon, |due| due.min(soon)));
            }
            () = sleep_until(frame_at), if due.is_some() => {
                let status = status();
                let until = Instant::now() + work_beside(drawn);
                if session.is_busy() {
                    session.work();
                }
                busy = app.work(until.into_std(), session, &status);
                let asked = Instant::now();
                screen.draw(|frame| app.draw(frame, session, &status))?;
                last_frame = Instant::now();
                drawn = last_frame - asked;
                due = (busy > Busy::Rest).then_some(last_frame + FRAME);
            }
            _ = tick.tick() => {
                let status = status();
                session.advance(status.now_ns);
                let over = app.output().is_some_and(|output| matches!(output.state(), State::Ended(_)));
                if over && quiet.nothing_more(status.open_connections) {
                    session.finish();
                }
                app.tick(session, status.now_ns);
                while let Some(words) = outside.told() {
                    app.say(words);
                }
                if options.exit_after_idle.is_some_and(|time| quiet.since.elapsed() >= time) {
                    return Ok(left(&app, None));
                }
                due = Some(due.unwrap_or(last_frame + FRAME));
            }
            () = std::future::ready(()), if session.is_learning() => {
                let until = Instant::now() + WORK;
                while session.is_learning() && Instant::now() < until {
                    session.work();
                }
                due = Some(due.unwrap_or(last_frame + FRAME));
            }
            // Neither of these may keep the other waiting: which comes first is left to chance.
            came = async {
                tokio::select! {
                    batch = arrivals.recv(), if open => Came::Batch(batch),
                    told = poll_fn(|cx| outside.poll_told(cx)) => Came::Told(told),
                }
            } => {
                let until = Instant::now() + STEP;
                match came {
                    Came::Batch(Some(batch)) => {
                        quiet = Quiet::default();
                        let mut next = Some(batch);
                        while let Some(batch) = next {
                            app.traffic.note(&batch);
                            session.take(batch);
                            next = if Instant::now() < until { arrivals.try_recv() } else { None };
                        }
                    }
                    Came::Batch(None) => {
                        open = false;
                        session.finish();
                    }
                    Came::Told(told) => {
                        if !matches!(told, Told::Printed(_)) {
                            quiet.said = false;
                        }
                        if matches!(told, Told::Started) {
                            // What the run before it has sent is of that one.
                            // Others may send without end: no more than may wait.
                            for batch in std::iter::from_fn(|| arrivals.try_recv()).take(WAITING) {
                                app.traffic.note(&batch);
                                session.take(batch);
                            }
                            session.processes_ended();
                        }
                        app.hear(&told, status().now_ns);
                        app.settle(session, outside);
                    }
                }
                due = Some(due.unwrap_or(last_frame + FRAME));
            }
            // Nothing else is to be done: what takes longer goes on for a step.
            () = std::future::ready(()), if outside.is_busy() || session.is_busy() || busy == Busy::Now => {
                if outside.is_busy() {
                    outside.step(session);
                }
                let until = Instant::now() + WORK;
                while session.is_busy() && Instant::now() < until {
                    session.work();
                }
                busy = app.work(until.into_std(), session, &status());
                due = Some(due.unwrap_or(last_frame + FRAME));
                // Others on this thread have a say too.
                tokio::task::yield_now().await;
            }
        }
    }
}

fn left(app: &App, signal: Option<Signal>) -> Left {
    Left { signal, remembered: app.remember() }
}

/// What came from outside, other than keys.
#[expect(clippy::large_enum_variant, reason = "it is handed over and gone")]
enum Came {
    Batch(Option<Batch>),
    Told(Told),
}

/// How long nothing has arrived.
struct Quiet {
    since: Instant,
    /// It was said already that nothing more will come.
    said: bool,
}

impl Default for Quiet {
    fn default() -> Self {
        Self { since: Instant::now(), said: false }
    }
}

impl Quiet {
    /// Whether nothing more will come once a command has ended: nobody is connected, and nothing has arrived for a
    /// moment. True once; should more come all the same, what was settled is weighed again.
    fn nothing_more(&mut self, connections: u64) -> bool {
        let now = connections == 0 && self.since.elapsed() >= SETTLED && !self.said;
        self.said |= now;
        now
    }
}
