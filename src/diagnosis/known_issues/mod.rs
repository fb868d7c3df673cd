//! Known issues: which release of what explains a finding. Data in `assets/known-issues.toml`, and in files of users.
//!
//! None speaks without an observed symptom: a row only ever decorates a finding that a rule has made.

mod apply;
mod table;
mod version;

use super::finding::{Certainty, KnownIssueMatch};
use super::suppression::Pattern;
use std::sync::LazyLock;

pub use table::{Error, parse};
pub use version::{Version, Versions};

/// One row of the table.
#[derive(Clone, PartialEq, Debug)]
pub struct KnownIssue {
    /// `G1`, … A number that stands for several has a letter for each.
    pub id: String,
    /// Rules of which one must have found something.
    pub requires: Vec<String>,
    /// Each a `telemetry.sdk.language`; any, where there is none.
    pub languages: Vec<String>,
    /// Names of instrumentation scopes; any, where there is none.
    pub scopes: Vec<Pattern>,
    /// Versions of that scope.
    pub versions: Versions,
    /// Versions of the SDK (`telemetry.sdk.version`).
    pub sdk: Versions,
    /// Names of the culprit, or of the work that goes on; any, where there is none.
    pub names: Vec<Pattern>,
    /// The scope is that of the requests themselves, not of what they hang under.
    pub entries: bool,
    /// Scopes of which one must have been seen in the service too.
    pub needs_scope: Vec<Pattern>,
    /// How sure it is where all fits.
    pub certainty: Certainty,
    /// How sure it is while the culprit has not arrived, and the version of the requests' own instrumentation fits.
    pub while_open: Option<Certainty>,
    /// While the culprit has not arrived, only where the process is instrumented from outside.
    pub needs_auto: bool,
    /// What happens.
    pub summary: String,
    /// The first release without it, as its users write it; empty where none is known.
    pub fixed_in: String,
    /// What to do, first things first.
    pub remedy: Vec<String>,
    /// Issues, pull requests, changelogs.
    pub refs: Vec<String>,
    /// How it was verified: R reproduced, S read in source or changelog, I issue thread only.
    pub verified: String,
}

static SHIPPED: LazyLock<Vec<KnownIssue>> = LazyLock::new(table::shipped);

/// The shipped table.
pub fn shipped() -> &'static [KnownIssue] {
    &SHIPPED
}

/// A user's rows, then the shipped ones whose ids they do not use.
pub(super) fn with_shipped(mut rows: Vec<KnownIssue>) -> Vec<KnownIssue> {
    let others = shipped().iter().filter(|row| rows.iter().all(|own| own.id != row.id)).cloned();
    let others: Vec<KnownIssue> = others.collect();
    rows.extend(others);
    rows
}

/// The rows that an id stands for: its own, or those with a letter behind it.
pub fn named<'a>(rows: &'a [KnownIssue], id: &str) -> Vec<&'a KnownIssue> {
    let exact = |row: &&KnownIssue| row.id.eq_ignore_ascii_case(id);
    if let Some(row) = rows.iter().find(exact) {
        return vec![row];
    }
    let lettered = |row: &&KnownIssue| {
        let number = row.id.strip_suffix(|c: char| c.is_ascii_lowercase());
        number.is_some_and(|number| number.eq_ignore_ascii_case(id))
    };
    rows.iter().filter(lettered).collect()
}

/// Who may have done it.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    /// A span that was received: what requests hang under, or what a rule names.
    Culprit { scope: &'a str, version: &'a str, name: &'a str },
    /// A culprit that has not arrived. The version is that of the requests' own instrumentation, which is released
    /// together with it; `like_it`: the requests look as they do under such a culprit.
    Open { version: &'a str, auto: bool, like_it: bool },
    /// The requests themselves, which hang under something else.
    Entries { scope: &'a str, version: &'a str },
}

/// Whether any of several pairs is such.
pub(super) type Any<'a> = &'a dyn Fn(&dyn Fn(&str, &str) -> bool) -> bool;

/// What is known of a finding.
pub(super) struct Suspect<'a> {
    pub(super) rule: &'a str,
    pub(super) by: &'a [By<'a>],
    /// Languages and SDK versions of its processes.
    pub(super) sdks: Any<'a>,
    /// Names and versions of the scopes of its service.
    pub(super) scopes: Any<'a>,
}

/// A row that fits, and how sure that is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match<'a> {
    pub(crate) issue: &'a KnownIssue,
    pub(crate) certainty: Certainty,
}

/// The row that explains a finding: the surest, of those the first.
pub(super) fn find<'a>(table: &'a [KnownIssue], suspect: &Suspect<'_>) -> Option<Match<'a>> {
    let fits = |issue: &'a KnownIssue| Some(Match { issue, certainty: issue.fits(suspect)? });
    table
        .iter()
        .filter_map(fits)
        .reduce(|best, next| if next.certainty > best.certainty { next } else { best })
}

impl KnownIssue {
    /// Whether a rule's findings are a symptom of it.
    pub(super) fn explains(&self, rule: &str) -> bool {
        self.requires.iter().any(|required| required == rule)
    }

    /// How surely it is behind a finding. What costs least is asked first: every verdict asks every row.
    fn fits(&self, suspect: &Suspect<'_>) -> Option<Certainty> {
        let sdk = |language: &str, version: &str| {
            (self.languages.is_empty() || self.languages.iter().any(|own| own == language))
                && self.sdk.contain(version)
        };
        if !self.explains(suspect.rule) || !(suspect.sdks)(&sdk) {
            return None;
        }
        let by = suspect.by.iter().filter_map(|by| self.fits_by(by)).max();
        let certainty = by.or_else(|| self.fits_somewhere(suspect))?;
        self.beside(suspect).then_some(certainty)
    }

    fn fits_by(&self, by: &By<'_>) -> Option<Certainty> {
        match *by {
            // Console output names no scope; the name and the version must do there.
            By::Culprit { scope, version, name } => {
                let named = self.names.is_empty() || any(&self.names, name);
                let scoped = self.scoped(scope) || scope.is_empty() && !self.names.is_empty();
                (scoped && named && self.versions.contain(version)).then_some(self.certainty)
            }
            By::Open { version, auto, like_it } => {
                let fits = like_it && (auto || !self.needs_auto) && self.versions.contain(version);
                self.while_open.filter(|_| fits)
            }
            By::Entries { scope, version } => {
                let fits = self.entries && self.scoped(scope) && self.versions.contain(version);
                fits.then_some(self.certainty)
            }
        }
    }

    /// What is only a possibility may have been done by any scope of the service; so may what a finding is about that
    /// names no scope.
    fn fits_somewhere(&self, suspect: &Suspect<'_>) -> Option<Certainty> {
        let open = self.certainty == Certainty::Perhaps || suspect.by.is_empty();
        let seen = |name: &str, version: &str| self.scoped(name) && self.versions.contain(version);
        let fits = self.names.is_empty() && (self.scopes.is_empty() || (suspect.scopes)(&seen));
        // What the SDK's version alone decides is as sure without a scope.
        let sure =
            if self.scopes.is_empty() && !self.sdk.is_all() { self.certainty } else { Certainty::Perhaps };
        (open && fits).then_some(sure)
    }

    fn scoped(&self, scope: &str) -> bool {
        self.scopes.is_empty() || any(&self.scopes, scope)
    }

    /// Whether what must be in the service too is there. A sender that names no scopes, as console output does, gets the
    /// benefit of the doubt; where its culprit is unknown as well, only if a row's versions alone make it likely.
    fn beside(&self, suspect: &Suspect<'_>) -> bool {
        let open = suspect.by.iter().any(|by| matches!(by, By::Open { .. }));
        self.needs_scope.is_empty()
            || (suspect.scopes)(&|name, _| any(&self.needs_scope, name))
            || (!open || self.while_open > Some(Certainty::Perhaps))
                && !(suspect.scopes)(&|name, _| !name.is_empty())
    }

    /// Whether its row says which versions have it.
    fn is_pinned(&self) -> bool {
        !self.versions.is_all() || !self.sdk.is_all()
    }
}

/// Whether one of the patterns fits.
fn any(patterns: &[Pattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

impl Match<'_> {
    /// How a finding refers to it.
    pub(super) fn matched(self) -> KnownIssueMatch {
        let KnownIssue { id, fixed_in, refs, .. } = self.issue;
        KnownIssueMatch {
            id: id.clone(),
            fixed_in: fixed_in.clone(),
            refs: refs.clone(),
            certainty: self.certainty,
        }
    }

    /// Whether it weighs as evidence: what did it is known, and its version is one with the issue.
    pub(super) fn is_evidence(self) -> bool {
        self.is_sure() && self.issue.is_pinned()
    }

    /// Whether it is more than a possibility.
    pub(crate) fn is_sure(self) -> bool {
        self.certainty > Certainty::Perhaps
    }

    /// Whose span an open culprit would be: the last part of the scope's name.
    pub(crate) fn culprit(&self) -> Option<&str> {
        let scope = &self.issue.scopes.first()?.0;
        Some(scope.rsplit('.').next().unwrap_or(scope))
    }

    /// What fits, in a sentence.
    pub(super) fn sentence(self) -> String {
        let KnownIssue { id, summary, .. } = self.issue;
        match (self.is_sure(), self.issue.is_pinned()) {
            (false, _) => format!("it may be known issue {id}: {summary}"),
            (true, true) => format!("language and versions fit known issue {id}: {summary}"),
            (true, false) => format!("it looks like known issue {id}: {summary}"),
        }
    }

    /// Advice with what to do about it: first, or last where it is only a possibility.
    pub(super) fn advise(self, mut advice: Vec<String>) -> Vec<String> {
        let at = if self.is_sure() { 0 } else { advice.len() };
        advice.splice(at..at, self.issue.remedy.iter().cloned());
        advice
    }
}

#[cfg(test)]
mod tests;
