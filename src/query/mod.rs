//! What to show: the query language, parsed once, matched span by span and trace by trace.
//!
//! A subset of `TraceQL`, and the same without braces for everyday typing: `docs/query.md`. Matching reads the store as
//! it is: what the record knows first, attributes in the span's bytes, in place; nothing is decoded. Knows no screen and
//! no clock: whoever shows something hands a budget to [`Scan::step`] or [`Walk::step`] with each frame.
//!
//! | file | what it knows |
//! |---|---|
//! | `lex`, `parse`, `error` | from text to tree, and what is wrong with a text |
//! | `tree` | conditions, spansets, what a trace has to hold; printing |
//! | `field` | the table of fields, attributes and where they are |
//! | `literal` | what is compared with: text, numbers, durations, patterns |
//! | `subject` | asking conditions of something |
//! | `span` | a span as something to be asked |
//! | `structure` | how spans stand to each other |
//! | `walk` | all spans of one trace, some at a time |
//! | `scan` | which traces of all match, some spans at a time |
//! | `seen`, `complete` | keys and values that were seen, and what may be typed next |

mod complete;
mod error;
mod field;
mod lex;
mod literal;
mod parse;
mod scan;
mod seen;
mod span;
mod structure;
mod subject;
mod tree;
mod walk;

pub use complete::{Completion, complete};
pub use error::QueryError;
pub use field::{FIELDS, Field, Holds, Intrinsic, Level, Row};
pub use lex::{OPS, Op};
pub use literal::Literal;
pub use scan::{Scan, Verdict};
pub use seen::Seen;
pub use subject::{Ask, Subject};
pub use tree::{Condition, Expr, Formula, Occurs, Relation, Spanset};
pub use walk::{Progress, Walk};

use crate::diagnosis::Diagnosis;
use crate::store::{SpanIx, Store, TraceIx};
use field::Cost;
use span::Around;
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use structure::LOOKS;

/// How many findings are looked through for the price of a span.
const FINDINGS_A_SPAN: usize = 16;

/// A query, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    formula: Formula,
    /// It was written with braces.
    braces: bool,
    /// Something else than a span itself decides whether it matches.
    looks_around: bool,
    reads_findings: bool,
}

impl Query {
    /// The query that this text is. An empty one matches everything.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let (formula, braces) = parse::parse(text)?;
        let (mut looks_around, mut reads_findings) = (false, false);
        formula.spansets(&mut |spanset| {
            looks_around |= spanset.looks_around();
            reads_findings |= spanset.any(&|expr| expr.asks(&|field| field.cost() == Cost::Findings));
        });
        Ok(Self { formula, braces, looks_around, reads_findings })
    }

    /// What a trace has to hold.
    pub fn formula(&self) -> &Formula {
        &self.formula
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        matches!(&self.formula, Formula::Spans(Spanset::Filter(Expr::And(parts))) if parts.is_empty())
    }

    /// Whether a span is one of those that are looked for. Where spansets are joined with `&&`, one of them is enough
    /// here: whether the trace has all of them is the word of [`Scan`] and [`Query::spans_of`].
    pub fn matches(&self, store: &Store, diagnosis: &Diagnosis, at: SpanIx) -> bool {
        self.bits(Around { store, diagnosis }, at, &mut 0) != 0
    }

    /// Whether something that stands alone, and not in a tree of spans, is one of those that are looked for.
    pub fn matches_alone(&self, subject: &dyn Subject) -> bool {
        let mut matches = false;
        self.formula.spansets(&mut |spanset| matches = matches || spanset.holds_alone(subject));
        matches
    }

    /// Every matching span of a trace, in the order in which they are drawn; none where the trace does not match.
    /// All at once: for commands, not for screens.
    pub fn spans_of(&self, store: &Store, diagnosis: &Diagnosis, trace: TraceIx) -> Vec<SpanIx> {
        let (mut spans, mut found) = (Vec::new(), 0);
        let mut walk = Walk::new(store.trace(trace).id);
        let around = Around { store, diagnosis };
        walk.step_with_bits(self, around, &mut { usize::MAX }, &mut |at, bits| {
            spans.push(at);
            found |= bits;
            ControlFlow::Continue(())
        });
        if self.is_met(found) { spans } else { Vec::new() }
    }

    /// A bit for each spanset that a span is in. What that took beyond the one span is taken off the budget.
    fn bits(&self, around: Around<'_>, at: SpanIx, budget: &mut usize) -> u32 {
        if !around.store.slot(at).is_held() {
            return 0;
        }
        let (mut bits, mut next, mut looked_at) = (0, 1, 0);
        self.formula.spansets(&mut |spanset| {
            let mut looks = LOOKS;
            if spanset.holds(around, at, &mut looks) {
                bits |= next;
            }
            next <<= 1;
            looked_at += LOOKS - looks;
        });
        let findings = if self.reads_findings { around.diagnosis.findings().len() } else { 0 };
        let cost = looked_at * (1 + findings / FINDINGS_A_SPAN);
        *budget = budget.saturating_sub(cost.saturating_sub(1));
        bits
    }

    fn is_met(&self, found: u32) -> bool {
        self.formula.is_met(&mut { found })
    }
}

impl FromStr for Query {
    type Err = QueryError;
    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

/// The query in words that are read back as the same query.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.formula {
            Formula::Spans(Spanset::Filter(expr)) if !self.braces => write!(f, "{expr}"),
            formula => write!(f, "{formula}"),
        }
    }
}

#[cfg(test)]
mod tests;
