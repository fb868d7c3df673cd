//! Asking conditions of something that has fields and text: a span ([`span`](super::span)), a log record
//! ([`log`](super::log)).

use super::lex::Op;
use super::literal::{Test, as_text, begins_with};
use super::named::Field;
use super::tree::{Condition, Expr, Occurs};
use crate::model::Attributes;
use crate::otlp::peek::Raw;

/// Something that is asked of each value; true ends the asking.
pub(super) type Ask<'a> = &'a mut dyn FnMut(Raw<'_>) -> bool;

/// What conditions are asked of. Another kind of thing that queries should find implements this.
pub(super) trait Subject {
    /// Asks of each value of a field, none where it has none, until the answer is yes; tells whether it was.
    fn values(&self, field: &Field, ask: Ask<'_>) -> bool;

    /// Whether a text occurs in it.
    fn holds_text(&self, text: &Occurs) -> bool;
}

/// Asks of a text, where there is one.
pub(super) fn text(text: &str, ask: Ask<'_>) -> bool {
    !text.is_empty() && ask(Raw::Str(text.as_bytes()))
}

/// Asks of what decoded attributes have under a key.
pub(super) fn listed(attributes: &Attributes, key: &str, ask: Ask<'_>) -> bool {
    attributes.iter().any(|(own, value)| own == key && ask(value.into()))
}

impl Expr {
    /// Whether something is so.
    pub(super) fn holds(&self, of: &dyn Subject) -> bool {
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
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        self.pattern.is_match(text)
    }

    /// Whether it occurs in this value, or in one within it.
    pub(super) fn is_in_value(&self, value: Raw<'_>) -> bool {
        value.any(&mut |leaf| as_text(leaf, &mut |text| self.is_in(text)))
    }

    /// Whether this id begins with it.
    pub(super) fn begins(&self, id: &[u8]) -> bool {
        self.digits.as_ref().is_some_and(|digits| begins_with(id, digits))
    }

    /// Whether it may occur in a number or a truth value, which is no text in encoded bytes.
    pub(super) fn may_be_scalar(&self) -> bool {
        self.is_scalar
    }
}
