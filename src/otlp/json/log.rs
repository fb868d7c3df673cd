//! Log records and the levels around them.

use super::fields::{LENGTH, tag};
use super::oddity::Oddity;
use super::pull::Kind;
use super::request::{Read, Reader};
use super::scalar::severity_number;
use super::span::{Problem, State};

impl Reader<'_> {
    pub(super) fn resource_logs(&mut self, number: usize) -> Read {
        self.place[0] = number;
        self.message(tag(1, LENGTH), 3, |r| r.object_or_null(Self::resource_logs_member))
    }

    fn resource_logs_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"resource" => self.message(tag(1, LENGTH), 2, |r| r.object_or_null(Self::resource_member))?,
            b"scopeLogs" => self.list(Self::scope_logs)?,
            b"instrumentationLibraryLogs" => {
                self.oddities.note(Oddity::OldScope);
                self.list(Self::scope_logs)?;
            }
            b"schemaUrl" => self.text_field(3)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn scope_logs(&mut self, number: usize) -> Read {
        self.place[1] = number;
        self.message(tag(2, LENGTH), 3, |r| r.object_or_null(Self::scope_logs_member))
    }

    fn scope_logs_member(&mut self, key: &[u8]) -> Read<bool> {
        const LISTS: [&str; 3] = ["resourceLogs", "scopeLogs", "logRecords"];
        match key {
            b"scope" | b"instrumentationLibrary" => {
                self.message(tag(1, LENGTH), 1, |r| r.object_or_null(Self::scope_member))?;
            }
            // `logs` before OTLP 0.11.
            b"logRecords" | b"logs" => {
                self.list(|r, number| r.item_or_rejection(number, LISTS, Self::log_record))?;
            }
            b"schemaUrl" => self.text_field(3)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Writes a log record's fields. Answers why it cannot be taken, if it cannot.
    fn log_record(&mut self) -> Read<Option<Problem>> {
        self.span = State::default();
        self.object(Self::log_record_member)?;
        Ok(std::mem::take(&mut self.span).problem)
    }

    fn log_record_member(&mut self, key: &[u8]) -> Read<bool> {
        match key {
            b"timeUnixNano" => self.time_field(1, "timeUnixNano")?,
            b"severityNumber" => self.enum_field(2, severity_number)?,
            b"severityText" => self.text_field(3)?,
            b"body" => self.body()?,
            b"attributes" => self.attributes(6, 0)?,
            b"droppedAttributesCount" => self.count_field(7)?,
            b"flags" => self.flags_field(&[8 << 3 | 5])?,
            b"traceId" => self.log_id::<16>(9, "traceId")?,
            b"spanId" => self.log_id::<8>(10, "spanId")?,
            b"observedTimeUnixNano" => self.time_field(11, "observedTimeUnixNano")?,
            b"eventName" => self.text_field(12)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A body; `null` is none.
    fn body(&mut self) -> Read {
        let (start, literal) = (self.out.len(), self.json.peek()? == Kind::Literal);
        self.message(tag(5, LENGTH), 1, |r| r.any_value(0))?;
        if literal && self.out.len() == start + 2 {
            self.out.truncate(start);
        }
        Ok(())
    }

    /// An id; one that is none is left out, as the specification has it, and the log record is not worse for it.
    fn log_id<const N: usize>(&mut self, field: u8, name: &str) -> Read {
        let problem = self.span.problem.take();
        self.id_field::<N>(field, name)?;
        if self.span.problem.take().is_some() {
            self.oddities.note(Oddity::BadLogId);
        }
        self.span.problem = problem;
        Ok(())
    }
}
