//! The pace of a replay that can be held and stepped: orders go to the thread that reads, what it does comes back in
//! numbers.

use crate::dump::pace::{Pace, Speed};
use crate::tui::{Playback, Replay};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

/// How far a replay has come.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Bytes read of the dumps.
    pub(super) bytes: AtomicU64,
    /// The newest time of the dumps so far, and the first, nanoseconds since the Unix epoch.
    pub(super) time_ns: AtomicU64,
    first_ns: AtomicU64,
    paused: AtomicBool,
    pub(super) done: AtomicBool,
}

/// What is pressed: held by whoever has the keys.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    orders: Sender<Replay>,
    reached: Arc<Reached>,
    speed: Speed,
}

impl Remote {
    /// Does what is wanted; where that cannot be, a sentence.
    pub(super) fn order(&self, order: Replay) -> Result<(), String> {
        if self.reached.done.load(Relaxed) || self.orders.send(order).is_err() {
            return Err("the replay is over".to_owned());
        }
        let paused = match order {
            Replay::Hold => !self.reached.paused.load(Relaxed),
            Replay::Step => true,
        };
        self.reached.paused.store(paused, Relaxed);
        Ok(())
    }

    /// What the screen says of it; nothing once it is over.
    pub(super) fn playback(&self) -> Option<Playback> {
        let Reached { time_ns, first_ns, paused, done, .. } = &*self.reached;
        let position_ns = time_ns.load(Relaxed).saturating_sub(first_ns.load(Relaxed));
        let paused = paused.load(Relaxed);
        (!done.load(Relaxed)).then(|| Playback { paused, speed: self.speed.to_string(), position_ns })
    }
}

/// What waits: held by the thread that reads.
pub(super) struct Player {
    orders: Receiver<Replay>,
    reached: Arc<Reached>,
    speed: Speed,
    pace: Pace,
    paused: bool,
    /// How long it has played before it was last started, and when that was.
    played: Duration,
    since: Instant,
}

/// Both ends of a replay at this speed.
pub(super) fn replay(speed: Speed, paused: bool, reached: &Arc<Reached>) -> (Remote, Player) {
    let (sender, orders) = channel();
    reached.paused.store(paused, Relaxed);
    let player = Player {
        orders,
        reached: Arc::clone(reached),
        speed,
        pace: Pace::new(speed),
        paused,
        played: Duration::ZERO,
        since: Instant::now(),
    };
    (Remote { orders: sender, reached: Arc::clone(reached), speed }, player)
}

impl Player {
    /// Another dump begins: its gaps have nothing to do with those of the one before.
    pub(super) fn next_dump(&mut self) {
        self.pace = Pace::new(self.speed);
    }

    /// Waits until a batch of this time is due. Whether anybody still wants it.
    pub(super) fn wait(&mut self, at_ns: u64) -> bool {
        let before = self.played();
        let due = before.saturating_add(self.pace.wait(at_ns, before));
        loop {
            let left = due.saturating_sub(self.played());
            let order = if self.paused {
                self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else if left.is_zero() {
                self.orders.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                })
            } else {
                self.orders.recv_timeout(left)
            };
            match order {
                Ok(Replay::Hold) => {
                    self.played = self.played();
                    self.since = Instant::now();
                    self.paused = !self.paused;
                }
                Ok(Replay::Step) => {
                    // What it would have waited for is over.
                    self.played = due;
                    self.paused = true;
                    break;
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        let _ = self.reached.first_ns.compare_exchange(0, at_ns, Relaxed, Relaxed);
        self.reached.time_ns.fetch_max(at_ns, Relaxed);
        true
    }

    /// How long it has played, pauses not counted.
    fn played(&self) -> Duration {
        if self.paused { self.played } else { self.played.saturating_add(self.since.elapsed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_step_brings_one_batch_and_holding_again_lets_it_go_on() {
        let reached = Arc::new(Reached::default());
        let (remote, mut player) = replay(Speed::Times(1.0), true, &reached);
        let (tell, told) = channel();
        let reader = std::thread::spawn(move || {
            // An hour lies between each of them: only steps bring the next.
            for n in 1..=4 {
                if !player.wait(n * 3_600 * SECOND) {
                    return n;
                }
                tell.send(n).unwrap();
            }
            0
        });
        let patience = Duration::from_secs(20);
        for n in 1..=2 {
            assert!(told.try_recv().is_err());
            remote.order(Replay::Step).unwrap();
            assert_eq!(told.recv_timeout(patience), Ok(n));
        }
        let playback = remote.playback().unwrap();
        assert_eq!((playback.paused, playback.position_ns), (true, 3_600 * SECOND));
        remote.order(Replay::Hold).unwrap();
        assert!(!remote.playback().unwrap().paused);
        remote.order(Replay::Step).unwrap();
        assert_eq!(told.recv_timeout(patience), Ok(3));
        drop(remote);
        assert_eq!(reader.join().unwrap(), 4, "nobody wants the last");
    }

    #[test]
    fn what_is_over_takes_no_orders() {
        let reached = Arc::new(Reached::default());
        let (remote, mut player) = replay(Speed::Max, false, &reached);
        assert!(player.wait(SECOND) && player.wait(3 * SECOND));
        assert_eq!(remote.playback().map(|playback| playback.position_ns), Some(2 * SECOND));
        reached.done.store(true, Relaxed);
        assert_eq!(remote.playback(), None);
        assert_eq!(remote.order(Replay::Step), Err("the replay is over".to_owned()));
    }
}
