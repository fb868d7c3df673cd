//! Shares in words: rounded, halves up, and never none or all where that is not exactly so.

/// `6 %`, `<1 %`, `>99 %`: how much of `whole` a part is. A whole of nothing has no share: `0 %`.
pub fn percent(part: u64, whole: u64) -> String {
    of_one(part as f64 / whole.max(1) as f64)
}

/// The same of a share between 0 and 1.
pub fn of_one(share: f64) -> String {
    match 100.0 * share {
        ..=0.0 => "0 %".to_owned(),
        100.0.. => "100 %".to_owned(),
        ..0.5 => "<1 %".to_owned(),
        99.5.. => ">99 %".to_owned(),
        percent => format!("{:.0} %", percent.round()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_never_none_or_all_where_they_are_not() {
        for (part, whole, said) in [
            (0, 9, "0 %"),
            (1, 201, "<1 %"),
            (1, 150, "1 %"),
            (1, 17, "6 %"),
            (1, 8, "13 %"),
            (1, 3, "33 %"),
            (199, 200, ">99 %"),
            (994, 1_000, "99 %"),
            (u64::from(u32::MAX) - 1, u64::from(u32::MAX), ">99 %"),
            (9, 9, "100 %"),
            (0, 0, "0 %"),
        ] {
            assert_eq!(percent(part, whole), said, "{part} of {whole}");
        }
    }
}
