//! Versions in order, as different ecosystems write them: `1.29.0`, `0.50b0`, `v1.45.0`, `2.27.0-alpha`.

use std::cmp::Ordering;
use std::fmt;

/// A version, and the text that it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    text: String,
    /// `0.50b0` is 0, 50; zeros at the end say nothing.
    numbers: Vec<u64>,
    /// What makes it come before the release of the same numbers: `b0`, `alpha`, `rc.1`. Empty for a release.
    before: Vec<Part>,
}

/// A part of what follows the numbers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Part {
    Number(u64),
    /// Development snapshots come before everything else.
    Dev,
    Word(String),
}

impl Version {
    /// Reads a version; nothing where there is no number to compare.
    pub fn parse(text: &str) -> Option<Self> {
        // Go writes `v1.2.3`, and wrote `semver:1.2.3` into scopes.
        let bare = text.trim().trim_start_matches("semver:").trim_start_matches(['v', 'V']);
        if !bare.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        // What stands behind `+` tells builds of one version apart.
        let bare = bare.split('+').next().unwrap_or_default();
        let mut numbers = Vec::new();
        let mut rest = bare;
        loop {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            numbers.push(rest[..digits].parse().unwrap_or(u64::MAX));
            rest = &rest[digits..];
            match rest.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Self { text: text.trim().to_owned(), numbers, before: parts(rest) })
    }

    /// How a version compares with a bound. A bound without a pre-release part means all versions of its numbers: the
    /// instrumentations of a Java agent 2.27.0 call themselves `2.27.0-alpha`.
    fn against(&self, bound: &Self) -> Ordering {
        let numbers = self.numbers.cmp(&bound.numbers);
        numbers.then_with(|| match (self.before.is_empty(), bound.before.is_empty()) {
            (_, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, false) => self.before.cmp(&bound.before),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The parts of what follows the numbers. What is known to follow a release, or to be one, is none.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let alike = |c: &char| c.is_ascii_digit() == digit && c.is_alphanumeric();
        let length: usize = rest.chars().take_while(alike).map(char::len_utf8).sum();
        let (part, further) = rest.split_at(if length == 0 { first.len_utf8() } else { length });
        rest = further;
        match part.to_ascii_lowercase().as_str() {
            "post" | "final" | "release" | "ga" | "sp" if parts.is_empty() => return parts,
            "dev" => parts.push(Part::Dev),
            "a" => parts.push(Part::Word("alpha".to_owned())),
            "b" => parts.push(Part::Word("beta".to_owned())),
            "c" => parts.push(Part::Word("rc".to_owned())),
            _ if digit => parts.push(Part::Number(part.parse().unwrap_or(u64::MAX))),
            word if first.is_alphanumeric() => parts.push(Part::Word(word.to_owned())),
            _ => {}
        }
    }
    parts
}

/// Versions from the first that has an issue to the first that has it no more.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Versions {
    /// The first; all, where it is missing.
    pub from: Option<Version>,
    /// The first after them; none is known, where it is missing.
    pub before: Option<Version>,
}

impl Versions {
    /// Whether it is every version.
    pub fn is_all(&self) -> bool {
        self.from.is_none() && self.before.is_none()
    }

    /// Whether a version is among them. One that cannot be read is not, unless all are.
    pub fn contain(&self, version: &str) -> bool {
        if self.is_all() {
            return true;
        }
        let Some(version) = Version::parse(version) else { return false };
        let after = |bound: &Version| version.against(bound).is_ge();
        self.from.as_ref().is_none_or(after) && !self.before.as_ref().is_some_and(after)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.before) {
            (None, None) => f.write_str("any version"),
            (Some(from), None) => write!(f, "{from} and later"),
            (None, Some(before)) => write!(f, "before {before}"),
            (Some(from), Some(before)) => write!(f, "{from} and later, before {before}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(from: &str, before: &str) -> Versions {
        Versions { from: Version::parse(from), before: Version::parse(before) }
    }

    #[test]
    fn they_are_ordered_as_their_ecosystems_order_them() {
        let ascending = [
            "0.9.2",
            "0.49b2",
            "0.50b0",
            "0.50b1",
            "0.50",
            "v0.51.0-dev",
            "semver:0.51.0-rc.1",
            "0.51.0",
            "1.0.0.dev3",
            "1.0.0a1",
            "1.0.0-alpha.2",
            "1.0.0-alpha.10",
            "1.0.0b1",
            "1.0.0rc1",
            "1.0.0.RELEASE",
            "1.9.9",
            "1.10",
            "1.29.0",
            "v1.45.0",
            "2.27.0-alpha",
            "2.27.0-alpha-SNAPSHOT",
            "2.27.1+build.7",
            "2.28.0",
        ];
        let order: Vec<Version> = ascending.iter().map(|text| Version::parse(text).unwrap()).collect();
        for (i, one) in order.iter().enumerate() {
            for (j, other) in order.iter().enumerate() {
                let mut expected = i.cmp(&j);
                if other.before.is_empty() && one.numbers == other.numbers {
                    expected = Ordering::Equal;
                }
                assert_eq!(one.against(other), expected, "{one} {other}");
            }
        }
    }

    #[test]
    fn ranges_include_their_first_and_not_their_last() {
        let click = versions("0.50b0", "0.51b0");
        for (version, inside) in [
            ("0.50b0", true),
            ("0.50b1", true),
            ("0.51b0", false),
            ("0.49b2", false),
            ("1.0.0", false),
            ("", false),
            ("unknown", false),
            ("(devel)", false),
        ] {
            assert_eq!(click.contain(version), inside, "{version}");
        }
        assert!(!versions("", "2.27.0").contain("2.27.0-alpha"), "the agent that has the fix");
        assert!(versions("", "2.27.0").contain("2.26.1-alpha"));
        assert!(versions("", "2.27.0").contain("2.26.0-alpha-SNAPSHOT"));
        assert!(versions("", "1.45.0").contain("semver:1.44.9") && !versions("", "1.45").contain("v1.45.0"));
        assert!(versions("1.7.0", "1.8.0").contain("1.7") && !versions("1.7.0", "1.8.0").contain("1.8.0"));
        assert!(versions("", "").contain("whatever") && versions("", "").contain(""));
        assert!(versions("1", "").contain("99999999999999999999999.1"), "too large to count");
    }

    #[test]
    fn they_are_told_in_words() {
        assert_eq!(versions("0.50b0", "0.51b0").to_string(), "0.50b0 and later, before 0.51b0");
        assert_eq!(versions("", "v1.45.0").to_string(), "before v1.45.0");
        assert_eq!(versions("0.50b0", "").to_string(), "0.50b0 and later");
        assert_eq!(versions("", "").to_string(), "any version");
    }
}
