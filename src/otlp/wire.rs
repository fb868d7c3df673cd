//! Protobuf fields, borrowed from the bytes they lie in.

/// One field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: where it starts, counted from the start of the whole request, and its bytes.
    Bytes(usize, &'a [u8]),
    /// Wire types 3 and 4, of which OTLP has none: what a sender adds is passed over, as protobuf wants it.
    Group,
    /// Wire type 5.
    Fixed32(u32),
}

/// Bytes that are no protobuf: where, counted from the start of the whole request, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) offset: usize,
    pub(super) what: &'static str,
}

/// Reads the fields of one message in order.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

impl<'a> Fields<'a> {
    /// The fields of the message in `bytes`, which starts at `base` of the whole request.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    #[inline]
    fn broken(&self, what: &'static str) -> Broken {
        Broken { offset: self.base + self.at, what }
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(byte) = self.bytes.get(self.at) else { return Err(self.broken("cut off in a number")) };
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.broken("a number of more than ten bytes"))
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(self.broken("cut off in a fixed-size number")),
        }
    }

    /// The next field and its number; nothing at the end of the message.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "measured: with the short cut in `key_value`, the walk takes three quarters of its time"
    )]
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Broken> {
        // Nearly all fields are short texts or messages with a small number: these are read where they are wanted.
        if let Some([tag, len, rest @ ..]) = self.bytes.get(self.at..)
            && tag & 0x87 == 2
            && *tag >= 8
            && *len < 0x80
            && let Some(bytes) = rest.get(..usize::from(*len))
        {
            let from = self.at + 2;
            self.at = from + bytes.len();
            return Ok(Some((u64::from(tag >> 3), Field::Bytes(self.base + from, bytes))));
        }
        self.next_of_any_form()
    }

    fn next_of_any_form(&mut self) -> Result<Option<(u64, Field<'a>)>, Broken> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let len = self.varint()?;
                let from = self.at;
                let to = usize::try_from(len).ok().and_then(|len| from.checked_add(len));
                match to.and_then(|to| self.bytes.get(from..to)) {
                    Some(bytes) => {
                        self.at += bytes.len();
                        Field::Bytes(self.base + from, bytes)
                    }
                    None => return Err(self.broken("a field is longer than its message")),
                }
            }
            3 => {
                self.skip_group(tag >> 3)?;
                Field::Group
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.fixed()?)),
            _ => return Err(self.broken("an unknown wire type")),
        };
        if tag >> 3 == 0 {
            return Err(self.broken("field number 0"));
        }
        Ok(Some((tag >> 3, field)))
    }
}

/// How deep groups may lie in each other: as deep as protobuf's own readers go.
const MAX_GROUPS: usize = 100;

impl<'a> Fields<'a> {
    /// Passes over the rest of a group that starts with this number.
    #[cold]
    fn skip_group(&mut self, number: u64) -> Result<(), Broken> {
        let mut open = vec![number];
        while let Some(number) = open.last() {
            if self.at >= self.bytes.len() {
                return Err(self.broken("cut off in a group"));
            }
            let tag = self.varint()?;
            if tag >> 3 == 0 {
                return Err(self.broken("field number 0"));
            }
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.fixed::<8>()?),
                2 => {
                    let len = self.varint()?;
                    let left = self.bytes.len() - self.at;
                    match usize::try_from(len).ok().filter(|len| *len <= left) {
                        Some(len) => self.at += len,
                        None => return Err(self.broken("a field is longer than its message")),
                    }
                }
                3 if open.len() < MAX_GROUPS => open.push(tag >> 3),
                3 => return Err(self.broken("groups nested too deep")),
                4 if tag >> 3 == *number => drop(open.pop()),
                4 => return Err(self.broken("the end of another group")),
                5 => drop(self.fixed::<4>()?),
                _ => return Err(self.broken("an unknown wire type")),
            }
        }
        Ok(())
    }

    /// Where the next field starts, counted from the start of this message.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next field, if its bytes are cut off: its number and what there is of them.
    pub(super) fn overlong(mut self) -> Option<(u64, &'a [u8])> {
        let tag = self.varint().ok().filter(|tag| tag & 7 == 2)?;
        self.varint().ok()?;
        Some((tag >> 3, &self.bytes[self.at..]))
    }
}

/// The key and the value message of a `KeyValue`, and where the latter starts.
#[inline]
pub(super) fn key_value(bytes: &[u8], base: usize) -> Result<(&[u8], usize, &[u8]), Broken> {
    // As every SDK writes it: a short key, then a short value, and nothing else.
    if let [0x0a, len @ ..0x80, rest @ ..] = bytes
        && let Some((key, [0x12, len @ ..0x80, value @ ..])) = rest.split_at_checked(usize::from(*len))
        && value.len() == usize::from(*len)
    {
        return Ok((key, base + bytes.len() - value.len(), value));
    }
    key_value_of_any_form(bytes, base)
}

fn key_value_of_any_form(bytes: &[u8], base: usize) -> Result<(&[u8], usize, &[u8]), Broken> {
    let (mut key, mut value_base, mut value): (&[u8], usize, &[u8]) = (&[], base, &[]);
    let mut fields = Fields::new(bytes, base);
    while let Some(field) = fields.next()? {
        match field {
            (1, Field::Bytes(_, k)) => key = k,
            (2, Field::Bytes(at, v)) => (value_base, value) = (at, v),
            _ => {}
        }
    }
    Ok((key, value_base, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protobuf readers skip groups that they do not know, however many and whatever lies in them.
    #[test]
    fn groups_are_passed_over() {
        let inner =
            b"\x13\x08\x81\x00\x1a\x02ab\x09\x00\x00\x00\x00\x00\x00\x00\x00\x23\x24\x0d\x00\x00\x00\x00\x14";
        let bytes = [&inner.repeat(100_000)[..], b"\x0a\x01x", inner].concat();
        let mut fields = Fields::new(&bytes, 0);
        for _ in 0..100_000 {
            assert!(matches!(fields.next(), Ok(Some((2, Field::Group)))));
        }
        assert!(matches!(fields.next(), Ok(Some((1, Field::Bytes(_, b"x"))))));
        assert!(matches!(fields.next(), Ok(Some((2, Field::Group)))));
        assert!(matches!(fields.next(), Ok(None)));
        for cut in 1..inner.len() {
            assert!(Fields::new(&inner[..cut], 0).next().is_err(), "{cut}");
        }
        let deep = [[0x13; 101], [0x14; 101]].concat();
        for (broken, what) in [
            (&b"\x13\x1c"[..], "the end of another group"),
            (b"\x14", "an unknown wire type"),
            (b"\x03\x04", "field number 0"),
            (b"\x13\x12\x05\x14", "a field is longer than its message"),
            (&deep, "groups nested too deep"),
        ] {
            assert_eq!(Fields::new(broken, 0).next().err().map(|b| b.what), Some(what), "{broken:x?}");
        }
        assert!(matches!(Fields::new(&deep[1..201], 0).next(), Ok(Some((2, Field::Group)))));
    }
}
