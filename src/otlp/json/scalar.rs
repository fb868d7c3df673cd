//! Ids, numbers, enums and bytes, in every way in which they are seen.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A number as JSON or text holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

impl Number {
    /// The number in this text; `NaN` and `Infinity` among them.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (digits, negative) = match text {
            [b'-', rest @ ..] => (rest, true),
            _ => (text, false),
        };
        let whole = digits.iter().try_fold(0_u64, |n, b| {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 { None } else { n.checked_mul(10)?.checked_add(digit.into()) }
        });
        if let (Some(n), false) = (whole, digits.is_empty()) {
            if !negative {
                return Some(Self::Natural(n));
            }
            if let Some(n) = 0_i64.checked_sub_unsigned(n) {
                return Some(Self::Negative(n));
            }
        }
        std::str::from_utf8(text).ok()?.parse().ok().map(Self::Float)
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Natural(n) => n as f64,
            Self::Negative(n) => n as f64,
            Self::Float(f) => f,
        }
    }

    /// As a natural number, if it is one; floats without a fraction are.
    pub(super) fn as_u64(self) -> Option<u64> {
        match self {
            Self::Natural(n) => Some(n),
            Self::Negative(n) => u64::try_from(n).ok(),
            Self::Float(f) if f.fract() == 0.0 && (0.0..18_446_744_073_709_551_616.0).contains(&f) => {
                Some(f as u64)
            }
            Self::Float(_) => None,
        }
    }

    /// As an integer, if it is one; floats without a fraction are.
    pub(super) fn as_i64(self) -> Option<i64> {
        match self {
            Self::Natural(n) => i64::try_from(n).ok(),
            Self::Negative(n) => Some(n),
            Self::Float(f) if f.fract() == 0.0 && f.abs() < 9_223_372_036_854_775_808.0 => Some(f as i64),
            Self::Float(_) => None,
        }
    }
}

/// An id and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id<const N: usize> {
    /// Empty text.
    None,
    Hex([u8; N]),
    /// Hex after `0x`.
    Prefixed([u8; N]),
    /// As plain protobuf JSON writes it.
    Base64([u8; N]),
    Bad,
}

impl<const N: usize> Id<N> {
    pub(super) fn parse(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::None;
        }
        if let Some(id) = hex(text) {
            return Self::Hex(id);
        }
        if let Some(id) = text.strip_prefix(b"0x").and_then(hex) {
            return Self::Prefixed(id);
        }
        match base64(text).and_then(|bytes| bytes.try_into().ok()) {
            Some(id) => Self::Base64(id),
            None => Self::Bad,
        }
    }
}

fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    const BAD: u8 = 0xff;
    static DIGITS: [u8; 256] = {
        let mut table = [BAD; 256];
        let mut i = 0;
        while i < 16 {
            table[b"0123456789abcdef"[i] as usize] = i as u8;
            table[b"0123456789ABCDEF"[i] as usize] = i as u8;
            i += 1;
        }
        table
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    let mut seen = 0;
    for (byte, pair) in id.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen < 16).then_some(id)
}

/// The bytes in this base64, of the standard or the URL alphabet, padded or not: proto3 JSON allows all four.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let standard: Vec<u8> = text
        .iter()
        .map(|b| match b {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    ENGINE.decode(standard).ok()
}

/// The number behind the name of a span kind, with or without its prefix, in any case.
pub(super) fn kind_number(name: &[u8]) -> Option<u64> {
    enum_number(
        name,
        b"SPAN_KIND_",
        &[b"UNSPECIFIED", b"INTERNAL", b"SERVER", b"CLIENT", b"PRODUCER", b"CONSUMER"],
    )
}

/// The number behind the name of a status code, with or without its prefix, in any case.
pub(super) fn status_number(name: &[u8]) -> Option<u64> {
    enum_number(name, b"STATUS_CODE_", &[b"UNSET", b"OK", b"ERROR"])
}

/// The number behind the name of a severity, with or without its prefix, in any case.
pub(super) fn severity_number(name: &[u8]) -> Option<u64> {
    const RANGES: [&[u8]; 6] = [b"TRACE", b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"];
    let (range, step) = match name {
        [range @ .., digit @ b'2'..=b'4'] => (range, u64::from(digit - b'1')),
        _ => (name, 0),
    };
    match enum_number(range, b"SEVERITY_NUMBER_", &RANGES) {
        Some(range) => Some(4 * range + 1 + step),
        None => enum_number(name, b"SEVERITY_NUMBER_", &[b"UNSPECIFIED"]),
    }
}

fn enum_number(name: &[u8], prefix: &[u8], names: &[&[u8]]) -> Option<u64> {
    let bare = match name.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        _ => name,
    };
    names.iter().position(|n| bare.eq_ignore_ascii_case(n)).map(|n| n as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_where_they_can_be() {
        for (text, number) in [
            ("0", Number::Natural(0)),
            ("18446744073709551615", Number::Natural(u64::MAX)),
            ("-9223372036854775807", Number::Negative(-i64::MAX)),
            ("1.5e18", Number::Float(1.5e18)),
            ("18446744073709551616", Number::Float(18_446_744_073_709_551_616.0)),
            ("-Infinity", Number::Float(f64::NEG_INFINITY)),
        ] {
            assert_eq!(Number::parse(text.as_bytes()), Some(number), "{text}");
        }
        assert_eq!(Number::parse(b"1.5e18").unwrap().as_u64(), Some(1_500_000_000_000_000_000));
        assert_eq!(Number::parse(b"-9223372036854775808").unwrap().as_i64(), Some(i64::MIN));
        assert_eq!(Number::parse(b"42.5").unwrap().as_i64(), None);
        for bad in ["", "-", "x", "1 2", "0x10"] {
            assert_eq!(Number::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn ids_in_every_writing() {
        let id = [0x93, 0x3f, 0xa6, 0, 0, 0, 0, 0xff];
        assert_eq!(Id::<8>::parse(b"933FA600000000ff"), Id::Hex(id));
        assert_eq!(Id::<8>::parse(b"0x933fa600000000ff"), Id::Prefixed(id));
        assert_eq!(Id::<8>::parse(b"kz+mAAAAAP8="), Id::Base64(id));
        assert_eq!(Id::<8>::parse(b"kz-mAAAAAP8"), Id::Base64(id));
        assert_eq!(Id::<8>::parse(b""), Id::None);
        for bad in ["933fa600000000f", "933fa600000000fg", "933fa6", "no id"] {
            assert_eq!(Id::<8>::parse(bad.as_bytes()), Id::Bad, "{bad}");
        }
    }

    #[test]
    fn enum_names_in_every_writing() {
        assert_eq!(kind_number(b"SPAN_KIND_CONSUMER"), Some(5));
        assert_eq!(kind_number(b"Server"), Some(2));
        assert_eq!(kind_number(b"SPAN_KIND_"), None);
        assert_eq!(status_number(b"STATUS_CODE_ERROR"), Some(2));
        assert_eq!(severity_number(b"SEVERITY_NUMBER_WARN2"), Some(14));
        assert_eq!(severity_number(b"fatal"), Some(21));
        assert_eq!(severity_number(b"loud"), None);
    }
}
