//! What is taken for a secret in a text when a dump is made fit to be shown to others: credentials, mail addresses and
//! card numbers.

use super::secret_fields::fields;
use super::signs::{is_masked, is_name, password};
use memchr::memmem;
use std::ops::Range;

/// What tokens of well-known services start with, and how many characters follow at least.
const TOKENS: &[(&[u8], usize)] = &[
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghs_", 20),
    (b"github_pat_", 20),
    (b"glpat-", 16),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"sk_live_", 10),
    (b"rk_live_", 10),
    (b"sk-", 20),
    (b"AIza", 30),
];
/// What stands before a credential in a header.
const SCHEMES: &[&[u8]] = &[b"bearer ", b"basic "];

/// Where secrets stand in a text, in order, none in another.
pub(super) fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    // Nothing that is shorter than the shortest of them, and no text without one of their signs.
    if text.len() < 6 {
        return Vec::new();
    }
    let mut found = Vec::new();
    private_key(text, &mut found);
    user_infos(text, &mut found);
    fields(text, &mut found);
    schemes(text, &mut found);
    tokens(text, &mut found);
    mails(text, &mut found);
    cards(text, &mut found);
    found.retain(|range| !is_masked(&text[range.clone()]));
    merged(found)
}

/// In order, and those that overlap as one, so that nothing stays of either.
pub(super) fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| range.start);
    found.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        if overlaps {
            last.end = last.end.max(next.end);
        }
        overlaps
    });
    found
}

/// The texts in single quotes of a statement, without the quotes, and its numbers.
pub(super) fn literals(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'\'', &text[at..]).map(|more| at + more) {
        numbers(text, at..open, &mut found);
        let mut close = open + 1;
        loop {
            match memchr::memchr(b'\'', &text[close..]).map(|more| close + more) {
                // A quote in a literal is written twice.
                Some(quote) if text.get(quote + 1) == Some(&b'\'') => close = quote + 2,
                Some(quote) => {
                    close = quote;
                    break;
                }
                None => {
                    close = text.len();
                    break;
                }
            }
        }
        let literal = open + 1..close;
        if !literal.is_empty() && !is_placeholder(&text[literal.clone()]) {
            found.push(literal);
        }
        at = (close + 1).min(text.len());
    }
    numbers(text, at..text.len(), &mut found);
    found
}

/// Digits that stand for themselves: no part of a name, of a placeholder or of a mask.
fn numbers(text: &[u8], within: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = within.start;
    while at < within.end {
        let word = |b: &u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b':' | b'@' | b'%' | b'"' | b'`')
        };
        let end = at + text[at..within.end].iter().take_while(|b| word(b)).count();
        let of_digits = text[at..end].iter().all(|b| b.is_ascii_digit() || *b == b'.');
        if end > at && of_digits && text[at].is_ascii_digit() {
            found.push(at..end);
        }
        at = end.max(at) + usize::from(end < within.end || end == at);
    }
}

/// `?`, `$1`, `%s`, `%(name)s`, `:name`, `@name`, `{}` or what was masked already, and nothing else beside it.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    match value {
        [b'?', rest @ ..] => rest.iter().all(|b| *b == b'?') || is_name(rest),
        [b':' | b'@', name @ ..] => is_name(name.strip_prefix(b"@").unwrap_or(name)),
        [b'%', b'(' | b'{', inner @ ..] => {
            let inner = inner.strip_suffix(b"s").filter(|inner| inner.ends_with(b")")).unwrap_or(inner);
            is_name(inner.strip_suffix(b")").or(inner.strip_suffix(b"}")).unwrap_or(inner))
        }
        [b'%', b's' | b'd' | b'i' | b'q' | b'v' | b'@'] => true,
        // `%1$s`.
        [b'%', number @ .., b'$', b's' | b'd'] => number.len() < 3 && number.iter().all(u8::is_ascii_digit),
        _ => is_masked(value),
    }
}

/// Counts, in tests, the bytes that were gone through.
#[cfg(not(test))]
pub(super) fn count(_: usize) {}
#[cfg(test)]
pub(super) fn count(bytes: usize) {
    STEPS.set(STEPS.get() + bytes);
}

#[cfg(test)]
thread_local! {
    pub(super) static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn private_key(text: &[u8], found: &mut Vec<Range<usize>>) {
    if let Some(at) = memmem::find(text, b"PRIVATE KEY-----") {
        let from = at + 16;
        let len = memmem::find(&text[from..], b"-----END").unwrap_or(text.len() - from);
        found.push(from..from + len);
    }
}

/// Users and passwords of URLs, each for itself.
fn user_infos(text: &[u8], found: &mut Vec<Range<usize>>) {
    for at in memmem::find_iter(text, b"://") {
        let from = at + 3;
        let len = text[from..]
            .iter()
            .take_while(|b| !matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'' | b' ' | b'\n' | b','))
            .count();
        let authority = &text[from..from + len];
        let Some(end) = memchr::memrchr(b'@', authority) else { continue };
        if let Some(start) = password(&authority[..end]).filter(|at| !is_placeholder(&authority[*at..end])) {
            found.extend([from..from + start - 1, from + start..from + end]);
        }
    }
}

fn is_of_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=')
}

/// What stands behind `Bearer` and `Basic`.
fn schemes(text: &[u8], found: &mut Vec<Range<usize>>) {
    for space in memchr::memchr_iter(b' ', text) {
        let before = &text[..=space];
        let is_scheme = |scheme: &&[u8]| {
            let start = before.len().checked_sub(scheme.len());
            start.is_some_and(|start| before[start..].eq_ignore_ascii_case(scheme))
        };
        if SCHEMES.iter().any(is_scheme) {
            let len = text[space + 1..].iter().take_while(|b| is_of_token(**b)).count();
            // "basic authentication" is prose.
            let credential = &text[space + 1..space + 1 + len];
            let least = if credential.iter().any(u8::is_ascii_digit) { 6 } else { 8 };
            if len >= least && credential.iter().any(|b| !b.is_ascii_lowercase()) {
                found.push(space + 1..space + 1 + len);
            }
        }
    }
}

/// JSON web tokens, and those of well-known services. Where one is refused, others may start in it, but not where they
/// would be refused for the same reason: so no text is gone through again and again.
fn tokens(text: &[u8], found: &mut Vec<Range<usize>>) {
    let starts_here = |at: usize| at == 0 || !text[at - 1].is_ascii_alphanumeric();
    let mut done = 0;
    for at in memmem::find_iter(text, b"eyJ").filter(|at| starts_here(*at)) {
        if at < done {
            continue;
        }
        let part = |from: usize| {
            let is_of_part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            let end = from + text[from..].iter().take_while(is_of_part).count();
            count(end - from);
            end
        };
        let first = part(at);
        done = first;
        if text.get(first) != Some(&b'.') || first - at <= 8 {
            continue;
        }
        let second = part(first + 1);
        if text.get(second) != Some(&b'.') || second - first <= 9 {
            continue;
        }
        // What follows is of it, more parts too.
        done = part(second + 1);
        while text.get(done) == Some(&b'.') {
            done = part(done + 1);
        }
        found.push(at..done);
    }
    for (start, least) in TOKENS {
        let mut done = 0;
        for at in memmem::find_iter(text, start).filter(|at| starts_here(*at)) {
            if at < done {
                continue;
            }
            let from = at + start.len();
            let is_of_key = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            let len = text[from..].iter().take_while(is_of_key).count();
            count(len);
            let key = &text[from..from + len];
            let is_of_id = |b: &u8| !start.ends_with(b"IA") || b.is_ascii_uppercase() || b.is_ascii_digit();
            done = from + len;
            if let Some(last) = key.iter().rposition(|b| !is_of_id(b)) {
                done = from + last;
            } else if len >= *least && key.iter().any(u8::is_ascii_digit) {
                // A word with dashes is no key.
                found.push(at..from + len);
            }
        }
    }
}

/// Mail addresses.
fn mails(text: &[u8], found: &mut Vec<Range<usize>>) {
    for at in memchr::memchr_iter(b'@', text) {
        let local = text[..at].iter().rev().take(64);
        let before = local
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-'))
            .count();
        let domain = text[at + 1..]
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            .count();
        let domain = text[at + 1..at + 1 + domain].trim_ascii_end();
        let domain = domain.strip_suffix(b".").unwrap_or(domain);
        let top = domain.rsplit(|b| *b == b'.').next().unwrap_or_default();
        let is_domain =
            domain.len() > top.len() + 1 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
        if before > 0 && is_domain {
            found.push(at - before..at + 1 + domain.len());
        }
    }
}

/// Card numbers: as many digits as their first one asks for, in groups or not, whose check digit is right.
fn cards(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(start) = text[at..].iter().position(u8::is_ascii_digit).map(|more| at + more) {
        let (mut end, mut digits) = (start, Vec::new());
        for (i, b) in text[start..].iter().enumerate() {
            match b {
                b'0'..=b'9' => {
                    digits.push(u32::from(b - b'0'));
                    end = start + i + 1;
                }
                b' ' | b'-' if text[start + i - 1].is_ascii_digit() => {}
                _ => break,
            }
        }
        let part_of_more =
            |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
        let alone = !part_of_more(start.checked_sub(1).and_then(|at| text.get(at)))
            && !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
        let fits = match digits[0] {
            3 => matches!(digits.len(), 14 | 15),
            4 => matches!(digits.len(), 13 | 16 | 19),
            5 | 6 => digits.len() == 16,
            _ => false,
        };
        if alone && fits && check_digit_is_right(&digits) {
            found.push(start..end);
        }
        at = end;
    }
}

/// Luhn's formula.
fn check_digit_is_right(digits: &[u32]) -> bool {
    let doubled = |(i, digit): (usize, &u32)| match (i % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) => twice / 10 + twice % 10,
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        secrets(text.as_bytes()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn texts_with_secrets() {
        for (text, expected) in [
            ("postgresql://ann:hunter2@db:5432/shop", vec!["ann", "hunter2"]),
            ("https://b/k?X-Amz-Signature=00ff&x=1", vec!["00ff"]),
            ("Server=db;User Id=sa;Password=abc;", vec!["abc"]),
            ("run --api-key=abc --n=1", vec!["abc"]),
            ("authorization: bearer abc.DEF.1234", vec!["abc.DEF.1234"]),
            ("x eyJhbGciOiJI.eyJzdWIiOiIx.sig_1 y", vec!["eyJhbGciOiJI.eyJzdWIiOiIx.sig_1"]),
            ("key AKIAIOSFODNN7EXAMPLE.", vec!["AKIAIOSFODNN7EXAMPLE"]),
            ("mail ann.b+c@example.co.uk.", vec!["ann.b+c@example.co.uk"]),
            ("card 4111 1111 1111 1111, exp", vec!["4111 1111 1111 1111"]),
            ("5500005555555559", vec!["5500005555555559"]),
            ("-----BEGIN PRIVATE KEY-----abc-----END", vec!["abc"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_without() {
        for text in [
            "http://REDACTED:REDACTED@shop/a",
            "http://shop:8080/a?page=1",
            "SELECT * FROM t WHERE password=? AND token=$1",
            "basic authentication failed",
            "4111111111111112",
            "1795416830115138000",
            "0af7651916cd43dd8448eb211c80319c",
            "4111111111111111abc",
            "node_modules/@scope/pkg@1.2.3",
            "sk-learn is a library of many words",
            "user@host",
            "[redacted:ab12cd34]",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_overlaps_is_one() {
        assert_eq!(merged(vec![4..6, 0..3, 5..9, 3..4, 7..8]), [0..3, 3..4, 4..9]);
    }

    #[test]
    fn placeholders_are_placeholders_as_a_whole() {
        for placeholder in [
            "?",
            "??",
            "?1",
            ":name",
            ":1",
            "@name",
            "@p0",
            "@__user_0",
            "@@name",
            "%s",
            "%(name)s",
            "%(name",
            "%1$s",
            "$1",
            "{name}",
            "***",
        ] {
            assert!(is_placeholder(placeholder.as_bytes()), "{placeholder}");
        }
        for secret in ["?a1b2c3", ":hunter2", "@dmin1234", "%2FaBc", "%abc", "%Ann%", "$2b$10$abc", "%s3cret"]
        {
            assert!(!is_placeholder(secret.as_bytes()), "{secret}");
        }
        assert_eq!(found("http://ann:%2FaBc1@shop/a"), ["ann", "%2FaBc1"]);
        for text in [r#"{"password":"@dmin1234"}"#, "run --token '@dmin1234'", "/a?token=@dmin1234&b=1"] {
            assert_eq!(found(text), ["@dmin1234"], "{text}");
        }
        assert_eq!(found(r#"{"password":"$2b$10$N9qo"}"#), ["$2b$10$N9qo"]);
        assert_eq!(found("/a?token=%2FaBc&b=1"), ["%2FaBc"]);
        assert_eq!(found("run --token '%abc1'"), ["%abc1"]);
    }

    #[test]
    fn hostile_texts_are_gone_through_a_few_times_at_most() {
        for piece in
            ["eyJ-", "eyJ.", "eyJaaaaaaaaa-", "eyJaaaaaaaaa.", "sk-1-", "ghp_-", "AKIA-", "AKIAa-", "xoxb-1_"]
        {
            let many = piece.repeat(50_000 / piece.len());
            for text in [many.clone(), format!("{many}.b"), format!("{many}.bbbbbbbbbb.c")] {
                STEPS.set(0);
                let mut found = Vec::new();
                tokens(text.as_bytes(), &mut found);
                assert!(STEPS.get() <= 3 * text.len(), "{piece}: {} steps", STEPS.get());
                let sum: usize = found.iter().map(Range::len).sum();
                assert!(sum <= 3 * text.len(), "{piece}: {sum} bytes found");
            }
        }
        assert_eq!(found("eyJ.a.eyJaaaaaaaa.eyJbbbbbbbb.c1"), ["eyJaaaaaaaa.eyJbbbbbbbb.c1"]);
        assert_eq!(found("AKIAa-AKIAIOSFODNN7EXAMPLE"), ["AKIAIOSFODNN7EXAMPLE"]);
    }

    #[test]
    fn noise_is_survived() {
        let mut random = fastrand::Rng::with_seed(3);
        let alphabet = b"=:/@'&? 4-.eyJbearer \n\xff";
        for _ in 0..20_000 {
            let text: Vec<u8> =
                (0..random.usize(0..40)).map(|_| alphabet[random.usize(0..alphabet.len())]).collect();
            let (found, quoted) = (secrets(&text), literals(&text));
            for ranges in [found, quoted] {
                assert!(ranges.windows(2).all(|two| two[0].end <= two[1].start));
                assert!(ranges.iter().all(|range| range.end <= text.len() && !range.is_empty()));
            }
        }
    }
}
