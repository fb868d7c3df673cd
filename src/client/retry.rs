//! When a request is sent again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first pause; each one after it is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// Ever longer pauses, with some chance in them, so that many senders do not come back at the same time.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// How long to wait now: as long as was asked for, if it was.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let longest = FIRST.saturating_mul(1 << self.tries.min(16)).min(LONGEST);
        self.tries += 1;
        // A hasher has a seed of its own, which is chance enough for a pause.
        let chance = RandomState::new().hash_one(self.tries) as f64 / u64::MAX as f64;
        asked.unwrap_or(longest.mul_f64(0.5 + chance / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_what_is_asked_for_counts() {
        let mut backoff = Backoff::default();
        for longest in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            let pause = backoff.next(None).as_millis();
            assert!((longest / 2..=longest).contains(&pause), "{pause} of {longest}");
        }
        assert_eq!(backoff.next(Some(Duration::from_secs(7))), Duration::from_secs(7));
    }
}
