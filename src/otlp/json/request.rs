//! The outer levels of a document: resources, scopes, spans, and the count of what is not shown.

use super::fields::{LENGTH, tag};
use super::oddity::{Oddities, Oddity};
use super::out::{close, open};
use super::pull::{Kind, Pull, Syntax};
use super::span::{Problem, State};
use crate::model::{Rejection, Unshown};

pub(super) type Read<T = ()> = Result<T, Syntax>;

/// Reads a document and writes it as protobuf.
pub(super) struct Reader<'a> {
    pub(super) json: Pull<'a>,
    pub(super) out: Vec<u8>,
    /// What was written of log records, while spans are written to `out`.
    logs: Vec<u8>,
    pub(super) oddities: Oddities,
    pub(super) span: State,
    /// Numbers of the resource, scope and span that is being read.
    pub(super) place: [usize; 3],
    rejections: Vec<Rejection>,
    rejected_at: Vec<usize>,
    unshown: Unshown,
    unknown_keys: Vec<String>,
    wrappers: u8,
}

/// What a document came to.
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    pub(super) logs: Vec<u8>,
    pub(super) oddities: Oddities,
    pub(super) rejections: Vec<Rejection>,
    pub(super) rejected_at: Vec<usize>,
    pub(super) unshown: Unshown,
    pub(super) unknown_keys: Vec<String>,
}

/// How many unknown keys are named.
const NAMED: usize = 4;

/// How many objects may lie around the spans.
const WRAPPERS: u8 = 4;

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self {
            json: Pull::new(body),
            // Protobuf takes about half of what JSON takes.
            out: Vec::with_capacity(body.len() / 2),
            logs: Vec::new(),
            oddities: Oddities::default(),
            span: State::default(),
            place: [0; 3],
            rejections: Vec::new(),
            rejected_at: Vec::new(),
            unshown: Unshown::default(),
            unknown_keys: Vec::new(),
            wrappers: 0,
        }
    }

    pub(super) fn offset(&self) -> usize {
        self.json.offset()
    }

    pub(super) fn finish(mut self) -> Taken {
        self.out.shrink_to_fit();
        self.logs.shrink_to_fit();
        Taken {
            bytes: self.out,
            logs: self.logs,
            oddities: self.oddities,
            rejections: self.rejections,
            rejected_at: self.rejected_at,
            unshown: self.unshown,
            unknown_keys: self.unknown_keys,
        }
    }

    /// One document, or a list of such.
    pub(super) fn document(&mut self) -> Read {
        match self.json.peek()? {
            Kind::Object => self.top(0),
            Kind::Array => self.list(|r, number| match r.json.peek()? {
                Kind::Object => r.top(number),
                _ => r.json.skip(),
            }),
            _ => Err(Syntax { at: self.offset(), what: "a value that is not an object" }),
        }
    }

    /// A request, or one of its `ResourceSpans` that somebody took out of it.
    fn top(&mut self, number: usize) -> Read {
        if self.is_unwrapped() {
            self.oddities.note(Oddity::Unwrapped);
            self.resource_spans(number)
        } else {
            self.object(Self::request)
        }
    }

    /// Whether the object that comes next has scopes of spans at its top.
    fn is_unwrapped(&self) -> bool {
        let (mut ahead, mut first) = (self.json, true);
        ahead.enter();
        while let Ok(Some(key)) = ahead.key(&mut first) {
            match &*key {
                b"scopeSpans" | b"scope_spans" | b"instrumentationLibrarySpans" => return true,
                b"resource" | b"schemaUrl" | b"schema_url" if ahead.skip().is_ok() => {}
                _ => return false,
            }
        }
        false
    }

    fn request(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            // `batches` is what Tempo calls them.
            b"resourceSpans" | b"batches" => self.list(Self::resource_spans)?,
            b"resourceLogs" => {
                std::mem::swap(&mut self.out, &mut self.logs);
                let read = self.list(Self::resource_logs);
                std::mem::swap(&mut self.out, &mut self.logs);
                read?;
            }
            b"resourceMetrics" => {
                let counted = self.count(&[
                    &[b"scopeMetrics", b"scope_metrics", b"instrumentationLibraryMetrics"],
                    &[b"metrics"],
                ])?;
                self.unshown.metrics += counted;
            }
            b"trace" | b"result" | b"data"
                if self.wrappers < WRAPPERS && self.json.peek()? == Kind::Object =>
            {
                self.wrappers += 1;
                self.oddities.note(Oddity::Wrapped);
                self.object(Self::request)?;
                self.wrappers -= 1;
            }
            b"partialSuccess" => self.json.skip()?,
            // Asked again in camel case.
            b"resource_spans" | b"resource_logs" | b"resource_metrics" => return Ok(false),
            _ => {
                if self.unknown_keys.len() < NAMED {
                    self.unknown_keys.push(String::from_utf8_lossy(&key[..key.len().min(40)]).into_owned());
                }
                self.json.skip()?;
            }
        }
        Ok(true)
    }

    fn resource_spans(&mut self, number: usize) -> Read {
        self.place[0] = number;
        self.message(tag(1, LENGTH), 3, |r| r.object_or_null(Self::resource_spans_member))
    }

    fn resource_spans_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"resource" => self.message(tag(1, LENGTH), 2, |r| r.object_or_null(Self::resource_member))?,
            b"scopeSpans" => self.list(Self::scope_spans)?,
            b"instrumentationLibrarySpans" => {
                self.oddities.note(Oddity::OldScope);
                self.list(Self::scope_spans)?;
            }
            b"schemaUrl" => self.text_field(3)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn resource_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"attributes" => self.attributes(1, 0)?,
            b"droppedAttributesCount" => self.count_field(2)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn scope_spans(&mut self, number: usize) -> Read {
        self.place[1] = number;
        self.message(tag(2, LENGTH), 3, |r| r.object_or_null(Self::scope_spans_member))
    }

    fn scope_spans_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"scope" | b"instrumentationLibrary" => {
                self.message(tag(1, LENGTH), 1, |r| r.object_or_null(Self::scope_member))?;
            }
            b"spans" => self.list(Self::span_or_rejection)?,
            b"schemaUrl" => self.text_field(3)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn scope_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"name" => self.text_field(1)?,
            b"version" => self.text_field(2)?,
            b"attributes" => self.attributes(3, 0)?,
            b"droppedAttributesCount" => self.count_field(4)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn span_or_rejection(&mut self, number: usize) -> Read {
        self.item_or_rejection(number, ["resourceSpans", "scopeSpans", "spans"], Self::span)
    }

    /// A span or log record that cannot be taken leaves no bytes behind, only why.
    pub(super) fn item_or_rejection(
        &mut self,
        number: usize,
        lists: [&str; 3],
        item: fn(&mut Self) -> Read<Option<Problem>>,
    ) -> Read {
        self.place[2] = number;
        let (start, kind) = (self.out.len(), self.json.peek()?);
        let at = self.offset();
        let problem = match kind {
            Kind::Object => {
                // Closed only when whole, so that a break leaves no half of a span behind.
                let message = open(&mut self.out, tag(2, LENGTH), 2);
                let read = item(self);
                if read.is_ok() {
                    close(&mut self.out, message);
                }
                read.inspect_err(|_| self.out.truncate(start))?
            }
            _ => {
                self.json.skip()?;
                Some(Problem { reason: "not an object".to_owned(), bad_id: false })
            }
        };
        if let Some(Problem { reason, bad_id }) = problem {
            self.out.truncate(start);
            let steps = lists.iter().zip(self.place).map(|(list, number)| format!("{list}[{number}]"));
            let position = steps.collect::<Vec<_>>().join(".");
            self.rejections.push(Rejection { bad_id, ..Rejection::new(position, reason) });
            self.rejected_at.push(at);
        }
        Ok(())
    }

    /// How many items the lists at the end of these keys have; each level lists the names of one key.
    fn count(&mut self, levels: &[&[&[u8]]]) -> Read<u64> {
        let mut counted = 0;
        self.list(|r, _| {
            let Some((names, deeper)) = levels.split_first() else {
                counted += 1;
                return r.json.skip();
            };
            if r.json.peek()? != Kind::Object {
                return r.json.skip();
            }
            r.json.enter();
            let mut first = true;
            while let Some(key) = r.json.key(&mut first)? {
                if names.contains(&&*key) {
                    counted += r.count(deeper)?;
                } else {
                    r.json.skip()?;
                }
            }
            Ok(())
        })?;
        Ok(counted)
    }
}
