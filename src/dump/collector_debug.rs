//! What the collector's `debug` exporter prints with `verbosity: detailed`, and `logging` before it
//! (opentelemetry-collector, `exporter/internal/otlptext`: `traces.go`, `databuffer.go`). Every value names its type.

use super::block::{Block, Lines};
use super::draft::Draft;
use super::printed::{kind_named, span_id, status_named, time_of, trace_id};
use super::terminal::{self, Sink};
use super::{Format, Guess, headless};
use crate::model::{Attributes, Event, Link, Scope, Span, Value};
use crate::otlp::tree;
use memchr::memmem;

/// Text of the collector's `debug` exporter.
pub(super) const FORMAT: Format = Format {
    name: "collector-debug",
    summary: "what the collector's debug exporter prints with `verbosity: detailed`, also behind the prefixes of a log",
    extensions: &["txt", "log", "out"],
    sniff,
    read: terminal::read,
    write: None,
};

const REMARK: &str =
    "text of the collector's debug exporter carries no span flags; where they matter, export OTLP";

fn sniff(head: &[u8]) -> Guess {
    let head = terminal::text(head);
    if trace_id_at(&head).is_some() { Guess::Sure } else { headless::guess(&head, &LINES) }
}

/// What is left of a span without the line of its trace id.
pub(super) const LINES: headless::Lines = headless::Lines {
    begins: |line| Printout::first(line).or_else(|| Printout::second(line)),
    members: &[
        "    Parent ID      :",
        "    ID             :",
        "    Name           :",
        "    Kind           :",
        "    Start time     :",
        "    End time       :",
        "    Status code    :",
        "    Status message :",
    ],
};

/// Where a span's trace id is named. The names of its members are padded, those of links are not; white space may
/// have been lost on the way into an issue.
fn trace_id_at(text: &[u8]) -> Option<usize> {
    memmem::find_iter(text, b"Trace ID ").find(|at| text[at + 9..].trim_ascii_start().starts_with(b":"))
}

/// Which list the attributes that come belong to.
#[derive(Clone, Copy, Default, PartialEq)]
enum Section {
    #[default]
    None,
    Resource,
    Scope,
    Head,
    Span,
    Event,
    EventAttributes,
    Link,
    LinkAttributes,
}

/// One process's printing.
#[derive(Default)]
pub(super) struct Printout {
    draft: Draft,
    section: Section,
    /// An attribute and its printed value, of which more lines may come.
    attribute: Option<(String, String)>,
    /// Lines that belong to it if another line of the printout follows.
    lines: Lines,
}

impl Block for Printout {
    fn first(line: &[u8]) -> Option<usize> {
        [&b"ResourceSpans #"[..], b"Span #"].iter().find_map(|start| {
            let at = memmem::rfind(line, start)?;
            let number = line[at + start.len()..].trim_ascii();
            let apart = at == 0 || !line[at - 1].is_ascii_alphanumeric();
            (apart && !number.is_empty() && number.iter().all(u8::is_ascii_digit)).then_some(at)
        })
    }

    fn second(line: &[u8]) -> Option<usize> {
        if let Some(at) = trace_id_at(line) {
            let indent = line[..at].iter().rev().take(4).take_while(|b| **b == b' ').count();
            return Some(at - indent);
        }
        [&b"Resource SchemaURL:"[..], b"Resource attributes:", b"Resource labels:", b"ScopeSpans #"]
            .iter()
            .find_map(|start| memmem::find(line, start))
    }

    fn belong(first: &[u8], second: &[u8]) -> bool {
        first.starts_with(b"Span #") == trace_id_at(second).is_some()
    }

    fn first_of(second: &[u8]) -> Option<&'static str> {
        match () {
            () if trace_id_at(second).is_some() => Some("Span #0"),
            () if second.starts_with(b"ScopeSpans #") => None,
            () => Some("ResourceSpans #0"),
        }
    }

    fn line(&mut self, line: &str, number: u64, sink: &mut Sink<'_, '_>) {
        let text = line.trim();
        if line.starts_with('\t') {
            // Only the fields behind a printout are indented with tabs, and other lines of a text.
            return self.other(line, sink);
        }
        if let Some(attribute) = text.strip_prefix("-> ") {
            self.close();
            return self.arrow(attribute);
        }
        if self.section == Section::Head && self.head(text) {
            return;
        }
        let header = text.split('#').next().unwrap_or_default();
        let section = match (text, header) {
            (_, "ResourceSpans ") => {
                self.finish(sink);
                self.draft.start_resource();
                Section::None
            }
            (_, "ScopeSpans " | "InstrumentationLibrarySpans ") => {
                self.finish(sink);
                self.draft.scope = Scope::default();
                Section::None
            }
            (_, "Span ") => {
                self.finish(sink);
                self.draft.start(number);
                Section::Head
            }
            (_, "SpanEvent ") => self.of_span(Section::Event, |span| span.events.push(Event::default())),
            (_, "SpanLink ") => self.of_span(Section::Link, |span| span.links.push(Link::default())),
            ("Resource attributes:" | "Resource labels:", _) => Section::Resource,
            ("InstrumentationScope attributes:", _) => Section::Scope,
            ("Attributes:", _) => Section::Span,
            ("Events:" | "Links:", _) => Section::None,
            _ => return self.other(line, sink),
        };
        self.close();
        self.section = section;
    }

    fn pause(&mut self, sink: &mut Sink<'_, '_>) {
        if self.draft.is_whole() {
            self.finish(sink);
        }
    }

    fn end(&mut self, sink: &mut Sink<'_, '_>) {
        self.finish(sink);
    }
}

impl Printout {
    /// A line that starts no section: a schema URL, a scope, a line of a text, or somebody else's.
    fn other(&mut self, line: &str, sink: &mut Sink<'_, '_>) {
        let text = line.trim();
        for (start, schema_url) in [
            ("Resource SchemaURL:", &mut self.draft.resource.schema_url),
            ("ScopeSpans SchemaURL:", &mut self.draft.scope.schema_url),
        ] {
            if let Some(url) = text.strip_prefix(start) {
                return url.trim().clone_into(schema_url);
            }
        }
        let scope = line.trim_start();
        let scope =
            scope.strip_prefix("InstrumentationScope ").or(scope.strip_prefix("InstrumentationLibrary "));
        if let (Some(printed), None) = (scope, self.draft.span()) {
            let (name, version) = printed.rsplit_once(' ').unwrap_or((printed, ""));
            let scope = &mut self.draft.scope;
            (scope.name, scope.version) = (name.trim().to_owned(), version.to_owned());
        } else if ends(text) {
            self.finish(sink);
            self.section = Section::None;
        } else if self.attribute.is_some() {
            self.lines.push(line);
        }
    }

    /// Changes the span that is being printed.
    fn of_span(&mut self, section: Section, change: impl FnOnce(&mut Span)) -> Section {
        self.close();
        match self.draft.span() {
            Some(span) => {
                change(span);
                section
            }
            None => Section::None,
        }
    }

    /// A member of a span's head; whether it was one.
    fn head(&mut self, text: &str) -> bool {
        let (Some((name, value)), Some(span)) = (text.split_once(':'), self.draft.span()) else {
            return false;
        };
        let value = value.trim();
        let result = match name.trim_end() {
            "Trace ID" => trace_id("Trace ID", &zero(value)).map(|id| span.trace_id = id),
            "Parent ID" => span_id("Parent ID", &zero(value)).map(|id| span.parent_id = id),
            "ID" => span_id("ID", &zero(value)).map(|id| span.span_id = id),
            "Name" => {
                value.clone_into(&mut span.name);
                Ok(())
            }
            "Kind" => {
                span.kind = kind_named(value);
                Ok(())
            }
            "TraceState" => {
                value.clone_into(&mut span.trace_state);
                Ok(())
            }
            "Start time" => time("Start time", value).map(|ns| span.start_ns = ns),
            "End time" => time("End time", value).map(|ns| span.end_ns = ns),
            "Status code" => {
                span.status = status_named(value);
                Ok(())
            }
            "Status message" => {
                value.clone_into(&mut span.status_message);
                self.draft.head_is_whole();
                Ok(())
            }
            "DroppedAttributesCount" => {
                span.dropped_attributes = value.parse().unwrap_or(0);
                Ok(())
            }
            "DroppedEventsCount" => {
                span.dropped_events = value.parse().unwrap_or(0);
                Ok(())
            }
            "DroppedLinksCount" => {
                span.dropped_links = value.parse().unwrap_or(0);
                Ok(())
            }
            _ => return false,
        };
        self.draft.note(result);
        true
    }

    /// `-> key: Type(value)`, or a member of an event or a link.
    fn arrow(&mut self, text: &str) {
        let span = self.draft.span();
        let member = text.split_once(':').map(|(name, value)| (name, value.trim()));
        match (self.section, span, member) {
            (Section::Event, Some(span), Some((name, value))) => {
                let Some(event) = span.events.last_mut() else { return };
                match name {
                    "Name" => value.clone_into(&mut event.name),
                    "Timestamp" => event.time_ns = time(name, value).unwrap_or(0),
                    "DroppedAttributesCount" => event.dropped_attributes = value.parse().unwrap_or(0),
                    "Attributes" => self.section = Section::EventAttributes,
                    _ => {}
                }
            }
            (Section::Link, Some(span), Some((name, value))) => {
                let Some(link) = span.links.last_mut() else { return };
                match name {
                    "Trace ID" => link.trace_id = trace_id(name, value).unwrap_or_default(),
                    "ID" => link.span_id = span_id(name, &zero(value)).unwrap_or(link.span_id),
                    "TraceState" => value.clone_into(&mut link.trace_state),
                    "DroppedAttributesCount" => link.dropped_attributes = value.parse().unwrap_or(0),
                    "Attributes" => self.section = Section::LinkAttributes,
                    _ => {}
                }
            }
            _ => self.attribute = typed(text).map(|(key, value)| (key.to_owned(), value.to_owned())),
        }
    }

    /// Files the attribute that was printed: the lines after it are its own, up to the last closing bracket.
    fn close(&mut self) {
        let Some((key, mut printed)) = self.attribute.take() else { return self.lines.clear() };
        let lines = self.lines.take();
        if let Some(end) = lines.rfind(')').filter(|_| printed.starts_with('S')) {
            printed.push_str(&lines[..=end]);
        }
        let attribute = (key, value(&printed));
        let list = match self.section {
            Section::Resource => Some(&mut self.draft.resource.attributes),
            Section::Scope => Some(&mut self.draft.scope.attributes),
            section => self.draft.span().and_then(|span| match section {
                Section::Span => Some(&mut span.attributes),
                Section::EventAttributes => span.events.last_mut().map(|event| &mut event.attributes),
                Section::LinkAttributes => span.links.last_mut().map(|link| &mut link.attributes),
                _ => None,
            }),
        };
        list.unwrap_or(&mut Attributes::new()).push(attribute);
    }

    /// The span is over. Lines of a text after its last attribute count only up to where its bracket closes first.
    fn finish(&mut self, sink: &mut Sink<'_, '_>) {
        if self.attribute.as_ref().is_some_and(|(_, printed)| printed.ends_with(')')) {
            self.lines.clear();
        }
        self.close();
        self.section = Section::None;
        self.draft.finish(REMARK, sink);
    }
}

/// Whether a printout ends before this line: the fields of its log entry, or another entry.
fn ends(text: &str) -> bool {
    text.starts_with("{\"")
        || text.contains("\tinfo\t")
        || text.contains("\twarn\t")
        || text.contains("\terror\t")
}

/// An id that is not there is printed as nothing.
fn zero(id: &str) -> std::borrow::Cow<'_, str> {
    if id.is_empty() { "0".into() } else { id.into() }
}

/// `2026-11-23 06:53:42.083692 +0000 UTC`, Go's `time.Time.String`.
fn time(name: &str, printed: &str) -> Result<u64, String> {
    let mut words = printed.split(' ');
    let (date, time, offset) = (words.next(), words.next(), words.next());
    time_of(
        name,
        &[date.unwrap_or_default(), " ", time.unwrap_or_default(), offset.unwrap_or_default()].concat(),
    )
}

/// Names of types, in capitals before version 0.56.
const TYPES: [&str; 11] =
    ["STR", "STRING", "INT", "DOUBLE", "BOOL", "MAP", "SLICE", "ARRAY", "BYTES", "EMPTY", "NULL"];

/// The key and the value of `key: Type(…`.
fn typed(text: &str) -> Option<(&str, &str)> {
    text.match_indices(": ").find_map(|(at, _)| {
        let value = &text[at + 2..];
        let kind = value.split_once('(')?.0;
        TYPES.contains(&kind.to_ascii_uppercase().as_str()).then_some((&text[..at], value))
    })
}

/// A value by its type (pdata's `Value.AsString`); one that is not of its type stays text.
fn value(printed: &str) -> Value {
    let (kind, text) = printed.split_once('(').unwrap_or(("Str", printed));
    let text = text.strip_suffix(')').unwrap_or(text);
    let read = match kind.to_ascii_uppercase().as_str() {
        "INT" => text.parse().ok().map(Value::Int),
        "DOUBLE" => text.parse().ok().map(Value::Double),
        "BOOL" => text.parse().ok().map(Value::Bool),
        "MAP" | "SLICE" | "ARRAY" => tree(text.as_bytes()).ok(),
        "EMPTY" | "NULL" => Some(Value::Empty),
        _ => None,
    };
    read.unwrap_or_else(|| Value::Str(text.to_owned()))
}
