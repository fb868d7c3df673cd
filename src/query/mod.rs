//! What to show: the query language, parsed once, matched span by span and trace by trace, or log record by log record.
//!
//! A subset of `TraceQL`, and the same without braces for everyday typing: `docs/query.md`. Matching reads the store as
//! it is: what the record knows first, attributes in the bytes, in place; nothing is decoded. Knows no screen and
//! no clock: whoever shows something hands a budget to [`Scan::step`] or [`Walk::step`] with each frame.
//!
//! | file | what it knows |
//! |---|---|
//! | `lex`, `parse`, `error` | from text to tree, and what is wrong with a text |
//! | `tree` | conditions, spansets, what a trace has to hold; printing |
//! | `field` | the table of fields |
//! | `named` | fields and attributes; which of them a name is |
//! | `literal` | what is compared with: text, numbers, durations, patterns |
//! | `subject` | asking conditions of something |
//! | `span`, `log` | a span and a log record as something to be asked |
//! | `structure` | how spans stand to each other |
//! | `walk` | all spans of one trace, some at a time |
//! | `scan` | which traces of all match, some spans at a time |
//! | `seen`, `complete` | keys and values that were seen, and what may be typed next |
//! | `unseen` | why nothing matches |

mod complete;
mod error;
mod field;
mod lex;
mod literal;
mod log;
mod named;
mod parse;
mod scan;
mod seen;
mod span;
mod structure;
mod subject;
mod tree;
mod unseen;
mod walk;

pub use complete::{Completion, complete};
pub use error::QueryError;
pub use field::{Asked, FIELDS, Holds, Intrinsic, Row};
pub use lex::{OPS, Op, quoted};
pub use literal::Literal;
pub use named::{Field, Level};
pub use scan::{Scan, Verdict};
pub use seen::Seen;
pub use tree::{Condition, Expr, Formula, Occurs, Relation, Spanset};
pub use walk::{Progress, Walk};

use crate::diagnosis::Diagnosis;
use crate::store::{HeldLog, SpanIx, Store, TraceIx};
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
    /// The query of spans that this text is, where nothing is known of them yet. An empty one matches everything.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_for(text, &Seen::default())
    }

    /// The query that this text is, asked of those that were seen: spans or log records. A name that is nearly a
    /// field's is an attribute where one with this name was seen, else an error.
    pub fn parse_for(text: &str, seen: &Seen) -> Result<Self, QueryError> {
        let (formula, braces) = parse::parse(text, seen)?;
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

    /// Whether a log record is one of those that are looked for, by a query that is asked of log records.
    pub fn matches_log(&self, log: &HeldLog<'_>) -> bool {
        match &self.formula {
            Formula::Spans(spanset) => spanset.holds_alone(log),
            // No query of log records joins braces otherwise.
            Formula::Both(..) | Formula::Either(..) => false,
        }
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
