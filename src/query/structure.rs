//! How spans stand to each other.

use super::span::{Around, OneSpan};
use super::subject::Subject;
use super::tree::{Relation, Spanset};
use crate::store::{SpanIx, View};
use std::iter::successors;

/// How many spans are looked at to decide about one: its ancestors or siblings, the nearest first. What lies farther
/// away is not found; a trace of a million siblings must not stop everything else.
pub(super) const LOOKS: usize = 2_048;

impl Spanset {
    /// Whether a span is in it. `looks` goes down with each span that is looked at; when none is left, the answer is no.
    pub(super) fn holds(&self, around: Around<'_>, at: SpanIx, looks: &mut usize) -> bool {
        match self {
            Self::Filter(expr) => {
                if *looks == 0 || !around.store.slot(at).is_held() {
                    return false;
                }
                *looks -= 1;
                expr.holds(&OneSpan { around, at })
            }
            Self::Union(left, right) => left.holds(around, at, looks) || right.holds(around, at, looks),
            Self::Related(relation, left, right) => {
                right.holds(around, at, looks) && relation.any(around, at, looks, left)
            }
        }
    }
}

impl Spanset {
    /// Whether something that stands alone is in it.
    pub(super) fn holds_alone(&self, subject: &dyn Subject) -> bool {
        match self {
            Self::Filter(expr) => expr.holds(subject),
            Self::Union(left, right) => left.holds_alone(subject) || right.holds_alone(subject),
            Self::Related(..) => false,
        }
    }
}

impl Relation {
    /// Whether a span stands so to one of a spanset.
    fn any(self, around: Around<'_>, at: SpanIx, looks: &mut usize, others: &Spanset) -> bool {
        let store = around.store;
        let parent = |at: &SpanIx| store.slot(*at).parent();
        let mut is_one = |other: SpanIx| {
            // A missing span costs a look too: there may be as many of them.
            *looks = looks.saturating_sub(1);
            others.holds(around, other, looks).then_some(true).or((*looks == 0).then_some(false))
        };
        match self {
            Self::Child => parent(&at).and_then(is_one) == Some(true),
            Self::Descendant => successors(parent(&at), parent).find_map(is_one) == Some(true),
            Self::Sibling => {
                if parent(&at).is_none() {
                    return false;
                }
                let mut before = successors(store.prev_sibling(at, View::Recorded), |at| {
                    store.prev_sibling(*at, View::Recorded)
                });
                let mut after = successors(store.next_sibling(at, View::Recorded), |at| {
                    store.next_sibling(*at, View::Recorded)
                });
                // In turn, so that a near one is found on whichever side it is.
                loop {
                    let (left, right) = (before.next(), after.next());
                    if left.is_none() && right.is_none() {
                        return false;
                    }
                    if let Some(answer) = left.into_iter().chain(right).find_map(&mut is_one) {
                        return answer;
                    }
                }
            }
        }
    }
}
