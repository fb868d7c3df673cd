//! Why nothing matches: what a query asks for that nothing has, and what is nearly called so.

use super::Query;
use super::field::Intrinsic;
use super::lex::Op;
use super::literal::Literal;
use super::named::{Field, Level};
use super::seen::Seen;
use super::tree::{Condition, Expr};
use crate::diagnosis::nearest::{listed, nearest};

/// So many names are listed where none of them is near.
const LISTED: usize = 5;

impl Query {
    /// Whether it asks about findings: that nothing matches is an answer then, not a slip.
    pub fn asks_about_findings(&self) -> bool {
        self.reads_findings
    }

    /// Whether it asks for a service that was not seen.
    pub fn wants_unseen_service(&self, seen: &Seen) -> bool {
        let mut wants = false;
        self.wanted(&mut |condition| wants |= unseen_service(condition, seen).is_some());
        wants
    }

    /// Hints where nothing matches, a sentence each: a service that was not seen, a name or a key that is nearly one
    /// that was. What was seen is a sample: that a name is nowhere is not said.
    pub fn hints(&self, seen: &Seen) -> Vec<String> {
        let mut hints = Vec::new();
        self.wanted(&mut |condition| hints.extend(hint(condition, seen)));
        hints.dedup();
        hints
    }

    /// Each condition that a match may fulfil, but for those under `!`.
    fn wanted(&self, each: &mut dyn FnMut(&Condition)) {
        self.formula.spansets(&mut |spanset| {
            spanset.exprs(&mut |expr| conditions(expr, each));
        });
    }
}

fn conditions(expr: &Expr, each: &mut dyn FnMut(&Condition)) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| conditions(part, each)),
        Expr::Condition(condition) => each(condition),
        Expr::Not(_) | Expr::Occurs(_) => {}
    }
}

/// The name that a condition asks for, where it is one name and no pattern.
fn name(condition: &Condition) -> Option<&str> {
    let Literal { text, quoted } = &condition.literal;
    (condition.op == Op::Equal && (*quoted || !text.contains('*'))).then_some(text.as_str())
}

fn unseen_service<'a>(condition: &'a Condition, seen: &Seen) -> Option<&'a str> {
    let of_service = match &condition.field {
        Field::Intrinsic(field) => *field == Intrinsic::Service,
        Field::Attribute { level, key, .. } => {
            matches!(level, Level::Any | Level::Resource) && key == "service.name"
        }
    };
    name(condition)
        .filter(|name| of_service && !seen.services().any(|known| known.eq_ignore_ascii_case(name)))
}

fn hint(condition: &Condition, seen: &Seen) -> Option<String> {
    if let Some(service) = unseen_service(condition, seen) {
        let near = match nearest(service, seen.services()) {
            Some(near) => format!("did you mean {near}?"),
            None => {
                let more = if seen.services().nth(LISTED).is_some() { " and others" } else { "" };
                format!("there is {}{more}", listed(seen.services().take(LISTED)))
            }
        };
        return Some(format!("no service is called {service}; {near}"));
    }
    match &condition.field {
        Field::Intrinsic(Intrinsic::Name) => {
            let name =
                name(condition).filter(|name| !seen.names().any(|known| known.eq_ignore_ascii_case(name)))?;
            Some(format!("did you mean name=\"{}\"?", nearest(name, seen.names())?))
        }
        Field::Attribute { level, key, .. } if seen.keys(*level).all(|known| known != key) => {
            let near = nearest(key, seen.keys(*level))?;
            Some(format!("did you mean the attribute {near} instead of {key}?"))
        }
        _ => None,
    }
}
