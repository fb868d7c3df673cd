//! The table put to use: on groups of merged requests, and on what all other rules find.

use super::{By, Match, Suspect, find};
use crate::diagnosis::group::{Group, GroupKey};
use crate::diagnosis::process::Process;
use crate::diagnosis::{Diagnosis, Finding, Rule};
use crate::store::Store;

/// How many scopes of a group's requests are looked at.
const SCOPES: usize = 8;

impl Diagnosis {
    /// The known issue behind a group of merged requests.
    pub(in crate::diagnosis) fn known_issue(
        &self,
        store: &Store,
        group: &Group,
        rule: &Rule,
    ) -> Option<Match<'_>> {
        let process = self.processes.get(group.process);
        let [under, entries] = scopes(group);
        let shown = under.iter().chain(&entries).map(|number| store.scope(*number));
        let mut by: Vec<By<'_>> = Vec::new();
        match (&group.hub, group.key) {
            // Console output names no scope.
            (Some(hub), _) if hub.scope.is_empty() => {
                by.push(By::Culprit { scope: "", version: &process.auto_version, name: &hub.name });
            }
            (Some(hub), _) => {
                by.push(By::Culprit { scope: &hub.scope, version: &hub.scope_version, name: &hub.name });
            }
            (None, GroupKey::Span(_)) => by.push(open(store, group, process)),
            (None, _) => {}
        }
        for scope in shown.filter(|scope| !scope.name.is_empty()) {
            let (scope, version) = (scope.name.as_str(), scope.version.as_str());
            by.push(match group.key {
                GroupKey::Span(_) => By::Entries { scope, version },
                // Who left a context behind may be the one above, or the one that picked it up.
                GroupKey::Requests(_) | GroupKey::Caller(_) => By::Culprit { scope, version, name: "" },
            });
        }
        let suspect = Suspect {
            rule: rule.id,
            by: &by,
            sdks: &|fits| fits(&process.language, &process.sdk_version),
            scopes: &|fits| self.any_scope(store, &process.service, fits),
        };
        find(&self.known_issues, &suspect)
    }

    /// Adds the known issue behind a finding that is about one scope of a service, or about a service. `work` is what
    /// goes on, where the rule names it.
    pub(in crate::diagnosis) fn add_known_issue(
        &self,
        store: &Store,
        finding: &mut Finding,
        language: &str,
        work: &str,
    ) {
        if finding.known_issue.is_some() || !self.known_issues.iter().any(|row| row.explains(finding.rule.id))
        {
            return;
        }
        let mut by: Vec<By<'_>> = Vec::new();
        if let Some((scope, version)) = &finding.scope {
            by.push(By::Culprit { scope, version, name: work });
        }
        if let Some(culprit) = &finding.culprit
            && let (Some(scope), Some(version)) = (&culprit.scope, &culprit.scope_version)
        {
            let name = culprit.name.as_deref().unwrap_or_default();
            by.push(By::Culprit { scope, version, name });
        }
        let of_service = |process: &&Process| {
            process.service == finding.service && (language.is_empty() || process.language == language)
        };
        let processes = || self.processes.iter().map(|(_, process)| process).filter(of_service);
        let suspect = Suspect {
            rule: finding.rule.id,
            by: &by,
            sdks: &|fits| processes().any(|process| fits(&process.language, &process.sdk_version)),
            scopes: &|fits| self.any_scope(store, &finding.service, fits),
        };
        let Some(known) = find(&self.known_issues, &suspect) else { return };
        finding.known_issue = Some(known.matched());
        finding.evidence.push(known.sentence());
        finding.remedy = known.advise(std::mem::take(&mut finding.remedy));
    }

    /// Whether any scope of a service is such.
    fn any_scope(&self, store: &Store, service: &str, fits: &dyn Fn(&str, &str) -> bool) -> bool {
        let of_service = self.gathered.emitters.iter().map(|(_, emitter)| emitter);
        of_service.filter(|emitter| self.processes.service(emitter.service) == service).any(|emitter| {
            let scope = store.scope(emitter.scope);
            fits(&scope.name, &scope.version)
        })
    }
}

/// A culprit that has not arrived.
fn open<'a>(store: &'a Store, group: &Group, process: &'a Process) -> By<'a> {
    let entries = store.scope(group.scope()).version.as_str();
    let version = if entries.is_empty() { process.auto_version.as_str() } else { entries };
    // In Python only the shape of the disease tells it: INTERNAL entries of instrumentations that yield to a current
    // span. Those of other languages do not yield.
    let like_it = process.language != "python" || group.conditional == group.n;
    By::Open { version, auto: !process.auto_version.is_empty(), like_it }
}

/// Scopes of what a group's requests hang from, and of the requests.
fn scopes(group: &Group) -> [Vec<u32>; 2] {
    let mut scopes = [Vec::new(), Vec::new()];
    for sampled in group.sample.values() {
        for (list, number) in scopes.iter_mut().zip([sampled.under, sampled.scope]) {
            if list.len() < SCOPES && !list.contains(&number) {
                list.push(number);
            }
        }
    }
    scopes
}
