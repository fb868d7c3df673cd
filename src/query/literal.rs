//! What a condition compares with: text, numbers, durations, patterns.

use super::field::{Holds, Intrinsic};
use super::lex::Op;
use super::named::Field;
use crate::diagnosis::RULES;
use crate::diagnosis::nearest::nearest;
use crate::model::{SeverityNumber, SeverityRange};
use crate::otlp::peek::Raw;
use regex::bytes::{Regex, RegexBuilder};
use std::cmp::Ordering;

/// How large a compiled pattern may be, bytes.
const PATTERN_SIZE: usize = 1 << 20;
/// How deep a pattern may be nested.
const PATTERN_DEPTH: u32 = 64;
/// Text longer than this is no number.
const NUMBER_LEN: usize = 32;

/// A value as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Literal {
    /// Without its quotes.
    pub text: String,
    /// It stood in quotes: it is text, and a star in it is a star.
    pub quoted: bool,
}

/// A number in a query.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

/// What a value has to be.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Not there at all.
    Nil,
    /// This number; or text that is this number, or reads as it was written.
    Number(Number, String),
    Bool(bool),
    Text(String),
    /// An id that begins with these hexadecimal digits.
    Id(Vec<u8>),
    Pattern(Regex),
    /// A number from one to another, ends included.
    Between(i64, i64),
}

/// What is wrong with a condition.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The operator does not go with the field.
    Op(String),
    /// The value does not, and what was probably meant.
    Value(String, Option<String>),
}

impl Test {
    /// The test that a condition makes.
    pub(super) fn of(field: &Field, op: Op, literal: &Literal) -> Result<Self, Wrong> {
        let Literal { text, quoted } = literal;
        if !quoted && text == "nil" {
            return match op {
                // A span without a parent is called a root.
                Op::Equal | Op::NotEqual if *field == Field::Intrinsic(Intrinsic::Parent) => {
                    Ok(Self::Text("root".to_owned()))
                }
                Op::Equal | Op::NotEqual => Ok(Self::Nil),
                _ => Err(Wrong::Op(format!("nil goes with = and !=, not with {}", op.sign()))),
            };
        }
        let bare = (!quoted).then_some(text.as_str());
        match (op, field.holds()) {
            (_, Some(Holds::Word(words))) => word(field, op, text, words),
            (_, Some(Holds::Id)) => id(field, op, text),
            (_, Some(Holds::Severity)) => severity(field, op, text),
            (_, Some(Holds::Duration)) => match (bare.and_then(duration), is_order(op)) {
                (Some(ns), true) => Ok(Self::Number(Number::Int(ns), text.clone())),
                (_, false) => Err(Wrong::Op(format!("{field} is compared with > < >= <= = or !="))),
                (None, true) => {
                    let unit = text.parse::<f64>().is_ok().then(|| format!("{text}ms"));
                    Err(Wrong::Value(format!("{text} is not a duration; write 100ms, 1.5s or 2m"), unit))
                }
            },
            (_, Some(Holds::Count)) => match (bare.and_then(number), is_order(op)) {
                (Some(number), true) => Ok(Self::Number(number, text.clone())),
                (_, false) => Err(Wrong::Op(format!("{field} is compared with > < >= <= = or !="))),
                (None, true) => Err(Wrong::Value(format!("{text} is not a number"), None)),
            },
            (Op::Fits | Op::FitsNot, _) => fitting(text),
            (Op::Contains, _) => Ok(Self::Pattern(containing(text, !quoted)?)),
            (Op::Equal | Op::NotEqual, Some(Holds::Rule)) => rule(text),
            (Op::Equal | Op::NotEqual, _) if !quoted && text.contains('*') => {
                Ok(Self::Pattern(compiled(&format!("^(?s:{})$", starred(text)), false)?))
            }
            (_, Some(Holds::Text | Holds::Rule)) => Ok(Self::Text(text.clone())),
            (_, None | Some(Holds::Anything)) => Ok(match bare {
                Some("true") => Self::Bool(true),
                Some("false") => Self::Bool(false),
                Some(bare) => match number(bare).or_else(|| duration(bare).map(Number::Int)) {
                    Some(number) => Self::Number(number, text.clone()),
                    None => Self::Text(text.clone()),
                },
                None => Self::Text(text.clone()),
            }),
        }
    }

    /// Whether a value passes. Of operators that deny, what they deny is asked.
    #[inline]
    pub(super) fn passes(&self, op: Op, value: Raw<'_>) -> bool {
        value.any(&mut |leaf| self.leaf(op, leaf))
    }

    fn leaf(&self, op: Op, leaf: Raw<'_>) -> bool {
        match (self, leaf) {
            (Self::Nil, _) => true,
            (Self::Between(from, to), Raw::Int(i)) => {
                ordered(op, Some(if i < *from { Ordering::Less } else { i.cmp(to).max(Ordering::Equal) }))
            }
            (Self::Number(number, _), Raw::Int(i)) => ordered(op, number.order(Number::Int(i))),
            (Self::Number(number, _), Raw::Double(d)) => ordered(op, number.order(Number::Float(d))),
            (Self::Number(number, written), Raw::Str(text)) => {
                let same = matches!(op, Op::Equal | Op::NotEqual) && text == written.as_bytes();
                same || ordered(op, number_in(text).and_then(|n| number.order(n)))
            }
            (Self::Bool(b), Raw::Bool(value)) => ordered(op, Some(value.cmp(b))),
            (Self::Bool(b), Raw::Str(text)) => {
                ordered(op, Some(text.cmp(if *b { b"true" } else { b"false" })))
            }
            (Self::Text(text), Raw::Str(value)) => ordered(op, Some(value.cmp(text.as_bytes()))),
            (Self::Id(digits), Raw::Bytes(id)) => begins_with(id, digits),
            (Self::Pattern(pattern), leaf) => as_text(leaf, &mut |text| pattern.is_match(text)),
            _ => false,
        }
    }
}

/// What a value reads as: numbers and truth values as their text.
pub(super) fn as_text(leaf: Raw<'_>, each: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    match leaf {
        Raw::Str(text) => each(text),
        Raw::Int(i) => each(i.to_string().as_bytes()),
        Raw::Double(d) => each(d.to_string().as_bytes()),
        Raw::Bool(b) => each(if b { b"true" } else { b"false" }),
        _ => false,
    }
}

/// Whether an id begins with these digits.
pub(super) fn begins_with(id: &[u8], digits: &[u8]) -> bool {
    let own = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.len() <= 2 * id.len() && own.zip(digits).all(|(own, digit)| own == *digit)
}

/// The hexadecimal digits of a text; nothing where it is more or less than that.
pub(super) fn hex_digits(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    digits.filter(|digits| !digits.is_empty() && digits.len() <= 32)
}

/// A pattern for values that contain a text, in letters of either case; stars stand for anything where they may.
pub(super) fn containing(text: &str, stars: bool) -> Result<Regex, Wrong> {
    let inner = if stars { starred(text) } else { regex::escape(text) };
    compiled(&format!("(?s){inner}"), true)
}

fn starred(text: &str) -> String {
    text.split('*').map(regex::escape).collect::<Vec<_>>().join(".*")
}

fn fitting(text: &str) -> Result<Test, Wrong> {
    // By itself first: what is put around it must not mend it.
    compiled(text, false)?;
    Ok(Test::Pattern(compiled(&format!("^(?:{text})$"), false)?))
}

fn compiled(pattern: &str, ignore_case: bool) -> Result<Regex, Wrong> {
    let built = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .nest_limit(PATTERN_DEPTH)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            Wrong::Value("the regular expression is too large".to_owned(), None)
        }
        error => {
            // The last line says what is wrong, those above it draw where.
            let said = error.to_string();
            let last = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Wrong::Value(format!("not a regular expression: {last}"), None)
        }
    })
}

fn word(field: &Field, op: Op, text: &str, words: &'static [&'static str]) -> Result<Test, Wrong> {
    if !matches!(op, Op::Equal | Op::NotEqual) {
        return Err(Wrong::Op(format!("{field} is compared with = or !=")));
    }
    match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        Some(word) => Ok(Test::Text((*word).to_owned())),
        None => {
            let near = nearest(&text.to_lowercase(), words.iter().copied()).map(str::to_owned);
            let message = match near {
                Some(_) => format!("{field} is never {text}"),
                None => format!("{field} is one of {}", words.join(", ")),
            };
            Err(Wrong::Value(message, near))
        }
    }
}

/// A range of severities, one within it (`error2`), or its number.
fn severity(field: &Field, op: Op, text: &str) -> Result<Test, Wrong> {
    if !is_order(op) {
        return Err(Wrong::Op(format!("{field} is compared with > < >= <= = or !=")));
    }
    let numbers = || (1..=24).map(SeverityNumber);
    let is_called = |name: &str| {
        name.eq_ignore_ascii_case(if text.eq_ignore_ascii_case("warning") { "warn" } else { text })
    };
    let of_range = |number: &SeverityNumber| is_called(number.range().name());
    if let (Some(first), Some(last)) = (numbers().find(of_range), numbers().rfind(of_range)) {
        return Ok(Test::Between(i64::from(first.0), i64::from(last.0)));
    }
    let is_it = |number: &SeverityNumber| number.0.to_string() == text || is_called(&number.to_string());
    if let Some(number) = numbers().find(is_it) {
        return Ok(Test::Between(i64::from(number.0), i64::from(number.0)));
    }
    let words = severities();
    let near = nearest(&text.to_lowercase(), words.iter().map(String::as_str)).map(str::to_owned);
    let message = match near {
        Some(_) => format!("{field} is never {text}"),
        None => format!("{field} is one of {}, or a number from 1 to 24", words.join(", ")),
    };
    Err(Wrong::Value(message, near))
}

/// What ranges of severities are called in a query, the least severe first.
pub(super) fn severities() -> Vec<String> {
    let ranges = SeverityRange::ALL.into_iter().filter(|range| *range != SeverityRange::Unspecified);
    ranges.map(|range| range.name().to_lowercase()).collect()
}

fn id(field: &Field, op: Op, text: &str) -> Result<Test, Wrong> {
    if !matches!(op, Op::Equal | Op::NotEqual) {
        return Err(Wrong::Op(format!("{field} is compared with = or !=")));
    }
    match hex_digits(text) {
        Some(digits) => Ok(Test::Id(digits)),
        None => Err(Wrong::Value(
            format!("{text} is not an id; write its hexadecimal digits, or the first of them"),
            None,
        )),
    }
}

/// Names of rules; a star stands for anything. One that names none is a slip.
fn rule(text: &str) -> Result<Test, Wrong> {
    let pattern = compiled(&format!("^(?s:{})$", starred(text)), false)?;
    if RULES.iter().any(|rule| pattern.is_match(rule.id.as_bytes())) {
        return Ok(Test::Pattern(pattern));
    }
    // What was begun is compared with beginnings.
    let stem = text.split('*').next().unwrap_or_default();
    let ids = || RULES.iter().map(|rule| rule.id);
    let beginning = |id: &'static str| if stem == text { id } else { id.get(..stem.len()).unwrap_or(id) };
    let near = nearest(stem, ids().map(beginning));
    let near = near.and_then(|near| ids().find(|id| id.starts_with(near))).map(str::to_owned);
    Err(Wrong::Value(format!("there is no rule {text}"), near))
}

fn is_order(op: Op) -> bool {
    !matches!(op, Op::Fits | Op::FitsNot | Op::Contains)
}

/// Whether a value that stands so to what it is compared with passes.
fn ordered(op: Op, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return false };
    match op {
        Op::Equal | Op::NotEqual => order.is_eq(),
        Op::AtLeast => order.is_ge(),
        Op::AtMost => order.is_le(),
        Op::Over => order.is_gt(),
        Op::Under => order.is_lt(),
        Op::Fits | Op::FitsNot | Op::Contains => false,
    }
}

impl Number {
    /// How a value stands to this.
    fn order(self, value: Self) -> Option<Ordering> {
        match (value, self) {
            (Self::Int(value), Self::Int(own)) => Some(value.cmp(&own)),
            (value, own) => value.float().partial_cmp(&own.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(i) => i as f64,
            Self::Float(f) => f,
        }
    }
}

fn number_in(text: &[u8]) -> Option<Number> {
    let likely = text.len() <= NUMBER_LEN && text.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    number(std::str::from_utf8(text).ok().filter(|_| likely)?)
}

/// A number, or a size: units of bytes are powers of 1,024.
pub(super) fn number(text: &str) -> Option<Number> {
    if let Ok(i) = text.parse() {
        return Some(Number::Int(i));
    }
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1_u64,
        "kb" | "kib" => 1 << 10,
        "mb" | "mib" => 1 << 20,
        "gb" | "gib" => 1 << 30,
        "tb" | "tib" => 1 << 40,
        _ => return text.parse().ok().filter(|f: &f64| f.is_finite()).map(Number::Float),
    };
    let value = digits.parse::<f64>().ok()? * scale as f64;
    value.is_finite().then_some(Number::Float(value))
}

/// A duration in nanoseconds: a number and its unit, or several (`1m30s`).
pub(super) fn duration(text: &str) -> Option<i64> {
    let mut total = 0_f64;
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" | "min" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    let total = if text.starts_with('-') { -total } else { total };
    (total.abs() < i64::MAX as f64).then_some(total.round() as i64)
}
