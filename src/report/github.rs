//! Findings as workflow commands of GitHub Actions: an annotation for each headline, then the summary.

use super::{Checked, Report, text};
use crate::diagnosis::{Finding, Severity, State, about};
use crate::harmless::clean;
use std::fmt::Write;

/// The report.
pub(super) const REPORT: Report =
    Report { name: "github", summary: "annotations of a GitHub Actions run", write };

fn write(checked: &Checked<'_>) -> String {
    let mut out = String::new();
    for error in &checked.unreadable {
        command(&mut out, "error", "an input was not read", &clean(error));
    }
    for (index, headline) in checked.headlines() {
        let level = match Checked::loudness(headline) {
            _ if checked.is_known(headline) => "notice",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        command(&mut out, level, &title(checked, headline), &message(checked, index, headline));
    }
    let mut rest = String::new();
    text::closing(&mut rest, checked);
    rest.lines().for_each(|line| {
        let _ = writeln!(out, "{}", plain(line));
    });
    out
}

fn title(checked: &Checked<'_>, headline: &Finding) -> String {
    let state = if headline.state == State::Provisional { " (provisional)" } else { "" };
    let standing = checked.standing(headline).map_or(String::new(), |standing| format!(" ({standing})"));
    format!("{}{state}{standing}", headline.rule.id)
}

/// What is wrong, why, what to do and what it explains, a line each.
fn message(checked: &Checked<'_>, index: usize, headline: &Finding) -> String {
    let mut message = clean(&about(&headline.service, &headline.message)).into_owned();
    for line in text::reasons(headline) {
        let _ = write!(message, "\n{line}");
    }
    for symptom in checked.symptoms(index) {
        let _ = write!(message, "\n└ {}: {}", symptom.rule.id, clean(&symptom.message));
    }
    message
}

/// A workflow command. A line break or a percent sign in it would end or change it.
fn command(out: &mut String, level: &str, title: &str, message: &str) {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = data(title).replace(':', "%3A").replace(',', "%2C");
    let _ = writeln!(out, "::{level} title={property}::{}", data(message));
}

/// A line that the runner takes for a line, whatever telemetry is quoted in it: it obeys `::` at the beginning of a
/// line, and `##[` anywhere in it.
fn plain(line: &str) -> String {
    let line = line.replace("##[", "# #[");
    if line.trim_start().starts_with("::") { format!("· {}", line.trim_start()) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Bench, by_end};

    #[test]
    fn an_annotation_is_one_line_whatever_it_quotes() {
        let mut out = String::new();
        command(&mut out, "error", "100%: a,b", "50% of\r\nthem: a, b");
        assert_eq!(out, "::error title=100%25%3A a%2Cb::50%25 of%0D%0Athem: a, b\n");
    }

    #[test]
    fn telemetry_gives_no_commands() {
        assert_eq!(plain("  ::stop-commands::x"), "· ::stop-commands::x");
        assert_eq!(plain("note: ##[add-path]/tmp"), "note: # #[add-path]/tmp");
        let mut bench = Bench::default();
        bench.take(by_end("GET /a  s\n::error::x  internal  0..9  get=/a".replace('\n', "\r").as_str()));
        bench.finish();
        let report = write(&Checked::new(&bench.0));
        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines.len(), 2, "{report}");
        assert!(
            lines[0].starts_with("::error title=http-entry-not-server::s␍::error::x: 1 HTTP"),
            "{report}"
        );
        assert!(lines[0].contains("%0Awhy `GET /a` has"), "{report}");
    }

    #[test]
    fn a_provisional_finding_is_a_warning() {
        let sketch = "
            run  shop  internal  0..9000  lost
              GET /a  shop  internal  100..110  get=/a
              GET /b  shop  internal  6200..6210  get=/b
              GET /c  shop  internal  7000..7010  get=/c
        ";
        let mut bench = Bench::default();
        bench.take(by_end(sketch));
        let mut checked = Checked::new(&bench.0);
        assert!(!checked.findings.is_empty());
        for (state, starts) in
            [(State::Firm, "::error title=merged-under"), (State::Provisional, "::warning")]
        {
            for finding in &mut checked.findings {
                finding.state = state;
            }
            let report = write(&checked);
            assert!(report.starts_with(starts), "{report}");
            assert_eq!(report.contains("(provisional)"), state == State::Provisional, "{report}");
        }
    }
}
