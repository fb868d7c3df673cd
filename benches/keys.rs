//! Key to pixel: how long after a key the real `otoscope` has drawn what it did, in a pseudo-terminal of 200×50, while
//! 50,000 spans a second arrive over loopback.
//!
//! ```text
//! cargo bench --bench keys [-- --keys 400 --rate 50000]
//! ```
//!
//! The keys go from one tab to the other; a key is answered when the title of its tab is marked. What the terminal that
//! reads the bytes takes for it counts too.

mod common;

use common::load::{Load, Shape};
use common::screen::Screen;
use common::send::{Protocol, send};
use common::{Failure, option};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Between two keys: nobody types faster.
const BETWEEN: Duration = Duration::from_millis(23);

fn main() -> Result<(), Failure> {
    let (keys, rate) = (option("--keys", 400)?, option("--rate", 50_000)?);
    for shape in [Shape::Separate, Shape::Merged] {
        let seconds = keys * BETWEEN.as_millis() as u64 / 1_000 + 5;
        let load = Load::new(shape, rate * seconds).until_now();
        let pause = Duration::from_secs_f64(load.request as f64 / rate as f64);
        let bodies = Protocol::Http.bodies(&load.requests());
        let screen = Screen::open()?;
        let (port, done) = (screen.http, AtomicBool::new(false));
        let mut times = std::thread::scope(|scope| -> Result<Vec<Duration>, Failure> {
            let sender = scope.spawn(|| {
                let start = Instant::now();
                for (sent, body) in bodies.into_iter().enumerate() {
                    if done.load(Relaxed) || send(Protocol::Http, port, vec![body]).is_err() {
                        break;
                    }
                    std::thread::sleep(
                        (start + pause * (sent as u32 + 1)).saturating_duration_since(Instant::now()),
                    );
                }
            });
            let measured = measure(&screen, keys);
            done.store(true, Relaxed);
            drop(sender.join());
            measured
        })?;
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        println!(
            "{shape:?}: {} keys at {rate} spans/s  median {:.1} ms  p99 {:.1} ms  longest {:.1} ms",
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
    Ok(())
}

fn measure(screen: &Screen, keys: u64) -> Result<Vec<Duration>, Failure> {
    // A second's worth of spans is there before the first key.
    screen.wait_for(20_000)?;
    (0..keys)
        .map(|n| {
            std::thread::sleep(BETWEEN);
            // ` 1 Traces  2 Findings `: a column within each title.
            let (key, column) = if n % 2 == 0 { ("2", 14) } else { ("1", 4) };
            let start = Instant::now();
            screen.press(key)?;
            screen.wait(|shown| shown.cell(0, column).is_some_and(vt100::Cell::inverse))?;
            Ok(start.elapsed())
        })
        .collect()
}
