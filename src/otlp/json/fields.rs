//! Members and fields as they occur at every level.

use super::oddity::Oddity;
use super::out::{close, open, varint};
use super::pull::{Kind, Leaf};
use super::request::{Read, Reader};
use super::scalar::Number;
use std::borrow::Cow;

/// Wire types of protobuf.
pub(super) const VARINT: u8 = 0;
pub(super) const FIXED64: u8 = 1;
pub(super) const LENGTH: u8 = 2;

/// The tag of a field below 16.
pub(super) const fn tag(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

impl Reader<'_> {
    /// A message around what `content` writes. It is closed also where the content breaks off, so that what was
    /// read until then stays well-formed.
    #[inline]
    pub(super) fn message(&mut self, tag: u8, room: usize, content: impl FnOnce(&mut Self) -> Read) -> Read {
        let message = open(&mut self.out, tag, room);
        let read = content(self);
        close(&mut self.out, message);
        read
    }

    /// The members of an object. `member` answers whether it knows the key; if so, it has read the value.
    #[inline]
    pub(super) fn object(&mut self, mut member: impl FnMut(&mut Self, &[u8]) -> Read<bool>) -> Read {
        self.json.enter();
        let mut first = true;
        while let Some(key) = self.json.key(&mut first)? {
            if member(self, &key)? {
                continue;
            }
            if let Some(camel) = camel_case(&key)
                && member(self, &camel)?
            {
                self.oddities.note(Oddity::SnakeCase);
                continue;
            }
            self.json.skip()?;
        }
        Ok(())
    }

    /// An object, or nothing where `null` or something else stands.
    pub(super) fn object_or_null(&mut self, member: impl FnMut(&mut Self, &[u8]) -> Read<bool>) -> Read {
        match self.json.peek()? {
            Kind::Object => self.object(member),
            _ => self.none_here(),
        }
    }

    /// The items of a list, with their numbers; nothing where `null` or something else stands.
    #[inline]
    pub(super) fn list(&mut self, mut item: impl FnMut(&mut Self, usize) -> Read) -> Read {
        if self.json.peek()? != Kind::Array {
            return self.none_here();
        }
        self.json.enter();
        let (mut first, mut number) = (true, 0);
        while self.json.item(&mut first)? {
            item(self, number)?;
            number += 1;
        }
        Ok(())
    }

    /// Passes over a value that cannot be used here. `null` stands for "not set" everywhere in protobuf JSON.
    pub(super) fn none_here(&mut self) -> Read {
        if self.json.leaf()? != Leaf::Null {
            self.oddities.note(Oddity::BadField);
        }
        Ok(())
    }

    /// A text field; empty text is not written, as protobuf has it.
    pub(super) fn text_field(&mut self, field: u8) -> Read {
        let start = self.out.len();
        let message = open(&mut self.out, tag(field, LENGTH), 1);
        self.text_content().inspect_err(|_| self.out.truncate(start))?;
        if self.out.len() == start + 2 {
            self.out.truncate(start);
        } else {
            close(&mut self.out, message);
        }
        Ok(())
    }

    /// Text, or what else stands there, as text.
    #[inline]
    pub(super) fn text_content(&mut self) -> Read {
        if self.json.peek()? == Kind::Text {
            return self.json.text_into(&mut self.out);
        }
        match self.json.leaf()? {
            Leaf::Null => return Ok(()),
            Leaf::Text(text) => self.out.extend_from_slice(&text),
            Leaf::Number(digits) => self.out.extend_from_slice(digits),
            Leaf::Bool(b) => self.out.extend_from_slice(if b { b"true" } else { b"false" }),
            Leaf::Nested => {
                self.oddities.note(Oddity::BadField);
                return Ok(());
            }
        }
        self.oddities.note(Oddity::ScalarAsText);
        Ok(())
    }

    /// A number, also as text; nothing for `null`, empty text and what is none.
    pub(super) fn number(&mut self) -> Read<Option<Number>> {
        let number = match self.json.leaf()? {
            Leaf::Number(digits) => Number::parse(digits),
            Leaf::Text(text) if !text.is_empty() => Number::parse(&text),
            Leaf::Null | Leaf::Text(_) => return Ok(None),
            Leaf::Bool(_) | Leaf::Nested => None,
        };
        if number.is_none() {
            self.oddities.note(Oddity::BadField);
        }
        Ok(number)
    }

    /// A natural number of 32 bits; zero is not written, as protobuf has it.
    pub(super) fn natural32(&mut self) -> Read<u32> {
        let Some(number) = self.number()? else { return Ok(0) };
        let natural = number.as_u64().and_then(|n| u32::try_from(n).ok());
        if natural.is_none() {
            self.oddities.note(Oddity::BadField);
        }
        Ok(natural.unwrap_or(0))
    }

    /// A count.
    pub(super) fn count_field(&mut self, field: u8) -> Read {
        let count = self.natural32()?;
        self.varint_field(field, u64::from(count));
        Ok(())
    }

    /// A number, not written where it is zero.
    pub(super) fn varint_field(&mut self, field: u8, value: u64) {
        if value != 0 {
            self.out.push(tag(field, VARINT));
            varint(&mut self.out, value);
        }
    }
}

/// `startTimeUnixNano` for `start_time_unix_nano`; nothing for a key without underscores.
fn camel_case(key: &[u8]) -> Option<Cow<'static, [u8]>> {
    if !key.contains(&b'_') {
        return None;
    }
    let mut camel = Vec::with_capacity(key.len());
    let mut upper = false;
    for b in key {
        match b {
            b'_' => upper = true,
            b if std::mem::take(&mut upper) => camel.push(b.to_ascii_uppercase()),
            b => camel.push(*b),
        }
    }
    Some(Cow::Owned(camel))
}
