//! A query as a tree: conditions of one span, and how spans stand to each other.

use super::field::Cost;
use super::lex::{Op, Place, is_plain, quoted};
use super::literal::{Literal, Test, Wrong, containing, hex_digits};
use super::named::Field;
use regex::bytes::Regex;
use std::fmt;

/// What one span or log record has to be.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// All of these; of none: anything.
    And(Vec<Expr>),
    /// One of these at least.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// A field has a value.
    Condition(Condition),
    /// A text occurs.
    Occurs(Occurs),
}

/// A field, an operator, and what to compare with.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What is asked about.
    pub field: Field,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub literal: Literal,
    pub(super) test: Test,
}

/// A text that occurs in a name, a service, a status message, an event, a body or an attribute value, or begins an id.
#[derive(Clone, Debug)]
pub struct Occurs {
    /// The text.
    pub literal: Literal,
    pub(super) pattern: Regex,
    /// Its digits, where an id may begin with it.
    pub(super) digits: Option<Vec<u8>>,
    /// It may occur in what is no text in the bytes: in numbers and truth values.
    pub(super) is_scalar: bool,
}

/// Digits from which on a text is looked for in ids.
const ID_DIGITS: usize = 3;

impl Condition {
    pub(super) fn new(field: Field, op: Op, literal: Literal) -> Result<Self, Wrong> {
        let test = Test::of(&field, op, &literal)?;
        Ok(Self { field, op, literal, test })
    }
}

impl Occurs {
    pub(super) fn new(literal: Literal) -> Result<Self, Wrong> {
        let pattern = containing(&literal.text, !literal.quoted)?;
        let digits = hex_digits(&literal.text).filter(|digits| digits.len() >= ID_DIGITS);
        let lower = literal.text.to_lowercase();
        let is_number = lower.chars().all(|c| c.is_ascii_digit() || "+-.e".contains(c));
        let words = ["true", "false", "inf", "nan"];
        let is_scalar = is_number || lower.contains('*') || words.iter().any(|word| word.contains(&lower));
        Ok(Self { literal, pattern, digits, is_scalar })
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        (&self.field, self.op, &self.literal) == (&other.field, other.op, &other.literal)
    }
}

impl PartialEq for Occurs {
    fn eq(&self, other: &Self) -> bool {
        self.literal == other.literal
    }
}

impl Expr {
    /// All of these, the cheapest first.
    pub(super) fn and(parts: Vec<Self>) -> Self {
        Self::joined(parts, Self::And, |part| match part {
            Self::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// One of these, the cheapest first.
    pub(super) fn or(parts: Vec<Self>) -> Self {
        Self::joined(parts, Self::Or, |part| match part {
            Self::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    fn joined(
        parts: Vec<Self>,
        join: fn(Vec<Self>) -> Self,
        same: fn(Self) -> Result<Vec<Self>, Self>,
    ) -> Self {
        let flat = parts.into_iter().flat_map(|part| same(part).unwrap_or_else(|other| vec![other]));
        let mut flat: Vec<Self> = flat.collect();
        flat.sort_by_key(Self::cost);
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            Some(last) => {
                flat.push(last);
                join(flat)
            }
            None => join(flat),
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::cost).max().unwrap_or(Cost::Record),
            Self::Not(inner) => inner.cost(),
            Self::Condition(condition) => condition.field.cost(),
            Self::Occurs(_) => Cost::Bytes,
        }
    }

    /// Whether a field is asked about that this is true of.
    pub(super) fn asks(&self, of: &dyn Fn(&Field) -> bool) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.asks(of)),
            Self::Not(inner) => inner.asks(of),
            Self::Condition(condition) => of(&condition.field),
            Self::Occurs(_) => false,
        }
    }
}

/// How the spans on the right stand to those on the left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// `>`: children.
    Child,
    /// `>>`: children, their children, and so on.
    Descendant,
    /// `~`: other children of the same parent.
    Sibling,
}

impl Relation {
    pub(super) const SIGNS: &[(&'static str, Self)] =
        &[(">>", Self::Descendant), (">", Self::Child), ("~", Self::Sibling)];

    fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, relation)| *relation == self).map_or(">", |(sign, _)| sign)
    }
}

/// Spans of a trace, each chosen by what it is and what is around it.
#[derive(Clone, PartialEq, Debug)]
pub enum Spanset {
    /// Those that are so.
    Filter(Expr),
    /// Those of both.
    Union(Box<Spanset>, Box<Spanset>),
    /// Those on the right that stand so to one on the left.
    Related(Relation, Box<Spanset>, Box<Spanset>),
}

/// What a trace has to hold.
#[derive(Clone, PartialEq, Debug)]
pub enum Formula {
    /// One of these spans.
    Spans(Spanset),
    /// Both, in whichever spans.
    Both(Box<Formula>, Box<Formula>),
    /// One of them.
    Either(Box<Formula>, Box<Formula>),
}

impl Spanset {
    /// Whether an expression in it is so.
    pub(super) fn any(&self, of: &dyn Fn(&Expr) -> bool) -> bool {
        match self {
            Self::Filter(expr) => of(expr),
            Self::Union(left, right) | Self::Related(_, left, right) => left.any(of) || right.any(of),
        }
    }

    /// The expressions, from left to right.
    pub(super) fn exprs<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::Filter(expr) => each(expr),
            Self::Union(left, right) | Self::Related(_, left, right) => {
                left.exprs(each);
                right.exprs(each);
            }
        }
    }

    /// Whether something else than a span itself decides whether it is in it.
    pub(super) fn looks_around(&self) -> bool {
        match self {
            Self::Filter(expr) => expr.asks(&Field::is_shared),
            Self::Union(left, right) => left.looks_around() || right.looks_around(),
            Self::Related(..) => true,
        }
    }
}

impl Formula {
    /// One of them; of spansets it is a spanset again.
    pub(super) fn either(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Spans(left), Self::Spans(right)) => {
                Self::Spans(Spanset::Union(Box::new(left), Box::new(right)))
            }
            (left, right) => Self::Either(Box::new(left), Box::new(right)),
        }
    }

    /// The spansets, from left to right.
    pub(super) fn spansets<'a>(&'a self, each: &mut dyn FnMut(&'a Spanset)) {
        match self {
            Self::Spans(spanset) => each(spanset),
            Self::Both(left, right) | Self::Either(left, right) => {
                left.spansets(each);
                right.spansets(each);
            }
        }
    }

    /// Whether enough is found, where the bit of each spanset says whether a span of it is; the lowest is the next.
    pub(super) fn is_met(&self, bits: &mut u32) -> bool {
        match self {
            Self::Spans(_) => {
                let met = *bits & 1 != 0;
                *bits >>= 1;
                met
            }
            Self::Both(left, right) => {
                let (left, right) = (left.is_met(bits), right.is_met(bits));
                left && right
            }
            Self::Either(left, right) => {
                let (left, right) = (left.is_met(bits), right.is_met(bits));
                left || right
            }
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted || !is_plain(&self.text, Place::Value) {
            return f.write_str(&quoted(&self.text));
        }
        f.write_str(&self.text)
    }
}

/// Writes something, in brackets where it would be read otherwise without them.
fn within(f: &mut fmt::Formatter<'_>, brackets: bool, inner: &dyn fmt::Display) -> fmt::Result {
    if brackets { write!(f, "({inner})") } else { write!(f, "{inner}") }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let is_and = matches!(self, Self::And(_));
                parts.iter().enumerate().try_for_each(|(i, part)| {
                    f.write_str(match (i, is_and) {
                        (0, _) => "",
                        (_, true) => " && ",
                        (_, false) => " || ",
                    })?;
                    within(f, is_and && matches!(part, Self::Or(_)), part)
                })
            }
            Self::Not(inner) => {
                f.write_str("!")?;
                within(f, matches!(**inner, Self::And(_) | Self::Or(_)), inner)
            }
            Self::Condition(Condition { field, op, literal, .. }) => {
                write!(f, "{field} {} {literal}", op.sign())
            }
            Self::Occurs(Occurs { literal, .. }) => write!(f, "{literal}"),
        }
    }
}

impl fmt::Display for Spanset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(expr) => match expr.to_string() {
                inner if inner.is_empty() => f.write_str("{ }"),
                inner => write!(f, "{{ {inner} }}"),
            },
            Self::Union(left, right) => {
                write!(f, "{left} || ")?;
                within(f, matches!(**right, Self::Union(..)), right)
            }
            Self::Related(relation, left, right) => {
                within(f, matches!(**left, Self::Union(..)), left)?;
                write!(f, " {} ", relation.sign())?;
                within(f, !matches!(**right, Self::Filter(_)), right)
            }
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_either = |of: &Self| matches!(of, Self::Either(..) | Self::Spans(Spanset::Union(..)));
        match self {
            Self::Spans(spanset) => write!(f, "{spanset}"),
            Self::Both(left, right) => {
                within(f, is_either(left), left)?;
                f.write_str(" && ")?;
                within(f, is_either(right) || matches!(**right, Self::Both(..)), right)
            }
            Self::Either(left, right) => {
                write!(f, "{left} || ")?;
                within(f, is_either(right), right)
            }
        }
    }
}
