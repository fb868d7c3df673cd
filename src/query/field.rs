//! What a query can ask of a span or a log record: fields with `TraceQL`'s names, and attributes.

/// What a query is asked of.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Asked {
    /// Spans of traces.
    #[default]
    Spans,
    /// Log records, each by itself.
    Logs,
}

impl Asked {
    /// `a span`, `a log record`.
    pub(super) fn one(self) -> &'static str {
        match self {
            Self::Spans => "a span",
            Self::Logs => "a log record",
        }
    }

    /// `spans`, `log records`.
    pub(super) fn many(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "log records",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Spans => Self::Logs,
            Self::Logs => Self::Spans,
        }
    }
}

/// A field that is no attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intrinsic {
    /// The span's name; the name of the event that a log record is.
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
    /// Its id; that of the span that a log record belongs to.
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
    /// The names of its events; the name of the event that a log record is.
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
    /// How severe a log record is.
    Severity,
    /// What its source calls that.
    SeverityText,
    /// What a log record says.
    Body,
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
    /// A severity of a log record: one of its ranges, or a number.
    Severity,
    /// Anything, as attributes do.
    Anything,
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
    /// What has it.
    pub of: &'static [Asked],
    /// Whether spans that arrive later can change it.
    pub(super) shared: bool,
}

pub(super) const KINDS: &[&str] = &["server", "client", "producer", "consumer", "internal", "unspecified"];
pub(super) const STATUSES: &[&str] = &["error", "ok", "unset"];
pub(super) const PARENTS: &[&str] = &["root", "local", "remote", "unknown", "missing"];
pub(super) const SEVERITIES: &[&str] = &["error", "warning", "info"];

const SPANS: &[Asked] = &[Asked::Spans];
const LOGS: &[Asked] = &[Asked::Logs];
const BOTH: &[Asked] = &[Asked::Spans, Asked::Logs];

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    field: Intrinsic,
    holds: Holds,
    what: &'static str,
) -> Row {
    Row { name, aliases, field, holds, what, of: SPANS, shared: false }
}

/// A field that other spans have a part in.
const fn shared(row: Row) -> Row {
    Row { shared: true, ..row }
}

/// A field that log records have too.
const fn both(row: Row) -> Row {
    Row { of: BOTH, ..row }
}

/// A field that only log records have.
const fn log(row: Row) -> Row {
    Row { of: LOGS, ..row }
}

/// Every field that is no attribute.
pub const FIELDS: &[Row] = &[
    both(row(
        "name",
        &["span:name"],
        Intrinsic::Name,
        Holds::Text,
        "the span's name; the name of the event that a log record is",
    )),
    both(row("service", &[], Intrinsic::Service, Holds::Text, "`service.name` of the resource")),
    log(row(
        "severity",
        &["sev"],
        Intrinsic::Severity,
        Holds::Severity,
        "how severe the log record is, by its number",
    )),
    log(row(
        "severityText",
        &["severity_text"],
        Intrinsic::SeverityText,
        Holds::Text,
        "what its source calls that",
    )),
    log(row(
        "body",
        &[],
        Intrinsic::Body,
        Holds::Anything,
        "what the log record says, or a value within that",
    )),
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
    both(row(
        "span:id",
        &["span", "spanId"],
        Intrinsic::SpanId,
        Holds::Id,
        "the span's id, or how it begins",
    )),
    row("span:parentID", &[], Intrinsic::ParentId, Holds::Id, "the parent's id, or how it begins"),
    shared(row(
        "span:childCount",
        &["children"],
        Intrinsic::ChildCount,
        Holds::Count,
        "how many children it has",
    )),
    both(row(
        "trace:id",
        &["trace", "traceId"],
        Intrinsic::TraceId,
        Holds::Id,
        "the trace's id, or how it begins",
    )),
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
    both(row(
        "event:name",
        &["event", "event_name"],
        Intrinsic::EventName,
        Holds::Text,
        "the name of an event of the span; that of the event that a log record is",
    )),
    row(
        "event:timeSinceStart",
        &[],
        Intrinsic::EventTime,
        Holds::Duration,
        "how long after the span's start an event was",
    ),
    row("link:traceID", &[], Intrinsic::LinkTraceId, Holds::Id, "the trace that a link leads to"),
    row("link:spanID", &[], Intrinsic::LinkSpanId, Holds::Id, "the span that a link leads to"),
    both(row(
        "instrumentation:name",
        &["scope"],
        Intrinsic::ScopeName,
        Holds::Text,
        "the instrumentation scope, which is the logger of a log record",
    )),
    both(row(
        "instrumentation:version",
        &[],
        Intrinsic::ScopeVersion,
        Holds::Text,
        "the version of the instrumentation scope",
    )),
];

impl Intrinsic {
    /// Its row.
    pub fn row(self) -> &'static Row {
        FIELDS.iter().find(|row| row.field == self).unwrap_or(&FIELDS[0])
    }
}

impl Row {
    /// What it is called.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether this is one of its names.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether these have it.
    pub(super) fn is_of(&self, asked: Asked) -> bool {
        self.of.contains(&asked)
    }
}
