//! Durations and times of day as people read them.

/// The earliest time that an SDK can have taken, 2010, nanoseconds since the Unix epoch: distributed tracing is younger.
pub const EARLIEST_NS: u64 = 1_262_304_000_000_000_000;

/// The latest time that records hold, in the year 2116: what a later one says, its bytes still do. Times that are held
/// can be added to each other, and so can durations between them, without a thought of overflow.
pub const LATEST_NS: u64 = 1 << 62;

/// A duration in at most three digits and a unit: `0 ns`, `830 µs`, `8.1 ms`, `6.42 s`, `3 m 20 s`, `2 h 5 m`,
/// `4 d 2 h`, `200 days`, `56 years`.
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
        3_600_000_000_000..172_800_000_000_000 => {
            format!("{} h {} m", ns / 3_600_000_000_000, ns / 60_000_000_000 % 60)
        }
        172_800_000_000_000..8_640_000_000_000_000 => {
            format!("{} d {} h", ns / 86_400_000_000_000, ns / 3_600_000_000_000 % 24)
        }
        8_640_000_000_000_000..63_072_000_000_000_000 => format!("{} days", ns / 86_400_000_000_000),
        _ => format!("{} years", ns / 31_556_952_000_000_000),
    }
}

/// A duration in as many digits as tell it from one that is longer by `apart_ns`, nanoseconds: `54.4123 ms`. From a
/// minute on it has no more than seconds.
pub fn duration_to(ns: u64, apart_ns: u64) -> String {
    let (unit, name) = match ns {
        1_000..1_000_000 => (1_000_u64, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        1_000_000_000..60_000_000_000 => (1_000_000_000, "s"),
        _ => return duration(ns),
    };
    let (mut digits, mut step) = (0, unit);
    while step > apart_ns.max(1) && step > 1 {
        step /= 10;
        digits += 1;
    }
    let fraction = format!("{:09}", ns % unit * (1_000_000_000 / unit));
    let fraction = fraction.get(..digits).unwrap_or(&fraction).trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction} {name}", ns / unit)
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

/// The year in UTC.
pub fn year(ns: u64) -> i64 {
    civil((ns / 86_400_000_000_000) as i64).0
}

/// Year, month and day of a day number since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`).
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// Nanoseconds since the Unix epoch of `2024-12-20T10:00:00.123456Z` (ISO 8601 as exporters write it: `T` or a space,
/// up to nine digits of a second, `Z`, an offset such as `+01:00`, or nothing for UTC). Nothing for other text and
/// for times before 1970 or after 2554.
pub fn parse_date_time(text: &[u8]) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| digits(text.get(range)?);
    let [b'-', b'-', b':', b':'] = [*text.get(4)?, *text.get(7)?, *text.get(13)?, *text.get(16)?] else {
        return None;
    };
    if !matches!(text[10], b'T' | b't' | b' ') {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &text[19..];
    let mut fraction_ns = 0;
    if let Some((b'.' | b',', after)) = rest.split_first() {
        let len = after.iter().take_while(|b| b.is_ascii_digit()).count();
        let exact = &after[..len.min(9)];
        fraction_ns = digits(exact)? * 10_i64.pow(9 - exact.len() as u32);
        rest = &after[len..];
    }
    let offset_s = match rest {
        b"" | b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, minutes @ ..] => {
            let minutes = minutes.strip_prefix(b":").unwrap_or(minutes);
            let minutes = if minutes.is_empty() { 0 } else { digits(minutes)? };
            let offset = digits(&[*h1, *h2])? * 3_600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_s;
    u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(fraction_ns as u64)
}

/// The number that up to nine digits write.
fn digits(text: &[u8]) -> Option<i64> {
    let all = (1..=9).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    all.then(|| text.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
}

/// Days from 1970-01-01 to a date (`days_from_civil` of the same source as [`civil`]).
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
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
            (353_000_000_000_000, "4 d 2 h"),
            (17_280_000_000_000_000, "200 days"),
            (1_767_225_600_000_000_000, "56 years"),
            (u64::MAX, "584 years"),
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

    #[test]
    fn dates_are_read_back() {
        for ns in [0, 951_782_400_000_000_000, 1_795_347_896_892_000_000] {
            assert_eq!(parse_date_time(date_time(ns).as_bytes()), Some(ns));
        }
        let second = 1_000_000_000;
        for (text, ns) in [
            ("1970-01-01T00:00:01.123456Z", Some(second + 123_456_000)),
            ("1970-01-01T00:00:01.1234567899", Some(second + 123_456_789)),
            ("1970-01-01T02:00:01+02:00", Some(second)),
            ("1969-12-31T23:30:01-0030", Some(second)),
            ("1970-01-01T00:00:01+01", None),
            ("1970-13-01T00:00:00Z", None),
            ("2024-12-20T10:00:00 GMT", None),
            ("2024-12-20T10:00:00.Z", None),
            ("9999-12-20T10:00:00Z", None),
            ("2024-12-20", None),
            ("", None),
        ] {
            assert_eq!(parse_date_time(text.as_bytes()), ns, "{text}");
        }
    }
}
