//! Durations and times of day as people read them.

/// A duration in at most three digits and a unit: `0 ns`, `830 µs`, `8.1 ms`, `6.42 s`, `3 m 20 s`, `2 h 5 m`.
pub fn duration(ns: u64) -> String {
    let scaled = |unit: f64, name: &str| {
        let value = ns as f64 / unit;
        let digits = if value < 9.995 {
            2
        } else if value < 99.95 {
            1
        } else {
            0
        };
        let text = format!("{value:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        format!("{text} {name}")
    };
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..999_500 => scaled(1e3, "µs"),
        999_500..999_500_000 => scaled(1e6, "ms"),
        999_500_000..60_000_000_000 => scaled(1e9, "s"),
        60_000_000_000..3_600_000_000_000 => {
            format!("{} m {} s", ns / 60_000_000_000, ns / 1_000_000_000 % 60)
        }
        _ => format!("{} h {} m", ns / 3_600_000_000_000, ns / 60_000_000_000 % 60),
    }
}

/// `HH:MM:SS.mmm` in UTC.
pub fn time_of_day(ns: u64) -> String {
    let ms = ns / 1_000_000;
    let s = ms / 1_000;
    format!("{:02}:{:02}:{:02}.{:03}", s / 3_600 % 24, s / 60 % 60, s % 60, ms % 1_000)
}

/// `YYYY-MM-DD HH:MM:SS.mmm` in UTC (proleptic Gregorian calendar).
pub fn date_time(ns: u64) -> String {
    let (year, month, day) = civil((ns / 86_400_000_000_000) as i64);
    format!("{year:04}-{month:02}-{day:02} {}", time_of_day(ns))
}

/// Year, month and day of a day number since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (ns, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (830_400, "830 µs"),
            (999_499, "999 µs"),
            (999_500, "1 ms"),
            (8_114_375, "8.11 ms"),
            (10_200_000, "10.2 ms"),
            (100_000_000, "100 ms"),
            (999_600_000, "1 s"),
            (6_420_000_000, "6.42 s"),
            (200_000_000_000, "3 m 20 s"),
            (7_500_000_000_000, "2 h 5 m"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }

    #[test]
    fn dates_are_right() {
        assert_eq!(date_time(0), "1970-01-01 00:00:00.000");
        assert_eq!(date_time(951_782_400_000_000_000), "2000-02-29 00:00:00.000");
        assert_eq!(date_time(1_795_347_896_892_285_661), "2026-11-22 11:44:56.892");
    }
}
