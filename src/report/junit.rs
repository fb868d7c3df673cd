//! Findings as `JUnit` XML: a suite for each service, a case for each rule, and for each further finding of it.
//!
//! What makes the check fail is a failure; what does not (by severity, provisional, or suppressed) is a skipped case,
//! which build servers show without failing.

use super::{Checked, Report, text};
use crate::diagnosis::{Finding, State, Suppressed};
use crate::harmless::cleaned;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The report.
pub(super) const REPORT: Report = Report { name: "junit", summary: "test results for build servers", write };

/// The suite of inputs that could not be read.
const INPUT: &str = "input";

#[derive(Default)]
struct Suite {
    name: String,
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

fn write(checked: &Checked<'_>) -> String {
    let store = &checked.session.store;
    let seen = (0..store.resource_count() as u32).map(|number| store.resource(number).service_name());
    let accepted = checked.suppressed.iter().map(|one| &one.finding);
    let found = checked.findings.iter().chain(accepted).map(|finding| finding.service.as_str());
    let services: BTreeSet<&str> = seen.chain(found).collect();
    let mut suites: Vec<Suite> = services.into_iter().map(|service| suite(checked, service)).collect();
    if !checked.unreadable.is_empty() {
        suites.push(unreadable(&checked.unreadable));
    }
    let sum = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"otoscope\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        sum(|s| s.tests),
        sum(|s| s.failures),
        sum(|s| s.errors),
        sum(|s| s.skipped)
    );
    let mut closing = String::new();
    text::closing(&mut closing, checked);
    for (index, Suite { name, cases, tests, failures, errors, skipped }) in suites.iter().enumerate() {
        let name = escape(name);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\">\n{cases}{}  </testsuite>",
            // Only suites have room for words: the last one ends with what concerns all of them.
            if index + 1 == suites.len() { element(4, "system-out", "", &closing) } else { String::new() }
        );
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(checked: &Checked<'_>, service: &str) -> Suite {
    let mut suite = Suite { name: service.to_owned(), ..Suite::default() };
    let told = checked.findings.iter().map(|finding| (finding, None));
    let accepted = checked.suppressed.iter().map(|one| (&one.finding, Some(one)));
    let here: Vec<_> = told.chain(accepted).filter(|(finding, _)| finding.service == service).collect();
    for rule in &checked.rules {
        let found = || here.iter().filter(|(finding, _)| finding.rule.id == rule.id);
        if found().next().is_none() {
            suite.case(service, rule.id, "");
        }
        // Names stay the same from run to run, so that a build server can tell a case's history.
        for (index, (finding, accepted)) in found().enumerate() {
            let name = if index == 0 { rule.id.to_owned() } else { format!("{} #{}", rule.id, index + 1) };
            suite.finding(checked, &name, finding, *accepted);
        }
    }
    suite
}

fn unreadable(errors: &[String]) -> Suite {
    let mut suite = Suite { name: INPUT.to_owned(), errors: errors.len(), ..Suite::default() };
    for error in errors {
        suite.case(INPUT, "is read", &element(6, "error", &attribute("message", error), error));
    }
    suite
}

impl Suite {
    fn case(&mut self, class: &str, name: &str, inside: &str) {
        self.tests += 1;
        let (class, name) = (attribute("classname", class), attribute("name", name));
        let _ = if inside.is_empty() {
            writeln!(self.cases, "    <testcase{class}{name}/>")
        } else {
            writeln!(self.cases, "    <testcase{class}{name}>\n{inside}    </testcase>")
        };
    }

    fn finding(&mut self, checked: &Checked<'_>, name: &str, finding: &Finding, by: Option<&Suppressed>) {
        let mut text =
            vec![format!("{} {}, confidence {:.2}", finding.severity, finding.state, finding.confidence)];
        if let Some(headline) = finding.folded_under.and_then(|index| checked.findings.get(index)) {
            text.push(format!("explained by {}", headline.rule.id));
        }
        text.extend(text::reasons(finding));
        let traces: Vec<String> = finding.trace_ids.iter().map(ToString::to_string).collect();
        text.push(format!("in  {}", traces.join(" ")));
        let text = text.join("\n");
        let inside = if by.is_none() && checked.counts(finding) {
            self.failures += 1;
            let kind = attribute("type", &finding.severity.to_string());
            element(6, "failure", &(attribute("message", &finding.message) + &kind), &text)
        } else {
            self.skipped += 1;
            let why = match (by, finding.state) {
                (Some(by), _) => format!("suppressed, {} ({})", by.reason, by.origin),
                (None, State::Provisional) => "provisional".to_owned(),
                (None, State::Firm) if checked.is_known(finding) => "still there".to_owned(),
                (None, State::Firm) => finding.severity.to_string(),
            };
            let message = attribute("message", &format!("{why}: {}", finding.message));
            element(6, "skipped", &message, "") + &element(6, "system-out", "", &text)
        };
        self.case(&finding.service, name, &inside);
    }
}

/// An element on lines of its own.
fn element(indent: usize, name: &str, attributes: &str, text: &str) -> String {
    let text: Vec<_> = text.lines().map(escape).collect();
    if text.is_empty() {
        return format!("{:indent$}<{name}{attributes}/>\n", "");
    }
    format!("{:indent$}<{name}{attributes}>{}</{name}>\n", "", text.join("\n"))
}

fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", escape(value))
}

/// Text as XML 1.0 takes it. Control characters are not allowed in it, not even as references.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in cleaned(text) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Severity;
    use crate::testkit::{Bench, by_end};

    const MERGED: &str = "
        run  shop  internal  0..90000
          GET /a  shop  internal  100..110  get=/a
          GET /b  shop  internal  20000..20010  get=/b
          GET /c  shop  internal  30000..30010  get=/c
        GET /fine  fine  server  40000..40010  get=/fine trace=2
    ";

    /// Of each case: its class, its name, and what is in it.
    fn cases(report: &str) -> Vec<(String, String, String)> {
        let document = roxmltree::Document::parse(report).unwrap_or_else(|e| panic!("{e}: {report}"));
        let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
        let inside = |case: roxmltree::Node<'_, '_>| {
            case.children()
                .filter(roxmltree::Node::is_element)
                .map(|n| n.tag_name().name().to_owned())
                .collect()
        };
        let case = |case: roxmltree::Node<'_, '_>| {
            let of = |name| case.attribute(name).unwrap().to_owned();
            (of("classname"), of("name"), inside(case))
        };
        cases.map(case).collect()
    }

    #[test]
    fn every_rule_is_a_case_of_every_service() {
        let mut bench = Bench::default();
        bench.take(by_end(MERGED)).finish();
        let mut checked = Checked::new(&bench.0);
        let report = write(&checked);
        let cases = |report: &str| {
            let mut cases = cases(report);
            cases.retain(|(_, _, inside)| !inside.is_empty());
            cases
                .into_iter()
                .map(|(class, name, inside)| format!("{class} {name} {inside}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            cases(&report),
            ["shop http-entry-not-server failure", "shop merged-under-local-span failure"]
        );
        let all = format!("tests=\"{}\" failures=\"2\" errors=\"0\" skipped=\"0\"", 2 * checked.rules.len());
        assert!(report.contains(&format!("<testsuites name=\"otoscope\" {all}>")), "{report}");
        checked.fail_on = None;
        assert!(!checked.fails());
        let skipped = ["http-entry-not-server", "merged-under-local-span"]
            .map(|rule| format!("shop {rule} skippedsystem-out"));
        assert_eq!(cases(&write(&checked)), skipped, "what does not fail the check fails no case");
        checked.fail_on = Some(Severity::Info);
        for finding in &mut checked.findings {
            finding.state = State::Provisional;
        }
        assert_eq!(cases(&write(&checked)), skipped);
        assert!(write(&checked).contains("message=\"provisional: 3 unrelated requests"));
    }

    #[test]
    fn only_legal_xml_leaves() {
        let nasty = "<a href=\"x\">&amp;'\0\u{1b}[31m\u{fffe}\u{ffff}]]>\u{9b}";
        let mut bench = Bench::default();
        bench.take(by_end(MERGED)).finish();
        let mut checked = Checked::new(&bench.0);
        for finding in &mut checked.findings {
            finding.service = nasty.to_owned();
            finding.message = nasty.to_owned();
            finding.evidence = vec![nasty.to_owned(), "::error::".to_owned()];
        }
        checked.unreadable = vec![nasty.to_owned()];
        let report = write(&checked);
        let document = roxmltree::Document::parse(&report).unwrap_or_else(|e| panic!("{e}: {report}"));
        let read = "<a href=\"x\">&amp;'␀␛[31m\u{fffd}\u{fffd}]]>·";
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert_eq!(failure.attribute("message"), Some(read));
        assert!(failure.text().unwrap().contains(&format!("why {read}\n    ::error::")), "{report}");
        let error = document.descendants().find(|node| node.has_tag_name("error")).unwrap();
        assert_eq!(error.attribute("message"), Some(read));
        assert_eq!(error.parent().unwrap().attribute("classname"), Some("input"));
    }
}
