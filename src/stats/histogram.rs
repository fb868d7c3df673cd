//! Durations in buckets: 32 an octave, so that what is read back is right to about two digits, whatever its size.

/// Buckets an octave, as a power of two.
const BITS: u32 = 5;
const OCTAVE: usize = 1 << BITS;
/// What is longer (13 days) is counted with it.
const LONGEST_NS: u64 = (1 << 50) - 1;

/// How often each duration was seen. Only the octaves between the shortest and the longest take room.
#[derive(Clone, Default, Debug)]
pub struct Histogram {
    /// The bucket of `counts[0]`, a whole octave.
    first: usize,
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    /// How many durations it holds.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Adds a duration. Tells by how many bytes it has grown.
    #[inline]
    pub(super) fn add(&mut self, ns: u64) -> usize {
        let bucket = bucket(ns);
        self.total += 1;
        if let Some(count) = self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            *count = count.saturating_add(1);
            return 0;
        }
        let grown = self.reach(bucket);
        self.counts[bucket - self.first] += 1;
        grown
    }

    /// Takes a duration back that was added.
    pub(super) fn remove(&mut self, ns: u64) {
        if let Some(count) = self.counts.get_mut(bucket(ns).wrapping_sub(self.first))
            && *count > 0
        {
            *count -= 1;
            self.total -= 1;
        }
    }

    fn reach(&mut self, bucket: usize) -> usize {
        let octave = bucket / OCTAVE * OCTAVE;
        let before = self.counts.capacity();
        if self.counts.is_empty() {
            self.first = octave;
        } else if octave < self.first {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.first - octave));
            self.first = octave;
        }
        let end = (octave + OCTAVE).max(self.first + self.counts.len());
        self.counts.reserve_exact(end - self.first - self.counts.len());
        self.counts.resize(end - self.first, 0);
        (self.counts.capacity() - before) * size_of::<u32>()
    }

    /// The duration that this share of all is not longer than, nanoseconds; nothing where there is none.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        self.quantiles([share]).map(|[ns]| ns)
    }

    /// The same for several shares in ascending order, in one pass.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[u64; N]> {
        let wanted =
            shares.map(|share| ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1)));
        let mut out = [0; N];
        let (mut seen, mut found) = (0, 0);
        for (count, bucket) in self.counts.iter().zip(self.first..) {
            seen += u64::from(*count);
            while found < N && seen >= wanted[found] {
                out[found] = middle(bucket);
                found += 1;
            }
            if found == N {
                return Some(out);
            }
        }
        None
    }

    /// The shortest and the longest, nanoseconds.
    pub fn bounds(&self) -> Option<(u64, u64)> {
        self.quantiles([0.0, 1.0]).map(|[least, most]| (least, most))
    }

    /// How many there are in each of so many columns, which divide the time between two durations by ratio.
    pub fn columns(&self, (from_ns, to_ns): (u64, u64), columns: usize) -> Vec<u64> {
        let (from, to) = (bucket(from_ns), bucket(to_ns).max(bucket(from_ns)) + 1);
        let mut out = vec![0; columns];
        for (count, bucket) in self.counts.iter().zip(self.first..).filter(|(count, _)| **count > 0) {
            let column = bucket.clamp(from, to - 1).saturating_sub(from) * columns / (to - from);
            if let Some(sum) = out.get_mut(column) {
                *sum += u64::from(*count);
            }
        }
        out
    }
}

fn bucket(ns: u64) -> usize {
    let ns = ns.min(LONGEST_NS);
    let shift = (u64::BITS - BITS - 1).saturating_sub(ns.leading_zeros());
    ((shift as usize) << BITS) + (ns >> shift) as usize
}

/// The middle of a bucket, nanoseconds.
fn middle(bucket: usize) -> u64 {
    let shift = (bucket >> BITS).saturating_sub(1);
    let least = ((bucket - (shift << BITS)) as u64) << shift;
    least + ((1_u64 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        for ns in durations {
            histogram.add(ns);
        }
        histogram
    }

    #[test]
    fn what_is_read_back_is_right_to_two_digits() {
        let mut ns = 1_u64;
        while ns < LONGEST_NS {
            let read = of([ns]).quantile(0.5).unwrap();
            assert!(read.abs_diff(ns) * 60 <= ns, "{ns} reads as {read}");
            assert!(bucket(ns + 1) >= bucket(ns) && bucket(ns + 1) - bucket(ns) <= 1, "{ns}");
            ns += 1 + ns / 7;
        }
        assert_eq!(of([0]).quantile(0.5), Some(0));
        assert!(of([u64::MAX]).quantile(0.5) >= Some(LONGEST_NS / 100 * 98));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut all: Vec<u64> = (0..10_000).map(|_| 1 << rng.u32(8..34) | rng.u64(0..5_000)).collect();
        let histogram = of(all.iter().copied());
        all.sort_unstable();
        for (share, at) in [(0.5, 4_999), (0.95, 9_499), (0.99, 9_899), (1.0, 9_999), (0.0, 0)] {
            let (read, exact) = (histogram.quantile(share).unwrap(), all[at]);
            assert!(read.abs_diff(exact) * 50 <= exact, "p{share}: {read} for {exact}");
        }
    }

    #[test]
    fn what_was_added_can_be_taken_back() {
        let mut histogram = of([5_000, 80_000, 3]);
        histogram.remove(3);
        histogram.remove(80_000);
        assert_eq!((histogram.total(), histogram.quantile(1.0)), (1, histogram.quantile(0.0)));
        histogram.remove(1);
        assert_eq!(histogram.total(), 1, "what was never added is not taken back");
    }

    #[test]
    fn columns_hold_everything_once() {
        let histogram = of([1_000, 2_000, 4_000, 1_000_000]);
        let columns = histogram.columns(histogram.bounds().unwrap(), 10);
        assert_eq!(columns, [1, 1, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(histogram.columns((3_000, 3_000), 1), [4], "what lies beyond is in the last column");
    }

    #[test]
    fn room_is_taken_for_what_was_seen_only() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.add(1_000_000), OCTAVE * size_of::<u32>());
        assert_eq!(histogram.add(1_000_001), 0);
        assert!(histogram.add(1) > 0 && histogram.add(u64::MAX) > 0);
        assert!(histogram.counts.len() * size_of::<u32>() < 6_000);
    }
}
