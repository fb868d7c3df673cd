//! Durations in buckets, one for each that two digits tell apart: what is read back is what the exact duration is when it
//! is told in two digits, [`two_digits`], and so at most a twentieth of it beside it, mostly less than a fortieth. That holds
//! from a nanosecond to the 584 years that 64 bits hold.
//!
//! A bucket takes 4 bytes, a factor of ten 360: half a kilobyte for what takes between 1 and 30 ms.

/// Buckets are made room for so many at a time: a third of a factor of ten.
const PART: usize = 30;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 31_556_952 * SECOND;

/// From a duration on, how wide buckets are, both nanoseconds: the second digit of what it is told in. They begin half a
/// bucket below the first of two digits, where what is told is rounded.
const WIDTHS: [(u64, u64); 20] = [
    (0, 1),
    (100, 10),
    (995, 100),
    (9_950, 1_000),
    (99_500, 10_000),
    (995_000, 100_000),
    (9_950_000, 1_000_000),
    (99_500_000, 10_000_000),
    (995_000_000, 100_000_000),
    (9_950_000_000, SECOND),
    (59_500_000_000, MINUTE / 10),
    (597 * SECOND, MINUTE),
    (3_570 * SECOND, HOUR / 10),
    (35_820 * SECOND, HOUR),
    (171_000 * SECOND, DAY / 10),
    (859_680 * SECOND, DAY),
    (8_596_800 * SECOND, 10 * DAY),
    (725 * DAY, YEAR / 10),
    (YEAR / 100 * 995, YEAR),
    (YEAR / 10 * 995, 10 * YEAR),
];

/// The bucket that zero would have if all were as wide as those of each row of [`WIDTHS`]; it may lie below the first.
const ZEROS: [i64; WIDTHS.len()] = zeros();

const fn zeros() -> [i64; WIDTHS.len()] {
    let mut zeros = [0; WIDTHS.len()];
    let mut row = 1;
    while row < zeros.len() {
        let (from, width) = WIDTHS[row];
        let last_before = zeros[row - 1] + times(from - 1, WIDTHS[row - 1].1) as i64;
        zeros[row] = last_before + 1 - times(from, width) as i64;
        row += 1;
    }
    zeros
}

/// The first bucket of each row of [`WIDTHS`].
const FIRSTS: [usize; WIDTHS.len()] = firsts();

const fn firsts() -> [usize; WIDTHS.len()] {
    let mut firsts = [0; WIDTHS.len()];
    let mut row = 0;
    while row < firsts.len() {
        let (from, width) = WIDTHS[row];
        firsts[row] = (ZEROS[row] + times(from, width) as i64) as usize;
        row += 1;
    }
    firsts
}

/// How many times so long it is, rounded.
#[inline]
const fn times(ns: u64, width: u64) -> u64 {
    ns.saturating_add(width / 2) / width
}

/// The row of [`WIDTHS`] of the least duration with so many binary digits. Among those with as many, another row begins
/// once at most.
const ROWS: [usize; u64::BITS as usize + 1] = rows();

const fn rows() -> [usize; u64::BITS as usize + 1] {
    let mut rows = [0; u64::BITS as usize + 1];
    let mut digits = 1;
    while digits < rows.len() {
        let mut row = rows[digits - 1];
        while row + 1 < WIDTHS.len() && WIDTHS[row + 1].0 <= 1 << (digits - 1) {
            row += 1;
        }
        rows[digits] = row;
        digits += 1;
    }
    rows
}

#[inline]
fn row(ns: u64) -> usize {
    let row = ROWS[(u64::BITS - ns.leading_zeros()) as usize];
    row + usize::from(WIDTHS.get(row + 1).is_some_and(|(from, _)| *from <= ns))
}

/// A duration in two digits of what it is told in: nanoseconds to seconds, minutes, hours, days or years.
pub fn two_digits(ns: u64) -> u64 {
    let (_, width) = WIDTHS[row(ns)];
    times(ns, width) * width
}

/// How often each duration was seen. Only what lies between the shortest and the longest takes room.
#[derive(Clone, Default, Debug)]
pub struct Histogram {
    /// The bucket of `counts[0]`, the first of a part.
    first: usize,
    counts: Vec<u32>,
    total: u64,
    longest_ns: u64,
}

impl Histogram {
    /// How many durations it holds.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest that was ever added, as it was, nanoseconds; zero where there was none.
    pub fn longest_ns(&self) -> u64 {
        self.longest_ns
    }

    /// Adds a duration. Tells by how many bytes it has grown.
    #[inline]
    pub(super) fn add(&mut self, ns: u64) -> usize {
        let bucket = bucket(ns);
        self.total += 1;
        self.longest_ns = self.longest_ns.max(ns);
        if let Some(count) = self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            *count = count.saturating_add(1);
            return 0;
        }
        let grown = self.reach(bucket);
        self.counts[bucket - self.first] += 1;
        grown
    }

    /// Takes a duration back that was added. The longest stays the longest.
    pub(super) fn remove(&mut self, ns: u64) {
        if let Some(count) = self.counts.get_mut(bucket(ns).wrapping_sub(self.first))
            && *count > 0
        {
            *count -= 1;
            self.total -= 1;
        }
    }

    fn reach(&mut self, bucket: usize) -> usize {
        let part = bucket / PART * PART;
        let before = self.counts.capacity();
        if self.counts.is_empty() {
            self.first = part;
        } else if part < self.first {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.first - part));
            self.first = part;
        }
        let end = (part + PART).max(self.first + self.counts.len());
        self.counts.reserve_exact(end - self.first - self.counts.len());
        self.counts.resize(end - self.first, 0);
        (self.counts.capacity() - before) * size_of::<u32>()
    }

    /// The duration that this share of all is not longer than, nanoseconds, in two digits, and never longer than the
    /// longest; nothing where there is none.
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
                out[found] = middle(bucket).min(self.longest_ns);
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
        let place = |ns: u64| (ns.max(1) as f64).ln();
        let (from, to) = (place(from_ns), place(to_ns));
        let mut out = vec![0; columns];
        for (count, bucket) in self.counts.iter().zip(self.first..).filter(|(count, _)| **count > 0) {
            let share = if to > from { (place(middle(bucket)) - from) / (to - from) } else { 0.0 };
            // What lies beyond is in the last column.
            let column = ((share * columns as f64) as usize).min(columns.saturating_sub(1));
            if let Some(sum) = out.get_mut(column) {
                *sum += u64::from(*count);
            }
        }
        out
    }
}

#[inline]
fn bucket(ns: u64) -> usize {
    let row = row(ns);
    (ZEROS[row] + times(ns, WIDTHS[row].1) as i64) as usize
}

/// The middle of a bucket, nanoseconds.
fn middle(bucket: usize) -> u64 {
    let row = FIRSTS.partition_point(|first| *first <= bucket) - 1;
    (bucket as i64 - ZEROS[row]) as u64 * WIDTHS[row].1
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
    fn what_is_read_back_is_what_two_digits_tell() {
        let mut ns = 1_u64;
        while ns < u64::MAX / 8 * 7 {
            // Beside a longer one, which does not bound it.
            let read = of([ns, u64::MAX]).quantile(0.5).unwrap();
            assert_eq!(read, two_digits(ns), "{ns}");
            assert!(read.abs_diff(ns) * 19 <= ns, "{ns} reads as {read}");
            assert!(two_digits(ns + 1) >= two_digits(ns), "{ns}");
            assert_eq!(bucket(ns + 1) - bucket(ns), usize::from(two_digits(ns + 1) > two_digits(ns)), "{ns}");
            ns += 1 + ns / 977;
        }
        for (from, width) in &WIDTHS[1..] {
            let (below, above) = (two_digits(from - 1), two_digits(*from));
            assert!(
                below < above && above - below <= *width && bucket(*from) == bucket(from - 1) + 1,
                "{from}"
            );
        }
        assert_eq!(of([0]).quantile(0.5), Some(0));
        assert_eq!(of([u64::MAX]).quantile(0.5), Some(580 * YEAR));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn nothing_is_longer_than_the_longest() {
        for ns in [5_000, 640_000_000, 96_500_000, 99_501, 61 * SECOND, 480 * HOUR, 55 * YEAR + 1] {
            let [p50, p99] = of([ns, ns]).quantiles([0.5, 0.99]).unwrap();
            assert_eq!((p50, two_digits(p50)), (p99, two_digits(ns)), "{ns}");
            assert!(p50 <= ns, "{ns} reads as {p50}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut all: Vec<u64> = (0..10_000).map(|_| 1 << rng.u32(8..34) | rng.u64(0..5_000)).collect();
        let histogram = of(all.iter().copied());
        all.sort_unstable();
        for (share, at) in [(0.5, 4_999), (0.95, 9_499), (0.99, 9_899), (1.0, 9_999), (0.0, 0)] {
            let (read, exact) = (histogram.quantile(share).unwrap(), all[at]);
            assert!(two_digits(read) == two_digits(exact), "p{share}: {read} for {exact}");
        }
    }

    #[test]
    fn what_was_added_can_be_taken_back() {
        let mut histogram = of([5_000, 80_000, 3]);
        histogram.remove(3);
        histogram.remove(80_000);
        assert_eq!((histogram.total(), histogram.quantile(1.0)), (1, histogram.quantile(0.0)));
        assert_eq!(histogram.longest_ns(), 80_000);
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
        assert_eq!(histogram.add(1_000_000), PART * size_of::<u32>());
        assert_eq!(histogram.add(1_000_001), 0);
        assert!(histogram.add(1) > 0 && histogram.add(u64::MAX) > 0);
        assert!(histogram.counts.len() * size_of::<u32>() < 6_500);
    }
}
