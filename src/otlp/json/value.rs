//! Attributes and their values.

use super::fields::{FIXED64, LENGTH, VARINT, tag};
use super::oddity::Oddity;
use super::out::{close, open, varint};
use super::pull::{Kind, Leaf};
use super::request::{Read, Reader};
use super::scalar::{Number, base64};
use crate::otlp::decode::MAX_NESTING;

impl Reader<'_> {
    /// A list of `KeyValue`, each as this field of the message around it.
    pub(super) fn attributes(&mut self, field: u8, depth: usize) -> Read {
        match self.json.peek()? {
            Kind::Array => self.list(|r, _| r.attribute(field, depth)),
            Kind::Object => {
                self.oddities.note(Oddity::MapAttributes);
                self.json.enter();
                let mut first = true;
                while let Some(key) = self.json.key(&mut first)? {
                    self.message(tag(field, LENGTH), 1, |r| {
                        r.raw_text(1, &key);
                        r.message(tag(2, LENGTH), 1, |r| r.any_value(depth))
                    })?;
                }
                Ok(())
            }
            _ => self.none_here(),
        }
    }

    #[inline]
    fn attribute(&mut self, field: u8, depth: usize) -> Read {
        if self.json.peek()? != Kind::Object {
            self.oddities.note(Oddity::BadAttribute);
            return self.json.skip();
        }
        let mut has_key = false;
        let message = open(&mut self.out, tag(field, LENGTH), 1);
        self.object(|r, name| {
            match name {
                b"key" => {
                    has_key = true;
                    r.text_field(1)?;
                }
                b"value" => r.message(tag(2, LENGTH), 1, |r| r.any_value(depth))?,
                _ => return Ok(false),
            }
            Ok(true)
        })
        // Closed in any case: what is read until a break stays well-formed.
        .inspect_err(|_| close(&mut self.out, message))?;
        close(&mut self.out, message);
        if !has_key {
            self.oddities.note(Oddity::NoKey);
        }
        Ok(())
    }

    /// The content of an `AnyValue`.
    pub(super) fn any_value(&mut self, depth: usize) -> Read {
        match self.json.peek()? {
            Kind::Object => {
                let (mut known, mut members) = (false, false);
                self.object(|r, name| {
                    let is_known = r.any_value_member(name, depth)?;
                    (known, members) = (known | is_known, true);
                    Ok(is_known)
                })?;
                if members && !known {
                    self.oddities.note(Oddity::UnknownValue);
                }
                Ok(())
            }
            Kind::Array => {
                self.oddities.note(Oddity::BareValue);
                self.message(tag(5, LENGTH), 1, |r| r.items(depth))
            }
            Kind::Text | Kind::Number | Kind::Literal => self.bare_value(),
        }
    }

    /// The items of a list in a value of this depth.
    fn items(&mut self, depth: usize) -> Read {
        if self.too_deep(depth + 1)? {
            return Ok(());
        }
        self.list(|r, _| r.message(tag(1, LENGTH), 1, |r| r.any_value(depth + 1)))
    }

    /// Passes over what lies deeper than is ever shown.
    fn too_deep(&mut self, depth: usize) -> Read<bool> {
        if depth < MAX_NESTING {
            return Ok(false);
        }
        self.oddities.note(Oddity::TooDeep);
        self.json.skip().map(|()| true)
    }

    /// The value that stands where an `AnyValue` is demanded.
    fn bare_value(&mut self) -> Read {
        match self.json.leaf()? {
            Leaf::Null | Leaf::Nested => return Ok(()),
            Leaf::Text(text) => self.raw_text(1, &text),
            Leaf::Bool(b) => self.out.extend_from_slice(&[tag(2, VARINT), u8::from(b)]),
            Leaf::Number(digits) => self.bare_number(Number::parse(digits)),
        }
        self.oddities.note(Oddity::BareValue);
        Ok(())
    }

    fn bare_number(&mut self, number: Option<Number>) {
        match number {
            Some(number @ (Number::Natural(_) | Number::Negative(_))) => self.int(number),
            Some(number) => self.double(number.as_f64()),
            None => self.oddities.note(Oddity::BadField),
        }
    }

    fn any_value_member(&mut self, name: &[u8], depth: usize) -> Read<bool> {
        match name {
            b"stringValue" => {
                if self.json.peek()? == Kind::Text {
                    let start = self.out.len();
                    let message = open(&mut self.out, tag(1, LENGTH), 1);
                    // Half a text would be taken for fields.
                    self.json.text_into(&mut self.out).inspect_err(|_| self.out.truncate(start))?;
                    close(&mut self.out, message);
                } else if !self.null()? {
                    self.text_field(1)?;
                }
            }
            b"boolValue" => match self.json.leaf()? {
                Leaf::Null => {}
                Leaf::Bool(b) => self.out.extend_from_slice(&[tag(2, VARINT), u8::from(b)]),
                Leaf::Text(text) => {
                    self.oddities.note(Oddity::TextAsBool);
                    let truth = text.eq_ignore_ascii_case(b"true");
                    self.out.extend_from_slice(&[tag(2, VARINT), u8::from(truth)]);
                }
                Leaf::Number(_) | Leaf::Nested => self.oddities.note(Oddity::BadField),
            },
            b"intValue" => {
                if let Some(number) = self.number()? {
                    self.int(number);
                }
            }
            b"doubleValue" => {
                if let Some(number) = self.number()? {
                    self.double(number.as_f64());
                }
            }
            b"arrayValue" => {
                if !self.null()? {
                    self.message(tag(5, LENGTH), 1, |r| r.values(|r| r.items(depth)))?;
                }
            }
            b"kvlistValue" => {
                if !self.null()? {
                    self.message(tag(6, LENGTH), 1, |r| {
                        r.values(|r| {
                            if r.too_deep(depth + 1)? {
                                return Ok(());
                            }
                            r.attributes(1, depth + 1)
                        })
                    })?;
                }
            }
            b"bytesValue" => match self.json.leaf()? {
                Leaf::Null => {}
                Leaf::Text(text) => match base64(&text) {
                    Some(bytes) => self.raw_text(7, &bytes),
                    None => {
                        self.oddities.note(Oddity::BadBytes);
                        self.raw_text(1, &text);
                    }
                },
                _ => self.oddities.note(Oddity::BadField),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `{"values": […]}`; also the bare list.
    fn values(&mut self, mut list: impl FnMut(&mut Self) -> Read) -> Read {
        if self.json.peek()? != Kind::Object {
            return list(self);
        }
        self.object(|r, name| match name {
            b"values" => list(r).map(|()| true),
            _ => Ok(false),
        })
    }

    /// Passes over `null`, or a truth value, if it stands here.
    fn null(&mut self) -> Read<bool> {
        let literal = self.json.peek()? == Kind::Literal;
        if literal {
            self.none_here()?;
        }
        Ok(literal)
    }

    fn int(&mut self, number: Number) {
        match number.as_i64() {
            Some(int) => {
                self.out.push(tag(3, VARINT));
                varint(&mut self.out, int as u64);
            }
            None => {
                self.oddities.note(Oddity::FractionalInt);
                self.double(number.as_f64());
            }
        }
    }

    fn double(&mut self, double: f64) {
        self.out.push(tag(4, FIXED64));
        self.out.extend_from_slice(&double.to_bits().to_le_bytes());
    }

    fn raw_text(&mut self, field: u8, text: &[u8]) {
        self.out.push(tag(field, LENGTH));
        varint(&mut self.out, text.len() as u64);
        self.out.extend_from_slice(text);
    }
}
