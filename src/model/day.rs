//! Days of the calendar.

use super::time::{civil, days};
use std::fmt;

/// Nanoseconds of a day.
const DAY_NS: u64 = 86_400_000_000_000;

/// A day in UTC (proleptic Gregorian calendar).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Day(i64);

impl Day {
    /// The day of a time, nanoseconds since the Unix epoch.
    pub fn of(ns: u64) -> Self {
        Self((ns / DAY_NS) as i64)
    }

    /// The day so many days later.
    #[must_use]
    pub fn after(self, days: u32) -> Self {
        Self(self.0 + i64::from(days))
    }

    /// The day that `2027-01-31` names; nothing for other text and for days that no month has.
    pub fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
        let number = |digits: &str, len: usize| {
            let all = digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
            all.then(|| digits.parse::<i64>().ok()).flatten()
        };
        let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        if !(1..=12).contains(&month) {
            return None;
        }
        let read = Self(days(year, month, day));
        (civil(read.0) == (year, month, day)).then_some(read)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for text in ["1970-01-01", "2024-02-29", "2027-01-31", "0001-01-01", "9999-12-31"] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()).as_deref(), Some(text));
        }
        for text in
            ["2027-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "2027-1-1", "+027-01-01", "27-01", ""]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Some(Day::of(1_795_347_896_892_285_661)), Day::parse("2026-11-22"));
        assert!(Day::parse("2026-12-01") > Day::parse("2026-11-30"));
    }
}
