//! The prefix of a log collector, or of `docker compose`, before every line of a process.

/// What stands before every line of a process; times and numbers in it may differ from line to line.
#[derive(PartialEq)]
pub(super) struct Prefix(pub(super) Vec<u8>);

impl Prefix {
    /// The line behind the prefix.
    pub(super) fn strip<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let (mut at, mut rest) = (0, line);
        let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
        while let Some(byte) = self.0.get(at) {
            let (here, there) = (digits(&self.0[at..]), digits(rest));
            match (here, there) {
                (1.., 1..) => (at, rest) = (at + here, &rest[there..]),
                _ if rest.first() == Some(byte) => (at, rest) = (at + 1, &rest[1..]),
                // White space at the end of a line is lost in copying.
                _ => return (rest.is_empty() && self.0[at..].trim_ascii().is_empty()).then_some(rest),
            }
        }
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_prefix_may_differ() {
        let prefix = Prefix(b"web-1  | 2026-11-23T06:53:42.5Z ".to_vec());
        assert_eq!(prefix.strip(b"web-1  | 2026-11-23T06:53:43.123Z x"), Some(&b"x"[..]));
        assert_eq!(prefix.strip(b"web-1  | 2026-11-23T06:53:43.123Z"), Some(&b""[..]));
        assert_eq!(prefix.strip(b"db-1   | 2026-11-23T06:53:43.123Z x"), None);
        assert_eq!(Prefix(Vec::new()).strip(b"x"), Some(&b"x"[..]));
    }
}
