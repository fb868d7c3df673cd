//! The file: what may stand in it, and what is said of what may not.

use crate::diagnosis::nearest::{level, listed, nearest, rule};
use crate::diagnosis::{Level, Pattern, Suppression};
use crate::model::Day;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The tables beside the options.
const TABLES: [&str; 4] = ["rules", "suppress", "keys", "styles"];
/// What a suppression may say.
const SUPPRESSION: [&str; 6] = ["rule", "service", "scope", "span", "reason", "until"];

/// What a file says.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Config {
    /// Values of options.
    pub settings: Vec<Setting>,
    /// Levels of rules.
    pub levels: Vec<(&'static str, Level)>,
    /// Suppressions.
    pub suppressions: Vec<Suppression>,
    /// Names of actions, and the keys that do them.
    pub keys: Vec<(String, Vec<String>)>,
    /// Names of roles, and their styles.
    pub styles: Vec<(String, String)>,
}

/// The value of an option.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The option's long name.
    pub option: String,
    /// Its value as it would be written on a command line; `true` or `false` for one that takes none there.
    pub value: String,
}

/// Says what is wrong with the keys that are to do an action.
type CheckKeys<'a> = dyn Fn(&str, &[String]) -> Result<(), String> + 'a;

/// The options that a file may set.
pub struct Options<'a> {
    /// Their long names.
    pub names: Vec<String>,
    /// Says what is wrong with the value of one of them.
    pub check: &'a dyn Fn(&str, &str) -> Result<(), String>,
    /// Says what is wrong with the keys of an action.
    pub keys: &'a CheckKeys<'a>,
    /// Says what is wrong with the style of a role.
    pub style: &'a dyn Fn(&str, &str) -> Result<(), String>,
}

/// What is wrong with a file: the first thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    file: String,
    line: usize,
    text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, text } = self;
        write!(f, "{file}:{line}: {text}")
    }
}

impl std::error::Error for Problem {}

/// Reads a file. Its name is for messages.
pub fn parse(text: &str, name: &str, options: &Options<'_>) -> Result<Config, Problem> {
    let line = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let problem = |offset: usize, text: String| Problem { file: name.to_owned(), line: line(offset), text };
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        problem(offset, error.message().lines().collect::<Vec<_>>().join(", "))
    })?;
    let mut reader =
        Reader { options, place: &|offset| format!("{name}:{}", line(offset)), wrong: Vec::new() };
    let config = reader.document(document.get_ref());
    // Tables come sorted by name: of several things that are wrong, the first in the file is told.
    match reader.wrong.into_iter().min_by_key(|(offset, _)| *offset) {
        Some((offset, text)) => Err(problem(offset, text)),
        None => Ok(config),
    }
}

struct Reader<'a> {
    options: &'a Options<'a>,
    /// `file:line` of an offset.
    place: &'a dyn Fn(usize) -> String,
    wrong: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn document(&mut self, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("rules", DeValue::Table(rules)) => config.levels = self.levels(rules),
                ("rules", _) => self.say(value.span(), "write the levels of rules under [rules]"),
                ("suppress", DeValue::Array(all)) => {
                    config.suppressions = all.iter().filter_map(|one| self.suppression(one)).collect();
                }
                ("suppress", _) => self.say(value.span(), "write each suppression under [[suppress]]"),
                ("keys", DeValue::Table(keys)) => {
                    config.keys = keys.iter().filter_map(|(action, keys)| self.keys(action, keys)).collect();
                }
                ("keys", _) => self.say(value.span(), "write keys under [keys]"),
                ("styles", DeValue::Table(roles)) => {
                    config.styles = roles.iter().filter_map(|(role, text)| self.style(role, text)).collect();
                }
                ("styles", _) => self.say(value.span(), "write styles under [styles]"),
                (option, _) if self.options.names.iter().any(|known| known == option) => {
                    config.settings.extend(self.setting(option, value));
                }
                (unknown, _) => {
                    let known =
                        self.options.names.iter().map(String::as_str).chain(TABLES).collect::<Vec<_>>();
                    self.unknown_key(key.span(), unknown, &known);
                }
            }
        }
        config
    }

    fn setting(&mut self, option: &str, value: &Spanned<DeValue<'_>>) -> Option<Setting> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            // Text that is no number any more is refused with the words of the option.
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
            _ => {
                self.say(value.span(), format!("{option} is text, a whole number, true or false"));
                return None;
            }
        };
        match (self.options.check)(option, &text) {
            Ok(()) => Some(Setting { option: option.to_owned(), value: text }),
            Err(wrong) => {
                self.say(value.span(), wrong);
                None
            }
        }
    }

    fn levels(&mut self, rules: &DeTable<'_>) -> Vec<(&'static str, Level)> {
        let mut levels = Vec::new();
        for (name, wanted) in rules {
            let rule = self.heard(name.span(), rule(name.get_ref()));
            let wanted = self.text(name.get_ref(), wanted).map(|text| (wanted.span(), level(&text)));
            let wanted = wanted.and_then(|(span, level)| self.heard(span, level));
            levels.extend(rule.map(|rule| rule.id).zip(wanted));
        }
        levels
    }

    /// `next-error = "F8"`, or a list of keys.
    fn keys(
        &mut self,
        action: &Spanned<DeString<'_>>,
        keys: &Spanned<DeValue<'_>>,
    ) -> Option<(String, Vec<String>)> {
        let action_name = action.get_ref().as_ref();
        let names = match keys.get_ref() {
            DeValue::Array(all) => {
                all.iter().map(|one| self.text(action_name, one)).collect::<Option<Vec<_>>>()?
            }
            _ => vec![self.text(action_name, keys)?],
        };
        let checked = (self.options.keys)(action_name, &names);
        self.heard(action.span(), checked)?;
        Some((action_name.to_owned(), names))
    }

    /// `error = "red bold"`.
    fn style(
        &mut self,
        role: &Spanned<DeString<'_>>,
        text: &Spanned<DeValue<'_>>,
    ) -> Option<(String, String)> {
        let name = role.get_ref().as_ref();
        let text = self.text(name, text)?;
        let checked = (self.options.style)(name, &text);
        self.heard(role.span(), checked)?;
        Some((name.to_owned(), text))
    }

    fn suppression(&mut self, one: &Spanned<DeValue<'_>>) -> Option<Suppression> {
        let DeValue::Table(table) = one.get_ref() else {
            self.say(one.span(), "write each suppression under [[suppress]]");
            return None;
        };
        for key in table.keys().filter(|key| !SUPPRESSION.contains(&key.get_ref().as_ref())) {
            self.unknown_key(key.span(), key.get_ref(), &SUPPRESSION);
        }
        // What seems to be missing may be the misspelt key.
        let misspelt = table.keys().any(|key| !SUPPRESSION.contains(&key.get_ref().as_ref()));
        let mut text = |key: &str| {
            let value = table.get(key)?;
            self.text(key, value).map(|text| (value.span(), text))
        };
        let (named, reason) = (text("rule"), text("reason"));
        let mut pattern = |key: &str| text(key).map(|(_, text)| Pattern(text));
        let (service, scope, span) = (pattern("service"), pattern("scope"), pattern("span"));
        if !table.contains_key("rule") && !misspelt {
            self.say(one.span(), "a suppression names a rule; \"*\" is all of them");
        }
        if !table.contains_key("reason") && !misspelt
            || reason.as_ref().is_some_and(|(_, text)| text.trim().is_empty())
        {
            self.say(one.span(), "a suppression gives a reason");
        }
        let rule = match named? {
            (_, all) if all == "*" => None,
            (span, name) => Some(self.heard(span, rule(&name))?.id),
        };
        let until = match table.get("until") {
            Some(until) => Some(self.day(until)?),
            None => None,
        };
        let origin = (self.place)(one.span().start);
        Some(Suppression { rule, service, scope, span, reason: reason?.1, until, origin })
    }

    /// A day, as text or as TOML's own date.
    fn day(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Day> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            _ => String::new(),
        };
        let day = Day::parse(&text).ok_or_else(|| "until is a day, as in \"2027-01-31\"".to_owned());
        self.heard(value.span(), day)
    }

    fn text(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        self.heard(value.span(), text.ok_or_else(|| format!("{key} is text; put it in quotes")))
    }

    fn unknown_key(&mut self, span: Range<usize>, key: &str, known: &[&str]) {
        self.say(
            span,
            match nearest(key, known.iter().copied()) {
                Some(near) => format!("there is no key {key} here; did you mean {near}?"),
                None => format!("there is no key {key} here; there are {}", listed(known.iter().copied())),
            },
        );
    }

    fn heard<T>(&mut self, span: Range<usize>, said: Result<T, String>) -> Option<T> {
        said.map_err(|wrong| self.say(span, wrong)).ok()
    }

    fn say(&mut self, span: Range<usize>, wrong: impl Into<String>) {
        self.wrong.push((span.start, wrong.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let check = |option: &str, value: &str| match (option, value) {
            ("grpc", value) => value.parse::<u16>().map(drop).map_err(|e| format!("grpc {value}: {e}")),
            _ => Ok(()),
        };
        let names = ["max-memory", "fail-on", "grpc", "no-color"].map(str::to_owned).to_vec();
        let options = Options { names, check: &check, keys: &|_, _| Ok(()), style: &|_, _| Ok(()) };
        parse(text, "otoscope.toml", &options).map_err(|problem| problem.to_string())
    }

    #[test]
    fn all_that_it_may_say() {
        let config = read(
            "
max-memory = \"512MiB\"
grpc = 14_317
no-color = true
[rules]
http-entry-not-server = \"warn\"
merged-under-local-span = \"allow\"
[[suppress]]
rule = \"*\"
service = \"shop-*\"
reason = \"old\"
until = 2027-01-31
[[suppress]]
rule = \"http-entry-not-server\"
scope = \"s\"
span = \"GET /health\"
reason = \"a probe\"
until = \"2027-01-31\"
",
        )
        .unwrap();
        let settings: Vec<_> =
            config.settings.iter().map(|s| (s.option.as_str(), s.value.as_str())).collect();
        assert_eq!(settings, [("grpc", "14317"), ("max-memory", "512MiB"), ("no-color", "true")]);
        assert_eq!(
            config.levels,
            [("http-entry-not-server", Level::Warn), ("merged-under-local-span", Level::Allow)]
        );
        let [first, second] = config.suppressions.as_slice() else { panic!("{config:?}") };
        assert_eq!((first.rule, first.origin.as_str()), (None, "otoscope.toml:8"));
        assert_eq!(first.service, Some(Pattern("shop-*".to_owned())));
        assert_eq!((first.until, &first.scope), (Day::parse("2027-01-31"), &None));
        assert_eq!((second.rule, second.until), (Some("http-entry-not-server"), first.until));
        assert_eq!((&second.reason, second.origin.as_str()), (&"a probe".to_owned(), "otoscope.toml:13"));
        assert_eq!(read(""), Ok(Config::default()));
        assert_eq!(read("# nothing\n"), Ok(Config::default()));
    }

    #[test]
    fn the_first_thing_that_is_wrong_is_told() {
        let wrong = "zzz = 1\n[rules]\nx = \"deny\"\n[[suppress]]\n";
        assert!(read(wrong).unwrap_err().starts_with("otoscope.toml:1: there is no key zzz"));
        assert_eq!(
            read("\n\ngrpc = 70000").unwrap_err().split(" 70000").next(),
            Some("otoscope.toml:3: grpc")
        );
        assert_eq!(
            read("fail-on = [1]").unwrap_err(),
            "otoscope.toml:1: fail-on is text, a whole number, true or false"
        );
    }

    #[test]
    fn whatever_stands_in_it_has_a_line_or_is_taken() {
        const ODD: [char; 12] = ['[', ']', '"', '=', '\n', '.', '#', '{', ',', '\0', 'é', '1'];
        let good = "grpc = 1\n[rules]\nhttp-entry-not-server = \"warn\"\n[[suppress]]\nrule = \"*\"\nreason = \"é\"\n";
        assert!(read(good).is_ok());
        let mut rng = fastrand::Rng::with_seed(7);
        let mut refused = 0;
        for _ in 0..2_000 {
            let mut text: Vec<char> = good.chars().collect();
            for _ in 0..rng.usize(1..4) {
                let at = rng.usize(0..text.len());
                match rng.u8(0..3) {
                    0 if text.len() > 1 => drop(text.remove(at)),
                    1 => text[at] = rng.choice(ODD).unwrap(),
                    _ => text.truncate(at.max(1)),
                }
            }
            let text: String = text.into_iter().collect();
            if let Err(wrong) = read(&text) {
                refused += 1;
                let line: usize = wrong.split(':').nth(1).unwrap().parse().unwrap();
                assert!((1..=1 + text.matches('\n').count()).contains(&line), "{wrong}: {text}");
            }
        }
        assert!(refused > 1_000, "{refused}");
    }
}
