//! Writing a suppression into a configuration: at its end, so that all that stands in it stays byte for byte.

use super::{Config, Options, Problem, parse};
use crate::diagnosis::Suppression;

/// What is to be put at the end of a configuration so that it holds one suppression more, and the line that this starts
/// in; where it cannot be put there, a sentence. `name` is the file's, for messages.
pub fn addition(text: &str, name: &str, suppression: &Suppression) -> Result<(String, usize), String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut before = String::new();
    if !text.is_empty() {
        before = end.repeat(if text.ends_with('\n') { 1 } else { 2 });
    }
    let rule = suppression.rule.unwrap_or("*");
    let pattern = |pattern: &Option<crate::diagnosis::Pattern>| pattern.as_ref().map(|p| p.0.clone());
    let members = [
        ("rule", Some(rule.to_owned())),
        ("service", pattern(&suppression.service)),
        ("scope", pattern(&suppression.scope)),
        ("span", pattern(&suppression.span)),
        ("reason", Some(suppression.reason.clone())),
        ("until", suppression.until.map(|day| day.to_string())),
    ];
    let mut table = format!("[[suppress]]{end}");
    for (key, value) in members {
        if let Some(value) = value {
            table.push_str(&format!("{key} = {}{end}", quoted(&value)));
        }
    }
    let added = format!("{before}{table}");
    let line = 1 + text.matches('\n').count() + before.matches('\n').count();
    // Other keys than those of suppressions are not looked at: they were good when the file was read.
    let read = |text: &str| read(text, name).map_err(|problem| problem.to_string());
    let old = read(text).map_err(|wrong| format!("{wrong}; mend that first"))?;
    let new = read(&format!("{text}{added}"))
        .map_err(|wrong| format!("{name} cannot take a [[suppress]] at its end: {wrong}"))?;
    let same = new.suppressions.starts_with(&old.suppressions)
        && Config { suppressions: old.suppressions.clone(), ..new.clone() } == old;
    if !same || new.suppressions.len() != old.suppressions.len() + 1 {
        return Err(format!("{name} cannot take a [[suppress]] at its end; write it by hand"));
    }
    Ok((added, line))
}

fn read(text: &str, name: &str) -> Result<Config, Problem> {
    let all =
        Options { names: keys(text), check: &|_, _| Ok(()), keys: &|_, _| Ok(()), style: &|_, _| Ok(()) };
    parse(text, name, &all)
}

/// The keys at the top of a configuration.
fn keys(text: &str) -> Vec<String> {
    let table = toml::de::DeTable::parse(text);
    table
        .map(|table| table.get_ref().keys().map(|key| key.get_ref().to_string()).collect())
        .unwrap_or_default()
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Pattern;
    use crate::model::Day;

    fn suppression() -> Suppression {
        Suppression {
            rule: Some("negative-duration"),
            service: Some(Pattern("sho\"p\\ \u{1b}é".to_owned())),
            scope: None,
            span: Some(Pattern("GET /*".to_owned())),
            reason: "it's \"known\"".to_owned(),
            until: Day::parse("2027-01-31"),
            origin: String::new(),
        }
    }

    fn read(text: &str) -> Config {
        super::read(text, "otoscope.toml").unwrap()
    }

    #[test]
    fn what_is_written_reads_back_and_nothing_else_changes() {
        let one = suppression();
        for text in [
            "",
            "# a comment\nmax-memory = \"1GiB\" # another\n",
            "max-memory = \"1GiB\"",
            "[rules]\nnegative-duration = \"warn\"   \n\n\n",
            "grpc = 1\r\n[[suppress]]\r\nrule = \"*\"\r\nreason = \"x\"\r\n",
            "[[suppress]]\nrule = \"*\"\nreason = \"x\"\n[rules]\nnegative-duration = \"deny\"\n# the end",
        ] {
            let before = read(text);
            let (added, line) = addition(text, "otoscope.toml", &one).unwrap();
            let whole = format!("{text}{added}");
            let after = read(&whole);
            assert_eq!((&after.settings, &after.levels), (&before.settings, &before.levels));
            let (last, others) = after.suppressions.split_last().unwrap();
            assert_eq!(others, before.suppressions);
            assert_eq!(*last, Suppression { origin: format!("otoscope.toml:{line}"), ..one.clone() });
            assert_eq!(whole.lines().nth(line - 1), Some("[[suppress]]"));
            assert_eq!(text.contains("\r\n"), added.contains("\r\n"));
        }
    }

    #[test]
    fn a_file_that_cannot_take_it_is_left_alone() {
        for (text, why) in [
            ("suppress = []\n", "otoscope.toml cannot take a [[suppress]] at its end"),
            ("max-memory = ", "mend that first"),
            ("[rules]\nno-such-rule = \"deny\"\n", "mend that first"),
        ] {
            let refused = addition(text, "otoscope.toml", &suppression()).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
