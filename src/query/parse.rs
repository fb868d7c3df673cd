//! From text to tree.

use super::error::QueryError;
use super::field::{Asked, Intrinsic};
use super::lex::{Cursor, Op, Place};
use super::literal::{Literal, Wrong};
use super::named::{Field, Level, NoField};
use super::seen::Seen;
use super::tree::{Condition, Expr, Formula, Occurs, Relation, Spanset};

/// How deep brackets and negations may be nested.
const MAX_DEPTH: usize = 64;
/// How long a query may be, bytes.
const MAX_LEN: usize = 4_096;
/// How many spansets a query may join with `&&`: as many as there are bits to note what was found.
const MAX_SPANSETS: usize = 32;

/// The tree of a query, and whether it was written with braces; asked of what was seen.
pub(super) fn parse(text: &str, seen: &Seen) -> Result<(Formula, bool), QueryError> {
    let mut parser = Parser { cursor: Cursor { text, at: 0 }, depth: 0, braces: false, seen };
    if text.len() > MAX_LEN {
        return Err(parser.wrong(MAX_LEN, "a query has at most 4,096 bytes"));
    }
    let braces = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(').starts_with('{');
    parser.braces = braces;
    let formula = if braces { parser.either()? } else { Formula::Spans(Spanset::Filter(parser.expr()?)) };
    parser.cursor.skip_blanks();
    match parser.cursor.peek() {
        None => {}
        Some('}') => return Err(parser.here("this } closes nothing")),
        Some(')') => return Err(parser.here("this ) closes nothing")),
        Some('|') => return Err(parser.here("pipelines such as | count() are not understood")),
        Some('<') if seen.asked() == Asked::Spans => {
            return Err(parser.here("of two spansets the upper one stands on the left: {above} > {below}"));
        }
        Some('{') if !braces => {
            return Err(parser.here("braces stand around all conditions: { kind = server && … }"));
        }
        Some('{') if seen.asked() == Asked::Logs => {
            return Err(parser.here("braces are joined with ||; what must hold too stands within them"));
        }
        Some('{') => return Err(parser.here("spansets are joined with && || > >> or ~")),
        Some(_) if braces => return Err(parser.here("conditions stand within the braces")),
        Some(_) => return Err(parser.here("this is not understood")),
    }
    let mut spansets = 0;
    formula.spansets(&mut |_| spansets += 1);
    if spansets > MAX_SPANSETS {
        return Err(parser.wrong(0, "at most 32 spansets are joined with &&"));
    }
    Ok((formula, braces))
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
    /// Within braces values are written as in `TraceQL`.
    braces: bool,
    /// What is asked, and names that are known there.
    seen: &'a Seen,
}

/// Whether a value looks like a field of `TraceQL`.
fn is_field(text: &str) -> bool {
    let mut keys = Level::PREFIXES.iter().filter_map(|(prefix, _)| text.strip_prefix(prefix));
    keys.any(|key| key.starts_with(char::is_alphabetic))
}

type Parsed<T> = Result<T, QueryError>;

impl Parser<'_> {
    fn wrong(&self, byte: usize, message: impl Into<String>) -> QueryError {
        QueryError::new(self.cursor.text, byte, message)
    }

    fn here(&self, message: impl Into<String>) -> QueryError {
        self.wrong(self.cursor.at, message)
    }

    fn about(&self, byte: usize, wrong: Wrong) -> QueryError {
        let (Wrong::Op(message) | Wrong::Value(message, _)) = wrong;
        self.wrong(byte, message)
    }

    fn no_field(&self, byte: usize, none: NoField) -> QueryError {
        self.wrong(byte, none.message).meant(none.meant).or(none.otherwise)
    }

    /// What is said of a sign between braces that only spans of one trace can stand to each other by.
    fn stands_alone(&self, at: usize, sign: &str) -> Parsed<()> {
        match self.seen.asked() {
            Asked::Spans => Ok(()),
            Asked::Logs => {
                let within =
                    if sign == "&&" { ": write both conditions within one pair of braces" } else { "" };
                Err(self
                    .wrong(at, format!("{sign} is for spans of a trace; a log record stands alone{within}")))
            }
        }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.here("this is nested too deeply"));
        }
        self.depth += 1;
        let done = inner(self);
        self.depth -= 1;
        done
    }

    fn either(&mut self) -> Parsed<Formula> {
        let mut left = self.both()?;
        loop {
            self.cursor.skip_blanks();
            if !self.cursor.pass("||") {
                return Ok(left);
            }
            left = Formula::either(left, self.both()?);
        }
    }

    fn both(&mut self) -> Parsed<Formula> {
        let mut left = self.related()?;
        loop {
            self.cursor.skip_blanks();
            let at = self.cursor.at;
            if !self.cursor.pass("&&") {
                return Ok(left);
            }
            self.stands_alone(at, "&&")?;
            left = Formula::Both(Box::new(left), Box::new(self.related()?));
        }
    }

    fn related(&mut self) -> Parsed<Formula> {
        let mut left = self.spanset()?;
        loop {
            self.cursor.skip_blanks();
            let at = self.cursor.at;
            let signs = &Relation::SIGNS;
            let Some((sign, relation)) = signs.iter().find(|(sign, _)| self.cursor.pass(sign)) else {
                return Ok(left);
            };
            self.stands_alone(at, sign)?;
            let right = self.spanset()?;
            let (Formula::Spans(above), Formula::Spans(below)) = (left, right) else {
                return Err(
                    self.wrong(at, "what && joins is a trace, and no spans to stand above or below others")
                );
            };
            left = Formula::Spans(Spanset::Related(*relation, Box::new(above), Box::new(below)));
        }
    }

    fn spanset(&mut self) -> Parsed<Formula> {
        self.cursor.skip_blanks();
        let from = self.cursor.at;
        if self.cursor.pass("{") {
            let expr = self.expr()?;
            self.cursor.skip_blanks();
            if !self.cursor.pass("}") {
                let missing =
                    if self.cursor.peek().is_none() { "a } is missing" } else { "this is not understood" };
                return Err(self.here(missing));
            }
            return Ok(Formula::Spans(Spanset::Filter(expr)));
        }
        if self.cursor.pass("(") {
            let inner = self.deeper(Self::either)?;
            self.cursor.skip_blanks();
            if !self.cursor.pass(")") {
                return Err(self.wrong(from, "this ( is not closed"));
            }
            return Ok(inner);
        }
        Err(self.here("a spanset is expected here: { … }"))
    }

    /// Conditions; of none, anything.
    fn expr(&mut self) -> Parsed<Expr> {
        self.cursor.skip_blanks();
        if matches!(self.cursor.peek(), None | Some('}')) { Ok(Expr::And(Vec::new())) } else { self.or() }
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.and()?];
        loop {
            self.cursor.skip_blanks();
            if !self.cursor.pass("||") {
                return Ok(Expr::or(parts));
            }
            parts.push(self.and()?);
        }
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.term()?];
        loop {
            self.cursor.skip_blanks();
            let rest = self.cursor.rest();
            if !self.cursor.pass("&&") && (rest.is_empty() || rest.starts_with(['}', ')', '|', '{'])) {
                return Ok(Expr::and(parts));
            }
            parts.push(self.term()?);
        }
    }

    fn term(&mut self) -> Parsed<Expr> {
        self.cursor.skip_blanks();
        let from = self.cursor.at;
        let rest = self.cursor.rest();
        let denies = rest.starts_with(['!', '-']) && !rest.starts_with("!=") && !rest.starts_with("!~");
        let alone = |c: char| c.is_whitespace() || matches!(c, ')' | '}' | '&' | '|');
        if denies && rest.chars().nth(1).is_some_and(|c| !alone(c)) {
            self.cursor.at += 1;
            return Ok(Expr::Not(Box::new(self.deeper(Self::term)?)));
        }
        if self.cursor.pass("(") {
            let inner = self.deeper(Self::or)?;
            self.cursor.skip_blanks();
            if !self.cursor.pass(")") {
                return Err(self.wrong(from, "this ( is not closed"));
            }
            return Ok(inner);
        }
        self.condition()
    }

    fn condition(&mut self) -> Parsed<Expr> {
        let from = self.cursor.at;
        let (name, quoted, plain) = self.name()?;
        let after = self.cursor.at;
        self.cursor.skip_blanks();
        let op_at = self.cursor.at;
        let Some(op) = self.cursor.pass_op() else {
            if plain.is_some() {
                return Err(self.wrong(after, "an operator is missing after the key: = != ~ …"));
            }
            self.cursor.at = after;
            return self.word(from, name, quoted);
        };
        if name.is_empty() && !quoted {
            return Err(
                self.wrong(op_at, format!("a field is missing before {}: duration > 100ms", op.sign()))
            );
        }
        if quoted {
            return Err(self.wrong(from, "a field has no quotes").meant(Some(format!(".\"{name}\""))));
        }
        let field = match plain {
            Some(field) => field,
            None => Field::named(&name, self.seen).map_err(|none| self.no_field(from, none))?,
        };
        self.cursor.skip_blanks();
        let value_at = self.cursor.at;
        let literal = self.literal(op)?;
        if self.braces && !literal.quoted && is_field(&literal.text) {
            return Err(
                self.wrong(value_at, "fields are not compared with each other; text stands in quotes")
            );
        }
        let condition = Condition::new(field, op, literal);
        condition.map(Expr::Condition).map_err(|wrong| match wrong {
            Wrong::Op(message) => self.wrong(op_at, message),
            Wrong::Value(message, meant) => self.wrong(value_at, message).meant(meant),
        })
    }

    /// A word or a text in quotes, and whether it was one; a field whose key stands in quotes after its scope.
    fn name(&mut self) -> Parsed<(String, bool, Option<Field>)> {
        let from = self.cursor.at;
        if let Some(text) = self.cursor.quoted() {
            let text = text.map_err(|()| self.wrong(from, "this text does not end: a quote is missing"))?;
            return Ok((text, true, None));
        }
        let word = self.cursor.word(Place::Key);
        let key_at = self.cursor.at;
        let scope = Level::PREFIXES.iter().find(|(prefix, _)| *prefix == word);
        if let (Some((_, level)), Some(key)) = (scope, self.cursor.quoted()) {
            let key = key.map_err(|()| self.wrong(key_at, "this text does not end: a quote is missing"))?;
            let asked = self.seen.asked();
            if !level.is_of(asked) {
                return Err(self.no_field(from, Field::no_scope(*level, asked)));
            }
            return Ok((word.to_owned(), false, Some(Field::attribute(*level, key))));
        }
        Ok((word.to_owned(), false, None))
    }

    /// A word without an operator: a text that occurs.
    fn word(&mut self, from: usize, text: String, quoted: bool) -> Parsed<Expr> {
        if text.is_empty() && !quoted {
            return Err(match self.cursor.peek() {
                None => self.here("a condition is missing here: duration > 100ms"),
                Some(c) => self.here(format!("{c} is not understood here")),
            });
        }
        if text == "finding" && !quoted && self.seen.asked() == Asked::Spans {
            let literal = Literal { text: "nil".to_owned(), quoted: false };
            let any = Condition::new(Field::Intrinsic(Intrinsic::Finding), Op::NotEqual, literal);
            return any.map(Expr::Condition).map_err(|wrong| self.about(from, wrong));
        }
        let occurs = Occurs::new(Literal { text, quoted });
        occurs.map(Expr::Occurs).map_err(|wrong| self.about(from, wrong))
    }

    fn literal(&mut self, op: Op) -> Parsed<Literal> {
        let from = self.cursor.at;
        if let Some(text) = self.cursor.quoted() {
            let text = text.map_err(|()| self.wrong(from, "this text does not end: a quote is missing"))?;
            return Ok(Literal { text, quoted: true });
        }
        let text = self.cursor.word(Place::Value);
        match text {
            "" => Err(self.here(format!("a value is missing after {}", op.sign()))),
            text => Ok(Literal { text: text.to_owned(), quoted: false }),
        }
    }
}
