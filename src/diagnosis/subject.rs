//! What a finding is about, by names that outlive a run: scopes, spans and culprit, no ids.
//!
//! Suppressions and baselines are written against these, and reports place findings by them.

use super::Finding;
use crate::store::{SpanIx, Store};
use std::collections::BTreeSet;

/// What a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The rule.
    pub rule: &'static str,
    /// The service.
    pub service: String,
    /// Name and version of the instrumentation scopes of the spans that are wrong.
    pub scopes: BTreeSet<(String, String)>,
    /// Names of the spans that are wrong, as far as the finding lists them and they are held.
    pub spans: BTreeSet<String>,
    /// Name and scope of the culprit, where it was received.
    pub culprit: Option<(String, String)>,
    /// Where the spans came from: the name of a file, or a peer.
    pub source: Option<String>,
}

impl Subject {
    /// What this finding is about.
    pub fn of(finding: &Finding, store: &Store) -> Self {
        let held = || {
            let at = |(trace, span)| store.find_span(store.find_trace(trace)?, span);
            (finding.span_ids.iter()).filter_map(move |id| at(*id)).filter(|at| store.slot(*at).is_held())
        };
        let scope = |at: SpanIx| {
            let scope = store.scope(store.record(at).scope);
            (scope.name.clone(), scope.version.clone())
        };
        let culprit = finding
            .culprit
            .as_ref()
            .and_then(|culprit| Some((culprit.name.clone()?, culprit.scope.clone().unwrap_or_default())));
        Self {
            rule: finding.rule.id,
            service: finding.service.clone(),
            scopes: held().map(scope).filter(|(name, _)| !name.is_empty()).collect(),
            spans: held().map(|at| store.name(at).into_owned()).collect(),
            culprit,
            source: held().next().and_then(|at| store.arrival(at)).map(|(source, ..)| source.to_owned()),
        }
    }

    /// The one scope of its spans; nothing where there are several, or none is known.
    pub fn scope(&self) -> Option<(&str, &str)> {
        let mut names = self.scopes.iter();
        let (name, version) = names.next()?;
        names.next().is_none().then_some((name.as_str(), version.as_str()))
    }
}
