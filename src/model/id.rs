//! Trace and span ids: fixed-size, never confused with each other, written as lower-case hex.

use std::fmt;
use std::str::FromStr;

/// A W3C trace id (16 bytes, big-endian as on the wire). Never all zero once accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TraceId(pub [u8; 16]);

/// A W3C span id. Zero stands for "no span": the specification forbids a zero id on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SpanId(pub u64);

impl TraceId {
    /// The id in these bytes, or nothing when they are not 16 or all zero.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let id: [u8; 16] = bytes.try_into().ok()?;
        (id != [0; 16]).then_some(Self(id))
    }

    /// The lower eight bytes as a number: the most random half in every id scheme seen in the field.
    pub fn low(self) -> u64 {
        let [_, _, _, _, _, _, _, _, low @ ..] = self.0;
        u64::from_be_bytes(low)
    }
}

impl SpanId {
    /// No span: the parent of a root.
    pub const NONE: Self = Self(0);

    /// The id in these bytes, or nothing when they are not 8 or all zero.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let id = u64::from_be_bytes(bytes.try_into().ok()?);
        (id != 0).then_some(Self(id))
    }

    /// Whether this is "no span".
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not an id: wrong length, not hex, or all zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a hex id of the right length, or all zeros")
    }
}

impl std::error::Error for ParseIdError {}

impl FromStr for TraceId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let number = hex(text, 32)?;
        if number == 0 { Err(ParseIdError) } else { Ok(Self(number.to_be_bytes())) }
    }
}

impl FromStr for SpanId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match hex(text, 16)? as u64 {
            0 => Err(ParseIdError),
            id => Ok(Self(id)),
        }
    }
}

fn hex(text: &str, digits: usize) -> Result<u128, ParseIdError> {
    if text.len() != digits || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ParseIdError);
    }
    u128::from_str_radix(text, 16).map_err(|_| ParseIdError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_text() {
        let id = "841af2000000000000000000000000ff";
        assert_eq!(id.parse::<TraceId>().unwrap().to_string(), id);
        assert_eq!("933FA60000000001".parse::<SpanId>().unwrap().to_string(), "933fa60000000001");
    }

    #[test]
    fn zeros_and_wrong_lengths_are_no_ids() {
        assert_eq!("00000000000000000000000000000000".parse::<TraceId>(), Err(ParseIdError));
        assert_eq!("933fa6".parse::<SpanId>(), Err(ParseIdError));
        assert_eq!(TraceId::from_wire(&[0; 16]), None);
        assert_eq!(SpanId::from_wire(&[1; 7]), None);
    }
}
