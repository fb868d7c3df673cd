//! The table: what may stand in it, and what is said of what may not.

use super::KnownIssue;
use super::version::{Version, Versions};
use crate::diagnosis::finding::Certainty;
use crate::diagnosis::nearest::{nearest, rule};
use crate::diagnosis::suppression::Pattern;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a row may say.
const FIELDS: [&str; 19] = [
    "id",
    "requires",
    "language",
    "scope",
    "from",
    "before",
    "sdk_from",
    "sdk_before",
    "names",
    "entries",
    "needs_scope",
    "certainty",
    "while_open",
    "needs_auto",
    "summary",
    "fixed_in",
    "remedy",
    "refs",
    "verified",
];

/// What is wrong with a table: the first thing in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// The field, where it is about one.
    pub field: Option<String>,
    /// What is wrong, and what to write.
    pub text: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, field, text } = self;
        match field {
            Some(field) => write!(f, "{line}: {field}: {text}"),
            None => write!(f, "{line}: {text}"),
        }
    }
}

impl std::error::Error for Error {}

/// Reads a user's table: `[[issue]]` rows as in `assets/known-issues.toml`.
pub fn parse(text: &str) -> Result<Vec<KnownIssue>, Error> {
    read(text, &|name| rule(name).map(drop))
}

/// The shipped table. Empty if it cannot be read, which a test rules out.
pub(super) fn shipped() -> Vec<KnownIssue> {
    read(SHIPPED, &|_| Ok(())).unwrap_or_default()
}

/// The shipped table's text.
pub(super) const SHIPPED: &str = include_str!("../../../assets/known-issues.toml");

/// Says what is wrong with the name of a rule, if anything.
type IsRule<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// Reads a table.
pub(super) fn read(text: &str, is_rule: IsRule<'_>) -> Result<Vec<KnownIssue>, Error> {
    let line = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let document = DeTable::parse(text).map_err(|error| {
        let text = error.message().lines().collect::<Vec<_>>().join(", ");
        Error { line: line(error.span().map_or(0, |span| span.start)), field: None, text }
    })?;
    let mut reader = Reader { is_rule, wrong: Vec::new() };
    let rows = reader.document(document.get_ref());
    // Tables come sorted by name: of several things that are wrong, the first in the text is told.
    match reader.wrong.into_iter().min_by_key(|(offset, ..)| *offset) {
        Some((offset, field, text)) => Err(Error { line: line(offset), field, text }),
        None => Ok(rows),
    }
}

struct Reader<'a> {
    is_rule: IsRule<'a>,
    wrong: Vec<(usize, Option<String>, String)>,
}

/// A row being read: its fields, and where it stands.
#[derive(Clone, Copy)]
struct Row<'a> {
    table: &'a DeTable<'a>,
    at: usize,
}

impl Row<'_> {
    /// Where a field stands, or the row that should have it.
    fn span(self, field: &str) -> Range<usize> {
        self.table.get(field).map_or(self.at..self.at, Spanned::span)
    }
}

impl Reader<'_> {
    fn document(&mut self, table: &DeTable<'_>) -> Vec<KnownIssue> {
        let mut rows: Vec<KnownIssue> = Vec::new();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("issue", DeValue::Array(all)) => {
                    for one in all {
                        let Some(row) = self.row(one) else { continue };
                        if rows.iter().any(|other| other.id == row.id) {
                            self.say(one.span(), "id", format!("{} is there twice", row.id));
                        }
                        rows.push(row);
                    }
                }
                ("issue", _) => self.wrong.push((
                    value.span().start,
                    None,
                    "write each known issue under [[issue]]".to_owned(),
                )),
                (unknown, _) => self.wrong.push((
                    key.span().start,
                    None,
                    format!("there is no {unknown} here; write each known issue under [[issue]]"),
                )),
            }
        }
        rows
    }

    fn row(&mut self, one: &Spanned<DeValue<'_>>) -> Option<KnownIssue> {
        let DeValue::Table(table) = one.get_ref() else {
            self.wrong.push((one.span().start, None, "write each known issue under [[issue]]".to_owned()));
            return None;
        };
        for key in table.keys().filter(|key| !FIELDS.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let said = match nearest(name, FIELDS) {
                Some(near) => format!("there is no such field; did you mean {near}?"),
                None => format!("there is no such field; there are {}", FIELDS.join(", ")),
            };
            self.say(key.span(), name, said);
        }
        let row = Row { table, at: one.span().start };
        let issue = KnownIssue {
            id: self.needed_text(row, "id"),
            requires: self.rules(row),
            languages: self.list(row, "language"),
            scopes: self.patterns(row, "scope"),
            versions: Versions { from: self.version(row, "from"), before: self.version(row, "before") },
            sdk: Versions { from: self.version(row, "sdk_from"), before: self.version(row, "sdk_before") },
            names: self.patterns(row, "names"),
            entries: self.flag(row, "entries"),
            needs_scope: self.patterns(row, "needs_scope"),
            certainty: self.certainty(row, "certainty").unwrap_or(Certainty::Certain),
            while_open: self.certainty(row, "while_open"),
            needs_auto: self.flag(row, "needs_auto"),
            summary: self.needed_text(row, "summary"),
            fixed_in: self.text(row, "fixed_in"),
            remedy: self.needed_list(row, "remedy"),
            refs: self.needed_list(row, "refs"),
            verified: self.verified(row),
        };
        if issue.scopes.is_empty() && !issue.versions.is_all() {
            let field = if table.contains_key("from") { "from" } else { "before" };
            self.say(row.span(field), field, "is a version of the scope; name it in scope");
        }
        Some(issue)
    }

    /// Names of rules, each one that is known.
    fn rules(&mut self, row: Row<'_>) -> Vec<String> {
        let named = self.needed_list(row, "requires");
        for wrong in named.iter().filter_map(|name| (self.is_rule)(name).err()) {
            self.say(row.span("requires"), "requires", wrong);
        }
        named
    }

    fn verified(&mut self, row: Row<'_>) -> String {
        let text = self.needed_text(row, "verified");
        if !text.split(',').all(|letter| ["", "R", "S", "I"].contains(&letter.trim())) {
            let said = "write R (reproduced), S (read in source or changelog), I (issue thread only), or several with commas";
            self.say(row.span("verified"), "verified", said);
        }
        text
    }

    fn certainty(&mut self, row: Row<'_>, field: &str) -> Option<Certainty> {
        let text = self.text(row, field);
        let known = Certainty::ALL.into_iter().find(|one| one.id() == text);
        if known.is_none() && row.table.contains_key(field) {
            self.say(row.span(field), field, "write \"perhaps\", \"likely\" or \"certain\"");
        }
        known
    }

    fn version(&mut self, row: Row<'_>, field: &str) -> Option<Version> {
        let text = self.text(row, field);
        let version = Version::parse(&text);
        if version.is_none() && !text.is_empty() {
            self.say(row.span(field), field, format!("{text} is no version"));
        }
        version
    }

    fn flag(&mut self, row: Row<'_>, field: &str) -> bool {
        match row.table.get(field).map(Spanned::get_ref) {
            None => false,
            Some(DeValue::Boolean(flag)) => *flag,
            Some(_) => {
                self.say(row.span(field), field, "write true or false");
                false
            }
        }
    }

    fn text(&mut self, row: Row<'_>, field: &str) -> String {
        match row.table.get(field).map(Spanned::get_ref) {
            None => String::new(),
            Some(DeValue::String(text)) => text.trim().to_owned(),
            Some(_) => {
                self.say(row.span(field), field, "is text; put it in quotes");
                String::new()
            }
        }
    }

    fn needed_text(&mut self, row: Row<'_>, field: &str) -> String {
        let text = self.text(row, field);
        self.need(row, field, text.is_empty());
        text
    }

    /// One text, or several.
    fn list(&mut self, row: Row<'_>, field: &str) -> Vec<String> {
        let texts: Option<Vec<String>> = match row.table.get(field).map(Spanned::get_ref) {
            None => Some(Vec::new()),
            Some(DeValue::String(text)) => Some(vec![text.to_string()]),
            Some(DeValue::Array(all)) => {
                all.iter().map(|one| one.get_ref().as_str().map(str::to_owned)).collect()
            }
            Some(_) => None,
        };
        let Some(texts) = texts.filter(|texts| texts.iter().all(|text| !text.trim().is_empty())) else {
            self.say(row.span(field), field, "is a text, or a list of texts");
            return Vec::new();
        };
        texts
    }

    fn patterns(&mut self, row: Row<'_>, field: &str) -> Vec<Pattern> {
        self.list(row, field).into_iter().map(Pattern).collect()
    }

    fn needed_list(&mut self, row: Row<'_>, field: &str) -> Vec<String> {
        let texts = self.list(row, field);
        self.need(row, field, texts.is_empty());
        texts
    }

    fn need(&mut self, row: Row<'_>, field: &str, missing: bool) {
        let told = self.wrong.iter().any(|(at, said, _)| *at >= row.at && said.as_deref() == Some(field));
        if missing && !told {
            self.say(row.span(field), field, "is needed");
        }
    }

    fn say(&mut self, span: Range<usize>, field: &str, text: impl Into<String>) {
        self.wrong.push((span.start, Some(field.to_owned()), text.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "[[issue]]
id = \"X1\"
requires = \"negative-duration\"
summary = \"Our scheduler sets the end by hand.\"
remedy = [\"upgrade the scheduler\"]
refs = [\"https://example.com/wiki/X1\"]
verified = \"S\"
";

    fn said(text: &str) -> String {
        parse(text).map_or_else(|error| error.to_string(), |rows| format!("{} rows", rows.len()))
    }

    #[test]
    fn a_row_needs_no_more_than_this() {
        let rows = parse(ROW).unwrap();
        assert_eq!((rows[0].id.as_str(), rows[0].certainty), ("X1", Certainty::Certain));
        assert_eq!(rows[0].requires, ["negative-duration"]);
        assert_eq!(said(""), "0 rows");
        assert_eq!(said("# none yet\nissue = []\n"), "0 rows");
    }

    #[test]
    fn everything_that_it_may_say() {
        let all = "language = [\"python\", \"nodejs\"]
scope = [\"our.scheduler\", \"our.lib.*\"]
from = \"1.0\"
before = \"2.0b1\"
sdk_from = \"1.1\"
sdk_before = \"1.2\"
names = \"tick\"
entries = true
needs_scope = \"our.web\"
certainty = \"likely\"
while_open = \"perhaps\"
needs_auto = true
fixed_in = \"2.0b1\"
";
        let row = &parse(&format!("{ROW}{all}")).unwrap()[0];
        assert_eq!(row.languages, ["python", "nodejs"]);
        let texts = |patterns: &[Pattern]| patterns.iter().map(|p| p.0.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&row.scopes), ["our.scheduler", "our.lib.*"]);
        assert_eq!(row.versions.to_string(), "1.0 and later, before 2.0b1");
        assert_eq!(row.sdk.to_string(), "1.1 and later, before 1.2");
        assert_eq!(
            (texts(&row.names), texts(&row.needs_scope)),
            (vec!["tick".to_owned()], vec!["our.web".to_owned()])
        );
        assert!(row.entries && row.needs_auto);
        assert_eq!((row.certainty, row.while_open), (Certainty::Likely, Some(Certainty::Perhaps)));
        assert_eq!(row.fixed_in, "2.0b1");
        let fields = FIELDS.iter().filter(|field| all.contains(**field) || ROW.contains(**field)).count();
        assert_eq!(fields, FIELDS.len(), "each of them is tried here");
    }

    #[test]
    fn what_is_wrong_has_a_line_and_a_field() {
        let with = |line: &str| said(&format!("{ROW}{line}\n"));
        assert_eq!(with("scop = \"x\""), "8: scop: there is no such field; did you mean scope?");
        assert!(with("colour = 1").starts_with("8: colour: there is no such field; there are id, requires"));
        assert_eq!(with("before = \"soon\""), "8: before: soon is no version");
        assert_eq!(with("before = \"1.0\""), "8: before: is a version of the scope; name it in scope");
        assert_eq!(with("scope = [1]"), "8: scope: is a text, or a list of texts");
        assert_eq!(with("entries = \"yes\""), "8: entries: write true or false");
        assert_eq!(
            with("certainty = \"sure\""),
            "8: certainty: write \"perhaps\", \"likely\" or \"certain\""
        );
        assert_eq!(with("fixed_in = 2"), "8: fixed_in: is text; put it in quotes");
        assert_eq!(with(ROW), "8: id: X1 is there twice");
        assert_eq!(with("[rules]"), "8: there is no rules here; write each known issue under [[issue]]");
        let instead = |old: &str, new: &str| said(&ROW.replace(old, new));
        assert_eq!(
            instead("negative-duration", "negative-durations"),
            "3: requires: there is no rule negative-durations; did you mean negative-duration?"
        );
        assert_eq!(instead("requires = \"negative-duration\"\n", ""), "1: requires: is needed");
        assert_eq!(instead("requires = \"negative-duration\"", "requires = []"), "3: requires: is needed");
        assert_eq!(instead("id = \"X1\"", "id = 1"), "2: id: is text; put it in quotes");
        assert!(instead("\"S\"", "\"yes\"").starts_with("7: verified: write R (reproduced)"));
        assert!(instead("[[issue]]", "[issue]").starts_with("1: write each known issue under [[issue]]"));
        assert!(instead("id = \"X1\"", "id = ").starts_with("2: "));
    }
}
