//! Suppressions: findings that somebody has looked at and accepts.

use super::Subject;
use crate::model::Day;
use std::fmt;

/// A name, in which `*` stands for any characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether this is such a name.
    pub fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut name) = name.strip_prefix(first) else { return false };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        // The leftmost place is as good as any other for all but the last part.
        for part in middle.split('*') {
            let Some(at) = name.find(part) else { return false };
            name = &name[at + part.len()..];
        }
        name.ends_with(last)
    }
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suppression {
    /// The rule; nothing for all rules.
    pub rule: Option<&'static str>,
    /// The service, where it is not about all of them.
    pub service: Option<Pattern>,
    /// The instrumentation scope: the culprit's, or that of all spans that are wrong.
    pub scope: Option<Pattern>,
    /// The name of the culprit, or of all spans that are wrong.
    pub span: Option<Pattern>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Day>,
    /// Where it was written, `file:line`.
    pub origin: String,
}

impl Suppression {
    /// Whether this is about that finding, ended or not.
    pub fn matches(&self, subject: &Subject) -> bool {
        let culprit = subject.culprit.as_ref();
        let scopes = subject.scopes.iter().map(|(name, _)| name.as_str());
        let spans = subject.spans.iter().map(String::as_str);
        self.rule.is_none_or(|rule| rule == subject.rule)
            && holds(self.service.as_ref(), None, std::iter::once(subject.service.as_str()))
            && holds(self.scope.as_ref(), culprit.map(|(_, scope)| scope.as_str()), scopes)
            && holds(self.span.as_ref(), culprit.map(|(name, _)| name.as_str()), spans)
    }

    /// Whether it has come to its end.
    pub fn ended(&self, today: Day) -> bool {
        self.until.is_some_and(|until| today > until)
    }
}

/// Whether a pattern, where there is one, is met by the culprit's name or by all others. A finding about other spans
/// too is not accepted for the sake of some.
fn holds<'a>(
    pattern: Option<&Pattern>,
    culprit: Option<&str>,
    mut names: impl Iterator<Item = &'a str>,
) -> bool {
    let Some(pattern) = pattern else { return true };
    let all =
        names.next().is_some_and(|first| pattern.matches(first)) && names.all(|name| pattern.matches(name));
    all || culprit.is_some_and(|name| pattern.matches(name))
}

/// Which one it is, for messages.
impl fmt::Display for Suppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the suppression of {} in {}", self.rule.unwrap_or("all rules"), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything() {
        for (pattern, yes, no) in [
            ("shop", &["shop"][..], &["shops", "", "Shop"][..]),
            ("*", &["", "shop"], &[]),
            ("shop-*", &["shop-", "shop-eu"], &["shop", "a shop-eu"]),
            ("*-eu", &["-eu", "shop-eu", "eu-eu-eu"], &["shop-eu2"]),
            ("GET */health*", &["GET /health", "GET /a/health/b"], &["GET /healt", "PUT /health"]),
            ("a*a", &["aa", "aba"], &["a", "ab"]),
            ("*a*b*", &["ab", "xaxbx"], &["ba", "a"]),
            ("**", &["", "x"], &[]),
        ] {
            let pattern = Pattern(pattern.to_owned());
            for name in yes {
                assert!(pattern.matches(name), "{pattern:?} {name}");
            }
            for name in no {
                assert!(!pattern.matches(name), "{pattern:?} {name}");
            }
        }
    }

    fn suppression(service: &str, scope: &str, span: &str) -> Suppression {
        let pattern = |text: &str| (!text.is_empty()).then(|| Pattern(text.to_owned()));
        Suppression {
            rule: Some("r"),
            service: pattern(service),
            scope: pattern(scope),
            span: pattern(span),
            reason: "known".to_owned(),
            until: Day::parse("2027-01-31"),
            origin: "otoscope.toml:3".to_owned(),
        }
    }

    #[test]
    fn all_that_it_names_must_fit() {
        let subject = Subject {
            rule: "r",
            service: "shop".to_owned(),
            scopes: [("flask".to_owned(), "1".to_owned())].into(),
            spans: ["GET /a".to_owned(), "GET /b".to_owned()].into(),
            culprit: Some(("run".to_owned(), "click".to_owned())),
            source: None,
        };
        for (service, scope, span, fits) in [
            ("", "", "", true),
            ("shop", "flask", "GET *", true),
            ("shop", "click", "run", true),
            ("shop", "flask", "GET /a", false),
            ("shop", "django", "", false),
            ("other", "", "", false),
        ] {
            assert_eq!(suppression(service, scope, span).matches(&subject), fits, "{service} {scope} {span}");
        }
        assert!(!suppression("", "", "").matches(&Subject { rule: "other", ..subject.clone() }));
        let all = Suppression { rule: None, ..suppression("", "", "") };
        assert!(all.matches(&Subject { rule: "other", ..subject.clone() }));
        let unknown = Subject { spans: [].into(), culprit: None, ..subject };
        assert!(!suppression("", "", "*").matches(&unknown), "what is not known is not accepted");
    }

    #[test]
    fn it_holds_to_the_end_of_its_last_day() {
        let suppression = suppression("", "", "");
        assert!(!suppression.ended(Day::parse("2027-01-31").unwrap()));
        assert!(suppression.ended(Day::parse("2027-02-01").unwrap()));
    }
}
