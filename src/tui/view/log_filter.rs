//! Which log records to show. What is written is read once into a [`LogFilter`]; the list knows nothing else of it.

use super::prompt::Completion;
use crate::model::{SeverityNumber, SeverityRange};
use crate::store::HeldLog;
use std::fmt;

/// How many resources are looked at for the names of services.
const RESOURCES: usize = 200;

/// Says which log records are shown.
pub trait LogFilter: fmt::Debug {
    /// Whether this one is.
    fn matches(&self, log: &HeldLog<'_>) -> bool;
}

/// What is written, as a filter: words that must all be there, in any text of the log record; `severity>=warn`,
/// `severity=error`; `service=shop`. Else the character that is wrong, and why.
pub fn parse(text: &str) -> Result<Box<dyn LogFilter>, (usize, String)> {
    let mut words = Words::default();
    let mut at = 0;
    for word in text.split(' ') {
        let chars = word.chars().count();
        let start = at;
        at += chars + 1;
        if word.is_empty() {
            continue;
        }
        match word.split_once('=') {
            Some((key @ ("severity" | "severity>" | "sev" | "sev>"), name)) => {
                let range = severity(name).ok_or_else(|| {
                    let value = start + key.chars().count() + 1;
                    (value, "a severity is trace, debug, info, warn, error or fatal".to_owned())
                })?;
                words.severity = Some((range, key.ends_with('>')));
            }
            Some(("service", name)) => words.service = Some(name.to_lowercase()),
            _ => words.texts.push(word.to_lowercase()),
        }
    }
    Ok(Box::new(words))
}

/// What may be written instead of the last word, by how it starts; `services` are those that sent log records.
pub fn completions<'a>(text: &str, services: impl Iterator<Item = &'a str>) -> Vec<Completion> {
    let (before, last) = text.rsplit_once(' ').map_or(("", text), |(before, last)| (before, last));
    let severities = SeverityRange::ALL.into_iter().skip(1).rev().map(|range| {
        let name = range.name().to_lowercase();
        (format!("severity>={name}"), "this severe, or more")
    });
    let mut services: Vec<(String, &str)> =
        services.take(RESOURCES).map(|name| (format!("service={name}"), "of this service")).collect();
    services.sort_unstable();
    services.dedup();
    let fitting = severities
        .chain(services)
        .filter(|(word, _)| last.len() >= 2 && word != last && word.starts_with(last) && !word.contains(' '));
    let gap = if before.is_empty() { "" } else { " " };
    let completion = |(word, note): (String, &str)| Completion {
        line: format!("{before}{gap}{word}"),
        label: word,
        note: note.to_owned(),
    };
    fitting.map(completion).collect()
}

fn severity(name: &str) -> Option<SeverityRange> {
    if let Ok(number) = name.parse() {
        return Some(SeverityNumber(number).range());
    }
    let name = if name.eq_ignore_ascii_case("warning") { "warn" } else { name };
    let named = SeverityRange::ALL.into_iter().skip(1);
    named.into_iter().find(|range| range.name().eq_ignore_ascii_case(name))
}

#[derive(Debug, Default)]
struct Words {
    /// In lower case.
    texts: Vec<String>,
    severity: Option<(SeverityRange, bool)>,
    service: Option<String>,
}

impl LogFilter for Words {
    fn matches(&self, log: &HeldLog<'_>) -> bool {
        if let Some((wanted, or_above)) = self.severity {
            let range = log.record.severity.range();
            if !(range == wanted || or_above && range > wanted) {
                return false;
            }
        }
        if let Some(wanted) = &self.service
            && !contains(log.service().as_bytes(), wanted)
        {
            return false;
        }
        self.texts.iter().all(|wanted| {
            log.any_text(&mut |text| contains(text, wanted)) || contains(log.service().as_bytes(), wanted)
        })
    }
}

/// Whether a text contains another, which is in lower case; beyond ASCII only where it needs to be looked at.
fn contains(text: &[u8], wanted: &str) -> bool {
    if !wanted.is_ascii() {
        return String::from_utf8_lossy(text).to_lowercase().contains(wanted);
    }
    let wanted = wanted.as_bytes();
    let Some(first) = wanted.first() else { return true };
    let starts = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
    starts
        .into_iter()
        .any(|at| text.get(at..at + wanted.len()).is_some_and(|part| part.eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Batch, Origin};
    use crate::otlp::walk_json;
    use crate::store::{Arrived, Store};

    fn shown(filter: &str) -> Vec<String> {
        let json = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"Shop"}}]},
          "scopeLogs":[{"logRecords":[
            {"timeUnixNano":"1","severityNumber":17,"body":{"stringValue":"No Stock for tea"}},
            {"timeUnixNano":"2","severityNumber":13,"body":{"stringValue":"slow"},
             "attributes":[{"key":"db.rows","value":{"intValue":"4711"}},{"key":"q","value":{"stringValue":"Größe"}}]},
            {"timeUnixNano":"3","severityNumber":9,"body":{"kvlistValue":{"values":[{"key":"user","value":{"stringValue":"tea lover"}}]}}},
            {"timeUnixNano":"4","eventName":"session.start"}]}]}]}"#;
        let batch: Batch = walk_json(json.as_bytes(), "t".into(), Origin::HttpJson, 0).unwrap();
        let mut store = Store::new();
        store.ingest(batch, &mut Arrived::default());
        let filter = parse(filter).unwrap();
        let held = store.logs().filter_map(|key| store.log(key)).filter(|log| filter.matches(log));
        held.map(|log| log.key.at_ns.to_string()).collect()
    }

    #[test]
    fn words_severities_and_services_are_matched_together() {
        for (filter, expected) in [
            ("", "1 2 3 4"),
            ("tea", "1 3"),
            ("TEA stock", "1"),
            ("4711", "2"),
            ("db.rows", "2"),
            ("größe", "2"),
            ("session", "4"),
            ("severity>=warn", "1 2"),
            ("severity=warn", "2"),
            ("sev>=17", "1"),
            ("service=shop tea", "1 3"),
            ("service=other", ""),
            ("x=y", ""),
        ] {
            assert_eq!(shown(filter).join(" "), expected, "{filter}");
        }
        assert_eq!(parse("tea severity>=loud").unwrap_err().0, 14);
    }

    #[test]
    fn the_last_word_is_completed() {
        let lines = |text: &str| -> Vec<String> {
            completions(text, ["shop", "price", "shop"].into_iter()).into_iter().map(|c| c.line).collect()
        };
        assert_eq!(lines("tea service"), ["tea service=price", "tea service=shop"]);
        assert_eq!(lines("severity>=e"), ["severity>=error"]);
        assert_eq!(lines("severity>=error"), Vec::<String>::new());
        assert_eq!(lines("s"), Vec::<String>::new(), "one letter says little");
    }
}
