//! Asking conditions of something: a span ([`span`](super::span)), or whatever else has fields and text.

use super::field::Field;
use super::lex::Op;
use super::literal::{Test, as_text, begins_with};
use super::tree::{Condition, Expr, Occurs};
use crate::otlp::peek::Raw;

/// Something that is asked of each value; true ends the asking.
pub type Ask<'a> = &'a mut dyn FnMut(Raw<'_>) -> bool;

/// What conditions are asked of. Another kind of thing that queries should find implements this, and is asked by
/// [`Query::matches_alone`](super::Query::matches_alone).
pub trait Subject {
    /// Asks of each value of a field, none where it has none, until the answer is yes; tells whether it was.
    fn values(&self, field: &Field, ask: Ask<'_>) -> bool;

    /// Whether a text occurs in it.
    fn holds_text(&self, text: &Occurs) -> bool;
}

impl Expr {
    /// Whether something is so.
    pub fn holds(&self, of: &dyn Subject) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(of)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(of)),
            Self::Not(inner) => !inner.holds(of),
            Self::Condition(condition) => condition.holds(of),
            Self::Occurs(text) => of.holds_text(text),
        }
    }
}

impl Condition {
    fn holds(&self, of: &dyn Subject) -> bool {
        let (op, test) = (self.op, &self.test);
        let mut some = false;
        let passed = of.values(&self.field, &mut |value| {
            some = true;
            matches!(test, Test::Nil) || test.passes(op, value)
        });
        match (op, test) {
            (Op::Equal, Test::Nil) => !some,
            (Op::NotEqual, Test::Nil) => some,
            (Op::NotEqual | Op::FitsNot, _) => some && !passed,
            _ => passed,
        }
    }
}

impl Occurs {
    /// Whether it occurs in this text.
    #[inline]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.pattern.is_match(text)
    }

    /// Whether it occurs in this value, or in one within it.
    pub fn is_in_value(&self, value: Raw<'_>) -> bool {
        value.any(&mut |leaf| as_text(leaf, &mut |text| self.is_in(text)))
    }

    /// Whether this id begins with it.
    pub fn begins(&self, id: &[u8]) -> bool {
        self.digits.as_ref().is_some_and(|digits| begins_with(id, digits))
    }

    /// Whether it may occur in a number or a truth value, which is no text in encoded bytes.
    pub fn may_be_scalar(&self) -> bool {
        self.is_scalar
    }
}
