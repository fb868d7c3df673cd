//! What a condition asks about, a field of the table or an attribute: which one a name is, and what was meant by one
//! that is none.

use super::field::{Asked, Cost, FIELDS, Holds, Intrinsic, Row};
use super::lex::{is_plain_key, quoted};
use super::seen::Seen;
use crate::diagnosis::nearest::nearest;
use crate::model::Key;
use std::fmt;

/// Names shorter than this are like too many others.
const SHORT: usize = 4;
/// From this length on, two letters may be wrong.
const LONG: usize = 8;

/// Where an attribute is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Level {
    /// In the span or log record and its resource.
    Any,
    /// In the span or log record itself.
    Own,
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
        ("span.", Self::Own),
        ("resource.", Self::Resource),
        ("event.", Self::Event),
        ("link.", Self::Link),
        ("instrumentation.", Self::Instrumentation),
        ("parent.", Self::Parent),
    ];

    /// Whether what stands before its keys may be written where these are asked. An attribute of a log record has a
    /// scope where it is that of its resource or its scope; names such as `event.name` are keys.
    pub(super) fn is_of(self, asked: Asked) -> bool {
        match self {
            Self::Any | Self::Resource | Self::Instrumentation => true,
            Self::Own | Self::Event | Self::Link | Self::Parent => asked == Asked::Spans,
        }
    }

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
                | Intrinsic::LinkSpanId
                | Intrinsic::SeverityText
                | Intrinsic::Body,
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

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intrinsic(field) => f.write_str(field.row().name),
            Self::Attribute { level, key, .. } => {
                f.write_str(level.prefix())?;
                if is_plain_key(key) { f.write_str(key) } else { f.write_str(&quoted(key)) }
            }
        }
    }
}

/// Why a name is no field.
#[derive(Debug, PartialEq)]
pub(super) struct NoField {
    /// A sentence.
    pub(super) message: String,
    /// The name that was probably meant.
    pub(super) meant: Option<&'static str>,
    /// How to write it if it was meant as it stands.
    pub(super) otherwise: Option<String>,
}

impl NoField {
    fn new(message: String) -> Self {
        Self { message, meant: None, otherwise: None }
    }

    /// The same of a name that may be that of an attribute.
    fn or_attribute(self, key: &str) -> Self {
        let key = if is_plain_key(key) { key.to_owned() } else { quoted(key) };
        Self { otherwise: Some(format!("write .{key} for an attribute")), ..self }
    }
}

impl Field {
    /// The field with this name in a query, for those that are asked. A name that was seen as an attribute's is one;
    /// another that is a slip of a known field's, or a field of the others, is an error.
    pub(super) fn named(name: &str, seen: &Seen) -> Result<Self, NoField> {
        let asked = seen.asked();
        if let Some(row) = row(name, asked) {
            return Ok(Self::Intrinsic(row.field));
        }
        let is_seen = seen.has(name);
        let prefixed = || Level::PREFIXES.iter().find_map(|(p, level)| Some((*level, name.strip_prefix(p)?)));
        if let Some((level, key)) = prefixed() {
            return match key {
                "" => Err(NoField::new(format!("a key is missing after {name}"))),
                key if level.is_of(asked) => Ok(Self::attribute(level, key)),
                _ if is_seen => Ok(Self::attribute(Level::Any, name)),
                _ => Err(Self::no_scope(level, asked).or_attribute(name)),
            };
        }
        if is_seen {
            return Ok(Self::attribute(Level::Any, name));
        }
        if row(name, asked.other()).is_some() {
            let (one, others) = (asked.one(), asked.other().many());
            let message = format!("{one} has no {name}, which is a field of {others}");
            return Err(NoField::new(message).or_attribute(name));
        }
        let none = || NoField::new(format!("no field {}", quoted(name)));
        if let Some((scope, _)) = name.split_once(':')
            && names(asked).any(|known| known.split_once(':').is_some_and(|(own, _)| own == scope))
        {
            return Err(NoField { meant: nearest(name, names(asked)), ..none() });
        }
        if name.contains('.') {
            return Ok(Self::attribute(Level::Any, name));
        }
        if let Some(meant) = slip(name, names(asked)) {
            return Err(NoField { meant: Some(meant), ..none() }.or_attribute(name));
        }
        if let Some(meant) = slip(name, names(asked.other())) {
            let message = format!("no field {}; {} have {meant}", quoted(name), asked.other().many());
            return Err(NoField::new(message).or_attribute(name));
        }
        Ok(Self::attribute(Level::Any, name))
    }

    /// What is said of a scope that those that are asked do not have.
    pub(super) fn no_scope(level: Level, asked: Asked) -> NoField {
        let (prefix, others) = (level.prefix(), asked.other().many());
        NoField::new(format!("{} has no {prefix}…, which is for {others}", asked.one()))
    }
}

fn row(name: &str, asked: Asked) -> Option<&'static Row> {
    FIELDS.iter().find(|row| row.is_of(asked) && row.is_called(name))
}

/// All names of fields that these have.
pub(super) fn names(asked: Asked) -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter(move |row| row.is_of(asked)).flat_map(Row::names)
}

/// The name that another is a slip of: begun, or with a letter too many, too few, wrong, or in the wrong place.
fn slip(name: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = name.to_lowercase();
    let len = name.chars().count();
    if len < SHORT {
        return None;
    }
    let wrong = |known: &str| {
        let known = known.to_lowercase();
        if known.starts_with(&name) { 1 } else { strsim::damerau_levenshtein(&name, &known) }
    };
    let near = names.filter(|known| known.len() >= SHORT).map(|known| (wrong(known), known));
    let most = if len >= LONG { 2 } else { 1 };
    near.filter(|(wrong, _)| *wrong <= most).min_by_key(|(wrong, _)| *wrong).map(|(_, known)| known)
}
