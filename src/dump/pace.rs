//! Pacing: when the batches of a replayed dump are due.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How fast a dump is replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// This many times as fast as it happened; positive and finite.
    Times(f64),
    /// As fast as it is taken.
    Max,
}

/// Text that is no speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSpeedError {
    /// The text.
    pub text: String,
}

impl fmt::Display for ParseSpeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no speed: say 1x, 10x, 0.5x or max", self.text)
    }
}

impl std::error::Error for ParseSpeedError {}

impl FromStr for Speed {
    type Err = ParseSpeedError;

    /// `1x`, `10x`, `0.5x`, `max`.
    fn from_str(text: &str) -> Result<Self, ParseSpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let number = text.strip_suffix(['x', 'X']).and_then(|n| n.parse().ok());
        match number {
            Some(n @ 0.000_001..=1_000_000.0) => Ok(Self::Times(n)),
            _ => Err(ParseSpeedError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(n) => write!(f, "{n}x"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// Tells when each batch of a dump is due. Knows no clock: who replays says how much time has passed.
#[derive(Clone, Debug)]
pub struct Pace {
    speed: Speed,
    /// The newest time of the dump so far, nanoseconds since the Unix epoch, and when it was due.
    last: Option<(u64, Duration)>,
}

impl Pace {
    /// At the start of a replay.
    pub fn new(speed: Speed) -> Self {
        Self { speed, last: None }
    }

    /// The speed.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Changes the speed; what was due stays so.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
    }

    /// How long to wait, when `elapsed` has passed since the replay started (pauses not counted), before a batch with
    /// this [`arrived_ns`](crate::model::Batch::arrived_ns) is delivered. Gaps are the true ones; a batch that is
    /// older than one before it is due at once.
    pub fn wait(&mut self, arrived_ns: u64, elapsed: Duration) -> Duration {
        let Speed::Times(times) = self.speed else {
            self.last = Some((arrived_ns, elapsed));
            return Duration::ZERO;
        };
        let (newest_ns, due) = self.last.unwrap_or((arrived_ns, elapsed));
        let gap_ns = arrived_ns.saturating_sub(newest_ns);
        // Centuries, where a clock was broken, instead of a panic.
        let gap = Duration::try_from_secs_f64(gap_ns as f64 / 1e9 / times).unwrap_or(Duration::MAX);
        let due = due.saturating_add(gap);
        self.last = Some((newest_ns.max(arrived_ns), due));
        due.saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read_and_written() {
        for text in ["1x", "10x", "0.5x", "max"] {
            assert_eq!(text.parse::<Speed>().unwrap().to_string(), text);
        }
        for bad in ["", "x", "0x", "-1x", "NaNx", "infx", "10", "fast"] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }

    #[test]
    fn gaps_are_the_true_ones_divided_by_the_speed() {
        let second = 1_000_000_000;
        let s = Duration::from_secs;
        let mut pace = Pace::new(Speed::Times(2.0));
        assert_eq!(pace.wait(100 * second, s(0)), s(0));
        assert_eq!(pace.wait(104 * second, s(0)), s(2));
        assert_eq!(pace.wait(103 * second, s(2)), s(0), "out of order: at once");
        assert_eq!(pace.wait(110 * second, s(4)), s(1), "what was lost on the way is made up for");
        assert_eq!(pace.wait(112 * second, s(9)), s(0), "late");
        pace.set_speed(Speed::Max);
        assert_eq!(pace.wait(999 * second, s(9)), s(0));
        pace.set_speed(Speed::Times(1.0));
        assert_eq!(pace.wait(1_000 * second, s(10)), s(0));
        assert!(pace.wait(u64::MAX, s(10)) > s(1_000_000));
    }
}
