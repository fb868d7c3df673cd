//! What Rust's `opentelemetry-stdout` prints (its `trace/exporter.rs`): `Spans`, the resource once a process, then span
//! by span. Attributes are printed with `{:?}`, which names their type.

use super::block::Block;
use super::draft::Draft;
use super::printed::{kind_named, span_id, status_named, time_of, trace_id};
use super::terminal::{self, Sink};
use super::{Format, Guess, headless};
use crate::model::{Event, Link, Scope, Span, StatusCode, Value};
use memchr::memmem;

/// Text of Rust's stdout exporter.
pub(super) const FORMAT: Format = Format {
    name: "rust-stdout",
    summary: "what Rust's opentelemetry-stdout prints, also between other output of a terminal",
    extensions: &["txt", "log", "out"],
    sniff,
    read: terminal::read,
    write: None,
};

const REMARK: &str = "text of Rust's opentelemetry-stdout carries neither trace state nor dropped counts, nothing of remote parents, \
     and times to the microsecond; where they matter, export OTLP";

const SCOPE: &[u8] = b"\tInstrumentation Scope";

fn sniff(head: &[u8]) -> Guess {
    let head = terminal::text(head);
    let printed = memmem::find(&head, SCOPE).is_some() && memmem::find(&head, b"\tTraceId").is_some();
    if printed { Guess::Sure } else { headless::guess(&head, &LINES) }
}

/// What is left of a span without its beginning.
pub(super) const LINES: headless::Lines = headless::Lines {
    begins: |line| header(line).or_else(|| memmem::find(line, SCOPE)),
    members: &[
        "\tTraceId      : ",
        "\tSpanId       : ",
        "\tParentSpanId : ",
        "\tKind         : ",
        "\tStart time   : ",
        "\tEnd time     : ",
        "\tStatus       : ",
    ],
};

/// Which of the parts of a printout the lines that come belong to.
#[derive(Clone, Copy, Default, PartialEq)]
enum Section {
    #[default]
    None,
    Resource,
    Scope,
    Head,
    Event,
    Link,
}

/// One process's printing.
#[derive(Default)]
pub(super) struct Printout {
    draft: Draft,
    section: Section,
}

/// Where `Resource` or `Span #0` stands alone at the end of a line.
fn header(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii_end();
    let word = match memmem::rfind(line, b"Span #") {
        Some(at) if line[at + 6..].iter().all(u8::is_ascii_digit) && line.len() > at + 6 => at,
        _ => line.strip_suffix(b"Resource")?.len(),
    };
    (word == 0 || !line[word - 1].is_ascii_alphanumeric()).then_some(word)
}

impl Block for Printout {
    fn first(line: &[u8]) -> Option<usize> {
        header(line)
    }

    fn second(line: &[u8]) -> Option<usize> {
        [SCOPE, b"\tResource SchemaUrl", b"\t ->  "].iter().find_map(|start| {
            let at = memmem::find(line, start)?;
            // Attributes of spans are indented once more.
            (at == 0 || line[at - 1] != b'\t').then_some(at)
        })
    }

    fn belong(first: &[u8], second: &[u8]) -> bool {
        first.starts_with(b"Span #") == second.starts_with(SCOPE)
    }

    fn first_of(second: &[u8]) -> Option<&'static str> {
        second.starts_with(SCOPE).then_some("Span #0")
    }

    fn line(&mut self, line: &str, number: u64, sink: &mut Sink<'_, '_>) {
        let text = line.trim();
        // Everything but headers is indented with tabs, which nobody else does.
        if let Some(member) = line.strip_prefix('\t')
            && let Some(attribute) = member.trim().strip_prefix("->  ")
        {
            return self.attribute(attribute);
        }
        let header = text.split('#').next().unwrap_or_default().trim_end();
        match (header, self.draft.span().is_some()) {
            ("Resource", _) => {
                self.finish(sink);
                self.draft.start_resource();
                self.section = Section::Resource;
            }
            ("Spans", _) => self.finish(sink),
            ("Span", _) if text.len() > header.len() => {
                self.finish(sink);
                self.draft.start(number);
                self.draft.scope = Scope::default();
            }
            ("Instrumentation Scope", _) => self.section = Section::Scope,
            ("", true) if self.section == Section::Scope => self.section = Section::Head,
            ("Event", true) => {
                self.section = Section::Event;
                self.of_span(|span| span.events.push(Event::default()));
            }
            ("Link", true) => {
                self.section = Section::Link;
                self.of_span(|span| span.links.push(Link::default()));
            }
            _ if line.starts_with('\t') => self.member(text),
            _ => {}
        }
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
    fn of_span(&mut self, change: impl FnOnce(&mut Span)) {
        if let Some(span) = self.draft.span() {
            change(span);
        }
    }

    /// A line `Name : value`; not every line has that form.
    fn member(&mut self, text: &str) {
        let Some((name, value)) = text.split_once(':') else { return };
        let (name, value) = (name.trim_end(), value.trim());
        if self.section == Section::Resource && name == "Resource SchemaUrl" {
            self.draft.resource.schema_url = unquoted(value);
        }
        if self.section == Section::Scope {
            let scope = &mut self.draft.scope;
            match name {
                "Name" => scope.name = unquoted(value),
                "Version" => scope.version = unquoted(value),
                "SchemaUrl" => scope.schema_url = unquoted(value),
                _ => {}
            }
            return;
        }
        let Some(span) = self.draft.span() else { return };
        let result = match (self.section, name) {
            (Section::Head, "Name") => {
                value.clone_into(&mut span.name);
                Ok(())
            }
            (Section::Head, "TraceId") => trace_id(name, value).map(|id| span.trace_id = id),
            (Section::Head, "SpanId") => span_id(name, value).map(|id| span.span_id = id),
            (Section::Head, "TraceFlags") => {
                let bits = value.trim_start_matches("TraceFlags(").trim_end_matches(')');
                span.flags = bits.parse::<u8>().unwrap_or(0).into();
                Ok(())
            }
            (Section::Head, "ParentSpanId") if value.starts_with("None") => Ok(()),
            (Section::Head, "ParentSpanId") => span_id(name, value).map(|id| span.parent_id = id),
            (Section::Head, "Kind") => {
                span.kind = kind_named(value);
                Ok(())
            }
            (Section::Head, "Start time") => time_of(name, value).map(|ns| span.start_ns = ns),
            (Section::Head, "End time") => time_of(name, value).map(|ns| span.end_ns = ns),
            (Section::Head, "Status") => {
                (span.status, span.status_message) = status(value);
                self.draft.head_is_whole();
                Ok(())
            }
            (Section::Event, _) => {
                let Some(event) = span.events.last_mut() else { return };
                match name {
                    "Name" => {
                        value.clone_into(&mut event.name);
                        Ok(())
                    }
                    "Timestamp" => {
                        event.time_ns = time_of(name, value).unwrap_or(span.start_ns);
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
            (Section::Link, _) => {
                let Some(link) = span.links.last_mut() else { return };
                match name {
                    "TraceId" => link.trace_id = trace_id(name, value).unwrap_or_default(),
                    "SpanId" => link.span_id = span_id(name, value).unwrap_or(link.span_id),
                    _ => {}
                }
                Ok(())
            }
            _ => Ok(()),
        };
        self.draft.note(result);
    }

    /// `key: String(Owned("value"))`, of resources with `=`; of scopes the value alone.
    fn attribute(&mut self, text: &str) {
        let separator = if self.section == Section::Resource { "=" } else { ": " };
        let Some((key, printed)) = text.split_once(separator) else { return };
        let attribute = match self.section {
            Section::Scope => Value::Str(printed.to_owned()),
            _ => value(printed),
        };
        let list = match self.section {
            Section::Resource => Some(&mut self.draft.resource.attributes),
            Section::Scope => Some(&mut self.draft.scope.attributes),
            section => self.draft.span().and_then(|span| match section {
                Section::Head => Some(&mut span.attributes),
                Section::Event => span.events.last_mut().map(|event| &mut event.attributes),
                Section::Link => span.links.last_mut().map(|link| &mut link.attributes),
                _ => None,
            }),
        };
        if let Some(list) = list {
            list.push((key.to_owned(), attribute));
        }
    }

    fn finish(&mut self, sink: &mut Sink<'_, '_>) {
        self.section = Section::None;
        self.draft.finish(REMARK, sink);
    }
}

/// `Error { description: "no such table" }`
fn status(printed: &str) -> (StatusCode, String) {
    let (name, rest) = printed.split_once(' ').unwrap_or((printed, ""));
    (status_named(name), if rest.is_empty() { String::new() } else { unquoted(rest) })
}

/// What `{:?}` wrote of a `Value`.
fn value(printed: &str) -> Value {
    let (kind, inner) = printed.split_once('(').unwrap_or(("", printed));
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    let scalar = |kind: &str, text: &str| match kind {
        "I64" => text.parse().ok().map(Value::Int),
        "F64" => text.parse().ok().map(Value::Double),
        "Bool" => text.parse().ok().map(Value::Bool),
        "String" => Some(Value::Str(unquoted(text))),
        _ => None,
    };
    let read = match kind {
        "Array" => inner.split_once('(').map(|(kind, list)| {
            let list = list.trim_end_matches(')').trim_start_matches('[').trim_end_matches(']');
            let items = split(list).map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.filter_map(|item| scalar(kind, item)).collect())
        }),
        kind => scalar(kind, inner),
    };
    read.unwrap_or_else(|| Value::Str(printed.to_owned()))
}

/// The items of a list; commas within quotes are none of its own.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |c| {
        let is_escaped = std::mem::take(&mut escaped);
        match c {
            '"' if !is_escaped => quoted = !quoted,
            '\\' if !is_escaped => escaped = true,
            _ => {}
        }
        c == ',' && !quoted
    })
}

/// The text between the first quote and the last one, as `{:?}` escaped it.
fn unquoted(printed: &str) -> String {
    let inner = printed.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
    let Some((text, _)) = inner else { return printed.to_owned() };
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escape = if c == '\\' { chars.next() } else { None };
        out.push(match escape {
            None => c,
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('0') => '\0',
            Some('u') => {
                let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            Some(other) => other,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_values_are_read() {
        for (printed, read) in [
            ("String(Owned(\"say \\\"hi\\\"\\n\\u{1b}\"))", Value::Str("say \"hi\"\n\u{1b}".to_owned())),
            ("I64(-7)", Value::Int(-7)),
            ("F64(0.5)", Value::Double(0.5)),
            ("Bool(true)", Value::Bool(true)),
            ("Array(I64([1, 2]))", Value::Array(vec![Value::Int(1), Value::Int(2)])),
            (
                "Array(String([Static(\"a, (b)\"), Owned(\"c\")]))",
                Value::Array(vec![Value::Str("a, (b)".to_owned()), Value::Str("c".to_owned())]),
            ),
            ("Array(Bool([]))", Value::Array(vec![])),
            ("else", Value::Str("else".to_owned())),
        ] {
            assert_eq!(value(printed), read, "{printed}");
        }
    }
}
