//! What .NET's console exporter prints (opentelemetry-dotnet, `ConsoleActivityExporter`): `Activity.X: value` lines,
//! one section after the other, an empty line at the end. Values have no types; times of events follow the
//! machine's culture and have no fractions of a second.

use super::block::{Block, Lines};
use super::draft::Draft;
use super::printed::{guessed, kind_named, span_id, status_named, time_of, trace_id};
use super::terminal::{self, Sink};
use super::{Format, Guess, headless};
use crate::model::{Attributes, Event, Link, Span, SpanId, TraceId, Value, time};
use crate::otlp::tree;
use memchr::memmem;

/// Text of .NET's console exporter.
pub(super) const FORMAT: Format = Format {
    name: "dotnet-console",
    summary: "what .NET's console exporter prints, also between other output of a terminal",
    extensions: &["txt", "log", "out"],
    sniff,
    read: terminal::read,
    write: None,
};

const REMARK: &str = "console text of .NET carries no types of attributes (numbers are guessed), nothing of remote parents, no dropped \
     counts, and times of events without fractions; where they matter, export OTLP";

const TRACE_ID: &[u8] = b"Activity.TraceId:";
const SPAN_ID: &[u8] = b"Activity.SpanId:";

/// The first line before version 1.2: all ids in one, as `traceparent` writes them.
const ID: &[u8] = b"Activity.Id:";

fn sniff(head: &[u8]) -> Guess {
    let head = terminal::text(head);
    let has = |member: &[u8]| memmem::find(&head, member).is_some();
    let printed = has(TRACE_ID) && has(SPAN_ID) || has(ID) && has(b"Activity.StartTime:");
    if printed { Guess::Sure } else { headless::guess(&head, &LINES) }
}

/// What is left of a span without its beginning.
pub(super) const LINES: headless::Lines = headless::Lines {
    begins: Printout::first,
    members: &[
        "Activity.SpanId:",
        "Activity.TraceFlags:",
        "Activity.ParentSpanId:",
        "Activity.ActivitySourceName:",
        "Activity.DisplayName:",
        "Activity.Kind:",
        "Activity.StartTime:",
        "Activity.Duration:",
        "Activity.Tags:",
        "Activity.StatusDescription:",
        "Activity.Events:",
        "Activity.Links:",
        "Instrumentation scope (ActivitySource):",
        "Resource associated with Activity:",
    ],
};

/// Which list the lines that come belong to.
#[derive(Clone, Copy, Default, PartialEq)]
enum Section {
    #[default]
    Head,
    Tags,
    Events,
    Links,
    Scope,
    ScopeTags,
    Resource,
}

/// One process's printing.
#[derive(Default)]
pub(super) struct Printout {
    draft: Draft,
    /// Whether its last member came, behind which lists may follow.
    has_duration: bool,
    /// Whether its last sections came.
    at_end: bool,
    section: Section,
    /// Lines that belong to the last attribute if another one follows.
    lines: Lines,
}

impl Block for Printout {
    fn first(line: &[u8]) -> Option<usize> {
        memmem::find(line, TRACE_ID).or_else(|| memmem::find(line, ID))
    }

    fn second(line: &[u8]) -> Option<usize> {
        let old = [&b"Activity.ParentId:"[..], b"Activity.ActivitySourceName:", b"Activity.DisplayName:"];
        memmem::find(line, SPAN_ID).or_else(|| old.iter().find_map(|member| memmem::find(line, member)))
    }

    fn belong(first: &[u8], second: &[u8]) -> bool {
        first.starts_with(TRACE_ID) == second.starts_with(SPAN_ID)
    }

    fn line(&mut self, line: &str, number: u64, sink: &mut Sink<'_, '_>) {
        let is_first = [TRACE_ID, ID].iter().any(|first| line.as_bytes().starts_with(first));
        // Without the last sections, which may be left out of what is pasted, only what follows tells that it is over.
        if self.has_duration && (is_first || line.is_empty()) {
            self.draft.head_is_whole();
        }
        if is_first {
            self.finish(sink);
            self.draft.start(number);
        }
        if self.draft.span().is_none() {
            return;
        }
        let section = match line.trim_end() {
            "" if self.at_end => return self.finish(sink),
            "Activity.Tags:" | "Activity.TagObjects:" => Section::Tags,
            "Activity.Events:" => Section::Events,
            "Activity.Links:" => Section::Links,
            "Instrumentation scope (ActivitySource):" => Section::Scope,
            "Resource associated with Activity:" => {
                self.close();
                self.draft.start_resource();
                Section::Resource
            }
            text if is_member(text) => {
                self.close();
                return self.head(text.trim_start());
            }
            text => return self.item(text),
        };
        self.close();
        self.section = section;
        if matches!(section, Section::Scope | Section::Resource) {
            self.at_end = true;
            self.draft.head_is_whole();
        }
    }

    fn pause(&mut self, sink: &mut Sink<'_, '_>) {
        if self.at_end {
            self.finish(sink);
        }
    }

    fn end(&mut self, sink: &mut Sink<'_, '_>) {
        self.finish(sink);
    }
}

impl Printout {
    /// A line `Activity.Name: value`.
    fn head(&mut self, text: &str) {
        let Some((name, value)) = text.split_once(':') else { return };
        let (name, value) = (name.trim_end(), value.trim());
        if name == "Activity.ActivitySourceName" {
            return value.clone_into(&mut self.draft.scope.name);
        }
        let Some(span) = self.draft.span() else { return };
        let result = match name {
            "Activity.Id" => ids(value).map(|(trace, id, flags)| {
                (span.trace_id, span.span_id, span.flags) = (trace, id, flags);
            }),
            "Activity.ParentId" => ids(value).map(|(_, id, _)| span.parent_id = id),
            "Activity.TraceId" => trace_id("TraceId", value).map(|id| span.trace_id = id),
            "Activity.SpanId" => span_id("SpanId", value).map(|id| span.span_id = id),
            "Activity.ParentSpanId" => span_id("ParentSpanId", value).map(|id| span.parent_id = id),
            // `Recorded, RandomTraceId`
            "Activity.TraceFlags" | "Activity.ActivityTraceFlags" => {
                let bit = |word, bit| if value.contains(word) { bit } else { 0 };
                span.flags = bit("Recorded", 1) | bit("RandomTraceId", 2);
                Ok(())
            }
            "Activity.TraceState" => {
                value.clone_into(&mut span.trace_state);
                Ok(())
            }
            "Activity.DisplayName" => {
                value.clone_into(&mut span.name);
                Ok(())
            }
            "Activity.Kind" => {
                span.kind = kind_named(value);
                Ok(())
            }
            "Activity.StartTime" => time_of("StartTime", value).map(|ns| span.start_ns = ns),
            "Activity.Duration" => match duration(value) {
                Some(ns) => {
                    span.end_ns = span.start_ns.saturating_add(ns);
                    self.has_duration = true;
                    Ok(())
                }
                None => Err(format!("Duration is not a time span: \"{}\"", value.escape_default())),
            },
            "StatusCode" => {
                span.status = status_named(value);
                Ok(())
            }
            "Activity.StatusDescription" | "Error" => {
                value.clone_into(&mut span.status_message);
                Ok(())
            }
            _ => Ok(()),
        };
        self.draft.note(result);
    }

    /// A line of a section: four spaces and what it lists, or eight and an attribute of that; or a line of a text.
    fn item(&mut self, line: &str) {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        let attribute =
            text.split_once(':').map(|(key, value)| (key, value.strip_prefix(' ').unwrap_or(value)));
        let deep = indent >= 8;
        match (self.section, attribute) {
            (Section::Head, _) => return,
            (Section::Events, _) if indent == 4 && text.ends_with(']') => {
                self.close();
                let (name, printed) = text.rsplit_once(" [").unwrap_or((text, ""));
                if let Some(span) = self.draft.span() {
                    let time_ns = event_time(printed.trim_end_matches(']'), span);
                    span.events.push(Event { time_ns, name: name.to_owned(), ..Event::default() });
                }
                return;
            }
            (Section::Links, None) if indent == 4 => {
                self.close();
                let Some((trace, id)) = text.split_once(' ') else { return };
                if let (Ok(trace_id), Ok(span_id), Some(span)) =
                    (trace_id("TraceId", trace), span_id("SpanId", id.trim()), self.draft.span())
                {
                    span.links.push(Link { trace_id, span_id, ..Link::default() });
                }
                return;
            }
            (Section::Scope, Some((key, value))) if indent == 4 => {
                match key {
                    "Name" => value.clone_into(&mut self.draft.scope.name),
                    "Version" => value.clone_into(&mut self.draft.scope.version),
                    "Schema URL" => value.clone_into(&mut self.draft.scope.schema_url),
                    "Tags" => self.section = Section::ScopeTags,
                    _ => {}
                }
                return;
            }
            (Section::Resource, Some(("Schema URL", url))) if indent == 4 => {
                return url.clone_into(&mut self.draft.resource.schema_url);
            }
            (Section::Tags | Section::Resource, Some(_)) if indent == 4 => {}
            (Section::Events | Section::Links | Section::ScopeTags, Some(_)) if deep => {}
            _ => return self.lines.push(line),
        }
        self.close();
        if let (Some((key, value)), Some(list)) = (attribute, self.attributes()) {
            list.push((key.to_owned(), typed(value)));
        }
    }

    /// Where an attribute of the section goes.
    fn attributes(&mut self) -> Option<&mut Attributes> {
        match self.section {
            Section::ScopeTags => return Some(&mut self.draft.scope.attributes),
            Section::Resource => return Some(&mut self.draft.resource.attributes),
            _ => {}
        }
        let span = self.draft.span()?;
        match self.section {
            Section::Tags => Some(&mut span.attributes),
            Section::Events => span.events.last_mut().map(|event| &mut event.attributes),
            Section::Links => span.links.last_mut().map(|link| &mut link.attributes),
            _ => None,
        }
    }

    /// Lines without the form of an attribute were more lines of the one before them: a stack trace, a statement.
    fn close(&mut self) {
        let lines = self.lines.take();
        if lines.is_empty() || self.section == Section::Resource {
            return;
        }
        let last = self.attributes().and_then(|list| list.last_mut());
        if let Some((_, value)) = last {
            *value = Value::Str(format!("{value}{lines}"));
        }
    }

    /// The span is over, with its resource and its scope.
    fn finish(&mut self, sink: &mut Sink<'_, '_>) {
        self.lines.clear();
        let mut draft = std::mem::take(self).draft;
        draft.resource.attributes.retain(|(key, _)| !key.is_empty());
        draft.finish(REMARK, sink);
    }
}

/// The ids and flags of a `traceparent`; the hierarchical ids of .NET Framework are none.
fn ids(text: &str) -> Result<(TraceId, SpanId, u32), String> {
    let mut parts = text.split('-').skip(1);
    let (Some(trace), Some(id), Some(flags)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("Activity.Id is not in W3C form: \"{}\"", text.escape_default()));
    };
    let flags = u32::from_str_radix(flags, 16).unwrap_or(0) & 0xff;
    Ok((trace_id("Activity.Id", trace)?, span_id("Activity.Id", id)?, flags))
}

/// Whether this line is one of the span's own members; the status stood among the tags once.
fn is_member(line: &str) -> bool {
    let text = line.trim_start();
    line.starts_with("Activity.")
        || ["StatusCode:", "StatusCode :", "Activity.StatusDescription:", "Error :"]
            .iter()
            .any(|s| text.starts_with(s))
}

/// A value without its type; lists are printed as JSON.
fn typed(text: &str) -> Value {
    if text.starts_with('[')
        && let Ok(list @ Value::Array(_)) = tree(text.as_bytes())
    {
        return list;
    }
    guessed(text)
}

/// Nanoseconds of a `TimeSpan`: `[d.]hh:mm:ss[.fffffff]`.
fn duration(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let number = |text: &str| text.parse::<u64>().ok();
    let whole = [(24, number(hours)?), (60, number(minutes)?), (60, number(seconds)?)]
        .iter()
        .try_fold(number(days)?, |sum, (times, more)| sum.checked_mul(*times)?.checked_add(*more))?;
    let exact = fraction.get(..fraction.len().min(9))?;
    let ns = number(exact)?.checked_mul(10_u64.pow(9 - exact.len() as u32))?;
    whole.checked_mul(1_000_000_000)?.checked_add(ns)
}

/// The time of an event: as ISO 8601, or as a culture writes it, which has no fractions of a second and may have the
/// month in two places. What cannot be right is put where the span is, so that nobody is accused of it.
fn event_time(printed: &str, span: &Span) -> u64 {
    let (start, end) = (span.start_ns, span.end_ns.max(span.start_ns));
    if let Some(ns) = time::parse_date_time(printed.as_bytes()) {
        return ns;
    }
    let second = |ns: u64| (ns / 1_000_000_000) % 60;
    let mut times = printed.split(' ').filter(|word| word.contains(':'));
    let printed_second = times.next().and_then(|time| time.rsplit(':').next()?.get(..2)?.parse::<u64>().ok());
    // Only seconds are the same in every culture and zone.
    match printed_second {
        Some(printed) if end - start < 60_000_000_000 => {
            let after = (printed + 60 - second(start)) % 60;
            let whole = start - start % 1_000_000_000 + after * 1_000_000_000;
            whole.clamp(start, end)
        }
        _ => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read() {
        for (text, ns) in [
            ("00:00:00.0000960", Some(96_000)),
            ("00:00:01", Some(1_000_000_000)),
            ("1.02:00:00.5", Some(93_600_500_000_000)),
            ("9999999999999999999.00:00:00", None),
            ("12 ms", None),
            ("00:00", None),
            ("00:00:x", None),
        ] {
            assert_eq!(duration(text), ns, "{text}");
        }
    }
}
