//! The event loop: the one owner of the session takes batches in, does what keys say, and draws.
//!
//! Keys come first, always: a step of anything else is cut at [`STEP`]. A frame is drawn when something has changed,
//! and no sooner than [`FRAME`] after the last one, but for keys.

use super::keys::Keys;
use super::remembered::Remembered;
use super::request::Outside;
use super::signals::{Asked, Signals};
use super::status::Status;
use super::terminal::Screen;
use super::theme::Look;
use super::view::listing::Busy;
use super::{App, Flow};
use crate::diagnosis::Since;
use crate::intake::Arrivals;
use crate::session::Session;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// How long batches are taken in before keys are looked at again.
const STEP: Duration = Duration::from_millis(4);
/// How long what the views have to do may take of a frame.
const WORK: Duration = Duration::from_millis(2);
/// 30 frames a second.
const FRAME: Duration = Duration::from_millis(33);
/// What a key did is shown sooner; a key that is held down still leaves time for batches.
const KEY_FRAME: Duration = Duration::from_millis(6);

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
}

impl Default for Options {
    fn default() -> Self {
        let (keys, remembered) = (Keys::default(), Remembered::default());
        Self { look: Look::default(), mouse: true, since: None, keys, remembered }
    }
}

/// Shows a session on this terminal until the user quits. `status` is asked before every frame and once a second; its
/// clock is the session's. When `arrivals` ends, nothing more will come, and the session is finished. What keys ask for
/// beyond the session, `outside` does. Answers with what is to be remembered of the screen.
pub async fn run(
    session: &mut Session,
    mut status: impl FnMut() -> Status,
    mut arrivals: Arrivals,
    outside: &mut dyn Outside,
    options: Options,
) -> io::Result<Remembered> {
    let mut app = App::new(options.look);
    app.bind(options.keys);
    app.recall(&options.remembered);
    if let Some(since) = options.since {
        app.compare(since);
    }
    let mut signals = Signals::listen()?;
    let mut screen = Screen::take(options.mouse)?;
    let mut keys = EventStream::new();
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    // The first frame does not wait.
    let mut last_frame = Instant::now();
    let mut due = Some(last_frame);
    let mut busy = Busy::Rest;
    loop {
        let frame_at = due.unwrap_or(last_frame);
        tokio::select! {
            biased;
            asked = signals.next() => match asked {
                Asked::End => return Ok(app.remember()),
                Asked::Retake => {
                    screen.retake()?;
                    due = Some(Instant::now());
                }
            },
            event = keys.next() => {
                let flow = match event {
                    Some(Ok(Event::Key(key))) => app.key(key, session, &status()),
                    Some(Ok(Event::Mouse(mouse))) => {
                        app.mouse(mouse, session, &status());
                        Flow::Continue
                    }
                    Some(Ok(Event::Paste(text))) => {
                        app.paste(&text, session, &status());
                        Flow::Continue
                    }
                    Some(Ok(_)) => Flow::Continue,
                    // The terminal is gone: there is nobody to show anything to.
                    Some(Err(error)) => return Err(error),
                    None => return Ok(app.remember()),
                };
                app.settle(session, outside);
                match flow {
                    Flow::Continue => {}
                    Flow::Quit => return Ok(app.remember()),
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
                let until = Instant::now() + WORK;
                if session.is_busy() {
                    session.work();
                }
                busy = app.work(until.into_std(), session, &status);
                screen.draw(|frame| app.draw(frame, session, &status))?;
                last_frame = Instant::now();
                due = (busy > Busy::Rest).then_some(last_frame + FRAME);
            }
            _ = tick.tick() => {
                let now_ns = status().now_ns;
                session.advance(now_ns);
                app.tick(session, now_ns);
                due = Some(due.unwrap_or(last_frame + FRAME));
            }
            () = std::future::ready(()), if session.is_learning() => {
                let until = Instant::now() + WORK;
                while session.is_learning() && Instant::now() < until {
                    session.work();
                }
                due = Some(due.unwrap_or(last_frame + FRAME));
            }
            batch = arrivals.recv(), if open => {
                match batch {
                    Some(batch) => {
                        let until = Instant::now() + STEP;
                        let mut next = Some(batch);
                        while let Some(batch) = next {
                            app.traffic.note(&batch);
                            session.take(batch);
                            next = if Instant::now() < until { arrivals.try_recv() } else { None };
                        }
                    }
                    None => {
                        open = false;
                        session.finish();
                    }
                }
                due = Some(due.unwrap_or(last_frame + FRAME));
            }
            () = std::future::ready(()), if session.is_busy() || busy == Busy::Now => {
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
