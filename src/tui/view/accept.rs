//! Accepting a finding: for whom, until when, and why. It becomes a suppression in `otoscope.toml`.

use super::menu::{Choice, Menu};
use super::prompt::{Advice, Prompt, Purpose, Said};
use super::{Cx, Outcome};
use crate::diagnosis::{Finding, Pattern, Subject, Suppression};
use crate::model::Day;
use crate::tui::request::Request;

/// How long is proposed where an end is wanted.
const DAYS: u32 = 30;

/// What was offered last: lines of text that are written know their place in it.
#[derive(Debug, Default)]
pub struct Accepting {
    offered: Vec<Suppression>,
    /// An empty reason was entered, and none has been written since.
    refused: bool,
}

fn reason(place: usize) -> Outcome {
    Outcome::Prompt(Prompt::new(Purpose::Reason(place), "why it is accepted", ""))
}

impl Accepting {
    /// The menu of how far a finding can be accepted.
    pub fn offer(&mut self, finding: &Finding, cx: &Cx<'_>) -> Outcome {
        let everywhere = Suppression {
            rule: Some(finding.rule.id),
            service: None,
            scope: None,
            span: None,
            reason: String::new(),
            until: None,
            origin: String::new(),
        };
        let subject = Subject::of(finding, &cx.session.store);
        let service = Some(Pattern(finding.service.clone())).filter(|name| !name.0.is_empty());
        let here = Suppression { service: service.clone(), ..everywhere.clone() };
        // A name that all its spans share outlives this run, and says more than a service.
        let mut names = subject.spans.iter();
        let name = names.next().filter(|name| names.next().is_none() && !name.is_empty());
        self.offered.clear();
        self.refused = false;
        let mut choices = Vec::new();
        let mut add = |label: String, suppression: Suppression, ask: &dyn Fn(usize) -> Outcome| {
            let at = self.offered.len();
            choices.push(Choice::new(label, finding.rule.id, ask(at)));
            self.offered.push(suppression);
        };
        if service.is_some() {
            add(format!("accept for the service {}", finding.service), here.clone(), &reason);
            // The time of a dump says nothing of the day on which somebody reads it.
            let today = cx.session.diagnosis.policy().today().unwrap_or_else(|| Day::of(cx.status.now_ns));
            let until = today.after(DAYS).to_string();
            let ask = |at| Outcome::Prompt(Prompt::new(Purpose::Until(at), "accept until", &until));
            add(format!("accept for the service {} until a day", finding.service), here.clone(), &ask);
        }
        if let Some(name) = name {
            let span = Some(Pattern(name.clone()));
            add(format!("accept for spans named {name} only"), Suppression { span, ..here }, &reason);
        }
        add("accept everywhere".to_owned(), everywhere, &reason);
        Outcome::Over(Box::new(Menu::new("Accept this finding", choices)))
    }

    /// Is told of the reason.
    pub fn reason(&mut self, place: usize, said: Said) -> Outcome {
        let empty = matches!(&said, Said::Entered(why) if why.trim().is_empty());
        self.refused = empty;
        match (said, self.offered.get(place)) {
            (Said::Entered(_), Some(_)) if empty => Outcome::Again,
            (Said::Entered(why), Some(suppression)) => {
                let suppression = Suppression { reason: why.trim().to_owned(), ..suppression.clone() };
                Outcome::Ask(Request::Suppress(Box::new(suppression)))
            }
            _ => Outcome::Done,
        }
    }

    /// Is told of the last day.
    pub fn until(&mut self, place: usize, said: Said) -> Outcome {
        match (said, self.offered.get_mut(place)) {
            (Said::Entered(day), Some(suppression)) => match Day::parse(day.trim()) {
                Some(day) => {
                    suppression.until = Some(day);
                    reason(place)
                }
                None => Outcome::Again,
            },
            _ => Outcome::Done,
        }
    }

    /// What is said of a line while it is written.
    pub fn advice(&self, purpose: Purpose, text: &str) -> Advice {
        let wrong = |words: &str| Advice { wrong: Some((0, words.to_owned())), ..Advice::default() };
        let note = |words: &str| Advice { note: words.to_owned(), ..Advice::default() };
        match purpose {
            Purpose::Until(_) if Day::parse(text.trim()).is_none() => wrong("a day, as in 2027-01-31"),
            Purpose::Until(_) => note("the last day on which it holds"),
            _ if self.refused => wrong("a reason is needed: otoscope.toml takes none without"),
            _ => note("needed: it goes into otoscope.toml"),
        }
    }
}
