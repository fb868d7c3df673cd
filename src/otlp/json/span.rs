//! A span, its status, events and links.

use super::fields::{FIXED64, LENGTH, tag};
use super::oddity::Oddity;
use super::pull::Leaf;
use super::request::{Read, Reader};
use super::scalar::{Id, Number, kind_number, status_number};
use crate::model::time::parse_date_time;

/// What is known of the span that is being read.
#[derive(Default)]
pub(super) struct State {
    has_trace_id: bool,
    has_span_id: bool,
    /// The first reason why it cannot be taken.
    pub(super) problem: Option<Problem>,
}

/// The fields of a parent, and of the trace and span of a log record.
const MAY_BE_ZERO: [u8; 3] = [4, 9, 10];

/// Why a span cannot be taken.
pub(super) struct Problem {
    pub(super) reason: String,
    /// One of its ids is at fault.
    pub(super) bad_id: bool,
}

impl Reader<'_> {
    /// Writes a span's fields. Answers why the span cannot be taken, if it cannot.
    pub(super) fn span(&mut self) -> Read<Option<Problem>> {
        self.span = State::default();
        self.object(Self::span_member)?;
        Ok(match std::mem::take(&mut self.span) {
            State { problem: Some(reason), .. } => Some(reason),
            State { has_trace_id: false, .. } => {
                Some(Problem { reason: "traceId is missing".to_owned(), bad_id: true })
            }
            State { has_span_id: false, .. } => {
                Some(Problem { reason: "spanId is missing".to_owned(), bad_id: true })
            }
            State { .. } => None,
        })
    }

    fn span_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"traceId" => self.span.has_trace_id |= self.id_field::<16>(1, "traceId")?,
            b"spanId" => self.span.has_span_id |= self.id_field::<8>(2, "spanId")?,
            b"traceState" => self.text_field(3)?,
            b"parentSpanId" => {
                self.id_field::<8>(4, "parentSpanId")?;
            }
            b"name" => self.text_field(5)?,
            b"kind" => self.enum_field(6, kind_number)?,
            b"startTimeUnixNano" => self.time_field(7, "startTimeUnixNano")?,
            b"endTimeUnixNano" => self.time_field(8, "endTimeUnixNano")?,
            b"attributes" => self.attributes(9, 0)?,
            b"droppedAttributesCount" => self.count_field(10)?,
            b"events" => {
                self.list(|r, _| r.message(tag(11, LENGTH), 1, |r| r.object_or_null(Self::event_member)))?;
            }
            b"droppedEventsCount" => self.count_field(12)?,
            b"links" => self.list(|r, _| r.link())?,
            b"droppedLinksCount" => self.count_field(14)?,
            b"status" => self.status()?,
            b"flags" => self.flags_field(&[0x85, 0x01])?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn status(&mut self) -> Read {
        let start = self.out.len();
        if self.json.peek()? != super::pull::Kind::Object {
            return self.none_here();
        }
        self.message(tag(15, LENGTH), 1, |r| {
            r.object(|r, key| {
                match key {
                    b"message" => r.text_field(2)?,
                    b"code" => r.enum_field(3, status_number)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })
        })
        .inspect_err(|_| self.out.truncate(start))
    }

    fn event_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"timeUnixNano" => self.time_field(1, "timeUnixNano of an event")?,
            b"name" => self.text_field(2)?,
            b"attributes" => self.attributes(3, 0)?,
            b"droppedAttributesCount" => self.count_field(4)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A link that has a bad id is left out; the span is not worse for it. Zeros are passed on: who sent them is a
    /// diagnosis.
    fn link(&mut self) -> Read {
        let start = self.out.len();
        let problem = self.span.problem.take();
        self.message(tag(13, LENGTH), 1, |r| r.object_or_null(Self::link_member))?;
        if self.span.problem.is_some() {
            self.out.truncate(start);
            self.oddities.note(Oddity::BadLink);
        }
        self.span.problem = problem;
        Ok(())
    }

    fn link_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"traceId" => {
                self.id::<16>(1, "traceId", true)?;
            }
            b"spanId" => {
                self.id::<8>(2, "spanId", true)?;
            }
            b"traceState" => self.text_field(3)?,
            b"attributes" => self.attributes(4, 0)?,
            b"droppedAttributesCount" => self.count_field(5)?,
            b"flags" => self.flags_field(&[6 << 3 | 5])?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// An id; whether there was one. Zeros are a problem, except for a parent and for a log record, where they stand for
    /// "none" and are passed on: who sent them is a diagnosis.
    pub(super) fn id_field<const N: usize>(&mut self, field: u8, name: &str) -> Read<bool> {
        self.id::<N>(field, name, MAY_BE_ZERO.contains(&field))
    }

    fn id<const N: usize>(&mut self, field: u8, name: &str, may_be_zero: bool) -> Read<bool> {
        let text = match self.json.leaf()? {
            Leaf::Text(text) => text,
            Leaf::Null => return Ok(false),
            Leaf::Number(_) | Leaf::Bool(_) | Leaf::Nested => {
                self.problem(true, || format!("{name} is not text"));
                return Ok(false);
            }
        };
        let id = match Id::<N>::parse(&text) {
            Id::None => return Ok(false),
            Id::Hex(id) => id,
            Id::Prefixed(id) => {
                self.oddities.note(Oddity::PrefixedId);
                id
            }
            Id::Base64(id) => {
                self.oddities.note(Oddity::Base64Id);
                id
            }
            Id::Bad => {
                self.problem(true, || {
                    let shown = String::from_utf8_lossy(&text[..text.len().min(48)]).into_owned();
                    format!("{name} is not {} hex digits: \"{}\"", 2 * N, shown.escape_default())
                });
                return Ok(true);
            }
        };
        if id == [0; N] && !may_be_zero {
            self.problem(true, || format!("{name} is all zeros"));
            return Ok(true);
        }
        self.out.extend_from_slice(&[tag(field, LENGTH), N as u8]);
        self.out.extend_from_slice(&id);
        Ok(true)
    }

    fn problem(&mut self, bad_id: bool, reason: impl FnOnce() -> String) {
        if self.span.problem.is_none() {
            self.span.problem = Some(Problem { reason: reason(), bad_id });
        }
    }

    /// Nanoseconds since the Unix epoch, as a number, as text, or as a date.
    pub(super) fn time_field(&mut self, field: u8, name: &str) -> Read {
        let leaf = self.json.leaf()?;
        let (text, number) = match &leaf {
            Leaf::Null => return Ok(()),
            Leaf::Text(text) if text.is_empty() => return Ok(()),
            Leaf::Text(text) => (&**text, Number::parse(text)),
            Leaf::Number(digits) => (*digits, Number::parse(digits)),
            Leaf::Bool(_) | Leaf::Nested => (&b""[..], None),
        };
        let ns = match number {
            Some(Number::Natural(ns)) => Some(ns),
            Some(Number::Float(f)) if (0.0..1.8e19).contains(&f) => {
                self.oddities.note(Oddity::FloatTime);
                Some(f as u64)
            }
            Some(_) => None,
            None => parse_date_time(text).inspect(|_| self.oddities.note(Oddity::TextTime)),
        };
        match ns {
            Some(0) => {}
            Some(ns) => {
                self.out.push(tag(field, FIXED64));
                self.out.extend_from_slice(&ns.to_le_bytes());
            }
            None => self.problem(false, || {
                let shown = String::from_utf8_lossy(&text[..text.len().min(48)]).into_owned();
                format!("{name} is not a time: \"{}\"", shown.escape_default())
            }),
        }
        Ok(())
    }

    pub(super) fn enum_field(&mut self, field: u8, by_name: fn(&[u8]) -> Option<u64>) -> Read {
        let number = match self.json.leaf()? {
            Leaf::Null => None,
            Leaf::Number(digits) => Some(Number::parse(digits).and_then(Number::as_i64)),
            Leaf::Text(text) => match Number::parse(&text) {
                Some(number) => Some(number.as_i64()),
                None => {
                    let number = by_name(&text);
                    let oddity = if number.is_some() { Oddity::EnumName } else { Oddity::UnknownName };
                    self.oddities.note(oddity);
                    number.map(|n| Some(n as i64))
                }
            },
            Leaf::Bool(_) | Leaf::Nested => Some(None),
        };
        match number.map(|n| n.and_then(|n| i32::try_from(n).ok())) {
            Some(Some(number)) => self.varint_field(field, number as u64),
            Some(None) => self.oddities.note(Oddity::BadField),
            None => {}
        }
        Ok(())
    }

    pub(super) fn flags_field(&mut self, tag: &[u8]) -> Read {
        let flags = self.natural32()?;
        if flags != 0 {
            self.out.extend_from_slice(tag);
            self.out.extend_from_slice(&flags.to_le_bytes());
        }
        Ok(())
    }
}
