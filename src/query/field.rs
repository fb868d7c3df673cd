//! What a query can ask of a span: fields with `TraceQL`'s names, and attributes.

use crate::diagnosis::nearest::nearest;
use crate::model::Key;
use std::fmt;

/// A field that is no attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intrinsic {
    /// The span's name.
    Name,
    /// Its kind.
    Kind,
    /// Its status code.
    Status,
    /// Its status message.
    StatusMessage,
    /// How long it took.
    Duration,
    /// `service.name` of its resource.
    Service,
    /// Where its parent is.
    Parent,
    /// Its parent's id.
    ParentId,
    /// Its id.
    SpanId,
    /// How many spans name it as their parent.
    ChildCount,
    /// The id of its trace.
    TraceId,
    /// From the first start to the last end in its trace.
    TraceDuration,
    /// The name of the root of its trace.
    RootName,
    /// The service of the root of its trace.
    RootService,
    /// How many spans of its trace are held.
    TraceSpans,
    /// How many of them are errors.
    TraceErrors,
    /// The names of its events.
    EventName,
    /// How long after its start its events were.
    EventTime,
    /// The traces that its links lead to.
    LinkTraceId,
    /// The spans that its links lead to.
    LinkSpanId,
    /// The name of its instrumentation scope.
    ScopeName,
    /// The version of its instrumentation scope.
    ScopeVersion,
    /// The rules behind the findings that it is part of.
    Finding,
    /// The severities of the findings that it is part of.
    FindingSeverity,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// Text.
    Text,
    /// A duration.
    Duration,
    /// A whole number.
    Count,
    /// An id; its beginning is enough.
    Id,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of a rule.
    Rule,
}

/// What must be looked at to know a field: the cheapest conditions are asked first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Cost {
    Record,
    Bytes,
    Findings,
}

/// A row of the table of fields.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, `TraceQL`'s where it has one.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Which field.
    pub field: Intrinsic,
    /// What it holds.
    pub holds: Holds,
    /// What it is, in a few words.
    pub what: &'static str,
    /// Whether spans that arrive later can change it.
    pub(super) shared: bool,
}

pub(super) const KINDS: &[&str] = &["server", "client", "producer", "consumer", "internal", "unspecified"];
pub(super) const STATUSES: &[&str] = &["error", "ok", "unset"];
pub(super) const PARENTS: &[&str] = &["root", "local", "remote", "unknown", "missing"];
pub(super) const SEVERITIES: &[&str] = &["error", "warning", "info"];

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    field: Intrinsic,
    holds: Holds,
    what: &'static str,
) -> Row {
    Row { name, aliases, field, holds, what, shared: false }
}

/// A field that other spans have a part in.
const fn shared(row: Row) -> Row {
    Row { shared: true, ..row }
}

/// Every field that is no attribute.
pub const FIELDS: &[Row] = &[
    row("name", &["span:name"], Intrinsic::Name, Holds::Text, "the span's name"),
    row("service", &[], Intrinsic::Service, Holds::Text, "`service.name` of the resource"),
    row("kind", &["span:kind"], Intrinsic::Kind, Holds::Word(KINDS), "the kind as recorded"),
    row("status", &["span:status"], Intrinsic::Status, Holds::Word(STATUSES), "the status code"),
    row(
        "statusMessage",
        &["span:statusMessage"],
        Intrinsic::StatusMessage,
        Holds::Text,
        "the status message",
    ),
    row(
        "duration",
        &["dur", "span:duration"],
        Intrinsic::Duration,
        Holds::Duration,
        "how long the span took",
    ),
    shared(row(
        "finding",
        &[],
        Intrinsic::Finding,
        Holds::Rule,
        "a rule that found something wrong with the span; `finding` alone: any",
    )),
    shared(row(
        "finding:severity",
        &[],
        Intrinsic::FindingSeverity,
        Holds::Word(SEVERITIES),
        "how bad that is",
    )),
    shared(row(
        "parent",
        &[],
        Intrinsic::Parent,
        Holds::Word(PARENTS),
        "where the parent is, by the span's flags; `missing`: it has not been received",
    )),
    row("span:id", &["span"], Intrinsic::SpanId, Holds::Id, "the span's id, or how it begins"),
    row("span:parentID", &[], Intrinsic::ParentId, Holds::Id, "the parent's id, or how it begins"),
    shared(row(
        "span:childCount",
        &["children"],
        Intrinsic::ChildCount,
        Holds::Count,
        "how many children it has",
    )),
    row("trace:id", &["trace"], Intrinsic::TraceId, Holds::Id, "the trace's id, or how it begins"),
    shared(row(
        "traceDuration",
        &["trace:duration"],
        Intrinsic::TraceDuration,
        Holds::Duration,
        "from the first start to the last end in the trace",
    )),
    shared(row(
        "rootName",
        &["trace:rootName", "root"],
        Intrinsic::RootName,
        Holds::Text,
        "the name of the trace's root",
    )),
    shared(row(
        "rootServiceName",
        &["trace:rootService"],
        Intrinsic::RootService,
        Holds::Text,
        "the service of the trace's root",
    )),
    shared(row(
        "trace:spans",
        &[],
        Intrinsic::TraceSpans,
        Holds::Count,
        "how many spans of the trace are held",
    )),
    shared(row("trace:errors", &[], Intrinsic::TraceErrors, Holds::Count, "how many of them are errors")),
    row("event:name", &["event"], Intrinsic::EventName, Holds::Text, "the name of an event"),
    row(
        "event:timeSinceStart",
        &[],
        Intrinsic::EventTime,
        Holds::Duration,
        "how long after the span's start an event was",
    ),
    row("link:traceID", &[], Intrinsic::LinkTraceId, Holds::Id, "the trace that a link leads to"),
    row("link:spanID", &[], Intrinsic::LinkSpanId, Holds::Id, "the span that a link leads to"),
    row("instrumentation:name", &["scope"], Intrinsic::ScopeName, Holds::Text, "the instrumentation scope"),
    row(
        "instrumentation:version",
        &[],
        Intrinsic::ScopeVersion,
        Holds::Text,
        "the version of the instrumentation scope",
    ),
];

impl Intrinsic {
    /// Its row.
    pub fn row(self) -> &'static Row {
        FIELDS.iter().find(|row| row.field == self).unwrap_or(&FIELDS[0])
    }
}

/// Where an attribute is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Level {
    /// In the span and its resource.
    Any,
    /// In the span.
    Span,
    /// In the resource.
    Resource,
    /// In the events of the span.
    Event,
    /// In the links of the span.
    Link,
    /// In the instrumentation scope.
    Instrumentation,
    /// In the parent and its resource.
    Parent,
}

impl Level {
    /// What stands before a key.
    pub const PREFIXES: &[(&'static str, Self)] = &[
        (".", Self::Any),
        ("span.", Self::Span),
        ("resource.", Self::Resource),
        ("event.", Self::Event),
        ("link.", Self::Link),
        ("instrumentation.", Self::Instrumentation),
        ("parent.", Self::Parent),
    ];

    pub(super) fn prefix(self) -> &'static str {
        Self::PREFIXES.iter().find(|(_, level)| *level == self).map_or(".", |(prefix, _)| prefix)
    }
}

/// What a condition asks about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// A field of the table.
    Intrinsic(Intrinsic),
    /// An attribute.
    Attribute {
        /// Where.
        level: Level,
        /// Its key.
        key: String,
        /// What the record says of such keys, where it says something: the bytes need not be read to know it is missing.
        watched: Option<Key>,
    },
}

impl Field {
    pub(super) fn attribute(level: Level, key: impl Into<String>) -> Self {
        let key = key.into();
        let watched = Key::from_name(key.as_bytes());
        Self::Attribute { level, key, watched }
    }

    /// The field with this name in a query; else a sentence and the name that was probably meant.
    pub(super) fn named(name: &str) -> Result<Self, (String, Option<&'static str>)> {
        if let Some(row) = by_name(name) {
            return Ok(Self::Intrinsic(row.field));
        }
        if let Some((level, key)) =
            Level::PREFIXES.iter().find_map(|(prefix, level)| Some((level, name.strip_prefix(prefix)?)))
        {
            return match key {
                "" => Err((format!("a key is missing after {name}"), None)),
                key => Ok(Self::attribute(*level, key)),
            };
        }
        let scoped = name.split_once(':').map(|(scope, _)| scope);
        let known =
            |scope: &str| names().any(|name| name.split_once(':').is_some_and(|(known, _)| known == scope));
        if scoped.is_some_and(known) {
            return Err((format!("there is no field {name}"), nearest(name, names())));
        }
        // A slip of one letter; an attribute may have any name, with a dot before it.
        let slip = |known: &&str| name.len() > 4 && strsim::damerau_levenshtein(name, known) == 1;
        match names().find(slip) {
            Some(meant) => Err((format!("there is no field {name} (the attribute is .{name})"), Some(meant))),
            None => Ok(Self::attribute(Level::Any, name)),
        }
    }

    /// What it holds; nothing for an attribute, which may hold anything.
    pub fn holds(&self) -> Option<Holds> {
        match self {
            Self::Intrinsic(field) => Some(field.row().holds),
            Self::Attribute { .. } => None,
        }
    }

    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Intrinsic(Intrinsic::Finding | Intrinsic::FindingSeverity) => Cost::Findings,
            Self::Intrinsic(
                Intrinsic::StatusMessage
                | Intrinsic::EventName
                | Intrinsic::EventTime
                | Intrinsic::LinkTraceId
                | Intrinsic::LinkSpanId,
            )
            | Self::Attribute { .. } => Cost::Bytes,
            Self::Intrinsic(_) => Cost::Record,
        }
    }

    /// Whether spans that arrive later can change it.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            Self::Intrinsic(field) => field.row().shared,
            Self::Attribute { level, .. } => *level == Level::Parent,
        }
    }
}

fn by_name(name: &str) -> Option<&'static Row> {
    let called = |known: &str| known.eq_ignore_ascii_case(name);
    FIELDS.iter().find(|row| called(row.name) || row.aliases.iter().any(|alias| called(alias)))
}

/// All names of fields that are no attributes.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()))
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intrinsic(field) => f.write_str(field.row().name),
            Self::Attribute { level, key, .. } => {
                f.write_str(level.prefix())?;
                if super::lex::is_plain_key(key) {
                    f.write_str(key)
                } else {
                    f.write_str(&super::lex::quoted(key))
                }
            }
        }
    }
}
